"""Every error that a program can be told, with its stable code. docs/graphql.md explains them, and a test compares.

The domain raises its own errors and knows nothing of GraphQL; here they get their codes, and the numbers that go with
them. What is not in the table is our fault: it is logged, and the caller is told nothing of it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from graphql import GraphQLError, GraphQLSyntaxError

from accounts.callers import NotSignedIn
from accounts.password_sign_in import WrongCredentials
from accounts.rates import TooMany
from deckrental.graphql.limits import MOST_DEPTH, MOST_TOKENS, TooComplex
from inventory.days_asked_for import WrongDays
from inventory.decklist import MAX_QUANTITY
from inventory.models import Zone
from inventory.schema import MOST, WrongFirst
from inventory.skus import UnknownSku
from orders import cart_items as items
from orders.cart import MAX_LINES, CartError, CartMoved, NoRoom, TooManyLines, WrongCopies
from orders.cart_contents import MOST_CENTS, TotalTooLarge
from orders.cart_ids import CartNotFound, NotMergeable
from orders.dates import RentalPeriodError
from orders.named_shipping import UnknownShippingMethod

_MOST_LINES_TOLD = 100
_NOT_FOUND = str(CartNotFound())


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of error: its code, what it tells besides (by name, JSON values), and its message where that is fixed."""

    code: str
    tells: Callable[[Any], dict[str, Any]] = lambda error: {}
    message: str = ""


# The first that fits: a special error stands before the one that it is a kind of.
KINDS: dict[type[Exception], Kind] = {
    CartNotFound: Kind("CART_NOT_FOUND"),
    CartMoved: Kind("CART_NOT_FOUND", message=_NOT_FOUND),
    NotSignedIn: Kind("UNAUTHENTICATED"),
    WrongCredentials: Kind("WRONG_CREDENTIALS"),
    TooMany: Kind("RATE_LIMITED", lambda error: {"retry_after": error.retry_after}),
    UnknownSku: Kind("UNKNOWN_SKU", lambda error: {"skus": list(error.skus)}),
    items.WrongQuantity: Kind(
        "WRONG_QUANTITY", lambda error: {"sku": error.sku, "quantity": error.quantity, "max": MAX_QUANTITY}
    ),
    NoRoom: Kind("WRONG_QUANTITY", lambda error: {"skus": list(error.skus), "max": MAX_QUANTITY}),
    WrongCopies: Kind("WRONG_QUANTITY", lambda error: {"max": MAX_QUANTITY}),
    items.WrongZone: Kind(
        "WRONG_ZONE", lambda error: {"sku": error.sku, "zone": error.zone, "zones": list(Zone.values)}
    ),
    items.NotInCart: Kind("NOT_IN_CART", lambda error: {"sku": error.sku, "zone": error.zone}),
    items.SameItemTwice: Kind("SAME_ITEM_TWICE", lambda error: {"sku": error.sku, "zone": error.zone}),
    items.TooManyItems: Kind("TOO_MANY_LINES", lambda error: {"max": MAX_LINES}),
    TooManyLines: Kind("TOO_MANY_LINES", lambda error: {"max": MAX_LINES}),
    items.UnknownDeck: Kind("UNKNOWN_DECK", lambda error: {"slug": error.slug}),
    items.UnreadableLines: Kind("UNREADABLE_LINES", lambda error: {"lines": _lines(error)}),
    CartError: Kind("CART_REFUSED"),
    TotalTooLarge: Kind("TOTAL_TOO_LARGE", lambda error: {"max": MOST_CENTS}),
    NotMergeable: Kind("NOT_MERGEABLE", lambda error: {"field": error.field}),
    RentalPeriodError: Kind("WRONG_DAYS", lambda error: {"field": error.field}),
    WrongDays: Kind("WRONG_DAYS", lambda error: {"field": error.field}),
    UnknownShippingMethod: Kind("UNKNOWN_SHIPPING_METHOD", lambda error: {"choices": list(error.choices)}),
    WrongFirst: Kind("WRONG_FIRST", lambda error: {"min": 1, "max": MOST}),
    TooComplex: Kind("TOO_COMPLEX", lambda error: {"what": error.what, "max": error.most}),
    RecursionError: Kind(
        "TOO_COMPLEX",
        lambda error: {"what": "levels", "max": MOST_DEPTH},
        message="This request is nested too deeply. Ask in several requests.",
    ),
}
# Of requests that are no proper GraphQL, or that are refused before anybody reads them (view.py).
REQUEST_CODES = {
    "SYNTAX_ERROR",
    "INVALID_QUERY",
    "INTERNAL",
    "BAD_REQUEST",
    "METHOD_NOT_ALLOWED",
    "UNSUPPORTED_MEDIA_TYPE",
    "BODY_TOO_LARGE",
    "CSRF_FAILED",
}
CODES = {kind.code for kind in KINDS.values()} | REQUEST_CODES

_INTERNAL = "Something went wrong on our side; nothing of it is your fault. Try again in a while."
_SUGGESTION = re.compile(r"\s*Did you mean .*\?$", re.DOTALL)


def kind_of(error: GraphQLError) -> Kind | None:
    cause = _cause(error)
    return next((kind for type_, kind in KINDS.items() if isinstance(cause, type_)), None)


def is_unexpected(error: GraphQLError) -> bool:
    """Whether it is our fault: nobody's request should be able to make it."""
    return not isinstance(_cause(error), GraphQLError) and kind_of(error) is None


def _cause(error: GraphQLError) -> BaseException:
    return error.original_error or error


def told(error: GraphQLError) -> dict[str, Any]:
    """The error as the caller is told it, in the form of the GraphQL specification."""
    formatted: dict[str, Any] = {
        "message": error.message,
        **(
            {"locations": [{"line": at.line, "column": at.column} for at in error.locations]}
            if error.locations
            else {}
        ),
        **({"path": error.path} if error.path else {}),
    }
    kind, cause = kind_of(error), _cause(error)
    if kind is not None:
        formatted["message"] = kind.message or str(cause)
        return {**formatted, "extensions": {"code": kind.code, **kind.tells(cause)}}
    if is_unexpected(error):
        return {**formatted, "message": _INTERNAL, "extensions": {"code": "INTERNAL"}}
    if isinstance(error, GraphQLSyntaxError):
        if "nested too deeply" in error.message:
            return told(TooComplex("levels", MOST_DEPTH))
        if "Parsing aborted" in error.message:
            return told(TooComplex("words", MOST_TOKENS))
        return {**formatted, "extensions": {"code": "SYNTAX_ERROR"}}
    if not settings.DEBUG:
        formatted["message"] = _SUGGESTION.sub("", error.message)
    return {**formatted, "extensions": {"code": "INVALID_QUERY"}}


def _lines(error: items.UnreadableLines) -> list[dict[str, Any]]:
    return [
        {
            "number": line.problem.number,
            "text": line.problem.text,
            "message": line.problem.message,
            "nearest": list(line.nearest),
        }
        for line in error.lines[:_MOST_LINES_TOLD]
    ]
