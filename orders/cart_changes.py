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
    change: Callable[..., object],
    *,
    cart_id: str,
    user: User | None,
    today: date,
    whatever_it_costs: bool = False,
) -> CartContents:
    """The cart as `change(cart=...)` left it, which locks it.

    Raises CartNotFound, whatever the change raises, and, unless `whatever_it_costs`, TotalTooLarge.
    """
    cart = find_cart(cart_id=cart_id, user=user)
    change(cart=cart)
    contents = _as_left(cart, today)
    if not whatever_it_costs:
        contents.total_cents()
    return contents


@transaction.atomic
def contents_after_merge(
    *, source_cart_id: str, destination_cart_id: str, user: User, today: date
) -> CartContents:
    """The customer's cart with a guest's in it; see `merge_guest_cart`. Raises TotalTooLarge besides."""
    cart = merge_guest_cart(source_cart_id=source_cart_id, destination_cart_id=destination_cart_id, user=user)
    contents = _as_left(cart, today)
    contents.total_cents()
    return contents


def _as_left(cart: Order, today: date) -> CartContents:
    left = Order.objects.select_related("shipping_method").filter(pk=cart.pk).first()
    if left is None:
        raise CartNotFound
    contents = CartContents(left, today)
    contents.read()
    return contents
