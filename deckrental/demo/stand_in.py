"""What a customer's browser asks of the stand-in for Stripe, and what whoever runs it may; over HTTP, as they do."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from django.conf import settings

_ANSWERS_WITHIN = 10.0  # seconds
_LOOKS_EVERY = 0.2


class StandInError(Exception):
    """It cannot be reached, or says no; the message says which."""


def wait_for_it(*, patience: float) -> None:
    """Until it answers; it may have been started at this moment. Raises StandInError after so many seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            _ask("GET", "/healthz")
        except StandInError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOKS_EVERY)
        else:
            return


def confirmation_token(card: str) -> str:
    """What the card form makes in the browser, of a test card like `pm_card_visa`. Raises StandInError."""
    made = _ask(
        "POST",
        "/v1/test_helpers/confirmation_tokens",
        body=urlencode({"payment_method": card, "setup_future_usage": "off_session"}).encode(),
    )
    return str(made["id"])


@contextmanager
def webhooks_wait() -> Iterator[None]:
    """Meanwhile it sends no webhooks; then all of them, in order. Raises StandInError.

    The site that they go to has the real time, and of an order that is entered under an earlier one it would say
    that its days have passed.
    """
    sends = _hold_webhooks()
    try:
        yield
    finally:
        if sends:
            _ask("POST", "/_sandbox/events/release", body=b'{"order": "forward"}')


def _hold_webhooks() -> bool:
    """Whether there is anything to hold: one that was started without an address sends none."""
    try:
        _ask("POST", "/_sandbox/events/hold", body=b"{}")
    except _SaysNo as error:
        if error.status != HTTPStatus.BAD_REQUEST:
            raise
        return False
    return True


class _SaysNo(StandInError):
    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"The payment sandbox says no ({status}).")


def _ask(method: str, path: str, *, body: bytes | None = None) -> Mapping[str, Any]:
    kind = "application/json" if path.startswith("/_sandbox/") else "application/x-www-form-urlencoded"
    headers = {
        "Authorization": f"Bearer {settings.STRIPE_API_KEYS['test']['secret']}",
        "Content-Type": kind,
    }
    request = Request(  # noqa: S310  the address is the shop's own setting
        f"{settings.STRIPE_API_BASE}{path}", data=body, method=method, headers=headers
    )
    try:
        with urlopen(request, timeout=_ANSWERS_WITHIN) as answer:  # noqa: S310
            said = answer.read()
    except HTTPError as error:
        raise _SaysNo(error.code) from error
    except (URLError, OSError) as error:
        raise StandInError("The payment sandbox does not answer.") from error
    try:
        found = json.loads(said)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
