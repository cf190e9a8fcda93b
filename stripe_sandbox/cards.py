"""The test cards: what each is, and how its bank answers. No other number is accepted.

A number typed into the form is looked up here and forgotten; what is kept is the card's `name`.
Source: https://docs.stripe.com/testing
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Refunding(StrEnum):
    """How a refund to the card goes."""

    AT_ONCE = "at_once"
    #: It starts pending, and succeeds later.
    SLOWLY = "slowly"
    #: It looks done, and the bank sends it back later.
    COMES_BACK = "comes_back"


class Challenge(StrEnum):
    """When the card's bank wants to see the customer (3-D Secure)."""

    NEVER = "never"
    #: Only where the shop asks for it.
    ON_REQUEST = "on_request"
    #: On every payment with the customer there, and without unless it was set up for that.
    UNLESS_SET_UP = "unless_set_up"
    ALWAYS = "always"


@dataclass(frozen=True)
class Decline:
    code: str
    decline_code: str
    message: str
    param: str | None = None
    #: Blocked before it reached the bank.
    blocked: bool = False


@dataclass(frozen=True)
class Card:
    #: As in Stripe's ready-made ids: ``pm_card_<name>`` and ``tok_<name>``.
    name: str
    number: str
    what: str
    brand: str = "visa"
    country: str = "US"
    funding: str = "credit"
    decline: Decline | None = None
    challenge: Challenge = Challenge.NEVER
    #: The bank refuses already when the card is saved with a customer.
    refuses_saving: bool = True
    cvc_check: str = "pass"
    refunding: Refunding = Refunding.AT_ONCE
    #: The cardholder disputes the payment as soon as the money is taken.
    is_disputed: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def shown_number(self) -> str:
        """In groups, as on the card."""
        cuts = (0, 4, 10, 15) if self.brand == "amex" else (0, 4, 8, 12, 16)
        return " ".join(self.number[start:end] for start, end in pairwise(cuts))


def declined(decline_code: str, message: str = "Your card was declined.") -> Decline:
    return Decline("card_declined", decline_code, message)


GENERIC = declined("generic_decline")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.", "exp_month")
WRONG_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "cvc")
PROCESSING = Decline(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
NEEDS_AUTHENTICATION = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
FRAUD = Decline("card_declined", "fraudulent", "Your card was declined.", blocked=True)
#: A number that is no test card, as Stripe words it in test mode.
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid "
    "test cards, visit: https://docs.stripe.com/testing.",
    "number",
)

TEST_CARDS = (
    Card("visa", "4242424242424242", "Pays"),
    Card("visa_debit", "4000056655665556", "Pays (debit card)", funding="debit"),
    Card("mastercard", "5555555555554444", "Pays", "mastercard"),
    Card("amex", "378282246310005", "Pays", "amex"),
    Card("discover", "6011111111111117", "Pays", "discover"),
    Card("chargeDeclined", "4000000000000002", "Declined", decline=GENERIC),
    Card(
        "chargeDeclinedInsufficientFunds",
        "4000000000009995",
        "Declined: insufficient funds",
        decline=declined("insufficient_funds", "Your card has insufficient funds."),
    ),
    Card("chargeDeclinedLostCard", "4000000000009987", "Declined: lost card", decline=declined("lost_card")),
    Card("chargeDeclinedStolenCard", "4000000000009979", "Declined: stolen", decline=declined("stolen_card")),
    Card("chargeDeclinedExpiredCard", "4000000000000069", "Declined: expired", decline=EXPIRED),
    Card(
        "chargeDeclinedIncorrectCvc",
        "4000000000000127",
        "Declined: wrong security code",
        decline=WRONG_CVC,
        cvc_check="fail",
    ),
    Card(
        "chargeDeclinedProcessingError", "4000000000000119", "Declined: processing error", decline=PROCESSING
    ),
    Card("radarBlock", "4100000000000019", "Blocked as fraud", decline=FRAUD),
    Card(
        "chargeCustomerFail",
        "4000000000000341",
        "Can be saved with a customer; every charge is declined",
        decline=GENERIC,
        refuses_saving=False,
    ),
    Card(
        "authenticationRequiredOnSetup",
        "4000002500003155",
        "3-D Secure, unless set up for later payments",
        country="FR",
        challenge=Challenge.UNLESS_SET_UP,
    ),
    Card(
        "authenticationRequired",
        "4000002760003184",
        "3-D Secure on every payment; declined without the customer",
        country="DE",
        challenge=Challenge.ALWAYS,
    ),
    Card(
        "threeDSecure2Required",
        "4000000000003220",
        "3-D Secure on every payment",
        country="IE",
        challenge=Challenge.ALWAYS,
    ),
    Card(
        "threeDSecureRequiredChargeDeclined",
        "4000008400001629",
        "3-D Secure, then declined",
        challenge=Challenge.ALWAYS,
        decline=GENERIC,
        refuses_saving=False,
    ),
    Card(
        "threeDSecureOptional",
        "4000000000003055",
        "Pays; 3-D Secure only where the shop asks for it",
        challenge=Challenge.ON_REQUEST,
    ),
    Card(
        "pendingRefund",
        "4000000000007726",
        "Pays; a refund is pending for a while, then succeeds",
        refunding=Refunding.SLOWLY,
    ),
    Card(
        "refundFail",
        "4000000000005126",
        "Pays; a refund succeeds, and fails a while later",
        refunding=Refunding.COMES_BACK,
    ),
    Card("createDispute", "4000000000000259", "Pays; disputed as fraudulent at once", is_disputed=True),
)

BY_NUMBER = {card.number: card for card in TEST_CARDS}
BY_NAME = {card.name: card for card in TEST_CARDS}
#: Stripe's pages name some of them twice.
BY_NAME |= {f"visa_{card.name}": card for card in TEST_CARDS if card.name.startswith("chargeDeclined")}


def luhn_is_valid(number: str) -> bool:
    """The check digit that every card number carries."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(digit - 9 if digit > 9 else digit for digit in doubled)) % 10 == 0


def brand_of(number: str) -> str:
    """The brand that the first digits announce; it needs no full number."""
    if number.startswith(("34", "37")):
        return "amex"
    if number.startswith("4"):
        return "visa"
    if number[:2] in {"51", "52", "53", "54", "55"} or "2221" <= number[:4] <= "2720":
        return "mastercard"
    if number.startswith(("6011", "65")):
        return "discover"
    return "unknown"
