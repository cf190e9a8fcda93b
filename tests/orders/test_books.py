"""`check_reservations` finds what is wrong, and nothing where nothing is."""

import tracemalloc
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import Card, Reservation
from orders import books as books_module
from orders.books import violations
from orders.fulfilment import check_in
from orders.models import Order, OrderCard, Payment, PaymentStatus
from orders.models.order import DAYS
from orders.promotion import promote_pending
from orders.states import Status
from orders.transitions import SYSTEM
from tests.factories import TODAY, StockMovementFactory, dispatched, paid, placed, stocked_card
from tests.racing import elsewhere, once_before

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


def test_a_deck_that_is_partly_back_is_in_order():
    card = stocked_card(4)
    check_in(order=dispatched({card: 3}), copies={card.pk: 1}, by=SYSTEM, today=TODAY)

    assert found() == ""


def test_a_dispatched_order_of_which_nothing_is_out_is_found():
    order = dispatched({stocked_card(4): 3})
    Reservation.objects.all().delete()

    assert f"{order} is dispatched, but nothing of it is out" in found()


def test_more_copies_out_than_were_ordered_are_found():
    order = dispatched({stocked_card(4): 3})
    Reservation.objects.update(quantity=4)

    assert f"{order}: more of a card is out than its lines ask for" in found()


def test_a_card_out_that_was_never_ordered_is_found():
    order = dispatched({stocked_card(4): 3})
    Reservation.objects.create(
        claim=order.claim,
        card=stocked_card(4),
        quantity=1,
        out_on=order.out_on,
        back_on=order.back_on,
        state="out",
    )

    assert f"{order}: more of a card is out than its lines ask for" in found()


@pytest.mark.parametrize("back", [False, True], ids=["out", "back"])
def test_a_deck_that_left_unpaid_is_found(back):
    order = dispatched({stocked_card(4): 3})
    if back:
        order = check_in(order=order, by=SYSTEM, today=TODAY)
    assert found() == ""

    Payment.objects.update(status=PaymentStatus.AUTHORIZED, captured_cents=0, captured_at=None)

    assert f"{order} is {order.status}, but its payment was not taken" in found()


def test_a_deck_that_left_for_a_cent_is_found():
    order = dispatched({stocked_card(4): 3})

    Payment.objects.update(captured_cents=1)

    assert f"{order} is dispatched, but less than its total was taken" in found()


def test_reservations_of_a_returned_order_are_found():
    order = dispatched({stocked_card(4): 3})
    Order.objects.filter(pk=order.pk).update(status=Status.RETURNED)

    assert "no order stands behind it" in found()


def test_a_cancelled_order_that_was_paid_for_is_found(books):
    _, open_order, _ = books
    Reservation.objects.filter(claim=open_order.claim).delete()
    Order.objects.filter(pk=open_order.pk).update(status=Status.CANCELLED)
    paid(open_order)
    Payment.objects.filter(order=open_order).update(released_at=timezone.now())

    assert f"{open_order} is cancelled, but its payment was taken" in found()


# --- lines and what they point to ---------------------------------------------------------------------------


def test_a_line_that_points_to_the_reservation_of_another_order_is_found(books):
    _, open_order, pending = books
    open_order.order_cards.update(reservation=Reservation.objects.get(claim=pending.claim))

    assert found() == f"{open_order}: a line points to the reservation of another order."


def test_a_line_that_points_to_the_reservation_of_another_card_is_found():
    order = placed({stocked_card(1): 1, stocked_card(1): 1})
    one, other = order.order_cards.all()
    OrderCard.objects.filter(pk=one.pk).update(reservation=other.reservation)

    assert found() == f"{order}: a line points to the reservation of another card."


def test_a_line_that_does_not_point_to_its_reservation_is_found(books):
    _, open_order, _ = books
    open_order.order_cards.update(reservation=None)

    assert found() == f"{open_order}: a line does not point to its reservation."


def test_a_line_whose_copies_are_all_back_points_to_nothing_and_is_in_order():
    back, out = stocked_card(1), stocked_card(1)
    order = dispatched({back: 1, out: 1})
    check_in(order=order, copies={back.pk: 1}, by=SYSTEM, today=TODAY)

    assert order.order_cards.filter(reservation=None).count() == 1
    assert found() == ""


def test_copies_that_are_marked_needed_on_the_wrong_line_are_found():
    card = stocked_card(0)
    order = placed({card: 1})
    first = order.order_cards.get()
    OrderCard.objects.create(
        order=order, card=card, quantity=1, zone="sideboard", reservation=first.reservation
    )
    Reservation.objects.update(quantity=2)

    assert found() == f"{order}: what is needed is not marked on the line that was added last."


# --- the queue ----------------------------------------------------------------------------------------------


def test_two_who_wait_for_a_card_at_one_place_are_found(books):
    card, _, pending = books
    other = placed({card: 1})
    Order.objects.filter(pk=other.pk).update(queued_at=pending.queued_at)
    Reservation.objects.filter(claim=other.claim).update(queued_at=pending.queued_at)

    assert found() == f"{card}: 2 orders stand at one place of the queue, {pending.queued_at}."


def test_two_at_one_moment_who_wait_for_different_cards_are_in_order(books):
    _, _, pending = books
    other = placed({stocked_card(0): 1})
    Order.objects.filter(pk=other.pk).update(queued_at=pending.queued_at)
    Reservation.objects.filter(claim=other.claim).update(queued_at=pending.queued_at)

    assert found() == ""


def test_a_pending_order_with_a_firm_reservation_is_found(books):
    _, _, pending = books
    Reservation.objects.filter(claim=pending.claim).update(state="firm", queued_at=None)

    assert f"{pending} is pending, but a reservation of it is firm" in found()


# --- days and money -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("copies", [1, 0], ids=["open", "pending"])
def test_an_order_without_days_is_found(copies):
    order = placed({stocked_card(copies): 1})
    Order.objects.filter(pk=order.pk).update(**dict.fromkeys(DAYS))

    assert f"{order} is {order.status}, but has no days." in found()


def test_a_deck_that_was_paid_for_and_never_dispatched_is_found():
    order = paid(placed({stocked_card(1): 1}))
    last = order.back_on - timedelta(days=1)

    assert violations(today=last) == []
    assert violations(today=order.back_on) == [
        f"{order} was paid for and never dispatched; its days have passed."
    ]


def test_an_open_order_whose_days_have_passed_unpaid_is_in_order():
    order = placed({stocked_card(1): 1})

    assert violations(today=order.back_on) == []


def test_a_pending_order_whose_hold_has_expired_is_in_order(books):
    _, _, pending = books
    Payment.objects.filter(order=pending).update(status=PaymentStatus.EXPIRED)

    assert found() == ""


def test_a_deck_that_is_overdue_is_in_order():
    dispatched({stocked_card(1): 1}, days=2, days_ago=10)

    assert found() == ""


# --- how it reads -------------------------------------------------------------------------------------------


def test_no_question_goes_through_all_that_ever_was_for_each_row(books):
    with CaptureQueriesContext(connection) as captured:
        violations(today=TODAY)

    questions = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    assert len(questions) > 10
    for question in questions:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + question)
            assert "SubPlan" not in "\n".join(line for (line,) in cursor.fetchall()), question


def memory_of_violations() -> int:
    """Bytes at the worst moment."""
    tracemalloc.start()
    try:
        assert violations(today=TODAY) == []
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_four_times_the_orders_need_no_more_memory(monkeypatch):
    monkeypatch.setattr(books_module, "ORDERS_AT_ONCE", 10)
    deck: dict[Card, int] = dict.fromkeys([stocked_card(100) for _ in range(20)], 1)
    for _ in range(25):
        placed(deck)
    memory_of_violations()  # imports, plans, what is remembered for ever
    few = memory_of_violations()
    for _ in range(75):
        placed(deck)

    assert memory_of_violations() < 1.3 * few


def one_can_be_promoted() -> Order:
    card = stocked_card(0)
    order = placed({card: 1})
    StockMovementFactory(printing=card.printings.get(), quantity=1)
    return order


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "step", ["_reserved_orders", "_reservations_of", "_lines_of", "_lines_that_point_elsewhere"]
)
def test_what_changes_between_two_readings_is_no_violation(monkeypatch, step):
    order = one_can_be_promoted()
    once_before(monkeypatch, books_module, step, lambda: elsewhere(lambda: promote_pending(TODAY)))

    assert violations(today=TODAY) == []

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert violations(today=TODAY) == []


@pytest.mark.django_db(transaction=True)
def test_negative_control_two_moments_make_a_violation_of_a_promotion(monkeypatch):
    one_can_be_promoted()
    once_before(
        monkeypatch, books_module, "_reservations_of", lambda: elsewhere(lambda: promote_pending(TODAY))
    )
    monkeypatch.setattr(books_module, "_one_moment", nullcontext)

    assert any("is pending, but a reservation of it is firm" in one for one in violations(today=TODAY))
    assert violations(today=TODAY) == []


@pytest.mark.django_db(transaction=True)
def test_the_books_are_only_read_and_what_comes_after_may_write_again(monkeypatch, books):
    said = []

    def ask(**kwargs):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('transaction_read_only'), current_setting('transaction_isolation')"
            )
            said.append(cursor.fetchone())
        return []

    monkeypatch.setattr(books_module, "_paid_for_and_never_dispatched", ask)
    call_command("check_reservations")

    assert said == [("on", "repeatable read")]
    assert not connection.in_atomic_block
    Order.objects.update(name="Somebody else")
