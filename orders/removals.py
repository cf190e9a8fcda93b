"""What went out of a cart last, or came in all at once: noted in the transaction that does it, read by the one that
undoes it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from inventory.deck_lists import LineKey
from inventory.models import Card, Printing, TemplateDeckVersion
from orders.models import Order, OrderTemplateDeck, Removal

OFFERED_FOR = timedelta(hours=1)  # after that it is no slip of the finger


def note_removal(
    cart: Order,
    lines: Mapping[LineKey, int],
    *,
    what: str,
    deck: OrderTemplateDeck | None = None,
) -> Removal:
    """Notes what a locked cart has just lost: copies by line, and the template deck that it had.

    The note before is gone.
    """
    return _note(cart, lines, what, [deck] if deck else [])


def note_arrival(
    cart: Order, lines: Mapping[LineKey, int], *, what: str, decks: Iterable[OrderTemplateDeck]
) -> Removal:
    """Notes what has just come into a locked cart all at once, so that it can be taken out again.

    The note before is gone.
    """
    return _note(cart, lines, what, decks, came_in=True)


def _note(
    cart: Order,
    lines: Mapping[LineKey, int],
    what: str,
    decks: Iterable[OrderTemplateDeck],
    *,
    came_in: bool = False,
) -> Removal:
    Removal.objects.filter(order=cart).delete()
    return Removal.objects.create(
        order=cart,
        what=what,
        came_in=came_in,
        lines=[[*key, copies] for key, copies in lines.items()],
        versions=[[deck.version_id, deck.copies, deck.left_out] for deck in decks],
    )


def removal_on_offer(cart: Order, *, now: datetime) -> Removal | None:
    """What the cart offers to undo."""
    return Removal.objects.filter(order=cart, removed_at__gt=now - OFFERED_FOR).first()


def forget_removal(*, cart: Order, removal_id: int) -> None:
    """It is not offered any more. Of a later removal nothing is forgotten."""
    Removal.objects.filter(order=cart, pk=removal_id).delete()


def removed_lines(removal: Removal) -> dict[LineKey, int]:
    """Copies by line, of cards and printings that are still in the catalogue. Two queries."""
    cards = set(Card.objects.filter(pk__in={row[0] for row in removal.lines}).values_list("pk", flat=True))
    named = {row[2] for row in removal.lines if row[2] is not None}
    printings = {None, *Printing.objects.filter(pk__in=named).values_list("pk", flat=True)}
    return {
        (card, zone, printing): copies
        for card, zone, printing, copies in removal.lines
        if card in cards and printing in printings
    }


def removed_decks(removal: Removal) -> list[OrderTemplateDeck]:
    """The template decks of a note, not saved, of those that there still are."""
    ids = [row[0] for row in removal.versions]
    known = set(TemplateDeckVersion.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else ()
    return [
        # Rows noted before anything could be left out of a deck have two parts.
        OrderTemplateDeck(version_id=version_id, copies=copies, left_out=left_out[0] if left_out else [])
        for version_id, copies, *left_out in removal.versions
        if version_id in known
    ]
