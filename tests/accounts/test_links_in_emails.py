"""Whatever name a request comes by, the links in an account's e-mails lead to the site."""

import re
import uuid

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.accounts.test_other_accounts import by_dummy
from tests.accounts.test_signing_up import OTHER, PASSWORD, sign_in, sign_up
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

SITE = "https://decks.example"


@pytest.fixture(autouse=True)
def _counted_for_each_test_alone(settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}
    settings.SITE_URL = SITE


def ask_for_a_new_password(client: Client, email: str) -> None:
    client.post(reverse("account_reset_password"), {"email": email})


def change_the_password(client: Client, email: str) -> None:
    sign_in(client, email)
    new = {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER}
    client.post(reverse("account_change_password"), new)


def connect_another_account(client: Client, email: str) -> None:
    sign_in(client, email)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    by_dummy(client, email="another@example.org", verified=True, process="connect")


@pytest.mark.parametrize(
    ("do", "email", "leads_to"),
    [
        (sign_up, "new@example.org", "/accounts/confirm-email/"),
        (sign_up, "known@example.org", "/accounts/password/reset/"),
        (ask_for_a_new_password, "known@example.org", "/accounts/password/reset/key/"),
        (ask_for_a_new_password, "new@example.org", "/accounts/signup/"),
        (change_the_password, "known@example.org", "/accounts/password/reset/"),
        (connect_another_account, "known@example.org", "/accounts/password/reset/"),
    ],
)
def test_a_forged_name_of_the_host_is_in_no_link(do, email, leads_to):
    UserFactory(email="known@example.org")

    do(Client(headers={"host": "127.0.0.1:6666"}), email)

    (message,) = mail.outbox
    assert message.to == [email]
    links = re.findall(r"\w+://\S+", message.body)
    assert links
    assert all(link.startswith(SITE + leads_to) for link in links)
    assert "127.0.0.1:6666" not in message.body
