"""The books and Stripe, compared and repaired both ways: once an hour, and whenever somebody asks for it.

Nothing here is new truth: what Stripe says is booked by `sync_intent`, as for a page or a webhook, and what follows
from it is done by the same functions. So a run beside a checkout, a dispatch or a webhook does no harm. The cases
and what is done about each: docs/payments.md, "Reconciliation".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from orders import payments
from orders import stripe_gateway as gateway
from orders.checkout import CheckoutError, settle
from orders.models import DisputeStatus, Order, Payment, PaymentAttempt, PaymentStatus, Refund
from orders.models.payment import ENDED
from orders.payments.attempts import KEY_IS_KEPT, charges
from orders.payments.holds import UNANSWERED_AFTER
from orders.payments.truth import ALIVE, MISMATCH, payment_named
from orders.signals import tell_hold_lost
from orders.states import Status
from orders.transitions import lock_order

log = structlog.get_logger(__name__)

LISTED = timedelta(
    days=8
)  # longer than a hold lasts; what is older, and still open in the books, is read singly
STRAY_AFTER = timedelta(hours=1)  # an intent of ours that is in no book
CAPTURE_UNANSWERED_AFTER = timedelta(minutes=15)  # longer than a dispatch can take
DIALOG_LEFT_AFTER = timedelta(hours=24)  # the bank's dialog, for a cart
MOST_SILENCES = 3  # in a row; then Stripe does not answer, and the next run goes on
_AT_ONCE = 100


@dataclass(slots=True)
class Reconciled:
    """What a run did: a sentence for each repair, for what people have to look at, and for what could not be done."""

    compared: int = 0
    repairs: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def reconcile(*, now: datetime) -> Reconciled:
    """Compares what is open in the books with Stripe and repairs both ways. Safe at any time, and beside itself."""
    return _Run(now).through()


class _StripeIsSilent(Exception):
    """It did not answer several times in a row."""


class _Run:
    """One comparison: what it has seen at Stripe, and what it has told of already."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.result = Reconciled()
        self.seen: set[str] = set()
        # Whoever loses its hold from now on is told of by booking it.
        self.without_money = set(_open_without_money().values_list("pk", flat=True))
        self.silences = 0
        self.silent = False

    def through(self) -> Reconciled:
        try:
            self._compare_what_stripe_lists()
            for step in (
                self._look_up_unanswered,
                self._read_what_was_not_listed,
                self._clear_captures,
                self._leave_dialogs,
            ):
                step()
        except _StripeIsSilent:
            self.silent = True
            self.result.failures.append("Stripe does not answer: the rest is left for the next run.")
        self._follow_up()
        self._tell_orders_without_money()
        if not self.silent:
            self._void()
        self._report_what_is_wrong()
        return self.result

    # --- each by itself -----------------------------------------------------------------------------------

    def _try(self, what: str, action: Callable[..., Any], *about: Any) -> Any:
        """One item. Where it fails, it is noted down, and the others are gone through all the same."""
        try:
            answer = action(*about)
        except gateway.Unavailable as error:
            self._note_failure(what, error)
            self.silences += 1
            if self.silences >= MOST_SILENCES:
                raise _StripeIsSilent from error
            return None
        except (gateway.GatewayError, payments.UnknownIntent, CheckoutError) as error:
            self._note_failure(what, error)
            return None
        except Exception as error:  # one that nobody thought of must not keep the others
            log.exception("reconciliation_item_failed", item=what)
            self._note_failure(what, error)
            return None
        self.silences = 0
        return answer

    def _note_failure(self, what: str, error: Exception) -> None:
        log.warning("reconciliation_postponed", item=what, reason=str(error))
        self.result.failures.append(f"{what}: {error}")

    def _repaired(self, sentence: str) -> None:
        log.info("reconciliation_repaired", what=sentence)
        self.result.repairs.append(sentence)

    def _report(self, sentence: str) -> None:
        log.error("reconciliation_report", what=sentence)
        self.result.reports.append(sentence)

    # --- what Stripe lists --------------------------------------------------------------------------------

    def _compare_what_stripe_lists(self) -> None:
        listed = gateway.intents_of(since=self.now - LISTED)
        while some := self._try("the list of payments", _next_of, listed):
            named = {intent.id: payment_named(intent) for intent in some}
            attempts = {
                (attempt.payment_id, attempt.sequence): attempt
                for attempt in PaymentAttempt.objects.filter(
                    payment__in={pair[0] for pair in named.values() if pair}
                ).select_related("payment")
            }
            for intent in some:
                pair = named[intent.id]
                if pair is None:
                    continue
                self.seen.add(intent.id)
                self.result.compared += 1
                attempt = attempts.get(pair)
                if attempt is None or attempt.intent_id not in (None, intent.id):
                    self._try(intent.id, self._stray, intent)
                elif _differs(attempt, intent):
                    # The list says where to look. What is booked is read at that moment.
                    self._sync(attempt, intent.id)

    def _stray(self, intent: gateway.Intent) -> None:
        """Money at Stripe that names this site and that no payment stands for: the books were set back, or lost it."""
        if intent.metadata.get("site") != settings.SITE_URL or intent.created_at > self.now - STRAY_AFTER:
            return
        if intent.status == PaymentStatus.CAPTURED:
            left = intent.captured_cents - intent.refunded_cents
            if left:
                self._report(
                    f"{intent.id}: {left} cents are taken, and no payment is in the books for them "
                    f"(order {intent.metadata.get('order', 'unknown')}). Refund them at Stripe, or enter them by hand."
                )
        elif intent.status not in ENDED:
            gateway.cancel(intent.id)
            self._repaired(f"{intent.id}: no payment stands for it, so it is cancelled at Stripe.")

    # --- what the books have ------------------------------------------------------------------------------

    def _sync(self, attempt: PaymentAttempt, intent_id: str) -> None:
        self._try(str(attempt), self._book, attempt, intent_id)

    def _book(self, attempt: PaymentAttempt, intent_id: str) -> None:
        payment = attempt.payment
        attempt.refresh_from_db(fields=["status", "intent_id"])
        payment.refresh_from_db()
        before = _as_booked(attempt, payment)
        payments.sync_intent(intent_id)
        attempt.refresh_from_db()
        payment.refresh_from_db()
        after = _as_booked(attempt, payment)
        if attempt.error_code == MISMATCH and not attempt.stray_cents:  # that is reported by itself
            self._report(f"{attempt}: {intent_id} is not what was asked for. {attempt.error_message}")
        if before != after:
            self._repaired(f"{attempt}: {_words(before)} in the books, {_words(after)} at Stripe; booked.")

    def _look_up_unanswered(self) -> None:
        unanswered = PaymentAttempt.objects.filter(
            status=PaymentStatus.CREATED, intent_id=None, created_at__lt=self.now - UNANSWERED_AFTER
        ).select_related("payment")
        for attempt in unanswered.order_by("pk"):
            self._try(str(attempt), self._look_up, attempt)

    def _look_up(self, attempt: PaymentAttempt) -> None:
        found = payments.find_sent(attempt) if payments.was_sent(attempt) else None
        if found is not None:
            self._book(attempt, found.id)
            return
        # A hold with the customer is given up: they are not there, and nothing is held behind their back. Everything
        # else is sent again by its own task or page, with its key, for a day; a charge without the customer for as
        # long as it takes, always looked up before.
        if charges(attempt) and attempt.off_session:
            return
        may_be_sent = self.now - KEY_IS_KEPT - UNANSWERED_AFTER
        if (attempt.off_session or charges(attempt)) and attempt.created_at > may_be_sent:
            return
        if payments.book_unanswered(attempt):
            self._repaired(f"{attempt}: it never reached Stripe, so it is booked as failed.")

    def _read_what_was_not_listed(self) -> None:
        unsettled = Refund.objects.filter(
            Q(status=Refund.Status.PENDING)
            | Q(status=Refund.Status.CREATED, created_at__lt=self.now - UNANSWERED_AFTER),
            payment=OuterRef("payment"),
        )
        open_here = PaymentAttempt.objects.filter(
            Q(status__in=ALIVE)
            | Q(status=PaymentStatus.CAPTURED) & (Exists(unsettled) | Q(payment__dispute=DisputeStatus.OPEN))
            | Q(stray_cents__gt=0),
            intent_id__isnull=False,
        )
        refunded = open_here.filter(Exists(unsettled)).values_list("pk", flat=True)
        listed_and_compared = Q(intent_id__in=self.seen) & ~Q(pk__in=refunded)
        for attempt in open_here.exclude(listed_and_compared).select_related("payment").order_by("pk"):
            self.result.compared += 1
            assert attempt.intent_id is not None
            self._sync(attempt, attempt.intent_id)

    def _clear_captures(self) -> None:
        unanswered = Payment.objects.filter(
            capture_begun_at__lt=self.now - CAPTURE_UNANSWERED_AFTER, status=PaymentStatus.AUTHORIZED
        )
        for payment in unanswered.order_by("pk"):
            self._try(f"capture of {payment.pk}", self._clear_capture, payment)

    def _clear_capture(self, payment: Payment) -> None:
        attempt = payment.attempts.get(sequence=payment.in_force)
        assert attempt.intent_id is not None
        payments.sync_intent(attempt.intent_id)
        # Only where it is the same asking: a dispatch that has begun since goes on undisturbed.
        cleared = Payment.objects.filter(
            pk=payment.pk, status=PaymentStatus.AUTHORIZED, capture_begun_at=payment.capture_begun_at
        ).update(capture_begun_at=None)
        payment.refresh_from_db()
        if cleared:
            self._repaired(
                f"{attempt}: it was to be taken and is still only held, so the order is free again."
            )
        elif payment.status == PaymentStatus.CAPTURED:
            self._repaired(f"{attempt}: it was taken, and the answer was lost; booked.")

    def _leave_dialogs(self) -> None:
        """A cart whose customer never answered the bank: that dialog must not open the order days later."""
        left = Payment.objects.live().filter(
            Exists(
                PaymentAttempt.objects.filter(
                    payment=OuterRef("pk"),
                    status=PaymentStatus.ACTION_REQUIRED,
                    created_at__lt=self.now - DIALOG_LEFT_AFTER,
                )
            ),
            status=PaymentStatus.ACTION_REQUIRED,
            order__status=Status.CART,
        )
        for payment in left.order_by("pk"):
            self._try(str(payment.pk), self._leave_dialog, payment)

    def _leave_dialog(self, payment: Payment) -> None:
        with transaction.atomic():
            order = lock_order(payment.order_id)
            payment.refresh_from_db()
            if order.status != Status.CART or payment.status != PaymentStatus.ACTION_REQUIRED:
                return  # answered just now
            payments.release_hold(order)
        self._repaired(f"{order}: the bank's question was left unanswered for a day, so the try is over.")

    # --- what follows -------------------------------------------------------------------------------------

    def _follow_up(self) -> None:
        """Money that is held, by what its order has become."""
        held = Payment.objects.live().filter(status=PaymentStatus.AUTHORIZED)
        for payment in held.filter(order__status=Status.CART).order_by("pk"):
            self._try(str(payment.pk), self._settle, payment)
        for payment in held.filter(order__status=Status.CANCELLED).order_by("pk"):
            self._try(str(payment.pk), self._release, payment)

    def _settle(self, payment: Payment) -> None:
        try:
            order = settle(payment=payment, today=timezone.localdate(self.now))
        except CheckoutError as error:
            self._repaired(
                f"order {payment.order.number}: what it holds does not fit any more, let go. {error}"
            )
            return
        if order.status != Status.CART:
            self._repaired(f"{order}: its money is held, so it is {order.get_status_display().lower()}.")

    def _release(self, payment: Payment) -> None:
        with transaction.atomic():
            order = lock_order(payment.order_id)
            if order.status != Status.CANCELLED or payments.is_taken(order):
                return
            payments.release_hold(order)
        self._repaired(f"{order} is cancelled, and money was held for it: let go.")

    def _tell_orders_without_money(self) -> None:
        """Their loss was told when it was booked; again where that went nowhere: no new try, and nobody asked."""
        for order in _open_without_money().filter(pk__in=self.without_money).order_by("pk"):
            tell_hold_lost(order.pk)
            self._repaired(f"{order} is open without money: told, so that it is held again.")

    def _void(self) -> None:
        try:
            voided = payments.void_released_payments()
        except (gateway.GatewayError, payments.UnknownIntent) as error:
            self._note_failure("holds to be voided", error)
            return
        if voided:
            self._repaired(f"voided at Stripe: {voided} that were let go")

    def _report_what_is_wrong(self) -> None:
        """What no program may decide: money that was taken and that nothing stands for."""
        for payment in _taken_for_nothing():
            stands = "let go" if payment.released_at else payment.order.get_status_display().lower()
            self._report(
                f"{payment.order}: {payments.refundable_cents(payment)} cents are taken for what is {stands}. "
                "Refund them."
            )
        left = Payment.objects.live().filter(
            status=PaymentStatus.AUTHORIZED, order__status__in=[Status.DISPATCHED, Status.RETURNED]
        )
        for payment in left.select_related("order").order_by("pk"):
            self._report(
                f"{payment.order} has left, and its money is held but not taken. Take it before it expires."
            )
        for attempt in payments.taken_astray():
            why = (
                f"It is not what was asked for: {attempt.error_message} "
                if attempt.error_code == MISMATCH
                else ""
            )
            self._report(
                f"{attempt.payment.order}: {attempt.stray_cents} cents are taken by {attempt.intent_id}, and no "
                f"payment stands for them. {why}Refund them at Stripe."
            )


def _next_of(listed: Iterator[gateway.Intent]) -> list[gateway.Intent]:
    return list(islice(listed, _AT_ONCE))


def _open_without_money() -> QuerySet[Order]:
    """Open orders for which nothing is held, nothing is tried, and nobody is asked."""
    of_order = Payment.objects.live().filter(order=OuterRef("pk"))
    paid = of_order.filter(status__in=[PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED])
    under_way = PaymentAttempt.objects.filter(
        payment__order=OuterRef("pk"),
        payment__kind=Payment.Kind.ORDER,
        payment__released_at=None,
        status__in=[PaymentStatus.CREATED, PaymentStatus.ACTION_REQUIRED, PaymentStatus.PROCESSING],
    )
    return Order.objects.filter(~Exists(paid), ~Exists(under_way), status=Status.OPEN, pay_again_by=None)


def _taken_for_nothing() -> Iterator[Payment]:
    taken = Payment.objects.filter(kind=Payment.Kind.ORDER, status=PaymentStatus.CAPTURED).filter(
        Q(order__status__in=[Status.CART, Status.CANCELLED]) | Q(released_at__isnull=False)
    )
    taken = taken.exclude(dispute=DisputeStatus.LOST)  # the bank has taken it back
    for payment in taken.select_related("order").order_by("pk"):
        if payments.refundable_cents(payment):  # what is on its way back counts as given back
            yield payment


def _differs(attempt: PaymentAttempt, intent: gateway.Intent) -> bool:
    payment = attempt.payment
    if attempt.closed_at is not None:
        return False
    if attempt.intent_id is None or attempt.status != intent.status:
        return True
    if attempt.sequence != payment.in_force:
        return attempt.stray_cents != intent.captured_cents - intent.refunded_cents
    return (
        payment.status != intent.status
        or payment.captured_cents != intent.captured_cents
        or payment.refunded_cents != intent.refunded_cents
        or (intent.disputed and payment.dispute in (DisputeStatus.NONE, DisputeStatus.OPEN))
    )


def _as_booked(attempt: PaymentAttempt, payment: Payment) -> tuple[str, str, int, str, int]:
    answered = payment.refunds.exclude(status__in=[Refund.Status.CREATED, Refund.Status.PENDING]).count()
    return attempt.status, payment.status, payment.refunded_cents, payment.dispute, answered


def _words(booked: tuple[str, str, int, str, int]) -> str:
    attempt, payment, refunded_cents, dispute, _ = booked
    words = [attempt] if attempt == payment else [attempt, f"payment {payment}"]
    words += [f"{refunded_cents} refunded"] if refunded_cents else []
    words += [f"dispute {dispute}"] if dispute else []
    return ", ".join(words)
