"""Reads a stock list as CSV: bytes in, rows and problems out. Pure: which printing a row means is decided in
inventory/stock_import.py.

Columns are known by their headings, whatever their order, case and spacing; what is not known is passed over.
The headings of a further tool are further names in `COLUMNS`.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

LARGEST_FILE = 20_000_000  # bytes
MOST_ROWS = 100_000

# What a column may be called, folded to letters and digits; the first heading that the file has is taken.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "quantity": ("quantity", "count", "qty", "copies", "amount"),
    "name": ("name", "cardname", "card", "title"),
    "set": ("setcode", "editioncode", "setid", "set", "edition", "setname", "editionname"),
    "collector_number": ("collectornumber", "cardnumber", "collector", "number"),
    "finish": ("finish", "foil", "printing", "premium"),
    "language": ("language", "lang"),
    "scryfall_id": ("scryfallid",),
    "value": ("value",),
    "effective_on": ("date", "effectiveon"),
    "note": ("note",),
}

_FINISHES = {
    **dict.fromkeys(("nonfoil", "normal", "regular", "no", "false", "0"), "nonfoil"),
    **dict.fromkeys(("foil", "yes", "true", "1", "x"), "foil"),
    **dict.fromkeys(("etched", "foiletched", "etchedfoil"), "etched"),
}
_LANGUAGES = {
    "english": "en", "german": "de", "french": "fr", "italian": "it", "spanish": "es", "portuguese": "pt",
    "japanese": "ja", "korean": "ko", "russian": "ru", "chinese": "zhs", "simplifiedchinese": "zhs",
    "chinesesimplified": "zhs", "traditionalchinese": "zht", "chinesetraditional": "zht", "phyrexian": "ph",
}  # fmt: skip


class StockFileError(ValueError):
    """The file as a whole is no stock list; the message says what to do."""


@dataclass(frozen=True, slots=True)
class StockRow:
    """Copies of a printing, as far as the file names it. Empty means: the file does not say."""

    line: int  # of the file, from 1
    quantity: int
    name: str
    set: str = ""  # its code or its name
    collector_number: str = ""
    finish: str = ""  # nonfoil, foil, etched
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


@dataclass(frozen=True, slots=True)
class StockSheet:
    rows: list[StockRow]
    problems: list[RowProblem]


def read_stock_csv(content: bytes) -> StockSheet:
    """The rows of a CSV file, and a problem for each that makes no sense. Raises `StockFileError`."""
    if len(content) > LARGEST_FILE:
        raise StockFileError(f"The file is larger than {LARGEST_FILE // 1_000_000} MB: split it.")
    lines = decoded(content).splitlines(keepends=True)
    # Before the headings there may be blank lines, and one in which Excel is told the separator.
    skipped = 0
    while skipped < len(lines) and (
        not lines[skipped].strip() or lines[skipped].strip('" \t\r\n').startswith("sep=")
    ):
        skipped += 1
    if skipped == len(lines):
        raise StockFileError("The file is empty: it needs a line of headings and a row for each printing.")
    records = _records(lines[skipped:], delimiter=_delimiter(lines[skipped]), skipped=skipped)
    _, headings = next(records)
    columns = _columns(headings if isinstance(headings, list) else [])
    rows: list[StockRow] = []
    problems: list[RowProblem] = []
    for line, cells in records:
        if len(rows) + len(problems) >= MOST_ROWS:
            problems.append(RowProblem(line, f"only the first {MOST_ROWS:,} rows are read: split the file."))
            break
        try:
            if isinstance(cells, str):
                raise ValueError(cells)
            if any(cell.strip() for cell in cells):
                rows.append(
                    _row(
                        line, {column: cells[at].strip() for column, at in columns.items() if at < len(cells)}
                    )
                )
        except ValueError as error:
            problems.append(RowProblem(line, str(error)))
    return StockSheet(rows=rows, problems=problems)


def decoded(content: bytes) -> str:
    """Text of the encodings that spreadsheets write: UTF-8 and UTF-16 with or without a mark, else cp1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if content[:200].count(0) * 3 > len(content[:200]):
        return content.decode("utf-16-be" if content[:1] == b"\x00" else "utf-16-le", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _delimiter(headings: str) -> str:
    return max(",;\t", key=headings.count)


def _records(lines: list[str], *, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str] | str]]:
    """Each record with the line on which it begins; a message where it cannot be taken apart."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = skipped + reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"this is no row of a CSV file ({error})."


def _columns(headings: list[str]) -> dict[str, int]:
    places = {_plain(heading): place for place, heading in reversed(list(enumerate(headings)))}
    columns = {
        column: places[next(name for name in names if name in places)]
        for column, names in COLUMNS.items()
        if any(name in places for name in names)
    }
    missing = [column for column in ("quantity", "name") if column not in columns]
    if missing:
        raise StockFileError(
            f"There is no column {' and no column '.join(missing)}. The first line has to name the columns; "
            f"it says: {', '.join(headings)[:200] or 'nothing'}."
        )
    return columns


def _row(line: int, cells: Mapping[str, str]) -> StockRow:
    """Raises ValueError, saying what to do."""
    name = cells.get("name", "")
    if not name:
        raise ValueError("there is no card name.")
    if "\x00" in "".join(cells.values()):
        raise ValueError("it contains NUL characters: save the file again as CSV.")
    return StockRow(
        line=line,
        quantity=_quantity(cells.get("quantity", "")),
        name=name,
        set=cells.get("set", ""),
        collector_number=cells.get("collector_number", "").removeprefix("#"),
        finish=_finish(cells.get("finish", "")),
        language=_language(cells.get("language", "")),
        scryfall_id=cells.get("scryfall_id", ""),
        value_cents=cents(cells["value"]) if cells.get("value") else None,
        effective_on=_day(cells["effective_on"]) if cells.get("effective_on") else None,
        note=cells.get("note", ""),
    )


def _quantity(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ValueError(f"“{text[:20]}” is no number of copies: write a whole number.")
    return int(text)


def _finish(text: str) -> str:
    if not text:
        return ""
    try:
        return _FINISHES[_plain(text)]
    except KeyError:
        raise ValueError(f"“{text[:20]}” is no finish: write nonfoil, foil or etched.") from None


def _language(text: str) -> str:
    code = text.lower()
    return _LANGUAGES.get(_plain(text), code if len(code) <= 5 else "")


def cents(text: str) -> int:
    """An amount as people write it, in cents. Raises ValueError.

    >>> cents("2.50"), cents("€ 1.234,5"), cents("3")
    (250, 123450, 300)
    """
    digits = re.sub(r"[^\d.,\-]", "", text)
    whole, mark, fraction = max((digits.rpartition(mark) for mark in ".,"), key=lambda parts: len(parts[0]))
    if mark and len(fraction) <= 2:
        digits = re.sub(r"[.,]", "", whole) + "." + fraction
    else:  # 1,234: the mark stands between thousands
        digits = re.sub(r"[.,]", "", digits)
    try:
        amount = (Decimal(digits) * 100).to_integral_value()
    except InvalidOperation:
        raise ValueError(f"“{text[:20]}” is no value: write an amount like 2.50.") from None
    if not 0 <= amount < 2**31:
        raise ValueError(f"“{text[:20]}” is no value: write an amount like 2.50.")
    return int(amount)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{text[:20]}” is no date: write it like 2026-05-01.") from None


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
