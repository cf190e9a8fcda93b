"""The orders that a customer has submitted, as programs list them."""

from django.db.models import Prefetch

from accounts.models import User
from orders.models import Order, OrderCard
from orders.states import Status


def orders_of(*, user: User, first: int) -> list[Order]:
    """The newest of them, with their lines, cards and printings. Two queries."""
    lines = OrderCard.objects.select_related("card", "preferred_printing").by_zone_and_name()
    orders = Order.objects.filter(user=user).exclude(status=Status.CART).select_related("shipping_method")
    return list(
        orders.order_by("-authorized_at", "-pk").prefetch_related(Prefetch("order_cards", queryset=lines))[
            :first
        ]
    )
