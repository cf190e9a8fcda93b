"""How a deck list is read: by card type, mana value and name. Pure; for decks on offer and carts alike."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from inventory.models import Card

Line = TypeVar("Line")

# What a card counts as in a deck list is the first of these in its type line (a land creature is a creature,
# an artifact land is a land); on screen they stand in the order of `TITLES`.
_TYPES = ("Creature", "Land", "Planeswalker", "Battle", "Instant", "Sorcery", "Artifact", "Enchantment")
TITLES = {
    "Creature": "Creatures", "Planeswalker": "Planeswalkers", "Battle": "Battles", "Instant": "Instants",
    "Sorcery": "Sorceries", "Artifact": "Artifacts", "Enchantment": "Enchantments", "Land": "Lands",
    "": "Other cards",
}  # fmt: skip


def card_type(type_line: str) -> str:
    """What a card of this type line counts as in a deck list; empty for none of the known types. Pure.

    >>> card_type("Artifact Creature — Golem"), card_type("Instant // Land")
    ('Creature', 'Instant')
    """
    types = type_line.partition("//")[0].partition("—")[0].split()
    return next((known for known in _TYPES if known in types), "")


def by_card_type(lines: Iterable[Line], card_of: Callable[[Line], Card]) -> list[tuple[str, list[Line]]]:
    """(title, lines) of each type that is there, in the order of `TITLES`; in a group as `as_read`."""
    groups: dict[str, list[Line]] = {known: [] for known in TITLES}
    for line in lines:
        groups[card_type(card_of(line).type_line)].append(line)
    return [(TITLES[known], as_read(group, card_of)) for known, group in groups.items() if group]


def as_read(lines: Iterable[Line], card_of: Callable[[Line], Card]) -> list[Line]:
    """By mana value, then by name."""
    return sorted(lines, key=lambda line: (card_of(line).mana_value, card_of(line).folded_name))
