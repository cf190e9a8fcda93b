"""Nobody reads or changes a cart that is not theirs, by any field that takes the id of one.

The fields are read from the schema, so that a new one is walked without anybody thinking of it.
"""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.test import Client
from graphql import GraphQLField, GraphQLInputObjectType, get_named_type, is_non_null_type

from accounts.models import User
from deckrental.graphql.schema import schema
from orders.cart_ids import create_empty_cart
from orders.models import MergedCart, Order, OrderCard
from tests.factories import (
    TODAY,
    PickupFactory,
    StaffFactory,
    UserFactory,
    placed,
    stocked_card,
    template_deck,
)
from tests.graphql.calls import Device, device_of

pytestmark = pytest.mark.django_db

NOT_FOUND = "Could not find a cart with ID"
ROOTS = {"query": schema._schema.query_type, "mutation": schema._schema.mutation_type}
FIELDS: dict[str, tuple[str, GraphQLField]] = {
    name: (operation, field) for operation, root in ROOTS.items() for name, field in root.fields.items()
}
# Each argument that names a cart, with its field.
DOORS = [
    (name, argument)
    for name, (_, field) in FIELDS.items()
    for argument in field.args
    if "cart_id" in argument
]
VALUES: dict[str, Any] = {
    "cart_items": [{"sku": "product-a", "quantity": 3}],
    "sku": "product-a",
    "slug": "deck-a",
    "text": "2 Product A",
    "first_day": (TODAY + timedelta(days=10)).isoformat(),
    "last_day": (TODAY + timedelta(days=12)).isoformat(),
    "shipping_method": "pickup",
}


class Shop:
    """Two guests, two customers and one of the staff, each with a cart in which lies a card."""

    def __init__(self) -> None:
        card = stocked_card(9, name="Product A")
        template_deck({card: 1}, name="Deck A")
        PickupFactory()
        self.people: dict[str, User | None] = {
            "guest A": None,
            "guest B": None,
            "customer A": UserFactory(password=""),
            "customer B": UserFactory(password=""),
            "staff": StaffFactory(is_superuser=True, password=""),
        }
        self.carts = {name: create_empty_cart(user=user) for name, user in self.people.items()}
        for cart in self.carts.values():
            OrderCard.objects.create(order=cart, card=card, quantity=1)

    def device(self, name: str) -> Device:
        user = self.people.get(name)
        return device_of(user) if user else Device()

    def state(self) -> Any:
        lines = OrderCard.objects.order_by("pk").values_list("order__cart_id", "card", "zone", "quantity")
        orders = Order.objects.order_by("pk").values("pk", "cart_id", "user", "guest", "status", "first_day")
        return list(lines), list(orders), MergedCart.objects.count()


@pytest.fixture
def shop() -> Shop:
    return Shop()


def call(field: str, **cart_ids: str) -> tuple[str, dict[str, Any]]:
    """The operation that asks this field, with good values for whatever it wants besides the ids."""
    operation, definition = FIELDS[field]
    values = {
        name: cart_ids.get(name) or VALUES[name] for name in definition.args if name in {*cart_ids, *VALUES}
    }
    missing = [n for n, a in definition.args.items() if is_non_null_type(a.type) and n not in values]
    assert not missing, f"Say in VALUES what {field} is asked with: {missing}"
    declared = ", ".join(f"${name}: {definition.args[name].type}" for name in values)
    passed = ", ".join(f"{name}: ${name}" for name in values)
    shows = (
        " { cart_id cart_items { sku quantity } }" if get_named_type(definition.type).name == "Cart" else ""
    )
    return f"{operation} ({declared}) {{ {field}({passed}){shows} }}", values


def ids_for(shop: Shop, field: str, argument: str, cart_id: str, who: str) -> dict[str, str]:
    """This id for this argument, and the caller's own, or a usable guest's, for the other."""
    ids = {argument: cart_id}
    for other in FIELDS[field][1].args:
        if "cart_id" in other and other != argument:
            ids[other] = shop.carts["guest A" if other.startswith("source") else who].cart_id
    return ids


def test_the_walk_knows_the_doors():
    assert len({name for name, _ in DOORS}) >= 8
    assert ("mergeCarts", "source_cart_id") in DOORS


@pytest.mark.parametrize(("field", "argument"), DOORS)
def test_nobody_comes_at_the_cart_of_a_customer_but_that_customer(shop: Shop, field: str, argument: str):
    before = shop.state()
    for who, whose in product(
        ["anonymous", "guest A", "customer A", "staff"], ["customer B", "customer A", "staff"]
    ):
        if who == whose:
            continue  # tests of each field show that they may
        ids = ids_for(
            shop, field, argument, shop.carts[whose].cart_id, who if who in shop.carts else "guest A"
        )
        query, values = call(field, **ids)
        answer = shop.device(who).send(query, **values)
        (error,) = answer["errors"]
        told = (error["extensions"]["code"], error["message"])
        if field == "mergeCarts" and shop.people.get(who) is None:
            assert told[0] == "UNAUTHENTICATED", (who, whose)
        else:
            assert told == ("CART_NOT_FOUND", NOT_FOUND), (who, whose)
        assert answer["data"] is None
        assert shop.state() == before, (who, whose)


@pytest.mark.parametrize(("field", "argument"), DOORS)
def test_what_is_no_cart_is_found_by_nobody(shop: Shop, field: str, argument: str):
    submitted = placed({stocked_card(1): 1}, user=UserFactory(password="")).cart_id
    ids = ids_for(shop, field, argument, "-", "customer A")
    query, values = call(field, **ids)
    before = shop.state()
    for gone in ("", "nothing", "\x00", "x" * 5000, "1", "%", submitted):
        error = shop.device("customer A").error(query, **{**values, argument: gone})
        assert (error["message"], error["code"]) == (NOT_FOUND, "CART_NOT_FOUND"), gone
        assert shop.state() == before


@pytest.mark.parametrize(("field", "argument"), DOORS)
def test_a_submitted_order_of_ones_own_is_no_cart_any_more(shop: Shop, field: str, argument: str):
    user = shop.people["customer A"]
    order = placed({stocked_card(1): 1}, user=UserFactory(password=""))
    Order.objects.filter(pk=order.pk).update(user=user)
    query, values = call(field, **ids_for(shop, field, argument, order.cart_id, "customer A"))
    before = shop.state()
    assert shop.device("customer A").error(query, **values)["message"] == NOT_FOUND
    assert shop.state() == before


@pytest.mark.parametrize("who", ["anonymous", "guest B", "customer A", "staff"])
def test_whoever_knows_the_id_of_a_guests_cart_may_use_it(shop: Shop, who: str):
    query, values = call("addProductsToCart", cart_id=shop.carts["guest A"].cart_id)
    assert shop.device(who).get(query, **values)["cart_items"] == [{"sku": "product-a", "quantity": 4}]


def test_no_field_leads_from_a_guest_to_the_cart_of_another(shop: Shop):
    """Where no id is given there is nobody's cart to be had: only one's own, or a new one."""
    known = {cart.cart_id for cart in shop.carts.values()}
    assert Device().get("mutation { createEmptyCart }") not in known
    assert Device().error("{ customerCart { cart_id } }")["code"] == "UNAUTHENTICATED"
    for name in ("customer A", "customer B", "staff"):
        own = shop.carts[name].cart_id
        assert shop.device(name).get("mutation { createEmptyCart }") == own
        assert shop.device(name).get("{ customerCart { cart_id } }")["cart_id"] == own


def test_each_customer_lists_their_own_orders(shop: Shop):
    numbers = {}
    for name in ("customer A", "customer B"):
        shop.carts[name].delete()
        numbers[name] = placed({stocked_card(1): 1}, user=shop.people[name]).number
    for name, number in numbers.items():
        assert shop.device(name).get("{ orders { number } }") == [{"number": number}]
    assert shop.device("staff").get("{ orders { number } }") == []
    assert Device().error("{ orders { number } }")["code"] == "UNAUTHENTICATED"


def test_the_id_of_a_cart_has_192_random_bits(shop: Shop):
    assert all(len(cart.cart_id) == 32 for cart in shop.carts.values())


def test_a_browser_of_a_guest_goes_on_with_its_cart_through_the_api(shop: Shop):
    """The page put a card into it; a program that was told the id sees it."""
    browser = Client()
    browser.post("/cart/add-card/product-a/", {"quantity": 2})
    cart = Order.objects.exclude(pk__in=[each.pk for each in shop.carts.values()]).get()
    query, values = call("addProductsToCart", cart_id=cart.cart_id)
    assert Device().get(query, **values)["cart_items"] == [{"sku": "product-a", "quantity": 5}]


def test_types_of_input_hide_no_ids():
    """The walk looks at arguments: an input type with an id of a cart in it would be a door that it does not see."""
    types = {get_named_type(a.type) for _, field in FIELDS.values() for a in field.args.values()}
    inner = {name for t in types if isinstance(t, GraphQLInputObjectType) for name in t.fields}
    assert inner == {"sku", "quantity", "zone"}
