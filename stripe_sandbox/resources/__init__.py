"""What the API holds. Each module brings its `ROUTES`; together they are all that the sandbox answers."""

from __future__ import annotations

from ..api import Route
from ..due import Sweep
from . import (
    charges,
    confirmation_tokens,
    customers,
    disputes,
    event_log,
    holds,
    payment_intents,
    payment_methods,
    refunds,
)

ROUTES: tuple[Route, ...] = (
    *customers.ROUTES,
    *payment_methods.ROUTES,
    *confirmation_tokens.ROUTES,
    *payment_intents.ROUTES,
    *charges.ROUTES,
    *refunds.ROUTES,
    *disputes.ROUTES,
    *event_log.ROUTES,
)

#: What happens by itself when its time has come.
SWEEPS: tuple[Sweep, ...] = (holds.SWEEP, refunds.SWEEP)
