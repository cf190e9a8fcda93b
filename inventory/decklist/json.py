"""Lists in JSON, as sites give them out: Moxfield, Archidekt, MTGJSON, Scryfall, and MTGO's published decks.

They differ in names more than in kind: boards, each of them cards by list or by key, each card with a number of copies
and a name somewhere. So boards and cards are looked for under all the names that they have.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from inventory.decklist.card_line import read_card_line
from inventory.decklist.collecting import Collected
from inventory.decklist.decoding import seen
from inventory.decklist.headings import ASIDE, BOARDS, MAIN
from inventory.decklist.lines import MAX_NAME, DeckList, NotAList

_BEGINNING = re.compile(r'\s*(?:\{\s*(?:"|\}|$)|\[\s*(?:[\[{"\]]|$))')
_QUANTITY = ("quantity", "count", "qty", "amount", "copies")
_NAME = ("name", "cardname", "card_name", "displayname")
_SET = ("set", "setcode", "set_code", "editioncode")
_COLLECTOR_NUMBER = ("cn", "collectornumber", "collector_number", "number")
_CARD = ("card", "card_digest", "oraclecard", "edition")  # where the rest of a card is told, one in another
_Card = dict[str, Any]


def looks_like_json(text: str, filename: str) -> bool:
    is_called_so = PurePath(filename).suffix.lower() == ".json"
    return is_called_so or _BEGINNING.match(text[:1_000]) is not None


def read_json(text: str, filename: str = "") -> DeckList:
    """The numbers are the cards' places in the file, from 1: JSON has no lines to speak of."""
    collected = Collected()
    try:
        content = json.loads(text, parse_int=_number, parse_float=str, parse_constant=str)
        form = _read(content, collected)
    except RecursionError:
        collected.problem(1, "This file is nested deeper than any deck list. Export the list again.")
        return collected.deck_list("json")
    except json.JSONDecodeError as error:
        collected.problem(
            error.lineno, f"This file is damaged in column {error.colno}. Export the list again."
        )
        return collected.deck_list("json")
    except NotAList as error:
        collected.problem(error.number, str(error))
        return collected.deck_list("json")
    return collected.deck_list(form)


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) <= 9 else digits


def _read(content: Any, collected: Collected) -> str:
    """Collects the cards and returns the form. Raises NotAList."""
    form = "json"
    if isinstance(content, dict) and isinstance(content.get("data"), dict | list):  # MTGJSON, and many an API
        content, form = content["data"], "mtgjson"
    if isinstance(content, dict) and isinstance(content.get("Decks"), list):
        decks = [deck for deck in content["Decks"] if isinstance(deck, dict)]
        if not decks:
            raise NotAList("This file holds no deck.")
        if len(decks) > 1:
            collected.problem(1, f"This file holds {len(decks)} decks, of which the first was read.")
        content, form = decks[0], "mtgo_json"
    if isinstance(content, list):
        content = {"main": content}
    if not isinstance(content, dict):
        raise NotAList("This file holds no deck list.")
    _named(content, collected)
    within = content.get("deck")
    if isinstance(within, dict) and any(_is_board(name, board) for name, board in within.items()):
        content = within  # the boards stand one step further in
        _named(content, collected)
    if form == "json":
        form = _form(content)
    found = 0
    for zone, key, card in _cards(content):
        found += 1
        _collect(collected, found, zone, key, card)
    if not found and not any(_is_board(name, board) for name, board in content.items()):
        raise NotAList("This file holds no deck list: there are no cards with a number of copies in it.")
    return form


def _named(content: _Card, collected: Collected) -> None:
    title = content.get("name")
    if isinstance(title, str):
        collected.named(title)


def _form(content: _Card) -> str:
    if "publicId" in content or "boards" in content:
        return "moxfield_json"
    if isinstance(content.get("cards"), list) and "categories" in content:
        return "archidekt_json"
    if "mainBoard" in content:
        return "mtgjson"
    return "mtgo_json" if "Mainboard" in content else "json"


def _cards(content: _Card) -> Iterator[tuple[str, str, Any]]:
    """(zone, key, card) of every card of every board."""
    for name in ("boards", "entries"):  # Moxfield's third version, Scryfall
        if isinstance(content.get(name), dict):
            content = content[name]
    left_out = {
        str(category.get("name"))
        for category in _list(content.get("categories"))
        if isinstance(category, dict) and category.get("includedInDeck") is False
    }
    for name, board in content.items():
        if name == "cards":  # of any zone
            for key, card in _entries(board):
                yield _zone_of(card, left_out), key, card
        elif _is_board(name, board):
            zone = BOARDS[_letters(name)]
            for key, card in _entries(
                board["cards"] if isinstance(board, dict) and "cards" in board else board
            ):
                yield zone, key, card


def _is_board(name: str, board: Any) -> bool:
    """Whether cards are listed here: Moxfield also has a single card under "main"."""
    if _letters(name) not in BOARDS:
        return False
    if isinstance(board, dict):
        if "cards" in board:
            return isinstance(board["cards"], dict | list)
        return all(isinstance(card, dict) for card in board.values()) or all(
            isinstance(card, int) for card in board.values()
        )
    return isinstance(board, list)


def _entries(board: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(board, dict):
        yield from board.items()
    else:
        yield from (("", card) for card in _list(board))


def _zone_of(card: Any, left_out: set[str]) -> str:
    """Where a card stands that says so itself: Archidekt's first category."""
    if not isinstance(card, dict):
        return MAIN
    said = next((card[key] for key in ("board", "zone", "section") if isinstance(card.get(key), str)), "")
    category = next(iter(_list(card.get("categories"))), said)
    if not isinstance(category, str):
        return MAIN
    return BOARDS.get(_letters(category)) or (ASIDE if category in left_out else MAIN)


def _collect(collected: Collected, number: int, zone: str, key: str, card: Any) -> None:
    if isinstance(card, int | str) and key and not isinstance(card, bool):  # {"Lightning Bolt": 4}
        collected.add(number, str(card), key, zone)
        return
    if isinstance(card, str):  # ["4 Lightning Bolt"]
        line = read_card_line(seen(card[: 2 * MAX_NAME]))
        collected.add(
            number,
            line.quantity,
            line.name,
            line.zone or zone,
            set_code=line.set_code,
            collector_number=line.collector_number,
            finish=line.finish,
        )
        return
    told = list(_told(card))
    outer = told[0] if told else {}
    name = _first(told, _NAME) or outer.get("card") or key
    quantity = next((outer[key] for key in _QUANTITY if key in outer), "1" if zone == ASIDE else "")
    collected.add(
        number,
        str(quantity) if type(quantity) in (int, str) else "?",
        name if isinstance(name, str) else "",
        zone,
        set_code=_first(told, _SET),
        collector_number=_first(told, _COLLECTOR_NUMBER),
        finish=_finish(outer),
        tags=tuple(tag for tag in _list(outer.get("categories")) if isinstance(tag, str))[:10],
    )


def _told(card: Any) -> Iterator[_Card]:
    """A card and what is told of it within, the outermost first, keys in lower case."""
    for _ in range(4):
        if not isinstance(card, dict):
            return
        outer = {key.lower(): value for key, value in card.items()}
        yield outer
        inner = [outer[key] for key in _CARD if isinstance(outer.get(key), dict)]
        for beside in inner[1:]:
            yield {key.lower(): value for key, value in beside.items()}
        card = inner[0] if inner else None


def _first(told: list[_Card], keys: tuple[str, ...]) -> str:
    """The first text or number under one of the keys; what the inner card says goes before what the entry says."""
    for card in reversed(told):
        for key in keys:
            value = card.get(key)
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                return str(value)
    return ""


def _finish(card: Mapping[str, Any]) -> str:
    if card.get("isetched") is True:
        return "etched"
    if card.get("isfoil") is True or card.get("foil") is True:
        return "foil"
    said = card.get("finish") or card.get("modifier") or ""
    return said if isinstance(said, str) else ""


def _letters(name: str) -> str:
    return "".join(filter(str.isalpha, name[:40].lower()))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
