"""A real PostgreSQL and a real Redis of the project's own, for where DATABASE_URL or REDIS_URL is unset.

Both servers come out of PyPI wheels and keep their data in `.local/`. Every process that asks becomes a
user of the running server, and the server stops when its last user is gone: docs/local-services.md.

Importing this package costs nothing; a server's module is imported by the function that needs it.
"""

from functools import cache
from pathlib import Path

from deckrental.local.errors import LocalServiceError

__all__ = ["LocalServiceError", "database_url", "local_dir", "redis_url", "secrets"]


@cache
def database_url() -> str:
    """Starts or joins the project's PostgreSQL: its database `deckrental`, as django-environ reads it.

    Raises LocalServiceError, saying what to do, where that server cannot run on this machine.
    """
    try:
        from deckrental.local.postgres import Postgres
        from deckrental.local.sharing import join
    except ImportError as error:  # Windows: no fcntl
        raise LocalServiceError("PostgreSQL", "DATABASE_URL", str(error)) from error

    server = Postgres(local_dir())
    join(server)
    return server.url()


@cache
def redis_url() -> str:
    """Starts or joins the project's Redis: `unix:///path?db=0`, as redis-py and Django's cache read it.

    `deckrental.redis_urls` derives Celery's form and other databases from it.
    Raises LocalServiceError, saying what to do, where that server cannot run on this machine.
    """
    try:
        from deckrental.local.redis import Redis
        from deckrental.local.sharing import join
    except ImportError as error:
        raise LocalServiceError("Redis", "REDIS_URL", str(error)) from error

    server = Redis(local_dir())
    join(server)
    return server.url()


def secrets() -> dict[str, str]:
    """Keys made for this checkout, by the name of the setting, for what the environment leaves open.

    Always SECRET_KEY; and, unless the environment has Stripe settings of its own, those of the sandbox that
    `make run` starts. Made once and kept in `.local/secrets.json`, so that a `manage.py` command beside a
    running site signs and pays with the same keys.
    """
    from deckrental.local.keys import secrets

    return secrets()


def local_dir() -> Path:
    """The folder of everything that a run leaves behind: `.local/`, or what DECKRENTAL_LOCAL_DIR names."""
    from deckrental.local.places import local_dir

    return local_dir()
