"""Where somebody is signed in: the list, and that a session which was signed out is really gone."""

import time
from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import tokens
from accounts.sessions import forget_ended_sessions
from tests.devices import PASSWORD
from tests.factories import StaffFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tries_counted_alone")]

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"
)


def device(user, agent: str = FIREFOX) -> Client:
    client = Client(headers={"user-agent": agent})
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert is_in(client)
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def listed(client: Client) -> list[tuple[str, bool]]:
    rows = client.get(reverse("account_sessions")).context["sessions"]
    return [(row["browser"], row["current"]) for row in rows]


def row_of(client: Client) -> int:
    return UserSession.objects.get(session_key=client.session.session_key).pk


def test_every_device_is_listed_this_one_first():
    user = UserFactory()
    desk, phone = device(user), device(user, IPHONE)
    device(UserFactory())

    assert listed(desk) == [("Firefox on Windows", True), ("Safari on iPhone", False)]
    assert listed(phone) == [("Safari on iPhone", True), ("Firefox on Windows", False)]


def test_one_is_signed_out_and_its_session_is_gone():
    user = UserFactory()
    desk, phone, tablet = device(user), device(user, IPHONE), device(user)

    desk.post(reverse("account_sessions"), {"session": row_of(phone)})

    assert [is_in(client) for client in (desk, phone, tablet)] == [True, False, True]


def test_its_session_is_not_in_the_database_any_more():
    user = UserFactory()
    desk, phone = device(user), device(user)
    key = phone.session.session_key

    desk.post(reverse("account_sessions"), {"session": row_of(phone)})

    assert not Session.objects.filter(session_key=key).exists()
    assert phone.get(reverse("account"))["Location"].startswith(reverse("account_login"))


def test_all_others_are_signed_out_at_once():
    user = UserFactory()
    desk, phone, tablet = device(user), device(user), device(user)
    stranger = device(UserFactory())

    desk.post(reverse("account_sessions"))

    assert [is_in(client) for client in (desk, phone, tablet, stranger)] == [True, False, False, True]
    assert listed(desk) == [("Firefox on Windows", True)]


@pytest.mark.parametrize("session", ["0", "-1", "x", "9" * 30, "²", "1.5"])
def test_a_session_that_there_is_not_is_said_kindly(session):
    client = device(UserFactory())

    page = client.post(reverse("account_sessions"), {"session": session}, follow=True).content.decode()

    assert "signed out already" in page


def test_nobody_signs_somebody_else_out():
    victim, stranger = device(UserFactory()), device(UserFactory())

    stranger.post(reverse("account_sessions"), {"session": row_of(victim)})

    assert is_in(victim)


def test_a_new_password_signs_out_everywhere_else():
    user = UserFactory()
    desk, phone = device(user), device(user)
    new = "staple staple staple"

    desk.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )

    assert [is_in(client) for client in (desk, phone)] == [True, False]
    assert UserSession.objects.filter(user=user).count() == 1


def test_signing_out_leaves_no_session_in_the_list():
    user = UserFactory()
    desk, phone = device(user), device(user)

    phone.post(reverse("account_logout"))

    assert listed(desk) == [("Firefox on Windows", True)]


def test_a_session_that_is_in_use_is_looked_at_now_and_then(django_assert_num_queries):
    client = device(UserFactory())
    before = UserSession.objects.get().last_seen_at
    with django_assert_num_queries(3):  # the session, the user, the cart's copies: a page costs no write
        client.get(reverse("account_reauthenticate"))
    assert UserSession.objects.get().last_seen_at == before

    session = client.session
    session["seen_at"] = int(time.time()) - 16 * 60
    session.save()
    client.get(reverse("account_reauthenticate"), headers={"user-agent": IPHONE})

    seen = UserSession.objects.get()
    assert seen.last_seen_at > before
    assert seen.user_agent == IPHONE


@pytest.mark.parametrize(
    ("made", "says"), [(1, "1 program has a token and can"), (2, "2 programs have tokens and can")]
)
def test_who_signs_out_everywhere_else_hears_of_programs_that_are_in(made, says):
    user = UserFactory()
    client = device(user)
    for _ in range(made):
        tokens.issue(user=user, now=timezone.now())
    tokens.issue(user=UserFactory(), now=timezone.now())

    page = client.post(reverse("account_sessions"), follow=True).content.decode()

    assert says in page


def test_without_programs_nothing_is_said_of_them():
    page = device(UserFactory()).post(reverse("account_sessions"), follow=True)

    assert [str(message) for message in page.context["messages"]] == ["There are no others."]


def test_who_signs_in_at_the_admin_is_listed_too():
    desk = StaffFactory(is_superuser=True)
    at_the_admin = Client(headers={"user-agent": IPHONE})
    door = at_the_admin.get("/admin/", follow=True).redirect_chain[-1][0]
    at_the_admin.post(door, {"login": desk.email, "password": PASSWORD})
    client = device(desk)

    client.post(reverse("account_sessions"))

    assert not is_in(at_the_admin)


def test_a_session_that_is_older_than_the_list_is_listed(client):
    client.force_login(UserFactory())
    UserSession.objects.all().delete()

    assert [current for _, current in listed(client)] == [True]


def test_a_session_that_is_over_is_not_listed_and_then_forgotten():
    user = UserFactory()
    desk, phone = device(user), device(user)
    Session.objects.filter(session_key=phone.session.session_key).update(expire_date=timezone.now())

    assert len(listed(desk)) == 1
    assert forget_ended_sessions(now=timezone.now()) == 1
    assert UserSession.objects.get().session_key == desk.session.session_key


def test_the_list_takes_as_many_queries_for_a_hundred_as_for_one(django_assert_max_num_queries):
    def queries() -> int:
        with django_assert_max_num_queries(20) as seen:
            assert desk.get(reverse("account_sessions")).status_code == 200
        return len(seen)

    user = UserFactory()
    desk = device(user)
    with_one = queries()
    for number in range(99):
        key = f"session{number:032d}"
        Session.objects.create(session_key=key, expire_date=timezone.now() + timedelta(days=1))
        UserSession.objects.create(user=user, session_key=key, ip="127.0.0.1", user_agent=FIREFOX)

    assert queries() == with_one
    assert len(listed(desk)) == 100


def test_the_account_page_says_how_many():
    user = UserFactory()
    desk = device(user)
    assert "Only here" in desk.get(reverse("account")).content.decode()

    device(user)

    assert "Here and in 1 other place" in desk.get(reverse("account")).content.decode()
