"""What the customer agrees to when their card is held: the numbers that may be charged later stand on the page."""

import re

import pytest
from django.urls import reverse

from inventory.money import format_cents
from orders.lines import lines_of, quote_of
from orders.models import Order
from tests.factories import cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.orders.test_views import browser_of

pytestmark = pytest.mark.django_db(transaction=True)


def said_on_page(cart: Order) -> tuple[str, str]:
    page = browser_of(cart).get(reverse("orders:payment")).content.decode()
    late = re.search(r'<b id="most-late-day">(.*?)</b>', page)
    harm = re.search(r'<b id="most-harm">(.*?)</b>', page)
    assert late
    assert harm
    return late[1], harm[1]


def test_the_page_says_what_a_late_day_costs_at_most(settings):
    settings.LATE_FEE_PERCENT = 150
    settings.TAX_BASIS_POINTS = 1900
    cart = cart_with({stocked_card(4, value_cents=10_000): 2}, days=3)  # 2 × 1.00 a day, 2.38 with tax

    assert said_on_page(cart)[0] == format_cents(357, "eur")


def test_the_page_says_what_loss_and_damage_cost_at_most():
    cart = cart_with({stocked_card(4, value_cents=10_000): 2, stocked_card(4, value_cents=700): 3})

    assert said_on_page(cart)[1] == format_cents(22_100, "eur")


def test_what_the_page_said_is_what_is_frozen_with_the_order(sandbox, today):
    cart = cart_with({stocked_card(4, value_cents=10_000): 2, stocked_card(4, value_cents=700): 3})
    assert quote_of(cart, lines_of(cart))
    said = said_on_page(cart)

    submit(cart, sandbox, today)

    order = Order.objects.get(pk=cart.pk)
    worth = sum(line.quantity * line.value_cents for line in order.order_cards.all())
    assert said == (format_cents(order.late_day_cents, "eur"), format_cents(worth, "eur"))
