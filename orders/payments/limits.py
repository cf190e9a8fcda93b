"""How often somebody may try to pay within an hour, so that stolen cards are not tried out here one by one.

Counted for each session, address and card in the cache (accounts/rates.py), and for each customer in the database.
Where the cache is down, what the database counts still holds. A card's fingerprint is neither stored nor logged.
"""

import structlog
from django.conf import settings
from django.core.cache import cache

from accounts.rates import TooMany, count
from orders.models import Order, PaymentAttempt
from orders.payments.attempts import attempts_lately

log = structlog.get_logger(__name__)

_AN_HOUR = 60 * 60
_BETWEEN_LOOKS = 1  # seconds


class TooManyAttempts(Exception):
    """No further try is sent for now."""


def count_visitor(*, session: str, address: str) -> None:
    """Counts a try of this session and address. Raises TooManyAttempts."""
    _count("session", session, most=settings.ATTEMPTS_PER_SESSION)
    _count("address", address, most=settings.ATTEMPTS_PER_ADDRESS)


def count_card(fingerprint: str) -> None:
    """Counts a try of this card, whoever has it. Raises TooManyAttempts."""
    _count("card", fingerprint, most=settings.ATTEMPTS_PER_CARD)


def check_customer(order: Order) -> None:
    """Raises TooManyAttempts where the order's owner has tried too often, whatever the order."""
    if attempts_lately(order) >= settings.ATTEMPTS_PER_CUSTOMER:
        log.warning("too_many_attempts", of="customer")
        raise TooManyAttempts


def may_look(attempt: PaymentAttempt) -> bool:
    """Whether Stripe may be asked how the attempt stands: at most once in a second, however often a page asks."""
    try:
        return cache.add(f"looked-at-{attempt.pk}", 1, timeout=_BETWEEN_LOOKS)
    except Exception as error:  # noqa: BLE001  whatever keeps the cache from answering must not keep anybody from paying
        log.warning("looks_not_counted", kind=type(error).__name__)
        return True


def _count(of: str, value: str, *, most: int) -> None:
    try:
        count(f"pay-{of}", value, most=most, seconds=_AN_HOUR, message=f"Too many tries to pay: {of}.")
    except TooMany as error:
        raise TooManyAttempts from error
