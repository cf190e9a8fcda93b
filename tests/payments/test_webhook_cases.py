"""Webhooks beyond the happy path: what came first, what comes late, of whom it is, and how long it may take.

tests/orders/test_webhooks.py has what is signed, tampered, foreign, unmatched or delivered twice.
"""

import json
import time

import pytest
from django.test import Client
from django.urls import reverse

from orders import checkout, payments, submission, webhooks
from orders import stripe_gateway as gateway
from orders.bills import CartBill
from orders.fulfilment import dispatch
from orders.models import (
    DisputeStatus,
    Order,
    OrderEvent,
    Payment,
    PaymentAttempt,
    PaymentStatus,
    WebhookEvent,
)
from orders.states import Status
from orders.transitions import SYSTEM
from tests.factories import TODAY, cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.orders.test_webhooks import (
    answer_the_bank,
    authorized_event,
    deliver,
    events_of,
    own_events_wait,
    send,
    signature,
    waiting_for_the_bank,
)
from tests.payments.steps import INTENTS, at_stripe, attempt_of, intent_of, paid_for, payment_of
from tests.racing import at_the_same_moment, meet_after, once_after
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def events_about(intent_id: str, kind: str, sandbox: Sandbox) -> list[dict]:
    """The events of charges, refunds or disputes of an intent, oldest first."""
    events = sandbox.client.v1.events.list({"limit": 100}).data
    found = [event.to_dict() for event in events if event.type.startswith(kind)]
    return [event for event in found if event["data"]["object"].get("payment_intent") == intent_id][::-1]


# --- in order of fact -------------------------------------------------------------------------------------


def test_an_event_of_the_hold_after_the_capture_does_not_take_it_back(sandbox):
    order = paid_for(sandbox)
    dispatch(order=order, by=SYSTEM, today=TODAY)
    [held] = [
        event
        for event in events_of(intent_of(order), sandbox)
        if event["type"] == "payment_intent.amount_capturable_updated"
    ]

    response = deliver(held, sandbox)

    assert response.status_code == 200
    assert payment_of(order).status == PaymentStatus.CAPTURED


def test_an_answer_that_was_read_before_the_capture_is_not_booked_after_it(sandbox, monkeypatch):
    """As when a webhook read the intent, and the dispatch was faster to write."""
    order = paid_for(sandbox)
    event = events_of(intent_of(order), sandbox)[-1]
    once_after(monkeypatch, gateway, "retrieve", lambda: dispatch(order=order, by=SYSTEM, today=TODAY))

    response = deliver(event, sandbox)

    assert response.status_code == 200
    assert (payment_of(order).status, attempt_of(order).status) == (PaymentStatus.CAPTURED,) * 2


def test_events_that_come_newest_first_end_where_the_bank_does(sandbox):
    cart, intent_id = waiting_for_the_bank(sandbox)
    answer_the_bank(intent_id, sandbox)

    answers = [deliver(event, sandbox).status_code for event in events_of(intent_id, sandbox)[::-1]]

    cart.refresh_from_db()
    assert set(answers) == {200}
    assert cart.status == Status.OPEN
    assert OrderEvent.objects.filter(order=cart).count() == 1


def test_a_late_failure_of_the_first_card_leaves_the_second_at_its_bank(sandbox):
    cart = cart_with({stocked_card(4): 4})
    submit(cart, sandbox, TODAY, "pm_card_chargeDeclined")
    declined = attempt_of(cart).intent_id
    submit(cart, sandbox, TODAY, "pm_card_threeDSecure2Required")

    answers = [deliver(event, sandbox).status_code for event in events_of(declined, sandbox)]

    payment = payment_of(cart)
    assert answers
    assert set(answers) == {200}
    assert (payment.status, payment.in_force) == (PaymentStatus.ACTION_REQUIRED, 2)


def test_a_late_cancellation_of_the_first_hold_leaves_the_renewed_one(sandbox):
    cart = cart_with({stocked_card(4): 4})
    submit(cart, sandbox, TODAY, "pm_card_threeDSecure2Required")
    first = attempt_of(cart).intent_id
    submit(cart, sandbox, TODAY)  # the dialog was closed: the first try is cancelled
    cancelled = events_of(first, sandbox)[-1]
    assert cancelled["type"] == "payment_intent.canceled"

    response = deliver(cancelled, sandbox)

    cart.refresh_from_db()
    assert response.status_code == 200
    assert cart.status == Status.OPEN
    assert payments.is_held(cart)


# --- at the same moment -----------------------------------------------------------------------------------


def test_the_webhook_and_the_page_at_the_same_moment_open_the_order_once(sandbox, monkeypatch):
    """Negative control: below, without the lock on the order."""
    cart, event = authorized_event(sandbox)
    meet_after(monkeypatch, payments, "sync_intent")

    answer, submitted = at_the_same_moment(
        lambda: deliver(event, sandbox), lambda: submission.check_payment(bill=CartBill(cart), today=TODAY)
    )

    cart.refresh_from_db()
    assert answer.status_code == 200
    assert submitted.status == PaymentStatus.AUTHORIZED
    assert cart.status == Status.OPEN
    assert OrderEvent.objects.filter(order=cart).count() == 1


def test_without_the_lock_on_the_order_both_would_open_it(sandbox, monkeypatch):
    cart, event = authorized_event(sandbox)
    monkeypatch.setattr(checkout, "lock_order", lambda pk: Order.objects.get(pk=pk))
    monkeypatch.setattr("inventory.reservations.lock_cards", lambda card_ids: None)
    meet_after(monkeypatch, checkout, "lock_order")
    client = Client(raise_request_exception=False)
    payload = json.dumps(event).encode()
    header = {"Stripe-Signature": signature(payload, sandbox.webhook_secret)}

    def page():
        try:
            return submission.check_payment(bill=CartBill(cart), today=TODAY)
        except Exception as error:  # noqa: BLE001  the database may be what stops it
            return error

    answer, submitted = at_the_same_moment(
        lambda: client.post(
            reverse("orders:stripe_webhook"), payload, content_type="application/json", headers=header
        ),
        page,
    )

    twice = OrderEvent.objects.filter(order=cart).count() > 1
    assert twice or answer.status_code == 500 or isinstance(submitted, Exception)


# --- refunds and disputes ---------------------------------------------------------------------------------


def test_a_refund_made_in_the_dashboard_is_booked_by_its_event_and_the_event_names_the_payment(sandbox):
    order = paid_for(sandbox)
    dispatch(order=order, by=SYSTEM, today=TODAY)
    sandbox.client.v1.refunds.create({"payment_intent": intent_of(order), "amount": 150})
    [event] = events_about(intent_of(order), "charge.refunded", sandbox)

    response = deliver(event, sandbox)

    payment = payment_of(order)
    assert response.status_code == 200
    assert (payment.status, payment.refunded_cents) == (PaymentStatus.CAPTURED, 150)
    assert payment.refunds.get().amount_cents == 150
    assert WebhookEvent.objects.get(pk=event["id"]).intent_id == intent_of(order)


def test_a_dispute_is_booked_by_its_event_and_the_event_names_the_payment(sandbox):
    order = paid_for(sandbox, "pm_card_createDispute")
    payments.capture(order)
    [event] = events_about(intent_of(order), "charge.dispute.created", sandbox)
    Payment.objects.update(dispute=DisputeStatus.NONE)

    response = deliver(event, sandbox)

    assert response.status_code == 200
    assert payment_of(order).dispute == DisputeStatus.OPEN
    assert WebhookEvent.objects.get(pk=event["id"]).intent_id == intent_of(order)


# --- of whom it is ----------------------------------------------------------------------------------------


def test_an_event_of_live_mode_does_nothing_in_a_shop_of_test_mode(sandbox):
    cart, event = authorized_event(sandbox)

    response = deliver({**event, "livemode": True}, sandbox)

    cart.refresh_from_db()
    assert response.status_code == 200
    assert cart.status == Status.CART
    assert not WebhookEvent.objects.exists()
    assert deliver(event, sandbox).status_code == 200
    cart.refresh_from_db()
    assert cart.status == Status.OPEN


def test_events_that_came_with_the_wrong_signature_are_taken_when_they_come_again(
    live_server, settings, tmp_path
):
    """By the sandbox's own courier, which sends again what was not answered with 200."""
    own = Sandbox(folder=tmp_path, webhook_url=live_server.url + reverse("orders:stripe_webhook"))
    own.start()
    try:
        own.use_in(settings)
        own.hold_events()
        cart, intent_id = waiting_for_the_bank(own)
        answer_the_bank(intent_id, own)
        own.fault("wrong_signature", times=len(own.client.v1.events.list({"limit": 100}).data))

        own.release_events()

        deadline = time.monotonic() + 30
        while Order.objects.get(pk=cart.pk).status == Status.CART and time.monotonic() < deadline:
            time.sleep(0.05)
        assert Order.objects.get(pk=cart.pk).status == Status.OPEN
        assert own.faults() == []
        while own_events_wait(own) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not own_events_wait(own)
    finally:
        own.stop()


def test_a_body_beyond_the_limit_is_refused_without_being_read(sandbox, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    payload = b'{"id": "' + b"x" * 2_000 + b'"}'

    response = send(payload, signature(payload, sandbox.webhook_secret))

    assert response.status_code == 400
    assert not WebhookEvent.objects.exists()


# --- in time ----------------------------------------------------------------------------------------------


def test_while_stripe_is_slow_the_webhook_answers_soon_and_asks_once(sandbox, monkeypatch):
    monkeypatch.setattr(gateway, "HURRIED_SECONDS", 0.5)
    cart, event = authorized_event(sandbox)
    sandbox.fault("slow", f"{INTENTS}/*", method="GET", seconds=5)

    began = time.monotonic()
    response = deliver(event, sandbox)
    took = time.monotonic() - began

    assert response.status_code == 503
    assert took < 3
    assert sandbox.faults() == []
    assert deliver(event, sandbox).status_code == 200
    cart.refresh_from_db()
    assert cart.status == Status.OPEN


def test_a_failure_of_stripe_is_not_tried_again_within_the_webhook(sandbox):
    _, event = authorized_event(sandbox)
    sandbox.fault("error_500", f"{INTENTS}/*", method="GET", times=2)

    first, second, third = (deliver(event, sandbox).status_code for _ in range(3))

    assert (first, second, third) == (503, 503, 200)


def test_only_the_reading_is_in_a_hurry(sandbox, monkeypatch):
    """Settling asks nobody; what follows on the queue has all its time."""
    _, event = authorized_event(sandbox)
    hurried = []
    settle = webhooks.settle
    monkeypatch.setattr(
        webhooks, "settle", lambda **what: hurried.append(gateway._hurried.get()) or settle(**what)
    )

    deliver(event, sandbox)

    assert hurried == [False]


def test_an_intent_that_is_adopted_by_its_metadata_when_the_answer_was_lost(sandbox):
    cart = cart_with({stocked_card(4): 4})
    sandbox.fault("drop_after", INTENTS, method="POST", times=3)
    assert submit(cart, sandbox, TODAY).status == PaymentStatus.PROCESSING
    [intent] = sandbox.client.v1.payment_intents.list({"limit": 1}).data
    assert PaymentAttempt.objects.get().intent_id is None

    response = deliver(events_of(intent.id, sandbox)[-1], sandbox)

    cart.refresh_from_db()
    assert response.status_code == 200
    assert attempt_of(cart).intent_id == intent.id
    assert cart.status == Status.OPEN
    assert submission.check_payment(bill=CartBill(cart), today=TODAY).status == PaymentStatus.AUTHORIZED
    assert at_stripe(sandbox)[0] == "requires_capture"
