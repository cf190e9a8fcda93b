"""Lines that are no cards: headings of zones and of types, totals. Always the whole line, never its beginning:
"Commander's Sphere" is a card."""

import re

LONGEST = 60  # characters of a heading

MAIN, SIDEBOARD, COMMANDER, ASIDE = "main", "sideboard", "commander", "aside"

ZONES = {
    **dict.fromkeys(("deck", "main", "maindeck", "mainboard", "decklist"), MAIN),
    **dict.fromkeys(("sideboard", "side", "companion", "companions"), SIDEBOARD),
    **dict.fromkeys(("commander", "commanders", "commandzone"), COMMANDER),
    **dict.fromkeys(
        ("maybeboard", "maybe", "considering", "tokens", "token", "tokensextras", "wishlist"), ASIDE
    ),
}
# Between brackets only, as Forge writes them: there is a card called "Conspiracy".
_BRACKET_ZONES = {
    **dict.fromkeys(("conspiracy", "attractions", "contraptions", "signaturespells"), SIDEBOARD),
    **dict.fromkeys(("avatar", "planes", "schemes", "dungeon", "dungeons", "stickers", "vanguard"), ASIDE),
}
ZONES |= _BRACKET_ZONES
# Zones of a few cards, which end with the first blank line or heading of a type.
SHORT_ZONES = frozenset(
    name for name, zone in ZONES.items() if zone == COMMANDER or name.startswith("companion")
)

_TYPE = (
    r"(?:(?:basic|non-?basic|snow|legendary|artifact|enchantment|other|non-?creature|utility|mana) )?"
    r"(?:creatures?|lands?|instants?|sorcer(?:y|ies)|artifacts?|enchantments?|planeswalkers?|battles?|spells?"
    r"|permanents?|tribals?|kindreds?)"
)
_TYPES = rf"{_TYPE}(?:(?:, | ?& ?| ?/ ?| and ){_TYPE}){{0,3}}"
_COUNT = r"\(?\d{1,5}(?: cards?)?\)?"
_ZONE_HEADING = re.compile(rf"\[?([a-z][a-z /&]*?)\]? ?(?::? ?\(\d{{1,5}}(?: cards?)?\)|: ?{_COUNT})? ?:?\]?")
_TYPE_HEADING = re.compile(rf"\[?{_TYPES}\]? ?:? ?(?:{_COUNT})? ?:?\]?")
_TOTAL = re.compile(
    rf"(?:\(?\d{{1,5}}\)? (?:{_TYPES}|cards?|total)(?: (?:total|cards?))?"
    rf"|(?:total|cards?|deck size|(?:main ?deck|main ?board|side ?board) total)(?: cards?)? ?:? ?{_COUNT}) ?:?"
)
_RULE = re.compile(r"[-=~—–]{2,}|\*{2,}")
_LETTERS = re.compile(r"[^a-z]")


def zone_heading(line: str) -> str:
    """The key in ZONES of the heading that the line is; empty where it is none.

    >>> zone_heading("Side Board: (15)"), zone_heading("[Main]"), zone_heading("Commander's Sphere")
    ('sideboard', 'main', '')
    """
    if len(line) > LONGEST or not (match := _ZONE_HEADING.fullmatch(line.lower())):
        return ""
    name = _LETTERS.sub("", match[1])
    if name in _BRACKET_ZONES and not line.startswith("["):
        return ""
    return name if name in ZONES else ""


def is_type_heading(line: str) -> bool:
    """Whether the line is a heading within a zone: `Creatures (24)`, `Instants & Sorceries`."""
    return len(line) <= LONGEST and _TYPE_HEADING.fullmatch(line.lower()) is not None


def is_total(line: str) -> bool:
    """Whether the line only counts, or only separates: `24 lands`, `Total: 60`, `-----`."""
    return len(line) <= LONGEST and bool(_TOTAL.fullmatch(line.lower()) or _RULE.fullmatch(line))
