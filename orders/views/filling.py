"""Putting something into the visitor's cart, whatever happens to that cart at the same moment."""

from collections.abc import Callable
from typing import TypeVar, cast

from django.contrib import messages
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from orders import cart as carts
from orders.cart import CartMoved
from orders.models import Order
from orders.owners import make_owner_of

Added = TypeVar("Added")
_MOST_CARTS = 3  # that move away under us, one after the other


def put_in(request: HttpRequest, add: Callable[[Order], Added]) -> Added:
    """What `add` answers for the visitor's cart, which is made (with its guest) once something really goes into it.

    Where that cart is submitted at this very moment, or merged by signing in, what is added goes into the one that
    they have now, and a message says so. Raises CartError as `add` does.
    """
    moved: CartMoved | None = None
    for _ in range(_MOST_CARTS):
        try:
            added = add(_cart_on_demand(request))
        except CartMoved as error:
            moved = error
        else:
            if moved:
                messages.warning(request, moved.instead)
            return added
    assert moved is not None
    raise moved


def _cart_on_demand(request: HttpRequest) -> Order:
    return cast("Order", SimpleLazyObject(lambda: carts.make_cart_of(make_owner_of(request))))
