"""Who may call what: the secret key everything, the publishable key what Stripe.js needs."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from enum import StrEnum

from .config import Config
from .errors import AuthenticationError, PermissionDeniedError


class Caller(StrEnum):
    SERVER = "server"
    BROWSER = "browser"


def caller_for(authorization: str | None, given_key: str | None, config: Config) -> Caller:
    """`authorization` is the header; `given_key` the ``key`` parameter that Stripe.js may send instead."""
    key = key_in(authorization) if authorization else given_key
    if not key:
        raise AuthenticationError(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
            "https://docs.stripe.com/api#authentication for details."
        )
    known: Mapping[str, Caller] = {config.secret_key: Caller.SERVER, config.publishable_key: Caller.BROWSER}
    for ours, caller in known.items():
        if hmac.compare_digest(key.encode(), ours.encode()):
            return caller
    raise AuthenticationError(f"Invalid API Key provided: {masked(key)}")


def check_may_call(caller: Caller, *, open_to_browsers: bool) -> None:
    if caller is Caller.BROWSER and not open_to_browsers:
        raise PermissionDeniedError(
            "This API call cannot be made with a publishable API key. Please use a secret API key. You can "
            "find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
            code="secret_key_required",
        )


def key_in(authorization: str) -> str | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0]
        except ValueError:
            return None
    return None


def masked(key: str) -> str:
    shown = key[:8] if key.startswith(("sk_test_", "pk_test_")) else ""
    return f"{shown}{'*' * max(len(key) - len(shown) - 4, 4)}{key[-4:] if len(key) > 12 else ''}"
