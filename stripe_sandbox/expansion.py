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
    "refund": {
        "charge": "charge",
        "customer": "customer",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
}
#: A charge tells of its refunds only where they are asked for.
REFUNDS_SHOWN = 10
LISTS = ("list", "search_result")
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
    kind = body.get("object", "")
    if kind in LISTS and name == "data" and rest:
        return {**body, "data": [expanded(tables, item, rest, path) for item in body["data"]]}
    if kind == "charge" and name == "refunds":
        value = body.get(name) or refunds_of(tables, body["id"])
    elif (referred := REFERENCES.get(kind, {}).get(name)) and name in body:
        value = body[name]
        if isinstance(value, str):
            stored = tables.find(referred, value)
            value = stored.body if stored else value
        if rest and value is None:
            check_expandable(referred, rest, path)
    else:
        raise not_expandable(path)
    if rest and isinstance(value, dict):
        value = expanded(tables, value, rest, path)
    return {**body, name: value}


def check_expandable(kind: str, parts: list[str], path: str) -> None:
    """Where there is nothing to expand now, there must be something that could be."""
    name, *rest = parts
    if kind == "charge" and name == "refunds":
        kind, rest = ("refund", rest[1:]) if rest[:1] == ["data"] and len(rest) > 1 else ("", rest)
    elif name in REFERENCES.get(kind, {}):
        kind = REFERENCES[kind][name]
    else:
        raise not_expandable(path)
    if rest:
        check_expandable(kind, rest, path)


def not_expandable(path: str) -> InvalidRequestError:
    return InvalidRequestError(f"This property cannot be expanded ({path}).")


def refunds_of(tables: Tables, charge_id: str) -> dict[str, Any]:
    """The list inside a charge: its latest refunds, and where to read the others."""
    rows = tables.bodies_where("refund", "charge", charge_id, limit=REFUNDS_SHOWN + 1)
    return {
        "object": "list",
        "data": rows[:REFUNDS_SHOWN],
        "has_more": len(rows) > REFUNDS_SHOWN,
        "url": f"/v1/charges/{charge_id}/refunds",
    }
