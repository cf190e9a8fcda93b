"""Carts of guests whose session has ended go in bulk; nothing else does, and nobody who comes back is hurt."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import guests
from accounts.guests import SEEN_ANEW_AFTER, SESSION_KEY, guest_of, touch
from accounts.models import Guest
from orders import cart as carts
from orders import owners, purge, tasks
from orders.forgetting import forget_person
from orders.models import (
    Order,
    OrderCard,
    Payment,
    PaymentAttempt,
    PaymentCustomer,
    PaymentStatus,
    Refund,
    Removal,
)
from orders.purge import NEWS_MAY_COME, purge_carts
from orders.saved_cards import forget_cards
from orders.sign_in import give_to_user
from orders.states import Status
from orders.transitions import lock_order
from tests.factories import (
    CardFactory,
    CartFactory,
    GuestFactory,
    UserFactory,
    cart_with,
    placed,
    stocked_card,
    template_deck,
)
from tests.orders.test_checkout import submit
from tests.orders.test_views import browser_of
from tests.racing import (
    LONG_ENOUGH_SECONDS,
    at_the_same_moment,
    begin_elsewhere,
    elsewhere,
    once_after,
    wait_until_somebody_waits_for_us,
)

pytestmark = pytest.mark.django_db

SESSION_LIVES = timedelta(days=30)
GONE = SESSION_LIVES + SEEN_ANEW_AFTER
LONG_AGO = timedelta(days=300)


def seen(guest: Guest, ago: timedelta) -> Guest:
    Guest.objects.filter(pk=guest.pk).update(seen_at=timezone.now() - ago)
    guest.refresh_from_db()
    return guest


def gone(cart: Order) -> Order:
    """The cart of a guest whose session has just ended."""
    seen(cart.guest, GONE + timedelta(seconds=1))
    return cart


def run(**kwargs) -> tuple[int, int, int]:
    """Carts and guests that went, and carts that are kept for now."""
    purged = purge_carts(now=timezone.now(), **kwargs)
    return purged.carts, purged.guests, purged.carts_kept


# --- what goes, and what stays ----------------------------------------------------------------------------


def test_a_cart_of_an_ended_guest_session_goes_with_all_that_hangs_on_it():
    deck = template_deck({CardFactory(): 2})
    cart = gone(cart_with({CardFactory(): 1}))
    carts.add_template_deck(cart=cart, deck=deck)
    carts.remove_line(cart=cart, line=cart.order_cards.first())
    assert Removal.objects.exists()

    assert run() == (1, 1, 0)

    for left in (Order, OrderCard, Removal, Guest):
        assert not left.objects.exists()


def test_a_cart_lives_as_long_as_its_guests_session():
    cart = cart_with({CardFactory(): 1})
    seen(cart.guest, GONE - timedelta(minutes=1))

    assert run() == (0, 0, 0)

    assert cart.order_cards.count() == 1


def test_carts_of_users_are_kept_however_old():
    cart = cart_with({CardFactory(): 1}, user=UserFactory())
    Order.objects.update(created_at=timezone.now() - timedelta(days=4_000))

    assert run() == (0, 0, 0)

    assert cart.order_cards.count() == 1


@pytest.mark.parametrize(
    "status", [status for status in Status if status not in (Status.CART, Status.PENDING)]
)
def test_an_order_that_is_more_than_a_cart_stays_and_its_guest_with_it(status):
    order = gone(cart_with({CardFactory(): 1}))
    Order.objects.update(status=status, authorized_at=timezone.now())

    assert run() == (0, 0, 0)

    assert Order.objects.get() == order
    assert Guest.objects.get() == order.guest


def test_a_guest_who_has_an_order_loses_the_cart_alone():
    order = gone(placed({stocked_card(0): 1}))
    cart_with({CardFactory(): 1}, guest=order.guest)

    assert run() == (1, 0, 0)

    assert Order.objects.get() == order
    assert order.pending


def test_a_guest_without_any_order_goes():
    seen(GuestFactory(), GONE + timedelta(days=1))
    kept = GuestFactory()

    assert run() == (0, 1, 0)

    assert Guest.objects.get() == kept


def test_a_second_run_finds_nothing_to_do():
    gone(cart_with({CardFactory(): 1}))
    run()

    assert run() == (0, 0, 0)


# --- money ------------------------------------------------------------------------------------------------


def payment_of(cart: Order, status: PaymentStatus, **fields) -> Payment:
    payment = Payment.objects.create(order=cart, amount_cents=500, currency="eur", status=status, **fields)
    PaymentAttempt.objects.create(
        payment=payment, sequence=1, parameters={}, idempotency_key=f"pay-{payment.pk}-auth-1", status=status
    )
    return payment


@pytest.mark.parametrize(
    "status",
    [
        PaymentStatus.CREATED,
        PaymentStatus.ACTION_REQUIRED,
        PaymentStatus.PROCESSING,
        PaymentStatus.AUTHORIZED,
    ],
)
def test_a_hold_on_the_cart_is_let_go_first_and_the_cart_follows_when_it_has_ended(status, monkeypatch):
    monkeypatch.setattr(tasks.void_released_payments, "delay", lambda: None)  # the worker comes later
    cart = gone(cart_with({CardFactory(): 1}))
    payment = payment_of(cart, status)

    assert run() == (0, 0, 1)
    payment.refresh_from_db()
    assert payment.released_at is not None
    assert run() == (0, 0, 1)

    Payment.objects.update(status=PaymentStatus.VOIDED)
    PaymentAttempt.objects.update(status=PaymentStatus.VOIDED)
    assert run() == (0, 0, 1), "Stripe may have news of it yet"
    Payment.objects.update(released_at=timezone.now() - NEWS_MAY_COME - timedelta(minutes=1))
    assert run() == (1, 1, 0)
    assert not Payment.objects.exists()


def test_the_provider_is_told_of_a_hold_that_is_let_go(sandbox):
    cart = gone(cart_with({stocked_card(1): 1}))
    submit(cart, sandbox, timezone.localdate(), "pm_card_threeDSecure2Required")
    intent_id = PaymentAttempt.objects.get().intent_id

    assert run() == (0, 0, 1)
    tasks.void_released_payments()

    assert sandbox.client.v1.payment_intents.retrieve(intent_id).status == "canceled"
    Payment.objects.update(released_at=timezone.now() - LONG_AGO)
    PaymentAttempt.objects.update(created_at=timezone.now() - LONG_AGO)
    assert run() == (0, 0, 1), "the card is not forgotten yet"
    forget_cards(now=timezone.now())
    assert run() == (1, 1, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"payment_method": "pm_1"},
        {"status": PaymentStatus.CAPTURED, "captured_cents": 500, "captured_at": timezone.now()},
    ],
    ids=["its card is not forgotten yet", "money was taken"],
)
def test_a_cart_stays_while_its_money_matters(fields):
    cart = gone(cart_with({CardFactory(): 1}))
    payment = payment_of(cart, PaymentStatus.VOIDED, released_at=timezone.now() - timedelta(days=100))
    Payment.objects.update(**fields)

    assert run() == (0, 0, 1)

    payment.refresh_from_db()
    assert payment.order == cart


def test_money_that_was_taken_is_not_let_go():
    cart = gone(cart_with({CardFactory(): 1}))
    payment = payment_of(cart, PaymentStatus.VOIDED)
    Payment.objects.update(status=PaymentStatus.CAPTURED, captured_cents=500, captured_at=timezone.now())

    run()

    payment.refresh_from_db()
    assert payment.released_at is None


@pytest.mark.parametrize("what", ["a stray", "an open attempt", "a refund"])
def test_a_cart_stays_while_something_of_its_payment_is_open(what):
    cart = gone(cart_with({CardFactory(): 1}))
    payment = payment_of(cart, PaymentStatus.VOIDED, released_at=timezone.now() - timedelta(days=100))
    if what == "a stray":
        PaymentAttempt.objects.update(stray_cents=500)
    elif what == "an open attempt":
        PaymentAttempt.objects.update(status=PaymentStatus.AUTHORIZED, intent_id="pi_1")
    else:
        Refund.objects.create(payment=payment, amount_cents=100)

    assert run() == (0, 0, 1)


def test_a_guest_stays_by_whom_the_provider_knows_the_card_of_an_order_taken_along():
    guest, user = GuestFactory(), UserFactory(email="player@example.org")
    order = placed({stocked_card(1): 1}, guest=guest)
    customer = PaymentCustomer.objects.create(guest=guest, stripe_id="cus_1")
    Payment.objects.update(customer=customer)
    give_to_user(guest=guest, user=user)
    seen(guest, GONE + timedelta(days=1))

    assert run() == (0, 0, 0)

    assert Payment.objects.get(order=order).customer == customer


def test_whom_the_provider_has_to_delete_yet_is_remembered_until_it_has():
    """They left, and the provider was down."""
    user = UserFactory()
    customer = PaymentCustomer.objects.create(user=user, stripe_id="cus_1")
    forget_person(user=user, now=timezone.now())
    customer.refresh_from_db()
    seen(customer.guest, LONG_AGO)

    assert run() == (0, 0, 0)

    assert PaymentCustomer.objects.get().leaving
    PaymentCustomer.objects.all().delete()  # as the task does that has told the provider
    assert run() == (0, 1, 0)


def test_tries_to_pay_of_who_has_left_stay_in_the_books():
    user = UserFactory()
    tried = payment_of(cart_with({CardFactory(): 1}, user=user), PaymentStatus.FAILED)
    forget_person(user=user, now=timezone.now())
    Guest.objects.update(seen_at=timezone.now() - LONG_AGO)
    Payment.objects.update(status=PaymentStatus.VOIDED, released_at=timezone.now() - LONG_AGO)
    PaymentAttempt.objects.update(status=PaymentStatus.VOIDED)

    assert run() == (0, 0, 0)

    assert Payment.objects.get() == tried


# --- seen -------------------------------------------------------------------------------------------------


def test_a_guest_who_comes_back_is_seen_and_the_session_begins_its_time_anew(client):
    client.post(reverse("orders:add_card", args=[CardFactory().slug]), {"quantity": 1})
    guest, ends = Guest.objects.get(), timezone.now() + timedelta(days=2)
    seen(guest, SESSION_LIVES - timedelta(days=2))
    Session.objects.update(expire_date=ends)

    response = client.get(reverse("orders:cart"))

    guest.refresh_from_db()
    assert timezone.now() - guest.seen_at < timedelta(minutes=1)
    assert Session.objects.get().expire_date > timezone.now() + SESSION_LIVES - timedelta(minutes=1)
    assert response.cookies["sessionid"]["max-age"] == SESSION_LIVES.total_seconds()


def test_a_guest_is_written_down_as_seen_once_a_day_only(client):
    client.post(reverse("orders:add_card", args=[CardFactory().slug]), {"quantity": 1})
    guest = seen(Guest.objects.get(), SEEN_ANEW_AFTER - timedelta(minutes=1))

    response = client.get(reverse("orders:cart"))

    assert Guest.objects.get().seen_at == guest.seen_at
    assert "sessionid" not in response.cookies


def test_what_a_program_touches_lives_on():
    """A cart made over the API has no session: it lives as long since it was touched last."""
    cart = gone(cart_with({CardFactory(): 1}))

    assert touch(cart.guest, now=timezone.now())

    assert run() == (0, 0, 0)


def test_a_guest_who_was_purged_is_not_touched():
    cart = gone(cart_with({CardFactory(): 1}))
    run()

    assert not touch(cart.guest, now=timezone.now())
    assert not Guest.objects.exists()


def test_after_a_purge_the_old_cookie_begins_a_new_cart(client):
    card = CardFactory()
    cart = gone(cart_with({CardFactory(): 1}))
    client = browser_of(cart)
    run()

    client.post(reverse("orders:add_card", args=[card.slug]), {"quantity": 2})

    assert client.get(reverse("orders:cart")).context["page"].copies == 2
    assert Order.objects.get().guest != cart.guest


# --- how many at once -------------------------------------------------------------------------------------


def many(number: int) -> None:
    gone_ones = Guest.objects.bulk_create(
        Guest(seen_at=timezone.now() - GONE - timedelta(days=1)) for _ in range(number)
    )
    card = CardFactory()
    orders = Order.objects.bulk_create(Order(guest=guest) for guest in gone_ones)
    OrderCard.objects.bulk_create(OrderCard(order=order, card=card, quantity=2) for order in orders)


def queries_for(number: int) -> int:
    many(number)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert run() == (number, number, 0)
    return len(queries)


def test_a_hundred_carts_cost_as_many_queries_as_one():
    assert queries_for(1) == queries_for(100)


def test_ten_thousand_carts_go_in_portions_of_the_same_cost(monkeypatch):
    """Portions of 500, so that neither memory nor the locks that are held grow with the number."""
    nothing_left = queries_for(0)
    one_portion = queries_for(purge.AT_ONCE) - nothing_left
    portions = 10_000 // purge.AT_ONCE
    largest = 0
    delete_carts = purge._delete_carts

    def measure(found) -> None:
        nonlocal largest
        largest = max(largest, len(found))
        delete_carts(found)

    monkeypatch.setattr(purge, "_delete_carts", measure)

    assert queries_for(10_000) == portions * one_portion + nothing_left
    assert one_portion <= 30
    assert largest == purge.AT_ONCE
    assert not OrderCard.objects.exists()


def test_guests_who_stay_do_not_keep_the_others(monkeypatch):
    for _ in range(4):
        gone(payment_of(cart_with({CardFactory(): 1}), PaymentStatus.VOIDED, payment_method="pm_1").order)
    many(4)

    assert run(at_once=2) == (4, 4, 4)


# --- at the same moment -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_cart_that_is_being_changed_is_left_to_the_next_run():
    cart = gone(cart_with({CardFactory(): 1}))

    with transaction.atomic():
        lock_order(cart.pk)
        assert elsewhere(run) == (0, 0, 0)

    assert run() == (1, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_a_guest_who_comes_back_before_the_purge_keeps_the_cart():
    """The row says so at once, though the purge has asked before."""
    cart = gone(cart_with({CardFactory(): 1}))

    with transaction.atomic():
        touch(cart.guest, now=timezone.now())
        assert elsewhere(run) == (0, 0, 0)

    assert run() == (0, 0, 0)
    assert cart.order_cards.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_guest_who_comes_back_during_the_purge_gets_a_new_cart(monkeypatch):
    card = CardFactory()
    cart = gone(cart_with({CardFactory(): 1}))
    client = browser_of(cart)
    add = reverse("orders:add_card", args=[card.slug])

    with transaction.atomic():
        assert run() == (1, 1, 0)
        waiting = begin_elsewhere(lambda: client.post(add, {"quantity": 3}))
        wait_until_somebody_waits_for_us()
    response = waiting.result(timeout=LONG_ENOUGH_SECONDS)

    assert response.status_code == 302
    assert Order.objects.get().guest != cart.guest
    assert client.get(reverse("orders:cart")).context["page"].copies == 3


@pytest.mark.django_db(transaction=True)
def test_a_purge_between_finding_the_guest_and_the_cart_finds_the_guest_seen(monkeypatch):
    card = CardFactory()
    cart = gone(cart_with({card: 1}))
    client = browser_of(cart)
    came = []
    once_after(monkeypatch, owners, "guest_of", lambda: came.append(elsewhere(run)))

    client.post(reverse("orders:add_card", args=[card.slug]), {"quantity": 3})

    assert came == [(0, 0, 0)]
    assert cart.order_cards.get().quantity == 4


@pytest.mark.django_db(transaction=True)
def test_negative_control_a_guest_who_is_not_touched_loses_the_cart(monkeypatch):
    card = CardFactory()
    cart = gone(cart_with({card: 1}))
    client = browser_of(cart)
    monkeypatch.setattr(guests, "touch", lambda guest, now: True)

    client.get(reverse("orders:cart"))
    run()

    assert not Order.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_purges_at_once_delete_each_cart_once():
    many(60)

    ends = at_the_same_moment(*(lambda: run(at_once=7) for _ in range(3)))

    assert not Order.objects.exists()
    assert not Guest.objects.exists()
    assert sum(end[0] for end in ends) == sum(end[1] for end in ends) == 60


# --- the command and the tasks ----------------------------------------------------------------------------


def test_the_command_says_what_it_did():
    gone(cart_with({CardFactory(): 1}))
    gone(payment_of(CartFactory(), PaymentStatus.VOIDED, payment_method="pm_1").order)
    out = StringIO()

    call_command("purge_carts", stdout=out)

    assert out.getvalue().splitlines() == [
        "deleted carts 1",
        "deleted guests 1",
        "kept until their hold has ended 1",
        "deleted changes 0",
    ]


def test_the_tasks_purge_carts_and_ended_sessions(client):
    gone(cart_with({CardFactory(): 1}))
    client.post(reverse("orders:add_card", args=[CardFactory().slug]), {"quantity": 1})
    alive, ended = client.session, Client().session
    ended["anything"] = "of long ago"
    ended.set_expiry(timezone.now() - timedelta(days=1))
    ended.save()

    assert tasks.purge_carts() == {"carts": 1, "guests": 1, "carts_kept": 0}
    tasks.clear_sessions()

    assert Session.objects.get().session_key == alive.session_key
    assert guest_of(alive) is not None
    assert SESSION_KEY in alive
