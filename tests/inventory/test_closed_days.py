"""The shop's own closed days, and the calendar that is made of them and the settings."""

import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError

from inventory.closed_days import shop_calendar
from inventory.models import ClosedDay
from inventory.shop_calendar import ALWAYS_OPEN

pytestmark = pytest.mark.django_db

TUESDAY = date(2026, 12, 1)
PROJECT = Path(__file__).parents[2]


def test_tests_count_every_day_so_that_it_does_not_matter_on_which_they_run():
    assert shop_calendar() == ALWAYS_OPEN


def test_the_calendar_has_the_weekdays_and_holidays_of_the_settings(settings):
    settings.CLOSED_WEEKDAYS, settings.HOLIDAYS = frozenset({6}), "DE"

    closed = shop_calendar().closed_between(date(2026, 12, 23), date(2026, 12, 31))

    assert closed == [date(2026, 12, 25), date(2026, 12, 26), date(2026, 12, 27)]


def test_the_calendar_has_the_shops_own_days_with_both_ends():
    ClosedDay.objects.create(first_day=TUESDAY, last_day=TUESDAY + timedelta(days=2), reason="Stocktaking")
    ClosedDay.objects.create(first_day=TUESDAY + timedelta(days=9), last_day=TUESDAY + timedelta(days=9))

    closed = shop_calendar().closed_between(TUESDAY - timedelta(days=5), TUESDAY + timedelta(days=15))

    assert closed == [TUESDAY + timedelta(days=offset) for offset in (0, 1, 2, 9)]


def test_the_calendar_is_one_query(django_assert_num_queries):
    for offset in range(20):
        day = TUESDAY + timedelta(days=offset)
        ClosedDay.objects.create(first_day=day, last_day=day, reason="Holidays")

    with django_assert_num_queries(1):
        assert shop_calendar().on_or_after(TUESDAY) == TUESDAY + timedelta(days=20)


@pytest.mark.parametrize(
    ("length", "constraint"), [(-1, "closed_day_first_and_last_in_order"), (366, "closed_day_within_a_year")]
)
def test_the_database_refuses_days_out_of_order_and_more_than_a_year(length, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        ClosedDay.objects.create(first_day=TUESDAY, last_day=TUESDAY + timedelta(days=length))


# --- settings -----------------------------------------------------------------------------------------------


def settings_with(**environment: str) -> "subprocess.CompletedProcess[str]":
    """A process that reads the settings of a deployed site."""
    deployed = {"DATABASE_URL": "postgres://none@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("TESTING", "CLOSED_WEEKDAYS", "HOLIDAYS") and not name.startswith("STRIPE_")
    }
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from deckrental import settings as s; print(sorted(s.CLOSED_WEEKDAYS), s.HOLIDAYS)",
        ],
        cwd=PROJECT,
        env={**inherited, **deployed, "SECRET_KEY": "x" * 50, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("environment", "read"),
    [
        ({}, "[5, 6]"),
        ({"CLOSED_WEEKDAYS": "", "HOLIDAYS": "DE-BE"}, "[] DE-BE"),
        ({"TESTING": "true"}, "[]"),
    ],
)
def test_the_settings_are_read_from_the_environment(environment, read):
    assert settings_with(**environment).stdout.strip() == read


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"CLOSED_WEEKDAYS": "sat,sonntag"}, "CLOSED_WEEKDAYS: “sonntag” is no weekday"),
        ({"CLOSED_WEEKDAYS": "mon,tue,wed,thu,fri,sat,sun"}, "CLOSED_WEEKDAYS: The shop cannot be closed"),
        ({"HOLIDAYS": "Germany"}, "HOLIDAYS: No holidays are known of “Germany”"),
    ],
)
def test_a_setting_that_is_wrong_is_told_at_the_start(environment, words):
    process = settings_with(**environment)

    assert process.returncode != 0
    assert "ImproperlyConfigured" in process.stderr
    assert words in process.stderr
