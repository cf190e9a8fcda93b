"""What can be asked of a card: a tree of these."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Name:
    """The letters stand somewhere in the name of the card. `exact`: they are the name, or that of a face."""

    text: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Type:
    """The letters stand somewhere in the type line."""

    text: str


@dataclass(frozen=True, slots=True)
class Oracle:
    """The letters stand somewhere in the rules text, of any face. `~` is how a card speaks of itself."""

    text: str


class Hue(StrEnum):
    OWN = "color"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Colors:
    """The colours of the card compared with these: `>=` it has all of them, `<=` no others, `=` exactly these."""

    of: Hue
    sign: str
    letters: str  # a subset of WUBRG in that order; "" is colourless


@dataclass(frozen=True, slots=True)
class ColorCount:
    """How many colours the card has. Multicoloured is `>= 2`."""

    of: Hue
    sign: str
    number: int


@dataclass(frozen=True, slots=True)
class ManaValue:
    sign: str
    number: Decimal


@dataclass(frozen=True, slots=True)
class ManaParity:
    """The mana value is even, or odd."""

    odd: bool


@dataclass(frozen=True, slots=True)
class InSet:
    """A printing of the set of that code or that name."""

    text: str


@dataclass(frozen=True, slots=True)
class Rarity:
    """A printing whose rarity compares so; `rank` is a place in RARITIES."""

    sign: str
    rank: int


RARITIES = ("common", "uncommon", "rare", "special", "mythic", "bonus")


@dataclass(frozen=True, slots=True)
class Is:
    """One of the words of `IS_WORDS` applies."""

    word: str


@dataclass(frozen=True, slots=True)
class Ever:
    """Some printing of the card is so, be it another than the one that the rest of a query is about."""

    of: InSet | Rarity | Is


FINISHES = ("foil", "nonfoil", "etched")
# Several words for the same thing; by word its first name.
IS_WORDS = {
    **{finish: finish for finish in FINISHES},
    "commander": "commander", "legendary": "legendary", "permanent": "permanent", "spell": "spell",
    "split": "split", "flip": "flip", "transform": "transform", "tdfc": "transform",
    "modal_dfc": "mdfc", "mdfc": "mdfc", "dfc": "dfc", "adventure": "adventure", "meld": "meld",
    "owned": "owned", "stocked": "owned", "shop": "owned", "free": "free", "available": "free",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unknown:
    """What was not understood; it is kept and rules nothing out. `why`: a sentence for the visitor."""

    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    of: "Node"


@dataclass(frozen=True, slots=True)
class AllOf:
    of: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    of: tuple["Node", ...]


Term: TypeAlias = (
    Name | Type | Oracle | Colors | ColorCount | ManaValue | ManaParity | InSet | Rarity | Is | Ever | Unknown
)
Node: TypeAlias = Term | Not | AllOf | OneOf

NOTHING = AllOf(())  # asks for nothing: every card


def all_of(nodes: "list[Node] | tuple[Node, ...]") -> Node:
    """All of these at once, as flat as can be: one is itself."""
    flat = [inner for node in nodes for inner in (node.of if isinstance(node, AllOf) else (node,))]
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def any_of(nodes: "list[Node] | tuple[Node, ...]") -> Node:
    """One of these, as flat as can be."""
    flat = [inner for node in nodes for inner in (node.of if isinstance(node, OneOf) else (node,))]
    return flat[0] if len(flat) == 1 else OneOf(tuple(flat))


def negated(node: Node) -> Node:
    return node.of if isinstance(node, Not) else Not(node)


def terms_of(node: Node) -> Iterator[Term]:
    """Every term, wherever it stands, in order."""
    match node:
        case Not(of):
            yield from terms_of(of)
        case AllOf(of) | OneOf(of):
            for inner in of:
                yield from terms_of(inner)
        case _:
            yield node


def wanted(node: Node) -> tuple[Node, ...]:
    """What has to hold all at once, at the top."""
    return node.of if isinstance(node, AllOf) else (node,)
