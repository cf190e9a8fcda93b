"""Whoever changes a cart hears what became of that change, whatever another device does right afterwards."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from inventory.models import Card
from orders import cart_ids, cart_items, checkout
from orders.cart_contents import CartContents
from orders.cart_ids import create_empty_cart
from orders.models import Order, OrderCard
from orders.schema import mutations
from orders.sign_in import give_to_user
from orders.states import Status
from tests.factories import (
    TODAY,
    PickupFactory,
    UserFactory,
    cart_with,
    held_payment,
    stocked_card,
    template_deck,
)
from tests.graphql.calls import ADD, Device, device_of
from tests.racing import LONG_ENOUGH_SECONDS, begin_elsewhere, elsewhere, once_after, once_before
from tests.racing import wait_until_somebody_waits_for_us as wait_for_somebody

pytestmark = pytest.mark.django_db(transaction=True)

DAY = (TODAY + timedelta(days=10)).isoformat()
# Of each mutation: the module and name of the change, the call, and the copies that the cart has afterwards.
CHANGES: dict[str, tuple[Any, str, str, dict[str, int]]] = {
    "addProductsToCart": (
        cart_items,
        "add_items",
        'cart_id: $id, cart_items: [{sku: "bolt", quantity: 2}]',
        {"bolt": 2, "island": 3},
    ),
    "updateCartItems": (
        cart_items,
        "set_items",
        'cart_id: $id, cart_items: [{sku: "island", quantity: 1}]',
        {"island": 1},
    ),
    "removeItemFromCart": (cart_items, "remove_item", 'cart_id: $id, sku: "forest"', {"island": 3}),
    "addTemplateDeckToCart": (
        cart_items,
        "add_deck",
        'cart_id: $id, slug: "burn"',
        {"bolt": 4, "island": 3},
    ),
    "addDeckListToCart": (
        cart_items,
        "add_list",
        'cart_id: $id, text: "1 Bolt"',
        {"bolt": 1, "island": 3},
    ),
    "setRentalPeriod": (
        mutations,
        "choose_named_days",
        f'cart_id: $id, first_day: "{DAY}", last_day: "{DAY}", shipping_method: "pickup"',
        {"island": 3},
    ),
    "mergeCarts": (
        cart_ids,
        "merge_carts",
        "source_cart_id: $source, destination_cart_id: $id",
        {"bolt": 5, "island": 3},
    ),
}


def as_shown(answer: dict[str, Any]) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in answer["cart_items"]}


def in_the_order(order: Order) -> dict[str, int]:
    return dict(order.order_cards.values_list("card__slug", "quantity"))


def begin_and_let_it_come_as_far_as_it_can(action: Callable[[], Any]) -> "Future[Any]":
    begun = begin_elsewhere(action)
    with suppress(AssertionError):  # it is done: nothing was in its way
        if not begun.done():
            wait_for_somebody()
    return begun


@pytest.mark.parametrize("mutation", CHANGES)
def test_a_checkout_right_after_a_change_does_not_take_its_answer_away(monkeypatch, mutation: str):
    module, name, call, copies = CHANGES[mutation]
    user: User = UserFactory(password="")
    bolt, island, forest = (stocked_card(9, name=name) for name in ("Bolt", "Island", "Forest"))
    template_deck({bolt: 4}, name="Burn")
    PickupFactory()
    cart = cart_with({island: 3}, user=user)
    source = create_empty_cart(user=None)
    OrderCard.objects.create(order=source, card=bolt, quantity=5)
    if mutation == "removeItemFromCart":
        OrderCard.objects.create(order=cart, card=forest, quantity=1)
    paying: list[Future[Any]] = []

    def pay() -> Order:
        return checkout.settle(payment=held_payment(Order.objects.get(pk=cart.pk)), today=TODAY)

    once_after(monkeypatch, module, name, lambda: paying.append(begin_and_let_it_come_as_far_as_it_can(pay)))
    declared = "$id: String!, $source: String!" if mutation == "mergeCarts" else "$id: String!"
    answer = device_of(user).get(
        f"mutation ({declared}) {{ {mutation}({call}) {{ cart_items {{ sku quantity }} }} }}",
        id=cart.cart_id,
        source=source.cart_id,
    )
    order = paying[0].result(timeout=LONG_ENOUGH_SECONDS)
    assert as_shown(answer) == copies == in_the_order(order)
    assert order.status == Status.OPEN


def test_a_sign_in_while_the_answer_is_written_does_not_empty_it(monkeypatch):
    """The change is done and the lock is let go; the guest's lines go to the customer before they are told."""
    user: User = UserFactory(password="")
    bolt: Card = stocked_card(9, name="Bolt")
    cart = create_empty_cart(user=None)

    def sign_in() -> None:
        elsewhere(lambda: give_to_user(guest=cart.guest, user=user))

    once_before(monkeypatch, CartContents, "items", sign_in)
    answer = Device().get(ADD, cart_id=cart.cart_id, cart_items=[{"sku": "bolt", "quantity": 2}])
    assert as_shown(answer) == {"bolt": 2}
    assert OrderCard.objects.get(card=bolt).order.user == user


def test_a_change_of_nothing_is_answered():
    user: User = UserFactory(password="")
    cart = cart_with({stocked_card(9, name="Bolt"): 2}, user=user)
    assert as_shown(device_of(user).get(ADD, cart_id=cart.cart_id, cart_items=[])) == {"bolt": 2}
