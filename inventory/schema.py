"""GraphQL of what the shop offers: cards, free days, template decks."""

from datetime import date
from typing import Any

import strawberry
from django.utils import timezone

from inventory.card_query import parse
from inventory.days_asked_for import free_on_days
from inventory.models import TemplateDeckCard
from inventory.search import FoundCard, search_cards
from inventory.skus import cards_of
from inventory.template_decks import OfferedDeck, newest_decks

USUAL, MOST = 20, 100  # of anything in one answer
Info = strawberry.Info[Any, None]


class WrongFirst(ValueError):
    """`first` asks for none, or for too many at once."""

    def __init__(self) -> None:
        super().__init__(f"“first” is how many you want, from 1 to {MOST}.")


def check_first(first: int | None) -> int:
    """How many; the usual number where it is null. Raises WrongFirst."""
    if first is None:
        return USUAL
    if not 1 <= first <= MOST:
        raise WrongFirst
    return first


@strawberry.type(name="Card", description="A card. Prices are cents for a copy and a day, before tax.")
class CardType:
    sku: str = strawberry.field(description="What carts know it by: its slug.")
    name: str
    type_line: str
    mana_cost: str
    oracle_text: str
    colors: str = strawberry.field(description="A subset of WUBRG, in that order.")
    day_price_cents: int
    owned: int = strawberry.field(description="Copies that the shop has.")
    free_today: int

    @classmethod
    def of(cls, found: FoundCard) -> "CardType":
        card = found.card
        return cls(
            sku=card.slug,
            name=card.name,
            type_line=card.type_line,
            mana_cost=card.mana_cost,
            oracle_text=card.oracle_text,
            colors=card.colors,
            day_price_cents=card.rent_cents,
            owned=found.owned,
            free_today=max(0, found.free),
        )


@strawberry.type(
    description="Copies that are free on a day. An order needs them on the days of shipping, too."
)
class DayAvailability:
    day: date
    free: int


@strawberry.type(name="TemplateDeckCard")
class TemplateDeckCardType:
    sku: str
    name: str
    quantity: int
    zone: str

    @classmethod
    def of(cls, line: TemplateDeckCard) -> "TemplateDeckCardType":
        return cls(sku=line.card.slug, name=line.card.name, quantity=line.quantity, zone=line.zone)


@strawberry.type(
    name="TemplateDeck", description="A deck that the shop offers: addTemplateDeckToCart takes its slug."
)
class TemplateDeckType:
    slug: str
    name: str
    format: str
    description: str
    copies: int
    day_price_cents: int = strawberry.field(description="All its cards for a day, before shipping and tax.")
    available_today: bool = strawberry.field(description="Whether every card of it is free today.")
    short_today: int = strawberry.field(description="Copies that are missing today.")
    cards: list[TemplateDeckCardType]

    @classmethod
    def of(cls, offered: OfferedDeck) -> "TemplateDeckType":
        deck = offered.deck
        return cls(
            slug=deck.slug,
            name=deck.name,
            format=deck.format,
            description=deck.description,
            copies=offered.copies,
            day_price_cents=offered.day_price_cents,
            available_today=not offered.short,
            short_today=offered.short,
            cards=[TemplateDeckCardType.of(line) for line in offered.lines],
        )


@strawberry.type
class InventoryQuery:
    @strawberry.field(
        description=("Cards by name, or by a search as on the page of all cards; the best answers first.")
    )
    def cards(self, search: str, first: int | None = USUAL) -> list[CardType]:
        found = search_cards(query=parse(search), per_page=check_first(first), today=timezone.localdate())
        return [CardType.of(card) for card in found.found]

    @strawberry.field(
        name="cardAvailability",
        description=(
            "Copies of a card that are free, day by day; of any printing, since copies are interchangeable."
        ),
    )
    def card_availability(self, sku: str, first_day: date, last_day: date) -> list[DayAvailability]:
        card = cards_of([sku])[sku].card
        free = free_on_days(card=card, first_day=first_day, last_day=last_day, today=timezone.localdate())
        return [DayAvailability(day=day, free=copies) for day, copies in free.items()]

    @strawberry.field(
        name="templateDecks",
        description="The decks on offer, the newest first.",
    )
    def template_decks(self, first: int | None = USUAL) -> list[TemplateDeckType]:
        decks = newest_decks(first=check_first(first), today=timezone.localdate())
        return [TemplateDeckType.of(deck) for deck in decks]
