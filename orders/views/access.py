"""Who may come in, whose order it is, and who acts."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from orders.models import Order
from orders.owners import owner_of, owner_of_order
from orders.transitions import Actor, customer, staff

_LINKED = "linked_orders"  # in the session: numbers of orders that a link has shown


def remember_linked(request: HttpRequest, number: str) -> None:
    """A link has shown this visitor the order: from now on `own_order` does."""
    request.session[_LINKED] = sorted({*request.session.get(_LINKED, []), number})


def own_order(request: HttpRequest, number: str) -> Order:
    """The visitor's own order, or one that a link has shown them; 404 for everybody else's."""
    orders = Order.objects.select_related("user", "shipping_method")
    if number in request.session.get(_LINKED, []):
        return get_object_or_404(orders.filter(forgotten_at=None), number=number)
    owner = owner_of(request)
    if owner is None:
        raise Http404
    return get_object_or_404(orders.filter(**owner.as_fields), number=number)


def has_only_the_link(request: HttpRequest, order: Order) -> bool:
    """Whether `own_order` shows the order for its link alone: an e-mail is passed on more easily than a parcel."""
    owner = owner_of(request)
    return owner is None or owner != owner_of_order(order)


def acting_customer(request: HttpRequest) -> Actor:
    """Who changes an order that `own_order` shows: a customer, and which of them where they are signed in."""
    return customer(request.user if request.user.is_authenticated else None)


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
