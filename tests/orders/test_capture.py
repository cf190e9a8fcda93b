"""Dispatch takes the money first: what is taken, once, and what happens where that breaks off or is refused."""

import uuid

import pytest
import stripe
from django.db import connection
from django.utils import timezone

from orders import fulfilment, payments
from orders import stripe_gateway as gateway
from orders.books import violations
from orders.cancellation import NotCancellable, can_cancel, cancel
from orders.changes import ChangeError, change
from orders.fulfilment import NotDispatchable, dispatch
from orders.models import DisputeStatus, Order, Payment, PaymentStatus
from orders.states import Status
from orders.transitions import SYSTEM, customer, staff
from tests.factories import TODAY, StaffFactory, cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def open_order(sandbox: Sandbox) -> Order:
    """An open order that may leave today, its total held at the provider."""
    cart = cart_with({stocked_card(4): 3}, first_day=TODAY)
    submit(cart, sandbox, TODAY)
    order = Order.objects.get(pk=cart.pk)
    assert order.status == Status.OPEN
    return order


def intent_of(order: Order, sandbox: Sandbox) -> stripe.PaymentIntent:
    attempt = Payment.objects.get(order=order).attempts.get()
    return sandbox.client.v1.payment_intents.retrieve(attempt.intent_id)


def test_dispatching_takes_what_is_held(sandbox):
    order = open_order(sandbox)

    dispatch(order=order, by=SYSTEM, today=TODAY)

    intent, payment = intent_of(order, sandbox), Payment.objects.get()
    assert (intent.status, intent.amount_received) == ("succeeded", order.total_cents)
    assert payment.status == PaymentStatus.CAPTURED
    assert list(violations(today=TODAY)) == []


def test_capturing_twice_takes_the_money_once(sandbox):
    order = open_order(sandbox)

    first, second = payments.capture(order), payments.capture(order)

    assert first == second
    assert intent_of(order, sandbox).amount_received == order.total_cents


def test_no_transaction_is_open_while_the_provider_is_asked(sandbox, monkeypatch):
    order, open_transactions = open_order(sandbox), []
    client = gateway._client
    monkeypatch.setattr(
        gateway, "_client", lambda: open_transactions.append(connection.in_atomic_block) or client()
    )

    dispatch(order=order, by=SYSTEM, today=TODAY)

    assert open_transactions == [False, False]


def test_dispatch_that_breaks_off_after_the_money_was_taken_goes_on_the_next_time(sandbox, monkeypatch):
    order = open_order(sandbox)
    with monkeypatch.context() as broken:
        broken.setattr(fulfilment, "_let_go", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            dispatch(order=order, by=SYSTEM, today=TODAY)
    order.refresh_from_db()
    assert (order.status, Payment.objects.get().status) == (Status.OPEN, PaymentStatus.CAPTURED)
    assert list(violations(today=TODAY)) == []

    order = dispatch(order=order, by=SYSTEM, today=TODAY)

    assert order.status == Status.DISPATCHED
    assert intent_of(order, sandbox).amount_received == order.total_cents


def test_a_capture_whose_answer_was_lost_is_found_taken_the_next_time(sandbox, monkeypatch):
    order = open_order(sandbox)
    capture = gateway.capture

    def lose_the_answer(intent_id, **request):
        capture(intent_id, **request)
        raise gateway.Unavailable("connection reset")

    with monkeypatch.context() as broken:
        broken.setattr(gateway, "capture", lose_the_answer)
        with pytest.raises(NotDispatchable, match="dispatch the order again"):
            dispatch(order=order, by=SYSTEM, today=TODAY)
    order.refresh_from_db()
    assert (order.status, Payment.objects.get().status) == (Status.OPEN, PaymentStatus.AUTHORIZED)
    with pytest.raises(NotCancellable, match="payment is taken"):
        cancel(order=order, by=customer(), reason="changed my mind")

    assert dispatch(order=order, by=SYSTEM, today=TODAY).status == Status.DISPATCHED


def test_money_that_was_taken_by_hand_is_not_taken_again(sandbox):
    order = open_order(sandbox)
    sandbox.client.v1.payment_intents.capture(intent_of(order, sandbox).id)

    assert dispatch(order=order, by=SYSTEM, today=TODAY).status == Status.DISPATCHED
    assert Payment.objects.get().status == PaymentStatus.CAPTURED


def stays(order: Order, because: str) -> None:
    """Dispatch refuses, and nothing of the order is changed but what was taken."""
    with pytest.raises(NotDispatchable, match=because):
        dispatch(order=order, by=SYSTEM, today=TODAY)
    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert can_cancel(order, by=staff(StaffFactory()))


def test_a_cent_that_was_taken_by_hand_does_not_pay_for_a_deck(sandbox):
    order = open_order(sandbox)
    sandbox.client.v1.payment_intents.capture(intent_of(order, sandbox).id, {"amount_to_capture": 1})

    stays(order, "only €0.01 are here")


@pytest.mark.parametrize("cents", [1, None], ids=["a cent", "all"])
def test_a_deck_whose_money_was_given_back_since_it_was_taken_stays(sandbox, cents):
    order = open_order(sandbox)
    payment = payments.capture(order)
    payments.refund(
        refund_id=uuid.uuid4(),
        payment=payment,
        amount_cents=cents or payment.captured_cents,
        reason="The deck did not leave.",
        by=SYSTEM,
    )

    stays(order, "given back. Cancel the order")


def test_a_deck_whose_money_is_on_its_way_back_stays(sandbox, monkeypatch):
    order = open_order(sandbox)
    payment = payments.capture(order)

    def no_answer(**request):
        raise gateway.Unavailable("no answer")

    monkeypatch.setattr(gateway, "refund", no_answer)
    payments.refund(
        refund_id=uuid.uuid4(),
        payment=payment,
        amount_cents=payment.captured_cents,
        reason="It did not leave.",
        by=SYSTEM,
    )

    stays(order, "only €0.00 are here")


@pytest.mark.parametrize(
    ("dispute", "because"),
    [(DisputeStatus.OPEN, "disputes this payment"), (DisputeStatus.LOST, "gave the money")],
)
def test_a_deck_whose_payment_is_disputed_stays(sandbox, dispute, because):
    order = open_order(sandbox)
    payments.capture(order)
    Payment.objects.update(dispute=dispute)

    stays(order, because)


def test_a_deck_whose_dispute_was_won_leaves(sandbox):
    order = open_order(sandbox)
    payments.capture(order)
    Payment.objects.update(dispute=DisputeStatus.WON)

    assert dispatch(order=order, by=SYSTEM, today=TODAY).status == Status.DISPATCHED


def test_a_hold_that_the_bank_has_ended_keeps_the_deck_here(sandbox):
    order = open_order(sandbox)
    sandbox.client.v1.payment_intents.cancel(intent_of(order, sandbox).id)

    with pytest.raises(NotDispatchable, match="Nothing is held"):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert Payment.objects.earliest("created_at").status == PaymentStatus.VOIDED
    assert can_cancel(order)


def test_what_the_provider_will_not_do_leaves_the_order_as_it_was(sandbox, monkeypatch):
    order = open_order(sandbox)

    def refuse(intent_id, **request):
        raise gateway.Refused("Captures are switched off for this account.")

    monkeypatch.setattr(gateway, "capture", refuse)

    with pytest.raises(NotDispatchable, match="Captures are switched off"):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert can_cancel(order)


def test_a_refusal_does_not_give_the_order_free_while_somebody_else_takes_its_money(sandbox, monkeypatch):
    """Two at the desk: the provider refuses the first one, and the second one's request is on its way."""
    order = open_order(sandbox)
    begun = []

    def refuse_while_another_begins(intent_id, **request):
        another = timezone.now()
        Payment.objects.update(capture_begun_at=another)
        begun.append(another)
        raise gateway.Refused("Not now.")

    monkeypatch.setattr(gateway, "capture", refuse_while_another_begins)

    with pytest.raises(gateway.Refused):
        payments.capture(order)

    assert [Payment.objects.get().capture_begun_at] == begun
    with pytest.raises(NotCancellable, match="being dispatched"):
        cancel(order=order, by=customer(), reason="changed my mind")


def test_an_order_that_is_cancelled_while_its_money_is_being_taken_stays(sandbox, monkeypatch):
    """Negative control: without the check in `cancel`, it is cancelled and the customer pays for nothing."""
    order = open_order(sandbox)
    capture, said = gateway.capture, []

    def capture_while_the_customer_cancels(intent_id, **request):
        try:
            cancel(order=order, by=customer(), reason="changed my mind")
        except NotCancellable as error:
            said.append(str(error))
        return capture(intent_id, **request)

    monkeypatch.setattr(gateway, "capture", capture_while_the_customer_cancels)

    assert dispatch(order=order, by=SYSTEM, today=TODAY).status == Status.DISPATCHED
    assert len(said) == 1


def test_an_order_that_was_cancelled_just_before_its_money_is_taken_is_not_paid_for(sandbox, monkeypatch):
    order = open_order(sandbox)
    capture = payments.capture

    def cancelled_just_before(order):
        cancel(order=order, by=customer(), reason="changed my mind")
        return capture(order)

    monkeypatch.setattr(payments, "capture", cancelled_just_before)

    with pytest.raises(NotDispatchable, match="Nothing is held"):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert intent_of(order, sandbox).amount_received == 0


def test_an_order_that_asks_for_less_by_now_pays_less(sandbox):
    cart = cart_with({stocked_card(4, value_cents=5_000): 4}, first_day=TODAY)
    submit(cart, sandbox, TODAY)
    line = cart.order_cards.get()
    order = change(order=cart, quantities={line.pk: 1}, by=customer(), today=TODAY)

    dispatch(order=order, by=SYSTEM, today=TODAY)

    assert intent_of(order, sandbox).amount_received == order.total_cents < Payment.objects.get().amount_cents


def test_an_order_whose_money_is_being_taken_is_not_changed(sandbox, monkeypatch):
    order = open_order(sandbox)
    capture, said = gateway.capture, []

    def capture_while_the_customer_changes(intent_id, **request):
        line = order.order_cards.get()
        try:
            change(order=order, quantities={line.pk: 1}, by=customer(), today=TODAY)
        except ChangeError as error:
            said.append(str(error))
        return capture(intent_id, **request)

    monkeypatch.setattr(gateway, "capture", capture_while_the_customer_changes)

    dispatch(order=order, by=SYSTEM, today=TODAY)

    assert said == ["This order is just leaving, so it cannot be changed any more."]
    assert order.order_cards.get().quantity == 3
