"""An account that is deleted: whoever signs up with its address later is somebody new."""

import re

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from accounts.email_addresses import FORMER_STAFF
from accounts.models import User

_DELETED = "An account that was deleted"


def delete_account(user: User) -> None:
    """Ends the sessions and deletes the account with addresses, connections and tokens. No order may be left on it.

    Inside the caller's transaction, in which the user's row is locked.
    """
    for session in UserSession.objects.filter(user=user):
        session.end()
    _rename_in_the_log(user)
    _hand_over_the_log(user)
    user.delete()


def _rename_in_the_log(user: User) -> None:
    """What staff did to the account in the admin is remembered, under another name.

    Rows that belong to it (addresses, tokens, connections) are called there by its address.
    """
    account = Q(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
    LogEntry.objects.filter(account).update(object_repr=_DELETED)
    addresses = {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}
    for address in addresses:
        # Not pat@example.org within another's adapat@example.org.
        alone = re.compile(rf"(?<![\w.+-]){re.escape(address)}(?![\w.-]*\w)", re.IGNORECASE)
        told = Q(object_repr__icontains=address) | Q(change_message__icontains=address)
        for entry in LogEntry.objects.filter(told):
            if alone.search(entry.object_repr):
                entry.object_repr = _DELETED
            entry.change_message = alone.sub(_DELETED, entry.change_message)
            entry.save(update_fields=["object_repr", "change_message"])


def _hand_over_the_log(user: User) -> None:
    """What former staff did in the admin stays, as done by somebody who was staff: a deletion would take it along."""
    done = LogEntry.objects.filter(user=user)
    if not done.exists():
        return
    keeper, made = User.objects.get_or_create(email=FORMER_STAFF, defaults={"is_active": False})
    if made:
        keeper.set_unusable_password()
        keeper.save(update_fields=["password"])
    done.update(user=keeper)
