"""From the bytes of a file to its rows."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inventory.stock_csv.headings import EXAMPLE, find_columns, folded, missing_columns
from inventory.stock_csv.rows import RowProblem, StockRow, read_row
from inventory.stock_csv.values import unquoted

LARGEST_FILE = 20_000_000  # bytes
MOST_ROWS = 100_000
_LINES_BEFORE_HEADINGS = 10  # at most: a title, a note to the spreadsheet

_NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook or another packed file: open it there and save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: open it there and save it as CSV",
    b"%PDF": "a PDF: ask the tool for CSV",
    b"\x1f\x8b": "a packed file: unpack it first",
    b"SQLite": "a database: ask the tool for CSV",
}


class StockFileError(ValueError):
    """The file as a whole is no stock list; the message says what to do."""


@dataclass(frozen=True, slots=True)
class StockSheet:
    rows: list[StockRow]
    problems: list[RowProblem]


def read_stock_csv(content: bytes) -> StockSheet:
    """The rows of a CSV file, and a problem for each that makes no sense. Raises `StockFileError`."""
    lines = _lines(content)
    start, delimiter = _headings_at(lines)
    records = _records(lines[start:], delimiter=delimiter, skipped=start)
    _, first = next(records)
    headings = first if isinstance(first, list) else []
    columns = find_columns(headings)
    repeated = [folded(heading) for heading in headings]
    rows: list[StockRow] = []
    problems: list[RowProblem] = []
    for line, cells in records:
        if len(rows) + len(problems) >= MOST_ROWS:
            problems.append(RowProblem(line, f"only the first {MOST_ROWS:,} rows are read: split the file."))
            break
        try:
            if isinstance(cells, str):
                raise ValueError(cells)
            if _says_nothing(cells) or [folded(cell) for cell in cells] == repeated:
                continue
            said = {column: unquoted(cells[at].strip()) for column, at in columns.items() if at < len(cells)}
            rows += read_row(line, said)
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


def _lines(content: bytes) -> list[str]:
    if len(content) > LARGEST_FILE:
        raise StockFileError(f"The file is larger than {LARGEST_FILE // 1_000_000} MB: split it.")
    for beginning, what in _NO_TEXT.items():
        if content.startswith(beginning):
            raise StockFileError(f"This is {what}.")
    text = decoded(content)
    strange = sum(not character.isprintable() and character not in "\r\n\t" for character in text[:1000])
    if strange > 20:
        raise StockFileError("This is no text: save the stock list as CSV.")
    lines = list(io.StringIO(text, newline=""))  # not splitlines(): that parts at more than ends of lines
    if not any(line.strip() for line in lines):
        raise StockFileError("The file is empty: it needs a line of headings and a row for each printing.")
    return lines


def _headings_at(lines: Sequence[str]) -> tuple[int, str]:
    """(the place of the line that names the columns, what separates them). Raises StockFileError.

    Before it there may be blank lines, a title, and a line in which a spreadsheet is told the separator.
    """
    told = ""
    first: list[str] = []
    columns: dict[str, int] = {}
    filled = [(place, line.strip()) for place, line in enumerate(lines[:100]) if line.strip()]
    for place, line in filled[:_LINES_BEFORE_HEADINGS]:
        plain = line.strip('"')
        if plain.lower().startswith("sep="):
            told = plain[4:5] or "\t"
            continue
        delimiter = told or max(",;\t|", key=line.count)
        try:
            headings = next(csv.reader([line[:10_000]], delimiter=delimiter), [])
        except csv.Error:
            headings = []
        found = find_columns(headings)
        if not missing_columns(found):
            return place, delimiter
        if not first:
            first, columns = headings, found
    raise StockFileError(_no_headings(first, columns))


def _no_headings(headings: Sequence[str], columns: dict[str, int]) -> str:
    if "idproduct" in [folded(heading) for heading in headings]:
        return (
            "This list names cards by Cardmarket's product numbers alone, which only Cardmarket can resolve. Add a "
            "column with their names, or take the list from a tool that writes them."
        )
    said = "".join(c if c.isprintable() else " " for c in ", ".join(headings))[:200]
    missing = " and no column ".join(missing_columns(columns))
    return (
        f"There is no column {missing}. The first line has to name the columns, for example {EXAMPLE}; "
        f"it says: {said or 'nothing'}."
    )


def _says_nothing(cells: Sequence[str]) -> bool:
    """A blank row, or one of dashes."""
    return not "".join(cells).strip(" \t\r\n\xa0-=_*")


def _records(lines: Sequence[str], *, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str] | str]]:
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
