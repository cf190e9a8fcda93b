"""Customers change their own order: they look at what it would do, confirm it, and pay where it costs more."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from orders import own_changes, submission
from orders.bills import NothingOwed
from orders.change_bill import ChangeBill, check_asked
from orders.change_page import ChangePage, change_page, short_in_words
from orders.change_plan import ChangeError, ChangeIsShort
from orders.checkout import CheckoutError
from orders.lines import lines_of
from orders.models import Order, OrderChange
from orders.own_change_forms import OwnChangeForm
from orders.own_changes import ChangedMeanwhile, LookAgain, why_not_changed
from orders.transitions import Actor, customer
from orders.views.access import has_only_the_link, own_order
from orders.views.paying import answer, card_form, go_to, pay_by_form


@never_cache
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, number: str) -> HttpResponse:
    """GET shows the form, POST what it would do; with `confirm` it is done, where that is what was shown last."""
    order, today = own_order(request, number), timezone.localdate()
    refused = why_not_changed(order)
    if refused:
        messages.error(request, refused)
        return redirect(order)
    asked: dict[str, Any] = {
        "order": order,
        "lines": lines_of(order),
        "today": today,
        "keeps_way": has_only_the_link(request, order),
    }
    if request.method == "GET":
        return _show(request, order, OwnChangeForm(**asked))
    form = OwnChangeForm(request.POST, **asked)
    if not form.is_valid():
        return _show(request, order, form, status=422)
    if form.cleaned_data["seen"] != form.seen_now:
        if form.changes_something:
            messages.error(request, str(ChangedMeanwhile()))
        else:
            messages.info(request, f"Order {number} stands as it is in the form: nothing was changed.")
        return redirect("orders:change", number=number)
    if not form.changes_something:
        messages.info(request, "Nothing is changed yet. Choose other days, or other numbers of copies.")
        return redirect("orders:change", number=number)
    try:
        if "confirm" in request.POST and not form.cleaned_data["cards"].strip():
            return _confirm(request, order, form)
        return _look(request, order, form)
    except LookAgain as error:
        messages.warning(request, str(error))
        return _look(request, order, form)
    except ChangedMeanwhile as error:
        messages.error(request, str(error))
        return redirect("orders:change", number=number)
    except ChangeIsShort:
        return _look(request, order, form)
    except ChangeError as error:
        form.add_error(None, str(error))
        return _show(request, order, form, status=422)


def _look(request: HttpRequest, order: Order, form: OwnChangeForm) -> HttpResponse:
    try:
        look = own_changes.look(order=order, wanted=form.wanted(), today=timezone.localdate())
    except ChangeError as error:
        form.add_error(None, str(error))
        return _show(request, order, form, status=422)
    page = change_page(order=order, lines=form.lines, look=look)
    return _show(request, order, form.as_understood(looked=look.shown), page=page)


def _confirm(request: HttpRequest, order: Order, form: OwnChangeForm) -> HttpResponse:
    done = own_changes.confirm(
        order=order,
        wanted=form.wanted(),
        seen=form.seen_now,
        shown=form.cleaned_data["looked"],
        by=actor(request),
        today=timezone.localdate(),
    )
    if isinstance(done, OrderChange):
        return redirect("orders:pay_change", number=order.number, change=done.pk)
    messages.success(request, "Your order is changed.")
    return redirect(order)


def _show(
    request: HttpRequest,
    order: Order,
    form: OwnChangeForm,
    *,
    page: ChangePage | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"order": order, "form": form, "page": page}
    return render(request, "orders/change.html", context, status=status)


def actor(request: HttpRequest) -> Actor:
    return customer(request.user if request.user.is_authenticated else None)


# --- paying for it ----------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, number: str, change: uuid.UUID) -> HttpResponse:
    """GET shows what is held for the change and the card form; POST (by the page's script) answers in JSON."""
    order, asked = _asked(request, number, change)
    if request.method == "POST":
        return _pay(request, order, asked)
    today = timezone.localdate()
    context: dict[str, Any] = {"order": order, "change": asked}
    try:
        check_asked(asked)
        look = own_changes.check_still_wanted(asked, order, today=today)
    except NothingOwed as error:
        messages.info(request, str(error))
        return redirect(order)
    except (CheckoutError, ChangeError) as error:
        refuse(request, error)
        return redirect("orders:change", number=number)
    context["page"] = change_page(order=order, lines=lines_of(order), look=look)
    context["paying"] = card_form(request, order)
    context["status_url"] = reverse("orders:pay_change_status", args=[number, change])
    return render(request, "orders/change_pay.html", context)


def _asked(request: HttpRequest, number: str, change: uuid.UUID) -> tuple[Order, OrderChange]:
    order = own_order(request, number)
    return order, get_object_or_404(order.changes.filter(kind=OrderChange.Kind.CHANGE), pk=change)


def _pay(request: HttpRequest, order: Order, asked: OrderChange) -> JsonResponse:
    try:
        submitted = pay_by_form(request, ChangeBill(asked))
    except CheckoutError as error:
        refuse(request, error)
        return go_to(reverse("orders:change", args=[order.number]))
    return answer(submitted, url=lambda: _end(request, asked))


@never_cache
@require_POST
def pay_status(request: HttpRequest, number: str, change: uuid.UUID) -> JsonResponse:
    """Asked by the page after the bank's dialog: how does the payment stand?"""
    _, asked = _asked(request, number, change)
    checked = submission.check_payment(bill=ChangeBill(asked), today=timezone.localdate())
    return answer(checked, url=lambda: _end(request, asked))


def _end(request: HttpRequest, asked: OrderChange) -> str:
    """The page at which it ends, with what became of the change."""
    asked.refresh_from_db()
    if asked.status == OrderChange.Status.APPLIED:
        messages.success(request, "Your order is changed, and its new total is held on your card.")
    else:
        messages.error(
            request,
            f"Your order could not be changed. {asked.why} It stays as it was, and what was held for the change is "
            "released.",
        )
    return asked.order.get_absolute_url()


def refuse(request: HttpRequest, error: Exception) -> None:
    short = error if isinstance(error, ChangeIsShort) else error.__cause__
    cards = short_in_words(short.shortfalls) if isinstance(short, ChangeIsShort) else []
    messages.error(request, " ".join([str(error), *(f"{card}." for card in cards[:4])]))
