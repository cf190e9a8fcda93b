"""Pages that say that something went wrong: they need nothing that may itself be broken."""

import pytest
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core.exceptions import BadRequest
from django.test import Client, RequestFactory
from django.views import defaults

from deckrental import error_pages
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
def test_what_is_not_for_the_visitor_says_so(client):
    client.force_login(UserFactory())

    response = client.get("/staff/")

    assert response.status_code == 403
    assert "This page is not for you" in response.content.decode()


def test_any_other_request_that_makes_no_sense_is_said_not_to_have_been_read():
    page = error_pages.bad_request(RequestFactory().get("/"), BadRequest()).content.decode()

    assert "We could not read this request" in page


def test_the_page_for_a_session_that_ended_needs_no_context_and_no_database():
    page = error_pages.bad_request(RequestFactory().get("/"), SessionInterrupted()).content.decode()

    assert "Please look at your cart" in page
