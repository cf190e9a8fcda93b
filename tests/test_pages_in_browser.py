"""Every page of the story in a real Chromium: on a phone and on a desk, by day and by night, without scripts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, expect

from inventory.models import Card
from orders.models import Order
from tests.factories import (
    TODAY,
    PickupFactory,
    ShippingMethodFactory,
    StaffFactory,
    cart_with,
    placed,
    settled,
    stocked_card,
    template_deck,
)
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "Our Market Research Shows That Players Like Really Long Card Names So We Made this Card"


@pytest.fixture
def shop() -> Card:
    card = stocked_card(4, name="Lightning Bolt", value_cents=2_500, mana_cost="{R}")
    long = stocked_card(4, name=LONG, type_line="Creature — Elf", mana_cost="{1}{G}{G}")
    template_deck({card: 4, long: 4}, name="Friday Burn", slug="friday-burn")
    ShippingMethodFactory()
    PickupFactory()
    return card


def signed_in_as(client: Client, browser: Browser, url: str, **options) -> BrowserContext:
    """A browser that has this test client's session."""
    context = browser.new_context(base_url=url, **options)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
    return context


def as_guest_of(order: Order) -> Client:
    client = Client()
    session = client.session
    session["guest_id"] = str(order.guest_id)
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client


def as_staff() -> Client:
    client = Client()
    client.force_login(StaffFactory())
    return client


def with_a_cart(card: Card) -> Client:
    return as_guest_of(cart_with({card: 3, Card.objects.get(name=LONG): 2}))


def with_a_shortfall(card: Card) -> Client:
    placed({card: 3})
    return as_guest_of(settled({card: 3}))


def at_the_desk(card: Card) -> Client:
    placed({card: 3})
    placed({card: 3})
    return as_staff()


PAGES: list[tuple[str, Callable[[Card], Client]]] = [
    ("/", with_a_cart),
    ("/cards/", with_a_cart),
    ("/cards/?q=nothing+like+this", with_a_cart),
    ("/cards/lightning-bolt/", with_a_cart),
    ("/decks/", with_a_cart),
    ("/decks/friday-burn/", with_a_cart),
    ("/cart/", with_a_cart),
    ("/checkout/shipping/", with_a_cart),
    ("/checkout/payment/", with_a_cart),
    ("/checkout/shortfall/", with_a_shortfall),
    ("/orders/", with_a_shortfall),
    ("/accounts/login/", with_a_cart),
    ("/accounts/signup/", with_a_cart),
    ("/nowhere/", with_a_cart),
    ("/staff/", at_the_desk),
    ("/staff/needed/", at_the_desk),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_fits_has_one_heading_and_no_complaint(
    browser: Browser, live_server, sandbox: Sandbox, shop: Card, width: int, scheme: str
):
    for address, visitor in PAGES:
        context = signed_in_as(
            visitor(shop),
            browser,
            live_server.url,
            viewport={"width": width, "height": 844},
            color_scheme=scheme,
        )
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error, found=complaints: found.append(str(error)))
        page.on(
            "console",
            lambda message, found=complaints: (
                found.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )

        page.goto(address)

        expect(page.locator("h1")).to_have_count(1)
        assert "Deckrental" in page.title(), address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} is too wide"
        assert complaints == [], address
        context.close()


def test_without_scripts_everything_but_the_card_form_works(
    browser: Browser, live_server, sandbox: Sandbox, shop: Card
):
    page = browser.new_context(base_url=live_server.url, java_script_enabled=False).new_page()
    page.goto("/cards/?q=lightning")
    page.locator("#card-lightning-bolt").get_by_role("button").click()
    page.goto("/cart/")
    page.get_by_label("Quick add").fill("2 Lightning Bolt\n1 Lightnig Bolt")
    page.locator("#quick-add").get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#kept-aside")).to_contain_text("Lightning Bolt")

    page.get_by_role("link", name="Choose days and shipping").click()
    page.locator("[name=first_day]").fill((TODAY + timedelta(days=9)).isoformat())
    page.locator("[name=last_day]").fill((TODAY + timedelta(days=11)).isoformat())
    page.get_by_role("radio", name="Pickup").check()
    page.locator("[name=email]").fill("player@example.org")
    page.get_by_role("button", name="Continue to payment").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Payment")
    # Playwright switches scripts off in a way that leaves <noscript> unseen: its text is looked for in the page.
    assert "Paying needs JavaScript" in page.content()
    expect(page.locator("#pay")).to_be_disabled()
    assert Order.objects.get().demand() == {shop.pk: 3}
