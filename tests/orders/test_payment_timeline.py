"""The timeline of an order's money: everything that happened, in order, and where the money is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from orders.fulfilment import dispatch
from orders.models import (
    DisputeStatus,
    Order,
    Payment,
    PaymentAttempt,
    PaymentStatus,
    Refund,
    WebhookEvent,
)
from orders.payment_says import outcome_of, says_of_fee, says_of_order
from orders.payment_timeline import PaymentTimeline, What, payment_timeline
from orders.transitions import SYSTEM
from tests.factories import TODAY, StaffFactory, cart_with, paid, placed, settled, stocked_card
from tests.orders.test_checkout import submit
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def attempted(
    payment: Payment, status: PaymentStatus, *, off_session: bool = False, **fields
) -> PaymentAttempt:
    """The next attempt of a payment, as it was written down; of one that is answered, the one in force."""
    sequence = payment.attempts.count() + 1
    attempt = PaymentAttempt.objects.create(
        payment=payment,
        sequence=sequence,
        parameters={
            "amount": payment.amount_cents,
            "capture_method": "automatic" if off_session else "manual",
        },
        idempotency_key=f"pay-{payment.pk}-auth-{sequence}",
        intent_id=f"pi_{payment.pk.hex[:8]}_{sequence}",
        off_session=off_session,
        status=status,
        **fields,
    )
    payment.in_force = sequence
    payment.save(update_fields=["in_force"])
    return attempt


def fee_of(order: Order, **fields) -> Payment:
    return Payment.objects.create(
        **{"order": order, "kind": Payment.Kind.LATE, "amount_cents": 400, "currency": "eur"} | fields
    )


def titles(timeline: PaymentTimeline) -> list[str]:
    return [entry.title for entry in timeline.entries]


def entry(timeline: PaymentTimeline, what: What):
    (found,) = [one for one in timeline.entries if one.what == what]
    return found


# --- what happened ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_life_of_a_payment_is_told_from_the_first_card_to_the_capture(sandbox: Sandbox):
    cart = cart_with({stocked_card(4): 3}, first_day=TODAY)
    submit(cart, sandbox, TODAY, card="pm_card_chargeDeclined")
    submit(cart, sandbox, TODAY)
    dispatch(order=Order.objects.get(pk=cart.pk), by=SYSTEM, today=TODAY)

    timeline = payment_timeline(Order.objects.get(pk=cart.pk))

    total = Order.objects.get(pk=cart.pk).total_cents
    amount = f"€{total / 100:.2f}"
    assert titles(timeline) == [f"Asked to hold {amount}", f"Asked to hold {amount}", f"{amount} charged"]
    declined, held, charged = timeline.entries
    assert (declined.bad, held.bad) == (True, False)
    assert declined.says.startswith("By the customer. Declined: ")
    assert held.says == "By the customer. Held and then taken."
    assert charged.says.startswith("Visa ending in 4242, expires ")
    assert (timeline.summary.held_cents, timeline.summary.charged_cents) == (0, total)
    assert timeline.summary.left_cents == total


def test_entries_stand_in_the_order_in_which_they_happened():
    order = placed({stocked_card(4): 1})
    payment = Payment.objects.get()
    attempt = attempted(payment, PaymentStatus.CAPTURED, created_at=NOW - timedelta(days=5))
    paid(order)
    Payment.objects.update(captured_at=NOW - timedelta(days=3))
    WebhookEvent.objects.create(
        id="evt_1", type="charge.captured", intent_id=attempt.intent_id, received_at=NOW - timedelta(days=2)
    )
    Refund.objects.create(payment=payment, amount_cents=1, created_at=NOW - timedelta(days=1))
    fee_of(order, created_at=NOW - timedelta(days=4))

    timeline = payment_timeline(order)

    assert [one.what for one in timeline.entries] == ["attempt", "fee", "capture", "event", "refund"]
    assert entry(timeline, What.EVENT).reference == "evt_1"


def test_events_of_other_intents_are_not_told():
    order = placed({stocked_card(4): 1})
    attempted(Payment.objects.get(), PaymentStatus.AUTHORIZED)
    WebhookEvent.objects.create(id="evt_2", type="charge.captured", intent_id="pi_other")
    WebhookEvent.objects.create(id="evt_3", type="customer.created", intent_id="")

    assert What.EVENT not in [one.what for one in payment_timeline(order).entries]


def test_what_the_card_paid_without_the_customer_says_so_and_who_asked_and_why():
    clerk = StaffFactory(email="clerk@example.org")
    order = paid(placed({stocked_card(4): 1}))
    fee = fee_of(order, reason="Three days late.", requested_by=clerk)
    attempted(
        fee,
        PaymentStatus.FAILED,
        off_session=True,
        error_code="insufficient_funds",
        error_message="Your card has insufficient funds.",
    )

    timeline = payment_timeline(order)

    asked, tried = entry(timeline, What.FEE), entry(timeline, What.ATTEMPT)
    assert (asked.title, asked.says, asked.by) == ("Late fee: €4.00", "Three days late.", "clerk@example.org")
    assert tried.title == "Asked to charge €4.00 (late fee)"
    assert tried.says == (
        "Without the customer, by the card on file. "
        "Declined: Your card has insufficient funds. (insufficient_funds)"
    )
    assert timeline.summary.owed_cents == 400


def test_a_refund_says_why_who_and_how_it_stands():
    order = paid(placed({stocked_card(4): 1}))
    payment = Payment.objects.get()
    clerk = StaffFactory(email="clerk@example.org")
    Refund.objects.create(
        payment=payment,
        amount_cents=150,
        reason="A card was creased.",
        by=clerk,
        status=Refund.Status.FAILED,
        error_message="expired_or_canceled_card",
    )

    refund = entry(payment_timeline(order), What.REFUND)

    assert (refund.title, refund.by, refund.bad) == ("Refund of €1.50", "clerk@example.org", True)
    assert refund.says == (
        "A card was creased. It failed: the money is still with us. (expired_or_canceled_card)"
    )


def test_a_hold_that_was_let_go_says_whether_stripe_knows():
    order = placed({stocked_card(4): 1})
    Payment.objects.update(released_at=NOW)

    assert "asked again" in entry(payment_timeline(order), What.RELEASE).says

    Payment.objects.update(status=PaymentStatus.VOIDED)
    assert "has confirmed" in entry(payment_timeline(order), What.RELEASE).says
    assert payment_timeline(order).summary.nothing


def test_a_capture_that_nobody_answered_stands_out():
    order = placed({stocked_card(4): 1})
    Payment.objects.update(capture_begun_at=NOW)

    begun = entry(payment_timeline(order), What.CAPTURE)

    assert begun.bad
    assert "not taken twice" in begun.says


def test_a_capture_of_less_says_what_was_let_go():
    order = paid(placed({stocked_card(4): 1}))
    payment = Payment.objects.get()
    payment.captured_cents -= 100
    payment.save()

    assert "The other €1.00 was let go." in entry(payment_timeline(order), What.CAPTURE).says


def test_a_dispute_has_the_time_at_which_it_was_heard_of_or_none():
    order = paid(placed({stocked_card(4): 1}))
    payment = Payment.objects.get()
    attempt = attempted(payment, PaymentStatus.CAPTURED)
    Payment.objects.update(dispute=DisputeStatus.OPEN)

    timeline = payment_timeline(order)
    assert entry(timeline, What.DISPUTE).at is None
    assert timeline.entries[-1].what == What.DISPUTE

    WebhookEvent.objects.create(
        id="evt_d", type="charge.dispute.created", intent_id=attempt.intent_id, received_at=NOW
    )
    assert entry(payment_timeline(order), What.DISPUTE).at == NOW


def test_money_lost_in_a_dispute_is_not_left():
    order = paid(placed({stocked_card(4): 1}))
    Payment.objects.update(dispute=DisputeStatus.LOST)

    summary = payment_timeline(order).summary

    assert summary.charged_cents == order.total_cents
    assert (summary.lost_cents, summary.left_cents) == (order.total_cents, 0)


def test_what_is_held_and_until_when():
    order = placed({stocked_card(4): 1})
    until = datetime(2030, 1, 2, 3, tzinfo=UTC)
    attempted(Payment.objects.get(), PaymentStatus.AUTHORIZED, capture_before=until)

    summary = payment_timeline(order).summary

    assert (summary.held_cents, summary.held_until) == (order.total_cents, until)


def test_an_order_without_payments_has_nothing_to_tell():
    timeline = payment_timeline(cart_with({stocked_card(4): 1}))

    assert (list(timeline.entries), timeline.summary.nothing) == ([], True)


# --- every outcome has its sentence -------------------------------------------------------------------------


@pytest.mark.parametrize("released", [True, False])
@pytest.mark.parametrize("status", PaymentStatus)
def test_every_status_has_sentences_that_do_not_name_it(status, released):
    payment = Payment(
        amount_cents=1_000,
        currency="eur",
        status=status,
        captured_cents=900 if status == PaymentStatus.CAPTURED else 0,
        captured_at=NOW,
        released_at=NOW if released else None,
    )
    attempt = PaymentAttempt(status=status, parameters={"amount": 1_000})

    for says in (
        says_of_order(payment, last=attempt, will_cost_cents=1_000),
        says_of_fee(payment, last=attempt),
        outcome_of(attempt),
    ):
        assert says.endswith((".", ")"))
        assert not {"authorized", "captured", "voided", "created", "action_required"} & set(
            says.lower().split()
        )


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("insufficient_funds", "There is not enough money on this card."),
        ("expired_card", "This card has expired."),
        ("payment_intent_authentication_failure", "Your bank could not confirm that it is you."),
        ("some_new_code", "The payment did not go through."),
        ("mismatch", "The payment could not be made, and not because of your card."),
        ("refused", "The payment could not be made, and not because of your card."),
        ("card_declined", "The card was declined."),
    ],
)
def test_a_failure_says_why_and_what_to_do(code, says):
    payment = Payment(amount_cents=1_000, currency="eur", status=PaymentStatus.FAILED)
    attempt = PaymentAttempt(status=PaymentStatus.FAILED, error_code=code)

    said = says_of_order(payment, last=attempt, will_cost_cents=1_000)

    assert said.startswith(says)
    assert "lease" in said  # please …: what to do
    assert said.endswith("Nothing is held and nothing is charged.")


def test_of_a_total_that_has_shrunk_the_customer_hears_that_only_that_is_charged():
    payment = Payment(amount_cents=1_000, currency="eur", status=PaymentStatus.AUTHORIZED)

    says = says_of_order(payment, last=None, will_cost_cents=700)

    assert "€10.00 is held" in says
    assert "we charge €7.00 only, and let the rest go" in says


# --- how often the database is asked ------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 12])
def test_four_queries_tell_it_however_much_happened(times, django_assert_num_queries):
    order = paid(settled({stocked_card(4): 1}))
    payment = Payment.objects.get()
    for number in range(times):
        attempt = attempted(payment, PaymentStatus.CAPTURED)
        WebhookEvent.objects.create(id=f"evt_{number}", type="charge.captured", intent_id=attempt.intent_id)
        Refund.objects.create(payment=payment, amount_cents=1, by=StaffFactory())
        attempted(fee_of(order, requested_by=StaffFactory()), PaymentStatus.FAILED, off_session=True)
    order = Order.objects.get(pk=order.pk)

    with django_assert_num_queries(4):
        timeline = payment_timeline(order)

    assert len(timeline.entries) == 1 + 5 * times


def test_of_a_card_no_more_is_told_than_brand_last_four_and_expiry():
    order = paid(placed({stocked_card(4): 1}))
    Payment.objects.update(
        payment_method="pm_secret", card_brand="visa", card_last4="4242", card_exp_month=4, card_exp_year=2031
    )
    attempted(Payment.objects.get(), PaymentStatus.CAPTURED)

    told = repr(payment_timeline(order).entries)

    assert "Visa ending in 4242, expires 04/2031." in told
    assert "pm_secret" not in told
