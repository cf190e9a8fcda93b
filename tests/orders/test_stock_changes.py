"""Stock changed at the desk: it always succeeds, and says whom it hits."""

from datetime import date, timedelta

import pytest
from django.core.paginator import Page
from django.db import connection

from inventory.models import Printing, StockMovement
from inventory.stock import StockError
from orders import stock_changes
from orders.at_risk import OrderAtRisk
from orders.stock_changes import StockChange, change_stock, orders_endangered_by
from tests.factories import TODAY, placed, stocked_card

pytestmark = pytest.mark.django_db


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def change(printing: Printing, kind: str, quantity: int, *, on: date = TODAY) -> StockChange:
    return change_stock(
        printing=printing, kind=kind, quantity=quantity, by=None, effective_on=on, today=TODAY, note="note"
    )


def preview(printing: Printing, kind: str, quantity: int) -> Page[OrderAtRisk]:
    return orders_endangered_by(
        printing=printing, kind=kind, quantity=quantity, effective_on=TODAY, today=TODAY
    )


def test_lowering_below_what_is_promised_succeeds_and_lists_the_orders_that_it_breaks():
    card = stocked_card(4)
    second, first = (placed({card: 2}, first_day=day(first), days=4) for first in (12, 10))
    placed({card: 4}, first_day=day(20))

    changed = change(card.printings.get(), "lost", 1)

    assert changed.movement.quantity == -1
    assert [risk.order for risk in changed.endangered][:2] == [first, second]
    assert changed.endangered[0].missing == {card.pk: {day(12): 1, day(13): 1}}


def test_what_is_not_promised_endangers_nobody():
    card = stocked_card(4)
    placed({card: 3})

    assert not change(card.printings.get(), "sold", 1).endangered


def test_what_goes_only_after_an_order_is_back_does_not_endanger_it():
    card = stocked_card(4)
    placed({card: 4}, first_day=day(10), days=3)

    assert not change(card.printings.get(), "sold", 4, on=day(13)).endangered
    assert card.printings.get().stock_movements.count() == 2


def test_what_the_shop_does_not_own_cannot_go():
    card = stocked_card(1)

    with pytest.raises(StockError):
        change(card.printings.get(), "lost", 2)


def test_a_preview_says_whom_it_would_hit_and_changes_nothing(django_capture_on_commit_callbacks):
    card = stocked_card(4)
    order = placed({card: 4})

    with django_capture_on_commit_callbacks() as told:
        [risk] = preview(card.printings.get(), "lost", 3)

    assert (risk.order, risk.copies) == (order, 3)
    assert StockMovement.objects.count() == 1
    assert told == []


def test_a_preview_says_what_stands_in_the_way():
    with pytest.raises(StockError):
        preview(stocked_card(1).printings.get(), "lost", 2)
    assert StockMovement.objects.count() == 1


def test_whom_a_preview_would_hit_is_looked_up_when_the_card_is_not_locked_any_more(monkeypatch):
    card = stocked_card(4)
    placed({card: 4})
    look, open_around_it = stock_changes.risks_page, []

    def look_where(*args, **kwargs):
        open_around_it.append(len(connection.savepoint_ids))
        return look(*args, **kwargs)

    monkeypatch.setattr(stock_changes, "risks_page", look_where)
    before = len(connection.savepoint_ids)

    assert preview(card.printings.get(), "lost", 1)
    assert change(card.printings.get(), "lost", 1).endangered

    assert open_around_it == [before, before]


@pytest.mark.parametrize("orders", [1, 30])
def test_a_preview_asks_as_often_for_many_orders_as_for_one(orders, django_assert_num_queries):
    card = stocked_card(orders)
    for _ in range(orders):
        placed({card: 1})

    with django_assert_num_queries(14):
        found = preview(card.printings.get(), "lost", orders)

    assert (found.paginator.count, len(found)) == (orders, min(orders, 25))
