"""What a customer can pay on a page: a cart, an order whose hold has ended, a fee.

A bill says what is owed, under lock, how an attempt for it is begun, and what follows when it is paid.
orders/submission.py does the paying, for all of them alike.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from inventory.closed_days import shop_calendar
from orders import payments
from orders.cart import CartError, lock_cart
from orders.checkout import CheckoutError, check_ready, settle
from orders.dates import schedule_of_order
from orders.lines import lines_of
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus
from orders.payments.renewal import ends_soon
from orders.shown_cart import ShownCart, shown_cart
from orders.states import Status
from orders.transitions import lock_order


@dataclass(frozen=True, slots=True)
class CardGiven:
    """What to pay with: the card of the form (a token that stands for it), or one that the customer saved."""

    confirmation_token: str = ""
    payment_method: str = ""


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays: `user` where the bill's own customer is signed in; their session and address, to count tries by."""

    user: User | None = None
    session: str = ""
    address: str = ""


class NothingOwed(Exception):
    """It is paid, or nobody has to pay it any more; the message says which."""


class Bill(ABC):
    """An amount that the customer pays now. Its row locks last until the caller's transaction ends."""

    kept: str  # what a payment that fails does not lose
    done = PaymentStatus.AUTHORIZED
    replaces_holds = False  # whether it may be owed although a hold stands

    def __init__(self, order: Order) -> None:
        self.order = order
        self.promised = ShownCart()  # of the locked order, by paying; empty where it is promised already

    @abstractmethod
    def attempts(self) -> QuerySet[PaymentAttempt]:
        """Every try to pay it, as far as they still matter."""

    @abstractmethod
    def lock(self, *, today: date) -> int:
        """What is owed now, in cents. Raises NothingOwed, or CheckoutError where it cannot be paid as it stands."""

    @abstractmethod
    def begin(self, given: CardGiven, *, amount_cents: int) -> PaymentAttempt:
        """Writes the next attempt down; the bill is locked."""

    @abstractmethod
    def let_go(self, attempt: PaymentAttempt) -> bool:
        """Whether a try that waits for the bank's dialog may be cancelled now; then nothing comes of it any more."""

    @abstractmethod
    def paid(self, payment: Payment, *, today: date) -> None:
        """What follows; done again, it does nothing."""

    def why_let_go(self) -> str:
        """Why what was held lately was let go, where it was; empty where nothing is known of it."""
        return ""


class _OrderBill(Bill):
    """The total of an order, held."""

    open_in: tuple[Status, ...]

    def attempts(self) -> QuerySet[PaymentAttempt]:
        # A change of the order is paid on a page of its own, for another total: what is tried for it is not for this.
        live = Payment.objects.live().filter(order=self.order)
        return PaymentAttempt.objects.filter(payment__in=live, change=None)

    def begin(self, given: CardGiven, *, amount_cents: int) -> PaymentAttempt:
        return payments.begin_attempt(
            order=self.order,
            amount_cents=amount_cents,
            confirmation_token=given.confirmation_token,
            payment_method=given.payment_method,
            days=self.promised.days,
            cards=self.promised.cards,
        )

    def let_go(self, attempt: PaymentAttempt) -> bool:
        # Before the provider is told: whoever books a late yes of the bank then leaves the order alone, so that
        # it never stands on a hold that is being cancelled.
        order = lock_order(attempt.payment.order_id)
        payment = payments.lock_live_payment(order)
        attempt.refresh_from_db()
        if order.status not in self.open_in or attempt.status != PaymentStatus.ACTION_REQUIRED:
            return False
        if payment is not None and payment.status == PaymentStatus.ACTION_REQUIRED:
            payments.release_hold(order)
        return True

    def paid(self, payment: Payment, *, today: date) -> None:
        settle(payment=payment, today=today)


class CartBill(_OrderBill):
    """A cart: its total is held, then it meets the stock."""

    kept = "Your cart is kept."
    open_in = (Status.CART,)

    def lock(self, *, today: date) -> int:
        try:
            self.order = lock_cart(self.order)
        except CartError as error:
            raise CheckoutError(str(error), step="cart") from error
        lines, calendar = lines_of(self.order), shop_calendar()
        total_cents = check_ready(self.order, lines, today=today, calendar=calendar).total_cents
        self.promised = shown_cart(lines, schedule_of_order(self.order, calendar))
        return total_cents

    def paid(self, payment: Payment, *, today: date) -> None:
        order = settle(payment=payment, today=today)
        if order.status != Status.CART:
            return
        why = self.why_let_go()
        if why:  # a webhook was first, and could tell nobody
            raise CheckoutError(why, step="payment")

    def why_let_go(self) -> str:
        tried = PaymentAttempt.objects.filter(payment__order=self.order, payment__kind=Payment.Kind.ORDER)
        last = tried.order_by("-created_at", "-pk").first()
        carts = Order.objects.select_related("shipping_method").filter(status=Status.CART)
        cart = carts.filter(pk=self.order.pk).first()
        if last is None or cart is None:
            return ""
        return ShownCart(last.days, last.cards).why_not(shown_cart(lines_of(cart), schedule_of_order(cart)))


class HeldAgain(_OrderBill):
    """An order that has its place and its cards, and whose hold has ended or ends soon."""

    kept = "Your order is kept."
    open_in = (Status.PENDING, Status.OPEN)
    replaces_holds = True

    def lock(self, *, today: date) -> int:
        self.order = lock_order(self.order.pk)
        payments.lock_live_payment(self.order)
        return owed_for(self.order, now=timezone.now())


class FeeBill(Bill):
    """A late fee, damage or loss that the card on file did not pay."""

    kept = "Nothing else of your order changes."
    done = PaymentStatus.CAPTURED

    def __init__(self, fee: Payment) -> None:
        super().__init__(fee.order)
        self.fee = fee

    def attempts(self) -> QuerySet[PaymentAttempt]:
        return PaymentAttempt.objects.filter(payment=self.fee)

    def lock(self, *, today: date) -> int:
        self.fee = Payment.objects.select_for_update().get(pk=self.fee.pk)
        return owed_as_fee(self.fee)

    def begin(self, given: CardGiven, *, amount_cents: int) -> PaymentAttempt:
        return payments.begin_fee_payment(
            payment=self.fee,
            confirmation_token=given.confirmation_token,
            payment_method=given.payment_method,
        )

    def let_go(self, attempt: PaymentAttempt) -> bool:
        Payment.objects.select_for_update().get(pk=self.fee.pk)
        attempt.refresh_from_db()
        return attempt.status == PaymentStatus.ACTION_REQUIRED

    def paid(self, payment: Payment, *, today: date) -> None:
        """The books say it all."""


def owed_for(order: Order, *, now: datetime) -> int:
    """Cents that are to be held for a placed order. Raises NothingOwed where they are, or need not be."""
    if order.status not in HeldAgain.open_in:
        raise NothingOwed(f"Nothing is to be paid: this order is {order.get_status_display().lower()}.")
    payment = Payment.objects.live().filter(order=order).first()
    if payment is not None and payment.is_taken:
        raise NothingOwed("This order is paid: its deck is about to leave.")
    if (
        payment is not None
        and payment.status == PaymentStatus.AUTHORIZED
        and not _ends_soon(payment, now=now)
    ):
        raise NothingOwed("Nothing is to be paid: the total is held on your card.")
    assert order.total_cents is not None
    return order.total_cents


def _ends_soon(payment: Payment, *, now: datetime) -> bool:
    hold = payment.attempts.filter(sequence=payment.in_force).first()
    return hold is not None and ends_soon(hold, now=now)


def owed_as_fee(fee: Payment) -> int:
    """Cents that a fee still costs. Raises NothingOwed where it is paid, or is not asked for any more."""
    if fee.status == PaymentStatus.CAPTURED:
        raise NothingOwed(f"Nothing is to be paid: this {fee.get_kind_display().lower()} is paid.")
    if fee.released_at is not None:
        raise NothingOwed("Nothing is to be paid: the shop does not ask for this any more.")
    return fee.amount_cents
