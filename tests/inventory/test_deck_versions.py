"""The versions of a deck, and what became different."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from inventory.deck_versions import VERSIONS_PER_PAGE, changes_between, differences, versions_page
from tests.factories import CardFactory, deck_version, template_deck

LINES = st.dictionaries(
    st.tuples(st.integers(1, 5), st.sampled_from(["main", "sideboard"])), st.integers(1, 250), max_size=8
)


@given(LINES, LINES)
def test_before_and_what_came_and_went_make_after(before, after):
    changed = differences(before, after)

    summed = {key: before.get(key, 0) + changed.get(key, 0) for key in before.keys() | changed.keys()}
    assert {key: copies for key, copies in summed.items() if copies} == after
    assert 0 not in changed.values()


@pytest.mark.django_db
def test_every_version_says_what_came_and_what_went():
    bolt, shock, opt = (CardFactory(name=name) for name in ("Bolt", "Shock", "Opt"))
    deck = template_deck({bolt: 4, shock: 2})
    deck_version(deck, {bolt: 3, opt: 1, (shock, "sideboard"): 2})
    deck_version(deck, {bolt: 3, opt: 1})

    _, (third, second, first) = versions_page(deck)

    def told(changes):
        return [(change.copies, change.card, change.zone) for change in changes]

    assert told(third.went) == [(-2, shock, "sideboard")]
    assert told(third.came) == []
    assert told(second.changes) == [
        (-1, bolt, "main"),
        (1, opt, "main"),
        (-2, shock, "main"),
        (2, shock, "sideboard"),
    ]
    assert told(first.came) == [(4, bolt, "main"), (2, shock, "main")]
    assert [version.copies for version in (third, second, first)] == [4, 6, 6]


@pytest.mark.django_db
def test_the_oldest_version_on_a_page_is_compared_with_the_one_on_the_next():
    card = CardFactory()
    deck = template_deck({card: 1})
    for copies in range(2, VERSIONS_PER_PAGE + 2):
        deck_version(deck, {card: copies})

    page, versions = versions_page(deck, page=1)

    assert page.paginator.num_pages == 2
    assert [[change.copies for change in shown.changes] for shown in versions] == [[1]] * VERSIONS_PER_PAGE


@pytest.mark.django_db
def test_changes_between_two_lists_name_the_cards():
    bolt, shock = CardFactory(name="Bolt"), CardFactory(name="Shock")

    changes = changes_between({(bolt.pk, "main"): 1}, {(shock.pk, "main"): 1}, cards={bolt.pk: bolt})

    assert [(change.card, change.copies) for change in changes] == [(bolt, -1), (shock, 1)]


@pytest.mark.django_db
@pytest.mark.parametrize("lines", [1, 100])
def test_versions_are_read_in_four_queries(lines):
    deck = template_deck({CardFactory(): 1 for _ in range(lines)})
    deck_version(deck, {CardFactory(): 1 for _ in range(lines)})

    with CaptureQueriesContext(connection) as captured:
        versions_page(deck)

    assert len(captured) == 4
