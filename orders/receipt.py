"""The receipt of an order: what was charged, for what, with which tax, and what went back. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from orders.models import Order, Payment, PaymentStatus, Refund
from orders.models.payment import FEES
from orders.order_page import OrderPage, order_page
from orders.payment_says import card_words, fee_name
from orders.payment_timeline import payments_of, summary_of
from orders.pricing import Quote, tax_within

_GIVEN_BACK = (Refund.Status.PENDING, Refund.Status.SUCCEEDED)


class NothingCharged(Exception):
    """Nothing was charged for the order, so there is no receipt of it."""


@dataclass(frozen=True, slots=True)
class Charged:
    """An amount in cents that was taken from a card, or went back: to it, or in the way that `card` names then."""

    name: str
    reason: str
    on: datetime
    cents: int
    card: str
    tax_cents: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is listed adds up, in cents.

    The lines and `difference_cents` are the cards; with shipping and tax they are the order's total; less
    `not_charged_cents` that is `order_cents`; with `extensions` and `fees` and less `refunds` it is `paid_cents`.
    """

    page: OrderPage
    payments: Sequence[Charged]
    extensions: Sequence[Charged]
    fees: Sequence[Charged]
    refunds: Sequence[Charged]
    lost_cents: int

    @property
    def quote(self) -> Quote:
        assert self.page.quote is not None
        return self.page.quote

    @property
    def difference_cents(self) -> int:
        """What the cards cost besides their lines: up to the minimum, or below 0 for days given, or paid for apart."""
        return self.quote.cards_cents - sum(shown.price_cents for shown in self.page.lines)

    @property
    def given_cents(self) -> int:
        """What the days cost that the customer was given."""
        return max(0, -self.difference_cents)

    @property
    def order_cents(self) -> int:
        """What was charged for the order, without fees."""
        return sum(charged.cents for charged in self.payments)

    @property
    def not_charged_cents(self) -> int:
        """What of the order's total was let go, where it was taken for less."""
        return self.quote.total_cents - self.order_cents

    @property
    def tax_cents(self) -> int:
        """The tax in what was charged for the order."""
        if not self.not_charged_cents:
            return self.quote.tax_cents
        return tax_within(self.order_cents, self.quote.tax_basis_points)

    @property
    def charged_cents(self) -> int:
        return self.order_cents + sum(charged.cents for charged in (*self.extensions, *self.fees))

    @property
    def refunded_cents(self) -> int:
        return sum(refund.cents for refund in self.refunds)

    @property
    def paid_cents(self) -> int:
        return self.charged_cents - self.refunded_cents

    @property
    def last_on(self) -> datetime:
        """When the last of it happened."""
        return max(charged.on for charged in (*self.payments, *self.extensions, *self.fees, *self.refunds))


def receipt_of(order: Order, *, today: date) -> Receipt:
    """A fixed number of queries, whatever the number of lines and payments. Raises NothingCharged."""
    captured = [one for one in payments_of(order) if one.status == PaymentStatus.CAPTURED]
    if not captured:
        raise NothingCharged
    own = [payment for payment in captured if payment.kind == Payment.Kind.ORDER]
    return Receipt(
        page=order_page(order=order, today=today, short={}),
        payments=[_charged(payment) for payment in own],
        extensions=[
            replace(
                _charged(payment), tax_cents=tax_within(payment.captured_cents, order.tax_basis_points or 0)
            )
            for payment in captured
            if payment.kind == Payment.Kind.EXTENSION
        ],
        fees=[_charged(payment) for payment in captured if payment.kind in FEES],
        refunds=[
            _charged(payment, refund=refund)
            for payment in captured
            for refund in payment.refunds.all()
            if refund.status in _GIVEN_BACK
        ]
        + [
            _paid_back(payment, refund)
            for payment in captured
            for refund in payment.refunds.all()
            if refund.paid_back_at is not None
        ],
        lost_cents=summary_of(captured).lost_cents,
    )


def _charged(payment: Payment, *, refund: Refund | None = None) -> Charged:
    assert payment.captured_at is not None
    return Charged(
        name=fee_name(payment),
        reason=refund.reason if refund else payment.reason,
        on=refund.created_at if refund else payment.captured_at,
        cents=refund.amount_cents if refund else payment.captured_cents,
        card=card_words(payment),
    )


def _paid_back(payment: Payment, refund: Refund) -> Charged:
    assert refund.paid_back_at is not None
    how = refund.paid_back_note
    return Charged(fee_name(payment), refund.reason, refund.paid_back_at, refund.amount_cents, card=how)
