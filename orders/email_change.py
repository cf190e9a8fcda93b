"""When an account's e-mail address is changed, what is told of its orders goes to the new one.

These e-mails hold links that open the order: whoever has the old mailbox should get no more of them.
"""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from django.db import transaction
from django.dispatch import receiver

from accounts.models import User
from orders.models import Order
from orders.states import Status
from orders.transitions import lock_orders

_OVER = (Status.RETURNED, Status.CANCELLED)


@receiver(email_changed)
def write_to_the_new_address(
    sender: Any,
    user: User,
    from_email_address: EmailAddress | None,
    to_email_address: EmailAddress,
    **kwargs: Any,
) -> None:
    if from_email_address is not None:
        change_email_of_orders(user=user, old=from_email_address.email, new=to_email_address.email)


@transaction.atomic
def change_email_of_orders(*, user: User, old: str, new: str) -> int:
    """Of the user's orders that are not over, and that had the old address; returns how many."""
    theirs = Order.objects.filter(user=user, email__iexact=old).exclude(status__in=_OVER)
    orders = lock_orders(theirs)  # in primary-key order, as promotion does
    return Order.objects.filter(pk__in=[order.pk for order in orders]).update(email=new)
