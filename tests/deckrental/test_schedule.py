"""The schedule that a new database starts with, and that staff may change."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from celery_app import BEAT_DEFAULTS
from celery_app import app as celery_app
from deckrental.schedule import install_schedule

pytestmark = pytest.mark.django_db

PROMOTE = "Promote pending orders"


def migrate_again() -> None:
    call_command("migrate", verbosity=0, interactive=False)


def installed() -> dict[str, str]:
    return dict(PeriodicTask.objects.exclude(name__startswith="celery.").values_list("name", "task"))


def test_a_migrated_database_has_every_task_switched_on():
    assert installed() == {name: entry["task"] for name, entry in BEAT_DEFAULTS.items()}
    assert all(PeriodicTask.objects.values_list("enabled", flat=True))


def test_every_task_that_is_named_exists():
    celery_app.loader.import_default_modules()

    assert {entry["task"] for entry in BEAT_DEFAULTS.values()} <= set(celery_app.tasks)


def test_every_task_that_is_named_can_be_run():
    for entry in BEAT_DEFAULTS.values():
        celery_app.tasks[entry["task"]].delay()


def test_pending_orders_are_promoted_three_times_a_day_by_the_shops_clock(settings):
    crontab = PeriodicTask.objects.get(name=PROMOTE).crontab

    assert (crontab.minute, crontab.hour) == ("0", "6,12,18")
    assert (crontab.day_of_week, crontab.day_of_month, crontab.month_of_year) == ("*", "*", "*")
    assert str(crontab.timezone) == settings.TIME_ZONE


@pytest.mark.parametrize("name", BEAT_DEFAULTS)
def test_the_stored_times_are_those_of_the_defaults(name):
    assert PeriodicTask.objects.get(name=name).schedule == BEAT_DEFAULTS[name]["schedule"]


def test_an_unanswered_shortfall_lapses_well_within_the_hour():
    schedule = PeriodicTask.objects.get(name="Return unanswered shortfalls to the cart").schedule

    assert len(schedule.minute) >= 6


def test_migrating_again_makes_nothing_twice():
    before = PeriodicTask.objects.count(), CrontabSchedule.objects.count()

    migrate_again()
    install_schedule()

    assert (PeriodicTask.objects.count(), CrontabSchedule.objects.count()) == before


def test_what_staff_have_switched_off_stays_off():
    PeriodicTask.objects.filter(name=PROMOTE).update(enabled=False)

    migrate_again()

    assert not PeriodicTask.objects.get(name=PROMOTE).enabled


def test_what_staff_have_moved_stays_where_they_put_it():
    task = PeriodicTask.objects.get(name=PROMOTE)
    task.crontab, task.interval = None, IntervalSchedule.objects.create(every=2, period="hours")
    task.save()

    migrate_again()

    task.refresh_from_db()
    assert task.crontab is None
    assert task.schedule.run_every == timedelta(hours=2)


def test_what_is_missing_is_put_back():
    PeriodicTask.objects.filter(name=PROMOTE).delete()

    migrate_again()

    assert PROMOTE in installed()


def test_tasks_that_staff_have_added_stay():
    crontab = CrontabSchedule.objects.create(minute="30", hour="9")
    PeriodicTask.objects.create(name="Half past nine", task="orders.tasks.promote_pending", crontab=crontab)

    migrate_again()

    assert "Half past nine" in installed()


def test_a_database_that_is_migrated_in_part_only_is_no_reason_to_fail():
    call_command("migrate", "django_celery_beat", "zero", verbosity=0)  # rolled back with the test

    install_schedule()
