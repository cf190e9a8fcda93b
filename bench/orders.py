"""Orders for the bench's shop by the thousand: their own rows by Django, their lines by COPY.

They are what checkout, the desk and the customers would have left behind: frozen prices, payments, events and, where
the status says so, reservations. Every order has a guest of its own, and goes by post.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import numpy as np
from django.db import connection

from accounts.models import Guest
from bench.copying import Ints, bigints, copy_rows, integers, without_indexes
from bench.data import Shop, draw_decks
from inventory.closed_days import shop_calendar
from inventory.periods import RentalPeriod
from orders.checkout import set_dates
from orders.models import Order, PaymentStatus, ShippingMethod
from orders.states import RESERVED, Status

DAY = timedelta(days=1)
TOTAL_CENTS = 4_000
MANY_LINES = 20_000  # with more it is faster to make the indexes anew
_STATES = {Status.PENDING: "queued", Status.OPEN: "firm", Status.DISPATCHED: "out"}


@dataclass(frozen=True, slots=True)
class Lines:
    """One entry per line, lines of an order together: the order's index, card id, copies, and how many it lacks."""

    order: Ints
    card: Ints
    quantity: Ints
    needed: Ints

    @classmethod
    def of_decks(cls, decks: Sequence[Sequence[int]], *, copies: int = 1) -> "Lines":
        """As many of every card of every deck."""
        order = np.repeat(np.arange(len(decks)), [len(deck) for deck in decks])
        card = np.concatenate([np.asarray(deck, dtype=np.int64) for deck in decks])
        return cls(order, card, np.full(len(card), copies), np.zeros(len(card), dtype=np.int64))

    @classmethod
    def drawn(cls, rng: np.random.Generator, shop: Shop, *, orders: int, size: int) -> "Lines":
        """Decks as customers draw them, with one to four copies of each card."""
        order, card = draw_decks(rng, shop.popularity, np.full(orders, size))
        if len(order) < orders * size:
            raise ValueError(f"{shop.cards} cards are too few for decks of {size}.")
        return cls(order, card + 1, rng.integers(1, 5, len(card)), np.zeros(len(card), dtype=np.int64))


def post() -> ShippingMethod:
    """By post: two working days out, three back."""
    method, _ = ShippingMethod.objects.get_or_create(
        slug="post",
        defaults={"name": "Post", "price_cents": 590, "transit_out_days": 2, "transit_back_days": 3},
    )
    return method


def write_orders(
    status: Status, periods: Sequence[RentalPeriod], lines: Lines, *, today: date
) -> list[Order]:
    """Orders of that status, one for each period, and everything that belongs to them.

    Pending ones queue up in this order. Payments of carts are left to the caller: they are for the real total.
    """
    method, calendar = post(), shop_calendar()
    now = datetime.combine(today, time(1), tzinfo=UTC)
    guests = Guest.objects.bulk_create([Guest() for _ in periods], batch_size=2_000)
    orders = []
    for index, (guest, period) in enumerate(zip(guests, periods, strict=True)):
        order = Order(
            guest=guest, status=status, email="player@example.org", name="Pat Player", street="1 Main Street",
            city="Anytown",
        )  # fmt: skip
        set_dates(order, period, method, calendar)
        if status != Status.CART:
            order.cards_cents, order.shipping_cents = TOTAL_CENTS - method.price_cents, method.price_cents
            order.tax_cents, order.tax_basis_points, order.total_cents = 639, 1900, TOTAL_CENTS
            order.authorized_at = now - (len(periods) - index) * timedelta(seconds=1)
            order.queued_at = order.authorized_at if status == Status.PENDING else None
        orders.append(order)
    Order.objects.bulk_create(orders, batch_size=2_000)
    _write_lines(orders, lines, status)
    if status != Status.CART:
        _write_money_and_events(orders, status)
    return orders


def _write_lines(orders: Sequence[Order], lines: Lines, status: Status) -> None:
    keys = np.array([order.pk for order in orders])
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE bench_line (order_id bigint, card_id bigint, quantity integer, needed integer)"
        )
        copy_rows(
            "bench_line",
            [
                (
                    np.arange(len(lines.order)),
                    {
                        "order_id": bigints(keys[lines.order]),
                        "card_id": bigints(lines.card),
                        "quantity": integers(lines.quantity),
                        "needed": integers(lines.needed),
                    },
                )
            ],
        )
        cursor.execute("ANALYZE bench_line")
        if status in RESERVED:
            with _for_many(lines, "inventory_reservation"):
                cursor.execute(
                    "INSERT INTO inventory_reservation"
                    " (claim, card_id, quantity, out_on, back_on, state, queued_at)"
                    " SELECT claim, card_id, quantity, out_on, back_on, %s, queued_at"
                    " FROM bench_line JOIN orders_order AS placed ON placed.id = order_id",
                    [_STATES[status]],
                )
        with _for_many(lines, "orders_ordercard"):
            cursor.execute(
                "INSERT INTO orders_ordercard (order_id, card_id, quantity, zone, needed, day_price_cents,"
                " value_cents, reservation_id, added_at)"
                " SELECT order_id, line.card_id, line.quantity, 'main', needed, %s, %s, reservation.id, now()"
                " FROM bench_line AS line JOIN orders_order AS placed ON placed.id = order_id"
                " LEFT JOIN inventory_reservation AS reservation"
                " ON reservation.claim = placed.claim AND reservation.card_id = line.card_id",
                [None, None] if status == Status.CART else [5, 500],
            )
        cursor.execute("DROP TABLE bench_line")


def _for_many(lines: Lines, table: str) -> AbstractContextManager[None]:
    return without_indexes(table) if len(lines.order) > MANY_LINES else nullcontext()


_STORY = (Status.CART, Status.CONFIRMING, Status.PENDING, Status.OPEN, Status.DISPATCHED, Status.RETURNED)


def _write_money_and_events(orders: Sequence[Order], status: Status) -> None:
    first, last = orders[0].pk, orders[-1].pk
    taken = status in (Status.DISPATCHED, Status.RETURNED)
    story = _STORY[: _STORY.index(status) + 1]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO orders_payment (id, order_id, kind, amount_cents, currency, status, in_force,"
            " captured_cents, captured_at, refunded_cents, dispute, reason, payment_method, card_brand, card_last4,"
            " created_at)"
            " SELECT gen_random_uuid(), id, 'order', total_cents, 'eur', %s, 1,"
            " CASE WHEN %s THEN total_cents ELSE 0 END, CASE WHEN %s THEN now() END, 0, '', '', 'pm_bench', 'visa',"
            " '4242', now() FROM orders_order WHERE id BETWEEN %s AND %s",
            [PaymentStatus.CAPTURED if taken else PaymentStatus.AUTHORIZED, taken, taken, first, last],
        )
        cursor.execute(
            "INSERT INTO orders_paymentattempt (payment_id, sequence, parameters, idempotency_key, intent_id,"
            " off_session, stray_cents, status, error_code, error_message, created_at)"
            " SELECT id, 1, '{}', id::text, 'pi_' || id, false, 0, status, '', '', now() FROM orders_payment"
            " WHERE order_id BETWEEN %s AND %s",
            [first, last],
        )
        for before, after in pairwise(story):
            cursor.execute(
                "INSERT INTO orders_orderevent (order_id, at, actor, reason, from_status, to_status)"
                " SELECT id, authorized_at, 'customer', 'as the bench wants it', %s, %s"
                " FROM orders_order WHERE id BETWEEN %s AND %s",
                [before, after, first, last],
            )


def buy(copies: dict[int, int], *, today: date) -> None:
    """So many copies of each card came in today, all of its first printing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inventory_stockmovement (printing_id, quantity, kind, effective_on, note, created_at)"
            " SELECT (SELECT MIN(id) FROM inventory_printing WHERE card_id = card), copies, 'bought', %s, '', now()"
            " FROM unnest(%s::bigint[], %s::integer[]) AS bought (card, copies)",
            [today, list(copies), list(copies.values())],
        )


def tidy() -> None:
    """What autovacuum does within a minute or two of such a change."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
