"""The guest behind a session: found by the id that the session remembers, made on demand.

A guest lives as long as its session. Finding one notes that it was seen, at most once a day, and at that moment the
session begins its time anew: so both end together, and of `gone_guests` none has a session any more.
"""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Guest

SESSION_KEY = "guest_id"
SEEN_ANEW_AFTER = timedelta(days=1)


def guest_of(session: SessionBase) -> Guest | None:
    """The session's guest, or None where it has none (yet, or any more)."""
    try:
        guest_id = uuid.UUID(session.get(SESSION_KEY, ""))
    except ValueError:
        return None
    guest = Guest.objects.filter(pk=guest_id).first()
    if guest is None:
        return None
    seen_before = guest.seen_at
    if not touch(guest, now=timezone.now()):
        return None  # purged at this very moment
    if guest.seen_at != seen_before:
        session.modified = True  # saved, and the cookie sent again
    return guest


def make_guest_of(session: SessionBase) -> Guest:
    """The session's guest, made now where there is none."""
    guest = guest_of(session)
    if guest is None:
        guest = Guest.objects.create()
        session[SESSION_KEY] = str(guest.pk)
    return guest


def forget_guest(session: SessionBase) -> None:
    """After sign-in the session has a user; its guest is no longer asked for."""
    session.pop(SESSION_KEY, None)


def touch(guest: Guest, *, now: datetime) -> bool:
    """Notes that the guest is here, at most once a day. False where it has been purged.

    For whoever finds a guest by other means than its session (a program by the cart's id), this is what keeps it.
    """
    if now - guest.seen_at < SEEN_ANEW_AFTER:
        return True
    # A purge at this moment holds the row: either it sees the new time, or we see that the guest is gone.
    seen = Guest.objects.filter(pk=guest.pk).update(seen_at=now)
    guest.seen_at = now
    return bool(seen)


def gone_guests(*, now: datetime) -> QuerySet[Guest]:
    """Guests whose session has ended, and whom nobody has touched for as long."""
    lives = timedelta(seconds=settings.SESSION_COOKIE_AGE) + SEEN_ANEW_AFTER  # it was seen up to a day later
    return Guest.objects.filter(seen_at__lt=now - lives)
