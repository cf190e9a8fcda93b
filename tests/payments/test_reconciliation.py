"""The books and Stripe are compared, and each case is repaired as docs/payments.md says."""

import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings as site
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from orders import bills, payments, reconciliation, submission, tasks
from orders import cart as carts
from orders import stripe_gateway as gateway
from orders.bills import CartBill
from orders.cancellation import NotCancellable, can_cancel, cancel
from orders.changes import change
from orders.fulfilment import NotDispatchable, dispatch
from orders.models import DisputeStatus, Order, OrderEvent, Payment, PaymentAttempt, PaymentStatus, Refund
from orders.payments.attempts import begin_charge, begin_fee_payment, begin_renewal
from orders.payments.taking import _begin_capture
from orders.reconciliation import Reconciled, reconcile
from orders.signals import hold_lost
from orders.states import Status
from orders.transitions import SYSTEM, customer, lock_order
from tests.factories import TODAY, cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.orders.test_webhooks import answer_the_bank, deliver, events_of, waiting_for_the_bank
from tests.payments.steps import EVERY_RETRY, INTENTS, at_stripe, attempt_of, intent_of, paid_for, payment_of
from tests.racing import at_the_same_moment, once_after, once_before
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

VISA, DECLINED = "pm_card_visa", "pm_card_chargeDeclined"


@pytest.fixture(autouse=True)
def _nothing_at_stripe(sandbox: Sandbox) -> None:
    """Intents of other tests name this site, too, and no payment: they would all be let go."""
    sandbox.control("POST", "/reset")


def run(**later: int) -> Reconciled:
    """A run so much later than now."""
    return reconcile(now=timezone.now() + timedelta(**later))


@pytest.fixture
def losses():
    """The orders of which it was told that their hold is lost."""
    told: list[int] = []

    def listen(sender, order_id, **kwargs) -> None:
        told.append(order_id)

    hold_lost.connect(listen)
    yield told
    hold_lost.disconnect(listen)


# --- a: attempts without an answer ------------------------------------------------------------------------


def unanswered(sandbox: Sandbox, kind: str, path: str = INTENTS) -> Order:
    """A cart whose customer pressed Pay and got no answer."""
    cart = cart_with({stocked_card(4): 4})
    sandbox.fault(kind, path, method="POST", times=EVERY_RETRY)
    assert submit(cart, sandbox, TODAY).status == PaymentStatus.PROCESSING
    assert attempt_of(cart).status == PaymentStatus.CREATED
    assert sandbox.faults() == []
    return cart


def test_a_hold_whose_answer_was_lost_is_found_and_opens_the_order(sandbox):
    cart = unanswered(sandbox, "drop_after")

    result = run(minutes=11)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert payment_of(cart).status == PaymentStatus.AUTHORIZED
    assert at_stripe(sandbox) == ["requires_capture"]
    assert len(result.repairs) == 2
    assert (result.reports, result.failures) == ([], [])


def test_a_hold_that_the_list_does_not_reach_back_to_is_looked_up_by_customer_and_metadata(sandbox):
    cart = unanswered(sandbox, "drop_after")

    run(days=9)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture"]


def test_a_hold_that_never_reached_stripe_is_given_up_and_nothing_is_held_behind_the_customers_back(sandbox):
    cart = unanswered(sandbox, "drop_before")

    run(minutes=11)

    cart.refresh_from_db()
    assert cart.status == Status.CART
    assert (attempt_of(cart).status, attempt_of(cart).error_code) == (PaymentStatus.FAILED, "unanswered")
    assert payment_of(cart).status == PaymentStatus.FAILED
    assert at_stripe(sandbox) == []
    assert submit(cart, sandbox, TODAY).status == PaymentStatus.AUTHORIZED
    assert at_stripe(sandbox) == ["requires_capture"]


def test_a_request_that_may_be_on_its_way_is_left_alone(sandbox):
    cart = unanswered(sandbox, "drop_before")

    result = run(minutes=9)

    assert attempt_of(cart).status == PaymentStatus.CREATED
    assert result.repairs == []


def test_an_attempt_without_a_customer_was_never_sent_and_is_not_looked_for(sandbox, monkeypatch):
    cart = unanswered(sandbox, "drop_before", "/v1/customers")
    monkeypatch.setattr(payments, "find_sent", None)

    result = run(minutes=11)

    assert attempt_of(cart).status == PaymentStatus.FAILED
    assert (result.failures, at_stripe(sandbox)) == ([], [])


def renewal_of(order: Order) -> PaymentAttempt:
    """A renewal that was written down, and then the power went out."""
    with transaction.atomic():
        locked = lock_order(order.pk)
        return begin_renewal(order=locked, amount_cents=locked.total_cents, last=payment_of(order))


@pytest.mark.parametrize(("hours", "then"), [(22, PaymentStatus.CREATED), (24, PaymentStatus.FAILED)])
def test_a_renewal_without_an_answer_waits_for_its_task_for_23_hours(sandbox, hours, then):
    order = paid_for(sandbox)
    renewal = renewal_of(order)

    run(hours=hours)

    renewal.refresh_from_db()
    assert renewal.status == then
    assert payment_of(order).status == PaymentStatus.AUTHORIZED


def test_a_renewal_whose_answer_was_lost_takes_over_and_the_hold_before_is_let_go(sandbox):
    order = paid_for(sandbox)
    renewal = renewal_of(order)
    sandbox.fault("drop_after", INTENTS, method="POST", times=EVERY_RETRY)
    with pytest.raises(gateway.Unavailable):
        payments.send(renewal)

    run(minutes=11)

    payment = payment_of(order)
    assert (payment.status, payment.in_force) == (PaymentStatus.AUTHORIZED, 2)
    assert at_stripe(sandbox) == ["requires_capture", "canceled"]


# --- b: known intents that stand differently --------------------------------------------------------------


def test_an_authorization_that_no_webhook_told_of_opens_the_order(sandbox):
    cart, intent_id = waiting_for_the_bank(sandbox)
    answer_the_bank(intent_id, sandbox)

    run()

    cart.refresh_from_db()
    assert cart.status == Status.OPEN


def test_a_hold_of_a_cart_that_has_changed_is_let_go(sandbox):
    card = stocked_card(9, value_cents=20_000)
    cart, intent_id = waiting_for_the_bank(sandbox, {card: 4})
    answer_the_bank(intent_id, sandbox)
    carts.add_card(cart=cart, card=card, quantity=1)

    result = run()

    cart.refresh_from_db()
    assert cart.status == Status.CART
    assert at_stripe(sandbox) == ["canceled"]
    assert any("does not fit any more" in repair for repair in result.repairs)


def test_a_hold_that_the_bank_ended_is_booked_and_told_once(sandbox, losses):
    order = paid_for(sandbox)
    sandbox.expire(intent_of(order))

    result = run()

    assert payment_of(order).status == PaymentStatus.EXPIRED
    assert losses == [order.pk]
    assert len(result.repairs) == 1


def test_money_that_is_held_for_a_cancelled_order_is_let_go(sandbox):
    order = paid_for(sandbox)
    Order.objects.filter(pk=order.pk).update(status=Status.CANCELLED)

    run()

    assert payment_of(order).status == PaymentStatus.VOIDED
    assert at_stripe(sandbox) == ["canceled"]


def test_a_hold_that_was_let_go_while_no_worker_ran_is_voided(sandbox):
    order = paid_for(sandbox)
    Payment.objects.update(released_at=timezone.now())
    Order.objects.filter(pk=order.pk).update(status=Status.CANCELLED)

    result = run()

    assert payment_of(order).status == PaymentStatus.VOIDED
    assert at_stripe(sandbox) == ["canceled"]
    assert result.repairs == ["voided at Stripe: 1 that were let go"]


def test_an_overtaken_try_that_holds_after_all_is_voided(sandbox, monkeypatch):
    cart = cart_with({stocked_card(4): 4})
    monkeypatch.setattr(tasks.void_released_payments, "delay", lambda: None)  # the worker is away
    submit(cart, sandbox, TODAY, DECLINED)
    overtaken = attempt_of(cart)
    submit(cart, sandbox, TODAY)
    sandbox.client.v1.payment_intents.confirm(overtaken.intent_id, {"payment_method": VISA})
    assert at_stripe(sandbox) == ["requires_capture", "requires_capture"]

    run()

    assert at_stripe(sandbox) == ["requires_capture", "canceled"]
    assert payment_of(cart).status == PaymentStatus.AUTHORIZED


def test_a_dialog_that_was_left_for_a_day_is_closed_and_no_earlier(sandbox):
    cart, _ = waiting_for_the_bank(sandbox)
    run(hours=23)
    assert at_stripe(sandbox) == ["requires_action"]

    run(hours=25)

    assert at_stripe(sandbox) == ["canceled"]
    assert submit(cart, sandbox, TODAY).status == PaymentStatus.AUTHORIZED


def test_a_refund_from_the_dashboard_that_no_webhook_told_of_is_booked(sandbox):
    order = paid_for(sandbox)
    dispatch(order=order, by=SYSTEM, today=TODAY)
    sandbox.client.v1.refunds.create({"payment_intent": intent_of(order), "amount": 100})

    run()

    assert payment_of(order).refunded_cents == 100


# --- c: intents that no payment stands for ----------------------------------------------------------------


def hold_of_nobody(sandbox: Sandbox, **metadata: str) -> str:
    named = {"site": site.SITE_URL, "order": "LOST", "payment": str(uuid.uuid4()), "sequence": "1"}
    intent = sandbox.client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "eur",
            "confirm": True,
            "payment_method": VISA,
            "capture_method": "manual",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "metadata": {**named, **metadata},
        }
    )
    return intent.id


def test_money_that_is_held_for_a_payment_that_is_in_no_book_is_let_go_after_an_hour(sandbox):
    hold_of_nobody(sandbox)
    run(minutes=59)
    assert at_stripe(sandbox) == ["requires_capture"]

    result = run(minutes=61)

    assert at_stripe(sandbox) == ["canceled"]
    assert len(result.repairs) == 1


@pytest.mark.parametrize(
    "metadata", [{"site": "https://other.example"}, {"site": ""}, {"payment": "invoice-17"}]
)
def test_what_others_hold_on_the_same_account_is_left_alone(sandbox, metadata):
    hold_of_nobody(sandbox, **metadata)

    result = run(hours=2)

    assert at_stripe(sandbox) == ["requires_capture"]
    assert (result.repairs, result.reports) == ([], [])


def test_money_that_was_taken_for_a_payment_that_is_in_no_book_is_reported_and_not_touched(sandbox):
    intent_id = hold_of_nobody(sandbox)
    sandbox.client.v1.payment_intents.capture(intent_id)

    reports = [run(hours=2).reports for _ in range(2)]

    assert at_stripe(sandbox) == ["succeeded"]
    assert [len(of_run) for of_run in reports] == [1, 1]
    assert "500 cents are taken" in reports[0][0]
    assert "order LOST" in reports[0][0]


def test_a_second_hold_of_the_same_attempt_is_let_go(sandbox):
    order = paid_for(sandbox)
    hold_of_nobody(sandbox, payment=str(payment_of(order).pk))

    run(hours=2)

    assert at_stripe(sandbox) == ["canceled", "requires_capture"]
    assert payment_of(order).status == PaymentStatus.AUTHORIZED


# --- d: orders without money ------------------------------------------------------------------------------


def loses_its_hold_while_nobody_listens(sandbox: Sandbox) -> Order:
    order = paid_for(sandbox)
    sandbox.expire(intent_of(order))
    payments.sync_intent(intent_of(order))
    assert payment_of(order).status == PaymentStatus.EXPIRED
    return order


def test_an_order_whose_loss_was_told_to_nobody_is_told_again(sandbox, losses):
    order = loses_its_hold_while_nobody_listens(sandbox)
    losses.clear()

    run()

    assert losses == [order.pk]


def test_an_order_whose_customer_was_asked_is_not_told_again(sandbox, losses):
    order = loses_its_hold_while_nobody_listens(sandbox)
    losses.clear()
    Order.objects.filter(pk=order.pk).update(pay_again_by=timezone.now() + timedelta(hours=72))

    run()

    assert losses == []


def test_an_order_for_which_a_new_hold_is_tried_is_not_told_again(sandbox, losses):
    order = loses_its_hold_while_nobody_listens(sandbox)
    losses.clear()
    with transaction.atomic():
        locked = lock_order(order.pk)
        begin_renewal(order=locked, amount_cents=locked.total_cents, last=payment_of(order))

    run()

    assert losses == []


# --- e: captures without an answer ------------------------------------------------------------------------


def capture_breaks_off(order: Order, sandbox: Sandbox, kind: str) -> None:
    sandbox.fault(kind, f"{INTENTS}/*/capture", times=EVERY_RETRY)
    with pytest.raises(NotDispatchable, match="did not answer"):
        dispatch(order=order, by=SYSTEM, today=TODAY)
    assert sandbox.faults() == []


def test_a_capture_whose_answer_was_lost_is_booked_and_the_dispatch_goes_on(sandbox):
    order = paid_for(sandbox)
    capture_breaks_off(order, sandbox, "drop_after")

    run(minutes=16)

    assert payment_of(order).status == PaymentStatus.CAPTURED
    assert dispatch(order=order, by=SYSTEM, today=TODAY).status == Status.DISPATCHED
    assert sandbox.client.v1.payment_intents.retrieve(intent_of(order)).amount_received == order.total_cents


def test_a_capture_that_never_reached_stripe_gives_the_order_free_again(sandbox):
    order = paid_for(sandbox)
    capture_breaks_off(order, sandbox, "drop_before")
    assert not can_cancel(order)

    run(minutes=16)

    assert payment_of(order).status == PaymentStatus.AUTHORIZED
    cancel(order=order, by=customer(), reason="changed my mind")
    assert at_stripe(sandbox) == ["canceled"]


def test_a_capture_that_may_be_on_its_way_is_left_alone(sandbox):
    order = paid_for(sandbox)
    capture_breaks_off(order, sandbox, "drop_before")

    run(minutes=14)

    assert not can_cancel(order)


def test_an_order_that_is_free_again_is_dispatched_for_what_it_costs_by_then(sandbox):
    cart = cart_with({stocked_card(4, value_cents=50_000): 4}, first_day=TODAY)
    submit(cart, sandbox, TODAY)
    order = Order.objects.get(pk=cart.pk)
    capture_breaks_off(order, sandbox, "drop_before")
    run(minutes=16)
    order = change(order=order, quantities={order.order_cards.get().pk: 1}, by=customer(), today=TODAY)

    dispatch(order=order, by=SYSTEM, today=TODAY)

    taken = sandbox.client.v1.payment_intents.retrieve(intent_of(order)).amount_received
    assert taken == order.total_cents < payment_of(order).amount_cents


def test_a_dispatch_that_begins_while_the_last_one_is_looked_into_is_not_disturbed(sandbox, monkeypatch):
    """Negative control: cleared without comparing when it was begun, the order is cancelled under the dispatch."""
    order = paid_for(sandbox)
    capture_breaks_off(order, sandbox, "drop_before")
    refused = []

    def cancel_meanwhile() -> None:
        try:
            cancel(order=order, by=customer(), reason="changed my mind")
        except NotCancellable as error:
            refused.append(str(error))

    once_after(monkeypatch, payments, "sync_intent", lambda: _begin_capture(order))
    run(minutes=16)
    cancel_meanwhile()

    assert len(refused) == 1
    assert dispatch(order=order, by=SYSTEM, today=TODAY).status == Status.DISPATCHED


# --- f: refunds without an answer -------------------------------------------------------------------------


def test_a_refund_whose_answer_was_lost_is_found_by_its_reference(sandbox):
    order = paid_for(sandbox)
    dispatch(order=order, by=SYSTEM, today=TODAY)
    refund = Refund.objects.create(payment=payment_of(order), amount_cents=100)
    gateway.refund(
        intent_id=intent_of(order), amount_cents=100, reference=str(refund.pk), key=refund.key
    )  # and its answer is lost

    run(minutes=11)

    refund.refresh_from_db()
    assert refund.status == Refund.Status.SUCCEEDED
    assert refund.stripe_id
    assert payment_of(order).refunded_cents == 100


def test_a_refund_that_was_on_its_way_is_looked_after_until_it_has_come(sandbox):
    order = paid_for(sandbox, "pm_card_pendingRefund")
    payments.capture(order)
    sandbox.client.v1.refunds.create({"payment_intent": intent_of(order), "amount": 100})
    run()
    refund = Refund.objects.get()
    assert refund.status == Refund.Status.PENDING
    sandbox.advance(days=5)

    run()

    refund.refresh_from_db()
    assert refund.status == Refund.Status.SUCCEEDED


def test_a_refund_that_never_reached_stripe_is_left_to_be_sent_again(sandbox):
    order = paid_for(sandbox)
    dispatch(order=order, by=SYSTEM, today=TODAY)
    refund = Refund.objects.create(payment=payment_of(order), amount_cents=100)

    result = run(minutes=11)

    refund.refresh_from_db()
    assert refund.status == Refund.Status.CREATED
    assert (result.repairs, result.failures) == ([], [])


# --- g: what people have to look at -----------------------------------------------------------------------


def test_money_that_was_taken_for_a_cancelled_order_is_reported_until_it_is_refunded(sandbox):
    order = paid_for(sandbox)
    payments.capture(order)
    Order.objects.filter(pk=order.pk).update(status=Status.CANCELLED)

    first, second = run().reports, run().reports
    sandbox.client.v1.refunds.create({"payment_intent": intent_of(order)})
    third = run().reports

    assert len(first) == len(second) == 1
    assert order.number in first[0]
    assert third == []


def test_money_that_the_bank_took_back_need_not_be_given_back(sandbox):
    order = paid_for(sandbox)
    payments.capture(order)
    Order.objects.filter(pk=order.pk).update(status=Status.CANCELLED)
    Payment.objects.update(dispute=DisputeStatus.LOST)

    assert run().reports == []


def test_money_that_was_taken_by_hand_for_a_cart_is_reported(sandbox):
    cart, intent_id = waiting_for_the_bank(sandbox)
    answer_the_bank(intent_id, sandbox)
    sandbox.client.v1.payment_intents.capture(intent_id)

    [report] = run().reports

    cart.refresh_from_db()
    assert cart.number in report
    assert cart.status == Status.CART


def test_a_deck_that_left_while_its_money_is_only_held_is_reported_and_the_hold_kept(sandbox):
    order = paid_for(sandbox)
    Order.objects.filter(pk=order.pk).update(status=Status.DISPATCHED)

    [report] = run().reports

    assert order.number in report
    assert at_stripe(sandbox) == ["requires_capture"]


def test_a_mismatch_that_was_taken_is_reported_every_time(sandbox):
    cart = cart_with({stocked_card(4): 4})
    sandbox.fault("drop_before", INTENTS, method="POST", times=EVERY_RETRY)
    submit(cart, sandbox, TODAY)
    wrong = hold_of_nobody(sandbox, payment=str(payment_of(cart).pk))  # 5.00, whatever the cart costs
    sandbox.client.v1.payment_intents.capture(wrong)

    reports = [run(minutes=11).reports for _ in range(2)]

    assert [len(of_run) for of_run in reports] == [1, 1]
    assert "not what was asked for" in reports[0][0]
    assert payment_of(cart).status == PaymentStatus.FAILED


# --- a run --------------------------------------------------------------------------------------------------


def test_where_books_and_stripe_agree_nothing_is_done(sandbox):
    order = paid_for(sandbox)
    left = paid_for(sandbox)
    dispatch(order=left, by=SYSTEM, today=TODAY)
    cancelled = paid_for(sandbox)
    cancel(order=cancelled, by=customer(), reason="changed my mind")
    events = OrderEvent.objects.count()

    result = run(hours=2)

    assert result == Reconciled(compared=3)
    assert OrderEvent.objects.count() == events
    assert payment_of(order).status == PaymentStatus.AUTHORIZED


def test_what_agrees_is_listed_and_not_read_one_by_one(sandbox, monkeypatch):
    for _ in range(3):
        paid_for(sandbox)
    monkeypatch.setattr(gateway, "retrieve", None)

    assert run().failures == []


def test_the_second_page_of_the_list_is_compared_too(sandbox):
    order = paid_for(sandbox)
    sandbox.expire(intent_of(order))
    for _ in range(101):
        sandbox.client.v1.payment_intents.create({"amount": 500, "currency": "eur"})

    run()

    assert payment_of(order).status == PaymentStatus.EXPIRED


def test_what_is_older_than_the_list_is_read_by_itself(sandbox):
    order = paid_for(sandbox)
    sandbox.expire(intent_of(order))

    run(days=9)

    assert payment_of(order).status == PaymentStatus.EXPIRED


def test_one_that_fails_does_not_keep_the_others(sandbox):
    stuck, other = paid_for(sandbox), paid_for(sandbox)
    sandbox.expire(intent_of(other))
    PaymentAttempt.objects.filter(payment__order=stuck).update(intent_id="pi_of_nobody")

    result = run()

    assert payment_of(other).status == PaymentStatus.EXPIRED
    assert len(result.failures) == 1
    assert "No such payment_intent" in result.failures[0]


def test_while_stripe_is_silent_the_run_ends_soon_and_the_next_one_does_the_work(sandbox):
    orders = [paid_for(sandbox) for _ in range(4)]
    for order in orders:
        sandbox.expire(intent_of(order))
    sandbox.fault("rate_limit", times=1000)
    first = run()
    asked = 1000 - sandbox.faults()[0]["times"]
    sandbox.clear_faults()

    second = run()

    assert asked <= 3 * EVERY_RETRY
    assert first.failures[-1].startswith("Stripe does not answer")
    assert len(second.repairs) == 4
    assert second.failures == []


def test_the_command_tells_a_line_for_each_repair_and_the_counts(sandbox):
    order = paid_for(sandbox)
    sandbox.expire(intent_of(order))
    hold_of_nobody(sandbox)
    out = StringIO()

    call_command("reconcile_payments", stdout=out)

    *lines, counts = out.getvalue().splitlines()
    assert [line for line in lines if attempt_of(order).idempotency_key in line]
    assert all(line.startswith("repaired: ") for line in lines)
    assert counts == f"compared 2, repaired {len(lines)}, to look at 0, postponed 0"


# --- beside what goes on --------------------------------------------------------------------------------------


def test_a_run_while_the_request_is_on_its_way_ends_in_one_hold(sandbox, monkeypatch):
    cart = cart_with({stocked_card(4): 4})
    once_before(monkeypatch, gateway, "create_intent", lambda: run(minutes=11))

    submitted = submit(cart, sandbox, TODAY)

    cart.refresh_from_db()
    assert submitted.status == PaymentStatus.AUTHORIZED
    assert cart.status == Status.OPEN
    assert at_stripe(sandbox) == ["requires_capture"]


def test_a_run_between_the_hold_and_the_order_opens_it_once(sandbox, monkeypatch):
    cart = cart_with({stocked_card(4): 4})
    once_before(monkeypatch, bills, "settle", run)

    submit(cart, sandbox, TODAY)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert OrderEvent.objects.filter(order=cart).count() == 1


def test_a_run_while_the_money_is_being_taken_changes_nothing(sandbox, monkeypatch):
    order = paid_for(sandbox)
    results = []
    once_before(monkeypatch, gateway, "capture", lambda: results.append(run()))

    dispatched = dispatch(order=order, by=SYSTEM, today=TODAY)

    assert results == [Reconciled(compared=1)]
    assert dispatched.status == Status.DISPATCHED


def test_what_was_listed_before_a_capture_is_not_booked_after_it(sandbox, monkeypatch):
    order = paid_for(sandbox)
    once_after(monkeypatch, reconciliation, "_next_of", lambda: dispatch(order=order, by=SYSTEM, today=TODAY))

    result = run()

    assert payment_of(order).status == PaymentStatus.CAPTURED
    assert result.repairs == []


def test_what_was_listed_before_the_bank_said_no_is_read_anew(sandbox, monkeypatch):
    cart, intent_id = waiting_for_the_bank(sandbox)
    Payment.objects.update(
        status=PaymentStatus.PROCESSING
    )  # so that the list says something else than the books

    def the_bank_says_no() -> None:
        answer_the_bank(intent_id, sandbox, "fail")
        payments.sync_intent(intent_id)

    once_after(monkeypatch, reconciliation, "_next_of", the_bank_says_no)

    run()

    assert payment_of(cart).status == PaymentStatus.FAILED


def test_two_runs_a_webhook_and_the_page_at_the_same_moment_open_the_order_once(sandbox):
    cart, intent_id = waiting_for_the_bank(sandbox)
    [event] = [
        event
        for event in answer_the_bank(intent_id, sandbox)
        if event["type"] == "payment_intent.amount_capturable_updated"
    ]

    at_the_same_moment(
        run,
        run,
        lambda: deliver(event, sandbox),
        lambda: submission.check_payment(bill=CartBill(cart), today=TODAY),
    )

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert OrderEvent.objects.filter(order=cart).count() == 1
    assert at_stripe(sandbox) == ["requires_capture"]
    assert events_of(intent_id, sandbox)


@pytest.mark.parametrize(
    ("with_the_customer", "hours", "then"),
    [
        (True, 22, PaymentStatus.CREATED),
        (True, 24, PaymentStatus.FAILED),
        (False, 22, PaymentStatus.CREATED),
        (False, 24, PaymentStatus.CREATED),  # its own task looks it up, and sends it
    ],
)
def test_a_charge_without_an_answer_is_not_given_up_before_it_is_certain(
    sandbox, with_the_customer, hours, then
):
    order = paid_for(sandbox)
    held = payment_of(order)
    fee = Payment.objects.create(
        order=order, kind=Payment.Kind.LATE, amount_cents=300, currency="eur", customer=held.customer
    )
    with transaction.atomic():
        charge = (
            begin_fee_payment(payment=fee, payment_method=held.payment_method)
            if with_the_customer
            else begin_charge(payment=fee, last=held)
        )
    charge.parameters = {**charge.parameters, "customer": held.customer.stripe_id}
    charge.save()

    run(hours=hours)

    charge.refresh_from_db()
    assert charge.status == then
