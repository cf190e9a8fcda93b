"""From open order to returned deck: dispatched, checked in, written off, and expected where it is late.

Dispatch takes the money first and then lets the deck go. In between lies a call to the payment provider, so it is
three steps: look, take the money, and then, under lock, look again and write. Where it breaks off in the middle,
dispatching the order again goes on from where it stood.
"""

from collections.abc import Mapping
from datetime import date

from django.db import transaction
from django.utils import timezone

from inventory import reservations
from inventory.locks import lock_cards
from inventory.models import Card, Printing, StockMovement
from inventory.reservations import NoExpectation, NotOnShelf, NotOut
from inventory.stock import StockError, record_movement
from orders import payments
from orders import stripe_gateway as gateway
from orders.change_forms import packed_of
from orders.lines import lines_of
from orders.models import Order
from orders.signals import tell_customer
from orders.states import Status
from orders.transitions import Actor, lock_order, move_order, note_event

WRITE_OFFS = (StockMovement.Kind.LOST, StockMovement.Kind.DAMAGED)


class NotDispatchable(ValueError):
    """The order cannot leave; the message says why, `missing` how many copies are not there, by card id."""

    def __init__(self, message: str, *, missing: Mapping[int, int] | None = None) -> None:
        self.missing = missing or {}
        super().__init__(message)


class ReturnError(ValueError):
    """This cannot be written down of what is out; the message says what to do instead."""


# --- out ------------------------------------------------------------------------------------------------


def dispatch(*, order: Order, by: Actor, today: date, seen: str | None = None) -> Order:
    """Takes the money, then lets the deck go. Dispatching twice is dispatching once.

    `seen`: the order as the pick list showed it; what was changed since is not what was packed.
    Raises NotDispatchable; then the order is open as before. Where only the last step failed, the money is
    taken, and dispatching again goes on from there. No transaction may be open around it.
    """
    order = Order.objects.get(pk=order.pk)
    if order.status == Status.DISPATCHED:
        return order
    check_days(order, today=today)
    _check_packed(order, seen)
    try:
        reservations.check_on_shelf(claim=order.claim, today=today)
        _take_money(order)
        return _let_go(order, by=by, today=today, seen=seen)
    except NotOnShelf as error:
        names = _names(error.missing)
        raise NotDispatchable(
            f"Not on the shelf: {names}. Check in what has come back, or receive copies, and dispatch again.",
            missing=error.missing,
        ) from error


def check_days(order: Order, *, today: date, taken: bool | None = None) -> None:
    """Raises NotDispatchable unless the order is open and today is one of the days on which it may leave.

    `taken`: whether its money is taken, where the caller knows; then no query is made.
    """
    if order.status != Status.OPEN:
        status = order.get_status_display().lower()
        raise NotDispatchable(f"This order is {status}: only open orders are dispatched.")
    assert order.out_on is not None
    assert order.back_on is not None
    if today < order.out_on:
        raise NotDispatchable(
            f"Its copies are set aside from {order.out_on:%-d %B %Y} on. Dispatch it on that day."
        )
    if today >= order.back_on:
        if payments.is_taken(order) if taken is None else taken:
            raise NotDispatchable(
                "Its days have passed. Its payment is taken: choose other days with the customer and dispatch it "
                "then, or cancel it, and the money goes back."
            )
        raise NotDispatchable("Its days have passed. Cancel it, or choose other days with the customer.")


def _check_packed(order: Order, seen: str | None) -> None:
    if seen is not None and packed_of(order, lines_of(order)) != seen:
        raise NotDispatchable(
            "It was changed after you packed it. Its pick list or its address is another one now: pack it anew, then "
            "dispatch it."
        )


def can_dispatch(order: Order, *, today: date) -> bool:
    """Whether it may leave by its status and its days; copies and money show when it is dispatched."""
    try:
        check_days(order, today=today)
    except NotDispatchable:
        return False
    return True


def _take_money(order: Order) -> None:
    try:
        payments.capture(order)
    except payments.NotHeld as error:
        raise NotDispatchable(f"{error} Keep the deck here. {_what_comes_now(order)}") from error
    except gateway.Unavailable as error:
        raise NotDispatchable(
            "The payment provider did not answer. Keep the deck here and dispatch the order again in a minute."
        ) from error
    except (gateway.GatewayError, payments.UnknownIntent) as error:
        raise NotDispatchable(f"The payment could not be taken: {error} Keep the deck here.") from error


def _what_comes_now(order: Order) -> str:
    order.refresh_from_db()
    if order.status != Status.OPEN:
        return f"The order is {order.get_status_display().lower()} by now."
    if order.pay_again_by is not None:
        by = f"{timezone.localtime(order.pay_again_by):%-d %B %Y, %H:%M}"
        return (
            f"The customer was asked to pay again by {by}; dispatch it when they have, or cancel the order."
        )
    return "The hold is being renewed: dispatch the order again in a few minutes."


@transaction.atomic
def _let_go(order: Order, *, by: Actor, today: date, seen: str | None) -> Order:
    order = lock_order(order.pk)
    if order.status == Status.DISPATCHED:
        return order
    check_days(order, today=today)
    _check_packed(order, seen)
    try:
        payments.check_paid_for(order)
    except payments.NotPaidFor as error:
        raise NotDispatchable(f"{error} Keep the deck here.") from error
    reservations.send_out(claim=order.claim, today=today)
    move_order(order, Status.DISPATCHED, by=by, reason="paid and on its way")
    tell_customer(order, "dispatched")
    return order


# --- back -----------------------------------------------------------------------------------------------


@transaction.atomic
def check_in(
    *, order: Order, copies: Mapping[int, int] | None = None, by: Actor, today: date, seen: int | None = None
) -> Order:
    """Copies are back on the shelf, by card id; None: all that are out. With the last one the order is returned.

    `seen`: the number of copies out that the page showed; where it is another by now, nothing is written, so
    that a form that is sent twice counts once. Raises ReturnError. Checking in everything twice is doing it once.
    """
    order = lock_order(order.pk)
    if copies is None and order.status == Status.RETURNED:
        return order
    out = _check_out(order, seen=seen)
    coming = {card_id: number for card_id, number in (out if copies is None else copies).items() if number}
    if copies is not None and (not coming or min(coming.values()) < 0):
        raise ReturnError("Write how many copies came back, of at least one card.")
    _reduce(order, coming)
    if coming != out:
        note_event(order, by=by, reason=f"back: {_names(coming)}")
    _return_if_settled(
        order, by=by, reason="every card is back" if coming == order.demand() else "the rest is back"
    )
    return order


@transaction.atomic
def write_off(
    *,
    order: Order,
    printing: Printing,
    copies: int,
    kind: str,
    by: Actor,
    today: date,
    seen: int | None = None,
) -> Order:
    """Copies of a printing do not come back, or not as they were: `kind` is lost or damaged.

    They are not out any more, and from today the shop does not own them any more: what is promised of them on
    later days is at risk. `seen` as for `check_in`. Raises ReturnError.
    """
    order = lock_order(order.pk)
    out = _check_out(order, seen=seen)
    if kind not in WRITE_OFFS:
        raise ReturnError("Choose what happened: lost or damaged.")
    if copies < 1:
        raise ReturnError("Write how many copies are written off, 1 or more.")
    if printing.card_id not in out:
        raise ReturnError(f"No {printing.card} of this order is out. Choose a printing of a card that is.")
    lock_cards([printing.card_id])
    _reduce(order, {printing.card_id: copies})
    try:
        record_movement(
            printing=printing,
            kind=kind,
            quantity=copies,
            by=by.user,
            effective_on=today,
            note=f"Order {order.number}",
        )
    except StockError as error:
        raise ReturnError(str(error)) from error
    note_event(order, by=by, reason=f"{kind}: {copies} × {printing.card}, {printing}")
    _return_if_settled(order, by=by, reason="every card is back or settled")
    return order


@transaction.atomic
def expect_back(*, order: Order, on: date | None, by: Actor, today: date) -> Order:
    """The day on which what is out is expected on the shelf; None: nobody knows. Raises ReturnError."""
    order = lock_order(order.pk)
    _check_out(order, seen=None)
    assert order.back_on is not None
    if on is not None and today < on < order.back_on:
        raise ReturnError(
            f"The copies are set aside until {order.back_on:%-d %B %Y} anyway. Choose that day or a later one, "
            "or check them in when they come."
        )
    try:
        reservations.expect_back(claim=order.claim, on=on, today=today)
    except NoExpectation as error:
        raise ReturnError(
            "Copies that are not here cannot be expected on a day that has come. Choose a day after today."
        ) from error
    note_event(
        order, by=by, reason=f"expected on {on:%-d %B %Y}" if on else "nobody knows when it comes back"
    )
    return order


def _check_out(order: Order, *, seen: int | None) -> dict[int, int]:
    """What is out of a locked order, by card id."""
    if order.status != Status.DISPATCHED:
        status = order.get_status_display().lower()
        raise ReturnError(f"This order is {status}: nothing of it is out.")
    out = reservations.out_by_card(claim=order.claim)
    if seen is not None and seen != sum(out.values()):
        raise ReturnError(
            "Something of this order has been written down in the meantime, and nothing was changed now. "
            "Look at what is still out and go on from there."
        )
    return out


def _reduce(order: Order, copies: Mapping[int, int]) -> None:
    try:
        reservations.check_in(claim=order.claim, copies=copies)
    except NotOut as error:
        raise ReturnError(f"Of this order only so many copies are out: {_names(error.out)}.") from error


def _return_if_settled(order: Order, *, by: Actor, reason: str) -> None:
    if not reservations.out_by_card(claim=order.claim):
        move_order(order, Status.RETURNED, by=by, reason=reason)
        tell_customer(order, "returned")


def _names(copies: Mapping[int, int]) -> str:
    """Copies by card id in words: 2 × Lightning Bolt, 1 × Shock."""
    cards = Card.objects.in_bulk(copies)
    named = sorted((str(cards.get(card_id, "unknown card")), number) for card_id, number in copies.items())
    return ", ".join(f"{number} × {name}" for name, number in named)
