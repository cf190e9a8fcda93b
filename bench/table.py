"""What was measured, as a table: a line for each question, with what it is compared to and what it must reach."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """`figures`: one per round. `ratio`: how they relate to `baseline`, the figure of `against`.

    `limit` says what must be reached and `reached` whether it was; None: the line only informs.
    """

    question: str
    figures: Sequence[float]
    unit: str
    against: str = ""
    baseline: float | None = None
    ratio: float | None = None
    limit: str = ""
    reached: bool | None = None
    queries: int | None = None
    tail: bool = False  # the spread goes up to 99 %

    @property
    def median(self) -> float:
        return statistics.median(self.figures)

    @property
    def spread(self) -> tuple[float, float]:
        """All but the tenth at either end lie between these; with `tail` all but the slowest hundredth."""
        return percentile(self.figures, 10), percentile(self.figures, 99 if self.tail else 90)

    def as_json(self) -> dict[str, Any]:
        return {
            "question": self.question,
            "median": round(self.median, 3),
            "spread": {
                "10 %": round(self.spread[0], 3),
                "99 %" if self.tail else "90 %": round(self.spread[1], 3),
            },
            "rounds": len(self.figures),
            "unit": self.unit,
            "against": self.against,
            "baseline": None if self.baseline is None else round(self.baseline, 3),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
            "limit": self.limit,
            "reached": self.reached,
            "queries": self.queries,
        }


def percentile(figures: Sequence[float], percent: int) -> float:
    """The smallest figure that is not below so many percent of them."""
    in_order = sorted(figures)
    return in_order[max(0, -(-len(in_order) * percent // 100) - 1)]


_HEAD = ("question", "median", "10 to 90 %", "baseline", "ratio", "limit", "reached", "queries")


def print_table(lines: Sequence[Line]) -> None:
    rows = [_HEAD, *(_cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for number, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def _cells(line: Line) -> tuple[str, ...]:
    low, high = line.spread
    return (
        line.question,
        f"{_number(line.median)} {line.unit}",
        f"{_number(low)} … {_number(high)}{' (99 %)' if line.tail else ''}" if len(line.figures) > 1 else "",
        line.against
        if line.baseline is None
        else f"{line.against}: {_number(line.baseline)} {line.unit}".lstrip(": "),
        "" if line.ratio is None else f"1/{1 / line.ratio:.0f}" if line.ratio < 0.1 else f"{line.ratio:.2f}",
        line.limit,
        {True: "yes", False: "NO", None: ""}[line.reached],
        "" if line.queries is None else str(line.queries),
    )


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"
