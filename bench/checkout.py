"""Checkout under a crowd: how long it holds its locks, and who waits for whom.

Customers are processes, each with a connection of its own, who settle carts of 60 lines with a held payment one after
the other: `orders.checkout.settle`, whole and with its message to the broker. A clock stands at the locks on the
cards: it reads how long they were waited for, and how long they were held, up to the commit.

PostgreSQL and its clients share the cores. A customer alone keeps one core busy, its own or its backend's in turns,
so as many customers as cores can be served that many times as fast, and more customers no faster: then everything
takes longer, the holding of locks too. Whether disjoint decks wait for each other is therefore not told by times:
PostgreSQL is asked all the while who waits for a lock of another. For comparison the same crowd runs once more,
reading the cards where it would lock them.
"""

import gc
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Barrier
from typing import Any
from unittest import mock

import numpy as np
from django.db import connection, transaction

from bench import broker, database
from bench.data import Shop
from bench.orders import DAY, Lines, buy, tidy, write_orders
from bench.table import Line
from inventory import locks, reservations
from inventory.models import Card, Printing
from inventory.periods import RentalPeriod
from orders.checkout import settle
from orders.lines import lines_of, quote_of
from orders.models import Payment, PaymentStatus
from orders.states import Status

CUSTOMERS, LINES_OF_CART, ROUNDS = 16, 60, 3
CARTS, CARTS_EACH = 64, 8  # of a run; and of each customer, at least
TO_WARM_UP = 2  # carts of each customer that do not count
LOOKING_EVERY = 0.02  # seconds
CORES = min(len(os.sched_getaffinity(0)), CUSTOMERS // 2)
CROWDS = sorted({1, CORES, 2 * CORES, CUSTOMERS})
COPIES = 8  # of each card of the deck that is too few for all customers
OF_THE_CORES = 0.75  # a crowd of two customers for each core is served at least so well
WAITING_AT_MOST = 0.05  # customers, at a moment


@dataclass(frozen=True, slots=True)
class Settled:
    """What one customer took for one cart, in milliseconds; `queries`: from the locks to the commit."""

    waiting: float
    holding: float
    queries: int
    opened: bool


@dataclass(frozen=True, slots=True)
class Crowd:
    """A run: so many customers at once, all of one deck or each of their own, with the locks or without."""

    name: str
    customers: int
    same_deck: bool = False
    locks: bool = True

    def deck(self, customer: int) -> int:
        return 0 if self.same_deck else customer


DISJOINT = {customers: Crowd(f"{customers} customers, disjoint decks", customers) for customers in CROWDS}
CONTROL = Crowd(f"{CUSTOMERS} customers, disjoint decks, no locks", CUSTOMERS, locks=False)
SAME = Crowd(f"{CUSTOMERS} customers, the same deck", CUSTOMERS, same_deck=True)
ALL = (*DISJOINT.values(), CONTROL, SAME)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a crowd in one round: carts per second, each cart, and how many customers waited at a moment."""

    per_second: float
    settled: Sequence[Settled]
    waiting: float


def measure(shop: Shop, *, rounds: int) -> list[Line]:
    rounds = min(ROUNDS, rounds)
    with database.copied("checkout") as name, database.working_on(name):
        decks = _decks(shop)
        carts = {(crowd.name, turn): _carts(shop, decks, crowd) for turn in range(rounds) for crowd in ALL}
        last_copies = [_last_copies(shop) for _ in range(2)]
        tidy()
        runs: dict[str, list[Run]] = {crowd.name: [] for crowd in ALL}
        for turn in range(rounds):
            for crowd in ALL:
                runs[crowd.name].append(_run(crowd, carts[crowd.name, turn], today=shop.today))
        assert all(cart.opened for of_crowd in runs.values() for run in of_crowd for cart in run.settled)
        opened = [
            sum(
                cart.opened
                for cart in _run(Crowd("last", CUSTOMERS, True, locks), payments, today=shop.today).settled
            )
            for locks, payments in zip((True, False), last_copies, strict=True)
        ]
        broker.empty()
    return [*_locked(runs), *_served(runs), _last_line(*opened)]


# --- the carts --------------------------------------------------------------------------------------------


def _decks(shop: Shop) -> list[list[int]]:
    """A deck for each customer, no card in two of them, of cards that are loved; copies for everybody are bought."""
    size = min(LINES_OF_CART, shop.cards // CUSTOMERS)
    rng = np.random.default_rng(CUSTOMERS)
    cards = rng.choice(shop.cards, CUSTOMERS * size, replace=False, p=shop.popularity) + 1
    buy(dict.fromkeys(cards.tolist(), 10_000), today=shop.today)
    return [sorted(deck) for deck in cards.reshape(CUSTOMERS, size).tolist()]


def _carts(shop: Shop, decks: Sequence[Sequence[int]], crowd: Crowd) -> list[list[Payment]]:
    """For each customer of a crowd held payments of carts, those to warm up first."""
    each = max(CARTS // crowd.customers, CARTS_EACH) + TO_WARM_UP
    return [_held(shop, decks[crowd.deck(customer)], each) for customer in range(crowd.customers)]


def _held(shop: Shop, deck: Sequence[int], count: int, *, first_day: int | None = None) -> list[Payment]:
    rng = np.random.default_rng([count, *deck])
    firsts = rng.integers(14, 330, count).tolist() if first_day is None else [first_day] * count
    periods = [RentalPeriod(shop.today + day * DAY, shop.today + (day + 4) * DAY) for day in firsts]
    carts = write_orders(Status.CART, periods, Lines.of_decks([deck] * count), today=shop.today)
    quote = quote_of(carts[0], lines_of(carts[0]))  # as long and of the same cards as every other
    assert quote is not None
    return Payment.objects.bulk_create(
        Payment(order=cart, amount_cents=quote.total_cents, currency="eur", status=PaymentStatus.AUTHORIZED)
        for cart in carts
    )


def _last_copies(shop: Shop) -> list[list[Payment]]:
    """Every customer wants the same deck on the same days, and there are copies for half of them."""
    number = Card.objects.count()
    cards = Card.objects.bulk_create(
        Card(name=f"Last {number + index}", slug=f"last-{number + index}", folded_name="last")
        for index in range(LINES_OF_CART)
    )
    Printing.objects.bulk_create(
        Printing(card=card, set_code="last", collector_number=card.slug, value_cents=100) for card in cards
    )
    deck = [card.pk for card in cards]
    buy(dict.fromkeys(deck, COPIES), today=shop.today)
    return [[payment] for payment in _held(shop, deck, CUSTOMERS, first_day=30)]


# --- the crowd --------------------------------------------------------------------------------------------


def _run(crowd: Crowd, payments: Sequence[Sequence[Payment]], *, today: Any) -> Run:
    """Everybody begins at the same moment. Where customers have more than one cart, the first ones are to warm up."""
    connection.close()  # a fork has to make its own
    gc.freeze()  # nor should it copy what a collection touches
    context = multiprocessing.get_context("fork")
    together = context.Barrier(crowd.customers)
    customers = []
    for own in payments:
        listening, telling = context.Pipe(duplex=False)
        process = context.Process(target=_customer, args=(crowd, own, today, together, telling))
        process.start()
        telling.close()
        customers.append((process, listening))
    waiting = _waiting([listening for _, listening in customers])
    begun, ended, settled = [], [], []
    for process, listening in customers:
        begin, end, carts = listening.recv()  # EOFError: it failed, and has said why
        begun.append(begin)
        ended.append(end)
        settled += carts
        process.join()
    return Run(len(settled) / (max(ended) - min(begun)), settled, waiting)


def _waiting(customers: Sequence[Connection]) -> float:
    """How many wait for what another holds, on average until the first of them is done: PostgreSQL says who does."""
    seen = [0]
    with database.server() as server:
        while not wait(customers, timeout=LOOKING_EVERY):
            (count,) = server.execute(_WAITING, [connection.settings_dict["NAME"]]).fetchall()[0]
            seen.append(count)
    return statistics.mean(seen)


_WAITING = (
    "SELECT COUNT(DISTINCT lock.pid) FROM pg_locks AS lock JOIN pg_stat_activity AS backend USING (pid)"
    " WHERE NOT lock.granted AND lock.locktype IN ('tuple', 'transactionid') AND backend.datname = %s"
)


def _customer(
    crowd: Crowd, payments: Sequence[Payment], today: Any, together: Barrier, telling: Connection
) -> None:
    clock = _Clock(lock=locks.lock_cards if crowd.locks else _read_cards)
    with (
        mock.patch.object(reservations, "lock_cards", clock.lock_cards),
        connection.execute_wrapper(clock.count),
    ):
        connection.ensure_connection()
        if len(payments) > 1:
            for payment in payments[:TO_WARM_UP]:
                clock.settle(payment, today)
            payments = payments[TO_WARM_UP:]
        together.wait()
        begun = time.perf_counter()
        settled = [clock.settle(payment, today) for payment in payments]
        telling.send((begun, time.perf_counter(), settled))
    connection.close()


class _Clock:
    """Stands at the locks: asked for, had, and let go of by the commit."""

    def __init__(self, *, lock: Callable[[Iterable[int]], None]) -> None:
        self.lock = lock
        self.asked = self.had = self.let_go = 0.0
        self.queries = 0

    def settle(self, payment: Payment, today: Any) -> Settled:
        order = settle(payment=payment, today=today)
        return Settled(
            waiting=(self.had - self.asked) * 1000,
            holding=(self.let_go - self.had) * 1000,
            queries=self.queries,
            opened=order.status == Status.OPEN,
        )

    def lock_cards(self, card_ids: Iterable[int]) -> None:
        transaction.on_commit(self._committed)
        self.asked = time.perf_counter()
        self.lock(card_ids)
        self.had = time.perf_counter()
        self.queries = 0

    def _committed(self) -> None:
        self.let_go = time.perf_counter()

    def count(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.queries += 1
        return execute(*args)


def _read_cards(card_ids: Iterable[int]) -> None:
    """What `lock_cards` does, but for the locks."""
    list(Card.objects.filter(pk__in=set(card_ids)).order_by("pk").values_list("pk"))


# --- what came of it --------------------------------------------------------------------------------------


def _of(runs: dict[str, list[Run]], crowd: Crowd, what: str) -> list[float]:
    return [getattr(cart, what) for run in runs[crowd.name] for cart in run.settled]


def _locked(runs: dict[str, list[Run]]) -> list[Line]:
    """How long the locks are held, and waited for."""
    alone = DISJOINT[1]
    held_alone, reading = (
        statistics.median(_of(runs, alone, "holding")),
        statistics.median(_of(runs, CONTROL, "waiting")),
    )
    lines = [
        Line(
            f"checkout of {LINES_OF_CART} lines, lock to commit: 1 customer",
            _of(runs, alone, "holding"),
            "ms",
            queries=runs[alone.name][0].settled[0].queries,
            tail=True,
        )
    ]
    for crowd in (DISJOINT[CUSTOMERS], SAME):
        for question, what, against, baseline in (
            ("lock to commit", "holding", "1 customer", held_alone),
            ("until it has the locks", "waiting", "reading, no locks", reading),
        ):
            figures = _of(runs, crowd, what)
            lines.append(
                Line(
                    f"{crowd.name}: {question}",
                    figures,
                    "ms",
                    against=against,
                    baseline=baseline,
                    ratio=statistics.median(figures) / baseline,
                    tail=True,
                )
            )
    return lines


def _served(runs: dict[str, list[Run]]) -> list[Line]:
    """Carts per second, which must grow with the cores; and how many customers wait for others meanwhile."""
    per_second = {name: [run.per_second for run in of_crowd] for name, of_crowd in runs.items()}
    lines = []
    for crowd in (*(DISJOINT[customers] for customers in CROWDS[1:]), CONTROL, SAME):
        alone = per_second[DISJOINT[1].name]
        ratio = statistics.median(many / one for many, one in zip(per_second[crowd.name], alone, strict=True))
        limited = crowd is DISJOINT[2 * CORES]
        lines.append(
            Line(
                crowd.name,
                per_second[crowd.name],
                "carts/s",
                against="1 customer",
                baseline=statistics.median(alone),
                ratio=ratio,
                limit=f"≥ {OF_THE_CORES:g} × {CORES} cores" if limited else "",
                reached=ratio >= OF_THE_CORES * CORES if limited else None,
            )
        )
    waiting = [run.waiting for run in runs[DISJOINT[CUSTOMERS].name]]
    lines.append(
        Line(
            f"{DISJOINT[CUSTOMERS].name}: waiting at a moment",
            waiting,
            "customers",
            against="the same deck",
            baseline=statistics.median(run.waiting for run in runs[SAME.name]),
            limit=f"≤ {WAITING_AT_MOST:g}",
            reached=statistics.median(waiting) <= WAITING_AT_MOST,
        )
    )
    return lines


def _last_line(opened: int, opened_without_locks: int) -> Line:
    return Line(
        f"{CUSTOMERS} customers, {COPIES} copies of the same deck",
        [opened],
        "open",
        against="without locks",
        baseline=opened_without_locks,
        limit=f"{COPIES}",
        reached=opened == COPIES,
    )
