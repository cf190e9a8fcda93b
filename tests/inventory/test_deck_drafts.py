"""A deck as a list in a text field: written, read again, and put right line by line."""

import pytest

from inventory.deck_drafts import Draft, deck_text, mend, text_of_file, version_text
from inventory.deck_shelf import lines_of_version
from tests.factories import CardFactory, template_deck

pytestmark = pytest.mark.django_db

BOLT = "Lightning Bolt"


def test_what_is_written_is_read_as_the_same():
    names = [
        BOLT,
        "Fire // Ice",
        "+2 Mace",
        "Commander's Sphere",
        "1996 World Champion",
        "Lim-Dûl's Vault",
        "Deck",
    ]
    main, side, commander, *others = cards = [
        CardFactory(name=name, slug=f"c-{n}") for n, name in enumerate(names)
    ]
    deck = template_deck(
        {main: 4, (main, "sideboard"): 1, (side, "sideboard"): 2, (commander, "commander"): 1}
        | dict.fromkeys(others, 3)
    )
    version = deck.current_version()

    draft = Draft.of(version_text(version))

    assert draft.unknown == ()
    assert draft.lines == lines_of_version(version)
    assert draft.copies == 4 + 1 + 2 + 1 + 3 * len(others)
    assert set(draft.cards.values()) == set(cards)


def test_a_deck_of_one_zone_needs_no_header_and_an_empty_one_no_line():
    assert deck_text([("main", 4, "Shock"), ("main", 2, "Bolt")]) == "2 Bolt\n4 Shock"
    assert deck_text([]) == ""


def test_equal_cards_in_a_list_add_up_by_zone():
    card = CardFactory(name=BOLT)

    draft = Draft.of(f"2 {BOLT}\n1 {BOLT.lower()}\nSideboard\n1 {BOLT}")

    assert draft.lines == {(card.pk, "main"): 3, (card.pk, "sideboard"): 1}


@pytest.mark.parametrize(
    ("raw", "mended"),
    [
        ("4 Lightnig Bolt", "4 Lightning Bolt"),
        ("4x  Lightnig   Bolt", "4x Lightning Bolt"),
        ("SB: 2 Lightnig Bolt", "SB: 2 Lightning Bolt"),
        ("Lightnig Bolt", "Lightning Bolt"),
        ("1 Lightnig Bolt *CMDR*", "1 Lightning Bolt *CMDR*"),
    ],
)
def test_a_line_is_mended_in_place(raw, mended):
    text = f"// my list\r\n3 Shock\r\n\r\n{raw}\r\n2 Opt"

    assert mend(text, number=4, name=BOLT) == f"// my list\n3 Shock\n\n{mended}\n2 Opt"


@pytest.mark.parametrize("number", [0, 1, 2, 9, 99_999_999])
def test_a_line_that_names_no_card_is_not_mended(number):
    text = "// a comment\n\n4 Lightnig Bolt"

    assert mend(text, number=number, name=BOLT) == text


def test_leaving_lines_out_is_said_of_these_lines_alone():
    CardFactory(name=BOLT)
    first, same, other = (Draft.of(f"1 {BOLT}\n{line}") for line in ("2 Nix", "2 Nix", "3 Nix"))

    assert first.unknown_sign == same.unknown_sign != other.unknown_sign


def test_a_file_becomes_a_list_in_which_nothing_is_missing():
    CardFactory(name=BOLT)

    text = text_of_file(f"\ufeff4 {BOLT}\r\n0 Shock\r\nSideboard\r\n2 Nix\r\n".encode(), "burn.txt")

    assert text.splitlines() == ["Deck", f"4 {BOLT}", "0 Shock", "", "Sideboard", "2 Nix"]
    draft = Draft.of(text)
    assert [(line.problem.number, line.problem.text) for line in draft.unknown] == [
        (3, "0 Shock"),
        (6, "SB: 2 Nix"),
    ]


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff\xfe" * 50, b"PK\x03\x04" + bytes(range(256)), b"<a" * 500]
)
def test_no_file_is_too_odd_to_be_shown(content):
    Draft.of(text_of_file(content, "deck.txt"))
