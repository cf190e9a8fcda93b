"""What the deck builder does to the lines of a cart: a copy more or less, another zone or printing, and back again.

As in orders/cart.py: every change locks the cart's row first, and nothing has changed where a CartError is raised.
"""

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from inventory.models import Printing, Zone
from orders.cart import (
    CartError,
    add_to,
    check_copies,
    forget_template_deck,
    key_of,
    line_now,
    lock_cart,
    note_template_deck,
    remove_line,
    take_out,
)
from orders.deck_availability import deck_shortfalls, short_by_line
from orders.models import Order, OrderCard, Removal
from orders.removals import note_removal, removed_decks, removed_lines


@dataclass(frozen=True, slots=True)
class Stepped:
    """The copies that a line has now; where it has none any more, the removal that can be undone."""

    copies: int
    removal: Removal | None = None


@dataclass(frozen=True, slots=True)
class Undone:
    """What was undone, in words, and the lines that hold what was put back."""

    says: str
    line_ids: list[int]


@transaction.atomic
def step_line(*, cart: Order, line: OrderCard, by: int) -> Stepped:
    """So many copies more (or fewer, below 0) than there are now. Without any left the line is gone.

    A change and not a number, made under the cart's lock: of two presses at the same moment both count.
    """
    cart = lock_cart(cart)
    line = line_now(cart, line)
    if line.quantity + by <= 0:
        return Stepped(0, remove_line(cart=cart, line=line))
    check_copies(line.quantity + by)
    line.quantity += by
    line.save(update_fields=["quantity"])
    return Stepped(line.quantity)


@transaction.atomic
def change_line(
    *, cart: Order, line: OrderCard, zone: str, preferred_printing: Printing | None = None
) -> OrderCard:
    """Another zone, another preferred printing, or both. Onto an equal line the copies add up.

    Returns the line that has the copies now.
    """
    if zone not in Zone.values:
        raise CartError(f"A card goes to one of these: {', '.join(map(str, Zone.labels))}.")
    cart = lock_cart(cart)
    line = line_now(cart, line)
    if preferred_printing is not None and preferred_printing.card_id != line.card_id:
        raise CartError(f"That is no printing of {line.card.name}. Choose one of the list.")
    line.zone, line.preferred_printing = zone, preferred_printing
    equal = cart.order_cards.select_related("card").exclude(pk=line.pk)
    equal = equal.filter(card=line.card_id, zone=zone, preferred_printing=preferred_printing)
    if (other := equal.first()) is not None:
        check_copies(other.quantity + line.quantity)
        other.quantity += line.quantity
        line.delete()
        other.save(update_fields=["quantity"])
        return other
    line.save(update_fields=["zone", "preferred_printing"])
    return line


@transaction.atomic
def take_what_is_free(*, cart: Order, today: date) -> Removal:
    """Takes out the copies that are not free on the cart's days, so that the rest can be had as it stands.

    Nothing is promised by it: the copies that stay are held when the order is authorized.
    """
    cart = lock_cart(cart)
    if cart.blocked_period is None:
        raise CartError("Choose your days first: what is free depends on them.")
    lines = list(cart.order_cards.all())
    lacking = short_by_line(lines, deck_shortfalls(order=cart, today=today))
    removed = take_out(cart, {line: lacking[line.pk] for line in lines if lacking[line.pk]})
    if not removed:
        raise CartError("Every card is free on your days: there is nothing to take out.")
    return note_removal(cart, removed, what="what is short")


@transaction.atomic
def undo_removal(*, cart: Order, removal_id: int) -> Undone:
    """Puts back what was taken out last: card, zone, printing and copies, adding to lines that came back meanwhile.

    Or takes out again what came in all at once, as far as it is there. Once, and only what was noted last of this
    cart. Template decks are noted again, or no more, where they went as a whole.
    """
    cart = lock_cart(cart)
    removal = Removal.objects.filter(order=cart, pk=removal_id).first()
    if removal is None:
        raise CartError("This cannot be undone any more: it was already, or something else was done since.")
    undone = _take_out_again(cart, removal) if removal.came_in else _put_back(cart, removal)
    Removal.objects.filter(pk=removal.pk).delete()
    return undone


def _put_back(cart: Order, removal: Removal) -> Undone:
    lines = removed_lines(removal)
    if not lines and removal.lines:
        raise CartError(f"{removal.what} cannot be put back: it is in the catalogue no longer.")
    add_to(cart, lines)
    for deck in removed_decks(removal):
        note_template_deck(cart, deck)
    back = cart.order_cards.filter(card__in={card for card, _, _ in lines})
    return Undone(f"Put back: {removal.what}.", [line.pk for line in back if key_of(line) in lines])


def _take_out_again(cart: Order, removal: Removal) -> Undone:
    """What was moved, exchanged or taken out since does not count as there."""
    came = removed_lines(removal)
    there = {line: came[key_of(line)] for line in cart.order_cards.all() if key_of(line) in came}
    copies = sum(take_out(cart, there).values())
    if not copies:
        raise CartError(f"Nothing was taken out: of {removal.what} none are in your cart as they came.")
    for deck in removed_decks(removal):
        forget_template_deck(cart, deck)
    if copies == sum(row[3] for row in removal.lines):
        return Undone(f"Taken out again: {removal.what}.", [])
    return Undone(f"Taken out again: {copies} of {removal.what}. The rest are not as they came.", [])
