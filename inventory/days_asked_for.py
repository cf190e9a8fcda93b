"""How many copies of a card are free on each of some days, as programs ask for it."""

from datetime import date, timedelta

from inventory.availability import free_by_day
from inventory.free_days import DAY
from inventory.models import Card

MOST_DAYS = 366
FURTHEST = timedelta(days=731)


class WrongDays(ValueError):
    """No answer can be given for these days; `field` is the one that has to change."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


def free_on_days(*, card: Card, first_day: date, last_day: date, today: date) -> dict[date, int]:
    """Free copies by day, both ends included; none where more is promised than is owned. Raises WrongDays."""
    if first_day < today:
        raise WrongDays("first_day", "This day has passed. Choose today or a later day.")
    if last_day < first_day:
        raise WrongDays("last_day", "The last day is before the first. Choose the first day or a later one.")
    if last_day > today + FURTHEST:
        raise WrongDays("last_day", f"We plan until {today + FURTHEST}. Choose that day or an earlier one.")
    if (last_day - first_day).days >= MOST_DAYS:
        raise WrongDays("last_day", f"Ask for at most {MOST_DAYS} days at once.")
    free = free_by_day([card.pk], first_day, last_day + DAY, today=today)[card.pk]
    return {first_day + later * DAY: max(0, copies) for later, copies in enumerate(free)}
