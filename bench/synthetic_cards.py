"""A catalogue as large as the real one, to search in and to complete names from: all made up, in real shapes.

Everything follows from the seed. As in the real catalogue few words are common and every third stands in one name
only; some names have two faces, an apostrophe, a comma, an accent; loved cards have more printings. There are no
pictures, so each card is drawn. Of every seventh the shop owns copies, and customers have reserved some of them.
"""

import json
import random
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from django.db import connection

from bench import data, database
from bench.copying import copy_records, reset_sequence
from bench.data import Shop
from inventory.catalogue import distinct_slugs, folded_names, slug_base
from inventory.mana import mana_value
from inventory.models import Card, Printing, Reservation, StockMovement
from inventory.names import fold_name
from inventory.scryfall import in_wubrg_order

SEED = 40_60
CARDS, PRINTINGS = 40_000, 60_000  # at scale 1
OWNED_SHARE = 0.15
RESERVED = 8  # times, of every owned card
SETS = 400

# --- names ----------------------------------------------------------------------------------------------

_VOCABULARY = 13_000
_KNOWN = ("Lightning Bolt", "Serra Angel", "Fire // Ice", "Jace, the Mind Sculptor", "Lim-Dûl's Vault")
_COMMON = """
the of storm dragon shadow light spirit goblin elf knight angel demon soul blood fire ice stone iron silver golden
ancient dark wild sacred lost burning frozen hollow silent raging blade shield crown tower forest island mountain
swamp plains river sea sky wind thunder lightning bolt counterspell charm command ritual growth rage sage scout
warrior mage druid shaman wizard rogue cleric guardian sentinel golem wurm hydra sphinx vampire zombie serpent drake
phoenix griffin bear wolf hound rat bat spider snake titan giant ogre troll master captain herald champion apprentice
mentor tyrant
"""
_ONSETS = "b br c cr d dr f fl g gr h j k kr l m n p qu r s sh sk sl st t th tr v w z"
_VOWELS = "a e i o u ae ia ou y"
_ENDS = ("l", "m", "n", "r", "s", "th", "x", "nd", "rk", "sh", "k", "d", "t", "", "", "")
_SHAPES = {
    "{} {}": 45, "{}": 13, "{} {} {}": 9, "{} of {}": 7, "{} of the {}": 6, "{}, the {} {}": 4, "{}, {} {}": 4,
    "{}'s {}": 8, "{} {} // {} {}": 4,
}  # fmt: skip

# --- what is printed on them ----------------------------------------------------------------------------

_KINDS = {
    "Creature": 50, "Instant": 12, "Sorcery": 12, "Enchantment": 7, "Enchantment — Aura": 4, "Artifact": 7,
    "Artifact — Equipment": 3, "Land": 6, "Legendary Creature": 7, "Planeswalker": 2,
}  # fmt: skip
_TRIBES = (
    "Elf", "Goblin", "Human", "Wizard", "Dragon", "Angel", "Zombie", "Spirit", "Beast", "Knight", "Cat", "Bird",
    "Druid", "Scout",
)  # fmt: skip
_SENTENCES = (
    "Flying", "Trample", "Vigilance", "Draw a card.", "Destroy target creature.", "Target player discards two cards.",
    "When this creature enters the battlefield, you gain 3 life.", "{T}: Add one mana of any color.",
    "Create a 1/1 white Soldier creature token.", "It deals 3 damage to any target.", "Counter target spell.",
    "Whenever this creature attacks, put a +1/+1 counter on it.",
    "Return target card from your graveyard to your hand.",
    "Search your library for a basic land card, put it onto the battlefield tapped, then shuffle.",
)  # fmt: skip
_FACED = ("split", "transform", "modal_dfc", "adventure")
_RARITIES = {"common": 10, "uncommon": 7, "rare": 5, "mythic": 2}
_FINISHES = {"nonfoil": 3, "foil": 1}


@contextmanager
def catalogue(shop: Shop) -> Iterator[list[str]]:
    """Within, Django works on a database with these cards and nothing else, as many as go with such a shop.

    Gives the names of the cards.
    """
    scale = min(1.0, shop.cards / data.CARDS)
    with database.empty("catalogue") as name, database.working_on(name):
        yield _write(today=shop.today, cards=round(CARDS * scale), printings=round(PRINTINGS * scale))


def _write(*, today: date, cards: int, printings: int) -> list[str]:
    draw = random.Random(SEED)
    names = card_names(draw, cards)
    slugs = distinct_slugs([slug_base(name) for name in names], set())
    copy_records(
        Card, (_card(draw, number, *facts) for number, facts in enumerate(zip(names, slugs, strict=True), 1))
    )
    # Of each card one, and the others by chance: that some have many more follows from the square.
    more = (int(cards * draw.random() ** 2) for _ in range(printings - cards))
    owners = sorted([*range(1, cards + 1), *(card + 1 for card in more)])
    copy_records(Printing, (_printing(draw, number, card) for number, card in enumerate(owners, 1)))
    first_printings = {card: number for number, card in reversed(list(enumerate(owners, 1)))}
    copies = {
        card: draw.choice((1, 2, 4, 4, 8, 20)) for card in first_printings if draw.random() < OWNED_SHARE
    }
    copy_records(StockMovement, _movements(copies, first_printings, today))
    copy_records(Reservation, _reservations(draw, copies, today))
    for model in (Card, Printing, StockMovement, Reservation):
        reset_sequence(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    return names


def card_names(draw: random.Random, count: int) -> list[str]:
    """So many, all different. Pure."""
    words = _vocabulary(draw)
    weights = list(accumulate(1 / (rank + 25) for rank in range(len(words))))
    names = dict.fromkeys(_KNOWN)
    while len(names) < count:
        shape = _drawn(draw, _SHAPES)
        drawn = draw.choices(words, cum_weights=weights, k=shape.count("{}"))
        names.setdefault(shape.format(*(word.capitalize() for word in drawn)))
    return list(names)


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


def _drawn(draw: random.Random, weights: Mapping[str, int]) -> str:
    return draw.choices(list(weights), list(weights.values()))[0]


def _card(draw: random.Random, number: int, name: str, slug: str) -> dict[str, object]:
    faces = [_face(draw, face) for face in name.split(" // ")]
    layout = draw.choice(_FACED) if len(faces) > 1 else "normal"
    whole = faces[0] if len(faces) == 1 else {}
    between = {"mana_cost": " // ", "type_line": " // ", "oracle_text": "\n//\n"}
    printed = {fact: sign.join(face[fact] for face in faces) for fact, sign in between.items()}
    colors = in_wubrg_order("".join(face["colors"] for face in faces))
    return {
        "id": number,
        "name": name,
        "slug": slug,
        "folded_name": fold_name(name),
        "folded_names": folded_names(name),
        "layout": layout,
        **printed,
        "mana_value": mana_value(printed["mana_cost"], layout=layout),
        "colors": colors,
        "color_identity": colors,
        **{fact: whole.get(fact, "") for fact in ("power", "toughness", "loyalty")},
        "faces": json.dumps(faces if len(faces) > 1 else []),
    }


def _face(draw: random.Random, name: str) -> dict[str, str]:
    kind = _drawn(draw, _KINDS)
    is_creature = "Creature" in kind
    colors = "" if kind == "Land" else in_wubrg_order(
        draw.sample("WUBRG", draw.choices((0, 1, 2, 3), (2, 12, 4, 1))[0])
    )  # fmt: skip
    generic = f"{{{draw.randrange(1, 7)}}}" if draw.random() < 0.8 or not colors else ""
    face = {
        "name": name,
        "mana_cost": "" if kind == "Land" else generic + "".join(f"{{{color}}}" for color in colors),
        "type_line": f"{kind} — {' '.join(draw.sample(_TRIBES, 2))}" if is_creature else kind,
        "oracle_text": "\n".join(draw.sample(_SENTENCES, draw.choice((1, 2, 2, 3)))),
        "colors": colors,
    }
    if is_creature:
        return face | {"power": str(draw.randrange(8)), "toughness": str(draw.randrange(1, 9))}
    return face | {"loyalty": str(draw.randrange(2, 7))} if kind == "Planeswalker" else face


def _printing(draw: random.Random, number: int, card: int) -> dict[str, object]:
    edition = draw.randrange(SETS)
    return {
        "id": number,
        "card_id": card,
        "set_code": f"s{edition:03}",
        "set_name": f"Set Number {edition}",
        "collector_number": str(number),
        "finish": _drawn(draw, _FINISHES),
        "rarity": _drawn(draw, _RARITIES),
        "released_on": date(1993, 8, 5) + timedelta(days=30 * edition),
        "value_cents": round(draw.lognormvariate(4, 1.5)),
    }


def _movements(
    copies: Mapping[int, int], first_printings: Mapping[int, int], today: date
) -> Iterator[dict[str, object]]:
    now = datetime.combine(today, time(1), tzinfo=UTC)
    for number, (card, quantity) in enumerate(copies.items(), 1):
        yield {
            "id": number,
            "printing_id": first_printings[card],
            "quantity": quantity,
            "kind": "bought",
            "effective_on": today - timedelta(days=100),
            "created_at": now,
        }


def _reservations(draw: random.Random, copies: Mapping[int, int], today: date) -> Iterator[dict[str, object]]:
    reserved = ((card, quantity) for card, quantity in copies.items() for _ in range(RESERVED))
    for number, (card, quantity) in enumerate(reserved, 1):
        out_on = today + timedelta(days=draw.randrange(90))
        yield {
            "id": number,
            "claim": uuid.UUID(int=draw.getrandbits(128)),
            "card_id": card,
            "quantity": draw.randint(1, quantity),
            "out_on": out_on,
            "back_on": out_on + timedelta(days=draw.randint(2, 10)),
            "state": "firm",
        }
