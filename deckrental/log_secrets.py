"""Whoever has the path of such a link has what it opens: in log lines its secret is cut out."""

import re
from collections.abc import MutableMapping
from typing import Any

_CUT = "…"
# Orders, calendars and payments by signed links; the addresses that confirm an e-mail address or set a password.
_IN_A_PATH = re.compile(
    r"(/orders/(?:link|pay)/|/accounts/confirm-email/|/accounts/password/reset/key/)[^/\s?#\"']+"
)
# What a sign-in with another account, and a payment with a dialog of the bank, come back with.
_IN_A_QUERY = re.compile(r"([?&](?:code|state|\w*secret)=)[^&\s#\"']+")


def without_secrets(text: str) -> str:
    return _IN_A_QUERY.sub(rf"\1{_CUT}", _IN_A_PATH.sub(rf"\1{_CUT}", text))


def cut_secrets(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog."""
    for name, said in line.items():
        if isinstance(said, str):
            line[name] = without_secrets(said)
    return line
