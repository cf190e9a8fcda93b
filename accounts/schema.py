"""GraphQL of the people: tokens."""

from datetime import datetime

import strawberry
from django.utils import timezone

from accounts import tokens
from accounts.callers import Caller, NotSignedIn
from accounts.password_sign_in import sign_in_for_token

Info = strawberry.Info[Caller, None]


@strawberry.type(description="What a program sends as `Authorization: Bearer TOKEN`.")
class CustomerToken:
    token: str = strawberry.field(description="Shown this once; keep it like a password.")
    expires_at: datetime


@strawberry.type
class AccountsMutation:
    @strawberry.mutation(
        name="generateCustomerToken",
        description="A token for the customer of this e-mail address and password.",
    )
    def generate_customer_token(self, info: Info, email: str, password: str) -> CustomerToken:
        issued = sign_in_for_token(
            email=email, password=password, address=info.context.address, now=timezone.now()
        )
        return CustomerToken(token=issued.secret, expires_at=issued.token.expires_at)

    @strawberry.mutation(
        name="revokeCustomerToken",
        description="The token that this request came with is worth nothing from now on.",
    )
    def revoke_customer_token(self, info: Info) -> bool:
        if info.context.token is None:
            raise NotSignedIn("Send the token that you want to revoke: “Authorization: Bearer TOKEN”.")
        tokens.revoke(info.context.token, now=timezone.now())
        return True
