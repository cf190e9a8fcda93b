"""The availability engine: what is free, when, and for whom. Reads only.

There is one formula, and it stands in one place, `_STEPS` below:

    free(card, day, place) = owned(card, day)
                             - every firm or out reservation that covers the day
                             - every queued reservation ahead of that place

Every question is answered from it with one query for a whole deck over a whole period. The contract of
locking and of the queue is docs/algorithms/availability.md.

Periods are half-open, `[out_on, back_on)`. `today` decides which copies are overdue; callers inside the
project always pass it, scripts may leave it to the clock. `excluding` names a claim whose own reservations
do not count: an order never counts against itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import MINYEAR, UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from inventory.models import Card
from inventory.sweep import FreeSteps, first_start_between_gaps


class Place(NamedTuple):
    """A place in the queue. The claim decides between two that came at the same moment."""

    queued_at: datetime
    claim: UUID


FRONT = Place(datetime(MINYEAR, 1, 2, tzinfo=UTC), UUID(int=0))  # ahead of every queued reservation
END: None = None  # behind every queued reservation: where a new order stands


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Copies of a card that cannot be had: `short` of `quantity` on the worst day; `days`: missing on each."""

    card_id: int
    quantity: int
    short: int
    days: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class Need:
    """A line of the buy list: `copies` to buy, and the first day on which one of them is missing."""

    card_id: int
    copies: int
    first_day: date


# A copy that is out beyond the day it was due blocks every day ahead, unless staff have recorded when they
# expect it; a day that has passed is no expectation. Steps are clipped to the period; a step on
# or after its end is of no interest.
_STEPS = """
WITH blocking AS MATERIALIZED (
    SELECT card_id, quantity, out_on,
           CASE WHEN state = 'out' AND GREATEST(back_on, expected_on) <= %(today)s THEN 'infinity'::date
                ELSE GREATEST(back_on, expected_on) END AS back_on
      FROM inventory_reservation
     WHERE card_id = ANY(%(card_ids)s)
       AND out_on < %(back_on)s
       AND (back_on > %(out_on)s OR state = 'out')
       AND (%(excluding)s::uuid IS NULL OR claim <> %(excluding)s)
       AND (state <> 'queued' OR %(queued_at)s::timestamptz IS NULL
            OR (queued_at, claim) < (%(queued_at)s, %(place_claim)s::uuid))
), deltas AS (
    SELECT printing.card_id, GREATEST(movement.effective_on, %(out_on)s) AS day, movement.quantity AS delta
      FROM inventory_stockmovement AS movement
      JOIN inventory_printing AS printing ON printing.id = movement.printing_id
     WHERE printing.card_id = ANY(%(card_ids)s) AND movement.effective_on < %(back_on)s
    UNION ALL
    SELECT card_id, GREATEST(out_on, %(out_on)s), -quantity FROM blocking WHERE back_on > %(out_on)s
    UNION ALL
    SELECT card_id, back_on, quantity FROM blocking WHERE back_on > %(out_on)s AND back_on < %(back_on)s
)
SELECT card_id, day, SUM(SUM(delta)) OVER (PARTITION BY card_id ORDER BY day) AS free
  FROM deltas GROUP BY card_id, day ORDER BY card_id, day
"""


def free_steps(
    card_ids: Collection[int],
    out_on: date,
    back_on: date,
    *,
    today: date | None = None,
    place: Place | None = END,
    excluding: UUID | None = None,
) -> dict[int, FreeSteps]:
    """Free copies of each card over `[out_on, back_on)` for somebody at `place`, as steps. One query."""
    if out_on >= back_on:
        raise ValueError(f"A period must have days: {out_on} to {back_on} has none.")
    changes: dict[int, list[tuple[date, int]]] = {card_id: [] for card_id in card_ids}
    if changes:
        with connection.cursor() as cursor:
            cursor.execute(
                _STEPS,
                {
                    "card_ids": list(changes),
                    "out_on": out_on,
                    "back_on": back_on,
                    "today": today or timezone.localdate(),
                    "excluding": excluding,
                    "queued_at": place.queued_at if place else None,
                    "place_claim": place.claim if place else None,
                },
            )
            for card_id, day, free in cursor.fetchall():
                changes[card_id].append((day, int(free)))
    return {card_id: FreeSteps(out_on, back_on, tuple(steps)) for card_id, steps in changes.items()}


def free_quantities(
    card_ids: Collection[int], out_on: date, back_on: date, *, today: date | None = None
) -> dict[int, int]:
    """For each card the smallest number of copies free over the period, for a new order.

    Below 0 where more is promised than is owned.
    """
    steps = free_steps(card_ids, out_on, back_on, today=today)
    return {card_id: free.smallest() for card_id, free in steps.items()}


def free_by_day(
    card_ids: Collection[int], out_on: date, back_on: date, *, today: date | None = None
) -> dict[int, list[int]]:
    """For each card the copies free on each day of the period, one number per day, for a new order."""
    steps = free_steps(card_ids, out_on, back_on, today=today)
    return {card_id: free.by_day() for card_id, free in steps.items()}


def shortfalls(
    demand: Mapping[int, int],
    out_on: date,
    back_on: date,
    *,
    today: date | None = None,
    place: Place | None = END,
    excluding: UUID | None = None,
) -> dict[int, Shortfall]:
    """What of `demand` (copies by card id) is not free on every day of the period; empty where all of it is.

    short = the largest, over the days, of quantity - free, held between 0 and quantity.
    """
    steps = free_steps(demand, out_on, back_on, today=today, place=place, excluding=excluding)
    short = {}
    for card_id, quantity in demand.items():
        missing = steps[card_id].missing(quantity)
        if missing:
            short[card_id] = Shortfall(card_id, quantity, max(missing.values()), missing)
    return short


def available_for(
    card: Card | int, quantity: int, out_on: date, back_on: date, *, today: date | None = None
) -> bool:
    """Whether `quantity` copies of a card (or of the card of that id) are free on every day of the period."""
    card_id = card if isinstance(card, int) else card.pk
    return not shortfalls({card_id: quantity}, out_on, back_on, today=today)


def next_available_start(
    demand: Mapping[int, int],
    out_on: date,
    back_on: date,
    horizon_days: int = 365,
    *,
    today: date | None = None,
    place: Place | None = END,
    excluding: UUID | None = None,
) -> date | None:
    """The earliest day from `out_on` on which the whole demand can leave for as many days as in the question.

    The answer takes the part of `out_on`; it is `out_on` itself where nothing is short. None where there is
    none within `horizon_days` of it. One query.
    """
    latest = out_on + timedelta(days=horizon_days)
    steps = free_steps(
        demand, out_on, latest + (back_on - out_on), today=today, place=place, excluding=excluding
    )
    gaps = [gap for card_id, quantity in demand.items() for gap in steps[card_id].gaps(quantity)]
    return first_start_between_gaps(gaps, length=(back_on - out_on).days, earliest=out_on, latest=latest)


def buy_list(*, today: date) -> dict[int, Need]:
    """What to buy, by card id: the largest, over the days from today, of summed demand - owned.

    Demand is all of it, firm, out and queued. Never the sum of the orders' shortfalls: two orders that miss
    the same copy on different days need one copy. Two queries.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(array_agg(DISTINCT card_id), '{}'), MAX(back_on) FROM inventory_reservation"
            " WHERE back_on > %s OR state = 'out'",
            [today],
        )
        card_ids, last = cursor.fetchone()
    if not card_ids:
        return {}
    steps = free_steps(card_ids, today, max(last, today + timedelta(days=1)), today=today)
    needs = {}
    for card_id, free in steps.items():
        first_day = next((start for start, _, copies in free.pieces() if copies < 0), None)
        if first_day is not None:
            needs[card_id] = Need(card_id, -free.smallest(), first_day)
    return needs
