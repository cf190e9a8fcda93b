"""Out and back: what leaves the shelf, what comes back to it, and when the rest is expected."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.availability import free_by_day
from inventory.models import Card, Reservation
from inventory.periods import BlockedPeriod
from inventory.reservations import (
    NoExpectation,
    NotOnShelf,
    NotOut,
    check_in,
    expect_back,
    on_shelf,
    out_by_card,
    send_out,
    take,
)
from inventory.signals import capacity_changed
from tests.factories import TODAY, StockMovementFactory, stocked_card

pytestmark = pytest.mark.django_db


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def firm(demand: dict[Card, int], *, out_on: int = 0, back_on: int = 5) -> UUID:
    claim = uuid4()
    taken = take(
        claim=claim,
        demand={card.pk: copies for card, copies in demand.items()},
        period=BlockedPeriod(day(out_on), day(back_on)),
        today=TODAY,
    )
    assert not taken.shortfalls
    return claim


def out(demand: dict[Card, int], **days: int) -> UUID:
    claim = firm(demand, **days)
    send_out(claim=claim, today=day(days.get("out_on", 0)))
    return claim


def states(claim: UUID) -> set[str]:
    return set(Reservation.objects.filter(claim=claim).values_list("state", flat=True))


def free(card: Card, *, today: int = 0, days: int = 10) -> list[int]:
    return free_by_day([card.pk], day(today), day(today + days), today=day(today))[card.pk]


@pytest.fixture
def freed(django_capture_on_commit_callbacks):
    """How often it was told that capacity was freed, once what was done is committed."""

    def count(action) -> int:
        told = []
        listener = lambda **kwargs: told.append(1)  # noqa: E731
        capacity_changed.connect(listener)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                action()
        finally:
            capacity_changed.disconnect(listener)
        return len(told)

    return count


# --- out --------------------------------------------------------------------------------------------------


def test_what_is_sent_out_is_out():
    card = stocked_card(4)
    claim = firm({card: 3})

    send_out(claim=claim, today=TODAY)

    assert states(claim) == {"out"}
    assert out_by_card(claim=claim) == {card.pk: 3}
    assert on_shelf([card.pk], today=TODAY) == {card.pk: 1}


def test_copies_that_did_not_come_back_in_time_cannot_leave():
    card, other = stocked_card(4), stocked_card(4)
    out({card: 3}, back_on=5)
    next_claim = firm({card: 3, other: 1}, out_on=5, back_on=8)

    with pytest.raises(NotOnShelf) as caught:
        send_out(claim=next_claim, today=day(5))

    assert caught.value.missing == {card.pk: 2}
    assert states(next_claim) == {"firm"}


def test_no_more_is_missing_than_should_leave():
    card = stocked_card(4)
    out({card: 4}, back_on=5)
    StockMovementFactory(printing=card.printings.get(), quantity=-2, kind="lost", effective_on=TODAY)
    claim = uuid4()
    Reservation.objects.create(
        claim=claim, card=card, quantity=1, out_on=day(5), back_on=day(8), state="firm"
    )

    with pytest.raises(NotOnShelf) as caught:
        send_out(claim=claim, today=day(5))

    assert caught.value.missing == {card.pk: 1}


def test_copies_that_are_still_under_way_to_the_shop_cannot_leave():
    card = stocked_card(0)
    StockMovementFactory(printing=card.printings.get(), quantity=2, effective_on=day(3))
    claim = firm({card: 2}, out_on=3)

    with pytest.raises(NotOnShelf):
        send_out(claim=claim, today=day(2))
    send_out(claim=claim, today=day(3))

    assert states(claim) == {"out"}


def test_what_is_promised_to_others_lies_on_the_shelf_until_it_leaves():
    card = stocked_card(4)
    firm({card: 2})
    claim = firm({card: 2})

    send_out(claim=claim, today=TODAY)

    assert states(claim) == {"out"}


def test_what_is_out_stays_out_when_it_is_sent_out_again():
    card = stocked_card(2)
    claim = out({card: 2})

    send_out(claim=claim, today=TODAY)

    assert out_by_card(claim=claim) == {card.pk: 2}


def test_a_deck_is_looked_for_on_the_shelf_in_as_many_queries_as_a_card():
    asked = []
    for cards in (1, 30):
        claim = firm({stocked_card(1): 1 for _ in range(cards)})
        with CaptureQueriesContext(connection) as queries:
            send_out(claim=claim, today=TODAY)
        asked.append(len(queries))

    assert asked == [6, 6]


# --- back -------------------------------------------------------------------------------------------------


def test_what_is_checked_in_is_free_again(freed):
    card = stocked_card(4)
    claim = out({card: 3})

    told = freed(lambda: check_in(claim=claim, copies={card.pk: 3}))

    assert not Reservation.objects.exists()
    assert free(card) == [4] * 10
    assert told == 1


def test_what_is_not_back_yet_stays_out():
    card, other = stocked_card(4), stocked_card(4)
    claim = out({card: 3, other: 2})

    check_in(claim=claim, copies={card.pk: 2, other.pk: 2})

    assert out_by_card(claim=claim) == {card.pk: 1}
    assert free(card)[:6] == [3] * 5 + [4]


@pytest.mark.parametrize("copies", [4, 99])
def test_more_than_is_out_does_not_come_back(copies, freed):
    card, other = stocked_card(4), stocked_card(4)
    claim = out({card: 3, other: 2})

    def come_back() -> None:
        with pytest.raises(NotOut) as caught:
            check_in(claim=claim, copies={other.pk: 1, card.pk: copies})
        assert caught.value.out == {card.pk: 3}

    assert freed(come_back) == 0
    assert out_by_card(claim=claim) == {card.pk: 3, other.pk: 2}


def test_a_card_that_is_not_out_does_not_come_back():
    card, other = stocked_card(4), stocked_card(4)
    claim = out({card: 3})

    with pytest.raises(NotOut) as caught:
        check_in(claim=claim, copies={other.pk: 1})

    assert caught.value.out == {other.pk: 0}


def test_what_never_left_does_not_come_back():
    card = stocked_card(4)
    claim = firm({card: 3})

    with pytest.raises(NotOut):
        check_in(claim=claim, copies={card.pk: 3})

    assert states(claim) == {"firm"}


def test_nothing_comes_back_in_a_number_below_nothing():
    card, other = stocked_card(4), stocked_card(4)
    claim = out({card: 3, other: 2})

    with pytest.raises(ValueError, match="1 or more"):
        check_in(claim=claim, copies={other.pk: 1, card.pk: -1})

    assert out_by_card(claim=claim) == {card.pk: 3, other.pk: 2}


def test_no_copies_of_a_card_are_no_news(freed):
    card = stocked_card(4)
    claim = out({card: 3})

    assert freed(lambda: check_in(claim=claim, copies={card.pk: 0})) == 0
    assert out_by_card(claim=claim) == {card.pk: 3}


def test_a_deck_comes_back_in_as_many_queries_as_a_card():
    asked = []
    for cards in (1, 30):
        deck = {stocked_card(2): 2 for _ in range(cards)}
        claim = out(deck)
        with CaptureQueriesContext(connection) as queries:
            check_in(claim=claim, copies={card.pk: 1 for card in deck})
        asked.append(len(queries))

    assert asked[0] == asked[1]


# --- late -------------------------------------------------------------------------------------------------


def test_overdue_copies_are_free_from_the_day_on_which_they_are_expected(freed):
    card = stocked_card(4)
    claim = out({card: 3}, back_on=5)
    assert free(card, today=5) == [1] * 10

    told = freed(lambda: expect_back(claim=claim, on=day(8), today=day(5)))

    assert free(card, today=5) == [1] * 3 + [4] * 7
    assert told == 1


def test_an_expectation_can_be_taken_back():
    card = stocked_card(4)
    claim = out({card: 3}, back_on=5)
    expect_back(claim=claim, on=day(8), today=day(5))

    expect_back(claim=claim, on=None, today=day(5))

    assert free(card, today=5) == [1] * 10


def test_copies_that_will_be_late_block_the_days_until_then():
    card = stocked_card(4)
    claim = out({card: 3}, back_on=5)

    expect_back(claim=claim, on=day(7), today=day(2))

    assert free(card, today=2) == [1] * 5 + [4] * 5


@pytest.mark.parametrize("on", [4, 5], ids=["yesterday", "today"])
def test_a_day_that_has_come_is_no_expectation(on):
    card = stocked_card(4)
    claim = out({card: 3}, back_on=5)

    with pytest.raises(NoExpectation, match="choose a later day"):
        expect_back(claim=claim, on=day(on), today=day(5))

    assert Reservation.objects.get(claim=claim).expected_on is None


def test_what_is_expected_is_written_down_even_where_it_endangers_promises():
    card = stocked_card(4)
    claim = out({card: 3}, back_on=5)
    firm({card: 4}, out_on=5, back_on=8)

    expect_back(claim=claim, on=day(7), today=day(4))

    assert free(card, today=4, days=4) == [1, -3, -3, 0]


def test_only_what_is_out_is_expected():
    claim = firm({stocked_card(4): 3})

    expect_back(claim=claim, on=day(8), today=TODAY)

    assert Reservation.objects.get(claim=claim).expected_on is None
