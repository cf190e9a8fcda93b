"""What the desk sees of an order's money, and what it can do about it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from inventory.models import Printing
from orders import cancellation
from orders.fee_limits import FeeLimits
from orders.fees import fee_limits
from orders.models import Order, Payment, PaymentStatus, Refund
from orders.payment_says import card_words, expiry_words
from orders.payment_timeline import PaymentTimeline, Summary, is_owed, payment_timeline
from orders.payments.refunding import failed_last, refundable_cents
from orders.states import NOT_YET_LEFT, Status
from orders.transitions import Actor

_FEES_IN = (Status.DISPATCHED, Status.RETURNED)


@dataclass(frozen=True, slots=True)
class StaffPayment:
    """`charged`: every payment that was taken, with what can still be given back of it, in cents.

    `failed`: refunds that Stripe could not give back and nobody has made up for.
    `limits`: of fees; None while the deck has not left. `unpaid`: fees that are owed.
    """

    timeline: PaymentTimeline
    charged: Sequence[tuple[Payment, int]]
    failed: Sequence[Refund]
    limits: FeeLimits | None
    unpaid: Sequence[Payment]
    can_cancel: bool
    can_ship_less: bool

    @property
    def summary(self) -> Summary:
        return self.timeline.summary

    @property
    def can_refund(self) -> bool:
        return any(cents > 0 for _, cents in self.charged)

    @property
    def refundable_cents(self) -> int:
        return sum(cents for _, cents in self.charged)

    @property
    def card(self) -> str:
        """The card that is held or was charged last."""
        for payment in reversed(self.timeline.payments):
            if words := ", ".join(part for part in (card_words(payment), expiry_words(payment)) if part):
                return words
        return ""


def staff_payment(order: Order, *, by: Actor, today: date) -> StaffPayment:
    """Five queries, and three more once fees can be charged; whatever the number of payments."""
    timeline = payment_timeline(order)
    return StaffPayment(
        timeline=timeline,
        charged=[
            (one, refundable_cents(one)) for one in timeline.payments if one.status == PaymentStatus.CAPTURED
        ],
        failed=[refund for payment in timeline.payments if (refund := failed_last(payment))],
        limits=fee_limits(order, today) if order.status in _FEES_IN else None,
        unpaid=[payment for payment in timeline.payments if is_owed(payment)],
        can_cancel=cancellation.can_cancel(order, by=by),
        can_ship_less=order.status in NOT_YET_LEFT and bool(timeline.summary.held_cents),
    )


def charged_of(order: Order) -> list[tuple[Payment, int]]:
    """What was taken of an order, with what can still be given back, in cents."""
    found = order.payments.filter(status=PaymentStatus.CAPTURED).prefetch_related("refunds")
    return [(payment, refundable_cents(payment)) for payment in found.order_by("created_at", "pk")]


# --- what a fee could be ------------------------------------------------------------------------------------


def late_fee_cents(order: Order, *, today: date) -> int:
    """What may still be charged for the days that this deck is late."""
    return fee_limits(order, today).late_left_cents


def harm_fee_cents(order: Order, *, printing: Printing, copies: int, today: date) -> int:
    """What so many copies of a printing were worth when the order was paid for, as far as it may still be charged."""
    lines = order.order_cards.filter(card=printing.card_id).values_list("preferred_printing", "value_cents")
    values = {preferred: value_cents or 0 for preferred, value_cents in lines}
    worth = copies * values.get(printing.pk, max(values.values(), default=0))
    return min(worth, fee_limits(order, today).harm_left_cents)
