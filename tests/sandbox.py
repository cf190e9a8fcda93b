"""Starts the stand-in for Stripe as a process, makes the tokens that a browser would make, and moves its levers."""

import secrets
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import stripe

from deckrental.csp import content_security_policy


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Sandbox:
    folder: Path
    webhook_url: str = ""
    port: int = field(default_factory=free_port)
    secret_key: str = field(default_factory=lambda: f"sk_test_{secrets.token_hex(12)}")
    publishable_key: str = field(default_factory=lambda: f"pk_test_{secrets.token_hex(12)}")
    webhook_secret: str = field(default_factory=lambda: f"whsec_{secrets.token_hex(12)}")
    process: "subprocess.Popen[bytes] | None" = None
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [
            sys.executable, "-m", "stripe_sandbox",
            "--port", str(self.port),
            "--database", str(self.folder / "sandbox.sqlite3"),
            "--webhook-url", self.webhook_url,
            "--webhook-secret", self.webhook_secret,
            "--publishable-key", self.publishable_key,
            "--secret-key", self.secret_key,
        ]  # fmt: skip
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.url}/healthz", timeout=1).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise RuntimeError("The sandbox did not start within 15 seconds.")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)

    def use_in(self, settings: Any) -> None:
        """Lets the site speak to this sandbox, for as long as pytest-django's `settings` last."""
        settings.CONTENT_SECURITY_POLICY = content_security_policy(stripe_api_base=self.url)
        settings.STRIPE_JS_URL = f"{self.url}/v3/"
        settings.STRIPE_API_BASE = self.url
        settings.STRIPE_DEBUG = True
        settings.STRIPE_WEBHOOK_SECRET = self.webhook_secret
        settings.STRIPE_API_KEYS = {
            "test": {"publishable": self.publishable_key, "secret": self.secret_key},
            "live": {"publishable": "", "secret": ""},
        }

    def control(self, method: str, path: str, told: dict[str, Any] | None = None) -> dict[str, Any]:
        """Move a lever of `stripe_sandbox.control`; a refusal is an error of the test."""
        answer = self.session.request(
            method,
            f"{self.url}/_sandbox{path}",
            json=told,
            headers={"Authorization": f"Bearer {self.secret_key}"},
            timeout=30,
        )
        if not answer.ok:
            raise ValueError(answer.json()["error"]["message"])
        return answer.json()

    def advance(self, *, days: int = 0, hours: int = 0, seconds: int = 0) -> None:
        """Move Stripe's clock ahead; what is due by then happens at once. The site's clock stays."""
        self.control("POST", "/clock", {"advance_seconds": (days * 24 + hours) * 3600 + seconds})

    def reset_clock(self) -> None:
        self.control("POST", "/clock", {"reset": True})

    def expire(self, intent_id: str) -> None:
        """The bank ends this hold, as if nobody had captured in time."""
        self.control("POST", f"/intents/{intent_id}/expire")

    def fault(self, kind: str, path: str | None = None, **more: Any) -> None:
        """Something goes wrong with the next request, or delivery, that it fits; see `stripe_sandbox.faults`.

        `path` is like "/v1/payment_intents/*/capture"; `more`: method, event_type, times, skip, seconds.
        """
        where = {"path": path} if path else {}
        self.control("POST", "/faults", {"kind": kind, **where, **more})

    def faults(self) -> list[dict[str, Any]]:
        """Those that have not struck yet."""
        return self.control("GET", "/faults")["faults"]

    def clear_faults(self) -> None:
        self.control("DELETE", "/faults")

    def hold_events(self) -> None:
        """No webhook leaves until `release_events`."""
        self.control("POST", "/events/hold")

    def release_events(self, order: str = "forward") -> int:
        """How many were held back; with `order` "reverse" the newest leaves first."""
        return self.control("POST", "/events/release", {"order": order})["released"]

    def resend(self, event_id: str) -> str:
        """Deliver this event once more, now; what the site answered: its status, or why there is none."""
        return self.control("POST", f"/events/{event_id}/deliver")["result"]

    def calm(self) -> None:
        """The clock on time, no faults, events on their way: as every test wants to find it. Payments stay."""
        self.control("POST", "/calm")

    @property
    def client(self) -> stripe.StripeClient:
        return stripe.StripeClient(self.secret_key, base_addresses={"api": self.url})

    def confirmation_token(self, payment_method: str = "pm_card_visa") -> str:
        """What the card form makes in the browser, by one of Stripe's test payment methods."""
        tokens = self.client.v1.test_helpers.confirmation_tokens
        return tokens.create({"payment_method": payment_method, "setup_future_usage": "off_session"}).id
