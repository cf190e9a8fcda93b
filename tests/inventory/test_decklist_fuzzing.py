"""Whatever is put in: never an exception, every problem with a line, nothing out of bounds.

Nothing here knows the rules of a form: those are in the other tests of deck lists.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.decklist import LARGEST_LIST, MAX_LINES, MAX_QUANTITY, parse
from inventory.decklist.lines import MAX_NAME

FILES = st.sampled_from(
    [
        "",
        "deck.txt",
        "deck.dek",
        "deck.cod",
        "deck.o8d",
        "deck.dck",
        "deck.dec",
        "deck.mwDeck",
        "deck.json",
        "deck.csv",
    ]
)


def check_bounds(content: str | bytes, filename: str = "") -> None:
    deck_list = parse(content, filename)
    size = len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "surrogatepass"))
    entries = [*deck_list.lines, *deck_list.aside]
    assert len(entries) <= MAX_LINES
    assert len(deck_list.problems) <= MAX_LINES + 5
    for line in entries:
        assert line.number >= 1
        assert 1 <= line.quantity <= MAX_QUANTITY
        assert line.name == " ".join(line.name.split()) != ""
        assert len(line.name) <= MAX_NAME
        assert line.zone in {"main", "sideboard", "commander"}
        assert line.finish in {"", "foil", "etched"}
        assert line.set_code or not line.collector_number
        line_as_text = str(line)
        assert "\x00" not in line_as_text
        line_as_text.encode()  # can be stored and shown
        again = parse(line_as_text)
        assert len(again.lines) + len(again.problems) + len(again.aside) == 1, line_as_text
    for problem in deck_list.problems:
        assert problem.number >= 1
        assert problem.message
        assert "\x00" not in problem.text
        problem.text.encode()
    assert len(deck_list.name) <= MAX_NAME
    assert sum(len(problem.text) for problem in deck_list.problems) <= 3 * size + 20_000


MARKS = "0123456789+-−.,/_xX×*:()[]{}<>|^#!&;=\"' \t\n\r\x00\u00a0\u2028\ufeff\u202e²٤aSBsbDeck"


@given(st.text(st.sampled_from(MARKS) | st.characters(codec=None), max_size=200), FILES)
def test_no_text(text, filename):
    check_bounds(text, filename)


@given(st.binary(max_size=300), FILES)
def test_no_bytes(content, filename):
    check_bounds(content, filename)


numbers = st.sampled_from(
    ["4", "4x", "x4", "0", "-1", "+2", "1.5", "٤", "²", "9" * 30, "", "SB: 4", "#CMD:1", "COMMANDER:"]
)
names = st.sampled_from(
    ["Bolt", "Fire // Ice", "X", "_____", "+2 Mace", "1996 World Champion", "Foo (Used)", "SP//dr", ""]
)
marks = st.sampled_from(
    [
        "(M10) 146",
        "[M10:146]",
        "(*)",
        "*F*",
        "*CMDR*",
        "[Ramp]",
        "[Maybeboard{noDeck}]",
        "^Have,#37d67a^",
        "#!tag",
        "+",
        "|M10|1",
        "x4",
        "* 4 #",
        "<b>",
        "<146>",
        "&nbsp;",
        "(",
        "]",
        "*",
        "(((",
        "[[[",
        "|||",
        "\u202e",
        "",
    ]
)
near_lines = st.one_of(
    st.builds(
        lambda number, name, behind: " ".join([number, name, *behind]),
        numbers,
        names,
        st.lists(marks, max_size=4),
    ),
    st.sampled_from(
        [
            "",
            "Deck",
            "Sideboard (15)",
            "Commander:",
            "Maybeboard",
            "About",
            "Name X",
            "[metadata]",
            "Name=X",
            "Lands (24)",
            "// Main",
            "#NAME:X",
            "#HINT:x",
            "NAME:X",
            "LAYOUT MAIN:x",
            "[Main]",
            "[",
            "-----",
            "60 cards",
            "\ufeff",
        ]
    ),
)


@given(st.lists(near_lines, max_size=25), st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]), FILES)
def test_no_list_that_is_nearly_right(lines, line_end, filename):
    check_bounds(line_end.join(lines), filename)
    check_bounds(line_end.join(lines).encode("utf-16", "surrogatepass"), filename)


COD = (
    '<?xml version="1.0"?><cockatrice_deck version="1"><deckname>A</deckname><zone name="main">'
    '<card number="4" name="Bolt" setShortName="M10" collectorNumber="1"/></zone></cockatrice_deck>'
)
DEK = '<Deck><Cards CatID="1" Quantity="4" Sideboard="false" Name="Bolt &amp; x" Annotation="0"/></Deck>'
O8D = '<deck game="x"><section name="Main"><card qty="4" id="x">Bolt</card></section></deck>'
CSV = 'Count,Name,Edition,Foil,Section\n4,"Bolt, x",M10,foil,sideboard\n'
JSON = json.dumps(
    {
        "name": "A",
        "mainboard": {
            "Bolt": {"quantity": 4, "card": {"name": "Bolt", "set": "m10", "cn": "1"}, "isFoil": True}
        },
        "categories": [{"name": "Cut", "includedInDeck": False}],
        "cards": [{"quantity": 1, "categories": ["Cut"], "card": {"oracleCard": {"name": "Bolt"}}}],
    }
)
pieces = st.sampled_from(
    [
        "<",
        ">",
        "/>",
        '"',
        "&",
        "&x;",
        "&#0;",
        "&#xd800;",
        "]]>",
        "<!--",
        "<![CDATA[",
        "<!DOCTYPE x>",
        "<?x?>",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "NaN",
        "1e999",
        "\\ud800",
        "\\u0000",
        "true",
        "\n",
        "\x00",
        "é",
        "-1",
        "<deck>",
    ]
)


@pytest.mark.parametrize("file", [COD, DEK, O8D, CSV, JSON], ids=["cod", "dek", "o8d", "csv", "json"])
@settings(max_examples=60)
@given(st.data())
def test_no_file_with_something_else_in_it(file, data):
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(file)))
        end = min(len(file), start + data.draw(st.integers(0, 12)))
        file = file[:start] + data.draw(pieces) + file[end:]

    check_bounds(file)


shapes = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "quantity",
                    "count",
                    "card",
                    "cards",
                    "main",
                    "mainboard",
                    "sideBoard",
                    "boards",
                    "entries",
                    "data",
                    "Decks",
                    "categories",
                    "set",
                    "cn",
                    "finish",
                    "isFoil",
                    "tokens",
                    "zone",
                    "edition",
                    "oracleCard",
                    "x",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(shapes)
def test_no_shape_of_json(content):
    check_bounds(json.dumps(content), "deck.json")


@pytest.mark.parametrize(
    "content",
    [
        "4 Bolt (M10) 1\n" * 50_000,
        "a" * LARGEST_LIST,
        "[" * LARGEST_LIST,
        "<deck>" * (LARGEST_LIST // 6),
        '{"main":' * (LARGEST_LIST // 8),
        '{"main":[' + "1.5," * 200_000 + "1]}",
        '{"main":[' + '{"name":"a","count":1},' * 40_000 + "{}]}",
        "<Deck>" + '<Cards Quantity="1" Name="a"/>' * 30_000 + "</Deck>",
        "Count,Name\n" + "1,a\n" * 200_000,
        ("4 Bolt\n" * 60_000).encode("utf-16"),
        b"\x00\xff" * (LARGEST_LIST // 2),
    ],
    ids=[
        "lines",
        "letters",
        "brackets",
        "nested xml",
        "nested json",
        "numbers",
        "json",
        "xml",
        "csv",
        "utf-16",
        "bytes",
    ],
)
def test_no_size(content):
    check_bounds(content[:LARGEST_LIST])


def test_the_names_of_files_are_only_hints():
    for name in ("", ".", "..", "/", "a" * 5_000, "deck.txt\x00.json", str(Path("/a/b/deck.COD"))):
        assert [line.name for line in parse("4 Bolt", name).lines + parse("4 Bolt").lines][-1] == "Bolt"
        check_bounds("4 Bolt", name)
