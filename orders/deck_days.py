"""The days that somebody chose on the page of a deck, for the cart that the deck goes into."""

from datetime import date

from orders.checkout import choose_days
from orders.dates import RentalPeriodError
from orders.models import Order, ShippingMethod


class DaysNotTaken(ValueError):
    """The cart has no days after it; the message says why and what to do."""


def take_days_along(*, cart: Order, first_day: date, last_day: date, today: date) -> Order | None:
    """A cart without days gets these, collected at the shop: that is what the page of a deck answers for.

    None, and nothing is changed, where it has days of its own that are still ahead. Raises DaysNotTaken or CartError.
    """
    if cart.first_day and cart.first_day >= today:
        return None
    method = ShippingMethod.objects.collected_at_the_shop().first()
    if method is None:
        raise DaysNotTaken("Your days were not taken along: choose in the cart how the deck gets to you.")
    try:
        return choose_days(cart=cart, first_day=first_day, last_day=last_day, method=method, today=today)
    except RentalPeriodError as error:
        raise DaysNotTaken(f"Your days were not taken along. {error}") from error
