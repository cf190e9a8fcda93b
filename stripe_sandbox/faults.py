"""Faults on demand: what goes wrong with which of the next requests or deliveries, and how often.

They live in memory: a restart ends them. What each kind does is done where it strikes, in `app` and in
`webhooks`; here is only whose turn it is.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class Kind(StrEnum):
    #: The connection ends without an answer, and nothing was done.
    DROP_BEFORE = "drop_before"
    #: Everything is done and kept, the idempotency key too, and the connection ends without an answer.
    DROP_AFTER = "drop_after"
    #: Nothing is done, the answer is a 500, and the idempotency key keeps it.
    ERROR_500 = "error_500"
    #: Nothing is done, the answer is a 429, and the idempotency key stays free.
    RATE_LIMIT = "rate_limit"
    #: Everything is done at once, and the answer comes late.
    SLOW = "slow"
    #: Everything is done, and the answer is a page instead of JSON.
    GARBAGE = "garbage"
    #: The event is posted twice in a row.
    DUPLICATE_EVENT = "duplicate_event"
    #: The event is never posted, unless by `deliver_now`.
    DROP_EVENT = "drop_event"
    #: Signed with a secret that the site does not have.
    WRONG_SIGNATURE = "wrong_signature"
    #: Signed ten minutes ago, so it seems.
    STALE_TIMESTAMP = "stale_timestamp"


OF_EVENTS = frozenset({Kind.DUPLICATE_EVENT, Kind.DROP_EVENT, Kind.WRONG_SIGNATURE, Kind.STALE_TIMESTAMP})
OF_REQUESTS = frozenset(Kind) - OF_EVENTS


@dataclass
class Fault:
    kind: Kind
    #: What it strikes: ``POST /v1/payment_intents/*/capture``, or an event's type. ``*`` is anything.
    strikes: str
    #: How often it still strikes.
    times: int = 1
    #: How many it lets pass before.
    skip: int = 0
    #: How long an answer takes, for `Kind.SLOW`.
    seconds: float = 0


@dataclass
class Faults:
    """Those that still wait for their turn, the oldest first."""

    waiting: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        with self.lock:
            self.waiting.append(fault)

    def take(self, kinds: Collection[Kind], subject: str) -> Fault | None:
        """The fault that strikes `subject`, counted down; one that lets it pass counts that as well."""
        with self.lock:
            for fault in self.waiting:
                if fault.kind not in kinds or not fnmatchcase(subject, fault.strikes):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times == 0:
                    self.waiting.remove(fault)
                return fault
        return None

    def clear(self) -> int:
        with self.lock:
            number = len(self.waiting)
            self.waiting.clear()
        return number

    def shown(self) -> list[dict[str, Any]]:
        with self.lock:
            return [asdict(fault) for fault in self.waiting]
