"""Paying for what is ordered already: an order whose hold has ended, or a fee. For whoever owns it or has its link."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orders import submission
from orders.bills import Bill, FeeBill, HeldAgain, NothingOwed, owed_as_fee, owed_for
from orders.checkout import CheckoutError
from orders.fees import agreed_limits
from orders.models import Order, Payment
from orders.models.payment import PaymentQuerySet
from orders.order_page import order_page
from orders.pay_again import named_in_link
from orders.states import Status
from orders.views.access import own_order, remember_linked
from orders.views.links import link_ended
from orders.views.paying import answer, card_form, go_to, pay_by_form


@never_cache
@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """From an e-mail: lets whoever has the link pay, without signing in."""
    named = named_in_link(token)
    order = Order.objects.filter(number=named[0], forgotten_at=None).first() if named else None
    if named is None or order is None:
        return link_ended(request, paying=True)
    remember_linked(request, order.number)
    return redirect(_address("orders:pay_again", order, named[1]))


@never_cache
@require_http_methods(["GET", "POST"])
def pay_again(request: HttpRequest, number: str, fee: uuid.UUID | None = None) -> HttpResponse:
    """GET shows what is owed and the card form; POST (by the page's script) answers in JSON where to go on."""
    order = own_order(request, number)
    if order.status in (Status.CART, Status.CONFIRMING):
        return redirect("orders:payment" if order.status == Status.CART else "orders:shortfall")
    owed_fee = get_object_or_404(_fees(order), pk=fee) if fee else None
    if request.method == "POST":
        return _pay(request, order, owed_fee)
    context: dict[str, Any] = {"order": order, "fee": owed_fee, "nothing_owed": ""}
    try:
        if owed_fee:
            context["owed_cents"] = owed_as_fee(owed_fee)
        else:
            context["owed_cents"] = owed_for(order, now=timezone.now())
            context["page"] = order_page(order=order, today=timezone.localdate())
            context["limits"] = agreed_limits(order)
    except NothingOwed as error:
        context["nothing_owed"] = str(error)
    else:
        context["paying"] = card_form(request, order)
        context["status_url"] = _address("orders:pay_again_status", order, fee)
    return render(request, "orders/pay_again.html", context)


def _pay(request: HttpRequest, order: Order, fee: Payment | None) -> JsonResponse:
    try:
        submitted = pay_by_form(request, _bill(order, fee))
    except CheckoutError as error:
        messages.error(request, str(error))
        return go_to(request.path)
    if submitted is not None and submitted.done:
        _thank(request, fee)
    return answer(submitted, url=order.get_absolute_url)


@never_cache
@require_POST
def pay_again_status(request: HttpRequest, number: str, fee: uuid.UUID | None = None) -> JsonResponse:
    """Asked by the page after the bank's dialog: how does the payment stand?"""
    order = own_order(request, number)
    owed_fee = get_object_or_404(_fees(order), pk=fee) if fee else None
    checked = submission.check_payment(bill=_bill(order, owed_fee), today=timezone.localdate())
    if checked.done:
        _thank(request, owed_fee)
    return answer(checked, url=order.get_absolute_url)


def _fees(order: Order) -> PaymentQuerySet:
    return order.payments.fees().select_related("order")


def _bill(order: Order, fee: Payment | None) -> Bill:
    return FeeBill(fee) if fee else HeldAgain(order)


def _thank(request: HttpRequest, fee: Payment | None) -> None:
    messages.success(
        request, "Thank you. It is paid." if fee else "Thank you. The total is held on your card again."
    )


def _address(name: str, order: Order, fee: uuid.UUID | None) -> str:
    if fee:
        return reverse(name.replace("pay_again", "pay_again_fee"), args=[order.number, fee])
    return reverse(name, args=[order.number])
