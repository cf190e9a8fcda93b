"""Asking the customer to pay again: until when, why, and that they are asked once."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from orders.models import Order, PaymentAttempt
from orders.models.payment import Payment
from orders.payments.declines import OURS, SENTENCES
from orders.signals import tell_customer
from orders.transitions import SYSTEM, note_event

NO_CARD = "no_card"
BANK_ASKS = "authentication_required"


def ask_to_pay_again(order: Order, *, why: str, now: datetime) -> None:
    """A locked order's customer is asked to pay again within PAY_AGAIN_HOURS. `why`: a decline code, or NO_CARD."""
    order.pay_again_by = now + timedelta(hours=settings.PAY_AGAIN_HOURS)
    order.save(update_fields=["pay_again_by"])
    by = timezone.localtime(order.pay_again_by)
    note_event(
        order,
        by=SYSTEM,
        reason=f"the hold on the card could not be renewed ({why or 'declined'}); "
        f"the customer is asked to pay again by {by:%-d %B %Y, %H:%M}",
    )
    tell_customer(order, "pay_again")


def bank_asks_for_customer(order: Order) -> bool:
    """Whether the bank wants to confirm that it is the customer, rather than refuse the card."""
    return _why(order) == BANK_ASKS


def why_not_renewed(order: Order) -> str:
    """What the bank said, as a sentence for the customer; empty where it said nothing that would help."""
    code = _why(order)
    sentence = SENTENCES.get(code, "")
    return "" if code == BANK_ASKS or sentence == OURS else sentence


def _why(order: Order) -> str:
    attempts = PaymentAttempt.objects.filter(
        payment__order=order, payment__kind=Payment.Kind.ORDER, off_session=True
    )
    last = attempts.order_by("-pk").first()
    return last.error_code if last else NO_CARD
