"""Which cards a query means. Every term is a look along the whole catalogue; of an edition, what is said of printings.

As on Scryfall, what a query says of printings has to hold for one and the same: `set:lea is:foil` is a foil of that
set. So everything is decided edition by edition, and a card is found by any of its own.
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
from inventory.search.catalogue import UNKNOWN, Catalogue, Ints, Mask, bits, folded_text
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
        found = np.zeros(self.catalogue.size, dtype=np.bool_)
        editions = self._editions(tree, None)
        found[
            self.catalogue.edition_cards if editions is None else self.catalogue.edition_cards[editions]
        ] = True
        return np.flatnonzero(found)

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
                found = within
                for each in sorted(of, key=_cost):
                    mask = self._editions(each, found)
                    if mask is not None:
                        found = mask if found is None else found & mask
                return found
            case OneOf(of):
                masks = [mask for mask in (self._editions(inner, within) for inner in of) if mask is not None]
                return np.logical_or.reduce(masks) if masks else None
            case InSet() | Rarity():
                return self._of_printings(node)
            case Is(word) if word in FINISHES:
                return self.catalogue.finishes == FINISHES.index(word)
            case Is("free"):
                return self._are_free(within)[self.catalogue.edition_cards]
            case _:
                return self._of_cards(node)[self.catalogue.edition_cards]

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
                return types.containing("legendary") & types.containing(
                    "creature"
                ) | self.catalogue.rules.containing(_LEADERS)
            case "permanent":
                return ~(types.containing("instant") | types.containing("sorcery"))
            case "spell":
                return ~types.containing("land")
        return np.logical_or.reduce([self.catalogue.layouts.equal(layout) for layout in _LAYOUTS[word]])

    def _are_free(self, within: Mask | None) -> Mask:
        """Free is asked for only where it can matter: of what is owned and not ruled out yet."""
        candidates = self.shelves.owned > 0
        if within is not None:
            possible = np.zeros(self.catalogue.size, dtype=np.bool_)
            possible[self.catalogue.edition_cards[within]] = True
            candidates &= possible
        self.free(np.flatnonzero(candidates))
        return self._free > 0


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
