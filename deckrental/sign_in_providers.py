"""With which other accounts one can sign in: those of whom the environment has the keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class SignInProvider:
    """`origin`: where the browser is sent to."""

    id: str
    name: str
    origin: str
    settings: Mapping[str, Any]

    @property
    def app(self) -> str:
        return f"allauth.socialaccount.providers.{self.id}"


PROVIDERS = (
    SignInProvider(
        "google",
        "Google",
        "https://accounts.google.com",
        {"SCOPE": ["profile", "email"], "AUTH_PARAMS": {"access_type": "online"}, "OAUTH_PKCE_ENABLED": True},
    ),
    SignInProvider(
        "discord",
        "Discord",
        "https://discord.com",
        {"SCOPE": ["identify", "email"], "OAUTH_PKCE_ENABLED": True},
    ),
)


def configured_providers(environment: Mapping[str, str]) -> dict[SignInProvider, dict[str, Any]]:
    """allauth's settings of each provider that has both keys. Raises ValueError over one key without the other."""
    configured = {}
    for provider in PROVIDERS:
        names = f"{provider.id.upper()}_CLIENT_ID", f"{provider.id.upper()}_CLIENT_SECRET"
        client_id, secret = (environment.get(name, "").strip() for name in names)
        if bool(client_id) != bool(secret):
            given, missing = names if client_id else reversed(names)
            raise ValueError(
                f"{given} is set and {missing} is not: set both to let customers sign in with {provider.name}, "
                "or neither."
            )
        if client_id:
            app = {"client_id": client_id, "secret": secret}
            configured[provider] = {**provider.settings, "APPS": [app]}
    return configured
