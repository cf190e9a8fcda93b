"""Why a card is short: on which days, behind whom, and when it clears. Reads only.

The formula is that of inventory/availability.py, and so are the rows: what stands ahead of somebody is what the
engine counts against them (`BLOCKING`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.conf import settings
from django.db import connection

from inventory.availability import BLOCKING, END, Place, Shortfall, asked, free_days
from inventory.free_days import DAY, FreeDays
from inventory.models import Reservation
from inventory.periods import BlockedPeriod


@dataclass(frozen=True, slots=True)
class Ahead:
    """A reservation that counts against somebody: `quantity` copies are away over `[out_on, back_on)`.

    `back_on`: as the engine counts, so the day on which staff expect late copies where they said one; None where
    nobody knows. `overdue`: the copies are out and should be back. `expected_on`: what staff recorded.
    """

    claim: UUID
    quantity: int
    out_on: date
    back_on: date | None
    state: Reservation.State
    overdue: bool = False
    expected_on: date | None = None

    def covers(self, day: date) -> bool:
        return self.out_on <= day and (self.back_on is None or day < self.back_on)


@dataclass(frozen=True, slots=True)
class Explanation(Shortfall):
    """A shortfall, and why.

    `ahead`: what counts against it on at least one of the missing days: out, firm, then the queue by place.
    `owned`: copies that the shop owns on the last missing day, whoever has them.
    `clears_on`: the first day after the last missing one on which all `quantity` copies are free, within the period
    or after it; None where there is none within the planning horizon after it.
    """

    ahead: tuple[Ahead, ...]
    owned: int
    clears_on: date | None


def explain(
    demand: Mapping[int, int],
    period: BlockedPeriod,
    *,
    today: date,
    place: Place | None = END,
    excluding: UUID | None = None,
) -> dict[int, Explanation]:
    """What of `demand` (copies by card id) is short over the period, and why; empty where nothing is.

    Shortfalls as `inventory.availability.shortfalls` finds them. One query, and one more where something is short.
    """
    free = free_days(
        demand,
        period.out_on,
        period.back_on + settings.RENTAL_HORIZON_DAYS * DAY,
        today=today,
        place=place,
        excluding=excluding,
    )
    missing = free.until(period.back_on).missing(demand)
    ahead = reservations_ahead(missing, period, today=today, place=place, excluding=excluding)
    return {
        card_id: explained(card_id, demand[card_id], days, free=free, ahead=ahead.get(card_id, ()))
        for card_id, days in missing.items()
    }


def explained(
    card_id: int, quantity: int, days: Mapping[date, int], *, free: FreeDays, ahead: Iterable[Ahead]
) -> Explanation:
    """The explanation of a card that misses copies on `days`. Pure.

    `free` reaches as far as one looks for the end; `ahead` are reservations that count, in order.
    """
    last = max(days)
    ahead = tuple(row for row in ahead if any(row.covers(day) for day in days))
    return Explanation(
        card_id=card_id,
        quantity=quantity,
        short=max(days.values()),
        days=days,
        ahead=ahead,
        owned=free.on(card_id, last) + sum(row.quantity for row in ahead if row.covers(last)),
        clears_on=free.next_with(card_id, quantity, after=last),
    )


# 'infinity' is no day for Python.
_AHEAD = f"""
SELECT card_id, claim, quantity, out_on, NULLIF(back_on, 'infinity'), state, overdue, expected_on
  FROM ({BLOCKING}) AS blocking
 ORDER BY array_position(ARRAY['out', 'firm', 'queued'], state::text), queued_at, out_on, claim
"""  # noqa: S608 (both are constants)


def reservations_ahead(
    card_ids: Iterable[int],
    period: BlockedPeriod,
    *,
    today: date,
    place: Place | None = END,
    excluding: UUID | None = None,
) -> dict[int, list[Ahead]]:
    """By card id the reservations that count for somebody at `place` over the period: out, firm, then the queue."""
    card_ids = list(card_ids)
    found: dict[int, list[Ahead]] = {}
    if not card_ids:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            _AHEAD,
            asked(card_ids, period.out_on, period.back_on, today=today, place=place, excluding=excluding),
        )
        for card_id, claim, quantity, out_on, back_on, state, overdue, expected_on in cursor:
            found.setdefault(card_id, []).append(
                Ahead(claim, quantity, out_on, back_on, Reservation.State(state), overdue, expected_on)
            )
    return found
