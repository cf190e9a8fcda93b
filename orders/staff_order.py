"""Everything that the desk sees of one order. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from inventory.closed_days import shop_calendar
from inventory.shop_calendar import ShopCalendar
from orders.dates import Schedule, schedule_of
from orders.explanations import ExplainedForStaff, explain_for_staff
from orders.models import Order, OrderEvent
from orders.order_page import OrderPage, order_page
from orders.shortfall_page import ShortfallPage, shortfall_page
from orders.states import NOT_YET_LEFT, Status

# What has left, and what is over, is not short of anything any more.
_CAN_BE_SHORT = (Status.CART, Status.CONFIRMING, *NOT_YET_LEFT)


@dataclass(frozen=True, slots=True)
class Replan:
    """An accepted order that leaves on a day that is closed by now, is due on one, or both.

    `schedule`: its days as the calendar gives them now.
    """

    leaves: bool
    due: bool
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class StaffOrder:
    """An order with what it lacks, behind whom, and what happened to it."""

    shortfall: ShortfallPage
    explained: Sequence[ExplainedForStaff]
    events: Sequence[OrderEvent]
    overdue: bool
    replan: Replan | None

    @property
    def page(self) -> OrderPage:
        return self.shortfall.page

    @property
    def can_be_changed(self) -> bool:
        return self.page.order.status in NOT_YET_LEFT

    @property
    def can_be_kept_longer(self) -> bool:
        return self.page.order.status == Status.DISPATCHED


def staff_order(*, number: str, today: date) -> StaffOrder:
    """The order of that number. Nine queries, whatever the number of lines. Raises Order.DoesNotExist."""
    order = Order.objects.select_related("user", "shipping_method").get(number=number)
    replan = None
    if order.status in _CAN_BE_SHORT:
        calendar = shop_calendar()
        shortfall = shortfall_page(order=order, today=today, with_starts=False, calendar=calendar)
        replan = replan_of(order, calendar)
    else:
        shortfall = ShortfallPage(order_page(order=order, today=today, short={}))
    return StaffOrder(
        shortfall=shortfall,
        explained=explain_for_staff(shortfall.short_cards),
        events=list(order.events.select_related("by").order_by("at", "pk")),
        overdue=order.status == Status.DISPATCHED and order.due_on is not None and order.due_on < today,
        replan=replan,
    )


def replan_of(order: Order, calendar: ShopCalendar) -> Replan | None:
    """None unless the shop is closed on a day that this accepted order was promised."""
    period, method = order.rental_period, order.shipping_method
    if order.status not in NOT_YET_LEFT or period is None or method is None:
        return None
    assert order.out_on is not None
    assert order.due_on is not None
    leaves, due = not calendar.is_open(order.out_on), not calendar.is_open(order.due_on)
    return Replan(leaves, due, schedule_of(period, method, calendar)) if leaves or due else None
