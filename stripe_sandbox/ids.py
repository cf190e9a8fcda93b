"""Identifiers that look like Stripe's, so that whatever parses or logs them meets the real shape."""

from __future__ import annotations

import secrets
import string

ALPHABET = string.ascii_letters + string.digits

#: Prefix and number of random characters after it.
SHAPES = {
    "customer": ("cus_", 14),
    "payment_method": ("pm_1", 23),
    "confirmation_token": ("ctoken_1", 23),
    "payment_intent": ("pi_3", 23),
    "charge": ("ch_3", 23),
    "refund": ("re_3", 23),
    "dispute": ("du_1", 23),
    "event": ("evt_3", 23),
    "request": ("req_", 14),
}


def new_id(kind: str) -> str:
    prefix, length = SHAPES[kind]
    return prefix + random_characters(length)


def client_secret_for(object_id: str) -> str:
    return f"{object_id}_secret_{random_characters(25)}"


def random_characters(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
