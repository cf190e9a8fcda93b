"""A guest's cart that a program uses is kept; one that nobody asks for is purged like any other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Guest
from orders.cart_ids import CartNotFound, create_empty_cart, find_cart
from orders.purge import purge_carts

pytestmark = pytest.mark.django_db

LONG = timedelta(days=60)


def test_asking_for_a_guests_cart_keeps_it():
    cart = create_empty_cart(user=None)
    Guest.objects.update(seen_at=timezone.now() - LONG)

    find_cart(cart_id=cart.cart_id, user=None)

    assert purge_carts(now=timezone.now()).carts == 0


def test_a_guests_cart_that_nobody_asks_for_is_purged_and_then_not_found():
    cart = create_empty_cart(user=None)
    Guest.objects.update(seen_at=timezone.now() - LONG)

    assert purge_carts(now=timezone.now()).carts == 1
    with pytest.raises(CartNotFound):
        find_cart(cart_id=cart.cart_id, user=None)
