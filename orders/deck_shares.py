"""Which copies of an order are those of its template decks, as far as they are still there. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from orders.models import OrderCard, OrderTemplateDeck

DeckKey = tuple[int, str]  # card id, zone


@dataclass(frozen=True, slots=True)
class DeckShare:
    """A deck that went in, and its copies that are there, by line. `of`: copies of the deck, as often as it went in.

    `came`: those that came with it; `besides`: those that were left out then and added since.
    """

    row: OrderTemplateDeck
    of: int
    came: Counter[OrderCard] = field(default_factory=Counter)
    besides: Counter[OrderCard] = field(default_factory=Counter)

    @property
    def copies(self) -> int:
        return self.came.total() + self.besides.total()

    def __str__(self) -> str:
        if self.whole:
            return f"{self.of} card{'' if self.of == 1 else 's'}"
        return f"{self.copies} of {self.of} card{'' if self.of == 1 else 's'}"

    @property
    def whole(self) -> bool:
        return self.copies == self.of


def went_in(row: OrderTemplateDeck) -> Counter[DeckKey]:
    """Copies that went in with it. Read with `version__deck_cards`."""
    whole = {(line.card_id, line.zone): line.quantity * row.copies for line in row.version.deck_cards.all()}
    return +(Counter(whole) - left_out_of(row))


def left_out_of(row: OrderTemplateDeck) -> Counter[DeckKey]:
    return Counter({(card_id, zone): copies for card_id, zone, copies in row.left_out})


def deck_shares(rows: Sequence[OrderTemplateDeck], lines: Iterable[OrderCard]) -> list[DeckShare]:
    """Hands the copies of the lines out to the decks, to each at most what went in with it.

    A line does not say where its copies came from. So: first the lines that a deck made (its card, its zone, no
    printing preferred), then those of its zone in a printing that was chosen since, then those of the card in other
    zones, where they may have been moved. Of two decks the one that went in first comes first. No copy counts twice.
    What is left then makes up for what was left out of a deck.
    """
    shares = [
        DeckShare(row, row.copies * sum(line.quantity for line in row.version.deck_cards.all()))
        for row in rows
    ]
    by_card: dict[int, list[OrderCard]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line.pk):
        by_card[line.card_id].append(line)
    left = Counter({line: line.quantity for of_card in by_card.values() for line in of_card})
    came = [(share.came, went_in(share.row)) for share in shares]
    besides = [(share.besides, left_out_of(share.row)) for share in shares]
    for handed_out in (came, besides):
        for fits in _NEARER_AND_FARTHER:
            for taken, wants in handed_out:
                for (card_id, zone), copies in wants.items():
                    for line in by_card[card_id]:
                        if fits(line, zone) and (some := min(copies, left[line])):
                            taken[line] += some
                            left[line] -= some
                            copies -= some
                    wants[card_id, zone] = copies
    return shares


_NEARER_AND_FARTHER: tuple[Callable[[OrderCard, str], bool], ...] = (
    lambda line, zone: line.zone == zone and line.preferred_printing_id is None,
    lambda line, zone: line.zone == zone,
    lambda line, zone: True,
)
