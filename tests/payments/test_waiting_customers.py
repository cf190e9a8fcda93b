"""Customers whose hold is gone: asked once, told why and until when, and kept in their place for so long."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import Card, Reservation
from orders import cancellation, emails, payments, promotion, tasks
from orders import pay_again as links
from orders.books import violations
from orders.cancellation import lapse_unpaid
from orders.checkout import accept_shortfall
from orders.fulfilment import NotDispatchable, dispatch
from orders.fulfilment_pages import dispatches
from orders.models import Order, OrderEvent, Payment, PaymentAttempt, PaymentStatus
from orders.payments.renewal import Outcome, due_for_renewal, renew_authorizations, renew_hold
from orders.promotion import PromotionResult, promote_pending
from orders.states import Status
from orders.transitions import SYSTEM
from tests.factories import (
    TODAY,
    StaffFactory,
    StockMovementFactory,
    UserFactory,
    placed,
    settled,
    stocked_card,
)
from tests.payments.holds import (
    ASKS_AT_FIRST,
    ASKS_EVERY_TIME,
    MASTERCARD,
    SAYS_NO_LATER,
    VISA,
    attempts_of,
    change_card,
    end_hold,
    held_at_the_bank,
    held_order,
    later,
    lose_hold,
    now,
    open_order,
    pay_again,
    payment_of,
)
from tests.racing import once_before
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("renews_at_once")]


def books() -> list[str]:
    return list(violations(today=TODAY))


def asked_order(sandbox: Sandbox, card: str = ASKS_EVERY_TIME, **fields) -> Order:
    """An open order whose hold is gone, and whose bank wants the customer."""
    order = open_order(sandbox, card, **fields)
    lose_hold(order, sandbox)
    order.refresh_from_db()
    assert order.pay_again_by is not None
    return order


def letters(kind: str) -> list[mail.EmailMessage]:
    return [letter for letter in mail.outbox if kind in letter.subject]


def buy(card: Card, copies: int) -> None:
    """More copies, without telling anybody."""
    StockMovementFactory(printing=card.printings.get(), quantity=copies)


def pending_order(sandbox: Sandbox, card: Card, copies: int = 2, by: str = VISA) -> Order:
    order = held_order(sandbox, by, cards={card: copies})
    order = accept_shortfall(order=order, by=SYSTEM, today=TODAY)
    assert order.status == Status.PENDING
    return order


# --- asked ------------------------------------------------------------------------------------------------


def test_a_bank_that_wants_the_customer_has_them_asked(sandbox):
    order = open_order(sandbox, ASKS_EVERY_TIME)
    moment = now()

    lose_hold(order, sandbox)

    order.refresh_from_db()
    [letter] = letters("Your bank wants to confirm that it is you")
    assert moment + timedelta(hours=72) <= order.pay_again_by <= later(hours=72)
    assert letter.to == [order.email]
    assert f"{timezone.localtime(order.pay_again_by):%H:%M}" in letter.body
    assert "answer your bank there" in letter.body
    note = OrderEvent.objects.filter(order=order).latest("pk")
    assert "authentication_required" in note.reason
    assert (note.from_status, note.to_status, note.actor) == ("open", "open", "system")


def test_a_card_that_is_refused_has_its_customer_asked_in_other_words(sandbox):
    order = open_order(sandbox)
    change_card(order, sandbox, SAYS_NO_LATER)

    lose_hold(order, sandbox)

    [letter] = letters("Please pay once more")
    assert "it has ended now" in letter.body
    assert "with the same card or another one" in letter.body
    assert "confirm that it is you" not in letter.body


def test_a_hold_that_still_stands_is_not_said_to_have_ended(sandbox):
    order = open_order(sandbox)
    change_card(order, sandbox, SAYS_NO_LATER)

    assert renew_hold(order=order, now=later(days=6, hours=5)) == Outcome.ASKED

    [letter] = letters("Please pay once more")
    assert "this time it could not be renewed" in letter.body
    assert "has ended" not in letter.body


def test_the_letter_says_what_the_bank_said(sandbox):
    order = asked_order(sandbox)
    mail.outbox.clear()
    PaymentAttempt.objects.filter(off_session=True).update(error_code="expired_card")

    emails.send_order_email(order=order, kind="pay_again")

    assert "This card has expired. Please use another one." in mail.outbox[0].body
    assert mail.outbox[0].subject.startswith("Please pay once more")


def test_the_link_in_the_letter_names_the_order_and_ends_in_time(sandbox, settings):
    order = asked_order(sandbox)

    [letter] = letters("Your bank wants")
    [token] = re.findall(r"http\S+/orders/pay/(\S+)/", letter.body)
    assert links.named_in_link(token) == (order.number, None)
    settings.PAY_AGAIN_HOURS = -1
    assert links.named_in_link(token) is None


def test_an_order_without_a_card_that_was_kept_has_its_customer_asked(sandbox):
    order = settled({stocked_card(4): 1})
    Payment.objects.filter(order=order).update(status=PaymentStatus.EXPIRED)

    assert renew_hold(order=order, now=now()) == Outcome.ASKED
    assert letters("Please pay once more")


def test_a_customer_with_an_account_is_asked_at_the_address_of_the_account(sandbox):
    order = asked_order(sandbox, user=UserFactory(email="owner@example.org"))
    Order.objects.filter(pk=order.pk).update(email="")
    order.refresh_from_db()
    mail.outbox.clear()

    emails.send_order_email(order=order, kind="pay_again")

    assert mail.outbox[0].to == ["owner@example.org"]


def test_customers_are_asked_once_and_later_failures_do_not_give_them_more_time(sandbox):
    order = open_order(sandbox)
    change_card(order, sandbox, SAYS_NO_LATER)
    begun = later(days=6, hours=5)
    renew_hold(order=order, now=begun)
    order.refresh_from_db()
    asked_until = order.pay_again_by

    assert renew_hold(order=order, now=begun + timedelta(hours=7)) == Outcome.REFUSED
    lose_hold(order, sandbox)

    order.refresh_from_db()
    assert order.pay_again_by == asked_until
    assert len(letters("Please pay once more")) == 1


def test_a_letter_that_was_lost_is_sent_by_the_hourly_run_and_once(sandbox, monkeypatch):
    with monkeypatch.context() as broken:

        def no_broker(*args, **kwargs):
            raise ConnectionError("no broker")

        broken.setattr(tasks.send_order_email, "delay", no_broker)
        order = asked_order(sandbox)
    asked_until = order.pay_again_by
    assert (letters("Your bank wants"), order.pay_again_told_at) == ([], None)

    renew_authorizations(later(hours=1))
    renew_authorizations(later(hours=2))

    order.refresh_from_db()
    assert len(letters("Your bank wants")) == 1
    assert (order.pay_again_by, order.pay_again_told_at is not None) == (asked_until, True)


def test_a_letter_that_has_just_been_written_is_left_the_time_to_arrive(sandbox, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.send_order_email, "delay", lambda *args: sent.append(args))
    order = asked_order(sandbox)

    renew_authorizations(now())

    assert sent.count((order.pk, "pay_again")) == 1


def test_a_letter_that_comes_to_its_turn_when_it_was_paid_is_not_sent(sandbox, monkeypatch):
    with monkeypatch.context() as slow:
        slow.setattr(tasks.send_order_email, "delay", lambda *args: None)
        order = asked_order(sandbox)
    pay_again(order, sandbox)

    tasks.send_order_email(order.pk, "pay_again")

    assert letters("Your bank wants") == []


def test_who_is_asked_a_second_time_is_told_a_second_time(sandbox):
    order = asked_order(sandbox)
    pay_again(order, sandbox, ASKS_AT_FIRST)
    assert len(letters("Your bank wants")) == 1
    Payment.objects.filter(order=order).update(status=PaymentStatus.EXPIRED)
    Order.objects.filter(pk=order.pk).update(pay_again_by=None)

    assert renew_hold(order=order, now=later(hours=2)) == Outcome.ASKED

    assert len(letters("Your bank wants")) == 2


def test_what_stripe_would_not_do_is_not_the_customers_matter_while_the_hold_stands(sandbox):
    order = open_order(sandbox)
    Payment.objects.filter(order=order).update(payment_method="pm_gone")

    assert renew_hold(order=order, now=later(days=6, hours=5)) == Outcome.REFUSED
    order.refresh_from_db()
    assert order.pay_again_by is None

    lose_hold(order, sandbox)
    order.refresh_from_db()
    assert order.pay_again_by is not None
    assert len(attempts_of(order)) == 2


# --- paid again -------------------------------------------------------------------------------------------


def test_a_hold_that_stands_again_ends_the_waiting(sandbox):
    order = asked_order(sandbox)

    pay_again(order, sandbox)

    order.refresh_from_db()
    assert order.pay_again_by is None
    assert order.status == Status.OPEN
    assert held_at_the_bank(order, sandbox) == [order.total_cents]
    assert books() == []


def test_the_old_hold_read_once_more_does_not_end_the_waiting(sandbox):
    order = open_order(sandbox)
    change_card(order, sandbox, SAYS_NO_LATER)
    renew_hold(order=order, now=later(days=6, hours=5))

    payments.sync_intent(attempts_of(order)[0].intent_id)

    order.refresh_from_db()
    assert order.pay_again_by is not None


def test_an_old_hold_that_is_taken_in_time_ends_the_waiting(sandbox):
    order = open_order(sandbox, first_day=TODAY)
    change_card(order, sandbox, SAYS_NO_LATER)
    Order.objects.filter(pk=order.pk).update(pay_again_by=later(hours=1))

    dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert (order.status, order.pay_again_by) == (Status.DISPATCHED, None)


def test_a_card_that_is_declined_again_leaves_everything_as_it_was(sandbox):
    order = asked_order(sandbox)
    asked_until = order.pay_again_by

    attempt = pay_again(order, sandbox, "pm_card_chargeDeclined")

    order.refresh_from_db()
    assert attempt.status == PaymentStatus.FAILED
    assert order.pay_again_by == asked_until
    assert books() == []


def test_the_next_renewal_is_by_the_card_that_was_paid_again_with(sandbox):
    order = asked_order(sandbox)
    pay_again(order, sandbox, MASTERCARD)

    lose_hold(order, sandbox)

    assert payments.is_held(order)
    assert payment_of(order).card_brand == "mastercard"


# --- meanwhile --------------------------------------------------------------------------------------------


def test_an_order_whose_customer_is_asked_keeps_its_cards(sandbox):
    order = asked_order(sandbox)

    reservation = Reservation.objects.get(claim=order.claim)

    assert (reservation.state, reservation.quantity) == ("firm", 3)
    assert books() == []


def test_an_open_order_that_nobody_sees_to_is_found(sandbox):
    order = asked_order(sandbox)
    Order.objects.filter(pk=order.pk).update(pay_again_by=None)

    assert books() == [f"{order} is open, but no money is held for it."]


def test_an_open_order_whose_time_has_passed_days_ago_is_found(sandbox):
    order = asked_order(sandbox)
    Order.objects.filter(pk=order.pk).update(pay_again_by=now() - timedelta(days=1))

    assert books() == [f"{order} is open, but no money is held for it."]


def test_an_open_order_whose_renewal_is_under_way_is_in_order(sandbox):
    order = open_order(sandbox)
    sandbox.fault("drop_before", "/v1/payment_intents", method="POST", times=3)

    lose_hold(order, sandbox)

    assert not payments.is_held(order)
    assert books() == []


def test_a_deck_is_not_dispatched_meanwhile_and_staff_hear_until_when_the_customer_has(sandbox):
    order = asked_order(sandbox, first_day=TODAY)
    until = f"{timezone.localtime(order.pay_again_by):%-d %B %Y, %H:%M}"

    with pytest.raises(NotDispatchable, match=f"asked to pay again by {until}"):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.OPEN


def test_the_desk_sees_whose_hold_is_gone(sandbox):
    order = asked_order(sandbox, first_day=TODAY)
    held = open_order(sandbox, first_day=TODAY)
    desk = Client()
    desk.force_login(StaffFactory())

    page = desk.get(reverse("orders:staff_dispatch")).content.decode()

    assert [row.held for row in dispatches(page="1", today=TODAY).today] == [False, True]
    assert page.count("no hold:") == 1
    assert f"customer asked to pay by {timezone.localtime(order.pay_again_by):%a %-d %B, %H:%M}" in page
    assert page.index(order.number) < page.index("no hold:") < page.index(held.number)


# --- promotion --------------------------------------------------------------------------------------------


def test_a_long_pending_order_is_not_held_all_the_time(sandbox):
    order = pending_order(sandbox, stocked_card(0))

    lose_hold(order, sandbox)

    order.refresh_from_db()
    assert renew_authorizations(later(days=5)) == {}
    assert renew_hold(order=order, now=now()) == Outcome.LEFT
    assert (len(attempts_of(order)), order.pay_again_by, order.status) == (1, None, Status.PENDING)
    assert books() == []


def test_an_order_that_could_open_is_held_anew_and_opens(sandbox):
    card = stocked_card(0)
    order = pending_order(sandbox, card)
    lose_hold(order, sandbox)
    buy(card, 2)

    tasks.promote_pending()

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert held_at_the_bank(order, sandbox) == [order.total_cents]
    assert letters("Good news")
    assert books() == []


def test_an_order_that_could_open_and_whose_bank_wants_the_customer_keeps_its_place_until_they_pay(sandbox):
    card = stocked_card(0)
    order, younger = pending_order(sandbox, card, by=ASKS_EVERY_TIME), pending_order(sandbox, card)
    lose_hold(order, sandbox)
    queued_at = order.queued_at
    buy(card, 2)

    tasks.promote_pending()
    tasks.promote_pending()

    order.refresh_from_db()
    younger.refresh_from_db()
    assert (order.status, order.queued_at, younger.status) == (Status.PENDING, queued_at, Status.PENDING)
    [letter] = letters("Your bank wants")
    assert "Everything that your order waited for is here now" in letter.body
    assert len(attempts_of(order)) == 2

    pay_again(order, sandbox)

    order.refresh_from_db()
    assert (order.status, order.pay_again_by) == (Status.OPEN, None)
    assert books() == []


def test_who_does_not_pay_leaves_the_place_to_the_younger(sandbox):
    card = stocked_card(0)
    order, younger = pending_order(sandbox, card, by=ASKS_EVERY_TIME), pending_order(sandbox, card)
    lose_hold(order, sandbox)
    buy(card, 2)
    tasks.promote_pending()

    assert lapse_unpaid(now=later(hours=73)) == 1
    tasks.promote_pending()

    order.refresh_from_db()
    younger.refresh_from_db()
    assert (order.status, younger.status) == (Status.CANCELLED, Status.OPEN)


def test_a_renewal_for_promotion_that_is_not_answered_is_sent_again_by_the_hourly_run(sandbox):
    card = stocked_card(0)
    order = pending_order(sandbox, card)
    lose_hold(order, sandbox)
    buy(card, 2)
    sandbox.fault("drop_before", "/v1/payment_intents", method="POST", times=3)
    tasks.promote_pending()
    assert list(due_for_renewal(now())) == [order]

    assert renew_authorizations(now()) == {"renewed": 1}

    order.refresh_from_db()
    assert order.status == Status.OPEN


def test_the_bank_of_a_pending_order_that_said_no_is_asked_again_after_hours(sandbox):
    card = stocked_card(0)
    order = pending_order(sandbox, card)
    kept = payment_of(order).payment_method
    change_card(order, sandbox, SAYS_NO_LATER)
    lose_hold(order, sandbox)
    buy(card, 2)
    tasks.promote_pending()
    Payment.objects.filter(order=order).exclude(payment_method="").update(payment_method=kept)

    assert renew_authorizations(later(hours=7)) == {"renewed": 1}

    order.refresh_from_db()
    assert order.status == Status.OPEN


def test_promotion_asks_for_all_holds_in_one_message(monkeypatch):
    card = stocked_card(0)
    orders = [placed({card: 1}) for _ in range(3)]
    Payment.objects.filter(order__in=orders).update(status=PaymentStatus.EXPIRED)
    Order.objects.filter(pk=orders[2].pk).update(pay_again_by=later(hours=5))  # asked already
    buy(card, 3)
    messages = []
    monkeypatch.setattr(tasks.renew_holds, "delay", lambda *args: messages.append(args))

    assert promote_pending(TODAY) == PromotionResult(opened=0, waiting=3)

    assert messages == [([orders[0].pk, orders[1].pk],)]


def test_promotion_takes_as_many_queries_for_many_without_a_hold_as_for_one(
    monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(tasks.renew_holds, "delay", lambda *args: None)

    def unheld(orders: int) -> None:
        placed_now = [placed({stocked_card(0): 1}) for _ in range(orders)]
        Payment.objects.filter(order__in=placed_now).update(status=PaymentStatus.EXPIRED)
        for order in placed_now:
            buy(order.order_cards.get().card, 1)

    counts = []
    for orders in (1, 9):
        unheld(orders)
        with django_assert_max_num_queries(100) as queries:
            promotion.promote_pending(TODAY)
        counts.append(len(queries))

    assert counts[0] == counts[1]


# --- the time is over -------------------------------------------------------------------------------------


def test_an_order_that_is_not_paid_again_in_time_is_cancelled_and_says_why(sandbox):
    order = asked_order(sandbox)
    until = f"{timezone.localtime(order.pay_again_by):%-d %B %Y, %H:%M}"

    assert lapse_unpaid(now=order.pay_again_by - timedelta(minutes=1)) == 0
    assert lapse_unpaid(now=order.pay_again_by) == 1

    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert not Reservation.objects.filter(claim=order.claim).exists()
    [letter] = letters("is cancelled")
    assert f"the hold on the card had ended, and it was not paid again by {until}" in letter.body
    assert books() == []


def test_an_order_whose_old_hold_still_stands_does_not_lapse(sandbox):
    order = open_order(sandbox)
    Order.objects.filter(pk=order.pk).update(pay_again_by=now() - timedelta(hours=1))

    assert lapse_unpaid(now=now()) == 0


def test_an_order_whose_customer_is_at_the_bank_does_not_lapse_for_an_hour(sandbox):
    order = asked_order(sandbox)
    pay_again(order, sandbox, ASKS_EVERY_TIME)
    Order.objects.filter(pk=order.pk).update(pay_again_by=now() - timedelta(minutes=1))

    assert lapse_unpaid(now=now()) == 0
    assert lapse_unpaid(now=later(hours=1)) == 1
    payments.void_released_payments()
    assert held_at_the_bank(order, sandbox) == []


def test_an_order_whose_money_is_being_taken_does_not_lapse(sandbox):
    order = open_order(sandbox)
    Order.objects.filter(pk=order.pk).update(pay_again_by=now() - timedelta(hours=1))
    Payment.objects.filter(order=order).update(
        status=PaymentStatus.PROCESSING, capture_begun_at=timezone.now()
    )
    other = asked_order(sandbox)

    assert lapse_unpaid(now=other.pay_again_by) == 1

    order.refresh_from_db()
    assert order.status == Status.OPEN


def test_an_order_that_is_paid_at_the_moment_it_lapses_stays(sandbox, monkeypatch):
    order = asked_order(sandbox)
    once_before(monkeypatch, cancellation, "_lapse_unpaid", lambda: pay_again(order, sandbox))

    assert lapse_unpaid(now=order.pay_again_by) == 0

    order.refresh_from_db()
    assert order.status == Status.OPEN


def test_the_hourly_task_lets_them_lapse(sandbox):
    order = asked_order(sandbox)
    Order.objects.filter(pk=order.pk).update(pay_again_by=now() - timedelta(minutes=1))

    assert tasks.lapse_unpaid() == 1


def test_nothing_is_renewed_for_an_order_that_is_about_to_lapse(sandbox):
    order = asked_order(sandbox)

    assert renew_hold(order=order, now=order.pay_again_by) == Outcome.LEFT
    assert order not in due_for_renewal(order.pay_again_by)


def test_a_hold_that_nobody_heard_the_end_of_is_found_at_dispatch_and_its_customer_asked(sandbox):
    order = open_order(sandbox, ASKS_EVERY_TIME, first_day=TODAY)
    end_hold(order, sandbox)

    with pytest.raises(NotDispatchable, match="The customer was asked to pay again by"):
        dispatch(order=order, by=SYSTEM, today=TODAY)
