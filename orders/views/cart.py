"""The cart: the order while nothing is authorized."""

from collections.abc import Callable
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from inventory.models import Card, TemplateDeck
from inventory.periods import BlockedPeriod
from inventory.rental_days import asked_days
from inventory.some_of import some_of
from orders import cart as carts
from orders import checkout
from orders.cart import CartError, QuickAdded
from orders.cart_decks import add_free_part
from orders.checkout import CheckoutError
from orders.dates import RentalPeriodError
from orders.forms import MAX_LIST_CHARACTERS, AddCardForm, FirstDayForm, QuickAddForm
from orders.models import Order, OrderTemplateDeck
from orders.views.cart_answers import answer, asks_for_part, in_own_cart, say_undoable, show_cart
from orders.views.cart_days import take_along
from orders.views.filling import put_in
from orders.views.kept_aside import keep, kept_aside, leave_out, unknown_line, whole_list
from orders.views.messages import report_form_errors


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The page, or for the builder what has changed of it: it reads again where it does not know what arrived."""
    response = answer(request) if asks_for_part(request) else show_cart(request, QuickAddForm())
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
def quick_add(request: HttpRequest) -> HttpResponse:
    """`cards`: what to add. Lines that name no card are kept aside, to be put right or left out one by one."""
    form = QuickAddForm(request.POST)
    if not form.is_valid():
        if asks_for_part(request):
            report_form_errors(request, form)
            return answer(request, status=422)
        return show_cart(request, form, status=422)
    text = form.cleaned_data["cards"]
    return _add(request, lambda cart: carts.quick_add(cart=cart, text=text), text=text)


@require_POST
def mend(request: HttpRequest, key: int) -> HttpResponse:
    """A line that was kept aside: `cards` as it is written now, `name` for another card of it, or `leave` it out."""
    line = next((line for line in kept_aside(request) if line["key"] == key), None)
    if line is None or "leave" in request.POST:
        leave_out(request, key)
        return answer(request)
    form = QuickAddForm({"cards": request.POST.get("cards", line["text"])})
    if not form.is_valid():
        report_form_errors(request, form)
        return answer(request, status=422)
    text, name = form.cleaned_data["cards"], request.POST.get("name", "")[:MAX_LIST_CHARACTERS]
    if name:
        return _add(
            request,
            lambda cart: carts.quick_add_named(cart=cart, text=text, name=name),
            text=text,
            instead=key,
        )
    return _add(request, lambda cart: carts.quick_add(cart=cart, text=text), text=text, instead=key)


@require_POST
def leave_all_out(request: HttpRequest) -> HttpResponse:
    leave_out(request)
    return answer(request)


def _add(
    request: HttpRequest, add: Callable[[Order], QuickAdded], *, text: str, instead: int | None = None
) -> HttpResponse:
    """Adds, says what was added, and keeps aside what was not. `instead`: of a line that was kept before."""
    try:
        added = put_in(request, add)
    except CartError as error:
        messages.error(request, str(error))
        if instead is not None:
            return answer(request, status=422)
        keep(request, [whole_list(text, str(error))])
        return answer(request)
    if instead is not None:
        leave_out(request, instead)
    if added.copies:
        messages.success(request, f"Added {added.copies} {'copy' if added.copies == 1 else 'copies'}.")
    if added.unknown:
        lines = len(added.unknown)
        messages.warning(
            request, f"{lines} {'line was' if lines == 1 else 'lines were'} not added: see below."
        )
        keep(request, [unknown_line(line) for line in added.unknown])
    return answer(request)


@require_POST
def add_card(request: HttpRequest, slug: str) -> HttpResponse:
    card = get_object_or_404(Card, slug=slug)
    form = AddCardForm(request.POST, card_id=card.pk)
    if not form.is_valid():
        report_form_errors(request, form)
        return _back_from_adding(request)
    try:
        put_in(request, lambda cart: carts.add_card(cart=cart, card=card, **form.cleaned_data))
    except CartError as error:
        messages.error(request, str(error))
    else:
        quantity = form.cleaned_data["quantity"]
        messages.success(request, f"Added {quantity} × {card.name} to your cart.")
    return _back_from_adding(request)


@require_POST
def add_deck(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole deck; `only=free` what is free of it on the days in `from` and `to`, or today.

    A cart without days gets those; see orders/deck_days.py.
    """
    deck = get_object_or_404(TemplateDeck, slug=slug)
    if request.POST.get("only") == "free":
        return _add_free_part(request, deck)
    asked = asked_days(request.POST, today=timezone.localdate())
    try:
        cart, copies = put_in(request, lambda cart: (cart, carts.add_template_deck(cart=cart, deck=deck)))
    except CartError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Added “{deck.name}”: {copies} cards.")
        take_along(request, cart, asked)
    return redirect("orders:cart")


def _add_free_part(request: HttpRequest, deck: TemplateDeck) -> HttpResponse:
    today = timezone.localdate()
    asked = asked_days(request.POST, today=today)
    if asked.message:
        messages.error(request, f"Nothing was added. {asked.message}")
        return redirect(deck)
    days = asked.blocked or BlockedPeriod(today, today + timedelta(days=1))
    try:
        cart, part = put_in(
            request, lambda cart: (cart, add_free_part(cart=cart, deck=deck, days=days, today=today))
        )
    except CartError as error:
        messages.error(request, str(error))
        return redirect(deck)
    cards = "1 card" if part.copies == 1 else f"{part.copies} cards"
    messages.success(request, f"Added {cards} of “{deck.name}”: what is free.")
    if part.left_out:
        named = some_of(f"{copies} {name}" for name, copies in part.left_out.items())
        messages.warning(request, f"Left out, since they are short: {named}.")
    take_along(request, cart, asked)
    return redirect("orders:cart")


@require_POST
@in_own_cart
def remove_deck(request: HttpRequest, cart: Order, pk: int) -> HttpResponse:
    row = get_object_or_404(OrderTemplateDeck.objects.select_related("version__deck"), pk=pk, order=cart)
    try:
        removed = carts.remove_template_deck(cart=cart, row=row)
    except CartError as error:
        messages.error(request, str(error))
        return answer(request, status=422)
    if removed:
        say_undoable(request, removed.says, removed.removal)
    return answer(request)


@require_POST
@in_own_cart
def start_on(request: HttpRequest, cart: Order) -> HttpResponse:
    """`first_day`: the cart's days move there; how long, how it is shipped and to whom stay."""
    form = FirstDayForm(request.POST)
    if not form.is_valid():
        report_form_errors(request, form)
        return answer(request, status=422)
    first_day = form.cleaned_data["first_day"]
    try:
        checkout.start_on(cart=cart, first_day=first_day, today=timezone.localdate())
    except (RentalPeriodError, CartError) as error:
        messages.error(request, str(error))
        return answer(request, status=422)
    except CheckoutError as error:
        messages.error(request, str(error))
        if asks_for_part(request):
            return HttpResponseClientRedirect(reverse("orders:shipping"))
        return redirect("orders:shipping")
    messages.success(request, f"Your days now begin on {date_format(first_day, 'l j F Y')}.")
    return answer(request)


def _back_from_adding(request: HttpRequest) -> HttpResponse:
    """htmx leaves the visitor where they are, and is told what has happened and how full the cart is now."""
    return render(request, "orders/_added.html") if asks_for_part(request) else _back(request)


def _back(request: HttpRequest) -> HttpResponseRedirect:
    """To the page that the form stood on, or to the cart."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(target)
    return redirect("orders:cart")
