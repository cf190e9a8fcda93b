"""Payments that need a person: what neither Stripe nor the worker will put right by itself. Reads only."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from inventory.money import format_cents
from orders.models import DisputeStatus, Order, Payment, PaymentAttempt, PaymentStatus
from orders.payment_says import fee_name, money_of
from orders.payments import failed_refunds, taken_astray
from orders.payments.attempts import UNANSWERED
from orders.payments.truth import MISMATCH
from orders.states import Status

SHOWN_OF_EACH = 25
ANSWERED_WITHIN = timedelta(hours=1)
MISMATCHES_SHOWN = timedelta(days=30)  # nobody can tick one off


@dataclass(frozen=True, slots=True)
class ToLookAt:
    """An order whose money needs a person. `what`: a word or two; `why`: what happened and what to do.

    `waits`: for the customer, and so is less pressing.
    """

    order: Order
    what: str
    why: str
    waits: bool = False


def payments_to_look_at(*, now: datetime) -> list[ToLookAt]:
    """The most pressing first. Seven queries, whatever there is to look at; of each kind SHOWN_OF_EACH at most."""
    return [found for look in _LOOKS for found in look(now)]


def _disputed(now: datetime) -> Iterator[ToLookAt]:
    for payment in _oldest(Payment.objects.filter(dispute=DisputeStatus.OPEN)):
        amount = money_of(payment, payment.captured_cents)
        yield ToLookAt(
            payment.order, "Disputed", f"The customer's bank asks about {amount}: answer it at Stripe."
        )


def _mismatched(now: datetime) -> Iterator[ToLookAt]:
    attempts = PaymentAttempt.objects.filter(
        error_code=MISMATCH, stray_cents=0, created_at__gte=now - MISMATCHES_SHOWN
    ).select_related("payment__order")
    for attempt in attempts.order_by("created_at", "pk")[:SHOWN_OF_EACH]:
        yield ToLookAt(
            attempt.payment.order,
            "Not as asked for",
            f"{attempt.error_message} Look at it at Stripe, as {attempt.intent_id}.",
        )


def _taken_astray(now: datetime) -> Iterator[ToLookAt]:
    for attempt in taken_astray()[:SHOWN_OF_EACH]:
        amount = format_cents(attempt.stray_cents, attempt.payment.currency)
        why = f"{attempt.error_message} " if attempt.error_code == MISMATCH else ""
        yield ToLookAt(
            attempt.payment.order,
            "Taken astray",
            f"{why}{amount} were taken, and no payment stands for them: refund them at Stripe, "
            f"as {attempt.intent_id}.",
        )


def still_with_us() -> QuerySet[Payment]:
    """Payments that were taken, and not given back (all of it) or lost to the customer's bank."""
    kept = Payment.objects.filter(
        status=PaymentStatus.CAPTURED, captured_cents__gt=F("refunded_cents") + F("paid_back_cents")
    )
    return kept.exclude(dispute=DisputeStatus.LOST)


def _paid_and_cancelled(now: datetime) -> Iterator[ToLookAt]:
    for payment in _oldest(still_with_us().filter(order__status=Status.CANCELLED)):
        left = money_of(payment, payment.left_cents)
        yield ToLookAt(payment.order, "Paid and cancelled", f"{left} is still with us: give it back.")


def _refund_failed(now: datetime) -> Iterator[ToLookAt]:
    for refund in (
        failed_refunds().select_related("payment__order").order_by("created_at", "pk")[:SHOWN_OF_EACH]
    ):
        amount = format_cents(refund.amount_cents, refund.payment.currency)
        yield ToLookAt(
            refund.payment.order,
            "Refund failed",
            f"{amount} did not reach the customer: try once more, or pay it back in another way and note it "
            "there.",
        )


def _without_hold(now: datetime) -> Iterator[ToLookAt]:
    standing = Payment.objects.live().filter(
        order=OuterRef("pk"), status__in=[PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED]
    )
    orders = Order.objects.filter(~Exists(standing), status=Status.OPEN)
    for order in orders.select_related("user").order_by("out_on", "pk")[:SHOWN_OF_EACH]:
        asked = (
            "The customer was asked to pay again."
            if order.pay_again_by
            else "Nobody has asked the customer to pay again yet."
        )
        yield ToLookAt(
            order, "Nothing held", f"The deck cannot leave. {asked}", waits=order.pay_again_by is not None
        )


def _fee_not_answered(now: datetime) -> Iterator[ToLookAt]:
    waiting = Q(status=PaymentStatus.CREATED, created_at__lt=now - ANSWERED_WITHIN)
    fees = Payment.objects.fees().filter(waiting | _NEVER_ARRIVED, released_at=None)
    for fee in _oldest(fees):
        what_to_do = (
            "It never reached the card: give it up, and charge it anew where it is still owed."
            if fee.status == PaymentStatus.FAILED
            else "Stripe has not answered yet. It is asked again by itself, for a day."
        )
        yield ToLookAt(
            fee.order,
            "Fee not answered",
            f"{fee_name(fee)} of {money_of(fee, fee.amount_cents)}: {what_to_do}",
        )


_TRIES = PaymentAttempt.objects.filter(payment=OuterRef("pk"))
_NEVER_ARRIVED = Q(
    Exists(_TRIES.filter(error_code=UNANSWERED)),
    ~Exists(_TRIES.exclude(error_code=UNANSWERED)),
    status=PaymentStatus.FAILED,
)


def _fee_not_paid(now: datetime) -> Iterator[ToLookAt]:
    fees = Payment.objects.fees().filter(
        ~_NEVER_ARRIVED,
        released_at=None,
        status__in=[PaymentStatus.FAILED, PaymentStatus.ACTION_REQUIRED],
    )
    for fee in _oldest(fees):
        yield ToLookAt(
            fee.order,
            "Fee not paid",
            f"{fee_name(fee)} of {money_of(fee, fee.amount_cents)}: the customer has a link to pay it. "
            "Wait, or give it up.",
            waits=True,
        )


def _oldest(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    return payments.select_related("order__user").order_by("created_at", "pk")[:SHOWN_OF_EACH]


_LOOKS: Sequence[Callable[[datetime], Iterator[ToLookAt]]] = (
    _disputed,
    _mismatched,
    _taken_astray,
    _paid_and_cancelled,
    _refund_failed,
    _without_hold,
    _fee_not_answered,
    _fee_not_paid,
)
