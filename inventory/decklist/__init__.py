"""Deck lists: text or a file in, lines and problems out, and back. Pure; names are resolved elsewhere.

`parse` reads whatever players bring along, and `write` what their tools read: docs/deck-lists.md.
"""

from inventory.decklist.lines import (
    LARGEST_LIST,
    MAX_LINES,
    MAX_QUANTITY,
    DeckLine,
    DeckList,
    Problem,
    check_quantity,
)
from inventory.decklist.reading import parse
from inventory.decklist.writing import FORMS, Form, ListedCard, write

__all__ = [
    "FORMS",
    "LARGEST_LIST",
    "MAX_LINES",
    "MAX_QUANTITY",
    "DeckLine",
    "DeckList",
    "Form",
    "ListedCard",
    "Problem",
    "check_quantity",
    "parse",
    "write",
]
