"""E-mail addresses: only a confirmed one says who somebody is. docs/accounts.md, "Whose address it is"."""

import uuid

import structlog
from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import ProtectedError

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
    squatters = User.objects.filter(email__iexact=email).select_for_update()
    for squatter in squatters.exclude(pk=keep.pk if keep else None).order_by("pk"):
        if EmailAddress.objects.filter(user=squatter, email__iexact=email, verified=True).exists():
            continue
        try:
            with transaction.atomic():
                squatter.delete()
        except ProtectedError:
            squatter.email = f"{uuid.uuid4().hex}@unconfirmed.invalid"
            squatter.set_unusable_password()
            squatter.save(update_fields=["email", "password"])
        log.info("unconfirmed_account_made_way", user=squatter.pk)
