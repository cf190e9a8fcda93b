"""What a sending comes to when the answer is not the one that was hoped for, and who is asked, and how often."""

import hashlib
import hmac
import json
import subprocess
import sys
import time
import uuid
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from orders import payments, submission
from orders import stripe_gateway as gateway
from orders.bills import CartBill, NothingOwed, owed_for
from orders.fees import charge_fee, retry_fees
from orders.models import Order, Payment, PaymentAttempt, PaymentCustomer, PaymentStatus
from orders.payments import limits
from orders.transitions import SYSTEM
from tests.factories import TODAY, cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.payments.paid_orders import open_order, order_that_left, total_payment
from tests.payments.steps import EVERY_RETRY, INTENTS, at_stripe
from tests.sandbox import Sandbox, free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_at_stripe(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/reset")


def fee_whose_answer_is_lost(sandbox: Sandbox, fault: str = "drop_after") -> Payment:
    order = order_that_left(sandbox)
    sandbox.fault(fault, INTENTS, method="POST", times=EVERY_RETRY)
    fee = charge(order)
    assert fee.status == PaymentStatus.CREATED
    return fee


def charge(order: Order) -> Payment:
    return charge_fee(
        fee_id=uuid.uuid4(),
        order=order,
        kind=Payment.Kind.DAMAGE,
        amount_cents=2_000,
        reason="Two cards came back wet.",
        by=SYSTEM,
        today=TODAY,
    )


def use_key(settings, secret: str) -> None:
    keys = settings.STRIPE_API_KEYS
    settings.STRIPE_API_KEYS = {**keys, "test": {**keys["test"], "secret": secret}}


# --- whose fault it is ------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["sk_test_of_nobody", "publishable"], ids=["wrong", "not_allowed"])
def test_a_key_that_stripe_does_not_take_is_no_answer_to_a_charge(sandbox, settings, key):
    """The first sending may have charged: booked as refused, the customer would be asked to pay it again."""
    fee = fee_whose_answer_is_lost(sandbox)
    use_key(settings, sandbox.publishable_key if key == "publishable" else key)

    with pytest.raises(gateway.Unavailable):
        retry_fees(timezone.now())

    fee.refresh_from_db()
    assert fee.status == PaymentStatus.CREATED
    use_key(settings, sandbox.secret_key)
    retry_fees(timezone.now())
    fee.refresh_from_db()
    assert fee.status == PaymentStatus.CAPTURED
    assert at_stripe(sandbox) == ["succeeded", "succeeded"]  # the fee once, and the order


def test_a_charge_that_is_refused_when_it_is_sent_again_is_looked_up_first(sandbox):
    fee = fee_whose_answer_is_lost(sandbox)
    sandbox.advance(hours=25)  # the key is forgotten
    sandbox.client.v1.payment_methods.detach(total_payment(fee.order).payment_method)

    retry_fees(timezone.now())

    fee.refresh_from_db()
    assert (fee.status, fee.captured_cents) == (PaymentStatus.CAPTURED, 2_000)
    assert at_stripe(sandbox) == ["succeeded", "succeeded"]


# --- pressing Pay comes to an end -------------------------------------------------------------------------


def test_an_attempt_whose_intent_is_not_known_as_ours_ends_in_an_answer(sandbox, monkeypatch):
    cart = cart_with({stocked_card(4): 3})
    submit(cart, sandbox, TODAY, "pm_card_authenticationRequired")
    asked: list[str] = []

    def of_nobody(intent_id: str) -> None:
        asked.append(intent_id)
        assert len(asked) < 20, "it goes on for ever"

    monkeypatch.setattr(payments, "sync_intent", of_nobody)

    submitted = submit(cart, sandbox, TODAY)

    assert submitted.status == PaymentStatus.PROCESSING
    assert "does not answer" in submitted.message
    assert len(asked) == 1
    assert PaymentAttempt.objects.count() == 1


def test_an_attempt_that_somebody_else_always_begins_first_ends_in_an_answer(sandbox, monkeypatch):
    cart = cart_with({stocked_card(4): 3})
    asked: list[int] = []

    def another_was_faster(*args: object, **more: object) -> None:
        asked.append(1)
        assert len(asked) < 20, "it goes on for ever"

    monkeypatch.setattr("orders.submission._begin_attempt", another_was_faster)

    submitted = submit(cart, sandbox, TODAY)

    assert submitted.status == PaymentStatus.PROCESSING
    assert at_stripe(sandbox) == []


# --- a customer that Stripe does not know -----------------------------------------------------------------


def another_cart_of(order: Order) -> Order:
    return cart_with({stocked_card(4): 3}, first_day=TODAY, user=order.user, guest=order.guest)


def test_whoever_is_deleted_at_stripe_pays_as_a_new_customer(sandbox):
    order = open_order(sandbox)
    gone = total_payment(order).customer
    gateway.delete_customer(gone.stripe_id)
    cart = another_cart_of(order)

    submitted = submit(cart, sandbox, TODAY)

    assert submitted.status == PaymentStatus.AUTHORIZED
    assert total_payment(cart).customer.stripe_id != gone.stripe_id
    assert [
        attempt.status for attempt in PaymentAttempt.objects.filter(payment__order=cart).order_by("pk")
    ] == [
        PaymentStatus.FAILED,
        PaymentStatus.AUTHORIZED,
    ]


def test_a_fee_of_whoever_is_deleted_at_stripe_is_booked_as_not_paid(sandbox):
    """Also where it has to be looked up first: their intents cannot be listed any more."""
    fee = fee_whose_answer_is_lost(sandbox, "drop_before")
    gateway.delete_customer(fee.customer.stripe_id)

    retry_fees(timezone.now())

    fee.refresh_from_db()
    assert (fee.status, fee.customer) == (PaymentStatus.FAILED, None)


def test_a_charge_that_was_made_before_its_customer_was_deleted_is_found(sandbox):
    fee = fee_whose_answer_is_lost(sandbox)
    sandbox.advance(hours=25)  # the key is forgotten
    gateway.delete_customer(fee.customer.stripe_id)

    retry_fees(timezone.now())

    fee.refresh_from_db()
    assert fee.status == PaymentStatus.CAPTURED


def test_a_customer_of_the_other_mode_is_left_to_it(sandbox):
    order = open_order(sandbox)
    customer = total_payment(order).customer
    PaymentCustomer.objects.filter(pk=customer.pk).update(livemode=True, stripe_id="cus_of_live_mode")
    cart = another_cart_of(order)

    submitted = submit(cart, sandbox, TODAY)

    assert submitted.status == PaymentStatus.AUTHORIZED
    assert PaymentAttempt.objects.filter(payment__order=cart).count() == 1
    assert sorted(PaymentCustomer.objects.values_list("livemode", flat=True)) == [False, True]


def test_a_webhook_is_believed_by_any_of_the_secrets_and_by_no_other(sandbox, settings):
    payload = json.dumps(EVENT).encode()
    settings.STRIPE_WEBHOOK_SECRET = "whsec_of_test_mode, whsec_of_live_mode"

    for secret in ("whsec_of_test_mode", "whsec_of_live_mode"):
        assert gateway.read_event(payload=payload, signature=signed(payload, secret)).id == "evt_1"
    for secret in ("whsec_of_nobody", "", settings.STRIPE_WEBHOOK_SECRET):
        with pytest.raises(gateway.InvalidSignature):
            gateway.read_event(payload=payload, signature=signed(payload, secret))


@pytest.mark.parametrize("secrets", ["", " ", ",", " , "])
def test_without_any_secret_no_webhook_is_believed(settings, secrets):
    payload = json.dumps(EVENT).encode()
    settings.STRIPE_WEBHOOK_SECRET = secrets

    with pytest.raises(gateway.InvalidSignature):
        gateway.read_event(payload=payload, signature=signed(payload, ""))


EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "payment_intent.succeeded",
    "livemode": False,
    "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
}


def signed(payload: bytes, secret: str) -> str:
    now = int(time.time())
    digest = hmac.new(secret.encode(), f"{now}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"


# --- how often Stripe is asked ----------------------------------------------------------------------------


def counted(monkeypatch, name: str) -> list[dict]:
    """The calls of a function of the gateway, from now on; each is made."""
    calls: list[dict] = []
    real = getattr(gateway, name)

    def call(*args: object, **more: object) -> object:
        calls.append(more)
        return real(*args, **more)

    monkeypatch.setattr(gateway, name, call)
    return calls


def test_a_page_that_asks_again_at_once_is_answered_by_the_books(sandbox, monkeypatch):
    cart = cart_with({stocked_card(4): 3})
    submit(cart, sandbox, TODAY, "pm_card_authenticationRequired")
    asked = counted(monkeypatch, "retrieve")
    monkeypatch.setattr(limits, "_BETWEEN_LOOKS", 60)

    answers = [submission.check_payment(bill=CartBill(cart), today=TODAY).status for _ in range(5)]

    assert answers == [PaymentStatus.ACTION_REQUIRED] * 5
    assert len(asked) == 1


def test_without_a_cache_it_is_asked_of_stripe(sandbox, monkeypatch):
    cart = cart_with({stocked_card(4): 3})
    submit(cart, sandbox, TODAY, "pm_card_authenticationRequired")
    asked = counted(monkeypatch, "retrieve")
    with override_settings(
        CACHES={
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{free_port()}/0",
            }
        }
    ):
        for _ in range(2):
            submission.check_payment(bill=CartBill(cart), today=TODAY)

    assert len(asked) == 2


@pytest.mark.parametrize(
    ("kept", "of_the_whole_account"), [("failure", 0), ("other", 1)], ids=["kept_failure", "key_used"]
)
def test_the_whole_account_is_read_once_for_a_key_that_is_of_another_request(
    sandbox, monkeypatch, kept, of_the_whole_account
):
    order = order_that_left(sandbox)
    sandbox.fault(
        "error_500" if kept == "failure" else "drop_before", INTENTS, method="POST", times=EVERY_RETRY
    )
    fee = charge(order)
    sandbox.clear_faults()
    if kept == "other":
        key = PaymentAttempt.objects.get(payment=fee).idempotency_key
        sandbox.client.v1.payment_intents.create({"amount": 500, "currency": "eur"}, {"idempotency_key": key})
    listed = counted(monkeypatch, "intents_of")

    for _ in range(3):
        with pytest.raises(gateway.Unavailable):
            retry_fees(timezone.now())

    assert [call["customer"] for call in listed].count(None) == of_the_whole_account
    assert len(listed) == 3 + of_the_whole_account


# --- what an error's report says --------------------------------------------------------------------------


def test_a_report_of_an_error_has_neither_variables_nor_bodies():
    told = "import sentry_sdk, deckrental.settings; print(sentry_sdk.get_client().options)"
    environment = {
        "DATABASE_URL": "postgres://none@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "x",
        "SENTRY_DSN": "https://key@127.0.0.1:1/1",
    }

    said = subprocess.run(
        [sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=True, timeout=60
    ).stdout

    assert "'include_local_variables': False" in said
    assert "'max_request_body_size': 'never'" in said
    assert "'send_default_pii': False" in said


# --- when a hold ends soon --------------------------------------------------------------------------------


def test_a_short_hold_is_offered_to_be_paid_again_when_it_is_renewed_and_not_before(sandbox):
    """Of less than RENEW_BEFORE_HOURS: half of it has to be over."""
    order = open_order(sandbox)
    begun = timezone.now()
    PaymentAttempt.objects.filter(payment__order=order).update(
        created_at=begun, capture_before=begun + timedelta(hours=10)
    )

    with pytest.raises(NothingOwed, match="held on your card"):
        owed_for(order, now=begun + timedelta(hours=4))

    assert owed_for(order, now=begun + timedelta(hours=6)) == order.total_cents
