"""The main job, from card to open order, as two visitors and the shop's staff live it in a real Chromium.

Real parts throughout: PostgreSQL, Redis, a Celery worker, and the stand-in for Stripe with its webhooks.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from accounts.models import Guest
from inventory.models import Card, Reservation
from orders.models import Order, Payment
from orders.states import Status
from tests.factories import TODAY, ShippingMethodFactory, StaffFactory, stocked_card, template_deck
from tests.running_site import RunningSite
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FRIDAY = TODAY + timedelta(days=14 + (4 - TODAY.weekday()) % 7)
SUNDAY = FRIDAY + timedelta(days=2)
PASSWORD = "correct horse battery"


@pytest.fixture
def site(live_server, settings, tmp_path_factory) -> Iterator[RunningSite]:
    """The site with a worker, and a sandbox whose webhooks arrive at it."""
    sandbox = Sandbox(
        folder=tmp_path_factory.mktemp("sandbox"), webhook_url=f"{live_server.url}/stripe/webhook/"
    )
    site = RunningSite(url=live_server.url, sandbox=sandbox, mail=tmp_path_factory.mktemp("mail"))
    try:
        sandbox.start()
        sandbox.use_in(settings)
        site.start_worker()
        yield site
    finally:
        site.stop_worker()
        sandbox.stop()


@pytest.fixture
def shop() -> Card:
    """Four Lightning Bolts, a deck of twelve other cards, and standard shipping."""
    bolt = stocked_card(4, name="Lightning Bolt", value_cents=2_500)
    cards = [
        stocked_card(4, name=name, value_cents=900) for name in ("Goblin Guide", "Lava Spike", "Rift Bolt")
    ]
    template_deck(dict.fromkeys(cards, 4), name="Friday Burn", slug="friday-burn")
    ShippingMethodFactory()
    return bolt


def visitor(browser: Browser, site: RunningSite) -> Page:
    """Somebody with a browser of their own."""
    page = browser.new_context(base_url=site.url).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"The page's script failed: {error}"))
    return page


def find_and_add_lightning_bolt(page: Page) -> None:
    page.goto("/")
    page.locator("input[name=q]").first.fill("lightning bolt")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Lightning Bolt").first.wait_for()
    page.get_by_role("button", name=re.compile(r"^Add")).first.click()
    expect(page.get_by_role("status").filter(has_text="Added 1 × Lightning Bolt")).to_be_visible()


def quick_add(page: Page, text: str) -> None:
    page.goto("/cart/")
    page.get_by_label("Quick add").fill(text)
    page.locator("#quick-add").get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("Added")


def take_the_deck(page: Page) -> None:
    page.goto("/decks/")
    page.get_by_role("link", name="Friday Burn").first.click()
    page.get_by_role("button", name="Take this deck").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your cart")


def fill_cart(page: Page) -> None:
    find_and_add_lightning_bolt(page)
    quick_add(page, "3 Lightning Bolt")
    take_the_deck(page)


def choose_days_and_shipping(page: Page, *, email: str) -> None:
    page.goto("/checkout/shipping/")
    page.locator("[name=first_day]").fill(FRIDAY.isoformat())
    page.locator("[name=last_day]").fill(SUNDAY.isoformat())
    page.get_by_role("radio", name=re.compile("Standard")).check()
    values = {
        "email": email,
        "name": "Pat Player",
        "street": "1 Card Lane",
        "postcode": "10115",
        "city": "Berlin",
    }
    for name, value in {**values, "country": "Germany"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Continue to payment").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payment")


def card_form(page: Page) -> FrameLocator:
    return page.frame_locator("#payment-element iframe")


def pay(page: Page, number: str = "4242424242424242") -> None:
    form = card_form(page)
    form.locator("#number").fill(number)
    form.locator("#expiry").fill("12 / 40")
    form.locator("#cvc").fill("123")
    page.locator("#pay").click()


def expect_leaves_and_due_back(page: Page, leaves_on: date, due_back_on: date) -> None:
    expect(page.locator("#leaves-on")).to_have_attribute("datetime", leaves_on.isoformat())
    expect(page.locator("#due-back-on")).to_have_attribute("datetime", due_back_on.isoformat())


def expect_status(page: Page, status: str) -> None:
    expect(page.locator("#status")).to_have_attribute("data-status", status)


def test_from_card_to_open_order(browser: Browser, site: RunningSite, shop: Card):
    # A visitor looks around: nothing is written down about them.
    first = visitor(browser, site)
    first.goto("/")
    first.goto("/cards/")
    assert not Guest.objects.exists()

    # The first card makes the guest and the order; quick add and a whole deck follow.
    find_and_add_lightning_bolt(first)
    expect(first.get_by_role("link", name="Lightning Bolt").first).to_be_visible()
    assert (Guest.objects.count(), Order.objects.count()) == (1, 1)
    quick_add(first, "3 Lightning Bolt")
    take_the_deck(first)
    order = Order.objects.get()
    assert order.status == Status.CART
    assert sorted(order.order_cards.values_list("card__name", "quantity")) == [
        ("Goblin Guide", 4),
        ("Lava Spike", 4),
        ("Lightning Bolt", 4),
        ("Rift Bolt", 4),
    ]

    # Days and shipping: the page says when the deck leaves and must be back.
    choose_days_and_shipping(first, email="first@example.org")
    expect_leaves_and_due_back(first, FRIDAY - timedelta(days=2), SUNDAY + timedelta(days=3))

    # The total is held, not captured; everything is free; page and e-mail say so.
    expect(first.locator("#total")).to_have_text("€14.45")
    pay(first)
    expect_status(first, "open")
    order.refresh_from_db()
    payment = Payment.objects.get()
    assert (order.status, order.total_cents, payment.status) == (Status.OPEN, 1445, "authorized")
    intent = sandbox_intent(site, payment)
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 1445, 0)
    site.wait_for(
        lambda: f"Your order {order.number} is open" in site.mails(), "the e-mail about the open order"
    )

    # Another visitor wants the same on the same days.
    second = visitor(browser, site)
    fill_cart(second)
    choose_days_and_shipping(second, email="second@example.org")
    pay(second)
    expect(second.get_by_role("heading", level=1)).to_have_text("Some cards are short")
    expect(second.locator("#short-cards")).to_contain_text("Lightning Bolt")
    expect(second.locator("#short-cards li")).to_have_count(4)
    expect(second.locator("#short-cards")).to_contain_text("4 of 4")
    # Free again from the day after the first deck is checked in, plus two days on the way.
    expect(second.locator("#next-start")).to_have_attribute(
        "datetime", (SUNDAY + timedelta(days=4 + 2)).isoformat()
    )
    for way_on in ("move", "wait", "back"):
        expect(second.locator(f"button[name=decision][value={way_on}]")).to_be_visible()

    # They wait: pending, and the short cards are marked needed.
    second.locator("button[value=wait]").click()
    expect_status(second, "pending")
    waiting = Order.objects.exclude(pk=order.pk).get(status=Status.PENDING)
    assert set(waiting.order_cards.values_list("needed", flat=True)) == {4}
    expect(second.get_by_text("needed").first).to_be_visible()

    # Staff see what to buy, and receive it there.
    StaffFactory(email="desk@example.org")
    staff = visitor(browser, site)
    staff.goto("/staff/needed/")
    staff.locator("[name=login]").fill("desk@example.org")
    staff.locator("[name=password]").fill(PASSWORD)
    staff.locator("main").get_by_role("button", name="Sign in").click()
    expect(staff.get_by_role("heading", level=1)).to_have_text("Needed cards")
    for slug in ("goblin-guide", "lava-spike", "lightning-bolt", "rift-bolt"):
        row = staff.locator(f"[data-card={slug}]")
        expect(row).to_contain_text(waiting.number)
        expect(row.locator("[name=quantity]")).to_have_value("4")
        row.get_by_role("button", name="Receive").click()
        expect(staff.locator(f"[data-card={slug}]")).to_have_count(0)

    # Within seconds the worker has opened the order, and the customer is told.
    site.wait_for(lambda: Order.objects.get(pk=waiting.pk).status == Status.OPEN, "the promotion")
    site.wait_for(lambda: f"Good news: your order {waiting.number} is open" in site.mails(), "the good news")
    second.reload()
    expect_status(second, "open")
    assert set(Reservation.objects.values_list("state", flat=True)) == {"firm"}


def sandbox_intent(site: RunningSite, payment: Payment):
    return site.sandbox.client.v1.payment_intents.retrieve(payment.attempts.get().intent_id)


def one_bolt_at_the_card_form(browser: Browser, site: RunningSite) -> Page:
    page = visitor(browser, site)
    find_and_add_lightning_bolt(page)
    choose_days_and_shipping(page, email="player@example.org")
    return page


def test_a_declined_card_is_told_and_a_second_card_opens_the_order(browser, site, shop):
    page = one_bolt_at_the_card_form(browser, site)

    pay(page, "4000000000009995")
    expect(page.locator("#payment-message")).to_contain_text("not enough money")
    assert Order.objects.get().status == Status.CART
    pay(page)

    expect_status(page, "open")


def test_three_d_secure_opens_the_order_once_the_bank_is_convinced(browser, site, shop):
    page = one_bolt_at_the_card_form(browser, site)

    pay(page, "4000000000003220")
    challenge(page).get_by_role("button", name="Complete authentication").click()

    expect_status(page, "open")


def test_three_d_secure_that_fails_keeps_the_cart_and_says_so(browser, site, shop):
    page = one_bolt_at_the_card_form(browser, site)

    pay(page, "4000000000003220")
    challenge(page).get_by_role("button", name="Fail authentication").click()

    expect(page.locator("#payment-message")).to_contain_text("could not confirm that it is you")
    assert Order.objects.get().status == Status.CART


def challenge(page: Page) -> FrameLocator:
    """The bank's dialog."""
    return page.frame_locator("iframe[src*='3ds']")
