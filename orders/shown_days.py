"""The days that a page showed when they were paid for: where the shop has closed on one meanwhile, they are others.

They are written down with the try to pay, or with the change that is paid for, and compared where the money is booked.
Where they have moved nothing is booked: the customer hears which have, and says yes to the new ones.
"""

from collections.abc import Sequence
from datetime import date

from django.utils.formats import date_format

from orders.dates import Schedule


def written(schedule: Schedule) -> list[str]:
    """As it is kept, and as a form sends it: the deck leaves, is theirs from, until, and must be back."""
    days = (schedule.leaves_on, schedule.first_day, schedule.last_day, schedule.due_back_on)
    return [day.isoformat() for day in days]


def moved(shown: Sequence[str], now: Sequence[str]) -> str:
    """Which of the days that were shown have moved, in words; empty where none has, or none were written down."""
    if not shown or not now:
        return ""
    pairs = zip(_SAYS, shown, now, strict=True)
    return "; ".join(
        f"{says} {_in_words(day)} instead of {_in_words(was)}" for says, was, day in pairs if was != day
    )


_SAYS = ("the deck leaves on", "it is yours from", "it is yours until", "it must be back by")


def _in_words(day: str) -> str:
    return date_format(date.fromisoformat(day), "l j F")
