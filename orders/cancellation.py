"""How an order ends without a deck: cancelled, or unanswered for too long."""

from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inventory.money import format_cents
from inventory.reservations import release
from orders import payments
from orders.checkout import CheckoutError, go_back
from orders.models import Order, OrderCard, Payment, PaymentStatus
from orders.signals import tell_customer
from orders.states import NOT_YET_LEFT, TRANSITIONS, Status
from orders.transitions import SYSTEM, Actor, customer, lock_order, move_order, note_event

log = structlog.get_logger(__name__)


class NotCancellable(ValueError):
    """The order cannot be cancelled as it stands; the message says why."""


def can_cancel(order: Order, *, by: Actor | None = None) -> bool:
    """Whether the customer can, or whoever is named."""
    if not _may_be_cancelled(order):
        return False
    payment = Payment.objects.live().filter(order=order.pk).first()
    return payment is None or _objection(payment, by or customer()) is None


def _may_be_cancelled(order: Order) -> bool:
    return Status.CANCELLED in TRANSITIONS[Status(order.status)]


@transaction.atomic
def cancel(*, order: Order, by: Actor, reason: str, only: Status | None = None) -> Order:
    """Gives the cards free and lets the hold go, or gives the money back. Cancelling twice is cancelling once.

    An order that was paid for and never left (dispatch broke off) is cancelled by staff alone.
    `only`: leaves an order alone that has another status by now.
    """
    order = lock_order(order.pk)
    if order.status == Status.CANCELLED or (only and order.status != only):
        return order
    if not _may_be_cancelled(order):
        raise NotCancellable(
            f"This order is {order.get_status_display().lower()} and cannot be cancelled any more."
        )
    payment = payments.lock_live_payment(order)
    objection = _objection(payment, by) if payment is not None else None
    if objection:
        raise NotCancellable(objection)
    release(claim=order.claim)
    OrderCard.objects.filter(order=order).update(needed=0)
    move_order(order, Status.CANCELLED, by=by, reason=reason, queued_at=None)
    if payment is not None and payment.status == PaymentStatus.CAPTURED:
        _give_back(order, payment, by=by, reason=reason)
    else:
        payments.release_hold(order)
    tell_customer(order, "cancelled")
    return order


def _objection(payment: Payment, by: Actor) -> str | None:
    """Why the order of this payment cannot be cancelled; None where it can.

    Dispatch takes the money first, and then looks at the order again: whoever cancels in between is seen there.
    """
    if payment.status == PaymentStatus.CAPTURED:
        if by.kind == "staff":
            return None
        return (
            "This order is being dispatched: its payment is taken, and only the shop can cancel it now. "
            "Please ask us."
        )
    if payment.is_taken:
        return (
            "This order is being dispatched: its payment is taken at this moment, and it cannot be cancelled "
            "before that is answered."
        )
    return None


def _give_back(order: Order, payment: Payment, *, by: Actor, reason: str) -> None:
    refund = payments.write_down_whole_refund(payment=payment, by=by, reason=f"Order cancelled: {reason}")
    if refund is not None:
        cents = format_cents(refund.amount_cents, payment.currency)
        note_event(order, by=by, reason=f"refund of {cents}: the order is cancelled")


def lapse_confirming(*, now: datetime) -> int:
    """Shortfalls that nobody answered go back to the cart, and their holds are let go; returns how many."""
    since = now - timedelta(minutes=settings.CONFIRMING_MINUTES)
    lapsed = 0
    for order in Order.objects.filter(status=Status.CONFIRMING, authorized_at__lte=since):
        try:
            with transaction.atomic():
                go_back(
                    order=order, by=SYSTEM, reason=f"no answer within {settings.CONFIRMING_MINUTES} minutes"
                )
                tell_customer(order, "lapsed")
        except CheckoutError:
            continue  # answered at this very moment
        lapsed += 1
    return lapsed


def lapse_pending(*, today: date) -> int:
    """Cancels pending orders whose dispatch day has passed, releases their holds and offers other days by e-mail."""
    lapsed = 0
    for order in Order.objects.filter(status=Status.PENDING, out_on__lt=today):
        try:
            order = cancel(order=order, by=SYSTEM, reason="its dispatch day has passed", only=Status.PENDING)
        except (
            NotCancellable
        ) as error:  # the money was taken by hand, at Stripe: the others lapse all the same
            log.error("pending_order_not_lapsed", order=order.number, reason=str(error))
            continue
        lapsed += order.status == Status.CANCELLED
    return lapsed


def lapse_unpaid(*, now: datetime) -> int:
    """Cancels orders whose customer was asked to pay again and has not in time; returns how many."""
    asked = Order.objects.filter(status__in=NOT_YET_LEFT, pay_again_by__lte=now)
    return sum(_lapse_unpaid(order, now=now) for order in asked.order_by("pk"))


@transaction.atomic
def _lapse_unpaid(order: Order, *, now: datetime) -> bool:
    order = lock_order(order.pk)
    asked_until = order.pay_again_by
    if asked_until is None or asked_until > now:
        return False  # paid at this very moment
    if payments.is_held(order) or payments.is_being_paid(order, now=now):
        return False  # the hold that could not be renewed still stands; or they are at their bank's page
    until = f"{timezone.localtime(asked_until):%-d %B %Y, %H:%M}"
    reason = f"the hold on the card had ended, and it was not paid again by {until}"
    try:
        return cancel(order=order, by=SYSTEM, reason=reason).status == Status.CANCELLED
    except NotCancellable as error:
        log.error("unpaid_order_not_lapsed", order=order.number, reason=str(error))
        return False
