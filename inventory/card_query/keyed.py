"""What a key, a sign and a value ask for: `c>=ur`, `mv<3`, `r:rare`."""

import re
from decimal import Decimal

from inventory.card_query.sorting import SORT_WORDS, Direction, Sort
from inventory.card_query.terms import (
    IS_WORDS,
    RARITIES,
    ColorCount,
    Colors,
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
from inventory.card_query.words import WUBRG, colors_named, means_multicolored

_NUMBER = re.compile(r"\d{1,6}(?:\.\d)?", re.ASCII)
_EXAMPLES = {
    "name": "name:bolt", "type": "t:elf", "oracle": "o:flying", "color": "c:ur", "identity": "id:bug",
    "mv": "mv<=3", "set": "set:m10", "rarity": "r:rare", "is": "is:foil", "not": "not:foil",
    "order": "order:price", "direction": "direction:desc",
}  # fmt: skip


def needs_a_value(raw: str, key: str) -> str:
    return f"“{raw}” needs a word behind it, for example {_EXAMPLES[key]}."


def order_named(key: str, value: str) -> Sort | Direction | None:
    """The sort or the direction of that name."""
    if key == "order":
        return SORT_WORDS.get(value.lower())
    return {"asc": Direction.UP, "desc": Direction.DOWN}.get(value.lower())


def read_keyed(key: str, sign: str, value: str) -> Node | str:
    """The term; or why there is none, as a sentence."""
    match key:
        case "name" | "type" | "oracle" | "set":
            return _read_letters(key, sign, value)
        case "color":
            return _read_colors(Hue.OWN, sign, value)
        case "identity":
            return _read_colors(Hue.IDENTITY, sign, value)
        case "mv":
            return _read_mana_value(sign, value)
        case "rarity":
            return _read_rarity(sign, value)
        case _:
            return _read_is(sign, value, negated=key == "not")


def _read_letters(key: str, sign: str, value: str) -> Node | str:
    if sign not in (":", "=", "!="):
        return f"It cannot be more or less; try {_EXAMPLES[key]}."
    term = {"name": Name, "type": Type, "oracle": Oracle, "set": InSet}[key](value)
    return Not(term) if sign == "!=" else term


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
        return f"Write it like {_EXAMPLES['is']}."
    word = IS_WORDS.get(value.lower())
    if word is None:
        return f"We know {', '.join(dict.fromkeys(IS_WORDS.values()))}."
    return Not(Is(word)) if negated else Is(word)
