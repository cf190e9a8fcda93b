"""Pages by keyboard alone, and for those who ask for no motion."""
# ruff: noqa: F811 -- a fixture that is imported is asked for by its name

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from inventory.models import Card
from tests.sandbox import Sandbox
from tests.test_pages_in_browser import (  # noqa: F401
    at_the_desk,
    shop,
    signed_in_as,
    with_a_cart,
    with_a_shortfall,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES: list[tuple[str, Callable[[Card], Client]]] = [
    ("/", with_a_cart),
    ("/cards/", with_a_cart),
    ("/cards/lightning-bolt/", with_a_cart),
    ("/decks/friday-burn/", with_a_cart),
    ("/cart/", with_a_cart),
    ("/checkout/shipping/", with_a_cart),
    ("/checkout/shortfall/", with_a_shortfall),
    ("/accounts/login/", with_a_cart),
    ("/staff/", at_the_desk),
    ("/staff/stock/lightning-bolt/", at_the_desk),
]
MOST_STEPS = 400

# What has the focus, and whether a ring is drawn around it, around what stands for it, or around its label.
_FOCUSED = """() => {
    const focused = document.activeElement;
    if (!focused || focused === document.body) return null;
    const ring = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        && style.outlineColor !== "rgba(0, 0, 0, 0)";
    const around = [focused, focused.closest("label"), focused.parentElement].filter(Boolean);
    const drawn = around.some(element => ring(getComputedStyle(element)))
        || ["::before", "::after"].some(part => ring(getComputedStyle(focused, part)));
    focused.dataset.seen = focused.dataset.seen ? "again" : "once";
    return {what: focused.outerHTML.slice(0, 120), drawn, again: focused.dataset.seen === "again"};
}"""
# What moves, or would: by a transition or an animation that takes any time.
_MOVING = """() => [...document.querySelectorAll("*")].filter(element => {
    const style = getComputedStyle(element);
    const lasts = value => value.split(",").some(part => parseFloat(part) > 0);
    return lasts(style.transitionDuration) || (style.animationName !== "none" && lasts(style.animationDuration));
}).map(element => element.outerHTML.slice(0, 80))"""


def opened(browser: Browser, url: str, client: Client, address: str, **options) -> Page:
    page = signed_in_as(client, browser, url, **options).new_page()
    page.goto(address)
    return page


@pytest.mark.parametrize(("address", "visitor"), PAGES)
def test_whatever_the_keyboard_comes_to_is_ringed(
    browser: Browser,
    live_server,
    sandbox: Sandbox,
    shop: Card,
    address: str,
    visitor: Callable,
):
    page = opened(browser, live_server.url, visitor(shop), address)
    bare, steps = [], 0
    page.keyboard.press("Tab")
    while (focused := page.evaluate(_FOCUSED)) and not focused["again"] and steps < MOST_STEPS:
        if not focused["drawn"]:
            bare.append(focused["what"])
        page.keyboard.press("Tab")
        steps += 1
    assert 8 <= steps < MOST_STEPS
    assert bare == []


def test_the_first_step_skips_to_the_content(browser: Browser, live_server, shop: Card):
    page = opened(browser, live_server.url, with_a_cart(shop), "/cards/")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).not_to_be_in_viewport()

    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize(("address", "visitor"), PAGES)
def test_nothing_moves_for_those_who_ask_for_no_motion(
    browser: Browser,
    live_server,
    sandbox: Sandbox,
    shop: Card,
    address: str,
    visitor: Callable,
):
    page = opened(browser, live_server.url, visitor(shop), address, reduced_motion="reduce")
    assert page.evaluate(_MOVING) == []


def test_with_motion_there_is_some(browser: Browser, live_server, shop: Card):
    """Else the test above would say nothing."""
    page = opened(browser, live_server.url, with_a_cart(shop), "/", reduced_motion="no-preference")
    assert page.evaluate(_MOVING) != []
