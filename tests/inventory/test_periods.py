from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.periods import BlockedPeriod, RentalPeriod
from inventory.shop_calendar import ShopCalendar

FRIDAY, SUNDAY = date(2026, 11, 27), date(2026, 11, 29)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
lengths = st.integers(0, 60)


def test_both_ends_of_a_rental_count():
    assert RentalPeriod(FRIDAY, SUNDAY).length == 3


def test_a_rental_cannot_end_before_it_begins():
    with pytest.raises(ValueError, match="before the first"):
        RentalPeriod(SUNDAY, FRIDAY)


def test_the_copies_are_away_from_dispatch_until_they_are_checked_in():
    blocked = RentalPeriod(FRIDAY, SUNDAY).blocked(transit_out_days=2, transit_back_days=3)

    assert blocked == BlockedPeriod(date(2026, 11, 25), date(2026, 12, 3))
    assert list(blocked.days())[-1] == date(2026, 12, 2)


def test_same_day_turnaround_gives_back_the_day_they_are_due():
    blocked = RentalPeriod(FRIDAY, SUNDAY).blocked(transit_back_days=3, same_day_turnaround=True)

    assert blocked.back_on == date(2026, 12, 2)


@given(days, lengths, st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_a_blocked_period_covers_the_rental_and_has_days(first_day, length, out, back, same_day):
    period = RentalPeriod(first_day, first_day + timedelta(days=length))

    blocked = period.blocked(transit_out_days=out, transit_back_days=back, same_day_turnaround=same_day)

    assert blocked.length >= 1
    assert blocked.out_on == period.first_day - timedelta(days=out)
    assert blocked.back_on >= period.last_day


@given(days, lengths, days)
def test_moving_a_period_keeps_its_length(first_day, length, elsewhere):
    period = RentalPeriod(first_day, first_day + timedelta(days=length))

    assert period.starting(elsewhere).length == period.length


# --- working days -----------------------------------------------------------------------------------------

WEEKENDS_CLOSED = ShopCalendar(frozenset({5, 6}))
SATURDAY, MONDAY = date(2026, 11, 28), date(2026, 11, 30)
calendars = st.builds(
    ShopCalendar,
    closed_weekdays=st.frozensets(st.integers(0, 6), max_size=6),
    region=st.sampled_from(["", "DE-BE"]),
    closed_days=st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=40),
)


def test_a_deck_travels_on_working_days():
    blocked = RentalPeriod(MONDAY, MONDAY).blocked(
        transit_out_days=2, transit_back_days=5, calendar=WEEKENDS_CLOSED
    )

    assert blocked == BlockedPeriod(date(2026, 11, 26), date(2026, 12, 8))  # Thursday; due on Monday


def test_a_deck_for_a_closed_day_comes_earlier_and_goes_back_later():
    period = RentalPeriod(SATURDAY, SUNDAY)

    blocked = period.blocked(transit_out_days=1, transit_back_days=1, calendar=WEEKENDS_CLOSED)

    assert blocked.out_on == date(2026, 11, 26)  # with the customer on Friday
    assert period.due_back(transit_back_days=1, calendar=WEEKENDS_CLOSED) == date(2026, 12, 1)
    assert blocked.back_on == date(2026, 12, 2)


def test_a_deck_for_the_weekend_is_picked_up_on_friday_and_brought_back_on_monday():
    blocked = RentalPeriod(SATURDAY, SUNDAY).blocked(calendar=WEEKENDS_CLOSED, same_day_turnaround=True)

    assert blocked == BlockedPeriod(FRIDAY, MONDAY)


def test_the_day_of_checking_in_is_a_day_of_the_calendar_not_a_working_day():
    period = RentalPeriod(FRIDAY, FRIDAY)

    assert period.blocked(calendar=WEEKENDS_CLOSED) == BlockedPeriod(FRIDAY, SATURDAY)


periods = st.builds(lambda first, length: RentalPeriod(first, first + timedelta(days=length)), days, lengths)


@given(periods, st.integers(0, 9), st.integers(0, 9), st.booleans(), calendars)
def test_a_deck_leaves_and_is_due_on_open_days_and_is_there_on_the_days_of_the_rental(
    period, out, back, same_day, calendar
):
    blocked = period.blocked(
        transit_out_days=out, transit_back_days=back, same_day_turnaround=same_day, calendar=calendar
    )
    due_on = period.due_back(transit_back_days=back, calendar=calendar)

    assert calendar.is_open(blocked.out_on)
    assert calendar.is_open(due_on)
    assert blocked.out_on <= period.first_day - timedelta(days=out)
    assert due_on >= period.last_day + timedelta(days=back)
    assert blocked.length >= 1
    assert blocked.back_on == max(due_on + timedelta(days=not same_day), blocked.out_on + timedelta(days=1))


@given(periods, days, st.integers(0, 9), st.integers(0, 9), st.booleans(), calendars)
def test_a_later_rental_does_not_leave_earlier_nor_come_back_earlier(
    period, other, out, back, same_day, calendar
):
    earlier, later = sorted((period, period.starting(other)), key=lambda candidate: candidate.first_day)
    terms = {
        "transit_out_days": out,
        "transit_back_days": back,
        "same_day_turnaround": same_day,
        "calendar": calendar,
    }

    assert earlier.blocked(**terms).out_on <= later.blocked(**terms).out_on
    assert earlier.blocked(**terms).back_on <= later.blocked(**terms).back_on
