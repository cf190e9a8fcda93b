"""How the deck builder answers: a page, or only what has changed of it where htmx asks; a redirect without it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from inventory.htmx import htmx
from orders import cart as carts
from orders.cart_page import cart_page
from orders.forms import DaysForm, QuickAddForm
from orders.models import Removal
from orders.owners import owner_of
from orders.removals import removal_on_offer
from orders.views.kept_aside import MOST_FORMS, kept_aside

GONE = (
    "This is not in your cart any more, so nothing was changed: the cart was changed or submitted in another tab or "
    "on another device. Here it is as it is now."
)
_UNDO = "undo-"


def asks_for_part(request: HttpRequest) -> bool:
    """Whether htmx asks, which puts a part of the page into the one that is there."""
    return bool(htmx(request))


def in_own_cart(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view is given the visitor's cart. What is not in it (any more) is not found, and a page says what is.

    The page on which it stood may have been open while another tab or device changed or submitted the cart. Of what
    never was, and of what is somebody else's, the answer is the same.
    """

    @wraps(view)
    def guarded(request: HttpRequest, **parts: Any) -> HttpResponse:
        cart = carts.cart_of(owner_of(request))
        try:
            if cart is None:
                raise Http404
            return view(request, cart=cart, **parts)
        except Http404:
            if asks_for_part(request):
                raise  # static/js/builder.js says it and reads the cart again
            messages.error(request, GONE)
            return show_cart(request, QuickAddForm(), status=404)

    return guarded


def show_cart(
    request: HttpRequest, form: QuickAddForm, *, status: int = 200, days: DaysForm | None = None
) -> HttpResponse:
    """The whole page. `form`, `days`: as they were typed, where something is wrong with them."""
    return render(request, "orders/cart.html", _context(request, days) | {"quick_add": form}, status=status)


def answer(
    request: HttpRequest, *, status: int = 200, focus: str = "", days: DaysForm | None = None
) -> HttpResponse:
    """After a change, or (with another status) where nothing was changed and a message says why.

    `focus`: the id of what the change leads to, for who had the focus on what is gone. `days`: with what is wrong.
    """
    if not asks_for_part(request):
        return redirect("orders:cart")
    context = _context(request, days) | {"focus": focus, "swapped": True}
    return render(request, "orders/_cart_answer.html", context, status=status)


def say(request: HttpRequest, text: str) -> None:
    """A success that a builder shows by itself: read aloud there, and written where the page is loaded anew."""
    messages.success(request, text, extra_tags="seen")


def say_undoable(request: HttpRequest, text: str, removal: Removal) -> None:
    """The message bears the button that undoes it; see templates/_components/message.html."""
    messages.success(request, text, extra_tags=f"{_UNDO}{removal.pk}")


def _context(request: HttpRequest, days: DaysForm | None = None) -> dict[str, Any]:
    cart, today = carts.cart_of(owner_of(request)), timezone.localdate()
    shown = cart_page(cart=cart, today=today) if cart else None
    page = shown.explained.page if shown else None
    kept = kept_aside(request)
    notes = list(messages.get_messages(request))
    undoes = any(_UNDO in note.tags for note in notes)
    return {
        "cart": shown,
        "page": page,
        "explained": shown.explained if shown else None,
        "notes": notes,
        # A message about what was removed is gone with the next press; what can be put back is still offered.
        "removal": removal_on_offer(cart, now=timezone.now()) if cart and not undoes else None,
        "days_form": days or (DaysForm.of(cart, today=today) if cart else None),
        "kept_aside": kept[:MOST_FORMS],
        "kept_more": kept[MOST_FORMS:],
        "cart_copies": page.copies if page else 0,
        "cart_number": cart.number if cart else "",
    }
