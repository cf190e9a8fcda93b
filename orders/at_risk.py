"""Promises that cannot be kept as things stand: stock went, or a deck is overdue.

An order is at risk where on one of its days more copies of one of its cards are promised than owned. Which of the
orders of that day goes short is for staff to decide: buy, move one, or find the late deck.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from inventory.availability import late_since, overpromised
from inventory.free_days import stretches
from inventory.models import Card, Reservation, StockMovement
from orders.models import Order
from orders.states import Status

ORDERS_PER_PAGE = 25

Missing = Mapping[int, Mapping[date, int]]  # by card id and day, copies


@dataclass(frozen=True, slots=True)
class OrderAtRisk:
    """An open order; `missing`: by card id and day, of all that is promised then, the copies that are not owned."""

    order: Order
    missing: Missing

    @property
    def copies(self) -> int:
        """Missing of each of its cards on the worst day, all cards together."""
        return sum(max(days.values()) for days in self.missing.values())


def orders_at_risk(*, today: date, card_ids: Collection[int] | None = None) -> list[OrderAtRisk]:
    """The open orders that are endangered, by dispatch day; of these cards, or of all."""
    endangered = _endangered(overpromised(today=today, card_ids=card_ids), today=today)
    return _at_risk(_orders_of(endangered), endangered)


def risks_page(missing: Missing, *, today: date, page: str | int = 1) -> Page[OrderAtRisk]:
    """Whom it endangers that these copies are promised and not owned: a page of orders, by dispatch day.

    `missing` as `inventory.availability.overpromised` tells it.
    """
    endangered = _endangered(missing, today=today)
    found = Paginator(_orders_of(endangered), ORDERS_PER_PAGE).get_page(page)
    return Page(_at_risk(found.object_list, endangered), found.number, found.paginator)  # type: ignore[arg-type]


def _endangered(missing: Missing, *, today: date) -> dict[UUID, dict[int, dict[date, int]]]:
    """By claim, card and day what is missing on the days for which copies are promised to it."""
    days = {card_id: sorted(copies) for card_id, copies in missing.items()}
    promised = Reservation.objects.filter(card__in=missing, state=Reservation.State.FIRM, back_on__gt=today)
    endangered: defaultdict[UUID, dict[int, dict[date, int]]] = defaultdict(dict)
    for claim, card_id, out_on, back_on in promised.values_list("claim", "card", "out_on", "back_on"):
        of_card = days[card_id]
        hit = of_card[bisect_left(of_card, out_on) : bisect_left(of_card, back_on)]
        if hit:
            endangered[claim][card_id] = {day: missing[card_id][day] for day in hit}
    return endangered


def _orders_of(claims: Collection[UUID]) -> QuerySet[Order]:
    orders = Order.objects.filter(claim__in=claims, status=Status.OPEN).select_related("user")
    return orders.order_by("out_on", "pk")


def _at_risk(orders: Iterable[Order], endangered: Mapping[UUID, Missing]) -> list[OrderAtRisk]:
    return [OrderAtRisk(order, endangered[order.claim]) for order in orders]


# --- and why --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LateDeck:
    """Copies that are away for longer than was agreed, on days on which they are missing now."""

    order: Order
    copies: int
    due_on: date
    expected_on: date | None


@dataclass(frozen=True, slots=True)
class CardAtRisk:
    """A card of an endangered order, with the copies that are not owned by day, and what has led to it.

    `late`: decks with the card that are not back; `gone`: what the stock has lost of it since the order was placed.
    """

    card: Card
    days: Mapping[date, int]
    late: tuple[LateDeck, ...]
    gone: tuple[StockMovement, ...]

    @property
    def copies(self) -> int:
        """Missing on the worst day."""
        return max(self.days.values())

    @property
    def stretches(self) -> list[tuple[date, date, int]]:
        """First day, last day, copies that are missing on each."""
        return stretches(self.days)


@dataclass(frozen=True, slots=True)
class ExplainedRisk:
    """An endangered order, card by card."""

    order: Order
    cards: tuple[CardAtRisk, ...]


def explained_risks(
    *, today: date, card_ids: Collection[int] | None = None, page: str | int = 1
) -> Page[ExplainedRisk]:
    """A page of what `orders_at_risk` finds, and why. Two queries where nothing is at risk, nine otherwise."""
    found = risks_page(overpromised(today=today, card_ids=card_ids), today=today, page=page)
    return Page(_explained(found.object_list, today=today), found.number, found.paginator)  # type: ignore[arg-type]


def _explained(risks: Collection[OrderAtRisk], *, today: date) -> list[ExplainedRisk]:
    endangered = {card_id for risk in risks for card_id in risk.missing}
    cards = Card.objects.in_bulk(endangered)
    late = _late_by_card(endangered, today=today)
    gone = _gone_by_card(endangered, since=min((_placed_at(risk.order) for risk in risks), default=None))
    return [
        ExplainedRisk(
            risk.order,
            tuple(
                CardAtRisk(
                    card=cards[card_id],
                    days=days,
                    late=tuple(deck for deck in late.get(card_id, ()) if _is_missed(deck, days, today=today)),
                    gone=tuple(
                        movement
                        for movement in gone.get(card_id, ())
                        if movement.created_at >= _placed_at(risk.order)
                    ),
                )
                for card_id, days in sorted(risk.missing.items(), key=lambda item: cards[item[0]].name)
            ),
        )
        for risk in risks
    ]


def _placed_at(order: Order) -> datetime:
    assert order.authorized_at is not None  # it is open: the database says so
    return order.authorized_at


def _late_by_card(card_ids: Collection[int], *, today: date) -> Mapping[int, list[LateDeck]]:
    """Copies that were due and are not back, or are expected later than they are due; the earliest due first."""
    out = Reservation.objects.filter(card__in=card_ids, state=Reservation.State.OUT)
    away = list(
        out.filter(Q(back_on__lte=late_since(today)) | Q(expected_on__isnull=False)).order_by("back_on", "pk")
    )
    orders = {order.claim: order for order in Order.objects.filter(claim__in={row.claim for row in away})}
    late: defaultdict[int, list[LateDeck]] = defaultdict(list)
    for row in away:
        if row.claim in orders:
            deck = LateDeck(orders[row.claim], row.quantity, row.back_on, row.expected_on)
            late[row.card_id].append(deck)
    return late


def _gone_by_card(card_ids: Collection[int], *, since: datetime | None) -> Mapping[int, list[StockMovement]]:
    """What the stock has lost since a moment, the latest first."""
    gone: defaultdict[int, list[StockMovement]] = defaultdict(list)
    if since is None:
        return gone
    losses = StockMovement.objects.filter(
        printing__card__in=card_ids, quantity__lt=0, created_at__gte=since
    ).select_related("printing")
    for movement in losses.order_by("-effective_on", "-pk"):
        gone[movement.printing.card_id].append(movement)
    return gone


def _is_missed(deck: LateDeck, days: Collection[date], *, today: date) -> bool:
    """Whether copies are away longer than they should be on one of these days. Overdue ones are away for good."""
    until = max(deck.due_on, deck.expected_on or deck.due_on)
    overdue = deck.due_on <= late_since(today) and until <= today
    return overdue or any(deck.due_on <= day < until for day in days)
