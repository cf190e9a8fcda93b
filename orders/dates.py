"""Which days can be chosen, and when the deck leaves and must be back."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.utils.formats import date_format

from inventory.closed_days import shop_calendar
from inventory.periods import BlockedPeriod, RentalPeriod
from inventory.shop_calendar import ShopCalendar
from orders.models import Order, ShippingMethod
from orders.states import Status


class RentalPeriodError(ValueError):
    """The days cannot be rented; `field` is the form field that has to change."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The days of an order: leaves the shop, first and last day with the customer, due back at the shop."""

    leaves_on: date
    first_day: date
    last_day: date
    due_back_on: date


def schedule_of(period: RentalPeriod, method: ShippingMethod, calendar: ShopCalendar) -> Schedule:
    return Schedule(
        leaves_on=blocked_period(period, method, calendar).out_on,
        first_day=period.first_day,
        last_day=period.last_day,
        due_back_on=period.due_back(transit_back_days=method.transit_back_days, calendar=calendar),
    )


def schedule_of_order(order: Order, calendar: ShopCalendar | None = None) -> Schedule | None:
    """The days of an order; None until they are chosen. `calendar`: where the caller has it already.

    A cart's are worked out anew, as they would be if it was paid for now. From then on they are what the customer
    was promised and the stock reserved, also where the shop closes on one of them later.
    """
    period, method = order.rental_period, order.shipping_method
    if period is None or method is None:
        return None
    if order.status == Status.CART:
        return schedule_of(period, method, calendar or shop_calendar())
    assert order.out_on is not None
    assert order.due_on is not None
    return Schedule(order.out_on, period.first_day, period.last_day, order.due_on)


def post_by(schedule: Schedule, calendar: ShopCalendar) -> date:
    """The last day on which a deck that is sent back can be posted: the last day, or the next open one."""
    return min(calendar.on_or_after(schedule.last_day), schedule.due_back_on)


def blocked_period(period: RentalPeriod, method: ShippingMethod, calendar: ShopCalendar) -> BlockedPeriod:
    """The half-open days on which the copies are away."""
    return period.blocked(
        transit_out_days=method.transit_out_days,
        transit_back_days=method.transit_back_days,
        same_day_turnaround=settings.SAME_DAY_TURNAROUND,
        calendar=calendar,
    )


def earliest_dispatch(method: ShippingMethod, *, today: date, calendar: ShopCalendar) -> date:
    """The first day that a deck can leave that is ordered today.

    What is ordered on a closed day is got ready like what is ordered on the next open one.
    """
    return calendar.after(today, method.lead_days)


def earliest_first_day(method: ShippingMethod, *, today: date, calendar: ShopCalendar) -> date:
    """The first day that the customer can have a deck that is ordered today; every later day can be had too."""
    return calendar.after(earliest_dispatch(method, today=today, calendar=calendar), method.transit_out_days)


def check_rental_period(
    *, first_day: date, last_day: date, method: ShippingMethod, today: date, calendar: ShopCalendar
) -> RentalPeriod:
    """The rental period. Raises RentalPeriodError unless the shop rents for these days with this method."""
    if first_day < today:
        raise RentalPeriodError("first_day", "This day has passed. Choose today or a later day.")
    if last_day < first_day:
        raise RentalPeriodError(
            "last_day", "The last day is before the first. Choose the first day or a later one."
        )
    earliest = earliest_first_day(method, today=today, calendar=calendar)
    if first_day < earliest:
        raise RentalPeriodError(
            "first_day",
            f"With {method.name.lower()} the deck can be with you from {date_format(earliest, 'j F Y')} on. "
            "Choose that day or a later one, or another way of shipping.",
        )
    horizon = today + timedelta(days=settings.RENTAL_HORIZON_DAYS)
    if first_day > horizon:
        raise RentalPeriodError(
            "first_day", f"We plan until {date_format(horizon, 'j F Y')}. Choose that day or an earlier one."
        )
    period = RentalPeriod(first_day, last_day)
    check_length(period)
    return period


def check_length(period: RentalPeriod) -> None:
    """Raises RentalPeriodError for more days than the shop rents for."""
    if period.length > settings.RENTAL_MAX_DAYS:
        raise RentalPeriodError(
            "last_day",
            f"These are {period.length} days; we rent for at most {settings.RENTAL_MAX_DAYS}. "
            "Choose an earlier last day.",
        )
