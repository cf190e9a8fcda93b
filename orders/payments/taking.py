"""Taking the money that is held: at dispatch, once, and never more than the order costs."""

from django.db import transaction
from django.utils import timezone

from inventory.money import format_cents
from orders import stripe_gateway as gateway
from orders.models import DisputeStatus, Order, Payment, PaymentAttempt, PaymentStatus
from orders.payments.holds import lock_live_payment
from orders.payments.refunding import refundable_cents
from orders.payments.truth import sync_intent


class NotHeld(ValueError):
    """There is nothing on a card that could be taken; the message says so."""

    def __init__(self) -> None:
        super().__init__("Nothing is held on the customer's card any more.")


class NotPaidFor(ValueError):
    """Money was taken, but it does not pay for the order (any more); the message says why and what to do."""


def check_paid_for(order: Order) -> None:
    """Raises NotPaidFor unless the order's whole total is taken and still here; until the transaction ends, it is.

    Somebody may have taken a part of it at Stripe, or given it back, or the customer's bank wants it back.
    """
    payment = lock_live_payment(order)
    if payment is None or payment.status != PaymentStatus.CAPTURED:
        raise NotPaidFor("The payment of this order was not taken. Dispatch it again.")
    if payment.dispute == DisputeStatus.OPEN:
        raise NotPaidFor(
            "The customer disputes this payment at their bank. Dispatch the order when the dispute is won, or "
            "cancel it."
        )
    if payment.dispute == DisputeStatus.LOST:
        raise NotPaidFor("The bank gave the money of this payment back to the customer. Cancel the order.")
    assert order.total_cents is not None
    left = refundable_cents(payment)
    if left < order.total_cents:
        here, total = (format_cents(cents, payment.currency) for cents in (left, order.total_cents))
        raise NotPaidFor(
            f"Of its total of {total} only {here} are here: the rest was not taken, or was given back. Cancel the "
            "order, and what is here goes back, too; the customer can order it anew."
        )


def capture(order: Order) -> Payment:
    """Takes the money that is held for the order. Safe to repeat; no transaction may be open around it.

    That it is being taken is committed before the call, so that from then on nobody lets the hold go: see
    `check_not_taken`. Raises NotHeld where there is nothing to take and Refused where Stripe will not: then
    nothing was taken. Raises Unavailable where nobody knows: take it again, the answer is the same. Whether what
    was taken pays for the order, `check_paid_for` says.
    """
    payment, attempt = _begin_capture(order)
    if payment.status == PaymentStatus.CAPTURED:
        return payment
    assert attempt is not None
    assert attempt.intent_id is not None
    begun_at = payment.capture_begun_at
    assert begun_at is not None
    refused: gateway.GatewayError | None = None
    try:
        # It can cost less than was held: the rest is let go. Each time that it is asked for has its own key, as
        # Stripe keeps its failures with the key for a day; that a hold is taken once, the intent sees to.
        total_cents = Order.objects.values_list("total_cents", flat=True).get(pk=order.pk)
        assert total_cents is not None
        begun = int(begun_at.timestamp() * 1_000_000)
        key = f"pay-{payment.pk}-capture-{attempt.sequence}-{begun}"
        gateway.capture(attempt.intent_id, amount_cents=total_cents, key=key)
    except (gateway.Refused, gateway.Declined) as error:
        refused = error  # also where it was taken before and the answer was lost: the intent says which
    sync_intent(attempt.intent_id)
    payment.refresh_from_db()
    if payment.status == PaymentStatus.CAPTURED:
        return payment
    if refused is None:
        raise gateway.Unavailable("Stripe took the money and does not say so yet.")
    # Not where somebody else has begun since: what came of that, nobody knows here.
    Payment.objects.filter(pk=payment.pk, capture_begun_at=begun_at).update(capture_begun_at=None)
    if payment.status == PaymentStatus.AUTHORIZED:
        raise refused
    raise NotHeld from refused


@transaction.atomic
def _begin_capture(order: Order) -> tuple[Payment, PaymentAttempt | None]:
    payment = lock_live_payment(order)
    if payment is None:
        raise NotHeld
    attempt = payment.attempts.filter(sequence=payment.in_force).first()
    if payment.status == PaymentStatus.CAPTURED:
        return payment, attempt
    if payment.status != PaymentStatus.AUTHORIZED or attempt is None or attempt.intent_id is None:
        raise NotHeld
    payment.capture_begun_at = timezone.now()
    payment.save(update_fields=["capture_begun_at"])
    return payment, attempt
