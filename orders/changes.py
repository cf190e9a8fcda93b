"""An accepted order is changed: fewer or more copies, other days, another way of shipping, a longer stay.

The order never counts against itself. Asking for less succeeds and keeps its place; asking for more is asked like a
new order, at the end of the queue. No change makes an order cost more than it did, or than is held for it; where the
customer has more held for it (orders/own_changes.py), it costs exactly that.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction

from inventory.closed_days import shop_calendar
from inventory.money import format_cents
from inventory.periods import RentalPeriod
from inventory.reservations import Taken, extend, take
from orders import payments
from orders.change_differences import differences, in_words
from orders.change_plan import ChangeError, ChangeIsShort, OthersNeedThem, Plan, Wanted, plan_change
from orders.checkout import set_dates
from orders.deck_availability import short_by_line
from orders.lines import lines_of, write_lines
from orders.models import Order, OrderCard, Payment, PaymentStatus
from orders.models.order import DAYS
from orders.signals import tell_customer
from orders.states import NOT_YET_LEFT, Status
from orders.transitions import Actor, lock_order, move_order, note_event

__all__ = [
    "ChangeError",
    "ChangeIsShort",
    "NeedsHold",
    "agreed_cents",
    "apply",
    "change",
    "check_can_change",
    "check_pays",
    "keep_longer",
    "plan_longer",
]


class NeedsHold(ChangeError):
    """The change asks for more than is held on the card; the customer alone can hold more, by paying anew."""


@transaction.atomic
def change(
    *,
    order: Order,
    by: Actor,
    today: date,
    quantities: Mapping[int, int] | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
    replan: bool = False,
) -> Order:
    """Other numbers of copies (by line id; 0 takes the line out) or other days for an order that has not left.

    Asking for less succeeds unless it costs more (a dearer printing of a card, a day more within those the copies are
    away anyway), and keeps the place of an order that waits; it opens where that is enough. More is asked like anew:
    an open order stays open or nothing changes, a pending one goes to the end of the queue.
    The day on which it leaves stays as it was promised unless the first day is another one, or `replan` asks for the
    days that the shop's calendar gives by now. Raises ChangeError or ChangeIsShort.
    """
    wanted = Wanted(quantities or {}, first_day, last_day, replan=replan)
    return apply(order=order, wanted=wanted, by=by, today=today)


@transaction.atomic
def apply(
    *,
    order: Order,
    wanted: Wanted,
    by: Actor,
    today: date,
    held_cents: int | None = None,
    may_lose_place: bool = True,
) -> Order:
    """As `change`, of everything that a customer can want, too. `held_cents`: what a new hold of theirs holds for it.

    `may_lose_place`: whether a pending order that asks for more may go to the end of the queue. Raises NeedsHold where
    it costs more than is held; with a new hold it costs exactly what that holds.
    """
    order = lock_order(order.pk)
    payment = payments.lock_live_payment(order)
    check_can_change(order, payment)
    status = order.status
    agreed, held = agreed_cents(order, payment), _is_held(payment) or held_cents is not None
    before, lines = copy(order), lines_of(order)
    plan = plan_change(order=order, wanted=wanted, today=today)
    check_pays(plan, payment, agreed_cents=agreed, held_cents=held_cents, today=today)
    taken = take(
        claim=order.claim,
        demand=plan.demand,
        period=plan.period,
        today=today,
        accept_short=status == Status.PENDING and may_lose_place,
        may_become_firm=plan.in_time(today) and held,
    )
    if taken.shortfalls and not taken.reservations:
        raise ChangeIsShort(taken.shortfalls)
    said = [in_words(one) for one in differences(before, lines, plan)]
    if taken.queued_at is not None and taken.queued_at != before.queued_at:
        said.append(LOST_PLACE)
    _write(plan, taken, by=by, said=said, agreed_anew=held_cents is not None)
    return order


LOST_PLACE = "it asks for more, so it went to the end of the queue"
PAID_FOR = (PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED)


def check_can_change(order: Order, payment: Payment | None) -> None:
    """Raises ChangeError unless the order, as it and its payment stand, can be changed at all."""
    if order.status not in NOT_YET_LEFT:
        raise ChangeError("Only an order that has been accepted and has not left yet can be changed.")
    if payment is not None and payment.is_taken and payment.status != PaymentStatus.CAPTURED:
        raise ChangeError("This order is just leaving, so it cannot be changed any more.")


def _is_held(payment: Payment | None) -> bool:
    return payment is not None and payment.status in PAID_FOR


def agreed_cents(order: Order, payment: Payment | None) -> int:
    """What an order that asks for nothing more may cost: what is held for it, or was. Nobody agreed to more."""
    assert order.total_cents is not None
    return max(order.total_cents, payment.amount_cents if payment is not None and _is_held(payment) else 0)


def check_pays(
    plan: Plan, payment: Payment | None, *, agreed_cents: int, held_cents: int | None, today: date
) -> None:
    """Raises ChangeError where the order as planned is not paid for, or could not leave any more."""
    total_cents = plan.quote.total_cents
    if payment is not None and payment.status == PaymentStatus.CAPTURED:
        if total_cents != plan.order.total_cents:
            raise ChangeError("The money is taken, so the total has to stay. Choose as many days as before.")
        return
    if not plan.asks_for_less and not plan.in_time(today):
        raise ChangeError("The day on which this order should have left has passed. Choose later days.")
    if held_cents is not None:
        if total_cents != held_cents:
            raise ChangeError("The order was changed meanwhile, so this change would cost something else.")
    elif plan.asks_for_less:
        _check_costs_no_more(total_cents, than_cents=agreed_cents)
    elif payment is None or not _is_held(payment):
        raise NeedsHold(
            "The hold on the card has ended, so the order can only ask for less. Pay once more first."
        )
    else:
        _check_costs_no_more(total_cents, than_cents=payment.amount_cents)


def _check_costs_no_more(total_cents: int, *, than_cents: int) -> None:
    if total_cents > than_cents:
        more = format_cents(total_cents - than_cents, settings.CURRENCY)
        raise NeedsHold(
            f"This costs {more} more than is held on the card. Take fewer cards or days, or order the rest anew."
        )


def _write(plan: Plan, taken: Taken, *, by: Actor, said: Sequence[str], agreed_anew: bool) -> None:
    order, quote = plan.order, plan.quote
    _write_lines(plan, taken)
    order.cards_cents, order.tax_cents, order.total_cents = (
        quote.cards_cents,
        quote.tax_cents,
        quote.total_cents,
    )
    if agreed_anew:
        order.late_day_cents, order.worth_cents = plan.limits.late_day_cents, plan.limits.value_cents
    elif order.late_day_cents is not None:  # fees may cost less by the change, never more than was agreed
        order.late_day_cents = min(order.late_day_cents, plan.limits.late_day_cents)
    order.queued_at = taken.queued_at if order.status == Status.PENDING else None
    opens = order.status == Status.PENDING and taken.queued_at is None
    if not opens:
        order.save(update_fields=[*_CHANGED, "queued_at"])
        note_event(order, by=by, reason=_and_what("cards or days changed", said))
        return
    order.save(update_fields=_CHANGED)
    reason = _and_what("changed, and every card is free now", said)
    move_order(order, Status.OPEN, by=by, reason=reason, queued_at=None)
    if by.kind != "customer":  # who did it themselves hears that it is changed, and how it stands
        tell_customer(order, "promoted")


def _and_what(reason: str, said: Sequence[str]) -> str:
    return f"{reason}: {'; '.join(said)}" if said else reason


def _write_lines(plan: Plan, taken: Taken) -> None:
    if plan.gone:
        OrderCard.objects.filter(pk__in=plan.gone).delete()
    old = [line for line in plan.lines if line.pk]
    for line in old:
        line.needed = 0  # never more than the copies; told anew below
    OrderCard.objects.bulk_update(old, ["quantity", "needed"])
    OrderCard.objects.bulk_create(line for line in plan.lines if not line.pk)
    short = short_by_line(plan.lines, taken.shortfalls)
    for line in plan.lines:
        line.reservation, line.needed = taken.reservations[line.card_id], short[line.pk]
    write_lines(plan.lines)


_CHANGED = [
    *DAYS,
    "shipping_method",
    "cards_cents",
    "shipping_cents",
    "tax_cents",
    "total_cents",
    "late_day_cents",
    "worth_cents",
]


@transaction.atomic
def keep_longer(*, order: Order, last_day: date, by: Actor, today: date) -> Order:
    """A deck that is out stays with the customer until `last_day`, if nobody who was promised or waits is hurt.

    Staff grant it without charge; a fee is a matter of its own. Raises ChangeError or ChangeIsShort.
    """
    order = lock_order(order.pk)
    plan_longer(order, last_day=last_day, today=today)
    assert order.back_on is not None
    short = extend(claim=order.claim, back_on=order.back_on, today=today)
    if short:
        raise OthersNeedThem(short)
    order.save(update_fields=DAYS)
    note_event(order, by=by, reason=f"kept until {last_day:%-d %B %Y}")
    return order


def plan_longer(order: Order, *, last_day: date, today: date) -> None:
    """Gives an order that is out the days that it would have, unsaved. Raises ChangeError."""
    if order.status != Status.DISPATCHED:
        raise ChangeError("Only a deck that is out can be kept longer. Change the days of the order instead.")
    assert order.first_day is not None
    assert order.last_day is not None
    assert order.shipping_method is not None
    if last_day <= order.last_day or last_day < today:
        raise ChangeError(f"Choose a day after {max(order.last_day, today):%-d %B %Y}.")
    horizon = today + timedelta(days=settings.RENTAL_HORIZON_DAYS)
    if last_day > horizon:  # a slip in the year would hide the copies for good
        raise ChangeError(f"We plan until {horizon:%-d %B %Y}. Choose that day or an earlier one.")
    period = RentalPeriod(order.first_day, last_day)
    out_on, method, calendar = order.out_on, order.shipping_method, shop_calendar()
    set_dates(order, period, method, calendar)
    order.out_on = out_on  # it has left
