"""The guest behind a session: found by the id that the session remembers, made on demand."""

import uuid

from django.contrib.sessions.backends.base import SessionBase

from accounts.models import Guest

SESSION_KEY = "guest_id"


def guest_of(session: SessionBase) -> Guest | None:
    """The session's guest, or None where it has none (yet, or any more)."""
    try:
        guest_id = uuid.UUID(session.get(SESSION_KEY, ""))
    except ValueError:
        return None
    return Guest.objects.filter(pk=guest_id).first()


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
