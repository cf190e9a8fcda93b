"""How often somebody may try to pay: each limit by itself, with the others high."""

from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.visitor_address import address_of
from orders import stripe_gateway as gateway
from orders.models import Order, Payment, PaymentAttempt
from orders.payments import limits
from orders.states import Status
from tests.factories import cart_with, stocked_card
from tests.orders.test_checkout import total_of
from tests.orders.test_views import browser_of, messages_of
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

DECLINED = "pm_card_chargeDeclined"
HIGH = 1_000_000
NAMES = ("ATTEMPTS_PER_SESSION", "ATTEMPTS_PER_CUSTOMER", "ATTEMPTS_PER_ADDRESS", "ATTEMPTS_PER_CARD")


@pytest.fixture(autouse=True)
def _own_counters(settings, tmp_path) -> None:
    """Counters under names of this test's own, since all tests share a Redis, an address and a card."""
    settings.SECRET_KEY = str(tmp_path)


@pytest.fixture
def only(settings):
    """One limit of 2, the others high."""

    def set_limits(name: str) -> None:
        for other in NAMES:
            setattr(settings, other, 2 if other == name else HIGH)

    return set_limits


def try_to_pay(
    sandbox: Sandbox, cart: Order, *, browser: Client, address: str = "192.0.2.1", card: str = DECLINED
) -> Any:
    return browser.post(
        reverse("orders:payment"),
        {"confirmation_token": sandbox.confirmation_token(card), "total_cents": total_of(cart)},
        REMOTE_ADDR=address,
    )


def new_cart() -> Order:
    return cart_with({stocked_card(4): 1})


def is_refused(response: Any) -> bool:
    if response.json()["status"] != "done":
        return False
    return any("Too many cards were tried. Your cart is kept" in said for said in messages_of(response))


def test_a_session_is_limited(sandbox, only):
    only("ATTEMPTS_PER_SESSION")
    cart = new_cart()
    browser = browser_of(cart)
    answers = [
        try_to_pay(sandbox, cart, browser=browser, address=f"192.0.2.{n}", card=card)
        for n, card in enumerate([DECLINED, "pm_card_chargeDeclinedLostCard", "pm_card_visa"])
    ]

    assert [is_refused(answer) for answer in answers] == [False, False, True]
    other = new_cart()
    assert not is_refused(try_to_pay(sandbox, other, browser=browser_of(other)))


def test_a_customer_is_limited_whatever_browser_they_use(sandbox, only):
    only("ATTEMPTS_PER_CUSTOMER")
    cart = new_cart()
    answers = [
        try_to_pay(sandbox, cart, browser=browser_of(cart), address=f"192.0.2.{n}", card=card)
        for n, card in enumerate([DECLINED, "pm_card_chargeDeclinedLostCard", "pm_card_visa"])
    ]

    assert [is_refused(answer) for answer in answers] == [False, False, True]
    other = new_cart()
    assert not is_refused(try_to_pay(sandbox, other, browser=browser_of(other)))


def test_an_address_is_limited_whoever_comes_from_it(sandbox, only):
    only("ATTEMPTS_PER_ADDRESS")
    carts = [new_cart() for _ in range(3)]
    cards = [DECLINED, "pm_card_chargeDeclinedLostCard", "pm_card_visa"]
    answers = [
        try_to_pay(sandbox, cart, browser=browser_of(cart), card=card)
        for cart, card in zip(carts, cards, strict=True)
    ]

    assert [is_refused(answer) for answer in answers] == [False, False, True]
    assert not is_refused(try_to_pay(sandbox, carts[2], browser=browser_of(carts[2]), address="192.0.2.99"))


def test_a_card_is_limited_whoever_gives_it_from_wherever(sandbox, only):
    only("ATTEMPTS_PER_CARD")
    carts = [new_cart() for _ in range(3)]
    answers = [
        try_to_pay(sandbox, cart, browser=browser_of(cart), address=f"192.0.2.{n}")
        for n, cart in enumerate(carts)
    ]

    assert [is_refused(answer) for answer in answers] == [False, False, True]
    assert not is_refused(try_to_pay(sandbox, carts[2], browser=browser_of(carts[2]), card="pm_card_visa"))


@pytest.mark.parametrize("name", NAMES)
def test_beyond_a_limit_the_cart_is_kept_and_no_attempt_is_written_or_sent(sandbox, only, name, monkeypatch):
    cart = new_cart()
    browser = browser_of(cart)
    only(name)
    for _ in range(2):
        try_to_pay(sandbox, cart, browser=browser)
    sent: list[Any] = []
    monkeypatch.setattr(gateway, "create_intent", lambda **kwargs: sent.append(kwargs))

    assert is_refused(try_to_pay(sandbox, cart, browser=browser, card=DECLINED))

    cart.refresh_from_db()
    assert (cart.status, cart.order_cards.count()) == (Status.CART, 1)
    assert PaymentAttempt.objects.count() == 2
    assert sent == []


def test_without_a_cache_paying_goes_on_and_the_database_still_limits(sandbox, only, settings):
    only("ATTEMPTS_PER_CUSTOMER")
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
        }
    }
    assert isinstance(cache._connections["default"], RedisCache)  # the real one, and nobody there
    cart = new_cart()
    browser = browser_of(cart)

    answers = [try_to_pay(sandbox, cart, browser=browser) for _ in range(3)]

    assert [is_refused(answer) for answer in answers] == [False, False, True]


def test_a_counter_is_counted_atomically_and_is_gone_after_an_hour(settings):
    settings.ATTEMPTS_PER_CARD = 2
    client = cache._cache.get_client()
    before = set(client.scan_iter("*rate-pay-card-*"))
    for _ in range(2):
        limits.count_card("fingerprint-of-a-card")

    with pytest.raises(limits.TooManyAttempts):
        limits.count_card("fingerprint-of-a-card")

    new = set(client.scan_iter("*rate-pay-card-*")) - before
    [name] = [name for name in new if not name.endswith(b"-over")]
    assert client.get(name) == b"3"
    assert all(0 < client.ttl(each) <= 60 * 60 for each in new)


def test_neither_fingerprint_nor_address_nor_session_is_in_the_name_of_a_counter():
    limits.count_card("fingerprint-of-a-card")
    limits.count_visitor(session="a-session-key", address="192.0.2.77")

    names = b" ".join(cache._cache.get_client().scan_iter("*rate-pay-*"))
    assert not any(secret in names for secret in (b"fingerprint-of", b"a-session-key", b"192.0.2.77"))


def test_looking_at_the_payment_page_creates_no_intent_and_no_attempt(sandbox):
    cart = new_cart()
    before = {intent.id for intent in sandbox.client.v1.payment_intents.list({"limit": 5}).data}

    browser_of(cart).get(reverse("orders:payment"))

    assert {intent.id for intent in sandbox.client.v1.payment_intents.list({"limit": 5}).data} == before
    assert not Payment.objects.exists()


# --- the address ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "198.51.100.9"),
        (0, "203.0.113.1", "198.51.100.9"),  # said by the visitor
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "1.2.3.4, 203.0.113.1", "203.0.113.1"),  # the first is said by the visitor
        (2, "1.2.3.4, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
        (2, "203.0.113.1", "198.51.100.9"),  # did not come through both
        (1, "nonsense", "198.51.100.9"),
        (1, None, "198.51.100.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_the_address_is_what_our_own_proxies_say(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    assert address_of(RequestFactory().get("/", REMOTE_ADDR="198.51.100.9", headers=headers)) == address


def test_an_address_of_ipv4_is_known_behind_a_server_that_listens_to_ipv6_too():
    """It is told as one of IPv6, and all of them would be one visitor's."""
    assert address_of(RequestFactory().get("/", REMOTE_ADDR="::ffff:203.0.113.1")) == "203.0.113.1"


def test_a_request_through_a_socket_has_no_address():
    assert address_of(RequestFactory().get("/", REMOTE_ADDR="")) == ""
