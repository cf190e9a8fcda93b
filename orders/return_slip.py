"""What goes back with a deck: which cards, by when, where to, and what it may cost if it does not. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from inventory.closed_days import shop_calendar
from inventory.models import Zone
from inventory.reservations import out_by_card
from orders.dates import Schedule, post_by, schedule_of_order
from orders.fee_limits import AgreedLimits
from orders.fees import agreed_limits
from orders.models import Order, OrderCard
from orders.states import Status

_BOXES = 4  # of more copies, one box for all: nobody ticks twenty Mountains


class NothingToReturn(ValueError):
    """The order has nothing to send back, now or any more; the message says why."""


@dataclass(frozen=True, slots=True)
class SlipLine:
    """A line of the order; `copies`: those that go back still."""

    line: OrderCard
    copies: int

    @property
    def boxes(self) -> range:
        return range(self.copies if self.copies <= _BOXES else 1)


@dataclass(frozen=True, slots=True)
class SlipZone:
    zone: Zone
    lines: Sequence[SlipLine]

    @property
    def copies(self) -> int:
        return sum(line.copies for line in self.lines)


@dataclass(frozen=True, slots=True)
class ReturnSlip:
    """`post_by`: the last day for the post, None for what is brought to the shop; `late`: it was due before today.

    `qr`: an SVG that leads the desk to the page on which the deck is checked in.
    """

    order: Order
    zones: Sequence[SlipZone]
    schedule: Schedule
    post_by: date | None
    late: bool
    limits: AgreedLimits
    qr: SafeString

    @property
    def copies(self) -> int:
        return sum(zone.copies for zone in self.zones)

    @property
    def part_is_back(self) -> bool:
        return self.copies < sum(line.line.quantity for zone in self.zones for line in zone.lines)


def return_slip(*, order: Order, today: date) -> ReturnSlip:
    """Of an order that is open or out. A fixed number of queries. Raises NothingToReturn."""
    schedule, method = schedule_of_order(order), order.shipping_method
    if order.status not in (Status.OPEN, Status.DISPATCHED) or schedule is None or method is None:
        raise NothingToReturn(_WHY.get(Status(order.status), "There is nothing to send back of this order."))
    return ReturnSlip(
        order=order,
        zones=_zones(order),
        schedule=schedule,
        post_by=post_by(schedule, shop_calendar()) if method.needs_address else None,
        late=order.status == Status.DISPATCHED and schedule.due_back_on < today,
        limits=agreed_limits(order),
        qr=_qr(f"{settings.SITE_URL}{reverse('orders:staff_return', args=[order.number])}"),
    )


_WHY = {
    Status.PENDING: "This order waits for cards still. Its return slip is here as soon as the order is open.",
    Status.RETURNED: "Everything of this order is back or settled: there is nothing to send back.",
    Status.CANCELLED: "This order is cancelled: there is nothing to send back.",
}


def _zones(order: Order) -> list[SlipZone]:
    """By name, as they are looked up one by one. What is out is known by card: its lines share it, first come."""
    lines = list(order.order_cards.select_related("card").by_zone_and_name())
    out = out_by_card(claim=order.claim) if order.status == Status.DISPATCHED else order.demand()
    shown = []
    for line in lines:
        copies = min(line.quantity, out.get(line.card_id, 0))
        out[line.card_id] = out.get(line.card_id, 0) - copies
        shown.append(SlipLine(line, copies))
    by_zone = ((zone, [line for line in shown if line.line.zone == zone]) for zone in Zone)
    return [SlipZone(zone, of_zone) for zone, of_zone in by_zone if of_zone]


def _qr(address: str) -> SafeString:
    """Without styles of its own, which the Content-Security-Policy forbids."""
    code = segno.make_qr(address, error="m")
    svg: str = code.svg_inline(scale=4, omitsize=True, svgclass="qr", lineclass="qr-line")
    return mark_safe(svg)  # noqa: S308  drawn from an address of ours
