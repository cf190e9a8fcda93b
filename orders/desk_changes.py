"""What the desk changes about an order, and what it says then. The same form sent twice changes nothing twice."""

from collections.abc import Iterator
from datetime import date

from django.db import transaction
from django.utils.formats import date_format

from inventory.closed_days import shop_calendar
from inventory.free_days import stretches
from inventory.models import Card
from inventory.templatetags.days import to_day
from orders.change_forms import ChangeForm
from orders.changes import ChangeError, ChangeIsShort, change, keep_longer
from orders.models import Order
from orders.staff_order import replan_of
from orders.states import NOT_YET_LEFT, Status
from orders.transitions import Actor, lock_order

MOST_STRETCHES = 6


class NothingToChange(Exception):
    """The order stands already as it is asked for; the message says how."""


class ChangedMeanwhile(Exception):
    """The order is not as it was when the form was shown, so nobody knows what the form meant."""

    def __init__(self) -> None:
        super().__init__(
            "The order was changed after this page was shown to you. Here is how it stands; change it once more."
        )


def change_as_shown(*, order: Order, form: ChangeForm, by: Actor, today: date) -> str:
    """What a valid form of this locked order asks for; says what happened.

    Raises NothingToChange, ChangedMeanwhile, ChangeError.
    """
    if not form.quantities and not form.changes_days:
        raise NothingToChange(f"Order {order.number} stands as it is in the form: nothing was changed.")
    if form.cleaned_data["seen"] != form.seen_now:
        raise ChangedMeanwhile
    first_day, last_day = form.days
    changed = change(
        order=order,
        by=by,
        today=today,
        quantities=form.quantities,
        first_day=first_day,
        last_day=last_day,
    )
    return _what_happened(order, changed, "is changed", with_days=form.changes_days)


@transaction.atomic
def plan_anew(*, order: Order, by: Actor, today: date) -> str:
    """The days that the calendar gives by now; says what happened. Raises NothingToChange, ChangeError."""
    order = lock_order(order.pk)
    if order.status in NOT_YET_LEFT and replan_of(order, shop_calendar()) is None:
        raise NothingToChange(f"Order {order.number} leaves and is due on open days: nothing was changed.")
    changed = change(order=order, by=by, today=today, replan=True)
    return _what_happened(order, changed, "is planned anew", with_days=True)


def _what_happened(before: Order, order: Order, says: str, *, with_days: bool) -> str:
    said = f"Order {order.number} {says}"
    if order.status == Status.OPEN:
        said += " and still open." if before.status == Status.OPEN else ", and open now: every card is free."
    elif order.queued_at == before.queued_at:
        said += " and still waits at its old place."
    else:
        said += ". It asks for more than before, so it went to the end of the queue."
    return f"{said} {_leaves_and_due(order)}" if with_days else said


def _leaves_and_due(order: Order) -> str:
    return f"It leaves on {_day(order.out_on)} and is due back on {_day(order.due_on)}."


@transaction.atomic
def keep_until(*, order: Order, last_day: date, by: Actor, today: date) -> str:
    """Says what happened. Raises NothingToChange, ChangeError."""
    order = lock_order(order.pk)
    if order.status == Status.DISPATCHED and order.last_day == last_day >= today:
        raise NothingToChange(f"The customer has order {order.number} until {_day(last_day)} already.")
    order = keep_longer(order=order, last_day=last_day, by=by, today=today)
    return f"Order {order.number} is kept until {_day(last_day)}. It is due back on {_day(order.due_on)}."


def refusal(error: ChangeError, *, about_short: str = "") -> list[str]:
    """Why not; and which cards are short, by how many and when. `about_short`: said instead where something is."""
    if not isinstance(error, ChangeIsShort):
        return [str(error)]
    return [about_short or str(error), *_short_cards(error)]


def _short_cards(error: ChangeIsShort) -> Iterator[str]:
    for card in Card.objects.filter(pk__in=error.shortfalls.keys()).order_by("name"):
        short = error.shortfalls[card.pk]
        found = stretches(short.days)
        days = [
            to_day(first, last) + (f" (by {missing})" if missing != short.short else "")
            for first, last, missing in found[:MOST_STRETCHES]
        ]
        more = " and on later days" if len(found) > MOST_STRETCHES else ""
        yield f"{card.name}: short by {short.short} of {short.quantity}, {', '.join(days)}{more}"


def _day(day: date | None) -> str:
    assert day is not None
    return date_format(day, "D j F Y")
