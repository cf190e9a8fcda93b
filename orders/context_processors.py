from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from inventory.periods import RentalPeriod
from orders.models import Order
from orders.owners import owner_of
from orders.states import Status


def cart(request: HttpRequest) -> dict[str, Any]:
    """What pages show of the visitor's cart; asked of the database only where a page shows it, and once for both.

    `cart_copies`: the number of copies in it. `cart_number`: by which a form says which cart its page showed; empty
    where there is none. `cart_days`: its RentalPeriod, with which the fields of a page can be
    filled; it counts as false in a template where the cart has none, or one that has begun.
    """

    @cache
    def read() -> Order | None:
        owner = owner_of(request)
        return owner.orders().filter(status=Status.CART).with_copies().first() if owner else None

    def copies() -> int:
        order = read()
        return order.copies if order else 0  # type: ignore[attr-defined]

    def number() -> str:
        order = read()
        return order.number if order else ""

    def days() -> RentalPeriod | None:
        order = read()
        period = order.rental_period if order else None
        return period if period and period.first_day >= timezone.localdate() else None

    return {
        "cart_copies": SimpleLazyObject(copies),
        "cart_number": SimpleLazyObject(number),
        "cart_days": SimpleLazyObject(days),
    }
