"""Who may come in, and who acts."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from orders.transitions import staff


def check_staff(request: HttpRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("This page is for the shop's staff.")


def by_today(request: HttpRequest) -> dict[str, Any]:
    """Who acts, and on which day: what every verb of the desk is told."""
    assert isinstance(request.user, User)
    return {"by": staff(request.user), "today": timezone.localdate()}


def sign_in_for(page: str, *of: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """login_required for what only takes forms: who signs in goes to the page that the form stands on.

    `of`: which parts of the form's address the page's has too.
    """

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, **parts: Any) -> HttpResponse:
            if request.user.is_authenticated:
                return view(request, **parts)
            if request.method == "POST":
                messages.warning(
                    request, "You are signed out, and nothing was written down. Sign in and try again."
                )
            return redirect_to_login(reverse(page, kwargs={name: parts[name] for name in of}))

        return guarded

    return guard
