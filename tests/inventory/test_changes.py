"""What the database notes of changes, for whoever keeps a copy of the catalogue."""

import pytest
from django.db import connection

from inventory.models import Card, Change
from tests.factories import CardFactory, StockMovementFactory

pytestmark = pytest.mark.django_db


def scanned() -> int:
    """Rows of changes that statements have read since this connection last told the statistics."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'inventory_change'"
        )
        return cursor.fetchone()[0]


def test_every_statement_is_noted_even_within_one_transaction():
    card = CardFactory()
    before = set(Change.objects.values_list("pk", flat=True))

    Card.objects.filter(pk=card.pk).update(layout="split")
    Card.objects.filter(pk=card.pk).update(layout="normal")

    noted = Change.objects.exclude(pk__in=before)
    assert [change.of for change in noted] == ["catalogue", "catalogue"]


def test_only_the_last_few_hundred_are_kept_of_each_kind():
    movement = StockMovementFactory()
    for _ in range(500):  # the two kinds take turns
        Card.objects.filter(pk=movement.printing.card_id).update(layout="normal")
        type(movement).objects.filter(pk=movement.pk).update(note="")

    for kind in Change.Of.values:
        kept = list(Change.objects.filter(of=kind).order_by("-pk").values_list("pk", flat=True))
        assert 200 <= len(kept) <= 270


def test_a_statement_costs_no_more_the_more_have_gone_before_it():
    with connection.cursor() as cursor:  # many went, one is there, and the planner goes on believing that
        cursor.execute(
            'INSERT INTO inventory_change ("of") SELECT %s FROM generate_series(1, 27000)', ["stock"]
        )
        Change.objects.all().delete()
        card = CardFactory()
        cursor.execute("ANALYZE inventory_change")

    def cost_of_many() -> int:
        before = scanned()
        for _ in range(400):
            Card.objects.filter(pk=card.pk).update(layout="normal")
        return scanned() - before

    cost_of_many()
    assert cost_of_many() < 400 * 20  # rows: pruned at each of them, it would be hundreds each time
