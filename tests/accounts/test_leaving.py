"""What the admin's log keeps of an account that is deleted."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone

from accounts import tokens
from accounts.email_addresses import FORMER_STAFF, forget_unconfirmed
from accounts.leaving import delete_account
from accounts.models import User
from tests.factories import StaffFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory(email="pat@example.org")


def noted(thing, *, by: User, message: str = "") -> None:
    """As the admin notes that somebody of the staff changed it."""
    LogEntry.objects.log_actions(by.pk, [thing], CHANGE, message)


def leave(user: User) -> None:
    with transaction.atomic():
        delete_account(user)


def log_of() -> str:
    return str(list(LogEntry.objects.values_list("object_repr", "change_message")))


def test_the_address_is_in_no_entry_about_what_belonged_to_the_account(user):
    desk = StaffFactory()
    connection = SocialAccount.objects.create(user=user, provider="dummy", uid="7")
    token = tokens.issue(user=user, now=timezone.now()).token
    for thing in (user, EmailAddress.objects.get(user=user), token, connection):
        noted(thing, by=desk)
    assert log_of().count("pat@example.org") >= 3

    leave(user)

    assert "pat@example.org" not in log_of()
    assert LogEntry.objects.filter(user=desk).count() == 4


def test_nor_is_an_address_that_it_only_wanted(user):
    wanted = EmailAddress.objects.create(user=user, email="New@example.org")
    noted(wanted, by=StaffFactory())

    leave(user)

    assert "new@example.org" not in log_of().lower()


def test_nor_is_it_in_what_was_said_of_a_change(user):
    desk = StaffFactory()
    noted(desk, by=desk, message="Wrote to pat@example.org about it.")

    leave(user)

    entry = LogEntry.objects.get()
    assert entry.change_message == "Wrote to An account that was deleted about it."
    assert entry.object_repr == desk.email


@pytest.mark.parametrize("other", ["adapat@example.org", "ada.pat@example.org", "pat@example.org.uk"])
def test_who_has_a_longer_address_stays_in_the_log(user, other):
    noted(UserFactory(email=other), by=StaffFactory())

    leave(user)

    assert LogEntry.objects.get().object_repr == other


def test_what_former_staff_did_stays_in_the_log(user):
    """They are customers now, and leave."""
    noted(UserFactory(), by=user)
    noted(UserFactory(), by=user)

    leave(user)

    keeper = User.objects.get(email=FORMER_STAFF)
    assert LogEntry.objects.filter(user=keeper).count() == 2
    assert not keeper.is_active
    assert not keeper.has_usable_password()


def test_several_of_former_staff_are_one_in_the_log(user):
    another = UserFactory()
    noted(UserFactory(), by=user)
    noted(UserFactory(), by=another)

    leave(user)
    leave(another)

    assert LogEntry.objects.filter(user__email=FORMER_STAFF).count() == 2


def test_the_log_of_former_staff_outlives_accounts_that_never_confirmed_an_address(user, settings):
    noted(UserFactory(), by=user)
    leave(user)

    forget_unconfirmed(now=timezone.now() + timedelta(days=settings.UNCONFIRMED_DAYS + 1))

    assert LogEntry.objects.count() == 1


def test_who_was_never_staff_leaves_nobody_behind(user):
    leave(user)

    assert not User.objects.exists()
