"""What the shop owns, what it has promised of it, and the decks it offers."""

from inventory.models.card import Card, Finish, Printing
from inventory.models.change import Change
from inventory.models.closed_day import ClosedDay
from inventory.models.reservation import Reservation
from inventory.models.stock_movement import StockMovement
from inventory.models.template_deck import TemplateDeck, TemplateDeckCard, TemplateDeckVersion, Zone

__all__ = [
    "Card",
    "Change",
    "ClosedDay",
    "Finish",
    "Printing",
    "Reservation",
    "StockMovement",
    "TemplateDeck",
    "TemplateDeckCard",
    "TemplateDeckVersion",
    "Zone",
]
