"""The demo's orders, brought about by the shop itself: ordered, paid for at the stand-in, sent out and taken back.

What the plan tells is done in the order of its days, each on its day (clock.py) and by the functions that a page
calls for it, so that stock, money and history are as true as those of any order. Only the bank has the real time: at
the stand-in every payment is of today.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial

from django.utils import timezone

from accounts.models import User
from deckrental.demo.clock import clock_at
from deckrental.demo.order_plan import PLAN, Person, PlanDays, PlannedOrder
from deckrental.demo.sign_ins import CUSTOMER, EMAILS, STAFF
from deckrental.demo.stand_in import confirmation_token, wait_for_it, webhooks_wait
from inventory.closed_days import shop_calendar
from inventory.models import TemplateDeck
from orders.cancellation import NotCancellable, cancel
from orders.cart import CartError, add_template_deck, quick_add
from orders.cart_ids import create_empty_cart
from orders.checkout import CheckoutError, accept_shortfall, set_shipping
from orders.dates import RentalPeriodError
from orders.fulfilment import NotDispatchable, can_dispatch, check_in, dispatch
from orders.lines import lines_of, quote_of
from orders.models import Order, PaymentStatus, ShippingMethod
from orders.models.order import CONTACT
from orders.states import Status
from orders.submission import submit
from orders.transitions import customer, staff

# When things happen on their day; one order a few minutes after the other.
_DISPATCHED, _RETURNED, _CANCELLED, _PLACED = time(9, 30), time(11), time(14), time(16)
_APART = timedelta(minutes=11)
_PATIENCE = 20.0  # seconds, for a stand-in that is being started


class DemoOrdersError(Exception):
    """The demo's orders, or the rest of them, cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class _Step:
    at: datetime
    do: Callable[[date], None]


@dataclass(frozen=True, slots=True)
class _People:
    """Of the demo, by what they do. `customer`: None where they have left."""

    staff: User
    customer: User | None


def load_demo_orders(*, now: datetime) -> int:
    """Makes the orders of the plan that are not there; returns how many. To be run in a process of its own.

    Broken off, it goes on from there when it is called again. Raises DemoOrdersError, and StandInError where the
    stand-in cannot be reached.
    """
    people = _people()
    plan = [planned for planned in PLAN if planned.who.guest or people.customer]
    missing = [planned for planned in plan if not _is_done(planned)]
    if not missing:
        return 0
    days = PlanDays(timezone.localdate(now), shop_calendar())
    made_before = sum(_order_of(planned) is not None for planned in missing)
    wait_for_it(patience=_PATIENCE)
    with webhooks_wait():
        for step in sorted(_steps(missing, days, people), key=lambda step: step.at):
            with clock_at(step.at):
                _do(step)
    return len(missing) - made_before


def _do(step: _Step) -> None:
    try:
        step.do(timezone.localdate())
    except (CartError, CheckoutError, RentalPeriodError, NotDispatchable, NotCancellable) as error:
        raise DemoOrdersError(str(error)) from error
    except (TemplateDeck.DoesNotExist, ShippingMethod.DoesNotExist) as error:
        raise DemoOrdersError(f"{error} Run load_demo first.") from error


def _people() -> _People:
    found = {user.email: user for user in User.objects.filter(email__in=EMAILS.values())}
    if EMAILS[STAFF] not in found:
        raise DemoOrdersError("There is no demo to order from. Run load_demo first.")
    return _People(found[EMAILS[STAFF]], found.get(EMAILS[CUSTOMER]))


def _order_of(planned: PlannedOrder) -> Order | None:
    """The order that was made of it, by whose it is and, of several of one customer, by its deck."""
    orders = Order.objects.placed_with([planned.who.email]).filter(name=planned.who.name)
    if planned.deck:
        orders = orders.filter(order_template_decks__version__deck__slug=planned.deck)
    return orders.order_by("pk").first()


def _is_done(planned: PlannedOrder) -> bool:
    """Whatever has become of it since: only what the plan itself would still do is missing."""
    order = _order_of(planned)
    if order is None:
        return False
    still_to_come = {
        Status.OPEN: planned.left is not None or planned.cancelled is not None,
        Status.DISPATCHED: planned.back is not None,
    }
    return not still_to_come.get(Status(order.status), False)


def _steps(plan: list[PlannedOrder], days: PlanDays, people: _People) -> Iterator[_Step]:
    for place, planned in enumerate(plan):
        for day, at, do in (
            (planned.placed, _PLACED, partial(_place, days=days, people=people)),
            (planned.left, _DISPATCHED, partial(_dispatch, people=people)),
            (planned.back, _RETURNED, partial(_check_in, people=people)),
            (planned.cancelled, _CANCELLED, _cancel),
        ):
            if day is not None:
                moment = timezone.make_aware(datetime.combine(days.day(day), at)) + place * _APART
                yield _Step(moment, partial(do, planned))


# --- what customers and the desk do ---------------------------------------------------------------------


def _place(planned: PlannedOrder, today: date, *, days: PlanDays, people: _People) -> None:
    if _order_of(planned) is not None:
        return
    who = planned.who
    token = confirmation_token(planned.card)  # before a cart is begun: there may be nobody to pay
    cart = create_empty_cart(user=None if who.guest else people.customer)
    if cart.order_cards.exists():
        _check_ours(cart, planned)
    elif planned.deck:
        add_template_deck(cart=cart, deck=TemplateDeck.objects.get(slug=planned.deck))
    else:
        quick_add(cart=cart, text=planned.cards)
    cart = set_shipping(
        cart=cart,
        first_day=days.day(planned.first),
        last_day=days.day(planned.last),
        method=ShippingMethod.objects.get(slug=planned.shipping),
        contact=_contact(who),
        today=today,
    )
    quote = quote_of(cart, lines_of(cart))
    assert quote is not None
    paid = submit(cart=cart, confirmation_token=token, shown_total_cents=quote.total_cents, today=today)
    if paid.status != PaymentStatus.AUTHORIZED:
        raise DemoOrdersError(f"The order of {who.name} could not be paid for: {paid.message}")
    order = Order.objects.get(pk=cart.pk)
    if order.status == Status.CONFIRMING:
        accept_shortfall(order=order, by=customer(order.user), today=today)


def _check_ours(cart: Order, planned: PlannedOrder) -> None:
    """That a cart with cards in it is what was broken off last time, and not what the customer is filling."""
    decks = list(cart.order_template_decks.values_list("version__deck__slug", flat=True))
    if decks != [planned.deck]:
        raise DemoOrdersError(f"The cart of {planned.who.email} is in use: submit or empty it first.")


def _contact(who: Person) -> dict[str, str]:
    return {field: getattr(who, field) for field in CONTACT}


def _dispatch(planned: PlannedOrder, today: date, *, people: _People) -> None:
    order = _order_of(planned)
    if order is not None and can_dispatch(order, today=today):
        dispatch(order=order, by=staff(people.staff), today=today)


def _check_in(planned: PlannedOrder, today: date, *, people: _People) -> None:
    order = _order_of(planned)
    if order is not None and order.status == Status.DISPATCHED:
        check_in(order=order, by=staff(people.staff), today=today)


def _cancel(planned: PlannedOrder, today: date) -> None:
    order = _order_of(planned)
    if order is not None and order.status == Status.OPEN:
        cancel(order=order, by=customer(order.user), reason="the customer cancels")
