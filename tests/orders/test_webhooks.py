"""What Stripe tells us: the sandbox's events, signed as Stripe signs, delivered early, late, twice and forged."""

import hashlib
import hmac
import json
import time
import uuid

import pytest
import requests
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse

from inventory.models import Reservation
from orders import cart as carts
from orders import checkout, stripe_gateway, submission, webhooks
from orders.bills import CartBill
from orders.models import Order, OrderEvent, Payment, PaymentAttempt, PaymentStatus, WebhookEvent
from orders.states import Status
from tests.factories import TODAY, cart_with, stocked_card
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def signature(payload: bytes, secret: str, timestamp: int | None = None) -> str:
    timestamp = int(time.time()) if timestamp is None else timestamp
    signed = f"{timestamp}.".encode() + payload
    return f"t={timestamp},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def send(payload: bytes, header: str | None):
    """The site's answer to a webhook, also where it crashes."""
    headers = {} if header is None else {"Stripe-Signature": header}
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    return client.post(
        reverse("orders:stripe_webhook"), payload, content_type="application/json", headers=headers
    )


def deliver(event: dict, sandbox: Sandbox):
    payload = json.dumps(event, indent=2).encode()
    return send(payload, signature(payload, sandbox.webhook_secret))


def events_of(intent_id: str, sandbox: Sandbox) -> list[dict]:
    """The events that the sandbox wrote about an intent, oldest first."""
    events = sandbox.client.v1.events.list({"limit": 100}).data
    about = [event.to_dict() for event in events if event.data.object["id"] == intent_id]
    return about[::-1]


def submit(cart: Order, sandbox: Sandbox, card: str) -> submission.Submitted:
    total = checkout.quote_of(cart, checkout.lines_of(cart)).total_cents
    return submission.submit(
        cart=cart,
        confirmation_token=sandbox.confirmation_token(card),
        shown_total_cents=total,
        today=TODAY,
    )


def waiting_for_the_bank(sandbox: Sandbox, cards: dict | None = None) -> tuple[Order, str]:
    """A cart whose customer is in the bank's dialog, and the intent's id."""
    cart = cart_with(cards or {stocked_card(4): 4})
    submitted = submit(cart, sandbox, "pm_card_threeDSecure2Required")
    assert submitted.status == PaymentStatus.ACTION_REQUIRED
    return cart, PaymentAttempt.objects.get(payment__order=cart).intent_id


def answer_the_bank(intent_id: str, sandbox: Sandbox, outcome: str = "complete") -> list[dict]:
    """What the customer does in the bank's dialog; returns the events that follow."""
    before = len(events_of(intent_id, sandbox))
    secret = sandbox.client.v1.payment_intents.retrieve(intent_id).client_secret
    response = requests.post(
        f"{sandbox.url}/3ds/{intent_id}", {"client_secret": secret, "outcome": outcome}, timeout=10
    )
    assert response.ok, response.text
    return events_of(intent_id, sandbox)[before:]


def authorized_event(sandbox: Sandbox) -> tuple[Order, dict]:
    cart, intent_id = waiting_for_the_bank(sandbox)
    [event] = [
        event
        for event in answer_the_bank(intent_id, sandbox)
        if event["type"] == "payment_intent.amount_capturable_updated"
    ]
    return cart, event


# --- what happened ----------------------------------------------------------------------------------------


def test_an_authorization_that_the_webhook_tells_before_the_browser_returns_opens_the_order(sandbox):
    cart, event = authorized_event(sandbox)

    response = deliver(event, sandbox)

    cart.refresh_from_db()
    assert response.status_code == 200
    assert cart.status == Status.OPEN
    assert Payment.objects.get().status == PaymentStatus.AUTHORIZED
    assert Reservation.objects.get(claim=cart.claim).state == "firm"
    assert WebhookEvent.objects.get().pk == event["id"]


def test_the_browser_that_returns_after_the_webhook_is_told_that_it_is_done(sandbox):
    cart, event = authorized_event(sandbox)
    deliver(event, sandbox)

    submitted = submission.check_payment(bill=CartBill(cart), today=TODAY)

    assert submitted.status == PaymentStatus.AUTHORIZED
    assert OrderEvent.objects.filter(order=cart).count() == 1


def test_an_authorization_that_is_short_asks_the_customer(sandbox):
    cart, intent_id = waiting_for_the_bank(sandbox, {stocked_card(1): 4})

    for event in answer_the_bank(intent_id, sandbox):
        deliver(event, sandbox)

    cart.refresh_from_db()
    assert cart.status == Status.CONFIRMING
    assert not Reservation.objects.exists()


def test_an_event_that_is_delivered_twice_is_handled_once(sandbox, monkeypatch):
    cart, event = authorized_event(sandbox)
    asked = []
    retrieve = stripe_gateway.retrieve
    monkeypatch.setattr(stripe_gateway, "retrieve", lambda pk: asked.append(pk) or retrieve(pk))

    answers = [deliver(event, sandbox).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert len(asked) == 1
    assert OrderEvent.objects.filter(order=cart).count() == 1
    assert len(mail.outbox) == 1
    assert WebhookEvent.objects.count() == 1


def test_a_failed_authentication_keeps_the_cart(sandbox):
    cart, intent_id = waiting_for_the_bank(sandbox)

    answers = [deliver(event, sandbox).status_code for event in answer_the_bank(intent_id, sandbox, "fail")]

    cart.refresh_from_db()
    assert set(answers) == {200}
    assert cart.status == Status.CART
    assert Payment.objects.get().status == PaymentStatus.FAILED


def test_a_late_event_of_the_first_try_does_not_undo_the_second(sandbox):
    cart = cart_with({stocked_card(4): 4})
    submit(cart, sandbox, "pm_card_chargeDeclined")
    declined = PaymentAttempt.objects.get().intent_id
    submit(cart, sandbox, "pm_card_visa")

    answers = [deliver(event, sandbox).status_code for event in events_of(declined, sandbox)]

    cart.refresh_from_db()
    assert answers
    assert set(answers) == {200}
    payment = Payment.objects.get()
    assert cart.status == Status.OPEN
    assert (payment.status, payment.in_force) == (PaymentStatus.AUTHORIZED, 2)
    # A hold that is lost in the books is made anew at once: it is still the second try's.
    assert payment.attempts.count() == 2


def test_a_cart_that_changed_in_the_meantime_is_not_sold_at_the_old_total(sandbox):
    card = stocked_card(9, value_cents=20_000)
    cart, intent_id = waiting_for_the_bank(sandbox, {card: 4})
    carts.add_card(cart=cart, card=card, quantity=1)

    answers = [deliver(event, sandbox).status_code for event in answer_the_bank(intent_id, sandbox)]

    cart.refresh_from_db()
    assert set(answers) == {200}
    assert cart.status == Status.CART
    assert sandbox.client.v1.payment_intents.retrieve(intent_id).status == "canceled"


def test_the_sandbox_itself_delivers_to_the_running_site(live_server, settings, tmp_path):
    own = Sandbox(folder=tmp_path, webhook_url=live_server.url + reverse("orders:stripe_webhook"))
    own.start()
    try:
        settings.STRIPE_API_BASE, settings.STRIPE_WEBHOOK_SECRET = own.url, own.webhook_secret
        settings.STRIPE_API_KEYS = {"test": {"publishable": own.publishable_key, "secret": own.secret_key}}
        settings.STRIPE_DEBUG = True
        cart, intent_id = waiting_for_the_bank(own)

        answer_the_bank(intent_id, own)

        deadline = time.monotonic() + 10
        while Order.objects.get(pk=cart.pk).status == Status.CART and time.monotonic() < deadline:
            time.sleep(0.05)
        assert Order.objects.get(pk=cart.pk).status == Status.OPEN
        while own_events_wait(own) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not own_events_wait(own)
    finally:
        own.stop()


def own_events_wait(sandbox: Sandbox) -> bool:
    """Whether the sandbox still has events that the site has not taken."""
    return any(event.pending_webhooks for event in sandbox.client.v1.events.list({"limit": 100}).data)


# --- what is not from Stripe ------------------------------------------------------------------------------


CHARGE = {
    "id": "evt_charge",
    "object": "event",
    "livemode": False,
    "type": "charge.succeeded",
    "data": {"object": {"id": "ch_1", "object": "charge"}},
}
PAYLOAD = json.dumps(CHARGE).encode()  # signed well, it would be recorded


def check_rejected(response) -> None:
    assert response.status_code == 400
    assert not WebhookEvent.objects.exists()


def test_an_authorization_that_somebody_else_signed_opens_nothing(sandbox):
    cart, event = authorized_event(sandbox)
    payload = json.dumps(event).encode()

    check_rejected(send(payload, signature(payload, "whsec_of_somebody_else")))

    cart.refresh_from_db()
    assert cart.status == Status.CART
    assert Payment.objects.get().status == PaymentStatus.ACTION_REQUIRED


@pytest.mark.parametrize("age", [310, 86_400])
def test_a_stale_timestamp_is_rejected(sandbox, age):
    timestamp = int(time.time()) - age

    check_rejected(send(PAYLOAD, signature(PAYLOAD, sandbox.webhook_secret, timestamp)))


def test_a_timestamp_within_the_tolerance_is_taken(sandbox):
    timestamp = int(time.time()) - 290

    assert send(PAYLOAD, signature(PAYLOAD, sandbox.webhook_secret, timestamp)).status_code == 200


def test_a_tampered_body_is_rejected(sandbox):
    header = signature(PAYLOAD, sandbox.webhook_secret)

    check_rejected(send(PAYLOAD.replace(b"evt_charge", b"evt_forged"), header))


@pytest.mark.parametrize(
    "header",
    [None, "", "nonsense", "t=,v1=", "t=abc,v1=abc", "v1=abc", "t=1", "t", ",,,", f"t={'9' * 30},v1=a"],
)
def test_a_missing_or_broken_signature_is_rejected(sandbox, header):
    check_rejected(send(PAYLOAD, header))


def test_a_signature_that_is_not_ascii_is_rejected_and_not_a_crash(sandbox):
    check_rejected(send(PAYLOAD, f"t={int(time.time())},v1=\u00e9"))


@pytest.mark.parametrize("payload", [b"\xff\xfe\xfa", b"", b"not json", PAYLOAD.replace(b"evt_", b"\xff")])
def test_a_body_that_is_no_event_is_rejected_although_it_is_signed(sandbox, payload):
    check_rejected(send(payload, signature(payload, sandbox.webhook_secret)))


def test_without_a_secret_nothing_is_taken(sandbox, settings):
    settings.STRIPE_WEBHOOK_SECRET = ""

    check_rejected(send(PAYLOAD, signature(PAYLOAD, "")))


def test_during_a_rotation_one_of_two_signatures_is_enough(sandbox):
    now = int(time.time())
    old = signature(PAYLOAD, "whsec_of_yesterday", now)
    new = signature(PAYLOAD, sandbox.webhook_secret, now).split(",")[1]

    assert send(PAYLOAD, f"{old},{new}").status_code == 200


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_only_post_is_answered(client, method):
    assert getattr(client, method)(reverse("orders:stripe_webhook")).status_code == 405


# --- what is none of ours, or not yet ---------------------------------------------------------------------


def foreign_intent(sandbox: Sandbox, metadata: dict[str, str]) -> dict:
    """The event of an intent that somebody else made on the same account."""
    intent = sandbox.client.v1.payment_intents.create(
        {"amount": 500, "currency": "eur", "metadata": metadata}
    )
    return events_of(intent.id, sandbox)[0]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"invoice": "17"},
        {"payment": "invoice-17"},
        # Another shop of this software, on the same account.
        {"site": "https://other.example", "payment": str(uuid.UUID(int=17)), "sequence": "1"},
    ],
    ids=["nothing", "other-names", "other-values", "other-site"],
)
def test_an_intent_of_somebody_else_is_taken_and_left_alone(sandbox, metadata):
    event = foreign_intent(sandbox, metadata)

    response = deliver(event, sandbox)

    assert response.status_code == 200
    assert WebhookEvent.objects.get().pk == event["id"]
    assert not Payment.objects.exists()


def test_an_intent_that_names_a_payment_that_is_in_no_book_is_asked_for_again(sandbox):
    ours = {"site": settings.SITE_URL, "payment": str(uuid.uuid4()), "sequence": "1"}

    response = deliver(foreign_intent(sandbox, ours), sandbox)

    assert response.status_code == 503
    assert not WebhookEvent.objects.exists()


def test_an_event_about_something_else_is_recorded_and_asks_nobody(sandbox, monkeypatch):
    monkeypatch.setattr(stripe_gateway, "retrieve", None)

    assert deliver(CHARGE, sandbox).status_code == 200
    assert WebhookEvent.objects.get().intent_id == ""


def test_while_the_provider_does_not_answer_the_event_is_asked_for_again(sandbox, monkeypatch):
    cart, event = authorized_event(sandbox)

    def unavailable(intent_id):
        raise stripe_gateway.Unavailable("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(stripe_gateway, "retrieve", unavailable)
        first = deliver(event, sandbox)
    second = deliver(event, sandbox)

    cart.refresh_from_db()
    assert (first.status_code, second.status_code) == (503, 200)
    assert cart.status == Status.OPEN


def test_a_crash_records_nothing_and_the_next_delivery_does_the_work(sandbox, monkeypatch):
    cart, event = authorized_event(sandbox)

    def crash(**kwargs):
        raise RuntimeError("the power went out")

    with monkeypatch.context() as patched:
        patched.setattr(webhooks, "settle", crash)
        first = deliver(event, sandbox)
        recorded = WebhookEvent.objects.exists()
    second = deliver(event, sandbox)

    cart.refresh_from_db()
    assert (first.status_code, second.status_code) == (500, 200)
    assert not recorded
    assert cart.status == Status.OPEN
