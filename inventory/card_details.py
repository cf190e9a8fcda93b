"""Everything that the page of a card shows. Reads only."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from inventory.availability import free_by_day
from inventory.models import Card, Printing, StockMovement, TemplateDeck
from inventory.search import with_owned

CALENDAR_DAYS = 14


@dataclass(frozen=True, slots=True)
class OfferedPrinting:
    """A printing, the copies of it that the shop owns, and cents for a copy and a day where it is preferred."""

    printing: Printing
    owned: int
    rent_cents: int


@dataclass(frozen=True, slots=True)
class FreeDay:
    """Copies of a card that are free on a day, of those that the shop owns today."""

    day: date
    free: int
    owned: int

    @property
    def degree(self) -> str:
        """For the calendar: "all", "some" or "none"."""
        if self.free <= 0:
            return "none"
        return "all" if self.free >= self.owned else "some"


@dataclass(frozen=True, slots=True)
class CardDetails:
    """`printings`: those that the shop owns first, then the newest."""

    card: Card
    owned: int
    printings: list[OfferedPrinting]
    calendar: list[FreeDay]
    decks: list[TemplateDeck]

    @property
    def free_today(self) -> int:
        return self.calendar[0].free


def card_details(slug: str, *, today: date) -> CardDetails:
    """The card of that slug with its printings, its free copies over the next two weeks and the decks with it.

    Four queries. Raises `Card.DoesNotExist`.
    """
    card = with_owned(Card.objects.with_value(), today=today).get(slug=slug)
    owned: int = card.owned_copies  # type: ignore[attr-defined]
    free = free_by_day([card.pk], today, today + timedelta(days=CALENDAR_DAYS), today=today)[card.pk]
    return CardDetails(
        card=card,
        owned=owned,
        printings=_printings(card, today=today),
        calendar=[
            FreeDay(day=today + timedelta(days=offset), free=max(0, copies), owned=owned)
            for offset, copies in enumerate(free)
        ],
        decks=list(TemplateDeck.objects.published().with_card(card).order_by("name", "pk")),
    )


def _printings(card: Card, *, today: date) -> list[OfferedPrinting]:
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
