"""The customer submits: the cart's total is held on their card.

The attempt is committed before the call, no transaction is open during it, and whatever crosses it (a second
click, another tab, a crash, a dialog that was closed) ends in one hold. docs/payments.md tells the cases.
"""

from dataclasses import dataclass
from datetime import date

import structlog
from django.db import transaction

from inventory.closed_days import shop_calendar
from orders import payments
from orders import stripe_gateway as gateway
from orders.cart import CartError, lock_cart
from orders.checkout import CheckoutError, check_ready, settle
from orders.lines import lines_of
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus
from orders.models.payment import ENDED
from orders.payments.declines import decline_message
from orders.states import Status
from orders.transitions import lock_order

log = structlog.get_logger(__name__)

MOST_ATTEMPTS_AN_HOUR = 10  # whoever tries stolen cards one by one gets no further here
OVER = (PaymentStatus.FAILED, *ENDED)  # a new attempt can begin


@dataclass(frozen=True, slots=True)
class Submitted:
    """How far a submission has come: the payment's status, and what the browser needs to go on."""

    status: PaymentStatus
    client_secret: str = ""
    message: str = ""


def submit(*, cart: Order, confirmation_token: str, shown_total_cents: int, today: date) -> Submitted:
    """Holds the cart's total on the customer's card and, where that works, settles the order.

    `shown_total_cents` is what the page said: nothing else is ever held. A second submission while the first
    is under way gets the first one's answer, not a second hold.
    """
    while True:
        unfinished = _finish_earlier_attempt(cart, today=today)
        if unfinished is not None:
            return unfinished
        attempt = _begin_attempt(
            cart, confirmation_token=confirmation_token, shown_total_cents=shown_total_cents, today=today
        )
        if attempt is not None:
            return _send(attempt, today=today)


def _begin_attempt(
    cart: Order, *, confirmation_token: str, shown_total_cents: int, today: date
) -> PaymentAttempt | None:
    """The next attempt, written down; None where another request has gone on with one in the meantime."""
    with transaction.atomic():
        try:
            cart = lock_cart(cart)
        except CartError as error:
            raise CheckoutError(str(error), step="cart") from error
        quote = check_ready(cart, lines_of(cart), today=today, calendar=shop_calendar())
        if quote.total_cents != shown_total_cents:
            raise CheckoutError(
                "The total has changed. Please look at it once more before you pay.", step="payment"
            )
        running = _latest_attempt(cart)
        if running is not None and running.status not in OVER:
            return None
        if payments.attempts_lately(cart) >= MOST_ATTEMPTS_AN_HOUR:
            raise CheckoutError(
                "Too many cards were tried. Your cart is kept; please try again in an hour, or ask your bank.",
                step="payment",
            )
        return payments.begin_attempt(
            order=cart, amount_cents=quote.total_cents, confirmation_token=confirmation_token
        )


def _latest_attempt(order: Order) -> PaymentAttempt | None:
    live = Payment.objects.live().filter(order=order)
    return (
        PaymentAttempt.objects.filter(payment__in=live)
        .select_related("payment__order")
        .order_by("-sequence")
        .first()
    )


def _finish_earlier_attempt(cart: Order, *, today: date) -> Submitted | None:
    """An attempt that a crash, a lost answer or an abandoned dialog left behind; None where a new one can begin."""
    attempt = _latest_attempt(cart)
    if attempt is None or attempt.status in OVER:
        return None
    if attempt.status == PaymentStatus.CREATED:
        return _send(attempt, today=today)
    assert attempt.intent_id is not None
    try:
        payment = payments.sync_intent(attempt.intent_id)
        if payment is not None and _let_go_unanswered(payment):
            # The customer closed the bank's dialog and starts again: the old try must never succeed later.
            gateway.cancel(attempt.intent_id)
            payment = payments.sync_intent(attempt.intent_id)
    except gateway.GatewayError as error:
        return _not_reached(error)
    if payment is None or payment.status in OVER:
        return None
    return _after_sync(payment, today=today)


def _let_go_unanswered(payment: Payment) -> bool:
    """Lets a payment go that waits for the bank's dialog; False where the dialog was answered just now.

    Under the order's lock and before the provider is told: `settle` then leaves it alone, so that the order
    never opens on a hold that is being cancelled.
    """
    with transaction.atomic():
        order = lock_order(payment.order_id)
        payment.refresh_from_db()
        if order.status != Status.CART or payment.status != PaymentStatus.ACTION_REQUIRED:
            return False
        payments.release_hold(order)
        return True


def _send(attempt: PaymentAttempt, *, today: date) -> Submitted:
    try:
        intent = payments.send(attempt)
    except gateway.Declined as declined:
        return Submitted(PaymentStatus.FAILED, message=decline_message(declined.code, declined.message))
    except gateway.GatewayError as error:
        return _not_reached(error)
    attempt.payment.refresh_from_db()
    if attempt.payment.status == PaymentStatus.ACTION_REQUIRED:
        return Submitted(PaymentStatus.ACTION_REQUIRED, client_secret=intent.client_secret)
    return _after_sync(attempt.payment, today=today)


def _not_reached(error: gateway.GatewayError) -> Submitted:
    log.warning("payment_gateway_error", error=str(error), kind=type(error).__name__)
    if isinstance(error, gateway.NotSetUp):
        return Submitted(
            PaymentStatus.FAILED, message="This shop cannot take payments yet. Your cart is kept."
        )
    if isinstance(error, gateway.Refused):
        return Submitted(
            PaymentStatus.FAILED,
            message="The payment could not be started; nothing was charged. Please enter your card again.",
        )
    return Submitted(
        PaymentStatus.PROCESSING,
        message="The payment provider does not answer. Your cart is kept; press Pay again in a minute: "
        "you cannot be charged twice.",
    )


def _after_sync(payment: Payment, *, today: date) -> Submitted:
    if payment.status == PaymentStatus.AUTHORIZED:
        settle(payment=payment, today=today)
    elif payment.status == PaymentStatus.FAILED:
        attempt = payment.attempts.latest("sequence")
        return Submitted(
            PaymentStatus.FAILED, message=decline_message(attempt.error_code, attempt.error_message)
        )
    message = (
        "Your bank is still working on it. This page will know in a minute: press the button again then."
    )
    return Submitted(PaymentStatus(payment.status), message=message)


def check_payment(*, order: Order, today: date) -> Submitted:
    """How the latest attempt stands, asked of Stripe: after the bank's dialog, or when a page was lost."""
    attempt = _latest_attempt(order)
    if attempt is None or attempt.intent_id is None:
        return Submitted(PaymentStatus.CREATED)
    try:
        payment = payments.sync_intent(attempt.intent_id)
    except gateway.GatewayError as error:
        return _not_reached(error)
    assert payment is not None
    return _after_sync(payment, today=today)
