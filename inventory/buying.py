"""In which order to buy what is missing, so that every copy opens as many orders as it can. Pure: no database.

Somebody who waits *misses* copies, by card: so many more have to come, for those ahead of them as well, before
everything that they ask for is free (inventory/queue.py). A purchase serves all who wait alike, so that somebody
is *served* once so many copies of every card have been bought as they miss; in which order those of one card are
bought, and who else is served before, is of no matter. The *bundle* of somebody is what they miss and nobody has
bought yet.

`buying_steps` is the order by copies. A step buys one bundle: the one that serves the most people for each copy,
itself and everybody else whom it completes. Of equal ones the smaller, then that of whoever stands first in the
list. Each card is bought up to the most that anybody misses of it, which is its place in the buy list.

`buying_rows` is the order by cards, for a list in which every card stands once. The cards stand as the steps come
upon them, those of one step as in the list of needs, those of which nobody is served at the end. Each row says who is
served by which of its copies once the rows above it are bought, and whose last card stands further down.

Best for each copy at every step is not the best for every budget (that is the knapsack problem, and worse), but it
never leaves a cheap one waiting behind a dear one.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)

_Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Step(Generic[Key]):
    """Copies to buy together, by card id, and who is served then."""

    copies: Mapping[int, int]
    serves: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Row(Generic[Key]):
    """All copies to buy of a card, after all of the rows above.

    `serves`: who is served by them, by the number of copies at which it comes about, the least first. `later`: who
    misses this card too but is served by a row further down, by the card of that row, in the order of the rows.
    """

    card_id: int
    copies: int
    serves: Mapping[int, tuple[Key, ...]]
    later: Mapping[int, tuple[Key, ...]]


def buying_rows(needs: Mapping[int, int], missing: Sequence[tuple[Key, Mapping[int, int]]]) -> list[Row[Key]]:
    """A row for every card of `needs` (copies by card id): its copies are those, whoever they serve.

    Who misses more of a card than is needed of it is served by no row.
    """
    can_be_served = [
        (key, cards)
        for key, cards in missing
        if cards and all(copies <= needs.get(card, 0) for card, copies in cards.items())
    ]
    listed = {card: number for number, card in enumerate(needs)}
    met = [
        card for step in buying_steps(can_be_served) for card in sorted(step.copies, key=listed.__getitem__)
    ]
    place = {card: number for number, card in enumerate(dict.fromkeys([*met, *needs]))}
    serves: dict[int, dict[int, list[Key]]] = {card: {} for card in place}
    later: dict[int, dict[int, list[Key]]] = {card: {} for card in place}
    for key, cards in can_be_served:
        last = max(cards, key=place.__getitem__)
        serves[last].setdefault(cards[last], []).append(key)
        for card in cards:
            if card != last:
                later[card].setdefault(last, []).append(key)
    return [
        Row(
            card_id=card,
            copies=needs[card],
            serves={copies: tuple(keys) for copies, keys in sorted(serves[card].items())},
            later={below: tuple(later[card][below]) for below in sorted(later[card], key=place.__getitem__)},
        )
        for card in place
    ]


def buying_steps(missing: Sequence[tuple[Key, Mapping[int, int]]]) -> Iterator[Step[Key]]:
    """Purchases, the best first, until everybody is served. `missing`: who, and copies by card id, each above 0."""
    market = _Market([cards for _, cards in missing])
    while (best := market.best()) is not None:
        bundle = market.bundle(best)
        yield Step(bundle, tuple(missing[who][0] for who in market.buy(bundle)))


class _Market:
    """What has been bought, what everybody's bundle is worth now. People are known by their number.

    `copies` and `serves` are kept for all at once: the size of each bundle, and how many it would serve. A bundle
    serves somebody exactly if it is theirs or reaches up to what they miss, in every card that they still miss. So
    somebody counts for all who miss at least as much as they do of these cards; only when a card that they miss is
    bought up to what they miss are there others for whom they count, and only then is it worked out anew.
    """

    def __init__(self, missing: Sequence[Mapping[int, int]]) -> None:
        self.missing = missing
        self.open = [
            dict(cards) for cards in missing
        ]  # what each still misses; how much of it says `missing`
        self.bought: dict[int, int] = {}
        self.columns: dict[
            int, tuple[_Numbers, _Numbers]
        ] = {}  # by card: who misses it, and how much, ascending
        people: dict[int, list[int]] = {}
        for who, cards in enumerate(missing):
            for card in cards:
                people.setdefault(card, []).append(who)
        for card, some in people.items():
            some.sort(key=lambda who, card=card: missing[who][card])  # type: ignore[misc]
            self.bought[card] = 0
            self.columns[card] = np.array(some), np.array([missing[who][card] for who in some])
        self.marks: _Numbers = np.zeros(len(missing), dtype=np.int64)
        self.mark = 0
        self.copies: _Numbers = np.array([sum(cards.values()) for cards in missing], dtype=np.int64)
        self.serves: _Numbers = np.zeros(len(missing), dtype=np.int64)
        for cards in self.open:
            if cards:
                self.serves[self._counts_for(cards)] += 1

    def best(self) -> int | None:
        """Whose bundle to buy next; None where everybody is served."""
        waiting = np.flatnonzero(self.copies)
        if not waiting.size:
            return None
        copies = self.copies[waiting]
        worth = self.serves[waiting] / copies
        best = np.flatnonzero(worth == worth.max())
        return int(waiting[best[copies[best].argmin()]])  # argmin: the first of the smallest

    def bundle(self, who: int) -> dict[int, int]:
        return {card: copies - self.bought[card] for card, copies in self.open[who].items()}

    def buy(self, bundle: Mapping[int, int]) -> list[int]:
        """Buys it, and returns who is served by that, in the order of the list."""
        reached: dict[int, list[int]] = {}
        for card, more in bundle.items():
            people, missed = self.columns[card]
            before = self.bought[card]
            after = self.bought[card] = before + more
            first, last = np.searchsorted(missed, [before, after], side="right")
            self.copies[people[first:]] -= np.minimum(missed[first:], after) - before
            for who in people[first:last].tolist():
                reached.setdefault(who, []).append(card)
        served = []
        for who, cards in sorted(reached.items()):
            self.serves[self._counts_for(self.open[who])] -= 1
            for card in cards:
                del self.open[who][card]
            if self.open[who]:
                self.serves[self._counts_for(self.open[who])] += 1
            else:
                served.append(who)
        return served

    def _counts_for(self, cards: Mapping[int, int]) -> _Numbers:
        """Who misses of each of these cards at least as many copies."""
        some = sorted((self._at_least(card, copies) for card, copies in cards.items()), key=len)
        found = some[0]
        for people in some[1:]:
            if len(found) == 1:  # themselves
                break
            self.mark += 1
            self.marks[people] = self.mark
            found = found[self.marks[found] == self.mark]
        return found

    def _at_least(self, card: int, copies: int) -> _Numbers:
        people, missed = self.columns[card]
        return people[np.searchsorted(missed, copies) :]
