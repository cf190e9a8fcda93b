"""From a list as it was read to cards: which line means which card, and what the others may have meant.

Between the parser (inventory/decklist/, which knows no card) and what is done with a list: a cart, a template deck.
"""

from collections import Counter
from dataclasses import dataclass

from inventory.card_names import nearest_names, resolve_names
from inventory.decklist import DeckLine, DeckList, Problem
from inventory.models import Card, Printing

MOST_SUGGESTIONS = 20  # lines that are told the nearest names: each takes a look at every name there is

LineKey = tuple[int, str, int | None]  # card, zone, preferred printing: what makes two lines equal


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line that names a card, and the printing that it asks for where the shop knows it."""

    line: DeckLine
    card: Card
    printing: Printing | None = None


@dataclass(frozen=True, slots=True)
class UnknownLine:
    """A line that names no card: its problem, and the nearest names."""

    problem: Problem
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadList:
    """What was understood and what was not, each in the order of its line numbers."""

    lines: tuple[ReadLine, ...]
    unknown: tuple[UnknownLine, ...]

    def copies(self) -> Counter[LineKey]:
        """Copies by card, zone and printing: lines that are equal add up."""
        copies: Counter[LineKey] = Counter()
        for read in self.lines:
            copies[read.card.pk, read.line.zone, read.printing and read.printing.pk] += read.line.quantity
        return copies


def resolve(deck_list: DeckList) -> ReadList:
    """The cards behind the lines. Where a whole line is the name of a card, it is that card, once.

    Two queries, and one once in a while for the nearest names.
    """
    wholes = {line.whole for line in deck_list.lines} | {problem.whole for problem in deck_list.problems}
    cards = resolve_names(wholes | {line.name for line in deck_list.lines})
    lines, unknown = [], []
    for problem in deck_list.problems:
        if problem.whole in cards:  # +2 Mace
            line = DeckLine(problem.number, 1, problem.whole, problem.zone, problem.whole)
            lines.append(ReadLine(line, cards[problem.whole]))
        else:
            unknown.append(UnknownLine(problem))
    for line in deck_list.lines:
        if line.whole in cards:  # no number of copies, or one that belongs to the name: one copy
            line = DeckLine(line.number, 1, line.whole, line.zone, line.whole)
            lines.append(ReadLine(line, cards[line.whole]))
        elif line.name in cards:
            lines.append(ReadLine(line, cards[line.name]))
        else:
            problem = Problem(line.number, str(line), f"No card is called “{line.name}”.")
            suggests = len(unknown) < MOST_SUGGESTIONS
            unknown.append(UnknownLine(problem, tuple(nearest_names(line.name)) if suggests else ()))
    return ReadList(
        tuple(sorted(lines, key=lambda read: read.line.number)),
        tuple(sorted(unknown, key=lambda line: line.problem.number)),
    )
