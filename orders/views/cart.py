"""The cart: the order while nothing is authorized."""

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from inventory.models import Card, TemplateDeck
from orders import cart as carts
from orders import checkout
from orders.cart import CartError
from orders.checkout import CheckoutError
from orders.dates import RentalPeriodError
from orders.forms import AddCardForm, FirstDayForm, QuantityForm, QuickAddForm
from orders.models import Order, OrderCard, OrderTemplateDeck
from orders.owners import make_owner_of, owner_of
from orders.shortfall_page import shortfall_page
from orders.views.messages import report_form_errors

_KEPT_ASIDE = "quick_add_kept_aside"  # in the session: lines that were not added, until the next quick add


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    kept_aside = request.session.get(_KEPT_ASIDE, [])
    text = "\n".join(line["text"] for line in kept_aside)
    return _show(request, QuickAddForm(initial={"cards": text}))


def _show(request: HttpRequest, form: QuickAddForm, *, status: int = 200) -> HttpResponse:
    cart = carts.cart_of(owner_of(request))
    explained = shortfall_page(order=cart, today=timezone.localdate()) if cart else None
    context = {
        "page": explained.page if explained else None,
        "explained": explained,
        "quick_add": form,
        "kept_aside": request.session.get(_KEPT_ASIDE, []),
    }
    return render(request, "orders/cart.html", context, status=status)


@require_POST
def quick_add(request: HttpRequest) -> HttpResponse:
    form = QuickAddForm(request.POST)
    if not form.is_valid():
        if request.session.pop(_KEPT_ASIDE, None) and not request.POST.get("cards", "").strip():
            return redirect("orders:cart")  # the customer has emptied the field: these lines are not wanted
        return _show(request, form, status=422)
    request.session.pop(_KEPT_ASIDE, None)
    try:
        added = carts.quick_add(cart=_cart_on_demand(request), text=form.cleaned_data["cards"])
    except CartError as error:
        messages.error(request, str(error))
        _keep_aside(request, [{"text": form.cleaned_data["cards"], "message": str(error), "nearest": []}])
        return redirect("orders:cart")
    if added.copies:
        messages.success(request, f"Added {added.copies} {'copy' if added.copies == 1 else 'copies'}.")
    if added.unknown:
        lines = len(added.unknown)
        messages.warning(
            request, f"{lines} {'line was' if lines == 1 else 'lines were'} not added: see below."
        )
        _keep_aside(
            request,
            [
                {
                    "number": line.problem.number,
                    "text": line.problem.text,
                    "message": line.problem.message,
                    "nearest": line.nearest,
                }
                for line in added.unknown
            ],
        )
    return redirect("orders:cart")


@require_POST
def add_card(request: HttpRequest, slug: str) -> HttpResponse:
    card = get_object_or_404(Card, slug=slug)
    form = AddCardForm(request.POST, card_id=card.pk)
    if not form.is_valid():
        report_form_errors(request, form)
        return _back(request)
    try:
        carts.add_card(cart=_cart_on_demand(request), card=card, **form.cleaned_data)
    except CartError as error:
        messages.error(request, str(error))
    else:
        quantity = form.cleaned_data["quantity"]
        messages.success(request, f"Added {quantity} × {card.name} to your cart.")
    return _back(request)


@require_POST
def add_deck(request: HttpRequest, slug: str) -> HttpResponse:
    deck = get_object_or_404(TemplateDeck, slug=slug)
    try:
        copies = carts.add_template_deck(cart=_cart_on_demand(request), deck=deck)
    except CartError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Added “{deck.name}”: {copies} cards.")
    return redirect("orders:cart")


@require_POST
def update_line(request: HttpRequest, pk: int) -> HttpResponse:
    """`quantity` sets the number of copies; the button `remove` takes the line out."""
    cart = _own_cart(request)
    line = get_object_or_404(OrderCard.objects.select_related("card"), pk=pk, order=cart)
    try:
        if "remove" in request.POST:
            carts.remove_line(cart=cart, line=line)
            messages.success(request, f"Removed {line.card.name}.")
        elif (form := QuantityForm(request.POST)).is_valid():
            carts.set_quantity(cart=cart, line=line, quantity=form.cleaned_data["quantity"])
            messages.success(request, f"{line.card.name}: {form.cleaned_data['quantity']}.")
        else:
            report_form_errors(request, form, about=line.card.name)
    except CartError as error:
        messages.error(request, str(error))
    return redirect("orders:cart")


@require_POST
def remove_deck(request: HttpRequest, pk: int) -> HttpResponse:
    cart = _own_cart(request)
    row = get_object_or_404(OrderTemplateDeck.objects.select_related("version__deck"), pk=pk, order=cart)
    try:
        carts.remove_template_deck(cart=cart, row=row)
        messages.success(request, f"Removed “{row.template_deck.name}”.")
    except CartError as error:
        messages.error(request, str(error))
    return redirect("orders:cart")


@require_POST
def start_on(request: HttpRequest) -> HttpResponse:
    """`first_day`: the cart's days move there; how long, how it is shipped and to whom stay."""
    cart = _own_cart(request)
    form = FirstDayForm(request.POST)
    if not form.is_valid():
        report_form_errors(request, form)
        return redirect("orders:cart")
    first_day = form.cleaned_data["first_day"]
    try:
        checkout.start_on(cart=cart, first_day=first_day, today=timezone.localdate())
    except (RentalPeriodError, CartError) as error:
        messages.error(request, str(error))
    except CheckoutError as error:
        messages.error(request, str(error))
        return redirect("orders:shipping")
    else:
        messages.success(request, f"Your days now begin on {date_format(first_day, 'l j F Y')}.")
    return redirect("orders:cart")


def _cart_on_demand(request: HttpRequest) -> Order:
    """The visitor's cart, made (with its guest) at the moment something is really put into it."""
    return cast("Order", SimpleLazyObject(lambda: carts.make_cart_of(make_owner_of(request))))


def _own_cart(request: HttpRequest) -> Order:
    cart = carts.cart_of(owner_of(request))
    if cart is None:
        raise Http404
    return cart


def _keep_aside(request: HttpRequest, lines: list[dict[str, object]]) -> None:
    request.session[_KEPT_ASIDE] = lines


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page that the form stood on, or to the cart."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(target)
    return redirect("orders:cart")
