"""Promises that cannot be kept: which orders, on which days, and why."""

import time
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db.models.signals import post_init

from inventory.models import Card, Printing, Reservation, StockMovement
from inventory.stock import record_movement
from orders.at_risk import CardAtRisk, explained_risks, orders_at_risk
from orders.fulfilment import expect_back
from orders.transitions import SYSTEM
from tests.factories import TODAY, StockMovementFactory, dispatched, placed, stocked_card

pytestmark = pytest.mark.django_db


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def lose(card: Card, copies: int, **fields) -> None:
    record_movement(
        printing=card.printings.get(),
        kind="lost",
        quantity=copies,
        by=None,
        **{"effective_on": TODAY} | fields,
    )


def only_risk() -> CardAtRisk:
    [risk] = explained_risks(today=TODAY)
    [card] = risk.cards
    return card


def test_what_is_owned_is_not_at_risk():
    placed({stocked_card(4): 4})

    assert not explained_risks(today=TODAY)


def test_stock_that_is_lost_under_an_open_order_puts_it_at_risk():
    card = stocked_card(4)
    order = placed({card: 4}, first_day=day(10), days=3)
    lose(card, 1, note="Not in the box")

    [risk] = explained_risks(today=TODAY)

    assert risk.order == order
    [risky] = risk.cards
    assert (risky.card, risky.copies) == (card, 1)
    assert risky.stretches == [(day(10), day(12), 1)]
    assert [movement.note for movement in risky.gone] == ["Not in the box"]
    assert risky.late == ()


def test_what_was_lost_before_an_order_was_placed_is_not_why_it_is_at_risk():
    card = stocked_card(4)
    lose(card, 1)
    placed({card: 3}, first_day=day(10))
    lose(card, 2)

    assert [movement.quantity for movement in only_risk().gone] == [-2]


def test_an_overdue_deck_puts_those_at_risk_who_come_after_it():
    card = stocked_card(3)
    late = dispatched({card: 3}, days=2)
    placed({card: 2}, first_day=day(10), days=2)
    Reservation.objects.filter(claim=late.claim).update(out_on=day(-3), back_on=day(-1))

    risky = only_risk()

    assert (risky.copies, risky.gone) == (2, ())
    assert [(deck.order, deck.copies, deck.due_on) for deck in risky.late] == [(late, 3, day(-1))]


def test_a_deck_that_is_expected_too_late_is_named_with_the_day_and_one_in_time_is_not():
    card = stocked_card(3)
    late = dispatched({card: 3}, days=2)
    placed({card: 1}, first_day=day(10), days=2)

    expect_back(order=late, on=day(11), by=SYSTEM, today=TODAY)
    risky = only_risk()
    expect_back(order=late, on=day(10), by=SYSTEM, today=TODAY)

    assert [(deck.order, deck.expected_on) for deck in risky.late] == [(late, day(11))]
    assert risky.stretches == [(day(10), day(10), 1)]
    assert not explained_risks(today=TODAY)


def test_a_deck_that_will_be_back_in_time_is_no_reason():
    card = stocked_card(3)
    in_time = dispatched({card: 1}, days=2)
    placed({card: 3}, first_day=day(10), days=2)
    expect_back(order=in_time, on=day(5), by=SYSTEM, today=TODAY)
    lose(card, 1)

    assert only_risk().late == ()


def test_an_order_that_waits_is_not_at_risk():
    card = stocked_card(1)
    placed({card: 2})
    lose(card, 1)

    assert not explained_risks(today=TODAY)


def test_the_question_can_be_for_some_cards_only():
    hit, other = stocked_card(1), stocked_card(1)
    order = placed({hit: 1})
    placed({other: 1})
    lose(hit, 1)
    lose(other, 1)

    assert [risk.order for risk in explained_risks(today=TODAY, card_ids=[hit.pk])] == [order]
    assert len(orders_at_risk(today=TODAY)) == 2


@pytest.mark.parametrize("orders", [1, 20])
def test_nine_queries_tell_what_is_at_risk_and_why(orders, django_assert_num_queries):
    for _ in range(orders):
        lost, awaited = stocked_card(2), stocked_card(2)
        late = dispatched({awaited: 2}, days=1)
        placed({lost: 2, awaited: 2}, first_day=day(10))
        lose(lost, 1)
        Reservation.objects.filter(claim=late.claim).update(out_on=day(-3), back_on=day(-1))

    with django_assert_num_queries(9):
        risks = explained_risks(today=TODAY)
        seen = [
            (str(movement.printing), deck.order.number)
            for risk in risks
            for card in risk.cards
            for movement in card.gone
            for deck in risk.cards[0].late + risk.cards[1].late
        ]

    assert len(risks) == len(seen) == orders


def test_where_nothing_is_at_risk_two_queries_find_it_out(django_assert_num_queries):
    placed({stocked_card(4): 4})

    with django_assert_num_queries(2):
        explained_risks(today=TODAY)


# --- how it grows ------------------------------------------------------------------------------------------


def test_a_page_of_many_orders_at_risk_counts_all_and_explains_the_first_to_leave():
    card = stocked_card(27)
    orders = [placed({card: 1}, first_day=day(40 - number), days=1) for number in range(27)]
    lose(card, 27)

    first, second = (explained_risks(today=TODAY, page=page) for page in (1, 2))

    assert first.paginator.count == 27
    assert [risk.order for risk in [*first, *second]] == orders[::-1]
    assert (len(first), len(second)) == (25, 2)


def test_losses_from_before_the_orders_at_risk_are_not_even_read():
    card = stocked_card(40)
    for _ in range(30):
        lose(card, 1)
    placed({card: 10})
    lose(card, 1)
    read = []

    def note(instance, **kwargs) -> None:
        read.append(instance.quantity)

    post_init.connect(note, sender=StockMovement)
    try:
        explained_risks(today=TODAY)
    finally:
        post_init.disconnect(note, sender=StockMovement)

    assert read == [-1]


def seconds_of(action: Callable[[], object]) -> float:
    """Time of this process at work, the best of three: what others do on the machine does not count."""

    def once() -> float:
        begun = time.process_time()
        action()
        return time.process_time() - begun

    return min(once() for _ in range(3))


def test_twice_the_cards_with_their_late_decks_and_losses_take_about_twice_the_time():
    cards = [stocked_card(8) for _ in range(600)]
    late = dispatched(dict.fromkeys(cards, 4))
    Reservation.objects.filter(claim=late.claim).update(out_on=day(-3), back_on=day(-1))
    placed(dict.fromkeys(cards, 4), first_day=day(10))
    StockMovement.objects.bulk_create(
        StockMovementFactory.build(printing=printing, quantity=-1, kind="lost")
        for printing in Printing.objects.filter(card__in=cards)
        for _ in range(4)
    )
    half, whole = [card.pk for card in cards[:300]], [card.pk for card in cards]

    few = seconds_of(lambda: explained_risks(today=TODAY, card_ids=half))
    many = seconds_of(lambda: explained_risks(today=TODAY, card_ids=whole))

    [risk] = explained_risks(today=TODAY)
    assert all(card.late and len(card.gone) == 4 for card in risk.cards)
    assert many < 3 * few, (few, many)
