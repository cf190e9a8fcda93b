"""From the cells of a row to what they say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from inventory.stock_csv import values

DAMAGED = "DMG"
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class StockRow:
    """Copies of a printing, as far as the file names it. Empty means: the file does not say.

    `set_code` and `set_name` are what stands in such columns; either may hold a code or a name.
    """

    line: int  # of the file, from 1
    quantity: int
    name: str
    simple_name: str = ""  # without what a shop adds, where the file has it in a column of its own
    set_code: str = ""
    set_name: str = ""
    collector_number: str = ""
    finish: str = ""  # nonfoil, foil, etched
    condition: str = ""  # NM, LP, MP, HP, DMG, or what the file says
    language: str = ""  # a code of Scryfall's
    scryfall_id: str = ""
    value_cents: int | None = None
    effective_on: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that was left out, and why."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


def read_row(line: int, cells: Mapping[str, str]) -> Iterator[StockRow]:
    """What a row says: one StockRow, or one for each finish. Raises ValueError, saying what to do."""
    if "\x00" in "".join(cells.values()):
        raise ValueError("it contains NUL characters: save the file again as CSV.")
    name = cells.get("name", "") or cells.get("simple_name", "")
    _check_name(name, has_id=bool(cells.get("scryfall_id")))
    if values.is_yes(cells.get("proxy", "")):
        raise ValueError("this is a proxy, which cannot be rented out.")
    condition, finish = values.condition(cells.get("condition", ""))
    marks = [mark for mark in ("signed", "altered", "misprint") if values.is_yes(cells.get(mark, ""))]
    row = StockRow(
        line=line,
        quantity=0,
        name=name,
        simple_name=cells.get("simple_name", ""),
        set_code=cells.get("set_code", ""),
        set_name=cells.get("set_name", ""),
        collector_number=values.collector_number(cells.get("collector_number", "")),
        finish=values.finish(cells.get("finish", "")) or finish,
        condition=condition,
        language=values.language(cells.get("language", "")),
        scryfall_id=cells.get("scryfall_id", ""),
        value_cents=values.cents(cells["value"]) if cells.get("value") else None,
        effective_on=values.day(cells["effective_on"]) if cells.get("effective_on") else None,
        note=", ".join(filter(None, [cells.get("note", "")[: values.LONGEST_NOTE], *marks])),
    )
    if "regular_copies" not in cells or "foil_copies" not in cells:
        yield replace(row, quantity=values.quantity(cells.get("quantity", "")))
        return
    copies = {
        finish: values.quantity(cells[column] or "0")
        for finish, column in (("nonfoil", "regular_copies"), ("foil", "foil_copies"))
    }
    if not any(copies.values()):
        raise ValueError("there are no copies, neither regular nor foil.")
    for of_finish, quantity in copies.items():
        if quantity:
            yield replace(row, quantity=quantity, finish=of_finish)


def _check_name(name: str, *, has_id: bool) -> None:
    if not name and not has_id:
        raise ValueError("there is no card name.")
    if name.startswith("="):
        raise ValueError("there is a formula instead of a card name: save the file with values.")
    if len(name) > _LONGEST_NAME:
        lines = name.count("\n") + 1
        raise ValueError(
            f"{lines} lines were read as one name: a quotation mark is opened here and not closed."
            if lines > 1
            else f"the card name has {len(name):,} characters; none is longer than {_LONGEST_NAME}."
        )
