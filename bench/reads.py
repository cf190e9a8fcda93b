"""The engine's questions, as pages and checkout ask them, against fetching the same reservations and no more.

The functions are the project's own. The bare fetch is the same question once more (the parameters that the engine
sent, its WHERE word for word, so the same index), of which the rows go into Python and away. Both run on one
connection and take turns, round by round, each round with another deck.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeAlias
from unittest import mock

import numpy as np
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.data import Shop
from bench.read_paths import Question, by_card_and_day
from bench.table import Line
from bench.timing import in_turns, medians, ratios
from inventory import availability
from inventory.closed_days import shop_calendar
from inventory.periods import RentalPeriod
from inventory.starts import collected_starts
from orders.models import ShippingMethod
from orders.starts import starts_for

Demand: TypeAlias = Mapping[int, int]
Ask: TypeAlias = Callable[[Demand, date], Any]  # of a deck, from a day on

BARE, BY_CARD_AND_DAY = "bare fetch", "a query per card and day"
ROUNDS_BY_CARD_AND_DAY = 5  # it takes long
AHEAD = 90  # a question begins within so many days
DAY = timedelta(days=1)

# Everything behind the engine's choice of columns: which rows, and by which conditions they are found.
_ROWS = availability.BLOCKING.partition("FROM")[2]
_BARE = f"SELECT card_id, quantity, out_on, back_on, state FROM {_ROWS}"


def measure(shop: Shop, *, rounds: int) -> list[Line]:
    lines = [
        *_shortfalls_of_forty(shop, rounds=rounds),
        _line(shop, "shortfalls: 100 cards × 30 days", 100, shortfalls_over(shop, 30), 2.5, 1, rounds),
    ]
    for question, ask in asked_of_forty(shop).items():
        lines.append(_line(shop, question, 40, ask, 2.0, 2, rounds))
    return lines


def shortfalls_over(shop: Shop, days: int) -> Ask:
    return lambda demand, day: availability.shortfalls(demand, day, day + days * DAY, today=shop.today)


def asked_of_forty(shop: Shop) -> dict[str, Ask]:
    """Questions about many starts, by what they are called. The calendar's own query is one of the two allowed."""
    method = ShippingMethod(
        slug="bench", name="Bench", price_cents=590, transit_out_days=2, transit_back_days=3
    )

    def earliest(demand: Demand, day: date) -> object:
        return availability.next_available_start(demand, day, day + 10 * DAY, 365, today=shop.today)

    def earliest_of_an_order(demand: Demand, day: date) -> object:
        wished, calendar = RentalPeriod(day + 14 * DAY, day + 18 * DAY), shop_calendar()
        return starts_for(demand, wished=wished, method=method, today=shop.today, calendar=calendar).next

    def strip(demand: Demand, day: date) -> object:
        return collected_starts(demand, today=shop.today, calendar=shop_calendar())

    return {
        "earliest start: 40 cards, 365 days": earliest,
        "earliest start by post: 40 cards, 365 days": earliest_of_an_order,
        "strip of a deck's page: 40 cards, 60 days": strip,
    }


def bare_fetch(parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The least that any answer by rows can cost."""
    with connection.cursor() as cursor:
        cursor.execute(_BARE, parameters)
        return cursor.fetchall()


def sent_by(ask: Callable[[], Any]) -> dict[str, Any]:
    """The parameters of the one question to the engine that this asks."""
    with mock.patch.object(availability, "asked", wraps=availability.asked) as asked:
        ask()
    asked.assert_called_once()
    return availability.asked(*asked.call_args.args, **asked.call_args.kwargs)


def queries_of(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        ask()
    return len(captured)


def decks_and_days(shop: Shop, *, cards: int, count: int) -> list[tuple[Demand, date]]:
    """Decks as customers draw them, with one to four copies of each card, and a day to begin with."""
    rng = np.random.default_rng(cards)
    decks = shop.decks(rng, count=count, size=cards)
    return [
        (
            {card: int(copies) for card, copies in zip(deck, rng.integers(1, 5, cards), strict=True)},
            shop.today + int(rng.integers(AHEAD)) * DAY,
        )
        for deck in decks
    ]


def _measured(shop: Shop, cards: int, ask: Ask, rounds: int) -> tuple[list[dict[str, float]], int]:
    """(milliseconds by variant and round, the most queries)"""
    taken, queries = [], 0
    for turn, (demand, day) in enumerate(decks_and_days(shop, cards=cards, count=rounds)):
        asked = partial(ask, demand, day)
        variants = {"engine": asked, BARE: partial(bare_fetch, sent_by(asked))}
        taken.append(in_turns(variants, turn=turn)[0])
        queries = max(queries, queries_of(asked))
    return taken, queries


def _line(
    shop: Shop, question: str, cards: int, ask: Ask, at_most: float, queries_at_most: int, rounds: int
) -> Line:
    taken, queries = _measured(shop, cards, ask, rounds)
    ratio = ratios(taken, to=BARE)["engine"]
    return Line(
        question,
        [round_["engine"] for round_ in taken],
        "ms",
        against=BARE,
        baseline=medians(taken)[BARE],
        ratio=ratio,
        limit=f"≤ {at_most:g} ×, {queries_at_most} {'query' if queries_at_most == 1 else 'queries'}",
        reached=ratio <= at_most and queries <= queries_at_most,
        queries=queries,
    )


def _shortfalls_of_forty(shop: Shop, *, rounds: int) -> Sequence[Line]:
    """Against the bare fetch, and against what an obvious implementation does: a query for each card and day."""
    question, ask = "shortfalls: 40 cards × 10 days", shortfalls_over(shop, 10)
    slow = []
    for turn, (demand, day) in enumerate(decks_and_days(shop, cards=40, count=ROUNDS_BY_CARD_AND_DAY)):
        obvious = Question(cards=sorted(demand), out_on=day, days=10, today=shop.today)
        taken, answers = in_turns(
            {"engine": partial(ask, demand, day), BY_CARD_AND_DAY: partial(by_card_and_day, obvious)},
            turn=turn,
        )
        short = {
            card: min(max(demand[card] - int(free.min()), 0), demand[card])
            for card, free in zip(obvious.cards, answers[BY_CARD_AND_DAY], strict=True)
        }
        found = {card: shortfall.short for card, shortfall in answers["engine"].items()}
        assert found == {card: copies for card, copies in short.items() if copies}, "the answers differ"
        slow.append(taken)
    faster = ratios(slow, to="engine")[BY_CARD_AND_DAY]
    return [
        _line(shop, question, 40, ask, 2.0, 1, rounds),
        Line(
            f"{question}, all at once",
            [round_["engine"] for round_ in slow],
            "ms",
            against=BY_CARD_AND_DAY,
            baseline=medians(slow)[BY_CARD_AND_DAY],
            ratio=1 / faster,
            limit="≤ 1/30 ×",
            reached=faster >= 30,
        ),
    ]
