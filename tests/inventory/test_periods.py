from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.periods import BlockedPeriod, RentalPeriod

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
