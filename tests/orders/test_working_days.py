"""The calendar of closed days, from the choice of days to the order that was promised."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError

from inventory.models import ClosedDay
from orders import checkout
from orders.checkout import CheckoutError, accept_shortfall, move_to_date, set_shipping, settle
from orders.dates import RentalPeriodError, Schedule
from orders.deck_availability import deck_available
from orders.forms import ShippingForm
from orders.lines import lines_of
from orders.models import Order
from orders.order_page import order_page
from orders.states import Status
from orders.transitions import customer
from tests.factories import (
    TODAY,
    PickupFactory,
    ShippingMethodFactory,
    cart_with,
    held_payment,
    placed,
    settled,
    stocked_card,
)

pytestmark = pytest.mark.django_db


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def close(first: int, last: int | None = None) -> ClosedDay:
    """Days as offsets from today."""
    return ClosedDay.objects.create(
        first_day=day(first), last_day=day(first if last is None else last), reason="Stocktaking"
    )


def days_of(order: Order) -> tuple[int, ...]:
    """Leaves, due and back, as offsets from today."""
    order.refresh_from_db()
    assert order.out_on
    assert order.due_on
    assert order.back_on
    return tuple((chosen - TODAY).days for chosen in (order.out_on, order.due_on, order.back_on))


def standard():
    return ShippingMethodFactory(needs_address=False)


def shipped(cart: Order, first: int, last: int) -> Order:
    return set_shipping(
        cart=cart, first_day=day(first), last_day=day(last), method=standard(), contact={}, today=TODAY
    )


def test_the_days_that_are_chosen_go_around_closed_days():
    close(8, 9)
    close(13)

    cart = shipped(cart_with({stocked_card(4): 1}), 10, 12)

    assert days_of(cart) == (6, 16, 17)  # two open days to day 10; three open days from day 12


def test_weekends_of_the_settings_count(settings):
    settings.CLOSED_WEEKDAYS = frozenset({5, 6})
    monday = next(day(offset) for offset in range(20, 27) if day(offset).weekday() == 0)

    cart = set_shipping(
        cart=cart_with({stocked_card(4): 1}),
        first_day=monday,
        last_day=monday,
        method=standard(),
        contact={},
        today=TODAY,
    )

    assert cart.out_on == monday - timedelta(days=4)
    assert cart.due_on == monday + timedelta(days=3)


def test_days_that_cannot_be_reached_around_closed_days_are_refused():
    close(1, 2)

    with pytest.raises(RentalPeriodError, match=f"from {day(5):%-d %B}"):
        shipped(cart_with({stocked_card(4): 1}), 4, 8)


def test_the_form_says_so_beside_the_field():
    close(1, 2)
    form = ShippingForm(
        {
            "first_day": day(4),
            "last_day": day(8),
            "shipping_method": standard().slug,
            "email": "player@example.org",
        },
        today=TODAY,
    )

    assert list(form.errors) == ["first_day"]


def test_a_cart_is_not_ready_where_the_shop_has_closed_in_the_meantime():
    cart = shipped(cart_with({stocked_card(4): 1}), 3, 8)
    close(1)
    payment = held_payment(cart)

    with pytest.raises(CheckoutError, match="Your days cannot be kept any more"):
        settle(payment=payment, today=TODAY)


def test_settling_blocks_the_days_by_the_calendar_of_that_moment():
    cart = shipped(cart_with({stocked_card(4): 1}), 10, 12)
    close(9)

    order = settle(payment=held_payment(cart), today=TODAY)

    assert days_of(order) == (7, 15, 16)
    assert order.order_cards.get().reservation.out_on == day(7)


def test_a_cart_shows_its_days_as_they_are_by_now():
    cart = shipped(cart_with({stocked_card(4): 1}), 10, 12)
    close(9)

    schedule = order_page(order=cart, today=TODAY).schedule

    assert schedule == Schedule(day(7), day(10), day(12), day(15))


def test_what_was_promised_stays_where_the_shop_closes_later(settings):
    order = placed({stocked_card(4): 1}, shipping_method=standard())
    promised = order_page(order=order, today=TODAY).schedule
    before = days_of(order)

    close(8, 15)
    settings.SAME_DAY_TURNAROUND = True

    assert days_of(order) == before == (8, 15, 16)
    assert promised == Schedule(day(8), day(10), day(12), day(15))
    assert order_page(order=order, today=TODAY).schedule == promised


def test_the_e_mail_says_what_was_promised(django_capture_on_commit_callbacks):
    close(9)
    with django_capture_on_commit_callbacks(execute=True):
        placed({stocked_card(4): 1}, shipping_method=standard())

    assert f"Leaves the shop:  {day(7):%A}" in mail.outbox[-1].body


def test_with_a_turnaround_on_the_same_day_an_order_is_due_on_its_own_day(settings):
    settings.SAME_DAY_TURNAROUND = True
    card = stocked_card(1)

    order = placed({card: 1}, days=1)
    next_one = placed({card: 1}, first_day=day(11), days=2)
    after_that = placed({card: 1}, first_day=day(12))

    assert days_of(order) == (10, 10, 11)
    assert days_of(next_one) == (11, 12, 12)
    assert after_that.status == Status.OPEN


def test_moving_to_another_day_goes_around_closed_days():
    card = stocked_card(1)
    placed({card: 1})
    order = settled({card: 1}, shipping_method=standard())
    close(19)

    move_to_date(order=order, first_day=day(20), by=customer(), today=TODAY)

    assert days_of(order) == (17, 25, 26)


def test_an_order_is_not_moved_to_a_day_that_cannot_be_reached_any_more():
    card = stocked_card(1)
    placed({card: 1})
    order = settled({card: 1}, shipping_method=standard())
    close(1, 5)

    with pytest.raises(CheckoutError, match=f"from {day(8):%-d %B}"):
        move_to_date(order=order, first_day=day(7), by=customer(), today=TODAY)


def test_a_customer_does_not_wait_for_days_that_cannot_be_reached_any_more():
    card = stocked_card(1)
    placed({card: 1})
    order = settled({card: 1}, shipping_method=standard())
    close(1, 9)

    with pytest.raises(CheckoutError, match="the deck can be with you from"):
        accept_shortfall(order=order, by=customer(), today=TODAY)


def test_no_day_is_offered_that_cannot_be_reached():
    card = stocked_card(1)
    placed({card: 1}, first_day=day(0), days=2)
    order = settled({card: 1}, first_day=day(1), days=1, shipping_method=PickupFactory())
    close(0, 5)

    assert deck_available(order=order, today=TODAY).next_start == day(6)


def test_paying_is_refused_where_the_days_cannot_be_kept():
    cart = shipped(cart_with({stocked_card(4): 1}), 3, 8)
    lines = lines_of(cart)
    calendar = checkout.shop_calendar()

    checkout.check_ready(cart, lines, today=TODAY, calendar=calendar)
    close(1)
    with pytest.raises(CheckoutError) as caught:
        checkout.check_ready(cart, lines, today=TODAY, calendar=checkout.shop_calendar())

    assert caught.value.step == "shipping"


@pytest.mark.parametrize(
    "wrong",
    [
        {"due_on": None},
        {"first_day": day(10), "last_day": day(10), "out_on": None, "due_on": None, "back_on": None},
        {"due_on": day(11)},
        {"due_on": day(14)},
        {"out_on": day(11)},
    ],
)
def test_the_database_wants_all_days_or_none_and_in_order(wrong):
    cart_with({stocked_card(4): 1})  # out and first on day 10, last and due on 12, back on 13

    with pytest.raises(IntegrityError, match="order_dates_come_together_and_in_order"):
        Order.objects.update(**wrong)
