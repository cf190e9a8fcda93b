"""The template decks that went into an order, each as it was then. Reads only."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from inventory.deck_versions import ZoneOfDeck, zones_of
from inventory.models import TemplateDeck, TemplateDeckVersion
from orders.deck_shares import DeckShare, deck_shares
from orders.models import Order, OrderCard, OrderTemplateDeck


@dataclass(frozen=True, slots=True)
class DeckInOrder:
    """A version of a deck, how often it went in, what was in it, and what of that the order has.

    `changed`: there is a newer version by now.
    """

    share: DeckShare
    zones: Sequence[ZoneOfDeck]
    changed: bool

    @property
    def row(self) -> OrderTemplateDeck:
        return self.share.row

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


def decks_in(order: Order, lines: Iterable[OrderCard]) -> list[DeckInOrder]:
    """In the order in which they went in; `lines`: the order's. At most three queries, whatever is in it."""
    newer = TemplateDeckVersion.objects.filter(
        deck=OuterRef("version__deck"), number__gt=OuterRef("version__number")
    )
    rows = (
        order.order_template_decks.select_related("version__deck")
        .annotate(changed=Exists(newer))
        .prefetch_related("version__deck_cards__card")
        .order_by("pk")
    )
    shares = deck_shares(list(rows), lines)
    return [
        DeckInOrder(share, zones_of(row.version.deck_cards.all()), row.changed)
        for row, share in zip(rows, shares, strict=True)
    ]
