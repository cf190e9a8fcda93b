"""Days and way of shipping in the slip of the cart, in a real Chromium: with htmx, and without JavaScript."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from orders.models import Order
from orders.models.order import DAYS
from tests.factories import TODAY, PickupFactory, cart_with, stocked_card
from tests.test_building_in_browser import builder, line

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FIRST, LAST = TODAY + timedelta(days=9), TODAY + timedelta(days=11)


@pytest.fixture
def cart() -> Order:
    cart = cart_with({stocked_card(4, name="Lightning Bolt"): 2, stocked_card(1, name="Opt"): 3})
    Order.objects.update(**dict.fromkeys(DAYS), shipping_method=None, email="", name="", street="", city="")
    PickupFactory()
    return cart


def choose(page: Page, first_day, last_day) -> None:
    page.get_by_label("First day").fill(first_day.isoformat())
    page.get_by_label("Last day").fill(last_day.isoformat())
    page.get_by_role("radio", name="Pickup").check()


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "without JavaScript"])
def test_days_are_at_hand_and_every_line_answers(browser: Browser, live_server, cart: Order, scripts: bool):
    page = builder(browser, live_server.url, cart, java_script_enabled=scripts)

    # Wrong days: told beside the field, and what was typed stays.
    choose(page, FIRST, FIRST - timedelta(days=1))
    page.get_by_role("button", name="Show what is free").click()
    expect(page.locator("#id_last_day_error")).to_contain_text("before the first")
    expect(page.get_by_label("First day")).to_have_value(FIRST.isoformat())
    if scripts:
        expect(page.get_by_label("Last day")).to_be_focused()

    # Days: badges, the total, when it is due back; and away again.
    page.get_by_label("Last day").fill(LAST.isoformat())
    page.get_by_role("button", name="Show what is free").click()
    expect(line(page, "Lightning Bolt").get_by_text("free", exact=True)).to_be_visible()
    expect(line(page, "Opt").get_by_text("short by 2")).to_be_visible()
    expect(page.locator("#total")).to_be_visible()
    expect(page.locator("#due-back-on")).to_be_visible()
    if scripts:
        expect(page.locator("#days-change")).to_be_focused()

    page.locator("#days-change").click()
    page.get_by_role("button", name="Go without days").click()
    expect(page.get_by_role("button", name="Show what is free")).to_be_visible()
    expect(page.locator("#total")).to_have_count(0)
    cart.refresh_from_db()
    assert cart.blocked_period is None


def test_another_press_leaves_what_is_typed_into_the_days(browser: Browser, live_server, cart: Order):
    page = builder(browser, live_server.url, cart)
    choose(page, FIRST, LAST)

    page.get_by_role("button", name="One more: Lightning Bolt").click()

    expect(page.get_by_label("Copies of Lightning Bolt")).to_have_value("3")
    expect(page.get_by_label("First day")).to_have_value(FIRST.isoformat())
    expect(page.get_by_label("Last day")).to_have_value(LAST.isoformat())
    expect(page.get_by_role("radio", name="Pickup")).to_be_checked()
