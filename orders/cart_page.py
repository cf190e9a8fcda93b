"""The cart as a deck builder: its lines as a deck is read, each with the shop's answer, its curve and its totals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import prefetch_related_objects

from inventory.card_details import OfferedPrinting, offered_printings
from inventory.deck_groups import as_read, by_card_type
from inventory.deck_plots import DeckPlots, deck_plots
from inventory.explanations import Explanation
from inventory.models import Card, Zone
from inventory.stock import owned_by_card
from orders.deck_shares import DeckShare, deck_shares
from orders.models import Order, OrderCard, OrderTemplateDeck
from orders.models.order import demand_of
from orders.order_page import ShownLine, ZoneOfLines
from orders.shortfall_page import ShortfallPage, shortfall_page


@dataclass(frozen=True, slots=True)
class CartLine:
    """A line with the shop's answer. `short`: None while no days are chosen; `clears_on`: of what is short.

    `owned`: copies that the shop owns, where all lines of the card together ask for more (`asked`).
    """

    line: OrderCard
    short: int | None
    price_cents: int
    clears_on: date | None = None
    owned: int | None = None
    asked: int = 0


@dataclass(frozen=True, slots=True)
class CartGroup:
    """Lines under a heading of their own: a card type, or a whole zone (then `title` is empty)."""

    title: str
    lines: list[CartLine]

    @property
    def copies(self) -> int:
        return sum(shown.line.quantity for shown in self.lines)


@dataclass(frozen=True, slots=True)
class CartZone:
    zone: Zone
    copies: int
    groups: list[CartGroup]


@dataclass(frozen=True, slots=True)
class CartPage:
    """`plots`: of the deck as it is played, so without the sideboard; `decks`: the template decks that went in."""

    explained: ShortfallPage
    zones: list[CartZone]
    decks: list[DeckShare]
    plots: DeckPlots


def cart_page(*, cart: Order, today: date) -> CartPage:
    """The cart ready to be shown. A fixed number of queries, whatever the number of lines."""
    explained = shortfall_page(order=cart, today=today)
    shown = explained.page.lines
    demand = demand_of(line.line for line in shown)
    # With days the engine says what is owned of what is short; without, it is the one thing that can be said.
    owned = owned_by_card(card_ids=demand, on=today) if shown and cart.blocked_period is None else {}
    return CartPage(
        explained=explained,
        zones=[_zone(zone, demand, owned) for zone in explained.page.zones],
        decks=_decks(explained.page.template_decks, [line.line for line in shown]),
        plots=deck_plots(
            (line.line.card, line.line.quantity) for line in shown if line.line.zone != Zone.SIDEBOARD
        ),
    )


def _decks(rows: Sequence[OrderTemplateDeck], lines: list[OrderCard]) -> list[DeckShare]:
    """One query, where there is a deck."""
    prefetch_related_objects([row.version for row in rows], "deck_cards")
    return deck_shares(rows, lines)


def _zone(zone: ZoneOfLines, demand: dict[int, int], owned: dict[int, int]) -> CartZone:
    lines = [_line(shown, demand, owned) for shown in zone.lines]
    if zone.zone == Zone.MAIN:
        groups = [CartGroup(title, group) for title, group in by_card_type(lines, _card_of)]
    else:
        groups = [CartGroup("", as_read(lines, _card_of))]
    return CartZone(zone.zone, zone.copies, groups)


def _card_of(shown: CartLine) -> Card:
    return shown.line.card


def _line(shown: ShownLine, demand: dict[int, int], owned: dict[int, int]) -> CartLine:
    line, why = shown.line, shown.shortfall
    asked = demand[line.card_id]
    has = why.owned if isinstance(why, Explanation) else owned.get(line.card_id)
    return CartLine(
        line=line,
        short=shown.short,
        price_cents=shown.price_cents,
        clears_on=why.clears_on if shown.short and isinstance(why, Explanation) else None,
        owned=max(0, has) if has is not None and has < asked else None,
        asked=asked,
    )


@dataclass(frozen=True, slots=True)
class LineEditor:
    """What can be changed of a line: its zone, and its printing, each with what a copy costs for a day."""

    line: OrderCard
    printings: list[OfferedPrinting]
    any_rent_cents: int

    @property
    def other_zones(self) -> Iterable[Zone]:
        zones = [zone for zone in Zone if zone != self.line.zone]
        return zones if _may_lead(self.line.card) else [zone for zone in zones if zone != Zone.COMMANDER]


def _may_lead(card: Card) -> bool:
    """Whether a deck can have it as its commander, or beside it (a Background); for a button, not for a referee."""
    kinds = card.type_line.lower()
    legend = "legendary" in kinds and any(
        kind in kinds for kind in ("creature", "vehicle", "spacecraft", "background")
    )
    texts = [card.oracle_text, *(face.get("oracle_text", "") for face in card.faces)]
    return legend or any("can be your commander" in text.lower() for text in texts)


def line_editor(*, cart: Order, pk: int, today: date) -> LineEditor:
    """Three queries. Raises `OrderCard.DoesNotExist` for a line that is not in this cart."""
    line = cart.order_cards.with_rent().get(pk=pk)
    card = Card.objects.with_value().get(pk=line.card_id)
    return LineEditor(line, offered_printings(card, today=today), card.rent_cents)
