"""Signing in with another account, through allauth's dummy provider: it says of anybody what the test wants."""

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from deckrental.sign_in_providers import configured_providers
from orders.cart import cart_of
from orders.models import Order
from orders.owners import Owner
from orders.states import Status
from tests.accounts.test_signing_up import link_to
from tests.devices import PASSWORD, add, shown
from tests.factories import CardFactory, UserFactory
from tests.orders.test_sign_in import placed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tries_counted_alone")]


def by_dummy(
    client: Client, *, email: str = "", verified: bool = False, uid: int = 7, process: str = "login"
):
    """Signs in at the dummy as account `uid`, which has that address, verified or not."""
    there = client.post(f"{reverse('dummy_login')}?process={process}")["Location"]
    said = {"id": uid, "email": email, **({"email_verified": "on"} if verified else {})}
    return client.post(there, said)


def signed_in_as(client: Client) -> User | None:
    return User.objects.filter(pk=client.session.get("_auth_user_id")).first()


def test_a_new_customer_is_in_at_once_where_the_provider_has_confirmed_the_address(client):
    by_dummy(client, email="Pat@example.org", verified=True)

    user = signed_in_as(client)
    assert user is not None
    assert user.email == "pat@example.org"
    assert not user.has_usable_password()
    assert EmailAddress.objects.get(user=user).verified


def test_the_guests_cart_comes_along(client):
    card = CardFactory()
    add(client, card, 3)

    by_dummy(client, email="pat@example.org", verified=True)

    assert shown(client) == {card.name: 3}
    assert cart_of(Owner(user=signed_in_as(client))) == Order.objects.get()


def test_orders_that_were_placed_as_a_guest_elsewhere_come_along(client):
    placed(Status.OPEN)

    by_dummy(client, email="player@example.org", verified=True)

    assert Order.objects.get().user == signed_in_as(client)


def test_the_second_time_it_is_the_same_customer(client):
    by_dummy(client, email="pat@example.org", verified=True)
    again = Client()

    by_dummy(again, email="pat@example.org", verified=True)

    assert signed_in_as(again) == signed_in_as(client)
    assert User.objects.count() == 1


def test_an_account_whose_address_both_have_seen_confirmed_is_connected(client):
    user = UserFactory(email="pat@example.org")

    by_dummy(client, email="pat@example.org", verified=True)

    assert signed_in_as(client) == user
    assert SocialAccount.objects.get().user == user
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_an_address_that_the_provider_has_not_confirmed_opens_no_account(client):
    UserFactory(email="pat@example.org")

    page = client.get(by_dummy(client, email="pat@example.org")["Location"])

    assert signed_in_as(client) is None
    assert not SocialAccount.objects.exists()
    assert "Look into your mail" in page.content.decode()
    assert [message.to for message in mail.outbox] == [["pat@example.org"]]
    assert "sign in" in mail.outbox[0].body.lower()


def test_an_unconfirmed_account_does_not_lie_in_wait_for_the_owner_of_its_address(client):
    """A stranger signed up with the address, and connected an account of their own."""
    stranger = UserFactory(email="pat@example.org", confirmed=False)
    SocialAccount.objects.create(user=stranger, provider="dummy", uid="666")

    by_dummy(client, email="pat@example.org", verified=True)

    owner = signed_in_as(client)
    assert owner is not None
    assert owner != stranger
    assert not owner.has_usable_password()
    assert SocialAccount.objects.get().user == owner
    strangers_browser = Client()
    strangers_browser.post(reverse("account_login"), {"login": "pat@example.org", "password": PASSWORD})
    assert signed_in_as(strangers_browser) is None


def told_that_there_is_an_account(email: str) -> bool:
    (message,) = mail.outbox
    return message.to == [email] and message.subject == "You have an account already"


def test_an_unconfirmed_account_with_an_order_stays_and_is_opened_by_the_mailbox_alone(client):
    """What is in it goes to whoever has the mailbox, and only by a new password."""
    user = UserFactory(email="pat@example.org", confirmed=False)
    order = Order.objects.create(user=user)

    by_dummy(client, email="pat@example.org", verified=True)

    assert signed_in_as(client) is None
    order.refresh_from_db()
    assert order.user == user
    user.refresh_from_db()
    assert user.email == "pat@example.org"
    assert EmailAddress.objects.filter(user=user).exists()
    assert told_that_there_is_an_account("pat@example.org")


def test_who_signed_in_before_addresses_were_confirmed_keeps_the_account(client):
    user = UserFactory(email="pat@example.org", confirmed=False, last_login=timezone.now())

    by_dummy(client, email="pat@example.org", verified=True)

    assert signed_in_as(client) is None
    assert list(User.objects.values_list("pk", "email")) == [(user.pk, "pat@example.org")]
    assert told_that_there_is_an_account("pat@example.org")


def test_and_gets_in_with_the_other_account_after_a_new_password(client):
    user = UserFactory(email="pat@example.org", confirmed=False, last_login=timezone.now())
    client.post(reverse("account_reset_password"), {"email": "pat@example.org"})
    link = client.get(link_to("pat@example.org"))["Location"]
    client.post(link, {"password1": "staple staple staple", "password2": "staple staple staple"})
    client.post(reverse("account_login"), {"login": "pat@example.org", "password": "staple staple staple"})
    client.post(link_to("pat@example.org"))

    another_browser = Client()
    by_dummy(another_browser, email="pat@example.org", verified=True)

    assert signed_in_as(another_browser) == user


def test_an_address_that_staff_wrote_down_for_an_account_does_not_cost_it(client):
    """The old address is confirmed, the new one is not yet."""
    user = UserFactory(email="old@example.org")
    User.objects.filter(pk=user.pk).update(email="pat@example.org")

    by_dummy(client, email="pat@example.org", verified=True)

    assert signed_in_as(client) is None
    assert list(User.objects.values_list("pk", "email")) == [(user.pk, "pat@example.org")]


@pytest.mark.parametrize("rights", [{"is_staff": True}, {"is_superuser": True}])
def test_staff_who_never_confirmed_an_address_lose_nothing_by_it(client, rights):
    """As the admin makes them: without an address that is confirmed, and nobody has signed in yet."""
    desk = User.objects.create_user("desk@example.org", PASSWORD, **rights)

    by_dummy(client, email="desk@example.org", verified=True)

    assert signed_in_as(client) is None
    desk.refresh_from_db()
    assert desk.email == "desk@example.org"
    assert desk.check_password(PASSWORD)
    assert told_that_there_is_an_account("desk@example.org")


@pytest.mark.parametrize("rights", [{"is_staff": True}, {"is_superuser": True}])
def test_staff_are_not_let_in_by_an_address(client, rights):
    UserFactory(email="desk@example.org", **rights)

    by_dummy(client, email="desk@example.org", verified=True)

    assert signed_in_as(client) is None


def test_without_an_address_one_is_asked_for_and_has_to_be_confirmed(client):
    response = by_dummy(client)
    assert response["Location"] == reverse("socialaccount_signup")
    assert "One more thing" in client.get(response["Location"]).content.decode()

    client.post(reverse("socialaccount_signup"), {"email": "pat@example.org"})

    assert signed_in_as(client) is None
    assert not EmailAddress.objects.get().verified


def test_no_key_to_the_other_account_is_kept(client):
    by_dummy(client, email="pat@example.org", verified=True)

    assert not SocialToken.objects.exists()


# --- connecting and disconnecting -------------------------------------------------------------------------


def test_a_customer_connects_an_account_with_the_password(client):
    user = UserFactory()
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    by_dummy(client, email="another@example.org", verified=True, process="connect")

    assert SocialAccount.objects.get().user == user
    user.refresh_from_db()
    assert user.email != "another@example.org"
    assert "Disconnect" in client.get(reverse("socialaccount_connections")).content.decode()


def test_without_the_password_nothing_is_connected(client):
    client.force_login(UserFactory())

    response = by_dummy(client, process="connect")

    assert response["Location"] == reverse("account_reauthenticate")
    assert not SocialAccount.objects.exists()


def test_the_only_way_in_is_not_disconnected(client):
    by_dummy(client, email="pat@example.org", verified=True)
    account = SocialAccount.objects.get()

    page = client.post(reverse("socialaccount_connections"), {"account": account.pk}).content.decode()

    assert SocialAccount.objects.exists()
    assert "password" in page


def test_disconnecting_leaves_the_password(client):
    user = UserFactory()
    account = SocialAccount.objects.create(user=user, provider="dummy", uid="7")
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    client.post(reverse("socialaccount_connections"), {"account": account.pk})

    assert not SocialAccount.objects.exists()


def test_somebody_elses_connection_cannot_be_cut(client):
    account = SocialAccount.objects.create(user=UserFactory(), provider="dummy", uid="7")
    client.force_login(UserFactory())
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    client.post(reverse("socialaccount_connections"), {"account": account.pk})

    assert SocialAccount.objects.exists()


# --- who is offered ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["account_login", "account_signup"])
def test_providers_are_offered_where_they_are_set_up(client, settings, page):
    assert "Go on with Google" not in client.get(reverse(page)).content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = all_providers()

    shown_now = client.get(reverse(page)).content.decode()

    assert "Go on with Google" in shown_now
    assert "Go on with Discord" in shown_now


@pytest.mark.parametrize(
    ("provider", "starts"),
    [
        ("google", "https://accounts.google.com/o/oauth2/v2/auth?client_id=the-id"),
        ("discord", "https://discord.com/api/oauth2/authorize?client_id=the-id"),
    ],
)
def test_the_button_leads_there_with_a_state_and_a_challenge(client, settings, provider, starts):
    settings.SOCIALACCOUNT_PROVIDERS = all_providers()

    there = client.post(reverse(f"{provider}_login"))["Location"]

    assert there.startswith(starts)
    assert "state=" in there
    assert "code_challenge=" in there
    assert "the-secret" not in there


def test_an_answer_that_nobody_asked_for_is_an_error_page(client, settings):
    settings.SOCIALACCOUNT_PROVIDERS = all_providers()

    page = client.get(f"{reverse('google_callback')}?code=x&state=y").content.decode()

    assert "did not say who you are" in page


def all_providers() -> dict[str, object]:
    keys = {
        f"{name}_CLIENT_{part}": f"the-{part.lower()}"
        for name in ("GOOGLE", "DISCORD")
        for part in ("ID", "SECRET")
    }
    return {provider.id: found for provider, found in configured_providers(keys).items()}


def test_an_address_that_merely_looks_the_same_to_the_database_opens_no_account(client):
    """Without regard to case, a dotless ı is an I to PostgreSQL; to the mail server it is another mailbox."""
    user = UserFactory(email="pati@example.org")

    by_dummy(client, email="patı@example.org", verified=True)

    assert signed_in_as(client) not in (None, user)
    assert not SocialAccount.objects.filter(user=user).exists()


def test_who_confirms_an_address_makes_nobody_go_whose_address_merely_looks_the_same(client):
    other = UserFactory(email="pati@example.org", confirmed=False)

    by_dummy(client, email="patı@example.org", verified=True)

    assert User.objects.filter(pk=other.pk).exists()
    assert EmailAddress.objects.filter(user=other).exists()
