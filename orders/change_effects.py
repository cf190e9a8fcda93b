"""What takes effect once its money is there: a change of an order, or that a deck is kept longer.

Called by the booking of that money (orders/payments/truth.py), inside its transaction and under the order's lock, so
that hold and change are written together or not at all. A page, a webhook and reconciliation all end there.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from orders.change_forms import seen_of
from orders.change_plan import ChangeError, Wanted
from orders.changes import apply, keep_longer
from orders.extensions import look_at_extension, wanted_day
from orders.lines import lines_of
from orders.models import Order, OrderChange, Payment, PaymentStatus
from orders.own_changes import check_days, may_lose_place
from orders.payments import write_down_whole_refund
from orders.signals import change_is_paid, tell_change_failed, tell_customer
from orders.transitions import SYSTEM, customer, lock_order, note_event

_NO_ROOM = "The order is leaving, is cancelled, or was paid for in another way meanwhile."


@receiver(change_is_paid)
def take_effect(sender: Any, change_id: UUID, possible: bool, **kwargs: Any) -> bool:
    """Whether the change has taken effect now. Where it cannot, that is written down, and the customer is told."""
    change = OrderChange.objects.select_for_update().get(pk=change_id)
    if change.status != OrderChange.Status.ASKED:
        return False  # done by an earlier try, or given up
    order = lock_order(change.order_id)
    try:
        if not possible:
            raise ChangeError(_NO_ROOM)
        with transaction.atomic():
            _EFFECTS[OrderChange.Kind(change.kind)](change, order)
    except ChangeError as error:
        _fail(change, order, error)
        return False
    change.status = OrderChange.Status.APPLIED
    change.save(update_fields=["status"])
    return True


def _change(change: OrderChange, order: Order) -> None:
    if seen_of(order, lines_of(order)) != change.seen:
        raise ChangeError("The order was changed meanwhile, in another tab or by the shop.")
    changed = apply(
        order=order,
        wanted=Wanted.from_json(change.wanted),
        by=customer(change.by),
        today=timezone.localdate(),
        held_cents=change.total_cents,
        may_lose_place=may_lose_place(change.outcome),
    )
    check_days(change, changed)
    tell_customer(changed, "changed")


def _keep_longer(change: OrderChange, order: Order) -> None:
    if order.last_day is None or seen_of(order, lines_of(order)) != change.seen:
        raise ChangeError("The order was changed meanwhile, in another tab or by the shop.")
    today = timezone.localdate()
    if look_at_extension(order=order, last_day=wanted_day(change), today=today).cents != change.total_cents:
        raise ChangeError("Something came back or was charged meanwhile, so it would cost something else.")
    kept = keep_longer(order=order, last_day=wanted_day(change), by=customer(change.by), today=today)
    check_days(change, kept)
    tell_customer(kept, "kept_longer")


def _give_back(change: OrderChange) -> None:
    """What was charged for an extension goes back; a hold is let go where it is booked."""
    paid = change.attempts.filter(status=PaymentStatus.CAPTURED, payment__kind=Payment.Kind.EXTENSION)
    for pk in paid.values_list("payment", flat=True):
        payment = Payment.objects.select_for_update().get(pk=pk)
        write_down_whole_refund(
            payment=payment, by=SYSTEM, reason=f"The deck could not be kept longer. {change.why}"
        )


def _fail(change: OrderChange, order: Order, error: ChangeError) -> None:
    change.status, change.why = OrderChange.Status.FAILED, str(error)
    change.save(update_fields=["status", "why"])
    _give_back(change)
    note_event(order, by=SYSTEM, reason=f"a change was paid for and not possible any more: {error}")
    tell_change_failed(change)


_EFFECTS = {OrderChange.Kind.CHANGE: _change, OrderChange.Kind.EXTENSION: _keep_longer}
