"""What customers are shown of the money of their order: held, charged, given back, and what is for them to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from orders.fee_limits import AgreedLimits
from orders.fees import agreed_limits
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus, Refund
from orders.models.payment import ENDED, FEES
from orders.payment_says import (
    REFUND_SAYS,
    card_words,
    fee_name,
    money_of,
    says_of_fee,
    says_of_order,
)
from orders.payment_timeline import Summary, attempt_in_force, is_owed, payments_of, summary_of
from orders.states import NOT_YET_LEFT, Status

_MAY_COST_FEES = (*NOT_YET_LEFT, Status.DISPATCHED)


@dataclass(frozen=True, slots=True)
class FeeShown:
    """A fee, what became of it, and whether the customer has to pay it themselves."""

    payment: Payment
    name: str
    says: str
    to_pay: bool


@dataclass(frozen=True, slots=True)
class RefundShown:
    refund: Refund
    says: str

    @property
    def given(self) -> bool:
        """Whether it went back, or is on its way."""
        gone = self.refund.status in (Refund.Status.FAILED, Refund.Status.CANCELED)
        return not gone or self.refund.paid_back_at is not None


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """`says`: what became of the order's own payment; empty where there is none.

    `card`: the card of that payment, `held_on` and `charged_on` when. `to_pay_again`: the order waits for a hold
    that only the customer can give; `pay_again_by`: until when it keeps its place. `waits_unheld`: it is pending,
    and nobody has to pay before it opens. `limits`: of fees, as agreed with the order; None once it is over.
    `extensions`: further days that were paid.
    """

    says: str
    card: str
    held_on: datetime | None
    charged_on: datetime | None
    fees: Sequence[FeeShown]
    extensions: Sequence[FeeShown]
    refunds: Sequence[RefundShown]
    summary: Summary
    to_pay_again: bool
    waits_unheld: bool
    limits: AgreedLimits | None
    pay_again_by: datetime | None

    @property
    def has_receipt(self) -> bool:
        return self.summary.charged_cents > 0

    @property
    def cancelled_says(self) -> str:
        """What a cancelled order means for the money."""
        summary = self.summary
        if not summary.charged_cents:
            return "Nothing is charged."
        if summary.refunded_cents >= summary.charged_cents:
            return "Everything that was charged is given back."
        if any(shown.refund.status == Refund.Status.CREATED for shown in self.refunds):
            return "What was charged is being given back."
        return "Write to us about what was charged: not all of it is given back yet."


def order_money(order: Order) -> OrderMoney:
    """Four queries, whatever the number of payments, attempts and refunds."""
    payments = payments_of(order)
    payment = _of_the_order(payments)
    force = attempt_in_force(payment) if payment else None
    return OrderMoney(
        says=_says(order, payment) if payment else "",
        card=card_words(payment) if payment else "",
        held_on=force.created_at
        if force and payment and payment.status == PaymentStatus.AUTHORIZED
        else None,
        charged_on=payment.captured_at if payment else None,
        fees=[_fee(fee) for fee in payments if fee.kind in FEES],
        extensions=[_fee(paid) for paid in payments if _is_paid_extension(paid)],
        refunds=[_refund(refund, one) for one in payments for refund in one.refunds.all()],
        summary=summary_of(payments),
        to_pay_again=_to_pay_again(order, payment),
        waits_unheld=_waits_unheld(order, payment),
        limits=agreed_limits(order) if order.status in _MAY_COST_FEES else None,
        pay_again_by=order.pay_again_by,
    )


def _of_the_order(payments: Iterable[Payment]) -> Payment | None:
    """The payment that tells how the order's money stands: what was charged, else the hold, else the latest."""
    own = [payment for payment in payments if payment.kind == Payment.Kind.ORDER]
    for status in (PaymentStatus.CAPTURED, PaymentStatus.AUTHORIZED):
        for payment in reversed(own):
            if payment.status == status and (payment.released_at is None or status == PaymentStatus.CAPTURED):
                return payment
    return own[-1] if own else None


def _is_paid_extension(payment: Payment) -> bool:
    return payment.kind == Payment.Kind.EXTENSION and payment.status == PaymentStatus.CAPTURED


def _last(payment: Payment) -> PaymentAttempt | None:
    return max(payment.attempts.all(), key=lambda attempt: attempt.sequence, default=None)


def _says(order: Order, payment: Payment) -> str:
    return says_of_order(payment, last=_last(payment), will_cost_cents=order.total_cents)


def _to_pay_again(order: Order, payment: Payment | None) -> bool:
    """Of an order that waits, the hold is renewed once it opens: until it was asked for, nobody has to pay."""
    if order.status not in NOT_YET_LEFT or (order.status == Status.PENDING and order.pay_again_by is None):
        return False
    return payment is None or not (
        payment.is_taken or payment.status == PaymentStatus.PROCESSING or payment.is_held
    )


def _waits_unheld(order: Order, payment: Payment | None) -> bool:
    """Nothing is held, also because it failed to be held for a change: it is held by itself once the order opens."""
    if not order.pending:
        return False
    failed = payment is not None and payment.status == PaymentStatus.FAILED and order.pay_again_by is None
    return payment is None or payment.status in ENDED or failed


def _fee(fee: Payment) -> FeeShown:
    return FeeShown(
        fee,
        fee_name(fee),
        says_of_fee(fee, last=_last(fee)),
        to_pay=is_owed(fee) and fee.status in (PaymentStatus.FAILED, PaymentStatus.ACTION_REQUIRED),
    )


def _refund(refund: Refund, payment: Payment) -> RefundShown:
    says = REFUND_SAYS[Refund.Status(refund.status)]
    if refund.paid_back_at is not None:
        says = f"was paid back to you in another way: {refund.paid_back_note.rstrip('.')}"
    return RefundShown(refund, f"{money_of(payment, refund.amount_cents)} {says}.")


# --- in a list of orders ------------------------------------------------------------------------------------


def money_words(orders: Sequence[Order]) -> dict[int, str]:
    """A word or two about the money of each order, by its key: what the total beside it means. One query."""
    payments: dict[int, list[Payment]] = {}
    for payment in Payment.objects.filter(order__in=orders).order_by("created_at", "pk"):
        payments.setdefault(payment.order_id, []).append(payment)
    return {order.pk: _words(payments.get(order.pk, [])) for order in orders}


def _words(payments: Sequence[Payment]) -> str:
    # Further days stand for themselves: what was paid for them and given back says nothing of the total beside it.
    payments = [payment for payment in payments if payment.kind != Payment.Kind.EXTENSION]
    charged = sum(payment.captured_cents for payment in payments)
    if charged:
        refunded = sum(payment.given_back_cents for payment in payments)
        if refunded >= charged:
            return "given back"
        return "charged, part given back" if refunded else "charged"
    return "held" if any(payment.is_held for payment in payments) else "not charged"
