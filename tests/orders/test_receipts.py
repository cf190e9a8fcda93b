"""The receipt of an order: what it lists, that it adds up, and who may read it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from orders.changes import change
from orders.emails import order_link, receipt_link, send_order_email
from orders.fulfilment import dispatch
from orders.models import DisputeStatus, Order, Payment, PaymentStatus, Refund
from orders.pricing import tax_of, tax_within
from orders.receipt import NothingCharged, Receipt, receipt_of
from orders.transitions import SYSTEM
from tests.factories import (
    TODAY,
    ShippingMethodFactory,
    StaffFactory,
    UserFactory,
    cart_with,
    dispatched,
    paid,
    placed,
    stocked_card,
)
from tests.orders.test_checkout import submit
from tests.orders.test_payment_timeline import fee_of

pytestmark = pytest.mark.django_db


def address_of(order: Order) -> str:
    return reverse("orders:receipt", args=[order.number])


def owner_of(order: Order) -> Client:
    client = Client()
    session = client.session
    session["guest_id"] = str(order.guest_id)
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(response) -> str:
    return " ".join(unescape(strip_tags(response.content.decode())).split())


def euros(cents: int) -> str:
    return f"€{cents / 100:,.2f}"


def adds_up(receipt: Receipt) -> bool:
    """What a reader with a pencil would check, from the lines down to what was paid."""
    lines = sum(shown.price_cents for shown in receipt.page.lines)
    total = lines + receipt.difference_cents + receipt.quote.shipping_cents + receipt.quote.tax_cents
    charged = total - receipt.not_charged_cents
    fees, refunds = (sum(row.cents for row in rows) for rows in (receipt.fees, receipt.refunds))
    return total == receipt.quote.total_cents and charged + fees - refunds == receipt.paid_cents


# --- who may read it ------------------------------------------------------------------------------------------


def test_the_owner_whoever_has_the_link_and_staff_read_it_and_nobody_else():
    order = dispatched({stocked_card(4): 1}, user=UserFactory())
    linked = Client()
    linked.get(order_link(order).replace("http://testserver", ""), follow=True)
    linked.get(reverse("orders:link", args=[order_link(order).rstrip("/").rpartition("/")[2]]))

    for reader in (signed_in(order.user), linked, signed_in(StaffFactory())):
        assert reader.get(address_of(order)).status_code == 200
    for stranger in (Client(), signed_in(UserFactory()), owner_of(dispatched({stocked_card(4): 1}))):
        assert stranger.get(address_of(order)).status_code == 404
    assert signed_in(order.user).post(address_of(order)).status_code == 405


def test_the_link_in_an_email_opens_the_receipt_without_signing_in():
    order = dispatched({stocked_card(4): 1})
    token = receipt_link(order).rstrip("/").split("/")[-2]

    response = Client().get(reverse("orders:receipt_link", args=[token]), follow=True)

    assert response.redirect_chain == [(address_of(order), 302)]
    assert f"Order {order.number}" in text_of(response)
    assert Client().get(reverse("orders:receipt_link", args=["nonsense"])).status_code == 410


@pytest.mark.parametrize("kind", ["dispatched", "returned"])
def test_the_emails_of_a_deck_that_left_and_came_back_lead_to_the_receipt(kind):
    order = dispatched({stocked_card(4): 1})
    mail.outbox.clear()

    send_order_email(order=order, kind=kind)

    link = re.search(r"Your receipt: (\S+)", mail.outbox[0].body)
    assert link
    response = Client().get(link[1].removeprefix(settings.SITE_URL), follow=True)
    assert response.redirect_chain == [(address_of(order), 302)]
    assert f"Order {order.number}" in text_of(response)


def test_before_anything_is_charged_a_page_says_that_there_is_none_yet():
    order = placed({stocked_card(4): 1})

    response = owner_of(order).get(address_of(order))

    assert response.status_code == 404
    assert "There is no receipt yet" in text_of(response)
    assert f'href="{order.get_absolute_url()}"' in response.content.decode()
    assert address_of(order) not in owner_of(order).get(order.get_absolute_url()).content.decode()
    with pytest.raises(NothingCharged):
        receipt_of(order, today=TODAY)


def test_a_cart_has_no_receipt_at_all():
    cart = cart_with({stocked_card(4): 1})

    assert owner_of(cart).get(address_of(cart)).status_code == 404
    assert "There is no receipt yet" not in text_of(owner_of(cart).get(address_of(cart)))


def test_the_order_leads_to_its_receipt_once_something_is_charged():
    order = dispatched({stocked_card(4): 1})

    assert f'href="{address_of(order)}"' in owner_of(order).get(order.get_absolute_url()).content.decode()


# --- what it says -----------------------------------------------------------------------------------------------


def test_it_names_the_shop_the_order_the_lines_the_tax_and_the_card():
    order = dispatched(
        {stocked_card(4, name="Lightning Bolt", value_cents=10_000): 3},
        shipping_method=ShippingMethodFactory(transit_out_days=0, lead_days=0, needs_address=False),
        days=3,
    )
    Payment.objects.update(card_brand="visa", card_last4="4242", card_exp_month=4, card_exp_year=2031)

    text = text_of(owner_of(order).get(address_of(order)))

    # three copies for three days at 1.00, 5.90 for shipping, 19 % of both
    for part in (
        "Deckrental",
        "Receipt",
        f"Order {order.number}",
        "Pat Player",
        "Lightning Bolt €1.00 a day 3 €9.00",
        "Shipping, out and back €5.90",
        "Tax (19 % of €14.90) €2.83",
        "Total of the order €17.73",
        "Order charged Visa ending in 4242 €17.73",
        "Paid €17.73",
    ):
        assert part in text
    assert "2031" not in text


def test_fees_and_refunds_are_listed_with_their_reasons_and_the_sum_is_what_was_paid():
    order = dispatched({stocked_card(4, value_cents=10_000): 3})
    fee_of(
        order,
        status=PaymentStatus.CAPTURED,
        captured_cents=400,
        captured_at=timezone.now(),
        reason="Three days late.",
    )
    fee_of(order, status=PaymentStatus.FAILED, reason="Never paid.")
    own = order.payments.get(kind="order")
    for cents, status, reason in (
        (150, "succeeded", "A creased card."),
        (50, "pending", "Another one."),
        (70, "failed", "It did not arrive."),
        (90, "created", "Nobody knows."),
    ):
        Refund.objects.create(payment=own, amount_cents=cents, status=status, reason=reason)

    receipt = receipt_of(order, today=TODAY)
    text = text_of(owner_of(order).get(address_of(order)))

    assert receipt.paid_cents == order.total_cents + 400 - 150 - 50
    assert adds_up(receipt)
    assert "Late fee: Three days late. €4.00" in text
    assert "Given back: A creased card. −€1.50" in text
    assert f"Paid {euros(receipt.paid_cents)}" in text
    for absent in ("Never paid.", "It did not arrive.", "Nobody knows."):
        assert absent not in text


@pytest.mark.django_db(transaction=True)
def test_of_an_order_that_shipped_less_it_says_what_was_charged(sandbox):
    cart = cart_with({stocked_card(4, value_cents=10_000): 3}, first_day=TODAY)
    submit(cart, sandbox, TODAY)
    order = Order.objects.get(pk=cart.pk)
    held = order.total_cents
    order = change(order=order, by=SYSTEM, today=TODAY, quantities={order.order_cards.get().pk: 2})
    order = dispatch(order=order, by=SYSTEM, today=TODAY)

    receipt = receipt_of(Order.objects.get(pk=order.pk), today=TODAY)

    assert receipt.paid_cents == order.total_cents < held
    assert receipt.not_charged_cents == 0
    assert adds_up(receipt)


def test_where_less_was_taken_than_the_order_costs_the_difference_and_the_tax_in_the_rest_are_told():
    order = paid(placed({stocked_card(4, value_cents=10_000): 3}))
    Payment.objects.update(captured_cents=595)

    receipt = receipt_of(order, today=TODAY)
    text = text_of(owner_of(order).get(address_of(order)))

    assert adds_up(receipt)
    assert f"Of it not charged −{euros(order.total_cents - 595)}" in text
    assert "Charged for the order (with €0.95 tax) €5.95" in text


def test_the_least_that_an_order_costs_is_a_line_of_its_own(settings):
    settings.ORDER_MINIMUM_CENTS = 1_000
    order = dispatched({stocked_card(4, value_cents=100): 1})

    receipt = receipt_of(order, today=TODAY)

    assert receipt.difference_cents > 0
    assert adds_up(receipt)
    assert "Up to the least that an order costs" in text_of(owner_of(order).get(address_of(order)))


def test_days_that_were_given_are_told_and_it_still_adds_up():
    order = dispatched({stocked_card(4, value_cents=10_000): 3})
    for name in ("last_day", "due_on", "back_on"):
        setattr(order, name, getattr(order, name) + timedelta(days=2))
    order.save()

    receipt = receipt_of(order, today=TODAY)

    assert receipt.difference_cents == -2 * 3 * 100
    assert adds_up(receipt)
    assert "Days that were given free of charge −€6.00" in text_of(owner_of(order).get(address_of(order)))


def test_what_the_bank_took_back_after_a_dispute_is_said():
    order = dispatched({stocked_card(4): 1})
    Payment.objects.update(dispute=DisputeStatus.LOST)

    assert "your bank has returned it to you" in text_of(owner_of(order).get(address_of(order)))


# --- tax ----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000_000), st.integers(0, 3_000))
def test_the_tax_within_an_amount_is_the_tax_that_was_put_on_top(net, basis_points):
    tax = tax_of(net, basis_points)

    assert tax_within(net + tax, basis_points) == tax
