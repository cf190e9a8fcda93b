"""Carts and orders that follow the customer through allauth's sign-in form, on one device and on another."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.guests import SESSION_KEY
from accounts.models import User
from orders.cart import cart_of
from orders.models import Order, Payment, PaymentStatus
from orders.owners import Owner
from orders.sign_in import give_to_user
from orders.states import Status
from tests.devices import PASSWORD, add, shown, sign_in
from tests.factories import CardFactory, CartFactory, GuestFactory, UserFactory, cart_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tries_counted_alone")]


def link_in_mail() -> str:
    """The path of the link in the last e-mail."""
    return re.findall(r"https?://[^/]+(/\S+)", mail.outbox[-1].body)[0]


def guest_client(cart: Order) -> Client:
    """The browser of the guest whose cart (or order) this is."""
    client = Client()
    session = client.session
    session[SESSION_KEY] = str(cart.guest.pk)
    session.save()
    return client


def placed(status: Status) -> Order:
    """A guest's order in that status, with the address player@example.org."""
    order = cart_with({CardFactory(): 1})
    queued_at = timezone.now() if status == Status.PENDING else None
    Order.objects.filter(pk=order.pk).update(status=status, authorized_at=timezone.now(), queued_at=queued_at)
    order.refresh_from_db()
    return order


# --- the cart ---------------------------------------------------------------------------------------------


def test_the_guests_cart_becomes_the_customers(client):
    user, card = UserFactory(), CardFactory()
    add(client, card, 3)

    sign_in(client, user)

    assert shown(client) == {card.name: 3}
    order = Order.objects.get()
    assert (order.user, order.guest) == (user, None)


def test_signing_in_adds_the_guests_cart_to_the_customers(client):
    user, both, own, new = UserFactory(), CardFactory(), CardFactory(), CardFactory()
    kept = cart_with({both: 2, own: 1}, user=user)
    add(client, both, 1)
    add(client, new, 4)

    sign_in(client, user)

    assert shown(client) == {both.name: 3, own.name: 1, new.name: 4}
    assert Order.objects.get() == kept


def test_the_guest_is_forgotten_by_the_session(client):
    add(client, CardFactory())

    sign_in(client, UserFactory())

    assert SESSION_KEY not in client.session


def test_a_guest_who_emptied_the_cart_leaves_the_customers_as_it_is(client):
    user, card, regretted = UserFactory(), CardFactory(), CardFactory()
    cart_with({card: 2}, user=user)
    add(client, regretted)
    line = Order.objects.get(user=None).order_cards.get()
    client.post(reverse("orders:update_line", args=[line.pk]), {"remove": "1"})

    sign_in(client, user)

    assert shown(client) == {card.name: 2}
    assert Order.objects.count() == 1


def test_a_visitor_without_a_cart_finds_the_customers_as_it_was(client):
    user, card = UserFactory(), CardFactory()
    cart_with({card: 2}, user=user)

    sign_in(client, user)

    assert shown(client) == {card.name: 2}


def test_the_cart_is_the_same_on_a_second_device(client):
    user, first, second = UserFactory(), CardFactory(), CardFactory()
    other_device = Client()
    sign_in(client, user)
    sign_in(other_device, user)

    add(client, first, 2)
    add(other_device, second, 1)

    assert shown(client) == shown(other_device) == {first.name: 2, second.name: 1}


def test_signing_out_leaves_the_cart_with_the_customer(client):
    user, card = UserFactory(), CardFactory()
    sign_in(client, user)
    add(client, card, 2)

    client.post(reverse("account_logout"))

    assert shown(client) == {}
    sign_in(client, user)
    assert shown(client) == {card.name: 2}


def test_the_next_person_at_the_device_does_not_get_the_cart_of_the_one_before(client):
    first, second, card = UserFactory(), UserFactory(), CardFactory()
    add(client, card, 2)
    sign_in(client, first)
    client.post(reverse("account_logout"))

    sign_in(client, second)

    assert shown(client) == {}
    assert Order.objects.get(order_cards__card=card).user == first


def test_a_wrong_password_leaves_the_guests_cart_with_the_guest(client):
    user, card = UserFactory(), CardFactory()
    add(client, card, 2)

    client.post(reverse("account_login"), {"login": user.email, "password": "wrong"})

    assert shown(client) == {card.name: 2}
    assert Order.objects.get().user is None


def test_making_an_account_takes_the_cart_along(client):
    """The address is to be confirmed first; until then the cart is in the browser, where it was."""
    card = CardFactory()
    add(client, card, 2)

    client.post(
        reverse("account_signup"),
        {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD},
    )
    assert shown(client) == {card.name: 2}
    assert Order.objects.get().user is None
    client.post(link_in_mail())

    assert shown(client) == {card.name: 2}
    assert Order.objects.get().user == User.objects.get(email="new@example.org")


def test_signing_in_with_a_failed_payment_on_the_guests_cart_works(client):
    user = UserFactory()
    cart = cart_with({CardFactory(name="Lightning Bolt"): 1})
    client = guest_client(cart)
    Payment.objects.create(order=cart, amount_cents=500, currency="eur", status=PaymentStatus.FAILED)

    sign_in(client, user)

    assert shown(client) == {"Lightning Bolt": 1}


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_to_no_other_site(client, target):
    user = UserFactory()

    response = client.post(
        reverse("account_login"), {"login": user.email, "password": PASSWORD, "next": target}
    )

    assert "evil" not in response.get("Location", "")
    assert "javascript" not in response.get("Location", "")


# --- orders -----------------------------------------------------------------------------------------------


def test_an_order_that_waits_for_an_answer_is_handed_over_whatever_its_address():
    user = UserFactory(email="somebody.else@example.org")
    order = placed(Status.CONFIRMING)
    client = guest_client(order)

    sign_in(client, user)

    order.refresh_from_db()
    assert (order.user, order.guest) == (user, None)
    assert client.get(reverse("orders:shortfall")).context["page"].order == order


@pytest.mark.parametrize("status", [Status.PENDING, Status.OPEN, Status.DISPATCHED, Status.RETURNED])
def test_orders_with_the_same_address_are_handed_over(status):
    user = UserFactory(email="pat@example.org")
    order = placed(status)
    Order.objects.update(email="Pat@Example.ORG")

    sign_in(guest_client(order), user)

    order.refresh_from_db()
    assert (order.user, order.guest) == (user, None)


@pytest.mark.parametrize("status", [Status.PENDING, Status.OPEN, Status.DISPATCHED, Status.RETURNED])
def test_orders_with_another_address_stay_with_the_guest(status):
    order = placed(status)
    client = guest_client(order)

    sign_in(client, UserFactory(email="the.next.person@example.org"))

    order.refresh_from_db()
    assert order.user is None
    assert client.get(order.get_absolute_url()).status_code == 404
    assert client.get(reverse("orders:list")).context["list"].groups == []


def test_orders_of_other_guests_with_an_address_that_is_not_confirmed_stay_with_them(client):
    user = UserFactory(email="player@example.org", confirmed=False)
    order = placed(Status.OPEN)

    client.force_login(user)

    order.refresh_from_db()
    assert order.user is None


def test_a_cart_is_merged_and_not_handed_over_beside_the_customers_own():
    user = UserFactory(email="player@example.org")
    card, other = CardFactory(), CardFactory()
    cart = cart_with({card: 1})
    own = cart_with({other: 1}, user=user)

    give_to_user(guest=cart.guest, user=user)

    assert list(Order.objects.all()) == [own]
    assert own.demand() == {card.pk: 1, other.pk: 1}


def test_a_guest_without_anything_makes_no_cart_for_the_customer():
    user = UserFactory()

    give_to_user(guest=GuestFactory(), user=user)

    assert cart_of(Owner(user=user)) is None


def test_the_guests_cart_is_gone_afterwards():
    guest, user = GuestFactory(), UserFactory()
    CartFactory(guest=guest)

    give_to_user(guest=guest, user=user)

    assert not Order.objects.filter(guest=guest).exists()
