"""The scenarios once more, over HTTP, by a client that is none of ours; and the example for Python in the docs."""

import pytest
from django.conf import settings
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.requests import RequestsHTTPTransport

from tests.factories import UserFactory, stocked_card
from tests.graphql.calls import ADD, CART, MERGE
from tests.graphql.test_docs import PAGE

pytestmark = pytest.mark.django_db(transaction=True)

TWO = [{"sku": "product-a", "quantity": 2}]
CUSTOMER_CART = "{ customerCart { cart_id cart_items { sku quantity } } }"
TOKEN = "mutation { generateCustomerToken(email: %s, password: %s) { token expires_at } }"


class Program:
    def __init__(self, url: str, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = Client(transport=RequestsHTTPTransport(f"{url}/graphql/", headers=headers))

    def get(self, query: str, **variables):
        request = gql(query)
        request.variable_values = variables
        (value,) = self.client.execute(request).values()
        return value


@pytest.fixture
def email() -> str:
    stocked_card(4, name="Product A")
    return UserFactory().email


def signed_in(url: str, email: str) -> Program:
    token = Program(url).get(TOKEN % (f'"{email}"', '"correct horse battery"'))["token"]
    return Program(url, token)


def test_scenario_for_point_1_over_http(live_server, email: str):
    guest = Program(live_server.url)
    assert guest.get(CART, cart_id=guest.get("mutation { createEmptyCart }"))["cart_items"] == []
    laptop = signed_in(live_server.url, email)
    cart_id = laptop.get("{ customerCart { cart_id } }")["cart_id"]
    filled = {"cart_id": cart_id, "cart_items": TWO}
    assert laptop.get(ADD, cart_id=cart_id, cart_items=TWO) == filled
    smartphone = signed_in(live_server.url, email)
    assert smartphone.get(CUSTOMER_CART) == filled
    assert smartphone.get(CART, cart_id=cart_id) == filled


def test_scenario_for_point_2_over_http(live_server, email: str):
    guest = Program(live_server.url)
    source = guest.get("mutation { createEmptyCart }")
    guest.get(ADD, cart_id=source, cart_items=TWO)
    customer = signed_in(live_server.url, email)
    empty = customer.get(CUSTOMER_CART)
    assert empty["cart_items"] == []
    merged = customer.get(MERGE, source=source, destination=empty["cart_id"])
    assert merged == {"cart_id": empty["cart_id"], "cart_items": TWO}
    with pytest.raises(TransportQueryError) as refused:
        guest.get(CART, cart_id=source)
    assert [error["message"] for error in refused.value.errors] == ["Could not find a cart with ID"]


def test_a_client_that_checks_queries_itself_reads_the_schema_with_debug_on(live_server, monkeypatch):
    monkeypatch.setattr(settings, "DEBUG", True)
    transport = RequestsHTTPTransport(f"{live_server.url}/graphql/")
    with Client(transport=transport, fetch_schema_from_transport=True) as session:
        assert session.client.schema.get_type("CartItem").fields.keys() >= {"sku", "short"}


def test_the_example_for_python_runs(live_server, email: str):
    (example,) = PAGE.split("```python\n")[1:]
    program = example.split("```")[0].replace("http://127.0.0.1:8000", live_server.url)
    token = Program(live_server.url).get(TOKEN % (f'"{email}"', '"correct horse battery"'))["token"]
    names: dict = {}
    exec(program.replace("LaptopToken", token), names)
    assert names["answer"]["customerCart"]["cart_items"] == []
