"""Changes that customers asked for and never paid are deleted, in bulk, once nothing can come of them any more.

They go `NEWS_MAY_COME` after they were asked for, and after the last try to pay for them. Until then a try may come
through, whatever the page says: one without an answer is sent again for a day, a bank's dialog waits for an hour, and
events are sent, and intents compared, for eight days. By then every try is over at the provider as well; a change of
which one is not, or has taken money, stays, and people look at it (orders/reconciliation.py). So does what was done,
and what failed: the customer was told of it.

The tries stay with the order's payments, whose history they are. Whoever pays for a change, and whoever books that it
is paid, has its order locked: what is in use is left to the next run, and nobody waits.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from orders.models import Order, OrderChange, PaymentAttempt, PaymentStatus
from orders.models.payment import ENDED
from orders.purge import AT_ONCE, NEWS_MAY_COME


def purge_changes(*, now: datetime, at_once: int = AT_ONCE) -> int:
    """Deletes what was asked for and never paid; returns how many. Safe at any time.

    So many in a transaction: the number of queries of each is the same, however many they are.
    """
    deleted, last = 0, None
    while (portion := _purge_some(after=last, now=now, at_once=at_once)) is not None:
        last, number = portion
        deleted += number
    return deleted


def never_paid(*, now: datetime) -> QuerySet[OrderChange]:
    """Changes of which nothing can come any more."""
    long_ago = now - NEWS_MAY_COME
    over = (
        Q(status__in=ENDED)
        | Q(status=PaymentStatus.FAILED) & (Q(closed_at__isnull=False) | Q(intent_id=None))
    ) & Q(created_at__lt=long_ago, stray_cents=0)
    tries = PaymentAttempt.objects.filter(change=OuterRef("pk"))
    asked = OrderChange.objects.filter(status=OrderChange.Status.ASKED, created_at__lt=long_ago)
    return asked.exclude(Exists(tries.exclude(over)))


@transaction.atomic
def _purge_some(*, after: UUID | None, now: datetime, at_once: int) -> tuple[UUID, int] | None:
    """The next changes, in the order of their keys: the last looked at, and how many went; None at the end."""
    due = never_paid(now=now)
    if after is not None:
        due = due.filter(pk__gt=after)
    found = dict(due.order_by("pk").values_list("pk", "order")[:at_once])
    if not found:
        return None
    locked = _locked(found.values())
    # Read once more, now that nobody can pay for them.
    going = list(
        never_paid(now=now).filter(pk__in=list(found), order__in=locked).values_list("pk", flat=True)
    )
    PaymentAttempt.objects.filter(change__in=going).update(change=None)
    OrderChange.objects.filter(pk__in=going).delete()
    return max(found), len(going)


def _locked(orders: Iterable[int]) -> list[int]:
    """Those of the orders that nobody else has locked."""
    found = Order.objects.filter(pk__in=set(orders)).order_by("pk")
    return list(found.select_for_update(skip_locked=True).values_list("pk", flat=True))
