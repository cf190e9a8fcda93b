"""Reports of errors say which page it was, and nothing that opens it or says who was there.

A process of its own reports real errors with the settings of the site: a page without its database, by WSGI as a
server asks for it, a call of another site, and a transaction. What would be sent to Sentry is kept in memory instead.
"""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

LINK = "Mzc-tKq0:1wXyZ:secret-of-the-link"
REPORTING = f"""
import io, json, logging, threading, urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import django
import sentry_sdk
from sentry_sdk.transport import Transport

django.setup()
sent = []

class Kept(Transport):
    def capture_envelope(self, envelope):
        sent.append(envelope)

sentry = sentry_sdk.get_client()
sentry.transport = Kept(sentry.options)
sentry.options["traces_sample_rate"] = 1.0

from deckrental.wsgi import application

application(
    {{
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/orders/link/{LINK}/",
        "QUERY_STRING": "code=secret-code&page=2&to=ada%40example.org",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.7",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_X_FORWARDED_FOR": "203.0.113.7",
        "HTTP_REFERER": "http://127.0.0.1/accounts/login/?next=%2Forders%2Fpay%2F{LINK.replace(":", "%3A")}%2F",
        "HTTP_HX_CURRENT_URL": "http://127.0.0.1/accounts/password/reset/key/1a-{LINK}/",
        "HTTP_COOKIE": "sessionid=secretsession; csrftoken=secretcookie",
        "HTTP_X_CSRFTOKEN": "secretcsrf",
        "HTTP_AUTHORIZATION": "Bearer secretbearer",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
    }},
    lambda status, headers: None,
)

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *said):
        pass

elsewhere = HTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
with sentry_sdk.start_transaction(name="/orders/link/{LINK}/calendar.ics", source="url"):
    address = f"http://127.0.0.1:{{elsewhere.server_port}}/orders/link/{LINK}/"
    urllib.request.urlopen(address + "?state=secret-state&access_token=secret-token&q=bolt").close()
    logging.getLogger("desk").warning("Sent /accounts/confirm-email/%s/ to ada@example.org", "{LINK}")
    try:
        raise ValueError("Key (email)=(ada@example.org) exists already, see /orders/pay/{LINK}/")
    except ValueError:
        logging.getLogger("desk").exception("It broke at /orders/link/{LINK}/")
elsewhere.shutdown()
print(json.dumps([item.payload.json for envelope in sent for item in envelope.items if item.payload.json]))
"""


@pytest.fixture(scope="module")
def reports() -> list[dict[str, Any]]:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "postgres://none@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "x",
        "TESTING": "1",
        "SENTRY_DSN": "https://key@127.0.0.1:1/1",
        "DJANGO_SETTINGS_MODULE": "deckrental.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", REPORTING], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    told: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.fixture(scope="module")
def of_the_page(reports) -> dict[str, Any]:
    """The error of a page that was asked for."""
    return next(each for each in reports if "exception" in each and "request" in each)


@pytest.fixture(scope="module")
def logged(reports) -> dict[str, Any]:
    """An error that was logged, after a call of another site."""
    (found,) = [each for each in reports if each.get("logger") == "desk"]
    return found


@pytest.fixture(scope="module")
def transaction(reports) -> dict[str, Any]:
    (found,) = [
        each
        for each in reports
        if each.get("type") == "transaction" and each["spans"] and "request" not in each
    ]
    return found


def test_nothing_that_is_sent_has_a_secret_or_says_who_it_was(reports):
    said = json.dumps(reports)

    assert len(reports) >= 4  # errors and transactions, of the page and of what came after it
    for secret in ("secret-", "secretsession", "secretcookie", "secretcsrf", "secretbearer"):
        assert secret not in said
    assert "ada@" not in said
    assert "ada%40" not in said
    assert "203.0.113.7" not in said


def test_a_report_says_which_page_it_was(of_the_page):
    request = of_the_page["request"]

    assert request["url"] == "http://127.0.0.1/orders/link/…/"
    assert request["query_string"] == "code=…&page=2&to=…@…"
    assert request["headers"]["Referer"] == "http://127.0.0.1/accounts/login/?next=%2Forders%2Fpay%2F…%2F"
    assert request["headers"]["Hx-Current-Url"] == "http://127.0.0.1/accounts/password/reset/key/…/"
    assert not request.get("cookies")
    assert of_the_page["exception"]["values"][-1]["type"] == "OperationalError"


def test_a_call_of_another_site_is_a_breadcrumb_without_its_tokens(logged):
    (crumb,) = [each for each in logged["breadcrumbs"]["values"] if each.get("category") == "httplib"]

    assert crumb["data"]["url"].endswith("/orders/link/…/")
    assert crumb["data"]["http.query"] == "state=…&access_token=…&q=bolt"


def test_what_was_logged_before_is_a_breadcrumb_without_addresses(logged):
    (crumb,) = [each for each in logged["breadcrumbs"]["values"] if each.get("category") == "desk"]

    assert crumb["message"] == "Sent /accounts/confirm-email/…/ to …@…"


def test_the_words_of_an_error_are_cleaned_too(logged):
    assert logged["logentry"]["message"] == "It broke at /orders/link/…/"
    assert (
        logged["exception"]["values"][-1]["value"] == "Key (email)=(…@…) exists already, see /orders/pay/…/"
    )


def test_a_transaction_and_its_spans_are_cleaned(transaction):
    (call,) = [each for each in transaction["spans"] if each["op"] == "http.client"]

    assert transaction["transaction"] == "/orders/link/…/calendar.ics"
    assert "/orders/link/…/" in call["description"]
    assert call["data"]["http.query"] == "state=…&access_token=…&q=bolt"
