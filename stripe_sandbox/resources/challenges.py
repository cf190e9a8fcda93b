"""3-D Secure: where the customer is sent."""

from __future__ import annotations

from urllib.parse import urlencode

from ..api import Call, Json
from ..storage import Stored


def challenge_url(call: Call, intent: Stored) -> str:
    """The page of the bank, which the sandbox plays."""
    query = urlencode({"client_secret": intent.body["client_secret"]})
    return f"{call.base_url}/3ds/{intent.id}?{query}"


def next_action(intent: Stored, url: str) -> Json:
    """A dialog on the shop's page where Stripe.js is in use, else a redirect there and back."""
    if intent.hidden["use_stripe_sdk"] or not intent.hidden["return_url"]:
        return {
            "type": "use_stripe_sdk",
            "use_stripe_sdk": {
                "type": "three_d_secure_redirect",
                "stripe_js": url,
                "source": intent.body["payment_method"],
            },
        }
    return {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": intent.hidden["return_url"], "url": url},
    }
