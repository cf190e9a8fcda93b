"""Requests, webhooks and sign-ins that cross each other: each test says which step comes between which two.

Where a request has to wait for a row, it runs on a connection of its own and is known to wait before the test
goes on. Where it need not, it runs at the very place, out of the function that comes next.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from inventory.stock import receive_stock
from orders import cancellation, checkout, payments, sign_in, submission, tasks
from orders import cart as carts
from orders import stripe_gateway as gateway
from orders.cart import CartError
from orders.changes import change
from orders.merging import Poured
from orders.models import Order, OrderCard, Payment, PaymentAttempt, PaymentStatus
from orders.sign_in import give_to_user
from orders.states import Status
from orders.transitions import SYSTEM, customer, lock_order
from tests.factories import (
    GuestFactory,
    PickupFactory,
    UserFactory,
    cart_with,
    held_payment,
    placed,
    settled,
    stocked_card,
)
from tests.orders.test_checkout import submit, total_of
from tests.orders.test_views import browser_of, messages_of
from tests.orders.test_webhooks import answer_the_bank, waiting_for_the_bank
from tests.racing import (
    LONG_ENOUGH_SECONDS,
    MEETING_SECONDS,
    at_the_same_moment,
    begin_elsewhere,
    elsewhere,
    once_after,
    once_before,
    wait_until_somebody_waits_for_us,
)
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def reading(intent: gateway.Intent) -> Iterator[None]:
    """The provider's answer was on its way for long: it says how the intent stood then."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(gateway, "retrieve", lambda intent_id: intent)
        yield


def intents_that_hold_or_may_hold(sandbox: Sandbox) -> list[str]:
    intent_ids = PaymentAttempt.objects.exclude(intent_id=None).values_list("intent_id", flat=True)
    retrieve = sandbox.client.v1.payment_intents.retrieve
    return [pk for pk in intent_ids if retrieve(pk).status in ("requires_action", "requires_capture")]


# --- locks and what was read with them --------------------------------------------------------------------


def test_a_locked_order_has_the_way_of_shipping_that_was_chosen_while_its_lock_was_waited_for(today):
    cart = cart_with({stocked_card(1): 1})
    other = PickupFactory(slug="locker", name="Locker")

    @transaction.atomic
    def method_of_the_locked_order():
        return lock_order(cart.pk).shipping_method

    with transaction.atomic():
        checkout.set_shipping(
            cart=cart,
            first_day=cart.first_day,
            last_day=cart.last_day,
            method=other,
            contact={},
            today=today,
        )
        waiting = begin_elsewhere(method_of_the_locked_order)
        wait_until_somebody_waits_for_us()

    assert waiting.result(timeout=LONG_ENOUGH_SECONDS) == other


def test_going_back_while_its_guest_signs_in_leaves_the_carts_of_others_alone():
    strangers = cart_with({stocked_card(1): 1}, user=UserFactory())
    order = settled({stocked_card(2): 4})
    user = UserFactory()

    with transaction.atomic():
        give_to_user(guest=order.guest, user=user)
        waiting = begin_elsewhere(lambda: checkout.go_back(order=order, by=SYSTEM))
        wait_until_somebody_waits_for_us()
    waiting.result(timeout=LONG_ENOUGH_SECONDS)

    order.refresh_from_db()
    assert (order.status, order.user) == (Status.CART, user)
    assert order.order_cards.count() == 1
    assert strangers.order_cards.count() == 1


def test_an_intent_is_booked_although_its_payment_moves_to_another_cart(sandbox):
    cart, intent_id = waiting_for_the_bank(sandbox)
    other = cart_with({stocked_card(1): 1})

    with transaction.atomic():
        Payment.objects.filter(order=cart).update(order=other)
        waiting = begin_elsewhere(lambda: payments.sync_intent(intent_id))
        wait_until_somebody_waits_for_us()

    payment = waiting.result(timeout=LONG_ENOUGH_SECONDS)
    assert (payment.order, payment.status) == (other, PaymentStatus.ACTION_REQUIRED)


# --- the bank, the page and the webhook -------------------------------------------------------------------


def test_a_yes_of_the_bank_while_its_dialog_is_let_go_opens_nothing_on_the_hold_that_is_cancelled(
    sandbox, today, monkeypatch
):
    cart, abandoned = waiting_for_the_bank(sandbox)

    def yes_and_webhook() -> None:
        answer_the_bank(abandoned, sandbox)
        checkout.settle(payment=payments.sync_intent(abandoned), today=today)

    once_before(monkeypatch, gateway, "cancel", yes_and_webhook)

    submit(cart, sandbox, today)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    [held] = intents_that_hold_or_may_hold(sandbox)
    assert held != abandoned
    assert Payment.objects.live().get(order=cart).attempts.get().intent_id == held


def test_of_two_submissions_of_which_one_waits_for_the_bank_only_one_can_hold_the_total(
    sandbox, today, monkeypatch
):
    cart = cart_with({stocked_card(4): 4})

    def other_tab_comes_as_far_as_the_bank() -> None:
        submitted = submit(cart, sandbox, today, "pm_card_threeDSecure2Required")
        assert submitted.status == PaymentStatus.ACTION_REQUIRED

    once_after(monkeypatch, submission, "_finish_earlier_attempt", other_tab_comes_as_far_as_the_bank)

    submitted = submit(cart, sandbox, today)

    assert submitted.status == PaymentStatus.AUTHORIZED
    assert PaymentAttempt.objects.count() == 2
    assert len(intents_that_hold_or_may_hold(sandbox)) == 1


def test_what_was_read_before_the_banks_yes_does_not_undo_it_in_the_books(sandbox, today):
    cart, intent_id = waiting_for_the_bank(sandbox)
    before = gateway.retrieve(intent_id)
    answer_the_bank(intent_id, sandbox)
    checkout.settle(payment=payments.sync_intent(intent_id), today=today)

    with reading(before):
        payments.sync_intent(intent_id)

    cart.refresh_from_db()
    assert (cart.status, Payment.objects.get().status) == (Status.OPEN, PaymentStatus.AUTHORIZED)


def test_what_was_read_before_the_banks_yes_does_not_keep_the_webhook_from_settling(sandbox, today):
    cart, intent_id = waiting_for_the_bank(sandbox)
    before = gateway.retrieve(intent_id)
    answer_the_bank(intent_id, sandbox)
    told_by_the_webhook = payments.sync_intent(intent_id)

    with reading(before):
        payments.sync_intent(intent_id)
    checkout.settle(payment=told_by_the_webhook, today=today)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN


def test_an_attempt_that_a_webhook_has_adopted_is_not_booked_as_refused(sandbox, today, monkeypatch):
    cart = cart_with({stocked_card(4): 4})
    authorize = gateway.create_intent

    def take_effect_and_refuse_the_repetition(**kwargs: Any) -> None:
        intent = authorize(**kwargs)
        payments.sync_intent(intent.id)  # the webhook
        raise gateway.Refused("This confirmation token was used before.")

    monkeypatch.setattr(gateway, "create_intent", take_effect_and_refuse_the_repetition)

    submit(cart, sandbox, today)

    assert PaymentAttempt.objects.get().status == PaymentStatus.AUTHORIZED
    assert Payment.objects.get().status == PaymentStatus.AUTHORIZED


# --- signing in -------------------------------------------------------------------------------------------


def test_signing_in_while_a_webhook_settles_the_cart_hands_the_order_over(today, monkeypatch):
    cart = cart_with({stocked_card(4): 4})
    payment = held_payment(cart)
    user = UserFactory(email=cart.email)
    once_before(
        monkeypatch,
        sign_in,
        "merge_carts",
        lambda: elsewhere(lambda: checkout.settle(payment=payment, today=today)),
    )

    give_to_user(guest=cart.guest, user=user)

    cart.refresh_from_db()
    assert (cart.status, cart.user, cart.guest) == (Status.OPEN, user, None)


def test_signing_in_while_orders_of_the_guest_are_promoted_does_not_deadlock(today):
    card = stocked_card(0)
    guest = GuestFactory()
    first, second = (placed({card: 1}, guest=guest) for _ in range(2))
    asks_for_more = {first.order_cards.get().pk: 2}  # its row is written anew, behind that of the second
    change(order=first, quantities=asks_for_more, by=customer(), today=today)
    user = UserFactory(email=first.email)

    with transaction.atomic():
        lock_order(first.pk)
        waiting = begin_elsewhere(lambda: give_to_user(guest=guest, user=user))
        wait_until_somebody_waits_for_us()
        lock_order(second.pk)
    waiting.result(timeout=LONG_ENOUGH_SECONDS)

    assert set(Order.objects.values_list("user", flat=True)) == {user.pk}


def test_two_tabs_that_sign_in_at_the_same_moment_bring_the_cart_along_once(monkeypatch):
    user = UserFactory()
    guests = cart_with({stocked_card(4): 4})
    users = Order.objects.create(user=user)
    barrier = threading.Barrier(2)
    merge_carts = sign_in.merge_carts

    def meet_and_merge(**kwargs: Any) -> Poured:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=MEETING_SECONDS)
        return merge_carts(**kwargs)

    monkeypatch.setattr(sign_in, "merge_carts", meet_and_merge)

    at_the_same_moment(*(lambda: give_to_user(guest=guests.guest, user=user) for _ in range(2)))

    assert list(Order.objects.all()) == [users]
    assert users.order_cards.get().quantity == 4


def test_the_providers_answer_leads_to_the_cart_where_signing_in_has_merged_the_one_it_was_for(
    sandbox, monkeypatch
):
    cart = cart_with({stocked_card(4): 4})
    client = browser_of(cart)
    user = UserFactory()
    monkeypatch.setattr(tasks.void_released_payments, "delay", lambda: None)  # the worker is busy
    once_after(monkeypatch, gateway, "create_intent", lambda: give_to_user(guest=cart.guest, user=user))

    response = client.post(
        reverse("orders:payment"),
        {"confirmation_token": sandbox.confirmation_token(), "total_cents": total_of(cart)},
    )

    assert response.json() == {"status": "done", "url": reverse("orders:cart")}
    assert Order.objects.get().status == Status.CART
    assert Payment.objects.get().released_at is not None


# --- going back and deciding ------------------------------------------------------------------------------


def test_going_back_takes_in_a_cart_that_is_made_at_this_very_moment(monkeypatch):
    order = settled({stocked_card(2): 4})
    once_after(
        monkeypatch,
        checkout,
        "cart_of",
        lambda: elsewhere(lambda: Order.objects.create(guest=order.guest)),
    )

    checkout.go_back(order=order, by=customer())

    order.refresh_from_db()
    assert order.status == Status.CART
    assert list(Order.objects.filter(guest=order.guest)) == [order]


def test_going_back_leaves_a_newer_cart_alone_that_is_submitted_at_this_very_moment(today, monkeypatch):
    order = settled({stocked_card(2): 4})
    newer = cart_with({stocked_card(1): 1}, guest=order.guest)
    payment = held_payment(newer)
    once_after(
        monkeypatch,
        checkout,
        "cart_of",
        lambda: elsewhere(lambda: checkout.settle(payment=payment, today=today)),
    )

    checkout.go_back(order=order, by=customer())

    order.refresh_from_db()
    newer.refresh_from_db()
    assert (order.status, newer.status) == (Status.CART, Status.OPEN)
    assert (order.order_cards.count(), newer.order_cards.count()) == (1, 1)


def test_a_decision_on_the_page_of_another_order_decides_nothing():
    guest = GuestFactory()
    first = settled({stocked_card(2): 4}, guest=guest)
    second = settled({stocked_card(2): 4}, guest=guest)
    client = browser_of(second)

    response = client.post(reverse("orders:shortfall"), {"decision": "wait", "order": first.number})

    assert response.url == reverse("orders:shortfall")
    assert messages_of(response) == ["Another order waits for your answer first: here it is."]
    assert set(Order.objects.values_list("status", flat=True)) == {Status.CONFIRMING}
    assert client.get(response.url).context["page"].order == second


def test_setting_the_copies_of_a_line_that_another_tab_took_out_says_so():
    cart = cart_with({stocked_card(4): 4})
    line = cart.order_cards.get()
    OrderCard.objects.all().delete()

    with pytest.raises(CartError, match="taken out in the meantime"):
        carts.set_quantity(cart=cart, line=line, quantity=3)

    assert not cart.order_cards.exists()


# --- the queue --------------------------------------------------------------------------------------------


def test_a_pending_order_that_opens_at_this_very_moment_does_not_lapse(today, monkeypatch):
    card = stocked_card(2)
    order = placed({card: 4})
    assert order.status == Status.PENDING
    once_before(
        monkeypatch,
        cancellation,
        "cancel",
        lambda: receive_stock(printing=card.printings.get(), quantity=2, by=None, effective_on=today),
    )

    lapsed = cancellation.lapse_pending(today=order.out_on + timedelta(days=1))

    order.refresh_from_db()
    assert (lapsed, order.status) == (0, Status.OPEN)
    assert Payment.objects.live().filter(order=order).exists()
