"""One REDIS_URL, two spellings: redis-py says `unix://…?db=1`, Celery `redis+socket://…?virtual_host=1`."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def client_url(redis_url: str, db: int) -> str:
    """`redis_url` for redis-py and Django's cache, with database number `db`."""
    parts = urlsplit(redis_url)
    query = dict(parse_qsl(parts.query))
    query.pop("db", None)
    if parts.scheme == "unix":
        return urlunsplit(parts._replace(query=urlencode({**query, "db": db})))
    return urlunsplit(parts._replace(path=f"/{db}", query=urlencode(query)))


def celery_url(redis_url: str, db: int) -> str:
    """`redis_url` for Celery's broker or result backend, with database number `db`."""
    url = client_url(redis_url, db)
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    query = {("virtual_host" if name == "db" else name): value for name, value in parse_qsl(parts.query)}
    return urlunsplit(parts._replace(scheme="redis+socket", query=urlencode(query)))
