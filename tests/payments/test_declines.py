"""Every outcome that Stripe can name has a sentence that says what happened and what to do."""

import typing

import pytest
from stripe import PaymentIntent

from orders.models import PaymentStatus
from orders.payments.declines import (
    DECLINED,
    NOTHING_CHARGED,
    SENTENCES,
    decline_message,
    status_message,
)

# Of a card's own: https://docs.stripe.com/declines/codes
_OF_STRIPES_PAGE = """
    approve_with_id authentication_not_handled authentication_required call_issuer card_not_supported
    card_velocity_exceeded currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card
    fraudulent generic_decline incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip
    insufficient_funds invalid_account invalid_amount invalid_cvc invalid_expiry_month invalid_expiry_year
    invalid_number invalid_pin issuer_not_available lost_card merchant_blacklist
    mobile_device_authentication_required new_account_information_available no_action_taken not_permitted
    offline_pin_required online_or_offline_pin_required pickup_card pin_try_exceeded processing_error
    reenter_transaction restricted_card revocation_of_all_authorizations revocation_of_authorization
    security_violation service_not_allowed stolen_card stop_payment_order testmode_decline
    transaction_not_allowed try_again_later withdrawal_count_limit_exceeded
"""
DECLINE_CODES = _OF_STRIPES_PAGE.split()
OF_A_CARD = (
    "card_",
    "incorrect_",
    "invalid_cvc",
    "invalid_expiry",
    "invalid_number",
    "expired_",
    "insufficient_",
    "authentication_",
    "payment_intent_authentication",
    "payment_intent_payment_attempt",
)


def literals(kind: object) -> set[str]:
    """Every string that a type of the library names, however deep it stands in unions."""
    parts = typing.get_args(kind)
    return {part for part in parts if isinstance(part, str)}.union(*(literals(part) for part in parts))


def error_codes() -> set[str]:
    return literals(PaymentIntent.LastPaymentError.__annotations__["code"])


def test_the_library_names_the_codes_that_we_look_for():
    assert {"card_declined", "payment_intent_authentication_failure"} <= error_codes()
    assert len(error_codes()) > 150


@pytest.mark.parametrize("code", sorted({*error_codes(), *DECLINE_CODES, "", "a_code_of_next_year"}))
def test_every_code_leads_to_what_happened_and_what_to_do(code):
    said = decline_message(code)

    happened, _, to_do = said.removesuffix(NOTHING_CHARGED).strip().partition(". ")
    assert said.endswith(f". {NOTHING_CHARGED}")
    assert happened
    assert to_do.startswith("Please "), said
    assert "_" not in said


@pytest.mark.parametrize("code", DECLINE_CODES)
def test_no_decline_is_told_in_words_that_fit_anything(code):
    assert code in SENTENCES


def test_no_error_about_a_card_is_told_in_words_that_fit_anything():
    about_cards = {code for code in error_codes() if code.startswith(OF_A_CARD)}

    assert len(about_cards) >= 14
    assert not about_cards - SENTENCES.keys()


def test_whoever_tries_stolen_cards_learns_nothing():
    suspicious = [
        "lost_card",
        "stolen_card",
        "pickup_card",
        "fraudulent",
        "merchant_blacklist",
        "security_violation",
    ]

    assert {decline_message(code) for code in suspicious} == {decline_message("generic_decline")}
    assert not any(word in DECLINED for word in ("lost", "stolen", "fraud"))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("insufficient_funds", "not enough money"),
        ("expired_card", "has expired"),
        ("incorrect_cvc", "security code"),
        ("incorrect_number", "card number"),
        ("invalid_expiry_year", "expiry date"),
        ("incorrect_zip", "postcode"),
        ("processing_error", "in a minute"),
        ("authentication_required", "answer your bank's question"),
        ("payment_intent_authentication_failure", "could not confirm that it is you"),
        ("card_velocity_exceeded", "reached its limit"),
        ("card_not_supported", "cannot be used for this payment"),
        ("refused", "not because of your card"),
    ],
)
def test_what_the_customer_can_do_something_about_is_told(code, said):
    assert said in decline_message(code)


@pytest.mark.parametrize("status", PaymentStatus)
def test_every_status_has_a_sentence(status):
    said = status_message(status)

    assert said.endswith(".")
    assert ". " in said
