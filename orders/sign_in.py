"""At sign-in, what the guest has goes to the customer."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.guests import forget_guest, guest_of
from accounts.models import Guest, User
from orders.cart import CartError, cart_of, make_cart_of, merge_carts
from orders.models import Order
from orders.owners import Owner
from orders.states import Status
from orders.transitions import lock_orders


@receiver(user_logged_in)
def take_over_from_guest(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    guest = guest_of(request.session)
    if guest is not None:
        give_to_user(guest=guest, user=user)
        forget_guest(request.session)


def give_to_user(*, guest: Guest, user: User) -> None:
    """Merges the guest's cart into the user's, and hands over the orders that are clearly theirs.

    These are: an order that waits for their answer, and orders placed with the e-mail address they sign in
    with. Others stay with the guest: the next person at a shared computer must not inherit an address.
    An empty cart never replaces a filled one; the guest's cart is gone afterwards.
    """
    for _ in range(3):
        try:
            _give_to_user(guest=guest, user=user)
            return
        except (CartError, Order.DoesNotExist):
            continue  # a webhook submitted the cart, or another tab merged it, at this very moment


@transaction.atomic
def _give_to_user(*, guest: Guest, user: User) -> None:
    theirs = Q(status=Status.CONFIRMING) | ~Q(status=Status.CART) & Q(email__iexact=user.email)
    # Locked in primary-key order, as promotion does: an update alone locks them in any order.
    orders = lock_orders(Order.objects.filter(theirs, guest=guest))
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(user=user, guest=None)
    guest_cart = cart_of(Owner(guest=guest))
    if guest_cart is not None:
        merge_carts(source=guest_cart, destination=make_cart_of(Owner(user=user)))
