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
            set_code="INV",
            set_name="Invented",
            collector_number="7a",
            finish="etched",
            language="de",
            scryfall_id="abc",
            value_cents=123_450,
            effective_on=date(2026, 5, 1),
            note="signed",
        )
    ]


def the_row(text: str) -> StockRow:
    (row,) = read_stock_csv(text.encode()).rows
    return row


def messages(text: str) -> list[str]:
    return [problem.message for problem in read_stock_csv(text.encode()).problems]


# The headings of real exports, and a row as they write it.
@pytest.mark.parametrize(
    ("tool", "text", "expected"),
    [
        (
            "Archidekt",
            "Quantity,Name,Finish,Condition,Date Added,Language,Purchase Price,Tags,Edition Name,Edition Code,"
            "Multiverse Id,Scryfall ID,Collector Number\n"
            "2,Ember Otter,Etched,HP,2026-05-15,JP,9.99,,Invented,inv,1,abc,741z\n",
            StockRow(2, 2, "Ember Otter", "", "inv", "Invented", "741z", "etched", "HP", "ja", "abc"),
        ),
        (
            "Card Kingdom",
            "title,edition,foil,quantity\nEmber Otter,Invented,TRUE,2\n",
            StockRow(2, 2, "Ember Otter", set_name="Invented", finish="foil"),
        ),
        (
            "Deckbox",
            "Count,Tradelist Count,Name,Edition,Edition Code,Card Number,Condition,Language,Foil,Signed,Altered Art,"
            "My Price,Price\n2,1,Ember Otter,Invented,inv,7,Good (Lightly Played),Korean,foil,signed,,$1.00,$2.00\n",
            StockRow(2, 2, "Ember Otter", "", "inv", "Invented", "7", "foil", "LP", "ko", note="signed"),
        ),
        (
            "Dragon Shield",
            '"sep=,"\nFolder Name,Quantity,Trade Quantity,Card Name,Set Code,Set Name,Card Number,Condition,Printing,'
            "Language,Price Bought,Date Bought\n"
            "Red,2,1,Ember Otter,INV,Invented,7,NearMint,Foil,Traditional Chinese,0.20,3/28/2021\n",
            StockRow(3, 2, "Ember Otter", "", "INV", "Invented", "7", "foil", "NM", "zht"),
        ),
        (
            "ManaBox",
            "Name,Set code,Set name,Collector number,Foil,Rarity,Quantity,Purchase price,Misprint,Altered,Condition,"
            "Language\nEmber Otter,INV,Invented,7,normal,rare,2,1.5,false,true,near_mint,zh_CN\n",
            StockRow(2, 2, "Ember Otter", "", "INV", "Invented", "7", "nonfoil", "NM", "zhs", note="altered"),
        ),
        (
            "Moxfield",
            '"Count","Tradelist Count","Name","Edition","Condition","Language","Foil","Collector Number","Proxy",'
            '"Purchase Price"\n"2","1","Ember Otter","inv","Played","German","etched","7","False","0.20"\n',
            StockRow(2, 2, "Ember Otter", "", "", "inv", "7", "etched", "MP", "de"),
        ),
        (
            "MTGGoldfish",
            "Card,Set ID,Set Name,Quantity,Foil,Variation,Collector Number\n"
            'Ember Otter,INV,Invented,2,foil_etched,"",7\n',
            StockRow(2, 2, "Ember Otter", "", "INV", "Invented", "7", "etched"),
        ),
        (
            "Magic Online",
            "Card Name,Quantity,ID #,Rarity,Set,Collector #,Premium,Sideboarded\n"
            "Ember Otter,2,123,Rare,INV,7/249,Yes,\n",
            StockRow(2, 2, "Ember Otter", "", "", "INV", "7", "foil"),
        ),
        (
            "TCGplayer",
            "Quantity,Name,Simple Name,Set,Card Number,Set Code,Printing,Condition,Language,Rarity,Product ID\n"
            "2,Ember Otter (Showcase),Ember Otter,Invented,7,INV,Normal,Moderately Played,English,Rare,1\n",
            StockRow(
                2, 2, "Ember Otter (Showcase)", "Ember Otter", "INV", "Invented", "7", "nonfoil", "MP", "en"
            ),
        ),
        (
            "TCGplayer for sellers",
            "TCGplayer Id,Product Line,Set Name,Product Name,Title,Number,Rarity,Condition,TCG Market Price,"
            "Total Quantity\n1,Magic,Invented,Ember Otter,,7,R,Near Mint Foil,1.00,2\n",
            StockRow(2, 2, "Ember Otter", "", "", "Invented", "7", "foil", "NM"),
        ),
        (
            "TopDecked",
            'QUANTITY,"NAME",SETCODE,"SETNAME","COLLECTOR NUMBER",FINISH,PRICE,LANG,SIGNING,ALTERATION,CONDITION,'
            "NOTES\n"
            '2,"Ember Otter",inv,"Invented",7,nonfoil,€3.68,es,,false,slightly played,mine\n',
            StockRow(2, 2, "Ember Otter", "", "inv", "Invented", "7", "nonfoil", "LP", "es", note="mine"),
        ),
        (
            "Scryfall",
            "section,count,name,set,set_code,collector_number,lang,finish,usd_price,scryfall_id\n"
            "lands,2,Ember Otter,Invented,inv,7,en,,4.42,abc\n",
            StockRow(2, 2, "Ember Otter", "", "inv", "Invented", "7", language="en", scryfall_id="abc"),
        ),
        (
            "Delver Lens",
            "QuantityX,Name,Edition,Edition code,Collector's number,Foil\n2x,Ember Otter,Invented,inv,7,Foil\n",
            StockRow(2, 2, "Ember Otter", "", "inv", "Invented", "7", "foil"),
        ),
    ],
)
def test_the_exports_of_the_common_tools(tool: str, text: str, expected: StockRow) -> None:
    sheet = read_stock_csv(text.encode())
    assert (sheet.rows, sheet.problems) == ([expected], [])


def test_a_market_price_is_no_value_of_the_shop_s() -> None:
    row = the_row("quantity,name,price,market price,my price,purchase price\n1,Otter,1,2,3,4\n")
    assert row.value_cents is None
    assert the_row("quantity,name,price,Value\n1,Otter,1,$2.50\n").value_cents == 250


@pytest.mark.parametrize(("written", "finish"), [("F", "foil"), ("N", "nonfoil"), ("-", ""), ("E", "etched")])
def test_a_letter_may_say_the_finish(written: str, finish: str) -> None:
    assert the_row(f"count,name,foil\n1,Otter,{written}\n").finish == finish


def test_regular_and_foil_copies_of_a_row_are_two_rows() -> None:
    text = "Total Qty,Reg Qty,Foil Qty,Card,Set\n5,3,2,Otter,INV\n1,,1,Last,INV\n0,0,0,None,INV\n"
    sheet = read_stock_csv(text.encode())
    assert [(row.line, row.quantity, row.name, row.finish) for row in sheet.rows] == [
        (2, 3, "Otter", "nonfoil"),
        (2, 2, "Otter", "foil"),
        (3, 1, "Last", "foil"),
    ]
    assert [problem.line for problem in sheet.problems] == [4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("near_mint", "NM"),
        ("Mint", "NM"),
        ("NearMint", "NM"),
        ("Lightly Played", "LP"),
        ("excellent", "LP"),
        ("MP", "MP"),
        ("light_played", "MP"),
        ("heavily played", "HP"),
        ("Damaged", "DMG"),
        ("poor", "DMG"),
        ("D", "DMG"),
        ("graded 9.5", "graded 9.5"),
        ("", ""),
    ],
)
def test_conditions_have_one_spelling(text: str, expected: str) -> None:
    assert the_row(f"quantity,name,condition\n1,Otter,{text}\n").condition == expected


def test_what_is_no_row_is_passed_over() -> None:
    text = "My cards\n\nsep=;\nname;quantity\n;\n---;---\nOtter;2\nName;Quantity\n\nLast;1\n"
    sheet = read_stock_csv(text.encode())
    assert [(row.line, row.name) for row in sheet.rows] == [(7, "Otter"), (10, "Last")]
    assert sheet.problems == []


def test_only_the_ends_of_lines_part_rows() -> None:
    text = "quantity,name,note\r1,Otter,a\u2028b\x0cc\x85d\r2,Last,\r"
    assert [(row.line, row.quantity) for row in read_stock_csv(text.encode()).rows] == [(2, 1), (3, 2)]


def test_a_spreadsheet_s_text_is_read_and_its_formulas_are_not() -> None:
    assert the_row('quantity,name,number\n1,Otter,"=""007"""\n').collector_number == "007"
    (message,) = messages('quantity,name\n1,"=HYPERLINK(""http://example.org"",""Otter"")"\n')
    assert "formula" in message
    assert the_row("quantity,name\n1,+2 Mace\n").name == "+2 Mace"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,Otter\x00,", "NUL"),
        ("1,Otter,True", "proxy"),
        ('1,"Otter\n' + "2,Last,\n" * 50, "quotation mark"),
        (f"1,{'x' * 201},", "201 characters"),
    ],
)
def test_a_row_that_cannot_be_is_told(row: str, message: str) -> None:
    (told,) = messages(f"quantity,name,proxy\n{row}\n")
    assert message in told


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
        (b"PK\x03\x04" + bytes(500), "Excel workbook"),
        (bytes(range(256)) * 4, "no text"),
        (b"iko/109\niko/43\n", "no column quantity and no column name.*iko/109"),
        (b"200\n47\n", "it says: 200"),
        (b"idProduct;groupCount;price\n743311;1;\n", "Cardmarket's product numbers"),
        (b'"' + b"x\n" * 50_000, "no column"),
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
