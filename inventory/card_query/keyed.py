"""What a key, a sign and a value ask for: `c>=ur`, `mv<3`, `r:rare`."""

import re
from decimal import Decimal
from typing import Literal, assert_never

from inventory.card_query.sorting import SORT_WORDS, Direction, Sort
from inventory.card_query.terms import (
    FINISHES,
    IS_WORDS,
    RARITIES,
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
    Oracle,
    Rarity,
    Type,
)
from inventory.card_query.words import WUBRG, Key, colors_named, means_multicolored

_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_PATTERN = re.compile(r"/.+/")
_GAMES = ("paper", "mtgo", "arena")


def needs_a_value(raw: str, key: Key) -> str:
    return f"“{raw}” needs a word behind it, for example {key.example}."


def order_named(key: Literal[Key.ORDER, Key.DIRECTION], value: str) -> Sort | Direction | None:
    """The sort or the direction of that name."""
    if key is Key.ORDER:
        return SORT_WORDS.get(value.lower())
    return {"asc": Direction.UP, "desc": Direction.DOWN}.get(value.lower())


def read_keyed(key: Key, sign: str, value: str) -> Node | Sort | Direction | str:
    """The term; or why there is none, as a sentence."""
    match key:
        case Key.NAME | Key.TYPE | Key.ORACLE | Key.SET:
            return _read_letters(key, sign, value)
        case Key.COLOR:
            return _read_colors(Hue.OWN, sign, value)
        case Key.IDENTITY:
            return _read_colors(Hue.IDENTITY, sign, value)
        case Key.MANA_VALUE:
            return _read_mana_value(sign, value)
        case Key.RARITY:
            return _read_rarity(sign, value)
        case Key.IN:
            return _read_in(sign, value)
        case Key.IS | Key.NOT:
            return _read_is(sign, value, negated=key is Key.NOT)
        case Key.ORDER | Key.DIRECTION:
            return order_named(key, value) or "Cards cannot be sorted by that."
    assert_never(key)


def _read_letters(key: Key, sign: str, value: str) -> Node | str:
    if sign not in (":", "=", "!="):
        return f"It cannot be more or less; try {key.example}."
    if _PATTERN.fullmatch(value):
        return f"Patterns between slashes are not searched; write the words themselves, like {key.example}."
    term = {Key.NAME: Name, Key.TYPE: Type, Key.ORACLE: Oracle, Key.SET: InSet}[key](value)
    return Not(term) if sign == "!=" else term


def _read_in(sign: str, value: str) -> Node | str:
    """`in:lea`: the card was printed there, whichever printing the rest of the query is about."""
    word = value.lower()
    if sign not in (":", "=", "!="):
        return f"It cannot be more or less; try {Key.IN.example}."
    if word in _GAMES:
        return "It takes a set, a rarity or a finish; all cards here are of paper."
    of: InSet | Rarity | Is = InSet(value)
    if word in RARITIES:
        of = Rarity("=", RARITIES.index(word))
    elif word in FINISHES:
        of = Is(word)
    return Not(Ever(of)) if sign == "!=" else Ever(of)


def _read_colors(hue: Hue, sign: str, value: str) -> Node | str:
    plain = sign in (":", "=")
    if means_multicolored(value):
        return ColorCount(hue, ">=", 2) if plain else "A card is multicoloured or it is not; try c:m."
    if len(value) == 1 and value in "012345":
        return ColorCount(hue, "=" if sign == ":" else sign, int(value))
    letters = colors_named(value)
    if letters is None:
        return f"Colours are the letters {', '.join(WUBRG)} and C, or names like blue and izzet."
    if sign == ":":
        sign = "=" if not letters else ">=" if hue is Hue.OWN else "<="
    return Colors(hue, sign, letters)


def _read_mana_value(sign: str, value: str) -> Node | str:
    if value.lower() in ("even", "odd"):
        if sign not in (":", "="):
            return "A mana value is even or it is not; try mv:even."
        return ManaParity(odd=value.lower() == "odd")
    if not _NUMBER.fullmatch(value):
        return "A mana value is a number, for example mv<=3."
    return ManaValue("=" if sign == ":" else sign, Decimal(value))


def _read_rarity(sign: str, value: str) -> Node | str:
    named = [rarity for rarity in RARITIES if rarity == value.lower() or rarity[0] == value.lower()]
    if not named:
        return f"Rarities are {', '.join(RARITIES)}."
    return Rarity("=" if sign == ":" else sign, RARITIES.index(named[0]))


def _read_is(sign: str, value: str, *, negated: bool) -> Node | str:
    if sign not in (":", "="):
        return f"Write it like {Key.IS.example}."
    word = IS_WORDS.get(value.lower())
    if word is None:
        return f"We know {', '.join(dict.fromkeys(IS_WORDS.values()))}."
    return Not(Is(word)) if negated else Is(word)
