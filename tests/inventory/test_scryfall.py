import contextlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.scryfall import BrokenObjectError, CatalogueEntry, NotRentableError, price_cents, read_object
from tests.inventory.scryfall_objects import card_object, reversible, scryfall_id, two_sided


def read(found: object, currency: str = "eur") -> CatalogueEntry:
    return read_object(found, currency=currency)


def test_a_plain_card() -> None:
    entry = read(card_object())
    card, (printing,) = entry.card, entry.printings
    assert (card.name, card.mana_cost, card.mana_value, card.colors) == (
        "Ember Otter",
        "{1}{R}",
        Decimal(2),
        "R",
    )
    assert card.faces == []
    assert printing.edition == ("inv", "1", "en", "nonfoil")
    assert printing.released_on == date(2020, 2, 1)
    assert printing.image_urls == ["https://images.example/1.jpg"]


def test_each_finish_is_a_printing_with_its_own_price() -> None:
    found = card_object(
        finishes=["foil", "nonfoil", "etched"], prices={"eur": "1", "usd_foil": "2", "usd_etched": "3.25"}
    )
    assert {p.finish: p.value_cents for p in read(found).printings} == {
        "nonfoil": 100,
        "foil": 200,
        "etched": 325,
    }


@pytest.mark.parametrize(
    ("foil", "nonfoil", "finishes"),
    [
        (True, True, ["nonfoil", "foil"]),
        (True, False, ["foil"]),
        (False, True, ["nonfoil"]),
        (False, False, ["nonfoil"]),
    ],
)
def test_older_files_say_the_finish_in_two_booleans(foil: bool, nonfoil: bool, finishes: list[str]) -> None:
    found = card_object(finishes=None, foil=foil, nonfoil=nonfoil)
    assert [printing.finish for printing in read(found).printings] == finishes


def test_the_price_is_in_the_currency_of_the_shop_where_it_is_known() -> None:
    prices = {"eur": "1.50", "usd": "2.10", "usd_foil": "9.99", "eur_foil": None}
    assert price_cents(prices, finish="nonfoil", currency="eur") == 150
    assert price_cents(prices, finish="nonfoil", currency="usd") == 210
    assert price_cents(prices, finish="foil", currency="eur") == 999


@pytest.mark.parametrize(
    "prices", [None, [], {}, {"eur": None}, {"eur": "cheap"}, {"eur": 5}, {"eur": "NaN"}, {"eur": "-1"}]
)
def test_a_price_that_says_nothing_is_not_known(prices: object) -> None:
    assert price_cents(prices, finish="nonfoil", currency="eur") is None


def test_a_two_sided_card_takes_from_its_faces() -> None:
    entry = read(two_sided())
    assert entry.card.mana_cost == "{G}"
    assert entry.card.colors == "UG"
    assert entry.card.oracle_text == "Shy Caterpillar flies.\n//\nLoud Moth flies."
    assert [face["name"] for face in entry.card.faces] == ["Shy Caterpillar", "Loud Moth"]
    assert entry.card.faces[1]["power"] == "4"
    assert len(entry.printings[0].image_urls) == 2


def test_a_split_card_has_one_picture() -> None:
    found = two_sided(
        "Stop // Go",
        layout="split",
        mana_cost="{U} // {R}",
        colors=["R", "U"],
        image_uris={"normal": "https://images.example/s.jpg"},
    )
    entry = read(found)
    assert entry.printings[0].image_urls == ["https://images.example/s.jpg"]
    assert (entry.card.mana_cost, entry.card.colors) == ("{U} // {R}", "UR")


def test_a_reversible_card_is_the_card_on_its_sides() -> None:
    entry = read(reversible())
    assert entry.card.name == "Mirror Heron"
    assert str(entry.card.oracle_id) == scryfall_id("Mirror Heron")
    assert (entry.card.mana_value, entry.card.type_line) == (Decimal(3), "Creature — Insect")
    assert entry.card.faces == []
    assert not entry.card.own_facts
    assert len(entry.printings[0].image_urls) == 2


def test_an_unknown_layout_is_a_card_like_others() -> None:
    assert read(two_sided(layout="folded_thrice")).card.layout == "folded_thrice"


@pytest.mark.parametrize(("cmc", "expected"), [(0.5, "0.5"), (1_000_000.0, "1000000"), (3, "3"), (None, "0")])
def test_mana_values_of_all_sizes(cmc: float | None, expected: str) -> None:
    assert read(card_object(cmc=cmc)).card.mana_value == Decimal(expected)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"layout": "token"}, "token"),
        ({"layout": "double_faced_token"}, "token"),
        ({"layout": "emblem"}, "emblem"),
        ({"layout": "art_series"}, "art series"),
        ({"layout": "planar"}, "planar"),
        ({"layout": "scheme"}, "scheme"),
        ({"layout": "vanguard"}, "vanguard"),
        ({"type_line": "Card"}, "front card"),
        ({"digital": True}, "digital"),
        ({"games": ["arena", "mtgo"]}, "not on paper"),
        ({"games": []}, "not on paper"),
        ({"oversized": True}, "oversized"),
        ({"set_type": "memorabilia"}, "memorabilia"),
        ({"object": "set"}, "not a card"),
    ],
)
def test_what_cannot_be_rented_out_is_told_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotRentableError, match=f"^{reason}$"):
        read(card_object(**fields))


def test_without_a_list_of_games_a_card_is_taken_for_paper() -> None:
    assert read(card_object(games=None)).printings


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": None}, "name is missing"),
        ({"name": "  "}, "name is missing"),
        ({"name": 5}, "name is not a text"),
        ({"name": "Nul\x00"}, "NUL"),
        ({"oracle_text": "half \ud800"}, "not UTF-8"),
        ({"set": None}, "set is missing"),
        ({"set": "x" * 11}, "longer than 10"),
        ({"collector_number": 7}, "collector_number is not a text"),
        ({"oracle_id": "no"}, "not a UUID"),
        ({"cmc": "two"}, "cmc"),
        ({"cmc": float("nan")}, "cmc"),
        ({"cmc": True}, "cmc"),
        ({"colors": "R"}, "colors"),
        ({"card_faces": {"a": 1}}, "card_faces"),
        ({"card_faces": [{}, {}]}, "face has no name"),
        ({"released_at": "soon"}, "not a date"),
    ],
)
def test_what_is_broken_is_told_apart(fields: dict[str, Any], message: str) -> None:
    found = {key: value for key, value in (card_object() | fields).items() if value is not None}
    with pytest.raises(BrokenObjectError, match=message):
        read(found)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "normal", "usd", "cmc", "colors"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(card_object(card_faces=[]))), json_values)
def test_whatever_stands_in_a_field_it_is_a_card_or_said_to_be_none(field: str, value: object) -> None:
    with contextlib.suppress(BrokenObjectError, NotRentableError):
        read(two_sided() | {field: value})


@settings(deadline=None)
@given(json_values)
def test_whatever_stands_in_the_file_it_is_a_card_or_said_to_be_none(value: object) -> None:
    with pytest.raises((BrokenObjectError, NotRentableError)):
        read(value)
