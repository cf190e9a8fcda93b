"""Searching the cards: what is asked, and a page of answers with price and stock. Reads only.

A search answers whatever it is asked: text of any length and with any character in it, and any page. What can
be no part of a card's name is left out of the question; what lies beyond the last page is the last page.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Self

from django.core.paginator import Page, Paginator
from django.db.models import Case, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from inventory.availability import free_quantities
from inventory.card_names import nearest_names
from inventory.models import Card, StockMovement
from inventory.names import fold_name

CARDS_PER_PAGE = 24
LONGEST_TEXT = 150  # characters; more than the longest card name has
MOST_WORDS = 12


@dataclass(frozen=True)
class CardQuery:
    """What somebody looks for: words of a name, among all cards or only among those that the shop owns."""

    text: str = ""
    owned_only: bool = False

    @classmethod
    def asked(cls, text: str, *, owned_only: bool = False) -> Self:
        """The query behind what was typed or stood in an address: shortened, without control characters."""
        printable = "".join(
            character if character.isprintable() else " " for character in text[:LONGEST_TEXT]
        )
        return cls(text=" ".join(printable.split()), owned_only=owned_only)

    @cached_property
    def folded(self) -> str:
        return fold_name(self.text)

    @cached_property
    def words(self) -> list[str]:
        """Each has to stand somewhere in a card's folded name."""
        return list(dict.fromkeys(self.folded.split()))[:MOST_WORDS]


@dataclass(frozen=True, slots=True)
class FoundCard:
    """A card with what the shop owns of it and has free today, in copies. Its price: `card.rent_cents`."""

    card: Card
    owned: int
    free: int


@dataclass(frozen=True)
class FoundCards:
    """A page of answers. `suggestions` are names that may have been meant where there is no answer."""

    query: CardQuery
    page: Page[Card]
    found: list[FoundCard]
    suggestions: list[str] = field(default_factory=list)


def search_cards(*, query: CardQuery, page: str | int = 1, today: date) -> FoundCards:
    """A page of the cards that match, best first. Three queries, however many cards there are.

    Every word has to stand somewhere in the folded name. First comes the card of exactly that name, then
    names (and faces) that begin so, then names with a word that begins so, then the rest; among equals what
    the shop owns goes first, then the alphabet. Without words, all cards.
    """
    answers = Paginator(_matching(query, today=today), CARDS_PER_PAGE).get_page(page)
    cards = list(answers.object_list)
    free = free_quantities([card.pk for card in cards], today, today + timedelta(days=1), today=today)
    found = [FoundCard(card=card, owned=card.owned_copies, free=max(0, free[card.pk])) for card in cards]
    suggestions = [] if found or not query.words else nearest_names(query.text)
    return FoundCards(query=query, page=answers, found=found, suggestions=suggestions)


def with_owned(cards: QuerySet[Card], *, today: date) -> QuerySet[Card]:
    """Annotates `owned_copies`: owned(card, today)."""
    owned = (
        StockMovement.objects.filter(printing__card=OuterRef("pk"), effective_on__lte=today)
        .values("printing__card")
        .annotate(copies=Sum("quantity"))
        .values("copies")
    )
    return cards.annotate(owned_copies=Coalesce(Subquery(owned), 0))


def _matching(query: CardQuery, *, today: date) -> QuerySet[Card]:
    cards: QuerySet[Card] = with_owned(Card.objects.with_value(), today=today)
    for word in query.words:
        cards = cards.filter(folded_name__contains=word)
    owned_ids = (
        StockMovement.objects.filter(effective_on__lte=today)
        .values("printing__card")
        .annotate(copies=Sum("quantity"))
        .filter(copies__gt=0)
        .values("printing__card")
    )
    if query.owned_only:
        cards = cards.filter(pk__in=owned_ids)
    # As a subquery of its own, not as owned_copies > 0: it is worked out once, not once for every card.
    first_what_is_owned = Case(When(pk__in=owned_ids, then=0), default=1)
    return cards.order_by(*_closeness(query), first_what_is_owned, "folded_name", "pk")


def _closeness(query: CardQuery) -> list[Case]:
    if not query.words:
        return []
    begins_so = Q(folded_name__startswith=query.folded) | Q(folded_name__contains=f"// {query.folded}")
    return [
        Case(
            When(folded_name=query.folded, then=Value(0)),
            When(begins_so, then=Value(1)),
            When(folded_name__contains=f" {query.folded}", then=Value(2)),
            default=Value(3),
            output_field=IntegerField(),
        )
    ]
