"""On which days the shop, and whoever carries its parcels, works. Pure: no database, no clock.

A step is a look into the sorted open days of a year. Those of an ordinary year are worked out once in a process.
"""

import re
from bisect import bisect_left, bisect_right
from calendar import isleap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, date, timedelta
from functools import lru_cache

from holidays import country_holidays

_COUNTRY = re.compile("[A-Z]{2}")  # ISO 3166-1; the library takes names of its classes, too
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class NoOpenDay(ValueError):
    """The calendar has no open day there: in the whole week, or as far as years are counted."""


def weekdays_of(names: Iterable[str]) -> frozenset[int]:
    """The weekdays of names like `sat`, Monday is 0. Raises ValueError for other names, and for all seven."""
    wanted = [name.strip().lower() for name in names]
    unknown = [name for name in wanted if name not in WEEKDAYS]
    if unknown:
        raise ValueError(f"“{', '.join(unknown)}” is no weekday. Take from {', '.join(WEEKDAYS)}.")
    weekdays = frozenset(WEEKDAYS.index(name) for name in wanted)
    ShopCalendar(weekdays)
    return weekdays


def check_region(region: str) -> str:
    """A country, or a country and a part of it, like DE or DE-BE, or nothing. Raises ValueError for any other."""
    if not region:
        return region
    country, _, part = region.partition("-")
    try:
        parts = country_holidays(country if _COUNTRY.fullmatch(country) else "").subdivisions
    except NotImplementedError:
        raise ValueError(
            f"No holidays are known of “{country}”. Take a country's two letters, like DE or FR."
        ) from None
    if "-" in region and part not in parts:
        known = f"Known are {', '.join(parts)}." if parts else "No part of it is."
        raise ValueError(f"No holidays are known of “{part}” in {country}. {known}")
    return region


@lru_cache(maxsize=256)
def holidays_of(region: str, year: int) -> Mapping[date, str]:
    """The public holidays of a region's year, with their names; none where there is no region."""
    if not region:
        return {}
    country, _, part = region.partition("-")
    return dict(country_holidays(country, subdiv=part or None, years=year, language="en_US"))


@lru_cache(maxsize=256)
def _ordinary_days(year: int, closed_weekdays: frozenset[int], region: str) -> tuple[date, ...]:
    """The open days of a year, but for the shop's own closed days."""
    first, closed = date(year, 1, 1), holidays_of(region, year)
    days = (first + timedelta(days=offset) for offset in range(366 if isleap(year) else 365))
    return tuple(day for day in days if day.weekday() not in closed_weekdays and day not in closed)


@dataclass(frozen=True, slots=True)
class ShopCalendar:
    """The days on which nothing is handed over, dispatched, carried or taken back.

    `closed_weekdays`: Monday is 0; `region`: whose public holidays are kept, like DE-BE, or nothing;
    `closed_days`: the shop's own. Raises NoOpenDay where the whole week is closed.
    """

    closed_weekdays: frozenset[int] = frozenset()
    region: str = ""
    closed_days: frozenset[date] = frozenset()
    _years: dict[int, tuple[date, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.closed_weekdays >= frozenset(range(7)):
            raise NoOpenDay("The shop cannot be closed on every day of the week.")

    def is_open(self, day: date) -> bool:
        return (
            day.weekday() not in self.closed_weekdays
            and day not in self.closed_days
            and day not in holidays_of(self.region, day.year)
        )

    def on_or_before(self, day: date) -> date:
        """The last open day up to this one."""
        return self.before(day, 0)

    def on_or_after(self, day: date) -> date:
        """The first open day from this one on."""
        return self.after(day, 0)

    def before(self, day: date, days: int) -> date:
        """From the last open day up to `day`, so many open days back. Raises NoOpenDay before the year 1."""
        year = day.year
        open_days = self._open_days(year)
        place = bisect_right(open_days, day) - 1 - days
        while place < 0:
            year -= 1
            if year < MINYEAR:
                raise NoOpenDay(f"There are no {days} open days before {day}.")
            open_days = self._open_days(year)
            place += len(open_days)
        return open_days[place]

    def after(self, day: date, days: int) -> date:
        """From the first open day from `day` on, so many open days on. Raises NoOpenDay after the year 9999."""
        year = day.year
        open_days = self._open_days(year)
        place = bisect_left(open_days, day) + days
        while place >= len(open_days):
            place -= len(open_days)
            year += 1
            if year > MAXYEAR:
                raise NoOpenDay(f"There are no {days} open days after {day}.")
            open_days = self._open_days(year)
        return open_days[place]

    def closed_between(self, first_day: date, last_day: date) -> list[date]:
        """Every closed day from the first to the last of these, both included."""
        length = (last_day - first_day).days + 1
        days = (first_day + timedelta(days=offset) for offset in range(length))
        return [day for day in days if not self.is_open(day)]

    def _open_days(self, year: int) -> tuple[date, ...]:
        found = self._years.get(year)
        if found is None:
            found = _ordinary_days(year, self.closed_weekdays, self.region)
            if self.closed_days:
                found = tuple(day for day in found if day not in self.closed_days)
            self._years[year] = found
        return found


ALWAYS_OPEN = ShopCalendar()
