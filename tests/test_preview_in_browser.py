"""A card beside its name in the lists of a cart and of a deck, in a real Chromium."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories import cart_with, stocked_card, template_deck
from tests.test_building_in_browser import builder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE = {"width": 1280, "height": 900}


def cart_page(browser: Browser, url: str, **options) -> Page:
    cards = {stocked_card(4, name=name, type_line="Instant"): 1 for name in ("Lightning Bolt", "Opt")}
    return builder(browser, url, cart_with(cards), **{"viewport": WIDE} | options)


def test_a_card_is_seen_where_its_name_is_pointed_at_and_fetched_once(browser: Browser, live_server):
    page = cart_page(browser, live_server.url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/face/" in request.url else None)
    preview, height = page.locator(".preview"), page.evaluate("document.documentElement.scrollHeight")

    for _ in range(2):
        page.get_by_role("link", name="Lightning Bolt", exact=True).hover()
        expect(preview.locator(".drawn-name")).to_have_text("Lightning Bolt")
        expect(preview).to_be_visible()
        page.get_by_role("heading", level=1).hover()
        expect(preview).to_be_hidden()

    assert len(asked) == 1
    assert page.evaluate("document.documentElement.scrollHeight") == height
    assert page.locator("#sky").count() == 1


def test_a_card_is_seen_by_keyboard_and_goes_with_escape(browser: Browser, live_server):
    deck = template_deck({stocked_card(4, name="Lightning Bolt"): 4})
    page = browser.new_context(base_url=live_server.url, viewport=WIDE).new_page()
    page.goto(deck.get_absolute_url())
    preview = page.locator(".preview")

    page.get_by_role("link", name="Lightning Bolt").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(preview.locator(".drawn-name")).to_have_text("Lightning Bolt")
    expect(preview).to_be_visible()
    page.keyboard.press("Escape")

    expect(preview).to_be_hidden()


@pytest.mark.parametrize("size", [{"width": 390, "height": 800}, {"width": 1024, "height": 800}])
def test_where_there_is_no_room_nothing_is_fetched(browser: Browser, live_server, size):
    page = cart_page(browser, live_server.url, viewport=size)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.get_by_role("link", name="Opt", exact=True).focus()
    page.get_by_role("link", name="Lightning Bolt", exact=True).hover()
    page.get_by_role("button", name="One more: Opt").click()
    expect(page.get_by_label("Copies of Opt")).to_have_value("2")

    assert not [url for url in asked if "/face/" in url]
    expect(page.locator(".preview")).to_be_hidden()
