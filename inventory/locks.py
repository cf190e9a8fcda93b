"""Row locks, always taken in the same order, so that no two transactions wait for each other in a circle."""

from collections.abc import Iterable

from inventory.models import Card


def lock_cards(card_ids: Iterable[int]) -> None:
    """Holds the rows of these cards, in primary-key order, until the transaction ends.

    Whoever consumes capacity of a card calls this first: once and late, then checks, then writes
    (docs/algorithms/availability.md). FOR NO KEY UPDATE: it stops other lockers, but not the inserts of rows
    that refer to the card.
    """
    rows = Card.objects.filter(pk__in=set(card_ids)).order_by("pk").select_for_update(no_key=True)
    list(rows.values_list("pk"))
