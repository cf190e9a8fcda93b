"""Words and letters of the query language: colours and their many names, keys, signs."""

from enum import Enum

WUBRG = "WUBRG"
SIGNS = (">=", "<=", "!=", ":", "=", ">", "<")  # the longer before those that begin them

_COLORS = {"white": "W", "blue": "U", "black": "B", "red": "R", "green": "G"}
_GROUPS = {
    "azorius": "WU", "dimir": "UB", "rakdos": "BR", "gruul": "RG", "selesnya": "GW",
    "orzhov": "WB", "izzet": "UR", "golgari": "BG", "boros": "RW", "simic": "GU",
    "bant": "GWU", "esper": "WUB", "grixis": "UBR", "jund": "BRG", "naya": "RGW",
    "abzan": "WBG", "jeskai": "URW", "sultai": "BGU", "mardu": "RWB", "temur": "GUR",
    "silverquill": "WB", "prismari": "UR", "witherbloom": "BG", "lorehold": "RW", "quandrix": "GU",
    "chaos": "UBRG", "aggression": "WBRG", "altruism": "WURG", "growth": "WUBG", "artifice": "WUBR",
    "rainbow": "WUBRG",
}  # fmt: skip
_COLORLESS = ("c", "colorless", "colourless")
_MULTICOLORED = ("m", "multicolor", "multicolour", "multicolored", "multicoloured", "multi")


class Key(Enum):
    """What can stand before a sign: the words for it, and an example for whoever forgets the value."""

    NAME = ("name:bolt", "name", "n")
    TYPE = ("t:elf", "t", "type")
    ORACLE = ("o:flying", "o", "oracle", "text", "fo", "fulloracle")
    COLOR = ("c:ur", "c", "color", "colour", "colors", "colours")
    IDENTITY = ("id:bug", "id", "identity", "ci", "commander")
    MANA_VALUE = ("mv<=3", "cmc", "mv", "manavalue")
    SET = ("set:m10", "s", "e", "set", "edition")
    RARITY = ("r:rare", "r", "rarity")
    IN = ("in:m10", "in")
    IS = ("is:foil", "is")
    NOT = ("not:foil", "not")
    ORDER = ("order:price", "order", "sort")
    DIRECTION = ("direction:desc", "direction", "dir")

    def __init__(self, example: str, *words: str) -> None:
        self.example = example
        self.words = words


KEYS = {word: key for key in Key for word in key.words}

_LEGAL = "We do not know in which formats a card may be played."
_NUMBERS = "Power, toughness and loyalty are not searched."
_LOOK = "How a card looks is not searched."
_ONCE = "Every card is shown once, with all its printings on its page."
_PRICES = "Prices are not compared here; sort by price instead."
# Keys that players know from elsewhere, with the reason that they do nothing here.
ELSEWHERE = {
    **dict.fromkeys(("f", "format", "legal", "banned", "restricted"), _LEGAL),
    **dict.fromkeys(("pow", "power", "tou", "toughness", "pt", "loy", "loyalty"), _NUMBERS),
    **dict.fromkeys(("usd", "eur", "tix", "price"), _PRICES),
    **dict.fromkeys(("a", "artist"), "Artists are not searched."),
    **dict.fromkeys(("m", "mana", "produces", "devotion"), "Mana symbols are not searched; try mv: or c:."),
    **dict.fromkeys(("k", "kw", "keyword"), "Keywords are searched in the rules text: try o:flying."),
    **dict.fromkeys(("y", "year", "date"), "Years are not searched; sort by newest instead."),
    **dict.fromkeys(("lang", "language"), "Languages are not searched."),
    **dict.fromkeys(("cn", "number"), "Collector numbers are not searched; try set:m10."),
    **dict.fromkeys(("game", "games"), "All cards here are of paper."),
    **dict.fromkeys(("border", "frame", "stamp", "wm", "watermark", "art", "atag"), _LOOK),
    **dict.fromkeys(("unique", "prefer", "display", "include"), _ONCE),
}  # fmt: skip


def colors_named(text: str) -> str | None:
    """The letters of colours by letters or by name, "" for colourless; None where it is neither.

    >>> colors_named("bug"), colors_named("Izzet"), colors_named("colourless"), colors_named("x")
    ('UBG', 'UR', '', None)
    """
    known = text.lower()
    if known in _COLORLESS:
        return ""
    letters = _COLORS.get(known) or _GROUPS.get(known) or known.upper()
    if not letters or not set(letters) <= set(WUBRG):
        return None
    return "".join(letter for letter in WUBRG if letter in letters)


def means_multicolored(text: str) -> bool:
    return text.lower() in _MULTICOLORED
