"""Lists on their way out: every form as its tool wants it, and read back as it was written."""

import re
from collections import Counter

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.decklist import FORMS, MAX_QUANTITY, DeckList, ListedCard, parse, write
from inventory.decklist.decoding import seen

DECK = [
    ListedCard(4, "Lightning Bolt", set_code="m10", collector_number="146", finish="foil"),
    ListedCard(20, "Mountain"),
    ListedCard(2, "Fire // Ice", "sideboard", set_code="DMR"),
    ListedCard(1, "Krenko, Mob Boss", "commander"),
]
KEEPS_COMMANDER = {
    "text",
    "arena",
    "mtgo_dek",
    "cockatrice",
}  # elsewhere the commander stands in the sideboard
KEEPS_PRINTING = {"text", "arena", "cockatrice"}


def test_text():
    assert write(DECK, "text", "Goblins") == (
        "// Name: Goblins\n\nCommander\n1 Krenko, Mob Boss\n\n"
        "Deck\n4 Lightning Bolt (M10) 146 *F*\n20 Mountain\n\nSideboard\n2 Fire // Ice (DMR)\n"
    )


def test_text_of_a_main_deck_needs_no_headings():
    assert write(DECK[:2], "text") == "4 Lightning Bolt (M10) 146 *F*\n20 Mountain\n"


def test_arena():
    assert write(DECK, "arena", "Goblins") == (
        "About\nName Goblins\n\nCommander\n1 Krenko, Mob Boss\n\n"
        "Deck\n4 Lightning Bolt (M10) 146\n20 Mountain\n\nSideboard\n2 Fire // Ice\n"
    )


def test_mtgo():
    assert write(DECK, "mtgo", "Goblins") == (
        "4 Lightning Bolt\n20 Mountain\n\nSIDEBOARD:\n2 Fire // Ice\n1 Krenko, Mob Boss\n"
    )


def test_dek_of_mtgo():
    cards = fromstring(write(DECK, "mtgo_dek").encode()).findall("Cards")

    assert [(card.get("Quantity"), card.get("Name"), card.get("Sideboard")) for card in cards] == [
        ("4", "Lightning Bolt", "false"),
        ("20", "Mountain", "false"),
        ("2", "Fire // Ice", "true"),
        ("1", "Krenko, Mob Boss", "true"),
    ]


def test_cod_of_cockatrice():
    deck = fromstring(write(DECK, "cockatrice", 'R&D "x"').encode())

    assert deck.findtext("deckname") == 'R&D "x"'
    assert [(zone.get("name"), [card.get("name") for card in zone]) for zone in deck.findall("zone")] == [
        ("main", ["Lightning Bolt", "Mountain"]),
        ("side", ["Krenko, Mob Boss", "Fire // Ice"]),
    ]
    assert deck.find("zone/card").get("setShortName") == "M10"


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_written_and_read_as_nothing(form):
    deck_list = parse(write([], form), f"deck{FORMS[form].extension}")

    assert (deck_list.lines, deck_list.problems) == ((), ())


@pytest.mark.parametrize("form", ["text", "arena", "cockatrice"])
def test_the_name_of_the_deck_goes_along(form):
    assert parse(write(DECK, form, "Goblins")).name == "Goblins"


def test_a_form_that_there_is_not_is_refused():
    with pytest.raises(KeyError):
        write(DECK, "pdf")


# --- read back --------------------------------------------------------------------------------------------

HOSTILE = (
    "// Island", "# Island", "> Island", "SB: Island", "4 Islands", "x Island", "X", "* Island", "Lands", "Sideboard",
    "Deck", "60", "1996 World Champion", "+2 Mace", "Hazmat Suit (Used)", "Erase (Not the Urza's Legacy One)",
    'Ach! "Hans", Run!', "R&D's <Lab>", "SP//dr, Piloted by Peni", "Borrowing 100,000 Arrows", "_____", "Name Sticker",
    "Foo+", "Foo|BAR|1", "Foo [Ramp]", "[M10] Foo", "Foo x4", "About", "NAME: Foo", "-----",
    "Foo (M10) 146", "]]>", "Total: 60", "Commander: Foo", "=1+1", "Lim-Dûl's Vault", "稲妻", "Foo <b>",
    "&amp;",
)  # fmt: skip
letters = st.sampled_from("abcXYZ 0123456789.,:;'’\"&<>/|+-*#^()[]{}!?=_é稲")
# Tags behind a name (*F*, #tag, ^colour^) are always tags: no card is called so.
TAG = re.compile(r"\*[\w -]{1,12}\*| #|\^$")
words = st.text(letters | st.characters(), min_size=1, max_size=25)
names = (st.sampled_from(HOSTILE) | words).map(seen).filter(lambda name: name and not TAG.search(name))
sets = st.sampled_from(["", "M10", "PLST", "40K"])


def listed(names: st.SearchStrategy[str]) -> st.SearchStrategy[ListedCard]:
    numbers = st.sampled_from(["", "146", "GNT-52", "791★", "116p"])
    printings = sets.flatmap(lambda code: st.tuples(st.just(code), numbers if code else st.just("")))
    return st.builds(
        lambda quantity, name, zone, printing, finish: ListedCard(quantity, name, zone, *printing, finish),
        st.integers(1, MAX_QUANTITY),
        names,
        st.sampled_from(["main", "sideboard", "commander"]),
        printings,
        st.sampled_from(["", "foil", "etched"]),
    )


def resolved(deck_list: DeckList, known: set[str]) -> Counter[tuple[str, str]]:
    """Copies by name and zone, as somebody reads them who knows these cards: see DeckLine."""
    copies: Counter[tuple[str, str]] = Counter()
    for line in deck_list.lines:
        readings = [(line.whole, 1), *((name, line.quantity) for name in (*line.readings, line.name))]
        copies.update(next(({(name, line.zone): n} for name, n in readings if name in known), {}))
    return copies


def test_every_hostile_name_is_read_back_in_every_form():
    """One at a time, so that none hides behind another."""
    for form in FORMS:
        for name in HOSTILE:
            read = parse(write([ListedCard(3, name), ListedCard(2, "Shock", "sideboard")], form))

            expected = Counter({(name, "main"): 3, ("Shock", "sideboard"): 2})
            assert resolved(read, {name, "Shock"}) == expected or read.problems, (form, name)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=60)
@given(st.lists(listed(names), max_size=6))
@example([ListedCard(4, "X"), ListedCard(1, "Bolt", "sideboard"), ListedCard(1, "Krenko", "commander")])
@example([ListedCard(2, "Krenko", "sideboard"), ListedCard(1, "Krenko", "commander")])
def test_a_list_is_read_back_as_it_was_written(form, lines):
    """By name and zone; a name that a form cannot say is caught: it comes back as a problem, never as another card."""
    read = parse(write(lines, form), f"deck{FORMS[form].extension}")

    zones = {"commander": "commander" if form in KEEPS_COMMANDER else "sideboard"}
    expected: Counter[tuple[str, str]] = Counter()
    for line in lines:
        expected[line.name, zones.get(line.zone, line.zone)] += line.quantity
    copies = resolved(read, {line.name for line in lines})
    if not read.problems:
        assert copies == expected
    else:
        assert not copies - expected


plain_names = st.from_regex(r"[A-Z][a-z]{2,9}(,? [A-Z]['a-z]{2,9}){1,3}", fullmatch=True)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(st.lists(listed(plain_names), max_size=5, unique_by=lambda card: card.name))
def test_the_printing_is_read_back_where_the_form_tells_it(form, lines):
    read = parse(write(lines, form))

    assert read.problems == ()
    assert len(read.lines) == len(lines)
    by_name = {line.name: line for line in read.lines}
    for line in lines:
        found = by_name[line.name]
        tells = form in KEEPS_PRINTING and (form != "arena" or line.collector_number)
        assert found.set_code == (line.set_code if tells else "")
        assert found.collector_number == (line.collector_number if tells else "")
        assert found.finish == (line.finish if form == "text" else "")


def test_the_commander_comes_back_from_cockatrice():
    lines = [
        ListedCard(1, "Krenko & Co.", "commander"),
        ListedCard(2, "Krenko & Co.", "sideboard"),
        ListedCard(9, "Shock"),
    ]

    again = parse(write(lines, "cockatrice"), "deck.cod")

    assert {(line.quantity, line.name, line.zone) for line in again.lines} == {
        (line.quantity, line.name, line.zone) for line in lines
    }
