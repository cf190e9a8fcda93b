from typing import Any

from django.db.models import Sum
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from orders.models import OrderCard
from orders.owners import owner_of
from orders.states import Status


def cart(request: HttpRequest) -> dict[str, Any]:
    """`cart_copies`: the number of copies in the visitor's cart. Asked of the database only where a page shows it."""

    def copies() -> int:
        owner = owner_of(request)
        if owner is None:
            return 0
        lines = OrderCard.objects.filter(order__in=owner.orders().filter(status=Status.CART))
        return lines.aggregate(copies=Sum("quantity"))["copies"] or 0

    return {"cart_copies": SimpleLazyObject(copies)}
