"""Everything that the page of a card shows. Reads only."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from inventory.availability import free_by_day
from inventory.closed_days import shop_calendar
from inventory.models import (
    Card,
    Printing,
    StockMovement,
    TemplateDeck,
    TemplateDeckCard,
    TemplateDeckVersion,
    Zone,
)
from inventory.search import with_owned

CALENDAR_DAYS = 60


@dataclass(frozen=True, slots=True)
class OfferedPrinting:
    """A printing, the copies of it that the shop owns, and cents for a copy and a day where it is preferred."""

    printing: Printing
    owned: int
    rent_cents: int


@dataclass(frozen=True, slots=True)
class FreeDay:
    """Copies of a card that are free on a day, of those that the shop owns today; `closed`: the shop is."""

    day: date
    free: int
    owned: int
    closed: bool = False

    @property
    def degree(self) -> str:
        """For the calendar: "all", "some" or "none"."""
        if self.free <= 0:
            return "none"
        return "all" if self.free >= self.owned else "some"


@dataclass(frozen=True, slots=True)
class DeckWithCard:
    """A deck on offer and the copies of the card in each of its zones, in the order of the zones."""

    deck: TemplateDeck
    copies: list[tuple[Zone, int]]


@dataclass(frozen=True, slots=True)
class CardDetails:
    """`printings`: those that the shop owns first, then the newest."""

    card: Card
    owned: int
    printings: list[OfferedPrinting]
    calendar: list[FreeDay]
    decks: list[DeckWithCard]

    @property
    def free_today(self) -> int:
        return self.calendar[0].free

    @property
    def pictured(self) -> Printing | None:
        return _pictured(self.printings)


@dataclass(frozen=True, slots=True)
class CardFace:
    """A card as it is drawn, with the printing whose picture lies on it."""

    card: Card
    pictured: Printing | None


def card_details(slug: str, *, today: date) -> CardDetails:
    """The card of that slug with its printings, its free copies over the next sixty days and the decks with it.

    Five queries. Raises `Card.DoesNotExist`.
    """
    card = with_owned(Card.objects.with_value(), today=today).get(slug=slug)
    owned: int = card.owned_copies  # type: ignore[attr-defined]
    free = free_by_day([card.pk], today, today + timedelta(days=CALENDAR_DAYS), today=today)[card.pk]
    open_days = shop_calendar()
    return CardDetails(
        card=card,
        owned=owned,
        printings=offered_printings(card, today=today),
        calendar=[
            FreeDay(day, free=max(0, copies), owned=owned, closed=not open_days.is_open(day))
            for day, copies in ((today + timedelta(days=n), copies) for n, copies in enumerate(free))
        ],
        decks=_decks(card),
    )


def card_face(slug: str, *, today: date) -> CardFace:
    """Two queries. Raises `Card.DoesNotExist`."""
    card = Card.objects.with_value().get(slug=slug)
    return CardFace(card, _pictured(offered_printings(card, today=today)))


def _pictured(offered: list[OfferedPrinting]) -> Printing | None:
    """The printing whose pictures are shown: the first that has any, an English one before others."""
    pictured = [one.printing for one in offered if one.printing.image_urls]
    return next((printing for printing in pictured if printing.language == "en"), next(iter(pictured), None))


def _decks(card: Card) -> list[DeckWithCard]:
    """The decks on offer that have the card in their current version, by name. One query."""
    lines = (
        TemplateDeckCard.objects.filter(card=card, version__in=TemplateDeckVersion.objects.offered())
        .select_related("version__deck")
        .order_by("version__deck__name", "version__deck")
    )
    decks: dict[TemplateDeck, dict[str, int]] = {}
    for line in lines:
        decks.setdefault(line.version.deck, {})[line.zone] = line.quantity
    return [
        DeckWithCard(deck, [(zone, copies[zone]) for zone in Zone if zone in copies])
        for deck, copies in decks.items()
    ]


def offered_printings(card: Card, *, today: date) -> list[OfferedPrinting]:
    """Those that the shop owns first, then the newest. Needs a card that was read `with_value()`. One query."""
    owned = (
        StockMovement.objects.filter(printing=OuterRef("pk"), effective_on__lte=today)
        .values("printing")
        .annotate(copies=Sum("quantity"))
        .values("copies")
    )
    printings = card.printings.annotate(owned_copies=Coalesce(Subquery(owned), 0)).order_by(
        "-owned_copies", "-released_on", "set_code", "collector_number", "finish"
    )
    return [
        OfferedPrinting(
            printing=printing,
            owned=printing.owned_copies,
            rent_cents=card.rent_at(card.value_cents, preferred=printing),
        )
        for printing in printings
    ]
