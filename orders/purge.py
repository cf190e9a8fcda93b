"""Carts of guests whose session has ended are deleted, in bulk; carts of users are kept for ever.

A guest lives as long as its session (accounts/guests.py). Nobody waits for a purge and it waits for nobody: rows that
are locked by a request, a webhook or another purge are left to the next run. A guest who comes back at this very
moment is either seen here, since finding one writes to its row, or finds itself gone and begins anew.

An order that is more than a cart stays, and its guest with it; so does a guest by whom the provider knows the card
of an order that somebody has taken along to their account, or has to delete who has left yet; and what is left of the
cart of who has left is the books'. So does, for a while, a cart whose total is held: the
hold is let go first, and the cart follows once the provider has nothing of it and its card is forgotten.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts.guests import gone_guests
from accounts.models import Guest
from orders.models import Order, Payment, PaymentAttempt, PaymentCustomer, PaymentStatus, Refund
from orders.models.payment import ENDED, FINAL
from orders.payments import release_holds
from orders.states import Status

AT_ONCE = 500
_CARTS = Order.objects.filter(status=Status.CART, forgotten_at=None)
_NOT_NEEDED = (
    ~Exists(Order.objects.filter(guest=OuterRef("pk")))
    & ~Exists(Payment.objects.filter(customer__guest=OuterRef("pk")))
    & ~Exists(PaymentCustomer.objects.filter(guest=OuterRef("pk"), leaving=True))
)
NEWS_MAY_COME = timedelta(days=8)  # of a hold that was let go: as long as Stripe sends, and we compare


@dataclass(slots=True)
class Purged:
    """How many went, and how many `carts_kept` until their hold has ended everywhere."""

    carts: int = 0
    guests: int = 0
    carts_kept: int = 0


def purge_carts(*, now: datetime, at_once: int = AT_ONCE) -> Purged:
    """Deletes the carts of guests whose session has ended, and the guests who have no order. Safe at any time.

    So many guests in a transaction: the number of queries of each is the same, however many they are.
    """
    purged = Purged()
    last = None
    while (last := _purge_some(purged, after=last, now=now, at_once=at_once)) is not None:
        pass
    return purged


@transaction.atomic
def _purge_some(purged: Purged, *, after: Guest | None, now: datetime, at_once: int) -> Guest | None:
    """The next guests, in the order of their keys; returns the last of them, None where there are no more."""
    cart = _CARTS.filter(guest=OuterRef("pk"))
    due = gone_guests(now=now).filter(Exists(cart) | _NOT_NEEDED)
    if after is not None:
        due = due.filter(pk__gt=after.pk)
    # Their rows first, as whoever finds a guest does. One that was seen since is read anew, and left out.
    guests = list(due.order_by("pk").select_for_update(of=["self"], skip_locked=True)[:at_once])
    if not guests:
        return None
    carts = _CARTS.filter(guest__in=guests).order_by("pk")
    locked = set(carts.select_for_update(skip_locked=True).values_list("pk", flat=True))
    held = _with_money_matters(locked, now=now)
    if held:
        release_holds(_not_taken(held))
    _delete_carts(locked - held)
    not_needed = Guest.objects.filter(_NOT_NEEDED, pk__in=[guest.pk for guest in guests])
    purged.carts += len(locked - held)
    purged.carts_kept += len(held)
    purged.guests += not_needed.delete()[1].get("accounts.Guest", 0)
    return guests[-1]


def _with_money_matters(carts: Collection[int], *, now: datetime) -> set[int]:
    """Those of the carts of which the provider, or the books, may still have to know something."""
    attempts = PaymentAttempt.objects.filter(payment=OuterRef("pk"))
    over = Q(status__in=FINAL) | Q(closed_at__isnull=False) | Q(status=PaymentStatus.FAILED, intent_id=None)
    settled = (
        Q(status__in=ENDED, captured_cents=0, payment_method="")
        & (Q(released_at=None) | Q(released_at__lt=now - NEWS_MAY_COME))
        & ~Exists(attempts.exclude(over))
        & ~Exists(attempts.filter(Q(stray_cents__gt=0) | Q(status=PaymentStatus.CAPTURED)))
        & ~Exists(Refund.objects.filter(payment=OuterRef("pk")))
    )
    return set(Payment.objects.filter(order__in=carts).exclude(settled).values_list("order", flat=True))


def _not_taken(carts: Collection[int]) -> list[int]:
    """Money that was taken is for people to give back: such a cart stays as it is."""
    taken = Payment.objects.taken().filter(order__in=carts).values_list("order", flat=True)
    return sorted(set(carts) - set(taken))


def _delete_carts(carts: Collection[int]) -> None:
    """Carts that are locked, with their lines, notes and history, and with payments that came to nothing."""
    Payment.objects.filter(order__in=carts).delete()
    Order.objects.filter(pk__in=carts).delete()
