"""A deck on offer in a real Chromium, from the shelf to the order, though a card of it is short."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from inventory.models import TemplateDeck
from orders.models import Order
from orders.states import Status
from tests.factories import PickupFactory, ShippingMethodFactory, placed, stocked_card, template_deck
from tests.running_site import RunningSite
from tests.test_story import (
    FRIDAY,
    SUNDAY,
    choose_days_and_shipping,
    expect_status,
    pay,
    site,  # noqa: F401  a fixture
    visitor,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def deck() -> TemplateDeck:
    """Twelve cards; of the four Goblin Guides another order has three from Friday to Sunday."""
    guide = stocked_card(4, name="Goblin Guide", value_cents=900)
    spike = stocked_card(4, name="Lava Spike", value_cents=900, mana_cost="{R}", mana_value=1)
    ShippingMethodFactory()
    PickupFactory()
    placed({guide: 3}, first_day=FRIDAY, days=3)
    return template_deck({guide: 4, spike: 4, stocked_card(4, name="Rift Bolt"): 4}, name="Friday Burn")


def ask_for_the_weekend(page: Page, button: str = "Show these days") -> None:
    page.get_by_label("First day").fill(FRIDAY.isoformat())
    page.get_by_label("Last day").fill(SUNDAY.isoformat())
    page.get_by_role("button", name=button).click()
    expect(page).to_have_url(re.compile(f"from={FRIDAY}&to={SUNDAY}"))


def test_a_deck_with_a_short_card_is_ordered_as_far_as_it_is_free(
    browser: Browser,
    site: RunningSite,  # noqa: F811
    deck: TemplateDeck,
):
    page = visitor(browser, site)
    page.goto("/decks/")
    page.get_by_role("link", name="Friday Burn").click()
    expect(page.get_by_role("button", name="Take what is free")).to_have_count(0)  # all of it is there today

    # Nor is any deck among all those on offer free as a whole on the chosen days.
    page.get_by_role("main").get_by_role("link", name="Decks").click()
    page.get_by_label("Only what is free as a whole").check()
    ask_for_the_weekend(page, "Show decks")
    expect(page.get_by_role("heading", name="No such deck is free as a whole")).to_be_visible()
    page.get_by_role("link", name="Show those with short cards").click()
    expect(page.get_by_role("article")).to_contain_text("Short by 3")

    # One card is short on them: said at its line, and of the deck; the price is that of the days.
    page.get_by_role("link", name="Friday Burn").click()
    expect(page).to_have_url(re.compile(f"from={FRIDAY}&to={SUNDAY}"))
    line = page.get_by_role("listitem").filter(has_text="Goblin Guide")
    expect(line).to_contain_text("Short by 3")
    expect(page.get_by_role("complementary")).to_contain_text("Short by 3")
    expect(page.locator("#period-price")).to_have_text(re.compile("€"))

    page.get_by_role("button", name="Take what is free").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your cart")
    expect(page.locator("#messages")).to_contain_text("Added 9 cards")
    expect(page.locator("#messages")).to_contain_text("3 Goblin Guide")

    choose_days_and_shipping(page, email="player@example.org")
    pay(page)

    expect_status(page, "open")
    order = Order.objects.exclude(email="").latest("pk")
    assert order.status == Status.OPEN
    assert sorted(order.order_cards.values_list("card__name", "quantity")) == [
        ("Goblin Guide", 1),
        ("Lava Spike", 4),
        ("Rift Bolt", 4),
    ]


def test_a_deck_is_asked_for_its_days_and_taken_without_scripts(
    browser: Browser, live_server, deck: TemplateDeck
):
    page = browser.new_context(base_url=live_server.url, java_script_enabled=False).new_page()
    page.goto(deck.get_absolute_url())

    ask_for_the_weekend(page)
    page.get_by_role("button", name="Take what is free").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your cart")
    assert Order.objects.filter(status=Status.CART).get().order_cards.count() == 3


def test_the_days_of_the_cart_stand_in_the_fields_of_a_deck(
    browser: Browser, live_server, deck: TemplateDeck
):
    page = browser.new_context(base_url=live_server.url).new_page()
    page.goto(deck.get_absolute_url())
    page.get_by_role("button", name="Take this deck").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your cart")
    later = FRIDAY + timedelta(days=1)
    Order.objects.filter(status=Status.CART).update(
        first_day=later, last_day=later, out_on=later, due_on=later, back_on=later + timedelta(days=1)
    )

    page.goto(deck.get_absolute_url())

    expect(page.get_by_label("First day")).to_have_value(later.isoformat())
    expect(page.get_by_label("Last day")).to_have_value(later.isoformat())
