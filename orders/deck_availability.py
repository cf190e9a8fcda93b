"""Can the shop deliver this order, and if not, what is missing and when would it do?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from inventory import short_lines
from inventory.availability import END, FRONT, Place, Shortfall, shortfalls
from inventory.closed_days import shop_calendar
from inventory.shop_calendar import ShopCalendar
from orders.models import Order, OrderCard
from orders.starts import starts_of
from orders.states import Status


@dataclass(frozen=True, slots=True)
class DeckAvailability:
    """`shortfalls` by card id, empty where the whole deck is available.

    `next_start`: the first day on which the customer could have the whole deck for as long; the wished first
    day where it is available, None where there is no such day within the planning horizon.
    """

    available: bool
    shortfalls: Mapping[int, Shortfall] = field(default_factory=dict)
    next_start: date | None = None


def place_of(order: Order) -> Place | None:
    """Where the order stands: a pending one at its place, a promised one at the front, any other at the end."""
    if order.status == Status.PENDING:
        assert order.queued_at is not None
        return Place(order.queued_at, order.claim)
    if order.status in (Status.OPEN, Status.DISPATCHED):
        return FRONT
    return END


def deck_shortfalls(*, order: Order, today: date) -> dict[int, Shortfall]:
    """What the order lacks on its days, at its place, not counting itself. One query."""
    period = order.blocked_period
    if period is None:
        raise ValueError(f"{order} has no dates yet: availability is a question about days.")
    return shortfalls(
        order.demand(),
        period.out_on,
        period.back_on,
        today=today,
        place=place_of(order),
        excluding=order.claim,
    )


def deck_available(*, order: Order, today: date) -> DeckAvailability:
    """The engine's answer for every card and every blocked day of the order; see Order.deck_available."""
    short = deck_shortfalls(order=order, today=today)
    if not short:
        return DeckAvailability(True, {}, order.first_day)
    return DeckAvailability(False, short, next_start(order=order, today=today, calendar=shop_calendar()))


def next_start(*, order: Order, today: date, calendar: ShopCalendar) -> date | None:
    """The first day, not before the wished one, on which the customer could have the whole deck for as long."""
    return starts_of(order, today=today, calendar=calendar).next


def short_by_line(lines: Iterable[OrderCard], short: Mapping[int, Shortfall]) -> dict[int, int]:
    """For each line's id the copies it lacks: lines of one card share its shortfall, the latest line first."""
    return short_lines.short_by_line(
        ((line.pk, line.card_id, line.quantity) for line in sorted(lines, key=lambda line: line.pk)),
        {card_id: shortfall.short for card_id, shortfall in short.items()},
    )
