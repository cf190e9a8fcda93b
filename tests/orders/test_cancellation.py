"""Orders that end without a deck: what is freed, what is let go, and what cannot be cancelled."""

from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from inventory.models import Reservation
from orders import checkout, submission
from orders.cancellation import NotCancellable, can_cancel, cancel, lapse_confirming, lapse_pending
from orders.models import Order, OrderEvent, Payment, PaymentStatus
from orders.states import Status
from orders.transitions import customer, staff
from tests.factories import TODAY, StaffFactory, UserFactory, cart_with, placed, settled, stocked_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """What follows a commit happens at the end of the block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


# --- cancelling -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [settled, placed], ids=["open", "pending"])
def test_cancelling_frees_the_cards_and_lets_the_hold_go(place, committed):
    order = place({stocked_card(4 if place is settled else 1): 4})
    assert Reservation.objects.filter(claim=order.claim).exists()

    with committed():
        cancel(order=order, by=customer(), reason="changed my mind")

    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert order.queued_at is None
    assert not Reservation.objects.exists()
    assert [line.needed for line in order.order_cards.all()] == [0]
    assert Payment.objects.get().status == PaymentStatus.VOIDED
    assert not Payment.objects.live().exists()


@pytest.mark.django_db(transaction=True)
def test_cancelling_voids_the_hold_at_the_payment_provider(sandbox):
    cart = cart_with({stocked_card(4): 4})
    total = checkout.quote_of(cart, checkout.lines_of(cart)).total_cents
    submission.submit(
        cart=cart, confirmation_token=sandbox.confirmation_token(), shown_total_cents=total, today=TODAY
    )

    cancel(order=cart, by=customer(), reason="changed my mind")

    payment = Payment.objects.get()
    intent = sandbox.client.v1.payment_intents.retrieve(payment.attempts.get().intent_id)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("canceled", 0, 0)
    assert payment.status == PaymentStatus.VOIDED


def test_the_event_says_who_and_why():
    order, clerk = settled({stocked_card(4): 4}), StaffFactory()

    cancel(order=order, by=staff(clerk), reason="damaged by water")

    event = OrderEvent.objects.filter(order=order).latest("pk")
    assert (event.from_status, event.to_status) == ("open", "cancelled")
    assert (event.actor, event.by, event.reason) == ("staff", clerk, "damaged by water")


def test_the_customer_is_told_that_nothing_is_charged(committed):
    order = settled({stocked_card(4): 4})

    with committed():
        cancel(order=order, by=customer(), reason="changed my mind")

    [message] = mail.outbox
    assert message.subject == f"Your order {order.number} is cancelled"
    assert "changed my mind" in message.body
    assert "nothing is charged" in message.body


def test_cancelling_twice_is_cancelling_once(committed):
    order = settled({stocked_card(4): 4})

    with committed():
        cancel(order=order, by=customer(), reason="first")
        cancel(order=order, by=customer(), reason="second")

    assert OrderEvent.objects.filter(order=order, to_status="cancelled").count() == 1
    assert len(mail.outbox) == 1


def test_what_a_cancelled_order_frees_opens_the_one_that_waited_for_it(committed):
    card = stocked_card(4)
    first, second = settled({card: 4}), placed({card: 4})

    with committed():
        cancel(order=first, by=customer(), reason="changed my mind")

    second.refresh_from_db()
    assert second.status == Status.OPEN
    assert Reservation.objects.get(claim=second.claim).state == "firm"


@pytest.mark.parametrize("status", [Status.DISPATCHED, Status.RETURNED])
def test_a_deck_that_has_left_cannot_be_cancelled(status):
    order = settled({stocked_card(4): 4})
    Order.objects.filter(pk=order.pk).update(status=status)
    Reservation.objects.update(state="out")

    with pytest.raises(NotCancellable, match=status.label.lower()):
        cancel(order=order, by=customer(), reason="too late")

    order.refresh_from_db()
    assert order.status == status
    assert Reservation.objects.get(claim=order.claim).state == "out"
    assert Payment.objects.get().released_at is None


@pytest.mark.parametrize("status", [Status.CART, Status.CONFIRMING])
def test_what_is_no_order_yet_is_left_and_not_cancelled(status):
    card = stocked_card(1)
    order = settled({card: 4}) if status == Status.CONFIRMING else cart_with({card: 4})

    with pytest.raises(NotCancellable):
        cancel(order=order, by=customer(), reason="no")

    order.refresh_from_db()
    assert order.status == status


@pytest.mark.parametrize("status", list(Status))
def test_page_and_action_agree_on_what_can_be_cancelled(status):
    assert can_cancel(Order(status=status)) == (status in {Status.PENDING, Status.OPEN})


# --- unanswered -------------------------------------------------------------------------------------------


def test_an_unanswered_shortfall_goes_back_to_the_cart_after_thirty_minutes(committed):
    order = settled({stocked_card(1): 4})

    with committed():
        lapsed = lapse_confirming(now=order.authorized_at + timedelta(minutes=30))

    order.refresh_from_db()
    assert lapsed == 1
    assert order.status == Status.CART
    assert order.authorized_at is None
    assert Payment.objects.get().status == PaymentStatus.VOIDED
    event = OrderEvent.objects.filter(order=order).latest("pk")
    assert (event.actor, event.reason) == ("system", "no answer within 30 minutes")


def test_a_shortfall_has_its_thirty_minutes():
    order = settled({stocked_card(1): 4})

    lapsed = lapse_confirming(now=order.authorized_at + timedelta(minutes=30) - timedelta(seconds=1))

    order.refresh_from_db()
    assert lapsed == 0
    assert order.status == Status.CONFIRMING
    assert Payment.objects.get().released_at is None


def test_orders_that_were_answered_do_not_lapse():
    answered, free = placed({stocked_card(1): 4}), settled({stocked_card(4): 4})

    lapsed = lapse_confirming(now=timezone.now() + timedelta(days=1))

    answered.refresh_from_db()
    free.refresh_from_db()
    assert lapsed == 0
    assert (answered.status, free.status) == (Status.PENDING, Status.OPEN)


def test_an_unanswered_shortfall_takes_in_the_cart_that_was_begun_in_the_meantime():
    card, other, user = stocked_card(1), stocked_card(1), UserFactory()
    order = settled({card: 4}, user=user)
    cart_with({other: 1}, user=user)

    lapse_confirming(now=order.authorized_at + timedelta(hours=1))

    cart = Order.objects.get(user=user)
    assert cart == order
    assert cart.demand() == {card.pk: 4, other.pk: 1}


def test_a_newer_cart_that_is_submitted_at_this_very_moment_stops_nobody_from_going_back(monkeypatch):
    user = UserFactory()
    order, other = settled({stocked_card(1): 4}, user=user), settled({stocked_card(1): 4})
    newer = settled({stocked_card(4): 4}, user=user)
    find = checkout.cart_of
    seen_before_it_was_submitted = [newer]
    monkeypatch.setattr(
        checkout,
        "cart_of",
        lambda owner: (
            seen_before_it_was_submitted.pop()
            if owner.user == user and seen_before_it_was_submitted
            else find(owner)
        ),
    )

    lapsed = lapse_confirming(now=timezone.now() + timedelta(hours=1))

    assert lapsed == 2
    for lapsed_order in (order, other):
        lapsed_order.refresh_from_db()
        assert lapsed_order.status == Status.CART
    newer.refresh_from_db()
    assert newer.status == Status.OPEN


# --- waited in vain ---------------------------------------------------------------------------------------


def test_a_pending_order_whose_dispatch_day_has_passed_is_cancelled(committed):
    order = placed({stocked_card(1): 4})

    with committed():
        lapsed = lapse_pending(today=order.out_on + timedelta(days=1))

    order.refresh_from_db()
    assert lapsed == 1
    assert order.status == Status.CANCELLED
    assert not Reservation.objects.filter(claim=order.claim).exists()
    assert Payment.objects.get().status == PaymentStatus.VOIDED


def test_a_pending_order_may_still_open_on_its_dispatch_day():
    order = placed({stocked_card(1): 4})

    assert lapse_pending(today=order.out_on) == 0

    order.refresh_from_db()
    assert order.status == Status.PENDING


def test_an_open_order_does_not_lapse():
    order = settled({stocked_card(4): 4})

    assert lapse_pending(today=order.out_on + timedelta(days=1)) == 0

    order.refresh_from_db()
    assert order.status == Status.OPEN


def test_who_waited_in_vain_is_offered_the_next_days_on_which_the_deck_is_free(committed):
    card = stocked_card(4)
    settled({card: 4}, first_day=TODAY + timedelta(days=10), days=5)
    order = placed({card: 2}, first_day=TODAY + timedelta(days=10), days=2)
    next_day = datetime.combine(
        order.out_on + timedelta(days=1), time(12), tzinfo=timezone.get_current_timezone()
    )

    with time_machine.travel(next_day), committed():
        lapse_pending(today=timezone.localdate())

    [message] = mail.outbox
    free_from = TODAY + timedelta(days=15)
    assert f"{free_from:%A} {free_from.day} {free_from:%B %Y}" in message.body
    assert "its dispatch day has passed" in message.body
