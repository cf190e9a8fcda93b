"""Every address of the site, tried by those whom it does not concern: nobody reads or changes what is not theirs.

The walk goes through the resolver, so that no new address can be forgotten: one whose parts `VALUES` does not know
fails `test_the_walk_knows_what_to_put_into_every_address`. What stands under `orders/<number>/` is tried with the
number of each of A's orders and has to answer as for a number that there is not, whatever it is.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RegexPattern
from django.utils import timezone
from django.utils.http import int_to_base36

from accounts import tokens
from accounts.models import ApiToken, Guest, User
from deckrental.sign_in_providers import PROVIDERS
from inventory.models import ClosedDay, Reservation, TemplateDeck
from orders import cart as carts
from orders import emails
from orders.change_forms import address_seen
from orders.forgetting import forget_person
from orders.models import Order, OrderChange, Payment, PaymentCustomer, PaymentStatus, Refund, Removal
from orders.models.order import new_cart_id
from orders.pay_again import pay_link
from orders.states import Status
from tests.factories import (
    TODAY,
    CartFactory,
    ShippingMethodFactory,
    StaffFactory,
    UserFactory,
    cart_with,
    dispatched,
    placed,
    settled,
    stocked_card,
    template_deck,
)
from tests.orders.test_views import browser_of

pytestmark = pytest.mark.django_db

NOWHERE = "ZZZZZZZZZZ"
EMAIL, LAST4 = "aurelia@secret.example", "4719"
SECRETS = (EMAIL, "Aurelia", "Hidden Lane", "Nowhereville", LAST4, "cus_of_aurelia", "pm_of_aurelia")


@pytest.fixture(autouse=True)
def _sign_in_elsewhere_is_set_up(settings) -> None:
    """Where tests run there are addresses of providers without the keys that the site would ask for first."""
    app = {"client_id": "ours", "secret": "ours", "key": ""}
    settings.SOCIALACCOUNT_PROVIDERS = {each.id: {**each.settings, "APPS": [app]} for each in PROVIDERS}


# --- what is A's ------------------------------------------------------------------------------------------


@dataclass
class Owned:
    """All that A has: orders in every status, a cart with all that a cart can have, money, and a session."""

    browser: Client
    owner: User | Guest
    orders: dict[str, Order] = field(default_factory=dict)
    deck: TemplateDeck | None = None

    @property
    def cart(self) -> Order:
        return self.orders[Status.CART]

    @property
    def secrets(self) -> list[str]:
        return [
            *SECRETS,
            "Qqqq of Aurelia",
            *(order.number for order in self.orders.values()),
            self.cart.cart_id,
        ]


def all_that_is_theirs(owner: str) -> Owned:
    """`owner`: customer or guest."""
    fields: dict[str, Any] = {"name": "Aurelia Secret", "street": "7 Hidden Lane", "city": "Nowhereville"}
    mine: dict[str, Any]
    if owner == "customer":
        mine = {"user": UserFactory(email=EMAIL, first_name="Aurelia")}
    else:
        mine = {"guest": CartFactory().guest}
        Order.objects.all().delete()
    cards = [stocked_card(20) for _ in range(2)]
    orders = {
        Status.OPEN: placed({cards[0]: 1}, **mine),
        Status.PENDING: placed({stocked_card(0): 1}, **mine),
        Status.DISPATCHED: dispatched({cards[1]: 2}, **mine),
        Status.RETURNED: settled({cards[0]: 1}, **mine),
        Status.CANCELLED: settled({cards[0]: 1}, **mine),
        Status.CONFIRMING: settled({stocked_card(0): 1}, **mine),
    }
    for status in (Status.RETURNED, Status.CANCELLED):
        Reservation.objects.filter(claim=orders[status].claim).delete()
        Order.objects.filter(pk=orders[status].pk).update(status=status)
    cart = orders[Status.CART] = cart_with({cards[0]: 1, cards[1]: 3}, **mine)
    deck = template_deck({cards[0]: 2})
    carts.add_template_deck(cart=cart, deck=deck)
    carts.remove_line(cart=cart, line=cart.order_cards.get(card=cards[1]))
    customer = PaymentCustomer.objects.create(stripe_id="cus_of_aurelia", **mine)
    for status in (Status.DISPATCHED, Status.RETURNED):
        Payment.objects.create(
            order=orders[status],
            kind=Payment.Kind.LATE,
            amount_cents=700,
            currency="eur",
            status=PaymentStatus.FAILED,
            reason="Aurelia was late",
        )
    Payment.objects.update(
        customer=customer, card_last4=LAST4, card_brand="visa", payment_method="pm_of_aurelia"
    )
    Refund.objects.create(
        payment=orders[Status.OPEN].payments.get(),
        amount_cents=100,
        reason="Aurelia was ill",
        status=Refund.Status.CANCELED,
    )
    for kind, status in (("change", Status.OPEN), ("extension", Status.DISPATCHED)):
        OrderChange.objects.create(
            order=orders[status],
            kind=kind,
            wanted={},
            seen="as it was",
            total_cents=900,
            why="Aurelia's change",
        )
    Order.objects.update(email=EMAIL, **fields)
    browser = browser_of(cart)
    if owner == "customer":
        keys_of_account(mine["user"], browser)
    browser.post(reverse("orders:quick_add"), {"cards": "9 Qqqq of Aurelia"})
    assert b"Qqqq of Aurelia" in browser.get(reverse("orders:cart")).content
    for order in orders.values():
        order.refresh_from_db()
    return Owned(browser, orders[Status.OPEN].user or orders[Status.OPEN].guest, orders, deck)


def keys_of_account(user: User, browser: Client) -> None:
    """What an account has, and pages ask for by its key."""
    UserSession.objects.get_or_create(
        session_key=browser.session.session_key, defaults={"user": user, "ip": "127.0.0.1"}
    )
    tokens.issue(user=user, now=timezone.now())
    SocialAccount.objects.create(user=user, provider="dummy", uid="uid-of-aurelia")


def key_of(model: type[Model], owned: Owned) -> str:
    """Of the first that A's account has; a guest has none."""
    found = model._base_manager.filter(user=owned.owner).first() if isinstance(owned.owner, User) else None
    return str(found.pk if found else 1)


def rows_of(owned: Owned) -> dict[str, list[Any]]:
    """Everything in the database that belongs to them, in whatever table, old or new."""
    rows: dict[str, list[Any]] = {
        "session": list(
            Session.objects.filter(pk=owned.browser.session.session_key).values_list("session_data")
        ),
        "reservations": sorted(
            Reservation.objects.filter(
                claim__in=[order.claim for order in owned.orders.values()]
            ).values_list(),
            key=str,
        ),
    }
    found: dict[type[Model], set[Any]] = {
        type(owned.owner): {owned.owner.pk},
        Order: {order.pk for order in owned.orders.values()},
    }
    seen: dict[type[Model], set[Any]] = {}
    while found:
        model, keys = found.popitem()
        keys -= seen.setdefault(model, set())
        if not keys:
            continue
        seen[model] |= keys
        rows.setdefault(model._meta.label, []).extend(model._base_manager.filter(pk__in=keys).values())
        for relation in model._meta.get_fields(include_hidden=True):
            if not (relation.one_to_many or relation.one_to_one) or relation.concrete:
                continue
            other = relation.related_model
            theirs = other._base_manager.filter(**{f"{relation.field.name}__in": keys})
            found.setdefault(other, set()).update(theirs.values_list("pk", flat=True))
    return {label: sorted(values, key=str) for label, values in rows.items()}


# --- every address ----------------------------------------------------------------------------------------

# What to put in for a part of an address: where it stands (a beginning of the route), its converter and its name.
VALUES: Sequence[tuple[str, str, str, Callable[[Owned], Sequence[Any]]]] = (
    ("orders/", "slug", "number", lambda owned: [order.number for order in owned.orders.values()]),
    ("staff/", "slug", "number", lambda owned: [owned.orders[Status.OPEN].number, owned.cart.number]),
    ("staff/decks/", "int", "number", lambda owned: [1]),
    (
        "",
        "uuid",
        "fee",
        lambda owned: Payment.objects.filter(
            order__in=owned.orders.values(), kind=Payment.Kind.LATE
        ).values_list("pk", flat=True),
    ),
    (
        "orders/",
        "uuid",
        "change",
        lambda owned: OrderChange.objects.filter(order__in=owned.orders.values()).values_list(
            "pk", flat=True
        ),
    ),
    (
        "staff/",
        "uuid",
        "refund",
        lambda owned: Refund.objects.filter(payment__order__in=owned.orders.values()).values_list(
            "pk", flat=True
        ),
    ),
    ("cart/lines/", "int", "pk", lambda owned: [line.pk for line in lines_of(owned)]),
    ("cart/decks/", "int", "pk", lambda owned: owned.cart.order_template_decks.values_list("pk", flat=True)),
    ("cart/kept-aside/", "int", "key", lambda owned: [1]),
    ("staff/decks/", "int", "pk", lambda owned: [owned.deck.pk]),
    ("staff/calendar/", "int", "pk", lambda owned: [1]),
    ("staff/", "int", "card_id", lambda owned: [lines_of(owned)[0].card_id]),
    ("decks/", "slug", "slug", lambda owned: [owned.deck.slug]),
    ("cart/add-deck/", "slug", "slug", lambda owned: [owned.deck.slug]),
    ("", "slug", "slug", lambda owned: [lines_of(owned)[0].card.slug]),
    ("", "slug", "form", lambda owned: ["text"]),
    ("orders/", "str", "token", lambda owned: [tampered(owned), NOWHERE]),
    ("accounts/", "", "key", lambda owned: ["set-password", NOWHERE]),
    (
        "accounts/",
        "",
        "uidb36",
        lambda owned: [int_to_base36(owned.owner.pk if isinstance(owned.owner, User) else 1)],
    ),
    ("admin/", "path", "object_id", lambda owned: [owned.cart.pk, owned.orders[Status.OPEN].pk]),
    ("admin/", "path", "content_type_id", lambda owned: [1]),
    ("admin/", "", "id", lambda owned: [owned.owner.pk]),
    ("admin/", "", "app_label", lambda owned: ["orders", "accounts"]),
    ("admin/", "", "url", lambda owned: ["orders/order"]),
)


def lines_of(owned: Owned) -> list[Any]:
    return [line for order in owned.orders.values() for line in order.order_cards.select_related("card")]


def tampered(owned: Owned) -> str:
    """A link like that of an e-mail, its signature of another order."""
    token = emails.order_link(owned.orders[Status.OPEN]).rstrip("/").rsplit("/", 1)[-1]
    number, *rest = token.split(":")
    return ":".join([number, *rest[:-1], rest[-1][::-1]])


@dataclass(frozen=True)
class Address:
    """`route`: as in the resolver, `parts`: (converter, name) of what has to be put in."""

    route: str
    parts: tuple[tuple[str, str], ...]

    def unknown(self) -> list[str]:
        return [name for converter, name in self.parts if self._values(converter, name) is None]

    def _values(self, converter: str, name: str) -> Callable[[Owned], Sequence[Any]] | None:
        for where, wanted, called, values in VALUES:
            if self.route.startswith(where) and wanted in ("", converter) and called == name:
                return values
        return None

    def paths(self, owned: Owned) -> Iterator[str]:
        """The address with all that A has put in."""
        found = [self._values(converter, name) for converter, name in self.parts]
        for values in product(*(list(of(owned)) for of in found if of is not None)):
            named = {name: str(value) for (_, name), value in zip(self.parts, values, strict=True)}
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda part, named=named: named[part[1]], self.route)


def addresses(resolver: URLResolver | None = None, before: str = "") -> Iterator[Address]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + _route(pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, route)
        else:
            parts = re.findall(r"<(?:(\w+):)?(\w+)>", route)
            yield Address(route, tuple(parts))


def _route(pattern: URLPattern | URLResolver) -> str:
    """A regular expression is written like a route: its groups as parts."""
    if not isinstance(pattern.pattern, RegexPattern):
        return str(pattern.pattern)
    route = str(pattern.pattern).lstrip("^").rstrip("$").removesuffix(r"\Z")
    return re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"<\1>", route)


ADDRESSES = tuple(addresses())


def test_the_walk_knows_what_to_put_into_every_address():
    unknown = {address.route: address.unknown() for address in ADDRESSES if address.unknown()}

    assert not unknown, f"say in VALUES of this file what of somebody else's can be put in: {unknown}"
    assert len(ADDRESSES) > 200


# --- who tries them ---------------------------------------------------------------------------------------


def anonymous() -> Client:
    return Client()


def another_guest() -> Client:
    return browser_of(cart_with({stocked_card(3): 1}))


def another_customer() -> Client:
    user = UserFactory()
    placed({stocked_card(1): 1}, user=user)
    return browser_of(cart_with({stocked_card(3): 1}, user=user))


def reader_of_another_link() -> Client:
    """A good link of somebody else's order was followed, in each of its kinds."""
    client, order = Client(), placed({stocked_card(2): 1}, user=UserFactory())
    for link in LINKS:
        client.get(link(order).removeprefix(site.SITE_URL))
    assert client.get(order.get_absolute_url()).status_code == 200
    return client


LINKS = (
    emails.order_link, emails.receipt_link, emails.return_slip_link, emails.calendar_link, pay_link,
)  # fmt: skip


def staff() -> Client:
    client = Client()
    client.force_login(StaffFactory())
    return client


def bodies(owned: Owned) -> list[dict[str, Any]]:
    """What a form could send: nothing, all kinds of changes, and removals."""
    day = TODAY + timedelta(days=30)
    removal, line = Removal.objects.get(order=owned.cart).pk, owned.cart.order_cards.first()
    return [
        {},
        {
            "quantity": "7", "by": "1", "zone": "sideboard", "cards": "1 Island", "order": owned.cart.number,
            "decision": "back", "first_day": day.isoformat(), "last_day": day.isoformat(),
            "shipping_method": "pickup", "email": "bob@else.example", "name": "Bob", "street": "1 Way",
            "city": "Town", "postcode": "1", "country": "X", "confirmation_token": "ctoken_1",
            "total_cents": "1", "removal": str(removal), "cart": owned.cart.number, "cart_id": owned.cart.cart_id,
            "line": str(line.pk), "pk": str(line.pk), "reason": "because", "amount": "1",
            "seen": address_seen(owned.orders[Status.OPEN]),
        },
        {"remove": "1", "payment_method": "pm_of_aurelia", "removal": str(removal), "forget": "1", "quantity": "0",
         "confirm": "1", "clear": "1", "decision": "wait"},
        {"session": key_of(UserSession, owned), "token": key_of(ApiToken, owned),
         "account": key_of(SocialAccount, owned)},
    ]  # fmt: skip


SAY_NOTHING = ("Expires", "Date", "Content-Length", "Content-Security-Policy")
MADE_ANEW = re.compile(r'(?:value="|csrf-token" content=")\w{64}"|nonce-?"?[\w+/=-]+')


def told(response: HttpResponse, path: str, cart: str = "") -> str:
    """Everything that an answer says, without what is made anew for each, and what the visitor has asked by."""
    said = (
        getattr(response, "content", b"") if not response.streaming else b"".join(response.streaming_content)
    )
    headers = " ".join(value for name, value in response.items() if name not in SAY_NOTHING)
    text = MADE_ANEW.sub("", f"{headers} {said.decode(errors='replace')}")
    # a list that is looked over names the cart that it is for; 42 is not part of another number or name
    for asked in filter(None, [*path.strip("/").split("/"), cart]):
        text = re.sub(rf"(?<!\w){re.escape(asked)}(?!\w)", "ASKED", text)
    return text


def wrong_with(response: HttpResponse, path: str, owned: Owned, cart: str = "") -> Iterator[str]:
    if response.status_code >= 500 and path not in ("/readyz",):
        yield f"{response.status_code}"
    text = told(response, path, cart)
    for secret in owned.secrets:
        if re.search(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", text):
            yield f"tells {secret!r}"


def wrong_with_the_kind(response: HttpResponse, address: Address, path: str, visitor: str) -> Iterator[str]:
    """What an address may answer to who has nothing to do there."""
    status, location = response.status_code, response.get("Location", "")
    if re.match(r"orders/(<slug:number>)", address.route) and status not in (404, 405):
        yield f"{status} instead of 404"
    to_sign_in = status == 302 and "login" in location
    if address.route.startswith("staff/") and visitor != "staff" and not (to_sign_in or status in (403, 405)):
        yield f"{status} instead of being for staff"
    public = ("admin/login/", "admin/logout/", "admin/jsi18n/")
    behind = address.route.startswith("admin/") and not address.route.startswith(public)
    if behind and visitor != "staff" and not to_sign_in:
        yield f"{status} instead of being for staff"


VISITORS = {
    "anonymous": anonymous,
    "another guest": another_guest,
    "another customer": another_customer,
    "reader of another link": reader_of_another_link,
    "staff": staff,
}


# The desk is theirs, and they hand out receipts: what they may do there has tests of its own.
STAFF_MAY = ("staff/", "admin/", "orders/<slug:number>/receipt/")


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("visitor", "owner"),
    [
        ("anonymous", "customer"),
        ("another guest", "guest"),
        ("another guest", "customer"),
        ("another customer", "guest"),
        ("another customer", "customer"),
        ("staff", "customer"),
    ],
)
def test_nobody_reads_or_changes_what_is_not_theirs(visitor, owner):
    ShippingMethodFactory()
    far = TODAY + timedelta(days=300)
    ClosedDay.objects.create(pk=1, first_day=far, last_day=far, reason="Stocktaking")
    owned = all_that_is_theirs(owner)
    before, forms = rows_of(owned), bodies(owned)
    wrong: list[str] = []
    for address in ADDRESSES:
        if visitor == "staff" and address.route.startswith(STAFF_MAY):
            continue
        client, paths = VISITORS[visitor](), list(address.paths(owned))
        behind_a_door = address.route.startswith("admin/")  # Django's, the same for all of it
        for path in paths[:1] if behind_a_door else paths:
            tries = [("GET", {}, client.get(path))]
            tries += [
                ("POST", form, client.post(path, form)) for form in forms[: 1 if behind_a_door else None]
            ]
            for method, form, response in tries:
                found = [
                    *wrong_with(response, path, owned, form.get("cart", "")),
                    *wrong_with_the_kind(response, address, path, visitor),
                ]
                wrong += [f"{method} {path} {sorted(form)}: {what}" for what in found]
        if rows_of(owned) != before:
            wrong.append(f"{address.route} changed what is A's")
            before = rows_of(owned)
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.parametrize("owner", ["customer", "guest"])
@pytest.mark.parametrize(
    "visitor", ["anonymous", "another guest", "another customer", "reader of another link"]
)
def test_somebody_elses_order_answers_like_one_that_there_is_not(visitor, owner):
    owned, client = all_that_is_theirs(owner), VISITORS[visitor]()
    compare_with_nothing(owned, client, bodies(owned))


def compare_with_nothing(owned: Owned, client: Client, forms: list[dict[str, Any]]) -> None:
    tried = 0
    for address in ADDRESSES:
        if not address.route.startswith("orders/<slug:number>/"):
            continue
        for path in address.paths(owned):
            number = path.split("/")[2]
            nowhere = path.replace(number, NOWHERE)
            pairs = [(client.get(path), client.get(nowhere))]
            pairs += [(client.post(path, form), client.post(nowhere, form)) for form in forms]
            for theirs, nobodys in pairs:
                tried += 1
                said, expected = told(theirs, path), told(nobodys, nowhere)
                assert (theirs.status_code, said) == (nobodys.status_code, expected), path
    assert tried > 100


def test_after_its_customer_left_an_order_answers_to_nobody_like_one_that_there_is_not():
    """Neither to whoever had a good link open, nor to the browser that was signed in."""
    owned, reader = all_that_is_theirs("customer"), Client()
    assert isinstance(owned.owner, User)
    forms, orders = bodies(owned), Order.objects.filter(user=owned.owner)
    for order in orders:
        reader.get(emails.order_link(order).removeprefix(site.SITE_URL))
    Reservation.objects.all().delete()
    orders.exclude(status__in=(Status.CART, Status.CANCELLED)).update(status=Status.RETURNED, queued_at=None)
    held = Payment.objects.exclude(status=PaymentStatus.CAPTURED)
    held.update(status=PaymentStatus.VOIDED, released_at=timezone.now())
    assert reader.get(owned.orders[Status.OPEN].get_absolute_url()).status_code == 200

    forget_person(user=owned.owner, now=timezone.now())

    kept = Order.objects.order_by("pk").values_list()
    before = list(kept)
    for client in (reader, owned.browser):
        compare_with_nothing(owned, client, forms[1:2])
    assert list(kept.all()) == before


@pytest.mark.parametrize("owner", ["customer", "guest"])
def test_control_the_owner_sees_all_of_it(owner):
    """What the walk looks for is really there to be seen, and the snapshot sees what is changed."""
    owned = all_that_is_theirs(owner)
    before = rows_of(owned)
    pages = " ".join(
        owned.browser.get(path).content.decode()
        for path in (
            "/cart/",
            "/checkout/shipping/",
            *(order.get_absolute_url() for order in owned.orders.values()),
        )
    )

    for secret in ("Aurelia", "Hidden Lane", LAST4, owned.orders[Status.OPEN].number, "Qqqq of Aurelia"):
        assert secret in pages, secret
    owned.browser.post(reverse("orders:cancel", args=[owned.orders[Status.OPEN].number]))
    assert rows_of(owned) != before


def test_control_a_link_opens_the_one_order_that_it_is_for():
    owned, client = all_that_is_theirs("guest"), Client()
    order, other = owned.orders[Status.OPEN], owned.orders[Status.RETURNED]

    client.get(emails.order_link(order))

    assert client.get(order.get_absolute_url()).status_code == 200
    assert client.get(other.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("owner", ["customer", "guest"])
def test_a_good_link_neither_tells_nor_changes_where_its_order_goes(owner):
    """An e-mail is passed on more easily than a parcel."""
    owned, client = all_that_is_theirs(owner), Client()
    client.get(emails.order_link(owned.orders[Status.OPEN]))
    address, before = (
        reverse("orders:address", args=[owned.orders[Status.OPEN].number]),
        Order.objects.order_by("pk").values_list(),
    )
    kept = list(before)

    shown = client.get(address, follow=True)
    sent = [client.post(address, form, follow=True) for form in bodies(owned)]

    for answer in (shown, *sent):
        assert "With the link alone" in told(answer, address)
        assert "Hidden Lane" not in told(answer, address)
        assert "Nowhereville" not in told(answer, address)
    assert list(before.all()) == kept


@pytest.mark.parametrize("owner", ["customer", "guest"])
def test_control_the_owner_changes_where_the_order_goes_with_that_form(owner):
    owned = all_that_is_theirs(owner)
    order = owned.orders[Status.OPEN]
    address = reverse("orders:address", args=[order.number])

    assert "Hidden Lane" in owned.browser.get(address).content.decode()
    owned.browser.post(address, bodies(owned)[1])

    order.refresh_from_db()
    assert order.street == "1 Way"


def test_every_table_that_belongs_to_somebody_is_in_the_snapshot():
    """Whatever points to an order, or to who owns it, is A's: a new table is looked at without being named."""
    labels = set(rows_of(all_that_is_theirs("customer")))

    assert {
        "accounts.User", "orders.Order", "orders.OrderCard", "orders.OrderTemplateDeck", "orders.Removal",
        "orders.Payment", "orders.PaymentCustomer", "orders.OrderEvent", "session", "reservations",
    } <= labels  # fmt: skip
    assert apps.get_model("orders.Order") in {
        relation.related_model for relation in User._meta.related_objects
    }


# --- what opens a cart to a program -----------------------------------------------------------------------


def test_a_cart_id_has_at_least_128_random_bits_of_the_systems_own(monkeypatch):
    asked: list[int] = []
    import secrets

    token_bytes = secrets.token_bytes

    def count(nbytes: int | None = None) -> bytes:
        asked.append(nbytes or 0)
        return token_bytes(nbytes)

    monkeypatch.setattr(secrets, "token_bytes", count)

    ids = {new_cart_id() for _ in range(1_000)}

    assert len(ids) == 1_000
    assert set(asked) == {24}
    assert min(asked) * 8 >= 128
    assert {len(cart_id) for cart_id in ids} == {32}, "nothing of it is cut off"
    assert Order._meta.get_field("cart_id").max_length == 32
    assert Order._meta.get_field("cart_id").unique
    for place in range(32):  # every sign of it varies
        assert len({cart_id[place] for cart_id in ids}) > 40


def test_no_page_tells_a_cart_id_to_anybody():
    owned = all_that_is_theirs("customer")

    for path in ("/cart/", "/checkout/shipping/", "/checkout/payment/", "/orders/"):
        assert owned.cart.cart_id not in told(owned.browser.get(path), path)
    assert timezone.now() > owned.cart.created_at
