"""Giving money back, whole or in part: written down under the payment's lock, then sent, and once only.

And noting that it was paid back in another way, where Stripe could not.
"""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from inventory.money import format_cents
from orders import stripe_gateway as gateway
from orders.models import Order, Payment, PaymentStatus, Refund
from orders.payments.attempts import KEY_IS_KEPT
from orders.payments.truth import GIVEN_BACK, UnknownIntent, sync_intent
from orders.signals import tell_refunds_written_down
from orders.transitions import Actor, lock_order, note_event

log = structlog.get_logger(__name__)

LONGEST_REASON = 500
_GONE = (Refund.Status.FAILED, Refund.Status.CANCELED)


class RefundError(ValueError):
    """This cannot be given back, and nothing was; the message says why, or what to do instead."""


def refundable_cents(payment: Payment) -> int:
    """What was taken and is neither given back, in whatever way, nor on its way back."""
    refunds = payment.refunds.all()  # read already, where a page shows many
    given = sum(refund.amount_cents for refund in refunds if refund.status in GIVEN_BACK)
    asked = sum(refund.amount_cents for refund in refunds if refund.status == Refund.Status.CREATED)
    return payment.captured_cents - payment.paid_back_cents - max(payment.refunded_cents, given) - asked


def refund(*, refund_id: UUID, payment: Payment, amount_cents: int, reason: str, by: Actor) -> Refund:
    """Gives so much of a payment back. The same `refund_id` again is the same refund, whatever else is said.

    Returns it as it stands: succeeded or pending; failed, with Stripe's reason; or created where Stripe did not
    answer, and then it is sent again by itself. Raises RefundError. No transaction may be open around it.
    """
    written = _write_down_or_find(
        refund_id=refund_id, payment=payment, amount_cents=amount_cents, reason=reason, by=by
    )
    try:
        _send(written)
    except (gateway.GatewayError, UnknownIntent) as error:
        log.warning("refund_postponed", refund=str(written.pk), reason=str(error))
    written.refresh_from_db()
    return written


@transaction.atomic
def _write_down_or_find(
    *, refund_id: UUID, payment: Payment, amount_cents: int, reason: str, by: Actor
) -> Refund:
    order, payment = _lock(payment)
    found = Refund.objects.filter(pk=refund_id).first()
    if found is not None:
        if found.payment_id != payment.pk:
            raise RefundError(
                "This form was for another payment. Open the order again, and go on from there."
            )
        return found
    reason = reason.strip()
    _check(payment, amount_cents=amount_cents, reason=reason)
    written = Refund.objects.create(
        pk=refund_id, payment=payment, amount_cents=amount_cents, reason=reason, by=by.user
    )
    note_event(order, by=by, reason=f"refund of {format_cents(amount_cents, payment.currency)}: {reason}")
    return written


def _lock(payment: Payment) -> tuple[Order, Payment]:
    return lock_order(payment.order_id), Payment.objects.select_for_update().get(pk=payment.pk)


def _check(payment: Payment, *, amount_cents: int, reason: str) -> None:
    if payment.status != PaymentStatus.CAPTURED:
        raise RefundError("Nothing was taken with this payment, so there is nothing to give back.")
    if not reason or len(reason) > LONGEST_REASON:
        raise RefundError(
            f"Write why the money goes back, in at most {LONGEST_REASON} characters: the customer reads it."
        )
    left = refundable_cents(payment)
    if left <= 0:
        raise RefundError("All of this payment is given back already, or on its way.")
    if not 0 < amount_cents <= left:
        most, least = format_cents(left, payment.currency), format_cents(1, payment.currency)
        raise RefundError(
            f"Of this payment {most} can be given back. Write an amount between {least} and that."
        )


def write_down_whole_refund(*, payment: Payment, reason: str, by: Actor) -> Refund | None:
    """All that is left of a locked payment goes back, once the caller's transaction is committed; None: nothing is."""
    left = refundable_cents(payment)
    if left <= 0:
        return None
    tell_refunds_written_down()
    return Refund.objects.create(payment=payment, amount_cents=left, reason=reason, by=by.user)


def send_unsent_refunds(now: datetime) -> int:
    """Sends every refund that Stripe has not answered; returns how many are answered now. Safe at any time.

    Where one cannot be sent now, the others are, and the error is raised at the end: the task comes again.
    """
    answered = 0
    failure: Exception | None = None
    for unsent in Refund.objects.filter(status=Refund.Status.CREATED).order_by("created_at", "pk"):
        try:
            _send(unsent, look_first=unsent.created_at <= now - KEY_IS_KEPT)
            answered += 1
        except (gateway.GatewayError, UnknownIntent) as error:
            log.warning("refund_postponed", refund=str(unsent.pk), reason=str(error))
            failure = error
    if failure is not None:
        raise failure
    return answered


def _send(refund: Refund, *, look_first: bool = False) -> None:
    """Sends a refund that is written down and books the answer; sent again, it gets the same answer."""
    if refund.status != Refund.Status.CREATED:
        return
    payment = refund.payment
    intent_id = _intent_of(payment)
    reference = str(refund.pk)
    if not look_first or all(seen.reference != reference for seen in gateway.refunds_of(intent_id)):
        try:
            gateway.refund(
                intent_id=intent_id, amount_cents=refund.amount_cents, reference=reference, key=refund.key
            )
        except gateway.Refused as refused:
            log.error("refund_refused", refund=reference, reason=str(refused))
            _book_refusal(refund, str(refused))
    sync_intent(intent_id)


def _book_refusal(refund: Refund, message: str) -> None:
    with transaction.atomic():
        Payment.objects.select_for_update().get(pk=refund.payment_id)
        Refund.objects.filter(pk=refund.pk, status=Refund.Status.CREATED, stripe_id=None).update(
            status=Refund.Status.FAILED, error_message=message
        )


def _intent_of(payment: Payment) -> str:
    intent_id = payment.attempts.values_list("intent_id", flat=True).get(sequence=payment.in_force)
    assert intent_id is not None
    return intent_id


# --- where Stripe could not -------------------------------------------------------------------------------


def failed_refunds() -> QuerySet[Refund]:
    """Those that failed, and that neither a later one nor staff have made up for."""
    later = Refund.objects.filter(payment=OuterRef("payment"), created_at__gt=OuterRef("created_at"))
    made_up = later.exclude(status__in=_GONE, paid_back_at=None)
    return Refund.objects.filter(~Exists(made_up), status=Refund.Status.FAILED, paid_back_at=None)


def failed_last(payment: Payment) -> Refund | None:
    """The refund of a payment that staff can note as paid back: of several tries that failed, the last."""
    tried = [refund for refund in payment.refunds.all() if refund.status != Refund.Status.CANCELED]
    last = max(tried, key=lambda refund: refund.created_at, default=None)
    return last if last and last.status == Refund.Status.FAILED and last.paid_back_at is None else None


def note_paid_back(*, refund: Refund, note: str, by: Actor) -> Refund:
    """Notes that a refund that failed was paid back in another way, and how: nothing of it is owed any more.

    Twice is once. Stripe is asked first: what has arrived in the meantime is not to be paid back, too. What Stripe
    has said of it stays as it is. Raises RefundError. No transaction may be open around it.
    """
    note = note.strip()
    if not note or len(note) > LONGEST_REASON:
        raise RefundError(
            f"Write how it was paid back, in at most {LONGEST_REASON} characters: the customer reads it."
        )
    if not Refund.objects.filter(pk=refund.pk, paid_back_at__isnull=False).exists():
        try:
            sync_intent(_intent_of(refund.payment))
        except (gateway.GatewayError, UnknownIntent) as error:
            raise RefundError(
                "Stripe did not answer, and by now it may have given the money back. Nothing is noted; try again in "
                "a minute."
            ) from error
    return _write_down_paid_back(refund, note=note, by=by)


@transaction.atomic
def _write_down_paid_back(refund: Refund, *, note: str, by: Actor) -> Refund:
    order, payment = _lock(refund.payment)
    refund = payment.refunds.get(pk=refund.pk)
    if refund.paid_back_at is not None:
        return refund
    amount = format_cents(refund.amount_cents, payment.currency)
    if refund.status != Refund.Status.FAILED:
        raise RefundError(
            f"This refund of {amount} is “{refund.get_status_display().lower()}” by now: it has not failed."
        )
    if failed_last(payment) != refund or refundable_cents(payment) < refund.amount_cents:
        raise RefundError(
            f"This refund of {amount} was tried once more since. Note it there, if that one has failed as well."
        )
    refund.paid_back_at, refund.paid_back_by, refund.paid_back_note = timezone.now(), by.user, note
    refund.save(update_fields=["paid_back_at", "paid_back_by", "paid_back_note"])
    payment.paid_back_cents += refund.amount_cents
    payment.save(update_fields=["paid_back_cents"])
    note_event(order, by=by, reason=f"refund of {amount} that failed, paid back in another way: {note}")
    return refund
