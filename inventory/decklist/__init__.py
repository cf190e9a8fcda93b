"""Deck lists: text or a file in, lines and problems out. Pure; names are resolved elsewhere.

`parse` reads whatever players bring along; docs/deck-lists.md says what that is.
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

__all__ = [
    "LARGEST_LIST",
    "MAX_LINES",
    "MAX_QUANTITY",
    "DeckLine",
    "DeckList",
    "Problem",
    "check_quantity",
    "parse",
]
