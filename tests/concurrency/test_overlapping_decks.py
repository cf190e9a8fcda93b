"""Large decks that overlap, their cards in another order each: nobody waits in a circle, nothing is lost."""

import random
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected

from inventory import reservations
from inventory.availability import overpromised, shortfalls
from inventory.models import Card, Reservation
from orders import checkout
from orders.books import violations
from orders.cancellation import cancel
from orders.checkout import accept_shortfall
from orders.models import Order, Payment
from orders.states import Status
from orders.transitions import customer
from tests.factories import TODAY, cart_with, held_payment, stocked_card
from tests.racing import (
    LONG_ENOUGH_SECONDS,
    at_the_same_moment,
    failed,
    meet_after,
    race,
    take_out_the_lock,
)

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMERS, LINES, CARDS, COPIES, ROUNDS = 8, 60, 70, 3, 2


@transaction.atomic
def cards_owned(number: int, *, copies: int) -> list[Card]:
    return [stocked_card(copies) for _ in range(number)]


@transaction.atomic
def shuffled_decks(cards: list[Card], number: int, *, seed: int) -> list[Payment]:
    """Held payments for decks of 60 of these cards, in an order of their own each."""
    dice = random.Random(seed)
    return [held_payment(cart_with(dict.fromkeys(dice.sample(cards, LINES), 1))) for _ in range(number)]


def settle_at_once(payments: list[Payment]) -> list[Order]:
    return at_the_same_moment(
        *(partial(checkout.settle, payment=payment, today=TODAY) for payment in payments)
    )


def test_decks_that_overlap_in_any_order_neither_deadlock_nor_oversell_nor_lose_anything(caplog):
    cards = cards_owned(CARDS, copies=COPIES)
    for seed in range(ROUNDS):
        orders = settle_at_once(shuffled_decks(cards, CUSTOMERS, seed=seed))

        short = [order for order in orders if order.status == Status.CONFIRMING]
        opened = [order for order in orders if order.status == Status.OPEN]
        assert len(opened) >= COPIES  # so many fit, however they overlap
        assert Reservation.objects.count() == len(opened) * LINES
        assert all(
            shortfalls(order.demand(), order.out_on, order.back_on, today=TODAY) for order in short
        )  # nobody was told that cards are short which are free

        at_the_same_moment(
            *(partial(accept_shortfall, order=order, by=customer(), today=TODAY) for order in short)
        )
        assert Reservation.objects.count() == CUSTOMERS * LINES
        assert overpromised(today=TODAY) == {}
        assert list(violations(today=TODAY)) == []

        # What each frees opens others at once: the promotions run into one another, and into the cancellations.
        at_the_same_moment(
            *(partial(cancel, order=order, by=customer(), reason="the next round") for order in orders)
        )
        assert not Reservation.objects.exists()
        assert not Order.objects.exclude(status=Status.CANCELLED).exists()
        assert list(violations(today=TODAY)) == []
    assert caplog.records == []  # of promotions and e-mails after the commit: what fails there is logged


def test_negative_control_without_the_lock_everybody_gets_what_is_there_for_three(monkeypatch):
    take_out_the_lock(monkeypatch)
    meet_after(monkeypatch, reservations, "shortfalls", parties=CUSTOMERS, seconds=LONG_ENOUGH_SECONDS)
    cards = cards_owned(CARDS, copies=COPIES)

    orders = settle_at_once(shuffled_decks(cards, CUSTOMERS, seed=0))

    assert [order.status for order in orders] == [Status.OPEN] * CUSTOMERS
    broken = overpromised(today=TODAY)
    assert max(copies for days in broken.values() for copies in days.values()) == CUSTOMERS - COPIES
    assert len(list(violations(today=TODAY))) == len(broken)


def test_negative_control_cards_that_are_locked_one_by_one_in_any_order_deadlock(monkeypatch):
    def lock_one(pk: int) -> None:
        list(Card.objects.filter(pk=pk).select_for_update(no_key=True).values_list("pk"))

    steps = SimpleNamespace(lock_one=lock_one)
    meet_after(monkeypatch, steps, "lock_one", seconds=LONG_ENOUGH_SECONDS)
    ways = iter([1, -1])
    monkeypatch.setattr(
        reservations, "lock_cards", lambda cards: [steps.lock_one(pk) for pk in sorted(cards)[:: next(ways)]]
    )
    cards = cards_owned(LINES, copies=1)
    payments = [held_payment(cart_with(dict.fromkeys(cards, 1))) for _ in range(2)]

    ends = race(*(partial(checkout.settle, payment=payment, today=TODAY) for payment in payments))

    [error] = failed(ends)
    assert isinstance(error, OperationalError)
    assert isinstance(error.__cause__, DeadlockDetected)
