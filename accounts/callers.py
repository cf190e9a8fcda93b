"""Who calls the API: a customer (by token or session) or a guest."""

from dataclasses import dataclass

from accounts.models import ApiToken, User


class NotSignedIn(Exception):
    """Only a signed-in customer may do this, or the token that was shown is worth nothing."""


@dataclass(frozen=True, slots=True)
class Caller:
    """`token`: the one they came with; None for a session and for a guest. `address`: empty where it is not known."""

    user: User | None = None
    token: ApiToken | None = None
    address: str = ""

    @property
    def customer(self) -> User:
        """Raises NotSignedIn."""
        if self.user is None:
            raise NotSignedIn(
                "Sign in for this: send the header “Authorization: Bearer TOKEN”; generateCustomerToken gives a token."
            )
        return self.user
