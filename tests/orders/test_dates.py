"""Which days can be rented: every limit, on it and one day beyond it."""

from datetime import date, timedelta

import pytest

from inventory.periods import RentalPeriod
from orders.dates import (
    RentalPeriodError,
    Schedule,
    blocked_period,
    check_rental_period,
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
    return check_rental_period(first_day=day(first), last_day=day(last), method=method, today=TODAY)


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
        check_rental_period(first_day=first_day, last_day=last_day, method=STANDARD, today=TODAY)


def test_a_rental_may_end_beyond_the_horizon_but_not_in_the_year_9999():
    with pytest.raises(RentalPeriodError) as caught:
        check_rental_period(first_day=TODAY, last_day=date.max, method=PICKUP, today=TODAY)

    assert caught.value.field == "last_day"


@pytest.mark.parametrize(("lead", "transit", "earliest"), [(0, 0, 0), (1, 0, 1), (0, 2, 2), (1, 2, 3)])
def test_the_earliest_day_is_after_getting_ready_and_transit(lead, transit, earliest):
    method = ShippingMethod(name="Post", lead_days=lead, transit_out_days=transit, transit_back_days=9)

    assert earliest_first_day(method, today=TODAY) == day(earliest)


def test_the_copies_are_away_from_dispatch_until_the_day_after_they_are_due():
    blocked = blocked_period(RentalPeriod(day(10), day(12)), STANDARD)

    assert (blocked.out_on, blocked.back_on) == (day(8), day(16))


def test_with_a_turnaround_on_the_same_day_they_can_leave_again_on_the_day_they_are_due(settings):
    settings.SAME_DAY_TURNAROUND = True

    blocked = blocked_period(RentalPeriod(day(10), day(12)), STANDARD)

    assert (blocked.out_on, blocked.back_on) == (day(8), day(15))


def test_the_schedule_says_when_it_leaves_and_when_it_must_be_back():
    schedule = schedule_of(RentalPeriod(day(10), day(12)), STANDARD)

    assert schedule == Schedule(leaves_on=day(8), first_day=day(10), last_day=day(12), due_back_on=day(15))


def test_a_picked_up_deck_leaves_on_the_first_day_and_must_be_back_on_the_last():
    schedule = schedule_of(RentalPeriod(day(10), day(12)), PICKUP)

    assert (schedule.leaves_on, schedule.due_back_on) == (day(10), day(12))
