"""What happens to the shop's copies: received, lost, damaged, sold, corrected.

Stock is never a bare number: it is the sum of movements, and a mistake is put right by a further movement.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Sum

from inventory.locks import lock_cards
from inventory.models import Printing, StockMovement
from inventory.reservations import tell_capacity_changed

Kind = StockMovement.Kind

MOST_COPIES = 10_000  # in one movement: more is a slip of the keyboard, or a price in the wrong column


class StockError(ValueError):
    """A movement that cannot be; the message says what to do instead."""


def receive_stock(
    *,
    printing: Printing,
    quantity: int,
    by: AbstractBaseUser | None,
    effective_on: date,
    kind: str = Kind.BOUGHT,
    note: str = "",
) -> StockMovement:
    """`quantity` copies of a printing come: bought, or found. A day ahead means that they are under way.

    Raises `StockError`. Tells of it after the commit.
    """
    if kind not in StockMovement.COMING:
        raise StockError(f"Stock is received as bought or found, not as {kind!r}.")
    return record_movement(
        printing=printing, kind=kind, quantity=quantity, by=by, effective_on=effective_on, note=note
    )


def record_movement(
    *,
    printing: Printing,
    kind: str,
    quantity: int,
    by: AbstractBaseUser | None,
    effective_on: date,
    note: str = "",
) -> StockMovement:
    """Writes down what happened to copies of a printing from a day on.

    `quantity` is the number of copies, as people say it: 2 lost is `kind=LOST, quantity=2`. Only a correction
    is signed: what has to be added to arrive at the truth. The shop cannot part with copies that it does not
    own, on that day or on any later one. It can part with copies that are promised: orders are then at risk.

    Raises `StockError`. Locks the card where copies go. Tells of it after the commit: whoever waits may have them,
    or lacks more than before.
    """
    movement = new_movement(
        printing=printing, kind=kind, quantity=quantity, by=by, effective_on=effective_on, note=note
    )
    record_movements([movement])
    return movement


def new_movement(
    *,
    printing: Printing,
    kind: str,
    quantity: int,
    by: AbstractBaseUser | None,
    effective_on: date,
    note: str = "",
) -> StockMovement:
    """A movement as for `record_movement`, checked for itself but not yet saved. Raises `StockError`."""
    return StockMovement(
        printing=printing,
        quantity=_signed_quantity(kind=kind, quantity=quantity),
        kind=kind,
        effective_on=effective_on,
        note=note.strip(),
        by_id=by.pk if by else None,
    )


def record_movements(movements: Sequence[StockMovement]) -> None:
    """Saves movements made by `new_movement`, all or none; only one for each printing where copies go.

    Locks the cards where copies go, and checks that the shop owns them. Raises `StockError`; tells of it after
    the commit.
    """
    with transaction.atomic():
        for _, error in record_possible(movements):
            raise error


def record_possible(movements: Sequence[StockMovement]) -> list[tuple[StockMovement, StockError]]:
    """As `record_movements`, but saves those that can be and returns the others, each with why it cannot.

    A fixed number of queries, however many movements.
    """
    refused = []
    going = [movement for movement in movements if movement.quantity < 0]
    with transaction.atomic(savepoint=False):
        if going:
            lock_cards({movement.printing.card_id for movement in going})
            history = _history([movement.printing_id for movement in going])
            for movement in going:
                try:
                    _check_owned(
                        printing=movement.printing,
                        movements=history[movement.printing_id],
                        going=-movement.quantity,
                        effective_on=movement.effective_on,
                    )
                except StockError as error:
                    refused.append((movement, error))
        cannot = {id(movement) for movement, _ in refused}
        possible = [movement for movement in movements if id(movement) not in cannot]
        StockMovement.objects.bulk_create(possible, batch_size=1_000)
        if possible:
            tell_capacity_changed()
    return refused


def owned_by_printing(*, printing_ids: Iterable[int], on: date) -> dict[int, int]:
    """Copies owned on a day, by printing; a printing that never had any is left out."""
    rows = (
        StockMovement.objects.filter(printing__in=set(printing_ids), effective_on__lte=on)
        .values_list("printing")
        .annotate(owned=Sum("quantity"))
    )
    return {printing_id: int(owned) for printing_id, owned in rows}


def owned_by_card(*, card_ids: Iterable[int], on: date) -> dict[int, int]:
    """Copies owned of each card on that day, over all its printings; 0 for one that was never bought. One query."""
    card_ids = list(card_ids)
    owned = (
        StockMovement.objects.filter(printing__card__in=card_ids, effective_on__lte=on)
        .values_list("printing__card")
        .annotate(owned=Sum("quantity"))
    )
    return dict.fromkeys(card_ids, 0) | dict(owned)


def _signed_quantity(*, kind: str, quantity: int) -> int:
    """The quantity as it is stored. Raises `StockError` where kind and quantity make no sense."""
    if kind not in Kind.values:
        raise StockError(f"Choose what happened: {', '.join(Kind.values)}; {kind!r} is none of these.")
    if kind == Kind.CORRECTED:
        if quantity == 0:
            raise StockError("A correction by 0 copies changes nothing: say how many to add or to take away.")
    elif quantity < 1:
        raise StockError(
            f"Give the number of copies, 1 or more, not {quantity}: {kind} says which way they go."
        )
    if abs(quantity) > MOST_COPIES:
        raise StockError(f"{abs(quantity):,} copies are too many for one movement: {MOST_COPIES:,} at most.")
    return -quantity if kind in StockMovement.GOING else quantity


def _history(printing_ids: Iterable[int]) -> dict[int, list[tuple[date, int]]]:
    """(day, quantity) of every movement of each printing, by day. One query."""
    history: dict[int, list[tuple[date, int]]] = defaultdict(list)
    movements = StockMovement.objects.filter(printing__in=set(printing_ids)).order_by("effective_on")
    for printing_id, day, quantity in movements.values_list("printing", "effective_on", "quantity"):
        history[printing_id].append((day, quantity))
    return history


def _check_owned(
    *, printing: Printing, movements: Sequence[tuple[date, int]], going: int, effective_on: date
) -> None:
    """Raises `StockError` unless so many copies are owned on that day and on every later one."""
    owned, scarcest_on = sum(quantity for day, quantity in movements if day <= effective_on), effective_on
    running = owned
    for day, quantities in _by_day((day, quantity) for day, quantity in movements if day > effective_on):
        running += quantities
        if running < owned:
            owned, scarcest_on = running, day
    if owned < going:
        raise StockError(
            f"The shop owns {owned} of {printing.card}, {printing} on {scarcest_on:%-d %B %Y}, "
            f"so {going} cannot go. Record at most {owned}, or correct the stock first."
        )


def _by_day(movements: Iterable[tuple[date, int]]) -> list[tuple[date, int]]:
    totals: dict[date, int] = {}
    for day, quantity in movements:
        totals[day] = totals.get(day, 0) + quantity
    return sorted(totals.items())
