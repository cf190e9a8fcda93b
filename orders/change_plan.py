"""What an accepted order would be after a change: its days, its lines, what it asks for and costs. Reads only.

orders/changes.py writes it down; a page shows it before. Whether its copies are free is for the engine to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, Self

from django.conf import settings

from inventory.availability import Shortfall
from inventory.closed_days import shop_calendar
from inventory.deck_lists import LineKey
from inventory.decklist import MAX_QUANTITY
from inventory.models import Card, Printing
from inventory.models.card import lowest_value_cents
from inventory.periods import BlockedPeriod, RentalPeriod
from inventory.reservations import asks_for_less
from orders.cart import MAX_LINES, key_of
from orders.checkout import MOST_TOTAL_CENTS, set_dates
from orders.dates import check_length, check_rental_period
from orders.fee_limits import AgreedLimits, late_day_cents, worth_cents
from orders.lines import lines_of
from orders.models import Order, OrderCard, ShippingMethod
from orders.models.order import demand_of
from orders.pricing import Quote, quote_order


class ChangeError(ValueError):
    """The order cannot be changed like this, and nothing has changed. The message says what to do."""


class ChangeIsShort(ChangeError):
    """The shop cannot deliver what the order would ask for; `shortfalls` by card id says what is missing."""

    says = "Not all of this is free on these days. Take fewer cards or other days."

    def __init__(self, shortfalls: Mapping[int, Shortfall]) -> None:
        self.shortfalls = shortfalls
        super().__init__(self.says)


class OthersNeedThem(ChangeIsShort):
    """A deck that is out cannot be kept as long as this."""

    says = "Others were promised these cards, or wait for them. Choose an earlier day, or send the deck back in time."


class NewLine(NamedTuple):
    """A line that comes to an order, at the price and the worth that its customer was shown, in cents."""

    card_id: int
    zone: str
    printing_id: int | None
    copies: int
    day_price_cents: int
    value_cents: int

    @property
    def key(self) -> LineKey:
        return (self.card_id, self.zone, self.printing_id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an order should be; what is left out stays as it is.

    `quantities`: copies by line id, 0 takes the line out. `shipping_cents`: what another `method` costs.
    `replan`: the days that the shop's calendar gives by now.
    """

    quantities: Mapping[int, int] = field(default_factory=dict)
    first_day: date | None = None
    last_day: date | None = None
    method: ShippingMethod | None = None
    shipping_cents: int | None = None
    additions: Sequence[NewLine] = ()
    replan: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "quantities": {str(pk): copies for pk, copies in self.quantities.items()},
            "first_day": self.first_day.isoformat() if self.first_day else None,
            "last_day": self.last_day.isoformat() if self.last_day else None,
            "method": self.method.pk if self.method else None,
            "shipping_cents": self.shipping_cents,
            "additions": [list(line) for line in self.additions],
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Raises ChangeError where its way of shipping is gone."""
        method = None
        if said["method"] is not None:
            method = ShippingMethod.objects.filter(pk=said["method"]).first()
            if method is None:
                raise ChangeError("This way of shipping is not offered any more. Choose another one.")
        return cls(
            quantities={int(pk): copies for pk, copies in said["quantities"].items()},
            first_day=date.fromisoformat(said["first_day"]) if said["first_day"] else None,
            last_day=date.fromisoformat(said["last_day"]) if said["last_day"] else None,
            method=method,
            shipping_cents=said["shipping_cents"],
            additions=[NewLine(*line) for line in said["additions"]],
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """An order as it would be. Nothing of it is saved: neither `order`, whose days are the new ones, nor `lines`."""

    order: Order
    lines: Sequence[OrderCard]
    gone: frozenset[int]
    quote: Quote
    asks_for_less: bool

    @property
    def demand(self) -> dict[int, int]:
        return demand_of(self.lines)

    @property
    def period(self) -> BlockedPeriod:
        period = self.order.blocked_period
        assert period is not None
        return period

    def in_time(self, today: date) -> bool:
        """Whether the deck could still leave on its day."""
        assert self.order.out_on is not None
        return self.order.out_on >= today

    @property
    def limits(self) -> AgreedLimits:
        """What fees may cost at most where the customer agrees to the order anew."""
        late = late_day_cents(self.quote, percent=settings.LATE_FEE_PERCENT)
        return AgreedLimits(late, worth_cents((line.quantity, line.value_cents) for line in self.lines))


def plan_change(*, order: Order, wanted: Wanted, today: date) -> Plan:
    """The order as `wanted`; `order` itself takes the new days, unsaved. Raises ChangeError."""
    lines = lines_of(order)
    gone = _change_lines(lines, wanted.quantities)
    kept = [line for line in lines if line.pk not in gone]
    kept = _with_additions(order, kept, wanted.additions)
    if not kept:
        raise ChangeError("This takes every card out. Cancel the order instead.")
    _change_days(order, wanted, today=today)
    if wanted.shipping_cents is not None:
        order.shipping_cents = wanted.shipping_cents
    quote, period = _quote(order, kept), order.blocked_period
    assert period is not None
    less = asks_for_less(claim=order.claim, demand=demand_of(kept), period=period)
    return Plan(order, kept, frozenset(gone), quote, less)


def priced(copies: Mapping[LineKey, int]) -> list[NewLine]:
    """Lines at today's prices. Three queries."""
    cards = Card.objects.filter(pk__in={card for card, _, _ in copies})
    by_card = cards.in_bulk()
    least_cents = dict(cards.annotate(least_cents=lowest_value_cents("pk")).values_list("pk", "least_cents"))
    printings = Printing.objects.in_bulk([printing for _, _, printing in copies if printing])
    lines = []
    for (card_id, zone, printing_id), number in copies.items():
        card, printing = by_card.get(card_id), printings.get(printing_id or 0)
        if card is None or (printing_id and (printing is None or printing.card_id != card_id)):
            raise ChangeError("A card that you want to add is not in the catalogue any more. Leave it out.")
        rent = card.rent_at(least_cents[card_id], preferred=printing)
        value = card.value_at(least_cents[card_id], preferred=printing)
        lines.append(NewLine(card_id, zone, printing_id, number, rent, value))
    return lines


def _change_lines(lines: Sequence[OrderCard], quantities: Mapping[int, int]) -> set[int]:
    """Gives the lines their new numbers of copies; returns the ids of those that go."""
    by_id = {line.pk: line for line in lines}
    for pk, copies in quantities.items():
        if pk not in by_id:
            raise ChangeError("This line is not in the order any more. Look at the order once more.")
        if not 0 <= copies <= MAX_QUANTITY:
            raise ChangeError(f"A line has 0 to {MAX_QUANTITY} copies, not {copies}.")
        by_id[pk].quantity = copies
    return {line.pk for line in lines if not line.quantity}


def _with_additions(order: Order, lines: list[OrderCard], additions: Iterable[NewLine]) -> list[OrderCard]:
    """What is added goes to the line that is equal where there is one, at its price; else it is a line of its own."""
    by_key = {key_of(line): line for line in lines}
    cards = Card.objects.in_bulk([new.card_id for new in additions])
    printings = Printing.objects.in_bulk([new.printing_id for new in additions if new.printing_id])
    for new in additions:
        line = by_key.get(new.key)
        if line is None:
            if new.card_id not in cards:
                raise ChangeError(
                    "A card that you want to add is not in the catalogue any more. Leave it out."
                )
            line = by_key[new.key] = OrderCard(
                order=order,
                card=cards[new.card_id],
                zone=new.zone,
                preferred_printing=printings.get(new.printing_id or 0),
                quantity=0,
                day_price_cents=new.day_price_cents,
                value_cents=new.value_cents,
            )
        line.quantity += new.copies
        if not 0 < line.quantity <= MAX_QUANTITY:
            raise ChangeError(f"A line has at most {MAX_QUANTITY} copies, not {line.quantity}.")
    if len(by_key) > max(MAX_LINES, len(lines)):
        raise ChangeError(f"An order has at most {MAX_LINES} lines; this would make {len(by_key)}.")
    return list(by_key.values())


def _change_days(order: Order, wanted: Wanted, *, today: date) -> None:
    first_day, last_day = wanted.first_day or order.first_day, wanted.last_day or order.last_day
    assert first_day is not None
    assert last_day is not None
    before, calendar = order.blocked_period, shop_calendar()
    assert before is not None
    assert order.due_on is not None
    assert order.last_day is not None
    assert order.shipping_method is not None
    other_way = wanted.method is not None and wanted.method != order.shipping_method
    method = wanted.method or order.shipping_method
    # Another way of shipping leaves on another day, so the days are chosen anew with it.
    moved, due_on = first_day != order.first_day or other_way, order.due_on
    if not wanted.replan and not moved and last_day == order.last_day:
        return
    if other_way:
        _check_way(order, method)
    try:
        if moved:
            check_rental_period(
                first_day=first_day, last_day=last_day, method=method, today=today, calendar=calendar
            )
        period = RentalPeriod(first_day, last_day)
        check_length(period)
    except ValueError as error:
        raise ChangeError(str(error)) from error
    shorter = last_day <= order.last_day
    set_dates(order, period, method, calendar)
    assert order.due_on is not None
    assert order.out_on is not None
    assert order.back_on is not None
    if wanted.replan and order.out_on < today:
        raise ChangeError("To be there on its first day it should have left already. Choose later days.")
    if wanted.replan or moved:
        return
    # What was promised stays, also where a day has been closed since: no day more is asked for than there must be.
    order.out_on = before.out_on
    if shorter:
        order.due_on, order.back_on = min(order.due_on, due_on), min(order.back_on, before.back_on)


def _check_way(order: Order, method: ShippingMethod) -> None:
    if not method.active:
        raise ChangeError(f"“{method.name}” is not offered any more. Choose another way of shipping.")
    if method.needs_address and not order.has_address:
        raise ChangeError(
            f"For {method.name.lower()} we need your name and address, and this order has none. Give it one on its "
            "own page first, or keep the way of shipping that you chose."
        )


def _quote(order: Order, lines: Sequence[OrderCard]) -> Quote:
    """By the prices that were frozen when the order was authorized; what comes to it, by those that were shown."""
    period = order.rental_period
    assert period is not None
    assert order.shipping_cents is not None
    assert order.tax_basis_points is not None
    assert order.cards_cents is not None
    quote = quote_order(
        [(line.quantity, line.day_price_cents or 0) for line in lines],
        days=period.length,
        shipping_cents=order.shipping_cents,
        tax_basis_points=order.tax_basis_points,
        # A minimum that was raised since does not make what was agreed dearer.
        minimum_cents=min(settings.ORDER_MINIMUM_CENTS, order.cards_cents),
    )
    if quote.total_cents > MOST_TOTAL_CENTS:
        raise ChangeError("No card pays as much as this at once. Take fewer cards or fewer days.")
    return quote
