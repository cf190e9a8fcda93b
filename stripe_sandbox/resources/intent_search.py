"""Payment intents by query, a page at a time, newest first. Unlike at Stripe, a change is found at once."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from ..api import Call, Json
from ..errors import InvalidRequestError
from ..search_query import QueryError, parse_query
from .listing import MOST, page_size

URL = "/v1/payment_intents/search"


def search(call: Call) -> Json:
    limit = page_size(call)
    try:
        query = parse_query(call.params["query"])
    except QueryError as error:
        raise InvalidRequestError(str(error), param="query") from None
    after = last_shown(call)
    kept: list[Any] = []
    while len(kept) <= limit:
        read = call.tables.newest_first("payment_intent", after=after, limit=MOST)
        kept += [body for body in read if query.holds(body)]
        if len(read) < MOST:
            break
        after = read[-1]["id"]
    has_more = len(kept) > limit
    shown = kept[:limit]
    return {
        "object": "search_result",
        "data": shown,
        "has_more": has_more,
        "next_page": token_for(shown[-1]["id"]) if has_more else None,
        "url": URL,
    }


def token_for(intent_id: str) -> str:
    return base64.urlsafe_b64encode(intent_id.encode()).decode()


def last_shown(call: Call) -> str | None:
    """The intent that the page before ended with; its id is what ``page`` holds."""
    token = call.params.get("page")
    if token is None:
        return None
    try:
        intent_id = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        intent_id = ""
    if call.tables.find("payment_intent", intent_id) is None:
        raise InvalidRequestError(
            "Invalid page: take it from `next_page` of the answer before.", param="page"
        )
    return intent_id
