"""The curve and the colours of a deck: what is counted, and that it can be read as well as seen."""

from decimal import Decimal

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from inventory.deck_plots import CURVE_TOP, deck_plots
from inventory.models import Card


def card(mana_cost: str = "", mana_value: str | int = 0, type_line: str = "Instant") -> Card:
    return Card(mana_cost=mana_cost, mana_value=Decimal(mana_value), type_line=type_line)


def pips(*cards: tuple[Card, int]) -> dict[str, int]:
    return {bar.color: bar.pips for bar in deck_plots(cards).colors}


def test_copies_stand_at_their_mana_value_creatures_apart():
    plots = deck_plots([(card("{R}", 1), 4), (card("{R}", 1, "Artifact Creature — Goblin"), 3)])

    assert [(bar.creatures, bar.others) for bar in plots.curve[:3]] == [(0, 0), (3, 4), (0, 0)]


def test_seven_and_more_stand_together():
    plots = deck_plots([(card("", 7), 1), (card("", 16), 2)])

    assert (plots.curve[7].copies, plots.curve[7].label) == (3, "7+")


def test_half_a_mana_is_less_than_one():
    assert deck_plots([(card("{HW}", "0.5"), 1)]).curve[0].copies == 1


@pytest.mark.parametrize(
    "type_line", ["Basic Land — Island", "Artifact Land", "Land Creature — Forest Dryad", "Land // Land"]
)
def test_lands_have_no_place_in_the_curve_or_the_average(type_line):
    plots = deck_plots([(card("", 0, type_line), 20), (card("{2}{U}", 3), 2)])

    assert plots.copies == 2
    assert plots.average == Decimal("3.00")


def test_what_is_a_land_only_on_its_back_is_a_spell():
    assert deck_plots([(card("{1}{R}", 2, "Instant // Land"), 1)]).curve[2].copies == 1


def test_the_average_is_that_of_a_copy():
    assert deck_plots([(card("", 1), 4), (card("", 3), 2)]).average == Decimal("1.67")


def test_without_spells_there_is_no_average():
    assert deck_plots([(card("", 0, "Land"), 60)]).average is None


@pytest.mark.parametrize(
    ("cost", "counted"),
    [
        ("{2}{W}{W}{U}", {"W": 2, "U": 1}),
        ("{W/U}", {"W": 1, "U": 1}),
        ("{2/W}{B/P}", {"W": 1, "B": 1}),
        ("{R/G/P}", {"R": 1, "G": 1}),
        ("{C}{C/G}", {"G": 1, "C": 2}),
        ("{1}{R} // {1}{U}", {"U": 1, "R": 1}),
        ("{HW}{X}{S}{1000000}{}", {"W": 1}),
        ("{w}", {"W": 1}),
        ("", {}),
    ],
)
def test_a_symbol_counts_for_every_colour_that_can_pay_it(cost, counted):
    assert pips((card(cost), 1)) == counted


def test_symbols_count_once_for_each_copy():
    assert pips((card("{R}"), 4), (card("{R}{G}"), 2)) == {"R": 6, "G": 2}


decks = st.lists(
    st.tuples(
        st.builds(
            card,
            st.lists(st.sampled_from(["{W}", "{U/B}", "{2/R}", "{G/P}", "{C}", "{3}", "{X}"])).map("".join),
            st.integers(0, 20),
            st.sampled_from(["Instant", "Creature — Elf", "Land", ""]),
        ),
        st.integers(1, 250),
    ),
    max_size=30,
)


@given(decks)
def test_every_copy_that_is_no_land_is_drawn_within_the_plot(deck):
    plots = deck_plots(deck)

    assert plots.copies == sum(copies for found, copies in deck if found.type_line != "Land")
    for bar in plots.curve:
        assert 0 < bar.number_y < bar.others_y <= bar.creatures_y <= 124
        assert bool(bar.others_height) == bool(bar.others)
    assert all(1 <= bar.width <= 100 for bar in plots.colors)


@given(decks)
def test_the_order_of_the_lines_is_of_no_concern(deck):
    assert deck_plots(deck) == deck_plots(reversed(deck))


def test_the_curve_is_a_table_for_those_who_listen():
    plots = deck_plots([(card("{R}", 1), 4), (card("{R}", 1, "Creature — Goblin"), 3)])

    page = render_to_string("_components/deck_plots.html", {"plots": plots})

    assert '<tr><th scope="row">1</th><td>3</td><td>4</td></tr>' in page
    assert page.count("<tr><th") == 2 + CURVE_TOP
    assert page.count("<svg") == page.count('aria-hidden="true"><svg') + page.count(
        'aria-hidden="true" focusable="false">'
    )
    assert "<b>7</b>" in page
    assert "red</span>" in page
    assert "style=" not in page


def test_no_cards_draw_nothing():
    assert render_to_string("_components/deck_plots.html", {"plots": deck_plots([])}).strip() == ""
