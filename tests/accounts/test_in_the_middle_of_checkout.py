"""Who makes an account while checking out is not thrown out: before it is confirmed, and after."""

import pytest
from django.urls import reverse

from accounts.models import User
from orders.models import Order
from tests.accounts.test_signing_up import link_to, sign_in
from tests.devices import PASSWORD
from tests.factories import UserFactory, cart_with, stocked_card
from tests.orders.test_sign_in import guest_client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tries_counted_alone")]

PAYMENT = "/checkout/payment/"


def test_the_checkout_goes_on_before_the_address_is_confirmed_and_after(sandbox):
    cart = cart_with({stocked_card(4): 1})
    client = guest_client(cart)
    assert client.get(PAYMENT).status_code == 200

    typed = {"email": "pat@example.org", "password1": PASSWORD, "password2": PASSWORD, "next": PAYMENT}
    client.post(reverse("account_signup"), typed)
    assert client.get(PAYMENT).status_code == 200
    confirmed = client.post(link_to("pat@example.org"))

    assert confirmed["Location"] == PAYMENT
    assert client.get(PAYMENT).status_code == 200
    assert Order.objects.get().user == User.objects.get()


def test_signing_in_leads_back_to_the_checkout(sandbox):
    cart = cart_with({stocked_card(4): 1})
    client = guest_client(cart)
    user = UserFactory(email="pat@example.org")

    client.get(f"{reverse('account_login')}?next={PAYMENT}")
    sign_in(client)

    assert client.get(PAYMENT).status_code == 200
    assert Order.objects.get().user == user
