"""Delivers events to the site: signed like Stripe's, in order, and again until the site says 2xx.

Deliveries wait in the database, so a restart of the sandbox, or of the site, loses none. A delivery that
fails does not hold up the ones behind it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import sqlite3
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from .clock import SandboxClock
from .config import Config
from .faults import OF_EVENTS, Faults, Kind
from .storage import Storage

log = logging.getLogger(__name__)

#: Seconds until the next try; the last one repeats until a delivery is a day old.
PAUSES = (1, 2, 5, 10, 30)
GIVE_UP_AFTER = 24 * 60 * 60
TIMEOUT = 10
IDLE = 60.0
#: How old a stale signature is; sites allow 300 seconds.
STALE = 600


def signature(payload: bytes, secrets: tuple[str, ...], timestamp: int) -> str:
    """The ``Stripe-Signature`` header: one ``v1`` for each secret."""
    signed = str(timestamp).encode() + b"." + payload
    marks = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={mark}" for mark in marks)])


class Order(StrEnum):
    FORWARD = "forward"
    REVERSE = "reverse"


@dataclass
class Waiting:
    event_id: str
    body: str
    attempts: int
    created: int
    type: str


@dataclass
class Courier:
    """One thread that posts what waits."""

    config: Config
    storage: Storage
    clock: SandboxClock
    faults: Faults
    #: Called at every round, at least once a minute.
    each_round: Callable[[], None]
    stopping: threading.Event = field(default_factory=threading.Event)
    something_new: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    #: Held back: nothing leaves until `release`.
    held: bool = False
    #: Up to this event the newest goes first; 0: the oldest goes first, as usual.
    backwards_up_to: int = 0

    def start(self) -> None:
        if self.config.webhook_url:
            self.thread = threading.Thread(target=self.run, name="webhooks", daemon=True)
            self.thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.wake()
        if self.thread:
            self.thread.join(timeout=1)

    def wake(self) -> None:
        self.something_new.set()

    def run(self) -> None:
        while not self.stopping.is_set():
            self.something_new.clear()
            try:
                self.each_round()
                waiting = self.next_waiting()
                if waiting:
                    self.deliver(waiting)
                    continue
                pause = self.until_next()
            except Exception:
                log.exception("The webhook courier stumbled")
                pause = 1.0
            self.something_new.wait(pause)

    def hold(self) -> None:
        self.held = True

    def release(self, order: Order) -> int:
        """Let what was held back leave, in this order; how many events that is."""
        if not self.held:
            return 0
        with self.storage.read() as tables:
            waiting, newest = tables.connection.execute(
                "SELECT COUNT(*), MAX(sequence) FROM deliveries JOIN objects ON objects.id = event "
                "WHERE next_attempt <= ?",
                (self.config.clock(),),
            ).fetchone()
        self.backwards_up_to = newest or 0 if order is Order.REVERSE else 0
        self.held = False
        self.wake()
        return int(waiting)

    def next_waiting(self) -> Waiting | None:
        if self.held:
            return None
        if self.backwards_up_to:
            if row := self.first_waiting("AND sequence <= ? ORDER BY sequence DESC", self.backwards_up_to):
                return row
            self.backwards_up_to = 0
        return self.first_waiting("ORDER BY sequence")

    def first_waiting(self, which: str, *values: int) -> Waiting | None:
        with self.storage.read() as tables:
            row = tables.connection.execute(
                f"{SELECT_DELIVERY} WHERE next_attempt <= ? {which} LIMIT 1",
                (self.config.clock(), *values),
            ).fetchone()
        return waiting_in(row) if row else None

    def until_next(self) -> float:
        if self.held:
            return IDLE
        with self.storage.read() as tables:
            soonest = tables.connection.execute("SELECT MIN(next_attempt) FROM deliveries").fetchone()[0]
        return IDLE if soonest is None else min(max(soonest - self.config.clock(), 0.01), IDLE)

    def deliver_now(self, event_id: str) -> str | None:
        """Send an event again, held back or not; what the site answered, or None: there is no such event."""
        with self.storage.write() as tables:
            if tables.find("event", event_id) is None:
                return None
            tables.connection.execute("INSERT OR IGNORE INTO deliveries (event) VALUES (?)", (event_id,))
            row = tables.connection.execute(f"{SELECT_DELIVERY} WHERE event = ?", (event_id,)).fetchone()
        return self.deliver(waiting_in(row))

    def deliver(self, waiting: Waiting) -> str:
        """What the site answered, or why it did not."""
        fault = self.faults.take(OF_EVENTS, waiting.type)
        kind = fault.kind if fault else None
        result = "kept back by a fault" if kind is Kind.DROP_EVENT else self.send(waiting, kind)
        now = self.config.clock()
        arrived = taken(result)
        pause = PAUSES[min(waiting.attempts, len(PAUSES) - 1)]
        gone = (
            arrived or kind is Kind.DROP_EVENT or self.clock.now() + pause > waiting.created + GIVE_UP_AFTER
        )
        with self.storage.write() as tables:
            tables.connection.execute(
                "UPDATE deliveries SET attempts = attempts + 1, last_result = ?, delivered_at = ?, "
                "next_attempt = ? WHERE event = ?",
                (result, now if arrived else None, None if gone else now + pause, waiting.event_id),
            )
            if arrived and (event := tables.find("event", waiting.event_id)):
                event.body["pending_webhooks"] = 0
                tables.save(event)
        if not arrived:
            log.warning(
                "Event %s was not taken (%s); %s", waiting.event_id, result, "given up" if gone else "again"
            )
        return result

    def send(self, waiting: Waiting, kind: Kind | None) -> str:
        assert self.config.webhook_url
        payload = json.dumps(json.loads(waiting.body), indent=2).encode()
        secrets, signed_at = self.config.webhook_secrets, int(self.config.clock())
        if kind is Kind.WRONG_SIGNATURE:
            secrets = ("whsec_a_secret_of_somebody_else",)
        if kind is Kind.STALE_TIMESTAMP:
            signed_at -= STALE
        result = post(self.config.webhook_url, payload, secrets, signed_at)
        if kind is Kind.DUPLICATE_EVENT:
            result = post(self.config.webhook_url, payload, secrets, signed_at)
        return result


SELECT_DELIVERY = "SELECT event, attempts, body FROM deliveries JOIN objects ON objects.id = deliveries.event"


def waiting_in(row: sqlite3.Row) -> Waiting:
    event = json.loads(row["body"])
    return Waiting(row["event"], row["body"], row["attempts"], event["created"], event["type"])


def taken(result: str) -> bool:
    return result.isdecimal() and 200 <= int(result) < 300


def post(url: str, payload: bytes, secrets: tuple[str, ...], timestamp: int) -> str:
    """The status that the site answered, or why there is none."""
    request = urllib.request.Request(  # noqa: S310 (http or https: `parse_config` sees to it)
        url,
        data=payload,
        method="POST",
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(payload, secrets, timestamp),
            "User-Agent": "Stripe/1.0 (stripe_sandbox; a stand-in)",
        },
    )
    try:
        with OPENER.open(request, timeout=TIMEOUT) as response:
            return str(response.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return str(refused.code)
    except (OSError, ValueError) as failure:
        return f"no answer: {failure}"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Stripe does not follow redirects: a webhook address that redirects is a failed delivery."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


#: No proxy: the site is on this machine or the next one.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)
