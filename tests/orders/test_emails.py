"""What customers are told by e-mail, and the link that shows the order without signing in."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail, signing
from django.urls import reverse
from django.utils import timezone

from orders.cancellation import cancel
from orders.checkout import accept_shortfall
from orders.emails import LINK_DAYS, number_in_link, order_link, send_order_email
from orders.models import Order
from orders.transitions import customer
from tests.factories import TODAY, ShippingMethodFactory, UserFactory, cart_with, settled, stocked_card

pytestmark = pytest.mark.django_db


def sent(order: Order, kind: str) -> mail.EmailMessage:
    send_order_email(order=order, kind=kind)
    return mail.outbox[-1]


def written(day) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


# --- texts ------------------------------------------------------------------------------------------------


def test_an_open_order_is_told_with_its_days_its_cards_and_its_total():
    bolt, shock = stocked_card(4, name="Lightning Bolt", value_cents=10_000), stocked_card(4, name="Shock")
    order = settled(
        {bolt: 4, shock: 1}, shipping_method=ShippingMethodFactory(needs_address=False, price_cents=590)
    )

    message = sent(order, "open")

    assert message.subject == f"Your order {order.number} is open"
    assert message.to == ["player@example.org"]
    assert "Hello Pat Player," in message.body
    assert "  4 Lightning Bolt\n  1 Shock\n" in message.body
    assert order.total_cents > 0
    assert f"{order.total_cents // 100}.{order.total_cents % 100:02}" in message.body
    for day in (order.out_on, order.first_day, order.last_day, order.last_day + timedelta(days=3)):
        assert written(day) in message.body
    assert "charged when the deck leaves" in message.body


def test_a_pending_order_is_told_what_is_needed_and_only_that():
    bolt, shock = stocked_card(1, name="Lightning Bolt"), stocked_card(4, name="Shock")
    order = accept_shortfall(order=settled({bolt: 4, shock: 2}), by=customer(), today=TODAY)

    message = sent(order, "pending")

    assert message.subject == f"Your order {order.number} is pending"
    assert "3 of 4 Lightning Bolt" in message.body
    assert "of 2 Shock" not in message.body
    assert "you chose to wait" in message.body


def test_a_promoted_order_is_told_the_good_news():
    order = settled({stocked_card(4, name="Lightning Bolt"): 4})

    message = sent(order, "promoted")

    assert message.subject == f"Good news: your order {order.number} is open"
    assert "4 Lightning Bolt" in message.body


def test_a_cancelled_order_is_told_why_and_when_the_deck_is_free():
    order = settled({stocked_card(4): 4})
    order = cancel(order=order, by=customer(), reason="the customer cancels")

    message = sent(order, "cancelled")

    assert message.subject == f"Your order {order.number} is cancelled"
    assert "the customer cancels" in message.body
    assert "nothing is charged" in message.body
    assert written(order.first_day) in message.body


@pytest.mark.parametrize("kind", ["open", "pending", "promoted", "dispatched", "returned", "cancelled"])
def test_every_text_has_the_link_and_no_markup(kind):
    order = settled({stocked_card(4, name="Sorin's <Thirst> & Co"): 1})
    Order.objects.filter(pk=order.pk).update(name="Pat O'Player")
    order.refresh_from_db()

    message = sent(order, kind)

    tokens = re.findall(r"/orders/link/([^/\s]+)/\s", message.body)
    assert {number_in_link(token) for token in tokens} == {order.number}
    assert "Pat O'Player" in message.body
    assert "&#x27;" not in message.body + message.subject
    assert "&amp;" not in message.body
    assert "{" not in message.body + message.subject


def test_without_a_name_the_greeting_has_no_gap():
    order = settled({stocked_card(4): 1})
    order.name = ""

    assert "Hello,\n" in sent(order, "open").body


def test_a_customer_is_written_to_at_the_address_of_the_account_where_the_order_has_none():
    order = settled({stocked_card(4): 1}, user=UserFactory(email="account@example.org"))
    order.email = ""

    assert sent(order, "open").to == ["account@example.org"]


# --- the link ---------------------------------------------------------------------------------------------


def path_of(link: str) -> str:
    return urlsplit(link).path


def test_the_link_begins_with_the_sites_address(settings):
    settings.SITE_URL = "https://decks.example"

    assert order_link(cart_with({})).startswith("https://decks.example/orders/link/")


def test_the_link_opens_the_order_in_a_browser_that_knows_nobody(client):
    order = settled({stocked_card(4): 1})

    response = client.get(path_of(order_link(order)), follow=True)

    assert response.status_code == 200
    assert response.context["page"].order == order


def test_the_link_opens_no_other_order(client):
    order, other = settled({stocked_card(4): 1}), settled({stocked_card(4): 1})

    client.get(path_of(order_link(order)))

    assert client.get(other.get_absolute_url()).status_code == 404


def test_two_links_open_two_orders(client):
    orders = [settled({stocked_card(4): 1}) for _ in range(2)]

    for order in orders:
        client.get(path_of(order_link(order)))

    assert [client.get(order.get_absolute_url()).status_code for order in orders] == [200, 200]


def test_the_link_makes_nobody_the_owner(client):
    order = settled({stocked_card(4): 1})

    client.get(path_of(order_link(order)))

    assert client.get(reverse("orders:list")).context["list"].groups == []
    assert client.get(reverse("orders:cart")).context["page"] is None


def link_with(token: str) -> str:
    return reverse("orders:link", args=[token])


@pytest.mark.parametrize(
    "tamper",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: "x" + token,
        lambda token: token.replace(":", ""),
        lambda token: "nonsense",
        lambda token: token * 50,
        lambda token: "\x00",
    ],
    ids=["signature", "payload", "no parts", "nonsense", "long", "NUL"],
)
def test_a_tampered_link_says_what_to_do(client, tamper):
    order = settled({stocked_card(4): 1})
    token = path_of(order_link(order)).split("/")[-2]

    assert client.get(link_with(tamper(token))).status_code == 410
    assert client.get(order.get_absolute_url()).status_code == 404


def test_a_link_that_was_signed_for_something_else_shows_nothing(client):
    order = settled({stocked_card(4): 1})

    assert client.get(link_with(signing.dumps(order.number))).status_code == 410
    assert client.get(link_with(signing.dumps(order.number, salt="password-reset"))).status_code == 410


def test_a_link_of_an_order_that_is_gone_has_ended(client):
    cart = cart_with({})
    link = path_of(order_link(cart))
    cart.delete()

    assert client.get(link).status_code == 410


@pytest.mark.parametrize(("hours", "status"), [(-1, 302), (1, 410)], ids=["just before", "just after"])
def test_a_link_is_good_for_ninety_days(client, hours, status):
    link = path_of(order_link(settled({stocked_card(4): 1})))
    later = timezone.now() + timedelta(days=LINK_DAYS, hours=hours)

    with time_machine.travel(later):
        assert client.get(link).status_code == status


def test_a_link_says_the_number_of_its_order():
    order = cart_with({})

    assert number_in_link(order_link(order).split("/")[-2]) == order.number


def test_a_link_can_only_be_looked_at(client):
    assert client.post(path_of(order_link(cart_with({})))).status_code == 405


def test_who_gets_a_link_is_told_what_it_can_do():
    send_order_email(order=settled({stocked_card(4): 1}), kind="open")

    assert "Whoever has this link can see, change and cancel the order" in mail.outbox[0].body
