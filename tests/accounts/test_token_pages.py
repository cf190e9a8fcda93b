"""Tokens of programs, as their customer sees them."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiToken
from accounts.views import MOST_TOKENS, MOST_TOKENS_SHOWN
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PAGE = "/accounts/tokens/"


PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _counted_for_each_test_alone(settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


def signed_in(user) -> Client:
    """In a browser, a while ago."""
    client = Client()
    client.force_login(user)
    return client


def with_the_password(user) -> Client:
    """In a browser, and has just shown to know the password."""
    client = signed_in(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def messages_of(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_whoever_finds_a_browser_open_makes_no_token():
    response = signed_in(UserFactory()).post(PAGE)

    assert response["Location"].startswith(reverse("account_reauthenticate"))
    assert ApiToken.objects.count() == 0


def test_with_the_password_the_token_that_was_asked_for_is_there():
    user = UserFactory()
    client = signed_in(user)
    ask = client.post(PAGE)["Location"]

    response = client.post(ask, {"password": PASSWORD, "next": PAGE})

    secret = response.context["issued"].secret
    assert tokens.find_token(secret, now=timezone.now()).user == user
    assert "no-store" in response["Cache-Control"]


def test_an_account_without_a_password_makes_tokens_by_being_signed_in():
    user = UserFactory()
    user.set_unusable_password()
    user.save()

    assert signed_in(user).post(PAGE).context["issued"]


def test_a_token_is_made_shown_once_and_good_for_a_program():
    user = UserFactory()
    client = with_the_password(user)

    response = client.post(PAGE)

    secret = response.context["issued"].secret
    assert secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert secret not in client.get(PAGE).content.decode()
    answer = Client().post(
        reverse("graphql"),
        {"query": "{ customerCart { cart_items { sku } } }"},
        content_type="application/json",
        headers={"authorization": f"Bearer {secret}"},
    )
    assert answer.json() == {"data": {"customerCart": {"cart_items": []}}}


def test_a_revoked_token_is_good_for_nothing():
    user = UserFactory()
    issued = tokens.issue(user=user, now=timezone.now())

    response = signed_in(user).post(PAGE, {"token": issued.token.pk}, follow=True)

    assert messages_of(response) == ["Revoked: the program that used it is signed out."]
    assert tokens.find_token(issued.secret, now=timezone.now()) is None


@pytest.mark.parametrize("chosen", ["nonsense", "²", "9" * 40, "-1", "0"])
def test_what_is_no_token_revokes_nothing(chosen):
    user = UserFactory()
    tokens.issue(user=user, now=timezone.now())

    response = signed_in(user).post(PAGE, {"token": chosen}, follow=True)

    assert messages_of(response) == ["That one is revoked already."]
    assert tokens.tokens_of(user, now=timezone.now()).count() == 1


def test_nobody_sees_or_revokes_the_token_of_somebody_else():
    theirs = tokens.issue(user=UserFactory(), now=timezone.now())
    client = signed_in(UserFactory())

    client.post(PAGE, {"token": theirs.token.pk})

    assert list(client.get(PAGE).context["tokens"]) == []
    assert tokens.find_token(theirs.secret, now=timezone.now()) is not None


def test_there_are_only_so_many_and_an_old_one_makes_room():
    user = UserFactory()
    client = with_the_password(user)
    for _ in range(MOST_TOKENS):
        tokens.issue(user=user, now=timezone.now())

    response = client.post(PAGE, follow=True)

    assert "Revoke one that you do not use" in messages_of(response)[0]
    assert ApiToken.objects.count() == MOST_TOKENS
    ApiToken.objects.filter(pk=ApiToken.objects.earliest("pk").pk).update(
        expires_at=timezone.now() - timedelta(days=1)
    )
    assert client.post(PAGE).context["issued"]


def test_all_of_them_are_revoked_at_once_and_nobody_elses():
    """A program that asked for a token each time it ran has left more than anybody revokes one by one."""
    user, other = UserFactory(), UserFactory()
    theirs = tokens.issue(user=other, now=timezone.now()).token
    mine = [tokens.issue(user=user, now=timezone.now()).secret for _ in range(3)]
    client = signed_in(user)
    assert "Revoke all of them" in client.get(PAGE).content.decode()

    response = client.post(PAGE, {"token": "all"}, follow=True)

    assert messages_of(response) == ["All tokens are revoked: every program is signed out."]
    assert not any(tokens.find_token(secret, now=timezone.now()) for secret in mine)
    assert list(ApiToken.objects.filter(revoked_at=None)) == [theirs]
    assert "Revoke all of them" not in response.content.decode()


def test_of_very_many_the_newest_are_shown_and_how_many_are_too_many_is_told():
    user = UserFactory()
    made = [tokens.issue(user=user, now=timezone.now()).token.pk for _ in range(MOST_TOKENS_SHOWN + 1)]
    client = with_the_password(user)

    page = client.get(PAGE)

    assert [token.pk for token in page.context["tokens"]] == made[:0:-1]
    assert f"These are the newest {MOST_TOKENS_SHOWN}" in page.content.decode()
    assert messages_of(client.post(PAGE, follow=True)) == [
        "You have 101 tokens. Revoke what you do not use, until there are fewer than 20, then make a new one."
    ]


def test_a_visitor_is_asked_to_sign_in():
    assert Client().post(PAGE).status_code == 302
    assert ApiToken.objects.count() == 0


def test_the_page_takes_as_many_queries_with_many_tokens(django_assert_num_queries):
    user = UserFactory()
    client = signed_in(user)
    client.get(PAGE)  # from now on the session is known
    for _ in range(MOST_TOKENS):
        tokens.issue(user=user, now=timezone.now())

    with django_assert_num_queries(4):
        client.get(PAGE)
