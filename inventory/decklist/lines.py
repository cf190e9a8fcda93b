"""The plain form: one card per line, `4 Lightning Bolt`."""

import re
from dataclasses import dataclass, field

MAX_QUANTITY = 250  # copies of a card on one line
MAX_LINES = 1_000
MAX_NAME = 200

_COMMENT = re.compile(r"^\s*(//|#|>)")
_HEADER = re.compile(
    r"^(deck|main(?:deck| deck)?|sideboard|side board|commander|companion)\s*:?\s*(\(\d+\))?$", re.IGNORECASE
)
_SIDEBOARD_PREFIX = re.compile(r"^SB:\s*", re.IGNORECASE)
_NUMBER = r"([+\-−]?\d[\d.,/_]*)"
_QUANTITY_FIRST = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^{_NUMBER}[x×*]\s*(\S.*)$",  # 4x Lightning Bolt
        rf"^{_NUMBER}\s+[x×*]\s+(\S.*)$",  # 4 x Lightning Bolt
        rf"^{_NUMBER}\s+(\S.*)$",  # 4 Lightning Bolt
        rf"^{_NUMBER}\s*[x×*]?()$",  # 4: of what?
    )
)
_COMMANDER_TAG = re.compile(r"\s\*CMDR\*$", re.IGNORECASE)
_TRAILING = re.compile(r"^(.*\S)\s+(?:[x×]\s?|\*\s?)(\d+)$", re.IGNORECASE)
_ZONES = {
    "sideboard": "sideboard",
    "side board": "sideboard",
    "companion": "sideboard",
    "commander": "commander",
}


def _written(card: str, zone: str) -> str:
    """A line as it can be read again, zone and all."""
    prefix, tag = {"sideboard": ("SB: ", ""), "commander": ("", " *CMDR*")}.get(zone, ("", ""))
    return f"{prefix}{card}{tag}".strip()


@dataclass(frozen=True, slots=True)
class DeckLine:
    """A card asked for. `name` is as written; `zone` is main, sideboard or commander; `number` counts from 1.

    `whole` is the line with its number of copies: a few cards have names that begin with a number. The printing
    that it asks for is as written, too: `set_code` and `collector_number` are text (GNT-52, 791★), `finish` is
    foil or etched; all of them empty where the line does not say.
    """

    number: int
    quantity: int
    name: str
    zone: str = "main"
    whole: str = field(default="", compare=False)
    set_code: str = ""
    collector_number: str = ""
    finish: str = ""

    def __str__(self) -> str:
        return _written(f"{self.quantity} {self.name}", self.zone)


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that could not be read: its number, what it says, and what to do about it.

    `text` is the line as it can be read again once it is mended; `whole` and `zone` are as of a DeckLine.
    """

    number: int
    text: str
    message: str
    zone: str = field(default="main", compare=False)
    whole: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class DeckList:
    """A list as it was read: what it asks for, what could not be read, and what is shown but never added.

    `aside` are the lines of zones that are no part of a deck (Maybeboard, Considering, Tokens); `name` is the
    deck's, and `form` says which kind of file it was, both empty where the list does not say.
    """

    lines: tuple[DeckLine, ...] = ()
    problems: tuple[Problem, ...] = ()
    aside: tuple[DeckLine, ...] = ()
    name: str = ""
    form: str = ""


def check_quantity(text: str) -> int:
    """The number of copies that `text` says. Raises ValueError, saying what to do, unless it is 1 to MAX_QUANTITY."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(
            f"“{text[:20]}” is not a number of copies: write a whole number from 1 to {MAX_QUANTITY}."
        )
    quantity = int(text) if len(text) <= 9 else MAX_QUANTITY + 1
    if quantity == 0:
        raise ValueError("0 copies are nothing to add: write at least 1.")
    if quantity > MAX_QUANTITY:
        raise ValueError(f"{text[:20]} copies are too many: at most {MAX_QUANTITY} on a line.")
    return quantity


def _split_quantity(text: str) -> tuple[str, str]:
    """(quantity as written, name); quantity "1" where none is written."""
    for pattern in _QUANTITY_FIRST:
        if match := pattern.match(text):
            return match[1], match[2].strip()
    if match := _TRAILING.match(text):
        return match[2], match[1].strip()
    return "1", text


def parse(text: str | bytes, filename: str = "") -> DeckList:
    """Reads a list of cards. Never raises: what is not understood is a Problem with its line number.

    Accepted: `4 N`, `4x N`, `N x4`, `N * 4`, a name alone (one copy), `SB: 3 N`, `1 N *CMDR*`, headers (`Deck`,
    `Sideboard:`, `Commander (1)`), comments (`//`, `#`, `>`), blank lines.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig", errors="replace")
    lines: list[DeckLine] = []
    problems: list[Problem] = []
    zone = "main"
    raw_lines = text.lstrip("\ufeff").splitlines()
    for number, raw in enumerate(raw_lines, start=1):
        written = " ".join(raw.replace("\x00", " ").split())
        if not written or _COMMENT.match(written):
            continue
        if len(lines) + len(problems) >= MAX_LINES:
            message = (
                f"Only the first {MAX_LINES} lines were read. The rest is kept: add it in a second step."
            )
            problems.append(Problem(number, "\n".join(raw_lines[number - 1 :]), message))
            break
        if header := _HEADER.match(written):
            zone = _ZONES.get(header[1].lower(), "main")
            continue
        card, line_zone = _split_zone(written, zone)
        try:
            lines.append(_read_card(number, card, line_zone))
        except ValueError as error:
            text = _written(card[:MAX_NAME], line_zone)
            problems.append(Problem(number, text, str(error), line_zone, card[:MAX_NAME]))
    return DeckList(tuple(lines), tuple(problems))


def _split_zone(written: str, zone: str) -> tuple[str, str]:
    """(the line without what says its zone, its zone); `zone` is that of the header above it."""
    if prefix := _SIDEBOARD_PREFIX.match(written):
        return written[prefix.end() :], "sideboard"
    if tag := _COMMANDER_TAG.search(written):
        return written[: tag.start()], "commander"
    return written, zone


def _read_card(number: int, card: str, zone: str) -> DeckLine:
    """Raises ValueError, saying what to do, where the line asks for no card or for no sensible number of it."""
    quantity, name = _split_quantity(card)
    if not name:
        raise ValueError("There is no card name on this line: write for example 4 Lightning Bolt.")
    if len(name) > MAX_NAME:
        raise ValueError("This line is too long for a card name: write one card per line.")
    return DeckLine(number, check_quantity(quantity), name, zone, card)
