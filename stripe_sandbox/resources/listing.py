"""Lists, a page at a time, newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..api import Call, Json
from ..errors import InvalidRequestError, no_such

DEFAULT, MOST = 10, 100


def page(
    call: Call,
    kind: str,
    url: str,
    *,
    customer: str | None = None,
    having: tuple[str, ...] = (),
    keep: Callable[[Json], bool] = lambda body: True,
) -> Json:
    """The page that ``limit``, ``starting_after`` and ``ending_before`` ask for, of what `keep` keeps.

    ``created`` filters wherever a call takes it; `having` are attributes that must be what the request says
    under the same name, where it says anything.
    """
    limit = page_size(call)
    after, before = call.params.get("starting_after"), call.params.get("ending_before")
    if after and before:
        raise InvalidRequestError(
            "You cannot parameterize both starting_after and ending_before.", code="parameters_exclusive"
        )
    for name, object_id in (("starting_after", after), ("ending_before", before)):
        if object_id and call.tables.find(kind, object_id) is None:
            raise no_such(kind, object_id, param=name)

    wanted = {name: call.params[name] for name in having if name in call.params}
    created = call.params.get("created", {})

    def is_wanted(body: Json) -> bool:
        return (
            all(body[name] == value for name, value in wanted.items())
            and was_created(body, created)
            and keep(body)
        )

    kept: list[Any] = []
    while len(kept) <= limit:
        found = call.tables.newest_first(kind, customer=customer, after=after, before=before, limit=MOST)
        chosen = [body for body in found if is_wanted(body)]
        kept = [*chosen, *kept] if before else [*kept, *chosen]
        if len(found) < MOST:
            break
        after, before = (None, found[0]["id"]) if before else (found[-1]["id"], None)
    shown = kept[-limit:] if before else kept[:limit]
    return {"object": "list", "data": shown, "has_more": len(kept) > limit, "url": url}


def page_size(call: Call) -> int:
    limit: int = call.params.get("limit", DEFAULT)
    if not 1 <= limit <= MOST:
        raise InvalidRequestError(
            "This value must be "
            f"{'greater than or equal to 1' if limit < 1 else f'less than or equal to {MOST}'}.",
            code="parameter_invalid_integer",
            param="limit",
        )
    return limit


def was_created(body: Json, when: int | dict[str, int]) -> bool:
    """At that second, or in that range; an empty range is any time."""
    at: int = body["created"]
    if isinstance(when, int):
        return at == when
    return all(COMPARISONS[name](at, bound) for name, bound in when.items())


COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda at, bound: at > bound,
    "gte": lambda at, bound: at >= bound,
    "lt": lambda at, bound: at < bound,
    "lte": lambda at, bound: at <= bound,
}


def check_named(call: Call, *kinds: str) -> None:
    """A filter that names an object of one of `kinds` must name one that exists."""
    for kind in kinds:
        object_id = call.params.get(kind)
        if object_id is not None and call.tables.find(kind, object_id) is None:
            raise no_such(kind, object_id, param=kind)
