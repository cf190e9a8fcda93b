"""One cart goes into another: at sign-in, when a program asks for it, and where an order goes back to the cart."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from inventory.decklist import MAX_QUANTITY
from orders.cart import CartMoved, key_of, note_template_deck
from orders.models import MergedCart, Order, OrderCard
from orders.models.order import CONTACT, DAYS
from orders.payments import release_hold
from orders.states import Status
from orders.transitions import lock_order


@dataclass(frozen=True, slots=True)
class Poured:
    """What came out of one cart into another: `copies`, whether the `days` did, and what did not fit, by name.

    `held_back`: the lines that it was of, as they came. `lines`: how many there are now.
    """

    copies: int
    days: bool
    left_over: dict[str, int]
    held_back: tuple[OrderCard, ...] = ()
    lines: int = 0


@transaction.atomic
def merge_carts(*, source: Order, destination: Order) -> Poured:
    """Moves everything of one cart into another and deletes the emptied one; see `pour`.

    That it went there is written down: a program that did not hear the answer asks again.
    """
    if source.pk == destination.pk:
        return Poured(copies=0, days=False, left_over={})
    # Both rows, in primary-key order, so that two merges cannot wait for each other.
    locked = {pk: lock_order(pk) for pk in sorted((source.pk, destination.pk))}
    source, destination = locked[source.pk], locked[destination.pk]
    if {source.status, destination.status} != {Status.CART}:
        raise CartMoved("Only carts can be merged.")
    MergedCart.objects.create(source_cart_id=source.cart_id, destination=destination)
    return pour(source=source, destination=destination)


def pour(*, source: Order, destination: Order) -> Poured:
    """Moves lines, template decks, dates and address of a locked cart into a locked order, and deletes the cart.

    Copies of equal lines (card, zone, preferred printing) add up; the source's dates, shipping and address win
    where they are set. Lines are held to what a line may have, and may be more than a cart may have, so that no
    sign-in fails over a full cart. A hold on the source is let go: it was for another total.
    """
    lines = {key_of(line): line for line in destination.order_cards.all()}
    coming = {key_of(line): line for line in source.order_cards.select_related("card")}
    equal = [lines[key] for key in coming if key in lines]
    left_over: Counter[str] = Counter()
    held_back = []
    for line in equal:
        came = coming[key_of(line)]
        together = line.quantity + came.quantity
        line.quantity = min(MAX_QUANTITY, together)
        if together > line.quantity:
            left_over[came.card.name] += together - line.quantity
            held_back.append(came)
    OrderCard.objects.bulk_update(equal, ["quantity"])
    other = [coming[key].pk for key in coming.keys() - lines.keys()]
    OrderCard.objects.filter(pk__in=other).update(order=destination)
    for row in source.order_template_decks.all():
        note_template_deck(destination, row)
    days = source.rental_period is not None
    if days:
        _take_over(source, destination, [*DAYS, "shipping_method"])
    elif destination.rental_period is None:  # else its days were worked out for its own way of shipping
        _take_over(source, destination, ["shipping_method"])
    _take_over(source, destination, CONTACT)
    release_hold(source)
    source.payments.update(order=destination)  # what was tried is kept on record
    source.events.update(order=destination)
    source.merged_carts.update(destination=destination)
    source.delete()
    copies = sum(line.quantity for line in coming.values())
    return Poured(
        copies - left_over.total(), days, dict(left_over), tuple(held_back), lines=len(lines) + len(other)
    )


def _take_over(source: Order, destination: Order, fields: Iterable[str]) -> None:
    """The source's values where it has them; what belongs together comes together."""
    fields = list(fields)
    if any(getattr(source, field) for field in fields):
        for field in fields:
            setattr(destination, field, getattr(source, field))
        destination.save(update_fields=fields)
