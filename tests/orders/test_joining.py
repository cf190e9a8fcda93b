"""A guest's orders become the account's when the same address is confirmed, whichever browser they came from."""

import threading

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from orders.cart import cart_of
from orders.models import Order, Payment, PaymentCustomer, PaymentStatus
from orders.owners import Owner
from orders.sign_in import join_guest_orders
from orders.states import Status
from tests.devices import PASSWORD, sign_in
from tests.factories import CardFactory, UserFactory, cart_with
from tests.orders.test_sign_in import guest_client, link_in_mail, placed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tries_counted_alone")]


def sign_up(client: Client, email: str) -> None:
    client.post(reverse("account_signup"), {"email": email, "password1": PASSWORD, "password2": PASSWORD})


def owners() -> set[User | None]:
    return {order.user for order in Order.objects.select_related("user")}


@pytest.mark.parametrize(
    "status", [Status.PENDING, Status.OPEN, Status.DISPATCHED, Status.RETURNED, Status.CANCELLED]
)
def test_orders_of_any_browser_join_when_the_address_is_confirmed(client, status):
    order = placed(status)
    Order.objects.update(email="Pat@Example.ORG")
    sign_up(client, "pat@example.org")
    assert owners() == {None}

    client.post(link_in_mail())

    assert owners() == {User.objects.get(email="pat@example.org")}
    groups = client.get(reverse("orders:list")).context["list"].groups
    assert [row.order for _, rows in groups for row in rows] == [order]


def test_the_order_and_its_page_go_with_the_account_to_another_device(client):
    order = placed(Status.OPEN)
    user = UserFactory(email="player@example.org")

    sign_in(client, user)

    assert client.get(order.get_absolute_url()).status_code == 200
    order.refresh_from_db()
    assert (order.user, order.guest) == (user, None)


def test_who_signs_in_is_told_which_orders_joined(client):
    order = placed(Status.OPEN)

    sign_in(client, UserFactory(email="player@example.org"))

    said = f"Order {order.number} is among the orders of your account now."
    assert said in client.get(reverse("home")).content.decode()


def test_who_confirms_the_address_is_told_which_orders_joined(client):
    orders = [placed(Status.OPEN) for _ in range(9)]
    sign_up(client, "player@example.org")

    client.post(link_in_mail())

    named = ", ".join(order.number for order in orders[:8])
    said = f"Orders {named} and 1 more are among the orders of your account now."
    assert said in client.get(reverse("home")).content.decode()


def test_the_browser_that_ordered_is_told_where_the_order_is_now(client):
    order = placed(Status.OPEN)
    browser = guest_client(order)
    sign_in(client, UserFactory(email="player@example.org"))

    gone, empty = browser.get(order.get_absolute_url()), browser.get(reverse("orders:list"))

    assert gone.status_code == 404
    for page in (gone, empty):
        assert "with the e-mail address of an account" in page.content.decode().lower()
        assert f'href="{reverse("orders:find")}"' in page.content.decode()


def test_orders_with_another_address_do_not_join(client):
    placed(Status.OPEN)

    sign_in(client, UserFactory(email="player@example.org.uk"))

    assert owners() == {None}


def test_an_address_that_merely_looks_alike_does_not_join(client):
    placed(Status.OPEN)
    Order.objects.update(email="pl_yer@example.org")

    sign_in(client, UserFactory(email="player@example.org"))

    assert owners() == {None}


def test_an_address_that_was_added_and_not_confirmed_joins_nothing():
    placed(Status.OPEN)
    user = UserFactory(email="other@example.org")
    EmailAddress.objects.create(user=user, email="player@example.org", verified=False)

    assert join_guest_orders(user=user) == ()
    assert owners() == {None}


@pytest.mark.parametrize("status", [Status.CART, Status.CONFIRMING])
def test_what_another_browser_has_not_placed_yet_stays_there(client, status):
    order = cart_with({CardFactory(): 1}) if status == Status.CART else placed(status)
    user = UserFactory(email="player@example.org")

    sign_in(client, user)

    order.refresh_from_db()
    assert order.user is None
    assert cart_of(Owner(user=user)) is None


def test_joining_twice_changes_nothing():
    order = placed(Status.OPEN)
    user = UserFactory(email="player@example.org")

    assert join_guest_orders(user=user) == (order.number,)
    assert join_guest_orders(user=user) == ()


def test_what_is_another_customers_stays_theirs():
    other = UserFactory()
    order = cart_with({CardFactory(): 1}, user=other)
    Order.objects.filter(pk=order.pk).update(status=Status.OPEN, authorized_at=timezone.now())

    join_guest_orders(user=UserFactory(email="player@example.org"))

    assert owners() == {other}


def test_the_card_that_the_guest_left_stays_with_the_payment():
    """Renewals and fees charge it: tests/payments has them."""
    order = placed(Status.OPEN)
    known = PaymentCustomer.objects.create(guest=order.guest, stripe_id="cus_guest")
    payment = Payment.objects.create(
        order=order,
        amount_cents=500,
        currency="eur",
        status=PaymentStatus.AUTHORIZED,
        customer=known,
        payment_method="pm_guest",
    )

    join_guest_orders(user=UserFactory(email="player@example.org"))

    payment.refresh_from_db()
    assert (payment.customer, payment.payment_method) == (known, "pm_guest")


@pytest.mark.django_db(transaction=True)
def test_two_devices_that_sign_in_at_once_join_each_order_once():
    for _ in range(6):
        placed(Status.OPEN)
    user = UserFactory(email="player@example.org")
    joined: list[int] = []
    together = threading.Barrier(4)

    def join() -> None:
        together.wait()
        joined.append(len(join_guest_orders(user=user)))
        connection.close()

    threads = [threading.Thread(target=join) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(joined) == 6
    assert owners() == {user}


def test_joining_takes_as_many_queries_for_a_hundred_orders_as_for_one(django_assert_num_queries):
    user = UserFactory(email="player@example.org")
    placed(Status.OPEN)
    with django_assert_num_queries(5):  # addresses, and inside a savepoint: the lock, the update
        join_guest_orders(user=user)
    for _ in range(100):
        placed(Status.OPEN)
    with django_assert_num_queries(5):
        assert len(join_guest_orders(user=user)) == 100
