"""A customer's orders as a list: what waits for them first, then what is under way, then what is over. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from itertools import groupby

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Case, DateField, Exists, F, OuterRef, Prefetch, Q, Value, When
from django.utils import timezone
from django.utils.formats import date_format

from orders.contents import words_of
from orders.models import Order, OrderTemplateDeck, Payment, PaymentStatus
from orders.models.order import OrderQuerySet
from orders.order_money import money_words
from orders.payment_says import time_words
from orders.states import NOT_YET_LEFT, Status

PER_PAGE = 25


class Group(IntEnum):
    WAITS_FOR_YOU = 0
    UNDER_WAY = 1
    PAST = 2

    @property
    def title(self) -> str:
        return {0: "Waits for you", 1: "Under way", 2: "Past"}[self.value]


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """An order in the list. `what`: its decks or cards; `money`: what the total means; `next`: what comes now.

    `late`: it was due back before today.
    """

    order: Order
    what: str
    money: str
    next: str
    late: bool


@dataclass(frozen=True, slots=True)
class OrderList:
    """A page of the list. `groups`: those with an order on this page."""

    page: Page[Order]
    groups: Sequence[tuple[Group, Sequence[ListedOrder]]]


def order_list(orders: OrderQuerySet, *, today: date, page: str | int | None = 1) -> OrderList:
    """Of these orders, carts left out. A fixed number of queries, whatever the number of orders."""
    shown = Paginator(_grouped(orders, today=today), PER_PAGE).get_page(page)
    listed = list(shown.object_list)
    money = money_words(listed)
    rows = [(Group(order.group), _listed(order, money[order.pk], today=today)) for order in listed]
    groups = [(group, [row for _, row in of_group]) for group, of_group in groupby(rows, lambda row: row[0])]
    return OrderList(shown, groups)


def _grouped(orders: OrderQuerySet, *, today: date) -> OrderQuerySet:
    fees = Payment.objects.fees().filter(
        order=OuterRef("pk"),
        status__in=[PaymentStatus.FAILED, PaymentStatus.ACTION_REQUIRED],
        released_at=None,
    )
    waits = (
        Q(status=Status.CONFIRMING)
        | Q(status__in=NOT_YET_LEFT, pay_again_by__isnull=False)
        | Q(status=Status.DISPATCHED, due_on__lt=today)
        | Q(fee_to_pay=True)
    )
    decks = OrderTemplateDeck.objects.select_related("version__deck").order_by("pk")
    return (
        orders.exclude(status=Status.CART)
        .with_copies()
        .annotate(fee_to_pay=Exists(fees))
        .annotate(
            group=Case(
                When(waits, then=Value(Group.WAITS_FOR_YOU.value)),
                When(status__in=[*NOT_YET_LEFT, Status.DISPATCHED], then=Value(Group.UNDER_WAY.value)),
                default=Value(Group.PAST.value),
            ),
            next_day=Case(
                When(status=Status.DISPATCHED, then=F("due_on")),
                When(status__in=[Status.CONFIRMING, *NOT_YET_LEFT], then=F("out_on")),
                default=None,
                output_field=DateField(),
            ),
        )
        .select_related("shipping_method")
        .prefetch_related(Prefetch("order_template_decks", decks))
        .order_by("group", F("next_day").asc(nulls_last=True), "-pk")
    )


def _listed(order: Order, money: str, *, today: date) -> ListedOrder:
    what = words_of(order.order_template_decks.all(), copies=order.copies)  # type: ignore[attr-defined]
    late = order.status == Status.DISPATCHED and order.due_on is not None and order.due_on < today
    return ListedOrder(order, what, money, _next(order, today=today), late)


def _next(order: Order, *, today: date) -> str:
    """The next thing to happen, or to do."""
    posted = bool(order.shipping_method and order.shipping_method.needs_address)
    if order.status == Status.CONFIRMING and order.authorized_at is not None:
        by = order.authorized_at + timedelta(minutes=settings.CONFIRMING_MINUTES)
        return f"Cards are short: say by {timezone.localtime(by):%H:%M} whether you wait"
    if order.status in NOT_YET_LEFT and order.pay_again_by is not None:
        return f"Pay again by {time_words(order.pay_again_by)}"
    if order.fee_to_pay:  # type: ignore[attr-defined]
        return "A fee is to be paid"
    if order.status == Status.PENDING and order.out_on is not None:
        return f"Waits for cards; to leave {_on(order.out_on, today)}"
    if order.status == Status.OPEN and order.out_on is not None:
        if order.out_on < today:
            return f"Was to leave {_on(order.out_on, today)}"
        return f"{'Leaves' if posted else 'Ready to fetch'} {_on(order.out_on, today)}"
    if order.status == Status.DISPATCHED and order.due_on is not None:
        return f"{'Was due' if order.due_on < today else 'Due'} back {_on(order.due_on, today)}"
    return ""


def _on(day: date, today: date) -> str:
    if day == today:
        return "today"
    return f"on {date_format(day, 'D j F')}" + (f" {day.year}" if day.year != today.year else "")
