"""What a hold may and may not do: when it ends early, when it is tried again, and what is never sent."""

import dataclasses
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.decklist import MAX_QUANTITY
from inventory.shop_calendar import ALWAYS_OPEN
from orders import checkout, payments, tasks
from orders import stripe_gateway as gateway
from orders.checkout import CheckoutError
from orders.dates import schedule_of
from orders.merging import merge_carts
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus, ShippingMethod
from orders.owners import Owner
from orders.sign_in import give_to_user
from orders.states import Status
from orders.transitions import customer
from tests.factories import (
    GuestFactory,
    ShippingMethodFactory,
    UserFactory,
    cart_with,
    held_payment,
    stocked_card,
)
from tests.orders.test_checkout import confirming_order, submit, total_of
from tests.orders.test_views import browser_of, messages_of
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

VISA, DECLINED = "pm_card_visa", "pm_card_chargeDeclined"


def state_at_the_provider(attempt: PaymentAttempt, sandbox: Sandbox) -> str:
    return sandbox.client.v1.payment_intents.retrieve(attempt.intent_id).status


def end_the_hold(order: Order) -> None:
    """The bank ends the hold early, and the books know."""
    attempt = PaymentAttempt.objects.get(payment__order=order)
    gateway.cancel(attempt.intent_id)
    payments.sync_intent(attempt.intent_id)


# --- when the hold has ended ------------------------------------------------------------------------------


def test_nobody_waits_in_the_queue_without_a_hold(sandbox, today):
    _, order, _ = confirming_order(sandbox, today)
    end_the_hold(order)

    with pytest.raises(CheckoutError, match="hold on your card has ended") as caught:
        checkout.accept_shortfall(order=order, by=customer(), today=today)

    order.refresh_from_db()
    assert caught.value.step == "shortfall"
    assert order.status == Status.CONFIRMING


def test_no_order_opens_on_other_days_without_a_hold(sandbox, today):
    _, order, _ = confirming_order(sandbox, today)
    first_day, start = order.first_day, order.deck_available(today=today).next_start
    end_the_hold(order)

    with pytest.raises(CheckoutError, match="hold on your card has ended"):
        checkout.move_to_date(order=order, first_day=start, by=customer(), today=today)

    order.refresh_from_db()
    assert (order.status, order.first_day) == (Status.CONFIRMING, first_day)


# --- paying again -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Pat Player", "Other Name"])
def test_a_guest_who_signs_in_and_goes_back_can_pay_again(sandbox, today, name):
    _, order, _ = confirming_order(sandbox, today)
    user = UserFactory()
    give_to_user(guest=order.guest, user=user)
    checkout.go_back(order=order, by=customer(user))
    Order.objects.filter(pk=order.pk).update(name=name)
    order = Order.objects.get(pk=order.pk)
    order.order_cards.update(quantity=2)

    submitted = submit(order, sandbox, today)

    order.refresh_from_db()
    assert submitted.status == PaymentStatus.AUTHORIZED
    assert (order.status, order.user) == (Status.OPEN, user)


def test_an_address_that_was_corrected_after_a_lost_answer_can_be_paid_with(sandbox, today, monkeypatch):
    cart = cart_with({stocked_card(4): 4})
    create_customer = gateway.create_customer

    def create_and_lose_the_answer(**kwargs: str) -> str:
        create_customer(**kwargs)
        raise gateway.Unavailable("The connection broke.")

    monkeypatch.setattr(gateway, "create_customer", create_and_lose_the_answer)
    submit(cart, sandbox, today)
    monkeypatch.setattr(gateway, "create_customer", create_customer)
    Order.objects.filter(pk=cart.pk).update(email="corrected@example.org")
    cart.refresh_from_db()

    submitted = submit(cart, sandbox, today)

    cart.refresh_from_db()
    assert submitted.status == PaymentStatus.AUTHORIZED
    assert cart.status == Status.OPEN


def test_while_the_bank_works_on_it_the_customer_is_told_to_wait(sandbox, today, monkeypatch):
    cart = cart_with({stocked_card(4): 4})
    retrieve = gateway.retrieve
    monkeypatch.setattr(
        gateway,
        "retrieve",
        lambda intent_id: dataclasses.replace(retrieve(intent_id), status=PaymentStatus.PROCESSING),
    )

    submitted = submit(cart, sandbox, today)

    cart.refresh_from_db()
    assert submitted.status == PaymentStatus.PROCESSING
    assert "still working on it" in submitted.message
    assert cart.status == Status.CART


# --- letting go -------------------------------------------------------------------------------------------


def test_one_hold_that_cannot_be_voided_does_not_keep_the_others(sandbox, today):
    stuck, other = cart_with({stocked_card(4): 4}), cart_with({stocked_card(4): 4})
    for cart in (stuck, other):
        submit(cart, sandbox, today)
    PaymentAttempt.objects.filter(payment__order=stuck).update(intent_id="pi_of_nobody")
    Payment.objects.update(released_at=timezone.now())

    with pytest.raises(gateway.GatewayError):
        payments.void_released_payments()

    assert Payment.objects.get(order=stuck).status == PaymentStatus.AUTHORIZED
    assert Payment.objects.get(order=other).status == PaymentStatus.VOIDED


def test_an_overtaken_attempt_that_holds_after_all_is_cancelled(sandbox, today, monkeypatch):
    cart = cart_with({stocked_card(4): 4})
    with monkeypatch.context() as away:
        away.setattr(tasks.void_released_payments, "delay", lambda: None)  # the worker comes later
        submit(cart, sandbox, today, DECLINED)
        submit(cart, sandbox, today)
    overtaken, latest = PaymentAttempt.objects.order_by("sequence")
    sandbox.client.v1.payment_intents.confirm(overtaken.intent_id, {"payment_method": VISA})

    payments.sync_intent(overtaken.intent_id)

    assert state_at_the_provider(overtaken, sandbox) == "canceled"
    assert state_at_the_provider(latest, sandbox) == "requires_capture"
    assert Payment.objects.get().status == PaymentStatus.AUTHORIZED


# --- what is never sent -----------------------------------------------------------------------------------


def test_a_total_that_no_card_pays_is_refused_with_a_message(sandbox):
    cart = cart_with({stocked_card(0, value_cents=100_000_000): MAX_QUANTITY})

    response = browser_of(cart).post(
        reverse("orders:payment"),
        {"confirmation_token": sandbox.confirmation_token(), "total_cents": total_of(cart)},
    )

    assert response.json() == {"status": "done", "url": reverse("orders:cart")}
    [message] = messages_of(response)
    assert message.startswith("No card pays more than")
    assert not PaymentAttempt.objects.exists()


def test_after_ten_cards_within_an_hour_no_further_one_is_sent(sandbox, today, monkeypatch):
    cart = cart_with({stocked_card(4): 4})
    for _ in range(settings.ATTEMPTS_PER_CUSTOMER):
        submit(cart, sandbox, today, DECLINED)
    sent = []
    monkeypatch.setattr(gateway, "create_intent", lambda **kwargs: sent.append(kwargs))

    with pytest.raises(CheckoutError, match="try again in an hour") as caught:
        submit(cart, sandbox, today)

    assert settings.ATTEMPTS_PER_CUSTOMER == 10
    assert caught.value.step == "payment"
    assert sent == []
    assert PaymentAttempt.objects.count() == settings.ATTEMPTS_PER_CUSTOMER


def test_an_hour_later_another_card_can_be_tried(sandbox, today):
    cart = cart_with({stocked_card(4): 4})
    for _ in range(settings.ATTEMPTS_PER_CUSTOMER):
        submit(cart, sandbox, today, DECLINED)
    PaymentAttempt.objects.update(created_at=timezone.now() - timedelta(minutes=61))

    submit(cart, sandbox, today)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN


# --- settling ---------------------------------------------------------------------------------------------


def test_settling_blocks_the_days_that_the_way_of_shipping_takes_by_now(sandbox, today):
    cart = cart_with({stocked_card(4): 4}, shipping_method=ShippingMethodFactory(needs_address=False))
    ShippingMethod.objects.update(transit_out_days=5)
    cart = Order.objects.get(pk=cart.pk)

    submit(cart, sandbox, today)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert cart.out_on == cart.first_day - timedelta(days=5)
    assert cart.out_on == schedule_of(cart.rental_period, cart.shipping_method, ALWAYS_OPEN).leaves_on
    assert cart.order_cards.get().reservation.out_on == cart.out_on


def queries_of_settling(lines: int) -> int:
    payment = held_payment(cart_with({stocked_card(1): 1 for _ in range(lines)}))
    with CaptureQueriesContext(connection) as queries:
        checkout.settle(payment=payment, today=timezone.localdate())
    return len(queries)


def queries_of_merging(lines: int) -> int:
    source = cart_with({stocked_card(1): 1 for _ in range(lines)})
    destination = cart_with({stocked_card(1): 1}, user=UserFactory())
    with CaptureQueriesContext(connection) as queries:
        merge_carts(source=source, destination=destination)
    return len(queries)


@pytest.mark.parametrize("queries_of", [queries_of_settling, queries_of_merging])
def test_it_asks_the_database_as_often_for_a_hundred_lines_as_for_one(queries_of):
    for_one = queries_of(1)

    for_a_hundred = queries_of(100)

    assert for_a_hundred == for_one


def test_between_the_locks_on_cards_and_the_commit_stand_five_queries():
    payment = held_payment(cart_with({stocked_card(1): 1 for _ in range(3)}))

    with CaptureQueriesContext(connection) as queries:
        checkout.settle(payment=payment, today=timezone.localdate())

    asked = [query["sql"] for query in queries]
    locked = next(place for place, sql in enumerate(asked) if "FOR NO KEY UPDATE" in sql)
    under_lock = asked[locked + 1 : asked.index("COMMIT")]
    assert len(under_lock) == 5, "\n".join(under_lock)


# --- whose they are ---------------------------------------------------------------------------------------


def test_an_owner_is_somebody():
    with pytest.raises(ValueError, match="a user or a guest"):
        Owner()


def test_an_owner_is_not_two():
    with pytest.raises(ValueError, match="a user or a guest"):
        Owner(user=UserFactory(), guest=GuestFactory())


def test_a_session_cookie_with_a_nul_is_nobodys():
    response = Client().get(reverse("orders:cart"), headers={"Cookie": 'sessionid="abcdefghij\\000klm"'})

    assert response.status_code == 200
