"""Putting something into the visitor's cart, whatever happens to that cart at the same moment, or has happened to it.

Forms of pages that show the cart say which one it was (`cart`: its number). Where that is not their cart any more, the
visitor is told: another device may have submitted it since, and what is added now is not in that order.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from django.contrib import messages
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from orders import cart as carts
from orders.cart import CartError, CartMoved, went_to_a_new_cart
from orders.models import Order
from orders.owners import make_owner_of, owner_of
from orders.states import Status

Added = TypeVar("Added")
_MOST_CARTS = 3  # that move away under us, one after the other


def put_in(request: HttpRequest, add: Callable[[Order], Added]) -> Added:
    """What `add` answers for the visitor's cart, which is made (with its guest) once something really goes into it.

    Where that cart is submitted at this very moment, or merged by signing in, what is added goes into the one that
    they have now, and a message says so; and so it does where the page showed another cart. Raises CartError as
    `add` does.
    """
    moved: CartMoved | None = None
    for _ in range(_MOST_CARTS):
        made: list[Order] = []
        try:
            added = add(_cart_on_demand(request, made))
        except CartMoved as error:
            moved = error
        except CartError:
            _tell_of_another_cart(request, None)
            raise
        else:
            if moved:
                messages.warning(request, moved.instead)
            else:
                _tell_of_another_cart(request, made[0] if made else None)
            return added
    assert moved is not None
    raise moved


def _cart_on_demand(request: HttpRequest, made: list[Order]) -> Order:
    """`made` holds it as soon as there is one."""

    def make() -> Order:
        made.append(carts.make_cart_of(make_owner_of(request)))
        return made[0]

    return cast("Order", SimpleLazyObject(make))


def _tell_of_another_cart(request: HttpRequest, filled: Order | None) -> None:
    """Says where the cart went that the page showed. `filled`: the one that something was added to, if any was."""
    shown = request.POST.get("cart", "")
    if not (shown.isascii() and shown.isalnum()):  # the page showed none
        return
    if filled is not None and filled.number == shown:
        return
    owner = owner_of(request)
    if owner is not None and owner.orders().filter(status=Status.CART, number=shown).exists():
        return
    # Of another visitor's order, the answer is the one for an order that never was.
    order = owner.orders().exclude(status=Status.CART).filter(number=shown).first() if owner else None
    if order is not None:
        messages.warning(request, went_to_a_new_cart(order, added=filled is not None))
    elif filled is not None:
        messages.warning(
            request,
            "The cart that this page showed is not yours any more, as after signing in or out in another tab. What "
            "you have just added is in the cart that you have now.",
        )
