"""Holding and releasing an order's money. Every step is safe to repeat.

An attempt is committed with its exact parameters before the call, so that a crash loses nothing: the same
parameters with the same key get the same answer. What Stripe says of a payment is booked by `sync_intent` alone;
page, webhook and retry all end there. docs/payments.md tells the sequences.
"""

import hashlib
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from orders import stripe_gateway as gateway
from orders.models import Order, Payment, PaymentAttempt, PaymentCustomer, PaymentStatus
from orders.models.payment import FINAL
from orders.owners import owner_of_order
from orders.signals import tell_holds_let_go

log = structlog.get_logger(__name__)

ALIVE = (PaymentStatus.ACTION_REQUIRED, PaymentStatus.PROCESSING, PaymentStatus.AUTHORIZED)


class NotHeld(ValueError):
    """There is nothing on a card that could be taken; the message says so."""

    def __init__(self) -> None:
        super().__init__("Nothing is held on the customer's card any more.")


class Taken(ValueError):
    """The money is taken, or being taken: the hold cannot be let go."""


class UnknownIntent(LookupError):
    """An intent that names one of our payments, but not one that is in the books (yet)."""


def begin_attempt(*, order: Order, amount_cents: int, confirmation_token: str) -> PaymentAttempt:
    """Writes down the next try to hold `amount_cents` for a locked order. To be committed before `send`."""
    payment = Payment.objects.live().filter(order=order).first()
    if payment is None:
        payment = Payment(order=order, currency=settings.CURRENCY)
    payment.amount_cents, payment.status = amount_cents, PaymentStatus.CREATED
    payment.save()
    sequence = payment.attempts.count() + 1
    parameters: dict[str, Any] = {
        "amount": amount_cents,
        "currency": payment.currency,
        "capture_method": "manual",
        "confirm": True,
        "confirmation_token": confirmation_token,
        "setup_future_usage": "off_session",
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "use_stripe_sdk": True,
        "description": f"Deck rental, order {order.number}",
        "metadata": {"order": order.number, "payment": str(payment.pk), "sequence": str(sequence)},
    }
    return PaymentAttempt.objects.create(
        payment=payment,
        sequence=sequence,
        parameters=parameters,
        idempotency_key=f"pay-{payment.pk}-auth-{sequence}",
    )


def attempts_lately(order: Order) -> int:
    """How often the order's owner has tried to pay within the last hour, whatever the order."""
    since = timezone.now() - timedelta(hours=1)
    payments = Payment.objects.filter(order__in=owner_of_order(order).orders())
    return PaymentAttempt.objects.filter(payment__in=payments, created_at__gte=since).count()


def send(attempt: PaymentAttempt) -> gateway.Intent:
    """Sends an attempt and books the answer; sent again, it gets the same answer.

    Returns the intent, for the client secret that the browser may need. Raises Declined (booked as failed),
    Refused (booked as failed) or Unavailable (not booked: nobody knows; send it again).
    """
    order = attempt.payment.order
    try:
        if "customer" not in attempt.parameters:
            attempt.parameters = {**attempt.parameters, "customer": _customer_for(order).stripe_id}
            attempt.save(update_fields=["parameters"])
        intent = gateway.authorize(parameters=attempt.parameters, key=attempt.idempotency_key)
    except gateway.Declined as declined:
        if declined.intent_id:
            sync_intent(declined.intent_id)
        else:
            _book_failure(attempt, code=declined.code, message=declined.message)
        raise
    except gateway.Refused as refused:
        log.error("payment_refused", attempt=attempt.idempotency_key, reason=str(refused))
        _book_failure(attempt, code="refused", message=str(refused))
        raise
    sync_intent(intent.id)
    return intent


def sync_intent(intent_id: str) -> Payment | None:
    """Reads an intent anew and books what it says: nothing else books what Stripe says of a payment.

    Returns the payment, or None for an intent that is not ours. Raises UnknownIntent for one that says it is
    ours but is in no book.
    """
    intent = gateway.retrieve(intent_id)
    try:
        payment_id = uuid.UUID(intent.metadata.get("payment", ""))
        sequence = int(intent.metadata.get("sequence", ""))
    except ValueError:  # of somebody else who uses the same account
        return None
    with transaction.atomic():
        # No join: see lock_order. The order may be another one by now (a cart that was merged).
        payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
        attempt = payment.attempts.filter(sequence=sequence).first() if payment else None
        if payment is None or attempt is None or attempt.intent_id not in (None, intent.id):
            raise UnknownIntent(f"{intent.id} names payment {payment_id}, which is not in the books.")
        if _goes_back(attempt.status, intent.status):
            return payment  # read before, booked after what another request or a webhook has read since
        attempt.intent_id = intent.id
        attempt.status = intent.status
        attempt.error_code, attempt.error_message = intent.error_code, intent.error_message
        attempt.capture_before = intent.capture_before
        attempt.save()
        is_latest = not payment.attempts.filter(sequence__gt=attempt.sequence).exists()
        if not is_latest and attempt.status in ALIVE:
            tell_holds_let_go()
        if is_latest and payment.status != PaymentStatus.CAPTURED:
            payment.status = intent.status
            payment.payment_method = intent.payment_method
            payment.card_brand, payment.card_last4 = intent.card_brand, intent.card_last4
            payment.save(update_fields=["status", "payment_method", "card_brand", "card_last4"])
    return payment


def _goes_back(booked: str, read: str) -> bool:
    """Whether `read` is older than `booked`: a hold is only ever captured or ended, and an end is the end."""
    if booked == PaymentStatus.AUTHORIZED:
        return read != booked and read not in FINAL
    return booked in FINAL and read != booked


def _book_failure(attempt: PaymentAttempt, *, code: str, message: str) -> None:
    """An attempt for which Stripe made no intent: there is nothing to sync with."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=attempt.payment_id)
        attempt.refresh_from_db()
        if attempt.intent_id is not None:
            return  # a webhook has adopted it: the first sending did take effect
        attempt.status, attempt.error_code, attempt.error_message = PaymentStatus.FAILED, code, message
        attempt.save(update_fields=["status", "error_code", "error_message"])
        if payment.status == PaymentStatus.CREATED:
            payment.status = PaymentStatus.FAILED
            payment.save(update_fields=["status"])


def _customer_for(order: Order) -> PaymentCustomer:
    """The order's owner as Stripe knows them, made known now where they are not."""
    owner = owner_of_order(order).as_fields
    found = PaymentCustomer.objects.filter(**owner).first()
    if found is None:
        # The key says whose customer it is and with what: another owner, or another address, is another request.
        whose = f"user-{order.user_id}" if order.user_id else f"guest-{order.guest_id}"
        said = hashlib.sha256(f"{order.contact_email}\0{order.name}".encode()).hexdigest()[:16]
        key = f"customer-{whose}-{said}"
        stripe_id = gateway.create_customer(email=order.contact_email, name=order.name, key=key)
        found, _ = PaymentCustomer.objects.get_or_create(**owner, defaults={"stripe_id": stripe_id})
    Payment.objects.live().filter(order=order, customer=None).update(customer=found)
    return found


def is_held(order: Order) -> bool:
    """Whether the order's total is held on a card, as far as we know."""
    return bool(held_orders([order]))


def lock_live_payment(order: Order) -> Payment | None:
    """The payment that stands for the order, as it is now; until the transaction ends, it stays as it is."""
    return Payment.objects.live().select_for_update().filter(order=order).first()


def held_orders(orders: Iterable[Order]) -> set[int]:
    """The keys of those orders whose total is held on a card, as far as we know."""
    held = Payment.objects.live().filter(order__in=list(orders), status=PaymentStatus.AUTHORIZED)
    return set(held.values_list("order", flat=True))


def capture(order: Order) -> Payment:
    """Takes the money that is held for the order. Safe to repeat; no transaction may be open around it.

    That it is being taken is committed before the call, so that from then on nobody lets the hold go: see
    `check_not_taken`. Raises NotHeld where there is nothing to take and Refused where Stripe will not: then
    nothing was taken. Raises Unavailable where nobody knows: take it again, the answer is the same.
    """
    payment, attempt = _begin_capture(order)
    if payment.status == PaymentStatus.CAPTURED:
        return payment
    assert attempt is not None
    assert attempt.intent_id is not None
    refused: gateway.GatewayError | None = None
    try:
        # The order cannot be changed any more, so this is the same in every repetition. It can cost less than
        # was held: the rest is let go. Where Stripe refuses, it can be changed again: another amount, another key.
        total_cents = Order.objects.values_list("total_cents", flat=True).get(pk=order.pk)
        assert total_cents is not None
        key = f"pay-{payment.pk}-capture-{attempt.sequence}-{total_cents}"
        gateway.capture(attempt.intent_id, amount_cents=total_cents, key=key)
    except (gateway.Refused, gateway.Declined) as error:
        refused = error  # also where it was taken before and the answer was lost: the intent says which
    sync_intent(attempt.intent_id)
    payment.refresh_from_db()
    if payment.status == PaymentStatus.CAPTURED:
        return payment
    if refused is None:
        raise gateway.Unavailable("Stripe took the money and does not say so yet.")
    Payment.objects.filter(pk=payment.pk).update(capture_begun_at=None)
    if payment.status == PaymentStatus.AUTHORIZED:
        raise refused
    raise NotHeld from refused


@transaction.atomic
def _begin_capture(order: Order) -> tuple[Payment, PaymentAttempt | None]:
    payment = Payment.objects.live().select_for_update().filter(order=order).first()
    attempt = payment.attempts.order_by("sequence").last() if payment else None
    if payment is not None and payment.status == PaymentStatus.CAPTURED:
        return payment, attempt
    held = payment is not None and payment.status == PaymentStatus.AUTHORIZED
    if not held or attempt is None or attempt.intent_id is None:
        raise NotHeld
    assert payment is not None
    payment.capture_begun_at = timezone.now()
    payment.save(update_fields=["capture_begun_at"])
    return payment, attempt


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

    Attempts that a later one has overtaken go the same way: a payment holds its total once. Where one cannot be
    voided now, the others are, and the error is raised at the end: the task comes again.
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
    later = PaymentAttempt.objects.filter(payment=OuterRef("payment"), sequence__gt=OuterRef("sequence"))
    # A declined intent, too: whoever has its secret could confirm it again with another card.
    unfinished = PaymentAttempt.objects.filter(
        status__in=[*ALIVE, PaymentStatus.FAILED], intent_id__isnull=False
    )
    for overtaken in unfinished.filter(Exists(later)):
        try:
            _cancel(overtaken)
        except (gateway.GatewayError, UnknownIntent) as error:
            log.warning("void_postponed", attempt=overtaken.idempotency_key, reason=str(error))
            failure = error
    if failure is not None:
        raise failure
    return voided


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
