"""The way of an order at a glance: what is done, where it stands now, what is still to come, with its days. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from django.conf import settings
from django.utils import timezone

from inventory.money import format_cents
from orders.dates import Schedule
from orders.models import Order, OrderEvent
from orders.order_money import OrderMoney
from orders.payment_says import time_words
from orders.states import Status


class State(StrEnum):
    """`ACT`: it stands here, and waits for the customer."""

    DONE = "done"
    NOW = "now"
    ACT = "act"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the way. `on`: its day, or `on` to `until`, both included; None where nobody knows it.

    `current`: the one of all steps at which the order stands.
    """

    key: str
    title: str
    state: State
    on: date | None = None
    until: date | None = None
    says: str = ""
    current: bool = False

    @property
    def state_words(self) -> str:
        """For who does not see the marks."""
        return {
            State.DONE: "done",
            State.NOW: "now",
            State.ACT: "waits for you",
            State.AHEAD: "still to come",
        }[self.state]


def order_timeline(
    *,
    order: Order,
    schedule: Schedule | None,
    money: OrderMoney,
    events: Iterable[OrderEvent],
    today: date,
    still_out: int = 0,
) -> list[Step]:
    """Of a submitted order. `events`: oldest first; `still_out`: copies that are not back, where some are.

    Exactly one step is current.
    """
    reached = {event.to_status: event.at for event in events if event.from_status != event.to_status}
    ordered = order.authorized_at or min(reached.values(), default=order.created_at)
    steps = [Step("ordered", "Ordered", State.DONE, _day(ordered))]
    if order.status == Status.CANCELLED:
        steps += _cancelled(reached, money)
    else:
        held_or_paid, cards = _money(order, money), _cards(order, money, reached)
        # Held with the order, but charged only when the deck left: days are read in their order.
        charged_later = order.status in (Status.DISPATCHED, Status.RETURNED)
        steps += [cards, held_or_paid] if charged_later else [held_or_paid, cards]
        if schedule is not None:
            steps += _way(order, schedule, reached, today=today, still_out=still_out)
    return _with_current(steps)


def _day(at: datetime | None) -> date | None:
    return timezone.localtime(at).date() if at else None


def _with_current(steps: Sequence[Step]) -> list[Step]:
    """What waits for the customer, else what is now, else the last that is done."""
    for state in (State.ACT, State.NOW):
        here = next((place for place, step in enumerate(steps) if step.state == state), None)
        if here is not None:
            break
    else:
        here = max(place for place, step in enumerate(steps) if step.state == State.DONE)
    return [replace(step, current=place == here) for place, step in enumerate(steps)]


def _cancelled(reached: dict[str, datetime], money: OrderMoney) -> list[Step]:
    steps = []
    if Status.OPEN in reached:
        steps.append(Step("cards", "All cards set aside", State.DONE, _day(reached[Status.OPEN])))
    return [
        *steps,
        Step(
            "cancelled",
            "Cancelled",
            State.NOW,
            _day(reached.get(Status.CANCELLED)),
            says=money.cancelled_says,
        ),
    ]


def _money(order: Order, money: OrderMoney) -> Step:
    if money.summary.charged_cents:
        return Step("money", "Paid", State.DONE, _day(money.charged_on))
    if money.to_pay_again:
        by = f"By {time_words(money.pay_again_by)}" if money.pay_again_by else "Before the deck can leave"
        return Step("money", "Pay again", State.ACT, says=f"{by}: nothing is held for your order any more.")
    if money.summary.held_cents:
        amount = format_cents(money.summary.held_cents, settings.CURRENCY)
        held = f"{amount} on your card, charged when the deck leaves."
        return Step("money", "Held", State.DONE, _day(money.held_on), says=held)
    if money.waits_unheld:
        return Step(
            "money", "Held", State.AHEAD, says="When the order opens; nothing is held while it waits."
        )
    # Where the total is neither held nor charged, what the payment says is on the slip.
    return Step("money", "Payment", State.NOW if order.status == Status.OPEN else State.DONE)


def _cards(order: Order, money: OrderMoney, reached: dict[str, datetime]) -> Step:
    if order.status == Status.PENDING:
        since = _day(order.queued_at)
        return Step("cards", "Waiting for cards", State.NOW, since, says="Since then in the queue.")
    here = State.NOW if order.status == Status.OPEN and not money.to_pay_again else State.DONE
    return Step("cards", "All cards set aside", here, _day(reached.get(Status.OPEN)))


def _way(
    order: Order, schedule: Schedule, reached: dict[str, datetime], *, today: date, still_out: int
) -> list[Step]:
    posted = bool(order.shipping_method and order.shipping_method.needs_address)
    out = order.status in (Status.DISPATCHED, Status.RETURNED)
    back = order.status == Status.RETURNED
    left_on = _day(reached.get(Status.DISPATCHED)) or schedule.leaves_on
    leaves = Step(
        "leaves", "Leaves the shop" if posted else "Ready to fetch", State.AHEAD, schedule.leaves_on
    )
    with_you = Step("with-you", "With you", State.AHEAD, schedule.first_day, schedule.last_day)
    due = Step("due", "Due back", State.AHEAD, schedule.due_back_on)
    returned = Step("returned", "Returned", State.AHEAD)
    if out:
        leaves = Step("leaves", "Left the shop" if posted else "Fetched", State.DONE, left_on)
    elif order.status == Status.OPEN and today > schedule.leaves_on:
        leaves = replace(leaves, says="It has not left yet.")
    elif order.status == Status.OPEN and today == schedule.leaves_on:
        leaves = replace(leaves, says="Today.")
    if back:
        with_you, due = replace(with_you, state=State.DONE), replace(due, state=State.DONE)
        returned = replace(returned, state=State.DONE, on=_day(reached.get(Status.RETURNED)))
    elif out and today < schedule.first_day:
        leaves = replace(leaves, state=State.NOW, says="On its way to you." if posted else "")
    elif out and today <= schedule.last_day:
        with_you = replace(with_you, state=State.NOW, says=_days_left(schedule.last_day, today))
    elif out:
        with_you = replace(with_you, state=State.DONE)
        overdue = today > schedule.due_back_on
        rest = f"{still_out} card{'' if still_out == 1 else 's'} still out. " if still_out else ""
        says = f"{rest}{_late(schedule.due_back_on, today) if overdue else ''}".strip()
        title = "Overdue" if overdue else "Due back"
        due = replace(due, title=title, state=State.ACT if overdue else State.NOW, says=says)
    return [leaves, with_you, due, returned]


def _days_left(last_day: date, today: date) -> str:
    left = (last_day - today).days
    return "Today is the last day." if not left else f"{left} day{'' if left == 1 else 's'} left after today."


def _late(due_on: date, today: date) -> str:
    days = (today - due_on).days
    return f"{days} day{'' if days == 1 else 's'} late: please bring or send it back now."
