"""Pages that say that something went wrong: they need nothing that may itself be broken."""

import pytest
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import BadRequest
from django.test import Client, RequestFactory
from django.views import defaults

from deckrental import error_pages
from deckrental.wsgi import application
from tests.factories import UserFactory


def test_the_page_for_our_own_errors_needs_no_context_and_no_database():
    page = defaults.server_error(RequestFactory().get("/")).content.decode()

    assert "Something broke on our side" in page


def test_the_page_for_requests_that_make_no_sense_needs_no_context_and_no_database():
    page = defaults.bad_request(RequestFactory().get("/"), ValueError()).content.decode()

    assert "We could not read this request" in page


@pytest.mark.django_db
def test_a_form_without_its_token_is_asked_for_again():
    response = Client(enforce_csrf_checks=True).post("/cart/quick-add/", {"cards": "4 Forest"})

    assert response.status_code == 403
    assert "Please send it again" in response.content.decode()


@pytest.mark.django_db
def test_what_does_not_exist_says_where_to_go_instead(client):
    response = client.get("/nothing/")

    assert response.status_code == 404
    assert "/cards/" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("application/x-www-form-urlencoded", b"cards=" + b"x" * 3_000_000),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(1_500))),
    ],
)
def test_what_does_not_exist_is_not_found_whatever_is_sent_there(content_type, body):
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "a" * 32

    response = browser.generic("POST", "/nothing/", body, content_type=content_type)

    assert response.status_code == 404
    assert "/cards/" in response.content.decode()


@pytest.mark.django_db
def test_what_is_not_for_the_visitor_says_so(client):
    client.force_login(UserFactory())

    response = client.get("/staff/")

    assert response.status_code == 403
    assert "This page is not for you" in response.content.decode()


def test_any_other_request_that_makes_no_sense_is_said_not_to_have_been_read():
    page = error_pages.bad_request(RequestFactory().get("/"), BadRequest()).content.decode()

    assert "We could not read this request" in page


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/cart/quick-add/", "/accounts/login/", "/cart/", "/nothing/"])
@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "latin-1"])
def test_a_form_in_another_charset_is_refused_by_a_page(address, charset):
    """Also to who has a token, for which the pages of errors look in the form."""
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "a" * 32

    response = browser.generic(
        "POST", address, b"cards=1", content_type=f"application/x-www-form-urlencoded; charset={charset}"
    )

    assert response.status_code == 400
    assert "We could not read this request" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "nonsense"])
def test_a_form_in_utf8_is_read_and_so_is_one_in_a_charset_that_nobody_knows(client, charset):
    response = client.generic(
        "POST",
        "/orders/find/",
        b"email=n%C3%B6",
        content_type=f"application/x-www-form-urlencoded; charset={charset}",
    )

    assert response.status_code == 422
    assert 'value="nö"' in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("charset", ["base64", "idna", "rot13"])
def test_what_names_a_charset_that_no_text_is_in_is_refused_by_the_server(charset):
    """Django falls over it before there is a request to answer."""
    said: list[str] = []
    environ = {
        **RequestFactory().get("/cards/?q=%ff").environ,
        "CONTENT_TYPE": f"text/plain; charset={charset}",
    }

    body = b"".join(application(environ, lambda status, headers: said.append(status)))

    assert said == ["400 Bad Request"]
    assert b"UTF-8" in body


def test_the_page_for_a_session_that_ended_needs_no_context_and_no_database():
    page = error_pages.bad_request(RequestFactory().get("/"), SessionInterrupted()).content.decode()

    assert "Please look at your cart" in page


@pytest.mark.django_db
def test_an_order_that_is_not_found_says_where_orders_are(client):
    assert "An order shows itself" in client.get("/orders/ZZZZZZZZZZ/").content.decode()
    assert "An order shows itself" not in client.get("/cards/nothing/").content.decode()
