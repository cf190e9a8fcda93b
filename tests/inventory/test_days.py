"""Days in words, as short as can be."""

from datetime import date

import pytest

from inventory.templatetags.days import days_from, to_day


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 12, 12), date(2026, 12, 12), "12 December"),
        (date(2026, 12, 12), date(2026, 12, 14), "12–14 December"),
        (date(2026, 11, 30), date(2026, 12, 2), "30 November – 2 December"),
        (date(2026, 12, 30), date(2027, 1, 2), "30 December 2026 – 2 January 2027"),
    ],
)
def test_days_from_the_first_to_the_last(first, last, words):
    assert to_day(first, last) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (12, "the same day"),
        (13, "1 day later"),
        (14, "2 days later"),
        (11, "1 day earlier"),
        (1, "11 days earlier"),
    ],
)
def test_how_far_a_day_lies_from_another(day, words):
    assert days_from(date(2026, 12, day), date(2026, 12, 12)) == words
