"""The customer pays: what a bill comes to is held on their card, or charged where it is a fee.

One way for a cart, an order that is held again and a fee (orders/bills.py). The attempt is committed before the
call, no transaction is open during it, and whatever crosses it (a second click, another tab, a crash, a dialog that
was closed) ends in one hold. docs/payments.md tells the cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import structlog
from django.db import transaction

from orders import payments
from orders import stripe_gateway as gateway
from orders.bills import Bill, CardGiven, CartBill, NothingOwed, Payer
from orders.checkout import CheckoutError
from orders.models import Order, PaymentAttempt, PaymentStatus
from orders.models.payment import ENDED
from orders.payments import limits
from orders.payments.declines import decline_message, status_message
from orders.saved_cards import UnknownCard, check_offered
from orders.shown_cart import ShownCart

log = structlog.get_logger(__name__)

ANYBODY = Payer()
OVER = (PaymentStatus.FAILED, *ENDED)  # a new attempt can begin
MOST_ROUNDS = 3  # of finding another request's attempt and finishing that


@dataclass(frozen=True, slots=True)
class Submitted:
    """How far a payment has come: its status, and what the browser needs to go on. `done`: nothing more is owed."""

    status: PaymentStatus
    client_secret: str = ""
    message: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page said that is paid for."""

    cents: int
    cart: ShownCart


def submit(*, cart: Order, confirmation_token: str, shown_total_cents: int, today: date) -> Submitted:
    """Holds the cart's total on the card of the form and, where that works, settles the order. See `pay`."""
    given = CardGiven(confirmation_token=confirmation_token)
    return pay(bill=CartBill(cart), given=given, shown_cents=shown_total_cents, today=today)


def pay(
    *,
    bill: Bill,
    given: CardGiven,
    payer: Payer = ANYBODY,
    shown_cents: int,
    shown_days: Sequence[str] = (),
    shown_cards: str = "",
    today: date,
) -> Submitted:
    """Pays the bill with that card and, where that works, does what follows.

    `shown_cents` is what the page said: nothing else is ever held or charged. So it is with `shown_days` and
    `shown_cards`, where paying makes a promise of them. A second submission while the first is under way gets the
    first one's answer, not a second hold. Raises CheckoutError where the bill cannot be paid as it stands.
    """
    admitted, shown = False, _Shown(shown_cents, ShownCart(shown_days, shown_cards))
    for _ in range(MOST_ROUNDS):
        unfinished = _finish_earlier_attempt(bill, today=today)
        if unfinished is not None:
            return unfinished
        try:
            if not admitted:
                _admit(bill, given=given, payer=payer, shown=shown, today=today)
                admitted = True
            attempt = _begin_attempt(bill, given=given, shown=shown, today=today)
        except NothingOwed as error:
            return Submitted(bill.done, message=str(error), done=True)
        except UnknownCard:
            return Submitted(
                PaymentStatus.FAILED, message="This card is not kept any more. Please choose another one."
            )
        except limits.TooManyAttempts as error:
            raise CheckoutError(
                f"Too many cards were tried. {bill.kept} Please try again in an hour, or ask your bank.",
                step="payment",
            ) from error
        except gateway.GatewayError as error:
            return _not_reached(bill, error)
        if attempt is not None:
            try:
                return _send(bill, attempt, today=today)
            except gateway.CustomerGone as error:
                log.warning("payment_customer_is_gone", error=str(error))
                continue  # booked; the next attempt is of a new customer
    return _not_reached(bill, gateway.Unavailable(f"No attempt came to an end in {MOST_ROUNDS} rounds."))


def _admit(bill: Bill, *, given: CardGiven, payer: Payer, shown: _Shown, today: date) -> None:
    """Before anything is written down: what costs nothing to know first, then what Stripe says of the card.

    Raises as `pay` tells it.
    """
    with transaction.atomic():
        _lock_and_check(bill, shown=shown, today=today)
    limits.check_customer(bill.order)
    limits.count_visitor(session=payer.session, address=payer.address)
    if given.payment_method:
        if payer.user is None:
            raise UnknownCard
        fingerprint = check_offered(payer.user, given.payment_method, today=today).fingerprint
    else:
        fingerprint = gateway.fingerprint_of_token(given.confirmation_token)
    limits.count_card(fingerprint)


@transaction.atomic
def _begin_attempt(bill: Bill, *, given: CardGiven, shown: _Shown, today: date) -> PaymentAttempt | None:
    """The next attempt, written down; None where another request has gone on with one in the meantime."""
    owed_cents = _lock_and_check(bill, shown=shown, today=today)
    running = _latest_attempt(bill)
    if running is not None and running.status not in OVER and not _is_to_be_replaced(bill, running):
        return None
    limits.check_customer(bill.order)
    return bill.begin(given, amount_cents=owed_cents)


def _lock_and_check(bill: Bill, *, shown: _Shown, today: date) -> int:
    owed_cents = bill.lock(today=today)
    if payments.is_taken_otherwise(bill.attempts()):
        raise CheckoutError(
            "Money was taken for this that is not what we asked for. Please do not pay again: we look into it.",
            step="payment",
        )
    if owed_cents != shown.cents:
        raise CheckoutError(
            "The total has changed. Please look at it once more before you pay.", step="payment"
        )
    why = shown.cart.why_not(bill.promised)
    if why:
        raise CheckoutError(why, step="payment")
    return owed_cents


def _latest_attempt(bill: Bill) -> PaymentAttempt | None:
    return bill.attempts().select_related("payment__order").order_by("-sequence").first()


def _is_to_be_replaced(bill: Bill, attempt: PaymentAttempt) -> bool:
    """A hold that stands, and of which the locked bill says that it is not enough: it ends soon."""
    return bill.replaces_holds and attempt.status == PaymentStatus.AUTHORIZED


def _finish_earlier_attempt(bill: Bill, *, today: date) -> Submitted | None:
    """An attempt that a crash, a lost answer or an abandoned dialog left behind; None where a new one can begin."""
    attempt = _latest_attempt(bill)
    if attempt is None or attempt.status in OVER:
        return None
    if attempt.status == PaymentStatus.CREATED:
        try:
            sent = _send(bill, attempt, today=today)
        except gateway.CustomerGone:
            return None  # booked as failed: now they give a card as a new customer
        # Without the customer the card was refused; now they are here, with a card.
        return None if attempt.off_session and sent.status == PaymentStatus.FAILED else sent
    assert attempt.intent_id is not None
    try:
        payment = payments.sync_intent(attempt.intent_id)
        if payment is not None and _let_go(bill, attempt):
            # The customer closed the bank's dialog and starts again: the old try must never succeed later.
            gateway.cancel(attempt.intent_id)
            payment = payments.sync_intent(attempt.intent_id)
    except gateway.GatewayError as error:
        return _not_reached(bill, error)
    attempt.refresh_from_db()
    if payment is None:
        why = f"{attempt.intent_id} of {attempt.idempotency_key} does not say that it is ours."
        return _not_reached(bill, gateway.Unavailable(why))
    if attempt.status in OVER or _is_to_be_replaced(bill, attempt):
        return None
    return _after_sync(bill, attempt, today=today)


def _let_go(bill: Bill, attempt: PaymentAttempt) -> bool:
    with transaction.atomic():
        return bill.let_go(attempt)


def _send(bill: Bill, attempt: PaymentAttempt, *, today: date) -> Submitted:
    """Raises CustomerGone, booked, where the next attempt can be of a new customer."""
    try:
        intent = payments.send(attempt)
    except gateway.Declined as declined:
        return Submitted(PaymentStatus.FAILED, message=decline_message(declined.code))
    except gateway.CustomerGone:
        raise
    except gateway.GatewayError as error:
        return _not_reached(bill, error)
    attempt.refresh_from_db()
    if attempt.status == PaymentStatus.ACTION_REQUIRED:
        return Submitted(PaymentStatus.ACTION_REQUIRED, client_secret=intent.client_secret)
    return _after_sync(bill, attempt, today=today)


def _not_reached(bill: Bill, error: gateway.GatewayError) -> Submitted:
    log.warning("payment_gateway_error", error=str(error), kind=type(error).__name__)
    if isinstance(error, gateway.NotSetUp):
        return Submitted(PaymentStatus.FAILED, message=f"This shop cannot take payments yet. {bill.kept}")
    if isinstance(error, gateway.Refused):
        return Submitted(
            PaymentStatus.FAILED,
            message="The payment could not be started; nothing was charged. Please enter your card again.",
        )
    return Submitted(
        PaymentStatus.PROCESSING,
        message=f"The payment provider does not answer. {bill.kept} Press the button again in a minute: "
        "you cannot be charged twice.",
    )


def _after_sync(bill: Bill, attempt: PaymentAttempt, *, today: date) -> Submitted:
    status = PaymentStatus(attempt.status)
    if status == bill.done:
        bill.paid(attempt.payment, today=today)
        return Submitted(status, done=True)
    if status == PaymentStatus.FAILED:
        return Submitted(status, message=decline_message(attempt.error_code))
    why = bill.why_let_go() if status in ENDED else ""
    return Submitted(status, message=why or status_message(status))


def check_payment(*, bill: Bill, today: date) -> Submitted:
    """How the latest attempt stands, asked of Stripe: after the bank's dialog, or when a page was lost.

    Asked again within a second, by the books: nobody makes us ask Stripe without end.
    """
    attempt = _latest_attempt(bill)
    if attempt is None or attempt.intent_id is None:
        why = bill.why_let_go() if attempt is None else ""
        return Submitted(PaymentStatus.CREATED, message=why or status_message(PaymentStatus.CREATED))
    try:
        if limits.may_look(attempt):
            payments.sync_intent(attempt.intent_id)
    except gateway.GatewayError as error:
        return _not_reached(bill, error)
    attempt.refresh_from_db()
    return _after_sync(bill, attempt, today=today)
