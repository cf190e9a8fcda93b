"""Pending orders become open, oldest first.

Promotion takes nothing from anybody, because the demand of a pending order was counted from the start; so it
needs no lock on cards and cannot lose a race with checkout (docs/algorithms/availability.md). The queue is walked
once, in memory; what is found is then written a few hundred orders at a time, each lot a transaction of its own.
A run that dies in the middle has opened some orders wholly and others not at all.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from django.db import transaction
from django.db.models import Q

from inventory.locks import one_at_a_time
from inventory.queue import Waiting, walk_queue
from inventory.reservations import firm_up
from inventory.short_lines import short_by_line
from orders.models import Order, OrderCard
from orders.payments import held_orders
from orders.signals import tell_customers, tell_holds_wanted
from orders.states import Status
from orders.transitions import SYSTEM, lock_orders, move_orders

ORDERS_AT_ONCE = 200  # in one transaction: long enough to be fast, short enough to keep nobody waiting


@dataclass(frozen=True, slots=True)
class PromotionResult:
    """How many orders became open, and how many still wait."""

    opened: int
    waiting: int


def promote_pending(today: date, *, begins: Callable[[], object] = lambda: None) -> PromotionResult:
    """Walks the queue, oldest first, and opens what has nothing short any more.

    `begins` is called just before anything is read: what is freed from then on may not be seen any more. Runs wait
    for each other. Two at once would promise nothing twice, but one that reads while the other writes
    counts what becomes firm in between twice, and could leave somebody waiting for whom there is enough.
    """
    with one_at_a_time("promotion"):
        begins()
        return _promote_pending(today)


def _promote_pending(today: date) -> PromotionResult:
    opened = 0
    for lot in _in_lots(walk_queue(today=today)):
        opened += _open([waiting for waiting in lot if not waiting.missing], today=today)
        _tell_what_is_needed([waiting for waiting in lot if waiting.missing])
    return PromotionResult(opened, Order.objects.filter(status=Status.PENDING).count())


def _in_lots(queue: Iterator[Waiting]) -> Iterator[list[Waiting]]:
    while lot := list(islice(queue, ORDERS_AT_ONCE)):
        yield lot


@transaction.atomic
def _open(ready: Sequence[Waiting], *, today: date) -> int:
    """Opens those that still stand where they were seen, with their total held and their dispatch day ahead.

    The others go on waiting, but not for cards. Those that lack only the hold keep their place, and it is asked for;
    of whom the customer was asked already, nothing more is.
    """
    if not ready:
        return 0
    seen = {waiting.claim: waiting.queued_at for waiting in ready}
    waiting = Order.objects.filter(claim__in=seen, status=Status.PENDING)
    locked = [order for order in lock_orders(waiting) if order.queued_at == seen[order.claim]]
    held = held_orders(locked)
    in_time = [order for order in locked if order.out_on is not None and order.out_on >= today]
    orders = [order for order in in_time if order.pk in held]
    firm_up(claims=[order.claim for order in orders])
    OrderCard.objects.filter(order__in=locked, needed__gt=0).update(needed=0)
    move_orders(orders, Status.OPEN, by=SYSTEM, reason="every card is free now", queued_at=None)
    tell_customers(orders, "promoted")
    tell_holds_wanted(order for order in in_time if order.pk not in held and order.pay_again_by is None)
    return len(orders)


@transaction.atomic
def _tell_what_is_needed(short: Sequence[Waiting]) -> None:
    """Marks on the lines of those who go on waiting what they lack by now."""
    if not short:
        return
    lacking = {waiting.claim: waiting for waiting in short}
    orders = lock_orders(Order.objects.filter(claim__in=lacking, status=Status.PENDING))
    told = {
        order.pk: lacking[order.claim].short
        for order in orders
        if order.queued_at == lacking[order.claim].queued_at
    }
    # Only lines that lack something, by now or still by what they say: most of an order lacks nothing.
    cards = {card_id for missing in told.values() for card_id in missing}
    lines = OrderCard.objects.filter(Q(card__in=cards) | Q(needed__gt=0), order__in=told).order_by("pk")
    by_order: dict[int, list[tuple[int, int, int]]] = {}
    said = {}
    for order_id, line, card_id, quantity, needed in lines.values_list(
        "order", "pk", "card", "quantity", "needed"
    ):
        by_order.setdefault(order_id, []).append((line, card_id, quantity))
        said[line] = needed
    changed: dict[int, list[int]] = {}
    for order_id, order_lines in by_order.items():
        for line, needed in short_by_line(order_lines, told[order_id]).items():
            if needed != said[line]:
                changed.setdefault(needed, []).append(line)
    for needed, keys in changed.items():
        OrderCard.objects.filter(pk__in=keys).update(needed=needed)
