"""Which cards a search finds, and in which order."""

from datetime import timedelta

import pytest

from inventory.search import CARDS_PER_PAGE, CardQuery, search_cards
from tests.factories import TODAY, CardFactory, StockMovementFactory, stocked_card

pytestmark = pytest.mark.django_db


def names(text: str, **asked) -> list[str]:
    found = search_cards(query=CardQuery.asked(text, **asked), today=TODAY)
    return [line.card.name for line in found.found]


def test_every_word_has_to_stand_somewhere_in_the_name():
    for name in ("Lightning Bolt", "Lightning Helix", "Bolt Bend"):
        CardFactory(name=name)

    assert names("bolt light") == ["Lightning Bolt"]


def test_the_exact_name_comes_first_then_its_beginning_then_the_beginning_of_a_word_then_the_rest():
    for name in ("Thunderbolt", "Rift Bolt", "Bolt Bend", "Bolt"):
        CardFactory(name=name)

    assert names("bolt") == ["Bolt", "Bolt Bend", "Rift Bolt", "Thunderbolt"]


def test_a_face_counts_like_a_name():
    for name, slug in (("Cold Icebreaker", "cold"), ("Fire // Ice", "fire-ice")):
        CardFactory(name=name, slug=slug)

    assert names("ice") == ["Fire // Ice", "Cold Icebreaker"]


def test_among_equals_what_the_shop_owns_comes_first():
    CardFactory(name="Bolt Bend")
    stocked_card(1, name="Bolt of Keranos")

    assert names("bolt") == ["Bolt of Keranos", "Bolt Bend"]


def test_what_is_still_under_way_is_not_owned():
    card = CardFactory(name="Bolt Bend")
    StockMovementFactory(printing__card=card, effective_on=TODAY + timedelta(days=1))

    found = search_cards(query=CardQuery.asked("bolt"), today=TODAY)

    assert found.found[0].owned == 0
    assert names("bolt", owned_only=True) == []


def test_signs_of_the_database_are_letters_like_any_other():
    CardFactory(name="100% Bolt", slug="percent")
    CardFactory(name="1000 Bolts", slug="thousand")

    assert names("100%") == ["100% Bolt"]


def test_beyond_the_last_page_is_the_last_page():
    for n in range(CARDS_PER_PAGE + 1):
        CardFactory(name=f"Bolt {n:02}")

    found = search_cards(query=CardQuery.asked("bolt"), page="999999", today=TODAY)

    assert [line.card.name for line in found.found] == [f"Bolt {CARDS_PER_PAGE:02}"]


def test_control_characters_and_length_are_cut_from_the_text():
    assert CardQuery.asked(" a\x00b\tc ").text == "a b c"
    assert len(CardQuery.asked("x" * 10_000).text) <= 150
