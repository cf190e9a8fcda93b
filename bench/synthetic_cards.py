"""A catalogue as large as the real one, made up: names of real shapes over a vocabulary in which few words are common.

Everything follows from the seed. What matters for looking cards up is as in the real catalogue: about every third
word of it stands in one name only, "the" in every tenth; some names have two faces, an apostrophe, a comma, an accent.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from psycopg import sql

from bench import database
from bench.copying import copy_records, reset_sequence
from inventory.catalogue import distinct_slugs, folded_names, slug_base
from inventory.names import fold_name

SEED = 40_000
CARDS = 40_000
_OWNED_SHARE = 0.1
_VOCABULARY = 13_000
_COMMON = """
storm dragon shadow light spirit goblin elf knight angel demon soul blood fire ice stone iron silver golden ancient
dark wild sacred lost burning frozen hollow silent raging blade shield crown tower forest island mountain swamp plains
river sea sky wind thunder lightning bolt counterspell charm ritual sage scout warrior mage druid shaman wizard rogue
cleric guardian sentinel golem wurm hydra sphinx vampire zombie serpent drake phoenix griffin bear wolf hound rat bat
spider snake titan giant ogre troll master captain herald champion apprentice mentor tyrant
"""
_ONSETS = "b br c cr d dr f fl g gr h j k kr l m n p qu r s sh sk sl st t th tr v w z"
_VOWELS = "a e i o u ae ia ou y"
_ENDS = ("l", "m", "n", "r", "s", "th", "x", "nd", "rk", "sh", "k", "d", "t", "", "", "")
_SHAPES = (
    ("{} {}", 46),
    ("{}", 13),
    ("{} {} {}", 8),
    ("{} of {}", 7),
    ("{} of the {}", 6),
    ("{}, the {} {}", 4),
    ("{}, {} {}", 5),
    ("{}'s {}", 8),
    ("{} {} // {} {}", 3),
)
_TYPES = (
    ("Instant", 12), ("Sorcery", 12), ("Enchantment — Aura", 6), ("Enchantment", 7), ("Artifact", 8),
    ("Artifact — Equipment", 4), ("Creature — Human Wizard", 15), ("Creature — Goblin Scout", 12),
    ("Creature — Elf Druid", 12), ("Legendary Creature — Dragon", 7), ("Land", 5),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SyntheticCard:
    """The facts of a card that follow from nothing else; `owned` in copies."""

    name: str
    mana_cost: str
    colors: str
    type_line: str
    owned: int


def synthetic_cards(count: int = CARDS, *, seed: int = SEED) -> list[SyntheticCard]:
    """So many cards, no two of the same name. Pure."""
    draw = random.Random(seed)
    words = _vocabulary(draw)
    weights = list(accumulate(1 / (rank + 25) for rank in range(len(words))))
    shapes, shape_weights = zip(*_SHAPES, strict=True)
    types, type_weights = zip(*_TYPES, strict=True)
    names: dict[str, None] = {}
    while len(names) < count:
        shape = draw.choices(shapes, shape_weights)[0]
        drawn = draw.choices(words, cum_weights=weights, k=shape.count("{}"))
        names.setdefault(shape.format(*(word.capitalize() for word in drawn)))
    cards = []
    for name in names:
        type_line = draw.choices(types, type_weights)[0]
        colors = (
            "" if type_line == "Land" else "".join(sorted(draw.sample("WUBRG", draw.choice((1, 1, 1, 2)))))
        )
        generic = f"{{{draw.randint(1, 6)}}}" if draw.random() < 0.8 else ""
        cost = "" if type_line == "Land" else generic + "".join(f"{{{color}}}" for color in colors)
        owned = draw.randint(1, 8) if draw.random() < _OWNED_SHARE else 0
        cards.append(SyntheticCard(name, cost, colors, type_line, owned))
    return cards


def _vocabulary(draw: random.Random) -> list[str]:
    """Words, the common ones first."""
    words = dict.fromkeys(_COMMON.split())
    onsets, vowels = _ONSETS.split(), _VOWELS.split()
    while len(words) < _VOCABULARY:
        syllables = (draw.choice(onsets) + draw.choice(vowels) for _ in range(draw.choice((1, 2, 2, 2, 3))))
        word = "".join(syllables) + draw.choice(_ENDS)
        if draw.random() < 0.01:
            word = word.replace("u", "û", 1)
        words.setdefault(word)
    return list(words)


@contextmanager
def catalogue(count: int = CARDS) -> Iterator[list[SyntheticCard]]:
    """A database with these cards and nothing else, on which Django works until the context ends."""
    name = f"{database.NAME}_catalogue"
    cards = synthetic_cards(count)
    with database.server() as postgres:
        postgres.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        postgres.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        with database.working_on(name):
            call_command("migrate", verbosity=0, interactive=False)
            _write(cards)
            yield cards
    finally:
        with database.server() as postgres:
            postgres.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _write(cards: list[SyntheticCard]) -> None:
    """One printing for each card, and one purchase of what is owned."""
    slugs = distinct_slugs([slug_base(card.name) for card in cards], set())
    today, now = timezone.localdate(), timezone.now()
    copy_records(
        "inventory_card",
        (
            {
                "id": number,
                "name": card.name,
                "slug": slug,
                "folded_name": fold_name(card.name),
                "folded_names": folded_names(card.name),
                "layout": "split" if " // " in card.name else "normal",
                "mana_cost": card.mana_cost,
                "mana_value": 0,
                "type_line": card.type_line,
                "oracle_text": "",
                "colors": card.colors,
                "color_identity": card.colors,
                "faces": "[]",
            }
            for number, (card, slug) in enumerate(zip(cards, slugs, strict=True), start=1)
        ),
    )
    copy_records(
        "inventory_printing",
        (
            {
                "id": number,
                "card_id": number,
                "set_code": f"s{number % 300}",
                "set_name": f"Set {number % 300}",
                "collector_number": str(number),
                "language": "en",
                "finish": "nonfoil",
                "rarity": ("common", "uncommon", "rare", "mythic")[number % 4],
                "artist": "",
                "image_urls": "[]",
                "value_cents": 20 + number % 2_000,
            }
            for number in range(1, len(cards) + 1)
        ),
    )
    owned = [(number, card.owned) for number, card in enumerate(cards, start=1) if card.owned]
    copy_records(
        "inventory_stockmovement",
        (
            {
                "id": number,
                "printing_id": card_id,
                "quantity": copies,
                "kind": "bought",
                "effective_on": today,
                "note": "",
                "created_at": now,
            }
            for number, (card_id, copies) in enumerate(owned, start=1)
        ),
    )
    for table in ("inventory_card", "inventory_printing", "inventory_stockmovement"):
        reset_sequence(table)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) inventory_card, inventory_printing, inventory_stockmovement")
