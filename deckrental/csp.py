"""What a page of the site may load, and from where."""

from collections.abc import Sequence
from typing import Any

from csp.constants import NONE, SELF

_STRIPE = ["https://js.stripe.com", "https://api.stripe.com", "https://hooks.stripe.com"]
_CARD_IMAGES = ["https://cards.scryfall.io", "https://img.scryfall.com"]


def content_security_policy(*, stripe_api_base: str, sign_in_at: Sequence[str] = ()) -> dict[str, Any]:
    """django-csp's setting: everything from the site itself, but card images, and Stripe (or its stand-in).

    `sign_in_at`: where the form goes on to that signs in with another account.
    """
    stripe = [stripe_api_base] if stripe_api_base else _STRIPE
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [SELF, *stripe],
            "style-src": [SELF],
            "img-src": [SELF, "data:", *_CARD_IMAGES],
            "font-src": [SELF],
            "connect-src": [SELF, *stripe],
            "frame-src": stripe,
            "form-action": [SELF, *sign_in_at],
            "base-uri": [NONE],
            "frame-ancestors": [NONE],
            "manifest-src": [SELF],
        }
    }
