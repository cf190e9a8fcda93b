"""Finding cards in a real Chromium: while typing, with the controls by keyboard, and by an address that is shared."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Guest
from tests.factories import TODAY, stocked_card
from tests.held_requests import HeldRequests

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cards(live_server, page: Page) -> Page:
    """The page of the cards of a small shop."""
    stocked_card(4, name="Lightning Bolt", type_line="Instant", colors="R", mana_cost="{R}", mana_value=1)
    stocked_card(
        2, name="Lightning Helix", type_line="Instant", colors="WR", mana_cost="{R}{W}", mana_value=2
    )
    stocked_card(
        0, name="Serra Angel", type_line="Creature — Angel", colors="W", mana_cost="{3}{W}{W}", mana_value=5
    )
    page.goto(f"{live_server.url}/cards/")
    return page


def found(page: Page) -> list[str]:
    faces = page.locator(".tile-face").all()
    return [face.get_attribute("aria-label").split(",")[0] for face in faces]


def expect_found(page: Page, *names: str) -> None:
    expect(page.locator(".tile-face")).to_have_count(len(names))
    for name in names:
        expect(page.get_by_role("link", name=re.compile(f"^{name},"))).to_be_visible()


def test_answers_come_while_typing_and_back_goes_back(cards):
    expect_found(cards, "Lightning Bolt", "Lightning Helix", "Serra Angel")
    field = cards.get_by_role("searchbox")

    field.press_sequentially("s")
    field.press_sequentially("e")
    expect_found(cards, "Serra Angel")
    expect(cards).to_have_url(re.compile(r"/cards/\?q=se$"))
    expect(field).to_be_focused()
    expect(field).to_have_value("se")

    cards.go_back()
    expect(cards).to_have_url(re.compile(r"/cards/$"))
    expect_found(cards, "Lightning Bolt", "Lightning Helix", "Serra Angel")


def test_controls_write_the_query_and_typing_moves_the_controls(cards):
    cards.get_by_role("searchbox").fill("lightning")
    expect_found(cards, "Lightning Bolt", "Lightning Helix")

    white = cards.get_by_role("checkbox", name="White")
    white.focus()
    cards.keyboard.press("Space")
    expect_found(cards, "Lightning Helix")
    expect(cards.get_by_role("searchbox")).to_have_value("lightning c:w")
    expect(white).to_be_focused()

    cards.get_by_role("searchbox").fill("t:creature")
    expect_found(cards, "Serra Angel")
    expect(white).not_to_be_checked()
    expect(cards.get_by_label("Type", exact=True)).to_have_value("Creature")


def test_an_address_shows_the_same_to_somebody_else(cards, browser):
    cards.get_by_label("Order", exact=True).select_option("mv")
    cards.get_by_label("Only what is in the shop").check()
    expect_found(cards, "Lightning Bolt", "Lightning Helix")
    expect(cards.get_by_role("searchbox")).to_have_value("is:owned order:mv")

    other = browser.new_context().new_page()
    other.goto(cards.url)

    expect_found(other, "Lightning Bolt", "Lightning Helix")
    assert found(other) == found(cards)
    expect(other.get_by_label("Only what is in the shop")).to_be_checked()
    other.context.close()


def test_a_card_is_added_without_losing_the_place(cards):
    cards.get_by_role("searchbox").fill("lightning")
    expect_found(cards, "Lightning Bolt", "Lightning Helix")
    address = cards.url

    cards.get_by_role("button", name="Add Lightning Helix").click()

    expect(cards.get_by_role("status").filter(has_text="Added 1 × Lightning Helix")).to_be_visible()
    expect(cards.locator("#cart-count")).to_have_attribute("data-copies", "1")
    assert cards.url == address


def test_two_first_cards_that_are_added_before_an_answer_came_are_in_one_cart(cards):
    asked: list[str] = []
    cards.on(
        "request", lambda request: asked.append(request.url) if "/cart/add-card/" in request.url else None
    )
    held = HeldRequests(cards, "**/cart/add-card/**")
    cards.get_by_role("searchbox").fill("lightning")
    expect_found(cards, "Lightning Bolt", "Lightning Helix")

    cards.get_by_role("button", name="Add Lightning Bolt").click()
    held.wait()
    cards.get_by_role("button", name="Add Lightning Helix").click()
    cards.evaluate("new Promise((done) => setTimeout(done, 0))")  # what is not kept back is on its way now
    assert len(asked) == 1
    held.let_go()

    expect(cards.get_by_role("status").filter(has_text="Added 1 × Lightning Helix")).to_be_visible()
    expect(cards.locator("#cart-count")).to_have_attribute("data-copies", "2")
    assert Guest.objects.count() == 1


def test_on_a_phone_the_filters_are_folded_and_open_by_keyboard(cards):
    cards.set_viewport_size({"width": 390, "height": 800})
    expect(cards.get_by_label("Type", exact=True)).not_to_be_visible()

    cards.locator(".filters-head").focus()
    cards.keyboard.press("Enter")
    cards.get_by_label("Type", exact=True).select_option("Instant")

    expect_found(cards, "Lightning Bolt", "Lightning Helix")
    expect(cards.locator(".filters-count")).to_contain_text("1")
    assert cards.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_days_that_make_no_sense_are_named(cards):
    cards.get_by_label("First day").fill(TODAY.isoformat())
    cards.get_by_label("First day").blur()

    expect(cards.get_by_text("Choose the last day, too.")).to_be_visible()


def test_without_scripts_the_same_form_leads_to_the_same_address(cards, browser, live_server):
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(f"{live_server.url}/cards/?q=lightning")

    plain.locator("#type").select_option("Instant")
    plain.get_by_role("checkbox", name="White").check()
    plain.get_by_role("button", name="Show cards").click()

    expect(plain).to_have_url(re.compile(r"\?q=lightning\+c%3Aw\+t%3Ainstant$"))
    expect_found(plain, "Lightning Helix")
    plain.get_by_role("button", name="Add Lightning Helix").click()
    expect(plain.get_by_text("Added 1 × Lightning Helix")).to_be_visible()
    context.close()
