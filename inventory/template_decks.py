"""The decks that the shop offers: what is in them, what they cost for a day, what is short today. Reads only."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, QuerySet

from inventory.availability import shortfalls
from inventory.closed_days import shop_calendar
from inventory.models import Card, TemplateDeck, TemplateDeckCard, Zone
from inventory.short_lines import short_by_line
from inventory.starts import Starts, collected_starts

DECKS_PER_PAGE = 12
FEATURED_DECKS = 3

# What a card counts as in a deck list is the first of these in its type line (a land creature is a creature,
# an artifact land is a land); on screen they stand in the order of `_SHOWN`.
_TYPES = ("Creature", "Land", "Planeswalker", "Battle", "Instant", "Sorcery", "Artifact", "Enchantment")
_TITLES = {
    "Creature": "Creatures", "Planeswalker": "Planeswalkers", "Battle": "Battles", "Instant": "Instants",
    "Sorcery": "Sorceries", "Artifact": "Artifacts", "Enchantment": "Enchantments", "Land": "Lands",
    "": "Other cards",
}  # fmt: skip
_SHOWN = list(_TITLES)


def card_type(type_line: str) -> str:
    """What a card of this type line counts as in a deck list; empty for none of the known types. Pure.

    >>> card_type("Artifact Creature — Golem"), card_type("Instant // Land")
    ('Creature', 'Instant')
    """
    types = type_line.partition("//")[0].partition("—")[0].split()
    return next((known for known in _TYPES if known in types), "")


@dataclass(frozen=True, slots=True)
class DeckLine:
    """A card of a deck. `short`: copies that this line lacks today."""

    card: Card
    quantity: int
    short: int

    @property
    def day_price_cents(self) -> int:
        """For all copies of the line."""
        return self.quantity * self.card.rent_cents


@dataclass(frozen=True, slots=True)
class LineGroup:
    """Lines under a heading of their own: a card type, or a whole zone (then `title` is empty)."""

    title: str
    lines: Sequence[DeckLine]

    @property
    def copies(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class DeckZone:
    """A zone with its lines; the main deck's are grouped by card type."""

    zone: Zone
    groups: Sequence[LineGroup]

    @property
    def copies(self) -> int:
        return sum(group.copies for group in self.groups)


@dataclass(frozen=True, slots=True)
class OfferedDeck:
    """A template deck with all that a page says of it. Money is cents for a day, without shipping and tax."""

    deck: TemplateDeck
    lines: Sequence[TemplateDeckCard]
    short_by_card: dict[int, int]

    @property
    def copies(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def day_price_cents(self) -> int:
        return sum(line.quantity * line.card.rent_cents for line in self.lines)

    @property
    def short(self) -> int:
        """Copies that are missing today; 0: the whole deck is available."""
        return sum(self.short_by_card.values())

    @property
    def colors(self) -> str:
        """The colours of its cards, a subset of WUBRG in that order."""
        used = {color for line in self.lines for color in line.card.colors}
        return "".join(color for color in "WUBRG" if color in used)

    def zones(self) -> list[DeckZone]:
        """Its lines by zone; what a card lacks today is told at its last lines, where a deck would run out."""
        served = sorted(self.lines, key=lambda line: Zone.values.index(line.zone))
        lacking = short_by_line(
            ((line.pk, line.card_id, line.quantity) for line in served), self.short_by_card
        )
        lines: dict[str, list[DeckLine]] = {zone.value: [] for zone in Zone}
        for line in served:
            lines[line.zone].append(DeckLine(line.card, line.quantity, lacking[line.pk]))
        return [
            DeckZone(
                zone=zone,
                groups=_by_card_type(lines[zone]) if zone == Zone.MAIN else [_group("", lines[zone])],
            )
            for zone in Zone
            if lines[zone]
        ]


def _by_card_type(lines: Iterable[DeckLine]) -> list[LineGroup]:
    groups: dict[str, list[DeckLine]] = {shown: [] for shown in _SHOWN}
    for line in lines:
        groups[card_type(line.card.type_line)].append(line)
    return [_group(_TITLES[shown], group) for shown, group in groups.items() if group]


def _group(title: str, lines: Iterable[DeckLine]) -> LineGroup:
    return LineGroup(title, sorted(lines, key=lambda line: (line.card.mana_value, line.card.folded_name)))


@dataclass(frozen=True, slots=True)
class FormatCount:
    """A format in which the shop offers decks, and how many."""

    name: str
    decks: int


@dataclass(frozen=True, slots=True)
class OfferedDecks:
    """A page of the decks on offer; `format` is empty for all of them."""

    format: str
    formats: list[FormatCount]
    page: Page[TemplateDeck]
    decks: list[OfferedDeck]

    @property
    def total(self) -> int:
        """Decks on offer in all formats."""
        return sum(format.decks for format in self.formats)


def offered_decks(*, format: str = "", page: str | int = 1, today: date) -> OfferedDecks:
    """A page of the published decks, of one format or of all. Six queries, however many decks and lines."""
    published = TemplateDeck.objects.published()
    counted = published.values("format").annotate(decks=Count("pk")).order_by("format")
    format = " ".join(format.replace("\x00", " ").split())
    if format:
        published = published.filter(format__iexact=format[:100])
    decks = Paginator(_with_lines(published).order_by("format", "name", "pk"), DECKS_PER_PAGE).get_page(page)
    return OfferedDecks(
        format=format[:100],
        formats=[FormatCount(name=row["format"], decks=row["decks"]) for row in counted],
        page=decks,
        decks=_offered(decks.object_list, today=today),
    )


def featured_decks(*, today: date) -> list[OfferedDeck]:
    """The newest decks on offer. Four queries."""
    newest = _with_lines(TemplateDeck.objects.published()).order_by("-created_at", "-pk")[:FEATURED_DECKS]
    return _offered(newest, today=today)


def offered_deck(slug: str, *, today: date) -> OfferedDeck:
    """The published deck of that slug. Four queries. Raises `TemplateDeck.DoesNotExist`."""
    deck = _with_lines(TemplateDeck.objects.published()).get(slug=slug)
    return _offered([deck], today=today)[0]


@dataclass(frozen=True, slots=True)
class DeckDetails:
    """`starts`: the next sixty for three days, collected at the shop."""

    offered: OfferedDeck
    starts: Starts


def deck_details(slug: str, *, today: date) -> DeckDetails:
    """The published deck of that slug, and when the whole of it is free. Six queries.

    Raises `TemplateDeck.DoesNotExist`.
    """
    offered = offered_deck(slug, today=today)
    return DeckDetails(
        offered, collected_starts(_demand(offered.deck), today=today, calendar=shop_calendar())
    )


def _with_lines(decks: QuerySet[TemplateDeck]) -> QuerySet[TemplateDeck]:
    cards = Prefetch("card", queryset=Card.objects.with_value())
    return decks.prefetch_related(
        Prefetch("deck_cards", queryset=TemplateDeckCard.objects.prefetch_related(cards))
    )


def _offered(decks: Iterable[TemplateDeck], *, today: date) -> list[OfferedDeck]:
    """Each deck by itself, as if nobody took another: what is free today, not what is left for two."""
    decks = list(decks)
    demands = {deck.pk: _demand(deck) for deck in decks}
    most: Counter[int] = Counter()
    for demand in demands.values():
        most |= demand
    short = shortfalls(most, today, today + timedelta(days=1), today=today)
    free = {card_id: shortfall.quantity - shortfall.short for card_id, shortfall in short.items()}
    return [
        OfferedDeck(
            deck=deck,
            lines=list(deck.deck_cards.all()),
            short_by_card={
                card_id: quantity - free[card_id]
                for card_id, quantity in demands[deck.pk].items()
                if card_id in free and quantity > free[card_id]
            },
        )
        for deck in decks
    ]


def _demand(deck: TemplateDeck) -> Counter[int]:
    """Copies by card id: the lines of a card together."""
    demand: Counter[int] = Counter()
    for line in deck.deck_cards.all():
        demand[line.card_id] += line.quantity
    return demand
