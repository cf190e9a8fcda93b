"""Mana symbols and rules text, to be seen and to be heard."""

import pytest

from inventory.deck_groups import card_type
from inventory.templatetags.cards import color_names, mana, rules, spine


@pytest.mark.parametrize(
    ("cost", "aloud"),
    [
        ("{2}{W}{U}", "2, white, blue"),
        ("{W/U}{2/R}", "white or blue, 2 or red"),
        ("{B/P}", "black or 2 life"),
        ("{1}{R} // {1}{U}", "1, red; 1, blue"),
        ("{X}{C}{S}", "X, colourless, snow"),
        ("{1000000}", "1000000"),
    ],
)
def test_a_cost_is_read_aloud(cost, aloud):
    assert f'aria-label="Mana cost: {aloud}"' in mana(cost)


@pytest.mark.parametrize("cost", ["", "//", "no symbols", None])
def test_no_cost_draws_nothing(cost):
    assert mana(cost) == ""


def test_a_hybrid_symbol_is_drawn_as_two_halves():
    assert mana("{W/U}").count("mana-half") == 2


def test_rules_text_keeps_its_paragraphs_and_sets_reminders_apart():
    text = rules("Flying\n{T}: Add {G}. (It is green.)")

    assert text.count("<p>") == 2
    assert 'aria-label="tap"' in text
    assert '<span class="reminder">(It is green.)</span>' in text


def test_rules_text_is_escaped():
    text = rules("<b>{<i>}")

    assert "&lt;b&gt;" in text
    assert "<b>" not in text
    assert "<I>" not in text


def test_the_spine_has_the_colour_of_the_card():
    assert [spine(colors) for colors in ("", "G", "WU")] == ["none", "g", "many"]
    assert color_names("WB") == "white, black"


@pytest.mark.parametrize(
    ("type_line", "counts_as"),
    [
        ("Artifact Creature — Golem", "Creature"),
        ("Land Creature — Forest Dryad", "Creature"),
        ("Artifact Land", "Land"),
        ("Legendary Enchantment — Saga", "Enchantment"),
        ("Instant // Land", "Instant"),
        ("Plane — Island of Creatures", ""),
        ("", ""),
    ],
)
def test_a_card_counts_as_one_type(type_line, counts_as):
    assert card_type(type_line) == counts_as
