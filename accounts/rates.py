"""How often something may be done: so many times within so many seconds of the first. Counters in the cache.

Then a new stretch begins with the next first: no hour of the clock that strikes lets anybody begin anew. Where the
cache is down, nobody is kept out. Names of counters are keyed hashes, and gone when their time is over: neither an
address nor an e-mail, nor a card's fingerprint, is stored.
"""

import math
import time

import structlog
from django.core.cache import cache
from django.utils.crypto import salted_hmac

log = structlog.get_logger(__name__)


class TooMany(Exception):
    """No more of it for now. `retry_after`: seconds until it is worth another try."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(message)


def count(what: str, who: str, *, most: int, seconds: int, message: str, times: int = 1) -> None:
    """Counts one more (or `times`), within so many seconds of the first. Raises TooMany beyond `most`."""
    if not who or times < 1:
        return
    name = f"rate-{what}-{salted_hmac('rate', who, algorithm='sha256').hexdigest()}"
    now = time.time()
    over = now + seconds  # when the stretch is, if it begins here
    try:
        cache.add(name, 0, timeout=seconds)
        counted = cache.incr(name, times)
        if counted == times:
            cache.set(f"{name}-over", over, timeout=seconds)
        elif counted > most:
            over = cache.get(f"{name}-over", over)
    except ValueError:  # the stretch was over between the two
        return
    except Exception as error:  # noqa: BLE001  whatever keeps the cache from answering must not keep anybody out
        log.warning("not_counted", what=what, kind=type(error).__name__)
        return
    if counted > most:
        log.warning("too_many", what=what)
        raise TooMany(message, retry_after=max(1, math.ceil(over - now)))
