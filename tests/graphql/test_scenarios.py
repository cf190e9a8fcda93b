"""The scenarios by which carts follow their customer, step by step."""

import pytest

from orders.models import Order
from tests.factories import UserFactory, stocked_card
from tests.graphql.calls import ADD, CART, MERGE, Device, device_of

pytestmark = pytest.mark.django_db

PRODUCT_A = "product-a"
TWO = [{"sku": PRODUCT_A, "quantity": 2}]
TOKEN = """
mutation ($email: String!, $password: String!) {
  generateCustomerToken(email: $email, password: $password) { token }
}"""


@pytest.fixture(autouse=True)
def _product_a() -> None:
    stocked_card(4, name="Product A")


def signed_in(email: str) -> Device:
    """A device on which the customer types their e-mail address and password."""
    answer = Device().get(TOKEN, email=email, password="correct horse battery")
    return Device(answer["token"])


def test_scenario_for_point_1_the_customer_goes_on_with_the_same_cart_on_another_device():
    # Precondition: an existing guest cart without products.
    guest = Device()
    guest_cart_id = guest.get("mutation { createEmptyCart }")
    assert guest.get(CART, cart_id=guest_cart_id)["cart_items"] == []

    customer = UserFactory()
    laptop = signed_in(customer.email)
    # 1: laptop
    cart_id = laptop.get("{ customerCart { cart_id } }")["cart_id"]
    assert cart_id != guest_cart_id
    # 2: laptop
    assert laptop.get(ADD, cart_id=cart_id, cart_items=TWO) == {"cart_id": cart_id, "cart_items": TWO}
    # 3: smartphone
    smartphone = signed_in(customer.email)
    assert smartphone.token != laptop.token
    shown = smartphone.get("{ customerCart { cart_id cart_items { sku quantity } } }")
    assert shown == {"cart_id": cart_id, "cart_items": TWO}
    # Postcondition
    assert smartphone.get(CART, cart_id=cart_id) == {"cart_id": cart_id, "cart_items": TWO}


def test_scenario_for_point_2_the_guest_cart_goes_into_the_customer_cart_and_is_gone():
    # Precondition: an existing guest cart with products.
    guest = Device()
    guest_cart_id = guest.get("mutation { createEmptyCart }")
    guest.get(ADD, cart_id=guest_cart_id, cart_items=TWO)
    assert guest.get(CART, cart_id=guest_cart_id)["cart_items"] == TWO

    customer = signed_in(UserFactory().email)
    # 1
    shown = customer.get("{ customerCart { cart_id cart_items { sku quantity } } }")
    assert shown["cart_items"] == []
    # 2
    merged = customer.get(MERGE, source=guest_cart_id, destination=shown["cart_id"])
    assert merged == {"cart_id": shown["cart_id"], "cart_items": TWO}
    # Postcondition: the guest cart is destroyed.
    answer = guest.send(CART, cart_id=guest_cart_id)
    assert [error["message"] for error in answer["errors"]] == ["Could not find a cart with ID"]
    assert not Order.objects.filter(cart_id=guest_cart_id).exists()


def test_note_1_of_point_1_customer_cart_makes_a_cart_at_once_and_then_always_answers_the_same():
    customer = device_of(UserFactory())
    asked = [customer.get("{ customerCart { cart_id } }")["cart_id"] for _ in range(3)]
    assert len(set(asked)) == 1
    assert Order.objects.count() == 1


def test_note_2_of_point_1_customer_cart_is_for_signed_in_customers_only():
    assert Device().error("{ customerCart { cart_id } }")["code"] == "UNAUTHENTICATED"
    assert not Order.objects.exists()
