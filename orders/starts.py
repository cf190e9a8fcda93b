"""On which first days could the customer have the whole deck, for as long as they wish?

The arithmetic is that of inventory/starts.py; here it meets the order's length and its way of shipping.
"""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.conf import settings

from inventory.free_days import DAY
from inventory.periods import RentalPeriod
from inventory.shop_calendar import ShopCalendar
from inventory.starts import Starts, starts
from orders.dates import blocked_period, earliest_first_day
from orders.models import Order, ShippingMethod


def starts_for(
    demand: Mapping[int, int],
    *,
    wished: RentalPeriod,
    method: ShippingMethod,
    today: date,
    calendar: ShopCalendar,
    excluding: UUID | None = None,
    days: int | None = None,
) -> Starts:
    """The starts of `demand` (copies by card id), for as long as `wished`, for somebody at the end of the queue.

    `days`: how many starts at most, from the first day on which the shop could deliver; all within its planning
    horizon where that is left out. One query.
    """
    earliest = earliest_first_day(method, today=today, calendar=calendar)
    last = today + settings.RENTAL_HORIZON_DAYS * DAY
    count = max(0, (last - earliest).days + 1)
    return starts(
        demand,
        wished=wished.first_day,
        first_days=[earliest + later * DAY for later in range(count if days is None else min(count, days))],
        blocked=lambda first_day: blocked_period(wished.starting(first_day), method, calendar),
        today=today,
        excluding=excluding,
    )


def starts_of(
    order: Order,
    *,
    today: date,
    calendar: ShopCalendar,
    days: int | None = None,
    demand: Mapping[int, int] | None = None,
) -> Starts:
    """The starts of an order with dates, not counting itself. Other days are asked for at the end of the queue.

    `demand`: the order's, where the caller has it already.
    """
    period, method = order.rental_period, order.shipping_method
    if period is None or method is None:
        raise ValueError(f"{order} has no dates yet: a start is a question about days.")
    return starts_for(
        order.demand() if demand is None else demand,
        wished=period,
        method=method,
        today=today,
        calendar=calendar,
        excluding=order.claim,
        days=days,
    )
