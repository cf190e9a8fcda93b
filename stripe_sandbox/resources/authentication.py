"""3-D Secure: what the customer answers on the page that the sandbox shows in the bank's place."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from .. import bank, events
from ..api import Call, Json, Route
from ..bank import Approved, Circumstances, Declined
from ..errors import CardError, InvalidRequestError, UnexpectedStateError, no_such
from ..intent_states import Status, Step
from ..parameters import accepts
from ..storage import Stored
from . import confirming, payment_methods
from .browser_view import check_client_secret, shown

FAILED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try "
    "again."
)


class AuthenticationParams(TypedDict):
    client_secret: str
    outcome: Literal["complete", "fail"]
    expand: NotRequired[list[str]]


def authenticate(call: Call, intent_id: str) -> Json:
    """The intent as a browser sees it, confirmed or refused; the answer is no error either way."""
    intent = waiting(call, intent_id)
    method = payment_methods.find_or_make(call, intent.body["payment_method"])
    try:
        if call.params["outcome"] == "fail":
            not_authenticated(call, intent, method)
        else:
            authenticated(call, intent, method)
    except CardError:
        pass  # What it says is on the intent now.
    return shown(call, intent)


def waiting(call: Call, intent_id: str) -> Stored:
    """The intent, if it waits for its customer and the caller knows its secret."""
    intent = call.tables.find("payment_intent", intent_id)
    if intent is None:
        raise no_such("payment_intent", intent_id, param="intent", in_path=True)
    check_client_secret(call, intent)
    if intent.body["status"] != Status.REQUIRES_ACTION:
        raise UnexpectedStateError(
            "This PaymentIntent does not wait for authentication: it has a status of "
            f"{intent.body['status']}.",
            code="payment_intent_unexpected_state",
            payment_intent=shown(call, intent),
        )
    return intent


def authenticated(call: Call, intent: Stored, method: Stored) -> None:
    verdict = bank.ask(payment_methods.test_card_of(method), Circumstances(authenticated=True))
    match verdict:
        case Approved():
            confirming.approve(call, intent, method, authenticated=True)
        case Declined(decline):
            confirming.refuse(call, intent, method, decline, authenticated=True)


def not_authenticated(call: Call, intent: Stored, method: Stored) -> None:
    error = InvalidRequestError(
        FAILED, code="payment_intent_authentication_failure", payment_method=method.body
    )
    confirming.step(intent, Step.DECLINE)
    intent.body |= {"payment_method": None, "next_action": None, "last_payment_error": error.error()}
    call.tables.save(intent)
    events.record(call, "payment_intent.payment_failed", intent.body)


ROUTES = (
    Route(
        "POST",
        "/3ds/<intent_id>",
        authenticate,
        accepts(AuthenticationParams, "client_secret outcome"),
        open_to_browsers=True,
    ),
)
