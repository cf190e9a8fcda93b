"""Where the sandbox remembers: one sqlite file, which survives a restart.

An object is stored as the API shows it, beside what only the sandbox knows of it (which test card, whose
secret). Reading needs no lock; writing is one transaction at a time.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    sequence  INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT NOT NULL UNIQUE,
    kind      TEXT NOT NULL,
    customer  TEXT,
    body      TEXT NOT NULL,
    hidden    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, sequence);
CREATE INDEX IF NOT EXISTS objects_by_customer ON objects (customer, kind, sequence);
CREATE INDEX IF NOT EXISTS holds_by_end ON objects (
    json_extract(body, '$.payment_method_details.card.capture_before')
) WHERE kind = 'charge' AND json_extract(body, '$.captured') = 0 AND json_extract(body, '$.refunded') = 0;
CREATE INDEX IF NOT EXISTS refunds_due ON objects (json_extract(hidden, '$.due_at')) WHERE kind = 'refund';

CREATE TABLE IF NOT EXISTS idempotency_keys (
    key          TEXT PRIMARY KEY,
    fingerprint  TEXT NOT NULL,
    path         TEXT NOT NULL,
    claimed_at   INTEGER NOT NULL,
    request_id   TEXT NOT NULL,
    status       INTEGER,
    answer       TEXT,
    CHECK ((status IS NULL) = (answer IS NULL))
);

CREATE TABLE IF NOT EXISTS deliveries (
    event         TEXT PRIMARY KEY REFERENCES objects (id),
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_attempt  REAL,
    delivered_at  REAL,
    last_result   TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_waiting ON deliveries (next_attempt) WHERE next_attempt IS NOT NULL;

CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass
class Stored:
    """An object and what only the sandbox knows of it."""

    body: dict[str, Any]
    hidden: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.body["id"])


class Storage:
    """Opens connections to one file, and lets one writer in at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writing = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.read() as tables:
            tables.connection.execute("PRAGMA journal_mode = WAL")
            tables.connection.executescript(SCHEMA)

    @contextmanager
    def read(self) -> Iterator[Tables]:
        connection = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            yield Tables(connection)
        finally:
            connection.close()

    @contextmanager
    def write(self) -> Iterator[Tables]:
        """One transaction, committed at the end and rolled back on any exception."""
        with self.writing, self.read() as tables:
            tables.connection.execute("BEGIN IMMEDIATE")
            try:
                yield tables
            except BaseException:
                tables.connection.execute("ROLLBACK")
                raise
            tables.connection.execute("COMMIT")


class Tables:
    """Objects by id and in order, over one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def add(self, body: dict[str, Any], hidden: dict[str, Any] | None = None) -> Stored:
        stored = Stored(body, hidden or {})
        self.connection.execute(
            "INSERT INTO objects (id, kind, customer, body, hidden) VALUES (?, ?, ?, ?, ?)",
            (body["id"], body["object"], body.get("customer"), json.dumps(body), json.dumps(stored.hidden)),
        )
        return stored

    def save(self, stored: Stored) -> None:
        self.connection.execute(
            "UPDATE objects SET customer = ?, body = ?, hidden = ? WHERE id = ?",
            (stored.body.get("customer"), json.dumps(stored.body), json.dumps(stored.hidden), stored.id),
        )

    def find(self, kind: str, object_id: str) -> Stored | None:
        row = self.connection.execute(
            "SELECT body, hidden FROM objects WHERE id = ? AND kind = ?", (object_id, kind)
        ).fetchone()
        return Stored(json.loads(row["body"]), json.loads(row["hidden"])) if row else None

    def newest_first(
        self,
        kind: str,
        *,
        customer: str | None = None,
        after: str | None = None,
        before: str | None = None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Up to `limit` objects, newest first; `after` and `before` are ids in that order."""
        conditions, values = ["kind = ?"], [kind]
        if customer is not None:
            conditions, values = [*conditions, "customer = ?"], [*values, customer]
        if after is not None:
            conditions, values = (
                [*conditions, "sequence < (SELECT sequence FROM objects WHERE id = ?)"],
                [*values, after],
            )
        if before is not None:
            conditions.append("sequence > (SELECT sequence FROM objects WHERE id = ?)")
            values.append(before)
        direction = "ASC" if before is not None else "DESC"
        where = " AND ".join(conditions)  # fixed texts; every value is bound
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE {where} ORDER BY sequence {direction} LIMIT ?",  # noqa: S608
            (*values, limit),
        ).fetchall()
        bodies = [json.loads(row["body"]) for row in rows]
        return bodies[::-1] if before is not None else bodies

    def bodies_where(self, kind: str, name: str, value: str, *, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` objects whose attribute `name` is `value`, newest first."""
        rows = self.connection.execute(
            "SELECT body FROM objects WHERE kind = ? AND json_extract(body, '$.' || ?) = ? "
            "ORDER BY sequence DESC LIMIT ?",
            (kind, name, value, limit),
        ).fetchall()
        return [json.loads(row["body"]) for row in rows]

    def setting(self, name: str, fresh: str) -> str:
        """A value kept in the file; `fresh` is taken where there is none yet."""
        self.connection.execute("INSERT OR IGNORE INTO settings VALUES (?, ?)", (name, fresh))
        return str(
            self.connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()[0]
        )

    def forget_everything(self) -> None:
        for table in ("deliveries", "idempotency_keys", "objects", "settings"):
            self.connection.execute(f"DELETE FROM {table}")  # noqa: S608 (fixed names)

    def change_setting(self, name: str, value: str) -> None:
        self.connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))
