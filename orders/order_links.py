"""The links of somebody's orders, sent once more to the address that the orders were placed with.

Whoever asks learns nothing: the answer is the same with and without orders, and what there is goes to the mailbox.
"""

from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from orders.emails import LINK_DAYS, order_link
from orders.models import Order
from orders.models.order import OrderQuerySet

MOST = 20  # the newest: what is older is in their mailbox, or its link has ended


def orders_placed_with(email: str) -> OrderQuerySet:
    """Placed with that address, by a guest or a customer, the newest first."""
    return Order.objects.placed_with([email.strip()]).order_by("-authorized_at", "-pk")


def send_order_links(*, email: str) -> bool:
    """Sends the links to that address and to no other; False where there is nothing to send."""
    orders = list(orders_placed_with(email)[:MOST])
    if not orders:
        return False
    context = {"orders": [(order, order_link(order)) for order in orders], "days": LINK_DAYS}
    subject, _, body = render_to_string("emails/order_links.txt", context).strip().partition("\n")
    EmailMessage(subject.strip(), body.strip() + "\n", to=[email]).send()
    return True
