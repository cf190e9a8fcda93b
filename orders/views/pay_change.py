"""Customers pay for what they changed of their own order, or to keep a deck longer: one page for both kinds.

What was asked for is written down by then (orders/views/change_order.py, orders/views/extend_order.py); it takes
effect where its money is booked (orders/change_effects.py).
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from orders import submission
from orders.bills import NothingOwed
from orders.change_bill import AskedBill, ChangeBill, ExtensionBill, check_asked
from orders.change_page import change_page, short_in_words
from orders.change_plan import ChangeError, ChangeIsShort
from orders.checkout import CheckoutError
from orders.extensions import check_still_possible, wanted_day
from orders.lines import lines_of
from orders.models import Order, OrderChange
from orders.own_changes import check_still_wanted
from orders.views.access import own_order
from orders.views.paying import answer, card_form, go_to, pay_by_form


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the two kinds say differently. `begins_at`: the page on which it is asked for, also anew."""

    bill: type[AskedBill]
    begins_at: str
    status_page: str
    template: str
    shown: Callable[
        [OrderChange, Order, date], dict[str, Any]
    ]  # raises ChangeError where it cannot be done any more
    done: Callable[[OrderChange], str]
    failed: str


@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, number: str, change: uuid.UUID, kind: str) -> HttpResponse:
    """GET shows what is held or charged, and the card form; POST (by the page's script) answers in JSON."""
    order, asked = _asked(request, number, change, kind)
    if request.method == "POST":
        return _pay(request, order, asked)
    of = _KINDS[kind]
    try:
        check_asked(asked)
        shown = of.shown(asked, order, timezone.localdate())
    except NothingOwed as error:
        messages.info(request, str(error))
        return redirect(order)
    except (CheckoutError, ChangeError) as error:
        _refuse(request, error)
        return redirect(of.begins_at, number=number)
    context = {
        "order": order,
        **shown,
        "paying": card_form(request, order),
        "status_url": reverse(of.status_page, args=[number, change]),
    }
    return render(request, of.template, context)


@never_cache
@require_POST
def pay_status(request: HttpRequest, number: str, change: uuid.UUID, kind: str) -> JsonResponse:
    """Asked by the page after the bank's dialog: how does the payment stand?"""
    _, asked = _asked(request, number, change, kind)
    checked = submission.check_payment(bill=_KINDS[kind].bill(asked), today=timezone.localdate())
    return answer(checked, url=lambda: _end(request, asked))


def _asked(request: HttpRequest, number: str, change: uuid.UUID, kind: str) -> tuple[Order, OrderChange]:
    order = own_order(request, number)
    return order, get_object_or_404(order.changes.filter(kind=kind), pk=change)


def _pay(request: HttpRequest, order: Order, asked: OrderChange) -> JsonResponse:
    of = _KINDS[asked.kind]
    try:
        submitted = pay_by_form(request, of.bill(asked))
    except CheckoutError as error:
        _refuse(request, error)
        return go_to(reverse(of.begins_at, args=[order.number]))
    return answer(submitted, url=lambda: _end(request, asked))


def _end(request: HttpRequest, asked: OrderChange) -> str:
    """The page at which it ends, with what became of the change."""
    asked.refresh_from_db()
    of = _KINDS[asked.kind]
    if asked.status == OrderChange.Status.APPLIED:
        messages.success(request, of.done(asked))
    else:
        messages.error(request, of.failed.format(why=asked.why))
    return asked.order.get_absolute_url()


def _refuse(request: HttpRequest, error: Exception) -> None:
    short = error if isinstance(error, ChangeIsShort) else error.__cause__
    cards = short_in_words(short.shortfalls) if isinstance(short, ChangeIsShort) else []
    messages.error(request, " ".join([str(error), *(f"{card}." for card in cards[:4])]))


def _change_shown(asked: OrderChange, order: Order, today: date) -> dict[str, Any]:
    look = check_still_wanted(asked, order, today=today)
    return {"page": change_page(order=order, lines=lines_of(order), look=look)}


def _extension_shown(asked: OrderChange, order: Order, today: date) -> dict[str, Any]:
    return {"look": check_still_possible(asked, order, today=today)}


_KINDS: Mapping[str, _Kind] = {
    OrderChange.Kind.CHANGE: _Kind(
        bill=ChangeBill,
        begins_at="orders:change",
        status_page="orders:pay_change_status",
        template="orders/change_pay.html",
        shown=_change_shown,
        done=lambda asked: "Your order is changed, and its new total is held on your card.",
        failed="Your order could not be changed. {why} It stays as it was, and what was held for the change is "
        "released.",
    ),
    OrderChange.Kind.EXTENSION: _Kind(
        bill=ExtensionBill,
        begins_at="orders:extend",
        status_page="orders:pay_extension_status",
        template="orders/extend_pay.html",
        shown=_extension_shown,
        done=lambda asked: (
            f"Thank you. It is paid, and you have your deck until {date_format(wanted_day(asked), 'l j F Y')}."
        ),
        failed="Your deck cannot be kept longer. {why} What you paid for it is given back.",
    ),
}
