"""Deck lists in a real Chromium: pasted, dropped or chosen, mended in place, with and without scripts."""

import re
from collections import Counter
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from inventory.decklist import FORMS
from inventory.models import Card, Finish, Printing, Zone
from orders.models import Order, OrderCard
from tests.factories import PrintingFactory, cart_with, settled, stocked_card
from tests.test_pages_in_browser import as_guest_of, signed_in_as

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = """// Friday
4 Lightning Bolt
3 Lightnig Bolt
2 Ocpt
1 Some Card That Nobody Ever Printed

Sideboard
2 Smash to Smithereens
"""

# A drop as the browser would make it, with a file that the page cannot tell from one of the desktop's.
DROP = """([target, name, content]) => {
    const carried = new DataTransfer();
    carried.items.add(new File([content], name, {type: "text/plain"}));
    const tell = (kind) => document.querySelector(target).dispatchEvent(
        new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: carried}));
    return [tell("dragenter"), tell("dragover"), tell("drop")];
}"""


@pytest.fixture
def shop() -> list[Card]:
    names = ("Lightning Bolt", "Opt", "Smash to Smithereens")
    return [stocked_card(4, name=name, mana_cost="{R}") for name in names]


@pytest.fixture
def visitor(page: Page, live_server, shop: list[Card]) -> Page:
    page.goto(f"{live_server.url}/cart/list/")
    return page


def in_cart() -> list[tuple[str, str, int]]:
    return sorted(OrderCard.objects.values_list("card__name", "zone", "quantity"))


def read(page: Page, cards: str) -> None:
    page.get_by_label("Paste it here").fill(cards)
    page.get_by_role("button", name="Read the list").click()


def heading(page: Page):
    return page.locator("#review-heading")


def row(page: Page, line: int):
    return page.locator("#open-lines > li", has_text=f"Line {line}")


def name_field(page: Page, line: int):
    return row(page, line).get_by_label(re.compile("another name|Name of the card"))


def mend_three_lines(page: Page) -> None:
    """One by picking the nearest name, one by typing another, one by leaving it out."""
    row(page, 3).get_by_role("radio", name="Lightning Bolt").check()
    name_field(page, 4).fill("opt")
    row(page, 5).get_by_role("radio", name="Leave out").check()
    page.get_by_role("button", name="Check again").click()


MENDED = [("Lightning Bolt", "main", 7), ("Opt", "main", 2), ("Smash to Smithereens", "sideboard", 2)]


def test_three_bad_lines_of_a_pasted_list_are_mended_in_place(visitor: Page):
    visitor.evaluate("window.here = true")  # gone if another page is loaded
    read(visitor, LIST)
    expect(heading(visitor)).to_have_text("6 cards understood, 3 lines not")
    expect(heading(visitor)).to_be_focused()
    expect(row(visitor, 3)).to_contain_text("3 Lightnig Bolt")

    mend_three_lines(visitor)

    expect(heading(visitor)).to_have_text("11 cards understood")
    expect(heading(visitor)).to_be_focused()  # the button that was pressed has gone
    expect(visitor.locator("#left-out")).to_contain_text("1 Some Card That Nobody Ever Printed")
    assert visitor.evaluate("window.here")
    assert not Order.objects.exists()
    visitor.get_by_role("button", name="Add 11 cards, leave out 1").click()
    expect(visitor.get_by_text("Added 11 cards. 1 line was left out.")).to_be_visible()
    assert in_cart() == MENDED


def test_the_focus_stays_on_the_button_while_lines_are_left(visitor: Page):
    read(visitor, LIST)
    row(visitor, 3).get_by_role("radio", name="Lightning Bolt").check()
    visitor.get_by_role("button", name="Check again").focus()
    visitor.keyboard.press("Enter")

    expect(heading(visitor)).to_have_text("9 cards understood, 2 lines not")
    expect(visitor.get_by_role("button", name="Check again")).to_be_focused()


def test_enter_in_a_name_checks_again_and_adds_nothing(visitor: Page):
    read(visitor, LIST)
    name_field(visitor, 4).fill("Opt")
    visitor.keyboard.press("Enter")

    expect(heading(visitor)).to_have_text("8 cards understood, 2 lines not")
    assert not Order.objects.exists()


def test_the_name_of_a_wrong_line_is_completed_by_keyboard_and_by_mouse(visitor: Page):
    """Picking a name sends nothing yet: other lines may follow."""
    sent: list[str] = []
    read(visitor, LIST)
    expect(heading(visitor)).to_have_text("6 cards understood, 3 lines not")
    visitor.on("request", lambda request: sent.append(request.method))

    name_field(visitor, 4).fill("")
    name_field(visitor, 4).press_sequentially("smash")
    expect(visitor.get_by_role("option")).to_have_count(1)
    visitor.keyboard.press("ArrowDown")
    visitor.keyboard.press("Enter")
    expect(name_field(visitor, 4)).to_have_value("Smash to Smithereens")
    expect(name_field(visitor, 4)).to_be_focused()
    name_field(visitor, 5).fill("")
    name_field(visitor, 5).press_sequentially("light")
    visitor.get_by_role("option", name="Lightning Bolt").click()
    expect(name_field(visitor, 5)).to_have_value("Lightning Bolt")
    expect(name_field(visitor, 5)).to_be_focused()
    assert "POST" not in sent
    visitor.keyboard.press("Enter")

    expect(heading(visitor)).to_have_text("9 cards understood, 1 line not")
    expect(row(visitor, 3)).to_be_visible()


def test_a_file_that_is_dropped_is_read_at_once(visitor: Page):
    visitor.get_by_label("Paste it here").fill("1 Opt")

    taken = visitor.evaluate(DROP, ["h1", "friday.txt", LIST])

    assert taken == [True, False, False]  # the browser does not open it instead
    expect(heading(visitor)).to_have_text("6 cards understood, 3 lines not")
    expect(visitor.locator(".list-review")).to_contain_text("From friday.txt")
    visitor.locator("#list-source > summary").click()
    expect(visitor.get_by_label("Paste it here")).to_have_value("1 Opt")  # what was pasted is not lost
    mend_three_lines(visitor)
    visitor.get_by_role("button", name="Add 11 cards, leave out 1").click()
    expect(visitor.get_by_text("Added 11 cards.")).to_be_visible()
    assert in_cart() == MENDED


def test_after_a_file_a_list_can_be_pasted(visitor: Page):
    visitor.evaluate(DROP, ["textarea", "friday.txt", LIST])
    expect(heading(visitor)).to_have_text("6 cards understood, 3 lines not")
    visitor.locator("#list-source > summary").click()

    read(visitor, "3 Opt")

    expect(heading(visitor)).to_have_text("3 cards understood")


def test_a_file_that_is_chosen_is_read_at_once(visitor: Page, tmp_path: Path):
    file = tmp_path / "friday.txt"
    file.write_text(LIST, encoding="utf-16")

    visitor.get_by_label("Or choose its file").set_input_files(file)

    expect(heading(visitor)).to_have_text("6 cards understood, 3 lines not")
    mend_three_lines(visitor)
    expect(heading(visitor)).to_have_text("11 cards understood")


def test_a_list_that_is_too_large_is_not_sent_and_not_lost(visitor: Page):
    sent: list[str] = []
    visitor.on("request", lambda request: sent.append(request.method))
    cards = "4 Lightning Bolt\n" * 60_000
    visitor.get_by_label("Paste it here").evaluate("(field, text) => field.value = text", cards)
    visitor.get_by_role("button", name="Read the list").click()

    expect(visitor.get_by_role("alert")).to_contain_text("larger than 1,000,000 bytes")
    assert "POST" not in sent
    assert visitor.get_by_label("Paste it here").input_value() == cards


def test_a_list_without_cards_says_so_and_stays(visitor: Page):
    read(visitor, "// nothing yet")

    expect(visitor.get_by_role("alert")).to_contain_text("There is no card in this list")
    expect(visitor.get_by_label("Paste it here")).to_have_value("// nothing yet")


def test_a_list_is_sent_once_however_often_the_button_is_pressed(visitor: Page):
    read(visitor, "2 Opt")
    expect(heading(visitor)).to_have_text("2 cards understood")
    sent = visitor.locator("#add-list").evaluate(
        """(submitter) => [1, 2].map(() => submitter.form.dispatchEvent(
            new SubmitEvent("submit", {submitter, bubbles: true, cancelable: true})))"""
    )
    assert sent == [True, False]  # the second is stopped before it goes


def without_scripts(browser: Browser, url: str) -> Page:
    page = browser.new_context(base_url=url, java_script_enabled=False).new_page()
    page.goto("/cart/list/")
    return page


def test_without_scripts_a_pasted_list_is_mended_and_added(browser: Browser, live_server, shop: list[Card]):
    page = without_scripts(browser, live_server.url)
    read(page, LIST)
    expect(heading(page)).to_have_text("6 cards understood, 3 lines not")

    mend_three_lines(page)
    expect(heading(page)).to_have_text("11 cards understood")
    page.get_by_role("button", name="Take it back").click()
    expect(heading(page)).to_have_text("11 cards understood, 1 line not")
    page.get_by_role("button", name="Add 11 cards, leave out 1").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your cart")
    assert in_cart() == MENDED


def test_without_scripts_a_file_is_chosen_and_read(
    browser: Browser, live_server, shop: list[Card], tmp_path: Path
):
    file = tmp_path / "friday.txt"
    file.write_text("2 Opt\n")
    page = without_scripts(browser, live_server.url)
    page.get_by_label("Or choose its file").set_input_files(file)
    page.get_by_role("button", name="Read the list").click()

    expect(heading(page)).to_have_text("2 cards understood")
    page.get_by_role("button", name="Add 2 cards to the cart").click()
    expect(page.get_by_text("Added 2 cards.")).to_be_visible()
    assert in_cart() == [("Opt", "main", 2)]


def client_with_days(shop: list[Card]) -> Client:
    """A cart with days, on which three of four Bolts are taken."""
    settled({shop[0]: 3})
    return as_guest_of(cart_with({shop[1]: 1}))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_page_fits_every_width_without_a_complaint(
    browser: Browser, live_server, shop: list[Card], width: int, scheme: str
):
    context = signed_in_as(
        client_with_days(shop),
        browser,
        live_server.url,
        viewport={"width": width, "height": 844},
        color_scheme=scheme,
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto("/cart/list/")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelector('textarea').getBoundingClientRect().right <= innerWidth")

    read(page, LIST + "3 " + "W" * 190)

    expect(heading(page)).to_have_text("6 cards understood, 4 lines not")
    expect(page.locator("[data-card=lightning-bolt]")).to_contain_text("short by 3")
    expect(page.locator("h1")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


# --- out again ------------------------------------------------------------------------------------------------


TELLS_COMMANDER = {"text", "arena", "mtgo_dek", "cockatrice"}  # elsewhere a commander stands in the sideboard
TELLS_PRINTING = {"text", "arena", "cockatrice"}
TELLS_FINISH = {"text"}


def as_told(cart: Order, form: str) -> list[tuple[str, str, str, int]]:
    """The cart's name, zone, wish for a printing and copies of each card, as far as a form can say them."""
    told: Counter[tuple[str, str, str]] = Counter()
    for line in cart.order_cards.select_related("card", "preferred_printing"):
        zone = line.zone
        if zone == Zone.COMMANDER and form not in TELLS_COMMANDER:
            zone = Zone.SIDEBOARD
        wish, printing = "", line.preferred_printing
        if printing and form in TELLS_PRINTING:
            finish = printing.finish if form in TELLS_FINISH else Finish.NONFOIL
            wish = f"{printing.set_code} {printing.collector_number} {finish}"
        told[line.card.name, zone, wish] += line.quantity
    return sorted((*key, copies) for key, copies in told.items())


def a_deck_that_is_hard_to_write_down(shop: list[Card]) -> Order:
    """A commander, faces, hard names, wishes for printings, and one card in two zones."""
    cart = cart_with(dict.fromkeys(shop, 4))
    bolt = shop[0]
    commander = stocked_card(1, name="Krenko, Mob Boss")
    split = stocked_card(4, name="Fire // Ice", layout="split")
    of_set, foil = (
        PrintingFactory(card=bolt, set_code="lea", collector_number="161"),
        PrintingFactory(card=split, set_code="dmr", collector_number="215", finish="foil"),
    )
    PrintingFactory(
        card=split, set_code="dmr", collector_number="215"
    )  # what is meant where no finish is told
    rows: list[tuple[Card, Zone, int, Printing | None]] = [
        (bolt, Zone.SIDEBOARD, 3, of_set),
        (commander, Zone.COMMANDER, 1, None),
        (split, Zone.MAIN, 2, foil),
        (stocked_card(4, name="Lim-Dûl’s Vault"), Zone.SIDEBOARD, 2, None),
        (stocked_card(4, name="SP//dr, Piloted by Peni"), Zone.MAIN, 1, None),
    ]
    for card, zone, quantity, printing in rows:
        OrderCard.objects.create(
            order=cart, card=card, zone=zone, quantity=quantity, preferred_printing=printing
        )
    return cart


@pytest.mark.parametrize("form", list(FORMS))
def test_a_deck_that_is_exported_and_read_again_is_the_same(
    browser: Browser, live_server, shop: list[Card], tmp_path: Path, form: str
):
    cart = a_deck_that_is_hard_to_write_down(shop)
    page = signed_in_as(as_guest_of(cart), browser, live_server.url).new_page()
    page.goto("/cart/export/")
    with page.expect_download() as download:
        page.get_by_role("link", name=FORMS[form].label, exact=True).click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    page.context.clear_cookies()  # another visitor, with a cart of their own

    page.goto("/cart/list/")
    page.get_by_label("Or choose its file").set_input_files(file)
    expect(heading(page)).to_have_text("21 cards understood")
    page.get_by_role("button", name="Add 21 cards to the cart").click()

    expect(page.get_by_text("Added 21 cards")).to_be_visible()
    other = Order.objects.exclude(pk=cart.pk).get()
    assert as_told(other, "text") == as_told(cart, form)


def test_a_list_is_copied_as_text(browser: Browser, live_server, shop: list[Card]):
    context = signed_in_as(as_guest_of(cart_with({shop[1]: 3})), browser, live_server.url)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto("/cart/export/")
    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "3 Opt\n"


def test_where_the_clipboard_is_closed_the_list_is_selected(browser: Browser, live_server, shop: list[Card]):
    page = signed_in_as(as_guest_of(cart_with({shop[1]: 3})), browser, live_server.url).new_page()
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject()")
    page.goto("/cart/export/")
    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("status")).to_contain_text("It is selected")
    assert page.evaluate("getSelection().toString()") == "3 Opt\n"
