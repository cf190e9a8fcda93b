"""Taking the money that is held: at dispatch, once, and never more than the order costs."""

from django.db import transaction
from django.utils import timezone

from orders import stripe_gateway as gateway
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus
from orders.payments.holds import lock_live_payment
from orders.payments.truth import sync_intent


class NotHeld(ValueError):
    """There is nothing on a card that could be taken; the message says so."""

    def __init__(self) -> None:
        super().__init__("Nothing is held on the customer's card any more.")


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
        # It can cost less than was held: the rest is let go. Each time that it is asked for has its own key, as
        # Stripe keeps its failures with the key for a day; that a hold is taken once, the intent sees to.
        total_cents = Order.objects.values_list("total_cents", flat=True).get(pk=order.pk)
        assert total_cents is not None
        assert payment.capture_begun_at is not None
        begun = int(payment.capture_begun_at.timestamp() * 1_000_000)
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
    Payment.objects.filter(pk=payment.pk).update(capture_begun_at=None)
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
