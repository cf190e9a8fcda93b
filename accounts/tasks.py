"""What the Celery worker does for accounts. Safe to run twice."""

from celery import shared_task
from django.utils import timezone

from accounts import email_addresses, sessions, tokens


@shared_task
def purge_tokens() -> int:
    return tokens.purge_tokens(now=timezone.now())


@shared_task
def forget_unconfirmed() -> int:
    return email_addresses.forget_unconfirmed(now=timezone.now())


@shared_task
def forget_ended_sessions() -> int:
    return sessions.forget_ended_sessions(now=timezone.now())
