"""What the orders tell whoever wants to know, always after the commit. orders/tasks.py puts it on the queue.

A listener that fails (no Redis) is logged; it must not turn what is committed into an error page.
"""

from django.db import transaction
from django.dispatch import Signal

from orders.models import Order

customer_to_be_told = Signal()  # order_id, kind: open, pending, promoted, lapsed or cancelled
holds_let_go = Signal()  # the provider does not know yet


def tell_customer(order: Order, kind: str) -> None:
    """The customer is told of it by e-mail, once the current transaction is committed."""
    transaction.on_commit(
        lambda: customer_to_be_told.send(sender=Order, order_id=order.pk, kind=kind), robust=True
    )


def tell_holds_let_go() -> None:
    """The provider is told of it, once the current transaction is committed."""
    transaction.on_commit(lambda: holds_let_go.send(sender=None), robust=True)
