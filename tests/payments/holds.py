"""Orders that are held at the sandbox, and what the sandbox holds for them."""

from contextlib import suppress
from datetime import datetime, timedelta

import stripe
from django.db import transaction
from django.utils import timezone

from inventory.models import Card
from orders import payments, submission
from orders import stripe_gateway as gateway
from orders.bills import CartBill
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus
from orders.states import Status
from orders.transitions import lock_order
from tests.factories import TODAY, cart_with, stocked_card
from tests.orders.test_checkout import submit
from tests.orders.test_webhooks import answer_the_bank
from tests.sandbox import Sandbox

VISA, MASTERCARD = "pm_card_visa", "pm_card_mastercard"
ASKS_AT_FIRST, ASKS_EVERY_TIME = "pm_card_authenticationRequiredOnSetup", "pm_card_authenticationRequired"
SAYS_NO_LATER = "pm_card_chargeCustomerFail"  # can be kept; every payment with it is declined


def now() -> datetime:
    return timezone.now()


def later(*, days: int = 0, hours: int = 0) -> datetime:
    return now() + timedelta(days=days, hours=hours)


def held_order(
    sandbox: Sandbox, card: str = VISA, *, cards: dict[Card, int] | None = None, **fields
) -> Order:
    """An order whose total is held by that card; where its bank asks, the customer answers."""
    cart = cart_with(cards or {stocked_card(4): 3}, **fields)
    submitted = submit(cart, sandbox, TODAY, card)
    if submitted.status == PaymentStatus.ACTION_REQUIRED:
        answer_the_bank(attempts_of(cart)[-1].intent_id, sandbox)
        submitted = submission.check_payment(bill=CartBill(cart), today=TODAY)
    assert submitted.status == PaymentStatus.AUTHORIZED
    return Order.objects.get(pk=cart.pk)


def open_order(sandbox: Sandbox, card: str = VISA, **fields) -> Order:
    order = held_order(sandbox, card, **fields)
    assert order.status == Status.OPEN
    return order


def attempts_of(order: Order) -> list[PaymentAttempt]:
    """Oldest first."""
    return list(PaymentAttempt.objects.filter(payment__order=order).order_by("pk"))


def payment_of(order: Order) -> Payment:
    """The latest."""
    return Payment.objects.filter(order=order).latest("created_at")


def intents_of(order: Order, sandbox: Sandbox) -> list[stripe.PaymentIntent]:
    """Everything that the sandbox knows of an order, oldest first."""
    found = sandbox.client.v1.payment_intents.list({"limit": 100}).auto_paging_iter()
    return [intent for intent in found if intent.metadata.to_dict().get("order") == order.number][::-1]


def statuses_at_the_bank(order: Order, sandbox: Sandbox) -> list[str]:
    return [intent.status for intent in intents_of(order, sandbox)]


def held_at_the_bank(order: Order, sandbox: Sandbox) -> list[int]:
    """The amounts in cents that are held for an order: one, if all is well."""
    return [each.amount for each in intents_of(order, sandbox) if each.status == "requires_capture"]


def end_hold(order: Order, sandbox: Sandbox) -> None:
    """The bank ends the order's hold before its time, and nobody has heard of it."""
    payment = Payment.objects.live().get(order=order)
    sandbox.expire(payment.attempts.get(sequence=payment.in_force).intent_id)


def lose_hold(order: Order, sandbox: Sandbox) -> None:
    """The bank ends the order's hold, and the books know. What follows from it is left to the test's tasks."""
    payment = Payment.objects.live().get(order=order)
    intent_id = payment.attempts.get(sequence=payment.in_force).intent_id
    sandbox.expire(intent_id)
    payments.sync_intent(intent_id)


def change_card(order: Order, sandbox: Sandbox, card: str) -> None:
    """The bank behind the order's card thinks otherwise by now: it answers as that card's does."""
    payment = payment_of(order)
    assert payment.customer is not None
    kept = sandbox.client.v1.payment_methods.attach(card, {"customer": payment.customer.stripe_id})
    Payment.objects.filter(order=order).update(payment_method=kept.id)


@transaction.atomic
def _begin_paying(order: Order, token: str) -> PaymentAttempt:
    assert order.total_cents is not None
    return payments.begin_attempt(
        order=lock_order(order.pk), amount_cents=order.total_cents, confirmation_token=token
    )


def pay_again(order: Order, sandbox: Sandbox, card: str = VISA) -> PaymentAttempt:
    """The customer follows the link and gives a card; what their bank asks they leave unanswered."""
    attempt = _begin_paying(order, sandbox.confirmation_token(card))
    with suppress(gateway.Declined):
        payments.send(attempt)
    attempt.refresh_from_db()
    return attempt
