"""Holds that run out are renewed without the customer, by the card of the last hold; or the customer is asked.

Never for an order that is not open (or pending, where promotion wants it), never while its money is taken, and one
hold however often and from wherever it is asked for: the attempt is committed before the call, under the order's
lock, and whoever comes while it is not answered sends the same request again. docs/payments.md, "When a hold runs
out".
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from orders import stripe_gateway as gateway
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus
from orders.models.order import OrderQuerySet
from orders.payments.asking import NO_CARD, ask_once_more_where_lost, ask_to_pay_again
from orders.payments.attempts import REFUSED, UNANSWERED, begin_renewal, send
from orders.payments.holds import TIME_FOR_THE_BANK, lock_live_payment
from orders.payments.truth import UnknownIntent
from orders.states import Status
from orders.transitions import lock_order

log = structlog.get_logger(__name__)

MOST_TRIES = 3  # for each hold that ends
# A bank that says one of these may say yes tomorrow; after any other no, only the customer can help.
MAY_PASS = {
    REFUSED,
    "approve_with_id",
    "card_velocity_exceeded",
    "do_not_honor",
    "generic_decline",
    "insufficient_funds",
    "issuer_not_available",
    "processing_error",
    "reenter_transaction",
    "try_again_later",
    "withdrawal_count_limit_exceeded",
}
UNFINISHED = (PaymentStatus.CREATED, PaymentStatus.ACTION_REQUIRED, PaymentStatus.PROCESSING)


class Outcome(StrEnum):
    RENEWED = "renewed"
    ASKED = "asked"  # the customer, now
    REFUSED = "refused"  # and nothing new to ask the customer
    UNANSWERED = "unanswered"  # nobody knows; the next run sends it again
    LEFT = "left"  # nothing to do, or not yet


def renew_authorizations(now: datetime) -> Counter[str]:
    """Renews every hold that is due; returns how many came to which outcome, "failed" for those that broke off.

    Whoever was asked to pay again, and whose letter was lost, is asked once more.
    """
    outcomes: Counter[str] = Counter()
    for order in due_for_renewal(now):
        try:
            outcomes[renew_hold(order=order, now=now)] += 1
        except Exception:
            log.exception("renewal_failed", order=order.number)
            outcomes["failed"] += 1
    ask_once_more_where_lost(now)
    return outcomes


def due_for_renewal(now: datetime) -> OrderQuerySet:
    """Orders to call `renew_hold` for, those that leave first before the others; it looks closer, under lock.

    Open ones whose hold ends within RENEW_BEFORE_HOURS or has ended, while their deck can still leave; and pending
    ones that promotion wanted to open and could not.
    """
    soon = now + timedelta(hours=settings.RENEW_BEFORE_HOURS)
    in_force = PaymentAttempt.objects.filter(payment=OuterRef("pk"), sequence=OuterRef("in_force"))
    lasting = ~Exists(in_force.filter(capture_before__lte=soon))
    mine = Payment.objects.filter(order=OuterRef("pk"))
    held = Exists(mine.live().filter(lasting, status=PaymentStatus.AUTHORIZED))
    unanswered = unanswered_renewals().filter(payment__order=OuterRef("pk"))
    open_ones = Q(status=Status.OPEN, back_on__gt=timezone.localdate(now)) & ~Exists(mine.taken())
    wanted = Q(status=Status.PENDING) & (Q(pay_again_by__isnull=False) | Exists(unanswered))
    orders = Order.objects.filter(~held, open_ones | wanted).exclude(pay_again_by__lte=now)
    return orders.order_by("out_on", "pk")


def unanswered_renewals() -> QuerySet[PaymentAttempt]:
    """Renewals that were written down, and of which nobody knows whether they arrived."""
    return PaymentAttempt.objects.filter(
        payment__kind=Payment.Kind.ORDER,
        payment__released_at=None,
        off_session=True,
        status=PaymentStatus.CREATED,
    )


def renew_hold(*, order: Order, now: datetime, wanted: bool = False) -> Outcome:
    """Holds the order's total once more where its hold ends soon or has ended, without the customer.

    `wanted`: promotion would open it, so a pending order is renewed, too. Where that cannot be done without the
    customer, they are asked to pay again, once. Safe to repeat; no transaction may be open around it.
    """
    for _ in range(2):  # once more where an attempt of earlier turns out never to have arrived
        step = _next_step(order, now=now, wanted=wanted)
        if not isinstance(step, PaymentAttempt):
            return step
        try:
            send(step, now=now)
        except (gateway.Declined, gateway.Refused):
            pass  # booked as failed
        except (gateway.GatewayError, UnknownIntent) as error:
            log.warning("renewal_unanswered", attempt=step.idempotency_key, reason=str(error))
            return Outcome.UNANSWERED
        step.refresh_from_db()
        if step.status == PaymentStatus.AUTHORIZED:
            return Outcome.RENEWED
        if step.error_code != UNANSWERED:
            break
    return _ask_where_needed(order, now=now)


def is_being_paid(order: Order, *, now: datetime) -> bool:
    """Whether the customer is paying at this moment, at the bank's dialog perhaps."""
    return any(_is_being_paid(attempt, now) for attempt in _attempts_of(order))


def _is_being_paid(attempt: PaymentAttempt, now: datetime) -> bool:
    lately = now - attempt.created_at < TIME_FOR_THE_BANK
    return not attempt.off_session and _is_live(attempt) and attempt.status in UNFINISHED and lately


def _is_live(attempt: PaymentAttempt) -> bool:
    return attempt.payment.released_at is None


def _attempts_of(order: Order) -> list[PaymentAttempt]:
    """Newest first."""
    attempts = PaymentAttempt.objects.filter(payment__order=order, payment__kind=Payment.Kind.ORDER)
    return list(attempts.select_related("payment").order_by("-pk"))


# --- under the order's lock -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Standing:
    """A locked order and its locked payment; `attempts` newest first."""

    order: Order
    payment: Payment | None
    attempts: Sequence[PaymentAttempt]

    @property
    def hold(self) -> PaymentAttempt | None:
        """The attempt whose hold stands for the order."""
        payment = self.payment
        if payment is None or payment.status != PaymentStatus.AUTHORIZED:
            return None
        mine = (each for each in self.attempts if each.payment_id == payment.pk)
        return next((each for each in mine if each.sequence == payment.in_force), None)

    @property
    def is_held(self) -> bool:
        return self.payment is not None and self.payment.status == PaymentStatus.AUTHORIZED

    @property
    def refusals(self) -> list[PaymentAttempt]:
        """The renewals that were refused since a hold stood last, newest first; what never arrived is none."""
        since_then = takewhile(lambda attempt: attempt.capture_before is None, self.attempts)
        return [
            attempt
            for attempt in since_then
            if attempt.off_session
            and attempt.error_code != UNANSWERED
            and attempt.status not in (PaymentStatus.CREATED, PaymentStatus.PROCESSING)
        ]

    @property
    def unanswered(self) -> PaymentAttempt | None:
        """A renewal that was written down, and nobody knows whether it arrived."""
        latest = self.attempts[0] if self.attempts else None
        if latest is None or not latest.off_session or not _is_live(latest):
            return None
        return latest if latest.status == PaymentStatus.CREATED else None

    @property
    def is_processing(self) -> bool:
        """The bank works on a renewal; a webhook says when it is done."""
        return any(
            attempt.off_session and _is_live(attempt) and attempt.status == PaymentStatus.PROCESSING
            for attempt in self.attempts
        )

    def wants_hold(self, *, now: datetime, wanted: bool) -> bool:
        order, payment = self.order, self.payment
        if order.status == Status.OPEN:
            assert order.back_on is not None
            wants = order.back_on > timezone.localdate(now)  # else the deck can never leave
        else:
            promotion_wants = wanted or order.pay_again_by is not None or self.unanswered is not None
            wants = order.status == Status.PENDING and promotion_wants
        if not wants or (payment is not None and payment.is_taken):
            return False
        if any(attempt.stray_cents and _is_live(attempt) for attempt in self.attempts):
            return False  # money was taken already, though not as asked for: people look at it first
        if order.pay_again_by is not None and order.pay_again_by <= now:
            return False  # it is about to lapse
        return not self.is_held or (self.hold is not None and ends_soon(self.hold, now=now))

    def may_be_tried(self, *, now: datetime) -> bool:
        refusals = self.refusals
        if not refusals:
            return True
        waited = now - refusals[0].created_at >= timedelta(hours=settings.RENEW_AGAIN_HOURS)
        return waited and len(refusals) < MOST_TRIES and refusals[0].error_code in MAY_PASS

    def needs_customer(self) -> bool:
        """A bank that says no is told at once. What Stripe would not do is our matter, until the hold is gone."""
        refusals = self.refusals
        if not refusals or self.order.pay_again_by is not None:
            return False
        return refusals[0].error_code != REFUSED or not self.is_held or len(refusals) >= MOST_TRIES


def ends_soon(hold: PaymentAttempt, *, now: datetime) -> bool:
    """Whether a hold ends within RENEW_BEFORE_HOURS; a hold that is shorter than that, when half of it is over."""
    if hold.capture_before is None:
        return False
    left = hold.capture_before - now
    return left <= timedelta(hours=settings.RENEW_BEFORE_HOURS) and left <= now - hold.created_at


def _look(order: Order) -> _Standing:
    order = lock_order(order.pk)
    payment = lock_live_payment(order)
    return _Standing(order, payment, _attempts_of(order))


@transaction.atomic
def _next_step(order: Order, *, now: datetime, wanted: bool) -> PaymentAttempt | Outcome:
    """The attempt to send, written down; or what it has come to without one."""
    standing = _look(order)
    if not standing.wants_hold(now=now, wanted=wanted):
        return Outcome.LEFT
    if standing.unanswered is not None:
        return standing.unanswered
    if standing.is_processing or any(_is_being_paid(attempt, now) for attempt in standing.attempts):
        return Outcome.LEFT
    if (
        standing.needs_customer()
    ):  # a crash came between the refusal and the asking, or the hold has ended since
        return _ask(standing, now=now)
    if not standing.may_be_tried(now=now):
        return Outcome.LEFT
    last = _last_held(standing.order)
    if last is None:
        return _ask(standing, now=now)
    assert standing.order.total_cents is not None
    return begin_renewal(order=standing.order, amount_cents=standing.order.total_cents, last=last, now=now)


@transaction.atomic
def _ask_where_needed(order: Order, *, now: datetime) -> Outcome:
    """After a refusal. Whatever stands by now (the customer paid, another worker asked) is left as it is."""
    standing = _look(order)
    if standing.wants_hold(now=now, wanted=True) and standing.needs_customer():
        return _ask(standing, now=now)
    return Outcome.UNANSWERED if standing.is_processing else Outcome.REFUSED


def _ask(standing: _Standing, *, now: datetime) -> Outcome:
    if standing.order.pay_again_by is not None:
        return Outcome.LEFT
    refusals = standing.refusals
    ask_to_pay_again(standing.order, why=refusals[0].error_code if refusals else NO_CARD, now=now)
    return Outcome.ASKED


def _last_held(order: Order) -> Payment | None:
    """The payment whose card paid for the order last: one that a bank has said yes to, and is kept for later."""
    has_held = PaymentAttempt.objects.filter(
        payment=OuterRef("pk"), sequence=OuterRef("in_force"), capture_before__isnull=False
    )
    payments = Payment.objects.filter(
        Exists(has_held), order=order, kind=Payment.Kind.ORDER, customer__isnull=False
    )
    return payments.exclude(payment_method="").order_by("-created_at").first()
