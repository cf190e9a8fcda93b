"""The tests take place where it is noon: a run that passed midnight would have two todays."""

import os
import time
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

_EAST = 12 - datetime.now(UTC).hour  # hours ahead of UTC
NOON = f"Etc/GMT{-_EAST:+d}"  # their sign says how far UTC is ahead


def move_there() -> None:
    """This process, and those that it starts."""
    settings.TIME_ZONE = settings.CELERY_TIMEZONE = NOON
    os.environ["TIME_ZONE"] = os.environ["TZ"] = NOON
    time.tzset()
    timezone.get_default_timezone.cache_clear()


move_there()
