"""Paying for what is ordered already: a hold that has ended, or a fee that the card did not pay.

The link works without signing in, for whoever has the e-mail; it is signed, and good for PAY_AGAIN_HOURS.
"""

import uuid

from django.conf import settings
from django.core import signing
from django.urls import reverse

from orders.models import Order, Payment

_SALT = "pay-again"


def pay_link(order: Order, *, fee: Payment | None = None) -> str:
    """An address at which the order's total is held again, or a fee of it is paid."""
    token = signing.dumps([order.number, str(fee.pk) if fee else ""], salt=_SALT)
    return f"{settings.SITE_URL}{reverse('orders:pay_link', args=[token])}"


def named_in_link(token: str) -> tuple[str, uuid.UUID | None] | None:
    """The order's number, and the fee if it is about one; None where the link is not ours or too old."""
    try:
        number, fee = signing.loads(token, salt=_SALT, max_age=settings.PAY_AGAIN_HOURS * 60 * 60)
    except signing.BadSignature:
        return None
    return number, uuid.UUID(fee) if fee else None
