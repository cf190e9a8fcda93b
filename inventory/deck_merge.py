"""Two people change a deck at once: what can stand side by side, and what only one of them can have. Pure.

By field: name, format, description, and the cards as one. A deck with some cards of one list and some of the other
would be a deck that nobody built.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIELDS = ("name", "format", "description", "cards")
_SIGN = 16  # characters


@dataclass(frozen=True, slots=True)
class Merged:
    """Fields of which the one who saved first stands, since the second did not change them; fields both changed."""

    theirs: frozenset[str]
    conflicts: frozenset[str]


def merge(began: Mapping[str, str] | None, mine: Mapping[str, str], theirs: Mapping[str, str]) -> Merged:
    """Signs by field: as it was when I opened it (None: not known), as I want it, as it is now.

    >>> before = {"name": "1", "cards": "1"}
    >>> merge(before, before | {"name": "2"}, before | {"cards": "3"})
    Merged(theirs=frozenset({'cards'}), conflicts=frozenset())
    """
    differ = {field for field in mine if mine[field] != theirs[field]}
    if began is None:
        return Merged(frozenset(), frozenset(differ))
    mine_alone = {field for field in differ if theirs[field] == began[field]}
    untouched = {field for field in differ if mine[field] == began[field]}
    return Merged(frozenset(untouched), frozenset(differ - mine_alone - untouched))


def signs(
    *, name: str, format: str, description: str, lines: Mapping[tuple[int, str], int]
) -> dict[str, str]:
    """Stand for what is in each field: equal where it is equal."""
    cards = sorted((card, str(zone), copies) for (card, zone), copies in lines.items())
    values = {"name": name, "format": format, "description": description, "cards": cards}
    return {field: _sign(value) for field, value in values.items()}


def write_signs(signs: Mapping[str, str]) -> str:
    return ".".join(signs[field] for field in FIELDS)


def read_signs(text: str) -> dict[str, str] | None:
    """None for what `write_signs` has not written."""
    parts = text.split(".")
    return dict(zip(FIELDS, parts, strict=True)) if len(parts) == len(FIELDS) else None


def _sign(value: Any) -> str:
    return hashlib.sha256(repr(value).encode(errors="replace")).hexdigest()[:_SIGN]
