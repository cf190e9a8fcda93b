"""Payment methods: cards, saved with a customer or used once."""

from __future__ import annotations

import copy
import datetime
from typing import Any

from .. import events
from ..api import Call, Json, Route
from ..card_entry import check_expiry
from ..cards import BY_NAME, Card
from ..errors import ApiError, CardError, InvalidRequestError, UnexpectedStateError, no_such
from ..ids import new_id
from ..parameters import accepts
from ..storage import Stored
from . import metadata
from .card_details import billing_details, card_hash, changed_details
from .listing import page
from .references import living_customer


def create(call: Call) -> Json:
    """From a ready-made token (``card[token]=tok_visa``); card numbers are refused, as at Stripe."""
    given = call.params
    card = given.get("card", {})
    if given.get("type") != "card":
        raise InvalidRequestError(
            "This sandbox simulates payment methods of the type card only.", param="type"
        )
    if "number" in card:
        raise ApiError(
            "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you "
            "use test tokens that map to the test card you are using, see https://docs.stripe.com/testing.",
            status=402,
        )
    test_card = BY_NAME.get(card.get("token", "").removeprefix("tok_"))
    if test_card is None:
        raise no_such("token", card.get("token", ""), param="card[token]")
    method = make(
        call,
        test_card,
        billing=given.get("billing_details"),
        allow_redisplay=given.get("allow_redisplay", "unspecified"),
    )
    method.body["metadata"] = metadata.merged({}, given.get("metadata"))
    call.tables.save(method)
    return method.body


def make(
    call: Call,
    test_card: Card,
    *,
    expires: tuple[int, int] | None = None,
    billing: Json | None = None,
    postal_code_given: bool = False,
    allow_redisplay: str = "unspecified",
) -> Stored:
    """A new payment method; `expires` is month and year, three years ahead where the card came by name."""
    year = datetime.datetime.fromtimestamp(call.now, datetime.UTC).year + 3
    month, year = expires or (12, year)
    body: dict[str, Any] = {
        "id": new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": allow_redisplay,
        "billing_details": billing_details(billing or {}),
        "card": card_hash(call, test_card, month, year, postal_code_given=postal_code_given),
        "created": call.now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }
    return call.tables.add(body, {"card": test_card.name, "used": False, "set_up": False})


def find_or_make(
    call: Call, method_id: str, *, param: str = "payment_method", in_path: bool = False
) -> Stored:
    """A stored payment method, or a new one for a ready-made id such as ``pm_card_visa``."""
    if (
        ready_made := BY_NAME.get(method_id.removeprefix("pm_card_"))
        if method_id.startswith("pm_card_")
        else None
    ):
        return make(call, ready_made)
    found = call.tables.find("payment_method", method_id)
    if found is None:
        raise no_such("PaymentMethod", method_id, param=param, in_path=in_path)
    return found


def owned_by(call: Call, customer_id: str, method_id: str, *, param: str) -> Stored:
    method = call.tables.find("payment_method", method_id)
    if method is None or method.body["customer"] != customer_id:
        raise InvalidRequestError(
            f"The customer does not have a payment method with the ID {method_id}. The payment method must "
            "be attached to the customer.",
            code="resource_missing",
            param=param,
        )
    return method


def test_card_of(method: Stored) -> Card:
    return BY_NAME[method.hidden["card"]]


def retrieve(call: Call, method_id: str) -> Json:
    found = call.tables.find("payment_method", method_id)
    if found is None:
        raise no_such("PaymentMethod", method_id, in_path=True)
    return found.body


def update(call: Call, method_id: str) -> Json:
    """Only of a card that is saved with a customer, as at Stripe."""
    method = call.tables.find("payment_method", method_id)
    if method is None:
        raise no_such("PaymentMethod", method_id, in_path=True)
    if method.body["customer"] is None:
        raise UnexpectedStateError(
            "You must save this PaymentMethod to a customer before you can update it.",
            code="payment_method_unexpected_state",
        )
    given, before = call.params, copy.deepcopy(method.body)
    if "allow_redisplay" in given:
        method.body["allow_redisplay"] = given["allow_redisplay"]
    if "billing_details" in given:
        method.body["billing_details"] = changed_details(
            method.body["billing_details"], given["billing_details"]
        )
    if card := given.get("card"):
        shown = method.body["card"] | card
        today = datetime.datetime.fromtimestamp(call.now, datetime.UTC).date()
        check_expiry(shown["exp_month"], shown["exp_year"], today)
        method.body["card"] = shown
    method.body["metadata"] = metadata.merged(method.body["metadata"], given.get("metadata"))
    call.tables.save(method)
    if changes := events.changed(before, method.body):
        events.record(call, "payment_method.updated", method.body, before=changes)
    return method.body


def attach(call: Call, method_id: str) -> Json:
    if "customer" not in call.params:
        raise InvalidRequestError(
            "Missing required param: customer.", code="parameter_missing", param="customer"
        )
    living_customer(call, call.params["customer"])
    return attach_to(call, call.params["customer"], method_id, in_path=True).body


def attach_to(call: Call, customer_id: str, method_id: str, *, in_path: bool = False) -> Stored:
    """Save the card with the customer; its bank is asked, and may refuse."""
    method = find_or_make(call, method_id, in_path=in_path, param="id" if in_path else "payment_method")
    if method.body["customer"] == customer_id:
        return method
    if method.body["customer"]:
        raise UnexpectedStateError(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    check_unused(method)
    card = test_card_of(method)
    if card.decline and card.refuses_saving:
        raise CardError(
            card.decline.message,
            code=card.decline.code,
            decline_code=card.decline.decline_code,
            param=card.decline.param,
        )
    save_with(call, method, customer_id)
    return method


def save_with(call: Call, method: Stored, customer_id: str) -> None:
    method.body["customer"] = customer_id
    call.tables.save(method)
    events.record(call, "payment_method.attached", method.body)


def check_unused(method: Stored) -> None:
    """A card that is with no customer is good for one payment."""
    if method.hidden["used"] and method.body["customer"] is None:
        raise UnexpectedStateError(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
            "attachment, shared with a connected account without Customer attachment, or was detached from "
            "a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach "
            "it to a Customer first.",
            code="payment_method_unexpected_state",
        )


def detach(call: Call, method_id: str) -> Json:
    found = call.tables.find("payment_method", method_id)
    if found is None:
        raise no_such("PaymentMethod", method_id, in_path=True)
    if found.body["customer"] is None:
        raise UnexpectedStateError(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            code="payment_method_unexpected_state",
        )
    return detached(call, found).body


def detached(call: Call, method: Stored) -> Stored:
    before = {"customer": method.body["customer"]}
    method.body["customer"] = None
    method.hidden["used"] = True
    call.tables.save(method)
    events.record(call, "payment_method.detached", method.body, before=before)
    return method


def detach_all_of(call: Call, customer_id: str) -> None:
    while found := call.tables.newest_first("payment_method", customer=customer_id, limit=100):
        for body in found:
            if method := call.tables.find("payment_method", body["id"]):
                detached(call, method)


def list_of_customer(call: Call, customer_id: str) -> Json:
    living_customer(call, customer_id, in_path=True)
    return page(
        call,
        "payment_method",
        f"/v1/customers/{customer_id}/payment_methods",
        customer=customer_id,
        having=("type", "allow_redisplay"),
    )


def list_by_customer(call: Call) -> Json:
    customer_id = call.params.get("customer")
    if customer_id is None:
        raise InvalidRequestError(
            "Missing required param: customer.", code="parameter_missing", param="customer"
        )
    living_customer(call, customer_id)
    return list_of_customer(call, customer_id) | {"url": "/v1/payment_methods"}


def retrieve_of_customer(call: Call, customer_id: str, method_id: str) -> Json:
    living_customer(call, customer_id, in_path=True)
    found = call.tables.find("payment_method", method_id)
    if found is None or found.body["customer"] != customer_id:
        raise no_such("PaymentMethod", method_id, in_path=True)
    return found.body


PAGE = "type allow_redisplay limit starting_after ending_before"
ROUTES = (
    Route(
        "POST",
        "/v1/payment_methods",
        create,
        accepts(
            "_payment_method_create_params:PaymentMethodCreateParams",
            "type card billing_details metadata allow_redisplay",
        ),
    ),
    Route(
        "GET",
        "/v1/payment_methods",
        list_by_customer,
        accepts("_payment_method_list_params:PaymentMethodListParams", f"customer {PAGE}"),
    ),
    Route(
        "GET",
        "/v1/payment_methods/<method_id>",
        retrieve,
        accepts("_payment_method_retrieve_params:PaymentMethodRetrieveParams"),
    ),
    Route(
        "POST",
        "/v1/payment_methods/<method_id>",
        update,
        accepts(
            "_payment_method_modify_params:PaymentMethodModifyParams",
            "allow_redisplay billing_details card.exp_month card.exp_year metadata",
        ),
    ),
    Route(
        "POST",
        "/v1/payment_methods/<method_id>/attach",
        attach,
        accepts("_payment_method_attach_params:PaymentMethodAttachParams", "customer"),
    ),
    Route(
        "POST",
        "/v1/payment_methods/<method_id>/detach",
        detach,
        accepts("_payment_method_detach_params:PaymentMethodDetachParams"),
    ),
    Route(
        "GET",
        "/v1/customers/<customer_id>/payment_methods",
        list_of_customer,
        accepts("_customer_list_payment_methods_params:CustomerListPaymentMethodsParams", PAGE),
    ),
    Route(
        "GET",
        "/v1/customers/<customer_id>/payment_methods/<method_id>",
        retrieve_of_customer,
        accepts("_customer_retrieve_payment_method_params:CustomerRetrievePaymentMethodParams"),
    ),
)
