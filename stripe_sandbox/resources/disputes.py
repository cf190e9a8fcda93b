"""Disputes: the cardholder's bank takes captured money back, and the shop may answer with evidence."""

from __future__ import annotations

import copy
from typing import Any

from .. import events
from ..api import Call, Json, Route
from ..errors import InvalidRequestError, UnexpectedStateError, no_such
from ..ids import new_id
from ..parameters import accepts
from ..storage import Stored
from . import charges, metadata, payment_methods, refunds
from .listing import check_named, page

DAY = 24 * 60 * 60
#: Whole days until the end of the day by which evidence must be there.
ANSWER_WITHIN = 15
REASONS = frozenset(
    [
        "bank_cannot_process",
        "check_returned",
        "credit_not_processed",
        "customer_initiated",
        "debit_not_authorized",
        "duplicate",
        "fraudulent",
        "general",
        "incorrect_account_details",
        "insufficient_funds",
        "noncompliant",
        "product_not_received",
        "product_unacceptable",
        "subscription_canceled",
        "unrecognized",
    ]
)
#: What the networks call fraud; other reasons go without a code here.
FRAUD_CODES = {"visa": "10.4", "mastercard": "4837", "amex": "F29", "discover": "UA02"}
#: Evidence that is a text. Files cannot be uploaded to the sandbox.
TEXTS = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "uncategorized_text",
]
FILES = [
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
]
#: What decides at once in Stripe's test mode, given as ``uncategorized_text``.
DECIDING = {"winning_evidence": "won", "losing_evidence": "lost"}
OPEN = ("needs_response", "under_review")


def follow_capture(call: Call, charge: Stored) -> None:
    """The card that is disputed as soon as its money is taken."""
    method = call.tables.find("payment_method", charge.body["payment_method"])
    if method and payment_methods.test_card_of(method).is_disputed:
        open_for(call, charges.named(call, charge.id))


def open_for(call: Call, charge: Stored, *, reason: str = "fraudulent", amount: int | None = None) -> Stored:
    """The cardholder disputes this charge: `amount` of it, or all that was not refunded.

    Raises `InvalidRequestError` where nothing of that kind can be disputed.
    """
    if reason not in REASONS:
        raise InvalidRequestError(
            f"Invalid reason: must be one of {', '.join(sorted(REASONS))}", param="reason"
        )
    if not charge.body["captured"]:
        raise UnexpectedStateError(
            f"Charge {charge.id} was not captured: there is no payment to dispute.", param="charge"
        )
    if charge.body["disputed"]:
        raise UnexpectedStateError(f"Charge {charge.id} is disputed already.", param="charge")
    most = refunds.refundable(charge)
    disputed = most if amount is None else amount
    if not 1 <= disputed <= most:
        raise UnexpectedStateError(
            f"Between 1 and {most} of charge {charge.id} can be disputed, not {disputed}.", param="amount"
        )
    charge.body["disputed"] = True
    charge.hidden["withdrawn"] = True
    call.tables.save(charge)
    dispute = call.tables.add(new_body(call, charge, reason, disputed))
    events.record(call, "charge.dispute.created", dispute.body)
    events.record(call, "charge.dispute.funds_withdrawn", dispute.body)
    return dispute


def new_body(call: Call, charge: Stored, reason: str, amount: int) -> Json:
    card = charge.body["payment_method_details"]["card"]
    code = FRAUD_CODES.get(card["network"]) if reason == "fraudulent" else None
    evidence: dict[str, Any] = dict.fromkeys([*TEXTS, *FILES])
    return {
        "id": new_id("dispute"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge.id,
        "created": call.now,
        "currency": charge.body["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**evidence, "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": (call.now // DAY + ANSWER_WITHIN + 1) * DAY - 1,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": code,
        "payment_intent": charge.body["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card["brand"],
                "case_type": "chargeback",
                "network": card["network"],
                "network_reason_code": code,
            },
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }


def retrieve(call: Call, dispute_id: str) -> Json:
    return found(call, dispute_id).body


def list_disputes(call: Call) -> Json:
    check_named(call, "charge", "payment_intent")
    return page(call, "dispute", "/v1/disputes", having=("charge", "payment_intent"))


def update(call: Call, dispute_id: str) -> Json:
    """Evidence goes to the bank at once unless ``submit`` is false; then it is only kept."""
    dispute = found(call, dispute_id)
    given = call.params
    before = copy.deepcopy(dispute.body)
    if "evidence" in given or given.get("submit"):
        check_answerable(dispute)
        keep_evidence(dispute, given.get("evidence", {}))
    dispute.body["metadata"] = metadata.merged(dispute.body["metadata"], given.get("metadata"))
    submits = given.get("submit", "evidence" in given)
    if submits:
        submit(dispute)
    call.tables.save(dispute)
    if changes := events.changed(before, dispute.body):
        events.record(call, "charge.dispute.updated", dispute.body, before=changes)
    decision = DECIDING.get(dispute.body["evidence"]["uncategorized_text"] or "") if submits else None
    if decision:
        end(call, dispute, decision)
    return dispute.body


def check_answerable(dispute: Stored) -> None:
    check_open(dispute)
    if dispute.body["status"] != "needs_response":
        raise UnexpectedStateError(
            f"Evidence for dispute {dispute.id} has been submitted already; it is with the bank now."
        )


def check_open(dispute: Stored) -> None:
    if dispute.body["status"] not in OPEN:
        raise UnexpectedStateError("This dispute is already closed")


def keep_evidence(dispute: Stored, given: Json) -> None:
    evidence = dispute.body["evidence"]
    evidence |= given
    dispute.body["evidence_details"]["has_evidence"] = any(evidence[name] for name in TEXTS)


def submit(dispute: Stored) -> None:
    details = dispute.body["evidence_details"]
    if not details["has_evidence"]:
        raise InvalidRequestError("There is no evidence to submit for this dispute.", param="evidence")
    details["submission_count"] += 1
    details["submission_method"] = "manual"
    dispute.body["status"] = "under_review"


def close(call: Call, dispute_id: str) -> Json:
    """The shop gives in: lost, and never to be opened again."""
    dispute = found(call, dispute_id)
    check_open(dispute)
    end(call, dispute, "lost")
    return dispute.body


def end(call: Call, dispute: Stored, status: str) -> None:
    """``won``: the money comes back, and can be refunded; ``lost``: it stays with the cardholder."""
    before = copy.deepcopy(dispute.body)
    dispute.body |= {"status": status, "is_charge_refundable": status == "won"}
    call.tables.save(dispute)
    if status == "won":
        charge = charges.named(call, dispute.body["charge"])
        charge.hidden["withdrawn"] = False
        call.tables.save(charge)
        events.record(call, "charge.dispute.funds_reinstated", dispute.body)
    changes = events.changed(before, dispute.body)
    events.record(call, "charge.dispute.closed", dispute.body, before=changes)


def found(call: Call, dispute_id: str) -> Stored:
    dispute = call.tables.find("dispute", dispute_id)
    if dispute is None:
        raise no_such("dispute", dispute_id, in_path=True)
    return dispute


EVIDENCE = " ".join(f"evidence.{name}" for name in TEXTS)
ROUTES = (
    Route(
        "GET",
        "/v1/disputes",
        list_disputes,
        accepts(
            "_dispute_list_params:DisputeListParams",
            "charge payment_intent created limit starting_after ending_before",
        ),
    ),
    Route(
        "GET",
        "/v1/disputes/<dispute_id>",
        retrieve,
        accepts("_dispute_retrieve_params:DisputeRetrieveParams"),
    ),
    Route(
        "POST",
        "/v1/disputes/<dispute_id>",
        update,
        accepts("_dispute_modify_params:DisputeModifyParams", f"{EVIDENCE} submit metadata"),
    ),
    Route(
        "POST",
        "/v1/disputes/<dispute_id>/close",
        close,
        accepts("_dispute_close_params:DisputeCloseParams"),
    ),
)
