"""One REDIS_URL, two spellings: redis-py says `unix://…?db=1`, Celery `redis+socket://…?virtual_host=1`."""

from urllib.parse import parse_qsl, urlencode, urlsplit


def database_number(redis_url: str) -> int:
    """The number of the database that `redis_url` names; 0 where it names none.

    >>> database_number("redis://cache:6379/5"), database_number("unix:///run/redis.sock?db=2")
    (5, 2)
    """
    parts = urlsplit(redis_url)
    in_path = "" if parts.scheme == "unix" else parts.path.strip("/")
    number = dict(parse_qsl(parts.query)).get("db") or in_path
    return int(number) if number.isdigit() else 0


def client_url(redis_url: str, db: int) -> str:
    """`redis_url` for redis-py and Django's cache, with database number `db`.

    >>> client_url("redis://cache:6379/0?protocol=3", 1)
    'redis://cache:6379/1?protocol=3'
    >>> client_url("unix:///run/redis.sock", 1)
    'unix:///run/redis.sock?db=1'
    """
    parts = urlsplit(redis_url)
    query = {name: value for name, value in parse_qsl(parts.query) if name != "db"}
    if parts.scheme == "unix":
        return _url(parts.scheme, parts.netloc, parts.path, {**query, "db": str(db)})
    return _url(parts.scheme, parts.netloc, f"/{db}", query)


def celery_url(redis_url: str, db: int) -> str:
    """`redis_url` for Celery's broker, with database number `db`.

    >>> celery_url("unix:///run/redis.sock?db=0", 2)
    'redis+socket:///run/redis.sock?virtual_host=2'
    """
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return client_url(redis_url, db)
    query = {name: value for name, value in parse_qsl(parts.query) if name != "db"}
    return _url("redis+socket", parts.netloc, parts.path, {**query, "virtual_host": str(db)})


def _url(scheme: str, netloc: str, path: str, query: dict[str, str]) -> str:
    # By hand: urlunsplit leaves out the // of a scheme that it does not know when there is no host.
    return f"{scheme}://{netloc}{path}{'?' if query else ''}{urlencode(query)}"
