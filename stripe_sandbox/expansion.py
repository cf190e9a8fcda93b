"""``expand[]``: an id in an answer is replaced by the object that it names."""

from __future__ import annotations

from typing import Any

from .errors import InvalidRequestError
from .storage import Tables

#: Which attributes of an object hold the id of which other object.
REFERENCES = {
    "payment_intent": {"latest_charge": "charge", "payment_method": "payment_method", "customer": "customer"},
    "charge": {"payment_intent": "payment_intent", "customer": "customer"},
    "payment_method": {"customer": "customer"},
}
MAX_DEPTH = 4


def expand(tables: Tables, body: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    """Raises `InvalidRequestError` on what cannot be expanded, as Stripe does."""
    for path in wanted:
        parts = path.split(".")
        if len(parts) > MAX_DEPTH:
            raise InvalidRequestError(
                f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}"
            )
        body = expanded(tables, body, parts, path)
    return body


def expanded(tables: Tables, body: dict[str, Any], parts: list[str], path: str) -> dict[str, Any]:
    name, *rest = parts
    if body.get("object") == "list" and name == "data" and rest:
        return {**body, "data": [expanded(tables, item, rest, path) for item in body["data"]]}
    kind = REFERENCES.get(body.get("object", ""), {}).get(name)
    if kind is None or name not in body:
        raise InvalidRequestError(f"This property cannot be expanded ({path}).")
    value = body[name]
    if isinstance(value, str):
        stored = tables.find(kind, value)
        value = stored.body if stored else value
    if rest and isinstance(value, dict):
        value = expanded(tables, value, rest, path)
    return {**body, name: value}
