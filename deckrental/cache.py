"""The cache, with one exception to its rule that an error is an error."""

from collections.abc import Callable
from typing import Any

import redis
import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache

log = structlog.get_logger(__name__)

# What allauth counts its tries by. It has no way of its own to go on without a cache.
_LIMITS = "allauth:rl:"


class Cache(RedisCache):
    """Redis. Where it does not answer, limits of sign-in and the like let through, and the log says so.

    A shop whose cache is down must still let people in: passwords are slow to try, and the outage is seen at /readyz.
    Whatever else asks the cache hears of the error, as ever.
    """

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _or(default, key, lambda: super(Cache, self).get(key, default, version))

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        _or(None, key, lambda: super(Cache, self).set(key, value, timeout, version))

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return _or(True, key, lambda: super(Cache, self).add(key, value, timeout, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return _or(False, key, lambda: super(Cache, self).delete(key, version))


def _or(instead: Any, key: Any, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (redis.RedisError, OSError) as error:
        if not str(key).startswith(_LIMITS):
            raise
        log.warning("sign_ins_not_limited", kind=type(error).__name__)
        return instead
