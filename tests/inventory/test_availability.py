"""The engine, by example and against the model of tests/model.py."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.availability import (
    FRONT,
    Place,
    available_for,
    buy_list,
    free_by_day,
    free_days,
    free_quantities,
    next_available_start,
    shortfalls,
)
from inventory.models import Card, Reservation
from tests import model
from tests.factories import TODAY, CardFactory, PrintingFactory, StockMovementFactory, stocked_card

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def day(offset: int):
    return TODAY + timedelta(days=offset)


def reserve(card: Card, quantity: int, out: int, back: int, state: str = "firm", **fields) -> Reservation:
    if state == "queued":
        fields.setdefault("queued_at", NOON)
    return Reservation.objects.create(
        card=card, quantity=quantity, out_on=day(out), back_on=day(back), state=state, **fields
    )


def free(card: Card, out: int, back: int, **question) -> list[int]:
    return free_by_day([card.pk], day(out), day(back), today=TODAY, **question)[card.pk]


def test_what_is_owned_is_free():
    assert free(stocked_card(4), 1, 4) == [4, 4, 4]


def test_a_card_that_was_never_bought_is_not_free():
    assert free(CardFactory(), 1, 3) == [0, 0]


def test_stock_counts_from_the_day_it_is_effective():
    card = stocked_card(4)
    StockMovementFactory(printing=card.printings.get(), quantity=2, effective_on=day(2))
    StockMovementFactory(printing=card.printings.get(), quantity=-5, kind="lost", effective_on=day(4))

    assert free(card, 1, 6) == [4, 6, 6, 1, 1]


def test_the_printings_of_a_card_count_together():
    card = stocked_card(4)
    StockMovementFactory(printing=PrintingFactory(card=card), quantity=3)

    assert free(card, 1, 2) == [7]


@pytest.mark.parametrize("state", ["firm", "out", "queued"])
def test_every_reservation_counts_for_a_new_order_on_its_half_open_days(state):
    card = stocked_card(4)
    reserve(card, 3, 2, 4, state)

    assert free(card, 1, 6) == [4, 1, 1, 4, 4]


def test_only_those_ahead_in_the_queue_count_for_one_who_waits():
    card = stocked_card(4)
    reserve(card, 1, 1, 3, "queued", queued_at=NOON)
    mine = reserve(card, 2, 1, 3, "queued", queued_at=NOON + timedelta(hours=1))
    reserve(card, 3, 1, 3, "queued", queued_at=NOON + timedelta(hours=2))

    found = free_days([card.pk], day(1), day(3), today=TODAY, place=Place(mine.queued_at, mine.claim))

    assert found.by_day()[card.pk] == [3, 3]


def test_two_who_came_at_the_same_moment_are_not_both_first():
    card = stocked_card(1)
    one = reserve(card, 1, 1, 3, "queued", claim=uuid.UUID(int=1))
    other = reserve(card, 1, 1, 3, "queued", claim=uuid.UUID(int=2))

    ahead = [
        not shortfalls(
            {card.pk: 1}, day(1), day(3), today=TODAY, place=Place(NOON, row.claim), excluding=row.claim
        )
        for row in (one, other)
    ]

    assert ahead == [True, False]


def test_one_who_is_promised_stands_before_the_whole_queue():
    card = stocked_card(4)
    reserve(card, 4, 1, 3, "queued")

    assert free_days([card.pk], day(1), day(3), today=TODAY, place=FRONT).by_day()[card.pk] == [4, 4]


def test_an_order_does_not_count_against_itself():
    card = stocked_card(4)
    mine = reserve(card, 4, 1, 3)

    assert shortfalls({card.pk: 4}, day(1), day(5), today=TODAY, excluding=mine.claim) == {}


def test_overdue_copies_stay_blocked_for_every_day_ahead():
    card = stocked_card(4)
    reserve(card, 3, -9, -2, "out")

    assert free(card, 0, 400) == [1] * 400


def test_copies_due_back_today_that_are_still_out_are_overdue():
    card = stocked_card(4)
    reserve(card, 3, -9, 0, "out")

    assert free(card, 0, 2) == [1, 1]


def test_with_same_day_turnaround_copies_that_are_due_today_may_still_come(settings):
    settings.SAME_DAY_TURNAROUND = True
    due_today, due_yesterday = stocked_card(4), stocked_card(4)
    reserve(due_today, 3, -9, 0, "out")
    reserve(due_yesterday, 3, -9, -1, "out")

    assert free(due_today, 0, 2) == [4, 4]
    assert free(due_yesterday, 0, 2) == [1, 1]


def test_with_same_day_turnaround_an_expected_day_that_has_come_is_no_expectation(settings):
    settings.SAME_DAY_TURNAROUND = True
    card = stocked_card(4)
    reserve(card, 3, -9, -2, "out", expected_on=TODAY)

    assert free(card, 0, 2) == [1, 1]


def test_overdue_copies_with_an_expected_day_come_back_then():
    card = stocked_card(4)
    reserve(card, 3, -9, -2, "out", expected_on=day(2))

    assert free(card, 0, 4) == [1, 1, 4, 4]
    assert free(card, 3, 5) == [4, 4]


def test_an_expected_day_that_has_passed_is_no_expectation():
    card = stocked_card(4)
    reserve(card, 3, -9, -2, "out", expected_on=day(-1))

    assert free(card, 0, 2) == [1, 1]


def test_a_reservation_that_never_left_does_not_block_after_its_days():
    card = stocked_card(4)
    reserve(card, 3, -9, -2, "firm")

    assert free(card, 0, 2) == [4, 4]


def test_free_can_be_below_zero_where_stock_was_lost_under_a_promise():
    card = stocked_card(4)
    reserve(card, 4, 1, 3)
    StockMovementFactory(printing=card.printings.get(), quantity=-2, kind="lost", effective_on=TODAY)

    assert free_quantities([card.pk], day(1), day(3), today=TODAY) == {card.pk: -2}


def test_a_shortfall_tells_how_many_on_which_days():
    card = stocked_card(4)
    reserve(card, 3, 2, 3)

    short = shortfalls({card.pk: 3}, day(1), day(4), today=TODAY)

    assert short[card.pk].short == 2
    assert short[card.pk].days == {day(2): 2}


def test_available_for_takes_a_card_or_its_id():
    card = stocked_card(4)

    assert available_for(card, 4, day(1), day(3), today=TODAY)
    assert not available_for(card.pk, 5, day(1), day(3), today=TODAY)


def test_the_next_start_is_the_wished_one_where_it_is_free():
    card = stocked_card(4)

    assert next_available_start({card.pk: 4}, day(1), day(4), today=TODAY) == day(1)


def test_the_next_start_waits_for_the_whole_deck():
    one, other = stocked_card(4), stocked_card(4)
    reserve(one, 1, 1, 5)
    reserve(other, 1, 7, 9)

    assert next_available_start({one.pk: 4, other.pk: 4}, day(1), day(3), today=TODAY) == day(5)
    assert next_available_start({one.pk: 4, other.pk: 4}, day(1), day(4), today=TODAY) == day(9)


def test_there_is_no_next_start_for_more_than_the_shop_owns():
    card = stocked_card(4)

    assert next_available_start({card.pk: 5}, day(1), day(4), today=TODAY) is None


def test_the_horizon_is_the_last_start_that_is_looked_at():
    card = stocked_card(4)
    reserve(card, 1, 0, 10)

    assert next_available_start({card.pk: 4}, day(1), day(4), 9, today=TODAY) == day(10)
    assert next_available_start({card.pk: 4}, day(1), day(4), 8, today=TODAY) is None


def test_to_buy_is_the_peak_of_the_demand_not_the_sum_of_the_shortfalls():
    card = stocked_card(4)
    reserve(card, 4, 1, 10)
    reserve(card, 2, 2, 4, "queued")
    reserve(card, 3, 5, 8, "queued")

    need = buy_list(today=TODAY)[card.pk]

    assert (need.copies, need.first_day) == (3, day(2))


def test_nothing_is_to_be_bought_for_what_is_free():
    reserve(stocked_card(4), 4, 1, 3)

    assert buy_list(today=TODAY) == {}


@pytest.mark.parametrize("cards", [1, 60])
def test_a_whole_deck_over_the_whole_period_is_one_query(cards, django_assert_num_queries):
    demand = {stocked_card(4).pk: 4 for _ in range(cards)}

    with django_assert_num_queries(1):
        shortfalls(demand, day(1), day(60), today=TODAY)
    with django_assert_num_queries(1):
        next_available_start(demand, day(1), day(10), today=TODAY)


def test_a_period_without_days_is_refused():
    with pytest.raises(ValueError, match="must have days"):
        shortfalls({stocked_card(1).pk: 1}, day(3), day(3), today=TODAY)


# --- against the model ----------------------------------------------------------------------------------

movements = st.lists(st.tuples(st.integers(-10, 12), st.integers(-3, 6).filter(bool)), max_size=4)
reservations = st.lists(
    st.tuples(
        st.integers(-8, 10),  # out
        st.integers(1, 8),  # days away
        st.integers(1, 4),  # copies
        st.sampled_from(["firm", "out", "queued"]),
        st.integers(0, 2),  # hour of the queue
        st.none() | st.integers(-6, 12),  # expected
    ),
    max_size=7,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(movements, reservations), min_size=1, max_size=2),
    st.integers(0, 6),
    st.integers(1, 8),
    st.integers(1, 5),
    st.none() | st.integers(0, 3),
    st.booleans(),
)
def test_the_engine_answers_what_the_model_answers(cards, out, length, quantity, hour, exclude_one):
    shop = model.Shop(today=TODAY)
    demand, claims, orders = {}, [], []
    for stock, reserved in cards:
        card = CardFactory()
        printing = PrintingFactory(card=card)
        shop.cards.append(card.name)
        demand[card.pk] = quantity
        for effective, copies in stock:
            StockMovementFactory(
                printing=printing, quantity=copies, kind="corrected", effective_on=day(effective)
            )
            shop.movements.append(model.Movement(card.name, 0, copies, day(effective)))
        for start, away, copies, state, queue_hour, expected in reserved:
            fields = {"queued_at": NOON + timedelta(hours=queue_hour)} if state == "queued" else {}
            if state == "out" and expected is not None:
                fields["expected_on"] = day(expected)
            row = reserve(card, copies, start, start + away, state, **fields)
            claims.append(row.claim)
            orders.append(as_order(row, queue_hour))
    shop.orders = orders
    place = None if hour is None else Place(NOON + timedelta(hours=hour), uuid.UUID(int=2**127))
    in_model = model.END if hour is None else hour + 0.5
    one = 0 if claims and exclude_one else None
    question = {"today": TODAY, "place": place, "excluding": None if one is None else claims[one]}
    without = None if one is None else orders[one]
    period = (day(out), day(out + length))

    free_then = free_days(demand, *period, **question).by_day()
    found = shortfalls(demand, *period, **question)
    start = next_available_start(demand, *period, 25, **question)

    names = Card.objects.in_bulk(demand)
    days = list(model.days_of(*period))
    asked = dict.fromkeys(shop.cards, quantity)
    assert {names[pk].name: copies for pk, copies in free_then.items()} == {
        card: [shop.free(card, then, in_model, without) for then in days] for card in shop.cards
    }
    assert {names[pk].name: short.days for pk, short in found.items()} == shop.missing(
        asked, days, in_model, without
    )
    assert start == shop.next_leaving(asked, *period, 25, in_model, without)


def as_order(row: Reservation, queue_hour: int) -> model.Order:
    """What the model knows a reservation by: an order for that card alone."""
    lines = [model.Line(row.card.name, row.quantity)]
    order = model.Order(0, lines, model.Method(0, 0, 0, 0), row.out_on, row.back_on, row.out_on, row.back_on)
    order.status = {"firm": "open", "out": "dispatched", "queued": "pending"}[row.state]
    if row.state == "queued":
        order.place = queue_hour + row.claim.int / 2**128
    if row.state == "out":
        order.out, order.expected = order.demand, row.expected_on
    return order
