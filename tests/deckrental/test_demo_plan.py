"""The days of the demo's orders: the same story on every day of the week and of the year."""

from collections import Counter
from datetime import date, timedelta

import pytest

from deckrental.demo.loader import SHIPPING_METHODS, demo_decks
from deckrental.demo.order_plan import PLAN, SATURDAY, SUNDAY, PlanDays, PlannedOrder
from deckrental.demo.sign_ins import CUSTOMER, EMAILS
from inventory.periods import RentalPeriod
from inventory.shop_calendar import ALWAYS_OPEN, ShopCalendar, weekdays_of
from orders.dates import Schedule, check_rental_period, schedule_of
from orders.models import ShippingMethod

WEEKDAYS_ONLY = ShopCalendar(weekdays_of(["sat", "sun"]))
WITH_HOLIDAYS = ShopCalendar(weekdays_of(["sat", "sun"]), region="DE-BE")
ON_HOLIDAY = ShopCalendar(
    weekdays_of(["sun", "mon"]),
    closed_days=frozenset(date(2026, 12, 23) + timedelta(days=days) for days in range(12)),
)
A_WEEK = [date(2026, 11, 16) + timedelta(days=days) for days in range(7)]
NEW_YEAR = [date(2026, 12, 20) + timedelta(days=days) for days in range(24)]
EASTER = [date(2027, 3, 22) + timedelta(days=days) for days in range(10)]
CALENDARS = [
    pytest.param(ALWAYS_OPEN, id="always open"),
    pytest.param(WEEKDAYS_ONLY, id="weekdays"),
    pytest.param(WITH_HOLIDAYS, id="holidays"),
    pytest.param(ON_HOLIDAY, id="closed over the year's end"),
]
METHODS = {method["slug"]: ShippingMethod(**method) for method in SHIPPING_METHODS}


def on_any_day(test):
    days = pytest.mark.parametrize("today", [*A_WEEK, *NEW_YEAR, *EASTER], ids=str)
    return pytest.mark.parametrize("calendar", CALENDARS)(days(test))


def schedule_in(days: PlanDays, planned: PlannedOrder) -> Schedule:
    period = RentalPeriod(days.day(planned.first), days.day(planned.last))
    return schedule_of(period, METHODS[planned.shipping], days.calendar)


@on_any_day
def test_every_order_could_be_placed_when_it_was(calendar, today):
    days = PlanDays(today, calendar)
    for planned in PLAN:
        check_rental_period(
            first_day=days.day(planned.first),
            last_day=days.day(planned.last),
            method=METHODS[planned.shipping],
            today=days.day(planned.placed),
            calendar=calendar,
        )


@on_any_day
def test_what_has_happened_is_over_and_came_in_its_turn(calendar, today):
    days = PlanDays(today, calendar)
    for planned in PLAN:
        happened = [planned.placed, planned.left, planned.back, planned.cancelled]
        came = [days.day(day) for day in happened if day is not None]
        assert came == sorted(came)
        assert came[-1] < today
        if planned.left is not None:
            assert days.day(planned.left) == schedule_in(days, planned).leaves_on
        elif planned.cancelled is None:
            assert schedule_in(days, planned).leaves_on >= today


@on_any_day
def test_the_desk_has_something_to_do_on_the_next_open_days(calendar, today):
    days = PlanDays(today, calendar)
    to_leave = Counter(
        schedule_in(days, planned).leaves_on
        for planned in PLAN
        if planned.left is None and planned.cancelled is None
    )
    to_come = Counter(
        schedule_in(days, planned).due_back_on
        for planned in PLAN
        if planned.left is not None and planned.back is None
    )
    assert to_leave[days.day(0)] == 2
    assert to_leave[days.day(1)] >= 1
    assert to_come[days.day(0)] == to_come[days.day(1)] == 1
    assert [due for due in to_come if due < today] == [days.day(-2)]


@on_any_day
def test_the_weekend_is_the_next_one_that_begins_after_the_next_open_day_but_one(calendar, today):
    days = PlanDays(today, calendar)
    saturday, sunday = days.day(SATURDAY), days.day(SUNDAY)
    assert (saturday.weekday(), sunday) == (5, saturday + timedelta(days=1))
    assert timedelta() < saturday - days.day(1) <= timedelta(days=7)


@pytest.mark.parametrize(
    ("today", "days"),
    [
        ("2026-11-18", {-4: "2026-11-12", -1: "2026-11-17", 0: "2026-11-18", 3: "2026-11-23"}),  # a Wednesday
        ("2026-11-21", {-2: "2026-11-19", -1: "2026-11-20", 0: "2026-11-23", 1: "2026-11-24"}),  # a Saturday
        ("2027-01-01", {-6: "2026-12-23", -1: "2026-12-31", 0: "2027-01-04"}),  # a holiday, a Friday
    ],
)
def test_days_are_counted_from_today_and_closed_ones_are_left_out(today, days):
    counted = PlanDays(date.fromisoformat(today), WITH_HOLIDAYS)
    assert {day: str(counted.day(day)) for day in days} == days


def test_the_plan_speaks_of_decks_that_are_there_and_tells_its_orders_apart():
    offered = {deck.name.lower().replace(" ", "-") for deck in demo_decks() if deck.published}
    assert {planned.deck for planned in PLAN if planned.deck} <= offered
    whose = [(planned.who.email, planned.deck) for planned in PLAN if not planned.who.guest]
    assert {email for email, _ in whose} == {EMAILS[CUSTOMER]}
    assert len(set(whose)) == len(whose)
    guests = [planned.who.email for planned in PLAN if planned.who.guest]
    assert len(set(guests)) == len(guests)
