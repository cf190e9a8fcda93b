"""On which first days is a whole deck free? The answer as pages and orders share it.

A start is a rental of a given length that begins on a day. How long the copies are away depends on the days on which
the shop is closed, so every start has a blocked period of its own; all of them are answered by one query.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings

from inventory.availability import short_by_period
from inventory.free_days import DAY
from inventory.periods import BlockedPeriod, RentalPeriod
from inventory.shop_calendar import ShopCalendar

STRIP_DAYS = 60
COLLECTED_DAYS = 3  # a long weekend: what the page of a deck answers for before anybody has asked for days


@dataclass(frozen=True, slots=True)
class Start:
    """A first day, and how many copies the deck would lack: of each card those of its worst day, summed up."""

    first_day: date
    short: int

    @property
    def free(self) -> bool:
        return not self.short


@dataclass(frozen=True, slots=True)
class Starts:
    """Every first day on which the shop could still deliver, in order, as far as it plans; `wished` is a first day."""

    wished: date
    days: tuple[Start, ...]

    @property
    def earliest(self) -> date | None:
        """The earliest free one."""
        return next((start.first_day for start in self.days if start.free), None)

    @property
    def before(self) -> date | None:
        """The free one nearest before the wished day."""
        return next(
            (
                start.first_day
                for start in reversed(self.days)
                if start.free and start.first_day < self.wished
            ),
            None,
        )

    @property
    def after(self) -> date | None:
        """The free one nearest after the wished day."""
        return next(
            (start.first_day for start in self.days if start.free and start.first_day > self.wished), None
        )

    @property
    def next(self) -> date | None:
        """The wished day where it is free, else the nearest after it."""
        return next(
            (start.first_day for start in self.days if start.free and start.first_day >= self.wished), None
        )

    @property
    def strip(self) -> tuple[Start, ...]:
        """The next sixty."""
        return self.days[:STRIP_DAYS]

    @property
    def strip_has_free(self) -> bool:
        return any(start.free for start in self.strip)

    def is_free(self, first_day: date) -> bool:
        return any(start.free for start in self.days if start.first_day == first_day)


def starts(
    demand: Mapping[int, int],
    *,
    wished: date,
    first_days: Sequence[date],
    blocked: Callable[[date], BlockedPeriod],
    today: date,
    excluding: UUID | None = None,
) -> Starts:
    """The starts of `demand` (copies by card id) on these days, for somebody at the end of the queue. One query.

    `blocked`: the days on which the copies would be away, by first day.
    """
    short = short_by_period(demand, [blocked(day) for day in first_days], today=today, excluding=excluding)
    return Starts(wished, tuple(map(Start, first_days, short)))


def collected_starts(
    demand: Mapping[int, int], *, today: date, calendar: ShopCalendar, days: int = COLLECTED_DAYS
) -> Starts:
    """The next sixty starts for so many days, collected at the shop and brought back there. One query."""
    earliest = calendar.on_or_after(today)
    length = timedelta(days=days - 1)
    return starts(
        demand,
        wished=earliest,
        first_days=[earliest + later * DAY for later in range(STRIP_DAYS)],
        blocked=lambda day: RentalPeriod(day, day + length).blocked(
            calendar=calendar, same_day_turnaround=settings.SAME_DAY_TURNAROUND
        ),
        today=today,
    )
