"""A cart as programs read it: each part is worked out when it is asked for, and once, whoever asks for it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from inventory.availability import Shortfall
from inventory.closed_days import shop_calendar
from inventory.shop_calendar import ShopCalendar
from inventory.skus import skus_of
from orders.dates import earliest_first_day
from orders.deck_availability import deck_shortfalls, next_start, short_by_line
from orders.lines import lines_of, quote_of
from orders.models import Order, OrderCard

MOST_CENTS = 2**31 - 1  # what an Int of GraphQL holds, and a sum in the database


class TotalTooLarge(ValueError):
    """The cart costs more than any order can."""

    def __init__(self) -> None:
        super().__init__("This cart costs more than an order can. Take copies out, or shorten the rental.")


@dataclass(frozen=True, slots=True)
class ItemOfCart:
    """A line with its sku. `short`: copies it lacks on the cart's days; None while there are none."""

    line: OrderCard
    sku: str
    short: int | None


@dataclass(frozen=True)
class CartContents:
    """Read the cart with its shipping method."""

    cart: Order
    today: date

    def read(self) -> None:
        """Reads the lines now: what is told later is told of these."""
        _ = self._lines

    def items(self) -> list[ItemOfCart]:
        """Two queries at most, and the engine's where the cart has days."""
        short = self._short
        lacking = short_by_line(self._lines, short) if short is not None else {}
        skus = skus_of([(line.card, line.preferred_printing) for line in self._lines])
        return [
            ItemOfCart(line, sku, lacking.get(line.pk)) for line, sku in zip(self._lines, skus, strict=True)
        ]

    def total_cents(self) -> int:
        """With days what the order would cost now, shipping and tax included; without, all cards for one day."""
        if not self._lines:
            return 0
        quote = quote_of(self.cart, self._lines)
        total = quote.total_cents if quote else sum(line.quantity * line.rent_cents for line in self._lines)
        if total > MOST_CENTS:
            raise TotalTooLarge
        return total

    def available(self) -> bool | None:
        """Whether the shop can deliver the whole deck on the cart's days; None while there are none."""
        return None if self._short is None else not self._short and not self._too_late

    def next_start(self) -> date | None:
        """The first day, not before the wished one, on which the whole deck is free for as long."""
        if self._short is None:
            return None
        if self.available():
            return self.cart.first_day
        return next_start(order=self.cart, today=self.today, calendar=self._calendar)

    @cached_property
    def _too_late(self) -> bool:
        """The days have come nearer since they were chosen, or have passed: nothing reaches the customer by then."""
        method, first_day = self.cart.shipping_method, self.cart.first_day
        assert method is not None
        assert first_day is not None
        return first_day < earliest_first_day(method, today=self.today, calendar=self._calendar)

    @cached_property
    def _calendar(self) -> ShopCalendar:
        return shop_calendar()

    @cached_property
    def _lines(self) -> list[OrderCard]:
        return lines_of(self.cart)

    @cached_property
    def _short(self) -> Mapping[int, Shortfall] | None:
        if self.cart.blocked_period is None:
            return None
        return deck_shortfalls(order=self.cart, today=self.today)
