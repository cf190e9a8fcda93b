"""Promotion takes no lock on cards. What comes between its two reads, or before it writes, must not matter.

It reads the queue, then what is free, then opens what has nothing short (inventory/queue.py, orders/promotion.py).
"""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY

import pytest
from django.core import mail
from django.db import DataError, connection, transaction
from django.utils import timezone

from inventory import queue, reservations
from inventory.availability import FRONT, overpromised, shortfalls
from inventory.models import Card, Reservation
from orders import checkout, promotion, tasks
from orders.books import violations
from orders.cancellation import cancel
from orders.changes import change
from orders.models import Order, OrderEvent
from orders.promotion import promote_pending
from orders.states import Status
from orders.transitions import SYSTEM, customer
from tests.factories import TODAY, StockMovementFactory, placed, settled, stocked_card
from tests.racing import (
    LONG_ENOUGH_SECONDS,
    MEETING_SECONDS,
    at_the_same_moment,
    begin_elsewhere,
    elsewhere,
    meet_after,
    once_before,
)

pytestmark = pytest.mark.django_db(transaction=True)

# The step comes after the queue was read and before what is free is read; or after both, before anything is written.
PLACES = pytest.mark.parametrize(
    "place",
    [(queue, "_free_at_the_front"), (promotion, "_open")],
    ids=["between the reads", "before the writing"],
)


@pytest.fixture(autouse=True)
def _promotion_runs_only_where_the_test_says_so(monkeypatch) -> None:
    monkeypatch.setattr(tasks.promote_pending, "delay", lambda: None)


@pytest.fixture
def _runs_do_not_wait_for_each_other(monkeypatch) -> None:
    monkeypatch.setattr(promotion, "one_at_a_time", lambda what: nullcontext())


without_waiting = pytest.mark.usefixtures("_runs_do_not_wait_for_each_other")


def buy(card: Card, copies: int) -> None:
    """More copies, without telling anybody."""
    StockMovementFactory(printing=card.printings.get(), quantity=copies)


def statuses(*orders: Order) -> list[str]:
    return [Order.objects.get(pk=order.pk).status for order in orders]


def missing(card: Card) -> int:
    """Copies that are promised on the worst day and not owned."""
    return max(overpromised(today=TODAY).get(card.pk, {TODAY: 0}).values())


# --- another promotion ------------------------------------------------------------------------------------


@transaction.atomic
def two_wait_for_one_copy() -> tuple[Card, Order, Order]:
    card = stocked_card(0)
    first, second = placed({card: 1}), placed({card: 1})
    buy(card, 1)
    return card, first, second


def swap_the_reads(monkeypatch, order: Order, card: Card, step: Callable[[], Any]) -> None:
    """Wrong on purpose: what is free is read first, then comes the step, and then the queue is read."""
    read_queue, read_free = queue._queue, queue._free_at_the_front

    def read_free_then_step_then_read_queue():
        monkeypatch.setattr(queue, "_queue", read_queue)
        days = (order.back_on - order.out_on).days
        free_before = read_free([card.pk], order.out_on, days, today=TODAY)
        step()
        monkeypatch.setattr(queue, "_free_at_the_front", lambda *args, **kwargs: free_before)
        return read_queue()

    monkeypatch.setattr(queue, "_queue", read_free_then_step_then_read_queue)


@without_waiting
@PLACES
def test_another_promotion_that_opens_the_first_leaves_nothing_for_the_second(place, monkeypatch):
    card, first, second = two_wait_for_one_copy()
    once_before(monkeypatch, *place, partial(promote_pending, TODAY))

    promote_pending(TODAY)

    assert statuses(first, second) == [Status.OPEN, Status.PENDING]
    assert missing(card) == 0
    assert OrderEvent.objects.filter(to_status=Status.OPEN).count() == 1
    assert list(violations(today=TODAY)) == []


@without_waiting
def test_negative_control_with_the_reads_swapped_the_second_gets_the_same_copy(monkeypatch):
    card, first, second = two_wait_for_one_copy()
    swap_the_reads(monkeypatch, second, card, partial(promote_pending, TODAY))

    promote_pending(TODAY)

    assert statuses(first, second) == [Status.OPEN, Status.OPEN]
    assert missing(card) == 1


def a_second_run_begins_before_the_first_writes(monkeypatch) -> list[str]:
    """Statuses of two who wait: for the first there was enough all along, for the second just before that run."""
    card, first, second = two_wait_for_one_copy()
    read_free, reads, go_on, runs = queue._free_at_the_front, threading.Event(), threading.Event(), []

    def stand_still(*args, **kwargs):
        reads.set()
        go_on.wait(LONG_ENOUGH_SECONDS)
        return read_free(*args, **kwargs)

    def second_run_begins() -> None:
        buy(card, 1)
        monkeypatch.setattr(queue, "_free_at_the_front", stand_still)
        runs.append(begin_elsewhere(partial(promote_pending, TODAY)))
        reads.wait(MEETING_SECONDS)

    once_before(monkeypatch, promotion, "_open", second_run_begins)
    promote_pending(TODAY)
    go_on.set()
    runs[0].result(LONG_ENOUGH_SECONDS)
    return statuses(first, second)


def test_runs_wait_for_each_other_so_that_nobody_waits_for_nothing(monkeypatch):
    assert a_second_run_begins_before_the_first_writes(monkeypatch) == [Status.OPEN, Status.OPEN]


@without_waiting
def test_negative_control_a_run_that_reads_while_another_writes_leaves_one_waiting(monkeypatch):
    assert a_second_run_begins_before_the_first_writes(monkeypatch) == [Status.OPEN, Status.PENDING]


def two_promotions_at_once(monkeypatch, *, meeting: tuple[Any, str]) -> tuple[int, list[int], int]:
    """How many they say they opened; how often each of the orders was opened; and how many e-mails tell of it."""
    card = stocked_card(0)
    orders = [placed({card: 1}) for _ in range(3)]
    buy(card, 3)
    mail.outbox.clear()
    meet_after(monkeypatch, *meeting, seconds=LONG_ENOUGH_SECONDS)
    results = at_the_same_moment(*(partial(promote_pending, TODAY) for _ in range(2)))
    opened = [order.events.filter(to_status=Status.OPEN).count() for order in orders]
    return sum(result.opened for result in results), opened, len(mail.outbox)


@without_waiting
def test_two_promotions_at_once_open_each_order_once_and_say_so_once(monkeypatch):
    opened = two_promotions_at_once(monkeypatch, meeting=(queue, "_free_at_the_front"))

    assert opened == (3, [1, 1, 1], 3)
    assert list(violations(today=TODAY)) == []


@without_waiting
def test_negative_control_without_the_lock_on_orders_each_is_opened_twice(monkeypatch):
    monkeypatch.setattr(promotion, "lock_orders", lambda orders: list(orders.order_by("pk")))

    opened = two_promotions_at_once(monkeypatch, meeting=(promotion, "held_orders"))

    assert opened == (6, [2, 2, 2], 6)


# --- a checkout -------------------------------------------------------------------------------------------


@transaction.atomic
def one_waits_for_two_of_three() -> tuple[Card, Order]:
    card = stocked_card(0)
    order = placed({card: 2})
    buy(card, 3)
    return card, order


@PLACES
def test_a_checkout_takes_what_the_queue_leaves_and_no_more(place, monkeypatch):
    card, waiting = one_waits_for_two_of_three()
    came: list[Order] = []
    once_before(monkeypatch, *place, lambda: came.extend(settled({card: 1}) for _ in range(2)))

    promote_pending(TODAY)

    assert statuses(waiting, *came) == [Status.OPEN, Status.OPEN, Status.CONFIRMING]
    assert missing(card) == 0
    assert list(violations(today=TODAY)) == []


def test_negative_control_a_checkout_that_does_not_count_the_queue_takes_what_is_being_promoted(monkeypatch):
    def past_the_queue(*args, **kwargs):
        return shortfalls(*args, **{**kwargs, "place": FRONT})

    monkeypatch.setattr(reservations, "shortfalls", past_the_queue)
    card, waiting = one_waits_for_two_of_three()
    once_before(monkeypatch, promotion, "_open", lambda: [settled({card: 1}) for _ in range(2)])

    promote_pending(TODAY)

    assert statuses(waiting) == [Status.OPEN]
    assert missing(card) == 1


# --- a cancellation ---------------------------------------------------------------------------------------


@PLACES
def test_an_order_that_is_cancelled_meanwhile_stays_cancelled(place, monkeypatch):
    card, first, second = two_wait_for_one_copy()
    mail.outbox.clear()
    once_before(monkeypatch, *place, lambda: cancel(order=first, by=customer(), reason="changed my mind"))

    promote_pending(TODAY)

    assert statuses(first, second) == [Status.CANCELLED, Status.PENDING]
    assert len(mail.outbox) == 1  # of the cancellation
    assert list(violations(today=TODAY)) == []
    promote_pending(TODAY)
    assert statuses(first, second) == [Status.CANCELLED, Status.OPEN]
    assert missing(card) == 0


def test_negative_control_a_promotion_that_trusts_what_it_saw_opens_a_cancelled_order(monkeypatch):
    _, waiting = one_waits_for_two_of_three()
    seen = [Order.objects.get(pk=waiting.pk)]
    monkeypatch.setattr(promotion, "lock_orders", lambda orders: seen)
    monkeypatch.setattr(promotion, "held_orders", lambda orders: {order.pk for order in orders})
    changes_mind = partial(cancel, order=waiting, by=customer(), reason="changed my mind")
    once_before(monkeypatch, promotion, "_open", changes_mind)

    promote_pending(TODAY)

    assert statuses(waiting) == [Status.OPEN]
    found = "\n".join(violations(today=TODAY))
    assert "its reservations are not what its lines ask for" in found
    assert "no money is held for it" in found


# --- an edit ----------------------------------------------------------------------------------------------


def asks_for_two(order: Order) -> None:
    line = order.order_cards.get()
    change(order=order, quantities={line.pk: 2}, by=customer(), today=TODAY)


@PLACES
def test_an_order_that_asks_for_more_meanwhile_is_left_alone(place, monkeypatch):
    card, first, second = two_wait_for_one_copy()
    once_before(monkeypatch, *place, partial(asks_for_two, first))

    promote_pending(TODAY)

    assert statuses(first, second) == [Status.PENDING, Status.PENDING]
    assert list(Order.objects.pending_in_queue_order()) == [second, first]
    assert list(violations(today=TODAY)) == []
    promote_pending(TODAY)
    assert statuses(first, second) == [Status.PENDING, Status.OPEN]
    assert missing(card) == 0


def test_negative_control_without_a_look_at_its_place_it_opens_with_more_than_there_is(monkeypatch):
    lock_orders = promotion.lock_orders

    def lock_wherever_they_stand(orders):
        locked = lock_orders(orders)
        for order in locked:
            order.queued_at = ANY  # as good as any other place
        return locked

    card, first, _ = two_wait_for_one_copy()
    monkeypatch.setattr(promotion, "lock_orders", lock_wherever_they_stand)
    once_before(monkeypatch, promotion, "_open", partial(asks_for_two, first))

    promote_pending(TODAY)

    assert statuses(first) == [Status.OPEN]
    assert missing(card) == 1


# --- a run that fails ------------------------------------------------------------------------------------


def test_a_run_that_fails_keeps_nobody_out(monkeypatch):
    def fail(**question):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    with monkeypatch.context() as broken:
        broken.setattr(promotion, "walk_queue", fail)
        with pytest.raises(DataError, match="division by zero"):
            transaction.atomic(promote_pending)(TODAY)

    assert elsewhere(partial(promote_pending, TODAY)).waiting == 0


# --- a clock that is behind -------------------------------------------------------------------------------


def test_an_order_that_asks_for_more_leaves_its_place_even_where_the_clock_stands_still(monkeypatch):
    card = stocked_card(0)
    first, second = placed({card: 1}), settled({card: 1})
    an_hour_ago = timezone.now() - timedelta(hours=1)
    monkeypatch.setattr(reservations, "timezone", SimpleNamespace(now=lambda: an_hour_ago))
    checkout.accept_shortfall(order=second, by=customer(), today=TODAY)  # just behind the first
    buy(card, 2)
    once_before(monkeypatch, promotion, "_open", partial(asks_for_two, second))

    promote_pending(TODAY)

    assert statuses(first, second) == [Status.OPEN, Status.PENDING]
    assert missing(card) == 0


def the_second_comes_by_a_slow_clock(monkeypatch) -> tuple[Card, Order, Order]:
    """While the first is being promoted, the second comes, from a machine whose clock is a minute behind, and another
    promotion runs."""
    card = stocked_card(1)
    taken, first, second = placed({card: 1}), placed({card: 1}), settled({card: 1})
    cancel(order=taken, by=SYSTEM, reason="the only copy is free")

    def come_and_promote() -> None:
        with pytest.MonkeyPatch.context() as slow:
            a_minute_ago = timezone.now() - timedelta(minutes=1)
            slow.setattr(reservations, "timezone", SimpleNamespace(now=lambda: a_minute_ago))
            checkout.accept_shortfall(order=second, by=customer(), today=TODAY)
        promote_pending(TODAY)

    once_before(monkeypatch, promotion, "_open", come_and_promote)
    promote_pending(TODAY)
    return card, first, second


def test_a_machine_whose_clock_is_behind_lets_nobody_in_before_the_one_that_is_being_promoted(monkeypatch):
    card, first, second = the_second_comes_by_a_slow_clock(monkeypatch)

    assert statuses(first, second) == [Status.OPEN, Status.PENDING]
    assert Reservation.objects.get(state=Reservation.State.FIRM).claim == first.claim
    assert missing(card) == 0


def test_negative_control_by_the_clock_alone_both_are_promised_the_one_copy(monkeypatch):
    monkeypatch.setattr(reservations, "_last_place", lambda demand, *, claim: reservations.timezone.now())

    card, first, second = the_second_comes_by_a_slow_clock(monkeypatch)

    assert statuses(first, second) == [Status.OPEN, Status.OPEN]
    assert missing(card) == 1
