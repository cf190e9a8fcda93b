"""Confirmation tokens: what the payment form collected, on its way from the browser to the shop's server.

Good for one confirmation, and for twelve hours.
"""

from __future__ import annotations

import copy
import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from ..api import Call, Json, Route
from ..card_entry import read_card
from ..cards import BY_NAME, Card
from ..errors import InvalidRequestError, no_such
from ..ids import new_id
from ..parameters import accepts
from ..storage import Stored
from . import payment_methods
from .card_details import billing_details, card_hash

LIFETIME = 12 * 60 * 60


class TypedCard(TypedDict):
    number: str
    exp_month: str
    exp_year: str
    cvc: str


class Address(TypedDict, total=False):
    city: Literal[""] | str
    country: Literal[""] | str
    line1: Literal[""] | str
    line2: Literal[""] | str
    postal_code: Literal[""] | str
    state: Literal[""] | str


class BillingDetails(TypedDict, total=False):
    address: Address
    email: Literal[""] | str
    name: Literal[""] | str
    phone: Literal[""] | str


class TypedPaymentMethod(TypedDict):
    type: Literal["card"]
    allow_redisplay: NotRequired[Literal["always", "limited", "unspecified"]]
    card: TypedCard
    billing_details: NotRequired[BillingDetails]


class ShippingDetails(TypedDict):
    name: str
    address: Address
    phone: NotRequired[str]


class BrowserParams(TypedDict):
    """What Stripe.js sends; the library for servers does not describe it."""

    payment_method_data: TypedPaymentMethod
    return_url: NotRequired[str]
    setup_future_usage: NotRequired[Literal["on_session", "off_session"]]
    shipping: NotRequired[ShippingDetails]


def create_in_browser(call: Call) -> Json:
    """What Stripe.js calls. The number is looked up among the test cards and not kept."""
    given = call.params["payment_method_data"]
    entered = read_card(given["card"], datetime.datetime.fromtimestamp(call.now, datetime.UTC).date())
    expires = (entered.exp_month, entered.exp_year)
    return make(call, entered.card, expires, given, from_browser=True).body


def create_for_test(call: Call) -> Json:
    """Stripe's test helper: a token without a browser, for a stored or a ready-made payment method.

    Whether the card may be shown again is for a stored one to say: ``payment_method_data`` of this call
    does not know cards.
    """
    method_id = call.params.get("payment_method")
    if method_id is None:
        raise InvalidRequestError(
            "Missing required param: payment_method.", code="parameter_missing", param="payment_method"
        )
    if method_id.startswith("pm_card_"):
        card = BY_NAME.get(method_id.removeprefix("pm_card_"))
        if card is None:
            raise no_such("PaymentMethod", method_id, param="payment_method")
        return make(call, card, None, {}, from_browser=False).body
    method = payment_methods.find_or_make(call, method_id)
    shown = method.body["card"]
    token = make(
        call,
        payment_methods.test_card_of(method),
        (shown["exp_month"], shown["exp_year"]),
        method.body,
        from_browser=False,
    )
    token.hidden["payment_method"] = method.id
    token.body["payment_method_preview"]["customer"] = method.body["customer"]
    call.tables.save(token)
    return token.body


def make(
    call: Call, card: Card, expires: tuple[int, int] | None, given: Json, *, from_browser: bool
) -> Stored:
    """`given` may hold ``billing_details`` and ``allow_redisplay``."""
    year = datetime.datetime.fromtimestamp(call.now, datetime.UTC).year + 3
    exp_month, exp_year = expires or (12, year)
    details = billing_details(given.get("billing_details", {}))
    postal_code_given = bool(details["address"]["postal_code"])
    body: dict[str, Any] = {
        "id": new_id("confirmation_token"),
        "object": "confirmation_token",
        "created": call.now,
        "expires_at": call.now + LIFETIME,
        "livemode": False,
        "mandate_data": None,
        "payment_intent": None,
        "payment_method_options": {"card": {"cvc_token": None, "installments": None}},
        "payment_method_preview": {
            "allow_redisplay": given.get("allow_redisplay", "unspecified"),
            "billing_details": details,
            "card": card_hash(call, card, exp_month, exp_year, postal_code_given=postal_code_given),
            "customer": None,
            "customer_account": None,
            "type": "card",
        },
        "return_url": call.params.get("return_url"),
        "setup_future_usage": call.params.get("setup_future_usage") or None,
        "setup_intent": None,
        "shipping": copy.deepcopy(call.params.get("shipping")) or None,
        "use_stripe_sdk": from_browser,
    }
    return call.tables.add(body, {"card": card.name, "used": False, "payment_method": None})


def retrieve(call: Call, token_id: str) -> Json:
    found = call.tables.find("confirmation_token", token_id)
    if found is None:
        raise no_such("confirmation_token", token_id, in_path=True)
    return found.body


def redeem(call: Call, token_id: str, intent_id: str) -> tuple[Stored, Stored]:
    """The token, now used up by this intent, and the payment method that it carried."""
    token = call.tables.find("confirmation_token", token_id)
    if token is None:
        raise no_such("confirmation_token", token_id, param="confirmation_token")
    if token.hidden["used"]:
        raise InvalidRequestError(
            f"The ConfirmationToken {token_id} has already been used to confirm "
            f"{token.body['payment_intent']}. A ConfirmationToken can only be used once.",
            code="token_already_used",
            param="confirmation_token",
        )
    if token.body["expires_at"] <= call.now:
        raise InvalidRequestError(
            f"The ConfirmationToken {token_id} has expired.", param="confirmation_token"
        )

    if stored_method := token.hidden["payment_method"]:
        method = payment_methods.find_or_make(call, stored_method)
    else:
        preview = token.body["payment_method_preview"]
        method = payment_methods.make(
            call,
            BY_NAME[token.hidden["card"]],
            expires=(preview["card"]["exp_month"], preview["card"]["exp_year"]),
            billing=preview["billing_details"],
            postal_code_given=bool(preview["billing_details"]["address"]["postal_code"]),
            allow_redisplay=preview["allow_redisplay"],
        )
    token.hidden["used"] = True
    token.body |= {"payment_intent": intent_id, "expires_at": None}
    call.tables.save(token)
    return token, method


HELPER = "test_helpers._confirmation_token_create_params:ConfirmationTokenCreateParams"
ROUTES = (
    Route(
        "POST",
        "/v1/confirmation_tokens",
        create_in_browser,
        accepts(BrowserParams, "payment_method_data return_url setup_future_usage shipping"),
        open_to_browsers=True,
    ),
    Route(
        "POST",
        "/v1/test_helpers/confirmation_tokens",
        create_for_test,
        accepts(HELPER, "payment_method return_url setup_future_usage shipping"),
    ),
    Route(
        "GET",
        "/v1/confirmation_tokens/<token_id>",
        retrieve,
        accepts("_confirmation_token_retrieve_params:ConfirmationTokenRetrieveParams"),
    ),
)
