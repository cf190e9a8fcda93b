"""Is the process up, and can the site do its work?"""

import uuid

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.urls import reverse

from orders.tasks import worker_heartbeat, worker_seen_lately
from tests.sandbox import free_port

NOBODY_LISTENS = f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


@pytest.fixture
def _no_redis(settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOBODY_LISTENS}}


@pytest.fixture
def _no_database(monkeypatch) -> None:
    def refuse(*args, **kwargs):
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "cursor", refuse)


# --- the process ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_process_is_up_and_asks_nobody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get(reverse("healthz"))

    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.usefixtures("_no_redis")
def test_the_process_is_up_without_a_database_and_redis(client):
    # Without the django_db mark, a query would fail this test.
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("address", ["healthz", "readyz"])
def test_the_answer_is_never_stored(client, db, address):
    assert "no-store" in client.get(reverse(address))["Cache-Control"]


@pytest.mark.parametrize("address", ["healthz", "readyz"])
def test_health_takes_no_form(client, address):
    assert client.post(reverse(address)).status_code == 405


@pytest.mark.parametrize("address", ["healthz", "readyz"])
def test_health_is_told_without_https(client, db, settings, address):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get(reverse(address)).status_code in {200, 503}


# --- the site ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_site_is_ready_where_everything_answers(client):
    worker_heartbeat.delay()

    response = client.get(reverse("readyz"))

    assert response.status_code == 200
    assert response.json() == {"database": True, "redis": True, "worker": True}


@pytest.mark.django_db
def test_the_site_is_not_ready_while_no_worker_was_seen(client):
    response = client.get(reverse("readyz"))

    assert response.status_code == 503
    assert response.json() == {"database": True, "redis": True, "worker": False}


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_redis")
def test_the_site_is_not_ready_without_redis_and_says_so(client):
    response = client.get(reverse("readyz"))

    assert response.status_code == 503
    assert response.json() == {"database": True, "redis": False, "worker": False}


@pytest.mark.django_db
def test_the_site_is_not_ready_without_a_database_and_says_so(client, request):
    worker_heartbeat.delay()
    request.getfixturevalue("_no_database")

    response = client.get(reverse("readyz"))

    assert response.status_code == 503
    assert response.json() == {"database": False, "redis": True, "worker": True}


def test_a_worker_that_was_seen_is_remembered_for_three_minutes():
    worker_heartbeat.delay()

    remembered = cache.make_key("worker-heartbeat")
    assert worker_seen_lately()
    assert 170 < cache._cache.get_client(remembered).ttl(remembered) <= 180
