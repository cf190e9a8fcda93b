"""Why an order is short, in words: for its customer without anybody else's name, for staff with the orders ahead."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from django.utils.formats import date_format

from inventory.explanations import Ahead, Explanation, explain
from inventory.free_days import DAY, stretches
from inventory.models import Card, Reservation
from orders.deck_availability import place_of
from orders.models import Order, OrderCard


@dataclass(frozen=True, slots=True)
class ShortCard:
    """A card of an order, all its lines together, and why it is short."""

    card: Card
    why: Explanation

    @property
    def days(self) -> list[tuple[date, date, int]]:
        """The missing days: first, last, copies missing on each."""
        return stretches(self.why.days)

    @property
    def reasons(self) -> list[str]:
        return list(reasons(self.why))


@dataclass(frozen=True, slots=True)
class AheadOfIt:
    """For staff: what counts against an order, and whose it is. `order` is None for a reservation without one."""

    ahead: Ahead
    order: Order | None

    @property
    def last_day(self) -> date | None:
        """The last day on which the copies are away; None where nobody knows."""
        return self.ahead.back_on - DAY if self.ahead.back_on else None


@dataclass(frozen=True, slots=True)
class ExplainedForStaff:
    """A short card with everybody who stands ahead, by name."""

    short: ShortCard
    ahead: tuple[AheadOfIt, ...]


def explain_order(
    *, order: Order, today: date, demand: Mapping[int, int] | None = None
) -> dict[int, Explanation]:
    """Why the order is short on its days, at its place, not counting itself; by card id, empty where it is not.

    `demand`: the order's, where the caller has it already. One query, and one more where something is short.
    """
    period = order.blocked_period
    if period is None:
        raise ValueError(f"{order} has no dates yet: availability is a question about days.")
    return explain(
        order.demand() if demand is None else demand,
        period,
        today=today,
        place=place_of(order),
        excluding=order.claim,
    )


def short_cards(lines: Iterable[OrderCard], explanations: Mapping[int, Explanation]) -> tuple[ShortCard, ...]:
    """The short cards in the order of the lines, each once."""
    cards = {line.card_id: line.card for line in lines if line.card_id in explanations}
    return tuple(ShortCard(card, explanations[card_id]) for card_id, card in cards.items())


def waiting_ahead(cards: Iterable[ShortCard]) -> int:
    """How many orders wait, ahead, for one of these cards."""
    return len(
        {row.claim for card in cards for row in card.why.ahead if row.state == Reservation.State.QUEUED}
    )


def explain_for_staff(cards: Iterable[ShortCard]) -> list[ExplainedForStaff]:
    """The orders behind the claims. One query, however many."""
    cards = list(cards)
    claims = {row.claim for card in cards for row in card.why.ahead}
    orders: dict[UUID, Order] = {}
    if claims:
        found = Order.objects.filter(claim__in=claims).select_related("user")
        orders = {order.claim: order for order in found}
    return [
        ExplainedForStaff(card, tuple(AheadOfIt(row, orders.get(row.claim)) for row in card.why.ahead))
        for card in cards
    ]


# --- in words ---------------------------------------------------------------------------------------------


def reasons(why: Explanation) -> Iterator[str]:
    """What stands ahead, for a customer: how many and until when, never whose.

    >>> next(reasons(Explanation(1, 2, 1, {}, ahead=(), owned=1, clears_on=None)))
    'We own 1 of the 2 copies that you ask for.'
    """
    if why.owned < why.quantity:
        yield _owned(why)
    late = [row for row in why.ahead if row.overdue]
    for back_on, rows in groupby(sorted(late, key=_soonest_known_first), key=lambda row: row.back_on):
        yield _late(sum(row.quantity for row in rows), back_on)
    out = [row for row in why.ahead if row.state == Reservation.State.OUT and not row.overdue]
    if out:
        copies = sum(row.quantity for row in out)
        yield f"{_copies(copies)} {'is' if copies == 1 else 'are'} out with other customers until {_until(out)}."
    promised = [row for row in why.ahead if row.state == Reservation.State.FIRM]
    if promised:
        yield f"Promised to {_other_orders(len(promised))} until {_until(promised)}."
    waiting = sum(row.state == Reservation.State.QUEUED for row in why.ahead)
    if waiting:
        yield f"{waiting} {'order waits' if waiting == 1 else 'orders wait'} ahead of you."


def _owned(why: Explanation) -> str:
    if why.owned <= 0:
        return "We own no copy of this card."
    return f"We own {why.owned} of the {why.quantity} copies that you ask for."


def _late(copies: int, back_on: date | None) -> str:
    said = f"{_copies(copies)} {'is' if copies == 1 else 'are'} out and overdue"
    if back_on is None:
        return f"{said}: it is not known when {'it comes' if copies == 1 else 'they come'} back."
    return f"{said}, expected back on {_day(back_on)}."


def _soonest_known_first(row: Ahead) -> date:
    return row.back_on or date.max


def _until(rows: Iterable[Ahead]) -> str:
    """The last day on which the last of them is away. Only what is overdue has no such day."""
    return _day(max(row.back_on for row in rows if row.back_on) - DAY)


def _copies(number: int) -> str:
    return f"{number} {'copy' if number == 1 else 'copies'}"


def _other_orders(number: int) -> str:
    return f"{number} other {'order' if number == 1 else 'orders'}"


def _day(day: date) -> str:
    return date_format(day, "j F")
