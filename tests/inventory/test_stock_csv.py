import contextlib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.stock_csv import StockFileError, StockRow, cents, read_stock_csv

PLAIN = "Quantity,Name\n4,Ember Otter\n"


def test_quantity_and_name_are_enough() -> None:
    assert read_stock_csv(PLAIN.encode()).rows == [StockRow(line=2, quantity=4, name="Ember Otter")]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        b'"sep=,"\n' + PLAIN.encode(),
        b"\n \n" + PLAIN.encode(),
        b" qUANTITY , name \n4, Ember Otter\n",
        b"name;Foo;COUNT\nEmber Otter;bar;4\n",
    ],
)
def test_spreadsheets_write_the_same_in_many_ways(content: bytes) -> None:
    (row,) = read_stock_csv(content).rows
    assert (row.quantity, row.name) == (4, "Ember Otter")


def test_what_is_not_utf_8_is_cp1252() -> None:
    (row,) = read_stock_csv("count,name\n1,Lim-Dûl’s Otter\n".encode("cp1252")).rows
    assert row.name == "Lim-Dûl’s Otter"


def test_all_columns() -> None:
    content = (
        "Count;Card Name;Set Code;Set Name;Collector Number;Foil;Language;Scryfall ID;Value;Date;Note\n"
        "2;Ember Otter;INV;Invented;#7a;Etched;German;abc;1.234,50;2026-05-01;signed\n"
    )
    assert read_stock_csv(content.encode()).rows == [
        StockRow(
            line=2,
            quantity=2,
            name="Ember Otter",
            set="INV",
            collector_number="7a",
            finish="etched",
            language="de",
            scryfall_id="abc",
            value_cents=123_450,
            effective_on=date(2026, 5, 1),
            note="signed",
        )
    ]


def test_bad_rows_are_told_by_line_and_good_ones_kept() -> None:
    rows = [
        "1,Otter,",
        "x,Otter,",
        "-1,Otter,",
        "²,Otter,",
        "1,,",
        "1,Otter,shiny",
        ",,",
        "",
        '1,"Two\nlines",foil',
        "1,Last,",
    ]
    sheet = read_stock_csv(("quantity,name,foil\n" + "\n".join(rows)).encode())
    assert [(row.line, row.name) for row in sheet.rows] == [(2, "Otter"), (10, "Two\nlines"), (12, "Last")]
    assert [problem.line for problem in sheet.problems] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"a,b\n1,2\n", "no column quantity and no column name"),
        (b"name,set\nOtter,INV\n", "no column quantity"),
        (b"x" * 20_000_001, "larger than 20 MB"),
    ],
)
def test_what_is_no_stock_list_is_told(content: bytes, message: str) -> None:
    with pytest.raises(StockFileError, match=message):
        read_stock_csv(content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.50", 250),
        ("2,5", 250),
        ("€ 1.234,50", 123_450),
        ("$1,234.50", 123_450),
        ("1,234", 123_400),
        ("3", 300),
        ("0", 0),
    ],
)
def test_amounts_as_people_write_them(text: str, expected: int) -> None:
    assert cents(text) == expected


@pytest.mark.parametrize("text", ["", "dear", "-1", "1-2", ",", "99999999999"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no value"):
        cents(text)


@settings(deadline=None)
@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: ("quantity,name,value,date\n" + text).encode("utf-8", "replace"))
)
def test_no_content_is_too_strange(content: bytes) -> None:
    with contextlib.suppress(StockFileError):
        read_stock_csv(content)
