"""How a card shows in a payment method, a confirmation token and a charge."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from ..api import Call, Json
from ..cards import Card
from ..ids import ALPHABET


def card_hash(call: Call, card: Card, exp_month: int, exp_year: int, *, postal_code_given: bool) -> Json:
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": "pass" if postal_code_given else None,
            "cvc_check": card.cvc_check,
        },
        "country": card.country,
        "display_brand": "american_express" if card.brand == "amex" else card.brand,
        "exp_month": exp_month,
        "exp_year": exp_year,
        "fingerprint": fingerprint(call, card),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def fingerprint(call: Call, card: Card) -> str:
    """The same for the same card for the life of the database, and different elsewhere."""
    salt = call.tables.setting("fingerprint_salt", secrets.token_hex(16))
    digest = hmac.new(salt.encode(), card.name.encode(), hashlib.sha256).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:16])


def no_billing_details() -> dict[str, Any]:
    address = {
        "city": None,
        "country": None,
        "line1": None,
        "line2": None,
        "postal_code": None,
        "state": None,
    }
    return {"address": address, "email": None, "name": None, "phone": None, "tax_id": None}


def changed_details(present: Json, given: Json) -> dict[str, Any]:
    """`present` with what was given; an empty text unsets, an empty address unsets all of it."""
    address = given.get("address", {})
    address = {**present["address"], **address} if address != "" else {}
    return billing_details({**present, **given, "address": address})


def billing_details(given: Json) -> dict[str, Any]:
    """What was given, with every other field present and empty."""
    empty = no_billing_details()
    stated = {name: value for name, value in given.items() if value != ""}
    address = empty["address"] | {name: value for name, value in stated.get("address", {}).items() if value}
    return empty | stated | {"address": address}
