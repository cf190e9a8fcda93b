"""What customers are shown of the money of their order: held, charged, given back, and what is for them to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from orders.models import Order, Payment, PaymentAttempt, PaymentStatus, Refund
from orders.models.payment import ENDED
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

_MAY_BE_PAID_AGAIN = (PaymentStatus.FAILED, PaymentStatus.ACTION_REQUIRED, *ENDED)
_NOTHING_GIVEN_BACK = (Refund.Status.FAILED, Refund.Status.CANCELED)


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


@dataclass(frozen=True, slots=True)
class OrderMoney:
    """`says`: what became of the order's own payment; empty where there is none.

    `card`: the card of that payment, `held_on` and `charged_on` when. `to_pay_again`: the order waits for a hold
    that only the customer can give; `pay_again_by`: until when it keeps its place.
    """

    says: str
    card: str
    held_on: datetime | None
    charged_on: datetime | None
    fees: Sequence[FeeShown]
    refunds: Sequence[RefundShown]
    summary: Summary
    to_pay_again: bool
    pay_again_by: datetime | None

    @property
    def has_receipt(self) -> bool:
        return self.summary.charged_cents > 0

    @property
    def on_its_way_cents(self) -> int:
        """What was asked to be given back and nobody has confirmed or refused."""
        return sum(
            shown.refund.amount_cents
            for shown in self.refunds
            if shown.refund.status == Refund.Status.CREATED
        )


def order_money(order: Order) -> OrderMoney:
    """Three queries, whatever the number of payments, attempts and refunds."""
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
        fees=[_fee(fee) for fee in payments if fee.kind != Payment.Kind.ORDER],
        refunds=[_refund(refund, one) for one in payments for refund in one.refunds.all()],
        summary=summary_of(payments),
        to_pay_again=_to_pay_again(order, payment),
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


def _last(payment: Payment) -> PaymentAttempt | None:
    return max(payment.attempts.all(), key=lambda attempt: attempt.sequence, default=None)


def _says(order: Order, payment: Payment) -> str:
    return says_of_order(payment, last=_last(payment), will_cost_cents=order.total_cents)


def _to_pay_again(order: Order, payment: Payment | None) -> bool:
    if order.status not in NOT_YET_LEFT:
        return False
    if order.pay_again_by is not None:
        return payment is None or not (payment.is_taken or payment.status == PaymentStatus.AUTHORIZED)
    # Of an order that waits, the hold is renewed once it opens.
    return order.status == Status.OPEN and (payment is None or payment.status in _MAY_BE_PAID_AGAIN)


def _fee(fee: Payment) -> FeeShown:
    return FeeShown(
        fee,
        fee_name(fee),
        says_of_fee(fee, last=_last(fee)),
        to_pay=is_owed(fee) and fee.status in (PaymentStatus.FAILED, PaymentStatus.ACTION_REQUIRED),
    )


def _refund(refund: Refund, payment: Payment) -> RefundShown:
    says = f"{money_of(payment, refund.amount_cents)} {REFUND_SAYS[Refund.Status(refund.status)]}."
    return RefundShown(refund, says)


# --- in a list of orders ------------------------------------------------------------------------------------


def money_words(orders: Sequence[Order]) -> dict[int, str]:
    """A word or two about the money of each order, by its key: what the total beside it means. One query."""
    payments: dict[int, list[Payment]] = {}
    for payment in Payment.objects.filter(order__in=orders).order_by("created_at", "pk"):
        payments.setdefault(payment.order_id, []).append(payment)
    return {order.pk: _words(payments.get(order.pk, [])) for order in orders}


def _words(payments: Sequence[Payment]) -> str:
    summary = summary_of(payments)
    if summary.charged_cents:
        if summary.refunded_cents >= summary.charged_cents:
            return "given back"
        return "charged, part given back" if summary.refunded_cents else "charged"
    return "held" if summary.held_cents else "not charged"
