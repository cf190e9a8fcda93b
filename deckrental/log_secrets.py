"""What is no business of a log line or of an error's report: secrets of links, and who it was, are cut out of them.

Whoever has the path of such a link has what it opens.
"""

import re
from collections.abc import MutableMapping
from typing import Any

_CUT = "…"
_SLASH = "(?:/|%2F)"  # an address may stand in the query of another: ?next=%2Forders%2Flink%2F…
# Orders, calendars and payments by signed links; the addresses that confirm an e-mail address or set a password.
_IN_A_PATH = re.compile(
    "(/orders/(?:link|pay)/|/accounts/confirm-email/|/accounts/password/reset/key/)".replace("/", _SLASH)
    + r"(?:(?!%2F)[^/\s?#&\"'])+",
    re.IGNORECASE,
)
# What a sign-in with another account, and a payment with a dialog of the bank, come back with; and tokens of any kind.
# A query may stand alone, without its question mark.
_IN_A_QUERY = re.compile(
    r"((?:^|[?&])(?:code|state|\w*(?:secret|token|verifier|password))=)[^&\s#\"']+", re.IGNORECASE
)
_E_MAIL_ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")


def without_secrets(text: str) -> str:
    text = _IN_A_QUERY.sub(rf"\1{_CUT}", _IN_A_PATH.sub(rf"\1{_CUT}", text))
    return _E_MAIL_ADDRESS.sub(f"{_CUT}@{_CUT}", text)


def without_secrets_within(said: Any) -> Any:
    """The same for all the text in dictionaries and lists."""
    if isinstance(said, str):
        return without_secrets(said)
    if isinstance(said, dict):
        return {name: without_secrets_within(each) for name, each in said.items()}
    if isinstance(said, list | tuple):
        return [without_secrets_within(each) for each in said]
    return said


def cut_secrets(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog."""
    for name, said in line.items():
        if isinstance(said, str):
            line[name] = without_secrets(said)
    return line
