"""Starts: which are named, and those of a deck that is collected at the shop."""

from datetime import date, timedelta

import pytest

from inventory.models import Reservation
from inventory.shop_calendar import ALWAYS_OPEN, ShopCalendar
from inventory.starts import STRIP_DAYS, Start, Starts, collected_starts
from tests.factories import TODAY, stocked_card

MONDAY = TODAY + timedelta(days=7 - TODAY.weekday())


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def starts_of(*short: int, wished: int) -> Starts:
    return Starts(day(wished), tuple(Start(day(offset), copies) for offset, copies in enumerate(short)))


def test_the_nearest_free_starts_lie_on_both_sides_of_the_wished_day():
    found = starts_of(0, 0, 3, 1, 0, 0, wished=3)

    assert (found.earliest, found.before, found.after, found.next) == (day(0), day(1), day(4), day(4))


def test_a_wished_day_that_is_free_is_the_next_one():
    found = starts_of(0, 0, 0, wished=1)

    assert (found.before, found.next, found.after) == (day(0), day(1), day(2))


def test_where_no_start_is_free_none_is_named():
    found = starts_of(1, 1, wished=0)

    assert (found.earliest, found.before, found.after, found.next) == (None, None, None, None)


def test_only_a_free_start_of_the_answer_is_free():
    found = starts_of(0, 2, wished=0)

    assert [found.is_free(day(offset)) for offset in (-1, 0, 1, 2)] == [False, True, False, False]


def test_the_strip_is_the_next_sixty():
    assert len(starts_of(*[0] * 90, wished=0).strip) == STRIP_DAYS


@pytest.mark.parametrize(("short", "has_free"), [([1] * 59 + [0], True), ([1] * 60 + [0], False)])
def test_whether_one_of_the_strip_is_free(short, has_free):
    assert starts_of(*short, wished=0).strip_has_free == has_free


@pytest.mark.django_db
def test_a_deck_is_short_on_every_start_whose_three_days_meet_a_missing_one(django_assert_num_queries):
    card = stocked_card(4)
    Reservation.objects.create(card=card, quantity=3, out_on=day(5), back_on=day(6), state="firm")

    with django_assert_num_queries(1):
        found = collected_starts({card.pk: 2}, today=TODAY, calendar=ALWAYS_OPEN)

    assert [start.first_day for start in found.strip] == [day(offset) for offset in range(STRIP_DAYS)]
    assert [start.first_day for start in found.strip if not start.free] == [day(3), day(4), day(5)]


@pytest.mark.django_db
def test_nobody_collects_a_deck_on_a_closed_day():
    card = stocked_card(4)

    found = collected_starts(
        {card.pk: 4}, today=MONDAY - timedelta(days=1), calendar=ShopCalendar(frozenset({6}))
    )

    assert found.earliest == MONDAY


@pytest.mark.django_db
def test_a_deck_that_comes_back_on_a_closed_day_is_away_on_the_next_open_one():
    card = stocked_card(1)
    Reservation.objects.create(
        card=card, quantity=1, out_on=MONDAY, back_on=MONDAY + timedelta(days=1), state="firm"
    )
    friday, closed_on_sundays = MONDAY - timedelta(days=3), ShopCalendar(frozenset({6}))

    on_friday = [
        collected_starts({card.pk: 1}, today=friday, calendar=calendar).strip[0].short
        for calendar in (ALWAYS_OPEN, closed_on_sundays)
    ]

    assert on_friday == [0, 1]


@pytest.mark.django_db
def test_where_decks_may_leave_on_the_day_they_come_back_one_more_start_is_free(settings):
    card = stocked_card(1)
    Reservation.objects.create(card=card, quantity=1, out_on=day(5), back_on=day(6), state="firm")

    settings.SAME_DAY_TURNAROUND = True
    found = collected_starts({card.pk: 1}, today=TODAY, calendar=ALWAYS_OPEN)

    assert [start.first_day for start in found.strip if not start.free] == [day(4), day(5)]
