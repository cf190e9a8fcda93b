"""What a card's bank answers. Pure: a card and the circumstances in, a verdict out."""

from __future__ import annotations

from dataclasses import dataclass

from .cards import NEEDS_AUTHENTICATION, Card, Challenge, Decline

DAY = 24 * 60 * 60
#: How long a hold lasts. A Visa hold without the customer there is shorter.
HOLD = 7 * DAY
VISA_HOLD_OFF_SESSION = 4 * DAY + 18 * 60 * 60


@dataclass(frozen=True)
class Circumstances:
    #: The customer is not there; the shop charges on its own.
    off_session: bool = False
    #: The card was authenticated once for payments without the customer.
    set_up: bool = False
    #: The shop asks for 3-D Secure where the card can do it.
    three_d_secure_wanted: bool = False
    #: The customer has just completed 3-D Secure.
    authenticated: bool = False


@dataclass(frozen=True)
class Approved:
    pass


@dataclass(frozen=True)
class Challenged:
    """The bank wants to see the customer first."""


@dataclass(frozen=True)
class Declined:
    decline: Decline


Verdict = Approved | Challenged | Declined


def ask(card: Card, circumstances: Circumstances) -> Verdict:
    if not circumstances.authenticated and wants_challenge(card, circumstances):
        return Declined(NEEDS_AUTHENTICATION) if circumstances.off_session else Challenged()
    return Declined(card.decline) if card.decline else Approved()


def wants_challenge(card: Card, circumstances: Circumstances) -> bool:
    match card.challenge:
        case Challenge.ALWAYS:
            return True
        case Challenge.UNLESS_SET_UP:
            return not (circumstances.off_session and circumstances.set_up)
        case Challenge.ON_REQUEST:
            return circumstances.three_d_secure_wanted and not circumstances.off_session
        case Challenge.NEVER:
            return False


def hold_lasts(card: Card, *, off_session: bool) -> int:
    """Seconds until an authorization is given up."""
    return VISA_HOLD_OFF_SESSION if off_session and card.brand == "visa" else HOLD
