"""The desk's page of closed days: what it shows, what it closes and opens, and whose promises it warns of."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import ClosedDay
from orders.desk_calendar import desk_calendar
from orders.models import Order
from orders.states import Status
from tests.factories import TODAY, StaffFactory, UserFactory, cart_with, placed, settled, stocked_card

pytestmark = pytest.mark.django_db

PAGE = "/staff/calendar/"


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def close(first: int, last: int | None = None) -> ClosedDay:
    """Days as offsets from today."""
    return ClosedDay.objects.create(
        first_day=day(first), last_day=day(first if last is None else last), reason="Stocktaking"
    )


def clerk() -> Client:
    client = Client()
    client.force_login(StaffFactory())
    return client


def clashes() -> list[tuple[Order, bool, bool]]:
    return [(clash.order, clash.leaves, clash.due) for clash in desk_calendar(today=TODAY).clashes]


# --- what is shown ------------------------------------------------------------------------------------------


def test_weekdays_and_the_holidays_of_a_year_are_named(settings):
    settings.CLOSED_WEEKDAYS, settings.HOLIDAYS = frozenset({6, 0}), "DE"

    calendar = desk_calendar(today=date(2026, 12, 25))

    assert calendar.weekdays == ("Mondays", "Sundays")
    assert [(holiday.day, holiday.name) for holiday in calendar.holidays[:3]] == [
        (date(2026, 12, 25), "Christmas Day"),
        (date(2026, 12, 26), "Second Day of Christmas"),
        (date(2027, 1, 1), "New Year's Day"),
    ]
    assert calendar.holidays[-1].day == date(2027, 12, 25)


def test_own_days_are_shown_until_they_are_over():
    close(-3, -1)
    later, now = close(5), close(-3, 0)

    assert desk_calendar(today=TODAY).closed == (now, later)


def test_the_page_shows_all_of_it(settings):
    order = placed({stocked_card(4): 1})  # before any day was closed: none is moved
    settings.CLOSED_WEEKDAYS, settings.HOLIDAYS = frozenset({6}), "DE"
    close(10)

    page = clerk().get(PAGE).content.decode()

    for words in ("Sundays", "Christmas Day", "Stocktaking", order.number):
        assert words in page


# --- promises that a closed day gets in the way of ----------------------------------------------------------


def test_orders_that_leave_or_are_due_on_a_closed_day_are_listed():
    card = stocked_card(9)
    leaves, due = placed({card: 1}), placed({card: 1}, first_day=day(8))
    both, neither = placed({card: 1}, days=1), placed({card: 1}, first_day=day(11))
    close(10)

    assert neither.pk not in {order.pk for order, _, _ in clashes()}
    assert {order.pk: on for order, *on in clashes()} == {
        leaves.pk: [True, False],
        due.pk: [False, True],
        both.pk: [True, True],
    }


def test_the_rule_of_the_week_counts_too(settings):
    order = placed({stocked_card(1): 1})
    settings.CLOSED_WEEKDAYS = frozenset({day(10).weekday()})

    assert clashes() == [(order, True, False)]


def test_orders_that_wait_are_promised_too():
    order = placed({stocked_card(0): 1})
    close(10)

    assert order.status == Status.PENDING
    assert clashes() == [(order, True, False)]


def test_what_is_with_the_customer_has_left():
    order = placed({stocked_card(1): 1})
    Order.objects.update(status=Status.DISPATCHED)
    close(10)
    assert clashes() == []

    close(12)
    assert clashes() == [(order, False, True)]


def test_carts_answers_not_given_and_days_that_are_over_promise_nothing():
    cart_with({stocked_card(1): 1})
    settled({stocked_card(0): 1})
    over = placed({stocked_card(1): 1}, first_day=day(0), days=1)
    Order.objects.filter(pk=over.pk).update(
        out_on=day(-5), first_day=day(-5), last_day=day(-5), due_on=day(-5), back_on=day(-4)
    )
    close(10, 12)
    close(-5)

    assert clashes() == []


# --- closing and opening ------------------------------------------------------------------------------------


def test_staff_close_days():
    response = clerk().post(
        PAGE, {"first_day": day(5).isoformat(), "last_day": day(7).isoformat(), "reason": "Moving"}
    )

    closed = ClosedDay.objects.get()
    assert response["Location"] == PAGE
    assert (closed.first_day, closed.last_day, closed.reason) == (day(5), day(7), "Moving")


def test_one_day_needs_no_last_one():
    clerk().post(PAGE, {"first_day": day(5).isoformat(), "reason": "Moving"})

    assert ClosedDay.objects.get().last_day == day(5)


def test_a_second_click_closes_nothing_twice():
    client = clerk()
    for reason in ("Moving", "Moving to Berlin"):
        client.post(PAGE, {"first_day": day(5).isoformat(), "reason": reason})

    assert ClosedDay.objects.get().reason == "Moving to Berlin"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_day": ""}, "first_day"),
        ({"first_day": "soon"}, "first_day"),
        ({"first_day": "2026-12-24\0"}, "first_day"),
        ({"first_day": day(-2).isoformat(), "last_day": day(-1).isoformat()}, "first_day"),
        ({"last_day": day(4).isoformat()}, "last_day"),
        ({"last_day": day(5 + 366).isoformat()}, "last_day"),
        ({"last_day": "9999-12-31"}, "last_day"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 101}, "reason"),
        ({"reason": "a\0b"}, "reason"),
    ],
)
def test_days_that_cannot_be_meant_are_not_closed_and_the_field_says_so(changes, field):
    response = clerk().post(PAGE, {"first_day": day(5).isoformat(), "reason": "Moving"} | changes)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not ClosedDay.objects.exists()


def test_the_shop_may_close_for_a_year_from_today():
    clerk().post(PAGE, {"first_day": TODAY, "last_day": day(365), "reason": "Around the world"})

    assert ClosedDay.objects.get().last_day == day(365)


def test_staff_open_days_again():
    closed = close(5)
    client = clerk()

    for _ in range(2):  # twice: a second click finds them open
        response = client.post(reverse("orders:staff_reopen", args=[closed.pk]))
        assert response["Location"] == PAGE

    assert not ClosedDay.objects.exists()


def test_days_that_never_were_are_open():
    assert clerk().post(f"/staff/calendar/{'9' * 30}/reopen/").status_code == 302


@pytest.mark.parametrize("customer", [True, False])
def test_only_staff_close_and_open(customer):
    client, closed = Client(), close(3)
    if customer:
        client.force_login(UserFactory())

    for address in (PAGE, reverse("orders:staff_reopen", args=[closed.pk])):
        response = client.post(address, {"first_day": day(5).isoformat(), "reason": "Mischief"})
        assert response.status_code == (403 if customer else 302)

    assert list(ClosedDay.objects.all()) == [closed]


@pytest.mark.parametrize("many", [1, 30])
def test_the_page_asks_the_database_as_often_for_many_days_and_orders(many):
    card = stocked_card(many)
    for offset in range(many):
        placed({card: 1})
        close(10 + offset)
    client = clerk()
    client.get(PAGE)

    with CaptureQueriesContext(connection) as asked:
        assert len(client.get(PAGE).context["calendar"].clashes) == many

    assert len(asked) == 7, "\n".join(query["sql"] for query in asked)
