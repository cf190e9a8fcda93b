"""API tokens: how a program is known as a customer. A token is shown once; what is kept is its hash.

256 random bits need no slow hash: nobody tries them out. A change of the password revokes them all.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import ApiToken, ApiTokenQuerySet, User

_BYTES = 32
_USED_TO_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token: `secret` is for its customer, and is nowhere to be found again."""

    secret: str = field(repr=False)
    token: ApiToken


class TooManyTokens(ValueError):
    """The customer has as many tokens as is sensible; the message says what to do."""


def issue(*, user: User, now: datetime, most: int | None = None) -> IssuedToken:
    """A new token of the user's. `most`: raises TooManyTokens where there are so many already."""
    if most is not None and (have := tokens_of(user, now=now).count()) >= most:
        which = (
            "one that you do not use"
            if have == most
            else f"what you do not use, until there are fewer than {most}"
        )
        raise TooManyTokens(f"You have {have} tokens. Revoke {which}, then make a new one.")
    secret = secrets.token_urlsafe(_BYTES)
    token = ApiToken.objects.create(
        user=user,
        hashed=hash_of(secret),
        created_at=now,
        expires_at=now + timedelta(days=settings.API_TOKEN_DAYS),
    )
    return IssuedToken(secret, token)


def find_token(secret: str, *, now: datetime) -> ApiToken | None:
    """The token with its user, noted as used; None for one that is unknown, expired or revoked."""
    token = ApiToken.objects.valid(now=now).select_related("user").filter(hashed=hash_of(secret)).first()
    if token and (token.last_used_at is None or now - token.last_used_at >= _USED_TO_WITHIN):
        token.last_used_at = now
        token.save(update_fields=["last_used_at"])
    return token


def tokens_of(user: User, *, now: datetime) -> ApiTokenQuerySet:
    """Those that can be used, the newest first."""
    return ApiToken.objects.valid(now=now).filter(user=user).order_by("-created_at", "-pk")


def revoke(token: ApiToken, *, now: datetime) -> bool:
    """Whether it was this call that revoked it."""
    return bool(ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now))


def revoke_all(user: User, *, now: datetime) -> int:
    return ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now)


def purge_tokens(*, now: datetime) -> int:
    """Deletes the tokens that nobody can use any more; returns how many."""
    deleted, _ = ApiToken.objects.filter(Q(expires_at__lte=now) | Q(revoked_at__isnull=False)).delete()
    return deleted


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@receiver(post_save, sender=User)
def revoke_after_new_password(sender: Any, instance: User, created: bool, **kwargs: Any) -> None:
    # Django keeps it there from `set_password` until the save is over, and only where somebody chose a password:
    # not where an old hash is made anew at sign-in.
    if not created and instance._password is not None:  # type: ignore[attr-defined]
        revoke_all(instance, now=timezone.now())
