"""Tokens: how a program is known, and when it is not any more."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import ApiToken, User
from accounts.tasks import purge_tokens
from accounts.tokens import issue
from orders.cart_ids import customer_cart
from tests.factories import StaffFactory, UserFactory
from tests.graphql.calls import Device, device_of

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
SIGN_IN = """
mutation ($email: String!, $password: String!) {
  generateCustomerToken(email: $email, password: $password) { token expires_at }
}"""
WHO = "{ customerCart { cart_id } }"
REVOKE = "mutation { revokeCustomerToken }"


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def user() -> User:
    return UserFactory(email="player@example.org")


def sign_in(email: str = "player@example.org", password: str = PASSWORD) -> dict:
    return Device().send(SIGN_IN, email=email, password=password)


def test_a_token_opens_its_customers_cart_and_is_kept_as_a_hash(user: User):
    answer = sign_in()["data"]["generateCustomerToken"]
    assert Device(answer["token"]).get(WHO)["cart_id"] == customer_cart(user=user).cart_id
    kept = ApiToken.objects.get()
    assert answer["token"] not in str(ApiToken.objects.values())
    assert kept.hashed == tokens.hash_of(answer["token"])
    assert len(answer["token"]) >= 43  # 256 bits in base64
    assert answer["expires_at"] == kept.expires_at.isoformat()


def test_a_token_is_good_for_as_many_days_as_the_setting_says(user: User, settings):
    settings.API_TOKEN_DAYS = 7
    now = timezone.now()
    assert issue(user=user, now=now).token.expires_at == now + timedelta(days=7)


def test_the_e_mail_address_is_read_as_people_write_it(user: User):
    assert sign_in(email="  Player@Example.org ")["data"]["generateCustomerToken"]["token"]


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("player@example.org", "wrong"),
        ("nobody@example.org", PASSWORD),
        ("asleep@example.org", PASSWORD),
        ("passwordless@example.org", ""),
        ("player@example.org", ""),
        ("", ""),
        ("player@example.org\x00", PASSWORD),
        ("player@example.org", PASSWORD + "\x00"),
        ("x" * 100_000, "x" * 100_000),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(user: User, email: str, password: str):
    UserFactory(email="asleep@example.org", is_active=False)
    UserFactory(email="passwordless@example.org", password=None)
    answer = sign_in(email, password)
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "WRONG_CREDENTIALS"}
    assert error["message"] == "This e-mail address and this password do not belong together. Try again."
    assert answer["data"] is None
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "email", ["player@example.org", "nobody@example.org", "asleep@example.org", "", "\x00"]
)
def test_whatever_is_wrong_one_password_is_hashed(user: User, email: str, monkeypatch):
    """Time tells nobody which addresses have an account: hashing is what takes it."""
    UserFactory(email="asleep@example.org", is_active=False)
    hashed = []
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    encode = PBKDF2PasswordHasher.encode

    def counted(self, password, salt, iterations=None):
        hashed.append(password)
        return encode(self, password, salt, iterations)

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", counted)
    sign_in(email, "wrong")
    assert len(hashed) == 1


def test_nobody_who_may_not_sign_in_is_left_behind_for_the_next_request(user: User):
    from allauth.account.auth_backends import AuthenticationBackend

    UserFactory(email="asleep@example.org", is_active=False)
    sign_in("asleep@example.org", PASSWORD)
    assert AuthenticationBackend.unstash_authenticated_user() is None


def test_a_token_needs_a_confirmed_address():
    new = UserFactory(email="new@example.org", confirmed=False)
    assert sign_in("new@example.org")["errors"][0]["extensions"]["code"] == "WRONG_CREDENTIALS"
    new.emailaddress_set.update(verified=True)
    assert "errors" not in sign_in("new@example.org")


def refused(device: Device) -> bool:
    """Whether the whole request is refused, and nobody is taken for a guest."""
    answer = device.post("mutation { createEmptyCart }")
    if answer.status_code != 401:
        return False
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    return True


@pytest.mark.parametrize("token", ["unknown", "", " ", "ü", "x" * 7000])
def test_an_unknown_token_is_refused_whatever_is_asked(user: User, token: str):
    answer = Device().post("mutation { createEmptyCart }", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_an_expired_token_is_refused(user: User):
    device = device_of(user)
    assert not refused(device)
    ApiToken.objects.update(expires_at=timezone.now())
    assert refused(device)


def test_a_token_of_one_who_may_not_sign_in_any_more_is_refused(user: User):
    device = device_of(user)
    User.objects.update(is_active=False)
    assert refused(device)


def test_revoking_ends_the_token_in_use_and_no_other(user: User):
    laptop, smartphone = device_of(user), device_of(user)
    assert laptop.get(REVOKE) is True
    assert refused(laptop)
    assert not refused(smartphone)


def test_without_a_token_there_is_none_to_revoke(user: User):
    assert Device().error(REVOKE)["code"] == "UNAUTHENTICATED"


def test_a_new_password_revokes_them_all(user: User):
    devices = [device_of(user), device_of(user)]
    others = device_of(UserFactory())
    user.set_password("another horse battery")
    user.save()
    assert all(refused(device) for device in devices)
    assert not refused(others)


def test_a_password_that_is_reset_on_the_site_revokes_them_all(user: User, client: Client):
    device = device_of(user)
    client.force_login(user)
    answer = client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "quite another 1", "password2": "quite another 1"},
    )
    assert answer.status_code == 302
    assert refused(device)


def test_another_name_or_an_old_hash_made_anew_revokes_nothing(user: User):
    device = device_of(user)
    user.first_name = "Pat"
    user.save()
    User.objects.filter(pk=user.pk).update(password=make_password(PASSWORD, hasher="pbkdf2_sha1"))
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    assert "sha256" in User.objects.get(pk=user.pk).password
    assert not refused(device)


def test_use_is_noted_at_most_once_an_hour(user: User):
    secret, now = issue(user=user, now=timezone.now()).secret, timezone.now()
    used = []
    for minutes in (0, 59, 61):
        tokens.find_token(secret, now=now + timedelta(minutes=minutes))
        used.append(ApiToken.objects.get().last_used_at)
    assert used == [now, now, now + timedelta(minutes=61)]


def test_a_customers_tokens_are_listed_and_revoked_one_by_one(user: User):
    now = timezone.now()
    first, second = (issue(user=user, now=now + timedelta(seconds=later)).token for later in range(2))
    issue(user=UserFactory(), now=now)
    issue(user=user, now=now - timedelta(days=31))
    assert list(tokens.tokens_of(user, now=now)) == [second, first]
    assert tokens.revoke(first, now=now)
    assert not tokens.revoke(first, now=now)
    assert list(tokens.tokens_of(user, now=now)) == [second]


def test_what_nobody_can_use_any_more_is_purged(user: User):
    now = timezone.now()
    kept, expired, revoked = (issue(user=user, now=now).token for _ in range(3))
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=now)
    tokens.revoke(revoked, now=now)
    assert purge_tokens() == 2
    assert list(ApiToken.objects.all()) == [kept]


def test_staff_see_tokens_and_revoke_them(user: User, client: Client):
    device = device_of(user)
    client.force_login(StaffFactory(is_superuser=True))
    page = client.get("/admin/accounts/apitoken/").content.decode()
    assert user.email in page
    assert client.get("/admin/accounts/apitoken/add/").status_code == 403
    chosen = {"action": "revoke", "_selected_action": [ApiToken.objects.get().pk]}
    assert client.post("/admin/accounts/apitoken/", chosen).status_code == 302
    assert refused(device)


class TestTries:
    def test_for_an_e_mail_address_are_counted(self, user: User, settings):
        settings.API_SIGN_INS_PER_EMAIL = 2
        codes = [
            sign_in(email, "wrong")["errors"][0]["extensions"]["code"] for email in ["player@example.org"] * 3
        ]
        assert codes == ["WRONG_CREDENTIALS"] * 2 + ["RATE_LIMITED"]
        (error,) = sign_in("PLAYER@example.org")["errors"]  # neither with the right password
        assert 0 < error["extensions"]["retry_after"] <= 3601
        assert sign_in("other@example.org")["errors"][0]["extensions"]["code"] == "WRONG_CREDENTIALS"

    def test_from_an_address_are_counted(self, user: User, settings):
        settings.API_SIGN_INS_PER_ADDRESS = 2
        codes = [
            sign_in(f"{number}@example.org", "wrong")["errors"][0]["extensions"]["code"]
            for number in range(3)
        ]
        assert codes == ["WRONG_CREDENTIALS"] * 2 + ["RATE_LIMITED"]

    def test_of_one_request_count_one_by_one(self, user: User, settings):
        settings.API_SIGN_INS_PER_EMAIL = 2
        tries = " ".join(
            f'try{n}: generateCustomerToken(email: "player@example.org", password: "{n}") {{ token }}'
            for n in range(3)
        )
        answer = Device().post(f"mutation {{ {tries} }}")
        codes = [error["extensions"]["code"] for error in answer.json()["errors"]]
        # What may not be null ends the request at its first error.
        assert codes == ["WRONG_CREDENTIALS"]

    def test_are_not_counted_where_redis_is_down_and_the_password_still_counts(self, user: User, settings):
        settings.API_SIGN_INS_PER_EMAIL = 0
        assert sign_in()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": "redis://127.0.0.1:1/0",
            }
        }
        assert "errors" not in sign_in()
        assert sign_in(password="wrong")["errors"][0]["extensions"]["code"] == "WRONG_CREDENTIALS"
