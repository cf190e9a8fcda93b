"""The URLs of servers, as those who have to understand them do."""

import environ
import pytest
import redis
from celery import Celery
from kombu import Connection

from deckrental.redis_urls import celery_url, client_url

ODD = "unix:///tmp/my%20shop/%2B%C3%A9/redis.sock?db=0"


@pytest.mark.parametrize(
    ("given", "client", "celery"),
    [
        ("unix:///run/r.sock", "unix:///run/r.sock?db=3", "redis+socket:///run/r.sock?virtual_host=3"),
        ("unix:///run/r.sock?db=0", "unix:///run/r.sock?db=3", "redis+socket:///run/r.sock?virtual_host=3"),
        ("redis://h:6379", "redis://h:6379/3", "redis://h:6379/3"),
        ("redis://:secret@h:6379/0", "redis://:secret@h:6379/3", "redis://:secret@h:6379/3"),
        (
            "rediss://h/0?ssl_cert_reqs=none",
            "rediss://h/3?ssl_cert_reqs=none",
            "rediss://h/3?ssl_cert_reqs=none",
        ),
    ],
)
def test_each_reader_gets_its_spelling_and_its_database(given, client, celery):
    assert client_url(given, 3) == client
    assert celery_url(given, 3) == celery


def test_redis_py_finds_an_odd_socket():
    found = redis.ConnectionPool.from_url(client_url(ODD, 2)).connection_kwargs
    assert (found["path"], found["db"]) == ("/tmp/my shop/+é/redis.sock", 2)


def test_celery_finds_an_odd_socket():
    with (
        Connection(celery_url(ODD, 2)) as broker,
        pytest.raises(broker.connection_errors, match=r"/tmp/my shop/.é"),
    ):
        broker.connect()
    backend = Celery(backend=celery_url(ODD, 2)).backend
    assert (backend.connparams["path"], backend.connparams["db"]) == ("/tmp/my shop/+é/redis.sock", 2)


def test_django_environ_finds_an_odd_socket():
    read = environ.Env.db_url_config(
        "postgres://postgres@:5432/deckrental?host=%2Ftmp%2Fmy%20shop%2F%2B%C3%A9"
    )
    assert read["ENGINE"] == "django.db.backends.postgresql"
    assert (read["NAME"], read["USER"], read["PORT"]) == ("deckrental", "postgres", 5432)
    assert read["OPTIONS"] == {"host": "/tmp/my shop/+é"}
