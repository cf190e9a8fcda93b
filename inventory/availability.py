"""The availability engine: what is free, when, and for whom. Reads only.

There is one formula, and it stands in one place, `BLOCKING` and `_SPANS` below:

    free(card, day, place) = owned(card, day)
                             - every firm or out reservation that covers the day
                             - every queued reservation ahead of that place

Every question is answered from it with one query for a whole deck over a whole period. The contract of
locking and of the queue is docs/algorithms/availability.md.

Periods are half-open, `[out_on, back_on)`. `today` decides which copies are overdue; callers inside the
project always pass it, scripts may leave it to the clock. `excluding` names a claim whose own reservations
do not count: an order never counts against itself.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import MINYEAR, UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray

from inventory.free_days import DAY, FreeDays
from inventory.models import Card
from inventory.periods import BlockedPeriod


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


# Which reservations count for somebody at a place, and on which days they cover. A copy that is out beyond the day it
# was due blocks every day ahead, unless staff have recorded when they expect it; a day that has passed is no
# expectation. inventory/explanations.py reads the same rows to say whose they are.
BLOCKING = """
    SELECT card_id, claim, quantity, state, queued_at, expected_on, out_on,
           state = 'out' AND back_on <= %(late)s AS overdue,
           CASE WHEN state = 'out' AND back_on <= %(late)s AND COALESCE(expected_on, back_on) <= %(today)s
                THEN 'infinity'::date ELSE GREATEST(back_on, expected_on) END AS back_on
      FROM inventory_reservation
     WHERE card_id = ANY(%(card_ids)s)
       AND out_on < %(back_on)s
       AND (GREATEST(back_on, expected_on) > %(out_on)s
            OR (state = 'out' AND back_on <= %(late)s AND COALESCE(expected_on, back_on) <= %(today)s))
       AND (%(excluding)s::uuid IS NULL OR claim <> %(excluding)s)
       AND (state <> 'queued' OR %(queued_at)s::timestamptz IS NULL
            OR (queued_at, claim) < (%(queued_at)s, %(place_claim)s::uuid))
"""

# Copies that come or go, each with the days over which they do: one number for card, first day and day after the last
# (counted from the start of the period and cut to it), and one for the copies. Two arrays are sent instead of rows:
# most of the time of a fetch goes into making objects (docs/adr/0007-read-path.md).
_SPANS = f"""
SELECT array_send(array_agg(span)), array_send(array_agg(copies)) FROM (
    SELECT (card_id * %(width)s + GREATEST(out_on - %(out_on)s::date, 0)) * %(width)s
           + (LEAST(back_on, %(back_on)s::date) - %(out_on)s::date) AS span,
           -quantity AS copies
      FROM ({BLOCKING}) AS blocking
    UNION ALL
    SELECT (printing.card_id * %(width)s + GREATEST(movement.effective_on - %(out_on)s::date, 0)) * %(width)s
           + %(width)s - 1,
           movement.quantity
      FROM inventory_stockmovement AS movement
      JOIN inventory_printing AS printing ON printing.id = movement.printing_id
     WHERE printing.card_id = ANY(%(card_ids)s) AND movement.effective_on < %(back_on)s
) AS spans
"""  # noqa: S608 (both are constants)

CARDS_AT_ONCE = 1_000  # a table of so many cards over two years takes a few MB


def free_days(
    card_ids: Collection[int],
    out_on: date,
    back_on: date,
    *,
    today: date | None = None,
    place: Place | None = END,
    excluding: UUID | None = None,
) -> FreeDays:
    """Free copies of each card on each day of `[out_on, back_on)` for somebody at `place`. One query."""
    if out_on >= back_on:
        raise ValueError(f"A period must have days: {out_on} to {back_on} has none.")
    days = (back_on - out_on).days
    width = days + 1  # a span may end on the day after the last
    spans, copies = None, b""
    if card_ids:
        question = asked(card_ids, out_on, back_on, today=today, place=place, excluding=excluding)
        with connection.cursor() as cursor:
            cursor.execute(_SPANS, {**question, "width": width})
            spans, copies = cursor.fetchone()
    if spans is None:
        return FreeDays.of_spans(out_on, days, card_ids)
    starts, until = np.divmod(_integers(spans, ">i8"), width)
    cards, since = np.divmod(starts, width)
    return FreeDays.of_spans(out_on, days, card_ids, cards, since, until, _integers(copies, ">i4"))


def _integers(sent: bytes, form: str) -> NDArray[np.int64]:
    """What `array_send` says of an array without nulls: 20 bytes of head, then of each its length and its value."""
    values = np.frombuffer(sent, dtype=[("length", ">i4"), ("value", form)], offset=20)["value"]
    return values.astype(np.int64)


def late_since(today: date) -> date:
    """Copies that are out and should have been on the shelf by this day are overdue.

    By today, as a rule: what was due yesterday is on the shelf today. With same-day turnaround copies are on the shelf
    on the very day they are due, and until that day is over they may still come.
    """
    return today - DAY if settings.SAME_DAY_TURNAROUND else today


def asked(
    card_ids: Collection[int],
    out_on: date,
    back_on: date,
    *,
    today: date | None,
    place: Place | None,
    excluding: UUID | None,
) -> dict[str, Any]:
    """The question as parameters of `BLOCKING`."""
    today = today or timezone.localdate()
    return {
        "card_ids": list(card_ids),
        "out_on": out_on,
        "back_on": back_on,
        "today": today,
        "late": late_since(today),
        "excluding": excluding,
        "queued_at": place.queued_at if place else None,
        "place_claim": place.claim if place else None,
    }


def free_quantities(
    card_ids: Collection[int], out_on: date, back_on: date, *, today: date | None = None
) -> dict[int, int]:
    """For each card the smallest number of copies free over the period, for a new order.

    Below 0 where more is promised than is owned.
    """
    return free_days(card_ids, out_on, back_on, today=today).smallest()


def free_by_day(
    card_ids: Collection[int], out_on: date, back_on: date, *, today: date | None = None
) -> dict[int, list[int]]:
    """For each card the copies free on each day of the period, one number per day, for a new order."""
    return free_days(card_ids, out_on, back_on, today=today).by_day()


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
    free = free_days(demand, out_on, back_on, today=today, place=place, excluding=excluding)
    return {
        card_id: Shortfall(card_id, demand[card_id], max(days.values()), days)
        for card_id, days in free.missing(demand).items()
    }


def available_for(
    card: Card | int, quantity: int, out_on: date, back_on: date, *, today: date | None = None
) -> bool:
    """Whether `quantity` copies of a card (or of the card of that id) are free on every day of the period."""
    card_id = card if isinstance(card, int) else card.pk
    return not shortfalls({card_id: quantity}, out_on, back_on, today=today)


def short_by_period(
    demand: Mapping[int, int],
    periods: Sequence[BlockedPeriod],
    *,
    today: date | None = None,
    place: Place | None = END,
    excluding: UUID | None = None,
) -> list[int]:
    """For each of the periods how many copies of `demand` are short, all cards together; 0: all is free.

    This is how starts are compared: the whole deck, over as many periods as there are starts, in one query.
    """
    if not periods:
        return []
    free = free_days(
        demand,
        min(period.out_on for period in periods),
        max(period.back_on for period in periods),
        today=today,
        place=place,
        excluding=excluding,
    )
    return free.short_by_period(demand, periods)


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
    periods = [
        BlockedPeriod(out_on + later * DAY, back_on + later * DAY) for later in range(horizon_days + 1)
    ]
    short = short_by_period(demand, periods, today=today, place=place, excluding=excluding)
    return next((period.out_on for period, copies in zip(periods, short, strict=True) if not copies), None)


def overpromised(
    *, today: date, place: Place | None = FRONT, card_ids: Collection[int] | None = None
) -> dict[int, dict[date, int]]:
    """By card and day, from today on, the copies that are spoken for but not owned; empty where all are owned.

    At the front of the queue that is what is promised (firm and out) and cannot be kept; at its end all of the
    demand counts. Of these cards, or of all that anybody has reserved. A query for every thousand cards.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(array_agg(DISTINCT card_id), '{}'), MAX(GREATEST(back_on, expected_on))"
            " FROM inventory_reservation WHERE (back_on > %s OR state = 'out')"
            " AND (%s::bigint[] IS NULL OR card_id = ANY(%s))",
            [today, None if card_ids is None else list(card_ids), list(card_ids or ())],
        )
        reserved, last = cursor.fetchone()
    missing = {}
    for first in range(0, len(reserved), CARDS_AT_ONCE):
        free = free_days(
            reserved[first : first + CARDS_AT_ONCE], today, max(last, today + DAY), today=today, place=place
        )
        missing.update(free.overpromised())
    return missing


def buy_list(*, today: date) -> dict[int, Need]:
    """What to buy, by card id: the largest, over the days from today, of summed demand - owned.

    Demand is all of it, firm, out and queued. Never the sum of the orders' shortfalls: two orders that miss
    the same copy on different days need one copy.
    """
    return {
        card_id: Need(card_id, max(days.values()), min(days))
        for card_id, days in overpromised(today=today, place=END).items()
    }
