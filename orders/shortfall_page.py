"""What a page shows of an order that may be short: what is missing and why, and the days on which nothing would be."""

from dataclasses import dataclass
from datetime import date

from inventory.closed_days import shop_calendar
from inventory.shop_calendar import ShopCalendar
from inventory.starts import Starts
from orders.explanations import ShortCard, explain_order, short_cards, waiting_ahead
from orders.models import Order
from orders.order_page import OrderPage, order_page
from orders.starts import starts_of


@dataclass(frozen=True, slots=True)
class ShortfallPage:
    """`starts`: other first days for as long; None where nothing is short, or where nobody asked for them."""

    page: OrderPage
    short_cards: tuple[ShortCard, ...] = ()
    starts: Starts | None = None

    @property
    def available(self) -> bool:
        return not self.short_cards

    @property
    def waiting_ahead(self) -> int:
        """How many orders wait, ahead, for one of the short cards."""
        return waiting_ahead(self.short_cards)

    @property
    def clears_on(self) -> date | None:
        """The day on which the last of the short cards is free again; None where that is not known of all."""
        days = [card.why.clears_on for card in self.short_cards]
        known = [day for day in days if day is not None]
        return max(known) if known and len(known) == len(days) else None


def shortfall_page(
    *, order: Order, today: date, with_starts: bool = True, calendar: ShopCalendar | None = None
) -> ShortfallPage:
    """The order with what it lacks explained. While no days are chosen, nothing is known to be short.

    `calendar`: where the caller has it already. A fixed number of queries, whatever the number of lines.
    """
    if order.blocked_period is None or order.shipping_method is None:
        return ShortfallPage(order_page(order=order, today=today, calendar=calendar))
    demand, calendar = order.demand(), calendar or shop_calendar()
    why = explain_order(order=order, today=today, demand=demand)
    page = order_page(order=order, today=today, short=why, calendar=calendar)
    starts = None
    if why and with_starts:
        starts = starts_of(order, today=today, calendar=calendar, demand=demand)
    return ShortfallPage(page, short_cards((shown.line for shown in page.lines), why), starts)
