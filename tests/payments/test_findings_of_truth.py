"""Books and Stripe where somebody else had a hand in it: a new address, the dashboard, a secret that got about."""

import dataclasses
import uuid
from datetime import timedelta

import pytest
import stripe
from django.db import transaction
from django.utils import timezone

from orders import payments, tasks
from orders import stripe_gateway as gateway
from orders.books import violations
from orders.checkout import CheckoutError
from orders.fulfilment import dispatch
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus, Refund
from orders.payments.attempts import begin_attempt
from orders.payments.truth import MISMATCH, book, payment_named
from orders.payments_to_look_at import payments_to_look_at
from orders.reconciliation import reconcile
from orders.transitions import SYSTEM, lock_order
from tests.factories import TODAY, cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.orders.test_webhooks import answer_the_bank
from tests.payments.paid_orders import intent_id_of, open_order, paid_order, total_payment
from tests.payments.steps import at_stripe, attempt_of
from tests.payments.test_truth import renewal_of
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

ASKS, MOVED_TO = "pm_card_authenticationRequired", "https://moved.example"


@pytest.fixture(autouse=True)
def _nothing_at_stripe(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/reset")


@pytest.fixture
def asked_to_void(monkeypatch) -> list[int]:
    """How often the worker was asked to void; it does so when the test says it."""
    calls: list[int] = []
    monkeypatch.setattr(tasks.void_released_payments, "delay", lambda: calls.append(1))
    return calls


def void_until_nobody_asks(calls: list[int]) -> int:
    """How often the worker runs, a hundred times at most: each run may be the reason for the next one."""
    for runs in range(100):
        if not calls:
            return runs
        calls.clear()
        payments.void_released_payments()
    return 100


def cart() -> Order:
    return cart_with({stocked_card(4): 3}, first_day=TODAY)


def unlike_the_renewal(order: Order, sandbox: Sandbox, **other: object) -> str:
    """An intent that names a renewal of the order and is for another amount."""
    renewal = renewal_of(order)
    customer = total_payment(order).customer
    assert customer is not None
    asked = {**renewal.parameters, "customer": customer.stripe_id, "amount": 51, **other}
    return sandbox.client.v1.payment_intents.create(asked).id


def written_down(order: Order, sandbox: Sandbox) -> PaymentAttempt:
    """An attempt that is in the books, before a crash."""
    with transaction.atomic():
        token = sandbox.confirmation_token("pm_card_visa")
        return begin_attempt(order=lock_order(order.pk), amount_cents=1000, confirmation_token=token)


# --- whose an intent is -----------------------------------------------------------------------------------


def test_a_shop_that_moved_takes_the_money_that_was_held_before(sandbox, settings):
    order = open_order(sandbox)
    settings.SITE_URL = MOVED_TO

    dispatch(order=order, by=SYSTEM, today=TODAY)

    assert total_payment(order).status == PaymentStatus.CAPTURED


def test_an_intent_in_the_books_is_ours_whatever_its_metadata_say(sandbox):
    order = open_order(sandbox)
    intent = gateway.retrieve(intent_id_of(total_payment(order)))

    assert book(dataclasses.replace(intent, metadata={})) == total_payment(order)


def test_a_shop_that_moved_adopts_what_it_asked_for_before(sandbox, settings):
    order = open_order(sandbox)
    renewal = renewal_of(order)
    settings.SITE_URL = MOVED_TO

    payments.send(renewal)

    assert total_payment(order).in_force == 2


def test_a_shop_that_moved_does_not_take_another_shops_intents_for_its_own(sandbox, settings):
    intent = gateway.retrieve(intent_id_of(total_payment(open_order(sandbox))))
    settings.SITE_URL = MOVED_TO
    named = {**intent.metadata, "payment": str(uuid.uuid4())}

    assert payment_named(dataclasses.replace(intent, metadata=named)) is None


def test_an_intent_that_names_no_site_is_not_ours(sandbox):
    metadata = {"payment": str(uuid.uuid4()), "sequence": "1"}
    intent = sandbox.client.v1.payment_intents.create(
        {"amount": 100, "currency": "usd", "metadata": metadata}
    )

    assert payments.sync_intent(intent.id) is None


def test_a_payment_is_not_voided_while_an_intent_of_it_may_hold_something(sandbox, monkeypatch):
    order = open_order(sandbox)
    with transaction.atomic():
        payments.release_hold(lock_order(order.pk))
    Payment.objects.filter(order=order).update(status=PaymentStatus.AUTHORIZED)
    PaymentAttempt.objects.filter(payment__order=order).update(status=PaymentStatus.AUTHORIZED)
    monkeypatch.setattr("orders.payments.holds.sync_intent", lambda intent_id: None)  # it is not heard

    assert payments.void_released_payments() == 0
    assert total_payment(order).status == PaymentStatus.AUTHORIZED


# --- told once --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("capture_method", ["automatic", "manual"])
def test_the_worker_comes_to_an_end_with_what_was_not_asked_for(sandbox, asked_to_void, capture_method):
    order = open_order(sandbox)

    payments.sync_intent(unlike_the_renewal(order, sandbox, capture_method=capture_method))

    assert void_until_nobody_asks(asked_to_void) <= 2


def test_the_worker_comes_to_an_end_with_what_the_bank_works_on(sandbox, asked_to_void, monkeypatch):
    order = open_order(sandbox)
    renewal = renewal_of(order)
    retrieve = gateway.retrieve

    def at_work(intent_id: str) -> gateway.Intent:
        intent = retrieve(intent_id)
        if intent.metadata["sequence"] == "2":
            return dataclasses.replace(intent, status=PaymentStatus.PROCESSING)
        return intent

    monkeypatch.setattr(gateway, "retrieve", at_work)
    monkeypatch.setattr(gateway, "cancel", at_work)  # Stripe does not cancel it then

    payments.send(renewal)

    assert void_until_nobody_asks(asked_to_void) <= 2
    renewal.refresh_from_db()
    payments.sync_intent(renewal.intent_id)
    assert asked_to_void == []


# --- a secret that got about ------------------------------------------------------------------------------


def declined_at_the_bank(sandbox: Sandbox) -> PaymentAttempt:
    order = cart()
    submit(order, sandbox, TODAY, ASKS)
    attempt = attempt_of(order)
    answer_the_bank(attempt.intent_id, sandbox, "fail")
    payments.sync_intent(attempt.intent_id)
    attempt.refresh_from_db()
    return attempt


def test_nobody_tries_another_card_on_an_intent_that_failed(sandbox):
    attempt = declined_at_the_bank(sandbox)

    with pytest.raises(stripe.InvalidRequestError):
        sandbox.client.v1.payment_intents.confirm(attempt.intent_id, {"payment_method": "pm_card_visa"})


def test_the_try_that_failed_keeps_its_reason_when_its_intent_is_cancelled(sandbox):
    attempt = declined_at_the_bank(sandbox)

    assert attempt.closed_at is not None
    assert (attempt.status, attempt.payment.status) == (PaymentStatus.FAILED, PaymentStatus.FAILED)
    assert attempt.error_code


def test_an_intent_that_failed_is_cancelled_once(sandbox, monkeypatch):
    declined_at_the_bank(sandbox)
    cancelled: list[str] = []
    monkeypatch.setattr(gateway, "cancel", cancelled.append)

    payments.void_released_payments()
    reconcile(now=timezone.now() + timedelta(hours=2))

    assert cancelled == []


def test_a_payment_whose_try_failed_ends_voided_when_it_is_let_go(sandbox):
    attempt = declined_at_the_bank(sandbox)

    with transaction.atomic():
        payments.release_hold(lock_order(attempt.payment.order_id))

    attempt.payment.refresh_from_db()
    assert attempt.payment.status == PaymentStatus.VOIDED


# --- refunds ----------------------------------------------------------------------------------------------


def test_a_refund_that_we_took_for_failed_counts_when_stripe_has_it(sandbox):
    payment = total_payment(paid_order(sandbox))
    ours = Refund.objects.create(payment=payment, amount_cents=100, reason="Torn.", status="failed")
    gateway.refund(
        intent_id=intent_id_of(payment), amount_cents=100, reference=str(ours.pk), key=str(ours.pk)
    )

    payments.sync_intent(intent_id_of(payment))

    ours.refresh_from_db()
    payment.refresh_from_db()
    assert (ours.status, payment.refunded_cents) == (Refund.Status.SUCCEEDED, 100)


# --- taken astray -----------------------------------------------------------------------------------------


def taken_twice(sandbox: Sandbox, asked_to_void: list[int]) -> tuple[Order, str]:
    """A renewal took over, the first hold was taken in the dashboard, and then the deck left."""
    order = open_order(sandbox)
    first = intent_id_of(total_payment(order))
    payments.send(renewal_of(order))
    sandbox.client.v1.payment_intents.capture(first)
    return dispatch(order=order, by=SYSTEM, today=TODAY), first


def test_money_that_was_taken_twice_is_told_until_it_is_given_back(sandbox, asked_to_void):
    order, first = taken_twice(sandbox, asked_to_void)

    for _ in range(2):
        reports = reconcile(now=timezone.now()).reports
        assert any(first in report and str(order.total_cents) in report for report in reports)
        assert any(first in sentence for sentence in violations(today=TODAY))
        assert any(first in found.why for found in payments_to_look_at(now=timezone.now()))

    sandbox.client.v1.refunds.create({"payment_intent": first})
    assert reconcile(now=timezone.now()).reports == []
    assert violations(today=TODAY) == []


# --- not what was asked for -------------------------------------------------------------------------------


def test_what_was_not_asked_for_is_still_told_when_it_was_let_go(sandbox):
    order = open_order(sandbox)
    intent_id = unlike_the_renewal(order, sandbox)

    payments.sync_intent(intent_id)

    attempt = PaymentAttempt.objects.get(intent_id=intent_id)
    assert gateway.retrieve(intent_id).status == PaymentStatus.VOIDED
    assert attempt.error_code == MISMATCH
    assert any(intent_id in found.why for found in payments_to_look_at(now=timezone.now()))


def test_nobody_pays_again_while_money_was_taken_that_was_not_asked_for(sandbox, monkeypatch):
    order = cart()
    create = gateway.create_intent

    def another(*, parameters, key):
        return create(parameters={**parameters, "amount": 51, "capture_method": "automatic"}, key=key)

    with monkeypatch.context() as patch:
        patch.setattr(gateway, "create_intent", another)
        submit(order, sandbox, TODAY)

    with pytest.raises(CheckoutError, match="do not pay again"):
        submit(order, sandbox, TODAY)

    assert at_stripe(sandbox) == ["succeeded"]
    for _ in range(2):
        assert any("51 cents" in report for report in reconcile(now=timezone.now()).reports)


def test_a_hold_below_the_orders_total_is_not_its_hold(sandbox):
    order = open_order(sandbox)
    renewal = renewal_of(order)
    sandbox.expire(intent_id_of(total_payment(order)))
    payments.sync_intent(intent_id_of(total_payment(order)))
    Order.objects.filter(pk=order.pk).update(total_cents=order.total_cents + 1)

    payments.send(renewal)

    assert not payments.is_held(order)
    assert at_stripe(sandbox) == ["canceled", "canceled"]


# --- never sent, never heard of ---------------------------------------------------------------------------


def test_nothing_is_held_in_order_to_let_it_go(sandbox):
    order = cart()
    attempt = written_down(order, sandbox)

    with transaction.atomic():
        payments.release_hold(lock_order(order.pk))

    assert at_stripe(sandbox) == []
    attempt.payment.refresh_from_db()
    assert attempt.payment.status == PaymentStatus.VOIDED


def test_what_may_be_on_its_way_is_let_go_when_it_is_there(sandbox):
    order = open_order(sandbox)
    payment = total_payment(order)
    # As after a crash between the call and its answer.
    payment.attempts.update(intent_id=None, status=PaymentStatus.CREATED)
    Payment.objects.filter(pk=payment.pk).update(status=PaymentStatus.CREATED, in_force=0)

    with transaction.atomic():
        payments.release_hold(lock_order(order.pk))

    assert at_stripe(sandbox) == ["canceled"]


@pytest.mark.parametrize(
    ("age", "status"),
    [(timedelta(0), PaymentStatus.CREATED), (timedelta(hours=1), PaymentStatus.VOIDED)],
)
def test_what_stripe_does_not_know_is_waited_for_and_then_given_up(sandbox, age, status):
    order = cart()
    attempt = written_down(order, sandbox)
    customer = sandbox.client.v1.customers.create({}).id
    attempt.parameters = {**attempt.parameters, "customer": customer}
    attempt.created_at = timezone.now() - age
    attempt.save()

    with transaction.atomic():
        payments.release_hold(lock_order(order.pk))

    assert at_stripe(sandbox) == []
    attempt.payment.refresh_from_db()
    assert attempt.payment.status == status


def test_an_error_of_stripe_is_raised_though_an_unknown_intent_follows(sandbox, monkeypatch):
    for _ in range(2):
        order = open_order(sandbox)
        Payment.objects.filter(order=order).update(released_at=timezone.now())
    failures = iter([gateway.Unavailable("Busy."), payments.UnknownIntent("Whose?")])

    def fail(intent_id: str) -> None:
        raise next(failures)

    monkeypatch.setattr(gateway, "cancel", fail)

    with pytest.raises(gateway.Unavailable):
        payments.void_released_payments()
