"""Paying as customers live it, in a real Chromium with the card form and the bank's dialog of the sandbox."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from playwright.sync_api import Browser, FrameLocator, Page, Request, expect

from inventory.models import ClosedDay
from orders import payments
from orders import stripe_gateway as gateway
from orders.models import Order, Payment, PaymentAttempt, PaymentCustomer, PaymentStatus
from orders.pay_again import pay_link
from orders.states import Status
from tests.factories import TODAY, UserFactory, cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.payments.test_pay_again import unpaid_fee
from tests.sandbox import Sandbox
from tests.test_pages_in_browser import as_guest_of, signed_in_as

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VISA, MASTERCARD = "4242424242424242", "5555555555554444"
NOT_ENOUGH_MONEY, THREE_D_SECURE = "4000000000009995", "4000000000003220"


@pytest.fixture
def opened(browser: Browser, live_server, sandbox: Sandbox, settings):
    """Opens an address as a visitor who has that test client's session; the page's scripts must not fail."""
    settings.SITE_URL = live_server.url
    contexts = []

    def open_page(client: Client, address: str, **options: Any) -> Page:
        context = signed_in_as(client, browser, live_server.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"The page's script failed: {error}"))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


def guest_cart() -> Order:
    return cart_with({stocked_card(4): 2})


def as_user(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def card_form(page: Page) -> FrameLocator:
    return page.frame_locator("#payment-element iframe")


def enter_card(page: Page, number: str = VISA) -> None:
    form = card_form(page)
    form.locator("#number").fill(number)
    form.locator("#expiry").fill("12 / 40")
    form.locator("#cvc").fill("123")
    expect(page.locator("#pay")).to_be_enabled()


def pay(page: Page, number: str = VISA) -> None:
    enter_card(page, number)
    press_pay(page)


def press_pay(page: Page) -> None:
    """By the keyboard: where a frame grows beside it, or the page scrolls, a click may miss a button that moves."""
    page.locator("#pay").press("Enter")


def bank(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[src*='3ds']")


def expect_open(page: Page) -> None:
    expect(page.locator("#status")).to_have_attribute("data-status", "open")


def holding_intents(sandbox: Sandbox) -> list[str]:
    intents = PaymentAttempt.objects.exclude(intent_id=None).values_list("intent_id", flat=True)
    found = [sandbox.client.v1.payment_intents.retrieve(pk) for pk in intents]
    return [intent.id for intent in found if intent.status in ("requires_action", "requires_capture")]


# --- a cart -----------------------------------------------------------------------------------------------


def test_a_card_that_pays_opens_the_order(opened, sandbox):
    cart = guest_cart()
    page = opened(as_guest_of(cart), "/checkout/payment/")

    pay(page)

    expect_open(page)
    assert len(holding_intents(sandbox)) == 1


def test_a_day_that_has_moved_since_the_page_was_opened_is_shown_and_then_paid_for(opened, sandbox):
    cart = guest_cart()
    page = opened(as_guest_of(cart), "/checkout/payment/")
    enter_card(page)
    day_before = Order.objects.get(pk=cart.pk).out_on
    ClosedDay.objects.create(first_day=day_before, last_day=day_before, reason="Stocktaking")

    press_pay(page)

    expect(page.locator("#messages")).to_contain_text("Your days have moved")
    assert holding_intents(sandbox) == []
    pay(page)
    expect_open(page)


def test_after_a_decline_another_card_opens_the_order(opened, sandbox):
    cart = guest_cart()
    page = opened(as_guest_of(cart), "/checkout/payment/")

    pay(page, NOT_ENOUGH_MONEY)
    expect(page.locator("#payment-message")).to_contain_text("not enough money")
    pay(page, MASTERCARD)

    expect_open(page)
    assert Payment.objects.get().card_last4 == "4444"
    assert len(holding_intents(sandbox)) == 1


def test_the_banks_yes_opens_the_order(opened):
    page = opened(as_guest_of(guest_cart()), "/checkout/payment/")

    pay(page, THREE_D_SECURE)
    bank(page).get_by_role("button", name="Complete authentication").click()

    expect_open(page)


def test_the_banks_no_keeps_the_cart_and_another_card_opens_the_order(opened, sandbox):
    cart = guest_cart()
    page = opened(as_guest_of(cart), "/checkout/payment/")

    pay(page, THREE_D_SECURE)
    bank(page).get_by_role("button", name="Fail authentication").click()
    expect(page.locator("#payment-message")).to_contain_text("could not confirm that it is you")
    cart.refresh_from_db()
    assert cart.status == Status.CART
    pay(page)

    expect_open(page)
    assert len(holding_intents(sandbox)) == 1


def test_a_dialog_that_is_closed_can_be_tried_again_and_makes_one_hold(opened, sandbox):
    page = opened(as_guest_of(guest_cart()), "/checkout/payment/")

    pay(page, THREE_D_SECURE)
    bank(page).get_by_role("button", name="Close without an answer").click()
    expect(page.locator("#payment-message")).to_contain_text("Press the button to try again")
    pay(page)

    expect_open(page)
    assert len(holding_intents(sandbox)) == 1


def test_a_page_that_is_left_in_the_banks_dialog_and_opened_again_makes_one_hold(opened, sandbox):
    cart = guest_cart()
    page = opened(as_guest_of(cart), "/checkout/payment/")
    pay(page, THREE_D_SECURE)
    expect(bank(page).get_by_role("button", name="Complete authentication")).to_be_visible()

    page.goto("/checkout/payment/")
    pay(page)

    expect_open(page)
    assert len(holding_intents(sandbox)) == 1


def test_a_double_click_on_pay_makes_one_attempt(opened, sandbox):
    page = opened(as_guest_of(guest_cart()), "/checkout/payment/")
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and urlsplit(request.url).path == "/checkout/payment/":
            sent.append(request.url)

    page.on("request", note)
    enter_card(page)

    # Both clicks in one task: no answer, and no repaint, comes between them.
    page.locator("#pay").evaluate("button => { button.click(); button.click(); }")

    expect_open(page)
    assert len(sent) == 1
    assert PaymentAttempt.objects.count() == 1
    assert len(holding_intents(sandbox)) == 1


def test_two_tabs_make_one_hold(opened, sandbox):
    client = as_guest_of(guest_cart())
    first, second = opened(client, "/checkout/payment/"), opened(client, "/checkout/payment/")
    enter_card(first)
    enter_card(second)

    press_pay(first)
    expect_open(first)
    press_pay(second)

    expect_open(second)
    assert len(holding_intents(sandbox)) == 1


# --- again ------------------------------------------------------------------------------------------------


def order_without_a_hold(sandbox: Sandbox) -> Order:
    cart = guest_cart()
    submit(cart, sandbox, TODAY)
    intent_id = PaymentAttempt.objects.get().intent_id
    gateway.cancel(intent_id)
    payments.sync_intent(intent_id)
    return Order.objects.get(pk=cart.pk)


def test_the_link_of_an_e_mail_holds_the_total_again_without_signing_in(
    browser, live_server, sandbox, settings
):
    settings.SITE_URL = live_server.url
    order = order_without_a_hold(sandbox)
    page = browser.new_context().new_page()
    page.goto(pay_link(order))
    expect(page.get_by_role("heading", level=1)).to_have_text("Pay again")

    pay(page, THREE_D_SECURE)
    bank(page).get_by_role("button", name="Complete authentication").click()

    expect_open(page)
    expect(page.get_by_text("held on your card again")).to_be_visible()
    assert len(holding_intents(sandbox)) == 1
    page.goto(pay_link(order))
    expect(page.get_by_role("heading", name="Nothing is owed")).to_be_visible()
    page.context.close()


def test_a_fee_is_paid_by_another_card(opened, sandbox, settings):
    cart = guest_cart()
    submit(cart, sandbox, TODAY)
    fee = unpaid_fee(Order.objects.get(pk=cart.pk))
    page = opened(as_guest_of(cart), f"/orders/{cart.number}/fees/{fee.pk}/")
    expect(page.locator("#fee-reason")).to_have_text("Two days late.")

    pay(page, NOT_ENOUGH_MONEY)
    expect(page.locator("#payment-message")).to_contain_text("not enough money")
    pay(page, MASTERCARD)

    expect(page.get_by_text("Thank you. It is paid.")).to_be_visible()
    fee.refresh_from_db()
    assert (fee.status, fee.captured_cents) == (PaymentStatus.CAPTURED, 500)


# --- saved cards ------------------------------------------------------------------------------------------


def test_a_card_that_is_kept_pays_the_next_order_and_is_removed_later(opened, sandbox):
    user = UserFactory()
    first = cart_with({stocked_card(4): 2}, user=user)
    page = opened(as_user(user), "/checkout/payment/")
    enter_card(page, MASTERCARD)
    page.get_by_label("Keep this card for my next orders").check()
    press_pay(page)
    expect_open(page)

    second = cart_with({stocked_card(4): 2}, user=user)
    page.goto("/checkout/payment/")
    expect(page.get_by_role("radio", name=re.compile("Mastercard ending in 4444"))).to_be_checked()
    expect(page.locator("#payment-element")).to_be_hidden()
    press_pay(page)
    expect_open(page)
    held_on = set(Payment.objects.values_list("payment_method", flat=True))
    assert len(held_on) == 1

    page.goto("/orders/cards/")
    expect(page.locator(".saved-cards li")).to_have_count(1)
    expect(page.get_by_role("button", name=re.compile("^Remove"))).to_have_count(0)
    for order in (first, second):
        page.goto(f"/orders/{order.number}/")
        page.get_by_text("Cancel this order").click()
        page.get_by_role("button", name="Yes, cancel it").click()
        expect(page.locator("#status")).to_have_attribute("data-status", "cancelled")
    page.goto("/orders/cards/")
    page.get_by_role("button", name=re.compile("^Remove")).click()
    expect(page.get_by_text("The card is removed.")).to_be_visible()
    assert gateway.cards_of(PaymentCustomer.objects.get(user=user).stripe_id) == []


def test_another_card_can_be_chosen_beside_the_saved_ones_and_is_not_kept_unless_asked(opened, sandbox):
    user = UserFactory()
    submit(cart_with({stocked_card(4): 2}, user=user), sandbox, TODAY)
    kept = Payment.objects.get().payment_method
    sandbox.client.v1.payment_methods.update(kept, {"allow_redisplay": "always"})
    cart = cart_with({stocked_card(4): 2}, user=user, first_day=TODAY + timedelta(days=20))
    page = opened(as_user(user), "/checkout/payment/")

    page.get_by_role("radio", name="Another card").check()
    pay(page, MASTERCARD)

    expect_open(page)
    payment = Payment.objects.get(order=cart)
    assert payment.card_last4 == "4444"
    cards = gateway.cards_of(PaymentCustomer.objects.get(user=user).stripe_id)
    assert {card.id: card.offered for card in cards} == {kept: True, payment.payment_method: False}
