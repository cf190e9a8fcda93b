"""What the Celery worker does for accounts. Safe to run twice."""

from celery import shared_task
from django.utils import timezone

from accounts import tokens


@shared_task
def purge_tokens() -> int:
    return tokens.purge_tokens(now=timezone.now())
