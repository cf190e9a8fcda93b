"""Where django-allauth asks the site how it is done here. docs/accounts.md says why."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.signup import send_unknown_account_mail
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.http import HttpRequest

from accounts.email_addresses import confirmed_holder, make_way
from accounts.models import User
from accounts.visitor_address import address_of

_NOWHERE = "0.0.0.0"  # noqa: S104  of a visitor who comes through a socket: never bound to


class AccountAdapter(DefaultAccountAdapter):
    def get_client_ip(self, request: HttpRequest) -> str:
        """As the limits of payments see it; allauth's own way refuses whoever comes through a socket."""
        return address_of(request).partition("/")[0] or _NOWHERE

    def get_http_user_agent(self, request: HttpRequest) -> str:
        return request.headers.get("User-Agent", "not known")

    # Links in e-mails lead to the site, whatever name the request came by: a forged Host would carry a key elsewhere.

    def get_reset_password_from_key_url(self, key: str) -> str:
        return _at_the_site(super().get_reset_password_from_key_url(key))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: EmailConfirmation) -> str:
        return _at_the_site(super().get_email_confirmation_url(request, emailconfirmation))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        super().send_mail(template_prefix, email, {**context, "site_url": settings.SITE_URL})

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """An account that merely wants to change to this address is somebody's else until it is confirmed."""
        theirs = EmailAddress.objects.filter(user=user, email=email.lower(), verified=True).exists()
        if theirs or user.email.lower() == email.lower():
            super().send_password_reset_mail(user, email, context)
        else:
            send_unknown_account_mail(self.request, email)


def _at_the_site(url: str) -> str:
    return settings.SITE_URL + urlsplit(url).path


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """The account with an address that both the provider and we have seen confirmed.

        An account that nobody was ever in does not lie in wait for the address's owner: it makes way, and they get
        an account of their own. Where somebody was in it, an e-mail says that there is one: a new password opens it.
        Staff connect a provider from inside their account only.
        """
        if sociallogin.state.get("process") == AuthProcess.CONNECT:
            return None
        for address in sociallogin.email_addresses:
            if not address.verified:
                continue
            holder = confirmed_holder(address.email)
            if holder is None:
                make_way(address.email)
            elif not (holder.is_staff or holder.is_superuser):
                return holder, address.email
        return None
