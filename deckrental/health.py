"""Is the process up, and can the site do its work?"""

from collections.abc import Callable

import redis
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders.tasks import worker_seen_lately


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        cache.get("readyz")
    except redis.RedisError:
        return False
    return True


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database_answers,
    "redis": _redis_answers,
    "worker": lambda: _redis_answers() and worker_seen_lately(),
}


@require_safe
@never_cache
def process_is_up(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; asks nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def site_is_ready(request: HttpRequest) -> JsonResponse:
    """200 where database and Redis answer and a worker was seen lately, else 503 and what is missing."""
    results = {name: check() for name, check in CHECKS.items()}
    return JsonResponse(results, status=200 if all(results.values()) else 503)
