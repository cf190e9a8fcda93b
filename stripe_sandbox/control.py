"""The sandbox's own levers, under ``/_sandbox/``: its clock, its courier, the bank's moods.

JSON in and out, for tests and for whoever runs the sandbox: only with the secret key, and never for pages in
a browser.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from flask import Flask, Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .access import caller_for, check_may_call
from .api import Api, Json
from .clock import FURTHEST
from .errors import ApiError, AuthenticationError, InvalidRequestError, no_such
from .faults import OF_EVENTS, Fault, Faults, Kind
from .resources import holds
from .resources.payment_intents import found
from .webhooks import Courier, Order

PREFIX = "/_sandbox"
#: How long a slow answer may take: longer than any client waits.
MOST_SECONDS = 120


class Nothing(BaseModel):
    """What a body may say; a name that is not there is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ClockChange(Nothing):
    advance_seconds: int | None = Field(default=None, ge=1, le=FURTHEST)
    reset: Literal[True] | None = None


class FaultAsked(Nothing):
    kind: Kind
    method: Literal["GET", "POST", "DELETE"] | None = None
    path: str | None = Field(default=None, pattern=r"^/v1/\S+$", max_length=200)
    event_type: str | None = Field(default=None, pattern=r"^[a-z0-9_.*]+$", max_length=100)
    times: int = Field(default=1, ge=1, le=1000)
    skip: int = Field(default=0, ge=0, le=1000)
    seconds: float | None = Field(default=None, gt=0, le=MOST_SECONDS)


class Release(Nothing):
    order: Literal["forward", "reverse"] = "forward"


@dataclass
class Control:
    """The parts that the levers move."""

    api: Api
    courier: Courier
    faults: Faults

    def clock(self, _: Nothing) -> Json:
        clock = self.api.clock
        return {"now": int(clock.now()), "ahead_seconds": clock.ahead}

    def move_clock(self, change: ClockChange) -> Json:
        clock = self.api.clock
        if (change.advance_seconds is None) == (change.reset is None):
            raise InvalidRequestError('Say either {"advance_seconds": …} or {"reset": true}.')
        ahead = 0 if change.advance_seconds is None else clock.ahead + change.advance_seconds
        if ahead > FURTHEST:
            raise InvalidRequestError(
                f"The clock would be {ahead} seconds ahead; {FURTHEST} is the most.", param="advance_seconds"
            )
        clock.move(ahead)
        self.api.settle_due()
        return self.clock(change)

    def show_faults(self, _: Nothing) -> Json:
        return {"faults": self.faults.shown()}

    def add_fault(self, asked: FaultAsked) -> Json:
        of_events = asked.kind in OF_EVENTS
        if of_events:
            self.check_delivers()
        wrong = ("method", "path") if of_events else ("event_type",)
        wrong = wrong if asked.kind is Kind.SLOW else (*wrong, "seconds")
        for name in wrong:
            if getattr(asked, name) is not None:
                raise InvalidRequestError(f"A fault of kind {asked.kind} has no {name}.", param=name)
        if asked.kind is Kind.SLOW and asked.seconds is None:
            raise InvalidRequestError("How many seconds is it to be slow?", param="seconds")
        strikes = (asked.event_type or "*") if of_events else f"{asked.method or '*'} {asked.path or '*'}"
        self.faults.add(Fault(asked.kind, strikes, asked.times, asked.skip, asked.seconds or 0))
        return self.show_faults(asked)

    def clear_faults(self, _: Nothing) -> Json:
        return {"cleared": self.faults.clear()}

    def expire(self, _: Nothing, intent_id: str) -> Json:
        """The bank ends this hold, before its time."""
        with self.api.storage.write() as tables:
            call = self.api.call_by_itself(tables)
            intent = found(call, intent_id)
            holds.expire(call, intent)
        self.api.after_change()
        return intent.body

    def hold_events(self, _: Nothing) -> Json:
        self.check_delivers()
        self.courier.hold()
        return {"held": True}

    def release_events(self, given: Release) -> Json:
        self.check_delivers()
        return {"held": False, "released": self.courier.release(Order(given.order))}

    def deliver(self, _: Nothing, event_id: str) -> Json:
        """Send this event now, whether it was delivered before or not, and say what the site answered."""
        self.check_delivers()
        result = self.courier.deliver_now(event_id)
        if result is None:
            raise no_such("event", event_id, in_path=True)
        return {"event": event_id, "result": result}

    def check_delivers(self) -> None:
        if not self.api.config.webhook_url:
            raise InvalidRequestError(
                "This sandbox was started without --webhook-url: it delivers no events."
            )

    def calm(self, _: Nothing) -> Json:
        """Time and courier as usual again; what was stored stays."""
        if self.api.clock.ahead:
            self.api.clock.move(0)
        self.faults.clear()
        self.courier.release(Order.FORWARD)
        return {"calm": True}

    def reset(self, _: Nothing) -> Json:
        """As if it had just been installed."""
        with self.api.storage.write() as tables:
            tables.forget_everything()
        self.calm(_)
        return {"reset": True}


@dataclass(frozen=True)
class Lever:
    method: str
    path: str
    handle: Callable[..., Json]
    accepts: type[Nothing] = Nothing


LEVERS = (
    Lever("GET", f"{PREFIX}/clock", Control.clock),
    Lever("POST", f"{PREFIX}/clock", Control.move_clock, ClockChange),
    Lever("GET", f"{PREFIX}/faults", Control.show_faults),
    Lever("POST", f"{PREFIX}/faults", Control.add_fault, FaultAsked),
    Lever("DELETE", f"{PREFIX}/faults", Control.clear_faults),
    Lever("POST", f"{PREFIX}/intents/<intent_id>/expire", Control.expire),
    Lever("POST", f"{PREFIX}/events/hold", Control.hold_events),
    Lever("POST", f"{PREFIX}/events/release", Control.release_events, Release),
    Lever("POST", f"{PREFIX}/events/<event_id>/deliver", Control.deliver),
    Lever("POST", f"{PREFIX}/calm", Control.calm),
    Lever("POST", f"{PREFIX}/reset", Control.reset),
)


def register(app: Flask, control: Control) -> None:
    for lever in LEVERS:
        app.add_url_rule(
            lever.path,
            f"{lever.method} {lever.path}",
            lever_view(control, lever),
            methods=[lever.method],
            provide_automatic_options=False,
        )


def lever_view(control: Control, lever: Lever) -> Callable[..., Response]:
    def view(**path_parts: str) -> Response:
        try:
            check_key(control.api)
            return shown(lever.handle(control, read_body(lever.accepts), **path_parts))
        except ApiError as error:
            return refused(error)

    return view


def check_key(api: Api) -> None:
    """Only ``Bearer``: no browser sends that by itself."""
    authorization = request.headers.get("Authorization", "")
    if not authorization.lower().startswith("bearer "):
        raise AuthenticationError("The control API wants the secret key: Authorization: Bearer sk_test_…")
    check_may_call(caller_for(authorization, None, api.config), open_to_browsers=False)


def read_body(accepts: type[Nothing]) -> Nothing:
    raw = request.get_data()
    if raw and request.mimetype != "application/json":
        raise InvalidRequestError("The control API takes JSON: Content-Type: application/json.")
    try:
        return accepts.model_validate_json(raw or b"{}")
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidRequestError(f"{name or 'body'}: {first['msg']}", param=name or None) from None


def shown(told: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(told, indent=2), status, mimetype="application/json")


def refused(error: ApiError) -> Response:
    return shown({"error": error.error()}, error.status)


def unknown_lever(status: int) -> Response:
    levers = ", ".join(f"{lever.method} {lever.path}" for lever in LEVERS)
    return refused(
        ApiError(f"There is no {request.method} {request.path}. What there is: {levers}", status=status)
    )
