"""An order's deck as a list that players' tools read: all of it, or the copies that are short alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from inventory.decklist import FORMS, ListedCard, write
from inventory.models import Finish
from orders.deck_availability import deck_shortfalls, short_by_line
from orders.lines import lines_of
from orders.models import Order, OrderCard
from orders.states import Status

_SUFFIXES = {"arena": "-arena", "mtgo": "-mtgo"}  # of forms that share their extension with plain text
_CAN_BE_SHORT = (Status.CART, Status.CONFIRMING, Status.PENDING)


class NothingToExport(ValueError):
    """There is no card to write; the message says why."""


@dataclass(frozen=True, slots=True)
class Export:
    """A list, ready to be saved as a file."""

    content: str
    filename: str
    content_type: str
    copies: int


def export(*, order: Order | None, form: str, only_short: bool, today: date) -> Export:
    """The deck in one of `FORMS`, preferred printings and all where the form can say them. Two queries at most.

    `only_short`: of each line the copies that are not free on the order's days, to buy them or to bring one's own.
    Raises KeyError for a form that there is not, and NothingToExport.
    """
    chosen = FORMS[form]
    lines = lines_of(order) if order else []
    if order is None or not lines:
        raise NothingToExport("Your cart is empty: there is no list to take along yet.")
    copies = _short(order, lines, today) if only_short else [(line, line.quantity) for line in lines]
    if not copies:
        raise NothingToExport("Nothing is short: every card of this deck is free on its days.")
    name = "deckrental-" + ("cart" if order.status == Status.CART else order.number)
    return Export(
        content=write(map(_listed, copies), form, _title(order, only_short)),
        filename=f"{name}{'-short' if only_short else ''}{_SUFFIXES.get(form, '')}{chosen.extension}",
        content_type=chosen.content_type,
        copies=sum(quantity for _, quantity in copies),
    )


def _short(order: Order, lines: Iterable[OrderCard], today: date) -> list[tuple[OrderCard, int]]:
    """The lines that lack copies, each with how many."""
    if order.blocked_period is None:
        raise NothingToExport("Choose your days first: which cards are short is a question about days.")
    if order.status not in _CAN_BE_SHORT:
        return []
    lacking = short_by_line(lines, deck_shortfalls(order=order, today=today))
    return [(line, lacking[line.pk]) for line in lines if lacking[line.pk]]


def _title(order: Order, only_short: bool) -> str:
    of_order = "" if order.status == Status.CART else f"Order {order.number}"
    return ", ".join(filter(None, (of_order, "Short cards" if only_short else "")))


def _listed(copies: tuple[OrderCard, int]) -> ListedCard:
    line, quantity = copies
    printing = line.preferred_printing
    if printing is None:
        return ListedCard(quantity, line.card.name, line.zone)
    finish = "" if printing.finish == Finish.NONFOIL else printing.finish
    return ListedCard(
        quantity, line.card.name, line.zone, printing.set_code, printing.collector_number, finish
    )
