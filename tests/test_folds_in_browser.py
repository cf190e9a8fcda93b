"""What is folded in the deck builder, and how much of it is seen at once, in a real Chromium."""

import pytest
from playwright.sync_api import Browser, expect

from orders.models import Order
from tests.factories import cart_with, stocked_card
from tests.test_building_in_browser import builder, copies

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cart() -> Order:
    return cart_with(
        {
            stocked_card(4, name="Shivan Dragon", type_line="Creature — Dragon", mana_value=6): 1,
            stocked_card(2, name="Lightning Bolt", type_line="Instant", mana_value=1): 4,
            stocked_card(1, name="Opt", type_line="Instant", mana_value=1): 2,
        }
    )


def test_a_folded_group_stays_folded_when_a_press_swaps_the_builder(
    browser: Browser, live_server, cart: Order
):
    page = builder(browser, live_server.url, cart)
    expect(copies(page, "Shivan Dragon")).to_be_visible()
    page.get_by_text("Creatures (1)").click()
    expect(copies(page, "Shivan Dragon")).to_be_hidden()

    page.get_by_role("button", name="One less: Opt").click()

    expect(copies(page, "Opt")).to_have_value("1")
    expect(page.get_by_text("Creatures (1)")).to_be_visible()
    expect(copies(page, "Shivan Dragon")).to_be_hidden()


@pytest.mark.parametrize(("width", "seen"), [(1280, True), (390, False)])
def test_the_curve_stands_beside_the_lines_where_there_is_room_and_is_folded_on_phones(
    browser: Browser, live_server, cart: Order, width: int, seen: bool
):
    page = builder(browser, live_server.url, cart, viewport={"width": width, "height": 900})

    curve, first_line = page.locator("#plots .curve"), page.locator(".line").first
    expect(page.locator("#plots summary")).to_be_visible()
    expect(curve).to_be_visible(visible=seen)
    plots, line = page.locator("#plots").bounding_box(), first_line.bounding_box()
    if seen:
        assert plots["x"] > line["x"] + line["width"]
    else:
        assert plots["y"] < line["y"]
        page.locator("#plots summary").click()
        expect(curve).to_be_visible()


def test_lines_are_low_for_a_mouse_and_high_for_a_finger(browser: Browser, live_server, cart: Order):
    heights = {}
    for touch in (False, True):
        page = builder(
            browser, live_server.url, cart, viewport={"width": 1280, "height": 900}, has_touch=touch
        )
        page.locator(".line").first.wait_for()
        heights[touch] = [
            page.locator(where).first.bounding_box()["height"] for where in (".line", ".step-copies", ".step")
        ]

    assert heights[False][0] <= 34
    assert min(heights[True][1:]) >= 40


def test_what_is_short_is_one_number_on_every_page(browser: Browser, live_server, cart: Order):
    page = builder(browser, live_server.url, cart, viewport={"width": 390, "height": 900})

    says = "3 copies short in 2 lines"
    expect(page.locator(".cart-bar")).to_contain_text(says)
    expect(page.locator("#slip")).to_contain_text(says)
    for address in ("/checkout/shipping/", "/checkout/payment/"):
        page.goto(address)
        expect(page.locator("aside")).to_contain_text(says)
