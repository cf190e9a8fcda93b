"""Take, firm up, send out, check in, release: everything that writes reservations. Lock, then check, then write.

All of it runs inside a transaction of the caller, who has locked what the claim stands for (an order's row)
before. The contract is docs/algorithms/availability.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Min, Q, QuerySet, Sum
from django.utils import timezone

from inventory.availability import Place, Shortfall, shortfalls
from inventory.locks import lock_cards
from inventory.models import Reservation, StockMovement
from inventory.periods import BlockedPeriod
from inventory.signals import capacity_changed


class NotOnShelf(Exception):
    """Copies that should leave are not there; `missing` says how many by card id."""

    def __init__(self, missing: Mapping[int, int]) -> None:
        self.missing = missing
        super().__init__(f"Not on the shelf: {dict(missing)}.")


class NotOut(ValueError):
    """More copies should come back than are out; `out` says how many are, for each card id of which it is so."""

    def __init__(self, out: Mapping[int, int]) -> None:
        self.out = out
        super().__init__(f"More copies come back than are out: {dict(out)}.")


class NoExpectation(ValueError):
    """Copies are not there today and cannot be expected on a day that has come; `today` says which that is."""

    def __init__(self, on: date, *, today: date) -> None:
        self.on, self.today = on, today
        super().__init__(f"{on} is not after today, {today}: choose a later day.")


@dataclass(frozen=True, slots=True)
class Taken:
    """What `take` did: reservations by card id (empty where it only found things short), and what is short."""

    reservations: Mapping[int, Reservation] = field(default_factory=dict)
    shortfalls: Mapping[int, Shortfall] = field(default_factory=dict)
    queued_at: datetime | None = None


def take(
    *,
    claim: UUID,
    demand: Mapping[int, int],
    period: BlockedPeriod,
    today: date,
    accept_short: bool = False,
    may_become_firm: bool = True,
) -> Taken:
    """Reserves the whole demand of a claim, at the end of the queue, in place of what it held before.

    A card that is promised already, and of which no copy and no day more is asked for, is not asked for anew.
    Nothing short: firm. Short and `accept_short`: all of it is queued, at the place that `queued_at` says.
    Short otherwise: nothing is written. What the claim held does not count against it; asking for no card and no
    day more than it held always succeeds, and keeps its place. `may_become_firm`: whether one who waited and asks for
    less gets it where it is free by now.
    """
    held = _held(claim)
    if _is_within(held, demand, period):
        return _reduce(held, demand, period, claim=claim, today=today, may_become_firm=may_become_firm)
    lock_cards(demand)
    asked = _asked_anew(held, demand, period)
    short = shortfalls(asked, period.out_on, period.back_on, today=today, excluding=claim)
    if short and not accept_short:
        return Taken(shortfalls=short)
    # Read after the lock: whoever holds the same card later also has the later place.
    queued_at = _last_place(demand, claim=claim) if short else None
    if held:
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


def asks_for_less(*, claim: UUID, demand: Mapping[int, int], period: BlockedPeriod) -> bool:
    """Whether `take` would only let go of something: no copy and no day more than the claim holds."""
    return _is_within(_held(claim), demand, period)


def asked_anew(*, claim: UUID, demand: Mapping[int, int], period: BlockedPeriod) -> dict[int, int]:
    """Of `demand` what `take` would look for: all but what is promised to the claim already. Reads only."""
    return _asked_anew(_held(claim), demand, period)


def _asked_anew(
    held: Mapping[int, Reservation], demand: Mapping[int, int], period: BlockedPeriod
) -> dict[int, int]:
    """Those who wait behind a promise wait behind it still, so what is promised takes nothing from them."""
    promised = {card_id: row for card_id, row in held.items() if row.state == Reservation.State.FIRM}
    return {
        card_id: copies
        for card_id, copies in demand.items()
        if not _is_within(promised, {card_id: copies}, period)
    }


def _held(claim: UUID) -> dict[int, Reservation]:
    return {row.card_id: row for row in Reservation.objects.filter(claim=claim)}


def _is_within(held: Mapping[int, Reservation], demand: Mapping[int, int], period: BlockedPeriod) -> bool:
    return all(
        card_id in held
        and copies <= held[card_id].quantity
        and held[card_id].out_on <= period.out_on
        and period.back_on <= held[card_id].back_on
        for card_id, copies in demand.items()
    )


def _reduce(
    held: Mapping[int, Reservation],
    demand: Mapping[int, int],
    period: BlockedPeriod,
    *,
    claim: UUID,
    today: date,
    may_become_firm: bool,
) -> Taken:
    """Lets go of what is not asked for any more. Takes nothing from anybody, so it needs no lock and no check.

    One who waited may have all that is left by now, at the place that they keep.
    """
    kept = {card_id: held[card_id] for card_id in demand}
    for card_id, row in kept.items():
        row.quantity, row.out_on, row.back_on = demand[card_id], period.out_on, period.back_on
    Reservation.objects.filter(claim=claim).exclude(card__in=demand).delete()
    Reservation.objects.bulk_update(kept.values(), ["quantity", "out_on", "back_on"])
    tell_capacity_changed()
    queued_at = next(iter(held.values())).queued_at
    if queued_at is None:
        return Taken(kept)
    place = Place(queued_at, claim)
    short = shortfalls(demand, period.out_on, period.back_on, today=today, place=place, excluding=claim)
    if short or not may_become_firm:
        return Taken(kept, short, queued_at)
    firm_up(claims=[claim])
    return Taken(kept)


def _last_place(demand: Mapping[int, int], *, claim: UUID) -> datetime:
    """Now, but behind everybody who waits for one of these cards, whatever the clock of their machine said.

    Promotion takes no lock on cards: it rests on nobody ever coming in before somebody who was there first, and on
    whoever asks for more standing at another place than before.
    """
    waiting = Reservation.objects.filter(Q(card__in=demand) | Q(claim=claim), state=Reservation.State.QUEUED)
    last = waiting.aggregate(last=Max("queued_at"))["last"]
    return max(timezone.now(), last + timedelta(microseconds=1)) if last else timezone.now()


def firm_up(*, claims: Collection[UUID]) -> None:
    """Queued becomes firm. Needs no lock: the demand was counted from the start, so nothing is taken from anybody."""
    # Whatever has a place is queued. Asked for by its state, PostgreSQL would go through the index of the whole queue
    # instead of looking for the claims.
    Reservation.objects.filter(claim__in=claims, queued_at__isnull=False).update(
        state=Reservation.State.FIRM, queued_at=None
    )


# --- out and back ---------------------------------------------------------------------------------------


def on_shelf(card_ids: Collection[int], *, today: date) -> dict[int, int]:
    """For each card the copies that are in the house: owned today, and not out. Two queries.

    What is promised lies on the shelf too. Below 0 where more is out than is owned.
    """
    owned = (
        StockMovement.objects.filter(printing__card__in=card_ids, effective_on__lte=today)
        .values_list("printing__card")
        .annotate(copies=Sum("quantity"))
    )
    out = (
        Reservation.objects.filter(card__in=card_ids, state=Reservation.State.OUT)
        .values_list("card")
        .annotate(copies=Sum("quantity"))
    )
    there = dict.fromkeys(card_ids, 0) | dict(owned)
    for card_id, copies in out:
        there[card_id] -= copies
    return there


def check_on_shelf(*, claim: UUID, today: date) -> None:
    """Raises NotOnShelf unless every copy that is promised to the claim is in the house.

    A promise rests on copies that come back in time; here it shows whether they did.
    """
    leaving = dict(_of(claim, Reservation.State.FIRM).values_list("card", "quantity"))
    there = on_shelf(leaving, today=today)
    missing = {
        card_id: min(quantity, quantity - there[card_id])
        for card_id, quantity in leaving.items()
        if there[card_id] < quantity
    }
    if missing:
        raise NotOnShelf(missing)


def send_out(*, claim: UUID, today: date) -> None:
    """Firm becomes out. Raises NotOnShelf where copies are not in the house; then nothing is changed."""
    lock_cards(_of(claim, Reservation.State.FIRM).values_list("card", flat=True))
    check_on_shelf(claim=claim, today=today)
    _of(claim, Reservation.State.FIRM).update(state=Reservation.State.OUT)


def out_by_card(*, claim: UUID) -> dict[int, int]:
    """Copies of the claim that are out, by card id."""
    return dict(_of(claim, Reservation.State.OUT).values_list("card", "quantity"))


def check_in(*, claim: UUID, copies: Mapping[int, int]) -> None:
    """So many copies, by card id, are not out any more. Freeing needs no lock on cards.

    Raises NotOut where more should come back than are out; then nothing is changed.
    """
    if any(number < 0 for number in copies.values()):
        raise ValueError(f"Copies come back in numbers of 1 or more: {dict(copies)}.")
    coming = {card_id: number for card_id, number in copies.items() if number}
    rows = {row.card_id: row for row in _of(claim, Reservation.State.OUT).filter(card__in=coming)}
    out = {card_id: rows[card_id].quantity if card_id in rows else 0 for card_id in coming}
    too_many = {card_id: out[card_id] for card_id, number in coming.items() if number > out[card_id]}
    if too_many:
        raise NotOut(too_many)
    for card_id, number in coming.items():
        rows[card_id].quantity -= number
    Reservation.objects.filter(pk__in=[row.pk for row in rows.values() if not row.quantity]).delete()
    Reservation.objects.bulk_update([row for row in rows.values() if row.quantity], ["quantity"])
    if coming:
        tell_capacity_changed()


def expect_back(*, claim: UUID, on: date | None, today: date) -> None:
    """Writes down on which day the copies that are out are expected on the shelf; None: nobody knows.

    The engine counts on a day after the one they are due, and for overdue copies it ends the wait (see
    inventory/availability.py). It is a fact, not a wish: it is written down even where a later day endangers
    promises. It can lessen what is free, so the cards are locked. Raises NoExpectation for a day that has come.
    """
    if on is not None and on <= today:
        raise NoExpectation(on, today=today)
    lock_cards(out_by_card(claim=claim))
    _of(claim, Reservation.State.OUT).update(expected_on=on)
    tell_capacity_changed()


def extend(*, claim: UUID, back_on: date, today: date) -> Mapping[int, Shortfall]:
    """Copies that are out stay away until `back_on`, if nobody who was promised or waits is hurt by it.

    Returns what is short over the days that come in addition; then nothing is written. The claim's own copies do not
    count against it. An expected day is forgotten: the new one stands for it.
    """
    out = _of(claim, Reservation.State.OUT)
    lock_cards(out.values_list("card", flat=True))
    short = short_to_extend(claim=claim, back_on=back_on, today=today)
    if not short:
        out.update(back_on=back_on, expected_on=None)
        tell_capacity_changed()  # an overdue copy blocked every day ahead
    return short


def short_to_extend(*, claim: UUID, back_on: date, today: date) -> Mapping[int, Shortfall]:
    """What `extend` would find short. Reads only."""
    out = _of(claim, Reservation.State.OUT)
    since = away_until(claim=claim, today=today)
    if since is None or since >= back_on:
        return {}
    return shortfalls(dict(out.values_list("card", "quantity")), since, back_on, today=today, excluding=claim)


def away_until(*, claim: UUID, today: date) -> date | None:
    """From this day on, copies of the claim that are out would have been back; None where nothing is out."""
    first = _of(claim, Reservation.State.OUT).aggregate(first=Min("back_on"))["first"]
    return max(today, first) if first else None


def _of(claim: UUID, state: Reservation.State) -> QuerySet[Reservation]:
    return Reservation.objects.filter(claim=claim, state=state)


# --- the end --------------------------------------------------------------------------------------------


def release(*, claim: UUID) -> None:
    """The claim holds nothing any more. Freeing needs no lock; whoever waits hears of it after the commit."""
    if Reservation.objects.filter(claim=claim).delete()[0]:
        tell_capacity_changed()


def tell_capacity_changed() -> None:
    """Sends `capacity_changed` once the current transaction is committed.

    What is written is written: a listener that fails (no Redis) is logged, and the beat does its work later.
    """
    transaction.on_commit(lambda: capacity_changed.send(sender=None), robust=True)
