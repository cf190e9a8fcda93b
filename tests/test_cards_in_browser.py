"""The drawn card in a real Chromium: what is seen when a picture fails, and the back of a card."""

import base64
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from inventory.models import Card
from tests.factories import CardFactory, PrintingFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICTURE = "https://cards.scryfall.io/normal/front/moth.png"
A_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def moth() -> Card:
    faces = [
        {"name": "Shy Caterpillar", "mana_cost": "{G}", "type_line": "Creature", "colors": "G"},
        {"name": "Loud Moth", "type_line": "Creature", "colors": "U"},
    ]
    return CardFactory(name="Shy Caterpillar // Loud Moth", slug="moth", layout="transform", faces=faces)


def page_of(browser: Browser, url: str, **options) -> Page:
    return browser.new_context(base_url=url, **options).new_page()


def test_a_picture_that_cannot_be_loaded_leaves_the_drawing(browser: Browser, live_server, moth: Card):
    PrintingFactory(card=moth, image_urls=[PICTURE, PICTURE], artist="A. Nobody")
    page = page_of(browser, live_server.url)
    page.route("https://cards.scryfall.io/**", lambda route: route.abort())

    page.goto(moth.get_absolute_url())

    expect(page.locator(".drawn-picture")).to_have_count(0)
    expect(page.locator(".drawn-name").first).to_have_text("Shy Caterpillar")
    expect(page.get_by_text("Illustrated by")).to_be_hidden()


def test_a_picture_that_is_there_lies_over_the_whole_drawing(browser: Browser, live_server, moth: Card):
    PrintingFactory(card=moth, image_urls=[PICTURE, PICTURE], artist="A. Nobody")
    page = page_of(browser, live_server.url)
    page.route(
        "https://cards.scryfall.io/**", lambda route: route.fulfill(body=A_PIXEL, content_type="image/png")
    )

    page.goto(moth.get_absolute_url())

    picture = page.get_by_alt_text("Shy Caterpillar, as printed in Test Set")
    expect(picture).to_be_visible()
    expect(page.get_by_text("Illustrated by A. Nobody")).to_be_visible()
    page.wait_for_function("document.querySelector('.drawn-picture').naturalWidth === 1")
    frame, paper = picture.bounding_box(), page.locator(".drawn-paper").first.bounding_box()
    assert frame
    assert paper
    assert abs(frame["width"] - paper["width"]) <= 2
    assert abs(frame["height"] - paper["height"]) <= 2


def test_a_card_is_turned_over_by_keyboard_and_without_scripts(browser: Browser, live_server, moth: Card):
    page = page_of(
        browser, live_server.url, java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    page.goto(moth.get_absolute_url())
    front, back = page.locator("#side-1"), page.locator("#side-2")
    expect(front).to_be_visible()
    expect(back).to_be_hidden()

    turn = page.get_by_role("link", name=re.compile("Turn it over"))
    turn.focus()
    page.keyboard.press("Enter")
    expect(back).to_be_visible()
    expect(front).to_be_hidden()

    turn.focus()
    page.keyboard.press("Enter")
    expect(front).to_be_visible()
    expect(back).to_be_hidden()


def test_both_sides_lie_next_to_each_other_where_there_is_room(browser: Browser, live_server, moth: Card):
    page = page_of(browser, live_server.url, viewport={"width": 1280, "height": 900})
    page.goto(moth.get_absolute_url())

    front, back = (page.locator(f"#side-{number} .drawn-paper").bounding_box() for number in (1, 2))

    assert front
    assert back
    assert front["y"] == back["y"]
    assert front["x"] + front["width"] < back["x"]


@pytest.mark.parametrize("width", [390, 1280])
def test_the_longest_name_and_long_rules_stay_on_the_card(browser: Browser, live_server, width: int):
    name = "Our Market Research Shows That Players Like Really Long Card Names So We Made this Card to"
    card = CardFactory(
        name=f"{name} Have the Absolute Longest Card Name Ever Elemental",
        slug="long",
        mana_cost="{1}{G}{G}",
        oracle_text="A sentence of rules that goes on.\n" * 30 + "x" * 300,
    )
    page = page_of(browser, live_server.url, viewport={"width": width, "height": 900})
    page.goto(card.get_absolute_url())

    spilled = page.evaluate(
        """() => {
            const paper = document.querySelector(".drawn-paper").getBoundingClientRect();
            return [...document.querySelectorAll(".drawn-paper *")].filter((part) => {
                const box = part.getBoundingClientRect();
                return !part.closest("svg") && (box.right > paper.right + 1 || box.bottom > paper.bottom + 1);
            }).length;
        }"""
    )
    assert spilled == 0
