"""Deck lists as people type and paste them: text in, lines and problems out, and never an exception."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.decklist import MAX_LINES, MAX_QUANTITY, DeckLine, check_quantity, parse

BOLT = "Lightning Bolt"


def read(text: str | bytes) -> list[tuple[int, str, str]]:
    """(copies, name, zone) of every line; a list with a problem fails the test."""
    deck_list = parse(text)
    assert deck_list.problems == ()
    return [(line.quantity, line.name, line.zone) for line in deck_list.lines]


# --- forms that are accepted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "quantity", "name"),
    [
        ("4 Lightning Bolt", 4, BOLT),
        ("4x Lightning Bolt", 4, BOLT),
        ("4X Lightning Bolt", 4, BOLT),
        ("4× Lightning Bolt", 4, BOLT),
        ("4 x Lightning Bolt", 4, BOLT),
        ("4xLightning Bolt", 4, BOLT),
        ("4 * Lightning Bolt", 4, BOLT),
        ("Lightning Bolt x4", 4, BOLT),
        ("Lightning Bolt x 4", 4, BOLT),
        ("Lightning Bolt * 4", 4, BOLT),
        ("Lightning Bolt *4", 4, BOLT),
        ("Lightning Bolt", 1, BOLT),
        ("  4\tLightning \u00a0 Bolt  ", 4, BOLT),
        ("00004 Lightning Bolt", 4, BOLT),
        ("250 Lightning Bolt", 250, BOLT),
        ("1 Fire // Ice", 1, "Fire // Ice"),
        ("2 SP//dr, Piloted by Peni", 2, "SP//dr, Piloted by Peni"),
        ("1 Æther Vial", 1, "Æther Vial"),
        ("3 Borrowing 100,000 Arrows", 3, "Borrowing 100,000 Arrows"),
        ("1 1996 World Champion", 1, "1996 World Champion"),
        ("1 +2 Mace", 1, "+2 Mace"),
        ("2 X", 2, "X"),
        ("Xantcha, Sleeper Agent", 1, "Xantcha, Sleeper Agent"),
        ("1 Commander's Sphere", 1, "Commander's Sphere"),
        ("Commander's Sphere", 1, "Commander's Sphere"),
        ("Deckbuilder", 1, "Deckbuilder"),
        ("Companion of the Trials", 1, "Companion of the Trials"),
        ("1 _____ Goblin", 1, "_____ Goblin"),
    ],
)
def test_a_card_on_a_line(written, quantity, name):
    assert read(written) == [(quantity, name, "main")]


@pytest.mark.parametrize(
    ("header", "zone"),
    [
        ("Deck", "main"),
        ("Main", "main"),
        ("MAIN DECK:", "main"),
        ("Maindeck (60)", "main"),
        ("Sideboard", "sideboard"),
        ("sideboard:", "sideboard"),
        ("Side Board (15)", "sideboard"),
        ("Sideboard: (15)", "sideboard"),
        ("Commander", "commander"),
        ("Commander (1)", "commander"),
        ("Companion", "sideboard"),
        ("**Sideboard**", "sideboard"),
        ("--- Sideboard (15) ---", "sideboard"),
        ("=== Main ===", "main"),
        ("Sideboard - 15 cards", "sideboard"),
        ("Sideboard [15]", "sideboard"),
        ("15 Sideboard", "sideboard"),
        ("//sideboard-1", "sideboard"),
        ("Sideboard 15", "sideboard"),
        ("SB (15)", "sideboard"),
        ("Side-board", "sideboard"),
        ("Side Deck", "sideboard"),
        ("Commander(s):", "commander"),
        ("Oathbreaker (1)", "commander"),
        ("Signature Spell", "sideboard"),
        ("ATTRACTIONS:", "sideboard"),
        ("Conspiracies (2)", "sideboard"),
    ],
)
def test_a_header_says_the_zone_of_the_lines_below_it(header, zone):
    assert read(f"{header}\n4 {BOLT}") == [(4, BOLT, zone)]


def test_a_header_holds_until_the_next():
    text = "Commander\n1 Krenko\nDeck\n4 Bolt\n\nSideboard\n2 Pyroblast\n1 Smash"

    assert read(text) == [
        (1, "Krenko", "commander"),
        (4, "Bolt", "main"),
        (2, "Pyroblast", "sideboard"),
        (1, "Smash", "sideboard"),
    ]


def test_a_sideboard_prefix_holds_for_its_line_only():
    assert read("SB: 3 Pyroblast\nsb:Smash\n4 Bolt") == [
        (3, "Pyroblast", "sideboard"),
        (1, "Smash", "sideboard"),
        (4, "Bolt", "main"),
    ]


@pytest.mark.parametrize("zone", ["main", "sideboard", "commander"])
def test_a_line_as_it_is_written_out_is_read_as_the_same_line(zone):
    line = DeckLine(number=1, quantity=3, name=BOLT, zone=zone)

    assert read(str(line)) == [(3, BOLT, zone)]


@pytest.mark.parametrize("comment", ["// burn", "//burn", "# burn", "#4 Shock", "  > said somebody", ""])
def test_comments_and_blank_lines_are_passed_over_and_counted(comment):
    [line] = parse(f"{comment}\n\n{comment}\n4 {BOLT}\n").lines

    assert line == DeckLine(number=4, quantity=4, name=BOLT)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff4 Lightning Bolt",
        b"4 Lightning Bolt",
        b"\xef\xbb\xbf4 Lightning Bolt",
        "4 Lightning Bolt\r\n",
        b"\r\n4 Lightning Bolt\r\n",
    ],
    ids=["mark", "bytes", "marked bytes", "windows", "windows bytes"],
)
def test_marks_and_line_ends_of_other_systems_are_no_part_of_a_name(text):
    assert read(text) == [(4, BOLT, "main")]


def test_nothing_is_an_empty_list():
    deck_list = parse("")

    assert (deck_list.lines, deck_list.problems) == ((), ())


# --- what is rejected -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("0 Island", "at least 1"),
        ("000 Island", "at least 1"),
        ("-3 Island", "whole number"),
        ("−3 Island", "whole number"),
        ("+4 Island", "whole number"),
        ("4.5 Island", "whole number"),
        ("1/2 Island", "whole number"),
        ("1_000 Island", "whole number"),
        ("٤ Island", "whole number"),
        ("４ Island", "whole number"),
        ("251 Island", "at most 250"),
        ("999999999999999999999 Island", "at most 250"),
        (f"{'9' * 10_000} Island", "at most 250"),
        ("Island x0", "at least 1"),
        ("Island x٤", "whole number"),
        ("4", "no card name"),
        ("4x", "no card name"),
        ("SB:", "no card name"),
        ("SB: 4", "no card name"),
        ("1 " + "x" * 201, "too long"),
        ("x" * 200_000, "too long"),
    ],
)
def test_a_line_that_cannot_be_meant_is_a_problem_with_its_number(written, words):
    deck_list = parse(f"4 {BOLT}\n{written}\n2 Shock")

    assert [(line.number, line.name) for line in deck_list.lines] == [(1, BOLT), (3, "Shock")]
    [problem] = deck_list.problems
    assert problem.number == 2
    assert words in problem.message
    assert problem.text == written[: len(problem.text)]


@pytest.mark.parametrize(
    "text", ["", " ", "0", "251", "-1", "+1", "1.0", "1e2", "²", "٤", "４", "x", "\x00", "9" * 9_999]
)
def test_what_is_no_number_of_copies_is_refused(text):
    with pytest.raises(ValueError, match=rf"copies.*{MAX_QUANTITY}|at least 1"):
        check_quantity(text)


@pytest.mark.parametrize("quantity", [1, 2, MAX_QUANTITY])
def test_what_is_a_number_of_copies_is_taken(quantity):
    assert check_quantity(str(quantity)) == quantity


def test_a_list_is_read_up_to_its_limit_and_says_so():
    deck_list = parse("1 Island\n" * (MAX_LINES + 50))

    assert len(deck_list.lines) == MAX_LINES
    [problem] = deck_list.problems
    assert problem.number == MAX_LINES + 1
    assert str(MAX_LINES) in problem.message


@pytest.mark.parametrize(
    "text",
    ["9" * 200_000, "4 " * 100_000, "x " * 100_000, " " * 200_000, "1,.,/" * 40_000, "a*1" * 60_000],
    ids=["digits", "fours", "crosses", "spaces", "signs", "stars"],
)
def test_a_hostile_line_is_read_in_no_time(text):
    deck_list = parse(text)

    assert deck_list.lines == ()


# --- whatever it is ---------------------------------------------------------------------------------------

hostile = st.text(
    st.sampled_from("0123456789+-−.,/_xX×*:() \t\n\r\x00\u00a0\u2028\ufeff²٤aSBsb#>Deck'") | st.characters()
)


def check_sane(text: str | bytes) -> None:
    deck_list = parse(text)
    numbers = [line.number for line in deck_list.lines]
    assert numbers == sorted(numbers)
    for line in deck_list.lines:
        assert 1 <= line.quantity <= MAX_QUANTITY
        assert line.name == line.name.strip() != ""
        assert line.zone in {"main", "sideboard", "commander"}
    for problem in deck_list.problems:
        assert problem.number >= 1
        assert problem.message


@given(hostile)
def test_no_text_makes_it_raise(text):
    check_sane(text)


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(content):
    check_sane(content)


# A surrogate half cannot come from a form, but from a file that was decoded with `surrogateescape`.
@given(st.text(st.characters(codec=None), max_size=50), st.sampled_from(["utf-8", "utf-16", "latin-1"]))
def test_no_damaged_or_unusual_encoding_makes_it_raise(text, encoding):
    check_sane(text.encode(encoding, errors="replace"))
    check_sane(text)


HEADERS = {"deck", "main", "maindeck", "sideboard", "side", "commander", "companion"}
names = st.from_regex(r"[A-Z][a-z]{2,9}( [A-Z][a-z]{2,9}){0,2}", fullmatch=True).filter(
    lambda name: name.split()[0].lower() not in HEADERS
)
quantities = st.integers(-5, MAX_QUANTITY + 5)
fillers = st.sampled_from(["", "   ", "// a comment", "# a comment", "\t"])


@given(st.lists(fillers | st.tuples(quantities, names), max_size=30), st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_line_keeps_its_number_its_copies_and_its_name(rows, line_end):
    text = line_end.join(row if isinstance(row, str) else f"{row[0]} {row[1]}" for row in rows)
    cards = [(number, *row) for number, row in enumerate(rows, start=1) if not isinstance(row, str)]

    deck_list = parse(text)

    assert [(line.number, line.quantity, line.name) for line in deck_list.lines] == [
        card for card in cards if 1 <= card[1] <= MAX_QUANTITY
    ]
    assert [problem.number for problem in deck_list.problems] == [
        number for number, quantity, _ in cards if not 1 <= quantity <= MAX_QUANTITY
    ]
