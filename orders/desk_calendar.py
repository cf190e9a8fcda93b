"""The days on which the shop is closed, as the desk looks at them, and the orders that they get in the way of."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db.models import Max, Q

from inventory.closed_days import shop_calendar
from inventory.models import ClosedDay
from inventory.shop_calendar import ShopCalendar, holidays_of
from orders.models import Order
from orders.states import NOT_YET_LEFT, RESERVED, Status

AHEAD = timedelta(days=365)
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True, slots=True)
class Holiday:
    day: date
    name: str


@dataclass(frozen=True, slots=True)
class Clash:
    """An accepted order that leaves on a closed day, is due on one, or both."""

    order: Order
    leaves: bool
    due: bool


@dataclass(frozen=True, slots=True)
class DeskCalendar:
    """`weekdays` that are always closed; `holidays` of the next 12 months; `closed`: the shop's own days that are
    not over; `clashes`: orders that were accepted before one of these days was closed."""

    weekdays: tuple[str, ...]
    region: str
    holidays: tuple[Holiday, ...]
    closed: tuple[ClosedDay, ...]
    clashes: tuple[Clash, ...]


def desk_calendar(*, today: date) -> DeskCalendar:
    """The coming closed days. Four queries, whatever is closed."""
    return DeskCalendar(
        weekdays=tuple(_WEEKDAYS[weekday] for weekday in sorted(settings.CLOSED_WEEKDAYS)),
        region=settings.HOLIDAYS,
        holidays=tuple(_coming_holidays(settings.HOLIDAYS, today=today)),
        closed=tuple(ClosedDay.objects.filter(last_day__gte=today).order_by("first_day", "last_day")),
        clashes=tuple(_clashes(shop_calendar(), today=today)),
    )


def _coming_holidays(region: str, *, today: date) -> list[Holiday]:
    until = today + AHEAD
    named = {**holidays_of(region, today.year), **holidays_of(region, until.year)}
    return [Holiday(day, named[day]) for day in sorted(named) if today <= day <= until]


def _clashes(calendar: ShopCalendar, *, today: date) -> list[Clash]:
    accepted = Order.objects.filter(status__in=RESERVED, due_on__gte=today)
    last_due = accepted.aggregate(last=Max("due_on"))["last"]
    if last_due is None:
        return []
    closed = set(calendar.closed_between(today, last_due))
    to_leave = Q(status__in=NOT_YET_LEFT, out_on__in=closed)
    orders = accepted.filter(to_leave | Q(due_on__in=closed)).order_by("out_on", "number")
    return [
        Clash(
            order,
            leaves=order.status != Status.DISPATCHED and order.out_on in closed,
            due=order.due_on in closed,
        )
        for order in orders
    ]
