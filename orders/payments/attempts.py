"""Attempts to hold or charge a payment: written down, then sent, as often as it takes to get an answer."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from orders import stripe_gateway as gateway
from orders.models import Order, OrderChange, Payment, PaymentAttempt, PaymentCustomer, PaymentStatus
from orders.models.payment import ENDED
from orders.owners import owner_of_order
from orders.payments.truth import book, payment_named
from orders.signals import tell_fee_answered

log = structlog.get_logger(__name__)

# Stripe may forget a key after a day, and then the same request is another one: it is looked for first.
KEY_IS_KEPT = timedelta(hours=23)
UNANSWERED = "unanswered"  # the error code of an attempt of which Stripe knows nothing
KEY_USED = (
    "key_used"  # of one without an answer: its intent was looked for in the whole account, and is not there
)
# The customer is not sent elsewhere: a bank that wants to see them answers on the page, or says no.
_NO_REDIRECTS = {"enabled": True, "allow_redirects": "never"}
REFUSED = "refused"  # the error code of a request that Stripe would not have


def begin_attempt(
    *,
    order: Order,
    amount_cents: int,
    confirmation_token: str = "",
    payment_method: str = "",
    change: OrderChange | None = None,
    days: Sequence[str] = (),
    cards: str = "",
) -> PaymentAttempt:
    """Writes down the next try to hold `amount_cents` for a locked order. To be committed before `send`.

    By the card of a form (`confirmation_token`), or by one that the customer saved (`payment_method`). A hold that
    stands is not touched: it gives way when the new one stands; with a `change` only when that takes effect.
    `days`, `cards`: those of a cart, as they were shown.
    """
    return _write_down(
        _payment_for(order, amount_cents),
        amount_cents=amount_cents,
        off_session=False,
        change=change,
        days=days,
        cards=cards,
        more={
            **_card(confirmation_token, payment_method),
            "capture_method": "manual",
            "setup_future_usage": "off_session",
            "use_stripe_sdk": True,
        },
    )


def begin_fee_payment(
    *,
    payment: Payment,
    confirmation_token: str = "",
    payment_method: str = "",
    change: OrderChange | None = None,
) -> PaymentAttempt:
    """Writes down the next try to charge a locked fee at once, with the customer there. See `begin_attempt`.

    The card is not kept for it: the order's own is known already.
    """
    if not payment.is_taken:
        payment.status = PaymentStatus.CREATED
        payment.save(update_fields=["status"])
    return _write_down(
        payment,
        amount_cents=payment.amount_cents,
        off_session=False,
        change=change,
        more={
            **_card(confirmation_token, payment_method),
            "capture_method": "automatic",
            "use_stripe_sdk": True,
        },
    )


def _card(confirmation_token: str, payment_method: str) -> dict[str, str]:
    if confirmation_token:
        return {"confirmation_token": confirmation_token}
    return {"payment_method": payment_method}


def _card_left_by(last: Payment) -> dict[str, Any]:
    assert last.customer is not None
    return {
        "customer": last.customer.stripe_id,
        "payment_method": last.payment_method,
        "off_session": True,
    }


def begin_renewal(
    *, order: Order, amount_cents: int, last: Payment, now: datetime | None = None
) -> PaymentAttempt:
    """As `begin_attempt`, without the customer: by the card that `last` was held on."""
    return _write_down(
        _payment_for(order, amount_cents),
        amount_cents=amount_cents,
        off_session=True,
        now=now,
        more={**_card_left_by(last), "capture_method": "manual"},
    )


def begin_charge(*, payment: Payment, last: Payment) -> PaymentAttempt:
    """The next try to charge a fee at once, without the customer: by the card that `last` was held on."""
    return _write_down(
        payment,
        amount_cents=payment.amount_cents,
        off_session=True,
        more={**_card_left_by(last), "capture_method": "automatic"},
    )


def _payment_for(order: Order, amount_cents: int) -> Payment:
    payment = Payment.objects.live().select_for_update().filter(order=order).first()
    if payment is None:
        customer = _known_customer(order)
        payment = Payment(order=order, currency=settings.CURRENCY, customer=customer)
    if payment.status != PaymentStatus.AUTHORIZED:
        payment.amount_cents, payment.status = amount_cents, PaymentStatus.CREATED
        payment.save()
    return payment


def _write_down(
    payment: Payment,
    *,
    amount_cents: int,
    off_session: bool,
    more: dict[str, Any],
    now: datetime | None = None,
    change: OrderChange | None = None,
    days: Sequence[str] = (),
    cards: str = "",
) -> PaymentAttempt:
    sequence = payment.attempts.count() + 1
    number = payment.order.number
    what = "Deck rental" if payment.kind == Payment.Kind.ORDER else payment.get_kind_display()
    parameters = {
        "amount": amount_cents,
        "currency": payment.currency,
        "confirm": True,
        "automatic_payment_methods": _NO_REDIRECTS,
        "description": f"{what}, order {number}",
        "metadata": {
            "site": settings.SITE_URL,
            "order": number,
            "payment": str(payment.pk),
            "sequence": str(sequence),
            **({"change": str(change.pk)} if change else {}),
        },
        **more,
    }
    return PaymentAttempt.objects.create(
        payment=payment,
        change=change,
        days=list(days),
        cards=cards,
        sequence=sequence,
        off_session=off_session,
        parameters=parameters,
        idempotency_key=f"pay-{payment.pk}-auth-{sequence}",
        created_at=now or timezone.now(),
    )


def attempts_lately(order: Order) -> int:
    """How often the order's owner has tried to pay within the last hour, whatever the order and whatever for."""
    since = timezone.now() - timedelta(hours=1)
    payments = Payment.objects.filter(order__in=owner_of_order(order).orders())
    tried = PaymentAttempt.objects.filter(payment__in=payments, created_at__gte=since, off_session=False)
    return tried.count()


def send(attempt: PaymentAttempt, *, now: datetime | None = None) -> gateway.Intent:
    """Sends an attempt and books the answer; sent again, it gets the same answer.

    One that may have been forgotten by its key `now` is looked up instead, so that nothing is held or charged twice.
    Returns the intent, for the client secret that the browser may need. Raises Declined (booked as failed),
    Refused (booked as failed) or Unavailable (not booked: nobody knows; send it again).
    """
    sent_before = was_sent(attempt)
    try:
        if not sent_before:
            _name_customer(attempt)
        elif attempt.created_at <= (now or timezone.now()) - KEY_IS_KEPT:
            found = find_sent(attempt)
            if found is not None:
                return _book_found(found)
            # The customer who gave this card is not there any more; and no charge comes weeks after it was meant.
            if not attempt.off_session or charges(attempt):
                book_unanswered(attempt)
                raise gateway.Refused(
                    "The payment never reached the provider, and is too old to be sent again."
                )
        intent = gateway.create_intent(parameters=attempt.parameters, key=attempt.idempotency_key)
    except gateway.Declined as declined:
        if declined.intent_id:
            book(gateway.retrieve(declined.intent_id))
        else:
            _book_failure(attempt, code=declined.code, message=declined.message)
        raise
    except (gateway.KeyUsed, gateway.KeptError) as error:
        return _look_up_instead(attempt, error)
    except gateway.Refused as refused:
        log.error("payment_refused", attempt=attempt.idempotency_key, reason=str(refused))
        # An earlier sending can have done what this one is refused.
        is_gone = isinstance(refused, gateway.CustomerGone)
        if sent_before and attempt.status == PaymentStatus.CREATED:
            found = find_sent(attempt, of_anybody=is_gone)
            if found is not None:
                return _book_found(found)
        if is_gone:
            # With them go their cards. Whoever pays next is made known anew.
            gone = PaymentCustomer.objects.of_our_mode().filter(stripe_id=attempt.parameters["customer"])
            gone.delete()
        _book_failure(attempt, code=REFUSED, message=str(refused))
        raise
    book(gateway.retrieve(intent.id))  # with its charge, which the answer only names
    return intent


def was_sent(attempt: PaymentAttempt) -> bool:
    """Whether the attempt can have reached Stripe: who pays is written down before it is sent."""
    return "customer" in attempt.parameters


def charges(attempt: PaymentAttempt) -> bool:
    """Whether the attempt takes money at once. A hold too many is let go again, a charge is not."""
    return bool(attempt.parameters["capture_method"] != "manual")


def find_sent(attempt: PaymentAttempt, *, of_anybody: bool = False) -> gateway.Intent | None:
    """What Stripe made of an attempt, by customer and metadata; None where it never heard of it.

    `of_anybody`: also where it was sent for another customer than the books say. Raises GatewayError.
    """
    if attempt.intent_id is not None:
        return gateway.retrieve(attempt.intent_id)
    customer = None if of_anybody else attempt.parameters["customer"]
    since = attempt.created_at - timedelta(hours=1)  # their clock is not ours
    named = (attempt.payment_id, attempt.sequence)
    found = [
        intent
        for intent in gateway.intents_of(customer=customer, since=since)
        if payment_named(intent) == named
    ]
    return min(found, key=lambda intent: intent.status in ENDED, default=None)


def _look_up_instead(attempt: PaymentAttempt, error: gateway.GatewayError) -> gateway.Intent:
    """The key brings no answer any more: what there is at Stripe says what the request came to."""
    log.error("payment_key_is_no_use", attempt=attempt.idempotency_key, reason=str(error))
    found = find_sent(attempt)
    # With other parameters it may have been for another customer. That reads the whole account, so it is done once.
    if found is None and isinstance(error, gateway.KeyUsed) and attempt.error_code != KEY_USED:
        found = find_sent(attempt, of_anybody=True)
        if found is None:
            PaymentAttempt.objects.filter(pk=attempt.pk, intent_id=None).update(error_code=KEY_USED)
    if found is not None:
        return _book_found(found)
    if charges(attempt):
        # Given up only when it is certain that there is none: after a day.
        raise gateway.Unavailable(str(error)) from error
    book_unanswered(attempt)  # should it come to light after all, it is one hold too many, and let go
    raise gateway.Refused("The payment provider had a problem with this payment.") from error


def _book_found(found: gateway.Intent) -> gateway.Intent:
    book(found)
    if found.status == PaymentStatus.FAILED:
        raise gateway.Declined(found.error_message, code=found.error_code, intent_id=found.id)
    return found


def book_unanswered(attempt: PaymentAttempt) -> bool:
    """Gives an attempt up that is not at Stripe; returns whether it was still unanswered."""
    return _book_failure(attempt, code=UNANSWERED, message="It never reached the payment provider.")


def _book_failure(attempt: PaymentAttempt, *, code: str, message: str) -> bool:
    """An attempt for which Stripe made no intent: there is nothing to sync with."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=attempt.payment_id)
        attempt.refresh_from_db()
        if attempt.intent_id is not None or attempt.status != PaymentStatus.CREATED:
            return False  # a webhook has adopted it: the first sending did take effect
        attempt.status, attempt.error_code, attempt.error_message = PaymentStatus.FAILED, code, message
        attempt.save(update_fields=["status", "error_code", "error_message"])
        if payment.status == PaymentStatus.CREATED:
            payment.status = PaymentStatus.FAILED
            payment.save(update_fields=["status"])
            # Of what was never tried the customer hears nothing: staff charge it again, or give it up.
            if payment.kind != Payment.Kind.ORDER and attempt.off_session and code != UNANSWERED:
                tell_fee_answered(payment, paid=False)
        return True


def _name_customer(attempt: PaymentAttempt) -> None:
    """Writes down who pays. Of two at the same moment the first stays: both send the same with the same key."""
    stripe_id = _customer_for(attempt.payment.order).stripe_id
    with transaction.atomic():
        now = PaymentAttempt.objects.select_for_update().get(pk=attempt.pk)
        if not was_sent(now):
            now.parameters = {**now.parameters, "customer": stripe_id}
            now.save(update_fields=["parameters"])
    attempt.parameters = now.parameters


def _known_customer(order: Order) -> PaymentCustomer | None:
    owner = owner_of_order(order).as_fields
    return PaymentCustomer.objects.of_our_mode().filter(**owner).first()


def _customer_for(order: Order) -> PaymentCustomer:
    """The order's owner as Stripe knows them, made known now where they are not."""
    found = _known_customer(order)
    if found is None:
        # The key says whose customer it is and with what: another owner, or another address, is another request. So
        # is one after a customer was named already, and is gone: the same key would bring that one again.
        named = PaymentAttempt.objects.filter(
            payment__order__in=owner_of_order(order).orders(), parameters__has_key="customer"
        ).count()
        whose = f"user-{order.user_id}" if order.user_id else f"guest-{order.guest_id}"
        said = hashlib.sha256(f"{order.contact_email}\0{order.name}".encode()).hexdigest()[:16]
        key = f"customer-{whose}-{said}-{named}"
        said_of_them = {"email": order.contact_email, "name": order.name}
        try:
            stripe_id = gateway.create_customer(**said_of_them, key=key)
        except gateway.KeptError:  # one customer too many does no harm; a day without paying does
            stripe_id = gateway.create_customer(**said_of_them, key=f"{key}-{uuid.uuid4()}")
        found, _ = PaymentCustomer.objects.get_or_create(
            **owner_of_order(order).as_fields,
            livemode=not settings.STRIPE_DEBUG,
            defaults={"stripe_id": stripe_id},
        )
    Payment.objects.live().filter(order=order, customer=None).update(customer=found)
    return found
