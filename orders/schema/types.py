"""Carts and orders as programs see them."""

from datetime import date, datetime

import strawberry
from django.conf import settings

from accounts.callers import Caller
from inventory.skus import skus_of
from orders.cart_contents import CartContents, ItemOfCart
from orders.cart_items import CartItem
from orders.models import Order

Info = strawberry.Info[Caller, None]


@strawberry.type(
    name="CartItem",
    description="A line: copies of a card, or of a preferred printing, in a zone of the deck.",
)
class CartItemType:
    sku: str = strawberry.field(description="The card's slug; with a preferred printing slug@set-number.")
    name: str
    quantity: int
    zone: str = strawberry.field(description="main, sideboard or commander.")
    available: bool | None = strawberry.field(
        description="Whether all copies are free on the cart's days; null while there are none."
    )
    short: int | None = strawberry.field(
        description="Copies missing on the worst day; null while there are no days."
    )

    @classmethod
    def of(cls, item: ItemOfCart) -> "CartItemType":
        return cls(
            sku=item.sku,
            name=item.line.card.name,
            quantity=item.line.quantity,
            zone=item.line.zone,
            available=None if item.short is None else item.short == 0,
            short=item.short,
        )


@strawberry.input(name="CartItemInput")
class CartItemInputType:
    sku: str = strawberry.field(description="A card's slug, or slug@set-number for a preferred printing.")
    quantity: int
    zone: str | None = strawberry.field(
        default=strawberry.UNSET, description="main, sideboard or commander; main where it is left out."
    )

    def item(self) -> CartItem:
        return CartItem(self.sku, self.quantity, None if self.zone is strawberry.UNSET else self.zone)


@strawberry.type(name="Cart", description="What a customer or guest is about to rent.")
class CartType:
    contents: strawberry.Private[CartContents]

    @strawberry.field(description="Whoever knows the id of a guest's cart may use it: keep it to yourself.")
    def cart_id(self) -> str:
        return self.contents.cart.cart_id

    @strawberry.field(description="Its lines, in the order in which a deck is read.")
    def cart_items(self) -> list[CartItemType]:
        return [CartItemType.of(item) for item in self.contents.items()]

    @strawberry.field(
        description=(
            "With days: what the order would cost now, shipping and tax included. Without days: what "
            "all cards cost for one day, before shipping and tax."
        )
    )
    def total_cents(self) -> int:
        return self.contents.total_cents()

    @strawberry.field(description="Of all amounts, as ISO 4217 has it, in small letters.")
    def currency(self) -> str:
        return str(settings.CURRENCY)

    @strawberry.field(
        description=(
            "Whether the shop can deliver the whole deck on the cart's days: false, too, where it is too "
            "late for them; null while there are none."
        )
    )
    def deck_available(self) -> bool | None:
        return self.contents.available()

    @strawberry.field(
        description=(
            "The first day, from the wished one on, on which the whole deck is free for as long; null "
            "where there is none as far as the shop plans, and while there are no days."
        )
    )
    def next_start(self) -> date | None:
        return self.contents.next_start()

    @strawberry.field
    def first_day(self) -> date | None:
        return self.contents.cart.first_day

    @strawberry.field
    def last_day(self) -> date | None:
        return self.contents.cart.last_day

    @strawberry.field(description="What setRentalPeriod calls it.")
    def shipping_method(self) -> str | None:
        method = self.contents.cart.shipping_method
        return method.slug if method else None


@strawberry.type(name="OrderItem")
class OrderItemType:
    sku: str
    name: str
    quantity: int
    zone: str
    needed: int = strawberry.field(description="Copies that the shop lacks while the order is pending.")


@strawberry.type(name="Order", description="A submitted order.")
class OrderType:
    number: str
    status: str = strawberry.field(
        description="confirming, pending, open, dispatched, returned or cancelled."
    )
    pending: bool = strawberry.field(description="Paid for and waiting until the shop has every card.")
    ordered_at: datetime | None
    first_day: date | None
    last_day: date | None
    shipping_method: str | None
    total_cents: int | None
    currency: str
    order_items: list[OrderItemType]

    @classmethod
    def all_of(cls, orders: list[Order]) -> "list[OrderType]":
        """Of orders that were read with their lines, cards and printings."""
        lines = [line for order in orders for line in order.order_cards.all()]
        skus = dict(
            zip(
                (line.pk for line in lines),
                skus_of([(line.card, line.preferred_printing) for line in lines]),
                strict=True,
            )
        )
        return [cls._of(order, skus) for order in orders]

    @classmethod
    def _of(cls, order: Order, skus: dict[int, str]) -> "OrderType":
        return cls(
            number=order.number,
            status=order.status,
            pending=order.pending,
            ordered_at=order.authorized_at,
            first_day=order.first_day,
            last_day=order.last_day,
            shipping_method=order.shipping_method.slug if order.shipping_method else None,
            total_cents=order.total_cents,
            currency=settings.CURRENCY,
            order_items=[
                OrderItemType(
                    sku=skus[line.pk],
                    name=line.card.name,
                    quantity=line.quantity,
                    zone=line.zone,
                    needed=line.needed,
                )
                for line in order.order_cards.all()
            ],
        )
