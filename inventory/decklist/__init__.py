"""Deck lists: text in, lines and problems out. Pure; names are resolved elsewhere (inventory/card_names.py)."""

from inventory.decklist.lines import (
    MAX_LINES,
    MAX_QUANTITY,
    DeckLine,
    DeckList,
    Problem,
    check_quantity,
    parse,
)

__all__ = ["MAX_LINES", "MAX_QUANTITY", "DeckLine", "DeckList", "Problem", "check_quantity", "parse"]
