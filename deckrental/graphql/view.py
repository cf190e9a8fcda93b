"""/graphql/: a POST with JSON in it is one operation. Whatever comes, the answer is JSON with `data` or `errors`."""

import json
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from accounts.callers import NotSignedIn
from accounts.rates import TooMany
from deckrental.graphql.callers import CsrfFailed, caller_of
from deckrental.graphql.errors import told
from deckrental.graphql.schema import schema


class BadRequest(Exception):
    """It is no GraphQL over HTTP; `status` and `code` say in which way."""

    def __init__(self, message: str, *, status: int = 400, code: str = "BAD_REQUEST") -> None:
        self.status, self.code = status, code
        super().__init__(message)


@csrf_exempt  # checked by `caller_of`, where a session is what counts
@never_cache
def graphql(request: HttpRequest) -> HttpResponseBase:
    if request.method != "POST":
        if settings.DEBUG and request.method == "GET":
            return _graphiql(request)
        answer = _refused("Send a POST with JSON in it.", status=405, code="METHOD_NOT_ALLOWED")
        answer["Allow"] = "POST"
        return answer
    try:
        _check_content_type(request)
        caller = caller_of(request)
        query, variables, name = _read(request)
        result = schema.execute_sync(
            query, variable_values=variables, operation_name=name, context_value=caller
        )
    except BadRequest as error:
        return _refused(str(error), status=error.status, code=error.code)
    except NotSignedIn as error:
        answer = _refused(str(error), status=401, code="UNAUTHENTICATED")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    except CsrfFailed as error:
        return _refused(str(error), status=403, code="CSRF_FAILED")
    except TooMany as error:
        answer = _refused(str(error), status=429, code="RATE_LIMITED", retry_after=error.retry_after)
        answer["Retry-After"] = str(error.retry_after)
        return answer
    except MissingQueryError:
        return _refused('Write a query: {"query": "{ customerCart { cart_id } }"}.')
    except (CannotGetOperationTypeError, InvalidOperationTypeError):
        return _refused("Say with “operationName” which operation of the query you mean, one that it has.")
    errors = [told(error) for error in result.errors or ()]
    answer = JsonResponse({"data": result.data, **({"errors": errors} if errors else {})})
    waits = [each["extensions"].get("retry_after", 0) for each in errors]
    if any(waits):
        answer["Retry-After"] = str(max(waits))
    return answer


def _check_content_type(request: HttpRequest) -> None:
    """A page of somebody else's can send a form or plain text with a visitor's cookies, but no JSON."""
    if request.content_type != "application/json":
        raise BadRequest(
            "Send JSON, with the header “Content-Type: application/json”.",
            status=415,
            code="UNSUPPORTED_MEDIA_TYPE",
        )


def _read(request: HttpRequest) -> tuple[str, dict[str, Any] | None, str | None]:
    """The query, its variables and the name of the operation that is meant. Raises BadRequest."""
    try:
        sent = json.loads(_body(request))
        json.dumps(sent, ensure_ascii=False).encode()  # half a character could be answered to nobody
    except (ValueError, RecursionError):
        raise BadRequest("The body is no JSON. Check quotes and brackets.") from None
    if not isinstance(sent, dict):
        raise BadRequest("Send one JSON object, with “query” in it; several at once are not taken.")
    query, variables, name = sent.get("query"), sent.get("variables"), sent.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise BadRequest('Write a query: {"query": "{ customerCart { cart_id } }"}.')
    if not isinstance(variables, dict | None):
        raise BadRequest('“variables” is an object: {"cart_id": "…"}.')
    if not isinstance(name, str | None):
        raise BadRequest("“operationName” is the name of an operation of the query.")
    return query, variables, name


def _body(request: HttpRequest) -> bytes:
    body = request.read(settings.API_MAX_BODY_BYTES + 1)
    if len(body) > settings.API_MAX_BODY_BYTES:
        raise BadRequest(
            f"The body is too large: {settings.API_MAX_BODY_BYTES:,} bytes are the most.",
            status=413,
            code="BODY_TOO_LARGE",
        )
    return body


def _refused(message: str, *, status: int = 400, code: str = "BAD_REQUEST", **tells: Any) -> JsonResponse:
    return JsonResponse(
        {"errors": [{"message": message, "extensions": {"code": code, **tells}}]}, status=status
    )


@csp_update({"font-src": ["data:"]})
def _graphiql(request: HttpRequest) -> HttpResponseBase:
    """For whoever builds with DEBUG. The fonts of its style sheet stand in that; nothing comes from elsewhere."""
    return render(request, "graphiql.html")
