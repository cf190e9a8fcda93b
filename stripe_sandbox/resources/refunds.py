"""Refunds: captured money that goes back to the card, whole or in parts."""

from __future__ import annotations

from typing import Any

from .. import events
from ..api import Call, Json, Route
from ..cards import Refunding
from ..due import Sweep
from ..errors import InvalidRequestError, UnexpectedStateError, no_such
from ..ids import new_id
from ..parameters import accepts
from ..storage import Stored
from . import charges, metadata, payment_methods
from .listing import check_named, page
from .money import with_symbol

#: Seconds after which a slow refund succeeds, or one that the bank sends back fails.
SETTLES_AFTER = 5 * 60
#: Ends a query for the refunds that are due; its one value is the moment. It is asked at every
#: request, so the index is named: left to choose, sqlite reads every refund.
WAITED_ENOUGH = """
    FROM objects INDEXED BY refunds_due
    WHERE kind = 'refund' AND json_extract(hidden, '$.due_at') <= ?
    ORDER BY json_extract(hidden, '$.due_at'), sequence
"""
#: The cards whose refunds go another way than Stripe's API first says.
FIRST_STATUS = {
    Refunding.AT_ONCE: "succeeded",
    Refunding.SLOWLY: "pending",
    Refunding.COMES_BACK: "succeeded",
}


def create(call: Call) -> Json:
    charge = charge_to_refund(call)
    check_refundable(charge)
    left = refundable(charge)
    amount = call.params.get("amount", left)
    check_amount(amount, left, charge)

    method = call.tables.find("payment_method", charge.body["payment_method"])
    if method is None:
        raise LookupError(f"{charge.id} names a payment method that is not there")
    refunding = payment_methods.test_card_of(method).refunding
    refund_id = new_id("refund")
    body: dict[str, Any] = {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge.id,
        "created": call.now,
        "currency": charge.body["currency"],
        "customer": charge.body["customer"],
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": metadata.merged({}, call.params.get("metadata")),
        "payment_intent": charge.body["payment_intent"],
        "payment_method": charge.body["payment_method"],
        "reason": call.params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": FIRST_STATUS[refunding],
        "transfer_reversal": None,
    }
    if body["status"] == "pending":
        body["pending_reason"] = "processing"
    due_at = None if refunding is Refunding.AT_ONCE else call.now + SETTLES_AFTER
    refund = call.tables.add(body, {"due_at": due_at})
    events.record(call, "refund.created", body)
    count(call, charge, amount)
    events.record(call, "charge.refunded", charge.body)
    return refund.body


def charge_to_refund(call: Call) -> Stored:
    """The charge that the request names, itself or by its payment intent."""
    charge_id, intent_id = call.params.get("charge"), call.params.get("payment_intent")
    if (charge_id is None) == (intent_id is None):
        raise InvalidRequestError(
            "You must provide exactly one of `charge` and `payment_intent` to create a refund.",
            code="parameter_missing" if charge_id is None else "parameters_exclusive",
        )
    if charge_id is None:
        intent = call.tables.find("payment_intent", str(intent_id))
        if intent is None:
            raise no_such("payment_intent", str(intent_id), param="payment_intent")
        charge_id = intent.body["latest_charge"]
        found = call.tables.find("charge", charge_id) if charge_id else None
        if found is None or not found.body["paid"]:
            raise UnexpectedStateError(
                f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        return found
    found = call.tables.find("charge", charge_id)
    if found is None:
        raise no_such("charge", charge_id, param="charge")
    return found


def check_refundable(charge: Stored) -> None:
    if not charge.body["paid"]:
        raise UnexpectedStateError(
            f"Charge {charge.id} failed, so it cannot be refunded.", code="charge_not_refundable"
        )
    if not charge.body["captured"]:
        raise UnexpectedStateError(
            f"Charge {charge.id} has not been captured, so there is nothing to refund. Cancel its "
            "PaymentIntent to release the hold.",
            code="charge_not_refundable",
        )
    if charge.hidden.get("withdrawn"):
        raise UnexpectedStateError(
            f"Charge {charge.id} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if refundable(charge) == 0:
        raise UnexpectedStateError(
            f"Charge {charge.id} has already been refunded.", code="charge_already_refunded"
        )


def check_amount(amount: int, left: int, charge: Stored) -> None:
    if amount < 1:
        raise InvalidRequestError(
            "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount"
        )
    if amount > left:
        currency = charge.body["currency"]
        whole = left == charge.body["amount_captured"]
        raise UnexpectedStateError(
            f"Refund amount ({with_symbol(amount, currency)}) is greater than "
            f"{'charge amount' if whole else 'unrefunded amount on charge'} ({with_symbol(left, currency)})",
            param="amount",
        )


def refundable(charge: Stored) -> int:
    """What was taken and has not been given back. What a partial capture released was never taken."""
    released = charge.body["amount"] - charge.body["amount_captured"]
    refunded = charge.body["amount_refunded"] - released
    return int(charge.body["amount_captured"] - refunded)


def count(call: Call, charge: Stored, amount: int) -> None:
    """Add `amount`, which is below 0 for a refund that came back, to what the charge shows as refunded."""
    charge.body["amount_refunded"] += amount
    charge.body["refunded"] = charge.body["amount_refunded"] == charge.body["amount"]
    call.tables.save(charge)


def settle_due(call: Call) -> None:
    """Finish the refunds whose moment has come by ``call.now``, the oldest first."""
    rows = call.tables.connection.execute(f"SELECT id {WAITED_ENOUGH}", (call.now,)).fetchall()
    for row in rows:
        settle(call, found(call, row["id"]))


def settle(call: Call, refund: Stored) -> None:
    before = dict(refund.body)
    refund.hidden["due_at"] = None
    if refund.body["status"] == "pending":
        refund.body["status"] = "succeeded"
        del refund.body["pending_reason"]
        call.tables.save(refund)
        updated(call, refund, before)
        return
    refund.body |= {
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "failure_balance_transaction": None,
    }
    call.tables.save(refund)
    count(call, charges.named(call, refund.body["charge"]), -refund.body["amount"])
    updated(call, refund, before)
    events.record(call, "refund.failed", refund.body)


def updated(call: Call, refund: Stored, before: Json) -> None:
    """Both names: ``refund.updated`` for every refund, the older one for refunds to cards."""
    changes = {
        name: before.get(name)
        for name in before.keys() | refund.body.keys()
        if before.get(name) != refund.body.get(name)
    }
    if changes:
        for event_type in ("refund.updated", "charge.refund.updated"):
            events.record(call, event_type, refund.body, before=changes)


def retrieve(call: Call, refund_id: str) -> Json:
    return found(call, refund_id).body


def update(call: Call, refund_id: str) -> Json:
    refund = found(call, refund_id)
    before = dict(refund.body)
    refund.body["metadata"] = metadata.merged(refund.body["metadata"], call.params.get("metadata"))
    call.tables.save(refund)
    updated(call, refund, before)
    return refund.body


def cancel(call: Call, refund_id: str) -> Json:
    """Stripe cancels only what waits for the customer to act, and that no refund to a card does."""
    refund = found(call, refund_id)
    raise UnexpectedStateError(
        f"Refund {refund_id} cannot be canceled because it has a status of {refund.body['status']}. Only a "
        "refund with the status requires_action may be canceled."
    )


def found(call: Call, refund_id: str) -> Stored:
    refund = call.tables.find("refund", refund_id)
    if refund is None:
        raise no_such("refund", refund_id, in_path=True)
    return refund


def list_refunds(call: Call) -> Json:
    check_named(call, "charge", "payment_intent")
    return page(call, "refund", "/v1/refunds", having=("charge", "payment_intent"))


def list_of_charge(call: Call, charge_id: str) -> Json:
    if call.tables.find("charge", charge_id) is None:
        raise no_such("charge", charge_id, param="charge", in_path=True)
    return page(
        call,
        "refund",
        f"/v1/charges/{charge_id}/refunds",
        keep=lambda body: body["charge"] == charge_id,
    )


SWEEP = Sweep(due=f"SELECT 1 {WAITED_ENOUGH}", carry_out=settle_due)
PAGE = "created limit starting_after ending_before"
ROUTES = (
    Route(
        "POST",
        "/v1/refunds",
        create,
        accepts("_refund_create_params:RefundCreateParams", "charge payment_intent amount reason metadata"),
    ),
    Route(
        "GET",
        "/v1/refunds",
        list_refunds,
        accepts("_refund_list_params:RefundListParams", f"charge payment_intent {PAGE}"),
    ),
    Route(
        "GET", "/v1/refunds/<refund_id>", retrieve, accepts("_refund_retrieve_params:RefundRetrieveParams")
    ),
    Route(
        "POST",
        "/v1/refunds/<refund_id>",
        update,
        accepts("_refund_modify_params:RefundModifyParams", "metadata"),
    ),
    Route(
        "POST",
        "/v1/refunds/<refund_id>/cancel",
        cancel,
        accepts("_refund_cancel_params:RefundCancelParams"),
    ),
    Route(
        "GET",
        "/v1/charges/<charge_id>/refunds",
        list_of_charge,
        accepts("_charge_list_refunds_params:ChargeListRefundsParams", "limit starting_after ending_before"),
    ),
)
