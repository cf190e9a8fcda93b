"""What stands around a sandbox in these tests: a clock, a shop that takes webhooks, short ways to ask."""

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import requests
import stripe

SECRET, PUBLISHABLE = "sk_test_sandbox", "pk_test_sandbox"
RETURN_URL = "https://shop.example/back?order=7"


@dataclass
class Clock:
    """Real time, moved ahead at will."""

    ahead: float = 0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def advance(self, **kinds: float) -> None:
        seconds = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
        self.ahead += sum(seconds[kind] * number for kind, number in kinds.items())


def client_for(url: str, key: str = SECRET) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=0)


def hold(
    client: stripe.StripeClient, payment_method: str | None = "pm_card_visa", **more: Any
) -> stripe.PaymentIntent:
    """An intent of 12.50 USD, confirmed, to be captured by hand."""
    usual = {"amount": 1250, "currency": "usd", "capture_method": "manual", "confirm": True}
    given = {**usual, "return_url": RETURN_URL, "payment_method": payment_method, **more}
    options = {"idempotency_key": given.pop("idempotency_key")} if "idempotency_key" in given else {}
    chosen = {name: value for name, value in given.items() if value is not None}
    return client.v1.payment_intents.create(chosen, options)


def answer_bank(intent: stripe.PaymentIntent, outcome: str, url: str) -> requests.Response:
    """What the customer answers on the bank's page: ``complete`` or ``fail``."""
    return requests.post(
        f"{url}/3ds/{intent.id}",
        data={"client_secret": intent.client_secret, "outcome": outcome},
        headers={"Accept": "application/json"},
        timeout=10,
    )


@dataclass
class Delivery:
    body: bytes
    headers: dict[str, str]


@dataclass
class Shop:
    """A site with a webhook address. It answers each delivery with the next of `answers`, else 200."""

    answers: list[int] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    def __enter__(self) -> Self:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.deliveries.append(Delivery(body, dict(self.headers)))
                self.send_response(shop.answers.pop(0) if shop.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/webhook"

    def wait_for(self, count: int, seconds: float = 10) -> list[Delivery]:
        deadline = time.monotonic() + seconds
        while len(self.deliveries) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.deliveries) >= count, f"{len(self.deliveries)} of {count} deliveries came"
        return self.deliveries


def lever(
    url: str, method: str, path: str, told: object = None, *, key: str | None = SECRET
) -> requests.Response:
    """A request to the control API, as a person with that key would make it."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return requests.request(method, f"{url}/_sandbox{path}", json=told, headers=headers, timeout=30)
