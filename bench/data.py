"""The shop that the bench measures: a large one in its second good year.

Everything follows from a seed and the scale. Popularity is skewed as in real decks: the card of rank r is
drawn with a weight of 1 / (r + RANK_OFFSET), so at full scale the best-loved card is in about every second
deck, and most cards are in a few. The shop owns what its promises need at their peak and a little more,
so the books are in order: on no day is more firm or out than is owned.
"""

import hashlib
import json
import time
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray

from bench import database
from bench.copying import (
    Ints,
    bigints,
    copy_records,
    copy_rows,
    dates,
    integers,
    moments,
    reset_sequence,
    texts,
    without_indexes,
)
from inventory.models import Card, Printing
from inventory.names import fold_name

SEED = 20_07
CARDS, PRINTINGS, RESERVATIONS = 30_000, 60_000, 1_000_000  # at scale 1
FIRST_START, LAST_START = -15, 705  # days from today
RANK_OFFSET = 10
DECK_SIZES = (40, 75)  # distinct cards, both included
QUEUED_SHARE = 0.04  # of the decks ahead
OVERDUE_SHARE = 0.04  # of the decks that are out
TABLES = ("inventory_card", "inventory_printing", "inventory_stockmovement", "inventory_reservation")


@dataclass(frozen=True, slots=True)
class Shop:
    """What the bench asks about: how large it is, which day it is there, and how its cards are loved."""

    cards: int
    printings: int
    reservations: int
    today: date
    popularity: NDArray[np.float64] = field(repr=False)  # by card id - 1; sums up to 1

    def decks(self, rng: np.random.Generator, *, count: int, size: int) -> list[list[int]]:
        """Card ids of decks of `size` different cards, drawn as customers draw them."""
        claims, cards = draw_decks(rng, self.popularity, np.full(count, size))
        return [[int(card) + 1 for card in cards[claims == claim]] for claim in range(count)]


def open_shop(*, scale: float, rebuild: bool = False) -> Shop:
    """The bench's database, filled. Built anew where the scale, the migrations or this module changed."""
    wanted = _fingerprint(scale)
    built = None if rebuild else _built()
    if built is None or built["fingerprint"] != wanted:
        begun = time.perf_counter()
        database.recreate()
        built = {"fingerprint": wanted, "today": timezone.localdate().isoformat()}
        _fill(_shop(scale, date.fromisoformat(built["today"])))
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE bench_built AS SELECT %s::jsonb AS built", [json.dumps(built)])
        print(f"built in {time.perf_counter() - begun:.0f} s")
    return _shop(scale, date.fromisoformat(built["today"]))


def _shop(scale: float, today: date) -> Shop:
    cards = max(500, round(CARDS * scale))
    ranks = np.random.default_rng(SEED).permutation(cards)  # ids say nothing about popularity
    weights = 1 / (ranks + 1 + RANK_OFFSET)
    return Shop(
        cards, round(cards * PRINTINGS / CARDS), round(RESERVATIONS * scale), today, weights / weights.sum()
    )


def _fingerprint(scale: float) -> str:
    here = Path(__file__).parent
    sources = [here / "data.py", here / "copying.py", *sorted(here.parent.glob("*/migrations/*.py"))]
    digest = hashlib.sha256(str(scale).encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _built() -> dict[str, str] | None:
    if not database.exists():
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('bench_built')")
        if cursor.fetchone()[0] is None:
            return None  # its building was interrupted
        cursor.execute("SELECT built::text FROM bench_built")
        return json.loads(cursor.fetchone()[0])


# --- what is in it --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Promises:
    """One entry per reservation: whose, of which card (id - 1), how many, on which days from today."""

    claim: Ints
    card: Ints
    quantity: Ints
    out_on: Ints
    back_on: Ints
    state: Ints  # 0 firm, 1 out, 2 queued
    expected_on: Ints  # 0: none


def _fill(shop: Shop) -> None:
    rng = np.random.default_rng(SEED + 1)
    today = np.datetime64(shop.today)
    promises = _promises(rng, shop)
    with without_indexes("inventory_card"), without_indexes("inventory_printing"):
        card_of_printing = _printings(rng, shop)
        _copy_cards(rng, shop, card_of_printing)
    with without_indexes("inventory_stockmovement"):
        _copy_movements(rng, shop, card_of_printing, _peaks(promises, shop.cards), today)
    with without_indexes("inventory_reservation"):
        _copy_reservations(rng, promises, today)
    for table in TABLES:
        reset_sequence(table)
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")
        cursor.execute("CHECKPOINT")


def draw_decks(rng: np.random.Generator, popularity: NDArray[np.float64], sizes: Ints) -> tuple[Ints, Ints]:
    """(deck, card) for as many different cards in each deck as `sizes` says, loved ones more often."""
    cumulated = np.cumsum(popularity)
    drawn_per_deck = int(sizes.max()) * 4  # the same card comes up again and again
    drawn = np.searchsorted(cumulated, rng.random((len(sizes), drawn_per_deck)) * cumulated[-1])
    decks = np.repeat(np.arange(len(sizes)), drawn_per_deck)
    _, first = np.unique(decks * len(popularity) + drawn.ravel(), return_index=True)
    first.sort()
    decks, cards = decks[first], drawn.ravel()[first]
    starts = np.searchsorted(decks, np.arange(len(sizes)))
    kept = np.arange(len(decks)) - starts[decks] < sizes[decks]
    return decks[kept], cards[kept]


def _promises(rng: np.random.Generator, shop: Shop) -> _Promises:
    decks = round(shop.reservations / (sum(DECK_SIZES) / 2) * 1.05) + 10
    claim, card = draw_decks(rng, shop.popularity, rng.integers(DECK_SIZES[0], DECK_SIZES[1] + 1, decks))
    claim, card = claim[: shop.reservations], card[: shop.reservations]

    length = rng.integers(3, 15, decks)
    length[rng.random(decks) < 0.03] = 28
    length[rng.random(decks) < 0.002] = 60  # extended
    start = rng.integers(FIRST_START, LAST_START + 1, decks)
    begun = start <= 0
    overdue = begun & (rng.random(decks) < OVERDUE_SHARE)
    # What is not overdue and was due by now has come back: those that are out are due tomorrow or later.
    start = np.where(begun & ~overdue & (start + length <= 0), -rng.integers(0, length), start)
    start = np.where(overdue, -length - rng.integers(0, 10, decks), start)
    state = np.where(begun, 1, np.where(rng.random(decks) < QUEUED_SHARE, 2, 0))
    expected = np.where(overdue & (rng.random(decks) < 0.4), rng.integers(-2, 15, decks), 0)

    quantity = rng.choice([1, 2, 3, 4], len(claim), p=[0.55, 0.15, 0.1, 0.2])
    return _Promises(
        claim, card, quantity, start[claim], (start + length)[claim], state[claim], expected[claim]
    )


def _peaks(promises: _Promises, cards: int) -> Ints:
    """For each card the most copies that are firm or out on one day."""
    first, last = int(promises.out_on.min()), int(promises.back_on.max())
    changes = np.zeros((cards, last - first + 1), dtype=np.int32)
    held = promises.state < 2
    late = (promises.state == 1) & (promises.back_on <= 0)
    until = np.where(
        late & (promises.expected_on <= 0), last, np.maximum(promises.back_on, promises.expected_on)
    )
    card, quantity = promises.card[held], promises.quantity[held]
    np.add.at(changes, (card, promises.out_on[held] - first), quantity)
    np.subtract.at(changes, (card, until[held] - first), quantity)
    return np.cumsum(changes, axis=1).max(axis=1).astype(np.int64)


def _printings(rng: np.random.Generator, shop: Shop) -> Ints:
    """For each printing its card (id - 1): every card has one, loved cards are reprinted more."""
    weights = np.sqrt(shop.popularity)
    reprints = rng.choice(shop.cards, shop.printings - shop.cards, p=weights / weights.sum())
    return np.sort(np.concatenate([np.arange(shop.cards), reprints]))


_FIRST = ("Ancient", "Burning", "Crystal", "Drifting", "Elder", "Frozen", "Gilded", "Hollow", "Iron", "Lost")
_SECOND = ("Æther", "Blade", "Citadel", "Drake", "Elk", "Forge", "Golem", "Harvest", "Idol", "Knight", "Maze")
_TYPES = ("Creature — Human", "Instant", "Sorcery", "Artifact", "Enchantment", "Land")


def _copy_cards(rng: np.random.Generator, shop: Shop, card_of_printing: Ints) -> None:
    copy_records(Card, (_card(i) for i in range(shop.cards)))
    values = rng.lognormal(5, 1.4, shop.printings).astype(int) + 5
    copy_records(
        Printing,
        (
            {
                "id": i + 1,
                "card_id": int(card) + 1,
                "set_code": f"s{i % 240}",
                "set_name": f"Set {i % 240}",
                "collector_number": str(i // 240 + 1),
                "rarity": "rare",
                "artist": "A. Painter",
                "image_urls": f'["https://cards.example/{i}.jpg"]',
                "value_cents": int(value),
            }
            for i, (card, value) in enumerate(zip(card_of_printing, values, strict=True))
        ),
    )


def _card(index: int) -> dict[str, object]:
    name = f"{_FIRST[index % len(_FIRST)]} {_SECOND[index // len(_FIRST) % len(_SECOND)]} {index}"
    folded = fold_name(name)
    return {
        "id": index + 1,
        "name": name,
        "slug": folded.replace(" ", "-"),
        "folded_name": folded,
        "folded_names": [folded],
        "mana_cost": "{1}{U}",
        "mana_value": index % 7,
        "type_line": _TYPES[index % len(_TYPES)],
        "oracle_text": f"When {name} enters, draw a card.",
        "colors": "U",
        "color_identity": "U",
    }


def _copy_movements(
    rng: np.random.Generator, shop: Shop, card_of_printing: Ints, peaks: Ints, today: np.datetime64
) -> None:
    """Bought in up to three lots per printing, some lost and replaced, some purchases still under way."""
    owned = peaks + rng.integers(0, 4, shop.cards)

    # The copies of each card are dealt out over its printings.
    first_printing = np.searchsorted(card_of_printing, np.arange(shop.cards))
    sharing = np.bincount(card_of_printing, minlength=shop.cards)[card_of_printing]
    each, left_over = np.divmod(owned[card_of_printing], sharing)
    per_printing = each + (np.arange(shop.printings) - first_printing[card_of_printing] < left_over)
    everything = np.arange(shop.printings)

    lots: list[tuple[Ints, Ints, Ints, str]] = []  # printing, copies, day, kind
    lot = per_printing // 3
    bought = (lot, lot, per_printing - 2 * lot)
    for copies in bought:
        lots.append((everything, copies, rng.integers(-1500, -20, shop.printings), "bought"))
    damaged = everything[(per_printing > 0) & (rng.random(shop.printings) < 0.1)]
    lost_on = rng.integers(-300, -2, len(damaged))
    lots.append((damaged, np.full(len(damaged), -1), lost_on, "damaged"))
    lots.append((damaged, np.full(len(damaged), 1), lost_on, "bought"))
    coming = everything[rng.random(shop.printings) < 0.05]
    arriving = rng.integers(1, 90, len(coming))
    lots.append((coming, rng.integers(1, 9, len(coming)), arriving, "bought"))

    place = 0
    groups = []
    for printing, copies, day, kind in lots:
        some = copies != 0
        rows = int(some.sum())
        places = np.arange(place, place + rows)
        place += rows
        groups.append(
            (
                places,
                {
                    "id": bigints(places + 1),
                    "printing_id": bigints(printing[some] + 1),
                    "quantity": integers(copies[some]),
                    "kind": texts(kind, rows),
                    "effective_on": dates(day[some], today=today),
                    "note": texts(" ", rows),
                    "created_at": moments(np.zeros(rows, dtype=np.int64), today=today),
                },
            )
        )
    copy_rows("inventory_stockmovement", groups)


def _copy_reservations(rng: np.random.Generator, promises: _Promises, today: np.datetime64) -> None:
    decks = int(promises.claim.max()) + 1
    claims = np.frombuffer(rng.bytes(16 * decks), dtype="V16")
    # Places in the queue in the order in which the orders came in, over the last month.
    queued_at = -np.sort(rng.integers(60, 30 * 86_400, decks))[::-1] * 1_000_000 + np.arange(decks)
    groups: list[tuple[Ints, dict[str, Any]]] = []
    for state, name in enumerate(("firm", "out", "queued")):
        for expected in (False, True):
            rows = np.flatnonzero((promises.state == state) & ((promises.expected_on != 0) == expected))
            claim = promises.claim[rows]
            groups.append(
                (
                    rows,
                    {
                        "id": bigints(rows + 1),
                        "claim": claims[claim],
                        "card_id": bigints(promises.card[rows] + 1),
                        "quantity": integers(promises.quantity[rows]),
                        "out_on": dates(promises.out_on[rows], today=today),
                        "back_on": dates(promises.back_on[rows], today=today),
                        "state": texts(name, len(rows)),
                        "queued_at": moments(queued_at[claim], today=today) if name == "queued" else None,
                        "expected_on": dates(promises.expected_on[rows], today=today) if expected else None,
                    },
                )
            )
    copy_rows("inventory_reservation", groups)


def describe(shop: Shop) -> dict[str, Any]:
    """How much of what there is, for the results."""
    facts = {key: value for key, value in asdict(shop).items() if key != "popularity"}
    facts["today"] = shop.today.isoformat()
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, COUNT(*) FROM inventory_reservation GROUP BY state ORDER BY state")
        facts["states"] = dict(cursor.fetchall())
        cursor.execute("SELECT COUNT(*), SUM(quantity) FROM inventory_stockmovement")
        facts["stock_movements"], facts["copies"] = cursor.fetchone()
        cursor.execute(
            "SELECT MAX(n), PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY n)"
            " FROM (SELECT COUNT(*) AS n FROM inventory_reservation GROUP BY card_id)"
        )
        facts["reservations_of_a_card"] = dict(zip(("most", "median"), cursor.fetchone(), strict=True))
    return facts
