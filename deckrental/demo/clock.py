"""Django's clock set back, so that the past days of the demo's orders can be gone through one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo

from django.utils import timezone


class _SetBack:
    """Stands in for `datetime` in `django.utils.timezone`: there, `now` is asked of it, and `isinstance`."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def now(self, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) - self.by

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, datetime)


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Meanwhile it is that moment for everything in this process that asks Django, the defaults of models included.

    Fields hold on to `timezone.now` itself, so it is what that function reads that is exchanged. For a process of
    its own: whatever runs in other threads is taken along.
    """
    names = vars(timezone)
    as_it_was = names["datetime"]
    names["datetime"] = _SetBack(datetime.now(UTC) - moment)
    try:
        yield
    finally:
        names["datetime"] = as_it_was
