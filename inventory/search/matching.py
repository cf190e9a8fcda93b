"""Which cards a query means. Every term is a look along the whole catalogue; of an edition, what is said of printings.

As on Scryfall, what a query says of printings has to hold for one and the same: `set:lea is:foil` is a foil of that
set. So everything is decided edition by edition, and a card is found by any of its own. As there, too, an edition is a
set and a number, and its finishes belong to it together: `is:foil is:nonfoil` is printed in both, and
`is:foil -is:nonfoil` in foil alone.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inventory.card_query.terms import (
    FINISHES,
    AllOf,
    ColorCount,
    Colors,
    Ever,
    Hue,
    InSet,
    Is,
    ManaParity,
    ManaValue,
    Name,
    Node,
    Not,
    OneOf,
    Oracle,
    Rarity,
    Type,
    Unknown,
    terms_of,
)
from inventory.names import fold_name
from inventory.search.catalogue import UNKNOWN, Catalogue, Ints, Mask, bits, finish_bits, folded_text
from inventory.search.memory import Shelves

_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_SLASHES = re.compile(r"\s*/+\s*")
_COUNTS = np.array([number.bit_count() for number in range(32)])
_LAYOUTS = {
    "split": ("split",), "flip": ("flip",), "transform": ("transform",), "mdfc": ("modal_dfc",),
    "dfc": ("transform", "modal_dfc", "double_faced_token", "reversible_card"), "adventure": ("adventure",),
    "meld": ("meld",),
}  # fmt: skip
_TURNING = ("transform", "flip", "meld", "double_faced_token")  # layouts that begin with their front face
_LEADERS = "can be your commander"


@dataclass(slots=True)
class Matching:
    """One query put to the shelves. `free_of` tells the free copies of some cards, by their places."""

    shelves: Shelves
    free_of: Callable[[Ints], Ints]
    _free: Ints = field(init=False)
    _asked: Mask = field(init=False)
    _names: dict[str, Mask] = field(init=False, default_factory=dict)  # what stands in which name

    def __post_init__(self) -> None:
        self._free = np.zeros(self.catalogue.size, dtype=np.int64)
        self._asked = self.shelves.owned <= 0  # of these nothing is free

    @property
    def catalogue(self) -> Catalogue:
        return self.shelves.catalogue

    def cards(self, tree: Node) -> Ints:
        """The places of all cards that the query means, in the order of the catalogue."""
        editions = self._editions(tree, None)
        if editions is None:
            return np.arange(self.catalogue.size)
        return np.flatnonzero(self._cards_of(editions))

    def free(self, cards: Ints) -> Ints:
        """Free copies of each of these; at most one query more."""
        new = cards[~self._asked[cards]]
        if len(new):
            self._free[new] = np.maximum(self.free_of(new), 0)
            self._asked[new] = True
        return self._free[cards]

    # --- a mask over the editions; None where nothing is ruled out --------------------------------------

    def _editions(self, node: Node, within: Mask | None) -> Mask | None:
        """`within`: the editions that are still asked about; what is said of others does not matter."""
        match node:
            case Unknown():
                return None
            case Not(of):
                inner = self._editions(of, within)
                return None if inner is None else ~inner
            case AllOf(of):
                found = None
                for each in sorted(of, key=_cost):
                    mask = self._editions(each, _both(within, found))
                    if mask is not None:
                        found = _both(found, mask)
                return found
            case OneOf(of):
                masks = [mask for mask in (self._editions(inner, within) for inner in of) if mask is not None]
                return np.logical_or.reduce(masks) if masks else None
            case Ever(of):
                editions = self._editions(of, None)
                assert editions is not None
                return self._cards_of(editions)[self.catalogue.edition_cards]
            case InSet() | Rarity():
                return self._of_printings(node)
            case Is(word) if word in FINISHES:
                return self.catalogue.finishes & finish_bits(word) != 0
            case Is("free"):
                return self._are_free(within)[self.catalogue.edition_cards]
            case _:
                return self._of_cards(node)[self.catalogue.edition_cards]

    def _cards_of(self, editions: Mask) -> Mask:
        """The cards that have one of these editions."""
        cards = np.zeros(self.catalogue.size, dtype=np.bool_)
        cards[self.catalogue.edition_cards[editions]] = True
        return cards

    def _of_printings(self, node: Node) -> Mask:
        catalogue = self.catalogue
        if isinstance(node, InSet):
            named = fold_name(node.text)
            return catalogue.sets.equal(named) | catalogue.set_names.equal(named)
        assert isinstance(node, Rarity)
        known = catalogue.rarities != UNKNOWN
        return _SIGNS[node.sign](catalogue.rarities, node.rank) & known

    def _of_cards(self, node: Node) -> Mask:
        catalogue = self.catalogue
        match node:
            case Name(text, exact):
                return self._called(fold_name(text), exact=exact)
            case Type(text):
                return catalogue.types.containing(fold_name(text))
            case Oracle(text) if "~" in text:
                return catalogue.of_themselves.containing(folded_text(text))
            case Oracle(text):
                return catalogue.rules.containing(folded_text(text))
            case Colors(hue, sign, letters):
                return _compared(self._hues(hue), sign, bits(letters))
            case ColorCount(hue, sign, number):
                return _SIGNS[sign](_COUNTS[self._hues(hue)], number)
            case ManaValue(sign, number):
                return _SIGNS[sign](catalogue.mana_values, float(number))
            case ManaParity(odd):
                return catalogue.mana_values % 2 == int(odd)
            case Is(word):
                return self._is(word)
        raise TypeError(f"{node!r} is no part of a query.")

    def _called(self, folded: str, *, exact: bool) -> Mask:
        if exact:
            mask = np.zeros(self.catalogue.size, dtype=np.bool_)
            mask[self.catalogue.forms.equal(_SLASHES.sub(" // ", folded))] = True
            return mask
        return np.logical_and.reduce([self._in_name(part) for part in _SLASHES.split(folded)])

    def _in_name(self, letters: str) -> Mask:
        if letters not in self._names:
            self._names[letters] = self.catalogue.names.containing(letters)
        return self._names[letters]

    def _hues(self, hue: Hue) -> Ints:
        return self.catalogue.colors if hue is Hue.OWN else self.catalogue.identities

    def _is(self, word: str) -> Mask:
        types = self.catalogue.types
        match word:
            case "owned":
                return self.shelves.owned > 0
            case "legendary":
                return types.containing("legendary")
            case "commander":
                return types.where(_can_lead) | self.catalogue.rules.containing(_LEADERS)
            case "permanent":
                return self._as_played(_is_permanent)
            case "spell":
                return self._as_played(_is_no_land)
        return np.logical_or.reduce([self.catalogue.layouts.equal(layout) for layout in _LAYOUTS[word]])

    def _as_played(self, holds: Callable[[str], bool]) -> Mask:
        """The cards that can be played as a face of whose types this holds: which turn over later, as their front."""
        types = self.catalogue.types
        turning = np.logical_or.reduce([self.catalogue.layouts.equal(layout) for layout in _TURNING])
        return np.where(
            turning,
            types.where(lambda line: holds(_faces(line)[0])),
            types.where(lambda line: any(map(holds, _faces(line)))),
        )

    def _are_free(self, within: Mask | None) -> Mask:
        """Free is asked for only where it can matter: of what is owned and not ruled out yet."""
        candidates = self.shelves.owned > 0
        if within is not None:
            candidates &= self._cards_of(within)
        self.free(np.flatnonzero(candidates))
        return self._free > 0


def _faces(type_line: str) -> list[str]:
    return type_line.split(" // ")


def _can_lead(type_line: str) -> bool:
    front = _faces(type_line)[0]
    return "legendary" in front and "creature" in front


def _is_permanent(types: str) -> bool:
    return "instant" not in types and "sorcery" not in types


def _is_no_land(types: str) -> bool:
    return "land" not in types


def _both(one: Mask | None, other: Mask | None) -> Mask | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _compared(hues: Ints, sign: str, letters: int) -> Mask:
    """Sets of colours: `<=` is a part of it, `<` a part that lacks something."""
    match sign:
        case "=":
            return hues == letters
        case "!=":
            return hues != letters
        case ">=":
            return (hues & letters) == letters
        case ">":
            return ((hues & letters) == letters) & (hues != letters)
        case "<=":
            return (hues & ~letters) == 0
        case _:
            return ((hues & ~letters) == 0) & (hues != letters)


def _cost(node: Node) -> int:
    """What rules out cheaply goes first, and the database is asked last."""
    return max((_COSTS.get(type(term), 0) if term != Is("free") else 3 for term in terms_of(node)), default=0)


_COSTS: dict[type, int] = {Name: 1, Oracle: 2}
