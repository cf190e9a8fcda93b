"""What each field costs in queries: the same with one line, card or order as with a hundred."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.tokens import issue
from deckrental.graphql.schema import schema
from inventory.models import Card
from inventory.search import memory
from orders.cart_ids import create_empty_cart, customer_cart
from orders.models import Order, OrderCard
from orders.states import Status
from tests.factories import (
    TODAY,
    CardFactory,
    GuestFactory,
    PickupFactory,
    PrintingFactory,
    StockMovementFactory,
    UserFactory,
    template_deck,
)
from tests.graphql.calls import Device

pytestmark = pytest.mark.django_db

FIRST, LAST = TODAY + timedelta(days=10), TODAY + timedelta(days=12)
WHOLE_CART = """{ cart_id total_cents currency deck_available next_start first_day last_day shipping_method
  cart_items { sku name quantity zone available short } }"""


class Shop:
    """Cards of one name, each with stock, and a customer whose cart has a line for each, with days set.

    Every card is short, so that the engine is asked for the next start; every line prefers a printing.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.user: User = UserFactory(password="")
        self.pickup = PickupFactory()
        self.cards: list[Card] = [CardFactory(name=f"Island {n}") for n in range(size)]
        self.printings = [PrintingFactory(card=card) for card in self.cards]
        for printing in self.printings:
            StockMovementFactory(printing=printing, quantity=1)
        self.cart = self.fill(customer_cart(user=self.user), copies=2)
        Order.objects.filter(pk=self.cart.pk).update(
            first_day=FIRST,
            last_day=LAST,
            out_on=FIRST,
            due_on=LAST,
            back_on=LAST + timedelta(days=1),
            shipping_method=self.pickup,
        )
        secret = issue(user=self.user, now=timezone.now()).secret
        self.device = Device(secret)
        self.device.send("{ __typename }")  # its use is noted once an hour

    def fill(self, cart: Order, copies: int = 1) -> Order:
        OrderCard.objects.bulk_create(
            OrderCard(order=cart, card=card, quantity=copies, preferred_printing=printing)
            for card, printing in zip(self.cards, self.printings, strict=True)
        )
        return cart

    def skus(self) -> list[str]:
        return [
            f"{card.slug}@{printing.set_code}-{printing.collector_number}"
            for card, printing in zip(self.cards, self.printings, strict=True)
        ]

    def queries(self, query: str, **variables: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            answer = self.device.send(query, **variables)
        assert "errors" not in answer, answer
        return len([each for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def items(shop: Shop, quantity: int, **more: Any) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity, **more} for sku in shop.skus()]


def of_cart(shop: Shop, call: str, declared: str = "", **variables: Any) -> int:
    query = f"mutation ($id: String!{declared}) {{ {call} {WHOLE_CART} }}"
    return shop.queries(query, id=shop.cart.cart_id, **variables)


def queries_of_cart(shop: Shop) -> int:
    return shop.queries(f"query ($id: String!) {{ cart(cart_id: $id) {WHOLE_CART} }}", id=shop.cart.cart_id)


def queries_of_id_only(shop: Shop) -> int:
    return shop.queries(
        "query ($id: String!) { cart(cart_id: $id) { cart_id first_day } }", id=shop.cart.cart_id
    )


def queries_of_customer_cart(shop: Shop) -> int:
    return shop.queries(f"{{ customerCart {WHOLE_CART} }}")


def queries_of_cards(shop: Shop) -> int:
    memory.shelves(today=TODAY)
    return shop.queries(
        f'{{ cards(search: "island", first: {shop.size}) {{ sku name day_price_cents owned free_today }} }}'
    )


def queries_of_availability(shop: Shop) -> int:
    last = TODAY + timedelta(days=shop.size)
    return shop.queries(
        "query ($sku: String!, $first: Date!, $last: Date!) {"
        " cardAvailability(sku: $sku, first_day: $first, last_day: $last) { day free } }",
        sku=shop.skus()[0],
        first=TODAY.isoformat(),
        last=last.isoformat(),
    )


def queries_of_decks(shop: Shop) -> int:
    for number in range(shop.size):
        template_deck(dict.fromkeys(shop.cards[:5], 1), name=f"Deck {number}")
    return shop.queries(
        f"{{ templateDecks(first: {shop.size}) {{ slug day_price_cents short_today copies cards {{ sku name }} }} }}"
    )


def queries_of_orders(shop: Shop) -> int:
    for _ in range(shop.size):
        order = Order.objects.create(guest=GuestFactory(), shipping_method=shop.pickup)
        shop.fill(order) if shop.size == 1 else OrderCard.objects.create(
            order=order, card=shop.cards[0], quantity=1, preferred_printing=shop.printings[0]
        )
        Order.objects.filter(pk=order.pk).update(
            guest=None, user=shop.user, status=Status.OPEN, authorized_at=timezone.now()
        )
    return shop.queries(
        f"{{ orders(first: {shop.size}) {{ number status pending total_cents shipping_method"
        " order_items { sku name quantity needed } } }"
    )


def queries_of_adding(shop: Shop) -> int:
    call = "addProductsToCart(cart_id: $id, cart_items: $items)"
    added = items(shop, 1) + items(shop, 1, zone="sideboard")
    return of_cart(shop, call, ", $items: [CartItemInput!]!", items=added)


def queries_of_setting(shop: Shop) -> int:
    call = "updateCartItems(cart_id: $id, cart_items: $items)"
    return of_cart(shop, call, ", $items: [CartItemInput!]!", items=items(shop, 3))


def queries_of_removing(shop: Shop) -> int:
    OrderCard.objects.create(order=shop.cart, card=CardFactory(name="Forest"), quantity=1)
    return of_cart(shop, 'removeItemFromCart(cart_id: $id, sku: "forest")')


def queries_of_adding_a_deck(shop: Shop) -> int:
    template_deck(dict.fromkeys(shop.cards, 1), name="Deck")
    return of_cart(shop, 'addTemplateDeckToCart(cart_id: $id, slug: "deck")')


def queries_of_adding_a_list(shop: Shop) -> int:
    text = "\n".join(f"1 {card.name}" for card in shop.cards)
    of_cart(shop, "addDeckListToCart(cart_id: $id, text: $text)", ", $text: String!", text=text)
    return of_cart(shop, "addDeckListToCart(cart_id: $id, text: $text)", ", $text: String!", text=text)


def queries_of_days(shop: Shop) -> int:
    call = (
        f'setRentalPeriod(cart_id: $id, first_day: "{FIRST}", last_day: "{LAST}", shipping_method: "pickup")'
    )
    return of_cart(shop, call)


def queries_of_merging(shop: Shop) -> int:
    source = shop.fill(create_empty_cart(user=None))
    call = "mergeCarts(source_cart_id: $source, destination_cart_id: $id)"
    return of_cart(shop, call, ", $source: String!", source=source.cart_id)


def queries_of_creating(shop: Shop) -> int:
    return shop.queries("mutation { createEmptyCart }")


PINNED = {
    "cart": (queries_of_cart, 9),
    "cart, its id only": (queries_of_id_only, 2),
    "customerCart": (queries_of_customer_cart, 10),
    "cards": (queries_of_cards, 4),
    "cardAvailability": (queries_of_availability, 4),
    "templateDecks": (queries_of_decks, 5),
    "orders": (queries_of_orders, 4),
    "createEmptyCart": (queries_of_creating, 2),
    "addProductsToCart": (queries_of_adding, 17),
    "updateCartItems": (queries_of_setting, 15),
    "removeItemFromCart": (queries_of_removing, 16),
    "addTemplateDeckToCart": (queries_of_adding_a_deck, 18),
    "addDeckListToCart": (queries_of_adding_a_list, 14),
    "setRentalPeriod": (queries_of_days, 14),
    "mergeCarts": (queries_of_merging, 30),
}


@pytest.mark.parametrize("size", [1, 100])
@pytest.mark.parametrize("field", PINNED)
def test_a_field_costs_the_same_whatever_the_number(field: str, size: int):
    count, pinned = PINNED[field]
    assert count(Shop(size)) == pinned


def test_every_field_is_counted():
    fields = {
        name for root in (schema._schema.query_type, schema._schema.mutation_type) for name in root.fields
    }
    about_tokens = {"generateCustomerToken", "revokeCustomerToken"}  # there is never more than one
    assert fields == {name.split(",")[0] for name in PINNED} | about_tokens
