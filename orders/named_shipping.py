"""The days of a cart, where the way of shipping is said in words."""

from collections.abc import Sequence
from datetime import date

from orders.checkout import choose_days
from orders.models import Order, ShippingMethod


class UnknownShippingMethod(ValueError):
    """The shop ships in no way of this name; `choices` are those that it offers."""

    def __init__(self, name: str, choices: Sequence[ShippingMethod]) -> None:
        self.choices = tuple(method.slug for method in choices)
        super().__init__(
            f"There is no shipping method “{name[:60]}”. Choose one of these: {', '.join(self.choices)}."
        )


def choose_named_days(*, cart: Order, first_day: date, last_day: date, method: str, today: date) -> Order:
    """As `checkout.choose_days`, with the slug or the name of an offered way of shipping.

    Raises UnknownShippingMethod, RentalPeriodError or CartError.
    """
    offered = list(ShippingMethod.objects.offered())
    wanted = method.strip().casefold()
    chosen = next((each for each in offered if wanted in (each.slug, each.name.casefold())), None)
    if chosen is None:
        raise UnknownShippingMethod(method, offered)
    return choose_days(cart=cart, first_day=first_day, last_day=last_day, method=chosen, today=today)
