from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.formats import date_format

LONGEST = timedelta(days=366)


class ClosedDay(models.Model):
    """Days on which the shop works on nothing, first and last included, for a reason of its own.

    Weekends and public holidays are settings; see inventory/closed_days.py for all of them together.
    """

    first_day = models.DateField()
    last_day = models.DateField()
    reason = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first_day", "last_day"], name="one_closed_day_row_per_period"),
            models.CheckConstraint(
                name="closed_day_first_and_last_in_order",
                condition=Q(first_day__lte=F("last_day")),
                violation_error_message="The last day is before the first.",
            ),
            models.CheckConstraint(  # a slip in the year would close the shop for a century
                name="closed_day_within_a_year",
                condition=Q(last_day__lt=F("first_day") + LONGEST),
                violation_error_message="These are more than 366 days. Close the shop for a year at most.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days}: {self.reason}"

    @property
    def days(self) -> str:
        """As people say them."""
        first, last = date_format(self.first_day, "j F Y"), date_format(self.last_day, "j F Y")
        return first if first == last else f"{first} to {last}"
