"""What the Celery worker does. A task takes ids and makes one domain call; each is safe to run twice.

The domain knows nothing of tasks: it sends signals after the commit, and this module puts the work on the queue.
"""

from datetime import datetime
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.core.cache import cache
from django.dispatch import receiver
from django.utils import timezone

from inventory.signals import capacity_freed
from orders import cancellation, emails, payments, promotion
from orders import stripe_gateway as gateway
from orders.models import Order
from orders.signals import customer_to_be_told, holds_let_go
from orders.states import Status

_HEARTBEAT = "worker-heartbeat"
_HEARTBEAT_SECONDS = 180


@shared_task
def promote_pending() -> dict[str, int]:
    """Three times a day by the beat, and whenever capacity was freed."""
    result = promotion.promote_pending(timezone.localdate())
    return {"opened": result.opened, "waiting": result.waiting}


@receiver(capacity_freed)
def promote_after_capacity_freed(sender: Any, **kwargs: Any) -> None:
    promote_pending.delay()


@shared_task
def lapse_confirming() -> int:
    return cancellation.lapse_confirming(now=timezone.now())


@shared_task
def lapse_pending() -> int:
    return cancellation.lapse_pending(today=timezone.localdate())


@shared_task(autoretry_for=(gateway.GatewayError,), retry_backoff=True, max_retries=8)
def void_released_payments() -> int:
    return payments.void_released_payments()


@receiver(holds_let_go)
def void_after_holds_let_go(sender: Any, **kwargs: Any) -> None:
    void_released_payments.delay()


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=8)
def send_order_email(order_id: int, kind: str) -> None:
    order = Order.objects.select_related("user", "shipping_method").get(pk=order_id)
    if kind == "pending" and order.status != Status.PENDING:
        return  # promoted before this came to its turn: the good news is on its way
    emails.send_order_email(order=order, kind=kind)


@receiver(customer_to_be_told)
def send_email_to_customer(sender: Any, order_id: int, kind: str, **kwargs: Any) -> None:
    send_order_email.delay(order_id, kind)


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
