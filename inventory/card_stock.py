"""What the shop has of a card, printing by printing, and how it came to that. Reads only."""

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator
from django.db.models import Q, Sum

from inventory.models import Card, Printing, Reservation, StockMovement

MOVEMENTS_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class PrintingStock:
    """Copies of a printing that are owned today, and those that come on a later day."""

    printing: Printing
    owned: int
    coming: int


@dataclass(frozen=True, slots=True)
class CardStock:
    """Copies of a card. Which printing is out is not known: copies are interchangeable.

    `owned` today, `out` of the house, `coming` on a later day; `stocked`: the printings that the shop has or had.
    `movements`: a page of what happened, the latest first.
    """

    card: Card
    owned: int
    out: int
    coming: int
    stocked: tuple[PrintingStock, ...]
    movements: Page[StockMovement]

    @property
    def on_shelf(self) -> int:
        """Below 0 where more is out than is owned."""
        return self.owned - self.out


def card_stock(*, card: Card, page: str | int = 1, today: date) -> CardStock:
    """Five queries."""
    movements = StockMovement.objects.filter(printing__card=card)
    sums = {
        printing_id: (owned or 0, coming or 0)
        for printing_id, owned, coming in movements.values_list("printing").annotate(
            owned=Sum("quantity", filter=Q(effective_on__lte=today)),
            coming=Sum("quantity", filter=Q(effective_on__gt=today, quantity__gt=0)),
        )
    }
    printings = Printing.objects.filter(pk__in=sums).order_by("set_name", "collector_number", "pk")
    stocked = [PrintingStock(printing, *sums[printing.pk]) for printing in printings]
    out = Reservation.objects.filter(card=card, state=Reservation.State.OUT).aggregate(out=Sum("quantity"))
    history = movements.select_related("printing", "by").order_by("-effective_on", "-pk")
    return CardStock(
        card=card,
        owned=sum(row.owned for row in stocked),
        out=out["out"] or 0,
        coming=sum(row.coming for row in stocked),
        stocked=tuple(sorted(stocked, key=lambda row: -row.owned)),
        movements=Paginator(history, MOVEMENTS_PER_PAGE).get_page(page),
    )


def latest_movements(number: int = 20) -> list[StockMovement]:
    """What was recorded last, of any card. One query."""
    return list(StockMovement.objects.select_related("printing__card", "by").order_by("-pk")[:number])
