from datetime import date, timedelta

from django import template
from django.utils.formats import date_format

register = template.Library()


@register.filter
def to_day(first: date, last: date) -> str:
    """Days from the first to the last, as short as can be said.

    >>> to_day(date(2026, 12, 12), date(2026, 12, 14)), to_day(date(2026, 11, 30), date(2026, 12, 2))
    ('12–14 December', '30 November – 2 December')
    """
    if first == last:
        return date_format(first, "j F")
    if first.year != last.year:
        return f"{date_format(first, 'j F Y')} – {date_format(last, 'j F Y')}"
    if first.month != last.month:
        return f"{date_format(first, 'j F')} – {date_format(last, 'j F')}"
    return f"{first.day}–{date_format(last, 'j F')}"


@register.filter
def last_of(first: date, days: int) -> date:
    """The last of so many days.

    >>> last_of(date(2026, 12, 12), 3)
    datetime.date(2026, 12, 14)
    """
    return first + timedelta(days=days - 1)


@register.filter
def days_from(day: date, other: date) -> str:
    """How far a day lies from another: "3 days earlier", "1 day later", "the same day"."""
    days = (day - other).days
    if not days:
        return "the same day"
    return f"{abs(days)} day{'' if abs(days) == 1 else 's'} {'later' if days > 0 else 'earlier'}"
