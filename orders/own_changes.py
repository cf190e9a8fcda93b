"""A customer changes their own order: first they look at what it would do, then they confirm it.

What costs no more than is held is done at once. What costs more is written down (`OrderChange`), its new total is held
on a page of its own (orders/change_bill.py), and the change takes effect in the transaction that books that hold
(orders/change_effects.py). docs/payments.md, "Changing an order".
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.db import transaction

from inventory.availability import END, Place, Shortfall, overpromised, shortfalls
from inventory.closed_days import shop_calendar
from inventory.periods import RentalPeriod
from inventory.reservations import asked_anew
from inventory.starts import Starts
from orders import payments
from orders.change_forms import seen_of
from orders.change_plan import ChangeError, ChangeIsShort, Plan, Wanted, plan_change
from orders.changes import NeedsHold, agreed_cents, apply, check_can_change, check_pays
from orders.dates import schedule_of_order
from orders.lines import lines_of
from orders.models import Order, OrderChange, Payment
from orders.shown_days import moved, written
from orders.signals import tell_customer
from orders.starts import starts_for
from orders.states import Status
from orders.transitions import Actor, lock_order


class ChangedMeanwhile(ChangeError):
    """The order is not as it was when the customer looked, so nobody knows what they meant."""

    def __init__(self) -> None:
        super().__init__(
            "The order was changed after this page was shown to you. Here is how it stands; change it once more."
        )


class LookAgain(ChangeError):
    """What the change does is not what was shown (any more)."""

    def __init__(self) -> None:
        super().__init__("This is not what you looked at last. Look at it once more, then confirm it.")


class DaysMoved(ChangeError):
    """The shop has closed on a day meanwhile: `days` says which have moved, as orders/shown_days.py has it."""

    def __init__(self, days: str) -> None:
        super().__init__(
            f"The days have moved since you looked, because the shop is closed on one of them: {days}. Look at them, "
            "and confirm them where they suit you."
        )


class Outcome(StrEnum):
    """What becomes of the order's place by a change."""

    STAYS_OPEN = "stays_open"
    OPENS = "opens"
    KEEPS_PLACE = "keeps_place"
    GOES_TO_THE_END = "goes_to_the_end"
    REFUSED = "refused"  # an open order stays open, or nothing changes


@dataclass(frozen=True, slots=True)
class Look:
    """What a change would do. Money in cents; `starts`: other first days, where cards are short.

    `is_at_risk`: it stays open with more cards, and of those that it was promised before the shop is short by now.
    """

    wanted: Wanted
    plan: Plan
    outcome: Outcome
    shortfalls: Mapping[int, Shortfall]
    starts: Starts | None
    total_before_cents: int
    held_cents: int
    needs_hold: bool
    is_at_risk: bool = False

    @property
    def possible(self) -> bool:
        return self.outcome != Outcome.REFUSED

    @property
    def total_cents(self) -> int:
        return self.plan.quote.total_cents

    @property
    def difference_cents(self) -> int:
        return self.total_cents - self.total_before_cents

    @property
    def will_be_held_cents(self) -> int:
        return self.total_cents if self.needs_hold else self.held_cents

    @property
    def shown(self) -> str:
        """What was looked at, in short: another one as soon as it would do something else, or cost something else."""
        order = self.plan.order
        said = [
            self.wanted.as_json(),
            [str(day) for day in (order.out_on, order.due_on, order.back_on)],
            self.total_cents,
            self.outcome.value,
            self.needs_hold,
            self.is_at_risk,
        ]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def why_not_changed(order: Order) -> str:
    """Why its customer cannot change this order; empty where they can."""
    payment = Payment.objects.live().filter(order=order.pk).first()
    try:
        check_own(order, payment)
    except ChangeError as error:
        return str(error)
    return ""


def check_own(order: Order, payment: Payment | None) -> None:
    check_can_change(order, payment)
    if payment is not None and payment.is_taken:
        raise ChangeError("This order is just leaving, so it cannot be changed any more.")


def look(*, order: Order, wanted: Wanted, today: date, with_starts: bool = True) -> Look:
    """What the change would do, by the engine and by the prices. Changes nothing. Raises ChangeError."""
    order = Order.objects.get(pk=order.pk)  # the plan takes the new days, and the caller keeps theirs
    payment = Payment.objects.live().filter(order=order).first()
    check_own(order, payment)
    assert order.total_cents is not None
    status, queued_at, before_cents = order.status, order.queued_at, order.total_cents
    agreed = agreed_cents(order, payment)
    held_cents = payment.amount_cents if payment is not None and payment.is_held else 0
    plan = plan_change(order=order, wanted=wanted, today=today)
    needs_hold = False
    try:
        check_pays(plan, payment, agreed_cents=agreed, held_cents=None, today=today)
    except NeedsHold:
        needs_hold = True
    place = Place(queued_at, order.claim) if queued_at and plan.asks_for_less else END
    short = (
        {}
        if status == Status.OPEN and plan.asks_for_less
        else shortfalls(
            asked_anew(claim=order.claim, demand=plan.demand, period=plan.period),
            plan.period.out_on,
            plan.period.back_on,
            today=today,
            place=place,
            excluding=order.claim,
        )
    )
    stays_open_with_more = status == Status.OPEN and not short and not plan.asks_for_less
    opens = not short and plan.in_time(today) and (held_cents > 0 or needs_hold)
    return Look(
        wanted=wanted,
        plan=plan,
        outcome=_outcome(status, short=bool(short), opens=opens, asks_for_less=plan.asks_for_less),
        shortfalls=short,
        starts=_starts(plan, today=today) if short and with_starts else None,
        total_before_cents=before_cents,
        held_cents=held_cents,
        needs_hold=needs_hold,
        is_at_risk=stays_open_with_more and _is_at_risk(plan, today=today),
    )


def _is_at_risk(plan: Plan, *, today: date) -> bool:
    period = plan.period
    missing = overpromised(today=today, card_ids=plan.demand.keys())
    return any(period.out_on <= day < period.back_on for days in missing.values() for day in days)


def _outcome(status: str, *, short: bool, opens: bool, asks_for_less: bool) -> Outcome:
    if status == Status.OPEN:
        return Outcome.REFUSED if short else Outcome.STAYS_OPEN
    if opens:
        return Outcome.OPENS
    return Outcome.KEEPS_PLACE if asks_for_less else Outcome.GOES_TO_THE_END


def _starts(plan: Plan, *, today: date) -> Starts:
    period, method = plan.order.rental_period, plan.order.shipping_method
    assert isinstance(period, RentalPeriod)
    assert method is not None
    return starts_for(
        plan.demand,
        wished=period,
        method=method,
        today=today,
        calendar=shop_calendar(),
        excluding=plan.order.claim,
    )


@transaction.atomic
def confirm(
    *, order: Order, wanted: Wanted, seen: str, shown: str, by: Actor, today: date
) -> Order | OrderChange:
    """Changes the order at once where that is paid for; else writes the change down, to be paid for.

    `seen`: the order as the customer saw it, `shown`: the look that they confirm. Raises ChangeError, ChangeIsShort,
    ChangedMeanwhile, LookAgain; then nothing has changed.
    """
    order = lock_order(order.pk)
    payments.lock_live_payment(order)
    if seen_of(order, lines_of(order)) != seen:
        raise ChangedMeanwhile
    looked = look(order=order, wanted=wanted, today=today, with_starts=False)
    if not looked.possible:
        raise ChangeIsShort(looked.shortfalls)
    if looked.shown != shown:
        raise LookAgain
    if looked.needs_hold:
        return write_down(
            order,
            kind=OrderChange.Kind.CHANGE,
            wanted=wanted.as_json(),
            seen=seen,
            total_cents=looked.total_cents,
            days=days_of(looked.plan.order),
            by=by,
            shown=shown,
            outcome=looked.outcome,
        )
    changed = apply(
        order=order, wanted=wanted, by=by, today=today, may_lose_place=may_lose_place(looked.outcome)
    )
    tell_customer(changed, "changed")
    return changed


def may_lose_place(outcome: str) -> bool:
    """Whether its customer confirmed that the order goes to the end of the queue."""
    return outcome == Outcome.GOES_TO_THE_END


def write_down(
    order: Order,
    *,
    kind: OrderChange.Kind,
    wanted: dict[str, Any],
    seen: str,
    total_cents: int,
    by: Actor,
    days: Sequence[str],
    shown: str = "",
    outcome: str = "",
) -> OrderChange:
    """What is to be paid for; asked for twice of a locked order, it is the same one."""
    same = {
        "kind": kind,
        "wanted": wanted,
        "seen": seen,
        "total_cents": total_cents,
        "days": list(days),
        "shown": shown,
        "outcome": outcome,
    }
    asked = order.changes.filter(status=OrderChange.Status.ASKED, **same).first()
    return asked or OrderChange.objects.create(order=order, by=by.user, **same)


def days_of(order: Order) -> list[str]:
    """The days of an accepted order, as they are or would be, as they are kept."""
    schedule = schedule_of_order(order)
    assert schedule is not None
    return written(schedule)


def check_days(change: OrderChange, order: Order) -> None:
    """Raises DaysMoved where the order would have other days than the change was shown to lead to."""
    days = moved(change.days, days_of(order))
    if days:
        raise DaysMoved(days)


def check_still_wanted(change: OrderChange, order: Order, *, today: date) -> Look:
    """The look of a change that is about to be paid for. Raises ChangeError where it cannot be done any more."""
    if seen_of(order, lines_of(order)) != change.seen:
        raise ChangedMeanwhile
    looked = look(order=order, wanted=Wanted.from_json(change.wanted), today=today, with_starts=False)
    if not looked.possible:
        raise ChangeIsShort(looked.shortfalls)
    check_days(change, looked.plan.order)
    if looked.shown != change.shown or not looked.needs_hold:
        raise LookAgain
    return looked
