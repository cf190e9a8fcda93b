"""What was paid for and never left is cancelled by staff, and all of the money goes back."""

import uuid

import pytest
from django.core import mail
from django.utils import timezone

from inventory.models import Reservation
from orders import fulfilment, payments
from orders import stripe_gateway as gateway
from orders.books import violations
from orders.cancellation import NotCancellable, can_cancel, cancel
from orders.fulfilment import NotDispatchable, dispatch
from orders.models import Order, Payment, PaymentStatus, Refund
from orders.reconciliation import reconcile
from orders.states import Status
from orders.transitions import SYSTEM, Actor, customer, staff
from tests.factories import TODAY, StaffFactory
from tests.payments.paid_orders import (
    intent_id_of,
    open_order,
    order_that_left,
    paid_order,
    refunds_at_stripe,
    total_payment,
)
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

LOST = 3  # the library asks three times before it gives up


@pytest.fixture
def clerk() -> Actor:
    return staff(StaffFactory())


def broken_off(sandbox: Sandbox, monkeypatch, **fields) -> Order:
    """An order whose dispatch broke off between the money and the deck."""
    order = open_order(sandbox, **fields)
    with monkeypatch.context() as broken:
        broken.setattr(fulfilment, "_let_go", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            dispatch(order=order, by=SYSTEM, today=TODAY)
    return order


def test_staff_cancel_what_was_paid_for_and_never_left_and_all_of_it_goes_back(sandbox, monkeypatch, clerk):
    order = broken_off(sandbox, monkeypatch)
    assert can_cancel(order, by=clerk)

    cancel(order=order, by=clerk, reason="water damage")

    order.refresh_from_db()
    payment = total_payment(order)
    [seen] = refunds_at_stripe(payment, sandbox)
    assert (order.status, Reservation.objects.count()) == (Status.CANCELLED, 0)
    assert seen.amount == payment.captured_cents == payment.refunded_cents == order.total_cents
    assert payment.refunds.get().by == clerk.user
    assert [event.reason for event in order.events.order_by("pk")][-2:] == [
        "water damage",
        f"refund of €{order.total_cents / 100:.2f}: the order is cancelled",
    ]
    assert list(violations(today=TODAY)) == []


def test_the_customer_is_told_that_the_money_goes_back(sandbox, clerk):
    order = paid_order(sandbox)
    mail.outbox.clear()

    cancel(order=order, by=clerk, reason="water damage")

    cancelled, refunded = sorted(mail.outbox, key=lambda message: message.subject, reverse=True)
    assert cancelled.subject == f"Your order {order.number} is cancelled"
    assert f"What was charged, €{order.total_cents / 100:.2f}, goes" in cancelled.body
    assert "nothing is charged" not in cancelled.body
    assert "Why: Order cancelled: water damage" in refunded.body


@pytest.mark.parametrize("by", [customer(), SYSTEM], ids=["customer", "system"])
def test_nobody_else_cancels_what_is_paid_for(sandbox, by):
    order = paid_order(sandbox)
    assert not can_cancel(order, by=by)
    assert not can_cancel(order)

    with pytest.raises(NotCancellable, match="only the shop can cancel it"):
        cancel(order=order, by=by, reason="changed my mind")

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert not Refund.objects.exists()


def test_while_it_is_not_known_whether_the_money_was_taken_nobody_cancels(sandbox, clerk):
    order = open_order(sandbox)
    sandbox.fault("drop_after", "/v1/payment_intents/*/capture", times=LOST)
    with pytest.raises(NotDispatchable, match="did not answer"):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    for by in (customer(), clerk):
        assert not can_cancel(order, by=by)
        with pytest.raises(NotCancellable, match="at this moment"):
            cancel(order=order, by=by, reason="water damage")

    payments.sync_intent(intent_id_of(total_payment(order)))
    assert can_cancel(order, by=clerk)


def test_what_was_given_back_before_does_not_go_back_twice(sandbox, clerk):
    order = paid_order(sandbox)
    payment = total_payment(order)
    sandbox.client.v1.refunds.create({"payment_intent": intent_id_of(payment), "amount": 100})
    payments.sync_intent(intent_id_of(payment))

    cancel(order=order, by=clerk, reason="water damage")

    assert sum(seen.amount for seen in refunds_at_stripe(payment, sandbox)) == order.total_cents
    assert payment.refunds.count() == 2
    assert list(violations(today=TODAY)) == []


def test_what_was_given_back_wholly_before_is_just_cancelled(sandbox, clerk):
    order = paid_order(sandbox)
    payment = total_payment(order)
    sandbox.client.v1.refunds.create({"payment_intent": intent_id_of(payment)})
    payments.sync_intent(intent_id_of(payment))

    cancel(order=order, by=clerk, reason="water damage")

    assert payment.refunds.count() == 1
    assert list(violations(today=TODAY)) == []


def test_cancelling_twice_gives_back_once(sandbox, clerk):
    order = paid_order(sandbox)

    for _ in range(2):
        cancel(order=order, by=clerk, reason="water damage")

    assert len(refunds_at_stripe(total_payment(order), sandbox)) == 1


def test_the_letter_names_what_goes_back_by_the_cancellation_and_nothing_that_went_back_or_failed_before(
    sandbox, clerk
):
    order = paid_order(sandbox)
    payment = total_payment(order)
    give_back = {"payment": payment, "reason": "With our apologies.", "by": clerk}
    payments.refund(refund_id=uuid.uuid4(), amount_cents=100, **give_back)
    Refund.objects.create(
        payment=payment, amount_cents=200, reason="Once more.", status=Refund.Status.CANCELED
    )
    mail.outbox.clear()

    cancel(order=order, by=clerk, reason="water damage")

    [letter] = [message for message in mail.outbox if "water damage. What was charged" in message.body]
    assert f"What was charged, €{(order.total_cents - 100) / 100:.2f}, goes" in letter.body


def test_a_refund_that_stripe_does_not_answer_is_on_its_way_and_goes_later(sandbox, clerk):
    order = paid_order(sandbox)
    # Tasks run at once in tests, and again at once where they fail.
    sandbox.fault("drop_before", "/v1/refunds", method="POST", times=LOST * 9)

    cancel(order=order, by=clerk, reason="water damage")

    order.refresh_from_db()
    payment = total_payment(order)
    assert order.status == Status.CANCELLED
    assert payment.refunds.get().status == Refund.Status.CREATED
    assert list(violations(today=TODAY)) == []
    sandbox.clear_faults()

    payments.send_unsent_refunds(timezone.now())

    assert [seen.amount for seen in refunds_at_stripe(payment, sandbox)] == [order.total_cents]


def test_the_deck_stays_where_the_order_is_cancelled_between_the_money_and_the_deck(
    sandbox, monkeypatch, clerk
):
    order = open_order(sandbox)
    let_go = fulfilment._let_go

    def cancelled_just_before(order, **kwargs):
        cancel(order=order, by=clerk, reason="water damage")
        return let_go(order, **kwargs)

    monkeypatch.setattr(fulfilment, "_let_go", cancelled_just_before)

    with pytest.raises(NotDispatchable, match="cancelled"):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert total_payment(order).left_cents == 0


def test_a_deck_that_has_left_is_not_cancelled_by_staff_either(sandbox, clerk):
    order = order_that_left(sandbox)

    with pytest.raises(NotCancellable, match="dispatched"):
        cancel(order=order, by=clerk, reason="water damage")

    assert not Refund.objects.exists()


# --- the books --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ({"status": Refund.Status.CREATED}, True),
        ({"status": Refund.Status.PENDING}, True),
        ({"status": Refund.Status.FAILED}, False),
        ({"status": Refund.Status.CANCELED}, False),
        ({"amount_cents": 1}, False),
    ],
)
def test_a_cancelled_order_is_right_exactly_when_all_of_its_money_goes_back(sandbox, clerk, change, right):
    order = paid_order(sandbox)
    cancel(order=order, by=clerk, reason="water damage")

    Refund.objects.update(**change)

    assert bool(list(violations(today=TODAY))) != right


def test_the_books_and_reconciliation_count_what_was_paid_back_in_another_way(sandbox, clerk):
    order = paid_order(sandbox, card="pm_card_refundFail")
    cancel(order=order, by=clerk, reason="water damage")
    sandbox.advance(seconds=301)
    payments.sync_intent(intent_id_of(total_payment(order)))
    [wrong] = violations(today=TODAY)
    assert f"of {order.total_cents} cents 0 are given back" in wrong

    payments.note_paid_back(refund=Refund.objects.get(), note="in cash", by=clerk)

    assert list(violations(today=TODAY)) == []
    assert not any("Refund them" in sentence for sentence in reconcile(now=timezone.now()).reports)


def test_money_that_the_bank_took_back_is_not_given_back_again(sandbox, clerk):
    order = paid_order(sandbox, card="pm_card_createDispute")
    payments.sync_intent(intent_id_of(total_payment(order)))
    cancel(order=order, by=clerk, reason="water damage")
    payment = total_payment(order)
    assert payment.refunds.get().status == Refund.Status.FAILED
    [wrong] = violations(today=TODAY)
    assert f"of {order.total_cents} cents 0 are given back" in wrong

    [dispute] = sandbox.client.v1.disputes.list({"payment_intent": intent_id_of(payment)}).data
    sandbox.client.v1.disputes.close(dispute.id)
    payments.sync_intent(intent_id_of(payment))

    assert list(violations(today=TODAY)) == []


def test_no_hold_is_voided_of_a_payment_that_was_taken(sandbox, monkeypatch, clerk):
    order, cancelled = paid_order(sandbox), []
    monkeypatch.setattr(gateway, "cancel", cancelled.append)

    cancel(order=order, by=clerk, reason="water damage")
    payments.void_released_payments()

    assert cancelled == []
    assert Payment.objects.get().status == PaymentStatus.CAPTURED


def test_nobody_is_told_to_give_back_what_is_on_its_way(sandbox, clerk):
    order = paid_order(sandbox)
    sandbox.fault("drop_before", "/v1/refunds", method="POST", times=LOST * 9)
    cancel(order=order, by=clerk, reason="water damage")
    sandbox.clear_faults()
    assert Refund.objects.get().status == Refund.Status.CREATED
    assert not any("Refund them" in sentence for sentence in reconcile(now=timezone.now()).reports)

    Refund.objects.update(status=Refund.Status.FAILED)
    [told] = [each for each in reconcile(now=timezone.now()).reports if "Refund them" in each]

    assert f"{order.total_cents} cents are taken for what is cancelled" in told
