"""Lists in XML: `.dek` of MTGO, `.cod` of Cockatrice, `.o8d` of OCTGN.

Read as a stream, so that neither depth nor length costs memory. There is no document type in any of them, and none is
read: entities could grow without bounds, or reach for files.
"""

import re
from collections.abc import Mapping
from pathlib import PurePath
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

from inventory.decklist.collecting import Collected
from inventory.decklist.headings import ASIDE, COMMANDER, MAIN, SIDEBOARD, ZONES
from inventory.decklist.lines import DeckList, NotAList

DEEPEST = 20  # elements in elements
MOST_ELEMENTS = 50_000
_LONGEST_TEXT = 10_000
MTGO_COMMANDER = "16777728"  # how MTGO annotates the commander, whom it keeps in the sideboard

COCKATRICE_COMMANDER = "Commander: "  # a line of its comments, which a card of the sideboard follows

_BEGINNING = re.compile(r"\s*<(?:\?xml|!--|!doctype|cockatrice_deck\b|deck\b|html\b)", re.IGNORECASE)
_FORMS = {"cockatrice_deck": "cockatrice", "deck": "octgn"}
_SECTIONS = {"commandzone": COMMANDER, "planesschemes": ASIDE, "markers": ASIDE}


def looks_like_xml(text: str, filename: str) -> bool:
    is_called_so = PurePath(filename).suffix.lower() in {".dek", ".cod", ".o8d", ".xml"}
    return _BEGINNING.match(text[:1_000]) is not None or (is_called_so and text[:1_000].lstrip()[:1] == "<")


def read_xml(text: str, filename: str = "") -> DeckList:
    """The numbers are lines of the file. Where it breaks off, what was read before is kept beside the problem."""
    deck = _Deck()
    parser = DefusedXMLParser(target=deck, forbid_dtd=True)
    deck.position = parser.parser
    try:
        parser.feed(text.lstrip().encode("utf-8", "replace").decode())
        parser.close()
    except DefusedXmlException:
        message = (
            "This file declares a document type, which a deck list does not need. Export the list again."
        )
        deck.collected.problem(deck.line, message)
    except ParseError as error:
        line = getattr(error, "position", (deck.line, 0))[0]
        deck.collected.problem(
            line, "This file is damaged here and was read only so far. Export the list again."
        )
    except NotAList as error:
        deck.collected.problem(deck.line, str(error))
    return deck.collected.deck_list(deck.form)


class _Deck:
    """Told by the parser what it meets."""

    def __init__(self) -> None:
        self.collected = Collected()
        self.form = ""
        self.position = None  # the parser, which knows the line
        self._path: list[str] = []
        self._elements = 0
        self._zone = MAIN
        self._section = ""
        self._commanders: list[str] = []  # named in the comments, and not met yet
        self._card: tuple[int, Mapping[str, str]] | None = None
        self._text: list[str] = []
        self._text_length = 0

    @property
    def line(self) -> int:
        return int(getattr(self.position, "CurrentLineNumber", 1))

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition("}")[2].lower()
        self._path.append(name)
        self._elements += 1
        if len(self._path) == 1:
            self._root(name)
        if len(self._path) > DEEPEST:
            raise NotAList("This file is nested deeper than any deck list. Export the list again.")
        if self._elements > MOST_ELEMENTS:
            raise NotAList("This file holds more than a deck list. Export the list again.")
        self._text, self._text_length = [], 0
        told = {key.rpartition("}")[2].lower(): value for key, value in attributes.items()}
        if name in {"zone", "section"}:
            self._section = told.get("name", "")
            key = "".join(filter(str.isalpha, self._section.lower()))
            self._zone = _SECTIONS.get(key) or ZONES.get(key, ASIDE)
        elif name == "cards":
            self.form = "mtgo_dek"
            is_aside = told.get("sideboard", "").strip().lower() == "true"
            is_commander = is_aside and told.get("annotation", "").strip() == MTGO_COMMANDER
            zone = COMMANDER if is_commander else SIDEBOARD if is_aside else MAIN
            self.collected.add(self.line, told.get("quantity", ""), told.get("name", ""), zone)
        elif name == "card":
            self._card = (self.line, told)

    def data(self, text: str) -> None:
        if self._text_length < _LONGEST_TEXT:
            self._text.append(text)
            self._text_length += len(text)

    def end(self, tag: str) -> None:
        name = self._path.pop()
        text = "".join(self._text)
        if name == "deckname":
            self.collected.named(text)
        elif name == "comments":
            self._commanders = [
                written.removeprefix(COCKATRICE_COMMANDER).strip()
                for written in text.splitlines()
                if written.startswith(COCKATRICE_COMMANDER)
            ]
        elif name == "card" and self._card:
            line, told = self._card
            self._card = None
            called, zone = told.get("name") or text, self._zone
            if zone == SIDEBOARD and called in self._commanders:
                self._commanders.remove(called)
                zone = COMMANDER
            self.collected.add(
                line,
                told.get("number") or told.get("qty") or told.get("quantity") or "",
                called,
                zone,
                set_code=told.get("setshortname", ""),
                collector_number=told.get("collectornumber", ""),
                tags=(self._section,) if self._zone == ASIDE else (),
            )
        elif name in {"zone", "section"}:
            self._zone = MAIN
        self._text, self._text_length = [], 0

    def close(self) -> None:
        """Nothing is left open."""

    def _root(self, name: str) -> None:
        if name == "html":
            raise NotAList("This is a web page, no deck list. Copy the list from it and paste it here.")
        if name not in _FORMS:
            raise NotAList(
                f"This file holds <{name[:40]}>, no deck list. Of XML files, .dek of MTGO, .cod of Cockatrice and .o8d"
                " of OCTGN are read."
            )
        self.form = _FORMS[name]
