"""Idempotency keys with Stripe's meaning.

The first request with a key is executed and its answer kept, whatever it was: a success, a declined card, a
fault of the server. The same request again gets the same answer. Anything else under that key is an error,
and so is the same request while the first is still under way. A key is forgotten after 24 hours. Requests
that never began (no such address, wrong key, parameters that are wrong or name nothing) leave nothing behind.

The answer is written in the transaction of the work that it reports, so that there is never one without the
other; see `api.execute`.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from .errors import ApiError, IdempotencyError, IdempotencyKeyInUseError, InvalidRequestError
from .storage import Storage, Tables

LIFETIME = 24 * 60 * 60
MAX_LENGTH = 255


@dataclass(frozen=True)
class Answer:
    """What was answered, and to which request."""

    status: int
    body: str
    request_id: str


@dataclass(frozen=True)
class Claim:
    key: str
    fingerprint: str
    path: str
    request_id: str
    now: int


def claim_for(key: str, *, path: str, params: dict[str, Any], request_id: str, now: int) -> Claim:
    """Only a digest of the parameters is kept, so nothing that was sent can be read from the file."""
    if len(key) > MAX_LENGTH:
        raise InvalidRequestError(f"Idempotency keys may be up to {MAX_LENGTH} characters long.")
    told = json.dumps([path, params], sort_keys=True)
    return Claim(key, hashlib.sha256(told.encode()).hexdigest(), path, request_id, now)


def take(storage: Storage, claim: Claim) -> Answer | None:
    """The answer kept for this key, or None: then this request holds the key, and must `keep` an answer."""
    with storage.read() as tables:
        row = held(tables, claim)
    if row is None:
        try:
            with storage.write() as tables:
                tables.connection.execute(
                    "DELETE FROM idempotency_keys WHERE claimed_at <= ?", (claim.now - LIFETIME,)
                )
                tables.connection.execute(
                    "INSERT INTO idempotency_keys (key, fingerprint, path, claimed_at, request_id) VALUES "
                    "(?, ?, ?, ?, ?)",
                    (claim.key, claim.fingerprint, claim.path, claim.now, claim.request_id),
                )
            return None
        except sqlite3.IntegrityError:
            with storage.read() as tables:
                row = held(tables, claim)
    if row is None:
        raise in_use(claim.key)
    if row["path"] != claim.path:
        raise IdempotencyError(
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{row['path']}' vs '{claim.path}'). Try using a key other than '{claim.key}' if you meant to "
            "execute a different request."
        )
    if row["fingerprint"] != claim.fingerprint:
        raise IdempotencyError(
            "Keys for idempotent requests can only be used with the same parameters they were first used "
            f"with. Try using a key other than '{claim.key}' if you meant to execute a different request."
        )
    if row["status"] is None:
        raise in_use(claim.key)
    return Answer(row["status"], row["answer"], row["request_id"])


def held(tables: Tables, claim: Claim) -> sqlite3.Row | None:
    row: sqlite3.Row | None = tables.connection.execute(
        "SELECT * FROM idempotency_keys WHERE key = ? AND claimed_at > ?", (claim.key, claim.now - LIFETIME)
    ).fetchone()
    return row


def in_use(key: str) -> ApiError:
    return IdempotencyKeyInUseError(
        "There is currently another in-progress request using this Idempotent Key (that probably means you "
        f"submitted twice, and the other request is still going through): {key}. Please try again later.",
        code="idempotency_key_in_use",
    )


def keep(tables: Tables, claim: Claim, answer: Answer) -> None:
    tables.connection.execute(
        "UPDATE idempotency_keys SET status = ?, answer = ? WHERE key = ? AND request_id = ?",
        (answer.status, answer.body, claim.key, claim.request_id),
    )


def give_up(tables: Tables, claim: Claim) -> None:
    """The request was refused before anything was done; the key is free for another try."""
    tables.connection.execute(
        "DELETE FROM idempotency_keys WHERE key = ? AND request_id = ?", (claim.key, claim.request_id)
    )


def forget_interrupted(storage: Storage) -> None:
    """At start: a request under way when the process died was never carried out."""
    with storage.write() as tables:
        tables.connection.execute("DELETE FROM idempotency_keys WHERE status IS NULL")
