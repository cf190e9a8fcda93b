"""The page that goes back with a deck, as a real Chromium prints it."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from inventory.models import Zone
from orders.models import Order
from tests.factories import dispatched, stocked_card
from tests.test_pages_in_browser import as_guest_of, signed_in_as

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

A4 = (595, 842)  # in points


def shown_to_its_owner(order: Order, browser: Browser, url: str, **options) -> Page:
    page = signed_in_as(as_guest_of(order), browser, url, **options).new_page()
    page.goto(f"/orders/{order.number}/return/")
    return page


def test_a_deck_of_a_hundred_different_cards_is_printed_on_one_sheet_of_a4(browser: Browser, live_server):
    order = dispatched({stocked_card(1): 1 for _ in range(99)})
    order.order_cards.create(card=stocked_card(1), quantity=1, zone=Zone.COMMANDER)
    page = shown_to_its_owner(order, browser, live_server.url)

    sheet = page.pdf(prefer_css_page_size=True)

    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    box = re.search(rb"/MediaBox\s*\[([^\]]*)\]", sheet)
    assert box
    width, height = (float(number) for number in box[1].split()[2:])
    assert (round(width), round(height)) == A4


def test_what_is_only_for_the_screen_is_not_printed(browser: Browser, live_server):
    page = shown_to_its_owner(dispatched({stocked_card(4): 2}), browser, live_server.url)
    expect(page.get_by_role("button", name="Print")).to_be_visible()

    page.emulate_media(media="print")

    for selector in (".site-head", ".site-foot", ".return-top"):
        expect(page.locator(selector)).to_be_hidden()
    for selector in (".return-code svg", ".return-lines", "#return-by", "#return-limits"):
        expect(page.locator(selector).first).to_be_visible()


def test_without_scripts_it_says_how_to_print(browser: Browser, live_server):
    order = dispatched({stocked_card(4): 2})
    page = shown_to_its_owner(order, browser, live_server.url, java_script_enabled=False)

    expect(page.get_by_text("Your browser prints it with Ctrl")).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
