"""What a deck looks like in figures: its mana curve and the colours that its costs ask for. Pure.

Drawn by templates/_components/deck_plots.html; the positions of the bars are worked out here, since a template
cannot and the Content-Security-Policy forbids styles on elements.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from inventory.mana import symbols
from inventory.models import Card

CURVE_TOP = 7  # this mana value and all above stand together
COLORS = "WUBRGC"

# The drawing, in units of its view box.
BAR_WIDTH = 28
_STEP = 40
_LEFT = 6
_BASE = 124  # where the bars stand
_TALLEST = 100


@dataclass(frozen=True, slots=True)
class CurveBar:
    """A mana value and the copies that have it; `highest` is the most copies that any bar has."""

    mana_value: int
    creatures: int
    others: int
    highest: int

    @property
    def label(self) -> str:
        return f"{self.mana_value}+" if self.mana_value == CURVE_TOP else str(self.mana_value)

    @property
    def copies(self) -> int:
        return self.creatures + self.others

    @property
    def x(self) -> int:
        return _LEFT + self.mana_value * _STEP

    @property
    def middle(self) -> int:
        return self.x + BAR_WIDTH // 2

    @property
    def creatures_height(self) -> int:
        return _height(self.creatures, self.highest)

    @property
    def others_height(self) -> int:
        return _height(self.others, self.highest)

    @property
    def creatures_y(self) -> int:
        return _BASE - self.creatures_height

    @property
    def others_y(self) -> int:
        """The others stand on the creatures; this is the top of the whole bar."""
        return self.creatures_y - self.others_height

    @property
    def height(self) -> int:
        """Of the whole bar."""
        return self.creatures_height + self.others_height

    @property
    def number_y(self) -> int:
        return self.others_y - 5


@dataclass(frozen=True, slots=True)
class ColorBar:
    """A colour (one of WUBRGC) and the symbols of the costs that it can pay; `highest` is the most of any colour."""

    color: str
    pips: int
    highest: int

    @property
    def width(self) -> int:
        """Of 100."""
        return max(1, round(100 * self.pips / self.highest))


@dataclass(frozen=True, slots=True)
class DeckPlots:
    """`curve`: every mana value from 0 to 7 and above. `colors`: those that are asked for, in the order WUBRGC.

    `average`: mana value of a copy, to two places; None where there is nothing but lands.
    """

    curve: tuple[CurveBar, ...]
    colors: tuple[ColorBar, ...]
    average: Decimal | None

    @property
    def copies(self) -> int:
        """Copies in the curve."""
        return sum(bar.copies for bar in self.curve)


def deck_plots(cards: Iterable[tuple[Card, int]]) -> DeckPlots:
    """The plots of cards and their copies. Lands have no place in the curve.

    A symbol counts for every colour that can pay it, as devotion counts: {W/U} for white and for blue, {2/W} and
    {W/P} for white. Of a card with several costs, as of a split card, each is counted.
    """
    creatures: Counter[int] = Counter()
    others: Counter[int] = Counter()
    pips: Counter[str] = Counter()
    total = Decimal(0)
    for card, copies in cards:
        types = card.type_line.partition("//")[0].partition("—")[0].split()
        for symbol in symbols(card.mana_cost):
            for color in _payable_by(symbol):
                pips[color] += copies
        if "Land" in types:
            continue
        kind = creatures if "Creature" in types else others
        kind[min(CURVE_TOP, int(card.mana_value))] += copies
        total += card.mana_value * copies
    return _plots(creatures, others, pips, total)


def _plots(creatures: Counter[int], others: Counter[int], pips: Counter[str], total: Decimal) -> DeckPlots:
    both = creatures + others
    highest = max(both.values(), default=0)
    most_pips = max(pips.values(), default=0)
    copies = both.total()
    return DeckPlots(
        curve=tuple(
            CurveBar(value, creatures[value], others[value], highest) for value in range(CURVE_TOP + 1)
        ),
        colors=tuple(ColorBar(color, pips[color], most_pips) for color in COLORS if pips[color]),
        average=(total / copies).quantize(Decimal("0.01"), ROUND_HALF_UP) if copies else None,
    )


def _payable_by(symbol: str) -> set[str]:
    """The colours that can pay a symbol.

    >>> sorted(_payable_by("W/U")), _payable_by("2/W"), _payable_by("W/P"), _payable_by("HW"), _payable_by("X")
    (['U', 'W'], {'W'}, {'W'}, {'W'}, set())
    """
    half = symbol.removeprefix("H") if len(symbol) == 2 else symbol
    return {part for part in half.split("/") if len(part) == 1 and part in COLORS}


def _height(copies: int, highest: int) -> int:
    """At least 2, so that a single copy beside many is seen."""
    return max(2, round(_TALLEST * copies / highest)) if copies else 0
