"""A deck as a list in a text field: written so that it can be read again, read, and put right line by line.

Nothing is kept between two steps: the text is the draft.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from inventory.deck_lists import ReadList, UnknownLine, resolve
from inventory.decklist import parse
from inventory.models import Card, TemplateDeckVersion, Zone

_HEADERS = {Zone.COMMANDER: "Commander", Zone.MAIN: "Deck", Zone.SIDEBOARD: "Sideboard"}


@dataclass(frozen=True)
class Draft:
    """A text and what was understood of it."""

    text: str
    read: ReadList

    @classmethod
    def of(cls, text: str) -> Self:
        """Two queries, and one once in a while for the nearest names."""
        return cls(text, resolve(parse(text)))

    @cached_property
    def lines(self) -> dict[tuple[int, str], int]:
        """Copies by card id and zone: what `save_deck` takes. A deck prefers no printings."""
        lines: Counter[tuple[int, str]] = Counter()
        for read in self.read.lines:
            lines[read.card.pk, read.line.zone] += read.line.quantity
        return dict(lines)

    @property
    def copies(self) -> int:
        return sum(self.lines.values())

    @property
    def cards(self) -> dict[int, Card]:
        return {read.card.pk: read.card for read in self.read.lines}

    @property
    def unknown(self) -> tuple[UnknownLine, ...]:
        return self.read.unknown

    @property
    def unknown_sign(self) -> str:
        """Stands for exactly these lines that were not understood: leaving them out is said of no others."""
        said = "\n".join(f"{line.problem.number} {line.problem.text}" for line in self.unknown)
        return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:16]


def version_text(version: TemplateDeckVersion) -> str:
    """What is in a version, as a list. One query, unless lines and cards were read already."""
    lines = version.deck_cards.all() if _was_read(version) else version.deck_cards.select_related("card")
    return deck_text((line.zone, line.quantity, line.card.name) for line in lines)


def deck_text(lines: Iterable[tuple[str, int, str]]) -> str:
    """(zone, copies, name), each zone by name and, where there are several, under its header."""
    written: dict[str, list[str]] = {zone: [] for zone in _HEADERS}
    for zone, quantity, name in sorted(lines, key=lambda line: line[2]):
        written[zone].append(f"{quantity} {name}")
    return _under_headers(written)


def text_of_file(content: bytes, filename: str) -> str:
    """A deck file of whichever kind as plain text, with what was not understood where it can be put right.

    Lines that are no part of a deck (a maybeboard) stand at the end as comments.
    """
    deck_list = parse(content, filename)
    written: dict[str, list[str]] = {zone: [] for zone in _HEADERS}
    understood = [(line.number, line.zone, f"{line.quantity} {line.name}") for line in deck_list.lines]
    not_understood = [(problem.number, problem.zone, problem.text) for problem in deck_list.problems]
    for _, zone, line in sorted(understood + not_understood):
        written[zone].append(line)
    text = _under_headers(written)
    comments = [f"// {line.quantity} {line.name}" for line in deck_list.aside]
    return "\n".join([text, "", "// Not part of the deck:", *comments]) if comments else text


def mend(text: str, *, number: int, name: str) -> str:
    """The text with another name in the line of that number. As it was where no line of that number names a card."""
    line = next((line for line in parse(text).lines if line.number == number), None)
    raw_lines = text.lstrip("\ufeff").splitlines()
    if line is None or number > len(raw_lines):
        return text
    raw = " ".join(raw_lines[number - 1].split())
    mended = raw.replace(line.name, name, 1) if line.name in raw else str(replace(line, name=name))
    return "\n".join([*raw_lines[: number - 1], mended, *raw_lines[number:]])


def _under_headers(written: dict[str, list[str]]) -> str:
    zones = [zone for zone, lines in written.items() if lines]
    if zones == [Zone.MAIN]:
        return "\n".join(written[Zone.MAIN])
    return "\n\n".join("\n".join([_HEADERS[Zone(zone)], *written[zone]]) for zone in zones)


def _was_read(version: TemplateDeckVersion) -> bool:
    return "deck_cards" in getattr(version, "_prefetched_objects_cache", {})
