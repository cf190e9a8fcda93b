"""The decks that the shop offers: what is in them, what they cost for a day, what is short today. Reads only."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, QuerySet, prefetch_related_objects

from inventory.deck_choice import COLORS, SORTS, of_color, sorted_by
from inventory.deck_groups import as_read, by_card_type
from inventory.deck_plots import DeckPlots, deck_plots
from inventory.deck_shortages import free_as_a_whole, short_by_deck
from inventory.models import Card, TemplateDeck, TemplateDeckCard, TemplateDeckVersion, Zone
from inventory.periods import BlockedPeriod
from inventory.short_lines import short_by_line

DECKS_PER_PAGE = 12
FEATURED_DECKS = 3


@dataclass(frozen=True, slots=True)
class DeckLine:
    """A card of a deck. `short`: copies that this line lacks."""

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
    """A template deck with all that a page says of it. Money is cents for a day, without shipping and tax.

    `short_by_card`: copies that are missing today, or on the days that were asked for.
    """

    version: TemplateDeckVersion
    lines: Sequence[TemplateDeckCard]
    short_by_card: dict[int, int]

    @property
    def deck(self) -> TemplateDeck:
        return self.version.deck

    @property
    def copies(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def day_price_cents(self) -> int:
        return sum(line.quantity * line.card.rent_cents for line in self.lines)

    @property
    def plots(self) -> DeckPlots:
        """Its curve and colours, without the sideboard."""
        return deck_plots((line.card, line.quantity) for line in self.lines if line.zone != Zone.SIDEBOARD)

    @property
    def demand(self) -> Counter[int]:
        """Copies by card id: the lines of a card together."""
        return _demand(self.version)

    @property
    def short(self) -> int:
        """Copies that are missing; 0: the whole deck is available."""
        return sum(self.short_by_card.values())

    @property
    def colors(self) -> str:
        """The colours of its cards, a subset of WUBRG in that order."""
        used = {color for line in self.lines for color in line.card.colors}
        return "".join(color for color in "WUBRG" if color in used)

    @property
    def finest(self) -> list[Card]:
        """The three cards that cost most, the finest in the middle; none of a deck that has not so many."""
        cards = {line.card_id: line.card for line in self.lines}.values()
        dearest = sorted(cards, key=lambda card: (-card.rent_cents, -card.mana_value, card.folded_name))[:3]
        return [dearest[1], dearest[0], dearest[2]] if len(dearest) == 3 else []

    def zones(self) -> list[DeckZone]:
        """Its lines by zone; what a card lacks is told at its last lines, where a deck would run out."""
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
    return [LineGroup(title, group) for title, group in by_card_type(lines, lambda line: line.card)]


def _group(title: str, lines: Iterable[DeckLine]) -> LineGroup:
    return LineGroup(title, as_read(lines, lambda line: line.card))


@dataclass(frozen=True, slots=True)
class FormatCount:
    """A format in which the shop offers decks, and how many."""

    name: str
    decks: int


@dataclass(frozen=True, slots=True)
class OfferedDecks:
    """A page of the decks on offer; `format` and `color` are empty for all of them.

    `free_only`: just those that are free as a whole, on the days that were asked for or today. `short_ones`: there are
    none of them, but others that lack something.
    """

    format: str
    color: str
    sort: str
    free_only: bool
    short_ones: bool
    formats: list[FormatCount]
    page: Page[TemplateDeckVersion]
    decks: list[OfferedDeck]

    @property
    def total(self) -> int:
        """Decks on offer in all formats."""
        return sum(format.decks for format in self.formats)


def offered_decks(
    *,
    format: str = "",
    color: str = "",
    sort: str = "",
    days: BlockedPeriod | None = None,
    free_only: bool = False,
    page: str | int = 1,
    today: date,
) -> OfferedDecks:
    """A page of the published decks: of one format, with cards of one colour, and what is short in them on `days`.

    `color`: one of WUBRG, or C for decks without any of them. `sort`: a key of `SORTS`. Anything else asks for all.
    Without `days` it is about today. Six queries, with `free_only` eight, or six where there are none of them; however
    many decks and lines.
    """
    counted = TemplateDeck.objects.published().values("format").annotate(decks=Count("pk")).order_by("format")
    offered: QuerySet[TemplateDeckVersion] = TemplateDeckVersion.objects.offered()
    format = " ".join(format.replace("\x00", " ").split())
    if format:
        offered = offered.filter(deck__format__iexact=format[:100])
    color = color if color in COLORS else ""
    if color:
        offered = of_color(offered, color)
    chosen = offered
    if free_only:
        chosen = offered.filter(pk__in=free_as_a_whole(offered, days, today=today))
    sort = sort if sort in SORTS else ""
    in_order = sorted_by(_with_lines(chosen), sort)
    decks = Paginator(in_order, DECKS_PER_PAGE).get_page(page)
    return OfferedDecks(
        format=format[:100],
        color=color,
        sort=sort,
        free_only=free_only,
        short_ones=free_only and not decks.object_list and offered.exists(),
        formats=[FormatCount(name=row["format"], decks=row["decks"]) for row in counted],
        page=decks,
        decks=_offered(decks.object_list, today=today, days=days),
    )


def featured_decks(*, today: date) -> list[OfferedDeck]:
    """Those that the home page shows."""
    return newest_decks(first=FEATURED_DECKS, today=today)


def newest_decks(*, first: int, today: date) -> list[OfferedDeck]:
    """The newest decks on offer. Four queries."""
    newest = _with_lines(TemplateDeckVersion.objects.offered()).order_by("-deck__created_at", "-deck")
    return _offered(newest[:first], today=today)


def offered_deck(
    slug: str, *, today: date, days: BlockedPeriod | None = None, drafts: bool = False
) -> OfferedDeck:
    """The published deck of that slug, with `drafts` any; what is short in it on these days, or today. Four queries.

    Raises `TemplateDeck.DoesNotExist`.
    """
    versions = TemplateDeckVersion.objects
    chosen = versions.current().select_related("deck") if drafts else versions.offered()
    version = _with_lines(chosen).filter(deck__slug=slug).first()
    if version is None:
        raise TemplateDeck.DoesNotExist
    return _offered([version], today=today, days=days)[0]


def with_shortages(versions: Iterable[TemplateDeckVersion], *, today: date) -> list[OfferedDeck]:
    """These versions, each read with its deck, published or not. Three queries more, however many lines."""
    versions = list(versions)
    prefetch_related_objects(versions, _lines())
    return _offered(versions, today=today)


def _lines() -> Prefetch:
    cards = Prefetch("card", queryset=Card.objects.with_value())
    return Prefetch("deck_cards", queryset=TemplateDeckCard.objects.prefetch_related(cards))


def _with_lines(versions: QuerySet[TemplateDeckVersion]) -> QuerySet[TemplateDeckVersion]:
    return versions.prefetch_related(_lines())


def _offered(
    versions: Iterable[TemplateDeckVersion], *, today: date, days: BlockedPeriod | None = None
) -> list[OfferedDeck]:
    """Each deck with what it lacks on these days, or today."""
    versions = list(versions)
    demands = {version.pk: _demand(version) for version in versions}
    short = short_by_deck(demands, days, today=today)
    return [
        OfferedDeck(version=version, lines=list(version.deck_cards.all()), short_by_card=short[version.pk])
        for version in versions
    ]


def _demand(version: TemplateDeckVersion) -> Counter[int]:
    """Copies by card id: the lines of a card together."""
    demand: Counter[int] = Counter()
    for line in version.deck_cards.all():
        demand[line.card_id] += line.quantity
    return demand
