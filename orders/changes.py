"""An accepted order is changed: fewer or more copies, other days, a longer stay.

The order never counts against itself. Asking for less succeeds and keeps its place; asking for more is asked like a
new order, at the end of the queue. No change makes an order cost more than it did, or than is held for it.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction

from inventory.availability import Shortfall
from inventory.closed_days import shop_calendar
from inventory.decklist import MAX_QUANTITY
from inventory.money import format_cents
from inventory.periods import RentalPeriod
from inventory.reservations import Taken, asks_for_less, extend, take
from orders import payments
from orders.checkout import set_dates
from orders.dates import check_length, check_rental_period
from orders.deck_availability import short_by_line
from orders.fee_limits import late_day_cents
from orders.lines import write_lines
from orders.models import Order, OrderCard, Payment, PaymentStatus
from orders.models.order import DAYS
from orders.pricing import Quote, quote_order
from orders.signals import tell_customer
from orders.states import NOT_YET_LEFT, Status
from orders.transitions import Actor, lock_order, move_order, note_event


class ChangeError(ValueError):
    """The order cannot be changed like this, and nothing has changed. The message says what to do."""


class ChangeIsShort(ChangeError):
    """The shop cannot deliver what the order would ask for; `shortfalls` by card id says what is missing."""

    def __init__(self, shortfalls: Mapping[int, Shortfall]) -> None:
        self.shortfalls = shortfalls
        super().__init__("Not all of this is free on these days. Take fewer cards or other days.")


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
    order = lock_order(order.pk)
    if order.status not in NOT_YET_LEFT:
        raise ChangeError("Only an order that has been accepted and has not left yet can be changed.")
    payment = payments.lock_live_payment(order)
    if payment is not None and payment.is_taken and payment.status != PaymentStatus.CAPTURED:
        raise ChangeError("This order is just leaving, so it cannot be changed any more.")
    lines = _changed_lines(order, quantities or {})
    _change_days(order, first_day or order.first_day, last_day or order.last_day, replan=replan, today=today)
    quote, demand, period = _new_quote(order, lines), order.demand(), order.blocked_period
    assert period is not None
    assert order.out_on is not None
    in_time, held = order.out_on >= today, payment is not None and payment.status in PAID_FOR
    if payment is not None and payment.status == PaymentStatus.CAPTURED:
        if quote.total_cents != order.total_cents:
            raise ChangeError("The money is taken, so the total has to stay. Choose as many days as before.")
    elif not asks_for_less(claim=order.claim, demand=demand, period=period):
        _check_more(quote, payment if held else None, in_time=in_time)
    else:
        assert order.total_cents is not None
        held_cents = payment.amount_cents if payment is not None and held else 0
        _check_costs_no_more(quote, than_cents=max(order.total_cents, held_cents))
    taken = take(
        claim=order.claim,
        demand=demand,
        period=period,
        today=today,
        accept_short=order.status == Status.PENDING,
        may_become_firm=in_time and held,
    )
    if taken.shortfalls and not taken.reservations:
        raise ChangeIsShort(taken.shortfalls)
    _write(order, lines, quote, taken, by=by)
    return order


PAID_FOR = (PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED)


def _check_more(quote: Quote, payment: Payment | None, *, in_time: bool) -> None:
    """Raises ChangeError where an order that asks for more is not paid for, or could not leave any more."""
    if payment is None:
        raise ChangeError(
            "The hold on the card has ended, so the order can only ask for less. Pay once more first."
        )
    _check_costs_no_more(quote, than_cents=payment.amount_cents)
    if not in_time:
        raise ChangeError("The day on which this order should have left has passed. Choose later days.")


def _check_costs_no_more(quote: Quote, *, than_cents: int) -> None:
    """What is held for the order, or was: nobody agreed to more."""
    if quote.total_cents > than_cents:
        more = format_cents(quote.total_cents - than_cents, settings.CURRENCY)
        raise ChangeError(
            f"This costs {more} more than is held on the card. Take fewer cards or days, or order the rest anew."
        )


def _changed_lines(order: Order, quantities: Mapping[int, int]) -> list[OrderCard]:
    """The lines with their new numbers of copies, saved; lines that went are deleted."""
    lines = {line.pk: line for line in order.order_cards.all()}
    for pk, copies in quantities.items():
        if pk not in lines:
            raise ChangeError("This line is not in the order any more. Look at the order once more.")
        if not 0 <= copies <= MAX_QUANTITY:
            raise ChangeError(f"A line has 0 to {MAX_QUANTITY} copies, not {copies}.")
        lines[pk].quantity = copies
    kept = [line for line in lines.values() if line.quantity]
    if not kept:
        raise ChangeError("This takes every card out. Cancel the order instead.")
    for line in kept:
        line.needed = 0  # told anew below; never more than the copies
    OrderCard.objects.filter(pk__in=lines.keys() - {line.pk for line in kept}).delete()
    OrderCard.objects.bulk_update(kept, ["quantity", "needed"])
    return kept


def _change_days(
    order: Order, first_day: date | None, last_day: date | None, *, replan: bool, today: date
) -> None:
    assert first_day is not None
    assert last_day is not None
    before, method, calendar = order.blocked_period, order.shipping_method, shop_calendar()
    assert before is not None
    assert order.due_on is not None
    assert order.last_day is not None
    assert method is not None
    moved, due_on = first_day != order.first_day, order.due_on
    if not replan and not moved and last_day == order.last_day:
        return
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
    if replan and order.out_on < today:
        raise ChangeError("To be there on its first day it should have left already. Choose later days.")
    if replan or moved:
        return
    # What was promised stays, also where a day has been closed since: no day more is asked for than there must be.
    order.out_on = before.out_on
    if shorter:
        order.due_on, order.back_on = min(order.due_on, due_on), min(order.back_on, before.back_on)


def _new_quote(order: Order, lines: list[OrderCard]) -> Quote:
    """By the prices that were frozen when the order was authorized."""
    period = order.rental_period
    assert period is not None
    assert order.shipping_cents is not None
    assert order.tax_basis_points is not None
    assert order.cards_cents is not None
    return quote_order(
        [(line.quantity, line.day_price_cents or 0) for line in lines],
        days=period.length,
        shipping_cents=order.shipping_cents,
        tax_basis_points=order.tax_basis_points,
        # A minimum that was raised since does not make what was agreed dearer.
        minimum_cents=min(settings.ORDER_MINIMUM_CENTS, order.cards_cents),
    )


def _write(order: Order, lines: list[OrderCard], quote: Quote, taken: Taken, *, by: Actor) -> None:
    short = short_by_line(lines, taken.shortfalls)
    for line in lines:
        line.reservation, line.needed = taken.reservations[line.card_id], short[line.pk]
    write_lines(lines)
    order.cards_cents, order.tax_cents, order.total_cents = (
        quote.cards_cents,
        quote.tax_cents,
        quote.total_cents,
    )
    if order.late_day_cents is not None:  # fees may cost less by the change, never more than was agreed
        by_now = late_day_cents(quote, percent=settings.LATE_FEE_PERCENT)
        order.late_day_cents = min(order.late_day_cents, by_now)
    order.queued_at = taken.queued_at if order.status == Status.PENDING else None
    opens = order.status == Status.PENDING and taken.queued_at is None
    if not opens:
        order.save(update_fields=[*_CHANGED, "queued_at"])
        note_event(order, by=by, reason="cards or days changed")
        return
    order.save(update_fields=_CHANGED)
    move_order(order, Status.OPEN, by=by, reason="changed, and every card is free now", queued_at=None)
    tell_customer(order, "promoted")


_CHANGED = [*DAYS, "cards_cents", "tax_cents", "total_cents", "late_day_cents"]


@transaction.atomic
def keep_longer(*, order: Order, last_day: date, by: Actor, today: date) -> Order:
    """A deck that is out stays with the customer until `last_day`, if nobody who was promised or waits is hurt.

    Staff grant it without charge; a fee is a matter of its own. Raises ChangeError or ChangeIsShort.
    """
    order = lock_order(order.pk)
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
    assert order.back_on is not None
    short = extend(claim=order.claim, back_on=order.back_on, today=today)
    if short:
        raise ChangeIsShort(short)
    order.save(update_fields=DAYS)
    note_event(order, by=by, reason=f"kept until {last_day:%-d %B %Y}")
    return order
