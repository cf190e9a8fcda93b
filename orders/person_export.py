"""Everything that is kept about a customer, for the file that they can take along. A fixed number of queries."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.personal_record import account_record
from orders.models import Order, OrderCard, OrderChange, OrderEvent, Payment, PaymentCustomer
from orders.models.order import CONTACT, DAYS
from orders.saved_cards import known_cards
from orders.sign_in import join_guest_orders
from orders.states import Status
from orders.stripe_gateway import GatewayError

log = structlog.get_logger(__name__)

_CENTS = (
    "cards_cents", "shipping_cents", "tax_cents", "tax_basis_points", "total_cents", "late_day_cents", "worth_cents",
)  # fmt: skip


def what_is_kept(*, user: User, now: datetime) -> dict[str, Any]:
    """Plain values by name. Of cards brand, last four digits and expiry only: no more is known here."""
    join_guest_orders(user=user)
    found = Order.objects.filter(user=user).select_related("shipping_method")
    orders = found.prefetch_related(
        "order_cards__card",
        "order_cards__preferred_printing",
        "order_template_decks__version__deck",
        "removals",
        "events",
        "changes",
        "payments__refunds",
        "payments__attempts",
    )
    records = [(order.status, _order(order)) for order in orders.order_by("created_at", "pk")]
    return {
        "written": now,
        **account_record(user),
        "cart": next((record for status, record in records if status == Status.CART), None),
        "orders": [record for status, record in records if status != Status.CART],
        "payment_provider": {
            "customer_ids": list(_customers(user).order_by("pk").values_list("stripe_id", flat=True)),
            "saved_cards": _saved_cards(user),
        },
    }


def _customers(user: User) -> QuerySet[PaymentCustomer]:
    """Theirs, and those of orders that they placed as a guest."""
    taken_over = Payment.objects.filter(customer=OuterRef("pk"), order__user=user)
    return PaymentCustomer.objects.filter(Q(user=user) | Exists(taken_over))


def _order(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "status": order.status,
        "made": order.created_at,
        "authorized": order.authorized_at,
        **{field: getattr(order, field) for field in (*DAYS, *CONTACT, *_CENTS)},
        "shipping": order.shipping_method.name if order.shipping_method else None,
        "template_decks": [
            {
                "deck": row.template_deck.name,
                "version": row.version.number,
                "copies": row.copies,
                "left_out": sum(copies for _, _, copies in row.left_out),
            }
            for row in _by_key(order.order_template_decks.all())
        ],
        "last_removal": next(
            (
                {"what": removal.what, "came_in": removal.came_in, "at": removal.removed_at}
                for removal in order.removals.all()
            ),
            None,
        ),
        "cards": [_line(line) for line in _by_key(order.order_cards.all())],
        "events": [_event(event) for event in _by_key(order.events.all())],
        "changes_asked_for": [_change(change) for change in _by_time(order.changes.all())],
        "payments": [_payment(payment) for payment in _by_time(order.payments.all())],
    }


def _by_key(rows: Iterable[Any]) -> list[Any]:
    """Of rows that are read already."""
    return sorted(rows, key=lambda row: row.pk)


def _by_time(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: (row.created_at, row.pk))


def _line(line: OrderCard) -> dict[str, Any]:
    printing = line.preferred_printing
    return {
        "card": line.card.name,
        "quantity": line.quantity,
        "zone": line.zone,
        "preferred_printing": f"{printing.set_code} {printing.collector_number}" if printing else None,
        "day_price_cents": line.day_price_cents,
        "value_cents": line.value_cents,
        "short": line.needed,
        "added": line.added_at,
    }


def _change(change: OrderChange) -> dict[str, Any]:
    return {
        "at": change.created_at,
        "kind": change.kind,
        "status": change.status,
        "wanted": change.wanted,
        "total_cents": change.total_cents,
        "why_not": change.why,
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
        "refunded_cents": payment.refunded_cents,
        "disputed": payment.dispute,
        "made": payment.created_at,
        "let_go": payment.released_at,
        "currency": payment.currency,
        "reason": payment.reason,
        "card_brand": payment.card_brand,
        "card_last4": payment.card_last4,
        "card_expires": f"{payment.card_exp_year}-{payment.card_exp_month:02}"
        if payment.card_exp_month
        else None,
        "attempts": [
            {
                "at": attempt.created_at,
                "status": attempt.status,
                "id_there": attempt.intent_id,
                "without_you": attempt.off_session,
                "error": attempt.error_message,
            }
            for attempt in sorted(payment.attempts.all(), key=lambda each: each.sequence)
        ],
        "refunds": [
            {
                "amount_cents": refund.amount_cents,
                "status": refund.status,
                "reason": refund.reason,
                "at": refund.created_at,
                "paid_back_at": refund.paid_back_at,
                "paid_back_note": refund.paid_back_note,
            }
            for refund in _by_time(payment.refunds.all())
        ],
    }


def _saved_cards(user: User) -> list[dict[str, Any]] | str:
    try:
        return [{"brand": card.brand, "last4": card.last4} for card in known_cards(user)]
    except GatewayError as error:
        log.warning("cards_not_exported", kind=type(error).__name__)
        return "The payment provider did not answer. Load the file again in a few minutes."
