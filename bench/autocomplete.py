"""Completing names of cards: what the server takes for one answer, with a catalogue as large as the real one."""

import random
from collections.abc import Callable, Sequence
from functools import partial

from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.data import Shop
from bench.synthetic_cards import catalogue
from bench.table import Line, percentile
from bench.timing import milliseconds
from inventory.autocomplete import MOST_SUGGESTIONS
from inventory.models import Card
from inventory.names import fold_name

LIMIT = 25  # milliseconds, for all but the slowest twentieth
_SEED = 8
_OF_EACH = 150  # texts for each round of all
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def texts(names: Sequence[str], *, each: int, seed: int = _SEED) -> dict[str, list[str]]:
    """What people type, by kind."""
    draw = random.Random(seed)

    def name() -> str:
        return draw.choice(names)

    def beginning(text: str, *, shortest: int = 2) -> str:
        return text[: draw.randint(min(shortest, len(text)), len(text))]

    def mistyped(text: str) -> str:
        at = draw.randrange(max(1, len(text) - 1))
        kinds = (
            text[:at] + text[at + 1 :],
            text[:at] + draw.choice(_LETTERS) + text[at:],
            text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :],
            text[:at] + draw.choice(_LETTERS) + text[at + 1 :],
        )
        return draw.choice(kinds)

    kinds: dict[str, Callable[[], str]] = {
        "beginnings": lambda: beginning(name()),
        "two letters": lambda: name()[:2],
        "one letter": lambda: name()[:1],
        "inner words": lambda: beginning(" ".join(name().split()[-1:])),
        "words in any order": lambda: " ".join(beginning(word) for word in reversed(name().split())),
        "with copies in front": lambda: f"{draw.randint(1, 4)} {beginning(name())}",
        "typos": lambda: mistyped(beginning(name(), shortest=6)),
        "nonsense": lambda: "".join(draw.choices(_LETTERS, k=draw.randint(2, 30))),
    }
    return {kind: [make() for _ in range(each)] for kind, make in kinds.items()}


def asked_of_the_page(client: Client, text: str) -> None:
    response = client.get(reverse("inventory:card_names"), {"q": text})
    if response.status_code != 200:
        raise AssertionError(f"{text!r} is answered with {response.status_code}.")


def asked_of_sql(text: str) -> list[Card]:
    """What it would be without an index in memory, and without typos: the names in which the text stands."""
    cards: QuerySet[Card] = Card.objects.filter(name__icontains=fold_name(text)).order_by("name")
    return list(cards[:MOST_SUGGESTIONS])


def _ways(client: Client, text: str) -> tuple[float, float]:
    """Milliseconds of the page, and of SQL."""
    page, _ = milliseconds(partial(asked_of_the_page, client, text))
    sql, _ = milliseconds(partial(asked_of_sql, text))
    return page, sql


def measure(shop: Shop, *, rounds: int) -> list[Line]:
    with catalogue(shop) as names:
        client = Client(headers={"host": "localhost"})
        asked_of_the_page(client, "storm")  # the index is built once in each process
        with CaptureQueriesContext(connection) as captured:
            asked_of_the_page(client, "storm")
        queries = len(captured)
        each = max(20, _OF_EACH * rounds // 30)
        taken = {
            kind: [_ways(client, text) for text in of_kind]
            for kind, of_kind in texts(names, each=each).items()
        }
    all_taken = [times for of_kind in taken.values() for times in of_kind]
    return [
        _line(f"autocomplete among {len(names):,} cards, p95", all_taken, queries=queries),
        *(_line(f"autocomplete: {kind}, p95", of_kind) for kind, of_kind in taken.items()),
    ]


def _line(question: str, taken: Sequence[tuple[float, float]], *, queries: int | None = None) -> Line:
    """The figures are the 95 % of each; the spread goes to the slowest hundredth."""
    page, sql = zip(*taken, strict=True)
    slow = percentile(page, 95)
    print(
        f"{question}: p50 {percentile(page, 50):.1f}, p95 {slow:.1f}, max {max(page):.1f} ms;"
        f" SQL p50 {percentile(sql, 50):.1f}, p95 {percentile(sql, 95):.1f}, max {max(sql):.1f} ms"
    )
    return Line(
        question,
        [slow],
        "ms",
        against="ILIKE, p95",
        baseline=percentile(sql, 95),
        ratio=slow / percentile(sql, 95),
        limit=f"{LIMIT} ms",
        reached=slow <= LIMIT,
        queries=queries,
    )
