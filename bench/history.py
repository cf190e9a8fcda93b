"""What ten times as many returned orders cost: nothing should.

History is what a shop accumulates: returned orders with their lines, payments, attempts and events, and the stock
movements that came of them, as one deck in five comes back with a copy missing, which is written off and bought anew.
Reservations of returned orders are deleted, and vacuumed away. Both shops hold the same live reservations; one has
2,000 returned orders of 40 lines (at full scale), the other ten times as many. They are asked the same questions in
turns, each over a connection of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from bench import database
from bench.data import RESERVATIONS, Shop
from bench.orders import DAY, Lines, tidy, write_orders
from bench.pages import Page, cart_page
from bench.reads import asked_of_forty, decks_and_days, shortfalls_over
from bench.table import Line
from bench.timing import in_turns, medians, ratios
from inventory.periods import RentalPeriod
from orders.states import Status

RETURNED, TIMES, LINES_OF_ORDER = 2_000, 10, 40  # at scale 1
LOSES_A_COPY = 5  # one order in so many
LIMIT = 1.2


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and its rounds: one action each."""

    question: str
    rounds: list[Callable[[], Any]]


def measure(shop: Shop, *, rounds: int) -> list[Line]:
    orders = max(20, round(RETURNED * shop.reservations / RESERVATIONS))
    with database.copied("history") as little:
        with database.working_on(little):
            page = cart_page(shop, lines=100)
            write_history(shop, orders=orders, seed=1)
            tidy()
        with database.copied("history_10", of=little) as much:
            with database.working_on(much):
                write_history(shop, orders=orders * (TIMES - 1), seed=2)
                tidy()
            shops = {"less": database.connected(little), "more": database.connected(much)}
            try:
                return [_line(asked, shops, orders) for asked in _asked(shop, page, rounds)]
            finally:
                for wrapper in shops.values():
                    wrapper.close()


def write_history(shop: Shop, *, orders: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lines = Lines.drawn(rng, shop, orders=orders, size=LINES_OF_ORDER)
    first_days = [shop.today - int(ago) * DAY for ago in rng.integers(30, 1_000, orders)]
    periods = [RentalPeriod(day, day + int(rng.integers(2, 13)) * DAY) for day in first_days]
    write_orders(Status.RETURNED, periods, lines, today=shop.today)
    # Of every fifth order a card, at some line of it: gone, and bought again on the day it was.
    losing = np.arange(0, orders, LOSES_A_COPY)
    cards = lines.card[losing * LINES_OF_ORDER + rng.integers(0, LINES_OF_ORDER, len(losing))].tolist()
    days = [periods[order].last_day + timedelta(days=5) for order in losing]
    with connection.cursor() as cursor:
        for copies, kind in ((-1, "lost"), (1, "bought")):
            cursor.execute(
                "INSERT INTO inventory_stockmovement"
                " (printing_id, quantity, kind, effective_on, note, created_at)"
                " SELECT (SELECT MIN(id) FROM inventory_printing WHERE card_id = card), %s, %s, day, '', now()"
                " FROM unnest(%s::bigint[], %s::date[]) AS gone (card, day)",
                [copies, kind, cards, days],
            )


def _asked(shop: Shop, page: Page, rounds: int) -> list[Asked]:
    questions = {
        "shortfalls: 40 cards × 10 days": (40, shortfalls_over(shop, 10)),
        "shortfalls: 100 cards × 30 days": (100, shortfalls_over(shop, 30)),
        **{question: (40, ask) for question, ask in asked_of_forty(shop).items()},
    }
    return [
        *(
            Asked(
                question, [partial(ask, *asked) for asked in decks_and_days(shop, cards=cards, count=rounds)]
            )
            for question, (cards, ask) in questions.items()
        ),
        Asked("cart page of 100 lines", [page.get] * rounds),
    ]


def _line(asked: Asked, shops: dict[str, BaseDatabaseWrapper], orders: int) -> Line:
    taken = [
        in_turns({name: partial(_on, wrapper, ask) for name, wrapper in shops.items()}, turn=turn)[0]
        for turn, ask in enumerate(asked.rounds)
    ]
    ratio = ratios(taken, to="less")["more"]
    return Line(
        f"{TIMES} × history: {asked.question}",
        [round_["more"] for round_ in taken],
        "ms",
        against=f"{orders:,} returned orders",
        baseline=medians(taken)["less"],
        ratio=ratio,
        limit=f"≤ {LIMIT:g} ×",
        reached=ratio <= LIMIT,
    )


def _on(wrapper: BaseDatabaseWrapper, ask: Callable[[], Any]) -> Any:
    with database.using(wrapper):
        return ask()
