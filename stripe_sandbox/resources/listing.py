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
    keep: Callable[[Json], bool] = lambda body: True,
) -> Json:
    """The page that ``limit``, ``starting_after`` and ``ending_before`` ask for, of what `keep` keeps."""
    limit = call.params.get("limit", DEFAULT)
    if not 1 <= limit <= MOST:
        raise InvalidRequestError(
            "This value must be "
            f"{'greater than or equal to 1' if limit < 1 else f'less than or equal to {MOST}'}.",
            code="parameter_invalid_integer",
            param="limit",
        )
    after, before = call.params.get("starting_after"), call.params.get("ending_before")
    if after and before:
        raise InvalidRequestError(
            "You cannot parameterize both starting_after and ending_before.", code="parameters_exclusive"
        )
    for name, object_id in (("starting_after", after), ("ending_before", before)):
        if object_id and call.tables.find(kind, object_id) is None:
            raise no_such(kind, object_id, param=name)

    kept: list[Any] = []
    while len(kept) <= limit:
        found = call.tables.newest_first(kind, customer=customer, after=after, before=before, limit=MOST)
        chosen = [body for body in found if keep(body)]
        kept = [*chosen, *kept] if before else [*kept, *chosen]
        if len(found) < MOST:
            break
        after, before = (None, found[0]["id"]) if before else (found[-1]["id"], None)
    shown = kept[-limit:] if before else kept[:limit]
    return {"object": "list", "data": shown, "has_more": len(kept) > limit, "url": url}
