"""The test cards, what their banks answer, and what the form lets through."""

import datetime

import pytest

from stripe_sandbox.bank import Approved, Challenged, Circumstances, Declined, ask, hold_lasts
from stripe_sandbox.card_entry import read_card
from stripe_sandbox.cards import BY_NAME, TEST_CARDS, Card, brand_of, luhn_is_valid
from stripe_sandbox.errors import CardError

TODAY = datetime.date(2026, 11, 21)
GOOD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2034", "cvc": "123"}


@pytest.mark.parametrize("card", TEST_CARDS, ids=lambda card: card.name)
def test_every_test_card_is_well_formed(card: Card) -> None:
    assert luhn_is_valid(card.number)
    assert brand_of(card.number) == card.brand
    assert card.shown_number.replace(" ", "") == card.number


@pytest.mark.parametrize(
    ("name", "circumstances", "verdict"),
    [
        ("visa", {}, Approved),
        ("visa", {"three_d_secure_wanted": True}, Approved),
        ("chargeDeclined", {}, Declined),
        ("threeDSecure2Required", {}, Challenged),
        ("threeDSecure2Required", {"authenticated": True}, Approved),
        ("threeDSecure2Required", {"off_session": True, "set_up": True}, Declined),
        ("authenticationRequired", {"off_session": True, "set_up": True}, Declined),
        ("authenticationRequiredOnSetup", {}, Challenged),
        ("authenticationRequiredOnSetup", {"set_up": True}, Challenged),
        ("authenticationRequiredOnSetup", {"off_session": True}, Declined),
        ("authenticationRequiredOnSetup", {"off_session": True, "set_up": True}, Approved),
        ("threeDSecureRequiredChargeDeclined", {}, Challenged),
        ("threeDSecureRequiredChargeDeclined", {"authenticated": True}, Declined),
        ("threeDSecureOptional", {}, Approved),
        ("threeDSecureOptional", {"three_d_secure_wanted": True}, Challenged),
        ("threeDSecureOptional", {"three_d_secure_wanted": True, "off_session": True}, Approved),
    ],
)
def test_what_the_bank_answers(name: str, circumstances: dict[str, bool], verdict: type) -> None:
    assert isinstance(ask(BY_NAME[name], Circumstances(**circumstances)), verdict)


def test_a_visa_hold_without_the_customer_is_shorter() -> None:
    day = 86400
    assert hold_lasts(BY_NAME["visa"], off_session=False) == 7 * day
    assert hold_lasts(BY_NAME["visa"], off_session=True) == 4 * day + 18 * 3600
    assert hold_lasts(BY_NAME["mastercard"], off_session=True) == 7 * day


def test_a_card_as_typed() -> None:
    entered = read_card({**GOOD, "number": "4242 4242 4242 4242", "exp_year": "34"}, TODAY)
    assert (entered.card.name, entered.exp_month, entered.exp_year) == ("visa", 12, 2034)
    this_month = read_card({**GOOD, "exp_month": "11", "exp_year": "2026"}, TODAY)
    assert this_month.exp_month == 11


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"number": "4242424242424241"}, "incorrect_number"),
        ({"number": "4242"}, "invalid_number"),
        ({"number": "４２４２424242424242"}, "invalid_number"),
        ({"exp_month": "13"}, "invalid_expiry_month"),
        ({"exp_month": "10", "exp_year": "2026"}, "invalid_expiry_month"),
        ({"exp_year": "2025"}, "invalid_expiry_year"),
        ({"exp_year": "2099"}, "invalid_expiry_year"),
        ({"exp_year": "x"}, "invalid_expiry_year"),
        ({"cvc": "12"}, "invalid_cvc"),
        ({"cvc": "1234"}, "invalid_cvc"),
        ({"number": "378282246310005"}, "invalid_cvc"),
        ({"number": "4111111111111111"}, "card_declined"),
    ],
)
def test_a_card_that_is_refused_at_the_form(typed: dict[str, str], code: str) -> None:
    with pytest.raises(CardError) as refused:
        read_card({**GOOD, **typed}, TODAY)
    assert refused.value.code == code
