"""The query language of Stripe's search calls, as far as payment intents need it. Pure: text and bodies in.

A query is up to ten clauses, all joined by AND (or nothing but a space), or all by OR. A clause is a field,
an operator and a value: ``status:'succeeded'``, ``amount>1000``, ``-metadata['order']:'7'``. What is not in
here is refused, never ignored.
Source: https://docs.stripe.com/search#search-query-language
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MOST_CLAUSES = 10
TEXT_FIELDS = frozenset({"currency", "customer", "status"})
NUMBER_FIELDS = frozenset({"amount", "created"})
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    ":": operator.eq,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}

QUOTED = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
CLAUSE = re.compile(
    rf"(?P<minus>-?)(?P<field>[a-z_]+)(?:\[(?P<key>{QUOTED})\])?\s*(?P<operator>>=|<=|[:=><~])\s*"
    rf"(?P<value>{QUOTED}|[^\s'\"]+)"
)
JOINT = re.compile(r"\s+(?:(AND|OR)\s+)?", re.I)
ESCAPED = re.compile(r"\\(.)")


class QueryError(ValueError):
    """The query cannot be understood, or asks for what is not simulated; the message says where."""


@dataclass(frozen=True)
class Clause:
    field: str
    #: Of ``metadata``.
    key: str | None
    operator: str
    #: None is the unquoted word ``null``: the field, or the key of the metadata, is not there.
    value: str | None
    negated: bool

    def holds(self, body: dict[str, Any]) -> bool:
        return self.matches(body) is not self.negated

    def matches(self, body: dict[str, Any]) -> bool:
        present = body["metadata"].get(self.key) if self.key is not None else body[self.field]
        if self.value is None or present is None:
            return present is self.value
        if self.field in NUMBER_FIELDS:
            return COMPARISONS[self.operator](present, int(self.value))
        return str(present).casefold() == self.value.casefold()


@dataclass(frozen=True)
class Query:
    clauses: tuple[Clause, ...]
    any_is_enough: bool

    def holds(self, body: dict[str, Any]) -> bool:
        joined = any if self.any_is_enough else all
        return joined(clause.holds(body) for clause in self.clauses)


def parse_query(text: str) -> Query:
    """Raises `QueryError`."""
    clauses: list[Clause] = []
    joints: set[str] = set()
    rest = text.strip()
    while True:
        match = CLAUSE.match(rest)
        if match is None:
            raise QueryError(f"We were unable to parse your search query at: {rest or 'its end'}")
        clauses.append(clause_from(match))
        rest = rest[match.end() :]
        if not rest:
            break
        joint = JOINT.match(rest)
        if joint is None:
            raise QueryError(f"We were unable to parse your search query at: {rest}")
        joints.add((joint[1] or "AND").upper())
        rest = rest[joint.end() :]
    if len(joints) > 1:
        raise QueryError("You cannot combine AND and OR in the same search query.")
    if len(clauses) > MOST_CLAUSES:
        raise QueryError(
            f"A search query can have up to {MOST_CLAUSES} clauses; this one has {len(clauses)}."
        )
    return Query(tuple(clauses), joints == {"OR"})


def clause_from(match: re.Match[str]) -> Clause:
    field, asked = match["field"], match["operator"]
    key = unquoted(match["key"]) if match["key"] else None
    value = None if match["value"].lower() == "null" else unquoted(match["value"])
    if field == "metadata":
        if key is None:
            raise QueryError("Search metadata by its key: metadata['key']:'value'.")
    elif key is not None:
        raise QueryError(f"Field `{field}` has no keys; only metadata does.")
    elif field not in TEXT_FIELDS | NUMBER_FIELDS:
        known = ", ".join(sorted(TEXT_FIELDS | NUMBER_FIELDS | {"metadata"}))
        raise QueryError(f"Field `{field}` is not a searchable field here. Searchable are: {known}.")
    if field in NUMBER_FIELDS:
        if asked not in COMPARISONS or value is None or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise QueryError(f"Field `{field}` is compared with a whole number by one of : = > < >= <=.")
    elif asked != ":":
        raise QueryError(f"Operator `{asked}` is not supported for the field `{field}` here; use `:`.")
    elif value is not None and match["value"][0] not in "'\"":
        raise QueryError(f"Put the value of `{field}` in quotes: {value}")
    return Clause(field, key, asked, value, negated=bool(match["minus"]))


def unquoted(text: str) -> str:
    return ESCAPED.sub(r"\1", text[1:-1]) if text[0] in "'\"" else text
