"""The days in the address of a page: which are used, and what is said where they are not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.closed_days import close
from inventory.periods import BlockedPeriod, RentalPeriod
from inventory.rental_days import AskedDays, asked_days
from inventory.shop_calendar import ALWAYS_OPEN, ShopCalendar

FRIDAY = date(2026, 11, 20)
WEEKENDS_OFF = ShopCalendar(closed_weekdays=frozenset({5, 6}))
MAX_DAYS, HORIZON_DAYS = 28, 365


@pytest.fixture(autouse=True)
def _limits(settings) -> None:
    settings.RENTAL_MAX_DAYS = MAX_DAYS
    settings.RENTAL_HORIZON_DAYS = HORIZON_DAYS
    settings.SAME_DAY_TURNAROUND = False


def asked(
    first: str | int, last: str | int, *, today: date = FRIDAY, calendar: ShopCalendar = ALWAYS_OPEN
) -> AskedDays:
    """Whole numbers are days from today."""
    first, last = (
        (today + timedelta(days=day)).isoformat() if isinstance(day, int) else day for day in (first, last)
    )
    return asked_days({"from": first, "to": last}, today=today, calendar=calendar)


def test_days_that_can_be_rented_are_blocked_until_the_day_after_they_come_back():
    days = asked(3, 5)

    assert days
    assert days.period == RentalPeriod(date(2026, 11, 23), date(2026, 11, 25))
    assert days.blocked == BlockedPeriod(date(2026, 11, 23), date(2026, 11, 26))
    assert (days.message, days.note) == ("", "")


def test_with_same_day_turnaround_the_last_day_is_free_again(settings):
    settings.SAME_DAY_TURNAROUND = True

    assert asked(3, 5).blocked == BlockedPeriod(date(2026, 11, 23), date(2026, 11, 25))


def test_an_address_without_days_asks_for_none():
    assert asked_days({}, today=FRIDAY) == AskedDays()
    assert not asked("", "  ")


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        (3, "", "Choose the last day, too."),
        ("", 3, "Choose the first day, too."),
        (-1, 3, "has passed"),
        (5, 4, "before the first"),
        (3, 3 + MAX_DAYS, "29 days; we rent for at most 28"),
        (HORIZON_DAYS + 1, HORIZON_DAYS + 1, "We plan until Saturday 20 November"),
        ("tomorrow", 3, "“tomorrow” is no day"),
        ("2026-11-31", 3, "“2026-11-31” is no day"),
        ("20261123", "20261124", "is no day"),
        ("9999-12-30", "9999-12-31", "We plan until"),
    ],
)
def test_days_that_make_no_sense_are_not_used_and_the_visitor_is_told(first, last, message):
    days = asked(first, last)

    assert not days
    assert days.blocked is None
    assert message in days.message


@pytest.mark.parametrize(("first", "last"), [(0, 0), (HORIZON_DAYS, HORIZON_DAYS), (3, 2 + MAX_DAYS)])
def test_every_limit_itself_can_be_rented(first, last):
    assert asked(first, last)


def test_what_was_written_is_given_back_also_where_it_is_wrong():
    days = asked("tomorrow", " 2026-11-23 ")

    assert (days.first_text, days.last_text) == ("tomorrow", "2026-11-23")


def test_over_closed_days_the_cards_leave_before_and_come_back_after():
    days = asked(8, 9, calendar=WEEKENDS_OFF)  # Saturday and Sunday

    assert days.blocked == BlockedPeriod(date(2026, 11, 27), date(2026, 12, 1))
    assert days.note == (
        "The shop is closed on Saturday 28 November and Sunday 29 November: you collect the cards on "
        "Friday 27 November and bring them back on Monday 30 November."
    )


def test_on_a_closed_day_nothing_can_begin_before_the_shop_opens():
    saturday = FRIDAY + timedelta(days=1)

    days = asked(1, 4, today=saturday, calendar=WEEKENDS_OFF)

    assert not days
    assert "opens on Monday 23 November" in days.message


@pytest.mark.django_db
def test_the_shops_own_closed_days_are_known(settings):
    settings.CLOSED_WEEKDAYS = frozenset()
    monday = FRIDAY + timedelta(days=3)
    close(first_day=monday, last_day=monday, reason="Stocktaking", today=FRIDAY)

    days = asked_days({"from": "2026-11-23", "to": "2026-11-24"}, today=FRIDAY)

    assert days.blocked == BlockedPeriod(date(2026, 11, 22), date(2026, 11, 25))


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_is_written_gets_days_or_a_message(first, last):
    days = asked(first, last)

    assert bool(days) == (days.blocked is not None)
    assert bool(days.message) == (not days and bool(first.strip() or last.strip()))
