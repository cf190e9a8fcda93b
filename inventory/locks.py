"""Row locks, always taken in the same order, so that no two transactions wait for each other in a circle."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

from inventory.models import Card


def lock_cards(card_ids: Iterable[int]) -> None:
    """Holds the rows of these cards, in primary-key order, until the transaction ends.

    Whoever consumes capacity of a card calls this first: once and late, then checks, then writes
    (docs/algorithms/availability.md). FOR NO KEY UPDATE: it stops other lockers, but not the inserts of rows
    that refer to the card.
    """
    rows = Card.objects.filter(pk__in=set(card_ids)).order_by("pk").select_for_update(no_key=True)
    list(rows.values_list("pk"))


@contextmanager
def one_at_a_time(what: str) -> Iterator[None]:
    """Who comes second waits until the first has ended, or died: across processes, and across transactions.

    The lock belongs to the connection, so no pooler may stand between that gives each transaction another one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [what])
    try:
        yield
    finally:
        _let_the_next_in(what)


def _let_the_next_in(what: str) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [what])
    except DatabaseError:  # the transaction around has failed, or the server has gone
        connection.close()  # and with it the lock, which would keep everybody out while the connection is kept
