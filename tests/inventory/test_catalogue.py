import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.catalogue import distinct_slugs, folded_names, make_card, make_cards, slug_base
from inventory.models import Card
from inventory.names import fold_name

names = st.lists(
    st.sampled_from(["Card", "Card 2", "card-2", "card", "_____", "日本", "Æther", "+2 Mace", "x" * 300])
)


@settings(deadline=None)
@given(names)
def test_slugs_of_one_list_are_distinct_and_fit(found: list[str]) -> None:
    slugs = distinct_slugs([slug_base(name) for name in found], taken={"card", "aether"})
    assert len(set(slugs) | {"card", "aether"}) == len(slugs) + 2
    assert all(0 < len(slug) <= Card._meta.get_field("slug").max_length for slug in slugs)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Lim-Dûl's Vault", "lim-duls-vault"),
        ("+2 Mace", "2-mace"),
        ("_____", "card"),
        ("稲妻", "card"),
        ("Fire // Ice", "fire-ice"),
        ("Æther Vial", "aether-vial"),
        ("y" * 400, "y" * 180),
    ],
)
def test_a_slug_says_the_name_as_well_as_it_can(name: str, slug: str) -> None:
    assert slug_base(name) == slug


@settings(deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=0x24F)))
def test_folding_a_folded_name_changes_nothing(name: str) -> None:
    assert fold_name(fold_name(name)) == fold_name(name)


def test_folded_names_are_the_whole_name_and_each_face() -> None:
    assert folded_names("Fire // Ice") == ["fire // ice", "fire", "ice"]
    assert folded_names("SP//dr, Piloted by Peni") == ["sp//dr, piloted by peni"]


@pytest.mark.django_db
def test_a_card_made_by_hand_has_its_slug_its_folded_names_and_its_mana_value() -> None:
    card = make_card(name="  Stop //  Go ", mana_cost="{1}{R} // {U}", layout="split")
    assert (card.name, card.slug, card.mana_value) == ("Stop // Go", "stop-go", 3)
    assert card.folded_names == ["stop // go", "stop", "go"]


@pytest.mark.django_db
def test_cards_of_the_same_name_are_numbered_on() -> None:
    make_card(name="Otter")
    assert [
        card.slug for card in make_cards([{"name": "Otter"}, {"name": "Otter 3"}, {"name": "otter"}])
    ] == [
        "otter-2",
        "otter-3",
        "otter-4",
    ]


@pytest.mark.parametrize("name", ["", "   ", "a\x00b"])
def test_a_card_needs_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="needs a name"):
        make_cards([{"name": name}])
