"""The starts of an order: its own length and way of shipping, at the end of the queue, not counting itself."""

from datetime import timedelta

import pytest
from django.conf import settings

from inventory.shop_calendar import ALWAYS_OPEN
from orders.starts import starts_of
from tests.factories import TODAY, CartFactory, ShippingMethodFactory, cart_with, placed, stocked_card

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def test_an_order_does_not_stand_in_its_own_way():
    order = placed({stocked_card(4): 4})

    assert starts_of(order, today=TODAY, calendar=ALWAYS_OPEN).is_free(order.first_day)


def test_an_order_that_waits_asks_for_other_days_behind_the_whole_queue():
    card = stocked_card(2)
    order = placed({card: 3})
    behind = placed({card: 1}, first_day=order.last_day + 10 * DAY)
    order.order_cards.update(quantity=2)

    found = starts_of(order, today=TODAY, calendar=ALWAYS_OPEN)

    assert found.is_free(order.first_day)
    assert not found.is_free(behind.first_day)


def test_the_way_of_shipping_makes_the_deck_leave_earlier_and_come_back_later():
    card = stocked_card(1)
    taken = placed({card: 1})  # for three days
    cart = cart_with({card: 1}, days=2, shipping_method=ShippingMethodFactory())  # two days out, three back

    found = starts_of(cart, today=TODAY, calendar=ALWAYS_OPEN)

    assert found.days[0].first_day == TODAY + 3 * DAY  # a day to get ready, two on the way
    assert found.days[-1].first_day == TODAY + settings.RENTAL_HORIZON_DAYS * DAY
    assert found.before == taken.first_day - (2 + 3) * DAY
    assert found.after == taken.back_on + 2 * DAY


def test_a_few_starts_can_be_asked_for():
    assert len(starts_of(cart_with({}), today=TODAY, calendar=ALWAYS_OPEN, days=7).days) == 7


def test_without_days_there_is_no_question():
    with pytest.raises(ValueError, match="no dates yet"):
        starts_of(CartFactory(), today=TODAY, calendar=ALWAYS_OPEN)
