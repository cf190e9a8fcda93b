"""`check_reservations` finds what is wrong, and nothing where nothing is."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from inventory.models import Reservation
from orders.books import violations
from orders.models import Payment, PaymentStatus
from tests.factories import TODAY, StockMovementFactory, placed, stocked_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def books():
    """An open order and one that waits behind it, for the same card."""
    card = stocked_card(4)
    return card, placed({card: 3}), placed({card: 3})


def found() -> str:
    return "\n".join(violations(today=TODAY))


def test_right_books_have_no_violation(books, capsys):
    call_command("check_reservations")

    assert "The books are right." in capsys.readouterr().out


def test_the_command_exits_with_1_and_a_line_for_each_violation(books, capsys):
    Reservation.objects.all().delete()

    with pytest.raises(SystemExit) as exit_:
        call_command("check_reservations")

    assert exit_.value.code == 1
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_stock_that_was_lost_under_a_promise_is_found(books):
    card, _, _ = books
    StockMovementFactory(printing=card.printings.get(), quantity=-2, kind="lost", effective_on=TODAY)

    assert "1 more promised than owned" in found()


def test_reservations_that_differ_from_the_lines_are_found(books):
    _, open_order, _ = books
    open_order.order_cards.update(quantity=2)

    assert f"Order {open_order.number}: its reservations are not what its lines ask for" in found()


def test_a_reservation_in_the_wrong_state_is_found(books):
    _, open_order, _ = books
    Reservation.objects.filter(claim=open_order.claim).update(state="out")

    assert "is open, but a reservation of it is out" in found()


def test_a_place_in_the_queue_that_differs_is_found(books):
    _, _, pending = books
    Reservation.objects.filter(claim=pending.claim).update(queued_at=timezone.now() + timedelta(days=1))

    assert "another place of the queue" in found()


def test_days_that_differ_are_found(books):
    _, open_order, _ = books
    Reservation.objects.filter(claim=open_order.claim).update(back_on=open_order.back_on + timedelta(days=1))

    assert "for other days" in found()


def test_a_reservation_that_nobody_stands_behind_is_found(books):
    card, _, _ = books
    Reservation.objects.create(
        card=card, quantity=1, out_on=TODAY, back_on=TODAY + timedelta(days=1), state="firm"
    )

    assert "no order stands behind it" in found()


def test_an_open_order_without_money_is_found(books):
    _, open_order, _ = books
    Payment.objects.filter(order=open_order).update(status=PaymentStatus.EXPIRED)

    assert "no money is held for it" in found()


def test_a_hold_of_another_amount_is_found(books):
    _, open_order, _ = books
    Payment.objects.filter(order=open_order).update(amount_cents=1)

    assert "1 cents are held for a total of" in found()
