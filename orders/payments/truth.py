"""What Stripe says of a payment, booked: the only place that writes a payment's status.

Events come late, twice and out of order, so nothing is believed of an event but that something happened to an
intent. The intent is read anew, and what it says now is written down, unless something newer is written already.
"""

import uuid

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from orders import stripe_gateway as gateway
from orders.models import (
    DisputeStatus,
    Order,
    Payment,
    PaymentAttempt,
    PaymentCustomer,
    PaymentStatus,
    Refund,
)
from orders.models.payment import ENDED, FINAL
from orders.signals import (
    change_takes_effect,
    tell_fee_answered,
    tell_held_again,
    tell_hold_lost,
    tell_holds_let_go,
    tell_refund_under_way,
)
from orders.states import Status
from orders.transitions import lock_order

log = structlog.get_logger(__name__)

_THERE = (PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED)
ALIVE = (PaymentStatus.ACTION_REQUIRED, PaymentStatus.PROCESSING, PaymentStatus.AUTHORIZED)
MISMATCH = "mismatch"  # the error code of an attempt whose intent is not what was asked for
GIVEN_BACK = (Refund.Status.PENDING, Refund.Status.SUCCEEDED)
# A refund that has succeeded can fail later, when the bank does not take it; nothing comes after that.
_REFUND_COMES_TO = [
    Refund.Status.CREATED,
    Refund.Status.PENDING,
    Refund.Status.SUCCEEDED,
    Refund.Status.FAILED,
    Refund.Status.CANCELED,
]
_DISPUTES = {"won": DisputeStatus.WON, "prevented": DisputeStatus.WON, "lost": DisputeStatus.LOST}


class UnknownIntent(LookupError):
    """An intent that names one of our payments, but not one that is in the books (yet)."""


def sync_intent(intent_id: str) -> Payment | None:
    """Reads an intent anew and books what it says, with its refunds and its dispute where it has any.

    Returns the payment, or None for an intent that is not ours. Raises UnknownIntent for one that says it is
    ours but is in no book.
    """
    return book(gateway.retrieve(intent_id))


def book(intent: gateway.Intent) -> Payment | None:
    """Books an intent that has just been read. Returns and raises as `sync_intent`."""
    named = _in_the_books(intent) or payment_named(intent)
    if named is None:
        return None
    payment_id, sequence = named
    # Before anything is locked: no transaction is open while Stripe is asked.
    has_refunds = intent.refunded_cents or Refund.objects.filter(payment=payment_id).exists()
    refunds = _given_back(intent, gateway.refunds_of(intent.id)) if has_refunds else []
    dispute = gateway.dispute_of(intent.id) if intent.disputed else ""
    with transaction.atomic():
        # Orders are locked before payments, and only money that is there changes anything of an order.
        order = _lock_order_of(payment_id) if intent.status in _THERE else None
        # No join: see lock_order. The order may be another one by now (a cart that was merged).
        payment = Payment.objects.select_for_update().filter(pk=payment_id).first()
        attempt = payment.attempts.filter(sequence=sequence).first() if payment else None
        if payment is None or attempt is None or attempt.intent_id not in (None, intent.id):
            raise UnknownIntent(f"{intent.id} names payment {payment_id}, which is not in the books.")
        if _goes_back(attempt, intent.status):
            return payment  # read before, booked after what another request or a webhook has read since
        if attempt.status == PaymentStatus.FAILED and intent.status in ENDED:
            _close(attempt, intent)
            return payment
        wrong = _mismatch(payment, attempt, intent)
        if wrong:
            _book_mismatch(payment, attempt, intent, wrong)
            return payment
        is_news = attempt.status != intent.status
        attempt.intent_id = intent.id
        attempt.status = intent.status
        attempt.error_code, attempt.error_message = intent.error_code, intent.error_message
        attempt.capture_before = intent.capture_before
        attempt.stray_cents = 0
        attempt.save()
        if is_news and attempt.change_id is not None and intent.status == PaymentStatus.AUTHORIZED:
            order = _change_or_let_go(payment, attempt)
        if _is_in_force(payment, attempt, order):
            _move(payment, attempt, intent)
            if is_news and _is_paid_extension(payment, attempt):
                assert attempt.change_id is not None
                change_takes_effect(attempt.change_id, possible=True)
            if order is not None and is_news:
                _is_there(payment, order)
            _book_dispute(payment, intent, dispute)
            _book_refunds(payment, intent, refunds)
            if is_news and payment.kind not in (Payment.Kind.ORDER, Payment.Kind.EXTENSION):
                _tell_of_fee(payment, attempt)
        else:
            _book_stray(attempt, intent)
            _end_without_hold(payment, attempt)
        # Told as news only: who lets it go reads it again, and would be told for ever where it cannot be let go.
        if is_news and _is_to_be_cancelled(payment, attempt):
            tell_holds_let_go()
    return payment


def _in_the_books(intent: gateway.Intent) -> tuple[uuid.UUID, int] | None:
    """Whose intent it is by our own books: they know it, whatever its metadata say and whatever we are called now."""
    return PaymentAttempt.objects.filter(intent_id=intent.id).values_list("payment", "sequence").first()


def payment_named(intent: gateway.Intent) -> tuple[uuid.UUID, int] | None:
    """The payment and the attempt that an intent says it belongs to; None where it is somebody else's.

    Others may use the same account, with the same names for things: `site` tells them apart. It is ours as it is
    now, or as it was when the attempt was written down.
    """
    site = intent.metadata.get("site")
    try:
        named = uuid.UUID(intent.metadata.get("payment", "")), int(intent.metadata.get("sequence", ""))
    except ValueError:
        return None
    if site is None or (site != settings.SITE_URL and not _asked_as(site, *named)):
        return None
    return named


def _asked_as(site: str, payment_id: uuid.UUID, sequence: int) -> bool:
    asked = PaymentAttempt.objects.filter(payment=payment_id, sequence=sequence)
    return asked.filter(parameters__metadata__site=site).exists()


def _goes_back(attempt: PaymentAttempt, read: str) -> bool:
    """Whether `read` is older than what is booked: a hold is only ever captured or ended, and an end is the end."""
    booked = attempt.status
    if attempt.closed_at is not None:
        return True
    if booked == PaymentStatus.AUTHORIZED:
        return read != booked and read not in FINAL
    return booked in FINAL and read != booked


def _mismatch(payment: Payment, attempt: PaymentAttempt, intent: gateway.Intent) -> str:
    """What of an intent is not as it was asked for; empty where all is well."""
    if intent.status in ENDED:
        return ""  # nothing is held and nothing is taken
    asked = (attempt.parameters["amount"], attempt.parameters["currency"])
    if (intent.amount_cents, intent.currency) != asked:
        return f"{asked[0]} {asked[1]} were asked for, and it is {intent.amount_cents} {intent.currency}."
    if intent.livemode == settings.STRIPE_DEBUG:
        return f"It is of {'live' if intent.livemode else 'test'} mode, and the shop is not."
    if intent.captured_cents > intent.amount_cents:
        return f"{intent.captured_cents} were taken of {intent.amount_cents}."
    return ""


def _close(attempt: PaymentAttempt, intent: gateway.Intent) -> None:
    """A try that failed is over at Stripe, too. Why it failed stays, for whoever looks at it."""
    attempt.intent_id, attempt.closed_at, attempt.stray_cents = intent.id, timezone.now(), 0
    attempt.save(update_fields=["intent_id", "closed_at", "stray_cents"])


def _book_stray(attempt: PaymentAttempt, intent: gateway.Intent) -> None:
    """Money that was taken and that does not move the payment: people have to give it back (at Stripe)."""
    left = max(intent.captured_cents - intent.refunded_cents, 0)
    if attempt.stray_cents != left:
        if left:
            log.error("payment_taken_astray", intent=intent.id, attempt=attempt.idempotency_key, cents=left)
        attempt.stray_cents = left
        attempt.save(update_fields=["stray_cents"])


def _is_to_be_cancelled(payment: Payment, attempt: PaymentAttempt) -> bool:
    """Whether its intent could still hold something that nobody wants.

    A declined one, too: whoever has its secret could try one card after the other on it.
    """
    if attempt.status in ALIVE:
        return attempt.sequence != payment.in_force or payment.released_at is not None
    return attempt.status == PaymentStatus.FAILED and not attempt.off_session


def _book_mismatch(payment: Payment, attempt: PaymentAttempt, intent: gateway.Intent, wrong: str) -> None:
    """Nothing is opened or sent for such money; what is held of it is let go."""
    is_news = attempt.error_code != MISMATCH
    if is_news:
        log.error("payment_mismatch", intent=intent.id, attempt=attempt.idempotency_key, wrong=wrong)
    attempt.intent_id, attempt.status = intent.id, PaymentStatus.FAILED
    attempt.error_code, attempt.error_message = MISMATCH, wrong
    attempt.save(update_fields=["intent_id", "status", "error_code", "error_message"])
    if _is_in_force(payment, attempt, None) and payment.status != PaymentStatus.CAPTURED:
        _lose(payment, PaymentStatus.FAILED)
    _book_stray(attempt, intent)
    if is_news and intent.status != PaymentStatus.CAPTURED:
        tell_holds_let_go()


def _lock_order_of(payment_id: uuid.UUID) -> Order | None:
    order_id = Payment.objects.filter(pk=payment_id).values_list("order", flat=True).first()
    return lock_order(order_id) if order_id is not None else None


def _is_in_force(payment: Payment, attempt: PaymentAttempt, order: Order | None) -> bool:
    """Whether this attempt moves the payment. The latest does; but a hold that stands gives way only to a hold.

    To one that is enough for the `order`, where it is known. What has ended begins again only with a hold, and
    only where no other payment has taken its place.
    """
    if attempt.sequence == payment.in_force:
        return True
    if attempt.sequence < payment.in_force or payment.is_taken:
        return False
    if payment.kind == Payment.Kind.ORDER and attempt.change_id is not None:
        return False  # it stands for an order that is changed by it: see `_change_or_let_go`
    has_ended = payment.kind == Payment.Kind.ORDER and payment.status in ENDED
    stands = payment.status == PaymentStatus.AUTHORIZED
    if (stands or has_ended) and attempt.status != PaymentStatus.AUTHORIZED:
        return False
    if has_ended and Payment.objects.live().filter(order=payment.order_id).exists():
        return False
    if payment.kind == Payment.Kind.ORDER and _is_too_little(attempt, order, stands=stands):
        return False  # the order was changed while this was on its way
    if payment.in_force and stands:
        tell_holds_let_go()  # the earlier hold
    payment.in_force = attempt.sequence
    return True


def _change_or_let_go(payment: Payment, attempt: PaymentAttempt) -> Order:
    """The hold for a change of a locked order: it comes into force with the change, or not at all. Returns the order.

    The hold that stood gives way in the same transaction; where the change is not possible any more, it stays.
    """
    assert attempt.change_id is not None
    ended = payment.status in ENDED
    replaced = ended and Payment.objects.live().filter(order=payment.order_id).exists()
    possible = (
        attempt.sequence > payment.in_force
        and not payment.is_taken
        and payment.released_at is None
        and not replaced
    )
    if change_takes_effect(attempt.change_id, possible=possible):
        if payment.in_force:
            tell_holds_let_go()  # the earlier hold
        payment.in_force = attempt.sequence
    return lock_order(payment.order_id)


def _end_without_hold(payment: Payment, attempt: PaymentAttempt) -> None:
    """A try for a change ended, and nothing was held before it: nobody waits for an answer any more."""
    over = attempt.status in (PaymentStatus.FAILED, *ENDED)
    if attempt.change_id is None or not over or payment.in_force or payment.status != PaymentStatus.CREATED:
        return
    if not payment.attempts.filter(sequence__gt=attempt.sequence).exists():
        payment.status = PaymentStatus.FAILED
        payment.save(update_fields=["status"])


def _is_paid_extension(payment: Payment, attempt: PaymentAttempt) -> bool:
    return payment.kind == Payment.Kind.EXTENSION and attempt.status == PaymentStatus.CAPTURED


def _is_too_little(attempt: PaymentAttempt, order: Order | None, *, stands: bool) -> bool:
    """A cart is compared when it is settled; an order was accepted for its total."""
    if order is None or order.total_cents is None or attempt.status != PaymentStatus.AUTHORIZED:
        return False
    if order.status == Status.CART and not stands:
        return False
    return bool(attempt.parameters["amount"] < order.total_cents)


def _move(payment: Payment, attempt: PaymentAttempt, intent: gateway.Intent) -> None:
    if payment.status == PaymentStatus.AUTHORIZED and intent.status in (*ENDED, PaymentStatus.FAILED):
        _lose(payment, intent.status)
        return
    payment.status = intent.status
    payment.amount_cents = attempt.parameters["amount"]
    if intent.status == PaymentStatus.CAPTURED and payment.captured_at is None:
        payment.captured_cents, payment.captured_at = intent.captured_cents, timezone.now()
    # Whose card it is: the order can have gone from a guest to a user since (orders/sign_in.py).
    whose = PaymentCustomer.objects.filter(stripe_id=attempt.parameters.get("customer", "")).first()
    payment.customer = whose or payment.customer
    payment.payment_method = intent.payment_method
    payment.card_brand, payment.card_last4 = intent.card_brand, intent.card_last4
    payment.card_exp_month, payment.card_exp_year = intent.card_exp_month, intent.card_exp_year
    payment.save()


def _tell_of_fee(payment: Payment, attempt: PaymentAttempt) -> None:
    """Who pays a fee on a page sees there that the card was declined."""
    if attempt.status == PaymentStatus.CAPTURED:
        tell_fee_answered(payment, paid=True)
    elif attempt.status == PaymentStatus.FAILED and attempt.off_session:
        tell_fee_answered(payment, paid=False)


def _is_there(payment: Payment, order: Order) -> None:
    """The order's money is held, or taken: nobody is asked to pay again, and who waits for cards alone may open.

    Money that comes to be held when the order is over is let go.
    """
    if payment.kind != Payment.Kind.ORDER or payment.order_id != order.pk:
        return
    if order.pay_again_by is not None:
        Order.objects.filter(pk=order.pk).update(pay_again_by=None)
    if order.status == Status.PENDING:
        tell_held_again(order.pk)
    over = order.status == Status.CANCELLED and payment.released_at is None
    if over and payment.status == PaymentStatus.AUTHORIZED:
        payment.released_at = timezone.now()
        payment.save(update_fields=["released_at"])
        tell_holds_let_go()


def _lose(payment: Payment, status: PaymentStatus) -> None:
    """A payment that held its money holds it no more. Which card it was stays known, to renew the hold."""
    payment.status, payment.capture_begun_at = status, None
    payment.save(update_fields=["status", "in_force", "capture_begun_at"])
    if payment.kind == Payment.Kind.ORDER and payment.released_at is None:
        tell_hold_lost(payment.order_id)


def _book_dispute(payment: Payment, intent: gateway.Intent, said: str) -> None:
    if intent.disputed:
        payment.dispute = _DISPUTES.get(said, DisputeStatus.OPEN)
        payment.save(update_fields=["dispute"])


def _book_refunds(payment: Payment, intent: gateway.Intent, seen: list[gateway.RefundSeen]) -> None:
    """Ours are found by their reference, those made in the dashboard are written down now."""
    for refund in seen:
        ours = payment.refunds.filter(stripe_id=refund.id).first() or _by_reference(payment, refund)
        if ours is None:
            ours = Refund(payment=payment, reason="Refunded by the shop.")
        said = (
            Refund.Status(refund.status) if refund.status in Refund.Status.values else Refund.Status.PENDING
        )
        # Ours may have failed because nobody answered; only what Stripe has said can be newer than what it says.
        heard_of = ours.stripe_id is not None
        if heard_of and _REFUND_COMES_TO.index(said) < _REFUND_COMES_TO.index(Refund.Status(ours.status)):
            continue  # read before, booked after what another request has read since
        if not heard_of and said in GIVEN_BACK:
            tell_refund_under_way(ours)
        ours.stripe_id, ours.amount_cents, ours.status = refund.id, refund.amount_cents, said
        ours.error_message = refund.error_message
        ours.save()
    # Of the refunds, not of the intent: it was read before they were, and may be older than what is booked.
    given = payment.refunds.filter(status__in=GIVEN_BACK).aggregate(cents=Sum("amount_cents"))["cents"] or 0
    if payment.refunded_cents != given:
        payment.refunded_cents = given
        payment.save(update_fields=["refunded_cents"])


def _given_back(intent: gateway.Intent, seen: list[gateway.RefundSeen]) -> list[gateway.RefundSeen]:
    """Without what was only let go: of a hold that was taken in part, Stripe may list the rest as a refund as well.

    It is as old as the capture, nobody asked for it, and the amounts do not add up with it. Newest first, as listed.
    """
    given = sum(refund.amount_cents for refund in seen if refund.status in GIVEN_BACK)
    if intent.let_go_cents and given - intent.refunded_cents == intent.let_go_cents:
        oldest = seen[-1]
        if oldest.amount_cents == intent.let_go_cents and not oldest.reference:
            return seen[:-1]
    return seen


def _by_reference(payment: Payment, refund: gateway.RefundSeen) -> Refund | None:
    try:
        return payment.refunds.filter(pk=uuid.UUID(refund.reference), stripe_id=None).first()
    except ValueError:
        return None
