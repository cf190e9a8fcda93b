"""An e-mail address and a password for a token. Whatever is wrong with them, the answer is the same, and as slow."""

from datetime import datetime

from allauth.account import app_settings
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import authenticate

from accounts.models import User
from accounts.rates import count
from accounts.tokens import IssuedToken, issue

_AN_HOUR = 60 * 60
_LONGEST = 1_000  # characters: a longer password is nobody's, and costs time to hash


class WrongCredentials(Exception):
    """No such e-mail address, not its password, or an account that may not sign in: which, is not said."""


def sign_in_for_token(*, email: str, password: str, address: str, now: datetime) -> IssuedToken:
    """Raises WrongCredentials, and TooMany from an address, or for an e-mail address, that was tried too often."""
    email = email.strip().lower()
    too_often = "Too many tries to sign in. Wait a while and try again."
    count(
        "sign-in-address",
        address,
        most=settings.API_SIGN_INS_PER_ADDRESS,
        seconds=_AN_HOUR,
        message=too_often,
    )
    count("sign-in-email", email, most=settings.API_SIGN_INS_PER_EMAIL, seconds=_AN_HOUR, message=too_often)
    user = _user_of(email, password)
    if user is None:
        raise WrongCredentials("This e-mail address and this password do not belong together. Try again.")
    return issue(user=user, now=now)


def _user_of(email: str, password: str) -> User | None:
    if "\x00" in email + password or len(email) > _LONGEST or len(password) > _LONGEST:
        email, password = "", "-"  # hashed like any other wrong one
    user = authenticate(None, email=email or "-", password=password or "-")
    # allauth keeps a user who may not sign in aside, for a page that says so: not for whoever signs in next.
    AuthenticationBackend.unstash_authenticated_user()
    if not isinstance(user, User):
        return None
    if app_settings.EMAIL_VERIFICATION == app_settings.EmailVerificationMethod.MANDATORY:
        return user if EmailAddress.objects.filter(user=user, verified=True).exists() else None
    return user
