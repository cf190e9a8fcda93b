"""People: users, who sign in by e-mail, and guests, who have not; and the tokens by which programs know a user."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class UserManager(DjangoUserManager["User"]):
    """Makes users by e-mail: there is no user name."""

    def _create(self, email: str, password: str | None, **fields: Any) -> "User":
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(  # type: ignore[override]
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        return self._create(email, password, **fields)

    def create_superuser(  # type: ignore[override]
        self, email: str, password: str | None = None, **fields: Any
    ) -> "User":
        """From the command line: whoever may run it answers for the address, so it counts as confirmed."""
        from allauth.account.models import EmailAddress  # which needs this model

        user = self._create(email, password, **{"is_staff": True, "is_superuser": True, **fields})
        EmailAddress.objects.using(self._db).create(user=user, email=user.email, verified=True, primary=True)
        return user


class User(AbstractUser):
    """Someone with an account. Staff are users with `is_staff`."""

    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        """A form of the admin: an address is written in lower case, and is nobody else's."""
        from allauth.account.models import EmailAddress  # which needs this model

        super().clean()
        self.email = self.email.lower()
        if EmailAddress.objects.filter(email=self.email, verified=True).exclude(user_id=self.pk).exists():
            raise ValidationError({"email": "Another account has confirmed this address."})


class Guest(models.Model):
    """A visitor who has not signed in. It owns the cart until sign-in.

    Made with the first card, not with the first visit; the session remembers its id. It lives as long as the
    session: accounts/guests.py.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    seen_at = models.DateTimeField(
        default=timezone.now,
        db_default=Now(),  # while the site is renewed, processes that do not know it yet make guests, too
        db_index=True,
        editable=False,
        help_text="To the day: see accounts/guests.py.",
    )
    user = models.ForeignKey(
        User,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who signed in as this guest last: what was under way at that moment goes to their cart.",
    )

    def __str__(self) -> str:
        return f"Guest {str(self.id)[:8]}"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self, *, now: datetime) -> "ApiTokenQuerySet":
        """Those that still open the door: not expired, not revoked, of a user who may sign in."""
        return self.filter(expires_at__gt=now, revoked_at=None, user__is_active=True)


class ApiToken(models.Model):
    """What a program shows instead of a password. Only its hash is kept: accounts/tokens.py makes and reads it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    hashed = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256, in hex.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, editable=False, help_text="To within an hour.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="api_token_expires_at")]

    def __str__(self) -> str:
        return f"Token of {self.user} from {self.created_at:%Y-%m-%d %H:%M}"
