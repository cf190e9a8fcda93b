"""What the desk sees of decks that leave and decks that come back. Reads only; orders/fulfilment.py acts.

Each list is a page of orders by day, and takes a fixed number of queries whatever their number and size.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Prefetch, Q

from inventory.models import Card, Printing, Reservation
from inventory.reservations import on_shelf
from inventory.stock import owned_by_printing
from orders.change_forms import packed_of
from orders.fulfilment import NotDispatchable, check_days
from orders.models import Order, OrderCard, Payment, PaymentStatus
from orders.states import Status

ORDERS_PER_PAGE = 25


# --- decks that leave -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pick:
    """Copies to take from the shelf. `preferred`: the printing that the customer would like.

    `owned`: how many copies of that printing the shop owns; None where no printing is preferred.
    """

    card: Card
    copies: int
    preferred: Printing | None
    owned: int | None

    @property
    def preferred_is_scarce(self) -> bool:
        return self.owned is not None and self.owned < self.copies


@dataclass(frozen=True, slots=True)
class Leaving:
    """An open order. `obstacle`: why it cannot leave today, or ""; `missing`: copies that are not on the shelf.

    `paid`: its money is taken already, so that dispatching it was begun and not finished. `held`: it can be taken;
    where not, the hold is being renewed, or the customer was asked to pay again by `order.pay_again_by`.
    """

    order: Order
    picks: tuple[Pick, ...]
    days_late: int
    obstacle: str
    missing: tuple[tuple[Card, int], ...]
    paid: bool
    held: bool

    @property
    def copies(self) -> int:
        return sum(pick.copies for pick in self.picks)

    @property
    def seen(self) -> str:
        """What is packed by this pick list, for the form that sends it out."""
        return packed_of(self.order, self.order.order_cards.all())


@dataclass(frozen=True, slots=True)
class Dispatches:
    """A page of open orders, the earliest dispatch day first."""

    page: Page
    late: tuple[Leaving, ...]
    today: tuple[Leaving, ...]
    coming: tuple[Leaving, ...]


def dispatches(*, page: str, today: date) -> Dispatches:
    taken = Payment.objects.taken().filter(order=OuterRef("pk"))
    held = Payment.objects.live().filter(order=OuterRef("pk"), status=PaymentStatus.AUTHORIZED)
    lines = OrderCard.objects.select_related("card", "preferred_printing").order_by("card__name", "pk")
    orders = (
        Order.objects.filter(status=Status.OPEN)
        .select_related("shipping_method", "user")
        .prefetch_related(Prefetch("order_cards", queryset=lines))
        .annotate(
            paid=Exists(taken.filter(status=PaymentStatus.CAPTURED)),
            taken=Exists(taken),
            held=Exists(held),
        )
        .order_by("out_on", "pk")
    )
    found = Paginator(orders, ORDERS_PER_PAGE).get_page(page)
    lines_here = [line for order in found for line in order.order_cards.all()]
    there = on_shelf({line.card_id for line in lines_here}, today=today)
    wished = {line.preferred_printing_id for line in lines_here if line.preferred_printing_id}
    owned = owned_by_printing(printing_ids=wished, on=today)
    rows = [_leaving(order, there=there, owned=owned, today=today) for order in found]
    return Dispatches(
        page=found,
        late=tuple(row for row in rows if row.days_late > 0),
        today=tuple(row for row in rows if row.days_late == 0),
        coming=tuple(row for row in rows if row.days_late < 0),
    )


def _leaving(order: Order, *, there: dict[int, int], owned: dict[int, int], today: date) -> Leaving:
    assert order.out_on is not None
    try:
        check_days(order, today=today, taken=order.taken)  # type: ignore[attr-defined]
        obstacle = ""
    except NotDispatchable as error:
        obstacle = str(error)
    lines = list(order.order_cards.all())
    cards = {line.card_id: line.card for line in lines}
    missing = {card_id: copies - there[card_id] for card_id, copies in order.demand().items()}
    return Leaving(
        order=order,
        picks=_picks(lines, owned=owned),
        days_late=(today - order.out_on).days,
        obstacle=obstacle,
        # Before its day, copies may well be with somebody else.
        missing=()
        if obstacle
        else tuple((cards[card_id], copies) for card_id, copies in missing.items() if copies > 0),
        paid=order.paid,  # type: ignore[attr-defined]
        held=order.held,  # type: ignore[attr-defined]
    )


def _picks(lines: Iterable[OrderCard], *, owned: dict[int, int]) -> tuple[Pick, ...]:
    """Lines of one card and printing are picked together, whatever their zones."""
    copies: Counter[tuple[Card, Printing | None]] = Counter()
    for line in lines:
        copies[line.card, line.preferred_printing] += line.quantity
    return tuple(
        Pick(card, number, printing, owned.get(printing.pk, 0) if printing else None)
        for (card, printing), number in copies.items()
    )


# --- decks that come back -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Out:
    """A dispatched order: how many copies are out, when they are due at the shop, and when they are expected."""

    order: Order
    copies: int
    of: int
    due_on: date
    expected_on: date | None
    today: date

    @property
    def days_late(self) -> int:
        return (self.today - self.due_on).days

    @property
    def earliest_expectation(self) -> date:
        """The first day that can be recorded: not one that has come, and not one on which they are due anyway."""
        assert self.order.back_on is not None
        return max(self.today + timedelta(days=1), self.order.back_on)

    @property
    def expectation_has_passed(self) -> bool:
        return self.expected_on is not None and self.expected_on <= self.today


@dataclass(frozen=True, slots=True)
class Returns:
    """A page of dispatched orders, the earliest due first."""

    page: Page
    overdue: tuple[Out, ...]
    today: tuple[Out, ...]
    coming: tuple[Out, ...]


def overdue(*, today: date) -> Q:
    """Orders that should be back at the shop since yesterday or before; for dispatched ones."""
    return Q(due_on__lt=today)


def returns(*, page: str, today: date) -> Returns:
    orders = (
        Order.objects.filter(status=Status.DISPATCHED)
        .select_related("shipping_method", "user")
        .with_copies()
        .order_by("due_on", "pk")
    )
    found = Paginator(orders, ORDERS_PER_PAGE).get_page(page)
    rows = _out(found, today=today)
    return Returns(
        page=found,
        overdue=tuple(row for row in rows if row.days_late > 0),
        today=tuple(row for row in rows if row.days_late == 0),
        coming=tuple(row for row in rows if row.days_late < 0),
    )


def _out(orders: Collection[Order], *, today: date) -> list[Out]:
    out: dict[object, list[Reservation]] = {}
    claims = [order.claim for order in orders]
    for row in Reservation.objects.filter(claim__in=claims, state=Reservation.State.OUT):
        out.setdefault(row.claim, []).append(row)
    return [_out_of(order, out.get(order.claim, ()), today=today) for order in orders]


def _out_of(order: Order, rows: Sequence[Reservation], *, today: date) -> Out:
    assert order.due_on is not None
    return Out(
        order=order,
        copies=sum(row.quantity for row in rows),
        of=order.copies,  # type: ignore[attr-defined]
        due_on=order.due_on,
        expected_on=max((row.expected_on for row in rows if row.expected_on), default=None),
        today=today,
    )


@dataclass(frozen=True, slots=True)
class CardOut:
    """A card of an order, and how many of its copies are out."""

    card: Card
    copies: int


@dataclass(frozen=True, slots=True)
class ReturnPage:
    """An order that is out, card by card. `printings`: of these cards, those that the shop owns."""

    out: Out
    cards: tuple[CardOut, ...]
    printings: tuple[Printing, ...]


def return_page(*, number: str, today: date) -> ReturnPage:
    """Raises Order.DoesNotExist for an order that is not out."""
    order = (
        Order.objects.filter(status=Status.DISPATCHED)
        .select_related("shipping_method", "user")
        .with_copies()
        .get(number=number)
    )
    rows = list(
        Reservation.objects.filter(claim=order.claim, state=Reservation.State.OUT)
        .select_related("card")
        .order_by("card__name", "pk")
    )
    printings = Printing.objects.filter(card__in=[row.card_id for row in rows]).select_related("card")
    printings = printings.order_by("card__name", "set_name", "collector_number", "pk")
    owned = owned_by_printing(printing_ids=(printing.pk for printing in printings), on=today)
    return ReturnPage(
        out=_out_of(order, rows, today=today),
        cards=tuple(CardOut(row.card, row.quantity) for row in rows),
        printings=tuple(printing for printing in printings if owned.get(printing.pk, 0) > 0),
    )
