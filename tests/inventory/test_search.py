"""Which cards a search finds, and in which order."""

from datetime import date, timedelta

import pytest

from inventory.card_query import LONGEST_TEXT
from inventory.models import Card, Printing, Reservation
from inventory.periods import BlockedPeriod
from inventory.search import CARDS_PER_PAGE, CardQuery, search_cards
from tests.factories import TODAY, CardFactory, StockMovementFactory, stocked_card

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def names(text: str, **asked) -> list[str]:
    found = search_cards(query=CardQuery.asked(text, **asked), today=TODAY)
    return [line.card.name for line in found.found]


@pytest.mark.parametrize("text", ["", "bolt", "c:r sort:price", "e:m10 is:foil", "t:elf -o:draw"])
def test_a_shop_that_has_no_cards_yet_finds_none(text):
    assert names(text) == []


def test_every_word_has_to_stand_somewhere_in_the_name():
    for name in ("Lightning Bolt", "Lightning Helix", "Bolt Bend"):
        CardFactory(name=name)

    assert names("bolt light") == ["Lightning Bolt"]


def test_the_exact_name_comes_first_then_its_beginning_then_the_beginning_of_a_word_then_the_rest():
    for name in ("Firebolt", "Rift Bolt", "Bolt Bend", "Bolt"):
        CardFactory(name=name)

    assert names("bolt") == ["Bolt", "Bolt Bend", "Rift Bolt", "Firebolt"]


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
    assert len(CardQuery.asked("x" * 10_000).text) == LONGEST_TEXT


# --- names that were mistyped ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["lightnig bolt", "lightningbolt", "bolt lihgtning", "lightnnig", "Lightning Blot", "lihtening bolt"],
)
def test_a_mistyped_name_finds_the_nearest_and_says_so(text):
    CardFactory(name="Lightning Bolt")
    CardFactory(name="Serra Angel")

    found = search_cards(query=CardQuery.asked(text), today=TODAY)

    assert [line.card.name for line in found.found] == ["Lightning Bolt"]
    assert found.named_like


def test_the_nearest_name_comes_first():
    for name in ("Lightning Strike", "Lightning Bolt", "Lightning Helix"):
        CardFactory(name=name)

    assert names("lightnig bolt")[0] == "Lightning Bolt"


def test_letters_that_changed_places_are_nearer_than_other_letters():
    for name in ("Lightning Blow", "Lightning Bolt"):
        CardFactory(name=name)

    assert names("lightning blot")[0] == "Lightning Bolt"


def test_what_stands_between_the_letters_of_a_name_need_not_be_typed():
    for name in ("Lim-Dûl's Vault", "Lim-Dûl's Cohort", "Serra Angel"):
        CardFactory(name=name, slug=name[-4:])

    assert set(names("limdul")) == {"Lim-Dûl's Vault", "Lim-Dûl's Cohort"}
    assert names("limduls vault") == ["Lim-Dûl's Vault"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("o:~", {"Lightning Bolt", "Niv-Mizzet, Parun", "Fire // Ice", "Otter"}),
        ('o:"~ deals 3 damage"', {"Lightning Bolt"}),
        ('o:"~ deals 2 damage"', {"Fire // Ice"}),
        ('o:"~ can\'t be countered"', {"Niv-Mizzet, Parun"}),
        ('o:"when ~ enters"', {"Otter"}),
        ("-o:~", {"Serra Angel"}),
    ],
)
def test_a_tilde_is_how_a_card_speaks_of_itself(text, found):
    for name, rules in (
        ("Lightning Bolt", "Lightning Bolt deals 3 damage to any target."),
        ("Niv-Mizzet, Parun", "Niv-Mizzet can't be countered."),
        ("Fire // Ice", "Fire deals 2 damage.\n//\nTap target permanent."),
        ("Otter", "When this creature enters, draw a card."),
        ("Serra Angel", "Flying. Lightning Bolt deals 3 damage to it."),
    ):
        CardFactory(name=name, slug=name[:4], oracle_text=rules)

    assert set(names(text)) == found


def test_what_else_was_asked_holds_for_near_names_too():
    CardFactory(name="Lightning Bolt", type_line="Instant")
    CardFactory(name="Lightning Elemental", type_line="Creature — Elemental")

    assert names("lightnig t:creature") == ["Lightning Elemental"]


def test_a_name_that_some_card_has_is_not_mistyped():
    CardFactory(name="Lightning Bolt")

    found = search_cards(query=CardQuery.asked("bolt t:land"), today=TODAY)

    assert found.found == []
    assert found.named_like == ""


@pytest.mark.parametrize("text", ['!"Lightning Blot"', '!"lightning blot" is:owned'])
def test_a_whole_name_that_is_mistyped_leads_to_the_nearest(text):
    CardFactory(name="Lightning Bolt")

    assert search_cards(query=CardQuery.asked(text), today=TODAY).suggestions == ["Lightning Bolt"]


@pytest.mark.parametrize("text", ['!"Lightning Bolt" is:owned', "bolt is:owned", "bolt t:land"])
def test_a_name_that_some_card_has_needs_no_suggestion(text):
    CardFactory(name="Lightning Bolt")

    found = search_cards(query=CardQuery.asked(text), today=TODAY)

    assert (found.found, found.suggestions) == ([], [])


def test_where_nothing_is_near_nothing_is_found():
    CardFactory(name="Lightning Bolt")

    found = search_cards(query=CardQuery.asked("xqzzk"), today=TODAY)

    assert (found.found, found.named_like, found.suggestions) == ([], "", [])


# --- sorted ---------------------------------------------------------------------------------------------


@pytest.fixture
def three_bolts() -> None:
    for name, mana_value, cents, copies, released_on in (
        ("Bolt B", 3, 500, 9, date(1993, 8, 5)),
        ("Bolt A", 1, 9_000, 1, date(2020, 1, 1)),
        ("Bolt C", 2, 2_000, 4, None),
    ):
        card = stocked_card(copies, name=name, value_cents=cents, mana_value=mana_value)
        card.printings.update(released_on=released_on)


@pytest.mark.parametrize(
    ("order", "in_order"),
    [
        ("name", "ABC"),
        ("name direction:desc", "CBA"),
        ("mv", "ACB"),
        ("mv direction:desc", "BCA"),
        ("price", "BCA"),
        ("price direction:desc", "ACB"),
        ("newest", "ABC"),
        ("newest direction:asc", "CBA"),
        ("owned", "BCA"),
        ("free", "BCA"),
        ("free direction:asc", "ACB"),
    ],
)
@pytest.mark.usefixtures("three_bolts")
def test_answers_are_sorted_as_asked(order, in_order):
    assert names(f"bolt order:{order}") == [f"Bolt {letter}" for letter in in_order]


# --- free on the days that were asked about --------------------------------------------------------------


def test_free_are_the_cards_with_a_copy_on_every_one_of_the_days():
    days = BlockedPeriod(TODAY + timedelta(days=10), TODAY + timedelta(days=13))
    taken, partly, _free = (stocked_card(2, name=f"Bolt {word}") for word in ("taken", "partly", "whole"))
    CardFactory(name="Bolt not owned")
    # On the middle day alone both copies are away.
    Reservation.objects.create(
        card=taken, quantity=2, out_on=days.out_on + DAY, back_on=days.out_on + 2 * DAY, state="firm"
    )
    Reservation.objects.create(card=partly, quantity=1, out_on=days.out_on, back_on=days.back_on, state="out")

    found = search_cards(query=CardQuery.asked("bolt is:free"), today=TODAY, days=days)

    assert {line.card.name: line.free for line in found.found} == {"Bolt partly": 1, "Bolt whole": 2}


def test_not_free_is_everything_else():
    days = BlockedPeriod(TODAY + timedelta(days=10), TODAY + timedelta(days=13))
    stocked_card(2, name="Bolt whole")
    CardFactory(name="Bolt not owned")

    found = search_cards(query=CardQuery.asked("-is:free"), today=TODAY, days=days)

    assert [line.card.name for line in found.found] == ["Bolt not owned"]


# --- the copy in memory ---------------------------------------------------------------------------------


def test_what_changes_in_the_database_is_found_at_once():
    card = stocked_card(1, name="Bolt")
    assert names("is:owned") == ["Bolt"]

    Card.objects.filter(pk=card.pk).update(type_line="Sorcery")
    assert names("t:sorcery") == ["Bolt"]
    Printing.objects.filter(card=card).update(set_code="lea")
    assert names("set:lea") == ["Bolt"]
    StockMovementFactory(printing=card.printings.get(), quantity=-1, kind="lost")
    assert names("is:owned") == []
    Card.objects.filter(pk=CardFactory(name="Shock").pk).delete()
    assert names("") == ["Bolt"]


def test_what_comes_tomorrow_is_owned_tomorrow():
    card = CardFactory(name="Bolt")
    StockMovementFactory(printing__card=card, effective_on=TODAY + DAY)
    assert names("is:owned") == []

    found = search_cards(query=CardQuery.asked("is:owned"), today=TODAY + DAY)

    assert [line.owned for line in found.found] == [4]


@pytest.mark.parametrize(
    "text", ["bolt", "bolt is:free", "lightnig bolt", "t:instant order:free", "blot is:free"]
)
def test_the_queries_are_counted_however_many_cards_there_are(text, django_assert_num_queries):
    days = BlockedPeriod(TODAY + DAY, TODAY + 3 * DAY)

    def search() -> None:
        search_cards(query=CardQuery.asked(text), today=TODAY, days=days)

    stocked_card(4, name="Lightning Bolt 0")
    search()
    with django_assert_num_queries(3):
        search()
    for n in range(1, 100):
        stocked_card(4, name=f"Lightning Bolt {n}")
    search()
    with django_assert_num_queries(3):
        search()
