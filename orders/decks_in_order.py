"""The template decks that went into an order, each as it was then. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from inventory.deck_versions import ZoneOfDeck, zones_of
from inventory.models import TemplateDeck, TemplateDeckVersion
from orders.models import Order, OrderTemplateDeck


@dataclass(frozen=True, slots=True)
class DeckInOrder:
    """A version of a deck, how often it went in, and what was in it. `changed`: there is a newer one by now."""

    row: OrderTemplateDeck
    zones: Sequence[ZoneOfDeck]
    changed: bool

    @property
    def version(self) -> TemplateDeckVersion:
        return self.row.version

    @property
    def deck(self) -> TemplateDeck:
        return self.row.version.deck

    @property
    def copies(self) -> int:
        """Cards in one of it."""
        return sum(zone.copies for zone in self.zones)


def decks_in(order: Order) -> list[DeckInOrder]:
    """In the order in which they went in. At most three queries, however many decks and lines."""
    newer = TemplateDeckVersion.objects.filter(
        deck=OuterRef("version__deck"), number__gt=OuterRef("version__number")
    )
    rows = (
        order.order_template_decks.select_related("version__deck")
        .annotate(changed=Exists(newer))
        .prefetch_related("version__deck_cards__card")
        .order_by("pk")
    )
    return [DeckInOrder(row, zones_of(row.version.deck_cards.all()), row.changed) for row in rows]
