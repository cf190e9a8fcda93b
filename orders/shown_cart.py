"""What a page said of a cart when it was paid for, beside the total: its days and its cards.

It is written down with the try to pay. Where it is not so any more, nothing is held or booked: the button that is
pressed, the booking of the money, and whoever asks afterwards all hear the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orders.dates import Schedule
from orders.models import OrderCard
from orders.shown_cards import CHANGED, cards_shown
from orders.shown_days import moved, written


@dataclass(frozen=True, slots=True)
class ShownCart:
    """`days` as orders/shown_days.py writes them, `cards` as orders/shown_cards.py does; empty: nothing was said."""

    days: Sequence[str] = ()
    cards: str = ""

    def why_not(self, now: "ShownCart") -> str:
        """Why the cart is not that any more, as the customer is told; empty where it is."""
        if self.cards and now.cards and self.cards != now.cards:
            return CHANGED
        days = moved(self.days, now.days)
        return (
            f"Your days have moved, since the shop is closed on one of them or they were chosen anew: {days}. "
            "Nothing is held. Look at them, and pay where they suit you."
            if days
            else ""
        )


def shown_cart(lines: Iterable[OrderCard], schedule: Schedule | None) -> ShownCart:
    """What a page says of a cart as it is."""
    return ShownCart(written(schedule) if schedule else (), cards_shown(lines))
