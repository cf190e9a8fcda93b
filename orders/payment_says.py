"""What became of a payment, in sentences: for the customer what to do, for the desk what there is to know."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format

from inventory.money import format_cents
from orders.models import Payment, PaymentAttempt, PaymentStatus, Refund
from orders.models.payment import ENDED
from orders.payments.declines import why_declined
from orders.payments.truth import MISMATCH

_BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}


def day_words(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j F Y")


def time_words(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j F Y, H:i")


def money_of(payment: Payment, cents: int) -> str:
    return format_cents(cents, payment.currency)


def card_words(payment: Payment) -> str:
    """The card as its owner knows it, "Visa ending in 4242"; empty while none is known."""
    if not payment.card_last4:
        return ""
    brand = _BRANDS.get(payment.card_brand, payment.card_brand.replace("_", " ").capitalize()) or "Card"
    return f"{brand} ending in {payment.card_last4}"


def fee_name(payment: Payment) -> str:
    return _FEES[Payment.Kind(payment.kind)]


_FEES = {
    Payment.Kind.ORDER: "Order",
    Payment.Kind.LATE: "Late fee",
    Payment.Kind.DAMAGE: "Fee for damage",
    Payment.Kind.LOSS: "Fee for loss",
    Payment.Kind.EXTENSION: "Kept longer",
}


def expiry_words(payment: Payment) -> str:
    if not payment.card_exp_month or not payment.card_exp_year:
        return ""
    return f"expires {payment.card_exp_month:02d}/{payment.card_exp_year}"


def your_card(payment: Payment) -> str:
    card = card_words(payment)
    return f"your {card}" if card else "your card"


# --- for the customer ---------------------------------------------------------------------------------------


def says_of_order(payment: Payment, *, last: PaymentAttempt | None, will_cost_cents: int | None) -> str:
    """What became of the money for an order. `last`: its latest attempt; `will_cost_cents`: the order's total now."""
    amount, card = money_of(payment, payment.amount_cents), your_card(payment)
    if payment.status == PaymentStatus.CAPTURED:
        return _charged(payment)
    if payment.released_at is not None or payment.status == PaymentStatus.VOIDED:
        return (
            f"The hold of {amount} on {card} is released, and nothing is charged. "
            "Your bank may show it for some days more."
        )
    match payment.status:
        case PaymentStatus.AUTHORIZED if payment.capture_begun_at is not None:
            return f"{amount} is held on {card} and being charged now: the deck is about to leave."
        case PaymentStatus.AUTHORIZED:
            held = f"{amount} is held on {card} and not charged yet."
            if will_cost_cents is not None and will_cost_cents < payment.amount_cents:
                total = money_of(payment, will_cost_cents)
                return f"{held} When the deck leaves we charge {total} only, and let the rest go."
            return f"{held} We charge it when the deck leaves."
        case PaymentStatus.EXPIRED:
            return f"The hold of {amount} on {card} has ended, and nothing is charged."
        case PaymentStatus.FAILED if last is not None and last.status in ENDED:
            return "Your bank's question was not answered. Nothing is held and nothing is charged."
        case PaymentStatus.FAILED:
            return f"{why_failed(last)} Nothing is held and nothing is charged."
        case PaymentStatus.ACTION_REQUIRED:
            return "Your bank waits for you to confirm the payment. Nothing is held until you have."
        case PaymentStatus.PROCESSING:
            return (
                "Your bank is still working on the payment. There is nothing for you to do: look again later."
            )
        case _:
            return "The payment has not been answered yet, and nothing is charged. Look again in a minute."


def _charged(payment: Payment) -> str:
    assert payment.captured_at is not None
    says = (
        f"{money_of(payment, payment.captured_cents)} was charged to {your_card(payment)} "
        f"on {day_words(payment.captured_at)}."
    )
    if payment.captured_cents < payment.amount_cents:
        rest = money_of(payment, payment.amount_cents - payment.captured_cents)
        says += f" The other {rest} of the hold was let go."
    return says


def says_of_fee(payment: Payment, *, last: PaymentAttempt | None) -> str:
    """What became of a fee."""
    amount, card = money_of(payment, payment.amount_cents), your_card(payment)
    if payment.status == PaymentStatus.CAPTURED:
        return _charged(payment)
    if payment.released_at is not None or payment.status in (PaymentStatus.VOIDED, PaymentStatus.EXPIRED):
        return "We do not ask for this fee any more: nothing is charged."
    match payment.status:
        case PaymentStatus.FAILED:
            return f"{why_failed(last)} {amount} is still to be paid."
        case PaymentStatus.ACTION_REQUIRED:
            return f"Your bank wants to hear from you before it pays. {amount} is still to be paid."
        case PaymentStatus.PROCESSING | PaymentStatus.AUTHORIZED:
            return f"Your bank is still working on the charge to {card}. There is nothing for you to do."
        case _:
            return f"{amount} is being charged to {card}."


def why_failed(last: PaymentAttempt | None) -> str:
    """Why the card did not pay, and that another try or card may."""
    return why_declined(last.error_code if last else "")


REFUND_SAYS = {
    Refund.Status.CREATED: "is being given back",
    Refund.Status.PENDING: "is on its way back to your card",
    Refund.Status.SUCCEEDED: "was given back to your card; banks take up to ten days to show it",
    Refund.Status.FAILED: "could not be given back to your card. We look into it and write to you",
    Refund.Status.CANCELED: "was to be given back, and is not",
}


# --- for the desk -------------------------------------------------------------------------------------------


def outcome_of(attempt: PaymentAttempt) -> str:
    """What the provider made of an attempt."""
    match attempt.status:
        case PaymentStatus.CREATED if attempt.intent_id is None:
            return "No answer yet. It is sent again with the same key, so that it counts once."
        case PaymentStatus.FAILED if attempt.error_code == MISMATCH:
            return f"Not what was asked for, so it counts for nothing: {attempt.error_message}"
        case PaymentStatus.FAILED:
            said = attempt.error_message or "the card was not accepted."
            return f"Declined: {said}" + (f" ({attempt.error_code})" if attempt.error_code else "")
        case PaymentStatus.ACTION_REQUIRED:
            return "The bank wants the customer to confirm. Nothing is held until they have."
        case PaymentStatus.PROCESSING | PaymentStatus.CREATED:
            return "The bank is still working on it."
        case PaymentStatus.AUTHORIZED:
            until = f" until {time_words(attempt.capture_before)}" if attempt.capture_before else ""
            return f"Held{until}."
        case PaymentStatus.CAPTURED:
            return "Held and then taken." if _is_hold(attempt) else "Taken."
        case PaymentStatus.EXPIRED:
            return "Its hold has ended: nobody took the money in time."
        case _:
            return "Let go: nothing is held by it any more."


def asked_for(attempt: PaymentAttempt, payment: Payment) -> str:
    """What an attempt asked the provider to do."""
    amount = money_of(payment, attempt.parameters["amount"])
    about = "" if payment.kind == Payment.Kind.ORDER else f" ({fee_name(payment).lower()})"
    if payment.kind == Payment.Kind.ORDER and _is_for_change(attempt):
        about = " (for a change of the order)"
    return f"Asked to {'hold' if _is_hold(attempt) else 'charge'} {amount}{about}"


def _is_for_change(attempt: PaymentAttempt) -> bool:
    """Also of a change that is not in the books any more (orders/change_purge.py)."""
    return attempt.change_id is not None or "change" in attempt.parameters.get("metadata", {})


def _is_hold(attempt: PaymentAttempt) -> bool:
    return attempt.parameters.get("capture_method") == "manual"
