"""Completing names of cards by keyboard, by mouse and by touch, in a real Chromium."""

from contextlib import suppress

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.factories import stocked_card
from tests.held_requests import HeldRequests

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NAMES = ("Lightning Bolt", "Lightning Helix", "Chain Lightning", "Lightning Strike", "Pyroblast")
ADDRESS = "/cards/names/"


@pytest.fixture
def home(browser: Browser, live_server) -> Page:
    """The home page, whose search field opens the card that is picked."""
    for name in NAMES:
        stocked_card(4, name=name, mana_cost="{R}")
    page = browser.new_page(base_url=live_server.url)
    page.goto("/")
    return page


@pytest.fixture
def quick(home: Page) -> Page:
    """The same field, swapped in by htmx as one that is filled by picking, in a form with a button."""
    home.evaluate(
        """address => {
            const form = document.querySelector("form.search");
            form.innerHTML = `<label for="quick">Card</label>
                <input class="input" id="quick" name="q" data-autocomplete="${address}"><button>Add</button>`;
            htmx.process(form);
            htmx.trigger(form, "htmx:load");
        }""",
        ADDRESS,
    )
    return home


def field(page: Page):
    return page.get_by_role("combobox")


def options(page: Page):
    return page.get_by_role("option")


def active(page: Page) -> str | None:
    """The name of the option that the field says is the active one."""
    return page.evaluate(
        """() => {
            const id = document.querySelector("[role=combobox]").getAttribute("aria-activedescendant");
            const option = id && document.getElementById(id);
            return option && option.querySelector(".suggestion-name").textContent;
        }"""
    )


def type_and_wait(page: Page, text: str, *, count: int) -> None:
    field(page).press_sequentially(text)
    expect(options(page)).to_have_count(count)


def answer_too_late(page: Page, held: HeldRequests) -> None:
    """Answers what was held back, until the page has done with it."""
    with suppress(Error):  # nobody waits for it any more
        held.answer('<li role="option">Too late</li>')
    page.evaluate("new Promise(done => requestIdleCallback(done))")


def test_typing_opens_a_list_that_is_said_aloud(home: Page):
    expect(field(home)).to_have_attribute("aria-expanded", "false")
    type_and_wait(home, "light", count=4)

    expect(field(home)).to_have_attribute("aria-expanded", "true")
    listed = home.get_by_role("listbox")
    assert field(home).get_attribute("aria-controls") == listed.get_attribute("id")
    expect(home.locator(".completes [role=status]")).to_have_text("4 cards. Arrow keys to choose.")
    assert active(home) is None

    field(home).press_sequentially("qqqqq")
    expect(listed).to_be_hidden()
    expect(home.locator(".completes [role=status]")).to_have_text("No card is called so.")


def test_what_was_typed_before_the_script_was_there_is_completed(home: Page):
    held = HeldRequests(home, "**/autocomplete*.js")
    home.goto("/", wait_until="commit")
    home.get_by_role("searchbox").press_sequentially("light")
    expect(options(home)).to_have_count(0)

    held.let_go()

    expect(options(home)).to_have_count(4)


def test_one_letter_asks_nothing(home: Page):
    asked: list[str] = []
    home.on("request", lambda request: asked.append(request.url) if ADDRESS in request.url else None)
    field(home).press_sequentially("l")
    field(home).press_sequentially("i")
    expect(options(home)).to_have_count(4)
    assert [url.rpartition("=")[2] for url in asked] == ["li"]


def test_arrows_home_and_end_move_through_the_list_and_enter_opens_the_card(home: Page):
    type_and_wait(home, "light", count=4)
    seen = []
    for key in ("ArrowDown", "ArrowDown", "End", "Home", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown"):
        home.keyboard.press(key)
        seen.append(active(home))
    first, second, *_, last = options(home).locator(".suggestion-name").all_text_contents()
    assert seen == [first, second, last, first, None, last, None, first]
    expect(home.get_by_role("option", selected=True)).to_have_count(1)

    home.keyboard.press("Enter")

    home.wait_for_url("**/cards/lightning-bolt/")


def test_enter_with_nothing_chosen_searches(home: Page):
    type_and_wait(home, "light", count=4)
    home.keyboard.press("Enter")
    home.wait_for_url("**/cards/?q=light")


def test_escape_closes_and_keeps_what_was_typed_and_an_arrow_opens_again(home: Page):
    type_and_wait(home, "light", count=4)
    home.keyboard.press("Escape")
    expect(home.get_by_role("listbox")).to_be_hidden()
    expect(field(home)).to_have_value("light")
    expect(field(home)).to_have_attribute("aria-expanded", "false")
    home.keyboard.press("ArrowDown")
    expect(options(home)).to_have_count(4)


def test_tab_picks_nothing_and_closes(home: Page):
    type_and_wait(home, "light", count=4)
    home.keyboard.press("ArrowDown")
    home.keyboard.press("Tab")
    expect(home.get_by_role("listbox")).to_be_hidden()
    expect(field(home)).to_have_value("light")
    expect(home.get_by_role("button", name="Search cards")).to_be_focused()


def test_a_field_that_came_by_htmx_is_filled_with_the_copies_kept(quick: Page):
    type_and_wait(quick, "SB: 2x pyr", count=1)
    quick.keyboard.press("ArrowDown")
    quick.keyboard.press("Enter")
    expect(field(quick)).to_have_value("SB: 2x Pyroblast")
    expect(field(quick)).to_be_focused()
    expect(quick.get_by_role("listbox")).to_be_hidden()

    quick.keyboard.press("Enter")
    quick.wait_for_url("**/cards/?q=SB*Pyroblast")


def test_a_click_picks_and_leaves_the_focus_in_the_field(quick: Page):
    type_and_wait(quick, "4 helix", count=1)
    options(quick).click()
    expect(field(quick)).to_have_value("4 Lightning Helix")
    expect(field(quick)).to_be_focused()


def test_a_typo_is_forgiven(home: Page):
    type_and_wait(home, "lihgtnign s", count=1)
    expect(options(home)).to_contain_text("Lightning Strike")


def test_an_answer_to_older_text_is_never_shown(home: Page):
    """The first answer is held back until the second has been shown."""
    held = HeldRequests(home, f"**{ADDRESS}?q=pyro")
    field(home).fill("pyro")
    held.wait()
    field(home).fill("helix")
    expect(options(home)).to_have_count(1)
    expect(options(home)).to_contain_text("Lightning Helix")

    answer_too_late(home, held)

    expect(options(home)).to_contain_text("Lightning Helix")


def test_what_was_chosen_before_the_newest_answer_came_stays_chosen(home: Page):
    type_and_wait(home, "light", count=4)
    held = HeldRequests(home, f"**{ADDRESS}*")
    field(home).press_sequentially("n")
    held.wait()
    home.keyboard.press("ArrowDown")
    home.keyboard.press("ArrowDown")
    chosen = active(home)
    assert chosen == options(home).locator(".suggestion-name").all_text_contents()[1]

    with home.expect_event("requestfinished", lambda request: ADDRESS in request.url):
        held.let_go()
    home.evaluate("new Promise(done => requestIdleCallback(done))")
    assert active(home) == chosen

    field(home).press_sequentially("i")
    assert active(home) is None


def test_an_answer_that_comes_after_the_field_was_left_opens_nothing(home: Page):
    held = HeldRequests(home, f"**{ADDRESS}?q=pyro")
    field(home).fill("pyro")
    held.wait()
    home.get_by_role("button", name="Search cards").focus()
    answer_too_late(home, held)
    expect(home.get_by_role("listbox")).to_be_hidden()


def test_without_an_answer_the_field_is_a_plain_one(home: Page):
    home.route(f"**{ADDRESS}*", lambda route: route.abort())
    with home.expect_event("requestfailed"):
        field(home).fill("light")
    expect(home.get_by_role("listbox")).to_be_hidden()
    home.keyboard.press("Enter")
    home.wait_for_url("**/cards/?q=light")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_list_lies_over_the_page_inside_the_window(browser: Browser, live_server, width: int):
    for number in range(12):
        stocked_card(4, name=f"Otter of a Rather Long and Winding Name {number}", mana_cost="{2}{U}{U}")
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": width, "height": 700}, has_touch=width < 500
    )
    page = context.new_page()
    page.goto("/")
    below = page.locator("#how").bounding_box()

    type_and_wait(page, "otter", count=8)

    box, at = page.get_by_role("listbox").bounding_box(), field(page).bounding_box()
    assert box
    assert at
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["width"] >= min(at["width"], width - 40)
    assert box["y"] >= at["y"] + at["height"]
    assert box["height"] < 450
    assert page.locator("#how").bounding_box() == below
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    last = page.get_by_role("option", selected=True)
    expect(last).to_be_in_viewport()
    if width < 500:
        options(page).nth(2).tap()
        page.wait_for_url("**/cards/otter-of-a*/")


def test_the_open_list_passes_axe(home: Page):
    from axe_playwright_python.sync_playwright import Axe

    type_and_wait(home, "light", count=4)
    home.keyboard.press("ArrowDown")
    results = Axe().run(home)
    assert results.violations_count == 0, results.generate_report()
