"""A change whose money is there, and another customer who pays, for the last copy at the same moment."""

from functools import partial

import pytest
from django.db import transaction

from inventory import reservations
from inventory.availability import overpromised
from inventory.models import Card
from orders.change_plan import Wanted
from orders.checkout import settle
from orders.models import Order, OrderChange
from orders.signals import change_takes_effect
from orders.states import Status
from orders.transitions import lock_order
from tests.factories import TODAY, cart_with, held_payment, placed, stocked_card
from tests.orders.changes_asked_for import asked_for
from tests.racing import LONG_ENOUGH_SECONDS, MEETING_SECONDS, failed, meet_after, race, take_out_the_lock

pytestmark = pytest.mark.django_db(transaction=True)


@transaction.atomic
def its_money_is_booked(change: OrderChange) -> bool:
    """As orders/payments/truth.py does it."""
    lock_order(change.order_id)
    return change_takes_effect(change.pk, possible=True)


def both_want_the_last_copy(
    monkeypatch: pytest.MonkeyPatch, *, seconds: float = MEETING_SECONDS
) -> tuple[Card, Order, Order]:
    card = stocked_card(4, value_cents=10_000)
    order = placed({card: 3})
    change, cart = asked_for(order, Wanted(quantities={order.order_cards.get().pk: 4})), cart_with({card: 1})
    payment = held_payment(cart)
    meet_after(monkeypatch, reservations, "shortfalls", seconds=seconds)
    ends = race(partial(its_money_is_booked, change), partial(settle, payment=payment, today=TODAY))
    assert failed(ends) == []
    order.refresh_from_db()
    cart.refresh_from_db()
    return card, order, cart


def test_of_a_change_and_another_customer_one_has_the_last_copy(monkeypatch):
    _, order, other = both_want_the_last_copy(monkeypatch)

    changed = order.order_cards.get().quantity == 4
    assert other.status == (Status.CONFIRMING if changed else Status.OPEN)
    assert overpromised(today=TODAY) == {}
    assert OrderChange.objects.get().status == ("applied" if changed else "failed")


def test_negative_control_without_the_lock_both_have_it(monkeypatch):
    take_out_the_lock(monkeypatch)

    card, order, other = both_want_the_last_copy(monkeypatch, seconds=LONG_ENOUGH_SECONDS)

    assert (order.order_cards.get().quantity, other.status) == (4, Status.OPEN)
    assert card.pk in overpromised(today=TODAY)
