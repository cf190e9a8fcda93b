"""Shipping, payment, and the answer to a shortfall."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from inventory.closed_days import shop_calendar
from orders import checkout, submission
from orders.bills import CartBill
from orders.cart import CartError, cart_of
from orders.checkout import CheckoutError, StillShort
from orders.dates import RentalPeriodError
from orders.fees import limits_of_cart
from orders.forms import FirstDayForm, ShippingForm
from orders.models import Order
from orders.order_page import order_page
from orders.owners import Owner, owner_of
from orders.shortfall_page import shortfall_page
from orders.shown_cards import cards_shown
from orders.shown_days import written
from orders.starts import starts_of
from orders.states import Status
from orders.views.paying import answer, card_form, go_to, pay_by_form

_STEPS = {
    "cart": "orders:cart",
    "shipping": "orders:shipping",
    "payment": "orders:payment",
    "shortfall": "orders:shortfall",
    "order": "orders:list",
}


@never_cache
@require_http_methods(["GET", "POST"])
def shipping(request: HttpRequest) -> HttpResponse:
    owner, today = owner_of(request), timezone.localdate()
    cart = cart_of(owner)
    if cart is None or not cart.order_cards.exists():
        messages.error(request, "Your cart is empty. Add cards or a deck first.")
        return redirect("orders:cart")
    if request.method == "POST":
        form = ShippingForm(request.POST, today=today)
        if form.is_valid():
            try:
                checkout.set_shipping(
                    cart=cart,
                    first_day=form.cleaned_data["first_day"],
                    last_day=form.cleaned_data["last_day"],
                    method=form.cleaned_data["shipping_method"],
                    contact=form.contact,
                    today=today,
                )
            except RentalPeriodError as error:
                form.add_error(error.field, str(error))
            except CartError as error:
                messages.error(request, str(error))
                return redirect("orders:cart")
            else:
                return redirect("orders:shipping" if "stay" in request.POST else "orders:payment")
    else:
        form = ShippingForm.of(cart, today=today)
    context = {"form": form, "page": order_page(order=cart, today=today)}
    return render(request, "orders/shipping.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def payment(request: HttpRequest) -> HttpResponse:
    """GET shows the total and the card form; POST (by the page's script) answers in JSON where to go on."""
    owner, today = owner_of(request), timezone.localdate()
    if request.method == "POST":
        return _submit(request, owner, _shown_cart(request, owner))
    cart = cart_of(owner)
    if cart is None:
        messages.error(request, "Your cart is empty. Add cards or a deck first.")
        return redirect("orders:cart")
    calendar = shop_calendar()
    page = order_page(order=cart, today=today, calendar=calendar)
    try:
        checkout.check_ready(cart, [shown.line for shown in page.lines], today=today, calendar=calendar)
    except CheckoutError as error:
        messages.error(request, str(error))
        return redirect(_STEPS[error.step])
    assert page.quote is not None
    assert page.schedule is not None
    context = {
        "page": page,
        "days": " ".join(written(page.schedule)),
        "cards": cards_shown(shown.line for shown in page.lines),
        "paying": card_form(request, cart),
        "limits": limits_of_cart(cart, [shown.line for shown in page.lines], page.quote),
    }
    return render(request, "orders/payment.html", context)


def _submit(request: HttpRequest, owner: Owner | None, cart: Order | None) -> JsonResponse:
    if cart is None:  # submitted already, in another tab or by a double click
        return _go_on(owner)
    try:
        return answer(pay_by_form(request, CartBill(cart)), url=lambda: _url_of_submitted(cart))
    except CheckoutError as error:
        return _step(request, error)


@never_cache
@require_POST
def payment_status(request: HttpRequest) -> JsonResponse:
    """Asked by the payment page after the bank's dialog: how does the payment stand?"""
    owner = owner_of(request)
    cart = _shown_cart(request, owner)
    if cart is None:
        return _go_on(owner)
    try:
        checked = submission.check_payment(bill=CartBill(cart), today=timezone.localdate())
        return answer(checked, url=lambda: _url_of_submitted(cart))
    except CheckoutError as error:
        return _step(request, error)


def _shown_cart(request: HttpRequest, owner: Owner | None) -> Order | None:
    """The cart, unless the page showed another one (`cart`: its number).

    That one was submitted on another device, and nobody means to pay for the next one with its page.
    """
    cart = cart_of(owner)
    return cart if cart and request.GET.get("cart", cart.number) == cart.number else None


def _url_of_submitted(cart: Order) -> str:
    now = Order.objects.filter(pk=cart.pk).first()  # None: merged into another cart, by signing in
    return _page_of(now) if now else reverse("orders:cart")


def _step(request: HttpRequest, error: CheckoutError) -> JsonResponse:
    messages.error(request, str(error))
    return go_to(reverse(_STEPS[error.step]))


def _go_on(owner: Owner | None) -> JsonResponse:
    latest = owner.orders().exclude(status=Status.CART).order_by("-authorized_at").first() if owner else None
    return go_to(_page_of(latest) if latest else reverse("orders:cart"))


def _page_of(order: Order) -> str:
    return reverse("orders:shortfall") if order.status == Status.CONFIRMING else order.get_absolute_url()


@never_cache
@require_http_methods(["GET", "POST"])
def shortfall(request: HttpRequest) -> HttpResponse:
    """Three ways on: `move` (to `first_day`, any start on which the whole deck is free), `wait`, `back`."""
    owner, today = owner_of(request), timezone.localdate()
    orders = owner.orders().filter(status=Status.CONFIRMING) if owner else Order.objects.none()
    order = orders.order_by("-authorized_at").first()
    if order is None or owner is None:
        messages.info(request, "There is nothing to decide: here are your orders.")
        return redirect("orders:list")
    if request.method == "POST":
        if request.POST.get("order", order.number) != order.number:
            messages.warning(request, "Another order waits for your answer first: here it is.")
            return redirect("orders:shortfall")
        return _decide(request, order, owner)
    explained = shortfall_page(order=order, today=today)
    return render(request, "orders/shortfall.html", {"page": explained.page, "explained": explained})


def _decide(request: HttpRequest, order: Order, owner: Owner) -> HttpResponse:
    today = timezone.localdate()
    try:
        match request.POST.get("decision"):
            case "move":
                form = FirstDayForm(request.POST)
                first_day = form.cleaned_data["first_day"] if form.is_valid() else None
                starts = starts_of(order, today=today, calendar=shop_calendar())
                if first_day is None or not starts.is_free(first_day):
                    messages.warning(
                        request, "The answer has changed in the meantime. Please look once more."
                    )
                    return redirect("orders:shortfall")
                checkout.move_to_date(order=order, first_day=first_day, by=owner.actor, today=today)
            case "wait":
                checkout.accept_shortfall(order=order, by=owner.actor, today=today)
            case "back":
                checkout.go_back(order=order, by=owner.actor)
                messages.success(request, "Nothing is held any more. The deck is back in your cart.")
                return redirect("orders:cart")
            case _:
                messages.error(request, "Choose one of the three ways on.")
                return redirect("orders:shortfall")
    except StillShort:
        messages.warning(request, "Somebody was faster: those days are taken too. Here is the next answer.")
        return redirect("orders:shortfall")
    except CheckoutError as error:
        messages.error(request, str(error))
        return redirect(_STEPS[error.step])
    return redirect(order)
