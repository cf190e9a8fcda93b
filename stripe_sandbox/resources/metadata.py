"""Metadata: merged key by key, emptied by an empty value, limited as at Stripe."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidRequestError

MAX_KEYS = 50
MAX_KEY_LENGTH = 40
MAX_VALUE_LENGTH = 500


def merged(present: dict[str, str], given: Any) -> dict[str, str]:
    """`given` is what the request said: nothing, an empty string (forget all), or values by key."""
    if given is None:
        return present
    if given == "":
        return {}
    for key, value in given.items():
        if len(key) > MAX_KEY_LENGTH:
            raise InvalidRequestError(
                f"Metadata keys can have up to {MAX_KEY_LENGTH} characters, but you passed in a key that is "
                f"{len(key)} characters. Invalid key: {key}",
                param="metadata",
            )
        if len(value) > MAX_VALUE_LENGTH:
            raise InvalidRequestError(
                f"Metadata values can have up to {MAX_VALUE_LENGTH} characters, but you passed in a value "
                f"that is {len(value)} characters. Invalid value: {value}",
                param=f"metadata[{key}]",
            )
    together = {**present, **given}
    kept = {key: value for key, value in together.items() if value != ""}
    if len(kept) > MAX_KEYS:
        raise InvalidRequestError(
            f"Metadata can have up to {MAX_KEYS} keys, but you passed in {len(kept)}.", param="metadata"
        )
    return kept
