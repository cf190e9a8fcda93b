"""Asking the customer to pay again: until when, why, that they are asked once, and that the question arrives."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from orders.models import Order, PaymentAttempt
from orders.models.payment import Payment
from orders.payments.declines import OURS, SENTENCES
from orders.signals import tell_customer
from orders.states import NOT_YET_LEFT
from orders.transitions import SYSTEM, note_event

NO_CARD = "no_card"
BANK_ASKS = "authentication_required"
TIME_FOR_THE_LETTER = timedelta(minutes=30)  # it is tried again by itself for some minutes


def ask_to_pay_again(order: Order, *, why: str, now: datetime) -> None:
    """A locked order's customer is asked to pay again within PAY_AGAIN_HOURS. `why`: a decline code, or NO_CARD."""
    order.pay_again_by = now + timedelta(hours=settings.PAY_AGAIN_HOURS)
    order.pay_again_told_at = None
    order.save(update_fields=["pay_again_by", "pay_again_told_at"])
    by = timezone.localtime(order.pay_again_by)
    note_event(
        order,
        by=SYSTEM,
        reason=f"the hold on the card could not be renewed ({why or 'declined'}); "
        f"the customer is asked to pay again by {by:%-d %B %Y, %H:%M}",
    )
    tell_customer(order, "pay_again")


def ask_once_more_where_lost(now: datetime) -> None:
    """Sends the letters that were lost on the way: without a broker or a mail server, nobody would ever be asked."""
    asked_before = now + timedelta(hours=settings.PAY_AGAIN_HOURS) - TIME_FOR_THE_LETTER
    untold = Order.objects.filter(status__in=NOT_YET_LEFT, pay_again_told_at=None)
    for order in untold.filter(pay_again_by__gt=now, pay_again_by__lte=asked_before).order_by("pk"):
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
