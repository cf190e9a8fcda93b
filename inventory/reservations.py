"""Take, firm up, release: everything that writes reservations. Lock, then check, then write.

All of it runs inside a transaction of the caller, who has locked what the claim stands for (an order's row)
before. The contract is docs/algorithms/availability.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from inventory.availability import Shortfall, shortfalls
from inventory.locks import lock_cards
from inventory.models import Reservation
from inventory.periods import BlockedPeriod
from inventory.signals import capacity_freed


@dataclass(frozen=True, slots=True)
class Taken:
    """What `take` did: reservations by card id (empty where it only found things short), and what is short."""

    reservations: Mapping[int, Reservation] = field(default_factory=dict)
    shortfalls: Mapping[int, Shortfall] = field(default_factory=dict)
    queued_at: datetime | None = None


def take(
    *, claim: UUID, demand: Mapping[int, int], period: BlockedPeriod, today: date, accept_short: bool = False
) -> Taken:
    """Reserves the whole demand of a claim, at the end of the queue.

    Nothing short: firm. Short and `accept_short`: all of it is queued, at the place that `queued_at` says.
    Short otherwise: nothing is written. What the claim held before is replaced, and does not count against it.
    """
    lock_cards(demand)
    short = shortfalls(demand, period.out_on, period.back_on, today=today, excluding=claim)
    if short and not accept_short:
        return Taken(shortfalls=short)
    # Read after the lock: whoever holds the same card later also has the later place.
    queued_at = _last_place(demand, claim=claim) if short else None
    release(claim=claim)
    reservations = Reservation.objects.bulk_create(
        Reservation(
            claim=claim,
            card_id=card_id,
            quantity=quantity,
            out_on=period.out_on,
            back_on=period.back_on,
            state=Reservation.State.QUEUED if short else Reservation.State.FIRM,
            queued_at=queued_at,
        )
        for card_id, quantity in sorted(demand.items())
    )
    return Taken({row.card_id: row for row in reservations}, short, queued_at)


def _last_place(demand: Mapping[int, int], *, claim: UUID) -> datetime:
    """Now, but behind everybody who waits for one of these cards, whatever the clock of their machine said.

    Promotion takes no lock on cards: it rests on nobody ever coming in before somebody who was there first.
    """
    waiting = Reservation.objects.filter(card__in=demand, state=Reservation.State.QUEUED).exclude(claim=claim)
    last = waiting.aggregate(last=Max("queued_at"))["last"]
    return max(timezone.now(), last + timedelta(microseconds=1)) if last else timezone.now()


def firm_up(*, claim: UUID) -> None:
    """Queued becomes firm. Needs no lock: the demand was counted from the start, so nothing is taken from anybody."""
    Reservation.objects.filter(claim=claim, state=Reservation.State.QUEUED).update(
        state=Reservation.State.FIRM, queued_at=None
    )


def release(*, claim: UUID) -> None:
    """The claim holds nothing any more. Freeing needs no lock; whoever waits hears of it after the commit."""
    if Reservation.objects.filter(claim=claim).delete()[0]:
        tell_capacity_freed()


def tell_capacity_freed() -> None:
    """Sends `capacity_freed` once the current transaction is committed.

    What is written is written: a listener that fails (no Redis) is logged, and the beat does its work later.
    """
    transaction.on_commit(lambda: capacity_freed.send(sender=None), robust=True)
