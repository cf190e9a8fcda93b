"""The open days: by example, and every step against counting day by day."""

import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.shop_calendar import (
    ALWAYS_OPEN,
    NoOpenDay,
    ShopCalendar,
    check_region,
    holidays_of,
    weekdays_of,
)

WEEKENDS = frozenset({5, 6})
FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 11, 27) + timedelta(days=n) for n in range(4))
CHRISTMAS_DAY = date(2026, 12, 25)  # a Friday

days = st.dates(date(2025, 1, 1), date(2028, 12, 31))
calendars = st.builds(
    ShopCalendar,
    closed_weekdays=st.frozensets(st.integers(0, 6), max_size=6),
    region=st.sampled_from(["", "DE", "DE-BE"]),
    closed_days=st.frozensets(days, max_size=40),
)


def test_always_open_is_open_on_every_day():
    assert all(ALWAYS_OPEN.is_open(SATURDAY + timedelta(days=n)) for n in range(400))


def test_closed_weekdays_holidays_and_own_days_are_closed():
    calendar = ShopCalendar(WEEKENDS, "DE", frozenset({MONDAY}))

    assert calendar.is_open(FRIDAY)
    assert not any(calendar.is_open(day) for day in (SATURDAY, SUNDAY, MONDAY, CHRISTMAS_DAY))


def test_a_part_of_a_country_has_holidays_of_its_own():
    womens_day = date(2028, 3, 8)  # in Berlin, not in all of Germany

    assert ShopCalendar(region="DE").is_open(womens_day)
    assert not ShopCalendar(region="DE-BE").is_open(womens_day)


def test_a_holiday_has_a_name():
    assert holidays_of("DE", 2026)[CHRISTMAS_DAY] == "Christmas Day"


@pytest.mark.parametrize(
    ("day", "days", "before", "after"),
    [
        pytest.param(FRIDAY, 0, FRIDAY, FRIDAY, id="an open day is its own"),
        pytest.param(SATURDAY, 0, FRIDAY, MONDAY, id="a closed day"),
        pytest.param(SUNDAY, 1, FRIDAY - timedelta(days=1), MONDAY + timedelta(days=1), id="and one more"),
        pytest.param(FRIDAY, 5, FRIDAY - timedelta(days=7), FRIDAY + timedelta(days=7), id="a working week"),
    ],
)
def test_steps_skip_the_weekend(day, days, before, after):
    calendar = ShopCalendar(WEEKENDS)

    assert calendar.before(day, days) == before
    assert calendar.after(day, days) == after


def test_steps_go_across_the_turn_of_the_year():
    calendar = ShopCalendar(WEEKENDS, "DE")

    assert calendar.after(date(2026, 12, 24), 1) == date(2026, 12, 28)
    assert calendar.after(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert calendar.before(date(2027, 1, 3), 0) == date(2026, 12, 31)


def count(calendar: ShopCalendar, day: date, days: int, step: timedelta) -> date:
    """Day by day: the formula once more."""
    while not calendar.is_open(day):
        day += step
    for _ in range(days):
        day += step
        while not calendar.is_open(day):
            day += step
    return day


@given(calendars, days, st.integers(0, 30))
def test_a_step_is_counting_day_by_day(calendar, day, days):
    assert calendar.before(day, days) == count(calendar, day, days, timedelta(days=-1))
    assert calendar.after(day, days) == count(calendar, day, days, timedelta(days=1))


@given(calendars, days, days, st.integers(0, 30))
def test_whoever_starts_later_arrives_no_earlier(calendar, day, other, days):
    first, second = sorted((day, other))

    assert calendar.after(first, days) <= calendar.after(second, days)
    assert calendar.before(first, days) <= calendar.before(second, days)


@given(calendars, days, st.integers(0, 30))
def test_from_an_open_day_there_and_back_is_where_one_was(calendar, day, days):
    day = calendar.on_or_after(day)

    assert calendar.before(calendar.after(day, days), days) == day
    assert calendar.after(calendar.before(day, days), days) == day


@given(days, st.integers(0, 400))
def test_where_every_day_is_open_a_step_is_a_day(day, days):
    assert ALWAYS_OPEN.before(day, days) == day - timedelta(days=days)
    assert ALWAYS_OPEN.after(day, days) == day + timedelta(days=days)


def test_the_closed_days_between_two_days_count_both():
    assert ShopCalendar(WEEKENDS).closed_between(SATURDAY - timedelta(days=7), SATURDAY) == [
        SATURDAY - timedelta(days=7),
        SUNDAY - timedelta(days=7),
        SATURDAY,
    ]


def test_a_week_without_an_open_day_is_no_calendar():
    with pytest.raises(NoOpenDay, match="every day of the week"):
        ShopCalendar(frozenset(range(7)))


@pytest.mark.parametrize("step", ["before", "after"])
def test_a_search_that_finds_no_open_day_ends(step):
    edge, away = (date.min, 1) if step == "before" else (date.max, -1)
    closed = frozenset(edge + away * timedelta(days=n) for n in range(400))

    with pytest.raises(NoOpenDay):
        getattr(ShopCalendar(closed_days=closed), step)(edge, 0)


def test_a_shop_may_be_closed_for_more_than_a_year():
    closed = frozenset(date(2026, 6, 1) + timedelta(days=n) for n in range(800))
    calendar = ShopCalendar(closed_days=closed)

    assert calendar.on_or_after(date(2026, 7, 1)) == date(2026, 6, 1) + timedelta(days=800)
    assert calendar.on_or_before(date(2028, 7, 1)) == date(2026, 5, 31)


def test_a_year_of_steps_takes_no_time():
    calendar = ShopCalendar(WEEKENDS, "DE-BE", frozenset({MONDAY}))
    ShopCalendar(WEEKENDS, "DE-BE").after(MONDAY + timedelta(days=400), 3)  # once in a process
    started = time.perf_counter()

    for offset in range(365):
        calendar.before(MONDAY + timedelta(days=offset), 2)
        calendar.after(MONDAY + timedelta(days=offset), 3)

    assert time.perf_counter() - started < 0.05  # it takes about 1 ms; the machine may be busy


# --- as it is written in the settings -----------------------------------------------------------------------


@pytest.mark.parametrize(("names", "weekdays"), [([], set()), (["sat", "sun"], {5, 6}), ([" Mon "], {0})])
def test_weekdays_are_read(names, weekdays):
    assert weekdays_of(names) == weekdays


def test_a_weekday_that_is_none_is_named():
    with pytest.raises(ValueError, match="“caturday” is no weekday"):
        weekdays_of(["sat", "caturday"])


@pytest.mark.parametrize("region", ["", "DE", "DE-BE", "FR", "US-CA"])
def test_regions_are_read(region):
    assert check_region(region) == region


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ("Atlantis", "of “Atlantis”"),
        ("de", "of “de”"),
        ("XX", "of “XX”"),
        ("Germany", "of “Germany”"),
        ("DE-ZZ", "of “ZZ” in DE. Known are BB, BE"),
        ("DE-", "of “” in DE"),
    ],
)
def test_a_region_without_known_holidays_is_named(region, words):
    with pytest.raises(ValueError, match=words):
        check_region(region)
