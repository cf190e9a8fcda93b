import strawberry
from django.utils import timezone

from inventory.schema import USUAL, check_first
from orders.cart_contents import CartContents
from orders.cart_ids import customer_cart, find_cart
from orders.latest_orders import orders_of
from orders.models import Order
from orders.schema.types import CartType, Info, OrderType


def shown(cart: Order) -> CartType:
    return CartType(contents=CartContents(cart, timezone.localdate()))


@strawberry.type
class OrdersQuery:
    @strawberry.field(description="A guest's cart, for whoever knows its id, or the customer's own.")
    def cart(self, info: Info, cart_id: str) -> CartType:
        return shown(find_cart(cart_id=cart_id, user=info.context.user))

    @strawberry.field(
        name="customerCart",
        description=(
            "The cart of the signed-in customer, the same on every device; made at once where there is none."
        ),
    )
    def customer_cart(self, info: Info) -> CartType:
        return shown(customer_cart(user=info.context.customer))

    @strawberry.field(description="The orders of the signed-in customer, the newest first.")
    def orders(self, info: Info, first: int | None = USUAL) -> list[OrderType]:
        return OrderType.all_of(orders_of(user=info.context.customer, first=check_first(first)))
