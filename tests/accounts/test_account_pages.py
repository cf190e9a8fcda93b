"""Sign-in and the like are set from the site's own parts, and say what is wrong where it is wrong."""

import pytest

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

FOR_VISITORS = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-x/",
    "/accounts/password/reset/key/done/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/unknown/",
    "/accounts/inactive/",
]
FOR_CUSTOMERS = [
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
]


def check_is_finished(page: str) -> None:
    assert 'href="#page"' in page  # the skip link of base.html
    assert page.count("<h1>") == 1
    assert " style=" not in page
    assert "<script>" not in page


@pytest.mark.parametrize("path", FOR_VISITORS)
def test_pages_for_visitors(client, path):
    response = client.get(path)

    assert response.status_code == 200
    check_is_finished(response.content.decode())


@pytest.mark.parametrize("path", FOR_CUSTOMERS)
def test_pages_for_customers(client, path):
    client.force_login(UserFactory())

    response = client.get(path)

    assert response.status_code == 200
    check_is_finished(response.content.decode())


def test_an_error_is_tied_to_its_field(client):
    page = client.post("/accounts/signup/", {"email": "not an address"}).content.decode()

    assert 'aria-describedby="id_email_error"' in page
    assert 'id="id_email_error"' in page
    assert 'aria-invalid="true"' in page


def test_the_header_knows_who_is_there(client):
    assert "Sign in" in client.get("/decks/").content.decode()
    client.force_login(UserFactory(email="pat@example.org"))
    page = client.get("/decks/").content.decode()
    assert "pat@example.org" in page
    assert "Sign out" in page
    assert "Desk</a>" not in page


def test_the_header_leads_staff_to_the_desk(client):
    client.force_login(UserFactory(is_staff=True))

    assert "Desk</a>" in client.get("/decks/").content.decode()
