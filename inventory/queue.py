"""The queue, walked once from its front: what each who waits lacks at their place.

Reads only. Who asks for one place asks inventory/availability.py; this answers for all places at once, from the
same formula: what is free at the front of the queue, less what those ahead ask for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from inventory.availability import CARDS_AT_ONCE, FRONT, free_days
from inventory.free_days import DAY


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits for `demand` (copies by card id) over `[out_on, back_on)`, at the place of `queued_at`.

    `missing`: by card id the copies that would have to come in addition, for those ahead as well, before the
    whole demand is free. Empty: nothing is short, the claim can be made firm.
    """

    claim: UUID
    queued_at: datetime
    out_on: date
    back_on: date
    demand: Mapping[int, int]
    missing: Mapping[int, int]

    @property
    def short(self) -> dict[int, int]:
        """By card id the copies of its own demand that it lacks on the worst day."""
        return {card_id: min(copies, self.demand[card_id]) for card_id, copies in self.missing.items()}


def walk_queue(*, today: date) -> Iterator[Waiting]:
    """Everybody who waits, oldest first. One query for the queue, one for every thousand cards in it.

    The queue is read before what is free. Whatever happens in between is safe: what is freed is not yet seen,
    what is taken was taken behind the whole queue, and who leaves the queue for a promise counts twice rather
    than not at all.
    """
    queue = _queue()
    if not queue:
        return
    start = min(out_on for _, _, out_on, *_ in queue)
    days = (max(back_on for _, _, _, back_on, *_ in queue) - start).days
    rows = {
        card_id: row for row, card_id in enumerate(sorted({card for *_, cards, _ in queue for card in cards}))
    }
    free = _free_at_the_front(list(rows), start, days, today=today)
    for claim, queued_at, out_on, back_on, card_ids, quantities in queue:
        mine = np.array([rows[card_id] for card_id in card_ids])
        period = slice((out_on - start).days, (back_on - start).days)
        wanted = np.array(quantities, dtype=free.dtype)
        left = free[mine, period] - wanted[:, None]
        free[mine, period] = left  # those behind find it taken, whether it can be had or not
        scarcest = left.min(axis=1)
        yield Waiting(
            claim=claim,
            queued_at=queued_at,
            out_on=out_on,
            back_on=back_on,
            demand=dict(zip(card_ids, quantities, strict=True)),
            missing={card_ids[line]: int(-scarcest[line]) for line in np.flatnonzero(scarcest < 0)},
        )


def _queue() -> list[tuple[UUID, datetime, date, date, list[int], list[int]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT claim, queued_at, out_on, back_on,"
            " array_agg(card_id ORDER BY card_id), array_agg(quantity ORDER BY card_id)"
            " FROM inventory_reservation WHERE state = 'queued'"
            " GROUP BY claim, queued_at, out_on, back_on ORDER BY queued_at, claim"
        )
        return cursor.fetchall()


def _free_at_the_front(card_ids: Sequence[int], start: date, days: int, *, today: date) -> NDArray[np.int32]:
    """What is promised has gone, the queue has not: cards by days, 4 bytes each."""
    free = np.empty((len(card_ids), days), dtype=np.int32)
    for first in range(0, len(card_ids), CARDS_AT_ONCE):
        some = slice(first, first + CARDS_AT_ONCE)
        free[some] = free_days(card_ids[some], start, start + days * DAY, today=today, place=FRONT).copies
    return free
