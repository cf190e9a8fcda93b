"""The broker, and on it a queue of the bench's own: what is sent is sent in earnest, and nobody acts on it."""

import base64
import json
from typing import Any

from django.conf import settings
from redis import Redis

from bench.database import REDIS_PREFIX


def empty() -> list[tuple[str, list[Any]]]:
    """Throws the messages away that were sent since; returns of each the task and its arguments."""
    with Redis.from_url(settings.CACHES["default"]["LOCATION"]) as redis:
        messages = [json.loads(message) for message in redis.lrange(f"{REDIS_PREFIX}celery", 0, -1)]
        for key in redis.scan_iter(match=f"{REDIS_PREFIX}*", count=1_000):
            redis.delete(key)
    return [
        (message["headers"]["task"], json.loads(base64.b64decode(message["body"]))[0]) for message in messages
    ]
