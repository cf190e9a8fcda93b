"""Lines that are no cards: headings of zones and of types, totals. Always the whole line, never its beginning:
"Commander's Sphere" is a card."""

import re

LONGEST = 60  # characters of a heading

MAIN, SIDEBOARD, COMMANDER, ASIDE = "main", "sideboard", "commander", "aside"

ZONES = {
    **dict.fromkeys(("deck", "main", "maindeck", "mainboard", "decklist"), MAIN),
    **dict.fromkeys(("sideboard", "side", "sb", "sidedeck", "outsidethegame"), SIDEBOARD),
    **dict.fromkeys(("companion", "companions", "signaturespell", "conspiracies"), SIDEBOARD),
    **dict.fromkeys(("commander", "commanders", "commandzone", "oathbreaker", "oathbreakers"), COMMANDER),
    **dict.fromkeys(("maybeboard", "maybe", "considering", "wishlist", "acquireboard", "emblems"), ASIDE),
    **dict.fromkeys(("tokens", "token", "tokensextras", "tokensandextras", "tokensandemblems"), ASIDE),
}
# Between brackets, with a colon or a number only, as Forge and Moxfield write them: a card is called "Conspiracy".
_MARKED_ZONES = {
    **dict.fromkeys(("conspiracy", "attractions", "contraptions", "signaturespells"), SIDEBOARD),
    **dict.fromkeys(("avatar", "planes", "schemes", "dungeon", "dungeons", "stickers", "vanguard"), ASIDE),
}
ZONES |= _MARKED_ZONES
# What a column or a key may say beyond the headings: "Acquire" is a card, too.
BOARDS = {
    **ZONES,
    "acquire": ASIDE,
    "outside": SIDEBOARD,  # Scryfall: a companion, or what is wished for from outside the game
    **dict.fromkeys(("nonlands", "lands"), MAIN),
}
# Zones of a few cards, which end with the first blank line or heading of a type.
SHORT_ZONES = frozenset(
    name
    for name, zone in ZONES.items()
    if zone == COMMANDER or name.startswith(("companion", "signaturespell"))
)

_TYPE = (
    r"(?:(?:basic|non-?basic|snow|legendary|artifact|enchantment|other|non-?creature|utility|mana) )?"
    r"(?:creatures?|lands?|instants?|sorcer(?:y|ies)|sorc|artifacts?|enchantments?|planeswalkers?|battles?|spells?"
    r"|permanents?|tribals?|kindreds?|non-?creatures?)"
)
_TYPES = rf"{_TYPE}(?:(?:, | ?& ?| ?/ ?| and ){_TYPE}){{0,3}}"
_COUNT = r"\(?\d{1,5}(?: cards?)?\)?"
_ORNAMENTS = " *_=~-–—<>{}[].:;"  # **Sideboard**, --- Lands ---, [Main]
# How many cards stand below: (15), [15], : 15 cards, - 15.
_COUNT_BEHIND = re.compile(
    r"(.*?)(?: ?:? ?[(\[]\d{1,5}(?: cards?)?[)\]]|(?: ?:| ?[-–—]) ?\d{1,5}(?: cards?)?)[ :;.]*"
)
_ZONE_WORDS = re.compile(r"[a-z][a-z /&-]*")
_COUNTED_ZONE = re.compile(
    r"\d{1,5} ((?:side|main|maybe)board)(?: cards?)?|((?:side|main|maybe)board) \d{1,5}"
)
_TYPE_HEADING = re.compile(rf"{_TYPES}(?: ?{_COUNT})?")
_TOTAL = re.compile(
    rf"(?:\(?\d{{1,5}}\)? (?:{_TYPES}|cards?|total)(?: (?:total|cards?))?"
    rf"|(?:total|cards?|deck size|(?:deck|main ?deck|main ?board|side ?board) total)(?: cards?)? ?:? ?{_COUNT}) ?[:.]?"
)
_RULE = re.compile(r"[-=~—–]{2,}|\*{2,}")
_LETTERS = re.compile(r"[^a-z]")


def zone_heading(line: str) -> str:
    """The key in ZONES of the heading that the line is; empty where it is none.

    >>> zone_heading("Side Board: (15)"), zone_heading("**Main**"), zone_heading("Commander's Sphere")
    ('sideboard', 'main', '')
    """
    if len(line) > LONGEST:
        return ""
    words, is_counted = _words(line)
    if counted := _COUNTED_ZONE.fullmatch(words):
        return counted[1] or counted[2]
    if not _ZONE_WORDS.fullmatch(words):
        return ""
    name = _LETTERS.sub("", words)
    if name in _MARKED_ZONES and not (is_counted or line.startswith("[") or line.endswith(":")):
        return ""
    if name == "sb" and ":" in line:  # a line of the sideboard that lacks its card
        return ""
    return name if name in ZONES else ""


def _words(line: str) -> tuple[str, bool]:
    """The line in lower case without ornaments and without how many cards stand below; whether that was said."""
    text = line.lower().replace("(s)", "s")
    if counted := _COUNT_BEHIND.fullmatch(text.rstrip(" *_=~-–—")):
        return counted[1].strip(_ORNAMENTS), True
    text = text.strip(_ORNAMENTS)
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    return text, False


def is_type_heading(line: str) -> bool:
    """Whether the line is a heading within a zone: `Creatures (24)`, `Instants & Sorceries`."""
    return len(line) <= LONGEST and _TYPE_HEADING.fullmatch(_words(line)[0]) is not None


def is_total(line: str) -> bool:
    """Whether the line only counts, or only separates: `24 lands`, `Total: 60`, `-----`."""
    return len(line) <= LONGEST and bool(_TOTAL.fullmatch(line.lower()) or _RULE.fullmatch(line))
