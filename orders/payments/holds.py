"""Holds: whether one stands for an order, and how one is let go."""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from orders import stripe_gateway as gateway
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus
from orders.models.payment import ENDED, FINAL
from orders.payments.attempts import book_unanswered, find_sent, was_sent
from orders.payments.truth import MISMATCH, UnknownIntent, book, sync_intent
from orders.signals import tell_holds_let_go

log = structlog.get_logger(__name__)

TIME_FOR_THE_BANK = timedelta(hours=1)  # a dialog that is not answered by then was left
UNANSWERED_AFTER = timedelta(minutes=10)  # until then the request may be on its way


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
    release_holds([order.pk])


def release_holds(order_ids: Iterable[int]) -> None:
    """As `release_hold`, of any number of orders."""
    if Payment.objects.live().filter(order__in=list(order_ids)).update(released_at=timezone.now()):
        tell_holds_let_go()


def void_released_payments() -> int:
    """Tells Stripe of every hold that was let go; returns how many are voided now. Safe at any time.

    So go all attempts but the one in force (a payment holds its total once), those that are not what was asked for,
    and those that failed with the customer there. Where one cannot be voided now, the others are, and the first
    error of Stripe is raised at the end: the task comes again.
    """
    voided = 0
    failure: gateway.GatewayError | None = None
    for payment in Payment.objects.to_void().order_by("released_at", "pk"):
        try:
            voided += _void(payment)
        except gateway.GatewayError as error:
            log.warning("void_postponed", payment=str(payment.pk), reason=str(error))
            failure = failure or error
        except UnknownIntent as error:  # asked again, Stripe would say the same
            log.error("void_of_an_unknown_intent", payment=str(payment.pk), reason=str(error))
    for attempt in _strays():
        try:
            _cancel(attempt)
        except gateway.GatewayError as error:
            log.warning("void_postponed", attempt=attempt.idempotency_key, reason=str(error))
            failure = failure or error
        except UnknownIntent as error:
            log.error("void_of_an_unknown_intent", attempt=attempt.idempotency_key, reason=str(error))
    if failure is not None:
        raise failure
    return voided


def taken_astray() -> QuerySet[PaymentAttempt]:
    """Attempts whose money was taken, and that no payment stands for: people have to give it back at Stripe."""
    found = PaymentAttempt.objects.filter(stray_cents__gt=0)
    return found.select_related("payment__order__user").order_by("created_at", "pk")


def is_taken_otherwise(attempts: QuerySet[PaymentAttempt]) -> bool:
    """Whether one of them took money that was not what was asked for: nothing more is tried before people looked."""
    return attempts.filter(error_code=MISMATCH, stray_cents__gt=0).exists()


def _strays() -> Iterable[PaymentAttempt]:
    """Attempts that do not stand for their payment (any more), but whose intent could still hold something.

    What the bank works on cannot be cancelled: it is heard of when that is over. What is taken is for people.
    """
    unfinished = PaymentAttempt.objects.filter(
        status__in=[PaymentStatus.ACTION_REQUIRED, PaymentStatus.AUTHORIZED, PaymentStatus.FAILED],
        intent_id__isnull=False,
        closed_at=None,
        stray_cents=0,
    )
    # Whoever has the secret of a declined intent could confirm it again, with one card after the other.
    declined = Q(status=PaymentStatus.FAILED, off_session=False)
    later = PaymentAttempt.objects.filter(payment=OuterRef("payment"), sequence__gt=OuterRef("sequence"))
    overtaken = Q(Exists(later)) & ~Q(sequence=F("payment__in_force"))
    # A try that was refused, or not finished, beside the hold that it was to replace. A customer who is in the bank's
    # dialog is left the time to answer it.
    still_there = Q(
        off_session=False,
        status=PaymentStatus.ACTION_REQUIRED,
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
        # It came to be held when its payment had ended and another one had taken the place, or is not enough.
        sequence__gt=F("payment__in_force"),
        status=PaymentStatus.AUTHORIZED,
    )
    ended = Q(status=PaymentStatus.FAILED, payment__status__in=ENDED)
    # Of a change that was not paid for, whatever else stands; a cart's dialog is left longer (reconciliation).
    left = Q(
        change__isnull=False,
        status=PaymentStatus.ACTION_REQUIRED,
        created_at__lte=timezone.now() - TIME_FOR_THE_BANK,
    )
    wanted = overtaken | beside_hold | ended | declined | left | Q(error_code=MISMATCH)
    return unfinished.filter(wanted).order_by("pk")


def _void(payment: Payment) -> bool:
    """Returns whether nothing of it is held any more, as far as the books can know."""
    for attempt in payment.attempts.order_by("sequence"):
        if attempt.intent_id is None and attempt.status == PaymentStatus.CREATED:
            _look_up(attempt)
        _cancel(attempt)
    payment.refresh_from_db()
    if payment.status in FINAL:
        return True
    over = Q(status__in=FINAL) | Q(closed_at__isnull=False) | Q(status=PaymentStatus.FAILED, intent_id=None)
    if payment.attempts.exclude(over).exists():
        return False  # what cannot be cancelled now, or may still be on its way: the next run looks again
    updated = (
        Payment.objects.filter(pk=payment.pk).exclude(status__in=FINAL).update(status=PaymentStatus.VOIDED)
    )
    return bool(updated)


def _look_up(attempt: PaymentAttempt) -> None:
    """Never answered: what is at Stripe is adopted. It is not sent again, which could hold what nobody wants."""
    if not was_sent(attempt):
        book_unanswered(attempt)
        return
    found = find_sent(attempt)
    if found is not None:
        book(found)
    elif attempt.created_at <= timezone.now() - UNANSWERED_AFTER:
        book_unanswered(attempt)
    attempt.refresh_from_db()


def _cancel(attempt: PaymentAttempt) -> None:
    if attempt.intent_id and attempt.closed_at is None:
        gateway.cancel(attempt.intent_id)
        sync_intent(attempt.intent_id)
