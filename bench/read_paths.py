"""Designs of the engine's read path, measured against each other: docs/adr/0007-read-path.md.

The question is always the same: the free copies of some cards on each day of `[out_on, back_on)`, for a
place in the queue. A design is a way to get the rows (`_PLAIN`, `_SPLIT`) and a way to add them up. All of them
must give the same answer, a matrix of cards × days, and the bench stops where one does not.

Everything happens in one transaction that is rolled back: indexes and counters leave nothing behind.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import numpy as np
import psycopg
from django.db import connection, transaction
from numpy.typing import NDArray

from bench.data import Shop
from bench.timing import in_turns, medians, milliseconds, ratios

Matrix: TypeAlias = NDArray[np.int64]  # cards in the order of their ids × days


@dataclass(frozen=True, slots=True)
class Question:
    """Free copies of these cards (sorted ids) on each of the days, asked on `today` for a place in the queue."""

    cards: list[int]
    out_on: date
    days: int
    today: date
    excluding: UUID | None = None
    place: tuple[datetime, UUID] | None = None

    @property
    def back_on(self) -> date:
        return self.out_on + timedelta(days=self.days)

    def parameters(self) -> dict[str, Any]:
        queued_at, claim = self.place or (None, None)
        return {
            "card_ids": self.cards,
            "out_on": self.out_on,
            "back_on": self.back_on,
            "today": self.today,
            "excluding": self.excluding,
            "queued_at": queued_at,
            "place_claim": claim,
            "base": self.days + 1,
        }


# --- which rows -----------------------------------------------------------------------------------------

_COUNTS = """
       AND (%(excluding)s::uuid IS NULL OR claim <> %(excluding)s)
       AND (state <> 'queued' OR %(queued_at)s::timestamptz IS NULL
            OR (queued_at, claim) < (%(queued_at)s, %(place_claim)s::uuid))
"""

# One range: whatever leaves before the period ends. What it says of the days of return is a filter.
_PLAIN = f"""
    SELECT card_id, quantity, out_on, back_on, state, expected_on FROM inventory_reservation
     WHERE card_id = ANY(%(card_ids)s) AND out_on < %(back_on)s
       AND (GREATEST(back_on, expected_on) > %(out_on)s
            OR (state = 'out' AND GREATEST(back_on, expected_on) <= %(today)s)) {_COUNTS}
"""

# No usual reservation is longer than 40 days, so those that touch the period begin or end near it: one short
# stretch of an index. What is out or unusually long is few, and read apart by an index of its own.
_SPLIT = f"""
    SELECT card_id, quantity, out_on, back_on, state, NULL::date AS expected_on FROM inventory_reservation
     WHERE card_id = ANY(%(card_ids)s) AND out_on < %(back_on)s AND back_on > %(out_on)s
       AND back_on < %(back_on)s::date + 40 AND out_on > %(out_on)s::date - 40
       AND NOT (state = 'out' OR back_on - out_on > 40) {_COUNTS}
     UNION ALL
    SELECT card_id, quantity, out_on, back_on, state, expected_on FROM inventory_reservation
     WHERE card_id = ANY(%(card_ids)s) AND out_on < %(back_on)s
       AND (state = 'out' OR back_on - out_on > 40)
       AND (GREATEST(back_on, expected_on) > %(out_on)s
            OR (state = 'out' AND GREATEST(back_on, expected_on) <= %(today)s)) {_COUNTS}
"""

_STOCK = """
    SELECT printing.card_id, movement.effective_on, movement.quantity
      FROM inventory_stockmovement AS movement
      JOIN inventory_printing AS printing ON printing.id = movement.printing_id
     WHERE printing.card_id = ANY(%(card_ids)s) AND movement.effective_on < %(back_on)s
"""


def _spans(rows: str) -> str:
    """(card_id, first, until, quantity): what adds to what is free, as offsets from `out_on`; until <= days."""
    return f"""
    SELECT card_id, GREATEST(out_on - %(out_on)s::date, 0) AS first,
           CASE WHEN state = 'out' AND GREATEST(back_on, expected_on) <= %(today)s THEN %(base)s - 1
                ELSE LEAST(GREATEST(back_on, expected_on), %(back_on)s::date) - %(out_on)s::date END AS until,
           -quantity AS quantity
      FROM ({rows}) AS blocking
     UNION ALL
    SELECT card_id, GREATEST(effective_on - %(out_on)s::date, 0), %(base)s - 1, quantity FROM ({_STOCK}) AS stock
"""


# --- ways to add them up ----------------------------------------------------------------------------------


def bare_fetch(rows: str, question: Question) -> None:
    """The least that any answer by rows can cost: the reservations' rows, into Python and away."""
    _fetch(f"SELECT card_id, quantity, out_on, back_on, state FROM ({rows}) AS blocking", question)


def window(rows: str, question: Question) -> Matrix:
    """SQL sums up signed changes by a window over the days; the days of change come back."""
    found = _fetch(
        f"""
        WITH spans AS MATERIALIZED ({_spans(rows)}), changes AS (
            SELECT card_id, first AS day, quantity FROM spans
             UNION ALL SELECT card_id, until, -quantity FROM spans WHERE until < %(base)s - 1
        )
        SELECT card_id, day, SUM(SUM(quantity)) OVER (PARTITION BY card_id ORDER BY day)
          FROM changes GROUP BY card_id, day ORDER BY card_id, day
        """,
        question,
    )
    changes: dict[int, list[tuple[int, int]]] = {card: [] for card in question.cards}
    for card, day, free in found:
        changes[card].append((day, int(free)))
    matrix = np.zeros((len(question.cards), question.days), dtype=np.int64)
    for index, card in enumerate(question.cards):
        for day, free in changes[card]:
            matrix[index, day:] = free
    return matrix


def grouped(rows: str, question: Question) -> Matrix:
    """SQL adds up the changes of each card and day; numpy sums them up over the days."""
    found = _fetch(
        f"""
        WITH spans AS MATERIALIZED ({_spans(rows)})
        SELECT card_id, day, SUM(quantity)::integer FROM (
            SELECT card_id, first AS day, quantity FROM spans
             UNION ALL SELECT card_id, until, -quantity FROM spans
        ) AS changes GROUP BY card_id, day
        """,
        question,
    )
    table = np.array(found, dtype=np.int64).reshape(-1, 3)
    changes = np.zeros((len(question.cards), question.days + 1), dtype=np.int64)
    changes[np.searchsorted(question.cards, table[:, 0]), table[:, 1]] = table[:, 2]
    return np.cumsum(changes, axis=1)[:, :-1]


def tuples(rows: str, question: Question) -> Matrix:
    """Every row as a tuple of small integers; numpy does the rest."""
    table = np.array(_fetch(_spans(rows), question), dtype=np.int64).reshape(-1, 4)
    return _swept(question, table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def packed(rows: str, question: Question, *, binary: bool = False) -> Matrix:
    """Every row as one integer of an array that PostgreSQL sends as one value; numpy does the rest."""
    statement = f"""
        SELECT array_send(array_agg((card_id * %(base)s + first) * %(base)s + until)), array_send(array_agg(quantity))
          FROM ({_spans(rows)}) AS spans
    """
    return _unpacked(question, (_fetch_binary if binary else _fetch)(statement, question)[0])


def counters(question: Question) -> Matrix:
    """Copies taken by card and day, from a table that every write keeps; the stock as before."""
    statement = f"""
        SELECT array_send(array_agg((card_id * %(base)s + first) * %(base)s + until)), array_send(array_agg(quantity))
          FROM (SELECT card_id, day - %(out_on)s::date AS first, day - %(out_on)s::date + 1 AS until,
                       -taken AS quantity
                  FROM bench_taken WHERE card_id = ANY(%(card_ids)s) AND day >= %(out_on)s AND day < %(back_on)s
                 UNION ALL
                SELECT card_id, GREATEST(effective_on - %(out_on)s::date, 0), %(base)s - 1, quantity
                  FROM ({_STOCK}) AS stock) AS spans
    """
    return _unpacked(question, _fetch(statement, question)[0])


def by_card_and_day(question: Question) -> Matrix:
    """One query for each card and day: what an obvious implementation does."""
    statement = """
        SELECT (SELECT COALESCE(SUM(movement.quantity), 0) FROM inventory_stockmovement AS movement
                  JOIN inventory_printing AS printing ON printing.id = movement.printing_id
                 WHERE printing.card_id = %(card)s AND movement.effective_on <= %(day)s)
             - (SELECT COALESCE(SUM(quantity), 0) FROM inventory_reservation
                 WHERE card_id = %(card)s AND out_on <= %(day)s
                   AND (back_on > %(day)s OR expected_on > %(day)s
                        OR (state = 'out' AND GREATEST(back_on, expected_on) <= %(today)s)))
    """
    matrix = np.zeros((len(question.cards), question.days), dtype=np.int64)
    with connection.cursor() as cursor:
        for index, card in enumerate(question.cards):
            for offset in range(question.days):
                day = question.out_on + timedelta(days=offset)
                cursor.execute(statement, {"card": card, "day": day, "today": question.today})
                matrix[index, offset] = cursor.fetchone()[0]
    return matrix


def _unpacked(question: Question, sent: Sequence[bytes | None]) -> Matrix:
    packed_spans, quantity = sent
    if packed_spans is None or quantity is None:  # no rows at all
        return np.zeros((len(question.cards), question.days), dtype=np.int64)
    key, until = np.divmod(_array(packed_spans, ">i8"), question.days + 1)
    card, first = np.divmod(key, question.days + 1)
    return _swept(question, card, first, until, _array(quantity, ">i4"))


def _array(sent: bytes, form: str) -> NDArray[Any]:
    """What array_send() made of an array without NULL: 20 bytes of head, then a length and a value each."""
    return np.frombuffer(sent, dtype=[("length", ">i4"), ("value", form)], offset=20)["value"].astype(
        np.int64
    )


def _swept(question: Question, card: Matrix, first: Matrix, until: Matrix, quantity: Matrix) -> Matrix:
    """Each span adds its quantity on its first day and takes it away on the day after its last."""
    width = question.days + 1
    row = np.searchsorted(question.cards, card) * width
    changes = np.bincount(
        np.concatenate([row + first, row + until]),
        weights=np.concatenate([quantity, -quantity]),
        minlength=len(question.cards) * width,
    )
    return np.cumsum(changes.reshape(-1, width), axis=1)[:, :-1].astype(np.int64)


def _fetch(statement: str, question: Question) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, question.parameters())
        return cursor.fetchall()


def _fetch_binary(statement: str, question: Question) -> list[tuple[Any, ...]]:
    """Around Django: parameters apart from the statement, which is prepared, and the answer in binary."""
    with psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, question.parameters(), binary=True, prepare=True).fetchall()


# --- the indexes ------------------------------------------------------------------------------------------

_APART = "WHERE state = 'out' OR back_on - out_on > 40"
_ALL = "quantity, state, expected_on, claim, queued_at"
# For an answer of a few milliseconds, starting workers costs more than they do.
_ALONE = "SET LOCAL max_parallel_workers_per_gather = 0"
# name: (statements, the rows that suit them)
INDEXES: dict[str, tuple[list[str], str]] = {
    "as it was: (card), (card, back_on)": (
        [
            "CREATE INDEX ON inventory_reservation (card_id)",
            "CREATE INDEX ON inventory_reservation (card_id, back_on)",
        ],
        _PLAIN,
    ),
    "(card, back_on) covering": (
        [f"CREATE INDEX ON inventory_reservation (card_id, back_on) INCLUDE (out_on, {_ALL})", _ALONE],
        _PLAIN,
    ),
    "(card, out_on) covering, all but claim and place": (
        [
            "CREATE INDEX ON inventory_reservation (card_id, out_on)"
            " INCLUDE (back_on, quantity, state, expected_on)",
            _ALONE,
        ],
        _PLAIN,
    ),
    "(card, out_on) covering": (
        [f"CREATE INDEX ON inventory_reservation (card_id, out_on) INCLUDE (back_on, {_ALL})", _ALONE],
        _PLAIN,
    ),
    "(card, out_on) covering, and the few apart": (
        [
            f"CREATE INDEX ON inventory_reservation (card_id, out_on) INCLUDE (back_on, {_ALL})",
            f"CREATE INDEX ON inventory_reservation (card_id, out_on) INCLUDE (back_on, {_ALL}) {_APART}",
            _ALONE,
        ],
        _SPLIT,
    ),
}
CHOSEN = "(card, out_on) covering"


@contextmanager
def _indexed(statements: Sequence[str]) -> Iterator[dict[str, Any]]:
    """These indexes on reservations and, but for the constraints' own, no others; yields their size in MB."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'inventory_reservation'::regclass"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {name}")
        size, took = 0, 0.0
        for statement in statements:
            took += milliseconds(partial(cursor.execute, statement))[0]
        cursor.execute(
            "SELECT SUM(pg_relation_size(indexrelid)) / 1e6 FROM pg_index WHERE NOT indisunique"
            " AND indrelid = 'inventory_reservation'::regclass"
        )
        size = round(cursor.fetchone()[0])
        cursor.execute("ANALYZE inventory_reservation")
        yield {"megabytes": size, "built_in_ms": round(took)}
        transaction.set_rollback(True)


# --- the comparison ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of question: how many cards and days, from how many days ahead, and what does not count."""

    cards: int
    days: int
    ahead: tuple[int, int] = (0, 90)
    excluding: bool = False
    placed: bool = False


SHAPES = {
    "shortfalls, 40 cards × 10 days": Shape(40, 10),
    "shortfalls, 100 cards × 30 days": Shape(100, 30),
    "earliest start, 40 cards × 375 days": Shape(40, 375),
    "strip, 40 cards × 70 days": Shape(40, 70),
    "far ahead, 40 cards × 10 days": Shape(40, 10, ahead=(200, 355)),
    "checkout, 60 cards × 10 days, excluding a claim": Shape(60, 10, excluding=True),
    "promotion, 40 cards × 10 days, at a place": Shape(40, 10, excluding=True, placed=True),
}
BY_CARD_AND_DAY = "by card and day"


def compare(shop: Shop, *, rounds: int) -> dict[str, Any]:
    """Every design under every index, on the same decks; prints tables and returns their figures."""
    figures: dict[str, Any] = {}
    with transaction.atomic():
        for name, (statements, rows) in INDEXES.items():
            with _indexed(statements) as facts:
                print(f"\n## {name}: {facts['megabytes']} MB, built in {facts['built_in_ms']} ms")
                figures[name] = facts | {
                    shape: _designs(shop, shape, rows, rounds=rounds, slow=name == CHOSEN) for shape in SHAPES
                }
                figures[name]["writes"] = _writes(shop, rounds=rounds)
                if name == CHOSEN:
                    figures["counters"] = _counters(shop, rows, rounds=rounds)
        with _indexed(INDEXES[CHOSEN][0]):
            figures["worn"] = _worn(shop, INDEXES[CHOSEN][1], rounds=rounds)
        transaction.set_rollback(True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) inventory_reservation")  # a rollback does not mend what was worn
    return figures


def _designs(shop: Shop, shape: str, rows: str, *, rounds: int, slow: bool) -> dict[str, Any]:
    """All designs on questions of one shape; `slow`: also, in some rounds, one query by card and day."""
    measured = []
    for turn, question in enumerate(_questions(shop, SHAPES[shape], count=rounds)):
        variants: dict[str, Callable[[], Any]] = {
            "bare fetch": partial(bare_fetch, rows, question),
            "window": partial(window, rows, question),
            "grouped": partial(grouped, rows, question),
            "tuples": partial(tuples, rows, question),
            "packed": partial(packed, rows, question),
            "packed, binary": partial(packed, rows, question, binary=True),
        }
        if slow and turn < 5 and shape.startswith("shortfalls, 40"):
            variants[BY_CARD_AND_DAY] = partial(by_card_and_day, question)
        taken, answers = in_turns(variants, turn=turn)
        _assert_equal(answers | {"the other rows": packed(_PLAIN if rows == _SPLIT else _SPLIT, question)})
        measured.append(taken)
    return _print_table(shape, measured)


def _questions(shop: Shop, shape: Shape, *, count: int) -> list[Question]:
    rng = np.random.default_rng(shape.cards * 1000 + shape.days)
    decks = shop.decks(rng, count=count, size=shape.cards)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT queued_at, claim FROM inventory_reservation WHERE state = 'queued' ORDER BY 1, 2"
        )
        places = cursor.fetchall()
    questions = []
    for deck in decks:
        place = places[rng.integers(len(places))]
        questions.append(
            Question(
                cards=sorted(deck),
                out_on=shop.today + timedelta(days=int(rng.integers(*shape.ahead))),
                days=shape.days,
                today=shop.today,
                excluding=place[1] if shape.excluding else None,
                place=place if shape.placed else None,
            )
        )
    return questions


def _assert_equal(answers: dict[str, Any]) -> None:
    matrices = {name: answer for name, answer in answers.items() if answer is not None}
    expected = matrices.get("window", matrices["packed"])
    for name, matrix in matrices.items():
        assert np.array_equal(matrix, expected), f"{name} differs"


def _print_table(title: str, measured: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Milliseconds and the multiple of the bare fetch, medians over the rounds."""
    some = [round_ for round_ in measured if BY_CARD_AND_DAY in round_]
    usual = [{name: ms for name, ms in round_.items() if name != BY_CARD_AND_DAY} for round_ in measured]
    median, ratio = medians(usual), ratios(usual, to="bare fetch")
    if some:
        median[BY_CARD_AND_DAY] = medians(some)[BY_CARD_AND_DAY]
        ratio[BY_CARD_AND_DAY] = ratios(some, to="bare fetch")[BY_CARD_AND_DAY]
    print(title)
    for name, ms in median.items():
        print(f"    {name:20} {ms:8.2f} ms {ratio[name]:7.2f}")
    return {name: {"ms": round(ms, 3), "ratio": round(ratio[name], 3)} for name, ms in median.items()}


def _writes(shop: Shop, *, rounds: int) -> dict[str, float]:
    """What an order of 60 lines costs the indexes: the insert, and the change of state when it is dispatched."""
    measured = []
    for question in _questions(shop, Shape(60, 10), count=rounds):
        claim = uuid4()
        with transaction.atomic(), connection.cursor() as cursor:
            variants = {
                "insert 60": partial(
                    cursor.execute,
                    "INSERT INTO inventory_reservation (claim, card_id, quantity, out_on, back_on, state)"
                    " SELECT %s, card_id, 1, %s, %s, 'firm' FROM unnest(%s::bigint[]) AS card_id",
                    [claim, question.out_on, question.back_on, question.cards],
                ),
                "dispatch 60": partial(
                    cursor.execute, "UPDATE inventory_reservation SET state = 'out' WHERE claim = %s", [claim]
                ),
            }
            measured.append({name: milliseconds(action)[0] for name, action in variants.items()})
            transaction.set_rollback(True)
    median = medians(measured)
    print("writes\n    " + "   ".join(f"{name} {ms:.2f} ms" for name, ms in median.items()))
    return {name: round(ms, 3) for name, ms in median.items()}


def _worn(shop: Shop, rows: str, *, rounds: int) -> dict[str, Any]:
    """The same after a twentieth of the rows changed without a vacuum: hardly a page is known as all visible."""
    figures = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_reservation SET quantity = quantity WHERE id %% 20 = 0", [])
        print("\n## worn: a twentieth of the rows changed since the last vacuum")
        for shape in ("shortfalls, 40 cards × 10 days", "earliest start, 40 cards × 375 days"):
            figures[shape] = _designs(shop, shape, rows, rounds=rounds, slow=False)
        transaction.set_rollback(True)
    return figures


def _counters(shop: Shop, rows: str, *, rounds: int) -> dict[str, Any]:
    """Copies taken by card and day as a table: reading it, and keeping it for an order of 60 lines × 10 days."""
    with connection.cursor() as cursor:
        last = shop.today + timedelta(days=800)
        cursor.execute("SET LOCAL work_mem = '256MB'")
        took, _ = milliseconds(
            partial(
                cursor.execute,
                """
                CREATE TABLE bench_taken AS
                SELECT card_id, day::date AS day, SUM(quantity)::integer AS taken
                  FROM inventory_reservation, LATERAL generate_series(
                       GREATEST(out_on, %(today)s)::timestamp,
                       (CASE WHEN state = 'out' AND GREATEST(back_on, expected_on) <= %(today)s THEN %(last)s
                             ELSE GREATEST(back_on, expected_on) END)::timestamp - interval '1 day',
                       interval '1 day') AS day
                 GROUP BY card_id, day
                """,
                {"today": shop.today, "last": last},
            )
        )
        cursor.execute("ALTER TABLE bench_taken ADD PRIMARY KEY (card_id, day)")
        cursor.execute("ANALYZE bench_taken")
        cursor.execute("SELECT COUNT(*), pg_total_relation_size('bench_taken') / 1000000 FROM bench_taken")
        entries, megabytes = cursor.fetchone()
    print(f"\n## counters by card and day: {entries:,} rows, {megabytes} MB, built in {took / 1000:.0f} s")
    figures: dict[str, Any] = {"rows": entries, "megabytes": megabytes}
    for name, shape in SHAPES.items():
        if shape.excluding:
            continue  # a counter knows neither claims nor places in the queue
        measured = []
        for turn, question in enumerate(_questions(shop, shape, count=rounds)):
            taken, answers = in_turns(
                {
                    "bare fetch": partial(bare_fetch, rows, question),
                    "packed": partial(packed, rows, question),
                    "counters": partial(counters, question),
                },
                turn=turn,
            )
            _assert_equal(answers)
            measured.append(taken)
        figures[name] = _print_table(name, measured)
    written = []
    for question in _questions(shop, Shape(60, 10), count=rounds):
        with transaction.atomic(), connection.cursor() as cursor:
            took, _ = milliseconds(
                partial(
                    cursor.execute,
                    """
                    INSERT INTO bench_taken SELECT card_id, %s::date + day, 1
                      FROM unnest(%s::bigint[]) AS card_id, generate_series(0, 9) AS day
                        ON CONFLICT (card_id, day) DO UPDATE SET taken = bench_taken.taken + 1
                    """,
                    [question.out_on, question.cards],
                )
            )
            written.append({"upsert 60 × 10": took})
            transaction.set_rollback(True)
    figures["writes"] = medians(written)
    print(f"writes\n    upsert 60 × 10 {figures['writes']['upsert 60 × 10']:.2f} ms")
    return figures
