"""The desk at a glance."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from inventory.availability import buy_list
from orders.fulfilment_pages import overdue
from orders.models import Order
from orders.states import Status


@dataclass(frozen=True, slots=True)
class DeskCounts:
    """How many orders wait, are open, leave by today, are out, are overdue; cards and copies to buy."""

    pending: int
    open: int
    leaving: int
    dispatched: int
    overdue: int
    needed_cards: int
    needed_copies: int


def desk_counts(*, today: date) -> DeskCounts:
    orders = Order.objects.aggregate(
        pending=Count("pk", filter=Q(status=Status.PENDING)),
        open=Count("pk", filter=Q(status=Status.OPEN)),
        leaving=Count("pk", filter=Q(status=Status.OPEN, out_on__lte=today)),
        dispatched=Count("pk", filter=Q(status=Status.DISPATCHED)),
        overdue=Count("pk", filter=Q(status=Status.DISPATCHED) & overdue(today=today)),
    )
    needs = buy_list(today=today)
    return DeskCounts(
        **orders, needed_cards=len(needs), needed_copies=sum(need.copies for need in needs.values())
    )
