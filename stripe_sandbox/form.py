"""Form-encoded bodies and query strings, nested as Stripe nests them: ``a[b][0]=c``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from .errors import InvalidRequestError

KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
PART = re.compile(r"\[([^\[\]]*)\]")
MAX_DEPTH = 10


def parse_form(raw: str) -> dict[str, Any]:
    return nest(parse_qsl(raw, keep_blank_values=True))


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """``[("a[b]", "1"), ("c[0]", "2"), ("c[]", "3")]`` becomes ``{"a": {"b": "1"}, "c": ["2", "3"]}``."""
    root: dict[str, Any] = {}
    for key, value in pairs:
        match = KEY.fullmatch(key)
        parts = [match[1], *PART.findall(match[2])] if match else []
        if not 1 <= len(parts) <= MAX_DEPTH:
            raise InvalidRequestError(
                f"Received unknown parameter: {key}", code="parameter_unknown", param=key
            )
        place(root, parts, value, key)
    return {name: with_lists(value) for name, value in root.items()}


def place(node: dict[str, Any], parts: list[str], value: str, key: str) -> None:
    *parents, last = parts
    for part in parents:
        node = node.setdefault(part if part else str(len(node)), {})
        if not isinstance(node, dict):
            raise InvalidRequestError(
                f"Invalid parameter: {key} is given as a value and as a hash", param=key
            )
    node[last if last else str(len(node))] = value


def with_lists(node: Any) -> Any:
    """A hash whose keys count from 0 is a list."""
    if not isinstance(node, dict):
        return node
    children = {key: with_lists(value) for key, value in node.items()}
    if list(children) == [str(index) for index in range(len(children))]:
        return list(children.values())
    return children


def flat_name(parts: Iterable[object]) -> str:
    """``("card", "number")`` becomes ``card[number]``, as Stripe names a parameter in an error."""
    first, *rest = [str(part) for part in parts]
    return first + "".join(f"[{part}]" for part in rest)
