"""Forms that count once: a second press, or a reload, does nothing."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache

_LONGEST, _REMEMBERED = 64, 24 * 60 * 60


@contextmanager
def once(kind: str, key: str) -> Iterator[bool]:
    """Whether the form with this key is sent for the first time; what fails within has not been done.

    Where the cache does not answer, or there is no key, it is taken to be: what is done twice is better than what
    cannot be done.
    """
    if not key:
        yield True
        return
    name, first = f"{kind}:{key[:_LONGEST]}", True
    with contextlib.suppress(Exception):
        first = bool(cache.add(name, True, timeout=_REMEMBERED))
    try:
        yield first
    except BaseException:
        if first:
            with contextlib.suppress(Exception):
                cache.delete(name)
        raise
