"""Carts as programs know them: by an id that cannot be guessed.

Whoever knows the id of a guest's cart may use it; a customer's cart is there for that customer alone. For anybody
else it does not exist, nor does a cart that was submitted or has gone into another.
"""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.guests import touch
from accounts.models import Guest, User
from orders.cart import MAX_LINES, NoRoom, TooManyLines, key_of, make_cart_of
from orders.merging import Poured, merge_carts
from orders.models import MergedCart, Order
from orders.models.order import OrderQuerySet
from orders.owners import Owner
from orders.states import Status


class CartNotFound(LookupError):
    """No cart with this id, or not for this caller: which of them, is not said."""

    def __init__(self) -> None:
        super().__init__("Could not find a cart with ID")


class NotMergeable(ValueError):
    """These two carts, in this order, are not merged; `field` is the argument that has to change."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


def find_cart(*, cart_id: str, user: User | None) -> Order:
    """Raises CartNotFound. `user`: who asks; None for a guest. A guest's cart that is found is not purged soon."""
    cart = _usable(user).filter(cart_id=cart_id).first() if "\x00" not in cart_id else None
    if cart is None or (cart.guest and not touch(cart.guest, now=timezone.now())):
        raise CartNotFound
    return cart


def customer_cart(*, user: User) -> Order:
    """The customer's cart, made now where there is none."""
    return make_cart_of(Owner(user=user))


def create_empty_cart(*, user: User | None) -> Order:
    """For a guest a new cart of a new guest. A customer has one cart: it is that, whatever is in it."""
    if user is not None:
        return customer_cart(user=user)
    with transaction.atomic():
        return make_cart_of(Owner(guest=Guest.objects.create()))


@transaction.atomic
def merge_guest_cart(*, source_cart_id: str, destination_cart_id: str, user: User) -> Order:
    """Moves everything of a guest's cart into the customer's own, in one transaction; the guest's is gone.

    Returns the customer's. Asked again after it was done, it answers the same and changes nothing; after a checkout,
    the cart that they have by then. Raises CartNotFound and NotMergeable; and NoRoom or TooManyLines: a program can
    lower what is too much, and nobody would read here what a page tells at sign-in.
    """
    try:
        destination = find_cart(cart_id=destination_cart_id, user=user)
        if destination.user_id is None:
            raise NotMergeable(
                "destination_cart_id",
                "This is a guest's cart. Merge into your own: customerCart gives its id.",
            )
        source = find_cart(cart_id=source_cart_id, user=user)
        if source.guest_id is None:
            raise NotMergeable(
                "source_cart_id", "This is your own cart. Name a guest's cart to merge into it."
            )
        _check_all_fits(merge_carts(source=source, destination=destination))
    except (CartNotFound, Order.DoesNotExist):  # gone before, or while this waited for it
        if not _was_done(source_cart_id, destination_cart_id, user):
            raise CartNotFound from None
        return customer_cart(user=user)
    return destination


def _check_all_fits(poured: Poured) -> None:
    if poured.held_back:
        raise NoRoom([key_of(line) for line in poured.held_back])
    if poured.lines > MAX_LINES:
        raise TooManyLines(f"A cart has at most {MAX_LINES} lines; both together have {poured.lines}.")


def _was_done(source_cart_id: str, destination_cart_id: str, user: User) -> bool:
    """Whether it went to this customer: into their cart, or into one that is an order by now."""
    if "\x00" in source_cart_id + destination_cart_id:
        return False
    went = MergedCart.objects.filter(source_cart_id=source_cart_id, destination__user=user)
    return went.exists() and Order.objects.filter(cart_id=destination_cart_id, user=user).exists()


def _usable(user: User | None) -> OrderQuerySet:
    whose = Q(guest__isnull=False) | Q(user=user) if user else Q(guest__isnull=False)
    return Order.objects.filter(whose, status=Status.CART).select_related("shipping_method", "guest")
