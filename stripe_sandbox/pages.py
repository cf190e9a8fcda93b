"""What people and browsers see: the script, the card form, the bank's page, two pages about the sandbox."""

from __future__ import annotations

import datetime
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Flask, Response, abort, current_app, redirect, render_template, request

from .cards import TEST_CARDS
from .clock import SandboxClock
from .config import Config
from .resources.money import shown as shown_amount
from .storage import Storage

LATEST = 50
SELF_ONLY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action {forms}; base-uri 'none'; frame-ancestors {ancestors}"
)


def register(app: Flask, config: Config, storage: Storage, clock: SandboxClock) -> None:
    app.jinja_env.filters["amount"] = lambda body, name="amount": shown_amount(body[name], body["currency"])
    app.jinja_env.filters["when"] = when
    app.add_url_rule("/", "about", lambda: about(config))
    app.add_url_rule("/dashboard", "dashboard", lambda: dashboard(storage, clock))
    app.add_url_rule("/healthz", "health", lambda: health(storage))
    for path in ("/v3/", "/v3", "/stripe.js"):
        app.add_url_rule(path, f"script {path}", script)
    app.add_url_rule("/favicon.ico", "icon", lambda: Response(status=204))
    app.add_url_rule("/elements/payment", "card form", card_form)
    app.add_url_rule("/3ds/<intent_id>", "challenge", lambda intent_id: challenge(storage, intent_id))


def about(config: Config) -> Response:
    page = render_template("about.html", cards=TEST_CARDS, webhook_url=config.webhook_url)
    return own_page(page, framed=False)


def dashboard(storage: Storage, clock: SandboxClock) -> Response:
    """The latest intents, each with what went back, what happened to it and whether the site was told."""
    with storage.read() as tables:
        intents = tables.newest_first("payment_intent", limit=LATEST)
        took_back = tables.connection.execute(
            "SELECT body FROM objects WHERE kind IN ('refund', 'dispute') AND "
            "json_extract(body, '$.payment_intent') IN (SELECT value FROM json_each(?)) ORDER BY sequence",
            (json.dumps([intent["id"] for intent in intents]),),
        ).fetchall()
        rows = tables.connection.execute(
            "SELECT objects.body, deliveries.* FROM objects LEFT JOIN deliveries ON deliveries.event = "
            "objects.id WHERE kind = 'event' ORDER BY sequence DESC LIMIT 1000"
        ).fetchall()
    happened: dict[str, list[dict[str, Any]]] = {}
    for row in reversed(rows):
        event = json.loads(row["body"])
        subject = event["data"]["object"]
        intent_id = subject["id"] if subject["object"] == "payment_intent" else subject.get("payment_intent")
        happened.setdefault(intent_id, []).append({"type": event["type"], "delivery": delivery_state(row)})
    back: dict[str, list[dict[str, Any]]] = {}
    for row in took_back:
        body = json.loads(row["body"])
        back.setdefault(body["payment_intent"], []).append(body)
    page = render_template("dashboard.html", intents=intents, back=back, happened=happened, clock=clock)
    return own_page(page, framed=False)


def delivery_state(row: Any) -> str:
    if row["event"] is None:
        return "not sent"
    if row["delivered_at"] is not None:
        return "delivered"
    if row["next_attempt"] is None:
        return f"given up ({row['last_result']})"
    return f"waiting ({row['last_result']})" if row["last_result"] else "waiting"


def health(storage: Storage) -> Response:
    with storage.read() as tables:
        tables.connection.execute("SELECT 1 FROM objects LIMIT 1").fetchone()
    return Response('{"status": "ok"}', mimetype="application/json")


def script() -> Response:
    response = current_app.send_static_file("stripe.js")
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Cache-Control"] = "no-cache"
    return response


def card_form() -> Response:
    return own_page(render_template("card_form.html"), framed=True)


def challenge(storage: Storage, intent_id: str) -> Response:
    """The page that stands in for the bank's; in a dialog, or on its own between the shop and the shop."""
    with storage.read() as tables:
        intent = tables.find("payment_intent", intent_id)
        if intent is None or request.args.get("client_secret") != intent.body["client_secret"]:
            abort(404)
        method = tables.find("payment_method", intent.body["payment_method"] or "")
    return_url = intent.hidden.get("return_url")
    page = render_template(
        "challenge.html",
        intent=intent.body,
        card=method.body["card"] if method else None,
        waiting=intent.body["status"] == "requires_action",
        return_url=with_result(return_url, intent.body) if return_url else None,
    )
    forms = f"'self' {origin_of(return_url)}" if return_url else "'self'"
    return own_page(page, framed=True, forms=forms)


def came_by_form() -> bool:
    """True for the page on its own, whose buttons are an ordinary form; the dialog asks for JSON."""
    return "text/html" in request.headers.get("Accept", "")


def back_to_shop(storage: Storage, intent_id: str) -> Response:
    with storage.read() as tables:
        intent = tables.find("payment_intent", intent_id)
    return_url = intent.hidden.get("return_url") if intent else None
    if intent is None or not return_url:
        return Response("Done. You may close this window.", mimetype="text/plain")
    return redirect(with_result(return_url, intent.body), 303)  # type: ignore[return-value]


def with_result(return_url: str, intent: dict[str, Any]) -> str:
    """The shop's address with the parameters that Stripe adds to it."""
    parts = urlsplit(return_url)
    status = {"requires_payment_method": "failed", "requires_action": "pending"}.get(
        intent["status"], "succeeded"
    )
    added = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": status,
    }
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *added.items()])
    return urlunsplit(parts._replace(query=query))


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def own_page(page: str, *, framed: bool, forms: str = "'self'") -> Response:
    response = Response(page, mimetype="text/html")
    response.headers["Content-Security-Policy"] = SELF_ONLY.format(
        forms=forms, ancestors="*" if framed else "'none'"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def when(timestamp: int) -> str:
    return datetime.datetime.fromtimestamp(timestamp, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
