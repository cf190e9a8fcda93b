"""The life of a payment against Stripe's own test mode: whether what we believe of Stripe is so.

Everything goes through the gateway, as in the shop; no database is needed. `make stripe-smoke` runs it with real test
keys, and the tests run it against the stand-in, so that it works on the day when somebody needs it.
"""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from orders import stripe_gateway as gateway
from orders.models import PaymentStatus
from orders.models.payment import FINAL

HELD_CENTS, TAKEN_CENTS, BACK_CENTS = 500, 300, 100


class SmokeFailed(AssertionError):
    """Stripe did something else than we believe; the message says what."""


def why_not(*, stand_in: bool) -> str:
    """Why it cannot be run with these settings; empty where it can. Raises SmokeFailed for live keys."""
    key = settings.STRIPE_API_KEYS["test"]["secret"]
    if not settings.STRIPE_DEBUG:
        raise SmokeFailed(
            "STRIPE_DEBUG is false: this would move real money. Set STRIPE_DEBUG=true and test keys."
        )
    if key and not key.startswith(("sk_test_", "rk_test_")):
        raise SmokeFailed(
            "STRIPE_TEST_SECRET_KEY is not a test key: it must begin with sk_test_ or rk_test_."
        )
    if not key:
        return (
            "no test key of Stripe is given. Set STRIPE_TEST_SECRET_KEY=sk_test_…, from Stripe's dashboard."
        )
    if settings.STRIPE_API_BASE and not stand_in:
        return f"STRIPE_API_BASE names a stand-in, {settings.STRIPE_API_BASE}. Unset it to ask Stripe itself."
    return ""


class Smoke:
    """One life. `say` gets a line for each step."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.run = uuid.uuid4().hex[:12]
        self.began = datetime.now(UTC) - timedelta(minutes=10)  # their clock is not ours
        self.customer = ""
        self.steps = 0

    def through(self) -> int:
        """Runs every step and cleans up, whatever happens. Returns the number of steps; raises SmokeFailed."""
        try:
            self._life()
        except gateway.GatewayError as error:
            raise SmokeFailed(f"after {self.steps} steps: {type(error).__name__}: {error}") from error
        finally:
            self._clean_up()
        return self.steps

    def _life(self) -> None:
        self.customer = gateway.create_customer(
            email="stripe-smoke@example.org", name="Stripe Smoke", key=f"smoke-{self.run}-customer"
        )
        self._ok(f"customer {self.customer}")
        held = self._hold()
        self._take_and_give_back(held)
        self._renew_and_void(held.payment_method)
        self._decline("pm_card_chargeDeclined", "generic_decline", off_session=False)
        self._decline("pm_card_authenticationRequired", "authentication_required", off_session=True)
        self._list()
        self._webhook()

    def _hold(self) -> gateway.Intent:
        token = gateway.make_test_confirmation_token("pm_card_visa")
        asked = self._asked(
            "hold", confirmation_token=token, setup_future_usage="off_session", use_stripe_sdk=True
        )
        intent = gateway.create_intent(parameters=asked, key=f"smoke-{self.run}-hold")
        again = gateway.create_intent(parameters=asked, key=f"smoke-{self.run}-hold")
        self._check(again.id == intent.id, f"the same key made a second intent, {again.id}")
        held = gateway.retrieve(intent.id)
        self._check(held.status == PaymentStatus.AUTHORIZED, f"the hold is {held.status}")
        self._check(held.amount_cents == HELD_CENTS, f"{held.amount_cents} are held")
        self._check(not held.livemode, "it is live")
        self._check(held.capture_before is not None, "it does not say until when it holds (capture_before)")
        self._check((held.card_brand, held.card_last4) == ("visa", "4242"), f"the card is {held.card_brand}")
        self._check(bool(held.payment_method), "it names no payment method to renew it with")
        self._ok(
            f"hold {held.id} by a confirmation token, until {held.capture_before}; sent twice, made once"
        )
        try:
            gateway.create_intent(
                parameters={**asked, "amount": HELD_CENTS + 1}, key=f"smoke-{self.run}-hold"
            )
            raise SmokeFailed("the same key with another amount was taken")
        except gateway.KeyUsed:
            self._ok("the same key with another amount is refused")
        return held

    def _take_and_give_back(self, held: gateway.Intent) -> None:
        gateway.capture(held.id, amount_cents=TAKEN_CENTS, key=f"smoke-{self.run}-capture")
        taken = gateway.retrieve(held.id)
        self._check(taken.status == PaymentStatus.CAPTURED, f"after the capture it is {taken.status}")
        self._check(taken.captured_cents == TAKEN_CENTS, f"{taken.captured_cents} were taken")
        self._check(taken.refunded_cents == 0, f"the rest counts as {taken.refunded_cents} refunded")
        self._check(gateway.refunds_of(held.id) == [], "the rest that was let go is a refund of its own")
        self._ok(f"{TAKEN_CENTS} of {HELD_CENTS} taken, the rest let go")
        try:
            gateway.capture(held.id, amount_cents=TAKEN_CENTS, key=f"smoke-{self.run}-capture-again")
            raise SmokeFailed("it was captured twice")
        except gateway.Refused:
            self._ok("a second capture is refused")
        given = gateway.refund(
            intent_id=held.id, amount_cents=BACK_CENTS, reference=self.run, key=f"smoke-{self.run}-refund"
        )
        [seen] = gateway.refunds_of(held.id)
        self._check(
            (seen.id, seen.reference) == (given.id, self.run), "the refund is not found by its reference"
        )
        back = gateway.retrieve(held.id).refunded_cents
        self._check(back == BACK_CENTS, f"{back} are refunded")
        self._check(gateway.dispute_of(held.id) == "", "there is a dispute")
        self._ok(f"refund {given.id} of {BACK_CENTS}: {given.status}")

    def _renew_and_void(self, payment_method: str) -> None:
        asked = self._asked("renewal", payment_method=payment_method, off_session=True)
        intent = gateway.retrieve(gateway.create_intent(parameters=asked, key=f"smoke-{self.run}-renewal").id)
        self._check(intent.status == PaymentStatus.AUTHORIZED, f"the renewal is {intent.status}")
        self._ok(f"hold {intent.id} without the customer, until {intent.capture_before}")
        gateway.cancel(intent.id)
        status = gateway.cancel(intent.id).status
        self._check(status == PaymentStatus.VOIDED, f"cancelled, it is {status}")
        self._ok("cancelled, and cancelling again changes nothing")

    def _decline(self, card: str, code: str, *, off_session: bool) -> None:
        more = {"off_session": True} if off_session else {}
        try:
            gateway.create_intent(
                parameters=self._asked(code, payment_method=card, **more), key=f"smoke-{self.run}-{code}"
            )
        except gateway.Declined as declined:
            self._check(declined.code == code, f"{card} is declined with {declined.code}, not {code}")
            self._check(bool(declined.intent_id), "the decline names no intent")
            status = gateway.retrieve(declined.intent_id or "").status
            self._check(status == PaymentStatus.FAILED, f"the declined intent is {status}")
            self._ok(f"{card} is declined: {code}")
            return
        raise SmokeFailed(f"{card} was not declined")

    def _list(self) -> None:
        listed = list(gateway.intents_of(customer=self.customer, since=self.began))
        purposes = sorted(
            intent.metadata["purpose"] for intent in listed if intent.metadata.get("run") == self.run
        )
        expected = sorted(["hold", "renewal", "generic_decline", "authentication_required"])
        self._check(purposes == expected, f"listed by customer and metadata: {purposes}")
        self._ok(f"{len(listed)} intents, listed by customer and found by metadata")

    def _webhook(self) -> None:
        """Stripe cannot be asked to send one here, so it is signed as Stripe does, and read as in the shop."""
        secret = settings.STRIPE_WEBHOOK_SECRET.split(",")[0].strip()
        if not secret:
            self.say("--   webhook signatures: not checked, STRIPE_WEBHOOK_SECRET is not set")
            return
        about = {"id": "pi_smoke", "object": "payment_intent"}
        event = {"id": "evt_smoke", "object": "event", "type": "payment_intent.succeeded", "livemode": False}
        payload = json.dumps({**event, "data": {"object": about}}).encode()
        now = int(time.time())
        signed = hmac.new(secret.encode(), f"{now}.".encode() + payload, hashlib.sha256).hexdigest()
        read = gateway.read_event(payload=payload, signature=f"t={now},v1={signed}")
        self._check(read.intent_id == "pi_smoke", "the event does not name its intent")
        try:
            gateway.read_event(payload=payload + b" ", signature=f"t={now},v1={signed}")
        except gateway.InvalidSignature:
            self._ok("a signed webhook is read, a tampered one is not")
            return
        raise SmokeFailed("a tampered webhook was read")

    def _clean_up(self) -> None:
        if not self.customer:
            return
        try:
            for intent in list(gateway.intents_of(customer=self.customer, since=self.began)):
                if intent.status not in FINAL:
                    gateway.cancel(intent.id)
            gateway.delete_customer(self.customer)
        except gateway.GatewayError as error:
            self.say(f"--   not cleaned up: {error} Delete {self.customer} in Stripe's dashboard.")
            return
        self.say("--   cleaned up: nothing is held, the customer is deleted")

    def _asked(self, purpose: str, **more: Any) -> Mapping[str, Any]:
        return {
            "amount": HELD_CENTS,
            "currency": settings.CURRENCY,
            "customer": self.customer,
            "confirm": True,
            "capture_method": "manual",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "description": "stripe-smoke",
            "metadata": {"site": "stripe-smoke", "run": self.run, "purpose": purpose},
            **more,
        }

    def _ok(self, sentence: str) -> None:
        self.steps += 1
        self.say(f"ok   {sentence}")

    @staticmethod
    def _check(holds: bool, otherwise: str) -> None:
        if not holds:
            raise SmokeFailed(otherwise)
