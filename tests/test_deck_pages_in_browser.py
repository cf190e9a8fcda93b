"""Every page on which cards are found and decks are built, in each of its states, keeps what every page promises."""
# ruff: noqa: F811 -- a fixture that is imported is asked for by its name

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from inventory.models import Card, TemplateDeck, Zone
from orders.cart import add_template_deck
from orders.models import OrderCard
from tests import test_pages_in_browser, test_shelf_in_browser
from tests.factories import (
    TODAY,
    CardFactory,
    CartFactory,
    PrintingFactory,
    StockMovementFactory,
    cart_with,
    settled,
)
from tests.sandbox import Sandbox
from tests.test_pages_in_browser import (
    LINE,
    LONG,
    NUMBER,
    Visit,
    as_guest_of,
    problems_of,
    shop,  # noqa: F401  a fixture
    with_a_cart,
    with_a_cart_that_is_short,
    with_a_pending_order,
    with_number,
)
from tests.test_shelf_in_browser import deck  # noqa: F401  a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WEEKEND = f"from={TODAY + timedelta(days=10)}&to={TODAY + timedelta(days=12)}"
PICTURES = [
    "https://cards.scryfall.io/normal/front/moth.jpg",
    "https://cards.scryfall.io/normal/back/moth.jpg",
]
LIST = f"""// Friday
4 Lightning Bolt
3 Lightnig Bolt
0 Lightning Bolt
1 {"W" * 120}

Sideboard
2 {LONG}
"""


# --- who looks ------------------------------------------------------------------------------------------------


def as_a_stranger(card: Card) -> Client:
    return Client()


def where_cards_have_pictures(card: Card) -> Client:
    """A card with a back, and one with two faces on its front; nobody can load their pictures."""
    faces = [
        {"name": "Shy Caterpillar", "mana_cost": "{G}", "type_line": "Creature — Insect", "colors": "G"},
        {
            "name": "Loud Moth",
            "type_line": "Creature — Insect",
            "colors": "UG",
            "oracle_text": "Flying\n" * 9,
        },
    ]
    if not Card.objects.filter(slug="moth").exists():
        moth = CardFactory(name="Shy Caterpillar // Loud Moth", slug="moth", layout="transform", faces=faces)
        fire = CardFactory(name="Fire // Ice", slug="fire-ice", layout="split", faces=faces)
        for pictured, pictures in ((moth, PICTURES), (fire, PICTURES[:1])):
            printing = PrintingFactory(
                card=pictured, image_urls=pictures, artist="A. Nobody", set_name="Some Set " * 8
            )
            StockMovementFactory(printing=printing)
    return as_a_stranger(card)


def where_a_deck_is_short(card: Card) -> Client:
    settled({card: 3})
    return as_a_stranger(card)


def where_no_deck_is_on_offer(card: Card) -> Client:
    TemplateDeck.objects.update(published=False)
    return as_a_stranger(card)


def with_everything_in_a_cart(card: Card) -> Client:
    """Decks, zones, wishes for printings, a line of each answer; without days."""
    cart = CartFactory()
    add_template_deck(cart=cart, deck=TemplateDeck.objects.get(slug="friday-burn"))
    long = Card.objects.get(name=LONG)
    wish = PrintingFactory(card=long, set_name="A Set of a Name That Goes On and On", finish="foil")
    OrderCard.objects.create(order=cart, card=long, zone=Zone.COMMANDER, quantity=1, preferred_printing=wish)
    OrderCard.objects.create(order=cart, card=card, zone=Zone.SIDEBOARD, quantity=99)
    return as_guest_of(cart)


def with_lines_kept_aside(card: Card) -> Client:
    """Of a list that was typed, the lines that name no card."""
    client = with_a_cart(card)
    for typed in ("4 Lightnig Bolt", "3 " + "W" * 120, "0 Lightning Bolt", f"SB: 1 {LONG[:-1]}"):
        client.post(reverse("orders:quick_add"), {"cards": typed})
    return client


def who_took_a_line_out(card: Card) -> Client:
    client = with_a_cart(card)
    client.post(reverse("orders:update_line", args=[OrderCard.objects.latest("pk").pk]), {"remove": "1"})
    return client


def who_took_everything_out(card: Card) -> Client:
    cart = cart_with({card: 3})
    client = as_guest_of(cart)
    client.post(reverse("orders:update_line", args=[cart.order_cards.get().pk]), {"remove": "1"})
    return client


# --- and what they do there -----------------------------------------------------------------------------------


def read(page: Page, cards: str) -> None:
    """As a form without htmx is sent: the answer is a page."""
    page.get_by_label("Paste it here").fill(cards)
    with page.expect_navigation():
        page.evaluate("document.getElementById('deck-list').submit()")


def read_a_list(page: Page) -> None:
    read(page, LIST)
    expect(page.locator("#review-heading")).to_have_text("6 cards understood, 3 lines not")


def read_a_good_list(page: Page) -> None:
    read(page, "2 Lightning Bolt")
    expect(page.locator("#review-heading")).to_have_text("2 cards understood")


def read_nothing(page: Page) -> None:
    read(page, "// nothing yet")
    expect(page.get_by_role("alert")).to_be_visible()


PAGES: list[Visit] = [
    ("/cards/?q=t:creature+-c:g+foo:bar", with_a_cart),
    ("/cards/?q=%22t:creature+(or+mv%3Csoon+", with_a_cart),
    ("/cards/?q=lightnig", with_a_cart),
    (f"/cards/?q=c:r+is:owned+order:mv&{WEEKEND}", with_a_cart_that_is_short),
    (f"/cards/?q=light&from={TODAY}&to=soon", with_a_cart),
    ("/cards/", where_cards_have_pictures),
    ("/cards/moth/", where_cards_have_pictures),
    ("/cards/fire-ice/", where_cards_have_pictures),
    ("/decks/?color=C&sort=price", with_a_cart),
    ("/decks/?format=Modern&sort=newest", with_a_cart),
    ("/decks/?format=Nix&color=U", with_a_cart),
    (f"/decks/?{WEEKEND}", where_a_deck_is_short),
    (f"/decks/?{WEEKEND}&free=1", where_a_deck_is_short),
    ("/decks/?from=soon&to=later&free=1", with_a_cart),
    (f"/decks/friday-burn/?{WEEKEND}", with_a_cart),
    (f"/decks/friday-burn/?{WEEKEND}", where_a_deck_is_short),
    ("/decks/friday-burn/?from=soon&to=later", as_a_stranger),
    ("/cart/", as_a_stranger),
    ("/cart/", with_everything_in_a_cart),
    ("/cart/", with_lines_kept_aside),
    ("/cart/", who_took_a_line_out),
    ("/cart/", who_took_everything_out),
    (f"/cart/lines/{LINE}/", with_a_cart),
    (f"/cart/lines/{LINE}/", with_everything_in_a_cart),
    ("/cart/list/", as_a_stranger),
    ("/cart/list/", with_a_cart_that_is_short, read_a_list),
    ("/cart/list/", as_a_stranger, read_a_good_list),
    ("/cart/list/", as_a_stranger, read_nothing),
    ("/cart/export/", with_everything_in_a_cart),
    ("/cart/export/?only=short", with_a_cart_that_is_short),
    (f"/orders/{NUMBER}/export/", with_a_pending_order),
    ("/decks/", where_no_deck_is_on_offer),
    ("/", where_no_deck_is_on_offer),
]
PARTS = 3  # of the pages, so that no test takes minutes


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(
    ("width", "scheme", "axe"),
    [(390, "light", True), (1280, "dark", True)],
)
def test_every_page_of_cards_and_decks_keeps_what_every_page_promises(
    browser: Browser, live_server, shop: Card, width: int, scheme: str, axe: bool, part: int
):
    problems = problems_of(
        PAGES[part::PARTS], browser, live_server.url, shop, width=width, scheme=scheme, axe=axe
    )
    assert not problems, "\n\n".join(problems)


def test_every_page_has_a_title_of_its_own(sandbox: Sandbox, shop: Card, deck: TemplateDeck):
    """Pages of one address in different states may share one."""
    titles: dict[str, set[str]] = {}
    for address, visitor, *_ in [*test_shelf_in_browser.PAGES, *test_pages_in_browser.PAGES, *PAGES]:
        client = visitor(shop)
        page = client.get(with_number(address.replace("DECK", str(deck.pk))), follow=True).content.decode()
        title = re.search(r"<title>(.+?)</title>", page, re.DOTALL)
        assert title, address
        titles.setdefault(" ".join(title[1].split()), set()).add(address.partition("?")[0])
    shared = {title: addresses for title, addresses in titles.items() if len(addresses) > 1}
    assert shared == {}
