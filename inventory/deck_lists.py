"""From a list as it was read to cards: which line means which card, and what the others may have meant.

Between the parser (inventory/decklist/, which knows no card) and what is done with a list: a cart, a template deck.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q

from inventory.card_names import nearest_by_name, plainer_names, resolve_by_letters, resolve_names
from inventory.decklist import DeckLine, DeckList, Problem
from inventory.models import Card, Printing
from inventory.printing_choice import number_key, preference
from inventory.set_codes import set_code

MOST_SUGGESTIONS = 20  # lines that are told the nearest names: each takes a look at every name there is

LineKey = tuple[int, str, int | None]  # card, zone, preferred printing: what makes two lines equal


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line that names a card, and the printing that it asks for where the shop knows it."""

    line: DeckLine
    card: Card
    printing: Printing | None = None


@dataclass(frozen=True, slots=True)
class AsideLine:
    """A line that is shown but never added; `card` is None where the shop knows none of that name."""

    line: DeckLine
    card: Card | None = None
    printing: Printing | None = None


@dataclass(frozen=True, slots=True)
class UnknownLine:
    """A line that names no card: its problem, the nearest names, and the line itself where it could be read."""

    problem: Problem
    nearest: tuple[str, ...] = ()
    line: DeckLine | None = None


@dataclass(frozen=True, slots=True)
class ReadList:
    """What was understood and what was not, each in the order of its line numbers.

    `name` is the deck's own, empty where the list gives none.
    """

    lines: tuple[ReadLine, ...]
    unknown: tuple[UnknownLine, ...]
    aside: tuple[AsideLine, ...] = ()
    name: str = ""

    def copies(self) -> Counter[LineKey]:
        """Copies by card, zone and printing: lines that are equal add up."""
        copies: Counter[LineKey] = Counter()
        for read in self.lines:
            printing = read.printing.pk if read.printing else None
            copies[read.card.pk, read.line.zone, printing] += read.line.quantity
        return copies


def resolve(deck_list: DeckList, *, suggestions: int = MOST_SUGGESTIONS) -> ReadList:
    """The cards behind the lines. Where a whole line is the name of a card, it is that card, once.

    A printing that the shop does not know is no error: the line means the card. Five queries at most, however
    many lines, once the names have been read. `suggestions`: unknown names that are told the nearest ones.
    """
    cards = _cards_of(deck_list)
    meant = [(line, cards.get(line.name)) for line in (_as_meant(line, cards) for line in deck_list.lines)]
    aside = [(line, cards.get(line.name)) for line in (_as_meant(line, cards) for line in deck_list.aside)]
    known = [(line, card) for line, card in meant if card is not None]
    for problem in deck_list.problems:
        if card := cards.get(problem.whole):  # +2 Mace
            known.append((DeckLine(problem.number, 1, problem.whole, problem.zone, problem.whole), card))
    printings = _Printings([*known, *((line, card) for line, card in aside if card is not None)])
    unknown = [UnknownLine(problem) for problem in deck_list.problems if problem.whole not in cards]
    unknown += _unknown([line for line, card in meant if card is None], suggestions)
    return ReadList(
        lines=tuple(
            sorted(
                (_read_line(line, card, printings.of(line, card)) for line, card in known),
                key=lambda read: read.line.number,
            )
        ),
        unknown=tuple(sorted(unknown, key=lambda line: line.problem.number)),
        aside=tuple(
            AsideLine(line, card, printings.of(line, card) if card else None) for line, card in aside
        ),
        name=deck_list.name,
    )


def _read_line(line: DeckLine, card: Card, printing: Printing | None) -> ReadLine:
    return ReadLine(line, printing.card if printing else card, printing)


# --- names ----------------------------------------------------------------------------------------------


def _cards_of(deck_list: DeckList) -> Mapping[str, Card]:
    """The cards behind all that the lines of a list may mean, by what is written there."""
    lines = [*deck_list.lines, *deck_list.aside]
    wholes = {line.whole for line in lines} | {problem.whole for problem in deck_list.problems}
    wholes.update(name for line in lines for name in line.readings)
    plainer = {line.name: plainer_names(line.name) for line in lines}
    cards = resolve_names({*wholes, *plainer, *(name for names in plainer.values() for name in names)})
    for name, others in plainer.items():
        if name not in cards and (card := next((cards[each] for each in others if each in cards), None)):
            cards[name] = card
    unknown = {
        line.name
        for line in lines
        if not any(name in cards for name in (line.name, line.whole, *line.readings))
    }
    return cards | resolve_by_letters(unknown) if unknown else cards


def _as_meant(line: DeckLine, cards: Mapping[str, Card]) -> DeckLine:
    """The first of the ways to read a line (inventory/decklist/lines.py) that names a card; else the line itself."""
    if (
        line.whole != line.name and line.whole in cards
    ):  # no number of copies, or one that belongs to the name
        return replace(line, quantity=1, name=line.whole, set_code="", collector_number="", finish="")
    for name in line.readings:  # what looked like a printing or a tag belongs to the name
        if name in cards:
            return replace(line, name=name, set_code="", collector_number="", finish="")
    return line


def _unknown(lines: Sequence[DeckLine], suggestions: int) -> list[UnknownLine]:
    names = list(dict.fromkeys(line.name for line in lines))[:suggestions]
    nearest = nearest_by_name(names) if names else {}
    return [
        UnknownLine(
            Problem(line.number, str(line), f"No card is called “{line.name}”.", line.zone, line.whole),
            tuple(nearest.get(line.name, ())),
            line,
        )
        for line in lines
    ]


# --- printings ------------------------------------------------------------------------------------------


class _Printings:
    """The printings that lines ask for. One query, and none where no line names a set or a finish.

    Of cards that share a name, the one is meant that has the printing.
    """

    def __init__(self, lines: Iterable[tuple[DeckLine, Card]]) -> None:
        asking = [(line, card) for line, card in lines if set_code(line.set_code) or _any_set(line)]
        self._by_name: dict[str, list[Printing]] = {}
        if not asking:
            return
        of_sets = Q(set_code__in={set_code(line.set_code) for line, _ in asking if not _any_set(line)})
        of_finishes = Q(finish__in={line.finish for line, _ in asking if _any_set(line)})
        for printing in Printing.objects.filter(
            of_sets | of_finishes, card__folded_name__in={card.folded_name for _, card in asking}
        ).select_related("card"):
            self._by_name.setdefault(printing.card.folded_name, []).append(printing)

    def of(self, line: DeckLine, card: Card) -> Printing | None:
        """The printing that fits all that the line says; the card's own, non-foil, English where it leaves a choice.

        A finish without a set means any printing of it: the one of the lowest value.
        """
        fitting = [
            printing
            for printing in self._by_name.get(card.folded_name, ())
            if (_any_set(line) or printing.set_code == set_code(line.set_code))
            and line.finish in ("", printing.finish)
            and (
                not line.collector_number
                or number_key(line.collector_number) == number_key(printing.collector_number)
            )
        ]
        own = [printing for printing in fitting if printing.card_id == card.pk]
        return min(own if own or _any_set(line) else fitting, key=preference, default=None)


def _any_set(line: DeckLine) -> bool:
    """Whether the line asks for a finish, and nothing else of a printing."""
    return bool(line.finish) and not line.set_code
