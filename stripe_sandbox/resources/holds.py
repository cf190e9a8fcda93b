"""Holds that nobody captured in time: the bank gives the money back, and the intent ends by itself."""

from __future__ import annotations

from .. import events
from ..api import Call
from ..due import Sweep
from ..errors import UnexpectedStateError
from ..intent_states import Status, Step, after, can
from ..storage import Stored
from . import charges


def run_out(call: Call) -> None:
    """End every hold whose ``capture_before`` has passed by ``call.now``, the oldest first."""
    for row in call.tables.connection.execute(
        f"SELECT json_extract(body, '$.payment_intent') AS intent {charges.HELD_TOO_LONG}", (call.now,)
    ).fetchall():
        intent = call.tables.find("payment_intent", row["intent"])
        if intent is not None:
            expire(call, intent)


def expire(call: Call, intent: Stored) -> None:
    """End this hold, whatever its ``capture_before`` says."""
    status = Status(intent.body["status"])
    if not can(status, Step.EXPIRE):
        raise UnexpectedStateError(
            f"{intent.id} holds no money that could be given back: it has a status of {status}.",
            code="payment_intent_unexpected_state",
            payment_intent=intent.body,
        )
    charges.expire(call, charges.of(call, intent))
    intent.body |= {
        "amount_capturable": 0,
        "canceled_at": call.now,
        "cancellation_reason": "automatic",
        "status": after(status, Step.EXPIRE).value,
    }
    call.tables.save(intent)
    events.record(call, "payment_intent.canceled", intent.body)


SWEEP = Sweep(due=f"SELECT 1 {charges.HELD_TOO_LONG}", carry_out=run_out)
