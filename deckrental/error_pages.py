"""The page for requests that make no sense, and for one that did: its session ended while it was answered."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotFound
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views import defaults
from django_htmx.http import HttpResponseClientRedirect

SIGNED_IN_OR_OUT = (
    "You signed in or out in another tab at this very moment."
    " Look at your cart: what you added may be there already."
)


class FormsInUTF8:
    """Refuses a form in any other charset before somebody looks at it.

    Django refuses it, too, but whenever it is looked at, and every page of an error looks for the form's token: no
    answer would come of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = (request.encoding or "utf-8").lower()
        if request.content_type == "application/x-www-form-urlencoded" and charset != "utf-8":
            return HttpResponseBadRequest(render_to_string("400.html"))
        return self.get_response(request)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Not Django's, which looks for a token in the form before it says that nobody takes one here.

    A form that cannot be read would make it fall.
    """
    return HttpResponseNotFound(render_to_string("404.html", {"request_path": request.path}, request))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Signing in or out ends the session. Another request may have done its work by then: only its session is lost.

    htmx, which shows no page of an error, is sent to the cart, where the same is said.
    """
    if not isinstance(exception, SessionInterrupted):
        return defaults.bad_request(request, exception)
    if "HX-Request" not in request.headers:
        return render(request, "session_ended.html", {"says": SIGNED_IN_OR_OUT}, status=400)
    answer = HttpResponseClientRedirect(reverse("orders:cart"))
    notes = CookieStorage(request)  # the session in which others are kept is gone
    notes.add(messages.WARNING, SIGNED_IN_OR_OUT)
    notes.update(answer)
    return answer
