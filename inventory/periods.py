"""Rental periods and blocked periods: frozen, checked, without a clock. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from inventory.shop_calendar import ALWAYS_OPEN, ShopCalendar


@dataclass(frozen=True, slots=True)
class BlockedPeriod:
    """The days on which the copies are away, half-open: `out_on` is the first, `back_on` the first day back."""

    out_on: date
    back_on: date

    def __post_init__(self) -> None:
        if self.out_on >= self.back_on:
            raise ValueError(f"Copies cannot be back on {self.back_on} when they leave on {self.out_on}.")

    @property
    def length(self) -> int:
        """In days."""
        return (self.back_on - self.out_on).days

    def days(self) -> Iterator[date]:
        """Every blocked day, in order."""
        return (self.out_on + timedelta(days=offset) for offset in range(self.length))


@dataclass(frozen=True, slots=True)
class RentalPeriod:
    """First and last day the customer has the deck, both included."""

    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise ValueError(f"The last day, {self.last_day}, is before the first, {self.first_day}.")

    @property
    def length(self) -> int:
        """In days, both ends counted: what the customer pays for."""
        return (self.last_day - self.first_day).days + 1

    def starting(self, first_day: date) -> "RentalPeriod":
        """The period of the same length that starts on another day."""
        return RentalPeriod(first_day, first_day + (self.last_day - self.first_day))

    def due_back(self, *, transit_back_days: int, calendar: ShopCalendar = ALWAYS_OPEN) -> date:
        """The day on which the deck must be at the shop.

        It is handed over or posted on the last day, or on the next open one, and travels on open days.
        """
        return calendar.after(self.last_day, transit_back_days)

    def blocked(
        self,
        *,
        transit_out_days: int = 0,
        transit_back_days: int = 0,
        same_day_turnaround: bool = False,
        calendar: ShopCalendar = ALWAYS_OPEN,
    ) -> BlockedPeriod:
        """The half-open days on which the copies are away.

        They reach the customer on the first day, or on the last open one before it, leave `transit_out_days` open
        days earlier, and are due as `due_back` says. The day they are due still belongs to checking them in,
        unless they may leave again on the same day. A period has at least one blocked day, whatever the turnaround.
        """
        out_on = calendar.before(self.first_day, transit_out_days)
        due_on = self.due_back(transit_back_days=transit_back_days, calendar=calendar)
        back_on = due_on if same_day_turnaround else due_on + timedelta(days=1)
        return BlockedPeriod(out_on, max(back_on, out_on + timedelta(days=1)))
