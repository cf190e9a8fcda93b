"""The queue as staff see it: who waits, since when, for what, and how much time is left."""

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator

from inventory.models import Card
from inventory.queue import walk_queue
from orders.models import Order
from orders.payments import held_orders

ORDERS_PER_PAGE = 50
NEAR_DAYS = 3  # so few days before its dispatch, staff had better look for another way


@dataclass(frozen=True, slots=True)
class LackedCard:
    """Copies of a card that an order lacks, and those that have to come before it has them, for those ahead too."""

    card: Card
    short: int
    missing: int


@dataclass(frozen=True, slots=True)
class QueuedOrder:
    """A pending order at its place, from 1. Lacks it nothing and is its total `held`, the next promotion opens it."""

    place: int
    order: Order
    lacks: tuple[LackedCard, ...]
    held: bool
    days_left: int

    @property
    def has_passed(self) -> bool:
        """Its dispatch day: nothing opens it any more."""
        return self.days_left < 0

    @property
    def is_near(self) -> bool:
        return 0 <= self.days_left <= NEAR_DAYS


@dataclass(frozen=True, slots=True)
class QueuePage:
    page: Page[Order]
    rows: tuple[QueuedOrder, ...]


def queue_page(*, page: str | int = 1, today: date) -> QueuePage:
    """A page of the queue, the oldest first. Six queries, and one more for every further thousand cards."""
    pending = Order.objects.pending_in_queue_order().with_copies().select_related("user", "shipping_method")
    found = Paginator(pending, ORDERS_PER_PAGE).get_page(page)
    orders = list(found)
    here = {order.claim for order in orders}
    waiting = {entry.claim: entry for entry in walk_queue(today=today) if entry.claim in here}
    cards = Card.objects.in_bulk({card_id for entry in waiting.values() for card_id in entry.missing})
    held = held_orders(orders)
    rows = []
    for place, order in enumerate(orders, found.start_index()):
        assert order.out_on is not None
        entry = waiting.get(order.claim)  # None: it left the queue at this very moment
        short = entry.short if entry else {}
        missing = entry.missing if entry else {}
        lacks = [LackedCard(cards[card_id], copies, missing[card_id]) for card_id, copies in short.items()]
        rows.append(
            QueuedOrder(
                place=place,
                order=order,
                lacks=tuple(sorted(lacks, key=lambda lacked: lacked.card.name)),
                held=order.pk in held,
                days_left=(order.out_on - today).days,
            )
        )
    return QueuePage(found, tuple(rows))
