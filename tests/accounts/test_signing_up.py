"""Making an account, confirming its address, changing it: nobody gets in by an address that is not theirs."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.email_addresses import forget_unconfirmed
from accounts.models import User
from orders.models import Order
from tests.devices import PASSWORD
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tries_counted_alone")]

OTHER = "staple staple staple"


def sign_up(client: Client, email: str = "pat@example.org"):
    return client.post(
        reverse("account_signup"), {"email": email, "password1": PASSWORD, "password2": PASSWORD}
    )


def sign_in(client: Client, email: str = "pat@example.org", password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": email, "password": password})


def link_to(email: str) -> str:
    """The path of the first link in the last e-mail to that address."""
    return re.findall(r"https?://[^/]+(/\S+)", [m for m in mail.outbox if m.to == [email]][-1].body)[0]


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def confirmed(email: str = "pat@example.org") -> bool:
    return EmailAddress.objects.filter(email=email, verified=True).exists()


@pytest.mark.parametrize("taken", [False, True])
def test_signing_up_hashes_a_password_whether_there_is_an_account_or_not(client, monkeypatch, taken):
    """It is what takes long: the clock must not tell who has an account."""
    hashed: list[str] = []
    encode = PBKDF2PasswordHasher.encode
    monkeypatch.setattr(
        PBKDF2PasswordHasher,
        "encode",
        lambda self, password, *given: hashed.append(password) or encode(self, password, *given),
    )
    if taken:
        UserFactory(email="pat@example.org")
    hashed.clear()

    sign_up(client)

    assert hashed == [PASSWORD]


# --- confirming -------------------------------------------------------------------------------------------


def test_the_link_confirms_the_address_and_signs_in_the_browser_that_signed_up(client):
    sign_up(client)
    assert not is_signed_in(client)
    assert not confirmed()

    client.post(link_to("pat@example.org"))

    assert is_signed_in(client)
    assert confirmed()


def test_looking_at_the_link_confirms_nothing(client):
    """Mail servers follow links, to see whether they are safe."""
    sign_up(client)

    assert client.get(link_to("pat@example.org")).status_code == 200

    assert not confirmed()


def test_in_another_browser_the_password_is_asked_for(client):
    sign_up(client)
    phone = Client()

    assert "The password of your account" in phone.get(link_to("pat@example.org")).content.decode()
    assert phone.post(link_to("pat@example.org"), {"password": "wrong"}).status_code == 422
    assert not confirmed()
    phone.post(link_to("pat@example.org"), {"password": PASSWORD})

    assert confirmed()
    assert not is_signed_in(phone)


def test_whoever_only_has_the_mailbox_does_not_confirm_the_account_that_a_stranger_made(client):
    sign_up(client)
    owner_of_the_mailbox = Client()

    response = owner_of_the_mailbox.post(link_to("pat@example.org"))

    assert response.status_code == 422
    assert not confirmed()


def test_passwords_at_the_link_are_counted(client):
    sign_up(client)
    phone = Client()

    answers = [phone.post(link_to("pat@example.org"), {"password": "wrong"}).status_code for _ in range(6)]

    assert answers == [422] * 5 + [429]


def test_a_link_for_somebody_else_signs_nobody_out(client):
    sign_up(Client())
    client.force_login(UserFactory())

    client.get(link_to("pat@example.org"))

    assert is_signed_in(client)


def test_a_used_link_says_what_to_do(client):
    sign_up(client)
    link = link_to("pat@example.org")
    client.post(link)

    page = Client().get(link)

    assert "This link does not work any more" in page.content.decode()
    assert Client().post(link).status_code == 404


def test_without_the_link_there_is_no_way_in_and_a_new_one_is_sent(client, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "confirm_email": "10/m/key"}
    sign_up(Client())

    response = sign_in(client)

    assert response["Location"] == reverse("account_email_verification_sent")
    assert not is_signed_in(client)
    assert len(mail.outbox) == 2


# --- nobody hears who has an account ----------------------------------------------------------------------


def what_is_seen(response, client: Client) -> tuple[int, str, str]:
    page = client.get(response["Location"]) if response.status_code == 302 else response
    text = re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", page.content.decode())
    return response.status_code, response.get("Location", ""), re.sub(r"\w+@example\.org", "", text)


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("account_signup", {"password1": PASSWORD, "password2": PASSWORD}),
        ("account_reset_password", {}),
    ],
)
def test_the_answer_is_the_same_with_and_without_an_account(page, fields):
    UserFactory(email="known@example.org")
    with_account, without = Client(), Client()

    seen = [
        what_is_seen(client.post(reverse(page), {"email": email, **fields}), client)
        for client, email in ((with_account, "known@example.org"), (without, "unknown@example.org"))
    ]

    assert seen[0] == seen[1]
    assert [message.to for message in mail.outbox] == [["known@example.org"], ["unknown@example.org"]]


def test_a_wrong_password_and_a_wrong_address_get_the_same_answer():
    UserFactory(email="known@example.org")
    clients = Client(), Client()

    seen = [
        what_is_seen(sign_in(client, email, "wrong"), client)
        for client, email in zip(clients, ("known@example.org", "unknown@example.org"), strict=True)
    ]

    assert seen[0] == seen[1]


# --- addresses that somebody else laid claim to -----------------------------------------------------------


def test_an_unconfirmed_account_does_not_keep_its_address_from_the_owner(client):
    """A stranger has signed up with the address to which somebody changes theirs."""
    sign_up(Client())
    user = UserFactory(email="old@example.org")
    sign_in(client, "old@example.org")
    EmailAddress.objects.create(user=user, email="pat@example.org", verified=False)

    response = client.post(
        reverse(
            "account_confirm_email",
            args=[EmailConfirmationHMAC(EmailAddress.objects.get(user=user, verified=False)).key],
        )
    )

    assert response.status_code == 302
    user.refresh_from_db()
    assert user.email == "pat@example.org"
    assert list(User.objects.all()) == [user]


@pytest.mark.parametrize("was", [{"is_staff": True}, {"last_login": timezone.now()}])
def test_confirming_an_address_costs_nobody_an_account_that_they_were_in(client, was):
    """Somebody changes to an address by which another account goes that never confirmed it."""
    theirs = UserFactory(email="pat@example.org", confirmed=False, **was)
    user = UserFactory(email="old@example.org")
    sign_in(client, "old@example.org")
    wanted = EmailAddress.objects.create(user=user, email="pat@example.org", verified=False)

    page = client.post(
        reverse("account_confirm_email", args=[EmailConfirmationHMAC(wanted).key]), follow=True
    ).content.decode()

    assert "There is another account with this address" in page
    assert not confirmed()
    assert sorted(User.objects.values_list("pk", "email")) == sorted(
        [(theirs.pk, "pat@example.org"), (user.pk, "old@example.org")]
    )


def test_an_address_that_is_somebodys_is_not_confirmed_in_another_way_either():
    theirs = UserFactory(email="pat@example.org", confirmed=False, last_login=timezone.now())

    address = EmailAddress.objects.create(user=UserFactory(), email="pat@example.org", verified=True)

    address.refresh_from_db()
    assert not address.verified
    assert User.objects.filter(pk=theirs.pk).exists()


def test_a_new_password_for_an_address_is_not_sent_for_an_account_that_only_wants_it():
    stranger = UserFactory(email="stranger@example.org")
    EmailAddress.objects.create(user=stranger, email="pat@example.org", verified=False)

    Client().post(reverse("account_reset_password"), {"email": "pat@example.org"})

    (message,) = mail.outbox
    assert "/password/reset/key/" not in message.body


def test_a_new_password_cuts_off_what_was_connected_before_the_address_was_confirmed(client):
    user = UserFactory(email="pat@example.org", confirmed=False)
    SocialAccount.objects.create(user=user, provider="dummy", uid="stranger")
    client.post(reverse("account_reset_password"), {"email": "pat@example.org"})

    link = client.get(link_to("pat@example.org"))["Location"]
    client.post(link, {"password1": OTHER, "password2": OTHER})

    user.refresh_from_db()
    assert user.check_password(OTHER)
    assert not SocialAccount.objects.exists()


def test_an_account_that_never_confirms_is_deleted_after_a_month(settings):
    now = timezone.now()
    month_ago = now - timedelta(days=settings.UNCONFIRMED_DAYS, seconds=1)
    never, lately, done, used = (
        UserFactory(confirmed=False, date_joined=month_ago),
        UserFactory(confirmed=False, date_joined=now - timedelta(days=settings.UNCONFIRMED_DAYS - 1)),
        UserFactory(date_joined=month_ago),
        UserFactory(confirmed=False, date_joined=month_ago, last_login=month_ago),
    )
    root = UserFactory(confirmed=False, date_joined=month_ago, is_superuser=True)
    with_a_cart = UserFactory(confirmed=False, date_joined=month_ago)
    Order.objects.create(user=with_a_cart)

    assert forget_unconfirmed(now=now) == 1

    assert not User.objects.filter(pk=never.pk).exists()
    assert User.objects.count() == len([lately, done, used, root, with_a_cart])


# --- changing the address ---------------------------------------------------------------------------------


def change_to(client: Client, email: str) -> None:
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(reverse("account_email"), {"email": email, "action_add": ""})


def test_a_new_address_counts_when_it_is_confirmed_and_the_old_one_is_told(client):
    user = UserFactory(email="old@example.org")
    sign_in(client, "old@example.org")
    change_to(client, "new@example.org")
    user.refresh_from_db()
    assert user.email == "old@example.org"

    client.post(link_to("new@example.org"))

    user.refresh_from_db()
    assert user.email == "new@example.org"
    assert [address.email for address in EmailAddress.objects.filter(user=user)] == ["new@example.org"]
    told = [message for message in mail.outbox if message.to == ["old@example.org"]]
    assert "new@example.org" in told[-1].body


def test_the_address_is_changed_only_with_the_password(client):
    client.force_login(UserFactory(email="old@example.org"))

    response = client.post(reverse("account_email"), {"email": "new@example.org", "action_add": ""})

    assert response["Location"].startswith(reverse("account_reauthenticate"))
    assert not EmailAddress.objects.filter(email="new@example.org").exists()


def test_somebody_elses_address_cannot_be_taken_by_the_link_alone(client):
    """The stranger adds the victim's address; the victim follows the link in their own browser."""
    sign_in(client, UserFactory(email="stranger@example.org").email)
    change_to(client, "victim@example.org")

    assert Client().post(link_to("victim@example.org")).status_code == 422

    assert not confirmed("victim@example.org")


def test_a_superuser_of_the_command_line_can_sign_in_at_once(client):
    User.objects.create_superuser("root@example.org", PASSWORD)

    sign_in(client, "root@example.org")

    assert is_signed_in(client)
