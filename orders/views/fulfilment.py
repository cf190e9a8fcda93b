"""The desk: decks that leave and decks that come back."""

from collections.abc import Callable

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inventory.models import StockMovement
from inventory.money import format_cents
from orders import fulfilment, fulfilment_pages
from orders.fulfilment import NotDispatchable, ReturnError
from orders.fulfilment_forms import CheckInForm, ExpectForm, WriteOffForm
from orders.fulfilment_pages import ReturnPage
from orders.models import Order, Payment
from orders.payment_forms import fee_address
from orders.staff_payment import harm_fee_cents, late_fee_cents
from orders.states import Status
from orders.views.access import by_today, check_staff, sign_in_for


@never_cache
@login_required
@require_safe
def dispatches(request: HttpRequest) -> HttpResponse:
    """Open orders by dispatch day: `?page=`."""
    check_staff(request)
    found = fulfilment_pages.dispatches(page=request.GET.get("page", "1"), today=timezone.localdate())
    return render(request, "staff/dispatch.html", {"found": found})


@sign_in_for("orders:staff_dispatch")
@require_POST
def dispatch(request: HttpRequest, number: str) -> HttpResponse:
    check_staff(request)
    order = get_object_or_404(Order, number=number)
    try:
        fulfilment.dispatch(order=order, seen=request.POST.get("seen", ""), **by_today(request))
    except NotDispatchable as error:
        messages.error(request, f"Order {number} is not dispatched. {error}")
    else:
        messages.success(request, f"Order {number} is paid and dispatched.")
    return redirect("orders:staff_dispatch")


@never_cache
@login_required
@require_safe
def returns(request: HttpRequest) -> HttpResponse:
    """Decks that are out, by the day on which they are due: `?page=`."""
    check_staff(request)
    found = fulfilment_pages.returns(page=request.GET.get("page", "1"), today=timezone.localdate())
    return render(request, "staff/returns.html", {"found": found})


@sign_in_for("orders:staff_returns")
@require_POST
def check_in_everything(request: HttpRequest, number: str) -> HttpResponse:
    check_staff(request)
    order = get_object_or_404(Order, number=number)
    try:
        fulfilment.check_in(order=order, **by_today(request))
    except ReturnError as error:
        messages.error(request, f"Order {number}: {error}")
    else:
        messages.success(request, f"Order {number} is returned: everything that was out is checked in.")
        _offer_late_fee(request, order)
    return redirect("orders:staff_returns")


# --- an order that is out, card by card -----------------------------------------------------------------


@never_cache
@login_required
@require_safe
def return_order(request: HttpRequest, number: str) -> HttpResponse:
    check_staff(request)
    page = _return_page(request, number)
    return _show(request, page) if page else redirect("orders:staff_returns")


@never_cache
@sign_in_for("orders:staff_return", "number")
@require_POST
def check_in(request: HttpRequest, number: str) -> HttpResponse:
    check_staff(request)
    page = _return_page(request, number)
    if page is None:
        return redirect("orders:staff_returns")
    form = CheckInForm(request.POST, cards=page.cards)

    def act() -> Order:
        return fulfilment.check_in(
            order=page.out.order, copies=form.copies, seen=form.cleaned_data["seen"], **by_today(request)
        )

    done = _write_down(request, form, act, says="Checked in.")
    if done:
        _offer_late_fee(request, page.out.order)
    return done or _show(request, page, check_in=form)


@never_cache
@sign_in_for("orders:staff_return", "number")
@require_POST
def write_off(request: HttpRequest, number: str) -> HttpResponse:
    check_staff(request)
    page = _return_page(request, number)
    if page is None:
        return redirect("orders:staff_returns")
    form = WriteOffForm(request.POST, printings=page.printings, most=page.out.copies)

    def act() -> Order:
        return fulfilment.write_off(order=page.out.order, **form.cleaned_data, **by_today(request))

    done = _write_down(request, form, act, says="Written off.")
    if done:
        _offer_harm_fee(request, page.out.order, form)
    return done or _show(request, page, write_off=form)


@never_cache
@sign_in_for("orders:staff_return", "number")
@require_POST
def expect(request: HttpRequest, number: str) -> HttpResponse:
    """A day, or with `forget` none any more."""
    check_staff(request)
    page = _return_page(request, number)
    if page is None:
        return redirect("orders:staff_returns")
    form = ExpectForm(request.POST, earliest=page.out.earliest_expectation)

    def act() -> Order:
        return fulfilment.expect_back(order=page.out.order, on=form.cleaned_data["on"], **by_today(request))

    return _write_down(
        request, form, act, says="The day is recorded. Orders that wait are being checked."
    ) or (_show(request, page, expect=form))


def _offer_late_fee(request: HttpRequest, order: Order) -> None:
    if order.due_on is not None and order.due_on < timezone.localdate():
        cents = late_fee_cents(order, today=timezone.localdate())
        _offer_fee(request, order, kind=Payment.Kind.LATE, cents=cents, about="It was late")


def _offer_harm_fee(request: HttpRequest, order: Order, form: WriteOffForm) -> None:
    copies, printing = form.cleaned_data["copies"], form.cleaned_data["printing"]
    lost = form.cleaned_data["kind"] == StockMovement.Kind.LOST
    cents = harm_fee_cents(order, printing=printing, copies=copies, today=timezone.localdate())
    kind = Payment.Kind.LOSS if lost else Payment.Kind.DAMAGE
    _offer_fee(request, order, kind=kind, cents=cents, about=f"{copies} × {printing.card}")


def _offer_fee(request: HttpRequest, order: Order, *, kind: str, cents: int, about: str) -> None:
    if cents > 0:
        amount, address = format_cents(cents, settings.CURRENCY), fee_address(order, kind=kind, cents=cents)
        messages.info(request, format_html('{}: <a href="{}">charge a fee of {}</a>', about, address, amount))


def _return_page(request: HttpRequest, number: str) -> ReturnPage | None:
    """None for an order of which nothing is out, with a message that says so."""
    get_object_or_404(Order, number=number)
    try:
        return fulfilment_pages.return_page(number=number, today=timezone.localdate())
    except Order.DoesNotExist:
        messages.info(request, f"Order {number}: nothing of it is out.")
        return None


def _write_down(
    request: HttpRequest, form: forms.Form, act: Callable[[], Order], *, says: str
) -> HttpResponse | None:
    """None where it cannot be written down; the form then says why, and keeps what was typed."""
    if not form.is_valid():
        return None
    try:
        order = act()
    except ReturnError as error:
        form.add_error(None, str(error))
        return None
    if order.status == Status.RETURNED:
        messages.success(request, f"Order {order.number} is returned: nothing of it is out any more.")
        return redirect("orders:staff_returns")
    messages.success(request, says)
    return redirect("orders:staff_return", number=order.number)


def _show(
    request: HttpRequest,
    page: ReturnPage,
    *,
    check_in: CheckInForm | None = None,
    write_off: WriteOffForm | None = None,
    expect: ExpectForm | None = None,
) -> HttpResponse:
    context = {
        "page": page,
        "fee_address": fee_address(page.out.order),
        "check_in": check_in or CheckInForm(cards=page.cards),
        "write_off": write_off or WriteOffForm(printings=page.printings, most=page.out.copies),
        "expect": expect
        or ExpectForm(earliest=page.out.earliest_expectation, initial={"on": page.out.expected_on}),
    }
    wrong = any(form and form.errors for form in (check_in, write_off, expect))
    return render(request, "staff/return.html", context, status=422 if wrong else 200)
