"""When an address is confirmed by its owner, nothing that somebody else may have put there stays a way in."""

from typing import Any

import structlog
from allauth.account.models import EmailAddress
from allauth.account.signals import password_reset
from allauth.socialaccount.models import SocialAccount
from django.db.models.signals import pre_save
from django.dispatch import receiver

from accounts.email_addresses import make_way
from accounts.models import User

log = structlog.get_logger(__name__)


@receiver(pre_save, sender=EmailAddress)
def others_make_way(sender: Any, instance: EmailAddress, **kwargs: Any) -> None:
    """Before an address counts as confirmed, in whichever way: nobody else claims it, or their row would be in it."""
    if instance.verified:
        confirmed = EmailAddress.objects.filter(pk=instance.pk, verified=True).exists()
        if not confirmed and not make_way(instance.email, keep=instance.user):
            instance.verified = False  # somebody's account goes by it: a new password for that one is the way
            log.warning("address_is_somebodys", user=instance.user_id)


@receiver(password_reset)
def only_the_mailbox_is_believed(sender: Any, user: User, **kwargs: Any) -> None:
    """An account that was never confirmed may be somebody else's work: what they connected to it is cut off."""
    if not EmailAddress.objects.filter(user=user, verified=True).exists():
        SocialAccount.objects.filter(user=user).delete()
