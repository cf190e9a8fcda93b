"""The same deck from many sides: eight customers, copies for three, and five who wait at the same moment."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone

from inventory import reservations
from inventory.availability import free_quantities
from inventory.models import Card
from orders import checkout
from orders.books import violations
from orders.checkout import CheckoutError, accept_shortfall
from orders.models import Order
from orders.states import Status
from orders.transitions import customer
from tests.factories import TODAY, cart_with, held_payment, settled, stocked_card
from tests.racing import (
    LONG_ENOUGH_SECONDS,
    MEETING_SECONDS,
    at_the_same_moment,
    failed,
    meet_after,
    race,
    take_out_the_lock,
)

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMERS, SERVED, CARDS = 8, 3, 20


def statuses() -> dict[str, int]:
    found = list(Order.objects.values_list("status", flat=True))
    return {status: found.count(status) for status in set(found)}


def least_free(cards: list[Card]) -> int:
    order = Order.objects.first()
    assert order is not None
    assert order.out_on is not None
    assert order.back_on is not None
    free = free_quantities([card.pk for card in cards], order.out_on, order.back_on, today=TODAY)
    return min(free.values())


# --- three of eight get the deck --------------------------------------------------------------------------


def eight_want_the_same_deck(monkeypatch, *, seconds: float = MEETING_SECONDS) -> tuple[dict[str, int], int]:
    """The statuses of their orders, and what is free of the scarcest card then."""
    with transaction.atomic():
        cards = [stocked_card(SERVED) for _ in range(CARDS)]
        payments = [held_payment(cart_with(dict.fromkeys(cards, 1))) for _ in range(CUSTOMERS)]
    meet_after(monkeypatch, reservations, "shortfalls", parties=CUSTOMERS, seconds=seconds)
    at_the_same_moment(*(partial(checkout.settle, payment=payment, today=TODAY) for payment in payments))
    return statuses(), least_free(cards)


def test_of_eight_who_want_the_same_deck_as_many_get_it_as_there_are_copies(monkeypatch):
    found, free = eight_want_the_same_deck(monkeypatch)

    assert found == {Status.OPEN: SERVED, Status.CONFIRMING: CUSTOMERS - SERVED}
    assert free == 0
    assert list(violations(today=TODAY)) == []


def test_negative_control_without_the_lock_all_eight_get_it(monkeypatch):
    take_out_the_lock(monkeypatch)

    found, free = eight_want_the_same_deck(monkeypatch, seconds=LONG_ENOUGH_SECONDS)

    assert found == {Status.OPEN: CUSTOMERS}
    assert free == SERVED - CUSTOMERS
    assert any("5 more promised than owned" in violation for violation in violations(today=TODAY))


# --- five wait for it -------------------------------------------------------------------------------------


@transaction.atomic
def confirming(number: int) -> list[Order]:
    cards = [stocked_card(0) for _ in range(CARDS)]
    return [settled(dict.fromkeys(cards, 1)) for _ in range(number)]


def all_wait(orders: list[Order], monkeypatch, *, now: Callable[[], datetime]) -> tuple[list[int], list[int]]:
    """The orders as they came to the cards' locks, and as they stand in the queue; by the clock `now`."""
    acting, came = threading.local(), []
    lock_cards = reservations.lock_cards

    def lock_and_note(card_ids):
        lock_cards(card_ids)
        came.append(acting.order)

    def accept(order: Order) -> None:
        acting.order = order.pk
        accept_shortfall(order=order, by=customer(), today=TODAY)

    monkeypatch.setattr(reservations, "lock_cards", lock_and_note)
    monkeypatch.setattr(reservations, "timezone", SimpleNamespace(now=now))
    at_the_same_moment(*(partial(accept, order) for order in orders))
    return came, list(Order.objects.pending_in_queue_order().values_list("pk", flat=True))


def clock_that_goes_back() -> Callable[[], datetime]:
    """A second earlier each time it is read: the machines' clocks differ, or one is being set."""
    readings = iter(range(1_000))
    start = timezone.now()
    return lambda: start - timedelta(seconds=next(readings))


def places() -> set[datetime | None]:
    return set(Order.objects.values_list("queued_at", flat=True))


def test_places_in_the_queue_are_in_the_order_of_the_locks(monkeypatch):
    came, queue = all_wait(confirming(CUSTOMERS), monkeypatch, now=timezone.now)

    assert queue == came
    assert len(places()) == CUSTOMERS
    assert list(violations(today=TODAY)) == []


def test_places_in_the_queue_are_in_the_order_of_the_locks_even_where_the_clock_goes_back(monkeypatch):
    came, queue = all_wait(confirming(CUSTOMERS), monkeypatch, now=clock_that_goes_back())

    assert queue == came
    assert len(places()) == CUSTOMERS


def test_negative_control_by_the_clock_alone_who_came_last_stands_first(monkeypatch):
    clock = clock_that_goes_back()
    monkeypatch.setattr(reservations, "_last_place", lambda demand, *, claim: clock())

    came, queue = all_wait(confirming(CUSTOMERS), monkeypatch, now=clock)

    assert queue == came[::-1]


def test_negative_control_without_the_lock_all_get_the_same_place(monkeypatch):
    take_out_the_lock(monkeypatch)
    meet_after(monkeypatch, reservations, "_last_place", parties=CUSTOMERS, seconds=LONG_ENOUGH_SECONDS)
    stopped = timezone.now()

    all_wait(confirming(CUSTOMERS), monkeypatch, now=lambda: stopped)

    assert places() == {stopped}


def test_waiting_in_two_tabs_at_once_takes_one_place(monkeypatch):
    orders = confirming(CUSTOMERS // 2)

    ends = race(*(partial(accept_shortfall, order=order, by=customer(), today=TODAY) for order in orders * 2))

    errors = failed(ends)
    assert len(errors) == len(orders)
    assert {type(error) for error in errors} == {CheckoutError}
    assert statuses() == {Status.PENDING: len(orders)}
    assert [order.events.filter(to_status=Status.PENDING).count() for order in orders] == [1] * len(orders)
    assert list(violations(today=TODAY)) == []
