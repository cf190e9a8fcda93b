"""How a card is drawn from what is known of it: its sides, the colours of its frame, its engraving. Pure.

A card looks the same on every page and on every day: what seems to be chance follows from its name. Drawn by
templates/_components/card.html.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import zip_longest
from typing import Any

from inventory.engraving import Engraving
from inventory.mana import symbols
from inventory.models import Card

# Layouts whose second face is printed on the back. The faces of all others share the front.
_TWO_SIDED = {"transform", "modal_dfc", "double_faced_token"}
ROSETTES = 6
_LONG, _LONGEST = 230, 420  # characters of rules text that need smaller type

# What an engraving shows is the first of these that a type line names.
_EMBLEMS = {
    "Planeswalker": "star", "Battle": "shield", "Equipment": "sword", "Vehicle": "wheel",
    "Angel": "wing", "Bird": "wing", "Dragon": "wing", "Drake": "wing", "Faerie": "wing", "Sphinx": "wing",
    "Griffin": "wing", "Bat": "wing", "Insect": "wing", "Demon": "wing", "Phoenix": "wing", "Moonfolk": "wing",
    "Zombie": "skull", "Skeleton": "skull", "Vampire": "skull", "Spirit": "moon", "Horror": "skull",
    "Shade": "moon", "Nightmare": "moon", "Fish": "fish", "Merfolk": "fish", "Serpent": "fish",
    "Leviathan": "fish", "Octopus": "fish", "Otter": "fish", "Crab": "fish", "Whale": "fish",
    "Elf": "leaf", "Plant": "leaf", "Treefolk": "leaf", "Dryad": "leaf", "Druid": "leaf", "Fungus": "leaf",
    "Golem": "gear", "Construct": "gear", "Myr": "gear", "Thopter": "wing",
    "Human": "helm", "Knight": "helm", "Soldier": "helm", "Warrior": "helm", "Kor": "helm", "Dwarf": "helm",
    "Goblin": "helm", "Orc": "helm", "Wizard": "book", "Shaman": "book", "Rogue": "sword",
    "Creature": "paw", "Instant": "bolt", "Sorcery": "book", "Artifact": "gear", "Enchantment": "moon",
    "Land": "tower",
}  # fmt: skip
_BASIC = {"Plains": "w", "Island": "u", "Swamp": "b", "Mountain": "r", "Forest": "g"}


@dataclass(frozen=True, slots=True)
class DrawnFace:
    """A face: what is printed on it. `hues`: of its frame, one or two of wubrg, "many" or "none".

    `numbers` is what stands in the corner; `numbers_aloud` says what it is.
    """

    name: str
    mana_cost: str
    type_line: str
    oracle_text: str
    hues: tuple[str, ...]
    is_land: bool
    numbers: str
    numbers_aloud: str
    engraving: Engraving

    @property
    def type_size(self) -> str:
        """How small the rules have to be set: "", "long" or "longest"."""
        length = len(self.oracle_text) + 30 * self.oracle_text.count("\n")
        return "longest" if length > _LONGEST else "long" if length > _LONG else ""

    @property
    def name_size(self) -> str:
        """The same for the title bar, where the cost takes its part."""
        length = len(self.name) + 2 * self.mana_cost.count("{")
        return "longest" if length > 60 else "long" if length > 26 else ""


@dataclass(frozen=True, slots=True)
class DrawnSide:
    """A side of a card: the faces on it, and the address of its picture where there is one."""

    number: int
    faces: tuple[DrawnFace, ...]
    image_url: str

    @property
    def is_single(self) -> bool:
        return len(self.faces) == 1

    @property
    def title(self) -> str:
        return " // ".join(face.name for face in self.faces)


@dataclass(frozen=True, slots=True)
class DrawnCard:
    sides: tuple[DrawnSide, ...]


def drawn(card: Card, *, image_urls: Sequence[str] = ()) -> DrawnCard:
    """The card as it is drawn; `image_urls` are those of the printing that is shown, one for each side."""
    facts: list[Mapping[str, Any]] = [face for face in card.faces if isinstance(face, dict)]
    faces = [_face(card, face) for face in facts] if len(facts) > 1 else [_whole(card, facts)]
    two_sided = len(faces) == 2 and (card.layout in _TWO_SIDED or len(image_urls) == 2)
    groups: list[tuple[DrawnFace, ...]] = [(faces[0],), (faces[1],)] if two_sided else [tuple(faces)]
    urls = list(image_urls)[:2]
    sides = zip_longest(groups, urls, fillvalue=None)
    return DrawnCard(
        tuple(
            # A second picture of a card of one face: it is printed on both sides, each time another.
            DrawnSide(number=number, faces=group or groups[0], image_url=url or "")
            for number, (group, url) in enumerate(sides, start=1)
        )
    )


def _whole(card: Card, facts: Sequence[Mapping[str, Any]]) -> DrawnFace:
    own = {name: getattr(card, name) for name in ("name", "mana_cost", "type_line", "oracle_text")}
    numbers = {name: getattr(card, name) for name in ("power", "toughness", "loyalty", "defense")}
    return _face(card, {**(facts[0] if facts else {}), **own, **numbers, "colors": card.colors})


def _face(card: Card, facts: Mapping[str, Any]) -> DrawnFace:
    name, type_line = _said(facts, "name") or card.name, _said(facts, "type_line")
    front_types = type_line.partition("//")[0]
    words = front_types.replace("—", " ").split()
    is_land = "Land" in words
    colors = _colors(card, facts)
    shown = colors or (_land_colors(words, card.color_identity) if is_land else "")
    numbers, aloud = _numbers(facts)
    return DrawnFace(
        name=name,
        mana_cost=_said(facts, "mana_cost"),
        type_line=type_line,
        oracle_text=_said(facts, "oracle_text"),
        hues=_hues(shown),
        is_land=is_land,
        numbers=numbers,
        numbers_aloud=aloud,
        engraving=_engraving(name, words, shown.lower(), is_land=is_land and "Creature" not in words),
    )


def _colors(card: Card, facts: Mapping[str, Any]) -> str:
    """Of a face. The catalogue tells those of halves of a card only together: there the cost says more."""
    known = facts.get("colors")
    if not known and card.layout not in _TWO_SIDED:
        known = [color for symbol in symbols(_said(facts, "mana_cost")) for color in symbol] or card.colors
    return "".join(color for color in "WUBRG" if color in (card.colors if known is None else known))


def _said(facts: Mapping[str, Any], name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""


def _numbers(facts: Mapping[str, Any]) -> tuple[str, str]:
    power, toughness = _said(facts, "power"), _said(facts, "toughness")
    if power or toughness:
        return f"{power or '0'}/{toughness or '0'}", "Power and toughness"
    for name in ("loyalty", "defense"):
        if found := _said(facts, name):
            return found, name.capitalize()
    return "", ""


def _hues(colors: str) -> tuple[str, ...]:
    """
    >>> _hues("U"), _hues("WU"), _hues("WUB"), _hues("")
    (('u',), ('w', 'u'), ('many',), ('none',))
    """
    if not colors:
        return ("none",)
    return tuple(colors.lower()) if len(colors) <= 2 else ("many",)


def _land_colors(words: Sequence[str], color_identity: str) -> str:
    """A land has no colour; it is drawn in those of the mana that it gives."""
    basic = "".join(color.upper() for name, color in _BASIC.items() if name in words)
    return basic or "".join(color for color in "WUBRG" if color in color_identity)


def _engraving(name: str, words: Sequence[str], colors: str, *, is_land: bool) -> Engraving:
    seed = blake2b(name.encode("utf-8", "replace"), digest_size=8).digest()
    grounds = _grounds(colors, seed[0])
    emblem = next((drawn for known, drawn in _EMBLEMS.items() if known in words), "quill")
    if not is_land:
        return Engraving(emblem, grounds, rosette=seed[1] % ROSETTES, turn=seed[2] * 360 // 256)
    wild = "Basic" in words or any(basic in words for basic in _BASIC)
    return Engraving(
        "" if wild else "tower",
        grounds,
        rosette=seed[1] % ROSETTES,
        turn=seed[2] * 360 // 256,
        light="moon" if grounds[0] == "b" else "sun",
        light_x=70 + seed[3] * 160 // 255,
        light_y=56 + seed[4] * 28 // 255,
    )


def _grounds(colors: str, chance: int) -> tuple[str, str]:
    """Left and right: of two colours one each, of more two of them, of none the ornament."""
    if not colors:
        return "none", "none"
    left = chance % (len(colors) - 1) if len(colors) > 2 else 0
    return colors[left], colors[min(left + 1, len(colors) - 1)]
