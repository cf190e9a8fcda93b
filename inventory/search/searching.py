"""A page of answers to a query.

A search answers whatever it is asked: text of any length and with any character in it, and any page. What lies beyond
the last page is the last page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from django.core.paginator import Page, Paginator

from inventory.availability import free_quantities
from inventory.card_query import CardQuery
from inventory.card_query.sorting import Sort
from inventory.card_query.terms import Name, all_of
from inventory.models import Card
from inventory.periods import BlockedPeriod
from inventory.search.catalogue import Ints
from inventory.search.matching import Matching
from inventory.search.memory import Shelves, shelves
from inventory.search.near_names import by_nearness, corrections, near_names
from inventory.search.order import in_order

CARDS_PER_PAGE = 24


@dataclass(frozen=True, slots=True)
class FoundCard:
    """A card with what the shop owns of it and has free on every day that was asked about, in copies.

    Its price: `card.rent_cents`.
    """

    card: Card
    owned: int
    free: int


@dataclass(frozen=True)
class FoundCards:
    """A page of answers.

    `named_like`: where no card has the name that was typed, the nearest name; these cards have one like it.
    `suggestions` are names that may have been meant where there is no answer at all.
    """

    query: CardQuery
    page: Page[int]
    found: list[FoundCard]
    named_like: str = ""
    suggestions: list[str] = field(default_factory=list)


def search_cards(
    *,
    query: CardQuery,
    page: str | int = 1,
    per_page: int = CARDS_PER_PAGE,
    today: date,
    days: BlockedPeriod | None = None,
) -> FoundCards:
    """A page of the cards that match, and what of them is free on all of the `days` (today, where there are none).

    Three queries, however many cards there are, once the catalogue has been read: whether it has changed, the cards of
    the page, and what is free. One more where the query itself asks what is free.
    """
    period = days or BlockedPeriod(today, today + timedelta(days=1))
    kept = shelves(today=today)

    def free_of(cards: Ints) -> Ints:
        ids = kept.catalogue.ids[cards].tolist()
        free = free_quantities(ids, period.out_on, period.back_on, today=today)
        return np.array([free[card_id] for card_id in ids], dtype=np.int64)

    matching = Matching(kept, free_of)
    places, named_like = _matching(query, matching)
    answers = Paginator(_Listed(places), per_page).get_page(page)
    found = _found(list(answers.object_list), kept, matching)
    mistyped = "" if found else _mistyped(query, matching)
    suggestions = near_names(mistyped, kept.catalogue) if mistyped else []
    return FoundCards(query, answers, found, named_like, suggestions)


def _matching(query: CardQuery, matching: Matching) -> tuple[Ints, str]:
    """The cards in their order; with other names, and the nearest of them, where no card has these names."""
    found = matching.cards(query.tree)
    if len(found) or not query.names or len(matching.cards(all_of(list(query.names)))):
        return in_order(found, query, matching), ""
    for corrected in corrections(query, matching.catalogue):
        found = matching.cards(corrected.tree)
        if not len(found):
            continue
        if query.sort is Sort.BEST:
            return by_nearness(found, query.name_text, matching.catalogue), corrected.like
        return in_order(found, query, matching), corrected.like
    return found, ""


def _mistyped(query: CardQuery, matching: Matching) -> str:
    """The name that was typed, where no card is called so; a card that only lacks what else was asked is none."""
    asked = query.names or (Name(query.exact_name, exact=True),)
    return "" if len(matching.cards(all_of(asked))) else query.name_text or query.exact_name


def _found(places: Sequence[int], kept: Shelves, matching: Matching) -> list[FoundCard]:
    on_page = np.array(places, dtype=np.int64)
    cards = Card.objects.with_value().in_bulk(kept.catalogue.ids[on_page].tolist())
    free = matching.free(on_page)
    return [
        FoundCard(cards[card_id], int(kept.owned[place]), int(copies))
        for place, card_id, copies in zip(places, kept.catalogue.ids[on_page].tolist(), free, strict=True)
        if card_id in cards  # one that has gone a moment ago is left out
    ]


class _Listed(Sequence[int]):
    """What a paginator takes: the numbers of an array."""

    def __init__(self, numbers: Ints) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, place):  # type: ignore[no-untyped-def]
        return self._numbers[place].tolist()
