"""The people's pages of the admin."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from tests.accounts.test_signing_up import PASSWORD, is_signed_in, link_to, sign_in
from tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(StaffFactory(is_superuser=True))
    return client


def write_address(desk: Client, user: User, email: str):
    form = {"email": email, "is_active": "on", "date_joined_0": "2026-01-02", "date_joined_1": "03:04"}
    return desk.post(reverse("admin:accounts_user_change", args=[user.pk]), form)


def test_an_address_that_staff_write_down_is_the_only_one_and_waits_to_be_confirmed(desk):
    """The old mailbox is no way in any more, and whoever has the new one confirms it at the next sign-in."""
    user = UserFactory(email="old@example.org", last_login=timezone.now())

    assert write_address(desk, user, "New@Example.org").status_code == 302

    user.refresh_from_db()
    assert user.email == "new@example.org"
    assert list(EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary")) == [
        ("new@example.org", False, True)
    ]
    Client().post(reverse("account_reset_password"), {"email": "old@example.org"})
    assert "/password/reset/key/" not in mail.outbox[-1].body
    client = Client()
    sign_in(client, "new@example.org")
    assert not is_signed_in(client)
    client.post(link_to("new@example.org"))
    assert is_signed_in(client)


def test_what_staff_change_besides_leaves_the_address_confirmed(desk):
    user = UserFactory(email="pat@example.org")

    assert write_address(desk, user, "pat@example.org").status_code == 302

    assert EmailAddress.objects.get(user=user).verified


def test_staff_cannot_give_an_account_the_address_of_another(desk):
    other, user = UserFactory(email="other@example.org"), UserFactory(email="old@example.org")
    User.objects.filter(pk=other.pk).update(email="elsewhere@example.org")

    response = write_address(desk, user, "other@example.org")

    assert "Another account has confirmed this address." in response.content.decode()
    user.refresh_from_db()
    assert user.email == "old@example.org"


def test_staff_who_are_made_in_the_admin_confirm_their_address_and_are_in(desk, client):
    new = {"email": "Colleague@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert desk.post(reverse("admin:accounts_user_add"), new).status_code == 302
    User.objects.filter(email="colleague@example.org").update(is_staff=True)

    sign_in(client, "colleague@example.org")
    assert not is_signed_in(client)
    client.post(link_to("colleague@example.org"))

    assert is_signed_in(client)
