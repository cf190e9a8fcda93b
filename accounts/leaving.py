"""An account that is deleted: whoever signs up with its address later is somebody new."""

from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from accounts.models import User


def delete_account(user: User) -> None:
    """Ends the sessions and deletes the account with addresses, connections and tokens. No order may be left on it.

    Inside the caller's transaction, in which the user's row is locked.
    """
    for session in UserSession.objects.filter(user=user):
        session.end()
    # What staff did to the account in the admin is remembered, under another name.
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    )
    entries.update(object_repr="An account that was deleted")
    user.delete()
