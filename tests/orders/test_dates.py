"""Which days can be rented: every limit, on it and one day beyond it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.periods import RentalPeriod
from inventory.shop_calendar import ALWAYS_OPEN, ShopCalendar
from orders.dates import (
    RentalPeriodError,
    Schedule,
    blocked_period,
    check_rental_period,
    earliest_dispatch,
    earliest_first_day,
    schedule_of,
)
from orders.models import ShippingMethod

TODAY = date(2026, 11, 21)
PICKUP = ShippingMethod(
    name="Pickup", price_cents=0, transit_out_days=0, transit_back_days=0, lead_days=0, needs_address=False
)
STANDARD = ShippingMethod(
    name="Standard", price_cents=590, transit_out_days=2, transit_back_days=3, lead_days=1
)
MAX_DAYS = 28
HORIZON_DAYS = 365


@pytest.fixture(autouse=True)
def _limits(settings) -> None:
    settings.RENTAL_MAX_DAYS = MAX_DAYS
    settings.RENTAL_HORIZON_DAYS = HORIZON_DAYS


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def check(first: int, last: int, method: ShippingMethod = PICKUP) -> RentalPeriod:
    """Days as offsets from today."""
    return check_rental_period(
        first_day=day(first), last_day=day(last), method=method, today=TODAY, calendar=ALWAYS_OPEN
    )


@pytest.mark.parametrize(
    ("first", "last", "method"),
    [
        pytest.param(0, 0, PICKUP, id="today, for a day"),
        pytest.param(3, 5, STANDARD, id="the earliest day that standard shipping reaches"),
        pytest.param(10, 10 + MAX_DAYS - 1, PICKUP, id="as long as the shop rents"),
        pytest.param(HORIZON_DAYS, HORIZON_DAYS, PICKUP, id="the last day that is planned"),
        pytest.param(
            HORIZON_DAYS, HORIZON_DAYS + MAX_DAYS - 1, STANDARD, id="from the horizon, as long as can be"
        ),
    ],
)
def test_days_within_the_limits_are_a_rental_period(first, last, method):
    assert check(first, last, method) == RentalPeriod(day(first), day(last))


@pytest.mark.parametrize(
    ("first", "last", "method", "field", "words"),
    [
        pytest.param(-1, 3, PICKUP, "first_day", "has passed", id="yesterday"),
        pytest.param(-1, -2, PICKUP, "first_day", "has passed", id="past and reversed"),
        pytest.param(5, 4, PICKUP, "last_day", "before the first", id="reversed"),
        pytest.param(2, 4, STANDARD, "first_day", "24 November 2026", id="a day too early for standard"),
        pytest.param(0, 2, STANDARD, "first_day", "With standard", id="today with standard"),
        pytest.param(
            HORIZON_DAYS + 1,
            HORIZON_DAYS + 2,
            PICKUP,
            "first_day",
            "21 November 2027",
            id="beyond the horizon",
        ),
        pytest.param(
            10, 10 + MAX_DAYS, PICKUP, "last_day", "29 days; we rent for at most 28", id="a day too long"
        ),
    ],
)
def test_days_beyond_a_limit_name_the_field_and_what_to_do(first, last, method, field, words):
    with pytest.raises(RentalPeriodError, match=words) as caught:
        check(first, last, method)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("first_day", "last_day"),
    [(date.min, date.min), (date.max, date.max), (date.min, date.max), (date.max, date.min)],
)
def test_the_ends_of_the_calendar_are_refused_and_do_not_crash(first_day, last_day):
    with pytest.raises(RentalPeriodError):
        check_rental_period(
            first_day=first_day, last_day=last_day, method=STANDARD, today=TODAY, calendar=ALWAYS_OPEN
        )


def test_a_rental_may_end_beyond_the_horizon_but_not_in_the_year_9999():
    with pytest.raises(RentalPeriodError) as caught:
        check_rental_period(
            first_day=TODAY, last_day=date.max, method=PICKUP, today=TODAY, calendar=ALWAYS_OPEN
        )

    assert caught.value.field == "last_day"


@pytest.mark.parametrize(("lead", "transit", "earliest"), [(0, 0, 0), (1, 0, 1), (0, 2, 2), (1, 2, 3)])
def test_the_earliest_day_is_after_getting_ready_and_transit(lead, transit, earliest):
    method = ShippingMethod(name="Post", lead_days=lead, transit_out_days=transit, transit_back_days=9)

    assert earliest_first_day(method, today=TODAY, calendar=ALWAYS_OPEN) == day(earliest)


def test_the_copies_are_away_from_dispatch_until_the_day_after_they_are_due():
    blocked = blocked_period(RentalPeriod(day(10), day(12)), STANDARD, ALWAYS_OPEN)

    assert (blocked.out_on, blocked.back_on) == (day(8), day(16))


def test_with_a_turnaround_on_the_same_day_they_can_leave_again_on_the_day_they_are_due(settings):
    settings.SAME_DAY_TURNAROUND = True

    blocked = blocked_period(RentalPeriod(day(10), day(12)), STANDARD, ALWAYS_OPEN)

    assert (blocked.out_on, blocked.back_on) == (day(8), day(15))


def test_the_schedule_says_when_it_leaves_and_when_it_must_be_back():
    schedule = schedule_of(RentalPeriod(day(10), day(12)), STANDARD, ALWAYS_OPEN)

    assert schedule == Schedule(leaves_on=day(8), first_day=day(10), last_day=day(12), due_back_on=day(15))


def test_a_picked_up_deck_leaves_on_the_first_day_and_must_be_back_on_the_last():
    schedule = schedule_of(RentalPeriod(day(10), day(12)), PICKUP, ALWAYS_OPEN)

    assert (schedule.leaves_on, schedule.due_back_on) == (day(10), day(12))


# --- working days -----------------------------------------------------------------------------------------

WEEKENDS_CLOSED = ShopCalendar(frozenset({5, 6}))  # TODAY is a Saturday


@pytest.mark.parametrize(
    ("today", "method", "dispatch", "first_day"),
    [
        pytest.param(-1, PICKUP, -1, -1, id="on Friday, for today"),
        pytest.param(0, PICKUP, 2, 2, id="on Saturday: from Monday on"),
        pytest.param(-1, STANDARD, 2, 4, id="on Friday: leaves on Monday, two days"),
        pytest.param(0, STANDARD, 3, 5, id="on Saturday: got ready on Monday, leaves on Tuesday"),
        pytest.param(1, STANDARD, 3, 5, id="on Sunday: the same"),
        pytest.param(2, STANDARD, 3, 5, id="on Monday: the same"),
    ],
)
def test_what_is_ordered_on_a_closed_day_is_as_if_ordered_on_the_next_open_one(
    today, method, dispatch, first_day
):
    known = {"today": day(today), "calendar": WEEKENDS_CLOSED}

    assert earliest_dispatch(method, **known) == day(dispatch)
    assert earliest_first_day(method, **known) == day(first_day)


def test_a_day_that_is_too_early_for_working_days_is_told_the_right_one():
    with pytest.raises(RentalPeriodError, match="26 November 2026") as caught:
        check_rental_period(
            first_day=day(4), last_day=day(6), method=STANDARD, today=TODAY, calendar=WEEKENDS_CLOSED
        )

    assert caught.value.field == "first_day"


def test_a_rental_may_begin_and_end_on_closed_days():
    period = check_rental_period(
        first_day=day(7), last_day=day(8), method=STANDARD, today=TODAY, calendar=WEEKENDS_CLOSED
    )

    assert schedule_of(period, STANDARD, WEEKENDS_CLOSED) == Schedule(
        leaves_on=day(4), first_day=day(7), last_day=day(8), due_back_on=day(12)
    )  # leaves on Wednesday, is there on Friday; posted on Monday, due on Thursday


@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(0, 60),
    st.builds(
        ShippingMethod,
        lead_days=st.integers(0, 5),
        transit_out_days=st.integers(0, 5),
        transit_back_days=st.integers(0, 5),
    ),
    st.builds(
        ShopCalendar,
        closed_weekdays=st.frozensets(st.integers(0, 6), max_size=6),
        region=st.sampled_from(["", "DE-BE"]),
        closed_days=st.frozensets(st.dates(date(2026, 1, 1), date(2028, 3, 1)), max_size=40),
    ),
)
def test_from_the_earliest_day_on_every_deck_can_leave_in_time_and_before_it_none(
    today, later, method, calendar
):
    dispatch = earliest_dispatch(method, today=today, calendar=calendar)
    earliest = earliest_first_day(method, today=today, calendar=calendar)

    def leaves_on(first_day: date) -> date:
        return blocked_period(RentalPeriod(first_day, first_day), method, calendar).out_on

    assert leaves_on(earliest) == dispatch
    assert leaves_on(earliest + timedelta(days=later)) >= dispatch >= today
    assert leaves_on(earliest - timedelta(days=1)) < dispatch
