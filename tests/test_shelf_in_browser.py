"""The shop's decks in a real Chromium: every page that makes and shows them, and the work at the form."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from inventory.models import Card, TemplateDeck
from orders.cart import add_template_deck
from orders.checkout import settle
from orders.models import Order
from tests.factories import TODAY, StaffFactory, cart_with, deck_version, held_payment, stocked_card
from tests.test_pages_in_browser import (
    LONG,
    NUMBER,
    as_guest_of,
    as_staff,
    problems_of,
    shop,  # noqa: F401  a fixture
    signed_in_as,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def deck(shop: Card) -> TemplateDeck:  # noqa: F811
    """Three versions, saved by people with long addresses; the last two are in an order."""
    deck, cart = (
        TemplateDeck.objects.get(slug="friday-burn"),
        cart_with({}, first_day=TODAY + timedelta(days=9)),
    )
    own, long = stocked_card(9), stocked_card(9, name=f"{LONG}, Thrice")
    for copies in (1, 2):
        version = {own: copies, (own, "sideboard"): 1, (long, "commander"): 1}
        deck_version(deck, version, by=StaffFactory(email=f"{'clerk' * 9}{copies}@example.org"))
        add_template_deck(cart=cart, deck=deck)
    settle(payment=held_payment(cart), today=TODAY)
    return deck


def at_the_desk(card: Card) -> Client:
    return as_staff()


def who_ordered(card: Card) -> Client:
    return as_guest_of(Order.objects.get())


PAGES: list[tuple[str, Callable[[Card], Client]]] = [
    ("/staff/decks/", at_the_desk),
    ("/staff/decks/?q=nix", at_the_desk),
    ("/staff/decks/new/", at_the_desk),
    ("/staff/decks/DECK/", at_the_desk),
    ("/staff/decks/DECK/versions/", at_the_desk),
    ("/staff/decks/DECK/versions/2/", at_the_desk),
    (f"/staff/orders/{NUMBER}/", at_the_desk),
    (f"/orders/{NUMBER}/", who_ordered),
    ("/decks/friday-burn/", at_the_desk),
]


def nothing_keeps_people_out(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_every_page_of_the_decks_fits_and_keeps_nobody_out(
    browser: Browser,
    live_server,
    shop: Card,  # noqa: F811
    deck: TemplateDeck,
    width: int,
    scheme: str,
):
    pages = [(address.replace("DECK", str(deck.pk)), visitor) for address, visitor in PAGES]

    problems = problems_of(pages, browser, live_server.url, shop, width=width, scheme=scheme, axe=True)
    assert not problems, "\n\n".join(problems)


def test_a_deck_is_made_by_keyboard_alone_and_its_bad_lines_are_mended_in_place(
    browser: Browser,
    live_server,
    shop: Card,  # noqa: F811
):
    page = signed_in_as(as_staff(), browser, live_server.url, java_script_enabled=False).new_page()
    page.goto("/staff/decks/new/")
    page.get_by_label("Name").focus()
    for typed in ("Hot Hands", "Modern", "Quick."):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.type("3 Lightnig Bolt\n1 Lightning Bolt\n1 Nix")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    review = page.locator("#review")
    expect(review).to_contain_text("1 card understood, 2 lines not")
    review.get_by_role("button", name="Lightning Bolt in line 1").press("Enter")
    cards = page.get_by_label("Cards", exact=True)
    expect(cards).to_have_value("3 Lightning Bolt\n1 Lightning Bolt\n1 Nix")
    review.get_by_role("button", name="Save without this line").press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Hot Hands")
    made = TemplateDeck.objects.get(name="Hot Hands")
    assert [(line.quantity, line.card) for line in made.current_version().deck_cards.all()] == [(4, shop)]


def test_enter_in_a_field_saves_and_mends_nothing(
    browser: Browser,
    live_server,
    shop: Card,  # noqa: F811
):
    page = signed_in_as(as_staff(), browser, live_server.url).new_page()
    page.goto("/staff/decks/new/")
    page.get_by_label("Name").fill("Hot Hands")
    page.get_by_label("Format").fill("Modern")
    page.get_by_label("Cards", exact=True).fill("3 Lightnig Bolt\n1 Lightning Bolt")
    page.get_by_role("button", name="Check the list").click()
    expect(page.locator("#review")).to_contain_text("1 line not")
    nothing_keeps_people_out(page)

    page.get_by_label("Name").press("Enter")

    expect(page.locator("#review")).to_contain_text("1 line not")
    expect(page.get_by_label("Cards", exact=True)).to_have_value("3 Lightnig Bolt\n1 Lightning Bolt")


def test_a_file_is_read_into_the_form_without_losing_what_was_typed(
    browser: Browser,
    live_server,
    shop: Card,  # noqa: F811
):
    page = signed_in_as(as_staff(), browser, live_server.url).new_page()
    page.goto("/staff/decks/new/")
    page.get_by_label("Name").fill("Hot Hands")
    file = {"name": "burn.txt", "mimeType": "text/plain", "buffer": b"2 Lightning Bolt"}
    page.get_by_label("Deck file").set_input_files([file])
    page.get_by_role("button", name="Read the file").click()

    expect(page.locator("#review")).to_contain_text("2 cards understood")
    expect(page.get_by_label("Name")).to_have_value("Hot Hands")
    expect(page.get_by_label("Cards", exact=True)).to_have_value("2 Lightning Bolt")


def test_of_two_people_at_once_the_second_is_shown_what_the_first_did(
    browser: Browser, live_server, deck: TemplateDeck
):
    mine, theirs = (signed_in_as(as_staff(), browser, live_server.url).new_page() for _ in range(2))
    for page in (mine, theirs):
        page.goto(f"/staff/decks/{deck.pk}/")
    theirs.get_by_label("Cards", exact=True).fill("2 Lightning Bolt")
    theirs.get_by_role("button", name="Save", exact=True).last.click()
    expect(theirs.get_by_text("Saved “Friday Burn”: version 4")).to_be_visible()
    mine.get_by_label("Cards", exact=True).fill("3 Lightning Bolt")
    mine.get_by_role("button", name="Save", exact=True).last.click()

    expect(mine.locator("#conflict")).to_contain_text("1 fewer Lightning Bolt")
    nothing_keeps_people_out(mine)
    expect(mine.get_by_label("Cards", exact=True)).to_have_value("3 Lightning Bolt")
    mine.get_by_role("button", name="Save", exact=True).last.click()

    expect(mine.get_by_text("Saved “Friday Burn”: version 5")).to_be_visible()
    assert deck.versions.count() == 5
