"""Money that goes back: as much as was taken and once, also where answers are lost, and whoever gives it back."""

import uuid
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from orders import payments
from orders import stripe_gateway as gateway
from orders.changes import change
from orders.fulfilment import dispatch
from orders.models import DisputeStatus, Order, Payment, Refund
from orders.payments import (
    RefundError,
    failed_refunds,
    note_paid_back,
    refund,
    refundable_cents,
    refunding,
    send_unsent_refunds,
    truth,
)
from orders.transitions import SYSTEM, customer, staff
from tests.factories import TODAY, StaffFactory
from tests.payments.paid_orders import (
    intent_id_of,
    open_order,
    order_that_left,
    paid_order,
    refunds_at_stripe,
    tell_all,
    total_payment,
)
from tests.racing import failed, meet_after, once_after, race

pytestmark = pytest.mark.django_db(transaction=True)

OF_REFUNDS = ("refund.created", "refund.updated", "refund.failed", "charge.refunded", "charge.refund.updated")
OF_DISPUTES = ("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed")
LOST = 3  # the library asks three times before it gives up


def give_back(payment: Payment, cents: int, *, refund_id: uuid.UUID | None = None, by=SYSTEM) -> Refund:
    return refund(
        refund_id=refund_id or uuid.uuid4(),
        payment=payment,
        amount_cents=cents,
        reason="a card was missing",
        by=by,
    )


def told_of_refunds() -> list[str]:
    return [message.body for message in mail.outbox if "back: order" in message.subject]


# --- whole and in part ------------------------------------------------------------------------------------


def test_the_whole_amount_goes_back(sandbox):
    payment, clerk = total_payment(order_that_left(sandbox)), StaffFactory()

    given = give_back(payment, payment.captured_cents, by=staff(clerk))

    [seen] = refunds_at_stripe(payment, sandbox)
    payment.refresh_from_db()
    assert (seen.amount, seen.metadata["refund"]) == (payment.captured_cents, str(given.pk))
    assert (given.status, given.stripe_id, given.by) == (Refund.Status.SUCCEEDED, seen.id, clerk)
    assert (payment.refunded_cents, payment.left_cents) == (payment.captured_cents, 0)


def test_in_parts_until_nothing_is_left(sandbox):
    payment = total_payment(order_that_left(sandbox))
    total_cents = payment.captured_cents

    give_back(payment, 100)
    payment.refresh_from_db()
    assert refundable_cents(payment) == total_cents - 100
    give_back(payment, total_cents - 100)

    payment.refresh_from_db()
    assert refundable_cents(payment) == 0
    with pytest.raises(RefundError, match="given back already"):
        give_back(payment, 1)
    assert sum(seen.amount for seen in refunds_at_stripe(payment, sandbox)) == total_cents


def test_of_a_payment_that_was_taken_in_part_no_more_than_that_goes_back(sandbox):
    order = open_order(sandbox)
    change(order=order, quantities={order.order_cards.get().pk: 1}, by=customer(), today=TODAY)
    dispatch(order=order, by=SYSTEM, today=TODAY)
    payment = total_payment(order)
    assert payment.captured_cents < payment.amount_cents
    with pytest.raises(RefundError):
        give_back(payment, payment.captured_cents + 1)

    give_back(payment, 100)
    give_back(payment, payment.captured_cents - 100)

    payment.refresh_from_db()
    assert payment.refunded_cents == payment.captured_cents
    assert len(refunds_at_stripe(payment, sandbox)) == 2


def test_the_rest_of_a_hold_that_was_let_go_is_no_refund_however_it_is_listed(sandbox, monkeypatch):
    order = open_order(sandbox)
    change(order=order, quantities={order.order_cards.get().pk: 1}, by=customer(), today=TODAY)
    dispatch(order=order, by=SYSTEM, today=TODAY)
    payment = total_payment(order)
    intent = gateway.retrieve(payment.attempts.get().intent_id)
    assert intent.let_go_cents
    rest = gateway.RefundSeen("re_rest", intent.let_go_cents, "succeeded")
    listed = gateway.refunds_of
    monkeypatch.setattr(gateway, "refunds_of", lambda intent_id: [*listed(intent_id), rest])

    given = give_back(payment, 1)

    payment.refresh_from_db()
    assert (given.status, payment.refunded_cents) == (Refund.Status.SUCCEEDED, 1)
    assert payment.refunds.get() == given


def test_the_customer_is_told_how_much_why_and_to_which_card(sandbox):
    payment = total_payment(order_that_left(sandbox))
    mail.outbox.clear()

    give_back(payment, 250)

    [message] = mail.outbox
    assert message.subject == f"You get €2.50 back: order {payment.order.number}"
    assert "€2.50 back to your Visa card ending in 4242" in message.body
    assert "Why: a card was missing" in message.body
    assert message.to == ["player@example.org"]


def test_the_order_says_who_gave_what_back_and_why(sandbox):
    payment, clerk = total_payment(order_that_left(sandbox)), StaffFactory()

    give_back(payment, 250, by=staff(clerk))

    event = payment.order.events.latest("pk")
    assert (event.by, event.reason) == (clerk, "refund of €2.50: a card was missing")


# --- what cannot be given back ----------------------------------------------------------------------------


@pytest.mark.parametrize("beyond", ["total", 0, -1])
def test_more_than_was_taken_or_nothing_does_not_go_back(sandbox, beyond):
    payment = total_payment(order_that_left(sandbox))
    cents = payment.captured_cents + 1 if beyond == "total" else beyond

    with pytest.raises(RefundError, match=r"can be given back\. Write an amount"):
        give_back(payment, cents)

    assert not Refund.objects.exists()
    assert refunds_at_stripe(payment, sandbox) == []


def test_what_is_only_held_is_not_given_back(sandbox):
    payment = total_payment(open_order(sandbox))

    with pytest.raises(RefundError, match="Nothing was taken"):
        give_back(payment, 1)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_is_given(sandbox, reason):
    payment = total_payment(order_that_left(sandbox))

    with pytest.raises(RefundError, match="Write why"):
        refund(refund_id=uuid.uuid4(), payment=payment, amount_cents=1, reason=reason, by=SYSTEM)


# --- once -------------------------------------------------------------------------------------------------


def test_a_form_that_is_sent_twice_gives_back_once(sandbox):
    payment, refund_id = total_payment(order_that_left(sandbox)), uuid.uuid4()

    first = give_back(payment, 100, refund_id=refund_id)
    second = give_back(payment, 100, refund_id=refund_id)

    assert first == second
    assert [seen.amount for seen in refunds_at_stripe(payment, sandbox)] == [100]
    assert len(told_of_refunds()) == 1
    assert payment.order.events.filter(reason__startswith="refund").count() == 1


def test_a_form_of_another_payment_gives_nothing_back(sandbox):
    one, other = (total_payment(order_that_left(sandbox)) for _ in range(2))
    refund_id = give_back(one, 100).pk

    with pytest.raises(RefundError, match="another payment"):
        give_back(other, 100, refund_id=refund_id)

    assert refunds_at_stripe(other, sandbox) == []


def test_two_of_the_staff_at_the_same_moment_do_not_give_more_back_than_was_taken(sandbox, monkeypatch):
    payment = total_payment(order_that_left(sandbox))
    meet_after(monkeypatch, refunding, "refundable_cents")

    ends = race(*[lambda: give_back(payment, payment.captured_cents)] * 2)

    [error] = failed(ends)
    assert isinstance(error, RefundError)
    assert Refund.objects.get().amount_cents == payment.captured_cents


def test_without_the_lock_both_would_be_written_down(sandbox, monkeypatch):
    """Negative control of the test above."""
    payment = total_payment(order_that_left(sandbox))
    monkeypatch.setattr(refunding, "_lock", lambda found: (found.order, Payment.objects.get(pk=found.pk)))
    meet_after(monkeypatch, refunding, "refundable_cents")

    race(*[lambda: give_back(payment, payment.captured_cents)] * 2)

    assert Refund.objects.count() == 2


def test_no_transaction_is_open_while_the_provider_is_asked(sandbox, monkeypatch):
    payment, open_transactions = total_payment(order_that_left(sandbox)), []
    client = gateway._client
    monkeypatch.setattr(
        gateway, "_client", lambda: open_transactions.append(connection.in_atomic_block) or client()
    )

    give_back(payment, 100)

    assert set(open_transactions) == {False}


# --- answers that are lost --------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "at_stripe"), [("drop_after", 1), ("drop_before", 0)])
def test_a_refund_whose_answer_is_lost_is_sent_again_and_goes_back_once(sandbox, fault, at_stripe):
    payment = total_payment(order_that_left(sandbox))
    sandbox.fault(fault, "/v1/refunds", method="POST", times=LOST)

    written = give_back(payment, 100)

    assert written.status == Refund.Status.CREATED
    assert len(refunds_at_stripe(payment, sandbox)) == at_stripe
    assert refundable_cents(payment) == payment.captured_cents - 100
    assert told_of_refunds() == []

    assert send_unsent_refunds(timezone.now()) == 1

    written.refresh_from_db()
    assert written.status == Refund.Status.SUCCEEDED
    assert [seen.amount for seen in refunds_at_stripe(payment, sandbox)] == [100]
    assert len(told_of_refunds()) == 1


@pytest.mark.parametrize(
    ("fault", "times", "at_stripe"), [("drop_after", LOST, 1), ("drop_before", LOST, 0), ("error_500", 1, 0)]
)
def test_one_that_is_older_than_its_key_is_looked_up_before_it_is_sent(sandbox, fault, times, at_stripe):
    payment = total_payment(order_that_left(sandbox))
    sandbox.fault(fault, "/v1/refunds", method="POST", times=times)
    written = give_back(payment, 100)
    assert len(refunds_at_stripe(payment, sandbox)) == at_stripe
    sandbox.advance(hours=25)  # the key is forgotten: sent again, it would be a second refund

    send_unsent_refunds(timezone.now() + timedelta(hours=25))

    written.refresh_from_db()
    assert written.status == Refund.Status.SUCCEEDED
    assert [seen.amount for seen in refunds_at_stripe(payment, sandbox)] == [100]


def test_one_without_an_answer_does_not_hold_up_the_next(sandbox):
    first, second = (total_payment(order_that_left(sandbox)) for _ in range(2))
    sandbox.fault("drop_before", "/v1/refunds", method="POST", times=LOST * 2)
    give_back(first, 100)
    give_back(second, 100)
    sandbox.fault("drop_before", "/v1/refunds", method="POST", times=LOST)

    with pytest.raises(gateway.Unavailable):
        send_unsent_refunds(timezone.now())

    assert [each.refunds.get().status for each in (first, second)] == ["created", "succeeded"]


def test_what_stripe_will_not_give_back_has_failed_and_can_be_given_back_again(sandbox):
    payment = total_payment(paid_order(sandbox, card="pm_card_createDispute"))

    refused = give_back(payment, 100)

    payment.refresh_from_db()
    assert refused.status == Refund.Status.FAILED
    assert "charged back" in refused.error_message or "dispute" in refused.error_message
    assert refundable_cents(payment) == payment.captured_cents
    assert told_of_refunds() == []


# --- paid back in another way -----------------------------------------------------------------------------


def sent_back(sandbox, *, cents: int = 100) -> tuple[Payment, Refund]:
    """A refund that the bank could not deliver; 0: of everything."""
    payment = total_payment(order_that_left(sandbox, card="pm_card_refundFail"))
    given = give_back(payment, cents or payment.captured_cents)
    sandbox.advance(seconds=301)
    assert tell_all(payment, sandbox, of=("refund.failed",)) == 1
    given.refresh_from_db()
    payment.refresh_from_db()
    assert given.status == Refund.Status.FAILED
    return payment, given


def notes_of(order: Order) -> list[tuple]:
    return list(order.events.filter(reason__contains="another way").values_list("actor", "by", "reason"))


def test_a_refund_that_failed_is_noted_as_paid_back_once(sandbox):
    payment, failed = sent_back(sandbox)
    clerk, other = StaffFactory(), StaffFactory()

    note_paid_back(refund=failed, note=" by bank transfer ", by=staff(clerk))
    again = note_paid_back(refund=failed, note="in cash", by=staff(other))

    payment.refresh_from_db()
    assert (again.paid_back_note, again.paid_back_by, again.status) == ("by bank transfer", clerk, "failed")
    assert again.paid_back_at is not None
    assert (payment.refunded_cents, payment.paid_back_cents) == (0, 100)
    assert refundable_cents(payment) == payment.captured_cents - 100
    assert notes_of(payment.order) == [
        ("staff", clerk.pk, "refund of €1.00 that failed, paid back in another way: by bank transfer")
    ]
    assert not failed_refunds().exists()


def test_two_who_note_it_at_the_same_moment_note_it_once(sandbox, monkeypatch):
    payment, failed = sent_back(sandbox)
    meet_after(monkeypatch, refunding, "sync_intent")

    race(
        lambda: note_paid_back(refund=failed, note="in cash", by=SYSTEM),
        lambda: note_paid_back(refund=failed, note="by bank transfer", by=SYSTEM),
    )

    payment.refresh_from_db()
    assert payment.paid_back_cents == 100
    assert len(notes_of(payment.order)) == 1


def test_what_has_arrived_meanwhile_is_not_noted_as_paid_back(sandbox):
    payment = total_payment(order_that_left(sandbox))
    given = give_back(payment, 100)
    # The books have not heard that it came through.
    Refund.objects.update(status=Refund.Status.FAILED, stripe_id=None)

    with pytest.raises(RefundError, match="has not failed"):
        note_paid_back(refund=given, note="in cash", by=SYSTEM)

    given.refresh_from_db()
    assert (given.status, given.paid_back_at) == (Refund.Status.SUCCEEDED, None)
    assert notes_of(payment.order) == []


def test_while_stripe_does_not_answer_nothing_is_noted(sandbox):
    payment, failed = sent_back(sandbox)
    address = f"/v1/payment_intents/{intent_id_of(payment)}"
    sandbox.fault("drop_before", address, method="GET", times=LOST)

    with pytest.raises(RefundError, match="Stripe did not answer"):
        note_paid_back(refund=failed, note="in cash", by=SYSTEM)

    failed.refresh_from_db()
    assert failed.paid_back_at is None
    assert notes_of(payment.order) == []


@pytest.mark.parametrize("note", [" ", "x" * 501])
def test_how_it_was_paid_back_has_to_be_written(sandbox, note):
    _, failed = sent_back(sandbox)

    with pytest.raises(RefundError, match="Write how"):
        note_paid_back(refund=failed, note=note, by=SYSTEM)


def test_of_several_tries_the_last_is_noted_and_stands_for_all(sandbox):
    payment, failed = sent_back(sandbox)
    again = give_back(payment, 100)
    with pytest.raises(RefundError, match="tried once more"):
        note_paid_back(refund=failed, note="in cash", by=SYSTEM)
    sandbox.advance(seconds=301)
    tell_all(payment, sandbox, of=("refund.failed",))
    assert failed_refunds().count() == 2

    note_paid_back(refund=again, note="in cash", by=SYSTEM)

    payment.refresh_from_db()
    assert not failed_refunds().exists()
    assert payment.paid_back_cents == 100


def test_what_was_paid_back_in_another_way_is_not_given_back_again(sandbox):
    payment, failed = sent_back(sandbox, cents=0)
    note_paid_back(refund=failed, note="in cash", by=SYSTEM)

    with pytest.raises(RefundError, match="given back already"):
        give_back(payment, 1)

    payment.refresh_from_db()
    assert payment.left_cents == 0


def test_reading_stripe_again_leaves_the_note(sandbox):
    payment, failed = sent_back(sandbox)
    note_paid_back(refund=failed, note="in cash", by=SYSTEM)

    tell_all(payment, sandbox, of=OF_REFUNDS)

    failed.refresh_from_db()
    payment.refresh_from_db()
    assert (failed.status, failed.paid_back_note, payment.paid_back_cents) == ("failed", "in cash", 100)


# --- in Stripe's dashboard, and later ---------------------------------------------------------------------


def test_a_refund_made_in_the_dashboard_is_booked_once_and_told(sandbox):
    payment = total_payment(order_that_left(sandbox))
    seen = sandbox.client.v1.refunds.create({"payment_intent": intent_id_of(payment), "amount": 100})

    assert tell_all(payment, sandbox, of=OF_REFUNDS) >= 2  # of one refund

    payment.refresh_from_db()
    booked = payment.refunds.get()
    assert (booked.stripe_id, booked.amount_cents, booked.status) == (seen.id, 100, "succeeded")
    assert (payment.refunded_cents, refundable_cents(payment)) == (100, payment.captured_cents - 100)
    assert len(told_of_refunds()) == 1


def test_a_refund_on_its_way_is_told_at_once_and_arrives_later(sandbox):
    payment = total_payment(order_that_left(sandbox, card="pm_card_pendingRefund"))
    given = give_back(payment, 100)
    payment.refresh_from_db()
    assert (given.status, payment.refunded_cents) == (Refund.Status.PENDING, 100)
    assert len(told_of_refunds()) == 1

    sandbox.advance(seconds=301)
    assert tell_all(payment, sandbox, of=("refund.updated",)) == 1

    given.refresh_from_db()
    assert given.status == Refund.Status.SUCCEEDED
    assert len(told_of_refunds()) == 1


def test_a_refund_that_the_bank_sends_back_has_failed_and_can_be_given_back_again(sandbox):
    payment = total_payment(order_that_left(sandbox, card="pm_card_refundFail"))
    given = give_back(payment, 100)
    assert given.status == Refund.Status.SUCCEEDED

    sandbox.advance(seconds=301)
    assert tell_all(payment, sandbox, of=("refund.failed",)) == 1

    given.refresh_from_db()
    payment.refresh_from_db()
    assert given.status == Refund.Status.FAILED
    assert given.error_message
    assert (payment.refunded_cents, refundable_cents(payment)) == (0, payment.captured_cents)


def test_what_was_read_before_is_not_booked_after_what_was_read_since(sandbox, monkeypatch):
    payment = total_payment(order_that_left(sandbox, card="pm_card_pendingRefund"))
    given = give_back(payment, 100)
    intent_id = intent_id_of(payment)

    def meanwhile() -> None:
        sandbox.advance(seconds=301)
        payments.sync_intent(intent_id)

    once_after(monkeypatch, truth.gateway, "refunds_of", meanwhile)
    payments.sync_intent(intent_id)

    given.refresh_from_db()
    assert given.status == Refund.Status.SUCCEEDED


def test_a_dispute_made_at_the_bank_is_shown_and_so_is_its_end(sandbox):
    payment = total_payment(paid_order(sandbox, card="pm_card_createDispute"))
    assert tell_all(payment, sandbox, of=OF_DISPUTES) == 1
    payment.refresh_from_db()
    assert payment.dispute == DisputeStatus.OPEN

    [dispute] = sandbox.client.v1.disputes.list({"payment_intent": intent_id_of(payment)}).data
    sandbox.client.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True}
    )
    tell_all(payment, sandbox, of=OF_DISPUTES)

    payment.refresh_from_db()
    assert payment.dispute == DisputeStatus.WON
    assert Order.objects.get().payments.get() == payment
