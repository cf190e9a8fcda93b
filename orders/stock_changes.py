"""Stock that staff change at the desk, and which orders that endangers.

What happened has happened: stock that falls below what is promised is written down like everything else. Staff see
before and afterwards whom it hits.
"""

from dataclasses import dataclass
from datetime import date

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.paginator import Page
from django.db import transaction

from inventory.availability import overpromised
from inventory.models import Printing, StockMovement
from inventory.stock import record_movement
from orders.at_risk import OrderAtRisk, risks_page


@dataclass(frozen=True, slots=True)
class StockChange:
    """What was recorded, and, where copies go, the open orders that are at risk for their card now: a page of them."""

    movement: StockMovement
    endangered: Page[OrderAtRisk]


def change_stock(
    *,
    printing: Printing,
    kind: str,
    quantity: int,
    by: AbstractBaseUser | None,
    effective_on: date,
    today: date,
    note: str = "",
) -> StockChange:
    """Records a movement; see inventory/stock.py. What is promised stands in the way of nothing. Raises StockError."""
    movement = record_movement(
        printing=printing, kind=kind, quantity=quantity, by=by, effective_on=effective_on, note=note
    )
    goes = movement.quantity < 0
    missing = overpromised(today=today, card_ids=[printing.card_id]) if goes else {}
    return StockChange(movement, risks_page(missing, today=today))


def orders_endangered_by(
    *, printing: Printing, kind: str, quantity: int, effective_on: date, today: date
) -> Page[OrderAtRisk]:
    """The orders that would be at risk for this card if that movement were recorded; nothing is. Raises StockError.

    It is recorded, looked at and taken back, so that there is no second rule for what it would do. The card is locked
    meanwhile, so no more is looked at than what would be missing; whom that hits is looked up afterwards.
    """
    with transaction.atomic():
        record_movement(printing=printing, kind=kind, quantity=quantity, by=None, effective_on=effective_on)
        missing = overpromised(today=today, card_ids=[printing.card_id])
        transaction.set_rollback(True)  # what would be told after the commit is forgotten with it
    return risks_page(missing, today=today)
