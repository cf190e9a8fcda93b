"""Copies of the catalogue that each process keeps in memory, and the one rule by which they are as new as it.

Whoever reads a copy asks the database first which changes it has noted (inventory/models/change.py). Where they are
the same as those of the copy, it is good. Where they are others:

- a small copy is read again at once, so that what was changed a moment ago is there;
- a large one is still served, while one thread in the background reads it again. Nobody waits for it but the very
  first; and whoever comes when an old copy has been served for `LONGEST_OLD` seconds, since then reading it fails or
  hangs, and that has to be seen;
- while an import changes the catalogue for minutes, a process spends no more than a tenth of its time on reading.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, Thread
from time import monotonic
from typing import Generic, TypeVar

import structlog
from django.db import connection, connections

from inventory.models import Change

LARGE = 5_000  # cards
LONGEST_OLD = 60.0  # seconds
_REST = 10.0  # times as long as reading took
_LONGEST_REST = 20.0  # seconds
_SHORTEST_REST = 1.0

Version = tuple[object, ...]
Copy = TypeVar("Copy")
_one_at_a_time = Lock()  # in the background: two readings at once would need room for both
log = structlog.get_logger(__name__)


def versions() -> dict[str, Version]:
    """By what changes, which changes there have been: how many, and the sum of their numbers. One query."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT "of", COUNT(*), SUM(id)::bigint FROM inventory_change GROUP BY "of"')
        found = {of: tuple(numbers) for of, *numbers in cursor.fetchall()}
    database = connection.settings_dict["NAME"]
    return {of: (database, *found.get(of, ())) for of in Change.Of.values}


@dataclass(frozen=True, slots=True)
class _Read(Generic[Copy]):
    version: Version
    copy: Copy
    began_at: float
    took: float


class KeptCopy(Generic[Copy]):
    """What `read` makes of the cards and printings; `cards_in` tells how many cards it has."""

    def __init__(self, read: Callable[[], Copy], *, cards_in: Callable[[Copy], int]) -> None:
        self._make = read
        self._cards_in = cards_in
        self._last: _Read[Copy] | None = None  # replaced as a whole
        self._old: tuple[_Read[Copy], float] | None = None  # which was first noticed to be old, and when
        self._tried_at = float("-inf")
        self._reading = Lock()

    def get(self, version: Version) -> Copy:
        """For whoever must not wait. `version`: that of the catalogue, as the database has just told."""
        last = self._last
        if last is None or self._has_to_be_new(last, version):
            return self.newest()
        if last.version != version:
            self._read_in_background(last)
        return last.copy

    def newest(self) -> Copy:
        """As new as the database, however long that takes."""
        with self._reading:
            version = versions()[Change.Of.CATALOGUE]
            if self._last is None or self._last.version != version:
                self._last = self._read(version)
            return self._last.copy

    def _has_to_be_new(self, last: _Read[Copy], version: Version) -> bool:
        if last.version == version:
            return False
        if last.version[0] != version[0] or self._cards_in(last.copy) <= LARGE:
            return True
        now = monotonic()
        if self._old is None or self._old[0] is not last:
            self._old = (last, now)
        return now - self._old[1] > LONGEST_OLD

    def _read(self, version: Version) -> _Read[Copy]:
        began_at = monotonic()
        copy = self._make()
        return _Read(version, copy, began_at, monotonic() - began_at)

    # --- in the background ------------------------------------------------------------------------------

    def _read_in_background(self, last: _Read[Copy]) -> None:
        now = monotonic()
        rest = min(max(_REST * last.took, _SHORTEST_REST), _LONGEST_REST)
        if now - max(self._tried_at, last.began_at + last.took) < rest or self._reading.locked():
            return
        self._tried_at = now
        Thread(target=self._renew, name="kept-copy", daemon=True).start()

    def _renew(self) -> None:
        try:
            with _one_at_a_time:
                self.newest()
        except Exception:
            log.exception("kept_copy_not_read")  # the next visitor tries again, and sees it where it lasts
        finally:
            connections.close_all()
