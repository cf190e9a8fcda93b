"""Signing in with another account in a real Chromium, as somebody does who has filled a cart before."""

import pytest
from allauth.socialaccount.models import SocialAccount
from playwright.sync_api import Browser, expect

from orders.models import Order
from tests.factories import ShippingMethodFactory, cart_with, stocked_card
from tests.test_pages_in_browser import as_guest_of, signed_in_as

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("tries_counted_alone"),
]


def test_the_cart_comes_along_to_another_account_and_that_is_said(browser: Browser, live_server):
    ShippingMethodFactory()
    cart = cart_with({stocked_card(4, name="Lightning Bolt"): 3})
    page = signed_in_as(as_guest_of(cart), browser, live_server.url).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"The page's script failed: {error}"))
    page.goto("/cart/")

    page.get_by_role("link", name="Sign in").first.click()
    page.get_by_role("button", name="Go on with Dummy").click()
    page.locator("[name=id]").fill("7")
    page.locator("[name=email]").fill("pat@example.org")
    page.locator("[name=email_verified]").check()
    page.get_by_role("button", name="Login").click()

    said = page.get_by_text("3 cards from before you signed in are in your cart")
    expect(said).to_be_visible()
    page.goto("/cart/")
    expect(page.get_by_label("Copies of Lightning Bolt", exact=True)).to_have_value("3")
    user = SocialAccount.objects.get(provider="dummy", uid="7").user
    assert user.email == "pat@example.org"
    assert Order.objects.get().user == user
