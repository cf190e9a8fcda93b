"""At sign-in, what the guest has goes to the customer; and so does what they ordered elsewhere as a guest.

The latter only with the address confirmed: docs/accounts.md, "A guest's orders". They are told what came along.
"""

from dataclasses import dataclass, replace
from typing import Any

import structlog
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.formats import date_format

from accounts.email_addresses import confirmed_addresses
from accounts.guests import forget_guest, guest_of
from accounts.models import Guest, User
from inventory.decklist import MAX_QUANTITY
from inventory.periods import RentalPeriod
from inventory.some_of import some_of
from orders.cart import CartError, cart_of, make_cart_of
from orders.merging import Poured, merge_carts
from orders.models import Order
from orders.owners import Owner
from orders.states import Status
from orders.transitions import lock_orders

log = structlog.get_logger(__name__)

_MOST_ROUNDS = 10  # of a webhook or another tab changing the cart that is being merged


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What a customer brought along: `cart`, the days that came with it, and the numbers of orders."""

    cart: Poured | None = None
    days: RentalPeriod | None = None
    orders: tuple[str, ...] = ()


@receiver(user_logged_in)
def take_over_from_guest(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    guest, taken = guest_of(request.session), TakenOver()
    if guest is not None:
        taken = give_to_user(guest=guest, user=user)
        forget_guest(request.session)
    joined = join_guest_orders(user=user)
    _tell(request, replace(taken, orders=(*taken.orders, *joined)))


@receiver(email_confirmed)
def take_over_what_was_ordered_with(
    sender: Any, request: HttpRequest | None, email_address: EmailAddress, **kwargs: Any
) -> None:
    joined = join_guest_orders(user=email_address.user)
    if request is not None:
        _tell(request, TakenOver(orders=joined))


def _tell(request: HttpRequest, taken: TakenOver) -> None:
    for level, text in told(taken):
        messages.add_message(request, level, text, fail_silently=True)  # a sign-in by a script shows none


@transaction.atomic
def join_guest_orders(*, user: User) -> tuple[str, ...]:
    """Orders that were placed as a guest, in any browser, with an address that the user has confirmed become theirs.

    Returns their numbers; safe to repeat. Carts stay with their browsers, and so does an order that waits there for
    an answer: it comes when it is placed.
    """
    confirmed = confirmed_addresses(user)
    if not confirmed:
        return ()
    theirs = Order.objects.placed_with(confirmed).filter(guest__isnull=False)
    # Locked in primary-key order, as promotion does; one that somebody else took meanwhile is not among them.
    orders = lock_orders(theirs)
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(user=user, guest=None)
    return tuple(order.number for order in orders)


def told(taken: TakenOver) -> list[tuple[int, str]]:
    """What the customer is told of it, by level of message."""
    said: list[tuple[int, str]] = []
    cart = taken.cart
    if cart is not None and cart.copies:
        cards = (
            "1 card from before you signed in is"
            if cart.copies == 1
            else f"{cart.copies} cards from before you signed in are"
        )
        days = f", with the days you chose then: {_days(taken.days)}" if taken.days else ""
        said.append((messages.INFO, f"{cards} in your cart{days}."))
    elif taken.days:
        said.append(
            (messages.INFO, f"Your cart has the days you chose before you signed in: {_days(taken.days)}.")
        )
    if cart is not None and cart.left_over:
        named = some_of(f"{copies} {name}" for name, copies in cart.left_over.items())
        said.append(
            (
                messages.WARNING,
                f"A line has at most {MAX_QUANTITY} copies. Of what you brought along this did not fit: {named}.",
            )
        )
    if taken.orders:
        which = (
            f"Order {taken.orders[0]} is" if len(taken.orders) == 1 else f"Orders {some_of(taken.orders)} are"
        )
        said.append((messages.INFO, f"{which} among the orders of your account now."))
    return said


def _days(period: RentalPeriod | None) -> str:
    assert period is not None
    return f"{date_format(period.first_day, 'j F Y')} to {date_format(period.last_day, 'j F Y')}"


def give_to_user(*, guest: Guest, user: User) -> TakenOver:
    """Merges the guest's cart into the user's, and hands over the orders that are clearly theirs.

    These are: an order that waits for their answer, and orders placed with the e-mail address they sign in
    with. Others stay with the guest: the next person at a shared computer must not inherit an address.
    An empty cart never replaces a filled one; the guest's cart is gone afterwards.
    """
    for _ in range(_MOST_ROUNDS):
        try:
            return _give_to_user(guest=guest, user=user)
        except (CartError, Order.DoesNotExist):
            continue  # a webhook submitted the cart, or another tab merged it, at this very moment
    log.error("guest_not_taken_over", guest=str(guest.pk), user=user.pk)
    return TakenOver()


@transaction.atomic
def _give_to_user(*, guest: Guest, user: User) -> TakenOver:
    # Whoever makes a cart for the guest at this moment waits, and then makes one for the user: orders/cart.py.
    Guest.objects.select_for_update(no_key=True).filter(pk=guest.pk).first()
    Guest.objects.filter(pk=guest.pk).update(user=user)
    theirs = Q(status=Status.CONFIRMING) | ~Q(status=Status.CART) & Q(email__iexact=user.email)
    # Locked in primary-key order, as promotion does: an update alone locks them in any order.
    orders = lock_orders(Order.objects.filter(theirs, guest=guest))
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(user=user, guest=None)
    numbers = tuple(order.number for order in orders)
    guest_cart = cart_of(Owner(guest=guest))
    if guest_cart is None:
        return TakenOver(orders=numbers)
    poured = merge_carts(source=guest_cart, destination=make_cart_of(Owner(user=user)))
    return TakenOver(cart=poured, days=guest_cart.rental_period if poured.days else None, orders=numbers)
