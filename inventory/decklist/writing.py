"""The way out: cards as a list that players' tools can read, and that `parse` reads back.

What a form cannot say is left out: docs/deck-lists.md has the table.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape

from inventory.decklist.decoding import seen
from inventory.decklist.headings import COMMANDER, MAIN, SIDEBOARD
from inventory.decklist.lines import card_text
from inventory.decklist.xml import COCKATRICE_COMMANDER, MTGO_COMMANDER


@dataclass(frozen=True, slots=True)
class ListedCard:
    """Copies of a card in a zone (main, sideboard, commander). The printing is left empty where any will do."""

    quantity: int
    name: str
    zone: str = MAIN
    set_code: str = ""
    collector_number: str = ""
    finish: str = ""  # foil or etched


@dataclass(frozen=True, slots=True)
class Form:
    """A form that lists are written in."""

    label: str
    extension: str  # of a file's name, with its dot
    content_type: str
    limits: str = ""  # what it cannot say, for whoever chooses it


FORMS: Mapping[str, Form] = {
    "text": Form("Text", ".txt", "text/plain; charset=utf-8"),
    "arena": Form("MTG Arena", ".txt", "text/plain; charset=utf-8"),
    "mtgo": Form(
        "Magic Online (text)",
        ".txt",
        "text/plain; charset=utf-8",
        limits="names only; a commander goes into the sideboard",
    ),
    "mtgo_dek": Form("Magic Online (.dek)", ".dek", "application/xml"),
    "cockatrice": Form("Cockatrice (.cod)", ".cod", "application/xml"),
}


def write(lines: Iterable[ListedCard], form: str, name: str = "") -> str:
    """The cards in one of FORMS, in the order they come within each zone; `name` is the deck's. Raises KeyError."""
    return _WRITERS[form]([_clean(line) for line in lines], seen(name)[:_LONGEST_TITLE])


_LONGEST_TITLE = 200
_XML = '<?xml version="1.0" encoding="utf-8"?>\n'


def _clean(line: ListedCard) -> ListedCard:
    """Without what no form can hold: line breaks, characters that cannot be seen, a number without its set."""
    set_code = "".join(filter(str.isalnum, line.set_code))
    return ListedCard(
        quantity=line.quantity,
        name=seen(line.name),
        zone=line.zone,
        set_code=set_code,
        collector_number="".join(seen(line.collector_number).split()) if set_code else "",
        finish=line.finish,
    )


def _zone(lines: Iterable[ListedCard], *zones: str) -> list[ListedCard]:
    return [line for line in lines if line.zone in zones]


def _text(lines: list[ListedCard], name: str) -> str:
    """With headings as soon as there is more than the main deck."""
    written = {
        zone: [
            card_text(line.quantity, line.name, line.set_code.upper(), line.collector_number, line.finish)
            for line in _zone(lines, zone)
        ]
        for zone in (COMMANDER, MAIN, SIDEBOARD)
    }
    title = f"// Name: {name}\n\n" if name else ""
    if not written[COMMANDER] and not written[SIDEBOARD]:
        return title + _lines(written[MAIN])
    return title + _sections(written)


def _arena(lines: list[ListedCard], name: str) -> str:
    """A printing is told only whole, set and number; Arena knows no finish."""
    written = {
        zone: [
            card_text(
                line.quantity,
                line.name,
                line.set_code.upper() if line.collector_number else "",
                line.collector_number,
            )
            for line in _zone(lines, zone)
        ]
        for zone in (COMMANDER, MAIN, SIDEBOARD)
    }
    return (f"About\nName {name}\n\n" if name else "") + _sections(written)


def _sections(written: Mapping[str, list[str]]) -> str:
    headings = {COMMANDER: "Commander", MAIN: "Deck", SIDEBOARD: "Sideboard"}
    return "\n".join(f"{headings[zone]}\n{_lines(cards)}" for zone, cards in written.items() if cards)


def _mtgo(lines: list[ListedCard], name: str) -> str:
    """Names only; the sideboard below a blank line, and the commander in it, where MTGO keeps it."""
    main, side = (
        [card_text(line.quantity, line.name) for line in _zone(lines, *zones)]
        for zones in ((MAIN,), (COMMANDER, SIDEBOARD))
    )
    return _lines(main) + (f"\nSIDEBOARD:\n{_lines(side)}" if side else "")


def _mtgo_dek(lines: list[ListedCard], name: str) -> str:
    """Without CatID, the numbers of MTGO's own catalogue: a shop of cardboard does not know them."""
    cards = "".join(
        f'  <Cards Quantity="{line.quantity}" Sideboard="{"false" if line.zone == MAIN else "true"}"'
        f' Name="{escape(line.name)}" Annotation="{MTGO_COMMANDER if line.zone == COMMANDER else 0}" />\n'
        for line in lines
    )
    head = "<Deck>\n  <NetDeckID>0</NetDeckID>\n  <PreconstructedDeckID>0</PreconstructedDeckID>\n"
    return f"{_XML}{head}{cards}</Deck>\n"


def _cockatrice(lines: list[ListedCard], name: str) -> str:
    """Printings as Cockatrice has told them since 2.10; the commander in the sideboard, where its players keep it.

    Which card that is stands in the comments, for who reads the file, and for `parse`: the first one called so.
    """
    commanders = _zone(lines, COMMANDER)
    comments = "\n".join(f"{COCKATRICE_COMMANDER}{line.name}" for line in commanders)
    zones = ""
    for zone, found in (("main", _zone(lines, MAIN)), ("side", [*commanders, *_zone(lines, SIDEBOARD)])):
        cards = "".join(f"        <card{_cockatrice_card(line)}/>\n" for line in found)
        zones += f'    <zone name="{zone}">\n{cards}    </zone>\n' if cards else ""
    return (
        f'{_XML}<cockatrice_deck version="1">\n    <deckname>{escape(name)}</deckname>\n'
        f"    <comments>{escape(comments)}</comments>\n{zones}</cockatrice_deck>\n"
    )


def _cockatrice_card(line: ListedCard) -> str:
    told = {
        "number": str(line.quantity),
        "name": line.name,
        "setShortName": line.set_code.upper(),
        "collectorNumber": line.collector_number,
    }
    return "".join(f' {key}="{escape(value)}"' for key, value in told.items() if value)


def _lines(cards: list[str]) -> str:
    return "".join(f"{card}\n" for card in cards)


_WRITERS: Mapping[str, Callable[[list[ListedCard], str], str]] = {
    "text": _text,
    "arena": _arena,
    "mtgo": _mtgo,
    "mtgo_dek": _mtgo_dek,
    "cockatrice": _cockatrice,
}
