"""The days that a visitor asks about in the address of a page: `?from=2027-03-12&to=2027-03-14`.

They only colour what a page shows: nothing is promised by them. So a card, a deck and a search answer for a
customer who comes to the shop; what an order takes with its own way of shipping is worked out with the order.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.utils.formats import date_format

from inventory.closed_days import shop_calendar
from inventory.periods import BlockedPeriod, RentalPeriod
from inventory.shop_calendar import NoOpenDay, ShopCalendar

FIRST, LAST = "from", "to"  # the names in the address
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LONGEST = 20  # characters of what was written that are shown again


@dataclass(frozen=True, slots=True)
class AskedDays:
    """`period` and `blocked`, both or neither: the days with the customer, and those away from the shop.

    `message` says why days that were written are not used, `note` what to know of days that are: that the shop
    is closed on one of them. `first_text` and `last_text` are what was written, for the fields of the page.
    """

    period: RentalPeriod | None = None
    blocked: BlockedPeriod | None = None
    message: str = ""
    note: str = ""
    first_text: str = ""
    last_text: str = ""

    def __bool__(self) -> bool:
        """Whether there are days to answer for."""
        return self.period is not None

    @property
    def written(self) -> dict[str, str]:
        """What was written, by its name in the address; empty where nothing was."""
        return {name: text for name, text in ((FIRST, self.first_text), (LAST, self.last_text)) if text}

    @property
    def address(self) -> str:
        """The same as the part of an address that comes behind its question mark."""
        return urlencode(self.written)


class _NoPeriod(ValueError):
    """These are no days to rent for; the message says why and what would be."""


def asked_days(query: Mapping[str, str], *, today: date, calendar: ShopCalendar | None = None) -> AskedDays:
    """The days in an address (`request.GET`), as if the cards were collected at the shop and brought back there.

    No query where none are written, else one for the closed days, unless the caller has the `calendar` already.
    """
    first_text, last_text = (
        query.get(name, "").replace("\x00", " ").strip()[:_LONGEST] for name in (FIRST, LAST)
    )
    if not first_text and not last_text:
        return AskedDays()
    try:
        period = _period(first_text, last_text, today=today)
        calendar = calendar or shop_calendar()
        _check_open_in_time(period, today=today, calendar=calendar)
        blocked = collected(period, calendar=calendar)
    except (_NoPeriod, NoOpenDay, OverflowError) as error:
        message = str(error) if isinstance(error, _NoPeriod) else "Choose days in the next months."
        return AskedDays(message=message, first_text=first_text, last_text=last_text)
    return AskedDays(
        period=period,
        blocked=blocked,
        note=_closed_note(period, calendar),
        first_text=first_text,
        last_text=last_text,
    )


def collected(period: RentalPeriod, *, calendar: ShopCalendar) -> BlockedPeriod:
    """The days on which copies are away that are collected at the shop and brought back there."""
    return period.blocked(calendar=calendar, same_day_turnaround=settings.SAME_DAY_TURNAROUND)


def _period(first_text: str, last_text: str, *, today: date) -> RentalPeriod:
    if not last_text:
        raise _NoPeriod("Choose the last day, too.")
    if not first_text:
        raise _NoPeriod("Choose the first day, too.")
    first_day, last_day = _day(first_text), _day(last_text)
    if first_day < today:
        raise _NoPeriod("The first day has passed. Choose today or a later day.")
    if last_day < first_day:
        raise _NoPeriod("The last day is before the first. Choose the first day or a later one.")
    horizon = today + timedelta(days=settings.RENTAL_HORIZON_DAYS)
    if first_day > horizon:
        raise _NoPeriod(
            f"We plan until {_in_words(horizon)} {horizon.year}. Choose that day or an earlier one."
        )
    period = RentalPeriod(first_day, last_day)
    if period.length > settings.RENTAL_MAX_DAYS:
        raise _NoPeriod(
            f"These are {period.length} days; we rent for at most {settings.RENTAL_MAX_DAYS}. "
            "Choose an earlier last day."
        )
    return period


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise _NoPeriod(f"“{text}” is no day. Choose one, or write it like 2027-03-31.") from None


def _check_open_in_time(period: RentalPeriod, *, today: date, calendar: ShopCalendar) -> None:
    earliest = calendar.on_or_after(today)
    if period.first_day < earliest:
        raise _NoPeriod(
            f"The shop is closed until then. It opens on {_in_words(earliest)}: choose that day or a later one."
        )


def _closed_note(period: RentalPeriod, calendar: ShopCalendar) -> str:
    """What moves because the shop is closed on the day of collecting or of bringing back."""
    collect_on, bring_on = calendar.on_or_before(period.first_day), calendar.on_or_after(period.last_day)
    closed, moved = [], []
    if collect_on != period.first_day:
        closed.append(_in_words(period.first_day))
        moved.append(f"collect the cards on {_in_words(collect_on)}")
    if bring_on != period.last_day:
        closed.append(_in_words(period.last_day))
        moved.append(f"bring them back on {_in_words(bring_on)}")
    if not moved:
        return ""
    return f"The shop is closed on {' and '.join(dict.fromkeys(closed))}: you {' and '.join(moved)}."


def _in_words(day: date) -> str:
    return date_format(day, "l j F")
