import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.card_names import NameList, nearest_cards, nearest_names, resolve_names, spellings
from inventory.catalogue import make_card
from inventory.models import Card
from inventory.names import fold_name, letters_of


def names_of(found: dict[str, Card]) -> dict[str, str]:
    return {name: card.name for name, card in found.items()}


def name_list(*names: str) -> NameList:
    return NameList(folded=names, is_face=[False] * len(names), names=names, card_ids=range(len(names)))


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("  Sol  Ring ", ["sol ring"]),
        ("Fire/Ice", ["fire/ice", "fire // ice"]),
        ("Fire／／Ice", ["fire//ice", "fire // ice"]),
        ("Sol Ring // Sol Ring", ["sol ring // sol ring", "sol ring"]),
        ("SP//dr, Piloted", ["sp//dr, piloted", "sp // dr, piloted"]),
        ("", []),
        ("/", ["/"]),
        ("a\x00b", []),
        ("\ud800", []),
        ("x" * 201, []),
    ],
)
def test_the_forms_of_a_name(name: str, forms: list[str]) -> None:
    assert spellings(name) == forms


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("“Brims” Barone", '"Brims" Barone'),
        ("Will‑o’‑the–Wisp", "Will-o'-the-Wisp"),
        ("Ratonhnhaké:ton", "Ratonhnhaké꞉ton"),
        ("Wizards of the Coast", "Wizards of the Coast®"),
    ],
)
def test_signs_that_look_alike_are_one(written: str, printed: str) -> None:
    assert fold_name(written) == fold_name(printed)


@pytest.mark.django_db
def test_a_full_name_goes_before_a_face_and_a_front_face_before_a_back() -> None:
    make_card(name="Scholar // Spark")
    make_card(name="Bloom // Ember")
    make_card(name="Ember // Ash")
    make_card(name="Spark")
    found = resolve_names(
        ["Spark", "spark", "Scholar", "ember", "ASH", "Scholar/Spark", "Spark // Spark", "Nobody"]
    )
    assert names_of(found) == {
        "Spark": "Spark",
        "spark": "Spark",
        "Scholar": "Scholar // Spark",
        "ember": "Ember // Ash",
        "ASH": "Ember // Ash",
        "Scholar/Spark": "Scholar // Spark",
        "Spark // Spark": "Spark",
    }


@pytest.mark.django_db
def test_a_name_with_slashes_is_taken_as_it_is_first() -> None:
    make_card(name="SP//dr, Piloted")
    assert names_of(resolve_names(["sp//DR, piloted"])) == {"sp//DR, piloted": "SP//dr, Piloted"}


@pytest.mark.django_db
def test_of_cards_of_the_same_name_the_first_is_taken() -> None:
    first = make_card(name="Otter")
    make_card(name="Otter")
    assert resolve_names(["otter"]) == {"otter": first}


@pytest.mark.django_db
@pytest.mark.parametrize("many", [1, 300])
def test_any_number_of_names_is_one_query(many: int) -> None:
    make_card(name="Otter")
    with CaptureQueriesContext(connection) as queries:
        resolve_names([f"otter {n}" for n in range(many)], cards=Card.objects.with_value())
    assert len(queries) == 1


@pytest.mark.django_db
def test_however_many_names_each_is_looked_up_in_the_index() -> None:
    names = [f"otter {n} of the {n % 97} rivers" for n in range(10_000)]
    Card.objects.bulk_create(
        Card(name=name, slug=f"otter-{n}", folded_name=name, folded_names=[name], oracle_text="swims " * 60)
        for n, name in enumerate(names)
    )
    for many in (1, 60, 500, 2_000):
        with connection.cursor() as cursor, CaptureQueriesContext(connection) as queries:
            cursor.execute("ANALYZE inventory_card")
            assert len(resolve_names(names[:many])) == many
            cursor.execute(f"EXPLAIN {queries[0]['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())

        assert "card_folded_names" in plan, many
        assert "Seq Scan" not in plan, many


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("lightnig bolt", "Lightning Bolt"),
        ("bolt lightning", "Lightning Bolt"),
        ("lim duls vualt", "Lim-Dul's Vault"),
        ("thalia", "Thalia, Guardian"),
        ("counterspel", "Counterspell"),
        ("counterspel (showcase)", "Counterspell"),
        ("rspell", "Counterspell"),
        ("thalia guard", "Thalia, Guardian"),
        ("counter sp", "Counterspell"),
    ],
)
def test_the_nearest_name_comes_first(name: str, nearest: str) -> None:
    names = [
        "Lightning Bolt",
        "Ball Lightning",
        "Lim-Dul's Vault",
        "Thallid",
        "Thalia, Guardian",
        "Counterspell",
    ]
    known = NameList(
        folded=[each.lower() for each in names],
        is_face=[False] * 6,
        names=names,
        card_ids=list(range(6)),
        letters=[letters_of(each.lower()) for each in names],
    )
    assert names[known.nearest(name)[0]] == nearest


def test_a_card_is_suggested_once_and_before_those_that_only_have_a_face_of_that_name() -> None:
    known = NameList(
        folded=["scholar // spark", "scholar", "spark", "spark"],
        is_face=[False, True, True, False],
        names=["Scholar // Spark"] * 3 + ["Spark"],
        card_ids=[1, 1, 1, 2],
    )
    assert [known.card_ids[position] for position in known.nearest("sparc")] == [2, 1]


@pytest.mark.parametrize("name", ["", "  ", "qqqqqqqqqqqq", "\x00", "\ud800", "ball counterspin"])
def test_nothing_is_near_to_nonsense(name: str) -> None:
    assert name_list("lightning bolt", "counterspell").nearest(name) == []


@settings(deadline=None)
@given(st.text(max_size=400), st.lists(st.text(min_size=1, max_size=20)), st.integers(1, 4))
def test_suggestions_are_never_more_than_asked_for(name: str, names: list[str], limit: int) -> None:
    nearest = name_list(*names).nearest(name, limit=limit)
    assert len(nearest) == len(set(nearest)) <= limit


@pytest.mark.django_db
def test_new_cards_are_suggested_at_once() -> None:
    make_card(name="Ember Otter")
    assert nearest_names("embr otter") == ["Ember Otter"]
    make_card(name="Amber Otter")
    assert set(nearest_names("embr otter")) == {"Ember Otter", "Amber Otter"}
    Card.objects.filter(name="Ember Otter").delete()
    assert nearest_names("embr otter") == ["Amber Otter"]


@pytest.mark.django_db
def test_suggestions_for_many_names_are_two_queries() -> None:
    card = make_card(name="Ember Otter")
    nearest_names("otter")
    with CaptureQueriesContext(connection) as queries:
        found = nearest_cards([f"ember oter {n}" for n in range(50)])
    assert found["ember oter 7"] == [card]
    assert len(queries) == 2
