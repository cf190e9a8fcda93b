"""What happened, for the webhook: every change of state leaves an event and a delivery that waits for it."""

from __future__ import annotations

import copy
from typing import Any

from .api import Call
from .ids import new_id


def record(
    call: Call, event_type: str, body: dict[str, Any], *, before: dict[str, Any] | None = None
) -> None:
    """Keep `body` as it is now under `event_type`; `before` are the attributes that an update replaced."""
    data: dict[str, Any] = {"object": copy.deepcopy(body)}
    if before is not None:
        data["previous_attributes"] = before
    awaited = call.config.webhook_url is not None
    event = call.tables.add(
        {
            "id": new_id("event"),
            "object": "event",
            "account": None,
            "api_version": api_version(),
            "context": None,
            "created": call.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": 1 if awaited else 0,
            "request": {"id": call.request_id, "idempotency_key": call.idempotency_key},
            "type": event_type,
        }
    )
    if awaited:
        call.tables.connection.execute(
            "INSERT INTO deliveries (event, next_attempt) VALUES (?, 0)", (event.id,)
        )


def api_version() -> str:
    """The version that the installed library speaks, and the only one that the sandbox speaks."""
    from stripe._api_version import _ApiVersion

    return _ApiVersion.CURRENT


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The old values of the attributes that differ."""
    return {name: before.get(name) for name in after if before.get(name) != after[name]}
