"""Databases of the bench's own, beside the site's on the same server, and never the site's itself.

One holds the shop and is kept from run to run. What writes, writes into a copy of it, which goes with the run.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import django
import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

NAME = "deckrental_bench"
REDIS_PREFIX = "deckrental-bench:"  # no worker of the site takes what the bench sends


def use_bench_database(name: str = NAME) -> None:
    """Sets Django up and points it at a database and a queue of the bench's. Before anything imports a model."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deckrental.settings")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    django.setup()
    connection.close()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name
    settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = REDIS_PREFIX
    # Nobody has collected static files in a clone that has never run.
    warnings.filterwarnings("ignore", message="No directory at")
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


def exists() -> bool:
    with server() as postgres:
        return postgres.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).rowcount == 1


def recreate() -> None:
    """The bench's database, anew: every migration is run, and nothing is in it."""
    _create(NAME)


def drop_all() -> None:
    """The shop, and copies that an interrupted run has left."""
    with server() as postgres:
        found = postgres.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [NAME]
        ).fetchall()
    for (name,) in found:
        _drop(name)


@contextmanager
def empty(suffix: str) -> Iterator[str]:
    """The name of a database with every migration run and nothing in it, until the context ends."""
    name = f"{NAME}_{suffix}"
    try:
        _create(name)
        yield name
    finally:
        _drop(name)


@contextmanager
def copied(suffix: str, *, of: str = NAME) -> Iterator[str]:
    """The name of a copy of a database, until the context ends. Nobody may be connected to what is copied."""
    name = f"{NAME}_{suffix}"
    connection.close()
    _drop(name)
    with server() as postgres:
        postgres.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(of)
            )
        )
    try:
        yield name
    finally:
        _drop(name)


def connected(name: str) -> BaseDatabaseWrapper:
    """A connection of Django's to one of the bench's databases, for `using`."""
    wrapper = connections.create_connection("default")
    wrapper.settings_dict = {**wrapper.settings_dict, "NAME": name}
    return wrapper


@contextmanager
def using(wrapper: BaseDatabaseWrapper) -> Iterator[None]:
    """Within, this is Django's connection. It stays open behind it, so that two can take turns."""
    before = connections["default"]
    connections["default"] = wrapper
    try:
        yield
    finally:
        connections["default"] = before


@contextmanager
def working_on(name: str) -> Iterator[None]:
    """Within, Django's connection is one to this database; it is closed behind it."""
    wrapper = connected(name)
    try:
        with using(wrapper):
            yield
    finally:
        wrapper.close()


def _create(name: str) -> None:
    _drop(name)
    with server() as postgres:
        postgres.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    with working_on(name):
        call_command("migrate", verbosity=0, interactive=False)


def _drop(name: str) -> None:
    connection.close()
    with server() as postgres:
        postgres.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def server() -> psycopg.Connection:
    """A connection to the server itself, on which databases are made."""
    parameters = connection.get_connection_params() | {"dbname": "postgres", "autocommit": True}
    known = {"dbname", "user", "password", "host", "port", "autocommit", "sslmode"}
    return psycopg.connect(**{name: value for name, value in parameters.items() if name in known})
