"""Where somebody is signed in: known by django-allauth's user sessions, seen at most once in some minutes."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User

_SEEN = "seen_at"  # in the session: seconds, when it was last written down that it is in use
_LOOK_EVERY = 15 * 60  # seconds: a page does not cost a write


class LastSeenMiddleware:
    """Notes now and then that a signed-in session is in use, and from where."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.session.accessed:  # what is the same for everybody does not ask who it is: it may be kept
            self._note(request)
        return response

    def _note(self, request: HttpRequest) -> None:
        seen = request.session.get(_SEEN)
        if seen is not None and time.time() - seen > _LOOK_EVERY and request.user.is_authenticated:
            UserSession.objects.create_from_request(request)
            request.session[_SEEN] = int(time.time())


@receiver(user_logged_in)
def begin(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    """However somebody signed in, by a form, with another account, or by a link."""
    request.session[_SEEN] = int(time.time())
    if getattr(request, "user", None) is not None:  # a test may sign in without a request
        UserSession.objects.create_from_request(request)


def sessions_of(request: HttpRequest) -> list[UserSession]:
    """The customer's that are still good: the current one first, then the one that was in use last."""
    assert isinstance(request.user, User)
    current = request.session.session_key
    if not UserSession.objects.filter(session_key=current, user=request.user).exists():
        UserSession.objects.create_from_request(request)  # it is older than this list
    sessions = UserSession.objects.filter(user=request.user).filter(_still_good(timezone.now()))
    return sorted(sessions, key=lambda each: (each.session_key == current, each.last_seen_at), reverse=True)


def forget_ended_sessions(*, now: datetime) -> int:
    """Where somebody was signed in once is nobody's business when it is over; returns how many rows went."""
    return UserSession.objects.exclude(_still_good(now)).delete()[0]


def _still_good(now: datetime) -> Exists:
    """deckrental/sessions.py keeps sessions in the database."""
    return Exists(Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now))


def sign_out(user: User, *, session: int) -> bool:
    """Ends one session of the user's; False where it is none (any more). The browser is a visitor's from now on."""
    found = UserSession.objects.filter(user=user, pk=session).first()
    if found is None:
        return False
    found.end()
    return True


def sign_out_others(user: User, *, current: str | None) -> int:
    """Ends every session of the user's but the current one; returns how many."""
    others = UserSession.objects.filter(user=user).exclude(session_key=current)
    ended = [other.end() for other in others]
    return len(ended)


@receiver([password_changed, password_set, password_reset])
def end_others(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Whoever was in by the old password, or before there was one, is out. The rows go, not only their right."""
    sign_out_others(user, current=request.session.session_key if request.user == user else None)


def seen_now(session: UserSession) -> bool:
    return (timezone.now() - session.last_seen_at).total_seconds() < _LOOK_EVERY


def browser_of(session: UserSession) -> str:
    """In a few words, as far as the browser says: "Firefox on Windows"."""
    agent = session.user_agent
    browsers = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
    systems = {
        "iPhone": "iPhone",
        "iPad": "iPad",
        "Android": "Android",
        "Windows": "Windows",
        "Macintosh": "Mac",
        "Linux": "Linux",
    }
    browser = next((name for sign, name in browsers.items() if sign in agent), "")
    system = next((name for sign, name in systems.items() if sign in agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "A browser that does not say its name"
