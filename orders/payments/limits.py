"""How often somebody may try to pay within an hour, so that stolen cards are not tried out here one by one.

Counted for each session, address and card in the cache, and for each customer in the database. Where the cache is
down, what the database counts still holds. Names of counters are keyed hashes, and gone after an hour: a card's
fingerprint is neither stored nor logged.
"""

import structlog
from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import salted_hmac

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
    except Exception as error:  # noqa: BLE001  as in `_count`
        log.warning("looks_not_counted", kind=type(error).__name__)
        return True


def _count(of: str, value: str, *, most: int) -> None:
    if not value:
        return
    name = f"attempts-{of}-{salted_hmac('attempts to pay', value, algorithm='sha256').hexdigest()}"
    try:
        cache.add(name, 0, timeout=_AN_HOUR)
        tried = cache.incr(name)
    except ValueError:  # the hour was over between the two
        return
    except Exception as error:  # noqa: BLE001  whatever keeps the cache from answering must not keep anybody from paying
        log.warning("attempts_not_counted", of=of, kind=type(error).__name__)
        return
    if tried > most:
        log.warning("too_many_attempts", of=of)
        raise TooManyAttempts
