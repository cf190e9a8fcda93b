"""Everything that happened to the money of an order, in the order in which it happened. Reads only."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Prefetch

from orders.models import DisputeStatus, Order, Payment, PaymentAttempt, PaymentStatus, Refund, WebhookEvent
from orders.models.payment import ENDED, FEES
from orders.payment_says import asked_for, card_words, expiry_words, fee_name, money_of, outcome_of


class What(StrEnum):
    ATTEMPT = "attempt"
    CAPTURE = "capture"
    RELEASE = "release"
    REFUND = "refund"
    FEE = "fee"
    DISPUTE = "dispute"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `at`: None where nobody was told when; `by`: who of the staff asked for it.

    `reference`: what it is known by at Stripe.
    """

    at: datetime | None
    what: What
    title: str
    says: str = ""
    by: str = ""
    reference: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """Where the money is, in cents. `left`: charged, not given back, and not lost in a dispute.

    `owed`: fees that were asked for and not paid; `held_until`: None where nothing is held or nobody said.
    """

    held_cents: int
    held_until: datetime | None
    charged_cents: int
    refunded_cents: int
    lost_cents: int
    owed_cents: int

    @property
    def left_cents(self) -> int:
        return self.charged_cents - self.refunded_cents - self.lost_cents

    @property
    def nothing(self) -> bool:
        return not (self.held_cents or self.charged_cents or self.owed_cents)


@dataclass(frozen=True, slots=True)
class PaymentTimeline:
    """`payments`: oldest first, each with its attempts and refunds."""

    payments: Sequence[Payment]
    entries: Sequence[Entry]
    summary: Summary


def payment_timeline(order: Order) -> PaymentTimeline:
    """Four queries, whatever the number of payments, attempts and events."""
    payments = payments_of(order)
    intents = {
        attempt.intent_id: payment
        for payment in payments
        for attempt in payment.attempts.all()
        if attempt.intent_id
    }
    events = list(WebhookEvent.objects.filter(intent_id__in=list(intents)).order_by("received_at", "pk"))
    heard: dict[object, list[WebhookEvent]] = {}
    for event in events:
        heard.setdefault(intents[event.intent_id].pk, []).append(event)
    entries = [entry for payment in payments for entry in _entries(payment, heard.get(payment.pk, ()))]
    # What has no time goes last; what has the same one stays as it was told: asked for, then answered.
    entries.sort(key=lambda entry: (entry.at is None, entry.at.timestamp() if entry.at else 0))
    return PaymentTimeline(payments, entries, summary_of(payments))


def payments_of(order: Order) -> list[Payment]:
    """The payments of an order, oldest first, with attempts and refunds. Three queries."""
    return list(
        Payment.objects.filter(order=order)
        .select_related("requested_by")
        .prefetch_related(
            Prefetch("attempts", PaymentAttempt.objects.order_by("sequence")),
            Prefetch(
                "refunds", Refund.objects.select_related("by", "paid_back_by").order_by("created_at", "pk")
            ),
        )
        .order_by("created_at", "pk")
    )


def attempt_in_force(payment: Payment) -> PaymentAttempt | None:
    return next((one for one in payment.attempts.all() if one.sequence == payment.in_force), None)


def is_owed(payment: Payment) -> bool:
    """Whether this is a fee that was asked for, not paid and not waived."""
    return (
        payment.kind in FEES
        and payment.released_at is None
        and payment.status not in (PaymentStatus.CAPTURED, *ENDED)
    )


def summary_of(payments: Iterable[Payment]) -> Summary:
    payments = list(payments)
    held = [payment for payment in payments if payment.is_held]
    until = [attempt.capture_before for payment in held if (attempt := attempt_in_force(payment))]
    lost = [payment for payment in payments if payment.dispute == DisputeStatus.LOST]
    return Summary(
        held_cents=sum(payment.amount_cents for payment in held),
        held_until=min((at for at in until if at), default=None),
        charged_cents=sum(payment.captured_cents for payment in payments),
        refunded_cents=sum(payment.given_back_cents for payment in payments),
        lost_cents=sum(payment.left_cents for payment in lost),
        owed_cents=sum(payment.amount_cents for payment in payments if is_owed(payment)),
    )


def _entries(payment: Payment, heard: Sequence[WebhookEvent]) -> Iterator[Entry]:
    if payment.kind in FEES:  # further days are owed by nobody: who does not pay for them does not have them
        yield Entry(
            payment.created_at,
            What.FEE,
            f"{fee_name(payment)}: {money_of(payment, payment.amount_cents)}",
            payment.reason,
            by=payment.requested_by.email if payment.requested_by else "",
        )
    for attempt in payment.attempts.all():
        who = "Without the customer, by the card on file." if attempt.off_session else "By the customer."
        yield Entry(
            attempt.created_at,
            What.ATTEMPT,
            asked_for(attempt, payment),
            f"{who} {outcome_of(attempt)}",
            reference=attempt.intent_id or "",
            bad=attempt.status == PaymentStatus.FAILED,
        )
    yield from (_heard(event) for event in heard)
    yield from _taken_or_let_go(payment)
    for refund in payment.refunds.all():
        yield _given_back(refund, payment)
        if refund.paid_back_at is not None:
            yield _paid_back(refund, payment)
    if payment.dispute:
        yield _disputed(payment, heard)


def _heard(event: WebhookEvent) -> Entry:
    return Entry(event.received_at, What.EVENT, event.type, reference=event.pk)


def _taken_or_let_go(payment: Payment) -> Iterator[Entry]:
    card = ", ".join(words for words in (card_words(payment), expiry_words(payment)) if words)
    if payment.status == PaymentStatus.CAPTURED:
        rest = payment.amount_cents - payment.captured_cents
        let_go = f"The other {money_of(payment, rest)} was let go." if rest else ""
        yield Entry(
            payment.captured_at,
            What.CAPTURE,
            f"{money_of(payment, payment.captured_cents)} charged",
            " ".join(part for part in (_longer(payment), f"{card}." if card else "", let_go) if part),
        )
    elif payment.capture_begun_at is not None:
        yield Entry(
            payment.capture_begun_at,
            What.CAPTURE,
            "The money was asked for",
            "Stripe has not answered yet. Dispatch the order again: what is taken is not taken twice.",
            bad=True,
        )
    if payment.released_at is not None and payment.status != PaymentStatus.CAPTURED:
        done = payment.status in ENDED
        if payment.kind in FEES:
            yield Entry(payment.released_at, What.RELEASE, f"{fee_name(payment)} waived")
        else:
            yield Entry(
                payment.released_at,
                What.RELEASE,
                f"Hold of {money_of(payment, payment.amount_cents)} let go",
                "Stripe has confirmed it." if done else "Stripe has not confirmed it yet; it is asked again.",
            )


def _longer(payment: Payment) -> str:
    return f"{fee_name(payment)} {payment.reason}." if payment.kind == Payment.Kind.EXTENSION else ""


_REFUND_OUTCOME = {
    Refund.Status.CREATED: "No answer yet; it is sent again with the same key.",
    Refund.Status.PENDING: "On its way.",
    Refund.Status.SUCCEEDED: "Stripe has given it back.",
    Refund.Status.FAILED: "It failed: the money is still with us.",
    Refund.Status.CANCELED: "It was cancelled: the money is still with us.",
}


def _given_back(refund: Refund, payment: Payment) -> Entry:
    outcome = _REFUND_OUTCOME[Refund.Status(refund.status)]
    if refund.status == Refund.Status.FAILED and refund.paid_back_at is not None:
        outcome = "It failed."
    told = f" ({refund.error_message})" if refund.error_message else ""
    return Entry(
        refund.created_at,
        What.REFUND,
        f"Refund of {money_of(payment, refund.amount_cents)}",
        f"{refund.reason} {outcome}{told}".strip(),
        by=refund.by.email if refund.by else "",
        reference=refund.stripe_id or "",
        bad=refund.status in (Refund.Status.FAILED, Refund.Status.CANCELED),
    )


def _paid_back(refund: Refund, payment: Payment) -> Entry:
    return Entry(
        refund.paid_back_at,
        What.REFUND,
        f"{money_of(payment, refund.amount_cents)} paid back in another way",
        refund.paid_back_note,
        by=refund.paid_back_by.email if refund.paid_back_by else "",
    )


_DISPUTE = {
    DisputeStatus.OPEN: (
        "Disputed",
        "The customer objects to this payment at their bank. Answer it at Stripe in time.",
    ),
    DisputeStatus.WON: ("Dispute won", "The money stays with us."),
    DisputeStatus.LOST: ("Dispute lost", "The bank has taken the money back."),
}


def _disputed(payment: Payment, heard: Iterable[WebhookEvent]) -> Entry:
    told = [event.received_at for event in heard if event.type.startswith("charge.dispute.")]
    title, says = _DISPUTE[DisputeStatus(payment.dispute)]
    return Entry(max(told, default=None), What.DISPUTE, title, says, bad=payment.dispute != DisputeStatus.WON)
