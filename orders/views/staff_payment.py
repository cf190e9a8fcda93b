"""What the desk does about the money of an order: give back, charge a fee, give a fee up, cancel."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from orders import cancellation
from orders.cancellation import NotCancellable
from orders.fees import FeeError, charge_fee, waive_fee
from orders.models import Order, Payment, PaymentStatus, Refund
from orders.payment_forms import FeeForm, PaidBackForm, RefundForm, StaffCancelForm, WaiveForm
from orders.payment_says import fee_name, money_of
from orders.payment_timeline import is_owed
from orders.payments import refunding
from orders.payments.refunding import RefundError, failed_last
from orders.staff_payment import charged_of
from orders.views.access import by_today, check_staff, sign_in_for
from orders.views.staff_order import show_refused


@never_cache
@sign_in_for("orders:staff_order", "number")
@require_POST
def refund(request: HttpRequest, number: str) -> HttpResponse:
    check_staff(request)
    order = get_object_or_404(Order, number=number)
    form = RefundForm(request.POST, of=charged_of(order))
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("refund_id", "amount_cents", "reason")}
        try:
            written = refunding.refund(payment=form.of_payment, by=by_today(request)["by"], **given)
        except RefundError as error:
            form.add_error(None, str(error))
        else:
            if written.status not in (Refund.Status.FAILED, Refund.Status.CANCELED):
                _say_given_back(request, written)
                return _to_payment(number)
            form.add_error(
                None, f"Stripe did not give it back: {written.error_message or 'it says no more'}."
            )
            form.begin_anew()
    return show_refused(request, number, "The money was not given back.", refund=form)


def _say_given_back(request: HttpRequest, refund: Refund) -> None:
    amount = money_of(refund.payment, refund.amount_cents)
    if refund.status == Refund.Status.CREATED:
        messages.warning(
            request,
            f"The refund of {amount} is written down, and Stripe has not answered yet. It is sent again by itself.",
        )
    else:
        messages.success(request, f"{amount} goes back to the customer's card.")


@never_cache
@sign_in_for("orders:staff_order", "number")
@require_POST
def paid_back(request: HttpRequest, number: str, refund: UUID) -> HttpResponse:
    """A refund that failed at Stripe reached the customer in another way; `note` says in which."""
    check_staff(request)
    failed = get_object_or_404(
        Refund.objects.select_related("payment"), pk=refund, payment__order__number=number
    )
    form = PaidBackForm(request.POST, prefix=str(failed.pk))
    if form.is_valid():
        try:
            noted = refunding.note_paid_back(
                refund=failed, note=form.cleaned_data["note"], by=by_today(request)["by"]
            )
        except RefundError as error:
            failed.refresh_from_db()
            if failed_last(failed.payment) != failed:  # by now: its form stands on the page no more
                messages.error(request, str(error))
                return _to_payment(number)
            form.add_error(None, str(error))
        else:
            amount = money_of(noted.payment, noted.amount_cents)
            messages.success(request, f"{amount} is noted as paid back: {noted.paid_back_note}")
            return _to_payment(number)
    return show_refused(request, number, "It is not noted as paid back.", paid_back=form)


@never_cache
@sign_in_for("orders:staff_order", "number")
@require_POST
def fee(request: HttpRequest, number: str) -> HttpResponse:
    check_staff(request)
    order = get_object_or_404(Order, number=number)
    form = FeeForm(request.POST)
    if form.is_valid():
        asked = form.cleaned_data | {"kind": Payment.Kind(form.cleaned_data["kind"])}
        try:
            _say_charged(request, charge_fee(order=order, **asked, **by_today(request)))
            return _to_payment(number)
        except FeeError as error:
            form.add_error(None, str(error))
    return show_refused(request, number, "No fee was charged.", fee=form)


def _say_charged(request: HttpRequest, fee: Payment) -> None:
    said = f"{fee_name(fee)} of {money_of(fee, fee.amount_cents)}"
    if fee.status == PaymentStatus.CAPTURED:
        messages.success(request, f"{said}: charged. The customer is told why.")
    elif fee.status in (PaymentStatus.CREATED, PaymentStatus.PROCESSING):
        messages.warning(request, f"{said}: written down, and not answered yet. It is sent again by itself.")
    else:
        messages.warning(request, f"{said}: the card did not pay. The customer gets a link to pay it.")


@never_cache
@sign_in_for("orders:staff_order", "number")
@require_POST
def waive(request: HttpRequest, number: str, fee: UUID) -> HttpResponse:
    check_staff(request)
    order = get_object_or_404(Order, number=number)
    payment = get_object_or_404(order.payments.fees(), pk=fee)
    form = WaiveForm(request.POST, prefix=str(payment.pk))
    if form.is_valid():
        try:
            waive_fee(payment=payment, by=by_today(request)["by"], reason=form.cleaned_data["reason"])
        except FeeError as error:
            payment.refresh_from_db()
            if not is_owed(payment):  # by now: its form stands on the page no more
                messages.error(request, str(error))
                return _to_payment(number)
            form.add_error(None, str(error))
        else:
            amount = money_of(payment, payment.amount_cents)
            messages.success(request, f"{fee_name(payment)} of {amount} is given up: nothing is owed of it.")
            return _to_payment(number)
    return show_refused(request, number, "The fee stands.", waive=form)


@never_cache
@sign_in_for("orders:staff_order", "number")
@require_POST
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    check_staff(request)
    order = get_object_or_404(Order, number=number)
    form = StaffCancelForm(request.POST)
    if form.is_valid():
        try:
            cancellation.cancel(order=order, by=by_today(request)["by"], reason=form.cleaned_data["reason"])
        except NotCancellable as error:
            form.add_error(None, str(error))
        else:
            money = "What was charged goes back." if charged_of(order) else "Nothing is charged."
            messages.success(request, f"Order {number} is cancelled. {money}")
            return _to_payment(number)
    return show_refused(request, number, "The order was not cancelled.", cancel=form)


def _to_payment(number: str) -> HttpResponse:
    return redirect(f"{reverse('orders:staff_order', args=[number])}#payment")
