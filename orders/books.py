"""Proves the books: what is promised is owned, what is open is held and reserved, what waits is queued."""

from collections.abc import Iterator
from datetime import date

from django.db.models import Max

from inventory.availability import FRONT, free_steps
from inventory.models import Card, Reservation
from inventory.sweep import DAY
from orders.models import Order, OrderCard, Payment, PaymentStatus
from orders.states import RESERVED, Status

_STATE_OF = {
    Status.PENDING: Reservation.State.QUEUED,
    Status.OPEN: Reservation.State.FIRM,
    Status.DISPATCHED: Reservation.State.OUT,
}


def violations(*, today: date) -> Iterator[str]:
    """A sentence for each thing that is wrong; none where the books are right."""
    yield from _promised_but_not_owned(today=today)
    yield from _orders_without_their_reservations()
    yield from _reservations_without_their_order()
    yield from _open_orders_without_their_money()


def _promised_but_not_owned(*, today: date) -> Iterator[str]:
    """Days on which firm and out demand exceeds what is owned: free, at the front of the queue, is below 0."""
    promised = Reservation.objects.exclude(state=Reservation.State.QUEUED)
    card_ids = list(promised.values_list("card", flat=True).distinct())
    last = promised.aggregate(last=Max("back_on"))["last"]
    if last is None:
        return
    names = Card.objects.in_bulk(card_ids)
    steps = free_steps(card_ids, today, max(last, today + DAY), today=today, place=FRONT)
    for card_id, free in steps.items():
        for start, end, copies in free.pieces():
            if copies < 0:
                yield f"{names[card_id]}: {-copies} more promised than owned from {start} to {end - DAY}."


def _orders_without_their_reservations() -> Iterator[str]:
    reserved: dict[object, dict[int, Reservation]] = {}
    for reservation in Reservation.objects.all():
        reserved.setdefault(reservation.claim, {})[reservation.card_id] = reservation
    orders = Order.objects.filter(status__in=RESERVED).prefetch_related("order_cards")
    for order in orders:
        mine = reserved.get(order.claim, {})
        demand = order.demand()
        if order.status != Status.DISPATCHED and {pk: row.quantity for pk, row in mine.items()} != demand:
            yield f"{order}: its reservations are not what its lines ask for."
        for row in mine.values():
            if row.state != _STATE_OF[Status(order.status)]:
                yield f"{order} is {order.status}, but a reservation of it is {row.state}."
            if row.queued_at != order.queued_at:
                yield f"{order}: a reservation stands at another place of the queue."
            if (row.out_on, row.back_on) != (order.out_on, order.back_on):
                yield f"{order}: a reservation is for other days."


def _reservations_without_their_order() -> Iterator[str]:
    claims = Order.objects.filter(status__in=RESERVED).values("claim")
    for reservation in Reservation.objects.exclude(claim__in=claims).select_related("card"):
        yield f"{reservation}: no order stands behind it."
    strays = (
        OrderCard.objects.filter(needed__gt=0).exclude(order__status=Status.PENDING).select_related("order")
    )
    for line in strays:
        yield f"{line.order}: a line is marked needed, but the order is {line.order.status}."


def _open_orders_without_their_money() -> Iterator[str]:
    good = [PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED]
    paid = Payment.objects.live().filter(status__in=good)
    for order in Order.objects.filter(status=Status.OPEN).exclude(pk__in=paid.values("order")):
        yield f"{order} is open, but no money is held for it."
    for payment in paid.select_related("order"):
        if payment.order.total_cents not in (None, payment.amount_cents):
            yield f"{payment.order}: {payment.amount_cents} cents are held for a total of {payment.order.total_cents}."
