"""A part of a template deck for the cart: what of it is free."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from inventory.availability import free_quantities
from inventory.deck_lists import LineKey
from inventory.models import TemplateDeck, TemplateDeckCard, TemplateDeckVersion, Zone
from inventory.periods import BlockedPeriod
from orders.cart import CartError, add_to, lock_cart, note_template_deck
from orders.models import Order, OrderTemplateDeck


@dataclass(frozen=True, slots=True)
class TakenPart:
    """The copies that went into the cart, and what did not: copies by card name, in the order of the deck."""

    copies: int
    left_out: dict[str, int]


@transaction.atomic
def add_free_part(*, cart: Order, deck: TemplateDeck, days: BlockedPeriod, today: date) -> TakenPart:
    """Adds those copies of a template deck that are free on all of these days, beside what the cart has already.

    The cart notes the deck and what was left out of it. Nothing is held by this; the order is asked again when it is
    paid for. Raises CartError where nothing would be added.
    """
    # Held until the end, so that nobody deletes the deck meanwhile: inventory/deck_shelf.py.
    held = TemplateDeckVersion.objects.offered().select_for_update(of=["self"], no_key=True)
    version = held.filter(deck=deck).first()
    if version is None:
        raise CartError(
            f"“{deck.name}” is not offered any more. Your cart is as it was; look for another under Decks."
        )
    lines = sorted(
        version.deck_cards.select_related("card"),
        key=lambda line: (Zone.values.index(line.zone), line.card.folded_name),
    )
    free = Counter(free_quantities([line.card_id for line in lines], days.out_on, days.back_on, today=today))
    if not any(copies > 0 for copies in free.values()):  # before a guest and a cart are made for nothing
        raise CartError(
            f"No card of “{deck.name}” is free on these days. Choose other days, or take the whole deck."
        )
    cart = lock_cart(cart)
    for card_id, quantity in cart.order_cards.values_list("card_id", "quantity"):
        free[card_id] -= quantity
    additions: dict[LineKey, int] = {}
    left_out: dict[TemplateDeckCard, int] = {}
    for line in lines:
        taken = min(line.quantity, max(0, free[line.card_id]))
        free[line.card_id] -= taken
        if taken:
            additions[line.card_id, line.zone, None] = taken
        if taken < line.quantity:
            left_out[line] = line.quantity - taken
    if not additions:
        raise CartError(f"What is free of “{deck.name}” is in your cart already.")
    add_to(cart, additions)
    rows = [[line.card_id, line.zone, copies] for line, copies in left_out.items()]
    note_template_deck(cart, OrderTemplateDeck(version=version, left_out=rows))
    names: Counter[str] = Counter()
    for line, copies in left_out.items():
        names[line.card.name] += copies
    return TakenPart(copies=sum(additions.values()), left_out=dict(names))
