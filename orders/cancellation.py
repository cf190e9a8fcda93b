"""How an order ends without a deck: cancelled, or unanswered for too long."""

from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from inventory.reservations import release
from orders import payments
from orders.checkout import CheckoutError, go_back
from orders.models import Order, OrderCard
from orders.signals import tell_customer
from orders.states import TRANSITIONS, Status
from orders.transitions import SYSTEM, Actor, lock_order, move_order

log = structlog.get_logger(__name__)


class NotCancellable(ValueError):
    """The order cannot be cancelled as it stands; the message says why."""


def can_cancel(order: Order) -> bool:
    return _may_be_cancelled(order) and not payments.is_taken(order)


def _may_be_cancelled(order: Order) -> bool:
    return Status.CANCELLED in TRANSITIONS[Status(order.status)]


@transaction.atomic
def cancel(*, order: Order, by: Actor, reason: str, only: Status | None = None) -> Order:
    """Gives the cards free and lets the hold go. Cancelling twice is cancelling once.

    `only`: leaves an order alone that has another status by now.
    """
    order = lock_order(order.pk)
    if order.status == Status.CANCELLED or (only and order.status != only):
        return order
    if not _may_be_cancelled(order):
        raise NotCancellable(
            f"This order is {order.get_status_display().lower()} and cannot be cancelled any more."
        )
    try:
        payments.check_not_taken(order)  # dispatch takes the money first, and then looks at the order again
    except payments.Taken as error:
        raise NotCancellable(
            "This order is being dispatched: its payment is taken, and it cannot be cancelled any more."
        ) from error
    release(claim=order.claim)
    payments.release_hold(order)
    OrderCard.objects.filter(order=order).update(needed=0)
    move_order(order, Status.CANCELLED, by=by, reason=reason, queued_at=None)
    tell_customer(order, "cancelled")
    return order


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
