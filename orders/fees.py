"""Fees after the deck has left: for days that it was late, for damage and for loss.

Staff charge them without the customer, on the card that the order was paid with and within limits that both can see.
The amount is committed before the call, so that a crash loses nothing and charges nothing twice.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from inventory.money import format_cents
from orders import stripe_gateway as gateway
from orders.fee_limits import AgreedLimits, FeeLimits, late_day_cents, late_days, worth_cents
from orders.models import Order, OrderCard, Payment, PaymentAttempt, PaymentStatus
from orders.models.payment import ENDED, FEES
from orders.payments.attempts import begin_charge, send
from orders.payments.truth import ALIVE, UnknownIntent, sync_intent
from orders.pricing import Quote
from orders.signals import tell_holds_let_go
from orders.states import Status
from orders.transitions import Actor, lock_order, note_event

log = structlog.get_logger(__name__)

LONGEST_REASON = 500
LEAST_CENTS = 50  # Stripe takes no less
HARM = (Payment.Kind.DAMAGE, Payment.Kind.LOSS)


class FeeError(ValueError):
    """This fee cannot be charged or given up, and nothing has changed; the message says what to do."""


# --- limits -----------------------------------------------------------------------------------------------


def limits_of_cart(order: Order, lines: Sequence[OrderCard], quote: Quote) -> AgreedLimits:
    """What the customer agrees to with this order: frozen, or by today's rule. Lines read `with_rent()`."""
    of_a_day = order.late_day_cents
    if of_a_day is None:
        of_a_day = late_day_cents(quote, percent=settings.LATE_FEE_PERCENT)
    worth = worth_cents((line.quantity, line.replacement_cents) for line in lines)
    return AgreedLimits(of_a_day, _at_most(order.worth_cents, worth))


def agreed_limits(order: Order) -> AgreedLimits:
    """What the customer agreed to with this order when it was authorized; nothing for what was not frozen."""
    worth = worth_cents(order.order_cards.values_list("quantity", "value_cents"))
    return AgreedLimits(order.late_day_cents or 0, _at_most(order.worth_cents, worth))


def _at_most(agreed_cents: int | None, worth: int) -> int:
    """Copies that came to the order by a change are worth more than was agreed to; those that went count no more."""
    return worth if agreed_cents is None else min(agreed_cents, worth)


def agreed_cents(order: Order) -> int:
    """The most that may ever be taken for this order: its total and all fees; and further days that they paid for."""
    return (order.total_cents or 0) + agreed_limits(order).most_cents


def fee_limits(order: Order, today: date) -> FeeLimits:
    """What may be charged for this order as of today, and what of it is left. Three queries."""
    agreed = agreed_limits(order)
    charged: Counter[str] = Counter()
    before_cents = 0
    by_day = fees_that_count(order).values("kind", "due_on").annotate(cents=Sum("amount_cents"))
    for kind, due_on, cents in by_day.values_list("kind", "due_on", "cents"):
        if due_on in (None, order.due_on):
            charged[kind] += cents
        else:
            before_cents += cents
    return FeeLimits(
        late_day_cents=agreed.late_day_cents,
        late_days=late_days(due_on=order.due_on, back_on=_back_on(order, today)) if order.due_on else 0,
        value_cents=agreed.value_cents,
        late_charged_cents=charged[Payment.Kind.LATE],
        harm_charged_cents=sum(charged[kind] for kind in HARM),
        late_charged_before_cents=before_cents,
    )


def fees_of(order: Order) -> list[Payment]:
    """Every fee that was asked for, the oldest first, also those that were given up."""
    return list(order.payments.fees().order_by("created_at", "pk"))


def fees_that_count(order: Order) -> QuerySet[Payment]:
    """Those that were paid, or can still be: one that the card did not pay is owed until it is given up."""
    fees = order.payments.fees().order_by()
    return fees.filter(Q(released_at=None) | Q(status=PaymentStatus.CAPTURED))


def settled_late_days(order: Order) -> int:
    """So many days after the day on which it is due are settled by late fees: up to the last one's own day."""
    last = (
        fees_that_count(order)
        .filter(kind=Payment.Kind.LATE, due_on=order.due_on)
        .order_by("-created_at")
        .first()
    )
    if last is None or order.due_on is None:
        return 0
    return max(0, (timezone.localdate(last.created_at) - order.due_on).days)


def _back_on(order: Order, today: date) -> date:
    """The day on which everything was back; today while it is not."""
    returned = order.events.filter(from_status=Status.DISPATCHED, to_status=Status.RETURNED).first()
    return timezone.localdate(returned.at) if returned else today


# --- charging ---------------------------------------------------------------------------------------------


def charge_fee(
    *,
    fee_id: UUID,
    order: Order,
    kind: Payment.Kind,
    amount_cents: int,
    reason: str,
    by: Actor,
    today: date,
) -> Payment:
    """Charges a fee to the card that the order was paid with. The same `fee_id` again is the same fee.

    Returns it as it stands: captured; failed, and the customer is sent a link to pay; or created where Stripe did
    not answer, and then it is sent again by itself, for a day. Raises FeeError. No transaction may be open around it.
    """
    fee = _write_down_or_find(
        fee_id=fee_id, order=order, kind=kind, amount_cents=amount_cents, reason=reason, by=by, today=today
    )
    for attempt in _unanswered().filter(payment=fee):
        try:
            _send(attempt)
        except (gateway.GatewayError, UnknownIntent) as error:
            log.warning("fee_postponed", attempt=attempt.idempotency_key, reason=str(error))
    fee.refresh_from_db()
    return fee


@transaction.atomic
def _write_down_or_find(
    *, fee_id: UUID, order: Order, kind: Payment.Kind, amount_cents: int, reason: str, by: Actor, today: date
) -> Payment:
    order = lock_order(order.pk)  # one fee at a time: two at once could exceed the limit together
    found = Payment.objects.filter(pk=fee_id).first()
    if found is not None:
        if found.order_id != order.pk or found.kind not in FEES:
            raise FeeError("This form was for another order. Open the order again, and go on from there.")
        return found
    reason = reason.strip()
    paid = _check(order, kind=kind, amount_cents=amount_cents, reason=reason, today=today)
    fee = Payment.objects.create(
        pk=fee_id,
        order=order,
        kind=kind,
        amount_cents=amount_cents,
        currency=paid.currency,
        customer=paid.customer,
        reason=reason,
        due_on=order.due_on if kind == Payment.Kind.LATE else None,
        requested_by=by.user,
        payment_method=paid.payment_method,
        card_brand=paid.card_brand,
        card_last4=paid.card_last4,
        card_exp_month=paid.card_exp_month,
        card_exp_year=paid.card_exp_year,
    )
    begin_charge(payment=fee, last=paid)
    note_event(order, by=by, reason=f"{_named(fee)}: {reason}")
    return fee


def _check(order: Order, *, kind: str, amount_cents: int, reason: str, today: date) -> Payment:
    """The payment whose card is charged. Raises FeeError."""
    if kind not in (Payment.Kind.LATE, *HARM):
        raise FeeError("Choose what the fee is for: late, damage or loss.")
    if order.status not in (Status.DISPATCHED, Status.RETURNED):
        raise FeeError(
            f"This order is {order.get_status_display().lower()}: fees are for decks that have left the shop."
        )
    if not reason or len(reason) > LONGEST_REASON:
        raise FeeError(
            f"Write what the fee is for, in at most {LONGEST_REASON} characters: the customer reads it."
        )
    if amount_cents < LEAST_CENTS:
        raise FeeError(
            f"The least that a card can be charged is {format_cents(LEAST_CENTS, settings.CURRENCY)}."
        )
    left = fee_limits(order, today).left_cents_by_kind[kind]
    if amount_cents > left:
        most = format_cents(left, settings.CURRENCY)
        raise FeeError(
            f"For {_KINDS[Payment.Kind(kind)]} of this order at most {most} more can be charged. A fee that the card "
            "did not pay counts until it is given up."
        )
    captured = order.payments.filter(kind=Payment.Kind.ORDER, status=PaymentStatus.CAPTURED)
    paid = captured.order_by("captured_at", "pk").last()
    if paid is None or paid.customer is None or not paid.payment_method:
        raise FeeError("There is no card on which this order was paid. Ask the customer to pay you directly.")
    return paid


_KINDS = {Payment.Kind.LATE: "late days", Payment.Kind.DAMAGE: "damage", Payment.Kind.LOSS: "loss"}


def _named(fee: Payment) -> str:
    names = {
        Payment.Kind.LATE: "late fee",
        Payment.Kind.DAMAGE: "fee for damage",
        Payment.Kind.LOSS: "fee for loss",
    }
    return f"{names[Payment.Kind(fee.kind)]} of {format_cents(fee.amount_cents, fee.currency)}"


# --- no answer yet ----------------------------------------------------------------------------------------


def retry_fees(now: datetime) -> int:
    """Sends every fee that Stripe has not answered; returns how many are answered now. Safe at any time.

    Where one cannot be sent now, the others are, and the error is raised at the end: the task comes again.
    """
    answered = 0
    failure: Exception | None = None
    for attempt in _unanswered():
        try:
            _send(attempt, now=now)
            answered += 1
        except (gateway.GatewayError, UnknownIntent) as error:
            log.warning("fee_postponed", attempt=attempt.idempotency_key, reason=str(error))
            failure = error
    if failure is not None:
        raise failure
    return answered


def _unanswered() -> QuerySet[PaymentAttempt]:
    attempts = PaymentAttempt.objects.filter(
        off_session=True, status=PaymentStatus.CREATED, intent_id=None, payment__released_at=None
    )
    return attempts.filter(payment__kind__in=FEES).order_by("created_at", "pk")


def _send(attempt: PaymentAttempt, *, now: datetime | None = None) -> None:
    """Sends a fee's attempt and books the answer, whatever it is; raises where there is none."""
    try:
        send(attempt, now=now)
    except (gateway.Declined, gateway.Refused):
        return  # booked


# --- giving up --------------------------------------------------------------------------------------------


_PAID = "This fee is paid. Give the money back instead."


def waive_fee(*, payment: Payment, by: Actor, reason: str) -> Payment:
    """Gives up a fee that is not paid: nothing of it is owed, and its link pays nothing any more. Twice is once.

    Raises FeeError, also where the customer has just paid. No transaction may be open around it.
    """
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise FeeError(f"Write why the fee is given up, in at most {LONGEST_REASON} characters.")
    if payment.kind not in FEES:
        raise FeeError("This is what the order costs, not a fee.")
    if Payment.objects.filter(pk=payment.pk, status=PaymentStatus.CAPTURED).exists():
        raise FeeError(_PAID)
    try:
        # First, so that nobody can pay it afterwards.
        unfinished = payment.attempts.exclude(status__in=ENDED)
        for intent_id in unfinished.exclude(intent_id=None).values_list("intent_id", flat=True):
            assert intent_id is not None
            gateway.cancel(intent_id)
            sync_intent(intent_id)
    except (gateway.GatewayError, UnknownIntent) as error:
        raise FeeError(
            "The payment provider did not answer, so the fee stands. Give it up again in a minute."
        ) from error
    return _write_down_waiver(payment, by=by, reason=reason)


@transaction.atomic
def _write_down_waiver(payment: Payment, *, by: Actor, reason: str) -> Payment:
    order = lock_order(payment.order_id)
    payment = Payment.objects.select_for_update().get(pk=payment.pk)
    if payment.released_at is not None:
        return payment
    if payment.status == PaymentStatus.CAPTURED:
        raise FeeError(_PAID)
    if payment.attempts.filter(status__in=[PaymentStatus.CREATED, *ALIVE]).exists():
        raise FeeError("This fee is being paid at this moment. Look again in some minutes.")
    payment.released_at = timezone.now()
    payment.save(update_fields=["released_at"])
    note_event(order, by=by, reason=f"{_named(payment)} given up: {reason}")
    tell_holds_let_go()
    return payment
