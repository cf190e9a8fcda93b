"""What the Celery worker does. A task takes ids and makes one domain call; each is safe to run twice.

The domain imports this module to put work on the queue, so the tasks import the domain when they run.
"""

from datetime import datetime
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.core.cache import cache
from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from inventory.signals import capacity_freed
from orders import stripe_gateway as gateway
from orders.models import Order

_HEARTBEAT = "worker-heartbeat"
_HEARTBEAT_SECONDS = 180


@shared_task
def promote_pending() -> dict[str, int]:
    """Three times a day by the beat, and whenever capacity was freed."""
    from orders.promotion import promote_pending

    result = promote_pending(timezone.localdate())
    return {"opened": result.opened, "waiting": result.waiting}


@receiver(capacity_freed)
def promote_after_capacity_freed(sender: Any, **kwargs: Any) -> None:
    promote_pending.delay()


@shared_task
def lapse_confirming() -> int:
    from orders.cancellation import lapse_confirming

    return lapse_confirming(now=timezone.now())


@shared_task
def lapse_pending() -> int:
    from orders.cancellation import lapse_pending

    return lapse_pending(today=timezone.localdate())


@shared_task(autoretry_for=(gateway.GatewayError,), retry_backoff=True, max_retries=8)
def void_released_payments() -> int:
    from orders.payments import void_released_payments

    return void_released_payments()


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=8)
def send_order_email(order_id: int, kind: str) -> None:
    from orders.emails import send_order_email

    send_order_email(
        order=Order.objects.select_related("user", "shipping_method").get(pk=order_id), kind=kind
    )


def send_email_after_commit(order: Order, kind: str) -> None:
    """Puts the e-mail on the queue once the current transaction is committed."""
    transaction.on_commit(lambda: send_order_email.delay(order.pk, kind))


@shared_task
def worker_heartbeat() -> None:
    """Lets /readyz know that a worker takes tasks from the queue."""
    cache.set(_HEARTBEAT, timezone.now(), timeout=_HEARTBEAT_SECONDS)


@worker_ready.connect
def _say_hello(**kwargs: Any) -> None:
    worker_heartbeat()


def worker_seen_lately() -> bool:
    """Whether a worker started, or ran the heartbeat, within the last three minutes."""
    return isinstance(cache.get(_HEARTBEAT), datetime)
