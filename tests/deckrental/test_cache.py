"""While Redis is down people can still sign in; everything else that asks the cache hears of it."""

import socket
import uuid
from typing import Any

import pytest
import redis
from django.core.cache import cache, caches
from django.urls import reverse

from accounts.models import User
from tests.factories import UserFactory

LIMIT = "allauth:rl:allauth.account:login:30/60/ip:127.0.0.1"


@pytest.fixture
def _redis_is_down(settings) -> None:
    """Nobody listens there: a port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{port}/0"}}


@pytest.mark.usefixtures("_redis_is_down")
@pytest.mark.django_db
class TestWhileRedisIsDown:
    PASSWORD = "correct horse battery"

    def test_a_customer_signs_in(self, client):
        user = UserFactory()

        response = client.post(reverse("account_login"), {"login": user.email, "password": self.PASSWORD})

        assert response.status_code == 302
        assert client.session["_auth_user_id"] == str(user.pk)

    def test_a_wrong_password_is_still_wrong(self, client):
        response = client.post(reverse("account_login"), {"login": UserFactory().email, "password": "wrong"})

        assert response.status_code == 200
        assert "_auth_user_id" not in client.session

    def test_an_account_is_made(self, client, mailoutbox):
        typed = {"email": "new@example.org", "password1": self.PASSWORD, "password2": self.PASSWORD}

        assert client.post(reverse("account_signup"), typed).status_code == 302

        assert User.objects.filter(email="new@example.org").exists()
        assert mailoutbox[0].to == ["new@example.org"]

    def test_a_new_password_is_asked_for(self, client, mailoutbox):
        client.post(reverse("account_reset_password"), {"email": UserFactory().email})

        assert len(mailoutbox) == 1

    def test_the_log_says_that_nobody_counts(self, client, caplog):
        client.post(reverse("account_login"), {"login": UserFactory().email, "password": "wrong"})

        assert "sign_ins_not_limited" in caplog.text

    @pytest.mark.parametrize(
        "ask",
        [
            lambda: cache.get("deck"),
            lambda: cache.set("deck", 1),
            lambda: cache.add("deck", 1),
            lambda: cache.delete("deck"),
        ],
    )
    def test_whatever_else_asks_hears_of_it(self, ask: Any):
        with pytest.raises(redis.RedisError):
            ask()


@pytest.mark.django_db
def test_while_redis_is_up_tries_are_counted(client, settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}
    user = UserFactory()

    answers = [
        client.post(reverse("account_login"), {"login": user.email, "password": "wrong"}).content.decode()
        for _ in range(6)
    ]

    assert "Too many" not in answers[4]
    assert "Too many failed login attempts" in answers[5]


def test_what_is_set_is_there():
    caches["default"].set(LIMIT, [1.0], 60)
    try:
        assert caches["default"].get(LIMIT) == [1.0]
        assert not caches["default"].add(LIMIT, [2.0], 60)
    finally:
        assert caches["default"].delete(LIMIT)
    assert caches["default"].get(LIMIT, "none") == "none"
