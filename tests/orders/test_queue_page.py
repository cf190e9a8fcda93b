"""The queue as staff see it."""

from datetime import date, timedelta

import pytest

from inventory.models import Card
from orders.models import Order, Payment, PaymentStatus
from orders.queue_page import NEAR_DAYS, ORDERS_PER_PAGE, QueuedOrder, queue_page
from tests.factories import TODAY, StockMovementFactory, placed, stocked_card

pytestmark = pytest.mark.django_db


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def place(cards: dict[Card, int], *, first: int = 10) -> Order:
    return placed(cards, first_day=day(first), days=3)


def rows(page: int = 1, *, today: date = TODAY) -> tuple[QueuedOrder, ...]:
    return queue_page(page=page, today=today).rows


def test_only_who_waits_stands_in_the_queue():
    place({stocked_card(4): 4})

    assert rows() == ()


def test_the_oldest_stands_first_whatever_its_days():
    card = stocked_card(0)
    orders = [place({card: 1}, first=first) for first in (20, 10, 15)]

    assert [(row.place, row.order) for row in rows()] == list(enumerate(orders, 1))


def test_what_is_short_is_told_at_the_place_of_each_with_what_those_ahead_need():
    bolt, shock = stocked_card(1, name="Bolt"), stocked_card(0, name="Shock")
    place({bolt: 3, shock: 1})
    place({shock: 2, bolt: 2})

    told = [[(lacked.card, lacked.short, lacked.missing) for lacked in row.lacks] for row in rows()]

    assert told == [[(bolt, 2, 2), (shock, 1, 1)], [(bolt, 2, 4), (shock, 2, 3)]]


def test_what_is_short_is_what_the_engine_says_now():
    card = stocked_card(0)
    place({card: 2})
    StockMovementFactory(printing=card.printings.get(), quantity=2)

    [row] = rows()

    assert row.lacks == ()


@pytest.mark.parametrize(
    ("first", "passed", "near"),
    [(NEAR_DAYS + 1, False, False), (NEAR_DAYS, False, True), (0, False, True), (-1, True, False)],
)
def test_a_dispatch_day_that_is_near_or_has_passed_is_flagged(first, passed, near):
    place({stocked_card(0): 1}, first=10)

    [row] = rows(today=day(10 - first))

    assert (row.has_passed, row.is_near, row.days_left) == (passed, near, first)


def test_an_order_whose_money_is_not_held_any_more_is_flagged():
    card = stocked_card(0)
    place({card: 1})
    place({card: 1})
    Payment.objects.filter(order=rows()[0].order).update(status=PaymentStatus.EXPIRED)

    assert [row.held for row in rows()] == [False, True]


def test_places_go_on_from_page_to_page():
    card = stocked_card(0)
    for _ in range(ORDERS_PER_PAGE + 1):
        last = place({card: 1})

    [row] = rows(page=2)

    assert (row.place, row.order, row.lacks[0].missing) == (
        ORDERS_PER_PAGE + 1,
        last,
        ORDERS_PER_PAGE + 1,
    )


@pytest.mark.parametrize("orders", [1, 20])
def test_six_queries_tell_a_page(orders, django_assert_num_queries):
    for _ in range(orders):
        place({stocked_card(0): 1, stocked_card(0): 2})

    with django_assert_num_queries(6):
        seen = [
            (row.order.contact_email, row.order.shipping_method.name, row.order.copies, lacked.card.name)
            for row in rows()
            for lacked in row.lacks
        ]

    assert len(seen) == 2 * orders
