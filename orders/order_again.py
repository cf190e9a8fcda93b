"""Ordering again what was ordered before: its cards and decks into the cart, without its days."""

from dataclasses import dataclass

from django.db import transaction

from inventory.deck_lists import LineKey
from orders.cart import CartError, add_to, key_of, lock_cart, note_template_deck
from orders.models import Order, OrderTemplateDeck, Removal
from orders.removals import note_arrival
from orders.states import Status


@dataclass(frozen=True, slots=True)
class OrderedAgain:
    """What went into the cart, which can be undone, and whether there were cards in it before."""

    note: Removal
    beside_others: bool


def can_order_again(order: Order) -> bool:
    """Whether it was ordered at all: what waits for an answer is still on its way to be."""
    return order.status not in (Status.CART, Status.CONFIRMING)


@transaction.atomic
def order_again(*, cart: Order, order: Order) -> OrderedAgain:
    """Adds the lines of an order to a cart, equal ones to each other, and notes its template decks as it has them.

    The order stays as it is. Raises CartError; then nothing is added.
    """
    if not can_order_again(order):
        raise CartError("This has not been ordered yet: there is nothing to order again.")
    cart = lock_cart(cart)
    additions: dict[LineKey, int] = {key_of(line): line.quantity for line in order.order_cards.all()}
    there: dict[LineKey, int] = {key_of(line): line.quantity for line in cart.order_cards.all()}
    add_to(cart, additions)
    decks = [
        OrderTemplateDeck(version_id=row.version_id, copies=row.copies, left_out=row.left_out)
        for row in order.order_template_decks.order_by("pk")
    ]
    for deck in decks:
        note_template_deck(cart, deck)
    copies = sum(additions.values())
    what = f"the {copies} card{'' if copies == 1 else 's'} of order {order.number}"
    return OrderedAgain(note_arrival(cart, additions, what=what, decks=decks), bool(there))
