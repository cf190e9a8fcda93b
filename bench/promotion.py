"""Promotion of a long queue: 10,000 pending orders of 40 lines, of which half can open, and of 1,000.

The queue is written into a copy of the shop, where it takes the place of the shop's own, so that it is exactly as long
as it says. Its orders were short of three of their cards when they were accepted; this morning these came in. Every
second one, drawn by lot, also wants two cards of a set that is not out yet: it goes on waiting. So it is known which
orders open. Each run is a process of its own on a fresh copy: see bench/promoting.py.

The messages go to the real broker, to a queue of the bench's own, where they are read and thrown away: one for every
few hundred orders, of which a worker makes a letter each.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from django.db import connection

from bench import broker, database
from bench.data import RESERVATIONS, Shop
from bench.orders import DAY, Lines, buy, tidy, write_orders
from bench.table import Line
from inventory.availability import overpromised
from inventory.models import Card, Reservation
from inventory.periods import RentalPeriod
from orders.models import Order
from orders.states import Status

MANY, FEW, LINES_OF_ORDER = 10_000, 1_000, 40  # at scale 1
COMING, MISSING = 3, 2  # lines of an order that have become free, and that no purchase has made free
NEW_CARDS = 300  # of the set that is not out yet
RUNS = 3
SECONDS, MEGABYTES, TIMES = 20, 500, 12


def measure(shop: Shop, *, rounds: int) -> list[Line]:
    scale = shop.reservations / RESERVATIONS
    many, few = (max(20, round(orders * scale / 2) * 2) for orders in (MANY, FEW))
    runs: dict[int, list[dict[str, Any]]] = {few: [], many: []}
    with ExitStack() as stack:
        queues = {orders: stack.enter_context(database.copied(f"queue_{orders}")) for orders in runs}
        for orders, name in queues.items():
            with database.working_on(name):
                write_queue(shop, orders=orders)
        for turn in range(min(RUNS, rounds)):
            for orders, name in queues.items():
                with database.copied("promotion", of=name) as copy:
                    runs[orders].append(promote(shop, copy))
                    with database.working_on(copy):
                        check(shop, orders=orders, run=runs[orders][-1], books=turn == 0)
    return _lines(runs, many=many, few=few)


def write_queue(shop: Shop, *, orders: int) -> None:
    """So many pending orders and no others, of which half have nothing short."""
    rng = np.random.default_rng(orders)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inventory_reservation WHERE state = 'queued'")
    lines = Lines.drawn(rng, shop, orders=orders, size=LINES_OF_ORDER)
    table = np.arange(orders * LINES_OF_ORDER).reshape(orders, LINES_OF_ORDER)
    lines.needed[table[:, :COMING]] = lines.quantity[table[:, :COMING]]
    waiting = rng.permutation(orders)[: orders // 2]
    new_cards = _new_cards()
    for missing in range(MISSING):
        some = table[waiting, -1 - missing]
        # No two alike in one order: each is drawn from its own part of the set.
        lines.card[some] = new_cards[
            rng.integers(len(new_cards) // MISSING, size=len(some)) * MISSING + missing
        ]
        lines.needed[some] = lines.quantity[some]
    first_days = rng.integers(7, 355, orders)
    lengths = rng.integers(2, 13, orders)
    periods = [
        RentalPeriod(shop.today + int(first) * DAY, shop.today + int(first + length) * DAY)
        for first, length in zip(first_days, lengths, strict=True)
    ]
    written = write_orders(Status.PENDING, periods, lines, today=shop.today)
    buy(_most_wanted(written, lines, shop), today=shop.today)
    tidy()


def _new_cards() -> np.ndarray[Any, np.dtype[np.int64]]:
    cards = [
        Card(name=f"New {number}", slug=f"new-{number}", folded_name=f"new {number}")
        for number in range(NEW_CARDS)
    ]
    return np.array([card.pk for card in Card.objects.bulk_create(cards)])


def _most_wanted(orders: Sequence[Order], lines: Lines, shop: Shop) -> dict[int, int]:
    """For each card of the shop the most copies that the queue wants on one day: with these all of it has them."""
    out_on, back_on = (
        np.array([(getattr(order, end) - shop.today).days for order in orders])
        for end in ("out_on", "back_on")
    )
    old = lines.card <= shop.cards
    card, order, quantity = lines.card[old], lines.order[old], lines.quantity[old]
    changes = np.zeros((shop.cards + 1, int(back_on.max()) + 1), dtype=np.int32)
    np.add.at(changes, (card, out_on[order]), quantity)
    np.subtract.at(changes, (card, back_on[order]), quantity)
    most = changes.cumsum(axis=1).max(axis=1)
    return {int(card): int(most[card]) for card in np.flatnonzero(most)}


def promote(shop: Shop, name: str) -> dict[str, Any]:
    broker.empty()
    promoting = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "bench.promoting", name, shop.today.isoformat()],
        env={**os.environ, "LOG_LEVEL": "INFO"},  # a worker writes its log, too
        capture_output=True,
        text=True,
        check=False,
    )
    if promoting.returncode:
        raise RuntimeError(f"Promotion failed:\n{promoting.stderr[-4_000:]}")
    told = [
        arguments[0] for task, arguments in broker.empty() if task.startswith("orders.tasks.send_order_email")
    ]
    return json.loads(promoting.stdout) | {"messages": len(told), "told": _order_ids(told)}


def _order_ids(told: list[Any]) -> list[int]:
    """Of messages about one order and about many."""
    return sorted(key for keys in told for key in (keys if isinstance(keys, list) else [keys]))


def check(shop: Shop, *, orders: int, run: dict[str, Any], books: bool) -> None:
    """Exactly those that could have opened, and what `check_reservations` would say of them is nothing.

    `books`: also that no card is promised more often than it is owned, which takes some seconds.
    """
    opened = Order.objects.filter(status=Status.OPEN)
    expected = orders - orders // 2
    assert run["opened"] == opened.count() == expected, run["opened"]
    assert run["told"] == sorted(opened.values_list("pk", flat=True)), (
        "not every customer is told, or not once"
    )
    assert run["waiting"] == Order.objects.filter(status=Status.PENDING).count() == orders // 2, run[
        "waiting"
    ]
    assert not opened.filter(order_cards__needed__gt=0).exists()
    assert not opened.filter(order_cards__card__slug__startswith="new-").exists()
    assert opened.filter(events__to_status=Status.OPEN, events__actor="system").count() == expected
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM orders_ordercard AS line JOIN orders_order AS placed ON placed.id = order_id"
            " LEFT JOIN inventory_reservation AS held ON held.id = reservation_id"
            " WHERE (held.claim, held.card_id, held.quantity, held.state, held.out_on, held.back_on)"
            " IS DISTINCT FROM (placed.claim, line.card_id, line.quantity,"
            " CASE placed.status WHEN 'open' THEN 'firm' ELSE 'queued' END, placed.out_on, placed.back_on)"
            " OR held.queued_at IS DISTINCT FROM placed.queued_at"
            " OR line.needed <> CASE WHEN line.card_id > %s THEN line.quantity ELSE 0 END",
            [shop.cards],
        )
        assert cursor.fetchone()[0] == 0, "lines and reservations differ"
    assert Reservation.objects.filter(state="queued").count() == orders // 2 * LINES_OF_ORDER
    if books:
        assert not overpromised(today=shop.today), "more is promised than owned"


def _lines(runs: dict[int, list[dict[str, Any]]], *, many: int, few: int) -> list[Line]:
    seconds = {orders: [run["seconds"] for run in of_size] for orders, of_size in runs.items()}
    memory = [run["megabytes"] for run in runs[many]]
    ratios = sorted(of_many / of_few for of_many, of_few in zip(seconds[many], seconds[few], strict=True))
    ratio = ratios[len(ratios) // 2]
    question = f"promotion: {many:,} pending orders of {LINES_OF_ORDER} lines, {many - many // 2:,} open"
    return [
        Line(
            question,
            seconds[many],
            "s",
            limit=f"≤ {SECONDS} s",
            reached=max(seconds[many]) <= SECONDS,
            queries=runs[many][0]["statements"],
        ),
        Line(
            f"promotion: {many // few} × the queue",
            seconds[many],
            "s",
            against=f"{few:,} orders",
            baseline=sorted(seconds[few])[len(seconds[few]) // 2],
            ratio=ratio,
            limit=f"≤ {TIMES} ×",
            reached=ratio <= TIMES,
            queries=runs[few][0]["statements"],
        ),
        Line(
            f"promotion: peak memory, {many:,} orders",
            memory,
            "MB",
            against="before it begins",
            baseline=runs[many][0]["megabytes_before"],
            limit=f"≤ {MEGABYTES} MB",
            reached=max(memory) <= MEGABYTES,
        ),
    ]
