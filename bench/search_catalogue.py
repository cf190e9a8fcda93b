"""A catalogue to search in, as large as the real one: names, types, costs and texts of real shapes, all made up.

Everything follows from the seed. As in the real catalogue few words are common and most are rare, every fifth card has
several printings, and some names have two faces. Of every seventh card the shop owns copies, and customers have
reserved some of them.
"""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import accumulate

from django.db import connection

from bench import database
from bench.copying import copy_records, reset_sequence
from inventory.catalogue import distinct_slugs, folded_names, slug_base
from inventory.mana import mana_value
from inventory.names import fold_name

SEED = 40_60
CARDS, PRINTINGS = 40_000, 60_000
OWNED_SHARE = 0.15
RESERVED = 8  # times, of every owned card
SETS = 400
_WORDS = 12_000
_KNOWN = [
    "lightning",
    "bolt",
    "dragon",
    "angel",
    "knight",
    "goblin",
    "elf",
    "wizard",
    "shadow",
    "storm",
    "fire",
    "ice",
    "stone",
    "blood",
    "soul",
    "spirit",
    "dark",
    "light",
    "forest",
    "island",
    "swamp",
    "mountain",
    "plains",
    "serpent",
    "giant",
    "wurm",
    "hydra",
    "sphinx",
    "demon",
    "vampire",
    "zombie",
    "charm",
    "command",
    "titan",
    "growth",
    "rage",
    "the",
    "of",
]
_ONSETS = [
    "b",
    "br",
    "c",
    "d",
    "dr",
    "f",
    "g",
    "gr",
    "h",
    "k",
    "l",
    "m",
    "n",
    "r",
    "s",
    "sh",
    "st",
    "t",
    "th",
    "v",
    "z",
]
_VOWELS = ["a", "e", "i", "o", "u", "ae", "ia", "ou"]
_ENDS = ["l", "m", "n", "r", "s", "th", "nd", "rk", "k", "d", "", ""]
_SHAPES = (
    ["{} {}"] * 45 + ["{}"] * 12 + ["{} {} {}"] * 10 + ["{} of {}"] * 8 + ["{} of the {}"] * 6
    + ["{}, the {} {}"] * 5 + ["{}'s {}"] * 9 + ["{} {} // {} {}"] * 4
)  # fmt: skip
_KINDS = (
    ["Creature"] * 50 + ["Instant"] * 12 + ["Sorcery"] * 12 + ["Enchantment"] * 10 + ["Artifact"] * 10 + ["Land"] * 6
    + ["Legendary Creature"] * 7 + ["Planeswalker"] * 2
)  # fmt: skip
_TRIBES = [
    "Elf",
    "Goblin",
    "Human",
    "Wizard",
    "Dragon",
    "Angel",
    "Zombie",
    "Spirit",
    "Beast",
    "Knight",
    "Cat",
    "Bird",
]
_SENTENCES = [
    "Flying", "Trample", "Vigilance", "Draw a card.", "Destroy target creature.", "Target player discards two cards.",
    "When this creature enters the battlefield, you gain 3 life.", "{T}: Add one mana of any color.",
    "Create a 1/1 white Soldier creature token.", "It deals 3 damage to any target.", "Counter target spell.",
    "Whenever this creature attacks, put a +1/+1 counter on it.",
    "Return target card from your graveyard to your hand.",
    "Search your library for a basic land card, put it onto the battlefield tapped, then shuffle.",
]  # fmt: skip
_RARITIES = ["common"] * 10 + ["uncommon"] * 7 + ["rare"] * 5 + ["mythic"] * 2
_FINISHES = ["nonfoil"] * 3 + ["foil"]


@contextmanager
def searched_shop(*, today: date, scale: float = 1.0) -> Iterator[list[str]]:
    """Within, Django works on a database with that catalogue. The names of its cards."""
    with database.copied("search") as name, database.working_on(name):
        with connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE inventory_card, inventory_printing, inventory_stockmovement, inventory_reservation CASCADE"
            )
        names = fill(
            today=today, cards=max(500, round(CARDS * scale)), printings=max(750, round(PRINTINGS * scale))
        )
        yield names


def fill(*, today: date, cards: int = CARDS, printings: int = PRINTINGS) -> list[str]:
    draw = random.Random(SEED)
    names = _names(draw, cards)
    slugs = distinct_slugs([slug_base(name) for name in names], set())
    copy_records(
        "inventory_card",
        (
            _card(draw, number, name, slug)
            for number, (name, slug) in enumerate(zip(names, slugs, strict=True), 1)
        ),
    )
    extra = sorted(draw.randrange(cards) for _ in range(printings - cards))
    editions = [*range(cards), *extra]
    copy_records(
        "inventory_printing", (_printing(draw, number, card + 1) for number, card in enumerate(editions, 1))
    )
    owned = [card for card in range(cards) if draw.random() < OWNED_SHARE]
    copies = {card: draw.choice([1, 2, 4, 4, 8, 20]) for card in owned}
    copy_records("inventory_stockmovement", _movements(copies, today))
    copy_records("inventory_reservation", _reservations(draw, copies, today))
    for table in ("card", "printing", "stockmovement", "reservation"):
        reset_sequence(f"inventory_{table}")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return names


def _names(draw: random.Random, count: int) -> list[str]:
    made: dict[str, None] = dict.fromkeys(_KNOWN)
    while len(made) < _WORDS:
        syllables = draw.choices([1, 2, 3], [1, 5, 2])[0]
        word = "".join(draw.choice(_ONSETS) + draw.choice(_VOWELS) for _ in range(syllables)) + draw.choice(
            _ENDS
        )
        if len(word) >= 4:
            made.setdefault(word)
    words = list(made)
    weights = list(accumulate(1 / (rank + 20) for rank in range(len(words))))
    names: dict[str, None] = {"Lightning Bolt": None, "Serra Angel": None}
    while len(names) < count:
        shape = draw.choice(_SHAPES)
        drawn = draw.choices(words, cum_weights=weights, k=shape.count("{}"))
        names.setdefault(shape.format(*(word.capitalize() for word in drawn)))
    return list(names)


def _card(draw: random.Random, number: int, name: str, slug: str) -> dict[str, object]:
    colors = "".join(
        sorted(draw.sample("WUBRG", draw.choices([0, 1, 2, 3], [2, 12, 4, 1])[0]), key="WUBRG".index)
    )
    cost = f"{{{draw.randrange(7)}}}" + "".join(f"{{{color}}}" for color in colors)
    kind = draw.choice(_KINDS)
    tribes = " ".join(draw.sample(_TRIBES, 2)) if "Creature" in kind else ""
    faces = name.split(" // ")
    return {
        "id": number,
        "name": name,
        "slug": slug,
        "folded_name": fold_name(name),
        "folded_names": folded_names(name),
        "layout": draw.choice(["split", "transform", "modal_dfc"]) if len(faces) > 1 else "normal",
        "mana_cost": cost,
        "mana_value": mana_value(cost),
        "type_line": f"{kind} — {tribes}" if tribes else kind,
        "oracle_text": "\n".join(draw.sample(_SENTENCES, draw.choice([1, 2, 2, 3]))),
        "colors": colors,
        "color_identity": colors,
        "faces": "[]",
        **dict.fromkeys(("power", "toughness", "loyalty", "defense"), ""),
    }


def _printing(draw: random.Random, number: int, card: int) -> dict[str, object]:
    edition = draw.randrange(SETS)
    return {
        "id": number,
        "card_id": card,
        "set_code": f"s{edition:03}",
        "set_name": f"Set Number {edition}",
        "collector_number": str(number),
        "language": "en",
        "finish": draw.choice(_FINISHES),
        "rarity": draw.choice(_RARITIES),
        "released_on": date(1993, 8, 5) + timedelta(days=30 * edition),
        "artist": "",
        "image_urls": "[]",
        "value_cents": round(draw.lognormvariate(4, 1.5)),
    }


def _movements(copies: dict[int, int], today: date) -> Iterator[dict[str, object]]:
    for number, (card, quantity) in enumerate(copies.items(), 1):
        yield {
            "id": number,
            "printing_id": card + 1,
            "quantity": quantity,
            "kind": "bought",
            "effective_on": today - timedelta(days=100),
            "note": "",
            "created_at": today,
        }


def _reservations(draw: random.Random, copies: dict[int, int], today: date) -> Iterator[dict[str, object]]:
    number = 0
    for card, quantity in copies.items():
        for _ in range(RESERVED):
            number += 1
            out_on = today + timedelta(days=draw.randrange(90))
            yield {
                "id": number,
                "claim": uuid.UUID(int=draw.getrandbits(128)),
                "card_id": card + 1,
                "quantity": draw.randint(1, quantity),
                "out_on": out_on,
                "back_on": out_on + timedelta(days=draw.randint(2, 10)),
                "state": "firm",
            }
