"""Deck lists in files: encodings, XML, JSON, CSV; and what is no list at all."""

import json

import pytest

from inventory.decklist import LARGEST_LIST, MAX_LINES, DeckLine, DeckList, parse

BOLT = "Lightning Bolt"


def copies(deck_list: DeckList) -> list[tuple[int, str, str]]:
    """(copies, name, zone) of every line; a list with a problem fails the test."""
    assert deck_list.problems == ()
    return [(line.quantity, line.name, line.zone) for line in deck_list.lines]


def the_problem(content: str | bytes, filename: str = "") -> str:
    """What is said of an input that cannot be read at all."""
    deck_list = parse(content, filename)
    assert deck_list.lines == ()
    [problem] = deck_list.problems
    assert problem.number >= 1
    return problem.message


# --- encodings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_a_file_is_decoded(encoding):
    assert copies(parse("4 Séance\r\n2 Lim-Dûl's Vault\r\n".encode(encoding))) == [
        (4, "Séance", "main"),
        (2, "Lim-Dûl's Vault", "main"),
    ]


def test_typographic_marks_of_windows_are_decoded():
    assert copies(parse(b"2 Lim-D\xfbl\x92s Vault")) == [(2, "Lim-Dûl’s Vault", "main")]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00xl/workbook.xml", "an Excel file"),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00word/document.xml", "a Word document"),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00deck.txt", "a compressed file"),
        (b"%PDF-1.7\n4 Lightning Bolt", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture"),
        (b"\x1f\x8b\x08\x00\x00\x00", "a compressed file"),
        (b"{\\rtf1\\ansi 4 Lightning Bolt}", "a formatted document"),
        (bytes(range(256)) * 4, "no text"),
    ],
)
def test_a_file_that_is_no_text_is_named_as_what_it_is(content, what):
    assert what in the_problem(content, "deck.txt")


@pytest.mark.parametrize(
    "content", ["4 Bolt\n" * 200_000, b"4 Bolt\n" * 200_000, "é" * (LARGEST_LIST // 2 + 1)]
)
def test_a_list_that_is_too_large_is_not_looked_at(content):
    assert "too large" in the_problem(content)


def test_a_list_of_the_largest_size_is_read():
    assert copies(parse("4 Bolt\n".ljust(LARGEST_LIST))) == [(4, "Bolt", "main")]


# --- lines that do not read as they seem to -------------------------------------------------------------------


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\u202e", "\u2066", "\ud800"])
def test_a_line_with_what_cannot_be_seen_is_shown_without_it(character):
    [line], [problem] = (lambda read: (read.lines, read.problems))(parse(f"1 Shock\n4 Is{character}land"))

    assert line.name == "Shock"
    assert (problem.number, problem.text.replace(" ", "")) == (2, "4Island")
    assert "cannot be seen" in problem.message


@pytest.mark.parametrize("character", ["\u200b", "\ufeff", "\u00ad", "\u200e"])
def test_harmless_leftovers_of_web_pages_are_passed_over(character):
    assert copies(parse(f"4 Lightning {character}Bolt{character}")) == [(4, BOLT, "main")]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<b>4 Lightning Bolt</b><br>", "4 Lightning Bolt"),
        ("4 Lightning&nbsp;Bolt", "4 Lightning Bolt"),
        ("4 <a href='/x'>Lightning Bolt</a>", "4 Lightning Bolt"),
        ("4 <script>alert(1)</script>", "4 alert(1)"),
    ],
)
def test_a_line_of_html_is_shown_without_it(written, text):
    [problem] = parse(f"{written}\n").problems

    assert (problem.number, problem.text) == (1, text)
    assert "HTML" in problem.message


def test_a_formula_is_no_card():
    [problem] = parse('1 Shock\n=HYPERLINK("http://x","y")').problems

    assert (problem.number, problem.zone) == (2, "main")
    assert "formula" in problem.message


# --- XML ------------------------------------------------------------------------------------------------------

DEK = """<?xml version="1.0" encoding="utf-8"?>
<Deck xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <NetDeckID>0</NetDeckID>
  <Cards CatID="1" Quantity="4" Sideboard="false" Name="Fire &amp; &quot;Ice&quot;" Annotation="0" />
  <Cards CatID="2" Quantity="2" Sideboard="true" Name="Shock" Annotation="0" />
  <Cards CatID="3" Quantity="1" Sideboard="true" Name="Krenko, Mob Boss" Annotation="16777728" />
</Deck>"""
COD = """<?xml version="1.0"?>
<cockatrice_deck version="1">
  <deckname>Goblins &amp; co.</deckname>
  <comments>4 Lightning Bolt</comments>
  <zone name="main"><card number="4" price="0" name="Shock" setShortName="M10" collectorNumber="155"/></zone>
  <zone name="side"><card number="1" name="Smash to Smithereens"/></zone>
  <zone name="tokens"><card number="1" name="Goblin"/></zone>
</cockatrice_deck>"""
O8D = """<?xml version="1.0"?>
<deck game="a6c8d2e8-7cd8-11dd-8f94-e62b56d89593">
  <section name="Main"><card qty="4" id="x">Shock</card></section>
  <section name="Sideboard"><card qty="1" id="y">Fire // Ice</card></section>
  <section name="Command Zone"><card qty="1" id="z">Krenko, Mob Boss</card></section>
</deck>"""


def test_dek_of_mtgo():
    deck_list = parse(DEK)

    assert deck_list.form == "mtgo_dek"
    assert copies(deck_list) == [
        (4, 'Fire & "Ice"', "main"),
        (2, "Shock", "sideboard"),
        (1, "Krenko, Mob Boss", "commander"),
    ]
    assert [line.number for line in deck_list.lines] == [4, 5, 6]


def test_cod_of_cockatrice():
    deck_list = parse(COD)

    assert (deck_list.form, deck_list.name) == ("cockatrice", "Goblins & co.")
    assert copies(deck_list) == [(4, "Shock", "main"), (1, "Smash to Smithereens", "sideboard")]
    assert (deck_list.lines[0].set_code, deck_list.lines[0].collector_number) == ("M10", "155")
    assert [line.name for line in deck_list.aside] == ["Goblin"]


def test_o8d_of_octgn():
    deck_list = parse(O8D.encode())

    assert deck_list.form == "octgn"
    assert copies(deck_list) == [
        (4, "Shock", "main"),
        (1, "Fire // Ice", "sideboard"),
        (1, "Krenko, Mob Boss", "commander"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_xml_is_decoded_whatever_it_declares(encoding):
    assert copies(parse(COD.replace("Shock", "Séance").encode(encoding)))[0] == (4, "Séance", "main")


def test_a_list_of_plain_text_is_read_whatever_the_file_is_called():
    assert copies(parse("4 Shock", "deck.dek")) == [(4, "Shock", "main")]


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ('<card number="0" name="Shock"/>', "at least 1"),
        ('<card number="-1" name="Shock"/>', "whole number"),
        ('<card name="Shock"/>', "whole number"),
        ('<card number="9999999999" name="Shock"/>', "at most 250"),
        ('<card number="4"/>', "no card name"),
        (f'<card number="4" name="{"x" * 300}"/>', "too long"),
        ('<card number="4" name="a&#x202e;b"/>', "cannot be seen"),
    ],
)
def test_a_card_of_a_file_that_cannot_be_meant_is_a_problem_with_its_line(card, words):
    after = '<card number="1" name="Bolt"/>'
    deck_list = parse(f'<cockatrice_deck>\n<zone name="side">\n{card}\n{after}</zone></cockatrice_deck>')

    assert [(line.name, line.number) for line in deck_list.lines] == [("Bolt", 4)]
    [problem] = deck_list.problems
    assert (problem.number, problem.zone) == (3, "sideboard")
    assert words in problem.message


BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<cockatrice_deck><deckname>&b;</deckname></cockatrice_deck>"""
OUTSIDE = """<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]><deck><section name="Main">
<card qty="1">&secret;</card></section></deck>"""


@pytest.mark.parametrize("xml", [BOMB, OUTSIDE, '<!DOCTYPE deck SYSTEM "http://example.org/x.dtd"><deck/>'])
def test_a_document_type_is_not_read(xml):
    deck_list = parse(xml)

    assert deck_list.name == ""
    assert "document type" in the_problem(xml)


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("<deck>" * 1_000, "nested"),
        ("<deck>" + "<x/>" * 100_000 + "</deck>", "more than a deck list"),
        ("<?xml version='1.0'?><rss><card number='4' name='Shock'/></rss>", "<rss>"),
        ("<!DOCTYPE html><html><body>4 Shock</body></html>", "document type"),
        ("<html><body>4 Shock</body></html>", "web page"),
        ("<deck", "damaged"),
    ],
)
def test_xml_that_is_no_list_is_named_as_what_it_is(xml, words):
    assert words in the_problem(xml)


def test_what_was_read_before_a_file_breaks_off_is_kept():
    deck_list = parse(DEK[: DEK.index('<Cards CatID="3"') + 10])

    assert [line.quantity for line in deck_list.lines] == [4, 2]
    [problem] = deck_list.problems
    assert (problem.number, "damaged" in problem.message) == (6, True)


@pytest.mark.parametrize("end", ["side", "tokens"])
def test_cards_beyond_the_limit_are_kept_to_be_added_later(end):
    zone = "".join(f'<card number="1" name="Card {n}"/>' for n in range(MAX_LINES + 2))

    deck_list = parse(f'<cockatrice_deck><zone name="{end}">{zone}</zone></cockatrice_deck>')

    assert len(deck_list.lines) + len(deck_list.aside) == MAX_LINES
    [problem] = deck_list.problems
    rest = parse(problem.text)
    assert [line.name for line in rest.lines + rest.aside] == [f"Card {MAX_LINES}", f"Card {MAX_LINES + 1}"]
    assert {line.zone for line in rest.lines} <= {"sideboard"}


# --- JSON -----------------------------------------------------------------------------------------------------


def card_of_moxfield(name: str, quantity: int = 1, **more: object) -> dict[str, object]:
    return {"quantity": quantity, "isFoil": False, "card": {"name": name, "set": "m10", "cn": "146"}, **more}


def test_the_second_version_of_moxfield():
    content = {
        "name": "Goblins",
        "publicId": "x",
        "main": {"name": "Krenko, Mob Boss", "set": "m13", "cn": "141", "prices": {"usd": 1.5}},
        "mainboard": {BOLT: card_of_moxfield(BOLT, 4, isFoil=True)},
        "sideboard": {"Shock": card_of_moxfield("Shock", 2, finish="etched")},
        "commanders": {"Krenko": card_of_moxfield("Krenko, Mob Boss")},
        "companions": {"Obosh": card_of_moxfield("Obosh, the Preypiercer")},
        "maybeboard": {"Smash": card_of_moxfield("Smash")},
        "tokens": [{"name": "Goblin", "set": "tm10"}],
    }

    deck_list = parse(json.dumps(content))

    assert (deck_list.form, deck_list.name) == ("moxfield_json", "Goblins")
    assert copies(deck_list) == [
        (4, BOLT, "main"),
        (2, "Shock", "sideboard"),
        (1, "Krenko, Mob Boss", "commander"),
        (1, "Obosh, the Preypiercer", "sideboard"),
    ]
    assert [line.name for line in deck_list.aside] == ["Smash", "Goblin"]
    bolt, shock, *_ = deck_list.lines
    assert (bolt.set_code, bolt.collector_number, bolt.finish, shock.finish) == (
        "m10",
        "146",
        "foil",
        "etched",
    )


def test_the_third_version_of_moxfield():
    boards = {
        "mainboard": {"count": 4, "cards": {"a1b2": card_of_moxfield(BOLT, 4)}},
        "commanders": {"count": 1, "cards": {"c3d4": card_of_moxfield("Krenko, Mob Boss")}},
        "maybeboard": {"count": 0, "cards": {}},
    }

    deck_list = parse(json.dumps({"name": "Goblins", "boards": boards}))

    assert deck_list.form == "moxfield_json"
    assert copies(deck_list) == [(4, BOLT, "main"), (1, "Krenko, Mob Boss", "commander")]


def test_archidekt():
    def card(name: str, *categories: str, modifier: str = "Normal") -> dict[str, object]:
        inner = {"collectorNumber": "146", "edition": {"editioncode": "m10"}, "oracleCard": {"name": name}}
        return {"quantity": 1, "modifier": modifier, "categories": categories, "card": inner}

    content = {
        "name": "Goblins",
        "categories": [{"name": "Cut", "includedInDeck": False}, {"name": "Burn", "includedInDeck": True}],
        "cards": [
            card(BOLT, "Burn", modifier="Foil"),
            card("Krenko, Mob Boss", "Commander", "Creature"),
            card("Shock", "Sideboard"),
            card("Smash", "Maybeboard", "Burn"),
            card("Fling", "Cut"),
            card("Mountain"),
        ],
    }

    deck_list = parse(json.dumps(content))

    assert (deck_list.form, deck_list.name) == ("archidekt_json", "Goblins")
    assert copies(deck_list) == [
        (1, BOLT, "main"),
        (1, "Krenko, Mob Boss", "commander"),
        (1, "Shock", "sideboard"),
        (1, "Mountain", "main"),
    ]
    assert [line.name for line in deck_list.aside] == ["Smash", "Fling"]
    bolt = deck_list.lines[0]
    assert (bolt.set_code, bolt.collector_number, bolt.finish, bolt.tags) == ("m10", "146", "foil", ("Burn",))


def test_mtgjson():
    card = {
        "name": BOLT,
        "count": 4,
        "setCode": "M10",
        "number": "146",
        "isFoil": True,
        "identifiers": {"x": "1"},
    }
    data = {
        "name": "Burn",
        "code": "M10",
        "mainBoard": [card],
        "sideBoard": [],
        "commander": [],
        "tokens": [card],
    }

    deck_list = parse(json.dumps({"meta": {"version": "5"}, "data": data}))

    assert (deck_list.form, deck_list.name) == ("mtgjson", "Burn")
    [line] = deck_list.lines
    assert (line.quantity, str(line)) == (4, "4 Lightning Bolt (M10) 146 *F*")
    assert len(deck_list.aside) == 1


def test_published_decks_of_mtgo():
    deck = {
        "Player": "x",
        "Mainboard": [{"Count": 4, "CardName": BOLT}],
        "Sideboard": [{"Count": 1, "CardName": "Shock"}],
    }

    deck_list = parse(json.dumps({"Tournament": {}, "Decks": [deck]}))

    assert copies(deck_list) == [(4, BOLT, "main"), (1, "Shock", "sideboard")]
    assert parse(json.dumps(deck)).form == "mtgo_json"
    [problem] = parse(json.dumps({"Decks": [deck, deck]})).problems
    assert "2 decks" in problem.message


@pytest.mark.parametrize(
    "content",
    [
        {"entries": {"mainboard": [{"count": 4, "card_digest": {"name": BOLT}}]}},
        {"main": [{"qty": "4", "name": BOLT}]},
        {"mainboard": {BOLT: 4}},
        {"cards": [{"quantity": 4, "card": BOLT, "board": "mainboard"}]},
        [{"quantity": 4, "name": BOLT}],
        [{"quantity": "4x", "name": BOLT}],
        {"deck": {"name": "Burn", "main": [{"count": 4, "name": BOLT}]}},
        {"format": "modern", "deck": {"mainboard": {BOLT: 4}, "maybeboard": {}}},
        {"deck": ["4 Lightning Bolt (M10) 146"]},
    ],
)
def test_json_of_other_sites(content):
    assert copies(parse(json.dumps(content))) == [(4, BOLT, "main")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"mainboard": [' + "[" * 100_000, "nested"),
        ('{"mainboard": ', "damaged"),
        ('{"mainboard": []', "damaged"),
        ('{"x": 1}', "no deck list"),
        ('{"Decks": []}', "no deck"),
        ('[["4 Lightning Bolt"]]', "no card name"),
    ],
)
def test_json_that_is_no_list_is_named_as_what_it_is(text, words):
    assert words in parse(text).problems[0].message


@pytest.mark.parametrize(
    "quantity", ["NaN", "Infinity", "-1", "0", "1.5", "1e3", "true", "null", "[]", "{}", '"x"', "9" * 5_000]
)
def test_a_number_in_json_that_cannot_be_meant_is_a_problem_with_its_place(quantity):
    text = f'{{"mainboard": [{{"count": 1, "name": "Shock"}}, {{"count": {quantity}, "name": "Bolt"}}]}}'

    deck_list = parse(text)

    assert [line.name for line in deck_list.lines] == ["Shock"]
    assert [problem.number for problem in deck_list.problems] == [2]


# --- CSV ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'Count,Name,Edition,Collector Number,Foil\n4,"Krenko, Mob Boss",m13,141,foil\n',
        '"sep=,"\nFolder Name,Quantity,Card Name,Set Code,Card Number,Printing\n,4,"Krenko, Mob Boss",M13,141,Foil\n',
        "Quantity;Name;Set Code;Card Number;Printing\n\n4;Krenko, Mob Boss;m13;141;Foil\n;;;;\n",
        "Name\tQuantity\tSet\tCollector #\tFoil\nKrenko, Mob Boss\t4\tm13\t#141\ttrue",
    ],
)
def test_a_table_is_read_by_its_headings(text):
    [line] = parse(text).lines

    assert parse(text).form == "csv"
    assert (line.quantity, line.name, line.finish) == (4, "Krenko, Mob Boss", "foil")
    assert (line.set_code.lower(), line.collector_number) == ("m13", "141")


def test_a_table_may_say_the_zones():
    text = "section,count,name\ncommanders,1,Krenko\nnonlands,4,Shock\nsideboard,2,Bolt\nmaybeboard,1,Smash"

    assert copies(parse(text)) == [(1, "Krenko", "commander"), (4, "Shock", "main"), (2, "Bolt", "sideboard")]
    assert [line.name for line in parse(text).aside] == ["Smash"]


def test_a_row_that_cannot_be_meant_is_a_problem_with_its_line():
    deck_list = parse("Count,Name\n4,Shock\nabc,Bolt\n\n,Fling\n2,")

    assert [line.number for line in deck_list.lines] == [2]
    assert [problem.number for problem in deck_list.problems] == [3, 5, 6]


def test_a_table_without_names_is_said_to_be_one():
    assert "Name and Quantity" in the_problem("idProduct;groupCount;price\n743311;1;12.00", "export.csv")


def test_what_is_put_aside_without_a_name_is_nothing_to_show():
    deck_list = parse('{"mainboard": [{"count": 4, "name": "Shock"}], "tokens": [{"set": "tm10"}]}')

    assert copies(deck_list) == [(4, "Shock", "main")]
    assert deck_list.aside == ()


@pytest.mark.parametrize(
    ("headings", "row", "zone"),
    [
        ("Quantity,Name,Category,Modifier,Foil", "1,Shock,Burn,Foil,", "main"),
        ("Quantity,Name,Category", '1,Shock,"Commander{top},Goblins"', "commander"),
        ("Quantity,Name,Category", "1,Shock,Sideboard", "sideboard"),
        ("Quantity,Name,Category", "1,Shock,Maybeboard", "aside"),
        ("Board,Qty,Name,Commander", "main,1,Shock,True", "commander"),
        ("Board,Qty,Name,Commander", "main,1,Shock,", "main"),
        ("Board,Qty,Name", "acquire,1,Shock", "aside"),
        ("section,count,name", "outside,1,Shock", "sideboard"),
        ("section,count,name", "nonlands,1,Shock", "main"),
    ],
)
def test_a_column_may_say_the_zone_in_the_words_of_the_tool(headings, row, zone):
    deck_list = parse(f"{headings}\n{row}\n")

    [line] = deck_list.lines or deck_list.aside
    assert line.name == "Shock"
    assert ("aside" if deck_list.aside else line.zone) == zone
    assert line.finish == ("foil" if "Foil" in row else "")


@pytest.mark.parametrize(("written", "finish"), [("F", "foil"), ("-", ""), ("N", ""), ("E", "etched")])
def test_a_letter_may_say_the_finish(written, finish):
    [line] = parse(f"Board,Qty,Name,Printing,Foil\nmain,1,Shock,M10,{written}\n").lines

    assert (line.set_code, line.finish) == ("M10", finish)


def test_the_table_of_delver_lens():
    text = "QuantityX,Name,Edition,Edition code,Collector's number\n4x,Shock,Magic 2010,M10,146\n"

    assert parse(text, "cards.csv").lines == (
        DeckLine(2, 4, "Shock", set_code="M10", collector_number="146"),
    )


def test_the_number_in_a_table_of_magic_online_is_told_with_the_size_of_the_set():
    text = "Card Name,Quantity,Set,Collector #,Premium,Sideboarded\nShock,4,M10,146/249,No,No\n"

    assert parse(text, "cards.csv").lines == (
        DeckLine(2, 4, "Shock", set_code="M10", collector_number="146"),
    )


def test_the_printing_of_tappedout_is_a_set_and_that_of_others_a_finish():
    [line] = parse("Board,Qty,Name,Printing,Foil\nside,2,Shock,M19,\n").lines
    assert (line.set_code, line.zone, line.finish) == ("M19", "sideboard", "")
    [line] = parse("Qty,Name,Printing\n2,Shock,Foil\n").lines
    assert (line.set_code, line.finish) == ("", "foil")


def test_a_larger_file_is_read_where_it_may_be():
    content = '{"main": [{"name": "Shock", "count": 4, "text": "' + "x" * LARGEST_LIST + '"}]}'
    assert "too large" in parse(content).problems[0].message
    assert [line.quantity for line in parse(content, limit=2 * LARGEST_LIST).lines] == [4]
