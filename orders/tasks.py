"""What the Celery worker does. A task takes ids and makes one domain call; each is safe to run twice.

The domain knows nothing of tasks: it sends signals after the commit, and this module puts the work on the queue.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_ready
from django.core.cache import cache
from django.core.management import call_command
from django.dispatch import receiver
from django.utils import timezone

from inventory.signals import capacity_changed
from orders import (
    cancellation,
    change_purge,
    emails,
    fees,
    forgetting,
    money_emails,
    order_links,
    payments,
    promotion,
    purge,
    reconciliation,
    saved_cards,
)
from orders import stripe_gateway as gateway
from orders.models import Order, OrderChange, Payment, Refund
from orders.signals import (
    cards_to_forget,
    change_failed,
    customers_to_be_told,
    fee_answered,
    held_again,
    hold_lost,
    holds_let_go,
    holds_wanted,
    refund_under_way,
    refunds_written_down,
)
from orders.states import Status

_HEARTBEAT = "worker-heartbeat"
_HEARTBEAT_SECONDS = 180
PROMOTION_IS_COMING = "promotion-is-coming"
_PROMOTION_IS_COMING_SECONDS = 60  # if it never comes, the next change asks for another


@shared_task
def promote_pending() -> dict[str, int]:
    """Three times a day by the beat, and whenever there is more or less to have."""
    result = promotion.promote_pending(timezone.localdate(), begins=lambda: cache.delete(PROMOTION_IS_COMING))
    return {"opened": result.opened, "waiting": result.waiting}


@receiver([capacity_changed, held_again])
def promote_after_change(sender: Any, **kwargs: Any) -> None:
    # A hundred returns in a morning are not a hundred runs: whoever has not begun yet sees this change too.
    if cache.add(PROMOTION_IS_COMING, True, timeout=_PROMOTION_IS_COMING_SECONDS):
        promote_pending.delay()


@shared_task
def lapse_confirming() -> int:
    return cancellation.lapse_confirming(now=timezone.now())


@shared_task
def lapse_pending() -> int:
    return cancellation.lapse_pending(today=timezone.localdate())


@shared_task
def lapse_unpaid() -> int:
    return cancellation.lapse_unpaid(now=timezone.now())


@shared_task
def renew_authorizations() -> dict[str, int]:
    return dict(payments.renew_authorizations(timezone.now()))


@shared_task
def renew_hold(order_id: int, wanted: bool = False) -> str:
    """What is not answered now is sent again by the hourly run."""
    order = Order.objects.get(pk=order_id)
    return payments.renew_hold(order=order, now=timezone.now(), wanted=wanted)


@receiver(hold_lost)
def renew_after_hold_lost(sender: Any, order_id: int, **kwargs: Any) -> None:
    renew_hold.delay(order_id)


@shared_task
def renew_holds(order_ids: list[int]) -> None:
    """Each is on its own: one that has to wait for its bank does not keep the others."""
    for order_id in order_ids:
        renew_hold.delay(order_id, wanted=True)


@receiver(holds_wanted)
def renew_what_promotion_wants(sender: Any, order_ids: list[int], **kwargs: Any) -> None:
    renew_holds.delay(order_ids)


@shared_task(autoretry_for=(gateway.GatewayError,), retry_backoff=True, max_retries=8)
def void_released_payments() -> int:
    return payments.void_released_payments()


@shared_task
def reconcile_payments() -> dict[str, int]:
    """Once an hour by the beat; what one run could not do, the next one tries again."""
    result = reconciliation.reconcile(now=timezone.now())
    return {
        "compared": result.compared,
        "repairs": len(result.repairs),
        "reports": len(result.reports),
        "failures": len(result.failures),
    }


@receiver(holds_let_go)
def void_after_holds_let_go(sender: Any, **kwargs: Any) -> None:
    void_released_payments.delay()


@shared_task(autoretry_for=(gateway.GatewayError,), retry_backoff=True, max_retries=8)
def forget_cards() -> int:
    return saved_cards.forget_cards(now=timezone.now())


@shared_task
def purge_carts() -> dict[str, int]:
    """Once a night by the beat: carts of guests whose session has ended."""
    purged = purge.purge_carts(now=timezone.now())
    return {"carts": purged.carts, "guests": purged.guests, "carts_kept": purged.carts_kept}


@shared_task
def purge_changes() -> int:
    """Once a night by the beat: changes that were asked for and never paid."""
    return change_purge.purge_changes(now=timezone.now())


@shared_task
def clear_sessions() -> None:
    """Once a night by the beat: sessions that have ended, which Django leaves in the database."""
    call_command("clearsessions")


@receiver(cards_to_forget)
def forget_after_somebody_left(sender: Any, **kwargs: Any) -> None:
    forget_cards.delay()


@shared_task
def forget_addresses() -> int:
    return forgetting.forget_addresses(today=timezone.localdate())


@shared_task(autoretry_for=(gateway.GatewayError,), retry_backoff=True, max_retries=8)
def send_unsent_refunds() -> int:
    return payments.send_unsent_refunds(timezone.now())


@receiver(refunds_written_down)
def send_after_refunds_written_down(sender: Any, **kwargs: Any) -> None:
    send_unsent_refunds.delay()


@shared_task(autoretry_for=(gateway.GatewayError,), retry_backoff=True, max_retries=8)
def retry_fees() -> int:
    return fees.retry_fees(timezone.now())


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=8)
def send_refund_email(refund_id: str) -> None:
    money_emails.send_refund_email(
        refund=Refund.objects.select_related("payment__order__user").get(pk=refund_id)
    )


@receiver(refund_under_way)
def send_email_of_refund(sender: Any, refund_id: UUID, **kwargs: Any) -> None:
    send_refund_email.delay(str(refund_id))


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=8)
def send_fee_email(payment_id: str, paid: bool) -> None:
    fee = Payment.objects.select_related("order__user").get(pk=payment_id)
    money_emails.send_fee_email(fee=fee, paid=paid)


@receiver(fee_answered)
def send_email_of_fee(sender: Any, payment_id: UUID, paid: bool, **kwargs: Any) -> None:
    send_fee_email.delay(str(payment_id), paid)


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=8)
def send_order_email(order_id: int, kind: str) -> None:
    order = Order.objects.select_related("user", "shipping_method").get(pk=order_id)
    if kind == "pending" and order.status != Status.PENDING:
        return  # promoted before this came to its turn: the good news is on its way
    if kind == "pay_again" and (order.pay_again_by is None or order.pay_again_told_at is not None):
        return  # paid meanwhile, or told: this one was late, and the hourly run has sent another
    emails.send_order_email(order=order, kind=kind)


@shared_task
def send_order_emails(order_ids: list[int], kind: str) -> None:
    """A letter for each order is put on the queue: one fails, and is tried again, without the others."""
    for order_id in order_ids:
        send_order_email.delay(order_id, kind)


@receiver(customers_to_be_told)
def send_emails_to_customers(sender: Any, order_ids: list[int], kind: str, **kwargs: Any) -> None:
    """One message, however many orders: who opens a long queue does not wait for the broker at every order."""
    if len(order_ids) == 1:
        send_order_email.delay(order_ids[0], kind)
    else:
        send_order_emails.delay(order_ids, kind)


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=8)
def send_change_failed_email(change_id: str) -> None:
    change = OrderChange.objects.select_related("order__user", "order__shipping_method").get(pk=change_id)
    emails.send_change_failed_email(change=change)


@receiver(change_failed)
def send_email_of_failed_change(sender: Any, change_id: UUID, **kwargs: Any) -> None:
    send_change_failed_email.delay(str(change_id))


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=8)
def send_order_links(email: str) -> None:
    order_links.send_order_links(email=email)


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
