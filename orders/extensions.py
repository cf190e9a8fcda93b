"""A customer keeps a deck longer that is out: they are shown what it costs, pay it, and then have it until that day.

The further days are rent, at the prices of the order and with its tax, charged at that moment: the order's own money
is taken already. The deck is kept longer where the charge is booked (orders/change_effects.py), in the same
transaction; where that is not possible any more, the money goes back by itself.
docs/payments.md, "Keeping a deck longer".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.formats import date_format

from inventory.availability import Shortfall, short_by_period
from inventory.closed_days import shop_calendar
from inventory.periods import BlockedPeriod, RentalPeriod
from inventory.reservations import away_until, out_by_card, short_to_extend
from orders.change_forms import seen_of
from orders.change_plan import ChangeError, OthersNeedThem
from orders.changes import keep_longer, plan_longer
from orders.dates import blocked_period, check_length
from orders.delivery_address import is_being_packed
from orders.fees import LEAST_CENTS, settled_late_days
from orders.lines import lines_of
from orders.models import Order, OrderCard, OrderChange
from orders.own_changes import (
    ChangedMeanwhile,
    LookAgain,
    check_days,
    days_of,
    why_not_changed,
    write_down,
)
from orders.pricing import tax_of, tax_within
from orders.signals import tell_customer
from orders.states import NOT_YET_LEFT, Status
from orders.transitions import Actor, lock_order


@dataclass(frozen=True, slots=True)
class Extension:
    """A deck that would be kept until `last_day`: `days` more, for so many cents, of which `tax_cents` are tax.

    `order`: it with the days that it would have, unsaved. `raised`: it costs as much as a card can be charged at
    least. `settled_days`: of these late, and paid by late fees. `shortfalls`: whom it would hurt; nobody where empty.
    """

    last_day: date
    due_on: date
    order: Order
    days: int
    cents: int
    tax_cents: int
    raised: bool
    settled_days: int
    shortfalls: Mapping[int, Shortfall]

    @property
    def possible(self) -> bool:
        return not self.shortfalls


def last_possible_day(order: Order, *, today: date) -> date:
    """The last day that the rules allow, whatever is free: as long as the shop rents, as far as it plans."""
    assert order.first_day is not None
    longest = order.first_day + timedelta(days=settings.RENTAL_MAX_DAYS - 1)
    return min(longest, today + timedelta(days=settings.RENTAL_HORIZON_DAYS))


def why_not_extended(order: Order, *, today: date) -> str:
    """Why its customer cannot keep this deck longer, whatever is free; empty where they may ask for it."""
    if order.status != Status.DISPATCHED or order.last_day is None:
        return (
            f"This order is {order.get_status_display().lower()}: only a deck that is out can be kept longer."
        )
    last = last_possible_day(order, today=today)
    if last <= order.last_day or last < today:
        return f"This deck cannot be kept longer: we rent for at most {settings.RENTAL_MAX_DAYS} days."
    return ""


def look_at_extension(*, order: Order, last_day: date, today: date) -> Extension:
    """What keeping the deck until that day would cost, and whom it would hurt. Changes nothing. Raises ChangeError."""
    order = Order.objects.get(pk=order.pk)  # takes the new days, and the caller keeps theirs
    before, settled = order.last_day, settled_late_days(order)
    assert before is not None
    assert order.first_day is not None
    if order.status == Status.DISPATCHED and last_day >= order.first_day:
        try:
            check_length(RentalPeriod(order.first_day, last_day))
        except ValueError as error:
            raise ChangeError(str(error)) from error
    plan_longer(order, last_day=last_day, today=today)
    assert order.due_on is not None
    assert order.back_on is not None
    settled = min(settled, (last_day - before).days)
    cents, tax_cents, raised = _price(order, lines_of(order), until=before + timedelta(days=settled))
    return Extension(
        last_day=last_day,
        due_on=order.due_on,
        order=order,
        days=(last_day - before).days,
        cents=cents,
        tax_cents=tax_cents,
        raised=raised,
        settled_days=settled,
        shortfalls=short_to_extend(claim=order.claim, back_on=order.back_on, today=today),
    )


def _price(order: Order, lines: Sequence[OrderCard], *, until: date) -> tuple[int, int, bool]:
    """What the days after `until` cost, with the tax in it, and whether that was raised to what a card pays at least.

    The rent of what is still out, for so many days. Where the whole order was raised to the least that an order costs,
    what is left of that least pays for it first.
    """
    assert order.first_day is not None
    assert order.last_day is not None
    assert order.tax_basis_points is not None
    assert order.cards_cents is not None
    still_out = _still_out(lines, out_by_card(claim=order.claim))
    more_cents = (order.last_day - until).days * _day_cents(still_out)
    paid_days = RentalPeriod(order.first_day, until).length
    rent_cents = paid_days * _day_cents((line.quantity, line.day_price_cents or 0) for line in lines)
    minimum_cents = min(settings.ORDER_MINIMUM_CENTS, order.cards_cents)
    net_cents = max(minimum_cents, rent_cents + more_cents) - max(minimum_cents, rent_cents)
    tax_cents = tax_of(net_cents, order.tax_basis_points)
    if 0 < net_cents + tax_cents < LEAST_CENTS:
        return LEAST_CENTS, tax_within(LEAST_CENTS, order.tax_basis_points), True
    return net_cents + tax_cents, tax_cents, False


def _day_cents(rents: Iterable[tuple[int, int]]) -> int:
    return sum(copies * day_price_cents for copies, day_price_cents in rents)


def _still_out(lines: Sequence[OrderCard], out: Mapping[int, int]) -> list[tuple[int, int]]:
    """Copies and cents for a copy and a day, of what is not back yet: of lines of one card the cheapest first."""
    left, rents = dict(out), []
    for line in sorted(lines, key=lambda line: line.day_price_cents or 0):
        copies = min(line.quantity, left.get(line.card_id, 0))
        left[line.card_id] = left.get(line.card_id, 0) - copies
        rents.append((copies, line.day_price_cents or 0))
    return rents


def latest_free_day(*, order: Order, today: date) -> date | None:
    """Until when the deck can be kept without hurting anybody; None where not for a day longer. Two queries."""
    since, demand = away_until(claim=order.claim, today=today), out_by_card(claim=order.claim)
    method, last = order.shipping_method, order.last_day
    if since is None or method is None or last is None or order.first_day is None:
        return None
    calendar = shop_calendar()
    first = max(last + timedelta(days=1), today)
    count = (last_possible_day(order, today=today) - first).days + 1
    days = [first + timedelta(days=later) for later in range(max(0, count))]
    backs = [blocked_period(RentalPeriod(order.first_day, day), method, calendar).back_on for day in days]
    asked = [day for day, back in zip(days, backs, strict=True) if back > since]
    periods = [BlockedPeriod(since, back) for back in backs if back > since]
    free = [day for day in days if day not in set(asked)]
    for day, short in zip(
        asked, short_by_period(demand, periods, today=today, excluding=order.claim), strict=True
    ):
        if not short:
            free.append(day)
    return max(free, default=None)


@transaction.atomic
def confirm_extension(
    *,
    order: Order,
    last_day: date,
    shown_cents: int,
    shown_due: date | None = None,
    seen: str,
    by: Actor,
    today: date,
) -> Order | OrderChange:
    """Keeps the deck longer at once where that costs nothing; else writes it down, to be paid for.

    Raises ChangeError, OthersNeedThem, ChangedMeanwhile or LookAgain; then nothing has changed.
    """
    order = lock_order(order.pk)
    if seen_of(order, lines_of(order)) != seen:
        raise ChangedMeanwhile
    looked = look_at_extension(order=order, last_day=last_day, today=today)
    if not looked.possible:
        raise OthersNeedThem(looked.shortfalls)
    if looked.cents != shown_cents or shown_due not in (None, looked.due_on):
        raise LookAgain
    if not looked.cents:
        kept = keep_longer(order=order, last_day=last_day, by=by, today=today)
        tell_customer(kept, "kept_longer")
        return kept
    return write_down(
        order,
        kind=OrderChange.Kind.EXTENSION,
        wanted={"last_day": last_day.isoformat(), "days": looked.days},
        seen=seen,
        total_cents=looked.cents,
        days=days_of(looked.order),
        by=by,
    )


def wanted_day(change: OrderChange) -> date:
    return date.fromisoformat(change.wanted["last_day"])


def reason_of(change: OrderChange) -> str:
    """What the customer pays for, as their receipt says it."""
    days = change.wanted["days"]
    return f"until {date_format(wanted_day(change), 'j F Y')}, {days} day{'' if days == 1 else 's'} more"


def check_still_possible(change: OrderChange, order: Order, *, today: date) -> Extension:
    """An extension that is about to be paid for. Raises ChangeError where it is not possible any more."""
    if seen_of(order, lines_of(order)) != change.seen:
        raise ChangedMeanwhile
    looked = look_at_extension(order=order, last_day=wanted_day(change), today=today)
    if not looked.possible:
        raise OthersNeedThem(looked.shortfalls)
    check_days(change, looked.order)
    if looked.cents != change.total_cents:
        raise LookAgain
    return looked


@dataclass(frozen=True, slots=True)
class Changing:
    """What its customer can do about an accepted order, and why not where they cannot."""

    can_change: bool = False
    can_change_address: bool = False
    can_extend: bool = False
    why_not: str = ""


def changing_of(order: Order, *, today: date, can_cancel: bool) -> Changing:
    """Whether the pages to change an order or to keep its deck longer are open to its customer.

    `can_cancel`: what can be cancelled can be changed, too, so that nothing is read for it.
    """
    if order.status in NOT_YET_LEFT:
        why = "" if can_cancel else why_not_changed(order)
        packed = is_being_packed(order, today=today)
        return Changing(can_change=not why, can_change_address=not (why or packed), why_not=why)
    if order.status == Status.DISPATCHED:
        why = why_not_extended(order, today=today)
        return Changing(can_extend=not why, why_not=why)
    return Changing()
