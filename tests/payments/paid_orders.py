"""Orders that were paid for at the sandbox, and what it says of their money."""

from datetime import timedelta

import stripe

from inventory.models import Reservation
from orders import payments
from orders.fulfilment import dispatch
from orders.models import Order, Payment
from orders.models.order import DAYS
from orders.transitions import SYSTEM
from tests.factories import TODAY, cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.orders.test_webhooks import deliver
from tests.sandbox import Sandbox

COPIES, VALUE_CENTS = 3, 10_000  # a day of such a deck: 3 × 100 cents, and 57 cents of tax


def open_order(sandbox: Sandbox, *, card: str = "pm_card_visa") -> Order:
    """An open order of three copies for three days, its total held."""
    cart = cart_with({stocked_card(4, value_cents=VALUE_CENTS): COPIES}, first_day=TODAY)
    submit(cart, sandbox, TODAY, card)
    return Order.objects.get(pk=cart.pk)


def paid_order(sandbox: Sandbox, *, card: str = "pm_card_visa") -> Order:
    """As `open_order`, its money taken, and the deck still here."""
    order = open_order(sandbox, card=card)
    payments.capture(order)
    return order


def order_that_left(sandbox: Sandbox, *, late: int = 0, card: str = "pm_card_visa") -> Order:
    """A deck that is out, and so many days late."""
    order = dispatch(order=open_order(sandbox, card=card), by=SYSTEM, today=TODAY)
    if late:
        ago = order.due_on - (TODAY - timedelta(days=late))
        for name in DAYS:
            setattr(order, name, getattr(order, name) - ago)
        order.save()
        Reservation.objects.filter(claim=order.claim).update(out_on=order.out_on, back_on=order.back_on)
    return order


def total_payment(order: Order) -> Payment:
    return Payment.objects.get(order=order, kind=Payment.Kind.ORDER)


def intent_id_of(payment: Payment) -> str:
    intent_id = payment.attempts.get(sequence=payment.in_force).intent_id
    assert intent_id is not None
    return intent_id


def refunds_at_stripe(payment: Payment, sandbox: Sandbox) -> list[stripe.Refund]:
    return sandbox.client.v1.refunds.list({"payment_intent": intent_id_of(payment)}).data


def tell_all(payment: Payment, sandbox: Sandbox, *, of: tuple[str, ...]) -> int:
    """Delivers every event of these types about the payment's intent, oldest first; returns how many."""
    intent_id = intent_id_of(payment)
    events = [event.to_dict() for event in sandbox.client.v1.events.list({"limit": 100}).data]
    about = [
        event
        for event in reversed(events)
        if event["type"] in of and event["data"]["object"].get("payment_intent") == intent_id
    ]
    for event in about:
        assert deliver(event, sandbox).status_code == 200
    return len(about)
