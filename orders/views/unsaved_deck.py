"""What was written into the form of a deck by somebody who was signed out meanwhile.

It waits in the session, which signing in keeps, until they send the form again or begin anew.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypedDict

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from orders.forms import MAX_LIST_CHARACTERS

_UNSAVED = "unsaved_deck"
MOST_KEPT = MAX_LIST_CHARACTERS + 5_000  # characters: a list, and what is said of it


class UnsavedDeck(TypedDict):
    """`page`: the address of the form."""

    page: str
    typed: dict[str, str]


def sign_in_and_go_on(
    fields: Iterable[str],
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """login_required for the page of a long form: who signs in finds there what they had typed into these fields."""

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, **parts: Any) -> HttpResponse:
            if request.user.is_authenticated:
                return view(request, **parts)
            if request.method != "POST":
                return redirect_to_login(request.get_full_path())
            _keep(request, {name: request.POST.get(name, "") for name in fields})
            return redirect_to_login(request.path)

        return guarded

    return guard


def _keep(request: HttpRequest, typed: dict[str, str]) -> None:
    if sum(map(len, typed.values())) > MOST_KEPT:
        messages.warning(
            request,
            "You are signed out, and nothing was saved. Go back in your browser to copy what you wrote.",
        )
        return
    request.session[_UNSAVED] = UnsavedDeck(page=request.path, typed=typed)
    messages.warning(
        request, "You are signed out, and nothing is saved yet. Sign in: what you wrote is in the form again."
    )


def unsaved_deck(request: HttpRequest) -> dict[str, str] | None:
    """What waits for the form of this page."""
    kept: UnsavedDeck | None = request.session.get(_UNSAVED)
    return kept["typed"] if kept and kept["page"] == request.path else None


def forget_unsaved_deck(request: HttpRequest) -> None:
    if unsaved_deck(request) is not None:
        del request.session[_UNSAVED]
