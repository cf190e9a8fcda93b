"""The session-based payment of the shop's first plan, sentence by sentence; docs/payments.md has the words of both."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.guests import SESSION_KEY
from accounts.models import Guest, User
from inventory.models import Card
from orders import stripe_gateway as gateway
from orders.models import Order, Payment, PaymentAttempt, PaymentCustomer, PaymentStatus
from orders.states import Status
from tests.factories import TODAY, PickupFactory, PrintingFactory, stocked_card
from tests.orders.test_views import messages_of
from tests.racing import elsewhere, once_before
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor() -> Client:
    return Client()


@pytest.fixture
def bolt() -> Card:
    PickupFactory()
    return stocked_card(4, name="Lightning Bolt", value_cents=1_000)


def add(visitor: Client, card: Card, **characteristics: Any) -> Any:
    return visitor.post(reverse("orders:add_card", args=[card.slug]), characteristics)


def fill_in_shipping(visitor: Client) -> Any:
    return visitor.post(
        reverse("orders:shipping"),
        {
            "first_day": (TODAY + timedelta(days=10)).isoformat(),
            "last_day": (TODAY + timedelta(days=12)).isoformat(),
            "shipping_method": "pickup",
            "email": "pat@example.org",
            "name": "Pat Player",
        },
    )


def click_pay(visitor: Client, sandbox: Sandbox) -> Any:
    total_cents = visitor.get(reverse("orders:payment")).context["page"].quote.total_cents
    return visitor.post(
        reverse("orders:payment"),
        {"confirmation_token": sandbox.confirmation_token(), "total_cents": total_cents},
    )


def at_the_payment_page(visitor: Client, card: Card) -> Order:
    add(visitor, card)
    fill_in_shipping(visitor)
    return Order.objects.get(status=Status.CART)


# --- "The payment system is session based." ---------------------------------------------------------------


def test_who_has_no_account_can_purchase_without_making_one(visitor, bolt, sandbox):
    at_the_payment_page(visitor, bolt)

    click_pay(visitor, sandbox)

    order = Order.objects.get(status=Status.OPEN)
    assert (order.user, order.email) == (None, "pat@example.org")
    assert not User.objects.exists()


def test_a_click_on_add_to_cart_makes_a_unique_token_in_the_session(visitor, bolt):
    visitor.get(reverse("orders:cart"))
    assert SESSION_KEY not in visitor.session

    add(visitor, bolt)

    assert visitor.session[SESSION_KEY] == str(Guest.objects.get().pk)
    other = Client()
    add(other, bolt)
    assert other.session[SESSION_KEY] != visitor.session[SESSION_KEY]


def test_the_token_regroups_all_that_is_in_the_cart(visitor, bolt):
    add(visitor, bolt)
    add(visitor, stocked_card(1, name="Goblin Guide"))
    add(Client(), bolt)  # somebody else

    mine = Order.objects.get(guest_id=visitor.session[SESSION_KEY])
    assert sorted(mine.order_cards.values_list("card__name", "quantity")) == [
        ("Goblin Guide", 1),
        ("Lightning Bolt", 1),
    ]


def test_the_same_with_the_same_characteristics_adds_to_its_quantity(visitor, bolt):
    add(visitor, bolt)
    add(visitor, bolt)

    assert Order.objects.get().order_cards.get().quantity == 2


def test_the_same_with_other_characteristics_is_an_item_of_its_own(visitor, bolt):
    other = PrintingFactory(card=bolt, set_name="Another Set")
    add(visitor, bolt)
    add(visitor, bolt, preferred_printing=other.pk)
    add(visitor, bolt, zone="sideboard")

    assert sorted(Order.objects.get().order_cards.values_list("quantity", flat=True)) == [1, 1, 1]


def test_at_the_purchase_all_items_of_the_cart_are_aggregated(visitor, bolt, sandbox):
    add(visitor, bolt, quantity=2)
    add(visitor, stocked_card(1, name="Goblin Guide", value_cents=2_000))
    fill_in_shipping(visitor)

    click_pay(visitor, sandbox)

    order = Order.objects.get(status=Status.OPEN)
    cards_cents = 3 * (2 * 10 + 20)  # days × (two at 0.10 and one at 0.20 a day)
    assert order.cards_cents == max(cards_cents, 200)
    intent = gateway.retrieve(PaymentAttempt.objects.get().intent_id)
    assert intent.amount_cents == order.total_cents


# --- the funnel -------------------------------------------------------------------------------------------


def test_from_the_cart_to_the_page_of_success(visitor, bolt, sandbox):
    assert add(visitor, bolt).status_code == 302  # adds the product to the cart
    assert "1 card" in visitor.get(reverse("orders:cart")).content.decode()  # goes to the cart
    assert fill_in_shipping(visitor)["Location"] == reverse("orders:payment")  # fills in the shipping
    assert visitor.get(reverse("orders:payment")).status_code == 200  # goes to the payment page
    answer = click_pay(visitor, sandbox).json()  # pays, and the payment is taken care of

    order = Order.objects.get(status=Status.OPEN)
    assert answer == {"status": "done", "url": order.get_absolute_url()}
    assert (
        "Your order is open" in visitor.get(answer["url"]).content.decode()
    )  # is led to the page of success


def test_who_they_are_is_known_before_the_payment_page_opens(visitor, bolt):
    add(visitor, bolt)

    response = visitor.get(reverse("orders:payment"))

    assert response["Location"] == reverse("orders:shipping")
    assert "Choose your days and how the deck gets to you first." in messages_of(response)


def test_the_order_is_in_the_database_before_the_money_moves(visitor, bolt, sandbox, monkeypatch):
    order = at_the_payment_page(visitor, bolt)
    seen: list[tuple[str, str, int, dict[str, Any]]] = []

    def look_from_outside() -> None:
        """On a connection of its own: only what is committed is seen there."""
        attempt = elsewhere(lambda: PaymentAttempt.objects.select_related("payment__order").get())
        seen.append(
            (attempt.payment.order.number, attempt.status, attempt.payment.amount_cents, attempt.parameters)
        )

    once_before(monkeypatch, gateway, "create_intent", look_from_outside)

    click_pay(visitor, sandbox)

    [(number, status, amount_cents, parameters)] = seen
    assert (number, status) == (order.number, PaymentStatus.CREATED)
    assert parameters["amount"] == amount_cents
    assert parameters["metadata"]["order"] == number


def test_a_customer_is_made_locally_and_at_stripe(visitor, bolt, sandbox):
    order = at_the_payment_page(visitor, bolt)

    click_pay(visitor, sandbox)

    customer = PaymentCustomer.objects.get()
    assert (customer.guest, customer.user) == (order.guest, None)
    at_stripe = sandbox.client.v1.customers.retrieve(customer.stripe_id)
    assert (at_stripe.email, at_stripe.name) == ("pat@example.org", "Pat Player")
    assert Payment.objects.get().customer == customer


def test_the_same_customer_pays_their_next_order(visitor, bolt, sandbox):
    at_the_payment_page(visitor, bolt)
    click_pay(visitor, sandbox)
    at_the_payment_page(visitor, bolt)
    click_pay(visitor, sandbox)

    assert PaymentCustomer.objects.count() == 1
    assert Payment.objects.filter(customer=PaymentCustomer.objects.get()).count() == 2


def test_the_session_is_cleared_of_the_cart(visitor, bolt, sandbox):
    order = at_the_payment_page(visitor, bolt)

    click_pay(visitor, sandbox)

    assert not Order.objects.filter(status=Status.CART).exists()
    assert "Nothing in it yet" in visitor.get(reverse("orders:cart")).content.decode()
    add(visitor, bolt)
    cart = Order.objects.get(status=Status.CART)
    assert cart.pk != order.pk
    assert cart.order_cards.get().quantity == 1


def test_a_payment_that_fails_leaves_the_cart_in_the_session(visitor, bolt, sandbox):
    order = at_the_payment_page(visitor, bolt)
    total_cents = visitor.get(reverse("orders:payment")).context["page"].quote.total_cents

    visitor.post(
        reverse("orders:payment"),
        {
            "confirmation_token": sandbox.confirmation_token("pm_card_chargeDeclined"),
            "total_cents": total_cents,
        },
    )

    assert Order.objects.get(status=Status.CART) == order
    assert "Your cart is empty" not in visitor.get(reverse("orders:cart")).content.decode()


# --- "you must provide the Stripe API keys" ---------------------------------------------------------------


@pytest.mark.parametrize(("debug", "shown"), [(True, "pk_test_shown"), (False, "pk_live_shown")])
def test_test_and_live_keys_stand_side_by_side_and_stripe_debug_picks(visitor, bolt, settings, debug, shown):
    settings.STRIPE_DEBUG = debug
    settings.STRIPE_API_KEYS = {
        "test": {"publishable": "pk_test_shown", "secret": ""},
        "live": {"publishable": "pk_live_shown", "secret": ""},
    }
    at_the_payment_page(visitor, bolt)

    page = visitor.get(reverse("orders:payment")).content.decode()

    assert f'data-publishable-key="{shown}"' in page


@pytest.mark.parametrize("debug", [True, False])
def test_the_secret_key_is_picked_with_it(sandbox, settings, debug):
    """Of the two keys the sandbox knows one; it is asked with the one that STRIPE_DEBUG picks."""
    settings.STRIPE_DEBUG = debug
    known, other = (
        {"publishable": "", "secret": sandbox.secret_key},
        {"publishable": "", "secret": "sk_test_x"},
    )
    settings.STRIPE_API_KEYS = {"test": known, "live": other} if debug else {"test": other, "live": known}

    assert gateway.create_customer(email="pat@example.org", name="Pat", key=f"pick-{debug}").startswith(
        "cus_"
    )

    settings.STRIPE_DEBUG = not debug
    with pytest.raises(gateway.Unavailable, match="Invalid API Key"):
        gateway.create_customer(email="pat@example.org", name="Pat", key=f"pick-other-{debug}")


def test_without_a_key_the_customer_is_told_and_the_cart_is_kept(visitor, bolt, settings):
    settings.STRIPE_API_KEYS = {mode: {"publishable": "", "secret": ""} for mode in ("test", "live")}
    order = at_the_payment_page(visitor, bolt)
    total_cents = visitor.get(reverse("orders:payment")).context["page"].quote.total_cents

    answer = visitor.post(
        reverse("orders:payment"), {"confirmation_token": "ctoken_1", "total_cents": total_cents}
    ).json()

    assert answer["message"] == "This shop cannot take payments yet. Your cart is kept."
    order.refresh_from_db()
    assert order.status == Status.CART
