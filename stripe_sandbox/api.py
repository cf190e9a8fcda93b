"""From a request to an answer: who asks, is it well asked, was it asked before, do it, show it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import idempotency
from .access import Caller
from .clock import SandboxClock
from .config import Config
from .due import Sweep, anything_due
from .errors import ApiError, InternalError
from .idempotency import Answer, Claim, claim_for
from .parameters import Accepts, check
from .storage import Storage, Tables

log = logging.getLogger(__name__)

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request while it is carried out: everything that a handler may look at or write to."""

    params: Json
    tables: Tables
    now: int
    caller: Caller
    #: None where nobody asked: what happens by itself.
    request_id: str | None
    idempotency_key: str | None
    #: Where a browser finds the sandbox.
    base_url: str
    config: Config


@dataclass(frozen=True)
class Route:
    """`path` as Flask writes it; `handle` is called with the `Call` and the parts of the path."""

    method: str
    path: str
    handle: Callable[..., Json]
    accepts: Accepts
    #: Stripe.js may call it with the publishable key.
    open_to_browsers: bool = False


@dataclass(frozen=True)
class Asked:
    """A request as it came in, its caller known."""

    route: Route
    path: str
    path_parts: dict[str, str]
    params: Json
    caller: Caller
    request_id: str
    idempotency_key: str | None
    base_url: str


@dataclass
class Api:
    config: Config
    storage: Storage
    clock: SandboxClock
    #: Replaces ids by objects where the caller asked for it.
    expand: Callable[[Tables, Json, list[str]], Json]
    sweeps: Sequence[Sweep]
    #: Called after every change, so that events leave at once.
    after_change: Callable[[], None] = lambda: None

    def answer(self, asked: Asked, *, broken: bool = False) -> tuple[Answer, bool]:
        """The answer, and whether it is one given before. Raises `ApiError` where nothing was begun.

        `broken`: the server fails in place of doing the work.
        """
        params = check(asked.params, asked.route.accepts)
        if asked.route.method == "GET":
            self.settle_due()
            if broken:
                raise broken_down()
            with self.storage.read() as tables:
                return self.success(self.call(asked, params, tables), asked), False

        claim = self.claim(asked)
        if claim and (before := idempotency.take(self.storage, claim)):
            return before, True
        try:
            with self.storage.write() as tables:
                self.settle_due_in(tables)
                answer = self.attempt(asked, params, tables, claim, broken=broken)
        except Exception:
            log.exception("%s %s failed", asked.route.method, asked.path)
            answer = refusal(InternalError("The sandbox itself failed; its log says how."), asked)
            if claim:
                with self.storage.write() as tables:
                    idempotency.keep(tables, claim, answer)
        self.after_change()
        return answer, False

    def settle_due(self) -> None:
        """Do what is due by now; a transaction is opened only where something is."""
        with self.storage.read() as tables:
            if not anything_due(self.sweeps, tables, self.now()):
                return
        with self.storage.write() as tables:
            self.settle_due_in(tables)
        self.after_change()

    def settle_due_in(self, tables: Tables) -> None:
        call = self.call_by_itself(tables)
        if anything_due(self.sweeps, tables, call.now):
            for sweep in self.sweeps:
                sweep.carry_out(call)

    def attempt(
        self, asked: Asked, params: Json, tables: Tables, claim: Claim | None, *, broken: bool
    ) -> Answer:
        tables.connection.execute("SAVEPOINT attempt")
        try:
            if broken:
                raise broken_down()
            answer = self.success(self.call(asked, params, tables), asked)
        except ApiError as refused:
            if not refused.keeps_changes:
                tables.connection.execute("ROLLBACK TO attempt")
            answer = refusal(refused, asked)
            if claim and not refused.is_replayed:
                idempotency.give_up(tables, claim)
                return answer
        if claim:
            idempotency.keep(tables, claim, answer)
        return answer

    def claim(self, asked: Asked) -> Claim | None:
        """Keys count on POST, and only from servers, so that no digest of card data is ever kept."""
        if not asked.idempotency_key or asked.route.method != "POST" or asked.caller is Caller.BROWSER:
            return None
        return claim_for(
            asked.idempotency_key,
            path=asked.path,
            params=asked.params,
            request_id=asked.request_id,
            now=self.now(),
        )

    def call(self, asked: Asked, params: Json, tables: Tables) -> Call:
        key = asked.idempotency_key if asked.route.method == "POST" else None
        base_url = self.config.public_url or asked.base_url
        return Call(params, tables, self.now(), asked.caller, asked.request_id, key, base_url, self.config)

    def call_by_itself(self, tables: Tables) -> Call:
        """For what happens without a request."""
        base_url = self.config.public_url or ""
        return Call({}, tables, self.now(), Caller.SERVER, None, None, base_url, self.config)

    def success(self, call: Call, asked: Asked) -> Answer:
        body = asked.route.handle(call, **asked.path_parts)
        shown = self.expand(call.tables, body, call.params.get("expand", []))
        return Answer(200, json.dumps(shown, indent=2), asked.request_id)

    def now(self) -> int:
        return int(self.clock.now())


def broken_down() -> ApiError:
    return InternalError(
        "An unknown error occurred. (A fault that this sandbox was asked to play; nothing was done.)"
    )


def refusal(error: ApiError, asked: Asked) -> Answer:
    return Answer(error.status, refusal_body(error, asked.request_id), asked.request_id)


def refusal_body(error: ApiError, request_id: str) -> str:
    log_url = f"https://dashboard.stripe.com/test/logs/{request_id}"
    return json.dumps({"error": {**error.error(), "request_log_url": log_url}}, indent=2)
