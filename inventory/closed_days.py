"""The days on which the shop is closed: weekdays and holidays from the settings, and days of its own.

What was promised to a customer stays as it was promised, whatever day is closed or opened later.
"""

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction

from inventory.models import ClosedDay
from inventory.models.closed_day import LONGEST
from inventory.shop_calendar import ShopCalendar


class ClosedDayError(ValueError):
    """The shop cannot close like this; `field` is the form field that has to change."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


def shop_calendar() -> ShopCalendar:
    """The calendar as it stands. One query: read it once where a story begins, and hand it on."""
    periods = ClosedDay.objects.values_list("first_day", "last_day")
    return ShopCalendar(
        closed_weekdays=settings.CLOSED_WEEKDAYS,
        region=settings.HOLIDAYS,
        closed_days=frozenset(
            first_day + timedelta(days=offset)
            for first_day, last_day in periods
            for offset in range((last_day - first_day).days + 1)
        ),
    )


def close(*, first_day: date, last_day: date, reason: str, today: date) -> ClosedDay:
    """The shop works on nothing on these days, first and last included. Raises ClosedDayError.

    Once more for the same days changes the reason: a second click closes nothing twice.
    """
    if last_day < first_day:
        raise ClosedDayError(
            "last_day", "The last day is before the first. Choose the first day or a later one."
        )
    if last_day < today:
        raise ClosedDayError("first_day", "These days have passed. Choose today or a later day.")
    if last_day - first_day >= LONGEST:
        raise ClosedDayError(
            "last_day",
            f"These are more than {LONGEST.days} days. Close the shop for a year at most, then once more.",
        )
    with transaction.atomic():
        closed, _ = ClosedDay.objects.update_or_create(
            first_day=first_day, last_day=last_day, defaults={"reason": reason}
        )
    return closed


def reopen(pk: int) -> ClosedDay | None:
    """The shop works on these days after all. None where it does already."""
    closed = ClosedDay.objects.filter(pk=pk).first()
    if closed is not None:
        ClosedDay.objects.filter(pk=pk).delete()
    return closed
