import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.autocomplete import MOST_SUGGESTIONS, NameIndex, name_index, plain, split_front, suggestions
from inventory.card_names import NameList
from inventory.catalogue import make_card
from inventory.decklist import parse
from inventory.models import Card
from tests.factories import TODAY, CardFactory, PrintingFactory, StockMovementFactory, stocked_card


def index_of(*names: str, in_stock: tuple[str, ...] = ()) -> NameIndex:
    """Of cards whose id is their place among the names; "A // B" has the faces A and B."""
    rows = [
        (plain(form), form != name, name, place)
        for place, name in enumerate(names)
        for form in dict.fromkeys([name, *name.split(" // ")])
    ]
    folded, is_face, whole, ids = zip(*rows, strict=True)
    index = NameIndex.of(NameList(folded=folded, is_face=is_face, names=whole, card_ids=ids))
    return index.with_first({names.index(name) for name in in_stock})


NAMES = (
    "Lightning Bolt",
    "Chain Lightning",
    "Lightning Helix",
    "Bolt Bend",
    "Urza's Saga",
    "Jace, the Mind Sculptor",
    "Fire // Ice",
    "Ice Out",
    "Lim-Dûl's Vault",
    "Pyroblast",
    "Light of the Legion",
    "+2 Mace",
)


def found(text: str, *, names: tuple[str, ...] = NAMES, **options) -> list[str]:
    return [names[card_id] for card_id in index_of(*names, **options).suggest(text)]


# --- what is found, and in which order ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("lightning b", ["Lightning Bolt"]),
        ("LIGHTNING", ["Lightning Bolt", "Lightning Helix", "Chain Lightning"]),
        ("bo", ["Bolt Bend", "Lightning Bolt"]),
        ("bolt lig", ["Lightning Bolt"]),
        ("mind sc", ["Jace, the Mind Sculptor"]),
        ("jace the", ["Jace, the Mind Sculptor"]),
        ("urzas", ["Urza's Saga"]),
        ("urza’s s", ["Urza's Saga"]),
        ("dul", ["Lim-Dûl's Vault"]),
        ("fire // i", ["Fire // Ice"]),
        ("ic", ["Ice Out", "Fire // Ice"]),
        ("ice", ["Fire // Ice", "Ice Out"]),  # a face of just this name goes before a name that begins so
    ],
)
def test_a_beginning_finds_names_then_words(typed: str, names: list[str]) -> None:
    assert found(typed) == names


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("lihgtning bo", "Lightning Bolt"),  # two letters changed places
        ("lightnng he", "Lightning Helix"),  # one left out
        ("pyrro", "Pyroblast"),  # one too many
        ("pyroblsat", "Pyroblast"),
        ("lightningbolt", "Lightning Bolt"),
        ("limdul", "Lim-Dûl's Vault"),
        ("limduls va", "Lim-Dûl's Vault"),
        ("light ninghelix", "Lightning Helix"),
        ("jace the mnd", "Jace, the Mind Sculptor"),
    ],
)
def test_typos_are_forgiven(typed: str, first: str) -> None:
    assert found(typed)[0] == first


def test_letters_that_changed_places_go_before_other_letters() -> None:
    assert found("lightning blot", names=("Lightning Blow", "Lightning Bolt"))[0] == "Lightning Bolt"


@pytest.mark.parametrize(
    "typed", ["", " ", "l", "4", "\x00", "\ud800", "qqqqqqqq", "zz", "'", "//", "x" * 5_000]
)
def test_too_little_and_nonsense_find_nothing(typed: str) -> None:
    assert found(typed) == []


def test_what_the_shop_has_goes_first_among_those_that_match_alike() -> None:
    in_stock = ("Lightning Helix", "Chain Lightning")
    assert found("lightning", in_stock=in_stock) == ["Lightning Helix", "Lightning Bolt", "Chain Lightning"]


def test_a_card_comes_once_however_many_of_its_faces_match() -> None:
    assert found("sp", names=("Spark // Spell", "Spring")) == ["Spring", "Spark // Spell"]


def test_no_more_than_eight() -> None:
    assert len(found("ot", names=tuple(f"Otter {n}" for n in range(50)))) == MOST_SUGGESTIONS


@settings(deadline=None)
@given(st.text(max_size=60))
def test_anything_may_be_typed(typed: str) -> None:
    names = found(typed)
    assert len(names) == len(set(names)) <= MOST_SUGGESTIONS


@settings(deadline=None)
@given(st.sampled_from(NAMES), st.data())
def test_every_beginning_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    length = data.draw(st.integers(2, len(name)))
    if len(plain(name[:length])) >= 2:
        assert name in found(name[:length])


@pytest.mark.parametrize(
    ("typed", "front", "name"),
    [
        ("light", "", "light"),
        ("4 light", "4 ", "light"),
        ("4x light", "4x ", "light"),
        ("4xlight", "4x", "light"),
        ("SB: 2 x pyro", "SB: 2 x ", "pyro"),
        ("sb:pyro", "sb:", "pyro"),
        ("x4 light", "x4 ", "light"),
        ("× 4 light", "× 4 ", "light"),
        ("Commander: atr", "Commander: ", "atr"),
        ("CMDR: 1 atr", "CMDR: 1 ", "atr"),
        ("commander's sph", "", "commander's sph"),
        ("1996 world", "", "1996 world"),
        ("xantid", "", "xantid"),
        ("4", "", "4"),
    ],
)
def test_zone_and_copies_stand_in_front(typed: str, front: str, name: str) -> None:
    assert split_front(typed) == (front, name)


@pytest.mark.parametrize(
    ("front", "quantity", "zone"),
    [
        ("x4 ", 4, "main"),
        ("SB: 2x ", 2, "sideboard"),
        ("Commander: ", 1, "commander"),
        ("cmd: 1 ", 1, "commander"),
    ],
)
def test_what_is_kept_in_front_is_what_a_list_understands(front: str, quantity: int, zone: str) -> None:
    assert split_front(f"{front}Pyroblast") == (front, "Pyroblast")
    (line,) = parse(f"{front}Pyroblast").lines
    assert (line.name, line.quantity, line.zone) == ("Pyroblast", quantity, zone)


# --- with the database ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_was_typed_in_front_is_kept() -> None:
    make_card(name="Lightning Bolt")
    assert [suggested.text for suggested in suggestions("SB: 2x lightn", today=TODAY)] == [
        "SB: 2x Lightning Bolt"
    ]


@pytest.mark.django_db
def test_a_name_that_begins_with_a_number_is_a_name() -> None:
    make_card(name="50 Feet Tall")
    make_card(name="Feet of Clay")
    assert [suggested.text for suggested in suggestions("50 fee", today=TODAY)] == ["50 Feet Tall"]
    assert [suggested.text for suggested in suggestions("4 fee", today=TODAY)] == [
        "4 Feet of Clay",
        "4 50 Feet Tall",
    ]


@pytest.mark.django_db
def test_a_new_card_is_suggested_at_once_and_one_that_has_gone_is_not() -> None:
    make_card(name="Ember Otter")
    assert [suggested.card.name for suggested in suggestions("otter", today=TODAY)] == ["Ember Otter"]
    make_card(name="Amber Otter")
    assert len(suggestions("otter", today=TODAY)) == 2
    Card.objects.filter(name="Ember Otter").delete()
    assert [suggested.card.name for suggested in suggestions("otter", today=TODAY)] == ["Amber Otter"]


@pytest.mark.django_db
def test_copies_that_the_shop_has_lost_are_not_owned() -> None:
    card = CardFactory(name="Ember Otter")
    printing = PrintingFactory(card=card)
    StockMovementFactory(printing=printing, quantity=4)
    StockMovementFactory(printing=printing, quantity=-1, kind="lost")
    assert [suggested.owned for suggested in suggestions("emb", today=TODAY)] == [3]


@pytest.mark.django_db
@pytest.mark.parametrize("many", [1, 100])
def test_suggesting_is_two_queries(many: int) -> None:
    for number in range(many):
        CardFactory(name=f"Otter {number}")
    name_index()
    with CaptureQueriesContext(connection) as queries:
        suggestions("otter", today=TODAY)
    assert len(queries) == 2


@pytest.mark.django_db
def test_the_options_say_what_is_filled_in_and_where_the_card_is(client) -> None:
    stocked_card(4, name="Urza's Saga", mana_cost="{2}{R}")
    answer = client.get(reverse("inventory:card_names"), {"q": "2 urza"})
    page = answer.content.decode()
    assert page.count('role="option"') == 1
    assert 'data-text="2 Urza&#x27;s Saga"' in page
    assert 'data-href="/cards/urzas-saga/"' in page
    assert "Mana cost: 2, red" in page
    assert "4 owned" in page
    assert "<html" not in page
    assert answer["Cache-Control"] == "private, max-age=60"


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", "\x00", "%", "a\x00b", "💀💀", "x" * 10_000, "<script>"])
def test_odd_texts_are_answered_with_nothing(client, typed: str) -> None:
    stocked_card(4, name="Lightning Bolt")
    answer = client.get(reverse("inventory:card_names"), {"q": typed})
    assert (answer.status_code, answer.content.strip()) == (200, b"")


@pytest.mark.django_db
def test_a_card_called_names_has_a_page_of_its_own(client) -> None:
    card = make_card(name="Names")
    assert client.get(card.get_absolute_url()).context["card"] == card
