"""The payment form and the bank's dialog, in a real browser, on a shop's page with a strict policy."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from stripe_sandbox.server import RunningSandbox
from tests.stripe_sandbox.shop_page import ShopPage

pytestmark = pytest.mark.browser


@pytest.fixture
def shop_page(sandbox: RunningSandbox) -> Iterator[ShopPage]:
    with ShopPage(sandbox.url) as shop:
        yield shop


@pytest.fixture
def faults(page: Page) -> list[str]:
    """What the page complains about, refused requests of the API aside."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    return heard


@pytest.fixture
def form(page: Page, shop_page: ShopPage, faults: list[str]) -> FrameLocator:
    page.goto(shop_page.url)
    says(page, "ready")
    return page.frame_locator('iframe[title="Secure payment input frame"]')


def says(page: Page, text: str) -> None:
    expect(page.locator("#out")).to_have_text(re.compile(f"^{re.escape(text)}"))


def enter(form: FrameLocator, number: str, expiry: str = "1234", cvc: str = "123") -> None:
    for label, text in (("Card number", number), ("Expiration date", expiry), ("Security code", cvc)):
        form.get_by_label(label).clear()
        form.get_by_label(label).press_sequentially(text)


def pay(page: Page) -> None:
    page.get_by_role("button", name="Pay").click()


def test_a_card_pays(page: Page, form: FrameLocator, shop_page: ShopPage, faults: list[str]) -> None:
    enter(form, "4242424242424242")
    expect(form.get_by_label("Card number")).to_have_value("4242 4242 4242 4242")
    expect(form.get_by_label("Expiration date")).to_have_value("12 / 34")
    expect(form.get_by_text("VISA", exact=True)).to_be_visible()
    expect(page.locator("body")).to_have_attribute("data-complete", "true")
    pay(page)
    says(page, "status: requires_capture")
    assert len(shop_page.received) == 1
    assert shop_page.received[0].startswith("ctoken_")
    assert faults == []


def test_enter_in_the_form_pays(page: Page, form: FrameLocator) -> None:
    enter(form, "5555555555554444")
    form.get_by_label("Security code").press("Enter")
    says(page, "status: requires_capture")


def test_faults_are_shown_where_they_are(page: Page, form: FrameLocator, shop_page: ShopPage) -> None:
    pay(page)
    says(page, "form: incomplete_number")
    expect(form.get_by_label("Card number")).to_be_focused()
    for label, message in (
        ("Card number", "Your card number is incomplete."),
        ("Expiration date", "Your card's expiration date is incomplete."),
        ("Security code", "Your card's security code is incomplete."),
    ):
        expect(form.get_by_label(label)).to_have_attribute("aria-invalid", "true")
        expect(form.get_by_label(label)).to_have_accessible_description(message)
    enter(form, "4242424242424241", expiry="0120")
    form.get_by_label("Security code").blur()
    expect(form.get_by_text("Your card number is invalid.")).to_be_visible()
    expect(form.get_by_text("Your card's expiration year is in the past.")).to_be_visible()
    enter(form, "4242424242424242")
    expect(form.get_by_label("Card number")).not_to_have_attribute("aria-invalid", "true")
    assert shop_page.received == []


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("4000000000009995", "pay: insufficient_funds"),
        ("4000000000000002", "pay: generic_decline"),
        ("4111111111111111", "token: card_declined test_mode_live_card"),
    ],
)
def test_a_refused_card_and_then_another(page: Page, form: FrameLocator, number: str, said: str) -> None:
    enter(form, number)
    pay(page)
    says(page, said)
    enter(form, "378282246310005", cvc="1234")
    expect(form.get_by_label("Card number")).to_have_value("3782 822463 10005")
    pay(page)
    says(page, "status: requires_capture")


@pytest.mark.parametrize(
    ("number", "button", "said"),
    [
        ("4000000000003220", "Complete authentication", "status: requires_capture"),
        ("4000000000003220", "Fail authentication", "action: payment_intent_authentication_failure"),
        ("4000000000003220", "Close without an answer", "status: requires_action"),
        ("4000008400001629", "Complete authentication", "action: card_declined"),
    ],
)
def test_three_d_secure(
    page: Page, form: FrameLocator, faults: list[str], number: str, button: str, said: str
) -> None:
    enter(form, number)
    pay(page)
    bank = page.frame_locator('iframe[title="3D Secure authentication"]')
    expect(bank.get_by_role("dialog", name="3D Secure test page")).to_be_visible()
    expect(bank.get_by_role("button", name="Complete authentication")).to_be_focused()
    expect(bank.get_by_text("12.50 USD")).to_be_visible()
    bank.get_by_role("button", name=button).click()
    says(page, said)
    expect(page.get_by_title("3D Secure authentication")).to_have_count(0)
    expect(page.get_by_role("button", name="Pay")).to_be_focused()
    assert faults == []


def test_escape_leaves_the_bank(page: Page, form: FrameLocator) -> None:
    enter(form, "4000000000003220")
    pay(page)
    bank = page.frame_locator('iframe[title="3D Secure authentication"]')
    expect(bank.get_by_role("button", name="Complete authentication")).to_be_focused()
    page.keyboard.press("Escape")
    says(page, "status: requires_action")


def test_there_and_back_without_a_script(page: Page, sandbox: RunningSandbox, shop_page: ShopPage) -> None:
    intent = shop_page.client.v1.payment_intents.create(
        {
            "amount": 1250,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_threeDSecure2Required",
            "return_url": shop_page.url + "?order=7",
        }
    )
    page.goto(intent.next_action.redirect_to_url.url)
    page.get_by_role("button", name="Complete authentication").click()
    expect(page).to_have_url(re.compile(r"/\?order=7&payment_intent=pi_.*&redirect_status=succeeded$"))


def test_the_form_takes_the_shops_looks(page: Page, shop_page: ShopPage) -> None:
    page.goto(shop_page.url + "?theme=night")
    says(page, "ready")
    number = page.frame_locator("iframe").get_by_label("Card number")
    expect(number).to_have_css("border-radius", "2px")
    expect(number).to_have_css("font-size", "17px")
    expect(number).to_have_css("background-color", "rgb(48, 49, 61)")


def test_what_is_not_simulated_is_refused_aloud(page: Page, form: FrameLocator) -> None:
    tried = page.evaluate("() => window.tryEverything()")
    assert set(tried.values()) == {"IntegrationError"}
    too_early = page.evaluate("() => window.makeTokenWithoutSubmit()")
    assert too_early.startswith("IntegrationError: elements.submit() must be called")


def test_the_form_says_whether_the_card_may_be_shown_again(page: Page, shop_page: ShopPage) -> None:
    for query, told in (("?redisplay=always", "always"), ("", "unspecified")):
        page.goto(shop_page.url + query)
        says(page, "ready")
        enter(page.frame_locator('iframe[title="Secure payment input frame"]'), "4242424242424242")
        pay(page)
        says(page, "status: requires_capture")
        token = shop_page.client.v1.confirmation_tokens.retrieve(shop_page.received[-1])
        assert token.payment_method_preview.allow_redisplay == told
        intent = shop_page.client.v1.payment_intents.retrieve(
            token.payment_intent, {"expand": ["payment_method"]}
        )
        assert intent.payment_method.allow_redisplay == told


@pytest.mark.parametrize(
    "params",
    ["{mandate_data: {}}", "{payment_method_data: {metadata: {a: 1}}}"],
)
def test_a_token_carries_no_more_than_it_says(page: Page, form: FrameLocator, params: str) -> None:
    said = page.evaluate(f"() => window.makeTokenWith({params})")
    assert said.startswith(
        "IntegrationError: stripe.createConfirmationToken(): this sandbox does not simulate"
    )


def test_a_narrow_page_needs_no_sideways_scrolling(page: Page, shop_page: ShopPage) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(shop_page.url)
    says(page, "ready")
    frame = page.frames[1]
    assert frame.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    height = page.locator("iframe").bounding_box()["height"]
    assert frame.evaluate("() => document.getElementById('card').getBoundingClientRect().bottom") <= height
