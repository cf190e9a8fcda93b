"""What a change makes other than it was: for the page that shows it before, and for the order's history after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format

from inventory.templatetags.days import to_day
from orders.change_plan import Plan
from orders.models import Order, OrderCard


@dataclass(frozen=True, slots=True)
class Difference:
    """A row: what is another than before; `after` is empty for what goes, `before` for what comes."""

    what: str
    before: str
    after: str


def differences(order: Order, lines: Sequence[OrderCard], plan: Plan) -> list[Difference]:
    """`order` and `lines`: as they are before it."""
    return list(_differences(order, lines, plan))


def in_words(found: Difference) -> str:
    """For the history."""
    return f"{found.what}: {found.before or 'none'} → {found.after or 'none'}"


def _differences(order: Order, lines: Sequence[OrderCard], plan: Plan) -> Iterator[Difference]:
    now = plan.order
    if (order.first_day, order.last_day) != (now.first_day, now.last_day):
        yield Difference("Days", _days(order), _days(now))
    if order.out_on != now.out_on:
        yield Difference("Leaves", _day(order.out_on), _day(now.out_on))
    if order.due_on != now.due_on:
        yield Difference("Back by", _day(order.due_on), _day(now.due_on))
    if order.shipping_method != now.shipping_method:
        yield Difference("Shipping", str(order.shipping_method), str(now.shipping_method))
    after = {line.pk: line.quantity for line in plan.lines if line.pk}
    for line in lines:
        copies = after.get(line.pk, 0)
        if copies != line.quantity:
            yield Difference(_name(line), _copies(line.quantity), _copies(copies) if copies else "")
    for line in plan.lines:
        if not line.pk:
            yield Difference(_name(line), "", _copies(line.quantity))


def _copies(copies: int) -> str:
    return f"{copies} {'copy' if copies == 1 else 'copies'}"


def _name(line: OrderCard) -> str:
    zone = "" if line.zone == "main" else f", {line.get_zone_display().lower()}"
    return f"{line.card.name}{zone}"


def _days(order: Order) -> str:
    assert order.first_day is not None
    assert order.last_day is not None
    return to_day(order.first_day, order.last_day)


def _day(day: date | None) -> str:
    assert day is not None
    return date_format(day, "D j F Y")
