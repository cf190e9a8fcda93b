"""Invented objects in the shape of Scryfall's bulk data."""

import uuid
from typing import Any

_NAMESPACE = uuid.UUID("7f7a6f0a-0000-4000-8000-000000000000")


def scryfall_id(text: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, text))


def card_object(name: str = "Ember Otter", **fields: Any) -> dict[str, Any]:
    """A common of an invented set; `fields` replace its own, and None takes one out."""
    number = fields.get("collector_number", "1")
    found = {
        "object": "card",
        "id": scryfall_id(f"{name} {fields.get('set', 'inv')} {number} {fields.get('lang', 'en')}"),
        "oracle_id": scryfall_id(name),
        "name": name,
        "lang": "en",
        "released_at": "2020-02-01",
        "layout": "normal",
        "image_uris": {"normal": f"https://images.example/{number}.jpg"},
        "mana_cost": "{1}{R}",
        "cmc": 2.0,
        "type_line": "Creature — Otter",
        "oracle_text": "It swims.",
        "colors": ["R"],
        "color_identity": ["R"],
        "games": ["paper"],
        "finishes": ["nonfoil"],
        "set": "inv",
        "set_name": "Invented",
        "set_type": "expansion",
        "collector_number": number,
        "rarity": "common",
        "artist": "A. Nobody",
        "digital": False,
        "oversized": False,
        "prices": {"eur": "1.50", "usd": "2.10", "usd_foil": "9.99", "eur_foil": None, "usd_etched": None},
    } | fields
    return {key: value for key, value in found.items() if value is not None}


def two_sided(name: str = "Shy Caterpillar // Loud Moth", **fields: Any) -> dict[str, Any]:
    front, back = name.split(" // ")
    return card_object(
        name,
        **{
            "layout": "transform",
            "mana_cost": None,
            "oracle_text": None,
            "colors": None,
            "image_uris": None,
            "type_line": "Creature — Insect // Creature — Insect",
            "card_faces": [
                _face(front, "{G}", ["G"], power="1", toughness="1"),
                _face(back, "", ["U"], power="4", toughness="4"),
            ],
        }
        | fields,
    )


def reversible(name: str = "Mirror Heron", **fields: Any) -> dict[str, Any]:
    side = _face(name, "{2}{U}", ["U"], oracle_id=scryfall_id(name), layout="normal", cmc=3.0)
    return card_object(
        f"{name} // {name}",
        **dict.fromkeys(("oracle_id", "cmc", "type_line", "mana_cost", "oracle_text", "colors", "image_uris"))
        | {"layout": "reversible_card", "card_faces": [side, dict(side)]}
        | fields,
    )


def _face(name: str, mana_cost: str, colors: list[str], **fields: Any) -> dict[str, Any]:
    return {
        "object": "card_face",
        "name": name,
        "mana_cost": mana_cost,
        "type_line": "Creature — Insect",
        "oracle_text": f"{name} flies.",
        "colors": colors,
        "image_uris": {"normal": f"https://images.example/{len(name)}.jpg"},
        **fields,
    }
