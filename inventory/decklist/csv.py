"""Lists as CSV: any table whose first line names a column of names and one of numbers of copies."""

import csv
import io
from collections.abc import Mapping
from pathlib import PurePath

from inventory.decklist.collecting import Collected
from inventory.decklist.headings import BOARDS, COMMANDER, MAIN, SIDEBOARD
from inventory.decklist.lines import DeckList, NotAList

MOST_ROWS = 20_000
_LONGEST_HEADING = 2_000
_DELIMITERS = ",;\t"

# What a column may be called, folded to letters and digits; the first that the table has is taken.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "quantity": (
        "quantity", "count", "qty", "copies", "amount", "quantityx", "totalquantity", "totalqty", "regqty", "anzahl",
        "menge",
    ),
    "name": ("simplename", "name", "cardname", "card", "productname", "title", "englishname"),
    "set_code": ("setcode", "editioncode", "setid", "set", "edition"),
    "collector_number": ("collectornumber", "cardnumber", "collector", "collectorsnumber", "collectornum", "number"),
    "finish": ("finish", "modifier", "foil", "printing", "premium"),
    "zone": ("section", "board", "zone", "category", "categories"),
    "sideboarded": ("sideboarded", "sideboard"),
    "commander": ("commander", "iscommander"),
}  # fmt: skip
_YES = frozenset(("yes", "true", "1", "x"))


def looks_like_csv(text: str, filename: str) -> bool:
    return _head(text) is not None or (
        _is_called_csv(filename) and any(mark in text[:200] for mark in _DELIMITERS)
    )


def _is_called_csv(filename: str) -> bool:
    return PurePath(filename).suffix.lower() == ".csv"


def read_csv(text: str, filename: str = "") -> DeckList:
    """The numbers are lines of the file. Raises NotAList where no columns of names and numbers of copies are named."""
    collected = Collected()
    head = _head(text)
    if head is None:
        raise NotAList(
            "The first line of this table names no column of card names and none of numbers of copies: call them Name"
            " and Quantity."
        )
    delimiter, skipped, columns = head
    lines = io.StringIO(text, newline="")
    for _ in range(skipped + 1):
        lines.readline()
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for row in reader:
            number = skipped + 1 + reader.line_num
            if number > MOST_ROWS:
                collected.problem(
                    number, f"Only the first {MOST_ROWS} lines of the table were read. Split the file."
                )
                break
            if not any(map(str.strip, row)):
                continue
            cells = {key: row[place].strip() if place < len(row) else "" for key, place in columns.items()}
            _collect(collected, number, cells)
    except NotAList as error:
        collected.problem(error.number, str(error))
    except csv.Error:
        number = skipped + 1 + reader.line_num
        collected.problem(number, "From this line on the table cannot be read: check its quotation marks.")
    return collected.deck_list("csv")


def _head(text: str) -> tuple[str, int, dict[str, int]] | None:
    """(delimiter, lines above the headings, place of each column); None where the first line is no heading."""
    lines = text[:_LONGEST_HEADING].splitlines()
    skipped = 0
    while skipped < len(lines) and (
        not lines[skipped].strip() or lines[skipped].strip(' "').startswith("sep=")
    ):
        skipped += 1
    if skipped == len(lines):
        return None
    for delimiter in _DELIMITERS:
        headings = [_plain(cell) for cell in lines[skipped].split(delimiter)]
        places = {heading: place for place, heading in reversed(list(enumerate(headings)))}
        columns = {
            column: places[next(name for name in names if name in places)]
            for column, names in _COLUMNS.items()
            if any(name in places for name in names)
        }
        if "set_code" not in columns and "printing" in places and columns["finish"] != places["printing"]:
            columns["set_code"] = places["printing"]  # TappedOut, which has a column Foil beside it
        if "quantity" in columns and "name" in columns:
            return delimiter, skipped, columns
    return None


def _collect(collected: Collected, number: int, cells: Mapping[str, str]) -> None:
    said = (
        cells.get("zone", "").partition(",")[0].partition("{")[0]
    )  # Archidekt: the first category places it
    zone = BOARDS.get("".join(filter(str.isalpha, said[:40].lower())), MAIN)
    if cells.get("sideboarded", "").lower() in _YES:
        zone = SIDEBOARD
    if zone == MAIN and cells.get("commander", "").lower() in _YES:
        zone = COMMANDER
    quantity, name = cells["quantity"], cells["name"]
    collected.add(
        number,
        quantity,
        name,
        zone,
        set_code=cells.get("set_code", ""),
        # 146/249 of Magic Online: number and size of the set
        collector_number=cells.get("collector_number", "").removeprefix("#").partition("/")[0],
        finish=cells.get("finish", ""),
    )


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
