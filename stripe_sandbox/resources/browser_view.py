"""What a browser may see of a payment intent, and how it shows that it may."""

from __future__ import annotations

from ..access import Caller
from ..api import Call, Json
from ..errors import InvalidRequestError
from ..storage import Stored

#: What a browser that holds the client secret may see of an intent.
PUBLIC = frozenset(
    {
        "amount",
        "amount_details",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "capture_method",
        "client_secret",
        "confirmation_method",
        "created",
        "currency",
        "description",
        "id",
        "last_payment_error",
        "livemode",
        "next_action",
        "object",
        "payment_method",
        "payment_method_configuration_details",
        "payment_method_types",
        "processing",
        "receipt_email",
        "setup_future_usage",
        "shipping",
        "source",
        "status",
    }
)


def check_client_secret(call: Call, intent: Stored) -> None:
    """A browser shows that it may see an intent by its client secret; a server by its key alone."""
    secret = call.params.get("client_secret")
    if call.caller is Caller.SERVER and secret is None:
        return
    if secret is None:
        raise InvalidRequestError(
            "Missing required param: client_secret.", code="parameter_missing", param="client_secret"
        )
    if secret != intent.body["client_secret"]:
        raise InvalidRequestError(
            "The client_secret provided does not match the client_secret associated with the PaymentIntent.",
            code="payment_intent_invalid_parameter",
            param="client_secret",
        )


def shown(call: Call, intent: Stored) -> Json:
    if call.caller is Caller.SERVER:
        return intent.body
    return {name: value for name, value in intent.body.items() if name in PUBLIC}
