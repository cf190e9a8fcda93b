"""Free copies, card by card and day by day: the arithmetic of the availability engine. Pure: no database, no clock.

A deck over a period is a small table, cards by days. It is added up from spans (so many copies more or fewer, from a
day up to a day); every answer is read from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from inventory.periods import BlockedPeriod

DAY = timedelta(days=1)

Copies = NDArray[np.int64]
Numbers = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FreeDays:
    """Free copies of each card (a row) on each day (a column) from `start` on.

    Free can be below 0: then more is promised than is owned.
    """

    start: date
    card_ids: tuple[int, ...]
    copies: Copies

    @classmethod
    def of_spans(
        cls,
        start: date,
        days: int,
        card_ids: Iterable[int],
        cards: Numbers = (),
        since: Numbers = (),
        until: Numbers = (),
        copies: Numbers = (),
    ) -> "FreeDays":
        """Added up from spans: of each its card, its first day and the day after its last, and its copies.

        Days are counted from `start`, from 0 to `days`. What comes is above 0, what goes is below.
        """
        known = np.unique(np.fromiter(card_ids, dtype=np.int64))
        changes: Copies = np.zeros((len(known), days + 1), dtype=np.int64)
        rows = np.searchsorted(known, np.asarray(cards, dtype=np.int64))
        np.add.at(changes, (rows, np.asarray(since, dtype=np.int64)), copies)
        np.subtract.at(changes, (rows, np.asarray(until, dtype=np.int64)), copies)
        return cls(start, tuple(known.tolist()), changes.cumsum(axis=1)[:, :-1])

    def smallest(self) -> dict[int, int]:
        """By card the smallest free over the days: what can be promised for all of them."""
        return dict(zip(self.card_ids, self.copies.min(axis=1).tolist(), strict=True))

    def by_day(self) -> dict[int, list[int]]:
        """By card the free copies, one number per day."""
        return dict(zip(self.card_ids, self.copies.tolist(), strict=True))

    def missing(self, demand: Mapping[int, int]) -> dict[int, dict[date, int]]:
        """By card and day the copies of `demand` that are not free, at most all of them; days without are left out."""
        return self._above_zero(self._missing(demand))

    def overpromised(self) -> dict[int, dict[date, int]]:
        """By card and day the copies that are promised and not owned; days without are left out."""
        return self._above_zero(-self.copies)

    def until(self, day: date) -> "FreeDays":
        """The same table up to that day, which is left out."""
        return FreeDays(self.start, self.card_ids, self.copies[:, : (day - self.start).days])

    def on(self, card_id: int, day: date) -> int:
        """The free copies of a card on a day of the table."""
        return int(self.copies[self.card_ids.index(card_id), (day - self.start).days])

    def next_with(self, card_id: int, quantity: int, *, after: date) -> date | None:
        """The first day after a day of the table on which so many copies are free; None where there is none in it."""
        later = (after - self.start).days + 1
        enough = np.flatnonzero(self.copies[self.card_ids.index(card_id), later:] >= quantity)
        return self.start + (later + int(enough[0])) * DAY if enough.size else None

    def short_by_period(self, demand: Mapping[int, int], periods: Sequence[BlockedPeriod]) -> list[int]:
        """For each period the copies of `demand` that it lacks: of each card those of the worst day, summed up.

        0: the whole deck is free. Every period lies within the days of the table.
        """
        if not periods:
            return []
        missing = self._missing(demand)
        # reduceat takes the largest from each index up to the next: of [out, back, out, back ...] every second
        # answer is a period's. One more column, as the last day may end a period.
        padded = np.pad(missing, ((0, 0), (0, 1)))
        ends = [(end - self.start).days for period in periods for end in (period.out_on, period.back_on)]
        worst = np.maximum.reduceat(padded, ends, axis=1)[:, ::2]
        return worst.sum(axis=0).tolist()

    def _above_zero(self, table: Copies) -> dict[int, dict[date, int]]:
        above = np.maximum(table, 0)
        return {
            self.card_ids[row]: {
                self.start + int(day) * DAY: int(above[row, day]) for day in np.flatnonzero(above[row])
            }
            for row in np.flatnonzero(above.any(axis=1))
        }

    def _missing(self, demand: Mapping[int, int]) -> Copies:
        wanted = np.array([demand[card_id] for card_id in self.card_ids], dtype=np.int64).reshape(-1, 1)
        return np.clip(wanted - self.copies, 0, wanted)


def stretches(days: Mapping[date, int]) -> list[tuple[date, date, int]]:
    """Days with a number each, in stretches of the same number: (first day, last day, number), in order.

    >>> stretches({date(2026, 5, 1): 2, date(2026, 5, 2): 2, date(2026, 5, 4): 2})
    [(datetime.date(2026, 5, 1), datetime.date(2026, 5, 2), 2), (datetime.date(2026, 5, 4), ..., 2)]
    """
    found: list[tuple[date, date, int]] = []
    for day, number in sorted(days.items()):
        if found and found[-1][1] == day - DAY and found[-1][2] == number:
            found[-1] = (found[-1][0], day, number)
        else:
            found.append((day, day, number))
    return found
