"""Pending orders become open, oldest first.

Promotion takes nothing from anybody, because the demand of a pending order was counted from the start; so it
needs no lock on cards and cannot lose a race with checkout (docs/algorithms/availability.md).
"""

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from inventory.reservations import firm_up
from orders.deck_availability import deck_shortfalls, short_by_line
from orders.models import Order, OrderCard
from orders.payments import is_held
from orders.signals import tell_customer
from orders.states import Status
from orders.transitions import SYSTEM, lock_order, move_order


@dataclass(frozen=True, slots=True)
class PromotionResult:
    """How many orders became open, and how many still wait."""

    opened: int
    waiting: int


def promote_pending(today: date) -> PromotionResult:
    """Walks the queue, oldest first, and opens what has nothing short any more. Safe to run twice at once."""
    queue = Order.objects.pending_in_queue_order().filter(out_on__gte=today).values_list("pk", flat=True)
    opened = sum(promote(pk=pk, today=today) for pk in list(queue))
    return PromotionResult(opened, Order.objects.filter(status=Status.PENDING).count())


@transaction.atomic
def promote(*, pk: int, today: date) -> bool:
    """Opens one pending order if nothing is short at its place; else updates what it still needs."""
    order = lock_order(pk)
    if order.status != Status.PENDING:
        return False
    short = deck_shortfalls(order=order, today=today)
    if short or not is_held(order):
        needed = short_by_line(order.order_cards.all(), short)
        changed = [line for line in order.order_cards.all() if line.needed != needed[line.pk]]
        for line in changed:
            line.needed = needed[line.pk]
        OrderCard.objects.bulk_update(changed, ["needed"])
        return False
    firm_up(claim=order.claim)
    OrderCard.objects.filter(order=order).update(needed=0)
    move_order(order, Status.OPEN, by=SYSTEM, reason="every card is free now", queued_at=None)
    tell_customer(order, "promoted")
    return True
