"""Errors in Stripe's shape: what the API answers when it refuses."""

from __future__ import annotations

from typing import Any

DOCUMENTED_CODES = "https://docs.stripe.com/error-codes#"
#: The one code that Stripe does not have: a parameter or value that Stripe knows and the sandbox does not
#: play.
NOT_SIMULATED = "parameter_not_simulated"


class ApiError(Exception):
    """An answer that is not a success.

    `keeps_changes` says whether what the request wrote before it failed stays: a declined card leaves a
    failed charge and a changed intent behind; a refused request leaves nothing. `is_replayed` says whether
    the same idempotency key gets the same answer again, or another try.
    """

    status = 400
    type = "invalid_request_error"
    keeps_changes = False
    is_replayed = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        status: int | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.status = status or self.status
        self.more = more

    def error(self) -> dict[str, Any]:
        """The object that belongs under ``error`` in the answer."""
        told = {
            "code": self.code,
            "message": self.message,
            "param": self.param,
            "type": self.type,
            **self.more,
        }
        if self.code and self.code != NOT_SIMULATED:
            told["doc_url"] = DOCUMENTED_CODES + self.code.replace("_", "-")
        return {key: value for key, value in sorted(told.items()) if value is not None}


class InvalidRequestError(ApiError):
    """400: the request makes no sense as it stands."""


class AuthenticationError(ApiError):
    """401: no key, or not one of ours."""

    status = 401


class PermissionDeniedError(ApiError):
    """403: a publishable key where a secret one is needed."""

    status = 403


class NotFoundError(ApiError):
    """404: no such object, or no such address."""

    status = 404


class UnexpectedStateError(InvalidRequestError):
    """400: well asked, but not of an object in this state."""

    is_replayed = True


class CardError(ApiError):
    """402: the card was refused. What happened to the intent and its charge is kept."""

    status = 402
    type = "card_error"
    keeps_changes = True
    is_replayed = True


class IdempotencyError(ApiError):
    """400: a key was used again with something else."""

    type = "idempotency_error"


class IdempotencyKeyInUseError(ApiError):
    """409: the first request with this key has not been answered yet."""

    status = 409
    type = "idempotency_error"


class RateLimitError(ApiError):
    """429: too many at once, or a fault that plays so. Nothing was begun."""

    status = 429


class InternalError(ApiError):
    """500: a fault of the sandbox itself, or one that it was asked to play."""

    status = 500
    type = "api_error"
    is_replayed = True


def not_simulated(name: str) -> ApiError:
    return InvalidRequestError(
        f"This sandbox does not simulate the parameter: {name}", code=NOT_SIMULATED, param=name
    )


def no_such(kind: str, object_id: str, *, param: str = "id", in_path: bool = False) -> ApiError:
    """`kind` as in Stripe's sentence: ``customer``, ``PaymentMethod``. In the path 404, else 400."""
    return ApiError(
        f"No such {kind}: '{object_id}'", code="resource_missing", param=param, status=404 if in_path else 400
    )
