"""The needed cards: what to buy, from when, and for which orders."""

from dataclasses import dataclass
from datetime import date

from inventory.availability import buy_list
from inventory.models import Card, Printing
from orders.models import Order, OrderCard
from orders.states import Status


@dataclass(frozen=True, slots=True)
class NeededCard:
    """A card that somebody waits for. `copies` to buy, `first_day` on which one is missing, `orders` that wait.

    `printings` are those that can be received, the cheapest first.
    """

    card: Card
    copies: int
    first_day: date
    orders: tuple[Order, ...]
    printings: tuple[Printing, ...]

    @property
    def cost_cents(self) -> int:
        """What the copies cost at the card's value."""
        return self.copies * self.card.value_cents


def needed_cards(*, today: date) -> list[NeededCard]:
    """Every card of which copies are to be bought, the earliest needed first. A fixed number of queries."""
    needs = buy_list(today=today)
    cards = Card.objects.with_value().in_bulk(needs)
    printings: dict[int, list[Printing]] = {}
    for printing in Printing.objects.filter(card__in=needs).order_by("value_cents", "pk"):
        printings.setdefault(printing.card_id, []).append(printing)
    waiting: dict[int, dict[int, Order]] = {}
    lines = (
        OrderCard.objects.filter(card__in=needs, needed__gt=0, order__status=Status.PENDING)
        .select_related("order")
        .order_by("order__queued_at", "order__claim")
    )
    for line in lines:
        waiting.setdefault(line.card_id, {})[line.order_id] = line.order
    return sorted(
        (
            NeededCard(
                card=cards[need.card_id],
                copies=need.copies,
                first_day=need.first_day,
                orders=tuple(waiting.get(need.card_id, {}).values()),
                printings=tuple(printings.get(need.card_id, ())),
            )
            for need in needs.values()
        ),
        key=lambda needed: (needed.first_day, needed.card.name),
    )
