"""Every page of the story in a real Chromium: on a phone and on a desk, by day and by night, without scripts."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.test import Client, RequestFactory
from django.utils import timezone
from django.views import defaults
from django.views.csrf import csrf_failure
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts import tokens
from accounts.models import User
from inventory.models import Card, ClosedDay
from orders.cancellation import cancel
from orders.change_plan import Wanted
from orders.models import Order, OrderCard, OrderChange, PaymentStatus, Refund, WebhookEvent
from orders.transitions import customer
from tests.factories import (
    TODAY,
    PickupFactory,
    ShippingMethodFactory,
    StaffFactory,
    StockMovementFactory,
    UserFactory,
    cart_with,
    dispatched,
    placed,
    settled,
    stocked_card,
    template_deck,
)
from tests.orders.changes_asked_for import asked_for, extension_asked_for
from tests.orders.test_payment_timeline import attempted, fee_of
from tests.page_checks import WatchedPage
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "Our Market Research Shows That Players Like Really Long Card Names So We Made this Card"


@pytest.fixture
def shop() -> Card:
    card = stocked_card(4, name="Lightning Bolt", value_cents=2_500, mana_cost="{R}")
    long = stocked_card(4, name=LONG, type_line="Creature — Elf", mana_cost="{1}{G}{G}")
    template_deck({card: 4, long: 4}, name="Friday Burn", slug="friday-burn")
    ShippingMethodFactory()
    PickupFactory()
    return card


def signed_in_as(client: Client, browser: Browser, url: str, **options) -> BrowserContext:
    """A browser that has this test client's session."""
    context = browser.new_context(base_url=url, **options)
    context.add_cookies(
        [
            {"name": name, "value": cookie.coded_value, "url": url}
            for name, cookie in client.cookies.items()
            if cookie.value  # an empty one is about to go
        ]
    )
    return context


def as_guest_of(order: Order) -> Client:
    client = Client()
    session = client.session
    session["guest_id"] = str(order.guest_id)
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client


def as_staff() -> Client:
    client = Client()
    client.force_login(StaffFactory())
    return client


def with_a_cart(card: Card) -> Client:
    return as_guest_of(cart_with({card: 3, Card.objects.get(name=LONG): 2}))


def with_a_shortfall(card: Card) -> Client:
    """Short from one month into the next: the longest days that a line has to say."""
    own = stocked_card(4)
    placed({own: 3}, days=28)
    return as_guest_of(settled({own: 3}, days=28))


OUT = "2UT2UT2UT2"


def a_deck_that_is_out() -> Order:
    order = dispatched({stocked_card(4): 4, Card.objects.get(name=LONG): 2}, days=3, days_ago=10)
    order.number = OUT
    order.save()
    return order


def with_a_deck(card: Card) -> Client:
    return as_guest_of(Order.objects.filter(number=OUT).first() or a_deck_that_is_out())


PAID = "9PD9PD9PD9"


def an_order_with_a_long_story_of_money() -> Order:
    """Declined, held, charged, disputed; part of it given back; one fee paid, one not."""
    order = dispatched({stocked_card(4): 3, stocked_card(4, name=f"{LONG}, Twice"): 2}, days=3, days_ago=9)
    order.number = PAID
    order.save()
    payment = order.payments.get()
    attempted(
        payment, PaymentStatus.FAILED, error_code="card_declined", error_message="Your card was declined."
    )
    attempt = attempted(payment, PaymentStatus.CAPTURED)
    for number, kind in enumerate(("payment_intent.amount_capturable_updated", "charge.dispute.created")):
        WebhookEvent.objects.get_or_create(
            id=f"evt_{number}{'x' * 24}", defaults={"type": kind, "intent_id": attempt.intent_id}
        )
    card = {"card_brand": "visa", "card_last4": "4242", "card_exp_month": 4, "card_exp_year": 2031}
    order.payments.update(**card, dispute="open", refunded_cents=50)
    Refund.objects.create(payment=payment, amount_cents=50, reason="A creased card.", status="succeeded")
    Refund.objects.create(
        payment=payment, amount_cents=50, status="failed", error_message="lost_or_stolen_card"
    )
    now = timezone.now()
    charged = {"status": PaymentStatus.CAPTURED, "captured_cents": 400, "captured_at": now}
    fee_of(order, **charged, **card, reason="Nine days late.", requested_by=StaffFactory())
    attempted(fee_of(order, kind="loss", reason=LONG), PaymentStatus.FAILED, off_session=True)
    order.payments.filter(kind="loss").update(status=PaymentStatus.FAILED, **card)
    return order


def with_a_long_story_of_money(card: Card) -> Client:
    return as_guest_of(Order.objects.filter(number=PAID).first() or an_order_with_a_long_story_of_money())


def at_the_desk_with_a_long_story_of_money(card: Card) -> Client:
    with_a_long_story_of_money(card)
    return as_staff()


def with_an_order_that_lost_its_hold(card: Card) -> Client:
    order = placed({stocked_card(4): 1})
    order.payments.update(status=PaymentStatus.EXPIRED)
    order.pay_again_by = timezone.now() + timedelta(days=2)
    order.save()
    return as_guest_of(order)


def with_a_pending_order(card: Card) -> Client:
    settled({card: 3})
    return as_guest_of(placed({card: 3}))


def with_a_cancelled_order(card: Card) -> Client:
    return as_guest_of(
        cancel(order=placed({stocked_card(4): 1}), by=customer(), reason="the customer cancels")
    )


def with_a_change_to_pay_for(card: Card) -> Client:
    order = placed({stocked_card(9, value_cents=90_000): 3, Card.objects.get(name=LONG): 1})
    line = order.order_cards.get(quantity=3)
    asked_for(order, Wanted(quantities={line.pk: 5}, last_day=order.last_day + timedelta(days=1)))
    return as_guest_of(order)


def with_days_to_pay_for(card: Card) -> Client:
    client, order = with_a_deck(card), Order.objects.get(number=OUT)
    for line in order.order_cards.all():  # nobody whom another page needs is hurt by it
        StockMovementFactory(printing=line.card.printings.get(), quantity=20)
    OrderCard.objects.filter(order=order).update(day_price_cents=200)
    extension_asked_for(order, TODAY + timedelta(days=2))
    return client


def looks_at_a_day_more(page: Page) -> None:
    page.get_by_label("Last day with you").or_(page.get_by_label("Keep it until")).fill(
        (TODAY + timedelta(days=16)).isoformat()
    )
    page.locator("#look-at-it").click()
    expect(page.locator("#outcome")).to_be_visible()


def as_somebody(card: Card) -> Client:
    client = Client()
    client.force_login(UserFactory())
    return client


def with_other_accounts(card: Card) -> Client:
    user = UserFactory()
    user.set_unusable_password()
    user.save()
    for uid in ("7", "a-very-long-name-that-somebody-has-given-themselves-at-another-site"):
        SocialAccount.objects.get_or_create(provider="dummy", uid=f"{uid}-{user.pk}", user=user)
    client = Client()
    client.force_login(user)
    return client


def signed_in_twice(card: Card) -> Client:
    user, client = UserFactory(), Client()
    for agent in (f"Firefox Windows {'x' * 100}", "Something"):
        UserSession.objects.create(
            user=user, ip="2001:db8:1234:5678::", user_agent=agent, session_key=kept_session(user)
        )
    client.force_login(user)
    return client


def with_tokens(card: Card) -> Client:
    user, client = UserFactory(), Client()
    for _ in range(2):
        tokens.issue(user=user, now=timezone.now())
    client.force_login(user)
    return client


def kept_session(user: User) -> str:
    client = Client()
    client.force_login(user)
    UserSession.objects.filter(session_key=client.session.session_key).delete()
    return client.session.session_key


def half_way_through_another_account(card: Card) -> Client:
    client = Client()
    there = client.post("/accounts/dummy/login/")["Location"]
    client.post(there, {"id": 7})
    return client


def with_an_address_that_waits(card: Card) -> Client:
    user, client = UserFactory(), Client()
    EmailAddress.objects.create(user=user, email=f"{'long' * 12}-{user.pk}@example.org", verified=False)
    client.force_login(user)
    return client


def who_follows_a_link_elsewhere(card: Card) -> Client:
    with_an_address_that_waits(card)
    return Client()


def as_somebody_who_is_needed(card: Card) -> Client:
    user, client = UserFactory(), Client()
    for _ in range(2):
        settled({stocked_card(4): 1}, user=user)
    client.force_login(user)
    return client


def with_a_cart_that_is_short(card: Card) -> Client:
    settled({card: 3})
    return with_a_cart(card)


def with_an_order_at_the_desk(card: Card) -> Client:
    own = stocked_card(4)  # of the shop's card, copies are lost whenever somebody is at the desk
    dispatched({own: 1}, days_ago=9)
    with_a_pending_order(own)
    return as_staff()


def at_the_desk(card: Card) -> Client:
    placed({card: 3})
    placed({card: 3, Card.objects.get(name=LONG): 3})
    placed({stocked_card(4): 3, Card.objects.get(name=LONG): 1}, first_day=TODAY)
    if not Order.objects.filter(number=OUT).exists():
        a_deck_that_is_out()
    StockMovementFactory(printing=card.printings.get(), quantity=-2, kind="lost", note="Wet " * 40)
    return as_staff()


def with_closed_days(card: Card) -> Client:
    """An order that leaves on a day that was closed later, and holidays."""
    order = placed({card: 1})
    assert order.out_on
    ClosedDay.objects.get_or_create(
        first_day=order.out_on, last_day=order.out_on, defaults={"reason": "Stocktaking of every single card"}
    )
    return as_staff()


# An address, who goes there, and what they do there before the page is looked at.
Visitor = Callable[[Card], Client]
Visit = tuple[str, Visitor] | tuple[str, Visitor, Callable[[Page], None]]

PAGES: list[Visit] = [
    ("/", with_a_cart),
    ("/cards/", with_a_cart),
    ("/cards/?q=nothing+like+this", with_a_cart),
    ("/cards/lightning-bolt/", with_a_cart),
    ("/decks/", with_a_cart),
    ("/decks/friday-burn/", with_a_cart),
    ("/cart/", with_a_cart),
    ("/cart/", with_a_cart_that_is_short),
    ("/checkout/shipping/", with_a_cart),
    ("/checkout/payment/", with_a_cart),
    ("/checkout/shortfall/", with_a_shortfall),
    ("/orders/", with_a_shortfall),
    ("/orders/NUMBER/", with_a_pending_order),
    ("/orders/NUMBER/pay/", with_a_pending_order),
    ("/orders/pay/nonsense/", with_a_cart),
    ("/orders/cards/", as_somebody),
    ("/accounts/login/", with_a_cart),
    ("/accounts/signup/", with_a_cart),
    ("/accounts/password/reset/", with_a_cart),
    ("/accounts/password/reset/done/", with_a_cart),
    ("/accounts/password/reset/key/nonsense-key/", with_a_cart),
    ("/accounts/password/reset/key/done/", with_a_cart),
    ("/accounts/confirm-email/", with_a_cart),
    ("/accounts/confirm-email/nonsense/", with_a_cart),
    ("/accounts/inactive/", with_a_cart),
    ("/accounts/email/", as_somebody),
    ("/accounts/password/change/", as_somebody),
    ("/accounts/logout/", as_somebody),
    ("/accounts/reauthenticate/", as_somebody),
    ("/nowhere/", with_a_cart),
    ("/staff/", as_somebody),
    ("/staff/", at_the_desk),
    ("/staff/needed/", at_the_desk),
    ("/staff/calendar/", with_closed_days),
    ("/staff/dispatch/", at_the_desk),
    ("/staff/returns/", at_the_desk),
    (f"/staff/returns/{OUT}/", at_the_desk),
    (f"/orders/{OUT}/", with_a_deck),
    ("/staff/orders/NUMBER/", with_an_order_at_the_desk),
    (f"/orders/{PAID}/", with_a_long_story_of_money),
    (f"/orders/{PAID}/receipt/", with_a_long_story_of_money),
    ("/orders/NUMBER/", with_an_order_that_lost_its_hold),
    ("/orders/NUMBER/receipt/", with_an_order_that_lost_its_hold),
    (f"/staff/orders/{PAID}/?kind=late&amount=4.00#fee", at_the_desk_with_a_long_story_of_money),
    ("/staff/", at_the_desk_with_a_long_story_of_money),
    ("/staff/queue/", at_the_desk),
    ("/staff/stock/", at_the_desk),
    ("/staff/stock/?q=light", at_the_desk),
    ("/staff/stock/lightning-bolt/", at_the_desk),
    ("/orders/", with_an_order_that_lost_its_hold),
    ("/orders/", with_a_deck),
    ("/orders/", as_somebody),
    ("/orders/NUMBER/", with_a_cancelled_order),
    (f"/orders/{OUT}/return/", with_a_deck),
    ("/orders/NUMBER/return/", with_an_order_that_lost_its_hold),
    ("/orders/find/", with_a_cart),
    ("/orders/find/sent/", with_a_cart),
    ("/orders/link/nonsense/", with_a_cart),
    ("/accounts/", as_somebody),
    ("/accounts/", with_other_accounts),
    ("/accounts/sessions/", signed_in_twice),
    ("/accounts/tokens/", with_tokens),
    ("/accounts/3rdparty/", as_somebody),
    ("/accounts/3rdparty/", with_other_accounts),
    ("/accounts/3rdparty/login/cancelled/", with_a_cart),
    ("/accounts/3rdparty/login/error/", with_a_cart),
    ("/accounts/3rdparty/signup/", half_way_through_another_account),
    ("/accounts/dummy/login/", with_a_cart),
    ("/accounts/dummy/login/?process=connect", as_somebody),
    ("/accounts/email/", with_an_address_that_waits),
    ("/accounts/password/set/", with_other_accounts),
    ("/accounts/confirm-email/KEY/", with_an_address_that_waits),
    ("/accounts/confirm-email/KEY/", who_follows_a_link_elsewhere),
    ("/accounts/delete/", as_somebody),
    ("/accounts/delete/", as_somebody_who_is_needed),
    ("/orders/NUMBER/address/", with_a_pending_order),
    ("/orders/NUMBER/change/", with_a_pending_order),
    ("/orders/NUMBER/change/", with_a_pending_order, looks_at_a_day_more),
    ("/orders/NUMBER/change/CHANGE/", with_a_change_to_pay_for),
    (f"/orders/{OUT}/extend/", with_a_deck),
    (f"/orders/{OUT}/extend/", with_a_deck, looks_at_a_day_more),
    (f"/orders/{OUT}/extend/CHANGE/", with_days_to_pay_for),
]
NUMBER, LINE = "NUMBER", "LINE"  # those of the order and of the line that were made last
KEY = "KEY"  # of the link that confirms the address that was written down last
CHANGE = "CHANGE"  # that was asked for last


PARTS = 8  # of the pages, so that no test takes minutes


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(
    ("width", "scheme", "axe"),
    [(390, "light", True), (1280, "dark", True)],
)
def test_every_page_keeps_what_every_page_promises(
    browser: Browser,
    live_server,
    sandbox: Sandbox,
    shop: Card,
    width: int,
    scheme: str,
    axe: bool,
    part: int,
):
    """It fits, nothing moves, nobody else is asked, axe finds nothing; tests/page_checks.py has all of it."""
    stripe = urlsplit(sandbox.url).netloc
    look = {"width": width, "scheme": scheme, "axe": axe, "stripe": stripe}
    problems = problems_of(PAGES[part::PARTS], browser, live_server.url, shop, **look)
    assert not problems, "\n\n".join(problems)


def problems_of(
    pages: Sequence[Visit],
    browser: Browser,
    url: str,
    shop: Card,
    *,
    width: int,
    scheme: str,
    axe: bool,
    stripe: str = "",
) -> list[str]:
    """What these pages break, each as its visitor sees it in a window of that width."""
    problems: list[str] = []
    for address, visitor, *what_is_done in pages:
        client = visitor(shop)
        window = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
        context = signed_in_as(client, browser, url, **window)
        context.route(
            "https://cards.scryfall.io/**", lambda route: route.abort()
        )  # no test leaves this machine
        watched = WatchedPage(context.new_page(), stripe=stripe)

        watched.page.goto(with_number(address))
        for do in what_is_done:
            do(watched.page)

        problems += watched.problems(axe=axe)
        context.close()
    return problems


def with_number(address: str) -> str:
    if NUMBER in address:
        address = address.replace(NUMBER, Order.objects.latest("pk").number)
    if KEY in address:
        unconfirmed = EmailAddress.objects.filter(verified=False).latest("pk")
        address = address.replace(KEY, EmailConfirmationHMAC(unconfirmed).key)
    if LINE in address:
        address = address.replace(LINE, str(OrderCard.objects.latest("pk").pk))
    if CHANGE in address:
        address = address.replace(CHANGE, str(OrderChange.objects.latest("created_at").pk))
    return address


ERROR_PAGES = {
    400: lambda request: defaults.bad_request(request, ValueError()),
    500: defaults.server_error,
    "csrf": csrf_failure,
}


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
@pytest.mark.parametrize("error", ERROR_PAGES)
def test_a_page_about_an_error_keeps_it_too(
    browser: Browser, live_server, error: int | str, width: int, scheme: str
):
    answer = ERROR_PAGES[error](RequestFactory().get("/broken/"))
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": width, "height": 844}, color_scheme=scheme
    )
    page = context.new_page()
    page.route(
        "**/broken/",
        lambda route: route.fulfill(status=answer.status_code, body=answer.content, content_type="text/html"),
    )
    watched = WatchedPage(page, stripe="")

    page.goto("/broken/")

    assert watched.problems(axe=True) == []


def test_without_scripts_everything_but_the_card_form_works(
    browser: Browser, live_server, sandbox: Sandbox, shop: Card
):
    page = browser.new_context(base_url=live_server.url, java_script_enabled=False).new_page()
    page.goto("/cards/?q=lightning")
    page.locator("#card-lightning-bolt").get_by_role("button").click()
    page.goto("/cart/")
    for typed in ("2 Lightning Bolt", "1 Lightnig Bolt"):
        page.get_by_label("Quick add").fill(typed)
        page.locator("#quick-add").get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#kept-aside")).to_contain_text("Lightning Bolt")

    page.get_by_role("link", name="Choose days and shipping").click()
    page.locator("[name=first_day]").fill((TODAY + timedelta(days=9)).isoformat())
    page.locator("[name=last_day]").fill((TODAY + timedelta(days=11)).isoformat())
    page.get_by_role("radio", name="Pickup").check()
    page.locator("[name=email]").fill("player@example.org")
    page.get_by_role("button", name="Continue to payment").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Payment")
    # Playwright switches scripts off in a way that leaves <noscript> unseen: its text is looked for in the page.
    assert "Paying needs JavaScript" in page.content()
    expect(page.locator("#pay")).to_be_disabled()
    assert Order.objects.get().demand() == {shop.pk: 3}


def test_without_scripts_and_by_keyboard_alone_another_free_day_is_chosen(
    browser: Browser, live_server, sandbox: Sandbox, shop: Card
):
    taken = settled({shop: 4})
    order = settled({shop: 3})
    page = signed_in_as(as_guest_of(order), browser, live_server.url, java_script_enabled=False).new_page()
    page.goto("/checkout/shortfall/")
    strip = page.locator("#other-days")
    first, second = (taken.back_on + timedelta(days=offset) for offset in (0, 1))
    expect(strip.get_by_role("radio", name=f"{first:%a} {first.day} {first:%B}: free")).to_be_checked()
    expect(strip.get_by_role("radio")).to_have_count(60 - 5)
    expect(strip).to_contain_text(
        f"{order.first_day:%a} {order.first_day.day} {order.first_day:%B}: short by 3"
    )

    strip.get_by_role("radio", checked=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    expect(page.locator("#status")).to_have_attribute("data-status", "open")
    order.refresh_from_db()
    assert order.first_day == second


def test_the_days_of_a_cart_are_moved_by_one_click(
    browser: Browser, live_server, sandbox: Sandbox, shop: Card
):
    taken = settled({shop: 4})
    cart = cart_with({shop: 3})
    page = signed_in_as(as_guest_of(cart), browser, live_server.url).new_page()
    page.goto("/cart/")
    expect(page.locator("#slip")).to_contain_text("3 copies short in 1 line")

    page.locator("#nearest").get_by_role("button").last.click()

    expect(page.get_by_text("Every card is free on your days")).to_be_visible()
    cart.refresh_from_db()
    assert (cart.first_day, cart.email) == (taken.back_on, "player@example.org")


# --- what a finger finds -----------------------------------------------------------------------------------------

REACH = """(link) => {
    link.scrollIntoView({block: "center"});
    const box = link.getBoundingClientRect();
    const [x, middle] = [box.left + box.width / 2, box.top + box.height / 2];
    return [-18, 0, 18].every((away) => link.contains(document.elementFromPoint(x, middle + away)));
}"""


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("/cards/lightning-bolt/", ".kicker a"),
        ("/cards/lightning-bolt/", ".used-in .card-name"),
        ("/decks/friday-burn/", ".kicker a >> nth=1"),
        ("/cart/list/", ".kicker a"),
    ],
)
def test_a_link_that_stands_alone_has_room_for_a_finger(browser: Browser, live_server, shop, address, link):
    phone = browser.new_context(
        base_url=live_server.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = phone.new_page()
    page.goto(address)

    assert page.locator(link).first.evaluate(REACH)


def test_cancelling_has_room_for_a_finger(browser: Browser, live_server, shop):
    order = placed({shop: 1})
    phone = signed_in_as(
        as_guest_of(order), browser, live_server.url, viewport={"width": 390, "height": 844}, has_touch=True
    )
    page = phone.new_page()
    page.goto(f"/orders/{order.number}/")

    box = page.get_by_text("Cancel this order").bounding_box()
    assert box
    assert box["height"] >= 40


# --- on paper ----------------------------------------------------------------------------------------------------


def test_what_can_only_be_pressed_is_not_printed(browser: Browser, live_server, shop):
    cart = cart_with({shop: 3})
    page = signed_in_as(
        as_guest_of(cart), browser, live_server.url, viewport={"width": 794, "height": 1123}
    ).new_page()
    page.goto("/cart/")
    page.emulate_media(media="print")

    for selector in (".site-head", ".quick-add", ".cart-bar", ".step", ".line-change", ".button"):
        expect(page.locator(selector).first).to_be_hidden()
    expect(page.get_by_role("link", name="Lightning Bolt")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Copies of Lightning Bolt")).to_have_value("3")
    expect(page.locator(".slip-total").first).to_be_visible()


def test_paper_is_white_whatever_the_screen_is(browser: Browser, live_server, shop):
    page = browser.new_context(base_url=live_server.url, color_scheme="dark").new_page()
    page.goto("/cards/lightning-bolt/")
    ink = "getComputedStyle(document.querySelector('h1')).color"
    by_night = page.evaluate(ink)

    page.emulate_media(media="print", color_scheme="dark")

    assert page.evaluate(ink) != by_night
    assert max(map(int, re.findall(r"\d+", page.evaluate(ink))[:3])) < 80


# --- the narrowest screen, and the widest letters -----------------------------------------------------------------

NARROW = {"viewport": {"width": 320, "height": 640}}
WIDTH = "document.documentElement.scrollWidth"


@pytest.mark.parametrize(
    "address", ["/", "/cards/", "/cards/lightning-bolt/", "/decks/friday-burn/", "/cart/"]
)
def test_nothing_sticks_out_of_320_pixels(browser: Browser, live_server, shop, address):
    many = {
        stocked_card(1, value_cents=90_000): 13 for _ in range(12)
    }  # long numbers at the foot of the cart
    client = as_guest_of(cart_with({shop: 40, **many}))
    page = signed_in_as(client, browser, live_server.url, **NARROW).new_page()
    page.goto(address)

    assert page.evaluate(WIDTH) == 320


def test_the_decks_of_the_shop_do_not_stick_out_of_320_pixels(browser: Browser, live_server, shop):
    template_deck({shop: 34, stocked_card(0): 41}, name="Borrowed Thunder")
    page = signed_in_as(as_staff(), browser, live_server.url, **NARROW).new_page()
    page.goto("/staff/decks/")

    assert page.evaluate(WIDTH) == 320
