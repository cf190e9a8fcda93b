"""How often something may be done: counters in the cache. Where the cache is down, nobody is kept out.

Names of counters are keyed hashes: neither an address nor an e-mail is stored.
"""

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


def count(what: str, who: str, *, most: int, seconds: int, message: str) -> None:
    """Counts one more in the current stretch of so many seconds. Raises TooMany beyond `most`."""
    if not who:
        return
    now = time.time()
    stretch = int(now // seconds)
    name = f"rate-{what}-{stretch}-{salted_hmac('rate', who, algorithm='sha256').hexdigest()}"
    try:
        cache.add(name, 0, timeout=seconds)
        counted = cache.incr(name)
    except ValueError:  # the stretch was over between the two
        return
    except Exception as error:  # noqa: BLE001  whatever keeps the cache from answering must not keep anybody out
        log.warning("not_counted", what=what, kind=type(error).__name__)
        return
    if counted > most:
        log.warning("too_many", what=what)
        raise TooMany(message, retry_after=max(1, int((stretch + 1) * seconds - now) + 1))
