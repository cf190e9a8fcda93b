"""The whole life of an order's money: held, renewed, taken, let go, given back. Every step is safe to repeat.

An attempt is committed with its exact parameters before the call, so that a crash loses nothing: the same
parameters with the same key get the same answer. What Stripe says of a payment is booked by `sync_intent` alone;
page, webhook, retry and reconciliation all end there. docs/payments.md tells the sequences.
"""

from orders.payments.asking import bank_asks_for_customer, why_not_renewed
from orders.payments.attempts import (
    attempts_lately,
    begin_attempt,
    begin_fee_payment,
    book_unanswered,
    find_sent,
    send,
    was_sent,
)
from orders.payments.holds import (
    Taken,
    check_not_taken,
    held_orders,
    is_held,
    is_taken,
    is_taken_otherwise,
    lock_live_payment,
    release_hold,
    release_holds,
    taken_astray,
    void_released_payments,
)
from orders.payments.refunding import (
    RefundError,
    failed_refunds,
    note_paid_back,
    refund,
    refundable_cents,
    send_unsent_refunds,
    write_down_whole_refund,
)
from orders.payments.renewal import (
    due_for_renewal,
    is_being_paid,
    renew_authorizations,
    renew_hold,
    unanswered_renewals,
)
from orders.payments.taking import NotHeld, NotPaidFor, capture, check_paid_for
from orders.payments.truth import UnknownIntent, sync_intent

__all__ = [
    "NotHeld",
    "NotPaidFor",
    "RefundError",
    "Taken",
    "UnknownIntent",
    "attempts_lately",
    "bank_asks_for_customer",
    "begin_attempt",
    "begin_fee_payment",
    "book_unanswered",
    "capture",
    "check_not_taken",
    "check_paid_for",
    "due_for_renewal",
    "failed_refunds",
    "find_sent",
    "held_orders",
    "is_being_paid",
    "is_held",
    "is_taken",
    "is_taken_otherwise",
    "lock_live_payment",
    "note_paid_back",
    "refund",
    "refundable_cents",
    "release_hold",
    "release_holds",
    "renew_authorizations",
    "renew_hold",
    "send",
    "send_unsent_refunds",
    "sync_intent",
    "taken_astray",
    "unanswered_renewals",
    "void_released_payments",
    "was_sent",
    "why_not_renewed",
    "write_down_whole_refund",
]
