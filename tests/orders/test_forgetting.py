"""Deleting an account: refused while it is needed; then the books keep the order and forget whose it was."""

import json
import threading
from datetime import date, timedelta
from functools import partial

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings as site
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Guest, User
from orders import saved_cards
from orders import stripe_gateway as gateway
from orders.cancellation import cancel
from orders.emails import calendar_link, order_link, receipt_link, return_slip_link
from orders.forgetting import StillNeeded, forget_addresses, forget_person
from orders.models import (
    Order,
    OrderChange,
    OrderEvent,
    OrderTemplateDeck,
    Payment,
    PaymentAttempt,
    PaymentCustomer,
    PaymentStatus,
    Refund,
)
from orders.pay_again import pay_link
from orders.person_export import what_is_kept
from orders.sign_in import join_guest_orders
from orders.states import Status
from orders.transitions import customer, note_event, staff
from orders.urls import urlpatterns
from tests.devices import PASSWORD
from tests.factories import (
    CardFactory,
    StaffFactory,
    UserFactory,
    cart_with,
    dispatched,
    placed,
    settled,
    stocked_card,
    template_deck,
)
from tests.payments.test_saved_cards import order_with_card
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tries_counted_alone")]


@pytest.fixture
def user() -> User:
    return UserFactory(email="pat@example.org", first_name="Pat", last_name="Player")


def over(user: User, *, cents: int = 500, status: Status = Status.RETURNED, **fields) -> Order:
    """An order that is over, and was paid."""
    order = settled({stocked_card(4): 1}, user=user, street="1 Elm Street", city="Ghent", **fields)
    order.payments.update(
        status=PaymentStatus.CAPTURED,
        amount_cents=cents,
        captured_cents=cents,
        captured_at=timezone.now(),
        card_brand="visa",
        card_last4="4242",
        card_exp_month=1,
        card_exp_year=2031,
    )
    Order.objects.filter(pk=order.pk).update(status=status)
    note_event(order, by=customer(user), reason="the customer")
    order.refresh_from_db()
    return order


def forget(user: User) -> None:
    forget_person(user=user, now=timezone.now())


# --- when it is refused -----------------------------------------------------------------------------------


def confirming(user: User) -> Order:
    card = stocked_card(1)
    settled({card: 1})
    return settled({card: 1}, user=user)


def pending(user: User) -> Order:
    card = stocked_card(1)
    settled({card: 1})
    return placed({card: 1}, user=user)


def unpaid(user: User) -> Order:
    order = over(user)
    Payment.objects.create(order=order, kind="late", amount_cents=300, currency="eur", reason="Late.")
    return order


def held(user: User) -> Order:
    cart = cart_with({stocked_card(1): 1}, user=user)
    Payment.objects.create(order=cart, amount_cents=500, currency="eur", status=PaymentStatus.AUTHORIZED)
    return cart


def disputed(user: User) -> Order:
    order = over(user)
    order.payments.update(dispute="open")
    return order


def going_back(user: User, status: str = "pending") -> Order:
    order = over(user)
    Refund.objects.create(payment=order.payments.get(), amount_cents=100, status=status)
    return order


def cancelled_and_paid(user: User) -> Order:
    return over(user, status=Status.CANCELLED)


def cart_that_was_charged(user: User) -> Order:
    cart = cart_with({stocked_card(1): 1}, user=user)
    Payment.objects.create(order=cart, amount_cents=500, currency="eur", **CAPTURED)
    return cart


def astray(user: User) -> Order:
    order = over(user)
    PaymentAttempt.objects.create(
        payment=order.payments.get(), sequence=9, parameters={}, idempotency_key="astray", stray_cents=300
    )
    return order


CAPTURED = {"status": PaymentStatus.CAPTURED, "captured_cents": 500, "captured_at": timezone.now()}


@pytest.mark.parametrize(
    ("under_way", "word"),
    [
        (confirming, "answer"),
        (pending, "cancel it"),
        (lambda user: settled({stocked_card(4): 1}, user=user), "cancel it"),
        (lambda user: dispatched({stocked_card(4): 1}, user=user), "send the deck back"),
        (unpaid, "pay it"),
        (held, "try again"),
        (disputed, "bank"),
        (partial(going_back, status="created"), "on its way"),
        (partial(going_back, status="pending"), "on its way"),
        (partial(going_back, status="failed"), "write to us"),
        (cancelled_and_paid, "write to us"),
        (cart_that_was_charged, "write to us"),
        (astray, "write to us"),
    ],
    ids=[
        "confirming",
        "pending",
        "open",
        "dispatched",
        "fee",
        "hold",
        "dispute",
        "refund not answered",
        "refund pending",
        "refund failed",
        "cancelled and paid",
        "cart charged",
        "astray",
    ],
)
def test_it_is_refused_while_something_is_under_way(user, under_way, word):
    order = under_way(user)

    with pytest.raises(StillNeeded) as error:
        forget(user)

    (reason,) = error.value.reasons
    assert reason.order == order
    assert word in reason.says
    order.refresh_from_db()
    assert order.user == user
    assert EmailAddress.objects.filter(user=user).exists()
    assert mail.outbox == []


def test_a_refund_that_failed_and_was_made_up_for_keeps_nobody(user):
    order = going_back(user, status="failed")
    Refund.objects.create(payment=order.payments.get(), amount_cents=100, status="succeeded")

    forget(user)

    assert not User.objects.exists()


@pytest.mark.parametrize("under_way", [over, cancelled_and_paid], ids=["returned", "cancelled"])
def test_a_refund_that_failed_and_was_paid_back_in_another_way_keeps_nobody(user, under_way):
    payment = under_way(user).payments.get()
    noted = {"paid_back_at": timezone.now(), "paid_back_note": "in cash"}
    payment.refunds.create(amount_cents=payment.captured_cents, status=Refund.Status.FAILED, **noted)
    Payment.objects.update(paid_back_cents=payment.captured_cents)

    forget(user)

    assert not User.objects.exists()


def test_the_charge_of_a_cart_that_was_given_back_is_not_let_go(user):
    payment = cart_that_was_charged(user).payments.get()
    Payment.objects.update(refunded_cents=500)

    forget(user)

    payment.refresh_from_db()
    assert payment.released_at is None
    assert (payment.order.user, payment.order.order_cards.count()) == (None, 0)


def test_what_they_ordered_as_a_guest_is_theirs_too(user):
    """Placed after the last sign-in, in any browser, with the address of the account."""
    out = settled({stocked_card(4): 1})
    Order.objects.filter(pk=out.pk).update(email="Pat@Example.org")

    with pytest.raises(StillNeeded) as error:
        forget(user)
    assert [reason.order for reason in error.value.reasons] == [out]
    Order.objects.filter(pk=out.pk).update(status=Status.RETURNED)
    out.payments.update(status=PaymentStatus.VOIDED)
    forget(user)

    out.refresh_from_db()
    assert (out.email, out.name) == ("", "")
    assert out.forgotten_at is not None


def test_the_file_has_what_they_ordered_as_a_guest(user):
    signed_in_before = signed_in(user)
    signed_in_before.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    order = settled({stocked_card(4): 1})
    Order.objects.filter(pk=order.pk).update(email="pat@example.org")

    kept = json.loads(signed_in_before.get(reverse("orders:export_person")).content)

    assert [each["number"] for each in kept["orders"]] == [order.number]


def test_staff_are_refused():
    with pytest.raises(StillNeeded):
        forget(StaffFactory())


# --- what stays, and what goes ----------------------------------------------------------------------------


def test_the_books_keep_the_order_and_forget_whose_it_was(user):
    order = over(user)
    before = {name: getattr(order, name) for name in ("number", "first_day", "total_cents", "tax_cents")}

    forget(user)

    order.refresh_from_db()
    assert {name: getattr(order, name) for name in before} == before
    assert [line.quantity for line in order.order_cards.all()] == [1]
    assert order.user is None
    assert {order.email, order.name, order.street, order.postcode, order.city, order.country} == {""}
    payment = order.payments.get()
    assert (payment.captured_cents, payment.card_brand, payment.card_last4) == (500, "visa", "4242")
    assert payment.card_exp_month is None


def test_nobody_is_named_anywhere(user):
    """Every row of every table that is left, in text."""
    order = over(user)
    cart_with({CardFactory(): 1}, user=user)
    SocialAccount.objects.create(
        user=user, provider="dummy", uid="7", extra_data={"email": "pat@example.org"}
    )
    desk = StaffFactory(email="desk@example.org")
    LogEntry.objects.create(
        user=desk,
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(user.pk),
        object_repr=str(user),
        action_flag=CHANGE,
    )
    client = Client()
    client.force_login(user)

    forget(user)

    assert Order.objects.filter(pk=order.pk).exists()
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows = " ".join(row[0] for row in cursor.fetchall())
        for word in ("pat@example.org", "Elm Street", "Pat Player", "player@example.org"):
            assert word not in rows, table


def test_the_events_stay_and_name_nobody(user):
    order = over(user)
    desk = StaffFactory()
    note_event(order, by=staff(desk), reason="looked at")

    forget(user)

    assert [event.by for event in order.events.filter(reason="the customer")] == [None]
    assert OrderEvent.objects.get(reason="looked at").by == desk


def test_a_large_bill_keeps_name_and_address_for_eight_years_and_no_longer(user, settings):
    large = over(user, cents=settings.BILL_NAMES_FROM_CENTS + 1)
    small = over(user, cents=settings.BILL_NAMES_FROM_CENTS)

    forget(user)

    large.refresh_from_db()
    small.refresh_from_db()
    last_day = date(timezone.localdate().year + 8, 12, 31)
    assert (large.name, large.street, large.email) == ("Pat Player", "1 Elm Street", "")
    assert (large.address_until, small.address_until, small.name) == (last_day, None, "")
    assert forget_addresses(today=last_day) == 0
    assert forget_addresses(today=last_day + timedelta(days=1)) == 1
    large.refresh_from_db()
    assert {large.name, large.street, large.city, large.address_until} == {"", None}


def test_the_cart_is_gone(user):
    cart = cart_with({CardFactory(): 2}, user=user)

    forget(user)

    assert not Order.objects.filter(pk=cart.pk).exists()
    assert not Guest.objects.exists()  # nothing is left for one to keep


def test_tries_to_pay_for_the_cart_stay_in_the_books_without_the_cart(user):
    cart = cart_with({CardFactory(): 2}, user=user)
    tried = Payment.objects.create(order=cart, amount_cents=500, currency="eur", status=PaymentStatus.FAILED)

    forget(user)

    tried.refresh_from_db()
    assert tried.released_at is not None
    assert not tried.order.order_cards.exists()
    assert (tried.order.user, tried.order.name, tried.order.email) == (None, "", "")


def test_sessions_addresses_and_connections_are_gone(user):
    desk, phone = Client(), Client()
    for client in (desk, phone):
        client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    SocialAccount.objects.create(user=user, provider="dummy", uid="7")

    forget(user)

    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()
    assert not SocialAccount.objects.exists()
    assert not UserSession.objects.exists()
    assert not Session.objects.exists()
    assert phone.get(reverse("account")).status_code == 302


@pytest.mark.parametrize(
    ("link_to", "shown", "ended"),
    [
        (order_link, 302, 410),
        (receipt_link, 302, 410),
        (return_slip_link, 302, 410),
        (pay_link, 302, 410),
        (lambda order: pay_link(order, fee=order.payments.get()), 302, 410),
        (calendar_link, 200, 404),
    ],
    ids=["order", "receipt", "return slip", "pay", "pay a fee", "calendar"],
)
def test_links_of_earlier_e_mails_show_nothing_any_more(user, link_to, shown, ended):
    order = over(user)
    link = link_to(order).removeprefix(site.SITE_URL)
    seen_before = Client()
    assert seen_before.get(link).status_code == shown

    forget(user)

    assert Client().get(link).status_code == ended
    assert seen_before.get(link).status_code == ended
    assert seen_before.get(order.get_absolute_url()).status_code == 404


def test_no_kind_of_link_is_missing_above():
    """Whatever address takes a token without signing in."""
    routes = {pattern.name for pattern in urlpatterns if "<str:token>" in str(pattern.pattern)}

    assert routes == {"link", "receipt_link", "return_slip_link", "pay_link", "calendar_link"}


@pytest.mark.django_db(transaction=True)
def test_the_address_is_told(user):
    forget(user)

    (message,) = mail.outbox
    assert message.to == ["pat@example.org"]
    assert "is deleted" in message.subject


def test_the_same_address_starts_anew_and_gets_nothing_of_the_old(user):
    over(user)
    forget(user)

    new = UserFactory(email="pat@example.org")

    assert join_guest_orders(user=new) == ()
    assert not Order.objects.filter(user=new).exists()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_delete_once(user):
    over(user)
    problems: list[BaseException] = []
    together = threading.Barrier(3)

    def click() -> None:
        together.wait()
        try:
            forget(User(pk=user.pk, email=user.email))
        except BaseException as error:  # noqa: BLE001
            problems.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert [message.subject for message in mail.outbox].count("Your account is deleted") == 1


def test_it_takes_as_many_queries_for_a_hundred_orders_as_for_one(user, django_assert_max_num_queries):
    def queries() -> int:
        with django_assert_max_num_queries(100) as seen:
            forget(user_now)
        return len(seen)

    user_now = user
    over(user)
    one = queries()
    user_now = UserFactory()
    first = over(user_now)
    Order.objects.bulk_create(
        Order(
            user=user_now,
            status=Status.RETURNED,
            authorized_at=first.authorized_at,
            email="player@example.org",
            name="Pat",
        )
        for _ in range(99)
    )

    assert queries() == one


# --- at the provider --------------------------------------------------------------------------------------


def left_with_a_card(sandbox: Sandbox, user: User) -> tuple[str, str]:
    """Customer and card at Stripe of somebody whose only order is over, and who wanted the card to be kept."""
    order, card = order_with_card(sandbox, user, keep=True)
    cancel(order=order, by=customer(user), reason="changed my mind")
    return PaymentCustomer.objects.get(user=user).stripe_id, card


@pytest.mark.django_db(transaction=True)
def test_the_provider_deletes_the_customer_and_their_cards(sandbox, user):
    stripe_id, _ = left_with_a_card(sandbox, user)
    assert len(gateway.cards_of(stripe_id)) == 1

    forget(user)

    with pytest.raises(gateway.GatewayError):
        gateway.cards_of(stripe_id)
    assert not PaymentCustomer.objects.exists()
    assert set(Payment.objects.values_list("payment_method", flat=True)) == {""}


@pytest.mark.django_db(transaction=True)
def test_while_the_provider_is_down_the_account_goes_and_the_cards_go_later(sandbox, user, monkeypatch):
    stripe_id, _ = left_with_a_card(sandbox, user)
    with monkeypatch.context() as down:
        down.setattr(gateway, "delete_customer", _no_answer)
        forget(user)
        assert not User.objects.exists()
        assert PaymentCustomer.objects.get().leaving
    assert len(gateway.cards_of(stripe_id)) == 1

    saved_cards.forget_cards(now=timezone.now())

    assert not PaymentCustomer.objects.exists()
    with pytest.raises(gateway.GatewayError):
        gateway.cards_of(stripe_id)


def _no_answer(customer: str) -> None:
    raise gateway.Unavailable("down")


def test_who_is_known_to_the_provider_and_never_ordered_leaves_it_too(user):
    known = PaymentCustomer.objects.create(user=user, stripe_id="cus_never_ordered")

    forget(user)

    known.refresh_from_db()
    assert (known.user, known.leaving) == (None, True)


def test_a_guest_customer_whose_browser_still_orders_stays_at_the_provider(user):
    """The customer's order came from a guest, and that browser has a cart again."""
    order = over(user)
    guest = Guest.objects.create()
    known = PaymentCustomer.objects.create(guest=guest, stripe_id="cus_guest")
    order.payments.update(customer=known)
    Order.objects.create(guest=guest)

    forget(user)

    known.refresh_from_db()
    assert not known.leaving


# --- the page ---------------------------------------------------------------------------------------------


def signed_in(user: User) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return client


def test_it_asks_for_the_password_then_does_what_was_asked(user):
    client = signed_in(user)

    response = client.post(reverse("orders:delete_account"), {"email": "Pat@example.org"})
    assert response["Location"].startswith(reverse("account_reauthenticate"))
    assert User.objects.exists()
    response = client.post(response["Location"], {"password": PASSWORD})

    assert response["Location"] == reverse("home")
    assert not User.objects.exists()
    assert "Your account is deleted" in client.get(reverse("home")).content.decode()


@pytest.mark.parametrize("typed", ["", "other@example.org"])
def test_without_the_address_nothing_happens(user, typed):
    client = signed_in(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    assert client.post(reverse("orders:delete_account"), {"email": typed}).status_code == 422
    assert User.objects.exists()


def test_the_page_lists_what_has_to_be_over_first(user):
    order = settled({stocked_card(4): 1}, user=user)
    client = signed_in(user)

    page = client.get(reverse("orders:delete_account")).content.decode()

    assert order.number in page
    assert "cancel it" in page
    assert "Delete the account for good" not in page


def test_a_visitor_is_asked_to_sign_in():
    for name in ("delete_account", "export_person"):
        response = Client().post(reverse(f"orders:{name}"))
        assert response["Location"].startswith(reverse("account_login"))


# --- taking it along --------------------------------------------------------------------------------------


def file_of(user: User) -> dict:
    client = signed_in(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    response = client.get(reverse("orders:export_person"))
    assert response["Content-Disposition"].startswith('attachment; filename="deckrental-')
    return json.loads(response.content)


def test_the_file_has_everything_and_no_card_number(user):
    order = over(user)
    cart_with({CardFactory(name="Lightning Bolt"): 2}, user=user)
    SocialAccount.objects.create(user=user, provider="dummy", uid="7")

    kept = file_of(user)

    assert kept["account"]["email"] == "pat@example.org"
    assert kept["email_addresses"][0]["verified"] is True
    assert kept["connected_accounts"][0]["id_there"] == "7"
    assert len(kept["sessions"]) == 1
    assert kept["cart"]["cards"][0]["card"] == "Lightning Bolt"
    (listed,) = kept["orders"]
    assert (listed["number"], listed["street"]) == (order.number, "1 Elm Street")
    assert listed["payments"][0]["card_last4"] == "4242"
    assert [event["reason"] for event in listed["events"]][-1] == "the customer"
    assert "password" not in json.dumps(kept).replace("has_password", "")


def test_the_file_has_what_was_asked_for_tried_and_agreed(user):
    order = over(user)
    Order.objects.update(late_day_cents=120, worth_cents=9_000)
    order.order_cards.update(value_cents=8_000)
    deck = template_deck({CardFactory(): 1})
    OrderTemplateDeck.objects.create(order=order, version=deck.versions.get(), copies=2)
    OrderChange.objects.create(order=order, wanted={"last_day": "2030-01-02"}, seen="", total_cents=700)
    taken_over = PaymentCustomer.objects.create(guest=Guest.objects.create(), stripe_id="cus_as_a_guest")
    PaymentCustomer.objects.create(guest=Guest.objects.create(), stripe_id="cus_of_somebody_else")
    payment = order.payments.get()
    payment.attempts.all().delete()
    PaymentAttempt.objects.create(
        payment=payment,
        sequence=1,
        parameters={},
        idempotency_key="1",
        error_message="Your card was declined.",
    )
    order.payments.update(customer=taken_over)

    kept = what_is_kept(user=user, now=timezone.now())

    (listed,) = kept["orders"]
    assert (listed["late_day_cents"], listed["worth_cents"]) == (120, 9_000)
    assert listed["cards"][0]["value_cents"] == 8_000
    assert [(each["deck"], each["copies"]) for each in listed["template_decks"]] == [(deck.name, 2)]
    assert [each["wanted"] for each in listed["changes_asked_for"]] == [{"last_day": "2030-01-02"}]
    assert listed["payments"][0]["card_expires"] == "2031-01"
    assert [each["error"] for each in listed["payments"][0]["attempts"]] == ["Your card was declined."]
    assert kept["payment_provider"]["customer_ids"] == ["cus_as_a_guest"]


IN_THE_FILE = {
    "account.EmailAddress",
    "accounts.ApiToken",
    "accounts.User",
    "orders.Order",
    "orders.OrderCard",
    "orders.OrderChange",
    "orders.OrderEvent",
    "orders.OrderTemplateDeck",
    "orders.Payment",
    "orders.PaymentAttempt",
    "orders.PaymentCustomer",
    "orders.Refund",
    "orders.Removal",
    "socialaccount.SocialAccount",
    "usersessions.UserSession",
}
LEFT_OUT = {
    "account.EmailConfirmation": "keys, of which there are none: links are signed",
    "accounts.Guest": "a key of a browser, and when it was seen; its orders are in the file",
    "accounts.User_groups": "of staff",
    "accounts.User_user_permissions": "of staff",
    "admin.LogEntry": "what staff did",
    "inventory.StockMovement": "what staff did",
    "inventory.TemplateDeckVersion": "what staff did",
    "inventory.TemplateDeckCard": "what staff did",
    "orders.MergedCart": "keys of carts that are gone",
    "socialaccount.SocialToken": "never stored",
}


def test_whatever_belongs_to_somebody_is_in_the_file_or_left_out_on_purpose():
    """A new table that points to a user or an order has to be named here."""
    found: set[type[Model]] = set()
    to_look_at: list[type[Model]] = [User, Order]
    while to_look_at:
        model = to_look_at.pop()
        if model not in found:
            found.add(model)
            to_look_at += [
                relation.related_model
                for relation in model._meta.get_fields(include_hidden=True)
                if (relation.one_to_many or relation.one_to_one) and not relation.concrete
            ]

    assert {model._meta.label for model in found} == IN_THE_FILE | LEFT_OUT.keys()


def test_the_file_has_nothing_of_anybody_else(user):
    other = over(UserFactory())

    assert other.number not in json.dumps(file_of(user))


def test_the_file_is_given_only_with_the_password(user):
    response = signed_in(user).get(reverse("orders:export_person"))

    assert response["Location"].startswith(reverse("account_reauthenticate"))


@pytest.mark.django_db(transaction=True)
def test_the_file_names_the_cards_that_the_provider_keeps(sandbox, user):
    order_with_card(sandbox, user, keep=True)

    assert file_of(user)["payment_provider"]["saved_cards"] == [{"brand": "visa", "last4": "4242"}]


def test_the_file_takes_as_many_queries_for_a_hundred_orders_as_for_one(user, django_assert_num_queries):
    first = over(user)
    with django_assert_num_queries(QUERIES_OF_THE_FILE):
        what_is_kept(user=user, now=timezone.now())
    for order in Order.objects.bulk_create(
        Order(user=user, status=Status.RETURNED, authorized_at=first.authorized_at) for _ in range(99)
    ):
        note_event(order, by=customer(user), reason="one more")
    with django_assert_num_queries(QUERIES_OF_THE_FILE):
        assert len(what_is_kept(user=user, now=timezone.now())["orders"]) == 100


QUERIES_OF_THE_FILE = 22  # the first four are for orders that were placed as a guest
