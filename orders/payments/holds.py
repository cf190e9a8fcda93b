"""Holds: whether one stands for an order, and how one is let go."""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from orders import stripe_gateway as gateway
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus
from orders.models.payment import ENDED, FINAL
from orders.payments.attempts import send
from orders.payments.truth import ALIVE, MISMATCH, UnknownIntent, sync_intent
from orders.signals import tell_holds_let_go

log = structlog.get_logger(__name__)

TIME_FOR_THE_BANK = timedelta(hours=1)  # a dialog that is not answered by then was left


class Taken(ValueError):
    """The money is taken, or being taken: the hold cannot be let go."""


def is_held(order: Order) -> bool:
    """Whether the order's total is held on a card, as far as we know."""
    return bool(held_orders([order]))


def held_orders(orders: Iterable[Order]) -> set[int]:
    """The keys of those orders whose total is held on a card, as far as we know."""
    held = Payment.objects.live().filter(order__in=list(orders), status=PaymentStatus.AUTHORIZED)
    return set(held.values_list("order", flat=True))


def lock_live_payment(order: Order) -> Payment | None:
    """The payment that stands for the order, as it is now; until the transaction ends, it stays as it is."""
    return Payment.objects.live().select_for_update().filter(order=order).first()


def check_not_taken(order: Order) -> None:
    """Raises Taken where the order's money is taken or being taken; until the transaction ends, it stays as it is."""
    payment = lock_live_payment(order)
    if payment is not None and payment.is_taken:
        raise Taken


def is_taken(order: Order) -> bool:
    """Whether the order's money is taken, or being taken."""
    return any(payment.is_taken for payment in Payment.objects.live().filter(order=order.pk))


def release_hold(order: Order) -> None:
    """Lets the order's hold go, inside the caller's transaction; the provider hears of it after the commit."""
    if Payment.objects.live().filter(order=order).update(released_at=timezone.now()):
        tell_holds_let_go()


def void_released_payments() -> int:
    """Tells Stripe of every hold that was let go; returns how many are voided now. Safe at any time.

    So go all attempts but the one in force (a payment holds its total once), and those that are not what was asked
    for. Where one cannot be voided now, the others are, and the error is raised at the end: the task comes again.
    """
    voided = 0
    failure: Exception | None = None
    for payment in Payment.objects.to_void().order_by("released_at", "pk"):
        try:
            _void(payment)
            voided += 1
        except (gateway.GatewayError, UnknownIntent) as error:
            log.warning("void_postponed", payment=str(payment.pk), reason=str(error))
            failure = error
    for attempt in _strays():
        try:
            _cancel(attempt)
        except (gateway.GatewayError, UnknownIntent) as error:
            log.warning("void_postponed", attempt=attempt.idempotency_key, reason=str(error))
            failure = error
    if failure is not None:
        raise failure
    return voided


def _strays() -> Iterable[PaymentAttempt]:
    """Attempts that do not stand for their payment (any more), but whose intent could still hold something."""
    # A declined intent, too: whoever has its secret could confirm it again with another card.
    unfinished = PaymentAttempt.objects.filter(
        status__in=[*ALIVE, PaymentStatus.FAILED], intent_id__isnull=False
    )
    later = PaymentAttempt.objects.filter(payment=OuterRef("payment"), sequence__gt=OuterRef("sequence"))
    overtaken = Q(Exists(later)) & ~Q(sequence=F("payment__in_force"))
    # A try that was refused, or not finished, beside the hold that it was to replace. A customer who is in the bank's
    # dialog is left the time to answer it.
    still_there = Q(
        off_session=False,
        status__in=[PaymentStatus.ACTION_REQUIRED, PaymentStatus.PROCESSING],
        payment__status=PaymentStatus.AUTHORIZED,
        payment__released_at=None,
        created_at__gt=timezone.now() - TIME_FOR_THE_BANK,
    )
    beside_hold = (
        Q(
            sequence__gt=F("payment__in_force"),
            payment__status__in=[PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED],
        )
        & ~still_there
    ) | Q(
        # It came to be held when its payment had ended, and another one had taken the place.
        sequence__gt=F("payment__in_force"),
        status__in=[PaymentStatus.FAILED, PaymentStatus.AUTHORIZED],
        payment__status__in=ENDED,
    )
    return unfinished.filter(overtaken | beside_hold | Q(error_code=MISMATCH)).order_by("pk")


def _void(payment: Payment) -> None:
    for attempt in payment.attempts.order_by("sequence"):
        if attempt.intent_id is None and attempt.status == PaymentStatus.CREATED:
            # Never answered: only the same request with the same key tells whether there is a hold.
            try:
                send(attempt)
            except (gateway.Declined, gateway.Refused):
                continue
            attempt.refresh_from_db()
        _cancel(attempt)
    payment.refresh_from_db()
    if payment.status not in FINAL:
        # No attempt left an intent behind: nothing was ever held.
        Payment.objects.filter(pk=payment.pk).update(status=PaymentStatus.VOIDED)


def _cancel(attempt: PaymentAttempt) -> None:
    if attempt.intent_id:
        gateway.cancel(attempt.intent_id)
        sync_intent(attempt.intent_id)
