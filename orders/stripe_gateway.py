"""The only module that speaks to Stripe. Plain values in, dataclasses and our own errors out.

No database transaction may be open around a call. Retries inside the library keep the idempotency key.
Facts and their sources: docs/payments.md.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import stripe
import structlog
from django.conf import settings
from stripe.params import PaymentIntentListParams

from orders.models import PaymentStatus

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 10  # the library's own 80 s is longer than a customer waits
RETRIES = 2
HURRIED_SECONDS = 4  # whoever sent a webhook waits for the answer, and sends it again where there is none

_hurried = ContextVar("hurried", default=False)

_STATUS = {
    "requires_payment_method": PaymentStatus.FAILED,
    "requires_confirmation": PaymentStatus.FAILED,
    "requires_action": PaymentStatus.ACTION_REQUIRED,
    "processing": PaymentStatus.PROCESSING,
    "requires_capture": PaymentStatus.AUTHORIZED,
    "succeeded": PaymentStatus.CAPTURED,
}


class GatewayError(Exception):
    """Stripe did not do what was asked."""


class NotSetUp(GatewayError):
    """There are no keys."""


class Unavailable(GatewayError):
    """Stripe could not be reached or did not answer properly: whether the request took effect is not known."""


class KeptError(Unavailable):
    """Stripe failed and has kept that answer: the same request with the same key gets it for a day, whatever is."""


class Refused(GatewayError):
    """Stripe understood and will not do it; a retry would get the same answer."""


class CustomerGone(Refused):
    """Stripe does not know the customer (any more): deleted in the dashboard, or of the other mode."""


class KeyUsed(Refused):
    """The idempotency key was used for another request: what that one came to has to be looked up."""


class Declined(GatewayError):
    """The card was declined. `intent_id` names the intent that says so, where there is one."""

    def __init__(self, message: str, *, code: str, intent_id: str | None) -> None:
        self.message, self.code, self.intent_id = message, code, intent_id
        super().__init__(message)


class InvalidSignature(ValueError):
    """A webhook that Stripe did not send, or that is too old."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A payment intent in our words. Amounts in cents; `status` by the table of docs/payments.md."""

    id: str
    status: PaymentStatus
    amount_cents: int
    currency: str
    client_secret: str
    created_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)
    livemode: bool = False
    captured_cents: int = 0
    refunded_cents: int = 0
    let_go_cents: int = 0
    disputed: bool = False
    payment_method: str = ""
    card_brand: str = ""
    card_last4: str = ""
    card_exp_month: int | None = None
    card_exp_year: int | None = None
    capture_before: datetime | None = None
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A card that Stripe keeps for a customer. `offered`: the customer wants to be shown it at later orders.

    `fingerprint` is the same for the same card, whoever gives it: never to be stored, logged or shown.
    """

    id: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    offered: bool = False
    fingerprint: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """A refund as Stripe sees it; `reference` is the key of our own, empty where it was made in the dashboard."""

    id: str
    amount_cents: int
    status: str
    reference: str = ""
    error_message: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A verified webhook. `intent_id`: of the payment intent that it is about, or whose charge, refund or dispute."""

    id: str
    type: str
    livemode: bool
    intent_id: str = ""


def publishable_key() -> str:
    return settings.STRIPE_API_KEYS["test" if settings.STRIPE_DEBUG else "live"]["publishable"]


@cache
def _client_for(key: str, api_base: str, seconds: int, retries: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": api_base} if api_base else {},
        http_client=stripe.RequestsClient(timeout=seconds),
        max_network_retries=retries,
    )


def _client() -> stripe.StripeClient:
    key = settings.STRIPE_API_KEYS["test" if settings.STRIPE_DEBUG else "live"]["secret"]
    if not key:
        raise NotSetUp("Payments are not set up: there is no secret key for Stripe.")
    patience = (HURRIED_SECONDS, 0) if _hurried.get() else (TIMEOUT_SECONDS, RETRIES)
    return _client_for(key, settings.STRIPE_API_BASE, *patience)


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """Meanwhile Stripe is asked once and for a short time: whoever asks is asked again themselves."""
    before = _hurried.set(True)
    try:
        yield
    finally:
        _hurried.reset(before)


class _OurErrors:
    """Turns the library's exceptions into ours, so that nobody else needs to know the library."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, stripe.CardError):
            intent = getattr(error.error, "payment_intent", None)
            raise Declined(
                error.user_message or "The card was declined.",
                code=getattr(error.error, "decline_code", None) or error.code or "card_declined",
                intent_id=intent["id"] if intent else None,
            ) from error
        if isinstance(error, stripe.InvalidRequestError):
            is_gone = error.code == "resource_missing" and error.param == "customer"
            raise (CustomerGone if is_gone else Refused)(error.user_message or str(error)) from error
        if isinstance(error, stripe.IdempotencyError):
            raise KeyUsed(error.user_message or str(error)) from error
        if isinstance(error, stripe.StripeError):
            if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
                # It says something of our key, and nothing of what the same request came to before.
                log.error("payment_key_not_accepted", kind=type(error).__name__)
            kept = (error.headers or {}).get("Idempotent-Replayed") == "true"
            raise (KeptError if kept else Unavailable)(str(error)) from error


def _intent(found: stripe.PaymentIntent) -> Intent:
    charge = found.latest_charge if isinstance(found.latest_charge, stripe.Charge) else None
    captured_cents = found.amount_received or 0
    # What was held and not taken counts as refunded on a charge, too.
    let_go_cents = charge.amount - charge.amount_captured if charge else 0
    details = charge.payment_method_details if charge else None
    card = details.card if details else None
    capture_before = getattr(card, "capture_before", None)
    error = found.last_payment_error
    status = _STATUS.get(found.status)
    if status is None:  # canceled
        reason = found.cancellation_reason
        status = PaymentStatus.EXPIRED if reason in ("automatic", "expired") else PaymentStatus.VOIDED
    return Intent(
        id=found.id,
        status=status,
        amount_cents=found.amount,
        currency=found.currency,
        client_secret=found.client_secret or "",
        created_at=datetime.fromtimestamp(found.created, UTC),
        metadata=found.metadata.to_dict() if found.metadata else {},
        livemode=found.livemode,
        captured_cents=captured_cents,
        refunded_cents=charge.amount_refunded - let_go_cents if charge and captured_cents else 0,
        let_go_cents=let_go_cents if captured_cents else 0,
        disputed=bool(charge and charge.disputed),
        payment_method=found.payment_method if isinstance(found.payment_method, str) else "",
        card_brand=(card.brand or "") if card else "",
        card_last4=(card.last4 or "") if card else "",
        card_exp_month=card.exp_month if card else None,
        card_exp_year=card.exp_year if card else None,
        capture_before=datetime.fromtimestamp(capture_before, UTC) if capture_before else None,
        error_code=(getattr(error, "decline_code", None) or error.code or "") if error else "",
        error_message=(error.message or "") if error else "",
    )


def create_customer(*, email: str, name: str, key: str) -> str:
    """Makes a customer at Stripe and returns its id. `key`: the idempotency key."""
    with _OurErrors():
        return _client().v1.customers.create({"email": email, "name": name}, {"idempotency_key": key}).id


def cards_of(customer: str) -> list[SavedCard]:
    """The cards that are kept for a customer, the latest first."""
    with _OurErrors():
        found = _client().v1.customers.payment_methods.list(customer, {"type": "card", "limit": 100})
        return [
            SavedCard(
                id=method.id,
                brand=method.card.brand,
                last4=method.card.last4 or "",
                exp_month=method.card.exp_month,
                exp_year=method.card.exp_year,
                offered=method.allow_redisplay == "always",
                fingerprint=method.card.fingerprint or "",
            )
            for method in found.auto_paging_iter()
            if method.card is not None
        ]


def forget_card(payment_method: str) -> None:
    """Stripe keeps the card no more; what is held on it stays held. Raises Refused where it was not kept."""
    with _OurErrors():
        _client().v1.payment_methods.detach(payment_method)


def fingerprint_of_token(confirmation_token: str) -> str:
    """Which card a token of the form stands for: see `SavedCard.fingerprint`. Raises Refused for no token of ours."""
    with _OurErrors():
        found = _client().v1.confirmation_tokens.retrieve(confirmation_token)
    preview = found.payment_method_preview
    return (preview.card.fingerprint or "") if preview and preview.card else ""


def delete_customer(customer_id: str) -> None:
    """Deletes a customer at Stripe, with the cards that they saved."""
    with _OurErrors():
        _client().v1.customers.delete(customer_id)


def make_test_confirmation_token(payment_method: str) -> str:
    """What the card form makes in the browser, by one of Stripe's test cards. Test mode only."""
    with _OurErrors():
        tokens = _client().v1.test_helpers.confirmation_tokens
        return tokens.create({"payment_method": payment_method, "setup_future_usage": "off_session"}).id


def create_intent(*, parameters: Mapping[str, Any], key: str) -> Intent:
    """Creates and confirms an intent, a hold or a charge. `parameters` as Stripe names them."""
    with _OurErrors():
        return _intent(_client().v1.payment_intents.create({**parameters}, {"idempotency_key": key}))  # type: ignore[typeddict-item]


def retrieve(intent_id: str) -> Intent:
    """The intent as Stripe sees it now, with what its latest charge says about the card."""
    with _OurErrors():
        return _intent(_client().v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}))


def cancel(intent_id: str) -> Intent:
    """Releases the hold. An intent that is over already is returned as it is.

    Without a key of ours: cancelled twice is cancelled once anyway, and a failure that Stripe keeps for a key
    would hold the money for a day.
    """
    try:
        with _OurErrors():
            return _intent(_client().v1.payment_intents.cancel(intent_id))
    except Refused:
        return retrieve(intent_id)


def capture(intent_id: str, *, amount_cents: int, key: str) -> Intent:
    """Takes so much of what is held, and lets the rest go. `key`: the idempotency key.

    Raises Refused where there is nothing to take: the hold has ended, or was taken before.
    """
    with _OurErrors():
        intents = _client().v1.payment_intents
        return _intent(
            intents.capture(intent_id, {"amount_to_capture": amount_cents}, {"idempotency_key": key})
        )


def intents_of(*, customer: str | None = None, since: datetime) -> Iterator[Intent]:
    """The intents of a customer, or of the whole account, made since then; newest first, read as they are needed."""
    asked: PaymentIntentListParams = {
        "created": {"gte": int(since.timestamp())},
        "limit": 100,
        "expand": ["data.latest_charge"],
    }
    if customer:
        asked["customer"] = customer
    with _OurErrors():
        for found in _client().v1.payment_intents.list(asked).auto_paging_iter():
            yield _intent(found)


def refund(*, intent_id: str, amount_cents: int, reference: str, key: str) -> RefundSeen:
    """Gives so much of what was taken back. `reference`: of our own record. Raises Refused where Stripe will not."""
    with _OurErrors():
        return _refund(
            _client().v1.refunds.create(
                {
                    "payment_intent": intent_id,
                    "amount": amount_cents,
                    "reason": "requested_by_customer",
                    "metadata": {"refund": reference},
                },
                {"idempotency_key": key},
            )
        )


def refunds_of(intent_id: str) -> list[RefundSeen]:
    """Every refund of an intent, also those made in the dashboard."""
    with _OurErrors():
        found = _client().v1.refunds.list({"payment_intent": intent_id, "limit": 100})
        return [_refund(refund) for refund in found.auto_paging_iter()]


def _refund(found: stripe.Refund) -> RefundSeen:
    return RefundSeen(
        id=found.id,
        amount_cents=found.amount,
        status=found.status or "pending",
        reference=found.metadata.to_dict().get("refund", "") if found.metadata else "",
        error_message=getattr(found, "failure_reason", None) or "",
    )


def dispute_of(intent_id: str) -> str:
    """How the latest dispute of an intent stands, in Stripe's word; empty where there is none."""
    with _OurErrors():
        found = _client().v1.disputes.list({"payment_intent": intent_id, "limit": 1})
        return found.data[0].status if found.data else ""


def read_event(*, payload: bytes, signature: str) -> Event:
    """The event of a webhook. Raises InvalidSignature unless Stripe signed it lately with a secret of ours."""
    why: Exception = ValueError("There is no webhook secret to check it with.")
    for secret in filter(None, map(str.strip, settings.STRIPE_WEBHOOK_SECRET.split(","))):
        try:
            event = stripe.Webhook.construct_event(payload, signature, secret)
            break
        except (
            ValueError,
            TypeError,
            stripe.SignatureVerificationError,
        ) as error:  # TypeError: not even ASCII
            why = error
    else:
        raise InvalidSignature(str(why)) from why
    about = event.data.object
    # A charge, a refund and a dispute name theirs; what is about something else has none.
    intent_id = about["id"] if about["object"] == "payment_intent" else getattr(about, "payment_intent", None)
    return Event(event.id, event.type, event.livemode, intent_id or "")
