"""Sending GraphQL to the site as a program does: what a device knows is its token, or the cookies of a browser."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tokens import issue

ADD = """
mutation ($cart_id: String!, $cart_items: [CartItemInput!]!) {
  addProductsToCart(cart_id: $cart_id, cart_items: $cart_items) { cart_id cart_items { sku quantity } }
}"""
MERGE = """
mutation ($source: String!, $destination: String!) {
  mergeCarts(source_cart_id: $source, destination_cart_id: $destination) { cart_id cart_items { sku quantity } }
}"""
CART = "query ($cart_id: String!) { cart(cart_id: $cart_id) { cart_id cart_items { sku quantity } } }"


@dataclass
class Device:
    """A laptop, a smartphone, a script. `token`: what it shows, if anything."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    def post(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> HttpResponse:
        body = {"query": query, "variables": variables}
        return self.post_body(json.dumps(body), headers=headers)

    def post_body(
        self, body: Any, *, content_type: str = "application/json", headers: dict[str, str] | None = None
    ) -> HttpResponse:
        known = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.post(
            "/graphql/", body, content_type=content_type, headers={**known, **(headers or {})}
        )

    def send(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer."""
        return self.post(query, **variables).json()

    def get(self, query: str, **variables: Any) -> Any:
        """The data of the one field that was asked for; there must be no error."""
        answer = self.send(query, **variables)
        assert "errors" not in answer, answer["errors"]
        (value,) = answer["data"].values()
        return value

    def error(self, query: str, **variables: Any) -> dict[str, Any]:
        """What the one error tells: its message, and what is in its extensions."""
        answer = self.send(query, **variables)
        (error,) = answer["errors"]
        assert not any((answer.get("data") or {}).values())
        return {"message": error["message"], **error["extensions"]}


def device_of(user: User) -> Device:
    """One on which this customer has signed in: it has a token of its own."""
    return Device(issue(user=user, now=timezone.now()).secret)
