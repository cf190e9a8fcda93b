"""The table of free copies, by example and against the plainest way to read it."""

import itertools
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.free_days import DAY, FreeDays, stretches
from inventory.periods import BlockedPeriod

START = date(2026, 1, 1)


def table(days: int, cards, changes) -> FreeDays:
    """From changes as (card, day, copies more or fewer from then on)."""
    columns = list(zip(*changes, strict=True)) or [(), (), ()]
    return FreeDays.of_spans(START, days, cards, columns[0], columns[1], [days] * len(columns[0]), columns[2])


def day(offset: int) -> date:
    return START + timedelta(days=offset)


def test_before_the_first_change_nothing_is_free():
    free = table(3, [7], [(7, 1, 4)])

    assert free.by_day() == {7: [0, 4, 4]}
    assert free.smallest() == {7: 0}


def test_what_is_missing_is_told_for_each_day_and_never_more_than_was_asked_for():
    free = table(4, [7, 8], [(7, 0, 4), (7, 1, -3), (7, 2, -3), (7, 3, 6), (8, 0, 2)])

    assert free.by_day()[7] == [4, 1, -2, 4]
    assert free.missing({7: 2, 8: 2}) == {7: {day(1): 1, day(2): 2}}


def test_a_span_ends_on_the_day_after_its_last():
    free = FreeDays.of_spans(START, 4, [8, 7], [7, 8, 7], [0, 0, 1], [4, 4, 3], [4, 2, -3])

    assert free.by_day() == {7: [4, 1, 1, 4], 8: [2, 2, 2, 2]}


def test_overpromised_is_what_is_below_zero():
    free = table(3, [7, 8], [(7, 0, 1), (7, 1, -3), (8, 0, 0)])

    assert free.overpromised() == {7: {day(1): 2, day(2): 2}}


def test_no_cards_no_answers():
    free = table(3, [], [])

    assert (free.smallest(), free.by_day(), free.missing({})) == ({}, {}, {})
    assert free.short_by_period({}, [BlockedPeriod(day(0), day(2))]) == [0]


tables = st.integers(1, 12).flatmap(
    lambda days: st.tuples(
        st.just(days),
        st.lists(
            st.tuples(st.sampled_from([7, 8]), st.integers(0, days - 1), st.integers(-4, 6)), max_size=12
        ),
        st.lists(
            st.tuples(st.integers(0, days - 1), st.integers(1, days)).filter(lambda ends: ends[0] < ends[1]),
            max_size=6,
        ),
    )
)


@given(tables, st.integers(1, 5), st.integers(1, 5))
def test_a_period_is_short_by_the_worst_day_of_each_card(drawn, seven, eight):
    days, changes, ends = drawn
    demand = {7: seven, 8: eight}
    free = table(days, demand, changes)
    periods = [BlockedPeriod(day(out), day(back)) for out, back in ends]

    by_day = free.by_day()
    expected = [
        sum(
            max(min(max(quantity - by_day[card][one], 0), quantity) for one in range(out, back))
            for card, quantity in demand.items()
        )
        for out, back in ends
    ]
    assert free.short_by_period(demand, periods) == expected


def test_a_table_can_end_earlier():
    free = table(4, [7, 8], [(7, 0, 4), (7, 2, -3), (8, 3, 1)])

    assert free.until(day(3)).by_day() == {7: [4, 4, 1], 8: [0, 0, 0]}
    assert free.until(day(3)).missing({7: 4, 8: 0}) == {7: {day(2): 3}}


@given(tables, st.integers(1, 5), st.data())
def test_the_next_day_with_enough_is_the_first_of_the_days_after(drawn, quantity, data):
    days, changes, _ = drawn
    after = data.draw(st.integers(0, days - 1))
    free = table(days, [8, 7], changes)

    by_day = free.by_day()[7]
    expected = [one for one in range(after + 1, days) if by_day[one] >= quantity]
    assert free.next_with(7, quantity, after=day(after)) == (day(expected[0]) if expected else None)
    assert free.on(7, day(after)) == by_day[after]


@given(st.dictionaries(st.integers(0, 20).map(day), st.integers(1, 3)))
def test_stretches_hold_every_day_once_and_do_not_touch_with_the_same_number(days):
    found = stretches(days)

    spread_out = {
        first + offset * DAY: number
        for first, last, number in found
        for offset in range((last - first).days + 1)
    }
    assert spread_out == days
    for (_, last, number), (first, _, other) in itertools.pairwise(found):
        assert last < first - DAY or number != other
