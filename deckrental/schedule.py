"""Puts the schedule of celery_app.py into the database, where it is not there yet."""

from typing import Any

from django.db import connection

from celery_app import BEAT_DEFAULTS


def install_schedule(**kwargs: Any) -> None:
    """After a migration: what staff have changed or switched off in the admin stays as they left it."""
    from django_celery_beat.models import CrontabSchedule, PeriodicTask

    if PeriodicTask._meta.db_table not in connection.introspection.table_names():
        return  # somebody has migrated backwards
    for name, entry in BEAT_DEFAULTS.items():
        if not PeriodicTask.objects.filter(name=name).exists():
            crontab = CrontabSchedule.from_schedule(entry["schedule"])
            crontab.save()
            PeriodicTask.objects.create(name=name, task=entry["task"], crontab=crontab)
