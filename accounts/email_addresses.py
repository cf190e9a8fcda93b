"""E-mail addresses: only a confirmed one says who somebody is. docs/accounts.md, "Whose address it is"."""

import uuid
from datetime import datetime, timedelta

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError

from accounts.models import User

log = structlog.get_logger(__name__)


def confirmed_addresses(user: User) -> list[str]:
    """The addresses that the user has shown to be theirs, in lower case."""
    return [
        email.lower()
        for email in EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    ]


def confirmed_holder(email: str) -> User | None:
    """Whose confirmed address this is."""
    address = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    return address.user if address else None


@transaction.atomic
def make_way(email: str, *, keep: User | None = None) -> None:
    """Somebody has shown that the address is theirs: nobody else's account lays claim to it any more.

    Whoever wrote it down without confirming it never got in by it. Such an account is deleted, or, where something
    hangs on it, loses the address; what is in it goes to nobody.
    """
    # Only what nobody has confirmed: a confirmed address is unique, by constraint.
    EmailAddress.objects.filter(email__iexact=email, verified=False).exclude(user=keep).delete()
    for squatter in User.objects.filter(email__iexact=email).select_for_update().order_by("pk"):
        if (
            squatter == keep
            or EmailAddress.objects.filter(user=squatter, email__iexact=email, verified=True).exists()
        ):
            continue
        try:
            with transaction.atomic():
                squatter.delete()
        except ProtectedError:
            squatter.email = f"{uuid.uuid4().hex}@unconfirmed.invalid"
            squatter.set_unusable_password()
            squatter.save(update_fields=["email", "password"])
        log.info("unconfirmed_account_made_way", user=squatter.pk)


def forget_unconfirmed(*, now: datetime) -> int:
    """Deletes accounts that never confirmed an address, UNCONFIRMED_DAYS after they were made; returns how many.

    Nobody has ever been in them by the front door. One that something hangs on stays.
    """
    confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    since = now - timedelta(days=settings.UNCONFIRMED_DAYS)
    never = User.objects.filter(~Exists(confirmed), date_joined__lt=since, last_login=None, is_staff=False)
    forgotten = 0
    for user in never.order_by("pk").iterator():
        try:
            with transaction.atomic():
                user.delete()
        except ProtectedError:
            continue
        forgotten += 1
    return forgotten
