"""Fees: who can be charged what, once, with the reason told; and what becomes of those that are not paid."""

import uuid
from datetime import timedelta

import pytest
import stripe
from django.core import mail
from django.db import connection
from django.utils import timezone

from orders import fees, payments
from orders import stripe_gateway as gateway
from orders.books import violations
from orders.fees import FeeError, agreed_cents, charge_fee, fee_limits, retry_fees, waive_fee
from orders.fulfilment import check_in
from orders.models import Order, Payment, PaymentStatus, Refund
from orders.payments_to_look_at import payments_to_look_at
from orders.transitions import SYSTEM, staff
from tests.factories import TODAY, StaffFactory, dispatched, stocked_card
from tests.orders.test_webhooks import answer_the_bank, deliver, events_of, waiting_for_the_bank
from tests.payments.paid_orders import intent_id_of, open_order, order_that_left, paid_order, total_payment
from tests.racing import failed, meet_after, race
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

LOST = 3  # the library asks three times before it gives up
WORTH_CENTS = 30_000  # of the decks of `order_that_left`
LATE_DAY_CENTS = 714


def charge(order: Order, cents: int = 2_000, *, kind="damage", fee_id=None, by=SYSTEM) -> Payment:
    return charge_fee(
        fee_id=fee_id or uuid.uuid4(),
        order=order,
        kind=Payment.Kind(kind),
        amount_cents=cents,
        reason="Two cards came back wet.",
        by=by,
        today=TODAY,
    )


def charges_at_stripe(order: Order, sandbox: Sandbox) -> list[stripe.PaymentIntent]:
    """The intents of fees of this order, the newest first."""
    found = sandbox.client.v1.payment_intents.list({"customer": total_payment(order).customer.stripe_id})
    return [intent for intent in found.data if intent.metadata["order"] == order.number][:-1]


def leave_card(order: Order, sandbox: Sandbox, card: str) -> None:
    """From now on, the card that the order was paid with behaves like this test card."""
    payment = total_payment(order)
    left = sandbox.client.v1.payment_methods.attach(card, {"customer": payment.customer.stripe_id})
    Payment.objects.filter(pk=payment.pk).update(payment_method=left.id)


# --- charged ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("back", [False, True], ids=["out", "returned"])
def test_a_fee_is_charged_to_the_card_that_the_order_was_paid_with(sandbox, back):
    order, clerk = order_that_left(sandbox), StaffFactory()
    if back:
        check_in(order=order, by=SYSTEM, today=TODAY)

    fee = charge(order, by=staff(clerk))

    [intent] = charges_at_stripe(order, sandbox)
    assert (intent.status, intent.amount_received) == ("succeeded", 2_000)
    assert intent.payment_method == total_payment(order).payment_method
    assert (fee.status, fee.captured_cents, fee.kind) == (PaymentStatus.CAPTURED, 2_000, "damage")
    assert (fee.requested_by, fee.reason) == (clerk, "Two cards came back wet.")
    assert order.events.latest("pk").reason == "fee for damage of €20.00: Two cards came back wet."
    assert list(violations(today=TODAY)) == []


def test_the_customer_is_told_what_for_why_and_to_which_card(sandbox):
    order = order_that_left(sandbox)
    mail.outbox.clear()

    charge(order)

    [message] = mail.outbox
    assert message.subject == f"Damage charged: order {order.number}"
    assert "charged €20.00 to your Visa card ending in 4242" in message.body
    assert "Why: Two cards came back wet." in message.body


def test_a_late_fee_goes_as_far_as_its_days_and_no_further(sandbox):
    order = order_that_left(sandbox, late=2)
    with pytest.raises(FeeError, match=r"late days of this order at most €14\.28 more"):
        charge(order, 2 * LATE_DAY_CENTS + 1, kind="late")

    charge(order, 2 * LATE_DAY_CENTS, kind="late")

    assert fee_limits(order, TODAY).late_left_cents == 0
    with pytest.raises(FeeError, match=r"at most €0\.00 more"):
        charge(order, 50, kind="late")


def test_all_that_may_ever_be_taken_is_what_was_agreed(sandbox):
    order = order_that_left(sandbox, late=40)

    charge(order, 28 * LATE_DAY_CENTS, kind="late")
    charge(order, WORTH_CENTS - 50, kind="loss")
    charge(order, 50, kind="damage")

    assert sum(order.payments.values_list("captured_cents", flat=True)) == agreed_cents(order)
    for kind in ("late", "loss", "damage"):
        with pytest.raises(FeeError):
            charge(order, 50, kind=kind)


def test_the_money_of_a_fee_can_be_given_back(sandbox):
    fee = charge(order_that_left(sandbox))

    given = payments.refund(
        refund_id=uuid.uuid4(), payment=fee, amount_cents=2_000, reason="They were dry again.", by=SYSTEM
    )

    fee.refresh_from_db()
    assert (given.status, fee.left_cents) == (Refund.Status.SUCCEEDED, 0)


# --- refused before anything is sent ----------------------------------------------------------------------


def test_a_deck_that_has_not_left_costs_no_fee(sandbox):
    for order in (open_order(sandbox), paid_order(sandbox)):
        with pytest.raises(FeeError, match="This order is open"):
            charge(order)


def test_an_order_without_a_card_is_not_charged():
    order = dispatched({stocked_card(4, value_cents=10_000): 3})

    with pytest.raises(FeeError, match="no card"):
        charge(order)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"reason": "  "}, "Write what the fee is for"),
        ({"reason": "x" * 501}, "at most 500 characters"),
        ({"amount_cents": 49}, "least that a card can be charged is €0.50"),
        ({"amount_cents": 0}, "least"),
        ({"amount_cents": WORTH_CENTS + 1}, "For damage of this order at most €300.00 more"),
        ({"kind": Payment.Kind.ORDER}, "Choose what the fee is for"),
    ],
)
def test_what_is_not_right_is_not_charged(sandbox, changed, says):
    order = order_that_left(sandbox)
    right = {"kind": Payment.Kind.DAMAGE, "amount_cents": 2_000, "reason": "Two cards came back wet."}

    with pytest.raises(FeeError, match=says):
        charge_fee(fee_id=uuid.uuid4(), order=order, by=SYSTEM, today=TODAY, **{**right, **changed})

    assert charges_at_stripe(order, sandbox) == []
    assert fees.fees_of(order) == []


# --- once -------------------------------------------------------------------------------------------------


def test_a_form_that_is_sent_twice_charges_once(sandbox):
    order, fee_id = order_that_left(sandbox), uuid.uuid4()
    mail.outbox.clear()

    assert charge(order, fee_id=fee_id) == charge(order, fee_id=fee_id)

    assert len(charges_at_stripe(order, sandbox)) == 1
    assert len(mail.outbox) == 1


def test_a_form_of_another_order_charges_nothing(sandbox):
    fee_id = charge(order_that_left(sandbox)).pk
    order = order_that_left(sandbox)

    with pytest.raises(FeeError, match="another order"):
        charge(order, fee_id=fee_id)

    assert fees.fees_of(order) == []


def test_two_of_the_staff_at_the_same_moment_do_not_exceed_the_limit(sandbox, monkeypatch):
    order = order_that_left(sandbox)
    meet_after(monkeypatch, fees, "fee_limits")

    ends = race(
        lambda: charge(order, WORTH_CENTS, kind="loss"), lambda: charge(order, WORTH_CENTS, kind="damage")
    )

    [error] = failed(ends)
    assert isinstance(error, FeeError)
    assert sum(intent.amount for intent in charges_at_stripe(order, sandbox)) == WORTH_CENTS


def test_without_the_lock_they_would(sandbox, monkeypatch):
    """Negative control of the test above."""
    order = order_that_left(sandbox)
    monkeypatch.setattr(fees, "lock_order", lambda pk: Order.objects.get(pk=pk))
    meet_after(monkeypatch, fees, "fee_limits")

    race(lambda: charge(order, WORTH_CENTS, kind="loss"), lambda: charge(order, WORTH_CENTS, kind="damage"))

    assert sum(intent.amount for intent in charges_at_stripe(order, sandbox)) == 2 * WORTH_CENTS


def test_no_transaction_is_open_while_the_provider_is_asked(sandbox, monkeypatch):
    order, open_transactions = order_that_left(sandbox), []
    client = gateway._client
    monkeypatch.setattr(
        gateway, "_client", lambda: open_transactions.append(connection.in_atomic_block) or client()
    )

    waive_fee(payment=_declined(order, sandbox), by=SYSTEM, reason="as a courtesy")

    assert open_transactions
    assert set(open_transactions) == {False}


# --- answers that are lost --------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "at_stripe"), [("drop_after", 1), ("drop_before", 0)])
def test_a_fee_whose_answer_is_lost_is_sent_again_and_charged_once(sandbox, fault, at_stripe):
    order = order_that_left(sandbox)
    mail.outbox.clear()
    sandbox.fault(fault, "/v1/payment_intents", method="POST", times=LOST)

    fee = charge(order)

    assert fee.status == PaymentStatus.CREATED
    assert len(charges_at_stripe(order, sandbox)) == at_stripe
    assert fee_limits(order, TODAY).harm_left_cents == WORTH_CENTS - 2_000
    assert mail.outbox == []

    assert retry_fees(timezone.now()) == 1

    fee.refresh_from_db()
    assert fee.status == PaymentStatus.CAPTURED
    assert len(charges_at_stripe(order, sandbox)) == 1
    assert len(mail.outbox) == 1


def unanswered_for_a_day(order: Order, sandbox: Sandbox, fault: str) -> Payment:
    sandbox.fault(fault, "/v1/payment_intents", method="POST", times=LOST)
    fee = charge(order)
    fee.attempts.update(created_at=timezone.now() - timedelta(hours=25))
    sandbox.advance(hours=25)  # the key is forgotten: sent again, it would be charged a second time
    return fee


def test_one_that_is_older_than_its_key_is_looked_up(sandbox):
    order = order_that_left(sandbox)
    fee = unanswered_for_a_day(order, sandbox, "drop_after")

    retry_fees(timezone.now())

    fee.refresh_from_db()
    assert fee.status == PaymentStatus.CAPTURED
    assert len(charges_at_stripe(order, sandbox)) == 1


def test_one_that_never_arrived_within_a_day_is_not_charged_any_more_and_can_be_given_up(sandbox):
    order = order_that_left(sandbox)
    mail.outbox.clear()
    fee = unanswered_for_a_day(order, sandbox, "drop_before")

    retry_fees(timezone.now())

    fee.refresh_from_db()
    assert (fee.status, fee.attempts.get().error_code) == (PaymentStatus.FAILED, "unanswered")
    assert charges_at_stripe(order, sandbox) == []
    assert mail.outbox == []
    waive_fee(payment=fee, by=SYSTEM, reason="charged anew")
    assert charge(order).status == PaymentStatus.CAPTURED
    assert len(charges_at_stripe(order, sandbox)) == 1


def test_one_without_an_answer_is_shown_to_staff_after_an_hour_and_until_it_is_given_up(sandbox):
    order = order_that_left(sandbox)
    sandbox.fault("drop_before", "/v1/payment_intents", method="POST", times=LOST)
    fee = charge(order)
    now = timezone.now()
    assert payments_to_look_at(now=now + timedelta(minutes=59)) == []

    [waiting] = payments_to_look_at(now=now + timedelta(minutes=61))
    retry_fees(now + timedelta(hours=24))
    [given_up] = payments_to_look_at(now=now + timedelta(hours=24))
    waive_fee(payment=fee, by=SYSTEM, reason="as a courtesy")

    assert waiting.what == given_up.what == "Fee not answered"
    assert "asked again by itself" in waiting.why
    assert "give it up, and charge it anew" in given_up.why
    assert payments_to_look_at(now=now + timedelta(hours=24)) == []


def test_a_fee_is_charged_to_the_card_that_paid_last(sandbox):
    """Which of two payments has the higher id is chance."""
    order = order_that_left(sandbox)
    first = total_payment(order)
    Payment.objects.filter(pk=first.pk).update(released_at=timezone.now())
    later = {"pk": uuid.UUID(int=1), "captured_at": timezone.now() + timedelta(seconds=1)}
    method = sandbox.client.v1.payment_methods.attach(
        "pm_card_mastercard", {"customer": first.customer.stripe_id}
    )
    Payment.objects.create(
        order=order,
        amount_cents=first.amount_cents,
        currency=first.currency,
        customer=first.customer,
        payment_method=method.id,
        status=first.status,
        captured_cents=first.captured_cents,
        **later,
    )

    assert charge(order).payment_method == method.id


def test_a_webhook_adopts_a_fee_whose_answer_was_lost_and_the_customer_is_told_once(sandbox):
    order = order_that_left(sandbox)
    mail.outbox.clear()
    sandbox.fault("drop_after", "/v1/payment_intents", method="POST", times=LOST)
    fee = charge(order)
    [intent] = charges_at_stripe(order, sandbox)

    for event in events_of(intent.id, sandbox):
        assert deliver(event, sandbox).status_code == 200

    fee.refresh_from_db()
    assert (fee.status, intent_id_of(fee)) == (PaymentStatus.CAPTURED, intent.id)
    assert retry_fees(timezone.now()) == 0
    assert [message.subject for message in mail.outbox] == [f"Damage charged: order {order.number}"]


def test_one_without_an_answer_does_not_hold_up_the_next(sandbox):
    orders = [order_that_left(sandbox) for _ in range(2)]
    sandbox.fault("drop_before", "/v1/payment_intents", method="POST", times=LOST * 2)
    first, second = (charge(order) for order in orders)
    sandbox.fault("drop_before", "/v1/payment_intents", method="POST", times=LOST)

    with pytest.raises(gateway.Unavailable):
        retry_fees(timezone.now())

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (PaymentStatus.CREATED, PaymentStatus.CAPTURED)


# --- not paid ---------------------------------------------------------------------------------------------


def _declined(order: Order, sandbox: Sandbox) -> Payment:
    leave_card(order, sandbox, "pm_card_chargeCustomerFail")
    return charge(order)


def test_a_fee_that_the_card_does_not_pay_is_told_with_a_link_to_pay(sandbox):
    order = order_that_left(sandbox)
    mail.outbox.clear()

    fee = _declined(order, sandbox)

    assert (fee.status, fee.captured_cents) == (PaymentStatus.FAILED, 0)
    [message] = mail.outbox
    assert message.subject == f"Damage to be paid: order {order.number}"
    assert "The card was declined." in message.body
    assert "Why: Two cards came back wet." in message.body
    assert "/orders/pay/" in message.body


def test_a_fee_for_which_the_bank_wants_the_customer_is_told_with_a_link_to_pay(sandbox):
    cart, intent_id = waiting_for_the_bank(sandbox, {stocked_card(4, value_cents=10_000): 3})
    for event in answer_the_bank(intent_id, sandbox):
        deliver(event, sandbox)
    Order.objects.filter(pk=cart.pk).update(out_on=TODAY)
    payments.capture(cart)
    Order.objects.filter(pk=cart.pk).update(status="returned")
    leave_card(cart, sandbox, "pm_card_authenticationRequired")
    mail.outbox.clear()

    fee = charge(cart)

    assert fee.status == PaymentStatus.FAILED
    assert fee.attempts.get().error_code == "authentication_required"
    [message] = mail.outbox
    assert "Your bank wants to confirm that it is you." in message.body
    assert "/orders/pay/" in message.body


def test_a_card_that_was_taken_away_is_told_with_a_link_to_pay(sandbox):
    order = order_that_left(sandbox)
    sandbox.client.v1.payment_methods.detach(total_payment(order).payment_method)
    mail.outbox.clear()

    fee = charge(order)

    assert fee.status == PaymentStatus.FAILED
    assert [message.subject for message in mail.outbox] == [f"Damage to be paid: order {order.number}"]


def test_late_events_of_a_declined_fee_tell_the_customer_nothing_twice(sandbox):
    order = order_that_left(sandbox)
    mail.outbox.clear()
    fee = _declined(order, sandbox)

    for event in events_of(intent_id_of(fee), sandbox):
        deliver(event, sandbox)

    assert len(mail.outbox) == 1


# --- given up ---------------------------------------------------------------------------------------------


def test_a_fee_that_is_given_up_can_not_be_paid_any_more_and_counts_no_more(sandbox):
    order, clerk = order_that_left(sandbox), StaffFactory()
    fee = _declined(order, sandbox)
    assert fee_limits(order, TODAY).harm_left_cents == WORTH_CENTS - 2_000

    fee = waive_fee(payment=fee, by=staff(clerk), reason="as a courtesy")

    fee.refresh_from_db()
    assert (fee.status, fee.released_at is None) == (PaymentStatus.VOIDED, False)
    assert sandbox.client.v1.payment_intents.retrieve(intent_id_of(fee)).status == "canceled"
    assert fee_limits(order, TODAY).harm_left_cents == WORTH_CENTS
    event = order.events.latest("pk")
    assert (event.by, event.reason) == (clerk, "fee for damage of €20.00 given up: as a courtesy")


def test_nobody_can_pay_what_is_given_up_also_before_the_worker_comes(sandbox, monkeypatch):
    fee = _declined(order_that_left(sandbox), sandbox)
    monkeypatch.setattr(fees, "tell_holds_let_go", lambda: None)

    waive_fee(payment=fee, by=SYSTEM, reason="as a courtesy")

    with pytest.raises(stripe.InvalidRequestError):
        sandbox.client.v1.payment_intents.confirm(intent_id_of(fee), {"payment_method": "pm_card_visa"})


def test_giving_up_twice_is_giving_up_once(sandbox):
    order = order_that_left(sandbox)
    fee = _declined(order, sandbox)

    for _ in range(2):
        waive_fee(payment=fee, by=SYSTEM, reason="as a courtesy")

    assert order.events.filter(reason__contains="given up").count() == 1


def test_a_fee_for_which_stripe_made_no_intent_is_given_up_too(sandbox):
    order = order_that_left(sandbox)
    sandbox.client.v1.payment_methods.detach(total_payment(order).payment_method)
    fee = charge(order)
    assert fee.attempts.get().intent_id is None

    waive_fee(payment=fee, by=SYSTEM, reason="as a courtesy")

    fee.refresh_from_db()
    assert fee.status == PaymentStatus.VOIDED


def test_a_fee_that_is_paid_is_given_back_and_not_up(sandbox):
    fee = charge(order_that_left(sandbox))

    with pytest.raises(FeeError, match="Give the money back instead"):
        waive_fee(payment=fee, by=SYSTEM, reason="as a courtesy")


def test_a_fee_that_is_paid_at_stripe_before_we_hear_of_it_is_not_given_up(sandbox):
    order = order_that_left(sandbox)
    fee = _declined(order, sandbox)
    sandbox.client.v1.payment_intents.confirm(
        intent_id_of(fee), {"payment_method": "pm_card_visa", "return_url": "https://example.org/"}
    )

    with pytest.raises(FeeError, match="Give the money back instead"):
        waive_fee(payment=fee, by=SYSTEM, reason="as a courtesy")

    fee.refresh_from_db()
    assert (fee.status, fee.released_at) == (PaymentStatus.CAPTURED, None)


def test_a_fee_without_an_answer_is_not_given_up_and_never_charged_by_giving_up(sandbox):
    order = order_that_left(sandbox)
    sandbox.fault("drop_before", "/v1/payment_intents", method="POST", times=LOST)
    fee = charge(order)

    with pytest.raises(FeeError, match="being paid at this moment"):
        waive_fee(payment=fee, by=SYSTEM, reason="as a courtesy")

    assert charges_at_stripe(order, sandbox) == []


def test_where_the_provider_does_not_answer_the_fee_stands(sandbox):
    fee = _declined(order_that_left(sandbox), sandbox)
    sandbox.fault("drop_before", "/v1/payment_intents/*/cancel", times=LOST)

    with pytest.raises(FeeError, match="did not answer"):
        waive_fee(payment=fee, by=SYSTEM, reason="as a courtesy")

    fee.refresh_from_db()
    assert fee.released_at is None


def test_what_the_order_costs_is_no_fee(sandbox):
    with pytest.raises(FeeError, match="not a fee"):
        waive_fee(payment=total_payment(open_order(sandbox)), by=SYSTEM, reason="as a courtesy")
