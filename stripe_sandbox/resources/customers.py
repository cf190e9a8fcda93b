"""Customers: who a saved card belongs to."""

from __future__ import annotations

import copy
import re
from typing import Any

from .. import events
from ..api import Call, Json, Route
from ..errors import InvalidRequestError, no_such
from ..ids import new_id, random_characters
from ..parameters import accepts
from . import metadata, payment_methods
from .references import living_customer

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PLAIN = ("address", "description", "email", "name", "phone", "preferred_locales", "shipping")


def create(call: Call) -> Json:
    body: dict[str, Any] = {
        "id": new_id("customer"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "business_name": None,
        "created": call.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "individual_name": None,
        "invoice_prefix": random_characters(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    apply(call, body)
    call.tables.add(body)
    if "payment_method" in call.params:
        payment_methods.attach_to(call, body["id"], call.params["payment_method"])
    events.record(call, "customer.created", body)
    return body


def retrieve(call: Call, customer_id: str) -> Json:
    found = call.tables.find("customer", customer_id)
    if found is None:
        raise no_such("customer", customer_id, in_path=True)
    return found.body


def update(call: Call, customer_id: str) -> Json:
    customer = living_customer(call, customer_id, param="id", in_path=True)
    before = copy.deepcopy(customer.body)
    apply(call, customer.body)
    call.tables.save(customer)
    if changes := events.changed(before, customer.body):
        events.record(call, "customer.updated", customer.body, before=changes)
    return customer.body


def delete(call: Call, customer_id: str) -> Json:
    """The customer's cards are detached: they can never be used again."""
    customer = living_customer(call, customer_id, param="id", in_path=True)
    payment_methods.detach_all_of(call, customer_id)
    events.record(call, "customer.deleted", customer.body)
    customer.body = {"id": customer_id, "object": "customer", "deleted": True}
    call.tables.save(customer)
    return customer.body


def apply(call: Call, body: Json) -> None:
    """Write what the request gives; an empty string unsets."""
    given = call.params
    for name in PLAIN:
        if name in given:
            body[name] = given[name] if given[name] != "" else None
    if body["email"] and not EMAIL.fullmatch(body["email"]):
        raise InvalidRequestError(
            f"Invalid email address: {body['email']}", code="email_invalid", param="email"
        )
    body["metadata"] = metadata.merged(body["metadata"], given.get("metadata"))
    default = given.get("invoice_settings", {}).get("default_payment_method")
    if default is not None:
        if default:
            payment_methods.owned_by(
                call, body["id"], default, param="invoice_settings[default_payment_method]"
            )
        body["invoice_settings"]["default_payment_method"] = default or None


WRITTEN = "name email phone description metadata address shipping preferred_locales"
ROUTES = (
    Route(
        "POST",
        "/v1/customers",
        create,
        accepts("_customer_create_params:CustomerCreateParams", f"{WRITTEN} payment_method"),
    ),
    Route(
        "GET",
        "/v1/customers/<customer_id>",
        retrieve,
        accepts("_customer_retrieve_params:CustomerRetrieveParams"),
    ),
    Route(
        "POST",
        "/v1/customers/<customer_id>",
        update,
        accepts(
            "_customer_modify_params:CustomerModifyParams",
            f"{WRITTEN} invoice_settings.default_payment_method",
        ),
    ),
    Route(
        "DELETE",
        "/v1/customers/<customer_id>",
        delete,
        accepts("_customer_delete_params:CustomerDeleteParams"),
    ),
)
