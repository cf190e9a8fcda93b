"""Copies that are lost beside a checkout, and the last copy that is lost twice."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from inventory import stock
from inventory.models import Card, Printing, StockMovement
from inventory.stock import StockError, owned_by_printing, record_movement
from orders import checkout
from orders.models import Order
from orders.states import Status
from tests.factories import TODAY, cart_with, held_payment, stocked_card
from tests.racing import (
    LONG_ENOUGH_SECONDS,
    MEETING_SECONDS,
    begin_elsewhere,
    failed,
    meet_after,
    race,
    wait_until_somebody_waits_for_us,
)

pytestmark = pytest.mark.django_db(transaction=True)


def lose(printing: Printing) -> StockMovement:
    kind = StockMovement.Kind.LOST
    return record_movement(printing=printing, kind=kind, quantity=1, by=None, effective_on=TODAY)


def take_out_the_lock_of_stock(monkeypatch) -> None:
    monkeypatch.setattr(stock, "lock_cards", lambda card_ids: None)


# --- beside a checkout ------------------------------------------------------------------------------------


def checked_out_while_the_copy_is_lost(then: Callable[[Any], Any]) -> Order:
    """The loss is written and not yet committed when the checkout comes; `then` is called with the checkout begun."""
    card = stocked_card(1)
    payment = held_payment(cart_with({card: 1}))
    with transaction.atomic():
        lose(card.printings.get())
        begun = begin_elsewhere(partial(checkout.settle, payment=payment, today=TODAY))
        then(begun)
    return begun.result(timeout=LONG_ENOUGH_SECONDS)


def test_a_checkout_waits_for_a_loss_and_finds_the_card_short():
    order = checked_out_while_the_copy_is_lost(lambda begun: wait_until_somebody_waits_for_us())

    assert order.status == Status.CONFIRMING


def test_negative_control_without_the_lock_it_is_promised_a_copy_that_is_just_leaving(monkeypatch):
    take_out_the_lock_of_stock(monkeypatch)

    order = checked_out_while_the_copy_is_lost(lambda begun: begun.result(timeout=LONG_ENOUGH_SECONDS))

    assert order.status == Status.OPEN


# --- in two tabs ------------------------------------------------------------------------------------------


def the_only_copy_is_lost_twice(
    monkeypatch, *, seconds: float = MEETING_SECONDS
) -> tuple[list[BaseException], int]:
    """The errors, and what is owned afterwards."""
    card: Card = stocked_card(1)
    printing = card.printings.get()
    meet_after(monkeypatch, stock, "_check_owned", seconds=seconds)
    errors = failed(race(*(partial(lose, printing) for _ in range(2))))
    return errors, owned_by_printing(printing_ids=[printing.pk], on=TODAY)[printing.pk]


def test_the_only_copy_is_lost_once(monkeypatch):
    errors, owned = the_only_copy_is_lost_twice(monkeypatch)

    assert [type(error) for error in errors] == [StockError]
    assert owned == 0


def test_negative_control_without_the_lock_the_only_copy_is_lost_twice(monkeypatch):
    take_out_the_lock_of_stock(monkeypatch)

    errors, owned = the_only_copy_is_lost_twice(monkeypatch, seconds=LONG_ENOUGH_SECONDS)

    assert (errors, owned) == ([], -1)
