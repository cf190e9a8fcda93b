"""Payment intents: created, looked at, changed. Confirming and settling have modules of their own."""

from __future__ import annotations

import copy
from typing import Any

from .. import events
from ..api import Call, Json, Route
from ..errors import InvalidRequestError, UnexpectedStateError, no_such
from ..ids import client_secret_for, new_id
from ..intent_states import Status, Step, after, can, statuses_allowing
from ..parameters import accepts
from ..storage import Stored
from . import confirming, intent_search, metadata, payment_methods, settling
from .browser_view import check_client_secret, shown
from .listing import check_named, page
from .money import check_amount, check_currency
from .references import living_customer

#: What may still change once the money is held, taken or given back.
ALWAYS_WRITABLE = frozenset({"metadata", "description", "receipt_email", "shipping", "expand"})
ONLY_WHILE_CONFIRMING = (
    "confirmation_token",
    "error_on_requires_action",
    "off_session",
    "return_url",
)


def create(call: Call) -> Json:
    given = call.params
    check_amount(given["amount"], check_currency(given["currency"]))
    if "customer" in given:
        living_customer(call, given["customer"])
    if not given.get("confirm"):
        for name in ONLY_WHILE_CONFIRMING:
            if name in given:
                raise InvalidRequestError(
                    f"The parameter `{name}` cannot be passed when creating a PaymentIntent unless "
                    "`confirm` is set to true.",
                    param=name,
                )
    intent = call.tables.add(new_body(call), {"off_session": False, "redirects": "always"})
    automatic = given.get("automatic_payment_methods") or {}
    if automatic.get("enabled") is False:
        raise InvalidRequestError(
            "This sandbox simulates automatic payment methods only; leave "
            "automatic_payment_methods[enabled] out.",
            param="automatic_payment_methods[enabled]",
        )
    intent.hidden["redirects"] = automatic.get("allow_redirects", "always")
    intent.body["automatic_payment_methods"]["allow_redirects"] = intent.hidden["redirects"]
    write_descriptive(call, intent)
    if "payment_method" in given and not given.get("confirm"):
        choose_payment_method(call, intent, given["payment_method"])
    call.tables.save(intent)
    events.record(call, "payment_intent.created", intent.body)
    if given.get("confirm"):
        confirming.confirm(call, intent)
    return intent.body


def new_body(call: Call) -> Json:
    intent_id = new_id("payment_intent")
    three_d_secure = card_options(call).get("request_three_d_secure", "automatic")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": call.params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": call.params.get("capture_method", "automatic_async"),
        "client_secret": client_secret_for(intent_id),
        "confirmation_method": "automatic",
        "created": call.now,
        "currency": call.params["currency"].lower(),
        "customer": call.params.get("customer"),
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": three_d_secure,
            }
        },
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": call.params.get("setup_future_usage") or None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": Status.REQUIRES_PAYMENT_METHOD.value,
        "transfer_data": None,
        "transfer_group": None,
    }


def retrieve(call: Call, intent_id: str) -> Json:
    intent = found(call, intent_id)
    check_client_secret(call, intent)
    return shown(call, intent)


def list_intents(call: Call) -> Json:
    check_named(call, "customer")
    return page(call, "payment_intent", "/v1/payment_intents", customer=call.params.get("customer"))


def update(call: Call, intent_id: str) -> Json:
    intent = found(call, intent_id)
    given = call.params
    status = Status(intent.body["status"])
    locked = sorted(set(given) - ALWAYS_WRITABLE)
    if locked and not can(status, Step.PREPARE):
        allowed = ", ".join(statuses_allowing(Step.PREPARE))
        raise UnexpectedStateError(
            f"This PaymentIntent's {locked[0]} could not be updated because it has a status of {status}. "
            f"You may only update the {locked[0]} of a PaymentIntent with one of the following statuses: "
            f"{allowed}.",
            code="payment_intent_unexpected_state",
            payment_intent=intent.body,
        )
    if "currency" in given:
        intent.body["currency"] = check_currency(given["currency"])
    if "amount" in given:
        intent.body["amount"] = given["amount"]
    check_amount(intent.body["amount"], intent.body["currency"])
    if "customer" in given:
        intent.body["customer"] = living_customer(call, given["customer"]).id
    for name in ("capture_method", "setup_future_usage"):
        if name in given:
            intent.body[name] = given[name] or None
    intent.body["payment_method_options"]["card"] |= card_options(call)
    write_descriptive(call, intent)
    if "payment_method" in given:
        choose_payment_method(call, intent, given["payment_method"])
    elif locked and intent.body["payment_method"]:
        intent.body["status"] = after(status, Step.PREPARE).value
        intent.body["next_action"] = None
    call.tables.save(intent)
    return intent.body


def choose_payment_method(call: Call, intent: Stored, method_id: str) -> None:
    method = payment_methods.find_or_make(call, method_id)
    confirming.check_usable(call, intent, method)
    intent.body["payment_method"] = method.id
    intent.body["status"] = after(Status(intent.body["status"]), Step.PREPARE).value
    intent.body["next_action"] = None


def write_descriptive(call: Call, intent: Stored) -> None:
    """What describes the payment and changes nothing about it; an empty string unsets."""
    given = call.params
    for name in ("description", "receipt_email", "shipping"):
        if name in given:
            intent.body[name] = copy.deepcopy(given[name]) if given[name] != "" else None
    intent.body["metadata"] = metadata.merged(intent.body["metadata"], given.get("metadata"))


def confirm(call: Call, intent_id: str) -> Json:
    intent = found(call, intent_id)
    check_client_secret(call, intent)
    confirming.check_confirmable(call, intent)
    if "capture_method" in call.params:
        intent.body["capture_method"] = call.params["capture_method"] or intent.body["capture_method"]
    write_descriptive(call, intent)
    confirming.confirm(call, intent)
    return shown(call, intent)


def capture(call: Call, intent_id: str) -> Json:
    intent = found(call, intent_id)
    settling.capture(call, intent)
    return intent.body


def cancel(call: Call, intent_id: str) -> Json:
    intent = found(call, intent_id)
    settling.cancel(call, intent, reason=call.params.get("cancellation_reason"))
    return intent.body


def found(call: Call, intent_id: str) -> Stored:
    intent = call.tables.find("payment_intent", intent_id)
    if intent is None:
        raise no_such("payment_intent", intent_id, param="intent", in_path=True)
    return intent


def card_options(call: Call) -> dict[str, Any]:
    options: dict[str, Any] = (call.params.get("payment_method_options") or {}).get("card") or {}
    return options


DESCRIPTIVE = "description metadata receipt_email shipping"
CHOICES = (
    "capture_method customer payment_method payment_method_options.card.request_three_d_secure "
    "setup_future_usage"
)
CONFIRMING = "confirmation_token error_on_requires_action off_session return_url use_stripe_sdk"
ROUTES = (
    Route(
        "POST",
        "/v1/payment_intents",
        create,
        accepts(
            "_payment_intent_create_params:PaymentIntentCreateParams",
            f"amount currency confirm automatic_payment_methods {DESCRIPTIVE} {CHOICES} {CONFIRMING}",
        ),
    ),
    Route(
        "GET",
        "/v1/payment_intents",
        list_intents,
        accepts(
            "_payment_intent_list_params:PaymentIntentListParams",
            "customer created limit starting_after ending_before",
        ),
    ),
    Route(
        "GET",
        "/v1/payment_intents/search",
        intent_search.search,
        accepts("_payment_intent_search_params:PaymentIntentSearchParams", "query limit page"),
    ),
    Route(
        "GET",
        "/v1/payment_intents/<intent_id>",
        retrieve,
        accepts("_payment_intent_retrieve_params:PaymentIntentRetrieveParams", "client_secret"),
        open_to_browsers=True,
    ),
    Route(
        "POST",
        "/v1/payment_intents/<intent_id>",
        update,
        accepts(
            "_payment_intent_modify_params:PaymentIntentModifyParams",
            f"amount currency {DESCRIPTIVE} {CHOICES}",
        ),
    ),
    Route(
        "POST",
        "/v1/payment_intents/<intent_id>/confirm",
        confirm,
        accepts(
            "_payment_intent_confirm_params:PaymentIntentConfirmParams",
            "capture_method payment_method payment_method_options.card.request_three_d_secure receipt_email "
            f"setup_future_usage shipping {CONFIRMING}",
            more="client_secret",
        ),
        open_to_browsers=True,
    ),
    Route(
        "POST",
        "/v1/payment_intents/<intent_id>/capture",
        capture,
        accepts(
            "_payment_intent_capture_params:PaymentIntentCaptureParams",
            "amount_to_capture final_capture metadata",
        ),
    ),
    Route(
        "POST",
        "/v1/payment_intents/<intent_id>/cancel",
        cancel,
        accepts("_payment_intent_cancel_params:PaymentIntentCancelParams", "cancellation_reason"),
    ),
)
