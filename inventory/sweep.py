"""The arithmetic of the availability engine: step functions over days. Pure: no database, no clock.

How many copies are free changes only where something leaves, comes back, is bought or is lost. Between
those days nothing needs to be looked at: a `FreeSteps` holds the days of change and nothing else.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)

Interval = tuple[date, date]  # half-open


@dataclass(frozen=True, slots=True)
class FreeSteps:
    """Free copies of one card over the half-open days `[start, end)`.

    `changes` are (day, free from that day on), in order; before the first of them nothing is free. Free can
    be below 0: then more is promised than is owned.
    """

    start: date
    end: date
    changes: tuple[tuple[date, int], ...] = ()

    def on(self, day: date) -> int:
        """Free on one day of the period."""
        index = bisect_right(self.changes, day, key=lambda change: change[0])
        return self.changes[index - 1][1] if index else 0

    def pieces(self) -> list[tuple[date, date, int]]:
        """The period as half-open pieces of constant (first day, day after the last, free), in order."""
        bounds = list(self.changes)
        if not bounds or bounds[0][0] > self.start:
            bounds.insert(0, (self.start, 0))
        ends = [day for day, _ in bounds[1:]] + [self.end]
        return [(day, end, free) for (day, free), end in zip(bounds, ends, strict=True)]

    def smallest(self) -> int:
        """The smallest free over the period: what can be promised for all of it."""
        return min(free for _, _, free in self.pieces())

    def by_day(self) -> list[int]:
        """Free on each day of the period, one number per day."""
        return [free for start, end, free in self.pieces() for _ in range((end - start).days)]

    def missing(self, quantity: int) -> dict[date, int]:
        """For each day on which `quantity` copies are not free: how many of them are missing, at most all."""
        return {
            start + offset * DAY: min(quantity, quantity - free)
            for start, end, free in self.pieces()
            if free < quantity
            for offset in range((end - start).days)
        }

    def gaps(self, quantity: int) -> list[Interval]:
        """The half-open stretches on which fewer than `quantity` copies are free."""
        return [(start, end) for start, end, free in self.pieces() if free < quantity]


def first_start_between_gaps(
    gaps: Iterable[Interval], *, length: int, earliest: date, latest: date
) -> date | None:
    """The first day from `earliest` to `latest` (included) on which `length` days without a gap begin.

    Sorted by their start, each gap that the candidate would touch pushes it to the gap's end; so one pass is
    enough, whatever the number of days.
    """
    start = earliest
    for gap_start, gap_end in sorted(gaps):
        if gap_end <= start:
            continue
        if gap_start >= start + length * DAY:
            break
        start = gap_end
    return start if start <= latest else None


def short_by_line(lines: Iterable[tuple[int, int, int]], short: Mapping[int, int]) -> dict[int, int]:
    """For each line's id the copies it lacks, of what its card is short.

    `lines` are (id, card, copies) in the order in which they are served: of one card the last lacks first.

    >>> short_by_line([(1, 7, 4), (2, 7, 3), (3, 8, 1)], {7: 5})
    {1: 2, 2: 3, 3: 0}
    """
    by_card: dict[int, list[tuple[int, int]]] = {}
    for line, card, copies in lines:
        by_card.setdefault(card, []).append((line, copies))
    lacking: dict[int, int] = {}
    for card, served in by_card.items():
        dealt = spread(short.get(card, 0), [copies for _, copies in served])
        lacking.update(zip((line for line, _ in served), dealt, strict=True))
    return lacking


def spread(total: int, capacities: Sequence[int]) -> list[int]:
    """`total` dealt out over places of the given capacity, the last place first.

    Used to say which lines of an order lack copies when several ask for the same card: the lines that were
    there first keep theirs.

    >>> spread(5, [4, 3])
    [2, 3]
    """
    dealt = [0] * len(capacities)
    for index in range(len(capacities) - 1, -1, -1):
        dealt[index] = min(total, capacities[index])
        total -= dealt[index]
    return dealt
