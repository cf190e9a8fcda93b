"""The availability formula once more, day by day and row by row, without any cleverness: to compare with.

It shares nothing with the engine but the models.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from inventory.models import Reservation, StockMovement


def days_of(out_on: date, back_on: date) -> list[date]:
    return [out_on + timedelta(days=offset) for offset in range((back_on - out_on).days)]


def covers(reservation: Reservation, day: date, today: date) -> bool:
    """Whether the reservation's copies are away on that day."""
    last = max(filter(None, [reservation.back_on, reservation.expected_on]))
    is_overdue = reservation.state == "out" and last <= today
    return reservation.out_on <= day and (is_overdue or day < last)


def free_on(
    card_id: int,
    day: date,
    *,
    today: date,
    place: tuple[datetime, UUID] | None = None,
    excluding: UUID | None = None,
) -> int:
    free = 0
    for movement in StockMovement.objects.filter(printing__card_id=card_id):
        if movement.effective_on <= day:
            free += movement.quantity
    for reservation in Reservation.objects.filter(card_id=card_id):
        if reservation.claim == excluding or not covers(reservation, day, today):
            continue
        if (
            reservation.state != "queued"
            or place is None
            or (reservation.queued_at, reservation.claim) < place
        ):
            free -= reservation.quantity
    return free


def short(demand: dict[int, int], days: Iterable[date], **question) -> dict[int, int]:
    """Copies short of each card on its worst day; cards with nothing short are left out."""
    days = list(days)
    answer = {}
    for card_id, quantity in demand.items():
        worst = max(quantity - free_on(card_id, day, **question) for day in days)
        if worst > 0:
            answer[card_id] = min(worst, quantity)
    return answer


def first_start(
    demand: dict[int, int], out_on: date, back_on: date, horizon_days: int, **question
) -> date | None:
    for offset in range(horizon_days + 1):
        moved = timedelta(days=offset)
        if not short(demand, days_of(out_on + moved, back_on + moved), **question):
            return out_on + moved
    return None
