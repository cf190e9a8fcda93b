"""The people's pages of the admin."""

import uuid

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.email_addresses import FORMER_STAFF
from accounts.models import User
from orders.states import Status
from tests.accounts.test_signing_up import PASSWORD, is_signed_in, link_to, sign_in
from tests.factories import GuestFactory, StaffFactory, UserFactory
from tests.orders.test_forgetting import over

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_for_each_test_alone(settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


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


# --- deleting ---------------------------------------------------------------------------------------------


USERS = "admin:accounts_user_changelist"


def delete(desk: Client, *users: User, sure: bool = True):
    form = {"action": "delete_accounts", "_selected_action": [user.pk for user in users]}
    return desk.post(reverse(USERS), {**form, **({"sure": "yes"} if sure else {})}, follow=True)


def messages_of(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize("kind", ["user", "guest"])
def test_nobody_deletes_the_row_of_a_person(desk, kind):
    """Whatever else would be forgotten with it would stay."""
    person = UserFactory() if kind == "user" else GuestFactory()
    listed = reverse(f"admin:accounts_{kind}_changelist")

    one = desk.post(reverse(f"admin:accounts_{kind}_delete", args=[person.pk]), {"post": "yes"})
    desk.post(listed, {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"})

    assert one.status_code == 403
    assert type(person).objects.filter(pk=person.pk).exists()


def test_an_account_is_deleted_as_its_owner_would(desk, django_capture_on_commit_callbacks):
    user, bystander = UserFactory(email="pat@example.org"), UserFactory()
    order = over(user)

    with django_capture_on_commit_callbacks(execute=True):
        page = delete(desk, user)

    assert messages_of(page) == ["Deleted: 1."]
    assert set(User.objects.filter(is_staff=False)) == {bystander}
    order.refresh_from_db()
    assert (order.user, order.email, order.name) == (None, "", "")
    assert order.forgotten_at is not None
    assert [message.to for message in mail.outbox] == [["pat@example.org"]]


def test_the_admin_asks_first(desk):
    user = UserFactory()

    page = delete(desk, user, sure=False)

    assert page.templates[0].name == "admin/accounts/user/delete_accounts.html"
    assert user.email in page.content.decode()
    assert User.objects.filter(pk=user.pk).exists()


def test_an_account_that_is_needed_yet_stays_and_the_others_go(desk):
    needed, user = UserFactory(email="a@example.org"), UserFactory(email="b@example.org")
    order = over(needed, status=Status.OPEN)

    page = delete(desk, needed, user)

    stays, deleted = messages_of(page)
    assert stays.startswith("Not deleted: a@example.org.")
    assert "is set aside for you" in stays
    assert deleted == "Deleted: 1."
    assert list(User.objects.filter(is_staff=False)) == [needed]
    order.refresh_from_db()
    assert order.user == needed
    assert not LogEntry.objects.filter(object_id=str(needed.pk)).exists()


def test_the_admins_log_says_that_staff_deleted_one_and_not_whose(desk):
    user = UserFactory(email="pat@example.org")

    delete(desk, user)

    entry = LogEntry.objects.get()
    assert entry.is_deletion()
    assert entry.object_repr == "An account that was deleted"


def test_staff_without_the_right_to_delete_users_are_not_offered_it():
    user = UserFactory()
    colleague = StaffFactory()
    colleague.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    client = Client()
    client.force_login(colleague)

    page = client.get(reverse(USERS)).content.decode()
    delete(client, user)

    assert user.email in page
    assert "delete_accounts" not in page
    assert User.objects.filter(pk=user.pk).exists()


def test_whoever_stands_for_former_staff_is_not_deleted(desk):
    User.objects.create_user(FORMER_STAFF, is_active=False)

    delete(desk, User.objects.get(email=FORMER_STAFF))

    assert User.objects.filter(email=FORMER_STAFF).exists()
