"""E-mail addresses: only a confirmed one says who somebody is. docs/accounts.md, "Whose address it is".

They are kept in lower case, and looked for as they are: where the database compares without regard to case,
“patı@…”, whose dotless i is another mailbox, would be “pati@…”.
"""

from datetime import datetime, timedelta

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, Q

from accounts.models import User

log = structlog.get_logger(__name__)

# Whom the admin's log names for staff who left: accounts/leaving.py. Nobody can sign in as it.
FORMER_STAFF = "former-staff@deleted.invalid"


def confirmed_addresses(user: User) -> list[str]:
    """The addresses that the user has shown to be theirs, in lower case."""
    return [
        email.lower()
        for email in EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    ]


def confirmed_holder(email: str) -> User | None:
    """Whose confirmed address this is."""
    address = EmailAddress.objects.filter(email=email.lower(), verified=True).select_related("user").first()
    return address.user if address else None


def _confirmed() -> Exists:
    return Exists(EmailAddress.objects.filter(user=OuterRef("pk"), verified=True))


def _nobody_was_in() -> Q:
    """Accounts that nobody has ever been in, by whichever door.

    Not staff, who may have been made in the admin; not who signed in, maybe before addresses had to be confirmed;
    not who has confirmed another address than the one that staff wrote down since.
    """
    return Q(~_confirmed(), ~Q(email=FORMER_STAFF), last_login=None, is_staff=False, is_superuser=False)


def make_way(email: str, *, keep: User | None = None) -> bool:
    """Somebody has shown that the address is theirs: no account that nobody was ever in lays claim to it any more.

    Whoever wrote the address down without confirming it never got in by it: the account is deleted. False, and
    nothing is changed, where an account goes by it that is somebody's, or that something hangs on: whoever has the
    mailbox gets into that one by a new password.
    """
    try:
        with transaction.atomic():
            # Only what nobody has confirmed: a confirmed address is unique, by constraint.
            EmailAddress.objects.filter(email=email.lower(), verified=False).exclude(user=keep).delete()
            others = User.objects.filter(~Q(pk=keep.pk) if keep else Q(), email=email.lower())
            for other in others.select_for_update().order_by("pk"):
                if not User.objects.filter(_nobody_was_in(), pk=other.pk).exists():
                    raise _StaysError
                gone = other.pk
                other.delete()
                log.info("unconfirmed_account_made_way", user=gone)
    except (_StaysError, ProtectedError):
        return False
    return True


class _StaysError(Exception):
    """An account does not make way."""


@transaction.atomic
def write_down(user: User) -> None:
    """Staff have written the account's address: it is the only one, and counts when it is confirmed.

    Without this the old address would stay the confirmed one, and the way to a new password.
    """
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"primary": True})


def forget_unconfirmed(*, now: datetime) -> int:
    """Deletes accounts that never confirmed an address, UNCONFIRMED_DAYS after they were made; returns how many.

    Nobody has ever been in them by the front door. One that something hangs on stays.
    """
    since = now - timedelta(days=settings.UNCONFIRMED_DAYS)
    never = User.objects.filter(_nobody_was_in(), date_joined__lt=since)
    forgotten = 0
    for user in never.order_by("pk").iterator():
        try:
            with transaction.atomic():
                user.delete()
        except ProtectedError:
            continue
        forgotten += 1
    return forgotten
