"""What the orders tell whoever wants to know, always after the commit. orders/tasks.py puts it on the queue.

A listener that fails (no Redis) is logged; it must not turn what is committed into an error page.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.dispatch import Signal

from orders.models import Order, OrderChange, Payment, Refund

# order_ids, kind: open, pending, promoted, dispatched, returned, lapsed, cancelled, pay_again, changed, kept_longer
# or address_changed
customers_to_be_told = Signal()
change_failed = Signal()  # change_id: its money was there, and it was not possible any more
holds_let_go = Signal()  # the provider does not know yet
refunds_written_down = Signal()  # the provider does not know yet
refund_under_way = Signal()  # refund_id: the provider gives the money back
fee_answered = Signal()  # payment_id, paid: a fee was paid; or not, when the customer was not there
hold_lost = Signal()  # order_id: its money was held and is not any more, though nobody let it go
holds_wanted = Signal()  # order_ids: pending, every card is free, and only the hold is missing
cards_to_forget = Signal()  # somebody has left: the provider is to delete them
held_again = Signal()  # order_id: pending, and its money is held again

# change_id, possible: the money of an OrderChange is there. Sent inside the transaction that books it, so that both
# are written or neither; whoever listens answers whether the change has taken effect.
change_is_paid = Signal()


def change_takes_effect(change_id: UUID, *, possible: bool) -> bool:
    """Whether a change whose money is there has taken effect, in the caller's transaction, whose order is locked.

    `possible`: whether that money can stand for the order; where it cannot, the change has failed.
    """
    answers = change_is_paid.send(sender=Order, change_id=change_id, possible=possible)
    return any(answer for _, answer in answers)


def tell_customer(order: Order, kind: str) -> None:
    """The customer is told of it by e-mail, once the current transaction is committed."""
    tell_customers([order], kind)


def tell_customers(orders: Iterable[Order], kind: str) -> None:
    """As `tell_customer`, for any number of orders of which the same is to be told."""
    order_ids = [order.pk for order in orders]
    if order_ids:
        transaction.on_commit(
            lambda: customers_to_be_told.send(sender=Order, order_ids=order_ids, kind=kind), robust=True
        )


def tell_change_failed(change: OrderChange) -> None:
    """The customer is told by e-mail why, once the current transaction is committed."""
    change_id = change.pk
    transaction.on_commit(lambda: change_failed.send(sender=OrderChange, change_id=change_id), robust=True)


def tell_holds_let_go() -> None:
    """The provider is told of it, once the current transaction is committed."""
    transaction.on_commit(lambda: holds_let_go.send(sender=None), robust=True)


def tell_hold_lost(order_id: int) -> None:
    """The order's hold has to be renewed, once the current transaction is committed."""
    transaction.on_commit(lambda: hold_lost.send(sender=Order, order_id=order_id), robust=True)


def tell_cards_to_forget() -> None:
    """The provider is asked to delete who left, once the current transaction is committed."""
    transaction.on_commit(lambda: cards_to_forget.send(sender=None), robust=True)


def tell_refunds_written_down() -> None:
    """The provider is asked to give the money back, once the current transaction is committed."""
    transaction.on_commit(lambda: refunds_written_down.send(sender=None), robust=True)


def tell_refund_under_way(refund: Refund) -> None:
    """The customer is told of it by e-mail, once the current transaction is committed."""
    refund_id = refund.pk
    transaction.on_commit(lambda: refund_under_way.send(sender=Refund, refund_id=refund_id), robust=True)


def tell_fee_answered(payment: Payment, *, paid: bool) -> None:
    """The customer is told by e-mail what was charged and why, or how to pay, once the transaction is committed."""
    payment_id = payment.pk
    transaction.on_commit(
        lambda: fee_answered.send(sender=Payment, payment_id=payment_id, paid=paid), robust=True
    )


def tell_holds_wanted(orders: Iterable[Order]) -> None:
    """These would open if their money were held, once the current transaction is committed. One message for all."""
    order_ids = [order.pk for order in orders]
    if order_ids:
        transaction.on_commit(lambda: holds_wanted.send(sender=Order, order_ids=order_ids), robust=True)


def tell_held_again(order_id: int) -> None:
    """A pending order may open now, once the current transaction is committed."""
    transaction.on_commit(lambda: held_again.send(sender=Order, order_id=order_id), robust=True)
