"""What every page knows of the visitor's cart, and what that costs."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.guests import SESSION_KEY
from orders.context_processors import cart as cart_on_pages
from orders.models import Order
from tests.factories import TODAY, CartFactory, cart_with, stocked_card

pytestmark = pytest.mark.django_db


def request_of(cart: Order) -> HttpRequest:
    request = HttpRequest()
    request.user = AnonymousUser()
    request.session = {SESSION_KEY: str(cart.guest_id)}
    return request


def test_pages_know_the_copies_and_the_days_of_the_cart_by_one_look(django_assert_num_queries):
    cart = cart_with({stocked_card(4): 3, stocked_card(4): 2}, days=3)
    shown = cart_on_pages(request_of(cart))

    with django_assert_num_queries(2):  # whose it is, and the cart
        assert shown["cart_copies"] == 5
        assert shown["cart_days"] == cart.rental_period
        assert shown["cart_number"] == cart.number


def test_a_page_that_shows_nothing_of_the_cart_does_not_ask_for_it(django_assert_num_queries):
    request = request_of(cart_with({stocked_card(4): 3}))

    with django_assert_num_queries(0):
        cart_on_pages(request)


def test_days_that_have_begun_are_not_offered_again():
    begun = cart_with({stocked_card(4): 3}, first_day=TODAY - timedelta(days=1))

    assert not cart_on_pages(request_of(begun))["cart_days"]


def test_a_cart_without_days_offers_none():
    shown = cart_on_pages(request_of(CartFactory()))

    assert not shown["cart_days"]
    assert shown["cart_copies"] == 0


def test_a_visitor_without_a_cart_has_no_number_of_one():
    request = HttpRequest()
    request.user, request.session = AnonymousUser(), {}

    assert not cart_on_pages(request)["cart_number"]
