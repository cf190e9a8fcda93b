"""The one place that changes an order's status, and writes its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

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


def lock_orders(orders: QuerySet[Order]) -> list[Order]:
    """Orders as they stand now, their rows held, locked in primary-key order so that nobody waits in a circle."""
    return list(orders.order_by("pk").select_for_update())


def move_order(order: Order, to: Status, *, by: Actor, reason: str, **changes: Any) -> None:
    """Changes the status of a locked order, saves `changes` with it and writes the event row.

    Raises TransitionNotAllowed where orders/states.py does not lead there.
    """
    move_orders([order], to, by=by, reason=reason, **changes)


def move_orders(orders: Sequence[Order], to: Status, *, by: Actor, reason: str, **changes: Any) -> None:
    """As `move_order`, for any number of locked orders that change in the same way."""
    events = []
    for order in orders:
        check_transition(order.status, to)
        events.append(
            OrderEvent(
                order=order, by=by.user, actor=by.kind, reason=reason, from_status=order.status, to_status=to
            )
        )
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(status=to, **changes)
    OrderEvent.objects.bulk_create(events)
    for order in orders:
        for name, value in {"status": to, **changes}.items():
            setattr(order, name, value)


def note_event(order: Order, *, by: Actor, reason: str) -> None:
    """Writes down what happened to a locked order and left its status as it is."""
    OrderEvent.objects.create(
        order=order,
        by=by.user,
        actor=by.kind,
        reason=reason,
        from_status=order.status,
        to_status=order.status,
    )
