"""What programs do to a cart, with the answer they are given: change and answer are one transaction.

The lines of the answer are read before the cart's lock is let go. Whatever another device does right afterwards, the
caller hears what became of their own change: read later, a cart that was submitted at that moment would answer "not
found" to copies that are in the paid order, and a program that adds them again would rent them twice.
"""

from collections.abc import Callable
from datetime import date

from django.db import transaction

from accounts.models import User
from orders.cart_contents import CartContents
from orders.cart_ids import CartNotFound, find_cart, merge_guest_cart
from orders.models import Order


@transaction.atomic
def contents_after(
    change: Callable[..., object], *, cart_id: str, user: User | None, today: date
) -> CartContents:
    """The cart as `change(cart=...)` left it, which locks it. Raises CartNotFound and whatever the change raises."""
    cart = find_cart(cart_id=cart_id, user=user)
    change(cart=cart)
    return _as_left(cart, today)


@transaction.atomic
def contents_after_merge(
    *, source_cart_id: str, destination_cart_id: str, user: User, today: date
) -> CartContents:
    """The customer's cart with a guest's in it; see `merge_guest_cart`."""
    cart = merge_guest_cart(source_cart_id=source_cart_id, destination_cart_id=destination_cart_id, user=user)
    return _as_left(cart, today)


def _as_left(cart: Order, today: date) -> CartContents:
    left = Order.objects.select_related("shipping_method").filter(pk=cart.pk).first()
    if left is None:
        raise CartNotFound
    contents = CartContents(left, today)
    contents.read()
    return contents
