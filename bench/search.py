"""Searching the cards: some two hundred searches of all kinds in a catalogue of 40,000, and the page that shows them.

Each is asked of a catalogue that has been read already, as it is but for the first search after a change; what reading
it takes, in time and memory, is a line of its own. The baseline is what the database would do with the same words:
`ILIKE` on the names, counted and a page of them read.
"""

import random
import statistics
import tracemalloc
from collections.abc import Callable
from datetime import timedelta

from django.db.models import Q
from django.test import Client
from django.urls import reverse

from bench.data import Shop
from bench.synthetic_cards import SEED, catalogue
from bench.table import Line, percentile
from bench.timing import milliseconds
from inventory.card_query import CardQuery
from inventory.models import Card
from inventory.periods import BlockedPeriod
from inventory.search import CARDS_PER_PAGE, search_cards
from inventory.search.catalogue import read_catalogue

LIMIT = 60.0  # ms, of the slowest twentieth
FIRST_DAY = 14  # days from today, of the searches for free cards
DAYS = 4
_KEYS = (
    "t:creature c:u mv<=3", "c:gr", "c=wub", "id:esper t:legendary", "mv:4 r:rare", "r>=rare", "set:s123",
    "set:s042 r:m",
    "is:foil t:elf", "o:flying", 'o:"draw a card"', "o:{T} t:land", "-t:creature c:c", "t:elf or t:goblin",
    "(t:angel or t:dragon) c:w -c:u", "dragon -t:creature", "c:m is:commander", "is:split", "is:dfc", "mv>=7",
    "t:instant c:r mv=1", "is:owned", "is:owned c:b t:zombie", "-c:w -c:u -c:b -c:r -c:g", "o:destroy -o:creature",
    "t:planeswalker", "f:modern bolt", "(c:r (t:elf or (t:cat mv>2)))", "rarity:mythic is:foil", "storm or fire",
)  # fmt: skip
_ORDERS = (
    "",
    "order:name",
    "order:mv",
    "order:price",
    "order:newest",
    "order:owned",
    "order:price direction:desc",
)


def questions(names: list[str]) -> list[tuple[str, dict[str, str]]]:
    """(kind, parameters of the address) of each, in a mixed order."""
    draw = random.Random(SEED)
    asked: list[tuple[str, dict[str, str]]] = []
    asked += [
        ("letters", {"q": letters})
        for letters in ("a", "e", "s", "th", "li", "dr", "ang", "bol", "stor", "z")
    ]
    for name in draw.sample(names, 30):
        asked.append(("typing", {"q": name[: draw.randint(2, len(name))]}))
    for name in draw.sample(names, 20):
        asked.append(("words", {"q": " ".join(draw.sample(name.split(), len(name.split())))}))
    for name in draw.sample([name for name in names if len(name) > 9], 25):
        place = draw.randrange(1, len(name) - 2)
        asked.append(("typos", {"q": name[:place] + name[place + 1] + name[place] + name[place + 2 :]}))
    asked += [("keys", {"q": query}) for query in _KEYS]
    asked += [("sorted", {"q": f"{draw.choice(_KEYS)} {order}"}) for order in _ORDERS for _ in range(4)]
    asked += [
        ("deep", {"q": draw.choice(("a", "t:creature", "c:u")), "page": str(n)}) for n in range(2, 400, 33)
    ]
    asked += [("browsing", {"page": str(n)}) for n in (1, 2, 500, 1667)]
    for query in (*_KEYS[:20], "", "a", "dragon", "order:free"):
        asked.append(("free", {"q": f"{query} is:free".strip(), "free": "1"}))
    asked += [("nonsense", {"q": text}) for text in ("xqzzk", "((((", '"', "x" * 400, "- - -", "c:zzz mv:!")]
    draw.shuffle(asked)
    return asked


def measure(shop: Shop, *, rounds: int) -> list[Line]:
    with catalogue(shop) as names:
        asked = questions(names)
        lines = [_reading()]
        days = BlockedPeriod(
            shop.today + timedelta(days=FIRST_DAY), shop.today + timedelta(days=FIRST_DAY + DAYS)
        )
        client = Client(headers={"host": "localhost"})
        search_cards(query=CardQuery(), today=shop.today)
        client.get(reverse("inventory:cards"))
        times: dict[str, list[float]] = {"function": [], "page": [], "ILIKE": []}
        by_kind: dict[str, list[float]] = {}
        for _ in range(max(1, min(3, rounds // 10))):
            for kind, parameters in asked:
                taken = _times(parameters, shop=shop, days=days, client=client)
                for what, time in taken.items():
                    times[what].append(time)
                by_kind.setdefault(kind, []).append(taken["function"])
    baseline = percentile(times["ILIKE"], 95)
    lines += [
        _line(f"search_cards, {len(asked)} searches: all but the slowest 5 %", times["function"], baseline),
        _line("the page /cards/ of the same searches: all but the slowest 5 %", times["page"], baseline),
    ]
    lines += [
        Line(f"… of these: {kind}", figures, "ms", tail=True) for kind, figures in sorted(by_kind.items())
    ]
    return lines


def _times(
    parameters: dict[str, str], *, shop: Shop, days: BlockedPeriod, client: Client
) -> dict[str, float]:
    free = "free" in parameters
    query, page = parameters.get("q", ""), parameters.get("page", "1")
    address = {"q": query, "page": page}
    if free:
        first_day = shop.today + timedelta(days=FIRST_DAY)
        address |= {"from": first_day.isoformat(), "to": (first_day + timedelta(days=DAYS - 1)).isoformat()}

    def function() -> None:
        search_cards(query=CardQuery.asked(query), page=page, today=shop.today, days=days if free else None)

    def whole_page() -> None:
        response = client.get(reverse("inventory:cards"), address)
        if response.status_code != 200:
            raise AssertionError(f"/cards/ answers {response.status_code} to {address}.")

    variants: dict[str, Callable[[], None]] = {
        "function": function,
        "page": whole_page,
        "ILIKE": lambda: _in_database(query),
    }
    return {name: milliseconds(variant)[0] for name, variant in variants.items()}


def _in_database(text: str) -> None:
    cards = Card.objects.with_value().filter(
        *(Q(name__icontains=word) for word in CardQuery.asked(text).name_text.split())
    )
    cards.count()
    list(cards.order_by("folded_name")[:CARDS_PER_PAGE])


def _reading() -> Line:
    taken = [milliseconds(read_catalogue)[0] for _ in range(3)]
    tracemalloc.start()
    kept = read_catalogue()
    megabytes = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    return Line(
        f"reading the catalogue anew: {kept.size:,} cards, {len(kept.edition_cards):,} printings, {megabytes:.0f} MB",
        taken,
        "ms",
    )


def _line(question: str, figures: list[float], baseline: float) -> Line:
    slowest = percentile(figures, 95)
    return Line(
        f"{question} (half: {statistics.median(figures):.1f}, slowest: {max(figures):.1f} ms)",
        [slowest],
        "ms",
        against="ILIKE on names",
        baseline=baseline,
        ratio=slowest / baseline,
        limit=f"≤ {LIMIT:.0f} ms",
        reached=slowest <= LIMIT,
    )
