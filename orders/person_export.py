"""Everything that is kept about a customer, for the file that they can take along. A fixed number of queries."""

from datetime import datetime
from typing import Any

import structlog

from accounts.models import User
from accounts.personal_record import account_record
from orders.models import Order, OrderCard, OrderEvent, Payment, PaymentCustomer
from orders.saved_cards import known_cards
from orders.sign_in import join_guest_orders
from orders.states import Status
from orders.stripe_gateway import GatewayError

log = structlog.get_logger(__name__)

_DAYS = ("first_day", "last_day", "out_on", "due_on", "back_on")
_ADDRESS = ("email", "name", "street", "postcode", "city", "country")
_CENTS = ("cards_cents", "shipping_cents", "tax_cents", "tax_basis_points", "total_cents")


def what_is_kept(*, user: User, now: datetime) -> dict[str, Any]:
    """Plain values by name. Of cards brand and last four digits only: no more is known here."""
    join_guest_orders(user=user)
    found = Order.objects.filter(user=user).select_related("shipping_method")
    orders = found.prefetch_related(
        "order_cards__card", "order_cards__preferred_printing", "events", "payments__refunds"
    )
    records = [(order.status, _order(order)) for order in orders.order_by("created_at", "pk")]
    return {
        "written": now,
        **account_record(user),
        "cart": next((record for status, record in records if status == Status.CART), None),
        "orders": [record for status, record in records if status != Status.CART],
        "payment_provider": {
            "customer_ids": list(
                PaymentCustomer.objects.filter(user=user).order_by("pk").values_list("stripe_id", flat=True)
            ),
            "saved_cards": _saved_cards(user),
        },
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "status": order.status,
        "made": order.created_at,
        "authorized": order.authorized_at,
        **{field: getattr(order, field) for field in (*_DAYS, *_ADDRESS, *_CENTS)},
        "shipping": order.shipping_method.name if order.shipping_method else None,
        "cards": [_line(line) for line in sorted(order.order_cards.all(), key=lambda line: line.pk)],
        "events": [_event(event) for event in sorted(order.events.all(), key=lambda event: event.pk)],
        "payments": [
            _payment(payment) for payment in sorted(order.payments.all(), key=lambda each: each.created_at)
        ],
    }


def _line(line: OrderCard) -> dict[str, Any]:
    printing = line.preferred_printing
    return {
        "card": line.card.name,
        "quantity": line.quantity,
        "zone": line.zone,
        "preferred_printing": f"{printing.set_code} {printing.collector_number}" if printing else None,
        "day_price_cents": line.day_price_cents,
    }


def _event(event: OrderEvent) -> dict[str, Any]:
    return {
        "at": event.at,
        "by": event.actor,  # which of the staff it was is theirs
        "from": event.from_status,
        "to": event.to_status,
        "reason": event.reason,
    }


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "kind": payment.kind,
        "status": payment.status,
        "amount_cents": payment.amount_cents,
        "captured_cents": payment.captured_cents,
        "captured": payment.captured_at,
        "currency": payment.currency,
        "reason": payment.reason,
        "card_brand": payment.card_brand,
        "card_last4": payment.card_last4,
        "refunds": [
            {
                "amount_cents": refund.amount_cents,
                "status": refund.status,
                "reason": refund.reason,
                "at": refund.created_at,
            }
            for refund in sorted(payment.refunds.all(), key=lambda each: each.created_at)
        ],
    }


def _saved_cards(user: User) -> list[dict[str, Any]] | str:
    try:
        return [{"brand": card.brand, "last4": card.last4} for card in known_cards(user)]
    except GatewayError as error:
        log.warning("cards_not_exported", kind=type(error).__name__)
        return "The payment provider did not answer. Load the file again in a few minutes."
