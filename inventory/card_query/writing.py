"""From what is asked back to a text that asks for it: `parse(write(query))` asks for the same."""

import re

from inventory.card_query.parsing import CardQuery
from inventory.card_query.sorting import Sort
from inventory.card_query.terms import (
    RARITIES,
    AllOf,
    ColorCount,
    Colors,
    Ever,
    Hue,
    InSet,
    Is,
    ManaParity,
    ManaValue,
    Name,
    Node,
    Not,
    OneOf,
    Oracle,
    Rarity,
    Type,
    Unknown,
)

_BARE_VALUE = re.compile(r'[^\s()"]+')
# Not like a key, not negated, not exact.
_BARE_NAME = re.compile(r'(?![-!])(?![A-Za-z]+(?:[:=<>]|!=))[^\s()"]+')
_HUES = {Hue.OWN: "c", Hue.IDENTITY: "id"}
_SHORT = {Hue.OWN: ">=", Hue.IDENTITY: "<="}  # what `:` means


def write(query: CardQuery) -> str:
    """The query as text, in the words of this site."""
    order = [] if query.sort is Sort.BEST else [f"order:{query.sort}"]
    direction = [f"direction:{query.direction}"] if query.direction else []
    return " ".join(filter(None, [write_node(query.tree), *order, *direction]))


def write_node(node: Node) -> str:
    match node:
        case AllOf(of):
            return " ".join(
                _bracketed(inner) if isinstance(inner, OneOf) else write_node(inner) for inner in of
            )
        case OneOf(of):
            return " or ".join(map(write_node, of))
        case Not(of):
            return f"-{_bracketed(of) if isinstance(of, AllOf | OneOf) else write_node(of)}"
        case _:
            return _write_term(node)


def _bracketed(node: Node) -> str:
    return f"({write_node(node)})"


def _write_term(term: Node) -> str:
    match term:
        case Name(text, exact=True):
            return f"!{_quoted_if_needed(text)}"
        case Name(text):
            plain = _BARE_NAME.fullmatch(text) and text.lower() not in ("or", "and")
            return text if plain else f'"{text}"'
        case Type(text):
            return f"t:{_quoted_if_needed(text)}"
        case Oracle(text):
            return f"o:{_quoted_if_needed(text)}"
        case InSet(text):
            return f"set:{_quoted_if_needed(text)}"
        case Colors(hue, sign, letters):
            return _HUES[hue] + _colors(hue, sign, letters)
        case ColorCount(hue, ">=", 2):
            return f"{_HUES[hue]}:m"
        case ColorCount(hue, sign, number):
            return f"{_HUES[hue]}{sign}{number}"
        case ManaValue(sign, number):
            return f"mv{sign}{number:f}"
        case ManaParity(odd):
            return f"mv:{'odd' if odd else 'even'}"
        case Rarity(sign, rank):
            return f"r{':' if sign == '=' else sign}{RARITIES[rank]}"
        case Is(word):
            return f"is:{word}"
        case Ever(Rarity("=", rank)):
            return f"in:{RARITIES[rank]}"
        case Ever(Is(word)):
            return f"in:{word}"
        case Ever(InSet(text)):
            return f"in:{_quoted_if_needed(text)}"
        case Unknown(text):
            return text
    raise TypeError(f"{term!r} is no part of a query.")


def _colors(hue: Hue, sign: str, letters: str) -> str:
    if not letters:
        return ":c" if sign == "=" else f"{sign}c"
    return f":{letters.lower()}" if sign == _SHORT[hue] else f"{sign}{letters.lower()}"


def _quoted_if_needed(text: str) -> str:
    return text if _BARE_VALUE.fullmatch(text) else f'"{text}"'
