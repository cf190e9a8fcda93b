"""Confirming a payment intent: choose the card, ask its bank, and write down what came of it."""

from __future__ import annotations

from typing import Any

from .. import bank, events
from ..api import Call, Json
from ..bank import Approved, Challenged, Circumstances, Declined
from ..cards import Decline
from ..errors import CardError, InvalidRequestError, UnexpectedStateError
from ..intent_states import Status, Step, after, can
from ..storage import Stored
from . import charges, confirmation_tokens, disputes, payment_methods
from .browser_view import shown
from .challenges import challenge_url, next_action


def confirm(call: Call, intent: Stored) -> None:
    """Raises `CardError` on a decline, with the intent back at ``requires_payment_method``."""
    check_confirmable(call, intent)
    token, method = chosen(call, intent)
    carry_over(call, intent, token)
    check_usable(call, intent, method)
    check_return_url(intent)
    intent.body |= {"payment_method": method.id, "next_action": None, "last_payment_error": None}

    verdict = bank.ask(
        payment_methods.test_card_of(method),
        Circumstances(
            off_session=intent.hidden["off_session"],
            set_up=method.hidden["set_up"],
            three_d_secure_wanted=intent.body["payment_method_options"]["card"]["request_three_d_secure"]
            != "automatic",
        ),
    )
    match verdict:
        case Challenged() if call.params.get("error_on_requires_action"):
            step_without_action(call, intent, method)
        case Challenged():
            step(intent, Step.CHALLENGE)
            intent.body["next_action"] = next_action(intent, challenge_url(call, intent))
            call.tables.save(intent)
            events.record(call, "payment_intent.requires_action", intent.body)
        case Approved():
            approve(call, intent, method, authenticated=False)
        case Declined(decline):
            refuse(call, intent, method, decline, authenticated=False)


def check_confirmable(call: Call, intent: Stored) -> None:
    status = Status(intent.body["status"])
    if not can(status, Step.CHALLENGE):
        raise UnexpectedStateError(
            not_confirmable(status),
            code="payment_intent_unexpected_state",
            payment_intent=shown(call, intent),
        )


def chosen(call: Call, intent: Stored) -> tuple[Stored | None, Stored]:
    """The confirmation token, if there is one, and the card to use."""
    given = call.params
    if "confirmation_token" in given and "payment_method" in given:
        raise InvalidRequestError(
            "You cannot provide both `confirmation_token` and `payment_method`.", code="parameters_exclusive"
        )
    if "confirmation_token" in given:
        return confirmation_tokens.redeem(call, given["confirmation_token"], intent.id)
    method_id = given.get("payment_method") or intent.body["payment_method"]
    if method_id is None:
        raise UnexpectedStateError(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either "
            "update the PaymentIntent with a payment method and then confirm it again, or confirm it again "
            "directly with a payment method or ConfirmationToken.",
            code="payment_intent_unexpected_state",
            payment_intent=shown(call, intent),
        )
    return None, payment_methods.find_or_make(call, method_id)


def carry_over(call: Call, intent: Stored, token: Stored | None) -> None:
    """What the request and the token say about this attempt."""
    given = call.params
    from_token: Json = token.body if token else {}
    wanted = given.get("setup_future_usage") or intent.body["setup_future_usage"]
    offered = from_token.get("setup_future_usage")
    if wanted and offered and wanted != offered:
        raise InvalidRequestError(
            f"The provided setup_future_usage ({wanted}) does not match the setup_future_usage ({offered}) "
            "of the ConfirmationToken.",
            code="payment_intent_invalid_parameter",
            param="setup_future_usage",
        )
    intent.body["setup_future_usage"] = wanted or offered
    if from_token.get("shipping") and "shipping" not in given:
        intent.body["shipping"] = from_token["shipping"]
    options: dict[str, Any] = (given.get("payment_method_options") or {}).get("card") or {}
    intent.body["payment_method_options"]["card"] |= options
    intent.hidden |= {
        "off_session": given.get("off_session", False) is not False,
        "return_url": given.get("return_url")
        or from_token.get("return_url")
        or intent.hidden.get("return_url"),
        "use_stripe_sdk": given.get("use_stripe_sdk", from_token.get("use_stripe_sdk", False)),
    }


def check_usable(call: Call, intent: Stored, method: Stored) -> None:
    payment_methods.check_unused(method)
    owner, customer = method.body["customer"], intent.body["customer"]
    if owner and customer is None:
        raise InvalidRequestError(
            "The PaymentMethod you provided is attached to a customer so for security purposes you must "
            "provide the customer in the request.",
            code="missing",
            param="customer",
        )
    if owner and owner != customer:
        payment_methods.owned_by(call, customer, method.id, param="payment_method")


def check_return_url(intent: Stored) -> None:
    if intent.hidden["redirects"] == "always" and not intent.hidden["return_url"]:
        raise InvalidRequestError(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because "
            "some of these payment methods might redirect your customer off of your page, you must provide "
            "a `return_url`. If you don't want to accept redirect-based payment methods, set "
            "`automatic_payment_methods[enabled]` to `true` and "
            "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and "
            "Payment Intents."
        )


def approve(call: Call, intent: Stored, method: Stored, *, authenticated: bool) -> None:
    off_session = intent.hidden["off_session"]
    charge = charges.make(
        call, intent, method, off_session=off_session, authenticated=authenticated, decline=None
    )
    manual = intent.body["capture_method"] == "manual"
    step(intent, Step.AUTHORIZE if manual else Step.PAY)
    intent.body |= {
        "amount_capturable": intent.body["amount"] if manual else 0,
        "amount_received": 0 if manual else intent.body["amount"],
        "latest_charge": charge.id,
        "last_payment_error": None,
        "next_action": None,
    }
    call.tables.save(intent)
    remember_card(call, intent, method, authenticated=authenticated)
    events.record(
        call,
        "payment_intent.amount_capturable_updated" if manual else "payment_intent.succeeded",
        intent.body,
    )
    if not manual:
        disputes.follow_capture(call, charge)


def remember_card(call: Call, intent: Stored, method: Stored, *, authenticated: bool) -> None:
    """Saved with the customer where that was asked for; used up where it stays with nobody."""
    usage, customer = intent.body["setup_future_usage"], intent.body["customer"]
    method.hidden["used"] = True
    method.hidden["set_up"] |= usage == "off_session" and authenticated
    if usage and customer and method.body["customer"] is None:
        payment_methods.save_with(call, method, customer)
    else:
        call.tables.save(method)


def refuse(call: Call, intent: Stored, method: Stored, decline: Decline, *, authenticated: bool) -> None:
    """A failed charge, the card off the intent, and the error that the caller gets as well."""
    off_session = intent.hidden["off_session"]
    charge = charges.make(
        call, intent, method, off_session=off_session, authenticated=authenticated, decline=decline
    )
    method.hidden["used"] = True
    call.tables.save(method)
    intent.body["latest_charge"] = charge.id
    fail(call, intent, card_failure(intent, method, decline, charge.id))


def card_failure(intent: Stored, method: Stored, decline: Decline, charge_id: str | None) -> CardError:
    return CardError(
        decline.message,
        code=decline.code,
        decline_code=decline.decline_code,
        param=decline.param,
        charge=charge_id,
        payment_method=method.body,
    )


def fail(call: Call, intent: Stored, failure: CardError) -> None:
    step(intent, Step.DECLINE)
    intent.body |= {"payment_method": None, "next_action": None, "last_payment_error": failure.error()}
    call.tables.save(intent)
    events.record(call, "payment_intent.payment_failed", intent.body)
    failure.more["payment_intent"] = shown(call, intent)
    raise failure


def step_without_action(call: Call, intent: Stored, method: Stored) -> None:
    message = (
        "This payment required an authentication action to complete, but `error_on_requires_action` was "
        "set. When you're ready, you can upgrade your integration to handle actions at "
        "https://docs.stripe.com/payments/payment-intents/upgrade-to-handle-actions."
    )
    decline = Decline("card_declined", "authentication_not_handled", message)
    fail(call, intent, card_failure(intent, method, decline, None))


def step(intent: Stored, taken: Step) -> None:
    intent.body["status"] = after(Status(intent.body["status"]), taken).value


def not_confirmable(status: Status) -> str:
    if status is Status.SUCCEEDED:
        return (
            "You cannot confirm this PaymentIntent because it has already succeeded after being previously "
            "confirmed."
        )
    return (
        f"You cannot confirm this PaymentIntent because it has a status of {status}. Only a PaymentIntent "
        "with one of the following statuses may be confirmed: requires_confirmation, requires_action."
    )
