"""Holds that run out: renewed by the card that the customer left, once, and never where nobody wants it."""

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection

from orders import payments, submission, tasks
from orders import stripe_gateway as gateway
from orders.books import violations
from orders.cancellation import cancel
from orders.changes import change
from orders.fulfilment import NotDispatchable, dispatch
from orders.models import Order, OrderEvent, Payment, PaymentAttempt, PaymentCustomer, PaymentStatus
from orders.payments import renewal
from orders.payments.renewal import Outcome, due_for_renewal, renew_authorizations, renew_hold
from orders.sign_in import give_to_user
from orders.states import Status
from orders.transitions import SYSTEM, customer
from tests.factories import TODAY, UserFactory, cart_with, placed, stocked_card
from tests.orders.test_checkout import total_of
from tests.payments.holds import (
    ASKS_AT_FIRST,
    ASKS_EVERY_TIME,
    SAYS_NO_LATER,
    attempts_of,
    change_card,
    end_hold,
    held_at_the_bank,
    later,
    lose_hold,
    now,
    open_order,
    pay_again,
    payment_of,
    statuses_at_the_bank,
)
from tests.racing import LONG_ENOUGH_SECONDS, at_the_same_moment, meet_after, once_after, once_before
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

INTENTS = "/v1/payment_intents"


renews_at_once = pytest.mark.usefixtures("renews_at_once")


def nearly_over() -> datetime:
    """When an ordinary hold of today has less than a day left."""
    return later(days=6, hours=5)


def books() -> list[str]:
    return list(violations(today=TODAY))


def refuse_renewal(order: Order, sandbox: Sandbox) -> Outcome:
    change_card(order, sandbox, SAYS_NO_LATER)
    return renew_hold(order=order, now=nearly_over())


# --- a hold that ends soon --------------------------------------------------------------------------------


def test_a_hold_that_ends_soon_is_renewed_and_the_old_one_is_given_up(sandbox):
    order = open_order(sandbox)

    outcome = renew_hold(order=order, now=nearly_over())

    payment = payment_of(order)
    assert outcome == Outcome.RENEWED
    assert (payment.status, payment.in_force) == (PaymentStatus.AUTHORIZED, 2)
    assert statuses_at_the_bank(order, sandbox) == ["canceled", "requires_capture"]
    assert held_at_the_bank(order, sandbox) == [order.total_cents]
    assert books() == []


def test_a_renewed_hold_is_asked_for_without_the_customer_by_the_same_card(sandbox):
    order = open_order(sandbox)
    first = payment_of(order)

    renew_hold(order=order, now=nearly_over())

    attempt, payment = attempts_of(order)[-1], payment_of(order)
    assert attempt.off_session
    assert attempt.parameters["off_session"] is True
    assert attempt.parameters["payment_method"] == first.payment_method == payment.payment_method
    assert (payment.card_brand, payment.card_last4) == ("visa", "4242")


def test_dispatch_takes_the_renewed_hold(sandbox):
    order = open_order(sandbox, first_day=TODAY)
    renew_hold(order=order, now=later(days=3))  # TODAY's order could not leave in six days
    Order.objects.filter(pk=order.pk).update(back_on=TODAY + timedelta(days=30))
    renew_hold(order=order, now=nearly_over())
    Order.objects.filter(pk=order.pk).update(back_on=order.back_on)

    dispatch(order=order, by=SYSTEM, today=TODAY)

    assert payment_of(order).captured_cents == order.total_cents
    assert statuses_at_the_bank(order, sandbox) == ["canceled", "succeeded"]


def test_a_hold_that_lasts_is_left_alone(sandbox):
    order = open_order(sandbox)

    outcome = renew_hold(order=order, now=later(days=5, hours=23))

    assert outcome == Outcome.LEFT
    assert statuses_at_the_bank(order, sandbox) == ["requires_capture"]


def test_when_a_hold_ends_is_what_the_bank_says_and_a_renewed_visa_hold_is_shorter(sandbox):
    order = open_order(sandbox)
    sandbox.advance(days=6, hours=5)
    renew_hold(order=order, now=nearly_over())
    ends = attempts_of(order)[-1].capture_before

    assert timedelta(days=4, hours=17) < ends - nearly_over() < timedelta(days=4, hours=19)
    assert order not in due_for_renewal(ends - timedelta(hours=25))
    assert order in due_for_renewal(ends - timedelta(hours=23))
    assert renew_hold(order=order, now=ends - timedelta(hours=25)) == Outcome.LEFT
    assert renew_hold(order=order, now=ends - timedelta(hours=23)) == Outcome.RENEWED


def test_a_hold_that_is_shorter_than_the_time_before_is_renewed_when_half_of_it_is_over(sandbox, settings):
    settings.RENEW_BEFORE_HOURS = 24 * 30
    order = open_order(sandbox)

    outcomes = []
    for day in range(6):
        outcomes.append(renew_hold(order=order, now=later(days=day)))
        sandbox.advance(days=1)

    assert outcomes == ["left", "left", "left", "left", "renewed", "left"]


def test_renewing_twice_is_renewing_once(sandbox):
    order = open_order(sandbox)
    sandbox.advance(days=6, hours=5)

    outcomes = [renew_hold(order=order, now=nearly_over()) for _ in range(2)]

    assert outcomes == [Outcome.RENEWED, Outcome.LEFT]
    assert len(attempts_of(order)) == 2


def test_an_order_that_asks_for_less_by_now_is_held_for_less(sandbox):
    card = stocked_card(4, value_cents=5_000)
    order = open_order(sandbox, cards={card: 4})
    cheaper = change(order=order, quantities={order.order_cards.get().pk: 1}, by=customer(), today=TODAY)

    renew_hold(order=order, now=nearly_over())

    assert cheaper.total_cents < order.total_cents
    assert held_at_the_bank(order, sandbox) == [cheaper.total_cents]
    assert payment_of(order).amount_cents == cheaper.total_cents


def test_a_renewal_that_an_order_has_outgrown_meanwhile_does_not_replace_the_hold_that_is_enough(
    sandbox, monkeypatch
):
    card = stocked_card(4, value_cents=5_000)
    order = open_order(sandbox, cards={card: 4})
    line = order.order_cards.get().pk
    change(order=order, quantities={line: 1}, by=customer(), today=TODAY)

    def more_again():
        change(order=order, quantities={line: 3}, by=customer(), today=TODAY)

    once_before(monkeypatch, renewal, "send", more_again)
    renew_hold(order=order, now=nearly_over())

    assert payment_of(order).in_force == 1
    assert held_at_the_bank(order, sandbox) == [order.total_cents]
    assert books() == []


def test_the_days_of_an_order_over_nothing_is_held_for_it_any_more(sandbox):
    order = open_order(sandbox)

    outcome = renew_hold(order=order, now=later(days=60))

    assert outcome == Outcome.LEFT
    assert order not in due_for_renewal(later(days=60))


@pytest.mark.parametrize("status", [Status.CART, Status.CONFIRMING, Status.DISPATCHED, Status.CANCELLED])
def test_orders_that_are_not_open_are_not_renewed(sandbox, status):
    order = open_order(sandbox)
    fields = {"authorized_at": None} if status == Status.CART else {}
    Order.objects.filter(pk=order.pk).update(status=status, **fields)

    assert renew_hold(order=order, now=nearly_over(), wanted=True) == Outcome.LEFT
    assert len(attempts_of(order)) == 1


# --- a hold that is gone ----------------------------------------------------------------------------------


def test_a_hold_that_has_ended_is_held_anew(sandbox):
    order = open_order(sandbox)
    lose_hold(order, sandbox)

    outcome = renew_hold(order=order, now=now())

    assert outcome == Outcome.RENEWED
    assert statuses_at_the_bank(order, sandbox) == ["canceled", "requires_capture"]
    assert payments.is_held(order)
    assert books() == []


def test_a_hold_that_stripes_clock_ends_is_held_anew(sandbox):
    order = open_order(sandbox)
    sandbox.advance(days=7, hours=1)
    payments.sync_intent(attempts_of(order)[0].intent_id)
    assert payment_of(order).status == PaymentStatus.EXPIRED

    renew_hold(order=order, now=later(days=7, hours=1))

    assert held_at_the_bank(order, sandbox) == [order.total_cents]


@renews_at_once
def test_who_hears_that_a_hold_is_gone_renews_it_at_once(sandbox):
    order = open_order(sandbox)

    lose_hold(order, sandbox)

    assert payments.is_held(order)
    assert held_at_the_bank(order, sandbox) == [order.total_cents]


@renews_at_once
def test_a_deck_whose_hold_is_gone_stays_until_it_is_held_again(sandbox):
    order = open_order(sandbox, first_day=TODAY)
    end_hold(order, sandbox)

    with pytest.raises(NotDispatchable, match=r"Nothing is held.*is being renewed: dispatch the order again"):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert dispatch(order=order, by=SYSTEM, today=TODAY).status == Status.DISPATCHED
    assert statuses_at_the_bank(order, sandbox) == ["canceled", "succeeded"]


def test_a_late_event_of_the_old_hold_does_not_touch_the_payment(sandbox):
    order = open_order(sandbox)
    renew_hold(order=order, now=nearly_over())
    old = attempts_of(order)[0]
    assert old.status == PaymentStatus.VOIDED
    PaymentAttempt.objects.filter(pk=old.pk).update(status=PaymentStatus.AUTHORIZED)  # nobody has heard of it

    payments.sync_intent(old.intent_id)

    assert payment_of(order).status == PaymentStatus.AUTHORIZED
    assert attempts_of(order)[0].status == PaymentStatus.VOIDED


# --- whose card -------------------------------------------------------------------------------------------


def test_a_guests_card_is_kept_for_it_too(sandbox):
    order = open_order(sandbox)
    assert order.guest is not None

    assert renew_hold(order=order, now=nearly_over()) == Outcome.RENEWED


def test_a_guests_card_is_kept_also_where_the_form_did_not_ask_for_it(sandbox):
    """The request asks for it itself: a form from before, or one that somebody changed, leaves no order unpaid."""
    tokens = sandbox.client.v1.test_helpers.confirmation_tokens
    token = tokens.create({"payment_method": "pm_card_visa"}).id
    cart = cart_with({stocked_card(4): 3})
    submission.submit(cart=cart, confirmation_token=token, shown_total_cents=total_of(cart), today=TODAY)
    order = Order.objects.get(pk=cart.pk)
    assert order.guest is not None

    assert renew_hold(order=order, now=nearly_over()) == Outcome.RENEWED


def test_a_guest_who_has_signed_in_since_still_pays_by_the_card_that_the_guest_left(sandbox):
    order = open_order(sandbox)
    user = UserFactory(email=order.email)
    PaymentCustomer.objects.create(user=user, stripe_id=sandbox.client.v1.customers.create().id)
    give_to_user(guest=order.guest, user=user)
    order.refresh_from_db()
    assert order.user == user

    for _ in range(2):  # the second by the card of the first
        lose_hold(order, sandbox)
        assert renew_hold(order=order, now=now()) == Outcome.RENEWED

    assert held_at_the_bank(order, sandbox) == [order.total_cents]


def test_a_card_that_was_set_up_with_the_bank_is_renewed_without_it(sandbox):
    order = open_order(sandbox, ASKS_AT_FIRST)

    assert renew_hold(order=order, now=nearly_over()) == Outcome.RENEWED


# --- refused ----------------------------------------------------------------------------------------------


def test_a_renewal_that_the_bank_refuses_leaves_the_hold_that_stands(sandbox):
    order = open_order(sandbox)

    refuse_renewal(order, sandbox)
    payments.void_released_payments()

    payment = payment_of(order)
    assert (payment.status, payment.in_force) == (PaymentStatus.AUTHORIZED, 1)
    assert held_at_the_bank(order, sandbox) == [order.total_cents]
    assert books() == []


def test_a_bank_that_wants_the_customer_is_not_asked_again(sandbox):
    order = open_order(sandbox, ASKS_EVERY_TIME)
    assert renew_hold(order=order, now=nearly_over()) == Outcome.ASKED

    outcomes = [renew_hold(order=order, now=nearly_over() + timedelta(hours=hours)) for hours in (1, 7, 20)]

    assert outcomes == [Outcome.LEFT] * 3
    assert len(attempts_of(order)) == 2


def test_a_bank_that_said_no_is_asked_again_after_hours_and_three_times_at_most(sandbox):
    order = open_order(sandbox)
    begun = nearly_over()
    refuse_renewal(order, sandbox)

    tried = []
    for hours in (1, 5, 7, 8, 14, 30):
        before = len(attempts_of(order))
        renew_hold(order=order, now=begun + timedelta(hours=hours))
        if len(attempts_of(order)) > before:
            tried.append(hours)

    assert tried == [7, 14]


def test_a_bank_that_says_yes_the_second_time_is_enough(sandbox):
    order = open_order(sandbox)
    begun = nearly_over()
    kept = payment_of(order).payment_method
    refuse_renewal(order, sandbox)
    Payment.objects.filter(order=order).update(payment_method=kept)

    assert renew_hold(order=order, now=begun + timedelta(hours=7)) == Outcome.RENEWED
    order.refresh_from_db()
    assert order.pay_again_by is None
    assert held_at_the_bank(order, sandbox) == [order.total_cents]


def test_a_refusal_that_was_booked_before_a_crash_is_told_the_next_time(sandbox, monkeypatch):
    order = open_order(sandbox, ASKS_EVERY_TIME)
    with monkeypatch.context() as broken:
        broken.setattr(renewal, "_ask_where_needed", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            renew_hold(order=order, now=nearly_over())
    assert mail.outbox[-1].subject != f"Your bank wants to confirm that it is you: order {order.number}"

    assert renew_hold(order=order, now=nearly_over()) == Outcome.ASKED
    assert len(attempts_of(order)) == 2


# --- answers that are lost --------------------------------------------------------------------------------


def test_a_renewal_that_broke_off_before_its_answer_was_booked_is_adopted_by_the_next_run(
    sandbox, monkeypatch
):
    order = open_order(sandbox)
    with monkeypatch.context() as broken:
        broken.setattr("orders.payments.attempts.book", lambda intent: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            renew_hold(order=order, now=nearly_over())
    assert attempts_of(order)[-1].status == PaymentStatus.CREATED
    assert statuses_at_the_bank(order, sandbox) == ["requires_capture", "requires_capture"]

    outcome = renew_hold(order=order, now=nearly_over())

    assert outcome == Outcome.RENEWED
    assert held_at_the_bank(order, sandbox) == [order.total_cents]
    assert len(attempts_of(order)) == 2


def test_a_provider_that_does_not_answer_leaves_the_renewal_to_the_next_run(sandbox):
    order = open_order(sandbox)
    sandbox.fault("drop_after", INTENTS, method="POST", times=3)  # the library tries three times

    first = renew_hold(order=order, now=nearly_over())
    second = renew_hold(order=order, now=nearly_over())

    assert (first, second) == (Outcome.UNANSWERED, Outcome.RENEWED)
    assert statuses_at_the_bank(order, sandbox) == ["canceled", "requires_capture"]


def renewal_of_yesterday(order: Order, sandbox: Sandbox, fault: str) -> PaymentAttempt:
    """A renewal that was not answered a day ago; its key is forgotten by now."""
    lose_hold(order, sandbox)
    sandbox.fault(fault, INTENTS, method="POST", times=3)
    assert renew_hold(order=order, now=now()) == Outcome.UNANSWERED
    attempt = attempts_of(order)[-1]
    PaymentAttempt.objects.filter(pk=attempt.pk).update(
        idempotency_key=f"{attempt.idempotency_key}-forgotten", created_at=now() - timedelta(hours=23)
    )
    return attempt


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
def test_a_renewal_of_yesterday_holds_once_whether_it_arrived_or_not(sandbox, fault):
    order = open_order(sandbox)
    attempt = renewal_of_yesterday(order, sandbox, fault)

    outcome = renew_hold(order=order, now=now())

    assert outcome == Outcome.RENEWED
    assert attempts_of(order)[-1].pk == attempt.pk
    assert statuses_at_the_bank(order, sandbox) == ["canceled", "requires_capture"]


def test_an_error_that_the_key_keeps_does_not_stand_in_the_way(sandbox):
    order = open_order(sandbox)
    lose_hold(order, sandbox)
    sandbox.fault("error_500", INTENTS, method="POST")

    outcomes = [renew_hold(order=order, now=now()) for _ in range(2)]

    assert outcomes == [Outcome.UNANSWERED, Outcome.RENEWED]
    assert [each.error_code for each in attempts_of(order)] == ["", "unanswered", ""]
    assert held_at_the_bank(order, sandbox) == [order.total_cents]


# --- at the same moment -----------------------------------------------------------------------------------


def test_two_workers_at_once_hold_once(sandbox, monkeypatch):
    order = open_order(sandbox)
    moment = nearly_over()
    meet_after(monkeypatch, renewal, "_last_held")

    outcomes = at_the_same_moment(*[lambda: renew_hold(order=order, now=moment)] * 2)

    assert outcomes == [Outcome.RENEWED] * 2
    assert len(attempts_of(order)) == 2
    assert held_at_the_bank(order, sandbox) == [order.total_cents]


def test_without_the_lock_two_workers_would_begin_two(sandbox, monkeypatch):
    """Negative control: the same race without the locks on the order and its payment."""
    order = open_order(sandbox)
    moment = nearly_over()
    monkeypatch.setattr(renewal, "lock_order", lambda pk: Order.objects.get(pk=pk))
    monkeypatch.setattr(renewal, "lock_live_payment", lambda order: Payment.objects.live().get(order=order))
    meet_after(monkeypatch, renewal, "_last_held", seconds=LONG_ENOUGH_SECONDS)

    at_the_same_moment(*[lambda: renew_hold(order=order, now=moment)] * 2)

    assert len(attempts_of(order)) == 3


def test_a_hold_is_not_renewed_while_it_is_being_taken(sandbox, monkeypatch):
    order = open_order(sandbox, first_day=TODAY)
    Order.objects.filter(pk=order.pk).update(back_on=TODAY + timedelta(days=30))
    outcomes = []
    once_before(
        monkeypatch,
        gateway,
        "capture",
        lambda: outcomes.append(renew_hold(order=order, now=nearly_over())),
    )

    payments.capture(order)

    assert outcomes == [Outcome.LEFT]
    assert statuses_at_the_bank(order, sandbox) == ["succeeded"]


def test_a_renewal_that_is_on_its_way_when_the_old_hold_is_taken_is_let_go(sandbox, monkeypatch):
    order = open_order(sandbox, first_day=TODAY)
    back_on = order.back_on
    Order.objects.filter(pk=order.pk).update(back_on=TODAY + timedelta(days=30))

    def dispatch_meanwhile():
        Order.objects.filter(pk=order.pk).update(back_on=back_on)
        dispatch(order=order, by=SYSTEM, today=TODAY)

    once_after(monkeypatch, gateway, "create_intent", dispatch_meanwhile)
    renew_hold(order=order, now=nearly_over())
    payments.void_released_payments()

    assert statuses_at_the_bank(order, sandbox) == ["succeeded", "canceled"]
    assert payment_of(order).captured_cents == order.total_cents


@pytest.mark.parametrize("place", [(renewal, "send"), (gateway, "create_intent"), (gateway, "retrieve")])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("gone", [True, False], ids=["the hold is gone", "the hold stands"])
def test_an_order_that_is_cancelled_while_it_is_renewed_holds_nothing(
    sandbox, monkeypatch, place, before, gone
):
    order = open_order(sandbox)
    if gone:
        lose_hold(order, sandbox)
    cross = once_before if before else once_after
    cross(monkeypatch, *place, lambda: cancel(order=order, by=customer(), reason="changed my mind"))

    renew_hold(order=order, now=nearly_over())
    payments.void_released_payments()

    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert held_at_the_bank(order, sandbox) == []
    assert not Payment.objects.filter(status=PaymentStatus.AUTHORIZED).exists()


def test_a_renewal_of_a_hold_that_ends_meanwhile_stands_and_is_let_go_with_its_order(sandbox, monkeypatch):
    """The payment has ended when its order is cancelled, so it is not let go then; its renewal comes after that."""
    order = open_order(sandbox)

    def end_and_cancel():
        lose_hold(order, sandbox)
        cancel(order=order, by=customer(), reason="changed my mind")

    once_after(monkeypatch, gateway, "create_intent", end_and_cancel)
    renew_hold(order=order, now=nearly_over())
    payments.void_released_payments()

    assert held_at_the_bank(order, sandbox) == []
    assert not Payment.objects.filter(status=PaymentStatus.AUTHORIZED).exists()


def test_a_renewal_that_comes_when_another_payment_stands_is_let_go(sandbox, monkeypatch):
    """Its payment had ended while it was on its way, and the customer has paid again meanwhile."""
    order = open_order(sandbox)

    def end_and_pay_again():
        lose_hold(order, sandbox)
        pay_again(order, sandbox)

    once_after(monkeypatch, gateway, "create_intent", end_and_pay_again)
    renew_hold(order=order, now=nearly_over())
    payments.void_released_payments()

    assert held_at_the_bank(order, sandbox) == [order.total_cents]
    assert Payment.objects.live().get(order=order).attempts.get().off_session is False
    assert books() == []


def test_who_is_paying_at_this_moment_is_not_renewed(sandbox):
    order = open_order(sandbox)
    lose_hold(order, sandbox)
    pay_again(order, sandbox, ASKS_EVERY_TIME)

    assert renew_hold(order=order, now=now()) == Outcome.LEFT
    assert renew_hold(order=order, now=later(hours=2)) == Outcome.RENEWED
    assert statuses_at_the_bank(order, sandbox)[-1] == "requires_capture"


def test_who_answers_the_bank_beside_a_hold_is_not_disturbed_by_the_sweep(sandbox):
    order = open_order(sandbox)
    pay_again(order, sandbox, ASKS_EVERY_TIME)

    payments.void_released_payments()

    assert statuses_at_the_bank(order, sandbox) == ["requires_capture", "requires_action"]


def test_no_transaction_is_open_while_the_provider_is_asked(sandbox, monkeypatch):
    order, open_transactions = open_order(sandbox), set()
    client = gateway._client
    monkeypatch.setattr(
        gateway, "_client", lambda: open_transactions.add(connection.in_atomic_block) or client()
    )

    renew_hold(order=order, now=nearly_over())

    assert open_transactions == {False}


# --- the run ----------------------------------------------------------------------------------------------


def test_a_run_renews_what_is_due_and_one_that_fails_does_not_stop_the_others(sandbox, monkeypatch):
    first, broken, last = (open_order(sandbox) for _ in range(3))
    renew = renewal.renew_hold

    def renew_or_break(*, order, now):
        return renew(order=order, now=now) if order != broken else 1 / 0

    monkeypatch.setattr(renewal, "renew_hold", renew_or_break)

    assert renew_authorizations(nearly_over()) == {"renewed": 2, "failed": 1}
    assert [payment_of(order).in_force for order in (first, broken, last)] == [2, 1, 2]


def test_a_run_leaves_alone_what_is_not_due(sandbox):
    open_order(sandbox)
    placed({stocked_card(4): 1})
    cart_with({stocked_card(4): 1})

    assert list(due_for_renewal(now())) == []
    assert renew_authorizations(now()) == {}


def test_the_command_says_what_came_of_it(sandbox):
    lose_hold(open_order(sandbox), sandbox)
    lose_hold(open_order(sandbox, ASKS_EVERY_TIME), sandbox)
    out = StringIO()

    call_command("renew_authorizations", stdout=out)

    assert out.getvalue() == "renewed 1, asked 1, refused 0, unanswered 0, left 0, failed 0\n"


def test_the_hourly_task_renews(sandbox):
    order = open_order(sandbox)
    lose_hold(order, sandbox)

    assert tasks.renew_authorizations() == {"renewed": 1}
    assert payments.is_held(order)
    assert not OrderEvent.objects.filter(order=order, reason__contains="pay again").exists()
