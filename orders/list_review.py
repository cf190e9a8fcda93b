"""A deck list before anything of it is added: what was understood, what was not, and what of it can be had."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from inventory.availability import shortfalls
from inventory.deck_lists import LineKey, ReadList, resolve
from inventory.decklist import MAX_QUANTITY, DeckLine, DeckList, Problem
from inventory.models import Card, Printing, Zone
from inventory.names import fold_name
from inventory.search import with_owned
from inventory.short_lines import short_by_line
from orders.list_forms import Source
from orders.list_mends import MOST_ROWS, LineOfList, Mend, MendedLine, OpenLine, line_of, mend
from orders.models import Order, OrderCard


@dataclass(frozen=True, slots=True)
class SettledLine:
    """A line that the customer has settled: it is some card after all, or stays out."""

    problem: Problem

    @property
    def key(self) -> str:
        return json.dumps(line_of(self.problem))


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A card that will be added: the lines of the list that are equal, together.

    `written`: what the list calls it where that is something else. `missed`: the printing that it asks for and that
    is not known. `short`: copies that are not free on the cart's days, what is in the cart being served first; while
    the cart has no days, those that the shop does not own. `owned` is told in that case alone.
    """

    card: Card
    printing: Printing | None
    quantity: int
    written: tuple[str, ...]
    missed: str
    short: int
    owned: int | None
    settled: tuple[SettledLine, ...]


@dataclass(frozen=True, slots=True)
class ReviewZone:
    zone: Zone
    lines: tuple[ReviewLine, ...]

    @property
    def copies(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class AsideZone:
    """Lines that are shown and never added: a maybeboard, tokens."""

    name: str
    lines: tuple[DeckLine, ...]

    @property
    def copies(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class Review:
    """A list as it was understood. `read` is what would be added; `rows` are the lines that can be mended now.

    `rest` is what was too much to be read at once: a list of its own, to be read next.
    """

    source: Source
    name: str
    zones: tuple[ReviewZone, ...]
    rows: tuple[OpenLine, ...]
    more: tuple[OpenLine, ...]
    left: tuple[SettledLine, ...]
    aside: tuple[AsideZone, ...]
    mends: tuple[Mend, ...]
    read: ReadList
    has_days: bool
    rest: Source | None = None

    @property
    def copies(self) -> int:
        return sum(zone.copies for zone in self.zones)

    @property
    def open(self) -> int:
        return len(self.rows) + len(self.more)

    @property
    def left_out(self) -> int:
        """Lines that would not be added if it were added now."""
        return self.open + len(self.left)

    @property
    def short(self) -> int:
        return sum(line.short for zone in self.zones for line in zone.lines)

    @property
    def short_lines(self) -> int:
        return sum(1 for zone in self.zones for line in zone.lines if line.short)

    @property
    def fingerprint(self) -> str:
        """What the button says will happen: how many copies are added, and how many lines stay out."""
        return f"{self.copies}-{self.left_out}"

    @property
    def too_many(self) -> list[str]:
        """Cards of which no line can have so many copies."""
        return [line.card.name for zone in self.zones for line in zone.lines if line.quantity > MAX_QUANTITY]


def review_list(
    *, source: Source, mends: Mapping[LineOfList, Mend], cart: Order | None, today: date
) -> Review:
    """The list, read and looked up. A fixed number of queries, however long it is.

    Raises ListError where there is nothing in it to show.
    """
    deck_list = source.read()
    rest = next((problem.text for problem in deck_list.problems if problem.is_rest), None)
    deck_list = replace(deck_list, problems=tuple(each for each in deck_list.problems if not each.is_rest))
    mended = mend(resolve(deck_list), mends)
    equal: dict[LineKey, list[MendedLine]] = {}
    for line in mended.lines:
        equal.setdefault(_key(line), []).append(line)
    copies = {key: sum(line.read.line.quantity for line in lines) for key, lines in equal.items()}
    lacking, owned = _lacking(copies, cart, today)
    zones = []
    for zone in Zone:
        lines = tuple(
            _review_line(lines, copies[key], lacking.get(key, 0), owned)
            for key, lines in equal.items()
            if key[1] == zone
        )
        if lines:
            zones.append(ReviewZone(zone, lines))
    rows = [line for line in mended.open if line.mendable][:MOST_ROWS]
    known = {line_of(problem) for problem in mended.left}
    known |= {line_of(line.problem) for line in mended.open}
    known |= {line_of(line.problem) for line in mended.lines if line.problem}
    return Review(
        source=source,
        name=deck_list.name,
        zones=tuple(zones),
        rows=tuple(rows),
        more=tuple(line for line in mended.open if line not in rows),
        left=tuple(SettledLine(problem) for problem in mended.left),
        aside=_aside(deck_list),
        mends=tuple(mend for line, mend in mends.items() if line in known),
        read=ReadList(tuple(line.read for line in mended.lines), ()),
        has_days=_has_days(cart),
        rest=Source(rest.encode(errors="replace")) if rest else None,
    )


def _key(line: MendedLine) -> LineKey:
    read = line.read
    return read.card.pk, read.line.zone, read.printing.pk if read.printing else None


def _has_days(cart: Order | None) -> bool:
    return cart is not None and cart.blocked_period is not None


def _review_line(
    lines: Sequence[MendedLine], quantity: int, short: int, owned: Mapping[int, int]
) -> ReviewLine:
    first = lines[0].read
    known_as = fold_name(first.card.name)
    otherwise = (
        line.problem.text if line.problem else line.read.line.name
        for line in lines
        if line.problem or fold_name(line.read.line.name) != known_as
    )
    return ReviewLine(
        card=first.card,
        printing=first.printing,
        quantity=quantity,
        written=tuple(dict.fromkeys(otherwise)),
        missed="" if first.printing else _printing_asked(first.line),
        short=short,
        owned=owned.get(first.card.pk),
        settled=tuple(SettledLine(line.problem) for line in lines if line.problem),
    )


def _printing_asked(line: DeckLine) -> str:
    """The printing as the list writes it; empty where any will do."""
    parts = [line.set_code.upper(), line.collector_number, line.finish]
    return " ".join(part for part in parts if part)


_ASIDE_NAMES = {
    "maybe": "maybeboard",
    **dict.fromkeys(("token", "tokensextras", "tokensandextras", "tokensandemblems"), "tokens"),
    "aside": "set aside",
}


def _aside(deck_list: DeckList) -> tuple[AsideZone, ...]:
    """By the heading that they stood under, which is the first of their tags."""
    zones: dict[str, list[DeckLine]] = {}
    for line in deck_list.aside:
        heading = (line.tags or ("aside",))[0]
        zones.setdefault(_ASIDE_NAMES.get(heading, heading).capitalize(), []).append(line)
    return tuple(AsideZone(name, tuple(lines)) for name, lines in zones.items())


# --- what of it can be had ----------------------------------------------------------------------------------


def _lacking(
    copies: Mapping[LineKey, int], cart: Order | None, today: date
) -> tuple[dict[LineKey, int], dict[int, int]]:
    """What each line lacks, and, while the cart has no days, what is owned of each card. Two queries, or one."""
    cards = {card for card, _, _ in copies}
    in_cart = _in_cart(cart, cards)
    demand: Counter[int] = Counter()
    for card, quantity in [*in_cart, *((card, quantity) for (card, _, _), quantity in copies.items())]:
        demand[card] += quantity
    period = cart.blocked_period if cart else None
    owned: dict[int, int] = {}
    if period is None:
        found = with_owned(Card.objects.filter(pk__in=cards), today=today)
        owned = {card.pk: card.owned_copies for card in found}  # type: ignore[attr-defined]
        missing = {card: max(0, demand[card] - owned.get(card, 0)) for card in cards}
    else:
        short = shortfalls(demand, period.out_on, period.back_on, today=today)
        missing = {card: shortfall.short for card, shortfall in short.items()}
    keys = list(copies)
    served = [(-place, card, quantity) for place, (card, quantity) in enumerate(in_cart, start=1)]
    listed = [(place, keys[place][0], copies[keys[place]]) for place in range(len(keys))]
    lacking = short_by_line([*served, *listed], missing)
    return {key: lacking[place] for place, key in enumerate(keys)}, owned


def _in_cart(cart: Order | None, cards: Iterable[int]) -> list[tuple[int, int]]:
    """(card, copies) of the cart's own lines of these cards, in the order in which they are served."""
    if cart is None:
        return []
    lines = OrderCard.objects.filter(order=cart, card__in=cards).order_by("pk")
    return list(lines.values_list("card", "quantity"))
