"""What breaks off in the middle, and what Stripe fails at: nothing is lost, and nothing is held or taken twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders import payments, submission
from orders import stripe_gateway as gateway
from orders.cancellation import NotCancellable, cancel
from orders.fulfilment import NotDispatchable, dispatch
from orders.models import Order, Payment, PaymentAttempt, PaymentCustomer, PaymentStatus
from orders.payments.attempts import begin_charge
from orders.states import Status
from orders.transitions import SYSTEM, customer
from tests.factories import TODAY, cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.payments.steps import EVERY_RETRY, INTENTS, at_stripe, attempt_of, intent_of, paid_for, payment_of
from tests.racing import elsewhere, once_after, once_before
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_at_stripe(sandbox: Sandbox) -> None:
    sandbox.control("POST", "/reset")


def pressed_pay(sandbox: Sandbox, kind: str, *, times: int = EVERY_RETRY, path: str = INTENTS) -> Order:
    """A cart whose customer pressed Pay while Stripe had that fault."""
    cart = cart_with({stocked_card(4): 4})
    sandbox.fault(kind, path, method="POST", times=times)
    submit(cart, sandbox, TODAY)
    return cart


def a_day_passes(sandbox: Sandbox, order: Order) -> None:
    """Stripe forgets the keys, and the attempt is as old as that."""
    sandbox.advance(hours=25)
    PaymentAttempt.objects.filter(payment__order=order).update(
        created_at=timezone.now() - timedelta(hours=25)
    )


# --- the hold ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_the_library_tries_again_with_the_same_key_and_there_is_one_hold(sandbox, kind):
    """With another key the second request would be refused: a confirmation token is good for one intent."""
    cart = pressed_pay(sandbox, kind, times=EVERY_RETRY - 1)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture"]
    assert sandbox.faults() == []


def test_an_answer_that_makes_no_sense_is_asked_for_again_by_the_next_press(sandbox):
    cart = pressed_pay(sandbox, "garbage", times=1)
    assert attempt_of(cart).status == PaymentStatus.CREATED

    submit(cart, sandbox, TODAY)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture"]


def test_after_a_lost_answer_the_next_press_gets_the_same_hold(sandbox):
    cart = pressed_pay(sandbox, "drop_after")
    assert at_stripe(sandbox) == ["requires_capture"]

    submitted = submit(cart, sandbox, TODAY)

    cart.refresh_from_db()
    assert submitted.status == PaymentStatus.AUTHORIZED
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture"]
    assert PaymentAttempt.objects.count() == 1


def test_after_a_day_the_hold_is_looked_up_and_not_made_again(sandbox):
    cart = pressed_pay(sandbox, "drop_after")
    a_day_passes(sandbox, cart)

    submitted = submit(cart, sandbox, TODAY)

    cart.refresh_from_db()
    assert submitted.status == PaymentStatus.AUTHORIZED
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture"]


def test_after_a_day_a_decline_that_was_not_heard_is_told(sandbox):
    cart = cart_with({stocked_card(4): 4})
    sandbox.fault("drop_after", INTENTS, method="POST", times=EVERY_RETRY)
    submit(cart, sandbox, TODAY, "pm_card_chargeDeclinedInsufficientFunds")
    assert attempt_of(cart).status == PaymentStatus.CREATED
    a_day_passes(sandbox, cart)

    with pytest.raises(gateway.Declined) as caught:
        payments.send(attempt_of(cart))

    assert caught.value.code == "insufficient_funds"
    assert attempt_of(cart).status == PaymentStatus.FAILED
    assert at_stripe(sandbox) == ["canceled"]


def test_after_a_day_what_never_reached_stripe_is_not_sent_with_the_old_card(sandbox):
    cart = pressed_pay(sandbox, "drop_before")
    attempt = attempt_of(cart)
    del attempt.parameters["confirmation_token"]  # a token ends by itself, a saved card does not
    attempt.parameters["payment_method"] = "pm_card_visa"
    attempt.save()
    a_day_passes(sandbox, cart)

    first = submit(cart, sandbox, TODAY)
    held = at_stripe(sandbox)
    second = submit(cart, sandbox, TODAY)

    assert (first.status, held) == (PaymentStatus.FAILED, [])
    assert "nothing was charged" in first.message
    assert second.status == PaymentStatus.AUTHORIZED
    assert at_stripe(sandbox) == ["requires_capture"]


def test_after_a_day_a_charge_is_looked_up_and_not_made_again(sandbox):
    order = paid_for(sandbox)
    dispatch(order=order, by=SYSTEM, today=TODAY)
    held = payment_of(order)
    fee = Payment.objects.create(
        order=order,
        kind=Payment.Kind.LATE,
        amount_cents=300,
        currency="eur",
        customer=held.customer,
    )
    charge = begin_charge(payment=fee, last=held)
    sandbox.fault("drop_after", INTENTS, method="POST", times=EVERY_RETRY)
    with pytest.raises(gateway.Unavailable):
        payments.send(charge)
    sandbox.advance(hours=25)
    PaymentAttempt.objects.filter(pk=charge.pk).update(created_at=timezone.now() - timedelta(hours=25))
    charge.refresh_from_db()

    payments.send(charge)

    fee.refresh_from_db()
    assert (fee.status, fee.captured_cents) == (PaymentStatus.CAPTURED, 300)
    assert at_stripe(sandbox) == ["succeeded", "succeeded"]  # the order, and the fee once


def test_a_failure_that_stripe_keeps_for_the_key_does_not_keep_the_customer_for_a_day(sandbox):
    cart = pressed_pay(sandbox, "error_500", times=1)
    assert attempt_of(cart).status == PaymentStatus.CREATED

    second = submit(cart, sandbox, TODAY)  # gets the failure that was kept
    third = submit(cart, sandbox, TODAY)

    cart.refresh_from_db()
    assert second.status == PaymentStatus.FAILED
    assert third.status == PaymentStatus.AUTHORIZED
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture"]


def test_a_charge_for_which_stripe_keeps_a_failure_is_not_given_up_for_it(sandbox):
    """It may have been charged nevertheless: a day later it is looked up, and until then nothing else is tried."""
    order = paid_for(sandbox)
    held = payment_of(order)
    fee = Payment.objects.create(
        order=order, kind=Payment.Kind.LATE, amount_cents=300, currency="eur", customer=held.customer
    )
    charge = begin_charge(payment=fee, last=held)
    sandbox.fault("error_500", INTENTS, method="POST")
    for _ in range(2):
        with pytest.raises(gateway.Unavailable):
            payments.send(charge)

    charge.refresh_from_db()
    assert charge.status == PaymentStatus.CREATED


def test_a_failure_that_stripe_keeps_for_a_new_customer_does_not_keep_them_for_a_day(sandbox):
    cart = pressed_pay(sandbox, "error_500", times=1, path="/v1/customers")

    submit(cart, sandbox, TODAY)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert PaymentCustomer.objects.count() == 1


def test_too_many_requests_are_told_and_the_next_press_goes_through(sandbox):
    cart = pressed_pay(sandbox, "rate_limit")
    sandbox.clear_faults()

    submit(cart, sandbox, TODAY)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture"]


# --- a key that was used for something else ---------------------------------------------------------------


def key_is_used_for(cart: Order, sandbox: Sandbox, **other: object) -> None:
    """The key of the attempt brings the error of other parameters at Stripe."""
    attempt = attempt_of(cart)
    attempt.parameters = {**attempt.parameters, **other}
    attempt.save()


def test_a_key_that_was_used_with_other_parameters_finds_the_hold_that_it_made(sandbox):
    cart = pressed_pay(sandbox, "drop_after")
    key_is_used_for(cart, sandbox, description="Other words for the same")

    submitted = submit(cart, sandbox, TODAY)

    cart.refresh_from_db()
    assert submitted.status == PaymentStatus.AUTHORIZED
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture"]


def test_a_key_that_was_used_for_another_customer_finds_the_hold_too(sandbox):
    cart = pressed_pay(sandbox, "drop_after")
    other = sandbox.client.v1.customers.create({"email": "other@example.org"})
    key_is_used_for(cart, sandbox, customer=other.id)

    submit(cart, sandbox, TODAY)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture"]


def test_a_key_that_was_used_for_another_amount_holds_nothing_and_does_not_loop(sandbox):
    cart = pressed_pay(sandbox, "drop_after")
    key_is_used_for(cart, sandbox, amount=attempt_of(cart).parameters["amount"] + 1)

    answers = [submit(cart, sandbox, TODAY).status for _ in range(2)]

    cart.refresh_from_db()
    assert answers[-1] == PaymentStatus.AUTHORIZED
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture", "canceled"]


def test_a_key_that_belongs_to_somebody_elses_request_is_given_up(sandbox):
    cart = pressed_pay(sandbox, "drop_before")
    key = attempt_of(cart).idempotency_key
    sandbox.client.v1.payment_intents.create({"amount": 500, "currency": "eur"}, {"idempotency_key": key})

    first = submit(cart, sandbox, TODAY)
    second = submit(cart, sandbox, TODAY)

    assert (first.status, second.status) == (PaymentStatus.FAILED, PaymentStatus.AUTHORIZED)
    assert at_stripe(sandbox) == ["requires_capture", "requires_payment_method"]


def test_two_requests_of_a_new_customer_name_the_same_one(sandbox, monkeypatch):
    """The other one writes down who pays in between: the first that is written is what both send."""
    cart = pressed_pay(sandbox, "drop_before", path="/v1/customers")
    attempt = attempt_of(cart)

    other = sandbox.client.v1.customers.create({"email": "other@example.org"}).id

    def another_is_written_down() -> None:
        PaymentAttempt.objects.update(parameters={**attempt.parameters, "customer": other})

    once_after(monkeypatch, gateway, "create_customer", another_is_written_down)

    payments.send(attempt)

    stored = attempt_of(cart).parameters["customer"]
    [intent] = sandbox.client.v1.payment_intents.list({"limit": 10}).data
    assert intent.customer == stored == attempt.parameters["customer"] == other


# --- the capture ------------------------------------------------------------------------------------------


def taken(order: Order, sandbox: Sandbox) -> int:
    return sandbox.client.v1.payment_intents.retrieve(intent_of(order)).amount_received


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_500", "rate_limit", "garbage"])
def test_a_capture_that_breaks_off_is_made_once_when_dispatched_again(sandbox, kind):
    order = paid_for(sandbox)
    sandbox.fault(kind, f"{INTENTS}/*/capture", times=EVERY_RETRY)
    with pytest.raises(NotDispatchable, match="dispatch the order again"):
        dispatch(order=order, by=SYSTEM, today=TODAY)
    sandbox.clear_faults()

    order = dispatch(order=order, by=SYSTEM, today=TODAY)

    assert order.status == Status.DISPATCHED
    assert taken(order, sandbox) == order.total_cents == payment_of(order).captured_cents


def test_two_captures_that_cross_take_the_money_once(sandbox, monkeypatch):
    order = paid_for(sandbox)
    once_before(monkeypatch, gateway, "capture", lambda: elsewhere(lambda: payments.capture(order)))

    payment = payments.capture(order)

    assert (payment.status, payment.captured_cents) == (PaymentStatus.CAPTURED, order.total_cents)
    assert taken(order, sandbox) == order.total_cents


def test_more_than_is_held_is_not_taken(sandbox):
    order = paid_for(sandbox)
    held_cents = order.total_cents
    Order.objects.filter(pk=order.pk).update(total_cents=held_cents + 1)

    with pytest.raises(NotDispatchable):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert taken(order, sandbox) == 0
    assert order.status == Status.OPEN
    assert not payments.is_taken(order)


def test_a_hold_that_has_expired_is_not_taken_and_the_deck_stays(sandbox):
    order = paid_for(sandbox)
    sandbox.expire(intent_of(order))

    with pytest.raises(NotDispatchable, match="Nothing is held"):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert payment_of(order).status == PaymentStatus.EXPIRED
    assert taken(order, sandbox) == 0


def test_a_cancellation_that_is_a_moment_late_gets_no_and_the_money_is_taken_once(sandbox, monkeypatch):
    order = paid_for(sandbox)
    refused = []

    def too_late() -> None:
        try:
            cancel(order=order, by=customer(), reason="changed my mind")
        except NotCancellable as error:
            refused.append(error)

    once_before(monkeypatch, gateway, "capture", lambda: elsewhere(too_late))

    dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert len(refused) == 1
    assert order.status == Status.DISPATCHED


# --- letting go -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_500", "rate_limit", "garbage"])
def test_a_hold_that_could_not_be_voided_is_voided_the_next_time(sandbox, kind, monkeypatch):
    order = paid_for(sandbox)
    monkeypatch.setattr("orders.tasks.void_released_payments.delay", lambda: None)  # no worker runs
    cancel(order=order, by=customer(), reason="changed my mind")
    sandbox.fault(kind, f"{INTENTS}/*/cancel", times=EVERY_RETRY)
    with pytest.raises(gateway.GatewayError):
        payments.void_released_payments()
    sandbox.clear_faults()

    payments.void_released_payments()

    assert at_stripe(sandbox) == ["canceled"]
    assert payment_of(order).status == PaymentStatus.VOIDED


# --- what is not what was asked for -----------------------------------------------------------------------


def made_by_hand(cart: Order, sandbox: Sandbox, **other: object) -> str:
    """An intent at Stripe that names the cart's attempt, and differs from what was asked for."""
    asked = {
        key: value
        for key, value in attempt_of(cart).parameters.items()
        if key not in ("confirmation_token", "use_stripe_sdk", "setup_future_usage")
    }
    intent = sandbox.client.v1.payment_intents.create({**asked, "payment_method": "pm_card_visa", **other})
    return intent.id


@pytest.mark.parametrize(
    "other", [{"amount": 999_999}, {"amount": 51}, {"currency": "usd"}], ids=["more", "less", "currency"]
)
def test_a_hold_of_another_amount_or_currency_opens_nothing_and_is_let_go(sandbox, other):
    cart = pressed_pay(sandbox, "drop_before")
    intent_id = made_by_hand(cart, sandbox, **other)

    payments.sync_intent(intent_id)

    cart.refresh_from_db()
    assert cart.status == Status.CART
    assert not payments.is_held(cart)
    assert at_stripe(sandbox) == ["canceled"]
    assert submit(cart, sandbox, TODAY).status == PaymentStatus.AUTHORIZED


def test_a_hold_of_live_mode_opens_nothing_in_a_shop_of_test_mode(sandbox, settings):
    """The sandbox has test mode only, so the shop is the one that is of the other mode."""
    cart = pressed_pay(sandbox, "drop_after")
    settings.STRIPE_API_KEYS = {**settings.STRIPE_API_KEYS, "live": settings.STRIPE_API_KEYS["test"]}
    settings.STRIPE_DEBUG = False

    submission.submit(
        cart=cart,
        confirmation_token="",
        shown_total_cents=attempt_of(cart).parameters["amount"],
        today=TODAY,
    )

    cart.refresh_from_db()
    assert cart.status == Status.CART
    assert not payments.is_held(cart)
    assert at_stripe(sandbox)[-1] == "canceled"


def test_a_deck_that_somebody_else_got_while_the_bank_asked_leaves_the_choice_to_the_customer(sandbox):
    card = stocked_card(4)
    slow, fast = cart_with({card: 4}), cart_with({card: 4})
    sandbox.fault("drop_after", INTENTS, method="POST", times=EVERY_RETRY)
    submit(slow, sandbox, TODAY)
    submit(fast, sandbox, TODAY)

    submit(slow, sandbox, TODAY)

    slow.refresh_from_db()
    fast.refresh_from_db()
    assert (fast.status, slow.status) == (Status.OPEN, Status.CONFIRMING)
    assert payments.is_held(slow)
