"""Which attempt moves a payment, and what is never believed: books and Stripe with several attempts at once."""

from dataclasses import replace

import pytest
from django.db import transaction

from orders import payments
from orders import stripe_gateway as gateway
from orders.fulfilment import dispatch
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus
from orders.payments.attempts import begin_renewal
from orders.payments.truth import MISMATCH
from orders.signals import hold_lost
from orders.transitions import SYSTEM, lock_order
from tests.factories import TODAY
from tests.orders.test_webhooks import deliver, events_of
from tests.payments.steps import at_stripe, intent_of, paid_for, payment_of
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_at_stripe(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/reset")


@pytest.fixture
def losses():
    told: list[int] = []

    def listen(sender, order_id, **kwargs) -> None:
        told.append(order_id)

    hold_lost.connect(listen)
    yield told
    hold_lost.disconnect(listen)


def renewal_of(order: Order, **other: object) -> PaymentAttempt:
    """A renewal that is written down; `other`: what is asked for beside what is right."""
    with transaction.atomic():
        locked = lock_order(order.pk)
        attempt = begin_renewal(order=locked, amount_cents=locked.total_cents, last=payment_of(order))
        attempt.parameters = {**attempt.parameters, **other}
        attempt.save()
    return attempt


def of_a_card(order: Order, sandbox: Sandbox, card: str) -> str:
    """Another card of the same customer."""
    customer = payment_of(order).customer
    return sandbox.client.v1.payment_methods.attach(card, {"customer": customer.stripe_id}).id


def test_a_renewal_that_stands_moves_the_payment_and_the_hold_before_is_let_go(sandbox, losses):
    order = paid_for(sandbox)
    first = intent_of(order)

    payments.send(renewal_of(order))

    payment = payment_of(order)
    assert (payment.status, payment.in_force) == (PaymentStatus.AUTHORIZED, 2)
    assert at_stripe(sandbox) == ["requires_capture", "canceled"]
    assert losses == []
    for event in events_of(first, sandbox)[::-1]:  # late, and out of order
        assert deliver(event, sandbox).status_code == 200
    assert payment_of(order).status == PaymentStatus.AUTHORIZED


@pytest.mark.parametrize("card", ["pm_card_authenticationRequired", "pm_card_chargeCustomerFail"])
def test_a_renewal_that_is_refused_leaves_the_hold_that_stands(sandbox, losses, card):
    order = paid_for(sandbox)
    renewal = renewal_of(order, payment_method=of_a_card(order, sandbox, card))

    with pytest.raises(gateway.Declined):
        payments.send(renewal)

    payment = payment_of(order)
    assert (payment.status, payment.in_force) == (PaymentStatus.AUTHORIZED, 1)
    assert losses == []
    payments.void_released_payments()
    assert at_stripe(sandbox) == ["canceled", "requires_capture"]


def test_a_hold_that_comes_after_the_money_was_taken_is_let_go(sandbox):
    order = paid_for(sandbox)
    renewal = renewal_of(order)
    dispatch(order=order, by=SYSTEM, today=TODAY)

    payments.send(renewal)

    payment = payment_of(order)
    assert (payment.status, payment.in_force) == (PaymentStatus.CAPTURED, 1)
    assert payment.captured_cents == order.total_cents
    assert at_stripe(sandbox) == ["canceled", "succeeded"]


def test_a_renewal_that_is_not_what_was_asked_for_leaves_the_hold_that_stands(sandbox, losses):
    order = paid_for(sandbox)
    renewal = renewal_of(order)
    asked = {**renewal.parameters, "customer": payment_of(order).customer.stripe_id, "amount": 51}
    wrong = sandbox.client.v1.payment_intents.create(asked)

    payments.sync_intent(wrong.id)

    payment = payment_of(order)
    assert (payment.status, payment.in_force) == (PaymentStatus.AUTHORIZED, 1)
    assert losses == []
    assert at_stripe(sandbox) == ["canceled", "requires_capture"]


def test_more_than_was_held_is_not_booked_as_taken(sandbox, monkeypatch):
    """The sandbox, like Stripe, takes no more than it holds; should it ever say so, it is for people to look at."""
    order = paid_for(sandbox)
    held = gateway.retrieve(intent_of(order))
    too_much = replace(held, status=PaymentStatus.CAPTURED, captured_cents=held.amount_cents + 1)
    monkeypatch.setattr(gateway, "retrieve", lambda intent_id: too_much)

    payments.sync_intent(held.id)

    payment = payment_of(order)
    assert payment.attempts.get(sequence=1).error_code == MISMATCH
    assert (payment.status, payment.captured_cents) == (PaymentStatus.FAILED, 0)


def test_a_hold_that_is_lost_is_told_once_however_often_it_is_read(sandbox, losses):
    order = paid_for(sandbox)
    sandbox.expire(intent_of(order))

    for _ in range(3):
        payments.sync_intent(intent_of(order))

    assert losses == [order.pk]


def test_a_hold_that_was_let_go_by_us_is_no_loss(sandbox, losses):
    order = paid_for(sandbox)
    with transaction.atomic():
        payments.release_hold(lock_order(order.pk))

    assert at_stripe(sandbox) == ["canceled"]
    assert Payment.objects.get(order=order).status == PaymentStatus.VOIDED
    assert losses == []
