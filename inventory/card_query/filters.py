"""The controls beside a search and the query that they stand for, in both directions.

A control shows a part of the query that has to hold at the top, and writes the same part again. What was typed stays
as it is until a control is changed: only then is the query written anew, with that part replaced.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from inventory.card_query.parsing import CardQuery, parse
from inventory.card_query.sorting import Direction, Sort
from inventory.card_query.terms import (
    FINISHES,
    RARITIES,
    Colors,
    Hue,
    InSet,
    Is,
    ManaValue,
    Node,
    Rarity,
    Type,
    all_of,
    wanted,
)
from inventory.card_query.words import WUBRG
from inventory.card_query.writing import write

COLORLESS = "C"
COMPARE_NAMES = {
    "with": "with all of these",
    "only": "with no others",
    "exactly": "exactly these",
    "identity": "for a commander of these",
}
TYPES = (
    "Creature", "Instant", "Sorcery", "Artifact", "Enchantment", "Planeswalker", "Land", "Battle", "Legendary",
)  # fmt: skip
_COMPARISONS = {
    "with": (Hue.OWN, ">="), "only": (Hue.OWN, "<="), "exactly": (Hue.OWN, "="), "identity": (Hue.IDENTITY, "<="),
}  # fmt: skip
_BY_COMPARISON = {comparison: name for name, comparison in _COMPARISONS.items()}
_LONGEST_SET = 60
_MANA = re.compile(r"\d{1,2}", re.ASCII)


class Address(Protocol):
    """A QueryDict, as far as it is needed here."""

    def get(self, key: str, default: str = "", /) -> str: ...
    def getlist(self, key: str, /) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Controls:
    """What each control says; empty where it rules nothing out."""

    colors: str = ""  # of WUBRG, or C
    compare: str = "with"
    type: str = ""
    mana_from: str = ""
    mana_to: str = ""
    rarity: str = ""
    set: str = ""
    finish: str = ""
    owned: bool = False
    free: bool = False
    sort: str = Sort.BEST
    direction: str = ""

    @property
    def used(self) -> int:
        """How many of them rule something out."""
        mana = bool(self.mana_from or self.mana_to)
        return sum(
            map(
                bool,
                (self.colors, self.type, mana, self.rarity, self.set, self.finish, self.owned, self.free),
            )
        )

    @classmethod
    def of_address(cls, address: Address) -> "Controls":
        """As they were sent. What no control offers is taken for nothing."""
        sent = {
            key: address.get(key, "") for key in ("compare", "type", "rarity", "finish", "sort", "direction")
        }
        colors = {color.upper() for color in address.getlist("color")}
        return cls(
            colors=COLORLESS if COLORLESS in colors else "".join(c for c in WUBRG if c in colors),
            compare=sent["compare"] if sent["compare"] in _COMPARISONS else "with",
            type=sent["type"] if sent["type"] in TYPES else "",
            mana_from=_number(address.get("mana_from", "")),
            mana_to=_number(address.get("mana_to", "")),
            rarity=sent["rarity"] if sent["rarity"] in RARITIES else "",
            set=_set_named(address.get("set", "")),
            finish=sent["finish"] if sent["finish"] in FINISHES else "",
            owned=address.get("owned", "") == "1",
            free=address.get("free", "") == "1",
            sort=sent["sort"] if sent["sort"] in set(Sort) else Sort.BEST,
            direction=sent["direction"] if sent["direction"] in set(Direction) else "",
        )


def controls_of(query: CardQuery) -> Controls:
    """What the controls show beside this query."""
    said: dict[str, object] = {"sort": query.sort, "direction": query.direction or ""}
    for node in reversed(wanted(query.tree)):  # of several, the first
        said.update(_shown(node))
    return Controls(**said)  # type: ignore[arg-type]


def with_controls(text: str, *, was: str, controls: Controls) -> str:
    """The query for what was typed and the controls beside it. `was`: the query that they showed before.

    >>> with_controls("bolt c:r", was="bolt c:r", controls=replace(controls_of(parse("bolt c:r")), owned=True))
    'bolt c:r is:owned'
    """
    shown = controls_of(parse(was))
    before, now = _groups(shown), _groups(controls)
    changed = {group for group in now if now[group] != before[group]}
    sorted_before, sorted_now = (shown.sort, shown.direction), (controls.sort, controls.direction)
    if not changed and sorted_before == sorted_now:
        return text
    query = parse(text)
    nodes = [node for node in wanted(query.tree) if _group_of(node) not in changed]
    nodes += [node for group in now if group in changed for node in now[group]]
    query = replace(query, tree=all_of(nodes))
    if sorted_before != sorted_now:
        # Another order begins in the direction that is its own.
        direction = (
            ""
            if shown.sort != controls.sort and shown.direction == controls.direction
            else controls.direction
        )
        query = replace(
            query, sort=Sort(controls.sort), direction=Direction(direction) if direction else None
        )
    return write(query)


def _groups(controls: Controls) -> Mapping[str, list[Node]]:
    """By the control what it stands for."""
    hue, sign = _COMPARISONS[controls.compare]
    if controls.colors == COLORLESS:
        hue, sign = (hue, "=") if hue is Hue.OWN else (hue, "<=")
    letters = controls.colors.replace(COLORLESS, "")
    low, high = controls.mana_from, controls.mana_to
    mana: list[Node] = []
    if low and low == high:
        mana.append(ManaValue("=", Decimal(low)))
    else:
        mana += [ManaValue(">=", Decimal(low))] if low else []
        mana += [ManaValue("<=", Decimal(high))] if high else []
    return {
        "colors": [Colors(hue, sign, letters)] if controls.colors else [],
        "type": [Type(controls.type.lower())] if controls.type else [],
        "mana": mana,
        "rarity": [Rarity("=", RARITIES.index(controls.rarity))] if controls.rarity else [],
        "set": [InSet(controls.set)] if controls.set else [],
        "finish": [Is(controls.finish)] if controls.finish else [],
        "owned": [Is("owned")] if controls.owned else [],
        "free": [Is("free")] if controls.free else [],
    }


_GROUP_OF = {
    "colors": "colors", "compare": "colors", "type": "type", "mana_from": "mana", "mana_to": "mana",
    "rarity": "rarity", "set": "set", "finish": "finish", "owned": "owned", "free": "free",
}  # fmt: skip


def _group_of(node: Node) -> str | None:
    """The control that shows this part of a query; None where none does."""
    return next((_GROUP_OF[name] for name in _shown(node)), None)


def _shown(node: Node) -> dict[str, object]:
    match node:
        case Colors(Hue.OWN, "=", ""):
            return {"colors": COLORLESS, "compare": "exactly"}
        case Colors(Hue.IDENTITY, "<=", ""):
            return {"colors": COLORLESS, "compare": "identity"}
        case Colors(hue, sign, letters) if letters and (hue, sign) in _BY_COMPARISON:
            return {"colors": letters, "compare": _BY_COMPARISON[hue, sign]}
        case Type(text) if text.capitalize() in TYPES:
            return {"type": text.capitalize()}
        case ManaValue(sign, number) if sign in ("=", ">=", "<=") and number == int(number) and number < 100:
            written = str(int(number))
            ends = {"=": ("mana_from", "mana_to"), ">=": ("mana_from",), "<=": ("mana_to",)}[sign]
            return dict.fromkeys(ends, written)
        case Rarity("=", rank):
            return {"rarity": RARITIES[rank]}
        case InSet(text):
            return {"set": text}
        case Is(word) if word in FINISHES:
            return {"finish": word}
        case Is("owned" | "free" as word):
            return {word: True}
    return {}


def _number(text: str) -> str:
    return str(int(text)) if _MANA.fullmatch(text.strip()) else ""


def _set_named(text: str) -> str:
    printable = "".join(character for character in text[:_LONGEST_SET] if character.isprintable())
    return " ".join(printable.replace('"', " ").split())
