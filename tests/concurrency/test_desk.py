"""At the desk and on the order's page: two who want the same copies, or write down the same thing, at once."""

from datetime import date, timedelta
from functools import partial

import pytest
from django.core import mail

from inventory import reservations
from inventory.availability import overpromised
from inventory.models import Card, StockMovement
from inventory.reservations import on_shelf, out_by_card
from orders import checkout, fulfilment
from orders.books import violations
from orders.changes import ChangeIsShort, change, keep_longer
from orders.fulfilment import NotDispatchable, ReturnError, check_in, dispatch
from orders.models import Order
from orders.states import Status
from orders.transitions import SYSTEM, customer
from tests.factories import (
    TODAY,
    StockMovementFactory,
    cart_with,
    dispatched,
    held_payment,
    paid,
    placed,
    settled,
    stocked_card,
)
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


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def take_out_the_order_lock(monkeypatch) -> None:
    monkeypatch.setattr(fulfilment, "lock_order", lambda pk: Order.objects.get(pk=pk))


# --- the same copies leave twice --------------------------------------------------------------------------


def two_leave_with_the_same_copies(monkeypatch, *, seconds: float = MEETING_SECONDS):
    """Two orders for two copies each, both paid; two of the four copies are lost. How they end, and what is left."""
    card = stocked_card(4)
    orders = [paid(settled({card: 2}, first_day=TODAY)) for _ in range(2)]
    StockMovementFactory(printing=card.printings.get(), quantity=-2, kind=StockMovement.Kind.LOST)
    # Before the money is taken, and again under lock.
    meet_after(monkeypatch, reservations, "check_on_shelf", times=2, seconds=seconds)
    ends = race(*(partial(dispatch, order=order, by=SYSTEM, today=TODAY) for order in orders))
    statuses = sorted(Order.objects.values_list("status", flat=True))
    return card, failed(ends), statuses, on_shelf([card.pk], today=TODAY)[card.pk]


def test_of_two_orders_for_the_same_copies_one_leaves(monkeypatch):
    card, errors, statuses, left = two_leave_with_the_same_copies(monkeypatch)

    [error] = errors
    assert isinstance(error, NotDispatchable)
    assert error.missing == {card.pk: 2}
    assert statuses == [Status.DISPATCHED, Status.OPEN]
    assert left == 0


def test_negative_control_without_the_lock_both_leave_with_them(monkeypatch):
    take_out_the_lock(monkeypatch)

    _, errors, statuses, left = two_leave_with_the_same_copies(monkeypatch, seconds=LONG_ENOUGH_SECONDS)

    assert errors == []
    assert statuses == [Status.DISPATCHED, Status.DISPATCHED]
    assert left == -2


def dispatched_in_two_tabs(monkeypatch, *, seconds: float = MEETING_SECONDS) -> tuple[int, int]:
    """How often the order left by its history, and how many e-mails say so."""
    order = paid(settled({stocked_card(2): 2}, first_day=TODAY))
    mail.outbox.clear()
    meet_after(monkeypatch, fulfilment, "check_days", times=2, seconds=seconds)  # as above
    at_the_same_moment(*(partial(dispatch, order=order, by=SYSTEM, today=TODAY) for _ in range(2)))
    return order.events.filter(to_status=Status.DISPATCHED).count(), len(mail.outbox)


def test_dispatching_in_two_tabs_at_once_is_dispatching_once(monkeypatch):
    assert dispatched_in_two_tabs(monkeypatch) == (1, 1)


def test_negative_control_without_the_orders_lock_it_leaves_twice(monkeypatch):
    take_out_the_order_lock(monkeypatch)

    assert dispatched_in_two_tabs(monkeypatch, seconds=LONG_ENOUGH_SECONDS) == (2, 2)


# --- kept longer, and wanted by another -------------------------------------------------------------------


def kept_while_another_checks_out(monkeypatch, *, seconds: float = MEETING_SECONDS):
    """A deck that is out is kept two days longer, while somebody orders the only copy for these days."""
    card = stocked_card(1)
    out = dispatched({card: 1}, days=3)
    payment = held_payment(cart_with({card: 1}, first_day=day(3)))
    meet_after(monkeypatch, reservations, "shortfalls", seconds=seconds)
    kept, _ = race(
        partial(keep_longer, order=out, last_day=day(4), by=SYSTEM, today=TODAY),
        partial(checkout.settle, payment=payment, today=TODAY),
    )
    was_kept = not isinstance(kept, ChangeIsShort)
    return card, was_kept, Order.objects.get(pk=payment.order_id).status


def test_a_deck_is_kept_longer_or_promised_to_the_next_and_not_both(monkeypatch):
    _, was_kept, status = kept_while_another_checks_out(monkeypatch)

    assert (was_kept, status) in [(True, Status.CONFIRMING), (False, Status.OPEN)]
    assert list(violations(today=TODAY)) == []


def test_negative_control_without_the_lock_it_is_kept_and_promised(monkeypatch):
    take_out_the_lock(monkeypatch)

    card, was_kept, status = kept_while_another_checks_out(monkeypatch, seconds=LONG_ENOUGH_SECONDS)

    assert (was_kept, status) == (True, Status.OPEN)
    assert overpromised(today=TODAY) == {card.pk: {day(3): 1, day(4): 1}}


# --- two orders grow --------------------------------------------------------------------------------------


def two_grow_into_the_last_copy(monkeypatch, *, seconds: float = MEETING_SECONDS):
    card = stocked_card(3)
    orders = [placed({card: 1}) for _ in range(2)]
    grow = [
        partial(
            change,
            order=order,
            quantities={order.order_cards.get().pk: 2},
            by=customer(),
            today=TODAY,
        )
        for order in orders
    ]
    meet_after(monkeypatch, reservations, "shortfalls", seconds=seconds)
    errors = failed(race(*grow))
    return card, errors, sorted(order.order_cards.get().quantity for order in orders)


def test_of_two_orders_that_grow_into_the_last_copy_one_gets_it(monkeypatch):
    card, errors, copies = two_grow_into_the_last_copy(monkeypatch)

    [error] = errors
    assert isinstance(error, ChangeIsShort)
    assert error.shortfalls[card.pk].short == 1
    assert copies == [1, 2]
    assert list(violations(today=TODAY)) == []


def test_negative_control_without_the_lock_both_grow(monkeypatch):
    take_out_the_lock(monkeypatch)

    card, errors, copies = two_grow_into_the_last_copy(monkeypatch, seconds=LONG_ENOUGH_SECONDS)

    assert (errors, copies) == ([], [2, 2])
    assert set(overpromised(today=TODAY)[card.pk].values()) == {1}


# --- the same return is written down twice ----------------------------------------------------------------


def two_of_four_come_back_in_two_tabs(
    monkeypatch, *, seen: int | None = 4, seconds: float = MEETING_SECONDS
) -> tuple[Card, Order, list[BaseException]]:
    card = stocked_card(4)
    order = dispatched({card: 4})
    meet_after(monkeypatch, reservations, "out_by_card", seconds=seconds)
    errors = failed(
        race(
            *(
                partial(check_in, order=order, copies={card.pk: 2}, by=SYSTEM, today=TODAY, seen=seen)
                for _ in range(2)
            )
        )
    )
    order.refresh_from_db()
    return card, order, errors


def test_a_return_that_is_written_down_in_two_tabs_counts_once(monkeypatch):
    card, order, errors = two_of_four_come_back_in_two_tabs(monkeypatch)

    [error] = errors
    assert isinstance(error, ReturnError)
    assert "in the meantime" in str(error)
    assert out_by_card(claim=order.claim) == {card.pk: 2}
    assert order.status == Status.DISPATCHED
    assert list(violations(today=TODAY)) == []


def test_negative_control_without_what_the_page_showed_four_are_back_where_two_came(monkeypatch):
    _, order, errors = two_of_four_come_back_in_two_tabs(monkeypatch, seen=None)

    assert errors == []
    assert order.status == Status.RETURNED


def test_negative_control_without_the_orders_lock_both_tabs_are_believed(monkeypatch):
    take_out_the_order_lock(monkeypatch)

    _, _, errors = two_of_four_come_back_in_two_tabs(monkeypatch, seconds=LONG_ENOUGH_SECONDS)

    assert errors == []
