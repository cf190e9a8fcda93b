import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.card_names import nearest_names
from inventory.catalogue import make_card
from inventory.deck_lists import MOST_SUGGESTIONS, ReadList, resolve
from inventory.decklist import DeckLine, DeckList, Problem, parse
from inventory.models import Card, Printing
from tests.factories import PrintingFactory

pytestmark = pytest.mark.django_db


def read(text: str) -> ReadList:
    return resolve(parse(text))


def meant(text: str) -> list[tuple[int, str]]:
    return [(each.line.quantity, each.card.name) for each in read(text).lines]


def asked(**fields: str) -> Printing | None:
    """The printing that a line for an Ember Otter resolves to."""
    line = DeckLine(1, 1, "Ember Otter", **fields)
    (read,) = resolve(DeckList((line,))).lines
    assert read.card.name == "Ember Otter"
    return read.printing


@pytest.fixture
def otter() -> Card:
    card = make_card(name="Ember Otter")
    for number, finish, language, value in (
        ("12", "nonfoil", "en", 300),
        ("12", "foil", "en", 100),
        ("12", "nonfoil", "de", 50),
        ("12★", "foil", "en", 200),
        ("007a", "nonfoil", "en", 500),
    ):
        PrintingFactory(
            card=card,
            set_code="inv",
            collector_number=number,
            finish=finish,
            language=language,
            value_cents=value,
        )
    PrintingFactory(card=card, set_code="old", collector_number="1")
    PrintingFactory(card=make_card(name="Stone Otter"), set_code="inv", collector_number="13")
    return card


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"set_code": "INV", "collector_number": "12"}, ("inv", "12", "nonfoil", "en")),
        (
            {"set_code": "inv", "collector_number": "12", "finish": "foil"},
            ("inv", "12", "foil", "en"),
        ),
        ({"set_code": "inv", "collector_number": "12★"}, ("inv", "12★", "foil", "en")),
        ({"set_code": "inv", "collector_number": "12*"}, ("inv", "12★", "foil", "en")),
        ({"set_code": "IN", "collector_number": "12"}, ("inv", "12", "nonfoil", "en")),
        ({"set_code": "inv", "collector_number": "7A"}, ("inv", "007a", "nonfoil", "en")),
        ({"set_code": "inv"}, ("inv", "12", "nonfoil", "en")),
        ({"set_code": "inv", "finish": "foil"}, ("inv", "12", "foil", "en")),
        ({"set_code": " Old "}, ("old", "1", "nonfoil", "en")),
    ],
)
def test_a_line_asks_for_a_printing_of_its_card(
    otter: Card, fields: dict[str, str], expected: tuple[str, str, str, str]
) -> None:
    printing = asked(**fields)
    assert printing is not None
    assert printing.card == otter
    assert (
        printing.set_code,
        printing.collector_number,
        printing.finish,
        printing.language,
    ) == expected


@pytest.mark.usefixtures("otter")
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"collector_number": "12"},
        {"set_code": "xyz"},
        {"set_code": "inv", "collector_number": "99"},
        {"set_code": "inv", "collector_number": "13"},  # another card's
        {"set_code": "inv", "collector_number": "12", "finish": "etched"},
        {"set_code": "in\x00v"},
        {"set_code": "\ud800"},
        {"set_code": "x" * 5000},
    ],
)
def test_a_printing_that_the_shop_does_not_know_is_no_error(fields: dict[str, str]) -> None:
    assert asked(**fields) is None


@pytest.mark.usefixtures("otter")
def test_copies_of_another_printing_are_a_line_of_their_own() -> None:
    one, other = (
        DeckLine(n, n, "Ember Otter", set_code="inv", collector_number=number)
        for n, number in ((1, "12"), (2, "7a"))
    )
    copies = resolve(DeckList((one, other, one))).copies()
    assert sorted(copies.values()) == [2, 2]


def test_names_mean_cards_in_the_order_of_the_table() -> None:
    for name in (
        "Scholar // Spark", "Spark", "Fire // Ice", "SP//dr, Piloted by Peni", "Piloted", "+2 Mace",
        "Erase (Not the Old One)", "Erase", "Æther Vial", "Lim-Dûl's Vault", "1996 World Champion",
    ):  # fmt: skip
        make_card(name=name)
    text = """4 Spark
    1 Scholar
    2 Fire
    2 Ice
    2 Fire/Ice
    2 Fire // Ice
    2 Fire／／Ice
    1 SP//dr, Piloted by Peni
    +2 Mace
    1996 World Champion
    1 Erase (Not the Old One)
    3 aether vial
    1 LIM-DÛL’S VAULT"""
    assert meant(text) == [
        (4, "Spark"),
        (1, "Scholar // Spark"),
        *[(2, "Fire // Ice")] * 5,
        (1, "SP//dr, Piloted by Peni"),
        (1, "+2 Mace"),
        (1, "1996 World Champion"),
        (1, "Erase (Not the Old One)"),
        (3, "Æther Vial"),
        (1, "Lim-Dûl's Vault"),
    ]


@pytest.mark.parametrize(
    ("name", "card"),
    [
        ("Urzas Tower", "Urza's Tower"),
        ("Fire & Ice", "Fire // Ice"),
        ("Will o' the Wisp", "Will-o'-the-Wisp"),
        ("Counter Spell", "Counterspell"),
        ("Urza's Tower (Extended Art)", "Urza's Tower"),
        ("Urza's Tower (Showcase) (Foil Etched)", "Urza's Tower"),
        ("A-Counterspell", "Counterspell"),
    ],
)
def test_a_name_that_differs_in_punctuation_or_has_a_remark_is_still_known(name: str, card: str) -> None:
    for each in ("Urza's Tower", "Fire // Ice", "Will-o'-the-Wisp", "Counterspell"):
        make_card(name=each)
    lines = resolve(DeckList((DeckLine(1, 4, name),))).lines
    assert [(each.line.quantity, each.card.name) for each in lines] == [(4, card)]


def test_letters_that_two_cards_share_mean_neither() -> None:
    make_card(name="Sand-Castle")
    make_card(name="Sand Castle")
    (unknown,) = resolve(DeckList((DeckLine(3, 1, "Sandcastle"),))).unknown
    assert unknown.problem.number == 3
    assert set(unknown.nearest) == {"Sand-Castle", "Sand Castle"}


def test_a_number_in_brackets_is_not_dropped_silently() -> None:
    make_card(name="Counterspell")
    assert resolve(DeckList((DeckLine(1, 1, "Counterspell (4)"),))).lines == ()


def test_lines_that_are_not_understood_are_told_in_order_with_the_nearest_names() -> None:
    make_card(name="Counterspell")
    lines = (DeckLine(2, 4, "Countersbell"), DeckLine(5, 1, "Zzzz"))
    result = resolve(DeckList(lines, (Problem(3, "0 Island", "0 copies."),)))
    assert [(each.problem.number, each.nearest) for each in result.unknown] == [
        (2, ("Counterspell",)),
        (3, ()),
        (5, ()),
    ]


def test_only_so_many_names_are_compared_with_all_others() -> None:
    make_card(name="Counterspell")
    lines = tuple(DeckLine(n, 1, f"Countersbell{n}") for n in range(MOST_SUGGESTIONS + 5))
    nearest = [each.nearest for each in resolve(DeckList(lines)).unknown]
    assert nearest == [("Counterspell",)] * MOST_SUGGESTIONS + [()] * 5


def test_what_is_set_aside_is_shown_and_never_added(otter: Card) -> None:
    aside = (DeckLine(4, 2, "ember otter", set_code="old"), DeckLine(5, 1, "Otter Token"))
    result = resolve(DeckList((DeckLine(1, 1, "Ember Otter"),), aside=aside, name="Otters"))
    assert result.name == "Otters"
    assert [(each.line.number, each.card) for each in result.aside] == [(4, otter), (5, None)]
    assert result.aside[0].printing is not None
    assert result.copies() == {(otter.pk, "main", None): 1}
    assert result.unknown == ()


@pytest.mark.usefixtures("otter")
@pytest.mark.parametrize("many", [1, 100])
def test_any_list_is_as_many_queries(many: int) -> None:
    nearest_names("otter")  # the names have been read
    kinds = (("Ember Otter", "inv"), ("Ember-Otter", ""), ("Amber Otter", ""))
    lines = tuple(DeckLine(n, 1, name, set_code=code) for n in range(many) for name, code in kinds)
    with CaptureQueriesContext(connection) as queries:
        result = resolve(DeckList(lines, aside=lines))
        assert all(line.printing is None or line.printing.card for line in result.lines)
    assert (len(result.lines), len(result.unknown)) == (2 * many, many)
    assert len(queries) == 5


@pytest.mark.parametrize(
    "written", ["4 Hazmat Suit (Used)", "4 Hazmat Suit (Used) (UNF) 67", "SB: 4 Hazmat Suit (Used) *F*"]
)
def test_what_looks_like_a_printing_may_belong_to_the_name(written: str) -> None:
    make_card(name="Hazmat Suit (Used)")

    assert meant(written) == [(4, "Hazmat Suit (Used)")]


def test_what_looks_like_a_printing_is_one_where_no_card_is_called_so(otter: Card) -> None:
    (line,) = read("4 Ember Otter (INV) 12").lines

    assert (line.line.quantity, line.card, line.printing and line.printing.set_code) == (4, otter, "inv")


def test_of_cards_of_one_name_the_printing_that_is_asked_for_decides() -> None:
    cards = [make_card(name="Everythingamajig") for _ in range(2)]
    for card, number in zip(cards, ("147f", "147a"), strict=True):
        PrintingFactory(card=card, set_code="ust", collector_number=number)

    found = read("1 Everythingamajig (UST) 147a\n1 Everythingamajig (UST) 147f\n1 Everythingamajig (XXX) 1")

    assert [(line.card, line.printing and line.printing.collector_number) for line in found.lines] == [
        (cards[1], "147a"),
        (cards[0], "147f"),
        (cards[0], None),
    ]


def test_a_finish_without_a_set_is_the_cheapest_printing_of_that_finish() -> None:
    card = make_card(name="Ember Otter")
    for number, finish, value in (
        ("1", "nonfoil", 10),
        ("2", "foil", 300),
        ("3", "foil", 200),
        ("4", "etched", 90),
    ):
        PrintingFactory(card=card, set_code="inv", collector_number=number, finish=finish, value_cents=value)

    [line] = read("1 Ember Otter *F*").lines

    assert line.printing.collector_number == "3"


def test_what_stands_behind_slashes_and_is_no_face_is_a_note() -> None:
    bolt, fire = make_card(name="Lightning Bolt"), make_card(name="Fire // Ice")
    lines = read("4 Lightning Bolt // the good one\n2 Fire // Ice").lines
    assert [(line.card, line.line.quantity) for line in lines] == [(bolt, 4), (fire, 2)]
