"""Log lines say which page was asked for, and nothing that opens it."""

import io
import logging
import re
from collections.abc import Iterator

import pytest
import structlog
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from deckrental.log_secrets import without_secrets

SECRET = "Mzc-tKq0:1wXyZ:secret_of-the-link"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged, as the site writes it."""
    root = logging.getLogger()
    (formatter,) = {
        handler.formatter
        for handler in root.handlers
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
    }
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.setLevel(level)
    root.removeHandler(handler)


def routes(patterns, before: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = before + re.sub(r"^\^|\$$", "", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


_PARAMETER = r"<str:(?:token|key)>|\(\?P<(?:token|key)>[^)]*\)"


def paths_of_links() -> list[str]:
    """Of every page that is opened by a secret in its path, as an example."""
    with_secret = [route for route in routes(get_resolver().url_patterns) if re.search(_PARAMETER, route)]
    filled = [re.sub(_PARAMETER, SECRET, route) for route in with_secret]
    return [re.sub(r"\(\?P<uidb36>[^)]*\)", "1a", path) for path in filled if not path.startswith("/admin/")]


def test_there_are_pages_that_are_opened_by_a_secret():
    assert len(paths_of_links()) >= 7


@pytest.mark.django_db
@pytest.mark.parametrize("path", paths_of_links())
def test_the_secret_of_a_link_is_in_no_line(path, lines):
    Client().get(path)

    said = lines.getvalue()
    assert "request_finished" in said
    assert path.partition(SECRET)[0].removesuffix("1a-") in said
    assert "secret_of-the-link" not in said


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("code=4%2F0Ab&state=xyz&scope=email", "code=…&state=…&scope=email"),
        ("payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_2", None),
        ("page=2&q=code", "page=2&q=code"),
    ],
)
def test_secrets_in_a_query_are_cut_and_the_rest_stays(query, left):
    left = left or "payment_intent=pi_1&payment_intent_client_secret=…"

    assert without_secrets(f"GET /somewhere/?{query}") == f"GET /somewhere/?{left}"


def test_what_is_no_secret_stays_whole():
    line = "POST /orders/find/ and /orders/K7Q2M/calendar.ics, /accounts/password/reset/, code=5"

    assert without_secrets(line) == line


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("/accounts/login/?next=%2Forders%2Flink%2FMzc%3A1wX%2Freceipt%2F&page=2",
         "/accounts/login/?next=%2Forders%2Flink%2F…%2Freceipt%2F&page=2"),
        ("code=4%2F0Ab&page=2", "code=…&page=2"),
        ("GET /userinfo?access_token=ya29.x&alt=json", "GET /userinfo?access_token=…&alt=json"),
        ("Key (email)=(Ada+decks@mail.example.org) already exists.", "Key (email)=(…@…) already exists."),
        ("GET /admin/accounts/user/?q=ada%40example.org", "GET /admin/accounts/user/?q=…@…"),
    ],
)  # fmt: skip
def test_an_address_within_another_a_query_alone_and_who_it_was_are_cut(line, left):
    assert without_secrets(line) == left


def test_a_printing_of_a_card_is_no_e_mail_address():
    assert without_secrets("no card lightning-bolt@lea-161") == "no card lightning-bolt@lea-161"
