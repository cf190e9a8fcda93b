"""The scenarios of how a cart follows its customer, step by step, through the pages: a browser for each device.

Where the description asks a question (????), the design answers it, and the answer is an assertion here. What the
description calls a created order is the cart, and submitting it makes it open (or pending, where cards are short).
"""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.guests import SESSION_KEY
from accounts.models import Guest
from inventory.models import Card, Zone
from orders.cart import cart_of
from orders.lines import lines_of, quote_of
from orders.models import Order, OrderCard
from orders.owners import Owner
from orders.states import Status
from tests.devices import PASSWORD, add, shown, sign_in
from tests.factories import (
    TODAY,
    CardFactory,
    PrintingFactory,
    ShippingMethodFactory,
    UserFactory,
    cart_with,
    stocked_card,
    template_deck,
)
from tests.orders.test_views import messages_of
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tries_counted_alone")]

FRIDAY = TODAY + timedelta(days=14 + (4 - TODAY.weekday()) % 7)


@pytest.fixture(autouse=True)
def _ways_of_shipping() -> None:
    ShippingMethodFactory()


# --- what somebody does in a browser ----------------------------------------------------------------------


def remove(device: Client, card: Card) -> HttpResponse:
    page = device.get(reverse("orders:cart")).context["page"]
    line = next(line.line for line in page.lines if line.line.card == card)
    return device.post(reverse("orders:update_line", args=[line.pk]), {"remove": "1"})


def sign_out(device: Client) -> None:
    device.post(reverse("account_logout"))


def input_address(device: Client, **fields: Any) -> HttpResponse:
    form = {
        "first_day": FRIDAY.isoformat(),
        "last_day": (FRIDAY + timedelta(days=2)).isoformat(),
        "shipping_method": "standard",
        "email": "player@example.org",
        "name": "Pat Player",
        "street": "1 Card Lane",
        "postcode": "10115",
        "city": "Berlin",
        "country": "Germany",
    }
    response = device.post(reverse("orders:shipping"), form | fields)
    assert response.status_code == 302, response.content.decode()
    return response


def submit(device: Client, sandbox: Sandbox) -> str:
    """Pays on the payment page as it stands; returns where the page goes on."""
    page = device.get(reverse("orders:payment"))
    assert page.status_code == 200, messages_of(page)
    action = re.search(r'id="payment" method="post" action="([^"]+)"', page.content.decode())
    assert action is not None
    answer = device.post(
        action[1],
        {
            "confirmation_token": sandbox.confirmation_token(),
            "total_cents": page.context["page"].quote.total_cents,
        },
    )
    assert answer.json()["status"] == "done", answer.json()
    return answer.json()["url"]


def written_lines(order: Order) -> list[tuple[Any, ...]]:
    lines = order.order_cards.order_by("pk")
    return list(lines.values_list("card", "zone", "preferred_printing", "quantity"))


# --- the four scenarios -----------------------------------------------------------------------------------


def test_user_never_logs_in(sandbox):
    first, second, third = (stocked_card(4) for _ in range(3))
    device = Client()

    # A user loads the website. The user now has a cookie on the browser and a session in the server: the cookie is
    # the one of the forms; a session is made with the first card, and nobody who only looks is written down.
    device.get(reverse("home"))
    device.get(first.get_absolute_url())
    assert not Session.objects.exists()
    assert not Guest.objects.exists()

    # The user clicks 'Add to Cart' on a product.
    response = add(device, first)

    # The session is stored in our database; it doesn't have a user ID.
    assert Session.objects.count() == 1
    assert "_auth_user_id" not in device.session

    # An order is created in the database. It has a status of 'Created' and one associated orderItem.
    order = Order.objects.get()
    assert order.status == Status.CART
    assert order.order_cards.get().card == first

    # The order is associated with the session ID in the request.
    assert (order.user, str(order.guest.pk)) == (None, device.session[SESSION_KEY])

    # The user is notified of this.
    assert messages_of(response) == [f"Added 1 × {first.name} to your cart."]

    # The user adds another 'orderItem' to their cart. The server checks if there are any orders associated to the
    # current session, and associates a newly created orderItem to that order.
    response = add(device, second, 2)
    assert Order.objects.get() == order
    assert order.demand() == {first.pk: 1, second.pk: 2}

    # The user receives confirmation of this.
    assert f"Added 2 × {second.name} to your cart." in messages_of(response)

    # The user clicks CHECK OUT button. The server returns the order and all associated order items.
    add(device, third)
    page = device.get(reverse("orders:shipping")).context["page"]
    assert page.order == order
    assert {line.line.card for line in page.lines} == {first, second, third}

    # The user reviews their order, inputs address, and updates or deletes line items.
    input_address(device)
    device.post(
        reverse("orders:update_line", args=[order.order_cards.get(card=second).pk]), {"quantity": "3"}
    )
    remove(device, third)
    assert shown(device) == {first.name: 1, second.name: 3}

    # The user clicks SUBMIT. The server changes the order status to 'Processing'.
    assert submit(device, sandbox) == order.get_absolute_url()
    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert order.demand() == {first.pk: 1, second.pk: 3}

    # A submitted order leaves a new, empty cart behind it, and its page stays with this browser.
    assert shown(device) == {}
    assert device.get(order.get_absolute_url()).status_code == 200
    assert order.user is None


def test_user_logs_in_with_stuff_in_their_cart(sandbox):
    user = UserFactory()
    of_last_time, both, first, second = (stocked_card(9) for _ in range(4))
    device = Client()
    sign_in(device, user)
    add(device, of_last_time)
    add(device, both, 2)
    users_cart = Order.objects.get()

    # A user loads the website after having logged out. The session doesn't have a user ID.
    sign_out(device)
    device.get(reverse("home"))
    assert "_auth_user_id" not in device.session

    # The user clicks 'Add to Cart' on a product. An order is created, associated with the session.
    response = add(device, first)
    add(device, both, 3)
    guests_cart = Order.objects.exclude(pk=users_cart.pk).get()
    assert (guests_cart.status, guests_cart.user) == (Status.CART, None)

    # The user is notified of this.
    assert f"Added 1 × {first.name} to your cart." in messages_of(response)

    # The user remembers they have an account and proceeds to log in.
    key_before = device.session.session_key
    said = messages_of(sign_in(device, user))

    # The session now has a userID associated with it????  Yes, under a new key, and it knows of no guest any more.
    assert device.session["_auth_user_id"] == str(user.pk)
    assert SESSION_KEY not in device.session
    assert not Session.objects.filter(session_key=key_before).exists()

    # The server checks if there are any 'Created' orders associated with the current session. A user can only have
    # one 'Created' order a.k.a. a cart.
    assert Order.objects.get(status=Status.CART) == users_cart

    # The most recent order takes precedence???? The 'Created' order takes precedence????  Neither: both are one now,
    # and equal lines add up.
    assert shown(device) == {of_last_time.name: 1, both.name: 5, first.name: 1}

    # If needed, the server updates the userID associated with the order associated to the session.????  Its lines
    # have moved, and the guest's cart is gone; the customer is told.
    assert not Order.objects.filter(pk=guests_cart.pk).exists()
    assert "4 cards from before you signed in are in your cart." in said

    # The user adds another 'orderItem' to their cart. The server associates it to the 'Created' order.
    response = add(device, second)
    assert users_cart.order_cards.filter(card=second).exists()

    # The user receives confirmation of this.
    assert f"Added 1 × {second.name} to your cart." in messages_of(response)

    # The user clicks CHECK OUT. The server returns the 'Created' order and all associated order items.
    page = device.get(reverse("orders:shipping")).context["page"]
    assert page.order == users_cart
    assert {line.line.card for line in page.lines} == {of_last_time, both, first, second}

    # The user reviews their order, inputs address, and updates or deletes line items.
    input_address(device)
    remove(device, of_last_time)

    # The user clicks SUBMIT. The server changes the order status to 'Processing'.
    submit(device, sandbox)
    users_cart.refresh_from_db()
    assert (users_cart.status, users_cart.user) == (Status.OPEN, user)
    assert users_cart.demand() == {both.pk: 5, first.pk: 1, second.pk: 1}
    assert shown(device) == {}


def test_user_logs_in_from_a_different_device_before_shopping(sandbox):
    user = UserFactory()
    at_home, on_the_way, later = (stocked_card(4) for _ in range(3))
    browser, phone = Client(), Client()
    sign_in(browser, user)
    add(browser, at_home, 2)

    # The user logs in from a different device. The device has a different cookie than the user's browser. The session
    # has a userID associated with it.
    said = messages_of(sign_in(phone, user))
    assert phone.session.session_key != browser.session.session_key
    assert phone.session["_auth_user_id"] == str(user.pk)
    assert not [text for text in said if "before you signed in" in text]

    # The user has two sessions simultaneously????  Yes: both stay signed in, and share one cart.
    assert browser.get(reverse("orders:cart")).wsgi_request.user == user
    assert Session.objects.count() == 2

    # The server checks if there are any 'Created' orders associated with the user. The user checks their cart and
    # sees orderItems listed in it.
    assert shown(phone) == {at_home.name: 2}

    # The user adds another item to cart. The server associates the new orderItem to the 'Created' order.
    add(phone, on_the_way)
    order = Order.objects.get()
    assert shown(browser) == shown(phone) == {at_home.name: 2, on_the_way.name: 1}

    # The user proceeds to check out as usual.
    input_address(phone)
    submit(phone, sandbox)
    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert browser.get(order.get_absolute_url()).status_code == 200

    # Since the status of the order changes, the next cart click creates another 'Created' order: on either device.
    assert shown(browser) == shown(phone) == {}
    add(browser, later)
    assert Order.objects.get(status=Status.CART) != order
    assert shown(phone) == {later.name: 1}
    assert order.demand() == {at_home.pk: 2, on_the_way.pk: 1}


def test_user_creates_an_order_deletes_order_items_logs_out_returns_to_create_new_order():
    user = UserFactory()
    regretted, wanted, of_the_guest, more = (stocked_card(4) for _ in range(4))
    device = Client()
    sign_in(device, user)

    # The user has an order with orderItems. When the user deletes an orderItem, a DELETE request goes to the server.
    add(device, regretted)
    order = Order.objects.get()
    remove(device, regretted)
    assert shown(device) == {}

    # When the order is empty, is it also deleted????  No: the 'Created' order remains but with zero associated
    # orderItems.
    assert Order.objects.get() == order
    assert not order.order_cards.exists()

    # Next time the user logs in and adds to cart, orderItems are associated to this order.
    sign_out(device)
    sign_in(device, user)
    add(device, wanted)
    assert order.order_cards.get().card == wanted
    remove(device, wanted)

    # If the user logs out and makes a cart, this cart may be potentially replaced by an empty cart, since the
    # 'Created' orders with a userID take precedence.  It is not: the filled one survives.
    sign_out(device)
    assert shown(device) == {}
    add(device, of_the_guest, 3)
    sign_in(device, user)
    assert shown(device) == {of_the_guest.name: 3}
    assert Order.objects.get() == order

    # Nor the other way round: an empty cart of a guest replaces no filled one.
    sign_out(device)
    add(device, more)
    remove(device, more)
    sign_in(device, user)
    assert shown(device) == {of_the_guest.name: 3}
    assert Order.objects.get() == order


# --- a guest's cart is found or made by the session -------------------------------------------------------


def test_browsing_makes_neither_a_session_nor_a_guest_nor_a_cart():
    card = stocked_card(4)
    deck = template_deck({card: 4})
    device = Client()

    for address in (
        reverse("home"),
        reverse("inventory:cards"),
        reverse("inventory:cards") + "?q=card",
        card.get_absolute_url(),
        deck.get_absolute_url(),
        reverse("inventory:decks"),
        reverse("orders:cart"),
        reverse("orders:deck_list"),
        reverse("orders:list"),
        reverse("account_login"),
        reverse("account_signup"),
    ):
        assert device.get(address).status_code == 200, address
        assert "sessionid" not in device.cookies, address

    assert not Session.objects.exists()
    assert not Guest.objects.exists()
    assert not Order.objects.exists()


def test_a_session_finds_the_cart_that_it_made():
    device, card = Client(), CardFactory()

    for _ in range(3):
        add(device, card)

    assert Order.objects.get().order_cards.get().quantity == 3
    assert Guest.objects.count() == Session.objects.count() == 1


def test_the_lines_of_the_guests_cart_move_at_sign_in_as_they_are():
    device, user, card = Client(), UserFactory(), CardFactory()
    printing = PrintingFactory(card=card)
    add(device, card, 2, zone=Zone.SIDEBOARD, preferred_printing=printing.pk)
    line = OrderCard.objects.get()

    sign_in(device, user)

    moved = OrderCard.objects.get()
    assert moved.order.user == user
    for field in ("pk", "card_id", "quantity", "zone", "preferred_printing_id", "added_at"):
        assert getattr(moved, field) == getattr(line, field), field


# --- equal lines add up, and all are bought together ------------------------------------------------------


def test_equal_lines_add_up_and_differing_ones_stand_apart():
    device, card = Client(), CardFactory()
    printing = PrintingFactory(card=card)

    for fields in ({}, {"zone": Zone.SIDEBOARD}, {"preferred_printing": printing.pk}):
        add(device, card, 1, **fields)
        add(device, card, 2, **fields)

    lines = OrderCard.objects.values_list("zone", "preferred_printing", "quantity")
    assert sorted(lines, key=str) == sorted(
        [(Zone.MAIN, None, 3), (Zone.SIDEBOARD, None, 3), (Zone.MAIN, printing.pk, 3)], key=str
    )


def test_when_the_customer_purchases_all_lines_of_the_cart_are_aggregated(sandbox):
    device, card, other = Client(), stocked_card(9), stocked_card(9)
    printing = PrintingFactory(card=card, value_cents=2_000)
    add(device, card, 2)
    add(device, card, 1, zone=Zone.SIDEBOARD)
    add(device, card, 1, preferred_printing=printing.pk)
    add(device, other, 4)
    cart = Order.objects.get()
    lines = written_lines(cart)
    input_address(device)
    cart.refresh_from_db()
    quoted = quote_of(cart, lines_of(cart))
    rent = sum(line.quantity * line.rent_cents for line in lines_of(cart))

    submit(device, sandbox)

    order = Order.objects.get(pk=cart.pk)
    assert order.status == Status.OPEN
    assert written_lines(order) == lines
    assert order.demand() == {card.pk: 4, other.pk: 4}
    assert (order.total_cents, order.cards_cents) == (quoted.total_cents, quoted.cards_cents)
    assert order.cards_cents >= rent * 3  # days
    reserved = {line.reservation.card_id: line.reservation.quantity for line in order.order_cards.all()}
    assert reserved == {card.pk: 4, other.pk: 4}


def test_the_session_is_cleared_of_the_cart_once_it_is_an_order(sandbox):
    device, card = Client(), stocked_card(9)
    add(device, card)
    input_address(device)
    submit(device, sandbox)
    order = Order.objects.get()

    assert shown(device) == {}
    assert device.get(reverse("orders:cart")).context["cart_copies"] == 0
    add(device, card, 2)

    assert Order.objects.get(status=Status.CART) != order
    assert shown(device) == {card.name: 2}
    assert order.order_cards.get().quantity == 1


def test_signing_out_leaves_no_trace_for_the_next_visitor_of_a_shared_computer(sandbox):
    device, user, card = Client(), UserFactory(), stocked_card(9)
    add(device, card)
    device.post(reverse("orders:quick_add"), {"cards": "4 Qqqq of mine"})
    sign_in(device, user)
    input_address(device)
    submit(device, sandbox)
    add(device, card, 3)
    order = Order.objects.exclude(status=Status.CART).get()
    key = device.session.session_key

    sign_out(device)

    assert not Session.objects.filter(session_key=key).exists()
    assert not device.session.items()
    assert shown(device) == {}
    pages = [device.get(reverse(name)) for name in ("home", "orders:cart", "orders:list")]
    pages.append(device.get(order.get_absolute_url()))
    assert pages[-1].status_code == 404
    for page in pages:
        for trace in (order.number, user.email, "Qqqq of mine", "Card Lane", card.name):
            assert trace not in page.content.decode(), (page.request["PATH_INFO"], trace)
    # What the next visitor adds is theirs alone.
    add(device, stocked_card(1))
    assert Order.objects.get(user=None).guest is not None
    assert cart_of(Owner(user=user)).order_cards.get().quantity == 3


# --- what signing in tells --------------------------------------------------------------------------------


def test_signing_in_tells_of_one_card():
    device, user = Client(), UserFactory()
    add(device, CardFactory())

    assert "1 card from before you signed in is in your cart." in messages_of(sign_in(device, user))


def test_signing_in_tells_of_the_days_that_were_taken_over():
    device, user, card = Client(), UserFactory(), stocked_card(4)
    cart_with({card: 1}, user=user, first_day=TODAY + timedelta(days=60))
    add(device, card, 3)
    input_address(device)

    said = messages_of(sign_in(device, user))

    cart = Order.objects.get()
    assert cart.first_day == FRIDAY
    days = f"{FRIDAY:%-d %B %Y} to {FRIDAY + timedelta(days=2):%-d %B %Y}"
    assert (
        f"3 cards from before you signed in are in your cart, with the days you chose then: {days}." in said
    )


def test_signing_in_tells_of_days_alone():
    device, user, card = Client(), UserFactory(), stocked_card(4)
    add(device, card)
    input_address(device)
    remove(device, card)

    days = f"{FRIDAY:%-d %B %Y} to {FRIDAY + timedelta(days=2):%-d %B %Y}"
    assert f"Your cart has the days you chose before you signed in: {days}." in messages_of(
        sign_in(device, user)
    )


def test_signing_in_tells_what_did_not_fit():
    device, user, card = Client(), UserFactory(), CardFactory(name="Lightning Bolt")
    cart_with({card: 248}, user=user)
    add(device, card, 5)

    said = messages_of(sign_in(device, user))

    assert "2 cards from before you signed in are in your cart." in said
    assert (
        "A line has at most 250 copies. Of what you brought along this did not fit: 3 Lightning Bolt." in said
    )
    assert shown(device) == {"Lightning Bolt": 250}


def test_signing_in_tells_of_orders_that_come_along(sandbox):
    device, user, card = Client(), UserFactory(email="player@example.org"), stocked_card(4)
    add(device, card)
    input_address(device)
    submit(device, sandbox)
    order = Order.objects.get()

    said = messages_of(sign_in(device, user))

    assert f"Order {order.number} is among the orders of your account now." in said
    assert not [text for text in said if "in your cart" in text]


def test_signing_in_with_nothing_tells_nothing_of_a_cart():
    device, user = Client(), UserFactory()

    assert not [text for text in messages_of(sign_in(device, user)) if "before" in text]


def test_what_signing_in_tells_stands_on_the_next_page():
    device, user = Client(), UserFactory()
    add(device, CardFactory(), 3)

    page = device.post(
        reverse("account_login"), {"login": user.email, "password": PASSWORD}, follow=True
    ).content.decode()

    assert "3 cards from before you signed in are in your cart." in page
