"""The needed cards: what to buy, from which day, and who waits for it."""

from datetime import date, timedelta

import pytest

from inventory.models import Reservation
from inventory.stock import receive_stock, record_movement
from orders.cancellation import cancel
from orders.models import Order
from orders.needed import NeededCard, needed_cards
from orders.transitions import customer
from tests.factories import (
    TODAY,
    Card,
    PrintingFactory,
    StockMovementFactory,
    placed,
    stocked_card,
)

pytestmark = pytest.mark.django_db


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def place(cards: dict[Card, int], *, first: int = 10, days: int = 3) -> Order:
    return placed(cards, first_day=day(first), days=days)


def only_need() -> NeededCard:
    [needed] = needed_cards(today=TODAY)
    return needed


def test_nothing_is_needed_where_everything_can_be_met():
    place({stocked_card(4): 4})

    assert needed_cards(today=TODAY) == []


def test_a_pending_order_needs_what_it_lacks():
    card = stocked_card(1, value_cents=700)
    order = place({card: 4})

    needed = only_need()

    assert (needed.card, needed.copies, needed.first_day, needed.orders) == (card, 3, day(10), (order,))
    assert needed.cost_cents == 2_100


def test_orders_that_miss_the_same_copies_on_different_days_need_them_once():
    card = stocked_card(2)
    first = place({card: 4}, first=10)
    second = place({card: 4}, first=20)

    needed = only_need()

    assert [order.order_cards.get().needed for order in (first, second)] == [2, 2]
    assert needed.copies == 2
    assert needed.orders == (first, second)


def test_orders_that_miss_copies_on_the_same_day_need_them_both():
    card = stocked_card(2)
    place({card: 4}, first=10, days=3)
    place({card: 1}, first=12, days=3)

    assert only_need().copies == 3


def test_what_is_needed_is_the_peak_of_all_demand_and_not_the_worst_order():
    # Days 10-12 ask for 3, days 12-14 for 2 and days 14-16 for 4, so that day 12 asks for 5 and day 14 for 6.
    card = stocked_card(3)
    place({card: 3}, first=10, days=3)
    place({card: 2}, first=12, days=3)
    place({card: 4}, first=14, days=3)

    needed = only_need()

    assert needed.copies == 3
    assert needed.first_day == day(12)


def test_the_first_day_is_the_day_from_which_a_copy_is_missing_and_not_the_orders_first():
    card = stocked_card(2)
    place({card: 2}, first=12, days=3)
    place({card: 1}, first=10, days=5)

    assert only_need().first_day == day(12)


def test_the_first_day_needed_is_the_day_of_dispatch_and_never_in_the_past():
    card = stocked_card(0)
    place({card: 1}, first=0, days=3)

    assert only_need().first_day == TODAY


def test_a_purchase_under_way_counts_from_the_day_it_comes():
    card = stocked_card(0)
    order = place({card: 2}, first=10)
    receive_stock(printing=card.printings.get(), quantity=2, by=None, effective_on=day(11))

    late = only_need()
    receive_stock(printing=card.printings.get(), quantity=2, by=None, effective_on=day(10))

    assert (late.copies, late.first_day, late.orders) == (2, day(10), (order,))
    assert needed_cards(today=TODAY) == []


def test_copies_lost_under_an_open_order_are_needed_although_nobody_waits():
    card = stocked_card(4)
    place({card: 4})
    record_movement(printing=card.printings.get(), kind="lost", quantity=1, by=None, effective_on=TODAY)

    needed = only_need()

    assert (needed.copies, needed.orders) == (1, ())


def test_only_orders_that_lack_the_card_wait_for_it_in_the_order_of_the_queue():
    short, also_short = stocked_card(0), stocked_card(0)
    first, second = place({short: 1}), place({short: 1, also_short: 1})
    place({also_short: 1})

    waiting = {needed.card: needed.orders for needed in needed_cards(today=TODAY)}

    assert waiting[short] == (first, second)
    assert first not in waiting[also_short]


def test_an_order_that_has_its_copies_and_waits_for_another_card_does_not_wait_for_this_one():
    shared, missing = stocked_card(2), stocked_card(0)
    old, young = place({shared: 2, missing: 1}), place({shared: 2})

    waiting = {needed.card: needed.orders for needed in needed_cards(today=TODAY)}

    assert waiting == {shared: (young,), missing: (old,)}


def test_an_order_with_the_card_on_two_lines_waits_once():
    card = stocked_card(0)
    order = place({card: 1})
    Reservation.objects.filter(claim=order.claim).update(quantity=2)
    order.order_cards.create(card=card, zone="sideboard", quantity=1, needed=1)

    assert only_need().orders == (order,)


def test_a_cancelled_order_needs_nothing():
    order = place({stocked_card(0): 2})

    cancel(order=order, by=customer(), reason="test")

    assert needed_cards(today=TODAY) == []


def test_the_earliest_needed_come_first_and_then_the_alphabet():
    later, beta, alpha = (stocked_card(0, name=name) for name in ("Aardvark", "Beta", "Alpha"))
    place({later: 1}, first=20)
    place({beta: 1, alpha: 1}, first=10)

    assert [needed.card for needed in needed_cards(today=TODAY)] == [alpha, beta, later]


def test_the_cheapest_printing_comes_first_and_one_of_unknown_value_last():
    card = stocked_card(0, value_cents=900)
    [dear] = card.printings.all()
    unknown = PrintingFactory(card=card, value_cents=None)
    cheap = PrintingFactory(card=card, value_cents=100)
    place({card: 1})

    needed = only_need()

    assert needed.printings == (cheap, dear, unknown)
    assert needed.cost_cents == 100


def test_a_reservation_that_is_over_asks_for_nothing():
    card = stocked_card(0)
    place({card: 1}, first=10, days=3)

    assert needed_cards(today=day(13)) == []
    assert needed_cards(today=day(12))[0].first_day == day(12)


@pytest.mark.parametrize("cards", [1, 30])
def test_the_list_takes_five_queries_whatever_its_length(cards, django_assert_num_queries):
    for _ in range(3):
        place({stocked_card(0): 1 for _ in range(cards)})
    StockMovementFactory()

    with django_assert_num_queries(5):
        needed = needed_cards(today=TODAY)
        seen = [(row.copies, row.cost_cents, [str(p) for p in row.printings], row.orders) for row in needed]

    assert len(seen) == 3 * cards
