"""What the shop has of a card: by printing, by day, and how it came to that."""

from datetime import timedelta

import pytest

from inventory.card_stock import MOVEMENTS_PER_PAGE, card_stock, latest_movements
from inventory.models import Card
from tests.factories import (
    TODAY,
    CardFactory,
    PrintingFactory,
    StaffFactory,
    StockMovementFactory,
    dispatched,
    placed,
    stocked_card,
)

pytestmark = pytest.mark.django_db

LATER = TODAY + timedelta(days=5)


def move(card: Card, copies: int, kind: str = "bought", **fields) -> None:
    StockMovementFactory(printing=card.printings.get(), quantity=copies, kind=kind, **fields)


def test_a_card_that_the_shop_never_had_has_no_stock_and_no_history():
    stock = card_stock(card=PrintingFactory().card, today=TODAY)

    assert (stock.owned, stock.on_shelf, stock.out, stock.coming) == (0, 0, 0, 0)
    assert (stock.stocked, list(stock.movements)) == ((), [])


def test_what_is_owned_is_what_came_less_what_went_by_today():
    card = stocked_card(4)
    move(card, -1, "lost", effective_on=TODAY)

    assert card_stock(card=card, today=TODAY).owned == 3


def test_what_comes_later_is_coming_and_what_goes_later_is_still_owned():
    card = stocked_card(4)
    move(card, 2, effective_on=LATER)
    move(card, -1, "sold", effective_on=LATER)

    stock = card_stock(card=card, today=TODAY)

    assert (stock.owned, stock.coming) == (4, 2)
    assert card_stock(card=card, today=LATER).owned == 5


def test_what_is_out_is_not_on_the_shelf_and_what_is_promised_is():
    card = stocked_card(4)
    dispatched({card: 1})
    placed({card: 2})

    stock = card_stock(card=card, today=TODAY)

    assert (stock.owned, stock.out, stock.on_shelf) == (4, 1, 3)


def test_printings_that_the_shop_has_or_had_are_told_apart_the_most_owned_first():
    card = stocked_card(1)
    [first] = card.printings.all()
    second, unknown = PrintingFactory(card=card), PrintingFactory(card=card)
    StockMovementFactory(printing=second, quantity=3)

    stocked = card_stock(card=card, today=TODAY).stocked

    assert [(row.printing, row.owned) for row in stocked] == [(second, 3), (first, 1)]
    assert unknown not in {row.printing for row in stocked}


def test_the_history_is_that_of_the_card_the_latest_first_a_page_at_a_time():
    card = stocked_card(1)
    stocked_card(2)
    for _ in range(MOVEMENTS_PER_PAGE):
        move(card, 1)
    move(card, -1, "lost", effective_on=TODAY)

    first, second = (card_stock(card=card, page=page, today=TODAY).movements for page in (1, 2))

    assert (len(first), len(second)) == (MOVEMENTS_PER_PAGE, 2)
    assert first[0].kind == "lost"


@pytest.mark.parametrize("printings", [1, 30])
def test_five_queries_tell_it_all(printings, django_assert_num_queries):
    card, staff = CardFactory(), StaffFactory()
    for _ in range(printings):
        StockMovementFactory(printing=PrintingFactory(card=card), by=staff)

    with django_assert_num_queries(5):
        stock = card_stock(card=card, today=TODAY)
        seen = [str((movement.printing, movement.by)) for movement in stock.movements]

    assert len(seen) == len(stock.stocked) == printings


def test_what_was_recorded_last_is_told_first():
    move(stocked_card(1), 2)

    assert [movement.quantity for movement in latest_movements()] == [2, 1]
