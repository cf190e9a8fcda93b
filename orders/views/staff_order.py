"""One order, as the desk sees it and changes it."""

from collections.abc import Mapping
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from orders import desk_changes
from orders.change_forms import ChangeForm, KeepLongerForm
from orders.changes import ChangeError
from orders.decks_in_order import decks_in
from orders.desk_changes import ChangedMeanwhile, NothingToChange, refusal
from orders.lines import lines_of
from orders.models import Order
from orders.payment_forms import money_forms
from orders.staff_order import StaffOrder, staff_order
from orders.staff_payment import staff_payment
from orders.states import NOT_YET_LEFT, Status
from orders.transitions import lock_order
from orders.views.access import by_today, check_staff, sign_in_for


@never_cache
@login_required
@require_safe
def show(request: HttpRequest, number: str) -> HttpResponse:
    """Status, days and lines, and for what is short: the days, the orders ahead, who is overdue, when it clears."""
    check_staff(request)
    return _show(request, number)


def show_refused(request: HttpRequest, number: str, says: str, **forms: Form) -> HttpResponse:
    """The page with a form of its payment section that was refused, by its name there. What was typed stays."""
    messages.error(request, f"{says} Beside the form it says why.")
    return _show(request, number, payment_forms=forms)


@never_cache
@sign_in_for("orders:staff_order", "number")
@require_POST
def change(request: HttpRequest, number: str) -> HttpResponse:
    """Other days, other numbers of copies; or, with `replan`, the days that the calendar gives by now."""
    check_staff(request)
    order = get_object_or_404(Order, number=number)
    if order.status not in NOT_YET_LEFT:
        messages.error(request, f"Order {number} is {order.get_status_display().lower()}: {_ONLY_ACCEPTED}")
        return redirect("orders:staff_order", number=number)
    if "replan" in request.POST:
        return _plan_anew(request, order)
    try:
        with transaction.atomic():
            order = lock_order(order.pk)  # of two clicks the second sees what the first did
            form = ChangeForm(request.POST, order=order, lines=lines_of(order))
            if form.is_valid():
                says = desk_changes.change_as_shown(order=order, form=form, **by_today(request))
                messages.success(request, says)
    except NothingToChange as nothing:
        messages.info(request, str(nothing))
    except ChangedMeanwhile as error:
        messages.error(request, str(error))
    except ChangeError as error:
        form.add_error(None, refusal(error))
    return (
        _show(request, number, change=form) if form.errors else redirect("orders:staff_order", number=number)
    )


_ONLY_ACCEPTED = "only an order that has been accepted and has not left yet can be changed."


def _plan_anew(request: HttpRequest, order: Order) -> HttpResponse:
    try:
        messages.success(request, desk_changes.plan_anew(order=order, **by_today(request)))
    except NothingToChange as nothing:
        messages.info(request, str(nothing))
    except ChangeError as error:
        return _show(request, order.number, replan_errors=refusal(error))
    return redirect("orders:staff_order", number=order.number)


@never_cache
@sign_in_for("orders:staff_order", "number")
@require_POST
def keep_longer(request: HttpRequest, number: str) -> HttpResponse:
    """The deck stays with the customer until another day."""
    check_staff(request)
    order = get_object_or_404(Order, number=number)
    if order.status != Status.DISPATCHED:
        messages.error(request, f"Order {number} is {order.get_status_display().lower()}: {_ONLY_OUT}")
        return redirect("orders:staff_order", number=number)
    form = _keep_longer_form(order, request)
    if form.is_valid():
        last_day = form.cleaned_data["kept_until"]
        try:
            says = desk_changes.keep_until(order=order, last_day=last_day, **by_today(request))
            messages.success(request, says)
        except NothingToChange as nothing:
            messages.info(request, str(nothing))
        except ChangeError as error:
            form.add_error("kept_until", refusal(error, about_short=_OTHERS_NEED_IT))
    if form.errors:
        return _show(request, number, keep_longer=form)
    return redirect("orders:staff_order", number=number)


_ONLY_OUT = "only a deck that is out can be kept longer."
_OTHERS_NEED_IT = "Others were promised these cards, or wait for them. Choose an earlier day."


_NOT_PAID_FOR = (Status.CART, Status.CONFIRMING)


def _keep_longer_form(order: Order, request: HttpRequest | None = None) -> KeepLongerForm:
    assert order.last_day is not None
    earliest = max(order.last_day + timedelta(days=1), timezone.localdate())
    return KeepLongerForm(request.POST if request else None, earliest=earliest)


def _change_form(shown: StaffOrder) -> ChangeForm:
    return ChangeForm(order=shown.page.order, lines=[line.line for line in shown.page.lines])


def _show(
    request: HttpRequest,
    number: str,
    *,
    change: ChangeForm | None = None,
    keep_longer: KeepLongerForm | None = None,
    replan_errors: list[str] | None = None,
    payment_forms: Mapping[str, Form] | None = None,
) -> HttpResponse:
    today = timezone.localdate()
    try:
        shown = staff_order(number=number, today=today)
    except Order.DoesNotExist:
        raise Http404(f"No order has the number {number}.") from None
    order = shown.page.order
    paid = staff_payment(order, **by_today(request)) if order.status not in _NOT_PAID_FOR else None
    context = {
        "shown": shown,
        "page": shown.page,
        "order": order,
        "decks": decks_in(order, [line.line for line in shown.page.lines]),
        "change": change or (_change_form(shown) if shown.can_be_changed else None),
        "keep_longer": keep_longer or (_keep_longer_form(order) if shown.can_be_kept_longer else None),
        "replan_errors": replan_errors,
        "paid": paid,
        "money": money_forms(paid, payment_forms or {}, wished=request.GET) if paid else None,
    }
    refused = change or keep_longer or replan_errors
    if refused:  # the page opens at its top, and the form lies far below
        messages.error(request, f"Order {number} was not changed. Beside the form it says why.")
    return render(request, "staff/order.html", context, status=422 if refused or payment_forms else 200)
