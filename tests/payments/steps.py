"""Steps that the tests of payments share: an order that is paid for, and what Stripe has of it."""

from orders.models import Order, Payment, PaymentAttempt
from orders.states import Status
from tests.factories import TODAY, cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.sandbox import Sandbox

INTENTS = "/v1/payment_intents"
EVERY_RETRY = 3  # one request and the library's two retries


def paid_for(sandbox: Sandbox, card: str = "pm_card_visa") -> Order:
    """An open order that may leave today, its total held at Stripe."""
    cart = cart_with({stocked_card(4): 3}, first_day=TODAY)
    submit(cart, sandbox, TODAY, card)
    order = Order.objects.get(pk=cart.pk)
    assert order.status == Status.OPEN
    return order


def payment_of(order: Order) -> Payment:
    return Payment.objects.get(order=order)


def attempt_of(order: Order) -> PaymentAttempt:
    return PaymentAttempt.objects.get(payment__order=order)


def intent_of(order: Order) -> str:
    intent_id = attempt_of(order).intent_id
    assert intent_id is not None
    return intent_id


def at_stripe(sandbox: Sandbox) -> list[str]:
    """How every intent stands that names this site, the newest first."""
    intents = sandbox.client.v1.payment_intents.list({"limit": 100}).data
    return [intent.status for intent in intents]
