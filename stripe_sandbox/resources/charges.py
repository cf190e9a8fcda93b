"""Charges: one for each time that the bank was asked for money."""

from __future__ import annotations

import copy
from typing import Any

from .. import events
from ..api import Call, Json, Route
from ..bank import hold_lasts
from ..cards import Decline
from ..errors import no_such
from ..ids import new_id
from ..parameters import accepts
from ..storage import Stored
from .listing import check_named, page
from .payment_methods import test_card_of

#: Ends a query for the holds that were not captured in time; its one value is the moment. It is asked at every
#: request, so the index is named: left to choose, sqlite reads every charge.
HELD_TOO_LONG = """
    FROM objects INDEXED BY holds_by_end
    WHERE kind = 'charge' AND json_extract(body, '$.captured') = 0 AND json_extract(body, '$.refunded') = 0
        AND json_extract(body, '$.payment_method_details.card.capture_before') <= ?
    ORDER BY json_extract(body, '$.payment_method_details.card.capture_before'), sequence
"""


def make(
    call: Call,
    intent: Stored,
    method: Stored,
    *,
    off_session: bool,
    authenticated: bool,
    decline: Decline | None,
) -> Stored:
    """The charge for this attempt, with its event: held, paid or failed."""
    manual = intent.body["capture_method"] == "manual"
    paid = decline is None
    amount = intent.body["amount"]
    card = method.body["card"]
    shown_card = {
        name: card[name]
        for name in ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    }
    charge_id = new_id("charge")
    body: dict[str, Any] = {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if paid and not manual else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": copy.deepcopy(method.body["billing_details"]),
        "calculated_statement_descriptor": "SANDBOX",
        "captured": paid and not manual,
        "created": call.now,
        "currency": intent.body["currency"],
        "customer": intent.body["customer"],
        "description": intent.body["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent.body["metadata"]),
        "on_behalf_of": None,
        "outcome": outcome(decline),
        "paid": paid,
        "payment_intent": intent.id,
        "payment_method": method.id,
        "payment_method_details": {
            "card": {
                **shown_card,
                "amount_authorized": amount if paid else None,
                "authorization_code": charge_id[-6:].upper() if paid else None,
                "capture_before": call.now + hold_lasts(test_card_of(method), off_session=off_session)
                if paid and manual
                else None,
                "checks": dict(card["checks"]),
                "extended_authorization": {"status": "disabled"},
                "incremental_authorization": {"status": "unavailable"},
                "installments": None,
                "mandate": None,
                "multicapture": {"status": "unavailable"},
                "network": card["brand"],
                "network_token": {"used": False},
                "network_transaction_id": charge_id[-15:],
                "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
                "regulated_status": "unregulated",
                "three_d_secure": three_d_secure(authenticated),
                "wallet": None,
            },
            "type": "card",
        },
        "presentment_details": None,
        "radar_options": {},
        "receipt_email": intent.body["receipt_email"],
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": copy.deepcopy(intent.body["shipping"]),
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded" if paid else "failed",
        "transfer_data": None,
        "transfer_group": None,
    }
    charge = call.tables.add(body)
    events.record(call, "charge.succeeded" if paid else "charge.failed", body)
    return charge


def outcome(decline: Decline | None) -> Json:
    told: dict[str, Any] = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if decline and decline.blocked:
        return told | {
            "network_status": "not_sent_to_network",
            "reason": "highest_risk_level",
            "risk_level": "highest",
            "risk_score": 92,
            "seller_message": "Stripe blocked this payment as too risky.",
            "type": "blocked",
        }
    if decline:
        return told | {
            "network_decline_code": "51" if decline.decline_code == "insufficient_funds" else "05",
            "network_status": "declined_by_network",
            "reason": decline.decline_code,
            "seller_message": "The bank did not return any further details with this decline.",
            "type": "issuer_declined",
        }
    return told


def three_d_secure(authenticated: bool) -> Json | None:
    if not authenticated:
        return None
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": None,
        "version": "2.2.0",
    }


def capture(call: Call, charge: Stored, amount: int) -> None:
    """Take `amount` of the hold; what is left goes back at once, which a charge shows as refunded."""
    charge.body["amount_captured"] = amount
    charge.body["amount_refunded"] = charge.body["amount"] - amount
    charge.body["captured"] = True
    call.tables.save(charge)
    events.record(call, "charge.captured", charge.body)


def release(call: Call, charge: Stored) -> None:
    """Give the whole hold back; Stripe shows that as a refund of an uncaptured charge."""
    give_back(call, charge)
    events.record(call, "charge.refunded", charge.body)


def expire(call: Call, charge: Stored) -> None:
    """The bank gives the hold back by itself, which has an event of its own."""
    give_back(call, charge)
    events.record(call, "charge.expired", charge.body)


def give_back(call: Call, charge: Stored) -> None:
    charge.body["amount_refunded"] = charge.body["amount"]
    charge.body["refunded"] = True
    call.tables.save(charge)


def of(call: Call, intent: Stored) -> Stored:
    """The latest charge of an intent that has one."""
    return named(call, intent.body["latest_charge"])


def named(call: Call, charge_id: str) -> Stored:
    """A charge that another object names."""
    charge = call.tables.find("charge", charge_id)
    if charge is None:
        raise LookupError(f"There is no charge {charge_id}, although something names it")
    return charge


def retrieve(call: Call, charge_id: str) -> Json:
    found = call.tables.find("charge", charge_id)
    if found is None:
        raise no_such("charge", charge_id, in_path=True)
    return found.body


def list_charges(call: Call) -> Json:
    check_named(call, "customer", "payment_intent")
    return page(
        call, "charge", "/v1/charges", customer=call.params.get("customer"), having=("payment_intent",)
    )


ROUTES = (
    Route(
        "GET",
        "/v1/charges",
        list_charges,
        accepts(
            "_charge_list_params:ChargeListParams",
            "customer payment_intent created limit starting_after ending_before",
        ),
    ),
    Route(
        "GET", "/v1/charges/<charge_id>", retrieve, accepts("_charge_retrieve_params:ChargeRetrieveParams")
    ),
)
