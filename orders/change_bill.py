"""What a customer pays for to change their own order: the new total is held, and the old hold gives way to it; or for
further days of a deck that is out, which are charged.

The change itself takes effect where that money is booked (orders/change_effects.py), whoever books it.
"""

from abc import abstractmethod
from datetime import date

from django.conf import settings
from django.db.models import QuerySet

from orders import payments
from orders.bills import Bill, CardGiven, NothingOwed
from orders.change_plan import ChangeError
from orders.checkout import CheckoutError
from orders.extensions import check_still_possible, reason_of
from orders.models import Order, OrderChange, Payment, PaymentAttempt, PaymentStatus
from orders.own_changes import check_still_wanted
from orders.transitions import lock_order


class AskedBill(Bill):
    """What a change that was asked for costs. The attempts are its own: another tab's change has others."""

    kept = "Your order stays as it is."

    def __init__(self, change: OrderChange) -> None:
        super().__init__(Order.objects.select_related("user", "shipping_method").get(pk=change.order_id))
        self.change = change

    def attempts(self) -> QuerySet[PaymentAttempt]:
        return PaymentAttempt.objects.filter(change=self.change)

    def lock(self, *, today: date) -> int:
        self.order = lock_order(self.order.pk)
        self.lock_money()
        self.change = _as_it_is_now(self.change)
        check_asked(self.change)
        try:
            self.check(today=today)
        except ChangeError as error:
            raise CheckoutError(str(error), step="change") from error
        return self.change.total_cents

    def lock_money(self) -> None:
        """What is locked besides the order."""

    @abstractmethod
    def check(self, *, today: date) -> None:
        """Raises ChangeError where it would not be done any more as it was shown."""

    def paid(self, payment: Payment, *, today: date) -> None:
        """It has taken effect with the booking of the money, or failed there; the change says which."""
        self.change.refresh_from_db()


class ChangeBill(AskedBill):
    """The total of an order as it will be, held."""

    def lock_money(self) -> None:
        payments.lock_live_payment(self.order)

    def check(self, *, today: date) -> None:
        check_still_wanted(self.change, self.order, today=today)

    def begin(self, given: CardGiven, *, amount_cents: int) -> PaymentAttempt:
        return payments.begin_attempt(
            order=self.order,
            amount_cents=amount_cents,
            confirmation_token=given.confirmation_token,
            payment_method=given.payment_method,
            change=self.change,
        )

    def let_go(self, attempt: PaymentAttempt) -> bool:
        lock_order(attempt.payment.order_id)
        attempt.refresh_from_db()
        return attempt.status == PaymentStatus.ACTION_REQUIRED


class ExtensionBill(AskedBill):
    """Further days of a deck that is out: charged at once."""

    done = PaymentStatus.CAPTURED

    def check(self, *, today: date) -> None:
        check_still_possible(self.change, self.order, today=today)

    def begin(self, given: CardGiven, *, amount_cents: int) -> PaymentAttempt:
        return payments.begin_fee_payment(
            payment=self._payment(amount_cents),
            confirmation_token=given.confirmation_token,
            payment_method=given.payment_method,
            change=self.change,
        )

    def _payment(self, amount_cents: int) -> Payment:
        """The change's own payment, locked: made with its first try."""
        pk = self.attempts().values_list("payment", flat=True).first()
        if pk is not None:
            return Payment.objects.select_for_update().get(pk=pk)
        return Payment.objects.create(
            order=self.order,
            kind=Payment.Kind.EXTENSION,
            amount_cents=amount_cents,
            currency=settings.CURRENCY,
            reason=reason_of(self.change),
        )

    def let_go(self, attempt: PaymentAttempt) -> bool:
        Payment.objects.select_for_update().get(pk=attempt.payment_id)
        attempt.refresh_from_db()
        return attempt.status == PaymentStatus.ACTION_REQUIRED


def _as_it_is_now(change: OrderChange) -> OrderChange:
    found = OrderChange.objects.filter(pk=change.pk).first()
    if found is None:  # orders/change_purge.py
        raise CheckoutError("You asked for this too long ago. Choose once more what you want.", step="change")
    return found


def check_asked(change: OrderChange) -> None:
    """Raises NothingOwed where the change is done, CheckoutError where it has failed."""
    if change.status == OrderChange.Status.APPLIED:
        raise NothingOwed("This change is done already.")
    if change.status == OrderChange.Status.FAILED:
        raise CheckoutError(change.why, step="change")
