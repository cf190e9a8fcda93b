"""The end of a hold: the money is taken, or given back."""

from __future__ import annotations

from .. import events
from ..api import Call
from ..errors import InvalidRequestError, UnexpectedStateError
from ..intent_states import Status, Step, after, can, statuses_allowing
from ..storage import Stored
from . import charges, disputes, metadata


def capture(call: Call, intent: Stored) -> None:
    status = Status(intent.body["status"])
    if not can(status, Step.CAPTURE):
        raise UnexpectedStateError(
            not_capturable(status), code="payment_intent_unexpected_state", payment_intent=intent.body
        )
    if call.params.get("final_capture") is False:
        raise InvalidRequestError(
            "This PaymentIntent is not eligible for multicapture, so final_capture must be true.",
            param="final_capture",
        )
    amount = call.params.get("amount_to_capture", intent.body["amount_capturable"])
    if amount < 1:
        raise InvalidRequestError(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount_to_capture",
        )
    if amount > intent.body["amount_capturable"]:
        raise UnexpectedStateError(
            "The payment could not be captured because the requested capture amount is greater than the "
            "authorized amount. If you are trying to collect a tip or over-capture, your account might not "
            "be configured for those features.",
            code="amount_too_large",
            param="amount_to_capture",
            payment_intent=intent.body,
        )
    charge = charges.of(call, intent)
    charges.capture(call, charge, amount)
    intent.body |= {
        "amount_capturable": 0,
        "amount_received": amount,
        "metadata": metadata.merged(intent.body["metadata"], call.params.get("metadata")),
        "status": after(status, Step.CAPTURE).value,
    }
    call.tables.save(intent)
    events.record(call, "payment_intent.succeeded", intent.body)
    disputes.follow_capture(call, charge)


def cancel(call: Call, intent: Stored, *, reason: str | None) -> None:
    status = Status(intent.body["status"])
    if not can(status, Step.CANCEL):
        allowed = ", ".join(statuses_allowing(Step.CANCEL))
        raise UnexpectedStateError(
            f"You cannot cancel this PaymentIntent because it has a status of {status}. Only a "
            f"PaymentIntent with one of the following statuses may be canceled: {allowed}.",
            code="payment_intent_unexpected_state",
            payment_intent=intent.body,
        )
    if status is Status.REQUIRES_CAPTURE:
        charges.release(call, charges.of(call, intent))
    intent.body |= {
        "amount_capturable": 0,
        "canceled_at": call.now,
        "cancellation_reason": reason,
        "next_action": None,
        "status": after(status, Step.CANCEL).value,
    }
    call.tables.save(intent)
    events.record(call, "payment_intent.canceled", intent.body)


def not_capturable(status: Status) -> str:
    if status is Status.SUCCEEDED:
        return "This PaymentIntent could not be captured because it has already been captured."
    return (
        f"This PaymentIntent could not be captured because it has a status of {status}. Only a "
        "PaymentIntent with one of the following statuses may be captured: requires_capture."
    )
