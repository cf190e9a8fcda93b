"""The deck builder in a real Chromium: by keyboard alone, in a hurry, and without JavaScript."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from inventory.models import Card
from orders import cart as carts
from orders.models import Order, OrderCard
from tests.factories import (
    TODAY,
    PickupFactory,
    PrintingFactory,
    ShippingMethodFactory,
    cart_with,
    placed,
    stocked_card,
    template_deck,
)
from tests.held_requests import HeldRequests
from tests.orders.test_cart import lines_of, names_of
from tests.sandbox import Sandbox
from tests.test_pages_in_browser import as_guest_of, signed_in_as

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)  # by the browser's clock, where a test holds it
FRIDAY = TODAY + timedelta(days=14 + (4 - TODAY.weekday()) % 7)


@pytest.fixture
def bolt() -> Card:
    ShippingMethodFactory()
    PickupFactory()
    stocked_card(4, name="Shivan Dragon", type_line="Creature — Dragon", mana_value=6)
    return stocked_card(4, name="Lightning Bolt", value_cents=500)


def builder(browser: Browser, url: str, cart: Order | None = None, **options) -> Page:
    if cart is None:
        page = browser.new_context(base_url=url, **options).new_page()
    else:
        page = signed_in_as(as_guest_of(cart), browser, url, **options).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"The page's script failed: {error}"))
    page.goto("/cart/")
    return page


def line(page: Page, name: str) -> Locator:
    return page.locator(".line").filter(has=page.get_by_role("link", name=name, exact=True))


def copies(page: Page, name: str) -> Locator:
    return page.get_by_label(f"Copies of {name}", exact=True)


def tab_to(page: Page, wanted: Locator, *, key: str = "Tab") -> None:
    """As somebody without a mouse gets there."""
    for _ in range(60):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    pytest.fail("The keyboard does not lead there.")


def pick_the_first(page: Page, typed: str) -> None:
    """As somebody types in a field that completes names, waits for the list and takes what is on top of it."""
    page.keyboard.type(typed)
    expect(page.get_by_role("option")).not_to_have_count(0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_a_deck_is_built_and_brought_to_its_payment_by_keyboard_alone(
    browser: Browser, live_server, sandbox: Sandbox, bolt: Card
):
    page = builder(browser, live_server.url)
    field = page.get_by_label("Quick add")

    # Quick add: Enter picks a name, and once more adds it. The field keeps the focus, free for the next card.
    tab_to(page, field)
    pick_the_first(page, "4 light")
    expect(field).to_have_value("4 Lightning Bolt")
    expect(field).to_be_focused()
    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "0")
    page.keyboard.press("Enter")
    expect(copies(page, "Lightning Bolt")).to_have_value("4")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    page.keyboard.type("1 Shivan Dragon")  # without waiting for the list
    page.keyboard.press("Enter")
    expect(copies(page, "Shivan Dragon")).to_have_value("1")
    expect(field).to_be_focused()
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "5")

    # A step, and a number that is written: the focus stays where it was.
    more = page.get_by_role("button", name="One more: Lightning Bolt")
    tab_to(page, more)
    page.keyboard.press("Enter")
    expect(copies(page, "Lightning Bolt")).to_have_value("5")
    expect(more).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "3")
    expect(copies(page, "Lightning Bolt")).to_be_focused()

    # To the sideboard: the line is another one, and its way to more has the focus.
    tab_to(page, line(page, "Lightning Bolt").get_by_role("link", name="Change"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Printing that you would like")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Move to sideboard"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sideboard (2)")).to_be_visible()
    expect(line(page, "Lightning Bolt").get_by_role("link", name="Change")).to_be_focused()

    # The last copy goes, the focus is on the next line, and what went is put back.
    tab_to(page, page.get_by_role("button", name="One less: Shivan Dragon"), key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Removed Shivan Dragon.")).to_be_visible()
    expect(line(page, "Lightning Bolt")).to_be_focused()
    page.keyboard.press("ControlOrMeta+z")
    expect(copies(page, "Shivan Dragon")).to_have_value("1")
    assert {(card.name, zone): many for (card, zone, _), many in lines_of(Order.objects.get()).items()} == {
        ("Lightning Bolt", "sideboard"): 2,
        ("Shivan Dragon", "main"): 1,
    }

    # Days, shipping, and on to the payment.
    tab_to(page, page.get_by_role("link", name="Choose days and shipping"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Days and shipping")
    for label, day in (("First day", FRIDAY), ("Last day", FRIDAY + timedelta(days=2))):
        tab_to(page, page.get_by_label(label))
        page.keyboard.type(f"{day:%m%d%Y}")  # as Chromium takes a day in American English, part by part
    tab_to(page, page.get_by_role("radio").first)
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="Standard")).to_be_checked()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Pickup")).to_be_checked()
    tab_to(page, page.get_by_label("E-mail"))
    page.keyboard.type("player@example.org")
    tab_to(page, page.get_by_role("button", name="Continue to payment"))
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Payment")
    order = Order.objects.get()
    assert (order.first_day, order.email) == (FRIDAY, "player@example.org")


def test_a_name_that_is_clicked_goes_into_the_quick_add_and_is_added(
    browser: Browser, live_server, bolt: Card
):
    page = builder(browser, live_server.url)
    field = page.get_by_label("Quick add")

    field.press_sequentially("SB: 4 light")
    page.get_by_role("option", name="Lightning Bolt").click()
    expect(field).to_have_value("SB: 4 Lightning Bolt")
    expect(field).to_be_focused()
    page.locator("#quick-add").get_by_role("button", name="Add", exact=True).click()

    expect(page.get_by_role("heading", name="Sideboard (4)")).to_be_visible()
    expect(field).to_have_value("")


def test_the_undo_button_is_reached_by_keyboard_and_leads_to_what_is_back(browser, live_server, bolt: Card):
    page = builder(browser, live_server.url, cart_with({bolt: 1}))

    page.get_by_role("button", name="One less: Lightning Bolt").press("Enter")
    expect(page.get_by_role("heading", name="Nothing in it yet")).to_be_visible()
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="One more: Lightning Bolt")).to_be_focused()


def test_a_line_that_goes_takes_no_other_along(browser: Browser, live_server, bolt: Card):
    cart = cart_with({stocked_card(4, name=name): 1 for name in ("Ant", "Bear", "Cat", "Dog")})
    page = builder(browser, live_server.url, cart)
    page.get_by_role("button", name="One less: Bear").focus()

    page.keyboard.press("Enter")
    expect(line(page, "Bear")).to_have_count(0)
    for _ in range(3):
        page.keyboard.press("Enter")

    expect(line(page, "Cat")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="One less: Cat")).to_be_focused()
    assert names_of(cart) == {"Ant": 1, "Cat": 1, "Dog": 1}


def test_a_key_that_is_held_is_one_press(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 4})
    page = builder(browser, live_server.url, cart)
    page.get_by_role("button", name="One less: Lightning Bolt").focus()

    for _ in range(3):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    page.get_by_role("button", name="One more: Lightning Bolt").click()

    expect(page.locator("#messages")).to_contain_text("Lightning Bolt: 4.")
    assert cart.order_cards.get().quantity == 4


def test_undo_outlives_the_next_press_and_a_reload(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 1})
    page = builder(browser, live_server.url, cart)
    page.get_by_role("button", name="One less: Lightning Bolt").click()
    expect(page.get_by_text("Removed Lightning Bolt.")).to_be_visible()

    page.get_by_role("button", name="One more: Shivan Dragon").click()
    expect(page.get_by_text("Taken out last: Lightning Bolt.")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Undo").click()

    expect(copies(page, "Lightning Bolt")).to_have_value("1")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_what_was_ordered_again_is_taken_out_by_undo(browser: Browser, live_server, bolt: Card):
    order = placed({bolt: 2})
    page = signed_in_as(as_guest_of(order), browser, live_server.url).new_page()
    page.goto(order.get_absolute_url())

    page.get_by_role("button", name="Order again").click()
    expect(copies(page, "Lightning Bolt")).to_have_value("2")
    page.get_by_role("button", name="Undo").click()

    expect(page.get_by_role("heading", name="Nothing in it yet")).to_be_visible()
    expect(page.get_by_text(f"Taken out again: the 2 cards of order {order.number}.")).to_be_visible()


def test_the_offer_to_undo_can_be_closed(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 1})
    page = builder(browser, live_server.url, cart)
    page.get_by_role("button", name="One less: Lightning Bolt").click()

    page.get_by_role("button", name="Close").click()

    expect(page.get_by_text("Removed Lightning Bolt.")).to_have_count(0)
    page.reload()
    expect(copies(page, "Shivan Dragon")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


@pytest.mark.parametrize("button", ["Take what is free", "Remove deck Burn"])
def test_the_key_for_undo_works_after_the_largest_removals(browser, live_server, bolt: Card, button):
    cart = cart_with({})
    deck = template_deck({bolt: 6, Card.objects.get(name="Shivan Dragon"): 2}, name="Burn")
    carts.add_template_deck(cart=cart, deck=deck)
    page = builder(browser, live_server.url, cart)
    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "8")

    page.get_by_role("button", name=button).click()
    expect(page.locator("#cart-count")).not_to_have_attribute("data-copies", "8")
    expect(page.get_by_label("Quick add")).not_to_be_focused()
    page.keyboard.press("ControlOrMeta+z")

    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "8")


def test_the_key_for_undo_works_in_a_field_that_is_empty_and_undoes_typing_in_another(
    browser, live_server, bolt: Card
):
    cart = cart_with({bolt: 3})
    page = builder(browser, live_server.url, cart)
    field = page.get_by_label("Quick add")
    line(page, "Lightning Bolt").get_by_role("spinbutton").fill("0")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Removed Lightning Bolt.")).to_be_visible()

    field.press_sequentially("4 Sh")
    page.keyboard.press("ControlOrMeta+z")
    expect(field).not_to_have_value("4 Sh")
    expect(copies(page, "Lightning Bolt")).to_have_count(0)
    field.fill("")
    page.keyboard.press("ControlOrMeta+z")

    expect(copies(page, "Lightning Bolt")).to_have_value("3")


def test_presses_in_a_hurry_all_count(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)

    held = HeldRequests(page, "**/cart/lines/**")
    more = page.get_by_role("button", name="One more: Lightning Bolt")
    more.focus()
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Enter")
    held.let_go()

    expect(copies(page, "Lightning Bolt")).to_have_value("6")
    expect(more).to_be_focused()
    assert cart.order_cards.get().quantity == 6


def test_who_goes_on_in_a_hurry_takes_every_press_along(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    more = page.get_by_role("button", name="One more: Lightning Bolt")

    more.click()
    more.click()
    more.click()
    page.get_by_role("link", name="Days and shipping").click()
    held.let_go()

    expect(page.get_by_role("heading", level=1)).to_have_text("Days and shipping")
    assert cart.order_cards.get().quantity == 4


@pytest.mark.parametrize("how", ["mouse", "space bar"])
def test_a_press_during_which_the_answer_comes_counts(browser, live_server, bolt: Card, how: str):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    more = page.get_by_role("button", name="One more: Lightning Bolt")
    more.click()

    page.mouse.down() if how == "mouse" else page.keyboard.down("Space")
    held.let_go()
    expect(copies(page, "Lightning Bolt")).to_have_value("2")
    page.mouse.up() if how == "mouse" else page.keyboard.up("Space")

    expect(copies(page, "Lightning Bolt")).to_have_value("3")
    more.click()
    expect(copies(page, "Lightning Bolt")).to_have_value("4")


def test_a_press_that_is_drawn_away_while_the_answer_comes_does_not_count(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    more = page.get_by_role("button", name="One more: Lightning Bolt")
    more.click()

    page.mouse.down()
    held.let_go()
    expect(copies(page, "Lightning Bolt")).to_have_value("2")
    page.get_by_role("heading", level=1).hover()
    page.mouse.up()
    more.click()

    expect(copies(page, "Lightning Bolt")).to_have_value("3")
    assert cart.order_cards.get().quantity == 3


def test_cards_that_are_typed_in_a_hurry_are_all_added(browser: Browser, live_server, bolt: Card):
    page = builder(browser, live_server.url)
    held = HeldRequests(page, "**/cart/quick-add/")
    field = page.get_by_label("Quick add")
    field.focus()

    page.keyboard.type("1 Lightning Bolt\n", delay=0)
    page.keyboard.type("2 Shivan Dragon\n1 Lightnig Bolt\n3 Lightning Bo", delay=0)
    held.let_go()

    expect(page.locator("#kept-aside")).to_contain_text("Lightnig Bolt")
    expect(field).to_have_value("3 Lightning Bo")  # what is being typed is not disturbed
    assert names_of(Order.objects.get()) == {"Lightning Bolt": 1, "Shivan Dragon": 2}


def test_a_number_that_is_being_typed_outlives_the_answer_about_another_line(
    browser, live_server, bolt: Card
):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 4})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    page.get_by_role("button", name="One more: Lightning Bolt").click()
    page.get_by_role("button", name="One less: Shivan Dragon").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("12")
    held.let_go()

    expect(copies(page, "Lightning Bolt")).to_have_value("2")
    expect(copies(page, "Shivan Dragon")).to_have_value("12")
    page.keyboard.type("3")  # behind what stands there
    page.keyboard.press("Tab")
    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "125")
    assert names_of(cart) == {"Lightning Bolt": 2, "Shivan Dragon": 123}


def test_a_number_that_was_typed_before_the_answer_came_is_taken_when_the_field_is_left(
    browser, live_server, bolt: Card
):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 4})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    page.get_by_role("button", name="One more: Lightning Bolt").click()
    copies(page, "Shivan Dragon").fill("12")
    held.let_go()
    expect(copies(page, "Lightning Bolt")).to_have_value("2")

    page.keyboard.press("Tab")

    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "14")
    assert names_of(cart) == {"Lightning Bolt": 2, "Shivan Dragon": 12}


@pytest.mark.parametrize("goes_to", ["One more: Shivan Dragon", "One less: Shivan Dragon", "Quick add"])
def test_a_number_whose_field_is_left_right_after_the_answer_came_is_taken(
    browser, live_server, bolt: Card, goes_to: str
):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 4})
    page = builder(browser, live_server.url, cart)
    goal = page.get_by_label(goes_to, exact=True)
    goal.evaluate(  # as soon as the browser does anything at all after the answer
        "({ id }) => document.addEventListener('htmx:afterSwap', () => setTimeout("
        "  () => document.activeElement.type === 'number' && document.getElementById(id).focus()))"
    )
    held = HeldRequests(page, "**/cart/lines/**")
    page.get_by_role("button", name="One more: Lightning Bolt").click()
    copies(page, "Shivan Dragon").fill("12")
    held.let_go()

    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "14")
    assert names_of(cart) == {"Lightning Bolt": 2, "Shivan Dragon": 12}


def type_copies(page: Page, name: str, number: str) -> None:
    """As somebody does who comes into the field by Tab: its number is selected, and typed over."""
    copies(page, name).focus()
    copies(page, name).select_text()
    page.keyboard.type(number)


def test_a_number_whose_field_is_left_for_a_button_of_its_line_waits_its_turn(
    browser, live_server, bolt: Card
):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 4})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    page.get_by_role("button", name="One more: Lightning Bolt").click()
    type_copies(page, "Shivan Dragon", "12")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # one more of it
    held.let_go()

    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "15")
    assert names_of(cart) == {"Lightning Bolt": 2, "Shivan Dragon": 13}


@pytest.mark.parametrize(("before", "after"), [("12", ""), ("1", "2"), ("", "12")])
def test_a_number_that_is_typed_while_a_step_of_its_line_is_on_its_way_is_taken(
    browser, live_server, bolt: Card, before: str, after: str
):
    cart = cart_with({bolt: 4})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    page.get_by_role("button", name="One more: Lightning Bolt").click()
    type_copies(page, "Lightning Bolt", before)
    held.let_go()
    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "5")

    page.keyboard.type(after)
    page.keyboard.press("Tab")

    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "12")
    assert cart.order_cards.get().quantity == 12


def test_enter_in_a_number_counts_while_a_step_of_its_line_is_on_its_way(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 4})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**", first=2)
    page.get_by_role("button", name="One more: Lightning Bolt").click()
    page.get_by_role("button", name="One more: Shivan Dragon").click()
    type_copies(page, "Shivan Dragon", "12")
    held.let_go()
    held.wait()
    page.keyboard.press("Enter")
    held.let_go()

    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "14")
    assert names_of(cart) == {"Lightning Bolt": 2, "Shivan Dragon": 12}


@pytest.mark.parametrize("left", ["before the answer", "after it"])
def test_a_number_that_is_typed_anew_while_the_last_one_waits_is_the_one_that_counts(
    browser, live_server, bolt: Card, left: str
):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 4})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**", first=2)
    page.get_by_role("button", name="One more: Lightning Bolt").click()
    type_copies(page, "Shivan Dragon", "12")
    page.keyboard.press("Tab")
    type_copies(page, "Shivan Dragon", "15")
    held.let_go()
    held.wait()
    if left == "before the answer":
        page.keyboard.press("Tab")
    held.let_go()
    if left == "after it":
        expect(page.locator("#cart-count")).to_have_attribute("data-copies", "14")
        expect(copies(page, "Shivan Dragon")).to_have_value("15")
        page.keyboard.press("Tab")

    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "17")
    assert names_of(cart) == {"Lightning Bolt": 2, "Shivan Dragon": 15}


def test_the_same_number_counts_again_after_a_step(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 4, Card.objects.get(name="Shivan Dragon"): 1})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    type_copies(page, "Lightning Bolt", "12")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="One more: Lightning Bolt").click()
    type_copies(page, "Lightning Bolt", "12")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="One more: Shivan Dragon").click()  # the last of all
    held.let_go()

    expect(copies(page, "Shivan Dragon")).to_have_value("2")
    assert names_of(cart) == {"Lightning Bolt": 12, "Shivan Dragon": 2}


def test_arrow_keys_in_a_number_all_count_and_only_the_last_of_those_that_wait_is_sent(
    browser, live_server, bolt: Card
):
    cart = cart_with({bolt: 4})
    page = builder(browser, live_server.url, cart)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    held = HeldRequests(page, "**/cart/lines/**", first=2)
    copies(page, "Lightning Bolt").focus()
    for _ in range(3):
        page.keyboard.press("ArrowUp")
    held.let_go()
    held.wait()
    page.keyboard.press("ArrowUp")
    held.let_go()

    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "8")
    assert cart.order_cards.get().quantity == 8
    assert len(sent) == 3


def test_a_field_that_is_only_looked_at_sends_its_number_once(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 4})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**", first=2)
    page.get_by_role("button", name="One more: Lightning Bolt").dblclick()
    type_copies(page, "Shivan Dragon", "12")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # one more of it
    page.keyboard.press("Shift+Tab")
    held.let_go()
    held.wait()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="One more: Lightning Bolt").click()  # the last of all
    held.let_go()

    expect(copies(page, "Lightning Bolt")).to_have_value("4")
    assert names_of(cart) == {"Lightning Bolt": 4, "Shivan Dragon": 13}


def test_a_number_that_is_typed_while_another_one_is_refused_stays(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 3})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    type_copies(page, "Lightning Bolt", "9999")
    page.keyboard.press("Enter")
    type_copies(page, "Lightning Bolt", "99")
    held.let_go()
    expect(page.get_by_role("alert")).to_contain_text("A line has at most 250 copies.")
    expect(copies(page, "Lightning Bolt")).to_have_value("99")

    page.keyboard.press("Tab")

    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "99")
    assert cart.order_cards.get().quantity == 99


def test_a_number_for_a_line_that_went_meanwhile_is_told(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 3})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    page.get_by_role("button", name="One less: Lightning Bolt").dblclick()  # once too often is no error
    type_copies(page, "Lightning Bolt", "7")
    page.keyboard.press("Tab")
    held.let_go()

    expect(page.get_by_text("Removed Lightning Bolt.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_text(
        re.compile("“Copies of Lightning Bolt”: this is in your cart no longer, so nothing was changed.")
    )
    assert names_of(cart) == {"Shivan Dragon": 3}


@pytest.mark.parametrize("pressed", ["Undo", "Close"])
def test_undo_of_a_removal_never_undoes_the_next_one(browser, live_server, bolt: Card, pressed: str):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 1})
    page = builder(browser, live_server.url, cart)
    page.get_by_role("button", name="One less: Lightning Bolt").click()
    expect(page.get_by_text("Removed Lightning Bolt.")).to_be_visible()
    held = HeldRequests(page, "**/cart/**", first=2)
    page.get_by_role("button", name="One less: Shivan Dragon").click()
    page.locator("#messages").get_by_role("button", name=pressed).first.click()
    held.let_go()
    expect(page.get_by_text("Removed Shivan Dragon.")).to_be_visible()
    held.let_go()
    if pressed == "Undo":
        expect(page.get_by_role("alert")).to_contain_text("This cannot be undone any more")

    page.get_by_role("button", name="Undo").click()

    expect(copies(page, "Shivan Dragon")).to_have_value("1")
    assert names_of(cart) == {"Shivan Dragon": 1}


def test_the_key_for_undo_works_before_the_answer_about_the_removal_came(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 3, Card.objects.get(name="Shivan Dragon"): 1})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    page.get_by_role("button", name="One less: Shivan Dragon").click()
    page.keyboard.press("ControlOrMeta+z")
    held.let_go()

    expect(page.get_by_text("Put back: Shivan Dragon.")).to_be_visible()
    assert names_of(cart) == {"Lightning Bolt": 3, "Shivan Dragon": 1}


def short_cart(bolt: Card) -> Order:
    """One line is all lent out on its days, and the page offers others."""
    scarce = stocked_card(1, name="Scarce One")
    placed({scarce: 1})
    return cart_with({bolt: 1, scarce: 1})


def test_a_chosen_day_waits_its_turn(browser: Browser, live_server, bolt: Card):
    cart = short_cart(bolt)
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    page.get_by_role("button", name="One more: Lightning Bolt").click()
    day = page.locator(".start-radio").nth(3)
    chosen = day.get_attribute("value")
    day.check(force=True)
    page.get_by_role("button", name="Take the chosen day").click()
    held.let_go()

    expect(page.get_by_text("Every card is free on your days")).to_be_visible()
    cart.refresh_from_db()
    assert str(cart.first_day) == chosen
    expect(page.locator(".slip-days time").first).to_have_attribute("datetime", str(chosen))
    assert names_of(cart) == {"Lightning Bolt": 2, "Scarce One": 1}


def test_a_day_near_the_chosen_one_takes_every_press_along(browser: Browser, live_server, bolt: Card):
    cart = short_cart(bolt)
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    page.get_by_role("button", name="One more: Lightning Bolt").dblclick()
    page.locator(".nearest-day").first.click()
    held.let_go()

    expect(page.get_by_text("Every card is free on your days")).to_be_visible()
    assert names_of(cart) == {"Lightning Bolt": 3, "Scarce One": 1}


def test_a_plain_form_waits_for_every_press(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)
    page.evaluate(  # as the one that signs out
        "document.querySelector('.site-head').insertAdjacentHTML("
        "'beforeend', '<form action=/decks/><button>Elsewhere</button></form>')"
    )
    held = HeldRequests(page, "**/cart/lines/**")
    page.get_by_role("button", name="One more: Lightning Bolt").dblclick()
    page.get_by_role("button", name="Elsewhere").click()
    held.let_go()

    page.wait_for_url("**/decks/**")
    assert names_of(cart) == {"Lightning Bolt": 3}


def test_a_file_that_waited_for_a_press_comes_once(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)
    files: list[str] = []
    page.on("download", lambda download: files.append(download.suggested_filename))
    held = HeldRequests(page, "**/cart/lines/**")
    more = page.get_by_role("button", name="One more: Lightning Bolt")
    more.click()
    page.locator("#cart").get_by_text("Take the list along").click()
    page.get_by_role("link", name="Arena").click()
    with page.expect_download():
        held.let_go()

    more.click()
    expect(copies(page, "Lightning Bolt")).to_have_value("3")
    more.click()
    expect(copies(page, "Lightning Bolt")).to_have_value("4")
    assert len(files) == 1


def test_trying_again_by_keyboard_does_not_lead_to_the_undo(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1, Card.objects.get(name="Shivan Dragon"): 3})
    page = builder(browser, live_server.url, cart)
    page.get_by_role("button", name="One less: Lightning Bolt").click()
    expect(page.get_by_text("Removed Lightning Bolt.")).to_be_visible()
    page.route("**/cart/**", lambda route: route.abort())
    page.get_by_role("button", name="One more: Shivan Dragon").press("Enter")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.unroute("**/cart/**")

    again.press("Enter")

    expect(again).to_have_count(0)
    expect(page.locator("#cart")).to_be_focused()


def test_a_text_that_is_being_put_right_outlives_the_answer_about_another_one(browser, live_server, bolt):
    page = builder(browser, live_server.url, cart_with({bolt: 1}))
    page.get_by_label("Quick add").fill("1 Qqq")
    page.keyboard.press("Enter")
    page.get_by_label("Quick add").fill("1 Zzz")
    page.keyboard.press("Enter")
    texts = page.locator("#kept-aside textarea")
    expect(texts).to_have_count(2)

    texts.nth(1).fill("2 Lightning Bol")
    page.locator("#kept-aside").get_by_role("button", name="Leave out").first.click()

    expect(texts).to_have_count(1)
    expect(texts).to_have_value("2 Lightning Bol")


def test_an_open_editor_outlives_the_answer_about_its_line(browser: Browser, live_server, bolt: Card):
    printing = PrintingFactory(card=bolt, set_name="Alpha", collector_number="161")
    cart = cart_with({bolt: 3})
    page = builder(browser, live_server.url, cart)
    line(page, "Lightning Bolt").get_by_role("link", name="Change").click()
    page.get_by_label("Printing that you would like").select_option(str(printing.pk))

    page.get_by_role("button", name="One more: Lightning Bolt").click()
    expect(copies(page, "Lightning Bolt")).to_have_value("4")
    page.get_by_role("button", name="Take this printing").click()

    expect(line(page, "Lightning Bolt").locator(".line-what")).to_contain_text("Alpha #161")
    expect(page.get_by_label("Printing that you would like")).to_have_count(0)
    assert lines_of(cart) == {(bolt, "main", printing): 4}


def test_escape_closes_the_editor(browser: Browser, live_server, bolt: Card):
    page = builder(browser, live_server.url, cart_with({bolt: 3}))
    change = line(page, "Lightning Bolt").get_by_role("link", name="Change")
    change.click()
    expect(page.get_by_label("Printing that you would like")).to_be_focused()

    page.keyboard.press("Escape")

    expect(page.get_by_label("Printing that you would like")).to_have_count(0)
    expect(change).to_be_focused()


def test_a_number_is_taken_where_the_field_is_left(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)

    copies(page, "Lightning Bolt").fill("4")
    page.keyboard.press("Tab")

    expect(page.locator("#cart-count")).to_have_attribute("data-copies", "4")
    assert cart.order_cards.get().quantity == 4


def test_a_number_that_cannot_be_is_told_and_the_line_says_what_it_has(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 3})
    page = builder(browser, live_server.url, cart)

    copies(page, "Lightning Bolt").fill("9999")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("A line has at most 250 copies.")
    expect(copies(page, "Lightning Bolt")).to_have_value("3")
    assert cart.order_cards.get().quantity == 3


def test_a_line_that_another_tab_took_out_brings_the_page_up_to_date(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 3, Card.objects.get(name="Shivan Dragon"): 1})
    page = builder(browser, live_server.url, cart)
    OrderCard.objects.filter(card=bolt).delete()

    page.get_by_role("button", name="One more: Lightning Bolt").click()

    expect(line(page, "Lightning Bolt")).to_have_count(0)
    expect(copies(page, "Shivan Dragon")).to_have_value("1")
    expect(page.get_by_role("alert")).to_contain_text("One more: Lightning Bolt")
    expect(page.get_by_role("alert")).to_contain_text("in your cart no longer, so nothing was changed")


def test_a_press_that_does_not_arrive_is_told_and_can_be_made_again(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 3})
    page = builder(browser, live_server.url, cart)
    page.clock.set_fixed_time(NOW)
    page.route("**/cart/lines/**", lambda route: route.abort())
    more = page.get_by_role("button", name="One more: Lightning Bolt")
    told = page.get_by_role("alert")

    more.click()
    expect(told).to_contain_text("we do not know whether this reached us")
    page.unroute("**/cart/lines/**")
    more.click()
    expect(copies(page, "Lightning Bolt")).to_have_value("4")
    expect(told).to_have_count(1)  # who presses on at once has not read it
    page.clock.set_fixed_time(NOW + timedelta(seconds=6))
    more.click()

    expect(copies(page, "Lightning Bolt")).to_have_value("5")
    expect(told).to_have_count(0)


def test_where_a_number_does_not_arrive_the_line_says_what_it_has(browser, live_server, bolt: Card):
    page = builder(browser, live_server.url, cart_with({bolt: 4}))
    held = HeldRequests(page, "**/cart/lines/**")
    type_copies(page, "Lightning Bolt", "12")
    page.keyboard.press("Enter")
    held.lose()

    expect(page.get_by_role("alert")).to_contain_text("we do not know whether this reached us")
    expect(copies(page, "Lightning Bolt")).to_have_value("4")


def test_text_stays_where_a_sign_in_elsewhere_made_the_page_too_old(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 3})
    page = builder(browser, live_server.url, cart)
    field = page.get_by_label("Quick add")
    page.context.clear_cookies(name="csrftoken")  # a sign-in changes it

    field.fill("1 Shivan Dragon")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("“1 Shivan Dragon”: this page was out of date")
    expect(field).to_have_value("1 Shivan Dragon")
    assert names_of(cart) == {"Lightning Bolt": 3}
    page.keyboard.press("Enter")
    expect(copies(page, "Shivan Dragon")).to_have_value("1")


def test_where_the_answer_is_lost_nothing_counts_twice(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/lines/**")
    more = page.get_by_role("button", name="One more: Lightning Bolt")

    more.click()
    more.click()
    more.click()
    held.lose_the_answer()

    expect(copies(page, "Lightning Bolt")).to_have_value("4")
    expect(page.get_by_role("alert")).to_contain_text(
        "“One more: Lightning Bolt”: we do not know whether this reached us."
    )
    assert cart.order_cards.get().quantity == 4


def test_a_card_whose_answer_is_lost_stands_in_the_field_and_in_the_cart(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)
    held = HeldRequests(page, "**/cart/quick-add/")
    field = page.get_by_label("Quick add")

    field.fill("2 Shivan Dragon")
    page.keyboard.press("Enter")
    held.lose_the_answer()

    expect(page.get_by_role("alert")).to_contain_text("“2 Shivan Dragon”: we do not know")
    expect(copies(page, "Shivan Dragon")).to_have_value("2")
    expect(field).to_have_value("2 Shivan Dragon")


def test_without_a_connection_presses_wait_until_there_is_one(browser: Browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)
    page.route("**/cart/**", lambda route: route.abort())
    more = page.get_by_role("button", name="One more: Lightning Bolt")

    more.click()
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    more.click()
    page.get_by_label("Quick add").fill("2 Shivan Dragon")
    page.keyboard.press("Enter")
    again.click()
    expect(again).to_be_visible()
    page.unroute("**/cart/**")
    again.click()

    expect(copies(page, "Shivan Dragon")).to_have_value("2")
    expect(again).to_have_count(0)
    assert names_of(cart) == {"Lightning Bolt": 2, "Shivan Dragon": 2}


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(browser, live_server, bolt: Card):
    cart = cart_with({bolt: 1})
    page = builder(browser, live_server.url, cart)
    page.evaluate(  # what comes after it has its time again
        "const patience = htmx.config.timeout; htmx.config.timeout = 300;"
        "window.addEventListener('htmx:timeout', () => { htmx.config.timeout = patience }, { capture: true })"
    )
    held = HeldRequests(page, "**/cart/lines/**")

    page.get_by_role("button", name="One more: Lightning Bolt").click()

    expect(page.get_by_role("alert")).to_contain_text("we do not know whether this reached us")
    expect(copies(page, "Lightning Bolt")).to_have_value("1")
    held.lose()


def test_a_misspelt_name_is_put_right_by_one_press(browser: Browser, live_server, bolt: Card):
    cart = cart_with({})
    page = builder(browser, live_server.url, cart)
    page.get_by_label("Quick add").fill("SB: 4 Lightnig Bolt")
    page.keyboard.press("Enter")

    page.locator("#kept-aside").get_by_role("button", name="Lightning Bolt", exact=True).click()

    expect(page.locator("#kept-aside")).to_have_count(0)
    expect(page.get_by_role("heading", name="Sideboard (4)")).to_be_visible()
    assert lines_of(cart) == {(bolt, "sideboard", None): 4}


def test_a_printing_is_chosen_in_place_and_its_list_comes_when_it_is_asked_for(
    browser, live_server, bolt: Card
):
    printing = PrintingFactory(card=bolt, set_name="Alpha", collector_number="161")
    cart = cart_with({bolt: 3})
    page = builder(browser, live_server.url, cart)
    expect(page.locator("option")).to_have_count(0)

    line(page, "Lightning Bolt").get_by_role("link", name="Change").click()
    page.get_by_label("Printing that you would like").select_option(str(printing.pk))
    page.get_by_role("button", name="Take this printing").click()

    expect(line(page, "Lightning Bolt").locator(".line-what")).to_contain_text("Alpha #161")
    assert lines_of(cart) == {(bolt, "main", printing): 3}


def test_without_javascript_the_same_is_possible(browser: Browser, live_server, bolt: Card):
    deck = template_deck({Card.objects.get(name="Shivan Dragon"): 2}, name="Dragons", slug="dragons")
    page = builder(browser, live_server.url, java_script_enabled=False)

    page.get_by_label("Quick add").fill("3 lightnig bolt")
    page.keyboard.press("Enter")
    page.locator("#kept-aside").get_by_role("button", name="Lightning Bolt", exact=True).click()
    page.get_by_role("button", name="One more: Lightning Bolt").click()
    expect(copies(page, "Lightning Bolt")).to_have_value("4")
    copies(page, "Lightning Bolt").fill("2")
    page.keyboard.press("Enter")
    expect(copies(page, "Lightning Bolt")).to_have_value("2")

    line(page, "Lightning Bolt").get_by_role("link", name="Change").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lightning Bolt")
    page.get_by_role("button", name="Move to sideboard").click()
    expect(page.get_by_role("heading", name="Sideboard (2)")).to_be_visible()

    page.goto(deck.get_absolute_url())
    page.get_by_role("button", name="Take this deck").click()
    page.get_by_role("button", name="Remove deck Dragons").click()
    expect(copies(page, "Shivan Dragon")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(copies(page, "Shivan Dragon")).to_have_value("2")
    expect(page.get_by_text("Put back: “Dragons”.")).to_be_visible()
    assert names_of(Order.objects.get()) == {"Lightning Bolt": 2, "Shivan Dragon": 2}


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_builder_fits_with_a_note_and_an_open_editor(browser, live_server, bolt: Card, width, scheme):
    long = stocked_card(
        0,
        name="Our Market Research Shows That Players Like Really Long Card Names",
        mana_cost="{W}{U}{B}{R}{G}",
    )
    PrintingFactory(card=long, set_name="A Set of a Name That Goes On and On Without Any Good Reason at All")
    page = builder(
        browser,
        live_server.url,
        cart_with({bolt: 3, long: 4}),
        viewport={"width": width, "height": 844},
        color_scheme=scheme,
    )

    page.get_by_label("Quick add").fill("4 Lightnig Bolt")
    page.keyboard.press("Enter")
    expect(page.locator("#kept-aside")).to_be_visible()
    line(page, long.name).get_by_role("link", name="Change").click()
    expect(page.get_by_label("Printing that you would like")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator("h1")).to_have_count(1)
    expect(page).to_have_title(re.compile("Cart"))
