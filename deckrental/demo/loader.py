"""Loads the demo shop from the files beside this module. Run again, it adds what is missing and nothing else."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from accounts.models import User
from inventory.catalogue import make_cards
from inventory.deck_shelf import publish, save_deck
from inventory.models import Card, Printing, StockMovement, TemplateDeck, Zone
from inventory.stock import new_movement, record_movements
from orders.models import ShippingMethod

_HERE = Path(__file__).parent
_OPENING_NOTE = "Opening stock of the demo"
_OWNED_FOR = timedelta(days=90)  # the shop did not open today
_LANGUAGE = "en"
_ZONES = {"Commander": Zone.COMMANDER, "Deck": Zone.MAIN, "Sideboard": Zone.SIDEBOARD}

SHIPPING_METHODS = (
    {
        "slug": "pickup",
        "name": "Pick up at the shop",
        "description": "Collect the deck on the first day and bring it back on the last; where we are closed, "
        "on the open day before, and after.",
        "price_cents": 0,
        "transit_out_days": 0,
        "transit_back_days": 0,
        "lead_days": 0,
        "needs_address": False,
    },
    {
        "slug": "standard",
        "name": "Standard parcel",
        "description": "Two working days out, up to three back; the return label is in the parcel.",
        "price_cents": 590,
        "transit_out_days": 2,
        "transit_back_days": 3,
        "lead_days": 1,
        "needs_address": True,
    },
    {
        "slug": "express",
        "name": "Express parcel",
        "description": "By the next working day, both ways.",
        "price_cents": 1490,
        "transit_out_days": 1,
        "transit_back_days": 1,
        "lead_days": 1,
        "needs_address": True,
    },
)

Edition = tuple[str, str, str]  # set, number, finish


@dataclass(slots=True)
class LoadedDemo:
    """What this run has added."""

    cards: int = 0
    printings: int = 0
    movements: int = 0
    decks: int = 0
    shipping_methods: int = 0


@dataclass(frozen=True, slots=True)
class DemoDeck:
    name: str
    format: str
    description: str
    published: bool
    lines: list[tuple[Zone, int, str]] = field(default_factory=list)


def load_demo(*, today: date, by: User | None) -> LoadedDemo:
    """Cards, printings, stock, template decks and shipping methods. What is there already stays as it is."""
    loaded = LoadedDemo()
    rows = _read_csv("cards.csv")
    with transaction.atomic():
        cards = _load_cards(rows, loaded)
        printings = _load_printings(rows, cards, loaded)
        _load_stock(rows, printings, today=today, by=by, loaded=loaded)
        _load_decks(cards, loaded, by=by)
        _load_shipping_methods(loaded)
    return loaded


def _load_cards(rows: Iterable[Mapping[str, str]], loaded: LoadedDemo) -> dict[str, Card]:
    """By name. A card that the catalogue has under this very name is the same card."""
    wanted = {row["name"]: row for row in rows}
    cards: dict[str, Card] = {}
    for card in Card.objects.filter(name__in=wanted).order_by("-pk"):
        cards[card.name] = card  # the first one of a name, where there are several
    made = make_cards([_card_facts(row) for name, row in wanted.items() if name not in cards])
    loaded.cards = len(made)
    return cards | {card.name: card for card in made}


def _card_facts(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "layout": row["layout"],
        "mana_cost": row["mana_cost"],
        "type_line": row["type_line"],
        "colors": row["colors"],
        "color_identity": row["color_identity"],
        "faces": _faces(row),
    }


def _faces(row: Mapping[str, str]) -> list[dict[str, str]]:
    names = row["name"].split(" // ")
    if len(names) == 1:
        return []
    costs = row["mana_cost"].split(" // ")
    costs += [""] * (len(names) - len(costs))
    types = row["type_line"].split(" // ")
    return [
        {"name": name, "mana_cost": cost, "type_line": type_line}
        for name, cost, type_line in zip(names, costs, types, strict=True)
    ]


def _load_printings(
    rows: Iterable[Mapping[str, str]], cards: Mapping[str, Card], loaded: LoadedDemo
) -> dict[Edition, Printing]:
    wanted = {_edition(row): row for row in rows}
    sets = {set_code for set_code, _, _ in wanted}
    known = Printing.objects.filter(set_code__in=sets, language=_LANGUAGE).select_related("card")
    printings = {(p.set_code, p.collector_number, p.finish): p for p in known}
    made = Printing.objects.bulk_create(
        Printing(
            card=cards[row["name"]],
            set_code=row["set_code"],
            set_name=row["set_name"],
            collector_number=row["collector_number"],
            language=_LANGUAGE,
            finish=row["finish"],
            rarity=row["rarity"],
            value_cents=int(row["value_cents"]),
        )
        for edition, row in wanted.items()
        if edition not in printings
    )
    loaded.printings = len(made)
    # A printing that an import has brought may not have a value yet.
    unvalued = [printings[edition] for edition in wanted.keys() & printings.keys()]
    unvalued = [printing for printing in unvalued if printing.value_cents is None]
    for printing in unvalued:
        row = wanted[printing.set_code, printing.collector_number, printing.finish]
        printing.value_cents = int(row["value_cents"])
    Printing.objects.bulk_update(unvalued, ["value_cents"], batch_size=500)
    return printings | {(p.set_code, p.collector_number, p.finish): p for p in made}


def _load_stock(
    rows: Iterable[Mapping[str, str]],
    printings: Mapping[Edition, Printing],
    *,
    today: date,
    by: User | None,
    loaded: LoadedDemo,
) -> None:
    """Copies that were bought long ago, and a few that will come or go. Once, whatever has become of them since."""
    if StockMovement.objects.filter(note=_OPENING_NOTE).exists():
        return
    opening = [
        new_movement(
            printing=printings[_edition(row)],
            kind=StockMovement.Kind.BOUGHT,
            quantity=int(row["copies"]),
            by=by,
            effective_on=today - _OWNED_FOR,
            note=_OPENING_NOTE,
        )
        for row in rows
        if int(row["copies"])
    ]
    ahead = [
        new_movement(
            printing=printings[_edition(row)],
            kind=row["kind"],
            quantity=int(row["quantity"]),
            by=by,
            effective_on=today + timedelta(days=int(row["in_days"])),
            note=row["note"].capitalize(),
        )
        for row in _read_csv("stock_ahead.csv")
    ]
    record_movements(opening)
    record_movements(ahead)
    loaded.movements = len(opening) + len(ahead)


def _load_decks(cards: Mapping[str, Card], loaded: LoadedDemo, *, by: User | None) -> None:
    for deck in demo_decks():
        if TemplateDeck.objects.filter(slug=slugify(deck.name)).exists():
            continue
        made = save_deck(
            name=deck.name,
            format=deck.format,
            description=deck.description,
            lines={(cards[name].pk, zone): quantity for zone, quantity, name in deck.lines},
            by=by,
        )
        if deck.published:
            publish(deck=made)
        loaded.decks += 1


def _load_shipping_methods(loaded: LoadedDemo) -> None:
    for position, method in enumerate(SHIPPING_METHODS, start=1):
        _, made = ShippingMethod.objects.get_or_create(
            slug=method["slug"], defaults={**method, "position": position}
        )
        loaded.shipping_methods += made


def demo_decks() -> Iterator[DemoDeck]:
    """The decks of this folder: a few `Key: value` lines, a blank one, then `4 Name` lines under their headers."""
    for path in sorted((_HERE / "decks").glob("*.txt")):
        head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
        facts = dict(line.split(": ", 1) for line in head.splitlines())
        deck = DemoDeck(
            name=facts["Name"],
            format=facts["Format"],
            description=facts["Description"],
            published=facts.get("Published", "yes") == "yes",
        )
        zone = Zone.MAIN
        for line in filter(None, body.splitlines()):
            if line in _ZONES:
                zone = _ZONES[line]
            else:
                quantity, name = line.split(" ", 1)
                deck.lines.append((zone, int(quantity), name))
        yield deck


def _edition(row: Mapping[str, str]) -> Edition:
    return row["set_code"], row["collector_number"], row["finish"]


def _read_csv(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
