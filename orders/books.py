"""Proves the books: what is promised is owned, what is open is held and reserved, what waits is queued, what left
is paid for.

A pending order whose hold has expired is in order (it waits until it is paid for again), and so is an overdue deck.
So is an open order without a hold as long as somebody sees to it: its customer was asked to pay again and has until
today or later, or its renewal is sent and not answered. One whose renewal nobody has begun is not in order.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from inventory.availability import overpromised
from inventory.free_days import stretches
from inventory.models import Card, Reservation
from inventory.short_lines import spread
from orders.models import (
    DisputeStatus,
    Order,
    OrderCard,
    OrderChange,
    Payment,
    PaymentAttempt,
    PaymentStatus,
    Refund,
)
from orders.payments import taken_astray, unanswered_renewals
from orders.payments.truth import GIVEN_BACK
from orders.states import RESERVED, Status

ORDERS_AT_ONCE = 500  # with their lines and reservations in memory

_STATE_OF = {
    Status.PENDING: Reservation.State.QUEUED,
    Status.OPEN: Reservation.State.FIRM,
    Status.DISPATCHED: Reservation.State.OUT,
}


def violations(*, today: date) -> list[str]:
    """A sentence for each thing that is wrong; none where the books are right. All is read as of one moment."""
    with _one_moment():
        return [
            *_promised_but_not_owned(today=today),
            *_orders_without_their_reservations(),
            *_reservations_without_their_order(),
            *_lines_that_point_elsewhere(),
            *_places_taken_twice(),
            *_open_orders_without_their_money(today=today),
            *_decks_that_left_unpaid(),
            *_taken_astray(),
            *_cancelled_and_kept(),
            *_changes_without_their_money(),
            *_paid_for_and_never_dispatched(today=today),
        ]


@contextmanager
def _one_moment() -> Iterator[None]:
    """Of a shop that goes on meanwhile: what changes between two readings is no violation.

    Inside a transaction that has begun already, the readings are as far apart as its isolation lets them.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _promised_but_not_owned(*, today: date) -> Iterator[str]:
    """Days on which firm and out demand exceeds what is owned: free, at the front of the queue, is below 0."""
    broken = overpromised(today=today)
    names = Card.objects.in_bulk(broken)
    for card_id, days in broken.items():
        for start, end, copies in stretches(days):
            yield f"{names[card_id]}: {copies} more promised than owned from {start} to {end}."


# --- orders and reservations ----------------------------------------------------------------------------


class _Reserved(NamedTuple):
    pk: int
    quantity: int
    out_on: date
    back_on: date
    state: str
    queued_at: datetime | None


class _Line(NamedTuple):
    card_id: int
    quantity: int
    needed: int
    reservation_id: int | None


_ByCard = Mapping[int, _Reserved]


def _orders_without_their_reservations() -> Iterator[str]:
    for orders in _reserved_orders():
        reserved, lines = _reservations_of(orders), _lines_of(orders)
        for order in orders:
            mine, asked = reserved[order.claim], lines[order.pk]
            yield from _not_as_asked(order, mine, asked)
            yield from _not_as_the_order(order, mine)
            yield from _wrongly_marked(order, mine, asked)


def _reserved_orders() -> Iterator[list[Order]]:
    """So many at a time that a million reservations need no more memory than a thousand."""
    orders = Order.objects.filter(status__in=RESERVED).order_by("pk")
    orders = orders.only("number", "claim", "status", "queued_at", "out_on", "back_on")
    last = 0
    while some := list(orders.filter(pk__gt=last)[:ORDERS_AT_ONCE]):
        yield some
        last = some[-1].pk


def _reservations_of(orders: Sequence[Order]) -> Mapping[UUID, _ByCard]:
    found: defaultdict[UUID, dict[int, _Reserved]] = defaultdict(dict)
    rows = Reservation.objects.filter(claim__in=[order.claim for order in orders])
    for claim, card_id, *row in rows.values_list("claim", "card", *_Reserved._fields):
        found[claim][card_id] = _Reserved(*row)
    return found


def _lines_of(orders: Sequence[Order]) -> Mapping[int, list[_Line]]:
    """In the order in which they were added."""
    found: defaultdict[int, list[_Line]] = defaultdict(list)
    rows = OrderCard.objects.filter(order__in=orders).order_by("pk")
    for order_id, *row in rows.values_list("order", *_Line._fields):
        found[order_id].append(_Line(*row))
    return found


def _not_as_asked(order: Order, mine: _ByCard, lines: Sequence[_Line]) -> Iterator[str]:
    """What has come back is not reserved any more, so a dispatched order may have less than its demand."""
    demand: defaultdict[int, int] = defaultdict(int)
    for line in lines:
        demand[line.card_id] += line.quantity
    if order.status != Status.DISPATCHED:
        if {card_id: row.quantity for card_id, row in mine.items()} != demand:
            yield f"{order}: its reservations are not what its lines ask for."
        return
    if not mine:
        yield f"{order} is dispatched, but nothing of it is out."
    if any(row.quantity > demand[card_id] for card_id, row in mine.items()):
        yield f"{order}: more of a card is out than its lines ask for."


def _not_as_the_order(order: Order, mine: _ByCard) -> Iterator[str]:
    if order.out_on is None:
        yield f"{order} is {order.status}, but has no days."
    for row in mine.values():
        if row.state != _STATE_OF[Status(order.status)]:
            yield f"{order} is {order.status}, but a reservation of it is {row.state}."
        if row.queued_at != order.queued_at:
            yield f"{order}: a reservation stands at another place of the queue."
        if (row.out_on, row.back_on) != (order.out_on, order.back_on):
            yield f"{order}: a reservation is for other days."


def _wrongly_marked(order: Order, mine: _ByCard, lines: Sequence[_Line]) -> Iterator[str]:
    """How much is needed follows the shop, at the next promotion; on which line it is marked is fixed."""
    if any(line.reservation_id is None and line.card_id in mine for line in lines):
        yield f"{order}: a line does not point to its reservation."
    marked: defaultdict[int, list[_Line]] = defaultdict(list)
    for line in lines:
        marked[line.card_id].append(line)
    for of_card in marked.values():
        needed = [line.needed for line in of_card]
        if needed != spread(sum(needed), [line.quantity for line in of_card]):
            yield f"{order}: what is needed is not marked on the line that was added last."


def _reservations_without_their_order() -> Iterator[str]:
    order = Order.objects.filter(claim=OuterRef("claim"), status__in=RESERVED)
    for reservation in Reservation.objects.filter(~Exists(order)).select_related("card").order_by("pk"):
        yield f"{reservation}: no order stands behind it."
    strays = OrderCard.objects.filter(needed__gt=0).exclude(order__status=Status.PENDING)
    for line in strays.select_related("order").order_by("pk"):
        yield f"{line.order}: a line is marked needed, but the order is {line.order.status}."


def _lines_that_point_elsewhere() -> Iterator[str]:
    """To what is reserved for another order, or of another card."""
    lines = OrderCard.objects.filter(reservation__isnull=False).select_related("order").order_by("pk")
    for line in lines.filter(~Q(reservation__claim=F("order__claim"))):
        yield f"{line.order}: a line points to the reservation of another order."
    for line in lines.filter(~Q(reservation__card=F("card"))):
        yield f"{line.order}: a line points to the reservation of another card."


def _places_taken_twice() -> Iterator[str]:
    """Whoever comes to wait for a card stands behind everybody who waits for it: two never stand at one place."""
    queued = Reservation.objects.filter(state=Reservation.State.QUEUED).order_by()
    places = queued.values("card", "queued_at").annotate(orders=Count("pk")).filter(orders__gt=1)
    for name, queued_at, orders in places.values_list("card__name", "queued_at", "orders"):
        yield f"{name}: {orders} orders stand at one place of the queue, {queued_at}."


# --- orders and money -----------------------------------------------------------------------------------


def _open_orders_without_their_money(*, today: date) -> Iterator[str]:
    good = [PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED]
    paid = Payment.objects.live().filter(status__in=good)
    unpaid = ~Exists(paid.filter(order=OuterRef("pk")))
    asked = Q(pay_again_by__date__gte=today)
    under_way = Exists(unanswered_renewals().filter(payment__order=OuterRef("pk")))
    for order in Order.objects.filter(unpaid, ~asked, ~under_way, status=Status.OPEN).order_by("pk"):
        yield f"{order} is open, but no money is held for it."
    too_little = paid.filter(amount_cents__lt=F("order__total_cents"))
    for payment in too_little.select_related("order").order_by("order"):
        yield f"{payment.order}: {payment.amount_cents} cents are held for a total of {payment.order.total_cents}."


def _decks_that_left_unpaid() -> Iterator[str]:
    paid = Payment.objects.live().filter(status=PaymentStatus.CAPTURED, order=OuterRef("pk"))
    left = Order.objects.filter(status__in=[Status.DISPATCHED, Status.RETURNED])
    for order in left.filter(~Exists(paid)).order_by("pk"):
        yield f"{order} is {order.status}, but its payment was not taken."
    for order in left.filter(Exists(paid.filter(captured_cents__lt=OuterRef("total_cents")))).order_by("pk"):
        yield f"{order} is {order.status}, but less than its total was taken."


def _taken_astray() -> Iterator[str]:
    for attempt in taken_astray():
        yield (
            f"{attempt.payment.order}: {attempt.stray_cents} cents were taken by {attempt.intent_id}, "
            "and no payment stands for them."
        )


def _cancelled_and_kept() -> Iterator[str]:
    """Who gets no deck gets the money back; the bank of a customer who won a dispute has seen to it already."""
    going_back = [Refund.Status.CREATED, *GIVEN_BACK]
    back_cents = Coalesce(Sum("refunds__amount_cents", filter=Q(refunds__status__in=going_back)), 0)
    taken = Payment.objects.filter(status=PaymentStatus.CAPTURED, order__status=Status.CANCELLED)
    in_order = taken.exclude(dispute=DisputeStatus.LOST).order_by("order", "pk")
    kept = in_order.values("order", "captured_cents", "paid_back_cents").annotate(back_cents=back_cents)
    kept = kept.exclude(back_cents=F("captured_cents") - F("paid_back_cents"))
    for number, cents, back in kept.values_list("order__number", "captured_cents", "back_cents"):
        yield (
            f"Order {number} is cancelled, but its payment was taken: of {cents} cents {back} are given back or "
            "on their way."
        )


def _changes_without_their_money() -> Iterator[str]:
    """A hold stands for the order that it was made for: no change that failed, or waits, has one in force.

    And who paid to keep a deck longer, and could not, gets the money back.
    """
    other = PaymentAttempt.objects.filter(change__isnull=False, sequence=F("payment__in_force"))
    other = other.exclude(change__status=OrderChange.Status.APPLIED).select_related("payment__order")
    held = other.filter(payment__kind=Payment.Kind.ORDER, payment__released_at=None)
    for attempt in held.order_by("pk"):
        yield f"{attempt.payment.order}: {attempt} stands for it, but was made for a change that is not made."
    going_back = [Refund.Status.CREATED, *GIVEN_BACK]
    back_cents = Coalesce(Sum("refunds__amount_cents", filter=Q(refunds__status__in=going_back)), 0)
    extension = Payment.objects.filter(kind=Payment.Kind.EXTENSION, status=PaymentStatus.CAPTURED)
    unkept = extension.filter(Exists(other.filter(payment=OuterRef("pk")))).exclude(
        dispute=DisputeStatus.LOST
    )
    sums = unkept.values("order__number", "captured_cents", "paid_back_cents").order_by("order")
    kept = sums.annotate(back_cents=back_cents).exclude(back_cents=F("captured_cents") - F("paid_back_cents"))
    for number, cents, back in kept.values_list("order__number", "captured_cents", "back_cents"):
        yield (
            f"Order {number} is not kept longer, but {cents} cents were taken for it: {back} of them are given back "
            "or on their way."
        )


def _paid_for_and_never_dispatched(*, today: date) -> Iterator[str]:
    paid = Payment.objects.live().filter(status=PaymentStatus.CAPTURED, order=OuterRef("pk"))
    for order in Order.objects.filter(Exists(paid), status=Status.OPEN, back_on__lte=today).order_by("pk"):
        yield f"{order} was paid for and never dispatched; its days have passed."
