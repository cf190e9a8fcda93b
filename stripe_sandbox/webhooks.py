"""Delivers events to the site: signed like Stripe's, in order, and again until the site says 2xx.

Deliveries wait in the database, so a restart of the sandbox, or of the site, loses none. A delivery that
fails does not hold up the ones behind it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from .config import Config
from .storage import Storage

log = logging.getLogger(__name__)

#: Seconds until the next try; the last one repeats until a delivery is a day old.
PAUSES = (1, 2, 5, 10, 30)
GIVE_UP_AFTER = 24 * 60 * 60
TIMEOUT = 10
IDLE = 60.0


def signature(payload: bytes, secrets: tuple[str, ...], timestamp: int) -> str:
    """The ``Stripe-Signature`` header: one ``v1`` for each secret."""
    signed = str(timestamp).encode() + b"." + payload
    marks = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={mark}" for mark in marks)])


@dataclass
class Waiting:
    event_id: str
    body: str
    attempts: int
    created: int


@dataclass
class Courier:
    """One thread that posts what waits."""

    config: Config
    storage: Storage
    stopping: threading.Event = field(default_factory=threading.Event)
    something_new: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

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
                waiting = self.next_waiting()
                if waiting:
                    self.deliver(waiting)
                    continue
                pause = self.until_next()
            except Exception:
                log.exception("The webhook courier stumbled")
                pause = 1.0
            self.something_new.wait(pause)

    def next_waiting(self) -> Waiting | None:
        with self.storage.read() as tables:
            row = tables.connection.execute(
                "SELECT event, attempts, body FROM deliveries JOIN objects ON objects.id = deliveries.event "
                "WHERE next_attempt <= ? ORDER BY objects.sequence LIMIT 1",
                (self.config.clock(),),
            ).fetchone()
        if row is None:
            return None
        return Waiting(row["event"], row["body"], row["attempts"], json.loads(row["body"])["created"])

    def until_next(self) -> float:
        with self.storage.read() as tables:
            soonest = tables.connection.execute("SELECT MIN(next_attempt) FROM deliveries").fetchone()[0]
        return IDLE if soonest is None else min(max(soonest - self.config.clock(), 0.01), IDLE)

    def deliver(self, waiting: Waiting) -> None:
        assert self.config.webhook_url
        payload = json.dumps(json.loads(waiting.body), indent=2).encode()
        result = post(self.config.webhook_url, payload, self.config.webhook_secrets, int(self.config.clock()))
        now = self.config.clock()
        arrived = result.isdecimal() and 200 <= int(result) < 300
        pause = PAUSES[min(waiting.attempts, len(PAUSES) - 1)]
        gone = arrived or now + pause > waiting.created + GIVE_UP_AFTER
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
