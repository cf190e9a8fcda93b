"""Checks a request's parameters against the types that ship with the installed ``stripe`` library.

The library's ``stripe/params`` describe every parameter of every call of one API version. They are turned,
one call at a time and once per process, into pydantic adapters that are as strict as the API: no unknown key,
only the named values of an enumeration (the library widens those to ``str`` to stay open to the future), and
text where a form can only carry text.

A parameter that Stripe knows and the sandbox does not act upon is refused as well: to ignore it would be a
made-up success.
"""

from __future__ import annotations

import importlib
import re
import types
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

import typing_extensions
from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from .errors import InvalidRequestError, not_simulated
from .form import flat_name

WRAPPERS = (Required, NotRequired, typing_extensions.Required, typing_extensions.NotRequired)
LITERALS = (Literal, typing_extensions.Literal)
UNIONS = (Union, types.UnionType)
#: More than one branch of a union fails at once; the first of these tells most.
TELLING = ("extra_forbidden", "missing", "invalid_integer", "invalid_boolean", "literal_error", "empty")


@dataclass(frozen=True)
class Accepts:
    """The parameters of one call.

    `params` names the library's type as ``module:class`` below ``stripe.params``, or is a type of ours for a
    call that only Stripe.js makes. `acted_on` are the parameters that the sandbox acts upon, nested ones with
    dots; naming a hash admits everything in it. `more` are fields that Stripe.js adds to a call of the
    library.
    """

    params: str | type
    acted_on: frozenset[str]
    more: frozenset[str] = frozenset()


def accepts(params: str | type, acted_on: str = "", *, more: str = "") -> Accepts:
    return Accepts(params, frozenset(acted_on.split()) | {"expand"}, frozenset(more.split()))


def check(given: dict[str, Any], accepted: Accepts) -> dict[str, Any]:
    """The parameters with their types, or `InvalidRequestError` as Stripe words it."""
    extra = {name: value for name, value in given.items() if name in accepted.more}
    rest = {name: value for name, value in given.items() if name not in accepted.more}
    try:
        checked = adapter(accepted.params).validate_python(rest)
    except ValidationError as failure:
        raise in_stripe_words(failure) from None
    for path in paths(checked):
        if not any(is_within(path, allowed) for allowed in accepted.acted_on):
            raise not_simulated(flat_name(path.split(".")))
    return {**checked, **extra}


def paths(node: Any, before: str = "") -> list[str]:
    if not isinstance(node, dict) or not node:
        return [before] if before else []
    return [
        path for key, value in node.items() for path in paths(value, f"{before}.{key}" if before else key)
    ]


def is_within(path: str, allowed: str) -> bool:
    return path == allowed or path.startswith(allowed + ".")


@cache
def adapter(params: str | type) -> TypeAdapter[dict[str, Any]]:
    if not isinstance(params, str):
        return TypeAdapter(strict_type(params))
    module, name = params.split(":")
    return TypeAdapter(strict_type(getattr(importlib.import_module(f"stripe.params.{module}"), name)))


@cache
def options_of_the_library() -> frozenset[str]:
    """Keys such as ``idempotency_key`` that the library takes beside the parameters and never sends."""
    return frozenset(names_for_annotations()["RequestOptions"].__annotations__)


@cache
def names_for_annotations() -> dict[str, Any]:
    """What the annotations of those keys mention; they are inherited, so their own module is out of sight."""
    return {**vars(importlib.import_module("stripe._request_options")), "StripeContext": object}


@cache
def strict_type(described: Any) -> Any:
    """The library's type, narrowed to what the API takes."""
    if typing_extensions.is_typeddict(described):
        return strict_hash(described)
    origin, arguments = get_origin(described), get_args(described)
    if origin in WRAPPERS:
        return strict_type(arguments[0])
    if origin in UNIONS:
        return strict_union(arguments)
    if origin is list:
        return types.GenericAlias(list, (strict_type(arguments[0]),))
    if origin is dict:
        return types.GenericAlias(dict, (str, Annotated[arguments[1], BeforeValidator(any_text)]))
    reader = READERS.get(described)
    return Annotated[described, BeforeValidator(reader)] if reader else described


def strict_hash(described: Any) -> Any:
    hints = typing_extensions.get_type_hints(described, localns=names_for_annotations(), include_extras=True)
    left_out = options_of_the_library() if options_of_the_library() <= set(hints) else frozenset()
    fields: dict[str, Any] = {}
    for name, hint in hints.items():
        if name not in left_out:
            marker: Any = Required if is_required(described, name, hint) else NotRequired
            fields[name] = marker[strict_type(hint)]
    make: Any = typing_extensions.TypedDict
    narrowed = make(described.__name__, fields)
    narrowed.__pydantic_config__ = ConfigDict(extra="forbid")
    return narrowed


def is_required(described: Any, name: str, hint: Any) -> bool:
    """The marker counts; `__required_keys__` cannot see one in an annotation that is still a string."""
    marker = get_origin(hint)
    if marker in (NotRequired, typing_extensions.NotRequired):
        return False
    return marker in WRAPPERS or name in described.__required_keys__


def strict_union(members: tuple[Any, ...]) -> Any:
    """An open enumeration, ``Literal[...] | str``, becomes a closed one; ``Literal['']`` means "unset"."""
    named = any(get_origin(member) in LITERALS and get_args(member) != ("",) for member in members)
    kept = [member for member in members if not is_left_out(member, named)]
    if any(get_origin(member) in LITERALS and "" in get_args(member) for member in kept):
        kept = [Annotated[str, BeforeValidator(any_text)] if member is str else member for member in kept]
    return Union[tuple(strict_type(member) for member in kept)]  # noqa: UP007


def is_left_out(member: Any, named: bool) -> bool:
    if member is str:
        return named
    built = get_origin(member) or member
    return isinstance(built, type) and built.__module__.startswith("stripe._")


def as_boolean(value: Any) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    raise PydanticCustomError("invalid_boolean", "")


def as_integer(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    raise PydanticCustomError("empty" if value == "" else "invalid_integer", "")


def as_text(value: Any) -> Any:
    if value == "":
        raise PydanticCustomError("empty", "")
    return value


READERS: dict[Any, Any] = {bool: as_boolean, int: as_integer, str: as_text}


def any_text(value: Any) -> Any:
    return value


def in_stripe_words(failure: ValidationError) -> InvalidRequestError:
    errors = failure.errors(include_url=False, include_context=True)
    chosen = min(errors, key=lambda error: (-len(parameter(error)), telling(error)))
    name = flat_name(parameter(chosen))
    given = chosen["input"]
    match chosen["type"]:
        case "extra_forbidden":
            return InvalidRequestError(
                f"Received unknown parameter: {name}", code="parameter_unknown", param=name
            )
        case "missing":
            return InvalidRequestError(
                f"Missing required param: {name}.", code="parameter_missing", param=name
            )
        case "invalid_integer":
            return InvalidRequestError(
                f"Invalid integer: {given}", code="parameter_invalid_integer", param=name
            )
        case "invalid_boolean":
            return InvalidRequestError(f"Invalid boolean: {given}", param=name)
        case "empty":
            return InvalidRequestError(
                f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
                f"parameter; however '{name}' cannot be unset. You should remove '{name}' from your request "
                "or supply a non-empty value.",
                code="parameter_invalid_empty",
                param=name,
            )
        case "literal_error":
            expected = expected_values(chosen).replace("'", "")
            return InvalidRequestError(f"Invalid {name}: must be one of {expected}", param=name)
        case "list_type":
            return InvalidRequestError("Invalid array", param=name)
        case "dict_type":
            return InvalidRequestError("Invalid object", param=name)
        case "string_type":
            return InvalidRequestError(
                f"Invalid string: {given}", code="parameter_invalid_string", param=name
            )
    return InvalidRequestError(f"Invalid {name}", param=name)


def parameter(error: ErrorDetails) -> tuple[str, ...]:
    """The path of a parameter without the names that pydantic gives to the branches of a union."""
    return tuple(
        str(part) for part in error["loc"] if re.fullmatch(r"[a-z0-9_]+", str(part)) and part not in BRANCHES
    )


BRANCHES = frozenset({"int", "bool", "str", "list"})


def telling(error: ErrorDetails) -> tuple[int, int]:
    rank = TELLING.index(error["type"]) if error["type"] in TELLING else len(TELLING)
    return rank, -len(expected_values(error))


def expected_values(error: ErrorDetails) -> str:
    return str(error.get("ctx", {}).get("expected", ""))
