"""Whose cart and orders these are: a user's or a guest's."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from accounts.guests import guest_of, make_guest_of
from accounts.models import Guest, User
from orders.models import Order
from orders.models.order import OrderQuerySet
from orders.transitions import Actor, customer


@dataclass(frozen=True, slots=True)
class Owner:
    """A user, or else a guest."""

    user: User | None = None
    guest: Guest | None = None

    def __post_init__(self) -> None:
        if (self.user is None) == (self.guest is None):
            raise ValueError(
                "An owner is a user or a guest: without either, everybody's orders would be meant."
            )

    @property
    def as_fields(self) -> dict[str, Any]:
        """For `Order.objects.filter(**…)` and `create(**…)`."""
        return {"user": self.user} if self.user else {"guest": self.guest}

    @property
    def actor(self) -> Actor:
        return customer(self.user)

    def orders(self) -> OrderQuerySet:
        return Order.objects.filter(**self.as_fields)


def owner_of_order(order: Order) -> Owner:
    return Owner(user=order.user, guest=order.guest)


def owner_of(request: HttpRequest) -> Owner | None:
    """The visitor as an owner; None for one who has not signed in and has no guest record."""
    if request.user.is_authenticated:
        return Owner(user=request.user)
    guest = guest_of(request.session)
    return Owner(guest=guest) if guest else None


def make_owner_of(request: HttpRequest) -> Owner:
    """The same, but a visitor without a guest record gets one now."""
    return owner_of(request) or Owner(guest=make_guest_of(request.session))
