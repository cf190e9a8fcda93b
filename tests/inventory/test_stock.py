from datetime import date, timedelta
from typing import Any

import pytest

from inventory.models import StockMovement
from inventory.signals import capacity_changed
from inventory.stock import (
    StockError,
    new_movement,
    owned_by_printing,
    receive_stock,
    record_movement,
    record_movements,
)
from tests.factories import PrintingFactory, StaffFactory, StockMovementFactory

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 10)
Kind = StockMovement.Kind


def move(printing: Any, kind: str, quantity: int, *, on: date = DAY) -> StockMovement:
    return record_movement(printing=printing, kind=kind, quantity=quantity, by=None, effective_on=on)


def owned(printing: Any, on: date = DAY) -> int:
    return owned_by_printing(printing_ids=[printing.pk], on=on).get(printing.pk, 0)


def test_received_stock_is_a_movement_with_who_and_when() -> None:
    staff, printing = StaffFactory(), PrintingFactory()
    movement = receive_stock(printing=printing, quantity=4, by=staff, effective_on=DAY, note=" from a box ")
    movement.refresh_from_db()
    assert (movement.quantity, movement.kind, movement.by, movement.note) == (
        4,
        "bought",
        staff,
        "from a box",
    )


@pytest.mark.parametrize("kind", ["lost", "corrected", "stolen"])
def test_stock_is_received_as_bought_or_found(kind: str) -> None:
    with pytest.raises(StockError, match="bought or found"):
        receive_stock(printing=PrintingFactory(), quantity=1, by=None, effective_on=DAY, kind=kind)


@pytest.mark.parametrize(
    ("kind", "left"), [("lost", 3), ("damaged", 3), ("sold", 3), ("found", 5), ("bought", 5)]
)
def test_the_kind_says_which_way_the_copies_go(kind: str, left: int) -> None:
    printing = StockMovementFactory(quantity=4, effective_on=DAY).printing
    move(printing, kind, 1)
    assert owned(printing) == left


def test_a_correction_is_signed() -> None:
    printing = StockMovementFactory(quantity=4, effective_on=DAY).printing
    move(printing, Kind.CORRECTED, -3)
    move(printing, Kind.CORRECTED, 1)
    assert owned(printing) == 2


@pytest.mark.parametrize(
    ("kind", "quantity", "message"),
    [
        ("bought", 0, "1 or more"),
        ("lost", -1, "1 or more"),
        ("corrected", 0, "changes nothing"),
        ("bought", 10_001, "too many"),
        ("corrected", -10_001, "too many"),
        ("eaten", 1, "Choose what happened"),
    ],
)
def test_a_movement_that_makes_no_sense_is_refused(kind: str, quantity: int, message: str) -> None:
    with pytest.raises(StockError, match=message):
        move(PrintingFactory(), kind, quantity)
    assert not StockMovement.objects.exists()


def test_what_is_not_owned_cannot_go() -> None:
    printing = StockMovementFactory(quantity=2, effective_on=DAY).printing
    with pytest.raises(StockError, match=r"owns 2 of .* on 10 May 2026, so 3 cannot go. Record at most 2"):
        move(printing, Kind.LOST, 3)
    move(printing, Kind.LOST, 2)
    assert owned(printing) == 0


def test_what_is_owned_today_but_gone_by_a_later_day_cannot_go_twice() -> None:
    printing = StockMovementFactory(quantity=4, effective_on=DAY).printing
    move(printing, Kind.SOLD, 3, on=DAY + timedelta(days=5))
    with pytest.raises(StockError, match=r"owns 1 of .* on 15 May 2026"):
        move(printing, Kind.LOST, 2)


def test_what_is_still_on_its_way_cannot_go_yet() -> None:
    printing = StockMovementFactory(quantity=4, effective_on=DAY + timedelta(days=1)).printing
    with pytest.raises(StockError, match="owns 0"):
        move(printing, Kind.LOST, 1)


def test_many_movements_are_saved_all_or_none() -> None:
    printing = PrintingFactory()
    both = [
        new_movement(printing=printing, kind=kind, quantity=quantity, by=None, effective_on=DAY)
        for kind, quantity in (("bought", 1), ("corrected", -5))
    ]
    with pytest.raises(StockError):
        record_movements(both)
    assert not StockMovement.objects.exists()


def test_what_comes_is_told_and_what_goes_as_well(django_capture_on_commit_callbacks: Any) -> None:
    heard: list[Any] = []

    def listener(**kwargs: Any) -> None:
        heard.append(kwargs)

    printing = StockMovementFactory(quantity=4, effective_on=DAY).printing
    capacity_changed.connect(listener)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            move(printing, Kind.LOST, 1)
        assert len(heard) == 1
        with django_capture_on_commit_callbacks(execute=True):
            move(printing, Kind.FOUND, 1)
        assert len(heard) == 2
    finally:
        capacity_changed.disconnect(listener)
