"""What an account holds about its person, as plain values for a file."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession

from accounts.models import ApiToken, User


def account_record(user: User) -> dict[str, Any]:
    """Account, addresses, connections and sessions. Keys and passwords are nobody's to read."""
    return {
        "account": {
            "email": user.email,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "made": user.date_joined,
            "last_sign_in": user.last_login,
            "has_password": user.has_usable_password(),
        },
        "email_addresses": list(
            EmailAddress.objects.filter(user=user).order_by("pk").values("email", "verified", "primary")
        ),
        "connected_accounts": [
            {
                "provider": each.provider,
                "id_there": each.uid,
                "connected": each.date_joined,
                "last_used": each.last_login,
                "said_by_it": each.extra_data,
            }
            for each in SocialAccount.objects.filter(user=user).order_by("pk")
        ],
        "sessions": list(
            UserSession.objects.filter(user=user)
            .order_by("pk")
            .values("created_at", "last_seen_at", "ip", "user_agent")
        ),
        "api_tokens": list(
            ApiToken.objects.filter(user=user)
            .order_by("pk")
            .values("created_at", "expires_at", "last_used_at", "revoked_at")
        ),
    }
