"""Every card that must be declined is declined, and leaves what Stripe leaves."""

import pytest
import stripe

from tests.stripe_sandbox.surroundings import RETURN_URL, hold

DECLINES = [
    ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
    ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card"),
    ("pm_card_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
    ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
    ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ("pm_card_radarBlock", "card_declined", "fraudulent"),
    ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
]


@pytest.mark.parametrize(("card", "code", "decline_code"), DECLINES)
def test_declined(client: stripe.StripeClient, card: str, code: str, decline_code: str) -> None:
    with pytest.raises(stripe.CardError) as declined:
        hold(client, card)
    error = declined.value
    assert (error.http_status, error.code, error.error.decline_code) == (402, code, decline_code)
    assert error.error.type == "card_error"
    assert error.error.doc_url.startswith("https://")

    intent = client.v1.payment_intents.retrieve(error.error.payment_intent.id, {"expand": ["latest_charge"]})
    assert (intent.status, intent.payment_method, intent.amount_capturable) == (
        "requires_payment_method",
        None,
        0,
    )
    assert (intent.last_payment_error.code, intent.last_payment_error.decline_code) == (code, decline_code)
    assert intent.last_payment_error.payment_method.id.startswith("pm_")
    charge = intent.latest_charge
    assert (charge.status, charge.paid, charge.captured, charge.failure_code) == (
        "failed",
        False,
        False,
        code,
    )
    assert charge.id == error.error.charge
    assert charge.outcome.type == ("blocked" if decline_code == "fraudulent" else "issuer_declined")


def test_a_declined_intent_takes_another_card(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as declined:
        hold(client, "pm_card_chargeDeclined")
    intent = client.v1.payment_intents.confirm(
        declined.value.error.payment_intent.id,
        {"payment_method": "pm_card_mastercard", "return_url": RETURN_URL},
    )
    assert (intent.status, intent.last_payment_error) == ("requires_capture", None)
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 2


def test_a_declined_intent_is_not_captured(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as declined:
        hold(client, "pm_card_chargeDeclined")
    with pytest.raises(stripe.InvalidRequestError, match="requires_payment_method"):
        client.v1.payment_intents.capture(declined.value.error.payment_intent.id)


def test_events_of_a_decline(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError):
        hold(client, "pm_card_chargeDeclined")
    types = [event.type for event in client.v1.events.list().data]
    assert types == ["payment_intent.payment_failed", "charge.failed", "payment_intent.created"]
