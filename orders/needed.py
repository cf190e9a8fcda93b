"""The needed cards: what to buy, from when, for which orders, and in which order (docs/algorithms/buy-list.md)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from inventory.availability import Need, buy_list
from inventory.buying import Row, buying_rows
from inventory.models import Card, Printing
from inventory.queue import walk_queue
from orders.at_risk import orders_at_risk
from orders.models import Order
from orders.payments import held_orders
from orders.states import Status

_Wanting = tuple[Order, Mapping[int, int]]  # an order, and by card id the copies that it misses


@dataclass(frozen=True, slots=True)
class Opening:
    """With so many `copies` of a row these orders become open; those that are open and at risk are so no longer."""

    copies: int
    pending: tuple[Order, ...]
    at_risk: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """Orders that lack the card of a row too, but only become open with `card`, further down."""

    card: Card
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class NeededCard:
    """A card to buy, after those above it. `copies` to buy, `first_day` on which one is missing.

    `opens`: what these copies bring about once all above are bought, the fewest copies first; `later`: what
    they contribute to; `never`: orders that lack the card and that nothing opens, as they are late or not held.
    `printings` are those that can be received, the cheapest first. `total_cents`: this row and all above, as far as
    their cost is known.
    """

    card: Card
    copies: int
    first_day: date
    opens: tuple[Opening, ...]
    later: tuple[Later, ...]
    never: tuple[Order, ...]
    printings: tuple[Printing, ...]
    total_cents: int

    @property
    def cost_cents(self) -> int | None:
        """What the copies cost in the cheapest printing; None where no value is known."""
        return _cost_cents(self.copies, self.printings)

    @property
    def orders(self) -> tuple[Order, ...]:
        """All that wait for the card, in the order of the queue."""
        opened = [order for opening in self.opens for order in opening.pending]
        waiting = {order.pk: order for later in self.later for order in later.orders}
        waiting |= {order.pk: order for order in [*opened, *self.never]}
        pending = [order for order in waiting.values() if order.status == Status.PENDING]
        return tuple(sorted(pending, key=_place))


def needed_cards(*, today: date) -> list[NeededCard]:
    """Every card of which copies are to be bought, in the order that opens the most orders for each copy.

    At most 12 queries, and two more for every further thousand cards. Whose copies are missing is what the engine says
    now, not what was written on the lines when they were looked at last.
    """
    needs = buy_list(today=today)
    if not needs:
        return []
    cards = Card.objects.in_bulk(needs)
    urgent = sorted(needs.values(), key=lambda need: (need.first_day, cards[need.card_id].name))
    waiting, never = _waiting(today=today)
    at_risk = [
        (risk.order, {card_id: max(days.values()) for card_id, days in risk.missing.items()})
        for risk in orders_at_risk(today=today, card_ids=needs)
    ]
    # Of equally good purchases the one whose deck leaves first; what is promised before what waits.
    wanted = sorted([*at_risk, *waiting], key=lambda entry: entry[0].out_on or today)
    orders = {order.pk: order for order, _ in wanted}
    rows = buying_rows(
        {need.card_id: need.copies for need in urgent},
        [(order.pk, missing) for order, missing in wanted],
    )
    return _needed(rows, needs=needs, cards=cards, orders=orders, never=never)


def _waiting(*, today: date) -> tuple[list[_Wanting], list[_Wanting]]:
    """Pending orders, in the order of the queue: those that copies would open, and those that nothing does."""
    missing = {place.claim: place.missing for place in walk_queue(today=today) if place.missing}
    pending = list(Order.objects.pending_in_queue_order().filter(claim__in=missing))
    held = held_orders(pending)
    opened: list[_Wanting] = []
    never: list[_Wanting] = []
    for order in pending:
        can_open = order.pk in held and order.out_on is not None and order.out_on >= today
        (opened if can_open else never).append((order, missing[order.claim]))
    return opened, never


def _needed(
    rows: Sequence[Row[int]],
    *,
    needs: Mapping[int, Need],
    cards: Mapping[int, Card],
    orders: Mapping[int, Order],
    never: Sequence[_Wanting],
) -> list[NeededCard]:
    printings: dict[int, list[Printing]] = {}
    for printing in Printing.objects.filter(card__in=needs).order_by("value_cents", "pk"):
        printings.setdefault(printing.card_id, []).append(printing)
    found: list[NeededCard] = []
    total_cents = 0
    for row in rows:
        offered = printings.get(row.card_id, ())
        total_cents += _cost_cents(row.copies, offered) or 0
        found.append(
            NeededCard(
                card=cards[row.card_id],
                copies=row.copies,
                first_day=needs[row.card_id].first_day,
                opens=tuple(_opening(copies, keys, orders) for copies, keys in row.serves.items()),
                later=tuple(
                    Later(cards[below], tuple(orders[key] for key in keys))
                    for below, keys in row.later.items()
                ),
                never=tuple(order for order, missing in never if row.card_id in missing),
                printings=tuple(offered),
                total_cents=total_cents,
            )
        )
    return found


def _opening(copies: int, keys: Collection[int], orders: Mapping[int, Order]) -> Opening:
    served = [orders[key] for key in keys]
    return Opening(
        copies=copies,
        pending=tuple(order for order in served if order.status == Status.PENDING),
        at_risk=tuple(order for order in served if order.status != Status.PENDING),
    )


def _cost_cents(copies: int, printings: Sequence[Printing]) -> int | None:
    value = printings[0].value_cents if printings else None  # the cheapest; unknown values stand last
    return None if value is None else copies * value


def _place(order: Order) -> tuple[object, object]:
    return order.queued_at, order.claim
