"""What a page shows of an order: its lines by zone, each with what it lacks, and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from inventory.availability import Shortfall
from inventory.deck_groups import as_read, by_card_type
from inventory.models import Card, Zone
from inventory.shop_calendar import ShopCalendar
from orders.dates import Schedule, schedule_of_order
from orders.deck_availability import deck_shortfalls, short_by_line
from orders.lines import lines_of, quote_of
from orders.models import Order, OrderCard, OrderTemplateDeck
from orders.pricing import Quote


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as it is shown. `short`: copies it lacks on its worst day; None while no days are chosen.

    `shortfall`: that of its card, all lines together; on a page that explains it, an `Explanation`.
    """

    line: OrderCard
    short: int | None
    days: int
    shortfall: Shortfall | None = None

    @property
    def available(self) -> bool | None:
        return None if self.short is None else self.short == 0

    @property
    def free(self) -> int | None:
        """Of the copies asked for, those that are free on every day."""
        return None if self.short is None else self.line.quantity - self.short

    @property
    def price_cents(self) -> int:
        """For all copies: over the chosen days, or for one day while none are chosen."""
        return self.line.quantity * self.line.rent_cents * self.days


@dataclass(frozen=True, slots=True)
class GroupOfLines:
    """Lines under a heading of their own: a card type, or a whole zone (then `title` is empty)."""

    title: str
    lines: list[ShownLine]

    @property
    def copies(self) -> int:
        return sum(shown.line.quantity for shown in self.lines)


@dataclass(frozen=True, slots=True)
class ZoneOfLines:
    """A zone, its `lines` by name: so they are looked up one by one, at the desk and in a receipt."""

    zone: Zone
    lines: tuple[ShownLine, ...]

    @property
    def groups(self) -> list[GroupOfLines]:
        """As a deck is read: the main deck by card type, all by mana value and name."""
        if self.zone == Zone.MAIN:
            return [GroupOfLines(title, lines) for title, lines in by_card_type(self.lines, _card_of)]
        return [GroupOfLines("", as_read(self.lines, _card_of))]

    @property
    def copies(self) -> int:
        return sum(shown.line.quantity for shown in self.lines)


def _card_of(shown: ShownLine) -> Card:
    return shown.line.card


@dataclass(frozen=True, slots=True)
class OrderPage:
    """An order ready to be shown; `quote` and `schedule` are None while no days are chosen."""

    order: Order
    zones: tuple[ZoneOfLines, ...]
    template_decks: tuple[OrderTemplateDeck, ...]
    quote: Quote | None
    schedule: Schedule | None

    @property
    def lines(self) -> list[ShownLine]:
        return [shown for zone in self.zones for shown in zone.lines]

    @property
    def copies(self) -> int:
        return sum(zone.copies for zone in self.zones)

    @property
    def short_lines(self) -> list[ShownLine]:
        return [shown for shown in self.lines if shown.short]

    @property
    def short_copies(self) -> int:
        return sum(shown.short or 0 for shown in self.lines)

    @property
    def minimum_applies(self) -> bool:
        """Whether the cards cost more than their prices add up to, because so small an order has a minimum."""
        return self.quote is not None and self.quote.cards_cents > sum(
            shown.price_cents for shown in self.lines
        )

    @property
    def day_price_cents(self) -> int:
        """All cards for one day, before shipping and tax."""
        return sum(shown.line.quantity * shown.line.rent_cents for shown in self.lines)


def order_page(
    *,
    order: Order,
    today: date,
    short: Mapping[int, Shortfall] | None = None,
    calendar: ShopCalendar | None = None,
) -> OrderPage:
    """The order with the engine's answer for each line (`short` and `calendar`: where the caller has them already).

    A fixed number of queries, whatever the number of lines.
    """
    lines = lines_of(order)
    period = order.rental_period
    if short is None and order.blocked_period is not None:
        short = deck_shortfalls(order=order, today=today)
    lacking = short_by_line(lines, short) if short is not None else {}
    days = period.length if period else 1
    zones = []
    for zone in Zone:
        shown = tuple(
            ShownLine(line, lacking.get(line.pk), days, (short or {}).get(line.card_id))
            for line in lines
            if line.zone == zone
        )
        if shown:
            zones.append(ZoneOfLines(zone, shown))
    return OrderPage(
        order=order,
        zones=tuple(zones),
        template_decks=tuple(order.order_template_decks.select_related("version__deck").order_by("pk")),
        quote=quote_of(order, lines) if lines else None,
        schedule=schedule_of_order(order, calendar),
    )
