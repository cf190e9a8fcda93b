from collections.abc import Callable
from datetime import date
from functools import partial

import strawberry
from django.utils import timezone

from orders import cart_items as items
from orders.cart_changes import contents_after, contents_after_merge
from orders.cart_ids import create_empty_cart
from orders.named_shipping import choose_named_days
from orders.schema.types import CartItemInputType, CartType, Info


def _after(
    change: Callable[..., object], info: Info, cart_id: str, *, whatever_it_costs: bool = False
) -> CartType:
    """The cart as the change left it."""
    return CartType(
        contents=contents_after(
            change,
            cart_id=cart_id,
            user=info.context.user,
            today=timezone.localdate(),
            whatever_it_costs=whatever_it_costs,
        )
    )


@strawberry.type
class OrdersMutation:
    @strawberry.mutation(
        name="createEmptyCart",
        description=(
            "For a guest: the id of a new cart. For a signed-in customer: the id of their cart, with "
            "what is in it."
        ),
    )
    def create_empty_cart(self, info: Info) -> str:
        return create_empty_cart(user=info.context.user).cart_id

    @strawberry.mutation(
        name="addProductsToCart",
        description=(
            "Adds copies, to equal lines where there are some. All of them, or none where something is wrong."
        ),
    )
    def add_products_to_cart(self, info: Info, cart_id: str, cart_items: list[CartItemInputType]) -> CartType:
        wanted = [each.item() for each in cart_items]
        return _after(partial(items.add_items, items=wanted), info, cart_id)

    @strawberry.mutation(
        name="updateCartItems",
        description=(
            "Sets the quantities of lines, from 1 on; removeItemFromCart takes a line out. All of "
            "them, or none."
        ),
    )
    def update_cart_items(self, info: Info, cart_id: str, cart_items: list[CartItemInputType]) -> CartType:
        wanted = [each.item() for each in cart_items]
        return _after(partial(items.set_items, items=wanted), info, cart_id)

    @strawberry.mutation(
        name="removeItemFromCart",
        description="Takes out every line of exactly this sku, in whichever zone.",
    )
    def remove_item_from_cart(self, info: Info, cart_id: str, sku: str) -> CartType:
        return _after(partial(items.remove_item, sku=sku), info, cart_id, whatever_it_costs=True)

    @strawberry.mutation(
        name="addTemplateDeckToCart",
        description="Adds every card of a deck that the shop offers.",
    )
    def add_template_deck_to_cart(self, info: Info, cart_id: str, slug: str) -> CartType:
        return _after(partial(items.add_deck, slug=slug), info, cart_id)

    @strawberry.mutation(
        name="addDeckListToCart",
        description=(
            "Adds a deck list in any format that the site reads: the whole list, or nothing where a "
            "line names no card."
        ),
    )
    def add_deck_list_to_cart(self, info: Info, cart_id: str, text: str) -> CartType:
        return _after(partial(items.add_list, text=text), info, cart_id)

    @strawberry.mutation(
        name="setRentalPeriod",
        description=(
            "First and last day with the customer, and how the deck is shipped: the method's slug or "
            "its name."
        ),
    )
    def set_rental_period(
        self, info: Info, cart_id: str, first_day: date, last_day: date, shipping_method: str
    ) -> CartType:
        choose = partial(
            choose_named_days,
            first_day=first_day,
            last_day=last_day,
            method=shipping_method,
            today=timezone.localdate(),
        )
        return _after(choose, info, cart_id)

    @strawberry.mutation(
        name="mergeCarts",
        description=(
            "Moves everything of a guest's cart into the customer's own; the guest's cart is gone afterwards."
        ),
    )
    def merge_carts(self, info: Info, source_cart_id: str, destination_cart_id: str) -> CartType:
        return CartType(
            contents=contents_after_merge(
                source_cart_id=source_cart_id,
                destination_cart_id=destination_cart_id,
                user=info.context.customer,
                today=timezone.localdate(),
            )
        )
