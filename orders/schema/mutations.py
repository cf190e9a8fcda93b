from datetime import date

import strawberry
from django.utils import timezone

from orders import cart_items as items
from orders.cart_ids import create_empty_cart, find_cart, merge_guest_cart
from orders.named_shipping import choose_named_days
from orders.schema.queries import shown
from orders.schema.types import CartItemInputType, CartType, Info


def _again(info: Info, cart_id: str) -> CartType:
    """The cart as it is after a change."""
    return shown(find_cart(cart_id=cart_id, user=info.context.user))


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
        cart = find_cart(cart_id=cart_id, user=info.context.user)
        items.add_items(cart=cart, items=[each.item() for each in cart_items])
        return _again(info, cart_id)

    @strawberry.mutation(
        name="updateCartItems",
        description=(
            "Sets the quantities of lines, from 1 on; removeItemFromCart takes a line out. All of "
            "them, or none."
        ),
    )
    def update_cart_items(self, info: Info, cart_id: str, cart_items: list[CartItemInputType]) -> CartType:
        cart = find_cart(cart_id=cart_id, user=info.context.user)
        items.set_items(cart=cart, items=[each.item() for each in cart_items])
        return _again(info, cart_id)

    @strawberry.mutation(
        name="removeItemFromCart",
        description="Takes out every line of exactly this sku, in whichever zone.",
    )
    def remove_item_from_cart(self, info: Info, cart_id: str, sku: str) -> CartType:
        items.remove_item(cart=find_cart(cart_id=cart_id, user=info.context.user), sku=sku)
        return _again(info, cart_id)

    @strawberry.mutation(
        name="addTemplateDeckToCart",
        description="Adds every card of a deck that the shop offers.",
    )
    def add_template_deck_to_cart(self, info: Info, cart_id: str, slug: str) -> CartType:
        items.add_deck(cart=find_cart(cart_id=cart_id, user=info.context.user), slug=slug)
        return _again(info, cart_id)

    @strawberry.mutation(
        name="addDeckListToCart",
        description=(
            "Adds a deck list in any format that the site reads: the whole list, or nothing where a "
            "line names no card."
        ),
    )
    def add_deck_list_to_cart(self, info: Info, cart_id: str, text: str) -> CartType:
        items.add_list(cart=find_cart(cart_id=cart_id, user=info.context.user), text=text)
        return _again(info, cart_id)

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
        choose_named_days(
            cart=find_cart(cart_id=cart_id, user=info.context.user),
            first_day=first_day,
            last_day=last_day,
            method=shipping_method,
            today=timezone.localdate(),
        )
        return _again(info, cart_id)

    @strawberry.mutation(
        name="mergeCarts",
        description=(
            "Moves everything of a guest's cart into the customer's own; the guest's cart is gone afterwards."
        ),
    )
    def merge_carts(self, info: Info, source_cart_id: str, destination_cart_id: str) -> CartType:
        return shown(
            merge_guest_cart(
                source_cart_id=source_cart_id,
                destination_cart_id=destination_cart_id,
                user=info.context.customer,
            )
        )
