"""The links of a guest's orders: in every e-mail, and sent again to whoever has the mailbox."""

import re
import uuid
from smtplib import SMTPServerDisconnected
from unittest.mock import patch

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from orders import emails
from orders.models import Order
from orders.order_links import MOST, orders_placed_with
from orders.states import Status
from orders.tasks import send_order_links
from tests.factories import CardFactory, UserFactory, cart_with
from tests.orders.test_sign_in import placed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tries_are_counted_for_each_test_alone(settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


def ask(client: Client, email: str):
    return client.post(reverse("orders:find"), {"email": email})


def links_in(body: str) -> list[str]:
    return re.findall(r"https?://[^/]+(/orders/link/\S+)", body)


@pytest.mark.parametrize(
    "kind", ["open", "pending", "promoted", "dispatched", "returned", "cancelled", "pay_again"]
)
def test_every_e_mail_about_an_order_has_its_link(kind):
    order = placed(Status.OPEN)

    emails.send_order_email(order=order, kind=kind)

    assert order.get_absolute_url() in {
        Client().get(link).get("Location") for link in links_in(mail.outbox[0].body)
    }


def test_the_links_are_sent_to_the_address_of_the_orders_and_work_there(client):
    first, second = placed(Status.OPEN), placed(Status.RETURNED)

    ask(client, "Player@Example.org")

    (message,) = mail.outbox
    assert message.to == ["player@example.org"]
    seen = {Client().get(link)["Location"] for link in links_in(message.body)}
    assert seen == {first.get_absolute_url(), second.get_absolute_url()}


@pytest.mark.parametrize("error", [ConnectionRefusedError("no mail server"), SMTPServerDisconnected("gone")])
def test_the_links_are_sent_again_where_the_mail_server_was_not_there(error):
    placed(Status.OPEN)
    with patch(
        "django.core.mail.backends.locmem.EmailBackend.send_messages",
        side_effect=[error, 1],
    ) as sent:
        send_order_links.apply(args=["player@example.org"], throw=False)

    assert sent.call_count == 2


def test_the_answer_is_the_same_with_and_without_orders():
    placed(Status.OPEN)
    clients = Client(), Client()

    answers = [
        ask(client, email)
        for client, email in zip(clients, ("player@example.org", "nobody@example.org"), strict=True)
    ]
    pages = [client.get(answer["Location"]).content for client, answer in zip(clients, answers, strict=True)]

    assert pages[0] == pages[1]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert [message.to for message in mail.outbox] == [["player@example.org"]]


def test_carts_and_what_waits_for_an_answer_have_no_links(client):
    cart_with({CardFactory(): 1})
    placed(Status.CONFIRMING)

    ask(client, "player@example.org")

    assert mail.outbox == []


def test_the_newest_are_sent_where_there_are_very_many(client):
    for _ in range(MOST + 1):
        placed(Status.RETURNED)

    ask(client, "player@example.org")

    assert len(links_in(mail.outbox[0].body)) == MOST


def test_a_mailbox_is_not_filled(client):
    placed(Status.OPEN)

    answers = [ask(client, "player@example.org").status_code for _ in range(4)]

    assert answers == [302, 302, 302, 429]
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("typed", ["", "nobody", "a@b@c", "x" * 300 + "@example.org", "\x00@example.org"])
def test_what_is_no_address_is_said_at_its_field(client, typed):
    response = ask(client, typed)

    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()


def test_where_the_queue_does_not_answer_the_customer_is_told(client):
    with patch("orders.views.links.send_order_links.delay", side_effect=ConnectionError):
        response = ask(client, "player@example.org")

    assert response.status_code == 503
    assert "Please try again in a minute" in response.content.decode()


def test_a_link_that_has_ended_leads_to_new_ones(client):
    page = client.get(reverse("orders:link", args=["nonsense"]))

    assert page.status_code == 410
    assert f'action="{reverse("orders:find")}"' in page.content.decode()


def test_the_index_of_addresses_finds_the_orders_of_one():
    """Both questions by address; with few rows PostgreSQL reads them all, unless it is told not to."""
    theirs = Order.objects.placed_with(["player@example.org"]).filter(guest__isnull=False)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    for orders in (orders_placed_with("Player@Example.org"), theirs):
        assert "order_by_email" in orders.explain()


def test_a_new_address_of_the_account_gets_what_is_told_of_orders_that_are_not_over(client):
    user = UserFactory(email="player@example.org")
    running, over, elsewhere, others = (
        placed(status) for status in (Status.OPEN, Status.RETURNED, Status.OPEN, Status.OPEN)
    )
    Order.objects.filter(pk__in=[running.pk, over.pk, elsewhere.pk]).update(user=user, guest=None)
    Order.objects.filter(pk=elsewhere.pk).update(email="parcels@example.org")
    Order.objects.filter(pk=others.pk).update(user=UserFactory(), guest=None)
    client.force_login(user)
    address = EmailAddress.objects.create(user=user, email="new@example.org")

    client.post(reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key]))

    assert User.objects.get(pk=user.pk).email == "new@example.org"
    assert {order: Order.objects.get(pk=order.pk).email for order in (running, over, elsewhere, others)} == {
        running: "new@example.org",
        over: "player@example.org",
        elsewhere: "parcels@example.org",
        others: "player@example.org",
    }


def test_the_page_to_find_an_order_says_how_a_guest_is_forgotten(client):
    page = client.get(reverse("orders:find")).content.decode()

    assert "forgotten" in page
    assert f'href="{reverse("account_signup")}"' in page
