"""The needed cards: what to buy, from which day, and who waits for it."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.availability import buy_list
from inventory.models import Reservation
from inventory.stock import receive_stock, record_movement
from orders.at_risk import orders_at_risk
from orders.cancellation import cancel
from orders.models import Order, Payment, PaymentStatus
from orders.needed import Later, NeededCard, Opening, needed_cards
from orders.promotion import promote_pending
from orders.states import Status
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
    order = place({card: 4})
    record_movement(printing=card.printings.get(), kind="lost", quantity=1, by=None, effective_on=TODAY)

    needed = only_need()

    assert (needed.copies, needed.orders) == (1, ())
    assert needed.opens == (Opening(1, pending=(), at_risk=(order,)),)


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


def test_equally_good_purchases_go_by_the_day_needed_and_then_by_the_alphabet():
    later, beta, alpha = (stocked_card(0, name=name) for name in ("Aardvark", "Beta", "Alpha"))
    place({later: 2}, first=20)
    place({beta: 1, alpha: 1}, first=10)
    place({later: 2}, first=30)

    assert [needed.card for needed in needed_cards(today=TODAY)] == [later, alpha, beta]


def test_of_equally_good_purchases_the_one_whose_deck_leaves_first_goes_first():
    late, soon = stocked_card(0), stocked_card(0)
    place({late: 1}, first=20)
    place({soon: 1}, first=10)

    assert [needed.card for needed in needed_cards(today=TODAY)] == [soon, late]


def test_the_cheapest_printing_comes_first_and_one_of_unknown_value_last():
    card = stocked_card(0, value_cents=900)
    [dear] = card.printings.all()
    unknown = PrintingFactory(card=card, value_cents=None)
    cheap = PrintingFactory(card=card, value_cents=100)
    place({card: 1})

    needed = only_need()

    assert needed.printings == (cheap, dear, unknown)
    assert needed.cost_cents == needed.total_cents == 100


def test_the_cost_adds_up_from_row_to_row_and_an_unknown_value_is_no_zero():
    cheap, unknown = stocked_card(0, name="A", value_cents=100), stocked_card(0, name="B")
    unknown.printings.update(value_cents=None)
    place({cheap: 2}, first=10)
    place({unknown: 3}, first=11)

    costs = [(needed.cost_cents, needed.total_cents) for needed in needed_cards(today=TODAY)]

    assert costs == [(200, 200), (None, 200)]


def test_a_reservation_that_is_over_asks_for_nothing():
    card = stocked_card(0)
    place({card: 1}, first=10, days=3)

    assert needed_cards(today=day(13)) == []
    assert needed_cards(today=day(12))[0].first_day == day(12)


# --- which orders each purchase opens -------------------------------------------------------------------------


def test_a_row_says_which_orders_it_opens_and_with_how_many_copies():
    card = stocked_card(0)
    first, second = place({card: 2}), place({card: 3})

    needed = only_need()

    assert [(opening.copies, opening.pending) for opening in needed.opens] == [(2, (first,)), (5, (second,))]


def test_a_row_that_opens_nothing_by_itself_says_with_which_row_below_it_does():
    alpha, beta = stocked_card(0, name="Alpha"), stocked_card(0, name="Beta")
    order = place({alpha: 1, beta: 1})

    first, second = needed_cards(today=TODAY)

    assert (first.opens, first.later) == ((), (Later(beta, (order,)),))
    assert (second.opens, second.later) == ((Opening(1, (order,), ()),), ())


def test_what_opens_the_most_orders_for_each_copy_is_bought_first():
    four, one, two = (stocked_card(0) for _ in range(3))
    place({four: 4}, first=10)
    place({two: 2}, first=11)
    place({one: 1}, first=12)
    place({two: 2}, first=20)

    assert [needed.card for needed in needed_cards(today=TODAY)] == [one, two, four]


def test_who_waits_is_what_the_engine_says_and_not_what_was_written_last():
    card = stocked_card(0)
    order = place({card: 1})
    order.order_cards.update(needed=0)

    assert only_need().orders == (order,)


def test_an_order_at_risk_is_safe_only_with_the_copies_of_its_worst_day():
    card = stocked_card(4)
    long, short = place({card: 2}, first=10, days=5), place({card: 2}, first=12, days=2)
    record_movement(printing=card.printings.get(), kind="lost", quantity=3, by=None, effective_on=TODAY)

    [opening] = only_need().opens

    assert (opening.copies, opening.at_risk) == (3, (long, short))


@pytest.mark.parametrize("hindrance", ["late", "not held"])
def test_an_order_that_no_purchase_opens_is_not_promised_to_open(hindrance):
    card = stocked_card(0)
    order = place({card: 1}, first=10, days=3)
    if hindrance == "not held":
        Payment.objects.update(status=PaymentStatus.EXPIRED)

    [needed] = needed_cards(today=day(11) if hindrance == "late" else TODAY)

    assert (needed.opens, needed.never, needed.orders) == ((), (order,), (order,))


def pending() -> set[Order]:
    return set(Order.objects.filter(status=Status.PENDING))


wishes = st.lists(
    st.tuples(
        st.dictionaries(st.integers(0, 3), st.integers(1, 4), min_size=1, max_size=3),
        st.integers(0, 4),  # first day
        st.integers(1, 3),  # days
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(
    stock=st.lists(st.integers(0, 4), min_size=4, max_size=4),
    wishes=wishes,
    lost=st.dictionaries(st.integers(0, 3), st.integers(1, 2), max_size=2),
)
def test_receiving_row_by_row_opens_exactly_what_each_row_says(stock, wishes, lost):
    """The whole way: real orders, real losses, real receipts, real promotions."""
    with transaction.atomic():
        cards = [stocked_card(copies) for copies in stock]
        for demand, first, days in wishes:
            place({cards[card]: copies for card, copies in demand.items()}, first=first, days=days)
        for card, copies in lost.items():
            if gone := min(copies, stock[card]):
                record_movement(
                    printing=cards[card].printings.get(),
                    kind="lost",
                    quantity=gone,
                    by=None,
                    effective_on=TODAY,
                )
        promote_pending(TODAY)
        needs = buy_list(today=TODAY)
        rows = needed_cards(today=TODAY)

        assert {row.card.pk: row.copies for row in rows} == {pk: need.copies for pk, need in needs.items()}
        for row in rows:
            thresholds = {opening.copies: opening for opening in row.opens}
            for copies in range(1, row.copies + 1):
                before, risky = pending(), {risk.order for risk in orders_at_risk(today=TODAY)}
                receive_stock(printing=row.printings[0], quantity=1, by=None, effective_on=TODAY)
                promote_pending(TODAY)
                saved = risky - {risk.order for risk in orders_at_risk(today=TODAY)}
                told = thresholds.get(copies, Opening(copies, (), ()))
                assert before - pending() == set(told.pending)
                assert saved == set(told.at_risk)
        assert not pending()
        assert not orders_at_risk(today=TODAY)
        assert needed_cards(today=TODAY) == []
        transaction.set_rollback(True)


# --- how often the database is asked --------------------------------------------------------------------------


@pytest.mark.parametrize("cards", [1, 30])
def test_the_list_takes_twelve_queries_whatever_its_length(cards, django_assert_num_queries):
    for _ in range(3):
        place({stocked_card(0): 1 for _ in range(cards)})
    for _ in range(cards):
        at_risk = stocked_card(2)
        place({at_risk: 2})
        StockMovementFactory(printing=at_risk.printings.get(), quantity=-1, kind="lost")

    with django_assert_num_queries(12):
        needed = needed_cards(today=TODAY)
        seen = [(row.copies, row.cost_cents, [str(p) for p in row.printings], row.orders) for row in needed]

    assert len(seen) == 4 * cards


def test_where_nothing_is_needed_two_queries_find_it_out(django_assert_num_queries):
    place({stocked_card(4): 4})

    with django_assert_num_queries(2):
        needed_cards(today=TODAY)
