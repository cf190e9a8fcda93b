"""Cards drawn from their data: what stands on them, in which colours, and that nothing is too odd to be drawn."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from inventory.card_drawing import DrawnCard, DrawnFace, drawn
from inventory.models import Card, Printing

FIRE_AND_ICE = [
    {"name": "Fire", "mana_cost": "{1}{R}", "type_line": "Instant", "oracle_text": "Burn.", "colors": ""},
    {"name": "Ice", "mana_cost": "{1}{U}", "type_line": "Instant", "oracle_text": "Freeze.", "colors": ""},
]
MOTH = [
    {"name": "Shy Caterpillar", "mana_cost": "{G}", "colors": "G", "power": "1", "toughness": "1"},
    {"name": "Loud Moth", "type_line": "Creature", "colors": "U", "power": "4", "toughness": "*"},
]
SHAPES = (Path(settings.BASE_DIR) / "templates/_components/engravings.html").read_text()


def page_of(card: Card, **context) -> str:
    return render_to_string("_components/card.html", {"card": card, **context})


def faces(card: DrawnCard) -> list[list[str]]:
    return [[face.name for face in side.faces] for side in card.sides]


def face(**fields) -> DrawnFace:
    return drawn(Card(**{"name": "Ember Otter", **fields})).sides[0].faces[0]


# --- sides and faces ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["split", "adventure", "flip", "prepare"])
def test_halves_share_the_front(layout):
    assert faces(drawn(Card(name="Fire // Ice", layout=layout, faces=FIRE_AND_ICE))) == [["Fire", "Ice"]]


@pytest.mark.parametrize("layout", ["transform", "modal_dfc"])
def test_a_two_sided_card_has_two_sides(layout):
    card = Card(name="Shy Caterpillar // Loud Moth", layout=layout, faces=MOTH)

    assert faces(drawn(card)) == [["Shy Caterpillar"], ["Loud Moth"]]


def test_a_picture_lies_on_its_own_side():
    card = Card(name="Shy Caterpillar // Loud Moth", layout="transform", faces=MOTH)

    assert [side.image_url for side in drawn(card, image_urls=["front", "back"]).sides] == ["front", "back"]
    assert [side.image_url for side in drawn(card, image_urls=["front"]).sides] == ["front", ""]


def test_a_card_that_is_printed_on_both_sides_shows_both_pictures():
    sides = drawn(Card(name="Mirror Heron"), image_urls=["one", "other"]).sides

    assert [(side.title, side.image_url) for side in sides] == [
        ("Mirror Heron", "one"),
        ("Mirror Heron", "other"),
    ]


def test_what_stands_in_the_corner():
    assert face(power="2", toughness="1+*").numbers == "2/1+*"
    assert (face(loyalty="4").numbers, face(loyalty="4").numbers_aloud) == ("4", "Loyalty")
    assert (face(defense="3").numbers, face(defense="3").numbers_aloud) == ("3", "Defense")
    assert face(power="0", toughness="").numbers == "0/0"
    assert face().numbers == ""


# --- colours -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "hues"),
    [
        ({"colors": "R"}, ("r",)),
        ({"colors": "WU"}, ("w", "u")),
        ({"colors": "WUB"}, ("many",)),
        ({"type_line": "Artifact"}, ("none",)),
        ({"type_line": "Artifact", "color_identity": "R"}, ("none",)),
        ({"type_line": "Land", "color_identity": "GU"}, ("u", "g")),
        ({"type_line": "Basic Land — Swamp"}, ("b",)),
        ({"type_line": "Land"}, ("none",)),
    ],
)
def test_the_frame_has_the_colours_of_the_card_and_a_land_those_of_its_mana(fields, hues):
    assert face(**fields).hues == hues


def test_the_halves_of_a_split_card_have_the_colours_of_their_costs():
    halves = drawn(Card(name="Fire // Ice", layout="split", colors="UR", faces=FIRE_AND_ICE)).sides[0].faces

    assert [half.hues for half in halves] == [("r",), ("u",)]


def test_the_back_of_a_card_has_its_own_colour():
    sides = drawn(Card(name="x", layout="transform", colors="GU", faces=MOTH)).sides

    assert [side.faces[0].hues for side in sides] == [("g",), ("u",)]


# --- the engraving -----------------------------------------------------------------------------------------


def test_a_card_looks_the_same_each_time_and_unlike_others():
    assert face(name="Ember Otter").engraving == face(name="Ember Otter").engraving
    assert len({face(name=f"Otter {n}").engraving for n in range(50)}) > 45


@pytest.mark.parametrize(
    ("type_line", "emblem"),
    [
        ("Creature — Goblin Scout", "helm"),
        ("Creature — Beast", "paw"),
        ("Artifact — Equipment", "sword"),
        ("Legendary Planeswalker — Teferi", "star"),
        ("Instant // Land", "bolt"),
        ("Plane — Nowhere", "quill"),
        ("", "quill"),
    ],
)
def test_the_emblem_follows_from_the_type(type_line, emblem):
    assert face(type_line=type_line).engraving.emblem == emblem


def test_lands_are_landscapes():
    assert (face(type_line="Basic Land — Swamp").engraving.light, face(type_line="Land").engraving.light) == (
        "moon",
        "sun",
    )
    assert face(type_line="Instant").engraving.light == ""


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
TYPES = ["Creature — Elf", "Basic Land — Island", "Land", "Land Creature", "Sorcery", "Battle — Siege", ""]


@tried(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of a card
@given(
    st.builds(
        Card,
        name=texts,
        type_line=st.sampled_from(TYPES) | texts,
        mana_cost=texts,
        oracle_text=texts,
        colors=st.sampled_from(["", "W", "UR", "WUBRG"]),
        color_identity=st.sampled_from(["", "W", "UR", "WUBRG"]),
        layout=st.sampled_from(["normal", "split", "transform", "flip"]),
        faces=st.lists(
            st.dictionaries(
                st.sampled_from(["name", "mana_cost", "type_line", "power", "colors"]),
                texts | st.none(),
                max_size=3,
            ),
            max_size=5,
        ),
    )
)  # fmt: skip
def test_every_card_is_drawn_with_shapes_that_there_are(card):
    for side in drawn(card).sides:
        for shown in side.faces:
            for tall in (False, True):
                used = re.findall(r'href="#([^"]+)"', shown.engraving.svg(tall=tall))
                assert len(used) >= 5
                assert all(f'<g id="{name}">' in SHAPES for name in used)
            assert shown.hues


@pytest.mark.parametrize("type_line", ["Basic Land — Island", "Land", "Instant"])
def test_a_window_with_more_sky_shows_the_same_shapes(type_line):
    art = face(type_line=type_line, color_identity="UR").engraving

    low, tall = (re.findall(r'href="#([^"]+)"', art.svg(tall=tall)) for tall in (False, True))
    assert low == tall
    assert 'viewBox="0 0 300 200"' in art.svg(tall=False)
    assert 'viewBox="0 -112 300 312"' in art.svg(tall=True)


def test_only_a_card_with_rules_to_be_read_leaves_the_sky_away():
    ruled, bare = Card(name="Bolt", oracle_text="Burn."), Card(name="Bolt")

    assert "0 -112 300 312" not in page_of(ruled)
    assert all("0 -112 300 312" in page for page in (page_of(ruled, small=True), page_of(bare)))


# --- on the page -------------------------------------------------------------------------------------------


def test_whatever_stands_on_a_card_is_escaped():
    bad = "<i onload='x'>"
    page = page_of(
        Card(name=bad, type_line=bad, mana_cost=f"{{{bad}}}", oracle_text=bad, power=bad, toughness=bad, colors=bad),
        pictured=Printing(set_name=bad, image_urls=['"><i onload=x>']),
    )  # fmt: skip

    assert "<i " not in page
    assert "onload=x>" not in page.replace("onload=x&gt;", "")


def test_a_picture_lies_over_the_drawing_and_takes_its_place_beforehand():
    page = page_of(
        Card(name="Bolt"), pictured=Printing(set_name="Alpha", image_urls=["https://x.example/1.jpg"])
    )

    assert '<p class="drawn-name">Bolt</p>' in page
    assert (
        'src="https://x.example/1.jpg" alt="Bolt, as printed in Alpha" width="488" height="680" loading="lazy"'
        in page
    )


def test_a_small_card_leaves_out_its_rules_and_its_back_but_not_what_it_is():
    card = Card(name="Shy Caterpillar // Loud Moth", layout="transform", faces=MOTH)
    page = page_of(card, small=True)

    assert "Shy Caterpillar" in page
    assert "1/1" in page
    assert "Loud Moth" not in page
    assert "Rules" not in page_of(Card(name="Bolt", oracle_text="Rules"), small=True)


def test_a_card_is_light_enough_to_stand_among_24():
    page = page_of(
        Card(name="Goblin Guide", type_line="Creature — Goblin", colors="R", power="2", toughness="2"),
        small=True,
    )

    assert len(page.encode()) < 2_000


@pytest.mark.parametrize(("length", "size"), [(5, ""), (30, "long"), (141, "longest")])
def test_long_names_are_set_smaller(length, size):
    assert face(name="x" * length).name_size == size


def test_long_rules_are_set_smaller():
    assert [face(oracle_text="x" * length).type_size for length in (50, 300, 900)] == ["", "long", "longest"]
