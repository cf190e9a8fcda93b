"""Changing an order and keeping a deck longer as customers live it, in Chromium, with and without scripts."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from inventory.models import Card
from orders.fulfilment import dispatch
from orders.models import Order, Payment
from orders.transitions import SYSTEM
from tests.factories import TODAY, PickupFactory, stocked_card
from tests.payments.holds import held_at_the_bank, open_order
from tests.payments.test_paying_in_browser import THREE_D_SECURE, bank, opened, pay
from tests.sandbox import Sandbox
from tests.test_pages_in_browser import as_guest_of, signed_in_as

__all__ = ["opened"]  # a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def order(sandbox: Sandbox) -> Order:
    PickupFactory()
    return open_order(sandbox, cards={stocked_card(4, value_cents=10_000): 3}, first_day=TODAY)


@pytest.fixture
def bolt() -> Card:
    return stocked_card(4, name="Lightning Bolt", value_cents=10_000)


def outcome(page: Page) -> str:
    return page.locator("#outcome").get_attribute("data-outcome") or ""


def test_a_card_is_added_by_its_beginning_the_new_total_is_held_after_the_banks_dialog_and_the_order_is_changed(
    opened, sandbox: Sandbox, order: Order, bolt: Card
):
    page = opened(as_guest_of(order), f"/orders/{order.number}/")
    page.get_by_role("link", name="Change this order").click()
    page.get_by_label("Add a card").press_sequentially("2 lightn")
    page.get_by_role("option", name="Lightning Bolt").click()
    page.get_by_role("button", name="Look at what it would do").click()
    expect(page.locator("#outcome")).to_have_attribute("data-outcome", "stays_open")
    page.locator("#confirm").click()
    pay(page, THREE_D_SECURE)
    bank(page).get_by_role("button", name="Complete authentication").click()

    expect(page.get_by_text("Your order is changed, and its new total is held")).to_be_visible()

    assert order.order_cards.get(card=bolt).quantity == 2
    order.refresh_from_db()
    assert held_at_the_bank(order, sandbox) == [order.total_cents]


def test_a_deck_that_is_out_is_kept_longer_by_a_card(opened, sandbox: Sandbox, order: Order):
    dispatch(order=order, by=SYSTEM, today=TODAY)
    last_day = order.last_day + timedelta(days=2)
    page = opened(as_guest_of(order), f"/orders/{order.number}/")
    page.get_by_role("link", name="Keep it longer").click()
    page.get_by_label("Keep it until").fill(last_day.isoformat())
    page.get_by_role("button", name="Look at what it costs").click()
    page.locator("#confirm").click()
    pay(page)

    expect(page.get_by_text("It is paid, and you have your deck until")).to_be_visible()

    order.refresh_from_db()
    assert order.last_day == last_day
    assert Payment.objects.get(order=order, kind=Payment.Kind.EXTENSION).captured_cents == 714


def test_without_scripts_a_change_is_looked_at_and_confirmed(
    browser: Browser, live_server, sandbox: Sandbox, order: Order, bolt: Card
):
    context = signed_in_as(as_guest_of(order), browser, live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/orders/{order.number}/change/")
    page.get_by_label("Add a card").fill("1 Lightning Bolt")
    page.get_by_role("button", name="Add", exact=True).click()
    page.locator("[name^=copies_]").fill("1")
    page.get_by_role("button", name="Look again").click()
    assert outcome(page) == "stays_open"
    page.locator("#confirm").click()

    expect(page.get_by_text("Your order is changed.")).to_be_visible()

    assert sorted(order.order_cards.values_list("quantity", flat=True)) == [1, 1]
    context.close()
