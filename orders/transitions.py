"""The one place that changes an order's status."""

from dataclasses import dataclass
from typing import Any

from accounts.models import User
from orders.models import Order, OrderEvent
from orders.states import Status, check_transition


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a customer (a guest has no user), one of the staff, or the system."""

    kind: str
    user: User | None = None


SYSTEM = Actor("system")


def customer(user: User | None = None) -> Actor:
    return Actor("customer", user)


def staff(user: User) -> Actor:
    return Actor("staff", user)


def lock_order(pk: int) -> Order:
    """The order as it stands now, its row held until the transaction ends. Orders are locked before cards."""
    # No join: after a wait for the lock PostgreSQL reads the locked row anew but not what was joined to it, so
    # that a user or a way of shipping that has just changed would come back as None.
    return Order.objects.select_for_update().get(pk=pk)


def move_order(order: Order, to: Status, *, by: Actor, reason: str, **changes: Any) -> None:
    """Changes the status of a locked order, saves `changes` with it and writes the event row.

    Raises TransitionNotAllowed where orders/states.py does not lead there.
    """
    check_transition(order.status, to)
    event = OrderEvent(
        order=order, by=by.user, actor=by.kind, reason=reason, from_status=order.status, to_status=to
    )
    order.status = to
    for name, value in changes.items():
        setattr(order, name, value)
    order.save(update_fields=["status", *changes])
    event.save()
