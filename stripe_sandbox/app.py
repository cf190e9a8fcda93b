"""The HTTP side of the API: headers, keys, encodings and the shape of every answer."""

from __future__ import annotations

import logging
import socket
import time
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from . import control, pages
from .access import Caller, caller_for, check_may_call
from .api import Api, Asked, Route, refusal_body
from .clock import SandboxClock
from .config import Config
from .errors import ApiError, InvalidRequestError, NotFoundError, RateLimitError
from .events import api_version
from .expansion import expand
from .faults import OF_REQUESTS, Fault, Faults, Kind
from .form import parse_form
from .idempotency import forget_interrupted
from .ids import new_id
from .resources import ROUTES, SWEEPS
from .resources.authentication import ROUTES as AUTHENTICATION_ROUTES
from .storage import Storage
from .webhooks import Courier

log = logging.getLogger("stripe_sandbox")


@dataclass
class Sandbox:
    """One sandbox: its memory, its courier, and the application that answers."""

    config: Config
    storage: Storage
    courier: Courier
    app: Flask


def make_sandbox(config: Config) -> Sandbox:
    storage = Storage(config.database)
    forget_interrupted(storage)
    clock = SandboxClock(config.clock, storage)
    api = Api(config, storage, clock, expand, SWEEPS)
    faults = Faults()
    courier = Courier(config, storage, clock, faults, each_round=api.settle_due)
    api.after_change = courier.wake
    app = Flask("stripe_sandbox", static_folder="static", static_url_path="/assets")
    for route in ROUTES:
        app.add_url_rule(
            route.path,
            f"{route.method} {route.path}",
            api_view(api, route, faults),
            methods=[route.method],
            provide_automatic_options=False,
        )
    for route in AUTHENTICATION_ROUTES:
        app.add_url_rule(
            route.path, f"{route.method} {route.path}", authentication_view(api, route), methods=["POST"]
        )
    pages.register(app, config, storage, clock)
    control.register(app, control.Control(api, courier, faults))
    app.add_url_rule(
        "/v1/<path:rest>", "preflight", preflight, methods=["OPTIONS"], provide_automatic_options=False
    )
    app.register_error_handler(HTTPException, unknown_address)
    app.after_request(cors)
    return Sandbox(config, storage, courier, app)


def api_view(api: Api, route: Route, faults: Faults) -> Any:
    """The function that Flask calls for `route`."""

    def view(**path_parts: str) -> Response:
        began = time.perf_counter()
        request_id = new_id("request")
        headers = {"Request-Id": request_id, "Stripe-Version": api_version()}
        fault = None
        try:
            asked = read_request(api.config, route, path_parts, request_id)
            if asked.idempotency_key:
                headers["Idempotency-Key"] = asked.idempotency_key
            fault = faults.take(OF_REQUESTS, f"{request.method} {request.path}")
            prevent(fault)
            answer, replayed = api.answer(asked, broken=strikes_as(fault, Kind.ERROR_500))
            if replayed:
                headers |= {"Idempotent-Replayed": "true", "Original-Request": answer.request_id}
            if answer.status == 500 and asked.idempotency_key:
                headers["Stripe-Should-Retry"] = "false"  # The key would only bring the same answer.
            response = Response(answer.body, answer.status, headers, mimetype="application/json")
        except ApiError as error:
            response = Response(
                refusal_body(error, request_id), error.status, headers, mimetype="application/json"
            )
        response = spoil(response, fault)
        took = (time.perf_counter() - began) * 1000
        log.info(
            "%s %s %s (%.0f ms) %s%s",
            request.method,
            request.path,
            response.status_code,
            took,
            request_id,
            f" {fault.kind}" if fault else "",
        )
        return response

    return view


def strikes_as(fault: Fault | None, kind: Kind) -> bool:
    return fault is not None and fault.kind is kind


def prevent(fault: Fault | None) -> None:
    """The faults that strike before anything is done."""
    if strikes_as(fault, Kind.DROP_BEFORE):
        raise HungUp("The connection was closed; a fault that this sandbox was asked to play.")
    if strikes_as(fault, Kind.RATE_LIMIT):
        raise RateLimitError(
            "Request rate limit exceeded. Learn more about rate limits here "
            "https://docs.stripe.com/rate-limits.",
            code="rate_limit",
        )


def spoil(response: Response, fault: Fault | None) -> Response:
    """The faults that strike when everything is done."""
    match fault.kind if fault else None:
        case Kind.DROP_BEFORE | Kind.DROP_AFTER:
            hang_up()
        case Kind.SLOW if fault:
            time.sleep(fault.seconds)
        case Kind.GARBAGE:
            return Response("<!doctype html><title>Bad gateway</title>", 200, mimetype="text/html")
    return response


class HungUp(ApiError):
    """Nobody reads it: the connection is closed before it is written."""


def hang_up() -> None:
    """End the connection here and now; whatever the server writes to it afterwards goes nowhere."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)


def read_request(config: Config, route: Route, path_parts: dict[str, str], request_id: str) -> Asked:
    params = read_params()
    given_key = params.pop("key", None)
    caller = caller_for(
        request.headers.get("Authorization"), given_key if isinstance(given_key, str) else None, config
    )
    check_may_call(caller, open_to_browsers=route.open_to_browsers)
    for header in ("Stripe-Account", "Stripe-Context"):
        if header in request.headers:
            raise InvalidRequestError(f"This sandbox does not simulate other accounts; leave {header} out.")
    asked_version = request.headers.get("Stripe-Version")
    if asked_version and asked_version != api_version():
        raise InvalidRequestError(
            f"Invalid Stripe API version: {asked_version}. This sandbox speaks {api_version()} only."
        )
    return Asked(
        route=route,
        path=request.path,
        path_parts=path_parts,
        params=params,
        caller=caller,
        request_id=request_id,
        idempotency_key=request.headers.get("Idempotency-Key"),
        base_url=request.host_url.rstrip("/"),
    )


def read_params() -> dict[str, Any]:
    """From the query of GET and DELETE, from the form-encoded body of POST."""
    try:
        if request.method != "POST":
            return parse_form(request.query_string.decode())
        body = request.get_data().decode()
    except UnicodeDecodeError:
        raise InvalidRequestError("Invalid request (the parameters are not UTF-8).") from None
    if body and request.mimetype != "application/x-www-form-urlencoded":
        raise InvalidRequestError(
            "Invalid request (check that your POST content type is application/x-www-form-urlencoded)."
        )
    return parse_form(body)


def authentication_view(api: Api, route: Route) -> Any:
    """3-D Secure needs no key: who knows the intent's client secret is its customer."""

    def view(intent_id: str) -> Response:
        request_id = new_id("request")
        try:
            asked = Asked(
                route=route,
                path=request.path,
                path_parts={"intent_id": intent_id},
                params=read_params(),
                caller=Caller.BROWSER,
                request_id=request_id,
                idempotency_key=None,
                base_url=request.host_url.rstrip("/"),
            )
            answer, _ = api.answer(asked)
        except ApiError as error:
            return Response(refusal_body(error, request_id), error.status, mimetype="application/json")
        if answer.status == 200 and pages.came_by_form():
            return pages.back_to_shop(api.storage, intent_id)
        return Response(answer.body, answer.status, {"Request-Id": request_id}, mimetype="application/json")

    return view


def unknown_address(error: HTTPException) -> Response | HTTPException:
    """What the sandbox does not know, it says so, in Stripe's words where a Stripe client asks."""
    if request.path.startswith(f"{control.PREFIX}/") and error.code in (404, 405):
        return control.unknown_lever(error.code)
    if not request.path.startswith(("/v1", "/v2")) or error.code not in (404, 405):
        return error
    request_id = new_id("request")
    refused = NotFoundError(
        f"Unrecognized request URL ({request.method}: {request.path}). If you are trying to list objects, "
        "remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid "
        "(non-empty) identifier in your code. (This sandbox simulates a part of Stripe's API only.)"
    )
    return Response(
        refusal_body(refused, request_id), 404, {"Request-Id": request_id}, mimetype="application/json"
    )


def preflight(rest: str) -> Response:
    return Response(status=204)


def cors(response: Response) -> Response:
    """Pages of any origin may call the API with the publishable key, as at Stripe."""
    if request.path.startswith("/v1/"):
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = (
            "Request-Id, Idempotent-Replayed, Original-Request"
        )
        if request.method == "OPTIONS":
            response.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
            response.headers["Access-Control-Allow-Headers"] = (
                "Authorization, Content-Type, Idempotency-Key, Stripe-Version"
            )
            response.headers["Access-Control-Max-Age"] = "600"
    return response
