"""Guest records and carts: with the first card, not with the first visit."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.urls import reverse

from accounts.guests import SESSION_KEY, forget_guest, guest_of, make_guest_of
from accounts.models import Guest
from orders.models import Order
from tests.factories import CardFactory, UserFactory, stocked_card, template_deck

pytestmark = pytest.mark.django_db


def add(client: Client, card, **fields):
    return client.post(reverse("orders:add_card", args=[card.slug]), fields)


# --- the record behind a session --------------------------------------------------------------------------


def test_a_session_has_no_guest_at_first():
    assert guest_of(SessionStore()) is None


def test_a_session_keeps_its_guest():
    session = SessionStore()

    guest = make_guest_of(session)

    assert make_guest_of(session) == guest == guest_of(session)
    assert Guest.objects.get() == guest


@pytest.mark.parametrize("remembered", ["", "nonsense", "\x00", "66f3d35b-b248-41d9-a934-afab5cb30eda"])
def test_a_session_that_remembers_nobody_known_has_no_guest(remembered):
    session = SessionStore()
    session[SESSION_KEY] = remembered

    assert guest_of(session) is None


def test_a_guest_whose_record_was_purged_gets_a_new_one():
    session = SessionStore()
    purged = make_guest_of(session)
    Guest.objects.all().delete()

    assert make_guest_of(session) != purged
    assert Guest.objects.count() == 1


def test_a_forgotten_guest_is_kept_in_the_books():
    session = SessionStore()
    make_guest_of(session)

    forget_guest(session)
    forget_guest(session)

    assert guest_of(session) is None
    assert Guest.objects.count() == 1


# --- in the browser ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "home",
        "inventory:cards",
        "inventory:decks",
        "orders:cart",
        "orders:list",
        "orders:shortfall",
        "account_login",
    ],
)
def test_looking_around_makes_no_guest_and_no_cart(client, address):
    client.get(reverse(address), follow=True)

    assert not Guest.objects.exists()
    assert not Order.objects.exists()


def test_looking_at_a_card_and_a_deck_makes_no_guest_and_no_cart(client):
    card = stocked_card(4)
    client.get(card.get_absolute_url())
    client.get(template_deck({card: 4}).get_absolute_url())

    assert not Guest.objects.exists()
    assert not Order.objects.exists()


@pytest.mark.parametrize("address", ["orders:shipping", "orders:payment"])
def test_the_checkout_without_a_cart_makes_none(client, address):
    client.get(reverse(address), follow=True)
    client.post(reverse(address), follow=True)

    assert not Guest.objects.exists()
    assert not Order.objects.exists()


def test_the_first_card_makes_the_guest_and_the_cart(client):
    card = stocked_card(4)

    add(client, card, quantity="3")

    order = Order.objects.get()
    assert order.guest == Guest.objects.get()
    assert order.order_cards.get().quantity == 3
    assert client.session[SESSION_KEY] == str(order.guest.pk)


def test_the_second_card_goes_into_the_same_cart(client):
    add(client, stocked_card(4))
    add(client, stocked_card(4))

    assert Guest.objects.count() == 1
    assert Order.objects.get().order_cards.count() == 2


def test_two_browsers_are_two_guests_with_a_cart_each():
    card, first, second = stocked_card(4), Client(), Client()

    add(first, card, quantity="1")
    add(second, card, quantity="2")

    assert Order.objects.count() == Guest.objects.count() == 2
    assert first.get(reverse("orders:cart")).context["page"].copies == 1
    assert second.get(reverse("orders:cart")).context["page"].copies == 2


def test_a_first_quick_add_that_knows_no_card_makes_no_guest_and_no_cart(client):
    client.post(reverse("orders:quick_add"), {"cards": "4 Qqqq"})

    assert not Guest.objects.exists()
    assert not Order.objects.exists()


def test_a_first_deck_that_is_not_offered_makes_no_guest_and_no_cart(client):
    deck = template_deck({stocked_card(4): 4}, published=False)

    client.post(reverse("orders:add_deck", args=[deck.slug]))

    assert not Guest.objects.exists()
    assert not Order.objects.exists()


@pytest.mark.parametrize("quantity", ["0", "-1", "1000000000", "abc"])
def test_a_first_card_that_is_refused_makes_no_guest_and_no_cart(client, quantity):
    add(client, stocked_card(4), quantity=quantity)

    assert not Guest.objects.exists()
    assert not Order.objects.exists()


def test_a_signed_in_customer_needs_no_guest(client):
    user = UserFactory()
    client.force_login(user)

    add(client, CardFactory())

    assert Order.objects.get().user == user
    assert not Guest.objects.exists()
