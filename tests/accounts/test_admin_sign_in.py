"""The admin has no door of its own: staff sign in where everybody does, and wrong passwords are counted there."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts.test_signing_up import PASSWORD, is_signed_in, link_to
from tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_for_each_test_alone(settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


def door_of_the_admin(client: Client) -> str:
    return client.get("/admin/accounts/user/", follow=True).redirect_chain[-1][0]


def test_the_admins_own_form_lets_nobody_in(client):
    desk = StaffFactory()

    response = client.post("/admin/login/", {"username": desk.email, "password": PASSWORD})

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))
    assert not is_signed_in(client)


def test_staff_sign_in_at_the_site_and_come_to_the_page_that_they_wanted(client):
    desk = StaffFactory(is_superuser=True)

    response = client.post(door_of_the_admin(client), {"login": desk.email, "password": PASSWORD})

    assert response["Location"] == "/admin/accounts/user/"
    assert client.get(response["Location"]).status_code == 200


def test_wrong_passwords_for_staff_are_counted(client):
    desk = StaffFactory(is_superuser=True)
    door = door_of_the_admin(client)
    for _ in range(5):
        client.post(door, {"login": desk.email, "password": "wrong"})

    client.post(door, {"login": desk.email, "password": PASSWORD})

    assert not is_signed_in(client)


@pytest.mark.parametrize("rights", [{}, {"is_superuser": True}])
def test_staff_without_a_confirmed_address_come_in_by_the_link(client, rights):
    """Made in the admin, or before addresses were confirmed."""
    desk = User.objects.create_user("desk@example.org", PASSWORD, is_staff=True, **rights)
    client.post(door_of_the_admin(client), {"login": desk.email, "password": PASSWORD})
    assert not is_signed_in(client)

    client.post(link_to(desk.email))

    assert is_signed_in(client)
    assert client.get("/admin/").status_code == 200


def test_a_customer_is_told_that_the_admin_is_not_for_them(client):
    client.force_login(UserFactory())

    response = client.get("/admin/", follow=True)

    assert response.status_code == 403
