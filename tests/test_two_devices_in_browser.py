"""One customer, two browsers, a real Chromium: what one does, the other is told of."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import User
from orders import checkout
from orders.models import Order
from orders.states import Status
from tests.devices import PASSWORD
from tests.factories import TODAY, UserFactory, cart_with, held_payment, stocked_card

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("tries_counted_alone"),
]


def device(browser: Browser, live_server, user: User) -> tuple[BrowserContext, Page]:
    context = browser.new_context(base_url=live_server.url)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"The page's script failed: {error}"))
    page.goto("/accounts/login/?next=/cart/")
    page.locator("[name=login]").fill(user.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your cart")
    return context, page


def test_two_devices_share_a_cart_and_hear_of_each_other(browser: Browser, live_server):
    user = UserFactory()
    island, forest = stocked_card(9, name="Island"), stocked_card(9, name="Forest")
    cart = cart_with({island: 1, forest: 1}, user=user)
    (_, laptop), (_, phone) = (device(browser, live_server, user) for _ in range(2))

    # Both press + on the same line, on pages that know nothing of each other: both count.
    for page, copies in ((laptop, "2"), (phone, "3")):
        page.get_by_role("button", name="One more: Island").click()
        expect(page.get_by_label("Copies of Island")).to_have_value(copies)

    # The phone removes a line; the laptop, which still shows it, is told and shows the cart as it is.
    phone.get_by_role("button", name="One less: Forest").click()
    expect(phone.locator("#messages")).to_contain_text("Removed Forest")
    laptop.get_by_role("button", name="One more: Forest").click()
    expect(laptop.get_by_role("alert").filter(has_text="in your cart no longer")).to_be_visible()
    expect(laptop.locator("#cart")).not_to_contain_text("Forest")

    # The phone submits; what the laptop adds starts a new cart, as it is told, and the order stays as it was paid for.
    cart.refresh_from_db()
    checkout.settle(payment=held_payment(cart), today=TODAY)
    laptop.get_by_label("Quick add").fill("2 Forest")
    laptop.locator("#quick-add").get_by_role("button", name="Add", exact=True).click()
    expect(laptop.locator("#messages")).to_contain_text("Added 2 copies")
    expect(laptop.locator("#messages")).to_contain_text(f"it is order {cart.number} now")
    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert cart.demand() == {island.pk: 3}
    assert Order.objects.get(status=Status.CART).demand() == {forest.pk: 2}
    phone.goto("/cart/")
    expect(phone.locator("#cart")).to_contain_text("Forest")
    expect(phone.locator("#cart")).not_to_contain_text("Island")
