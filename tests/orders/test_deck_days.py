"""Days that are chosen on the page of a deck go into the cart with it, where that has none."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Order, ShippingMethod
from tests.factories import (
    TODAY,
    PickupFactory,
    ShippingMethodFactory,
    cart_with,
    stocked_card,
    template_deck,
)
from tests.orders.test_views import browser_of, messages_of

pytestmark = pytest.mark.django_db

FIRST, LAST = TODAY + timedelta(days=9), TODAY + timedelta(days=11)
DAYS = {"from": FIRST.isoformat(), "to": LAST.isoformat()}
whole_or_part = pytest.mark.parametrize("only", [{}, {"only": "free"}], ids=["whole", "what is free"])


def take(client: Client, form: dict[str, str]) -> tuple[Order, str]:
    deck = template_deck({stocked_card(2): 2, stocked_card(1): 3})
    response = client.post(reverse("orders:add_deck", args=[deck.slug]), form)
    return Order.objects.get(), " ".join(messages_of(response))


@whole_or_part
def test_the_days_of_a_deck_go_along_into_a_cart_without_days(client, only):
    ShippingMethodFactory(position=0)
    pickup = PickupFactory(position=1)

    cart, said = take(client, DAYS | only)

    assert (cart.first_day, cart.last_day, cart.shipping_method) == (FIRST, LAST, pickup)
    assert cart.blocked_period is not None
    assert "Your days came along" in said


@whole_or_part
def test_a_cart_that_has_days_keeps_them_and_that_is_said(only):
    cart = cart_with({stocked_card(1): 1}, first_day=TODAY + timedelta(days=30))
    own = (cart.first_day, cart.last_day)

    cart, said = take(browser_of(cart), DAYS | only)

    assert (cart.first_day, cart.last_day) == own
    assert "keeps its own days" in said


def test_days_of_a_cart_that_have_passed_are_none():
    cart = cart_with({stocked_card(1): 1}, first_day=TODAY - timedelta(days=9))

    cart, _ = take(browser_of(cart), DAYS)

    assert (cart.first_day, cart.last_day) == (FIRST, LAST)


@whole_or_part
@pytest.mark.parametrize("pickup", [None, {"active": False}], ids=["none", "not offered"])
def test_where_nothing_is_collected_at_the_shop_the_deck_comes_without_days_and_that_is_said(
    client, only, pickup
):
    ShippingMethodFactory()
    if pickup:
        PickupFactory(**pickup)

    cart, said = take(client, DAYS | only)

    assert cart.order_cards.count() == 2
    assert (cart.first_day, cart.shipping_method) == (None, None)
    assert "not taken along" in said


def test_days_that_the_shop_cannot_keep_are_told_and_the_deck_is_there(client):
    PickupFactory(lead_days=30)

    cart, said = take(client, DAYS)

    assert cart.order_cards.count() == 2
    assert cart.first_day is None
    assert "not taken along" in said


@pytest.mark.parametrize("days", [{"from": "soon", "to": "late"}, {"from": "9" * 9999, "to": "\x00"}])
def test_nonsense_for_days_takes_the_whole_deck_without_them(client, days):
    PickupFactory()

    cart, said = take(client, days)

    assert cart.order_cards.count() == 2
    assert cart.first_day is None
    assert "not taken along" in said


def test_without_days_on_the_page_nothing_is_said_of_them(client):
    PickupFactory()

    cart, said = take(client, {})

    assert cart.first_day is None
    assert "days" not in said
    assert ShippingMethod.objects.exists()
