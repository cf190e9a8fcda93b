"""What customers are told by e-mail. The texts are templates/emails/<kind>.txt, the subject in the first line."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db.models import Sum
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from inventory.closed_days import shop_calendar
from orders.changes import LOST_PLACE
from orders.dates import schedule_of_order
from orders.deck_availability import next_start
from orders.lines import lines_of
from orders.models import Order, OrderChange, Payment, PaymentStatus, Refund
from orders.pay_again import pay_link
from orders.payments import bank_asks_for_customer, is_held, why_not_renewed
from orders.states import NOT_YET_LEFT, Status

_SALT = "order-link"
_CALENDAR_SALT = (
    "order-calendar"  # its address is shared with the calendar: it opens the days, and not the order
)
LINK_DAYS = 90


def order_link(order: Order) -> str:
    """An address that shows the order without signing in; whoever has it may see, change and cancel it."""
    return f"{settings.SITE_URL}{reverse('orders:link', args=[_token(order)])}"


def receipt_link(order: Order) -> str:
    """An address that shows the order's receipt without signing in; whoever has it may see the order, too."""
    return f"{settings.SITE_URL}{reverse('orders:receipt_link', args=[_token(order)])}"


def return_slip_link(order: Order) -> str:
    """An address of what goes back with the deck, to print, without signing in; it shows the order, too."""
    return f"{settings.SITE_URL}{reverse('orders:return_slip_link', args=[_token(order)])}"


def calendar_link(order: Order) -> str:
    """An address of the order's calendar file, for programs that cannot sign in; it opens nothing else."""
    token = signing.dumps(order.number, salt=_CALENDAR_SALT)
    return f"{settings.SITE_URL}{reverse('orders:calendar_link', args=[token])}"


def reading_link(order: Order) -> str:
    """An address that leads to the order and may stand where others read along: it opens nothing by itself.

    Who has an account signs in there; a guest has a signed link sent to the mailbox.
    """
    if order.user_id is None:
        return f"{settings.SITE_URL}{reverse('orders:find')}"
    query = urlencode({"next": order.get_absolute_url()})
    return f"{settings.SITE_URL}{reverse('account_login')}?{query}"


def _token(order: Order) -> str:
    return signing.dumps(order.number, salt=_SALT)


def number_in_link(token: str) -> str | None:
    """The order number in a link of ours, or None where it is not ours or too old."""
    return _number_in(token, salt=_SALT)


def number_in_calendar_link(token: str) -> str | None:
    """The same, of the address of a calendar file."""
    return _number_in(token, salt=_CALENDAR_SALT)


def _number_in(token: str, *, salt: str) -> str | None:
    try:
        return signing.loads(token, salt=salt, max_age=LINK_DAYS * 24 * 60 * 60)
    except signing.BadSignature:
        return None


def send_change_failed_email(*, change: OrderChange) -> None:
    """Tells the customer why this change, which was paid for, was not made: another one may have failed or worked."""
    send_order_email(
        order=change.order,
        kind="change_failed",
        more={"failed": change, "is_here": change.order.status in NOT_YET_LEFT},
    )


def send_order_email(*, order: Order, kind: str, more: Mapping[str, Any] | None = None) -> None:
    """Tells the customer about the order. `kind` as in orders/signals.py: open, pending, promoted, and so on.

    `more`: what the letter says besides.
    """
    period, method = order.rental_period, order.shipping_method
    cancelled = order.events.filter(to_status=Status.CANCELLED).first()
    context = {
        "order": order,
        "lines": lines_of(order),
        "schedule": schedule_of_order(order),
        "link": order_link(order),
        "receipt_link": receipt_link(order),
        "calendar_link": calendar_link(order),
        "return_slip_link": return_slip_link(order),
        "cart_link": f"{settings.SITE_URL}{reverse('orders:cart')}",
        "reason": cancelled.reason if cancelled else "",
        "refunding_cents": _refunding_cents(order, since=cancelled.at) if cancelled else 0,
        "since_dispatch": order.events.filter(from_status=Status.DISPATCHED).order_by("at", "pk"),
        "next_start": next_start(order=order, today=timezone.localdate(), calendar=shop_calendar())
        if cancelled and period and method
        else None,
        **(more or {}),
    }
    if kind == "changed":
        context |= {"held": is_held(order), "lost_place": _lost_place(order)}
    if kind == "kept_longer":
        context["extension"] = _last_extension(order)
    if kind == "pay_again":
        context |= {
            "bank_asks": bank_asks_for_customer(order),
            "why": why_not_renewed(order),
            "held": is_held(order),
            "pay_link": pay_link(order),
        }
    subject, _, body = render_to_string(f"emails/{kind}.txt", context).strip().partition("\n")
    EmailMessage(subject.strip(), body.strip() + "\n", to=[order.contact_email]).send()
    if kind == "pay_again":
        asked = Order.objects.filter(pk=order.pk, pay_again_by=order.pay_again_by)
        asked.update(pay_again_told_at=timezone.now())


def _last_extension(order: Order) -> Payment | None:
    """What was charged for the days that the deck may be kept now; None where they cost nothing."""
    last = order.changes.filter(kind=OrderChange.Kind.EXTENSION, status=OrderChange.Status.APPLIED)
    change = last.order_by("-created_at").first()
    if change is None or change.wanted["last_day"] != f"{order.last_day:%Y-%m-%d}":
        return None
    return Payment.objects.filter(attempts__change=change, status=PaymentStatus.CAPTURED).first()


def _lost_place(order: Order) -> bool:
    last = order.events.order_by("-at", "-pk").first()
    return order.status == Status.PENDING and last is not None and last.reason.endswith(LOST_PLACE)


def _refunding_cents(order: Order, *, since: datetime) -> int:
    """What goes back to the card because the order was cancelled; what was given back before was told then."""
    failed = [Refund.Status.FAILED, Refund.Status.CANCELED]
    refunds = Refund.objects.filter(payment__order=order, created_at__gte=since).exclude(status__in=failed)
    return refunds.aggregate(cents=Sum("amount_cents"))["cents"] or 0
