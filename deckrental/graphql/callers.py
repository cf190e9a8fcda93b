"""Who sends a request: by token, else by session, else a guest."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from accounts.callers import Caller, NotSignedIn
from accounts.models import User
from accounts.rates import count
from accounts.tokens import find_token
from accounts.visitor_address import address_of

_A_MINUTE = 60
_TOO_OFTEN = "Too many requests. Wait a moment and try again."


class CsrfFailed(Exception):
    """A request that came with a session's cookie and without the sign that a page of ours sent it."""


def caller_of(request: HttpRequest) -> Caller:
    """Raises TooMany, NotSignedIn where a token is worth nothing, and CsrfFailed.

    With a token the session counts for nothing: a browser adds a cookie by itself, and never a token.
    """
    address = address_of(request)
    _count_address(address)
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = find_token(secret.strip(), now=timezone.now())
        if token is None:
            raise NotSignedIn(
                "This token has expired, was revoked or never was one. generateCustomerToken gives a new one."
            )
        caller = Caller(user=token.user, token=token, address=address)
    elif settings.SESSION_COOKIE_NAME in request.COOKIES:
        _check_csrf(request)
        caller = Caller(user=request.user if isinstance(request.user, User) else None, address=address)
    else:
        return Caller(address=address)
    _count_customer(caller)
    return caller


def count_fields(caller: Caller, fields: int) -> None:
    """Each field at the top of a query beyond the first counts like a request of its own. Raises TooMany."""
    _count_address(caller.address, times=fields - 1)
    _count_customer(caller, times=fields - 1)


def _count_address(address: str, *, times: int = 1) -> None:
    most = settings.API_REQUESTS_PER_ADDRESS
    count("api-address", address, most=most, seconds=_A_MINUTE, message=_TOO_OFTEN, times=times)


def _count_customer(caller: Caller, *, times: int = 1) -> None:
    if caller.user is not None:
        who, most = str(caller.user.pk), settings.API_REQUESTS_PER_CUSTOMER
        count("api-customer", who, most=most, seconds=_A_MINUTE, message=_TOO_OFTEN, times=times)


def _check_csrf(request: HttpRequest) -> None:
    check = CsrfViewMiddleware(lambda request: HttpResponse())
    check.process_request(request)
    if check.process_view(request, _no_view, (), {}) is not None:
        raise CsrfFailed(
            "This request came with a session's cookie and without its CSRF token. Send the value of the cookie "
            f"“{settings.CSRF_COOKIE_NAME}” in the header “X-CSRFToken”, or use a customer token and no cookies."
        )


def _no_view() -> HttpResponse:
    """What the check is told that the request is for: a view that is not exempt from it."""
    return HttpResponse()
