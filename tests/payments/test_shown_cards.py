"""The cards that a page showed when they were paid for are those that are ordered, also where the total is the same.

Below the least that an order costs, one card more costs nothing: the total alone would not tell.
"""

import re

import pytest
from django.urls import reverse

from inventory.models import Card, Reservation
from orders import payments, submission
from orders.bills import CartBill
from orders.checkout import CheckoutError
from orders.lines import lines_of, quote_of
from orders.models import Order, PaymentAttempt
from orders.shown_cards import cards_shown
from orders.states import Status
from tests.factories import TODAY, PrintingFactory, cart_with, stocked_card
from tests.orders.test_views import browser_of, messages_of
from tests.orders.test_webhooks import answer_the_bank, deliver
from tests.payments.holds import attempts_of, held_at_the_bank
from tests.payments.test_shown_days import THREE_D_SECURE
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

PAYMENT = reverse("orders:payment")


@pytest.fixture
def cart() -> Order:
    return cart_with({stocked_card(4, value_cents=1): 1})


@pytest.fixture
def new() -> Card:
    return stocked_card(4, value_cents=1)


def add_elsewhere(cart: Order, card: Card) -> None:
    before = total_of(cart)
    browser_of(cart).post(reverse("orders:add_card", args=[card.slug]), {"quantity": "1"})
    assert cart.order_cards.filter(card=card).exists()
    assert total_of(cart) == before


def total_of(cart: Order) -> int:
    quote = quote_of(cart, lines_of(cart))
    assert quote is not None
    return quote.total_cents


def on_the_page(cart: Order) -> str:
    found = re.search(r'data-cards="(\w+)"', browser_of(cart).get(PAYMENT).content.decode())
    assert found is not None
    return found[1]


def press_pay(cart: Order, sandbox: Sandbox, cards: str, card: str = "pm_card_visa"):
    form = {
        "confirmation_token": sandbox.confirmation_token(card),
        "total_cents": total_of(cart),
        "cards": cards,
    }
    return browser_of(cart).post(PAYMENT, form)


def test_the_cards_that_the_page_shows_are_ordered(sandbox, cart):
    answered = press_pay(cart, sandbox, on_the_page(cart))

    assert answered.json()["status"] == "done"
    assert Order.objects.get(pk=cart.pk).status == Status.OPEN


def test_a_card_that_came_before_the_button_was_pressed_is_told_and_nothing_is_held(sandbox, cart, new):
    cards = on_the_page(cart)
    add_elsewhere(cart, new)

    answered = press_pay(cart, sandbox, cards)

    assert answered.json() == {"status": "done", "url": PAYMENT}
    assert not PaymentAttempt.objects.exists()
    anew = browser_of(cart)
    anew.cookies = answered.client.cookies
    assert any(
        "changed on another device or in another tab" in said for said in messages_of(anew.get(PAYMENT))
    )
    assert press_pay(cart, sandbox, on_the_page(cart)).json()["url"] != PAYMENT
    assert Order.objects.get(pk=cart.pk).status == Status.OPEN


def test_another_printing_of_the_same_card_is_not_what_the_page_showed(cart):
    before = cards_shown(lines_of(cart))
    line = cart.order_cards.get()
    line.preferred_printing = PrintingFactory(card=line.card)
    line.save()

    assert cards_shown(lines_of(cart)) != before


def test_where_a_card_stands_is_the_customers_own_business(cart):
    before = cards_shown(lines_of(cart))
    cart.order_cards.update(zone="sideboard")

    assert cards_shown(lines_of(cart)) == before


def test_a_card_that_comes_while_the_bank_asks_lets_the_hold_go_and_is_told(sandbox, cart, new):
    press_pay(cart, sandbox, on_the_page(cart), THREE_D_SECURE)
    add_elsewhere(cart, new)
    answer_the_bank(attempts_of(cart)[-1].intent_id, sandbox)

    with pytest.raises(CheckoutError, match="changed on another device or in another tab"):
        submission.check_payment(bill=CartBill(cart), today=TODAY)

    payments.void_released_payments()
    assert Order.objects.get(pk=cart.pk).status == Status.CART
    assert held_at_the_bank(cart, sandbox) == []
    assert not Reservation.objects.exists()


def test_where_the_webhook_was_first_the_page_tells_that_the_cards_are_others(sandbox, cart, new):
    browser = browser_of(cart)
    press_pay(cart, sandbox, on_the_page(cart), THREE_D_SECURE)
    add_elsewhere(cart, new)
    for event in answer_the_bank(attempts_of(cart)[-1].intent_id, sandbox):
        assert deliver(event, sandbox).status_code == 200

    told = browser.post(reverse("orders:payment_status")).json()

    assert "changed on another device or in another tab" in told["message"]
    assert Order.objects.get(pk=cart.pk).status == Status.CART


@pytest.mark.parametrize("cards", ["all of them", "0" * 17, "G" * 16])
def test_cards_that_no_page_shows_are_refused_and_nothing_is_held(sandbox, cart, cards):
    assert press_pay(cart, sandbox, cards).status_code == 422
    assert not PaymentAttempt.objects.exists()
