"""The whole life of the money: customers, staff, the bank, webhooks, time, faults and crashes, in any order.

Hypothesis invents the history; Stripe is the sandbox, over HTTP, and after every step it is Stripe that is asked what
it holds and what it has taken: of the shop's own books nothing is believed for that. After the work of an hour the
books must say the same as Stripe, and nothing is held for an order that does not want it.

The same few histories run in `make test`; `make prove` runs many new ones.
"""

import json
import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from typing import Any, ClassVar
from unittest import mock

import pytest
import requests
import stripe
import time_machine
from django.db import transaction
from django.db.models import Q
from django.test import Client, TestCase, override_settings
from django.urls import reverse
from django.utils import timezone
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from inventory.models import Card
from orders import cancellation, promotion, submission
from orders import stripe_gateway as gateway
from orders.bills import CardGiven, CartBill, HeldAgain
from orders.books import violations
from orders.cancellation import NotCancellable
from orders.changes import ChangeError, change
from orders.checkout import CheckoutError, accept_shortfall, go_back
from orders.fees import FeeError, charge_fee, limits_of_cart, retry_fees
from orders.fulfilment import NotDispatchable, check_in, dispatch
from orders.lines import lines_of, quote_of
from orders.models import DisputeStatus, Order, Payment, PaymentAttempt, PaymentStatus
from orders.payments import void_released_payments
from orders.payments.refunding import RefundError, refund, send_unsent_refunds
from orders.payments.renewal import renew_authorizations
from orders.reconciliation import reconcile
from orders.states import Status
from orders.transitions import customer, staff
from tests.factories import PickupFactory, StaffFactory, cart_with, stocked_card
from tests.orders.test_webhooks import signature
from tests.proof.profiles import AS_IS, AT_ONCE, HISTORIES, PROFILE, PROVING, SEED, seen
from tests.sandbox import Sandbox


class Died(BaseException):
    """The process is gone: nothing behind this point happens, and no handler of the site's own catches it."""


# What the site says where it does not do what was asked: an ordinary answer.
REFUSALS = (
    gateway.GatewayError,
    CheckoutError,
    NotCancellable,
    NotDispatchable,
    ChangeError,
    RefundError,
    FeeError,
)
CARDS = [
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_mastercard",
    "pm_card_threeDSecure2Required",
    "pm_card_authenticationRequired",
    "pm_card_authenticationRequiredOnSetup",
    "pm_card_chargeDeclined",
    "pm_card_chargeDeclinedInsufficientFunds",
    "pm_card_createDispute",
    "pm_card_refundFail",
]
FAULTS = ["drop_before", "drop_after", "error_500", "rate_limit", "garbage"]
CALLS = ["create_intent", "retrieve", "capture", "cancel", "refund"]
# What crosses an act: nothing, mostly; or the provider fails for some calls; or the process dies at one.
trouble = st.one_of(
    st.none(),
    st.none(),
    st.tuples(st.just("fault"), st.sampled_from(FAULTS), st.integers(1, 4)),
    st.tuples(st.just("dies"), st.sampled_from(CALLS), st.booleans()),
)
which = st.integers(0, 30)
card = st.sampled_from(CARDS)
# What can happen, with what, and how often of so many times.
EVENTS: list[tuple[int, str, tuple[st.SearchStrategy, ...]]] = [
    (
        6,
        "orders",
        (
            st.integers(0, 1),
            st.integers(1, 3),
            st.sampled_from([0, 0, 0, 1, 6]),
            card,
            trouble,
            st.booleans(),
        ),
    ),
    (2, "presses_pay", (which, card, trouble, st.booleans())),
    (2, "pays_again", (which, card, trouble)),
    (
        3,
        "answers_the_bank",
        (which, st.sampled_from(["complete", "complete", "fail"]), st.booleans(), trouble),
    ),
    (2, "decides", (which, st.sampled_from([True, True, False]))),
    (1, "cancels", (which, st.booleans(), trouble)),
    (4, "dispatches", (which, trouble)),
    (1, "ships_less", (which,)),
    (1, "captures_by_hand", (which, st.sampled_from([None, None, 1]))),
    (2, "checks_in", (which,)),
    (
        4,
        "charges_a_fee",
        (
            which,
            st.sampled_from(["late", "damage", "loss"]),
            st.sampled_from([60, 100, 700, 1_500, 4_000]),
            trouble,
            st.booleans(),
        ),
    ),
    (3, "refunds", (which, st.sampled_from([1, 200, 500, 10_000]), trouble, st.booleans())),
    (3, "tells_by_webhook", (st.lists(which, min_size=1, max_size=4), trouble)),
    (2, "time_passes", (st.sampled_from([1, 1, 6, 20, 60, 130, 170]), st.booleans())),
    (2, "an_hour_of_work", (trouble,)),
]
events = st.one_of(*[st.tuples(st.just(name), *how) for times, name, how in EVENTS for _ in range(times)])


class Money(RuleBasedStateMachine):
    """A shop with two cards, its customers and its desk, and what Stripe knows of them."""

    sandbox: ClassVar[Sandbox]

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.sandbox.control("POST", "/reset")
        self.clock = self.stack.enter_context(time_machine.travel(time.time(), tick=True))
        self.stack.callback(self._forget)
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.stack.enter_context(override_settings(ATTEMPTS_PER_CUSTOMER=1000))
        # The library waits before it tries again; here nothing gets better by waiting.
        self.stack.enter_context(mock.patch.object(stripe.HTTPClient, "INITIAL_DELAY", 0.0))
        self.stack.enter_context(mock.patch.object(stripe.HTTPClient, "MAX_DELAY", 0))
        # By order number: the largest total at which somebody pressed Pay, and the most that the page named besides.
        self.shown: dict[str, int] = {}
        self.agreed: dict[str, int] = {}
        self.heard: set[str] = set()
        seen["examples"] += 1

    def _forget(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    def teardown(self) -> None:
        self.stack.close()
        self.sandbox.calm()

    @initialize(stock=st.tuples(st.integers(1, 3), st.integers(2, 4)))
    def the_shop_opens(self, stock: tuple[int, int]) -> None:
        self.cards: list[Card] = [stocked_card(copies, value_cents=2_000) for copies in stock]
        self.staff = staff(StaffFactory())
        self.browser = Client(raise_request_exception=False)
        PickupFactory()

    # --- how things happen ------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        return timezone.localdate()

    @contextmanager
    def _under(self, trouble: tuple | None) -> Iterator[None]:
        """Whatever is done inside meets the trouble; what the site says no to is an ordinary answer."""
        with ExitStack() as stack:
            match trouble:
                case ("fault", kind, times):
                    self.sandbox.fault(kind, "/v1/*", times=times)
                case ("dies", call, after):
                    stack.enter_context(
                        mock.patch.object(gateway, call, dying(getattr(gateway, call), after))
                    )
            try:
                with TestCase.captureOnCommitCallbacks(execute=True):
                    yield
            except Died:
                seen[f"died at {trouble[1]}"] += 1
            except REFUSALS as refused:
                seen[f"refused: {type(refused).__name__}"] += 1
            finally:
                self.sandbox.clear_faults()

    def _some(self, which: int, *statuses: Status) -> Order | None:
        orders = list(Order.objects.filter(status__in=statuses).order_by("pk"))
        return orders[which % len(orders)] if orders else None

    @rule(event=events)
    def something_happens(self, event: tuple) -> None:
        """Or does not, for want of an order that it could happen to."""
        what, *how = event
        getattr(self, what)(*how)

    # --- customers --------------------------------------------------------------------------------------------

    def orders(
        self, card: int, copies: int, starts: int, pays_with: str, trouble: tuple | None, twice: bool
    ) -> None:
        if Order.objects.exclude(status__in=[Status.RETURNED, Status.CANCELLED]).count() < 6:
            cart = cart_with(
                {self.cards[card]: copies}, first_day=self.today + timedelta(days=starts), days=2
            )
            self._presses_pay(cart, pays_with, trouble, twice)

    def presses_pay(self, which: int, card: str, trouble: tuple | None, twice: bool) -> None:
        if cart := self._some(which, Status.CART):
            self._presses_pay(cart, card, trouble, twice)

    def _presses_pay(self, cart: Order, card: str, trouble: tuple | None, twice: bool) -> None:
        quote = quote_of(cart, lines_of(cart))
        assert quote is not None
        token = self.sandbox.confirmation_token(card)
        self._pressed(cart, quote.total_cents)
        named = quote.total_cents + limits_of_cart(cart, lines_of(cart), quote).most_cents
        self.agreed[cart.number] = max(named, self.agreed.get(cart.number, 0))
        for _ in range(1 + twice):
            with self._under(trouble):
                said = submission.submit(
                    cart=cart, confirmation_token=token, shown_total_cents=quote.total_cents, today=self.today
                )
                seen[f"paid: {said.status}"] += 1

    def pays_again(self, which: int, card: str, trouble: tuple | None) -> None:
        order = self._some(which, Status.PENDING, Status.OPEN)
        if order is None:
            return
        assert order.total_cents is not None
        token = self.sandbox.confirmation_token(card)
        self._pressed(order, order.total_cents)
        with self._under(trouble):
            said = submission.pay(
                bill=HeldAgain(order),
                given=CardGiven(confirmation_token=token),
                shown_cents=order.total_cents,
                today=self.today,
            )
            seen[f"paid again: {said.status}"] += 1

    def _pressed(self, order: Order, cents: int) -> None:
        self.shown[order.number] = max(cents, self.shown.get(order.number, 0))

    def answers_the_bank(self, which: int, outcome: str, returns: bool, trouble: tuple | None) -> None:
        waiting = [intent for intent in self._intents() if intent.status == "requires_action"]
        if not waiting:
            return
        intent = waiting[which % len(waiting)]
        requests.post(
            f"{self.sandbox.url}/3ds/{intent.id}",
            {"client_secret": intent.client_secret, "outcome": outcome},
            timeout=10,
        )
        seen[f"bank: {outcome}"] += 1
        cart = Order.objects.filter(number=intent.metadata["order"], status=Status.CART).first()
        if returns and cart is not None:
            with self._under(trouble):
                submission.check_payment(bill=CartBill(cart), today=self.today)

    def decides(self, which: int, waits: bool) -> None:
        if order := self._some(which, Status.CONFIRMING):
            with self._under(None):
                if waits:
                    accept_shortfall(order=order, by=customer(), today=self.today)
                else:
                    go_back(order=order, by=customer())
                seen["waits" if waits else "goes back"] += 1

    def cancels(self, which: int, by_staff: bool, trouble: tuple | None) -> None:
        if order := self._some(which, Status.PENDING, Status.OPEN):
            with self._under(trouble):
                cancellation.cancel(
                    order=order, by=self.staff if by_staff else customer(), reason="not wanted"
                )
                seen["cancelled"] += 1

    # --- the desk ---------------------------------------------------------------------------------------------

    def dispatches(self, which: int, trouble: tuple | None) -> None:
        today = Order.objects.filter(status=Status.OPEN, out_on__lte=self.today, back_on__gt=self.today)
        if order := today.order_by("pk").first() or self._some(which, Status.OPEN):
            with self._under(trouble):
                dispatch(order=order, by=self.staff, today=self.today)
                seen["dispatched"] += 1
            order.refresh_from_db()
            if order.status == Status.DISPATCHED:
                assert self._left_of(order) >= (order.total_cents or 0), "it left for less than it costs"

    def _left_of(self, order: Order) -> int:
        """What Stripe has taken for the rent of an order and not given back."""
        taken = [i for i, kind in self._by_order()[order.number] if kind == "order" and i.amount_received]
        refunds = self.sandbox.client.v1.refunds
        given = [
            refund.amount
            for intent in taken
            for refund in refunds.list({"payment_intent": intent.id, "limit": 100}).auto_paging_iter()
            if refund.status in ("pending", "succeeded")
        ]
        return sum(intent.amount_received for intent in taken) - sum(given)

    def captures_by_hand(self, which: int, cents: int | None) -> None:
        """Somebody takes the money of an open order in Stripe's dashboard, or a cent of it."""
        order = self._some(which, Status.OPEN)
        held = [
            i for i, _ in self._by_order()[order.number] if i.status == "requires_capture"
        ] if order else []  # fmt: skip
        if len(held) == 1:
            self.sandbox.client.v1.payment_intents.capture(
                held[0].id, {"amount_to_capture": cents} if cents else {}
            )
            seen["captured by hand"] += 1

    def ships_less(self, which: int) -> None:
        order = self._some(which, Status.PENDING, Status.OPEN)
        line = order.order_cards.first() if order else None
        if order is not None and line is not None and line.quantity > 1:
            with self._under(None):
                change(order=order, quantities={line.pk: line.quantity - 1}, by=self.staff, today=self.today)
                seen["less"] += 1

    def checks_in(self, which: int) -> None:
        if order := self._some(which, Status.DISPATCHED):
            with self._under(None):
                check_in(order=order, by=self.staff, today=self.today)
                seen["returned"] += 1

    def charges_a_fee(self, which: int, kind: str, cents: int, trouble: tuple | None, twice: bool) -> None:
        if not self._some(which, Status.DISPATCHED):  # something has to leave before
            self.dispatches(which, None)
        order = self._some(which, Status.DISPATCHED, Status.RETURNED)
        fee_id = uuid.uuid4()
        for _ in range(1 + twice if order else 0):
            with self._under(trouble):
                charge_fee(
                    fee_id=fee_id,
                    order=order,
                    kind=Payment.Kind(kind),
                    amount_cents=cents,
                    reason="As the deck came back.",
                    by=self.staff,
                    today=self.today,
                )
                seen["fee"] += 1

    def refunds(self, which: int, cents: int, trouble: tuple | None, twice: bool) -> None:
        taken = list(Payment.objects.filter(status=PaymentStatus.CAPTURED).order_by("created_at"))
        refund_id = uuid.uuid4()
        for _ in range(1 + twice if taken else 0):
            with self._under(trouble):
                refund(
                    refund_id=refund_id,
                    payment=taken[which % len(taken)],
                    amount_cents=cents,
                    reason="With our apologies.",
                    by=self.staff,
                )
                seen["refund"] += 1

    # --- Stripe, and time -------------------------------------------------------------------------------------

    def tells_by_webhook(self, picks: list[int], trouble: tuple | None) -> None:
        """Any events, of any age, in any order, some of them twice."""
        events = list(self.sandbox.client.v1.events.list({"limit": 100}).auto_paging_iter())
        for pick in picks if events else []:
            payload = json.dumps(events[pick * 7 % len(events)].to_dict()).encode()
            with self._under(trouble):
                answer = self.browser.post(
                    reverse("orders:stripe_webhook"),
                    payload,
                    content_type="application/json",
                    headers={"Stripe-Signature": signature(payload, self.sandbox.webhook_secret)},
                )
                seen[f"webhook: {answer.status_code}"] += 1

    def time_passes(self, hours: int, works: bool) -> None:
        """`works`: the worker runs every few hours meanwhile; otherwise it is down, and then comes back."""
        at_once = 12 if works else hours
        while hours > 0:
            step = min(hours, at_once)
            self.clock.shift(timedelta(hours=step))
            self.sandbox.advance(hours=step)
            hours -= step
            if works:
                self._hourly()

    def an_hour_of_work(self, trouble: tuple | None) -> None:
        self.clock.shift(timedelta(hours=1))
        self.sandbox.advance(hours=1)
        self._hourly(trouble)

    def _hourly(self, trouble: tuple | None = None) -> None:
        """What the beat runs. After it has run without trouble, books and Stripe agree."""
        jobs: list[Callable[[], object]] = [
            lambda: reconcile(now=timezone.now()),
            lambda: renew_authorizations(timezone.now()),
            lambda: send_unsent_refunds(timezone.now()),
            lambda: retry_fees(timezone.now()),
            lambda: cancellation.lapse_confirming(now=timezone.now()),
            lambda: cancellation.lapse_pending(today=self.today),
            lambda: cancellation.lapse_unpaid(now=timezone.now()),
            lambda: promotion.promote_pending(self.today),
            void_released_payments,
        ]
        for job in jobs:
            with self._under(trouble):
                job()
        if trouble is None:
            self._agree()

    # --- what must hold ---------------------------------------------------------------------------------------

    def _intents(self) -> list[stripe.PaymentIntent]:
        listed = self.sandbox.client.v1.payment_intents.list({"limit": 100})
        return list(listed.auto_paging_iter())

    def _by_order(self) -> dict[str, list[tuple[stripe.PaymentIntent, str]]]:
        """Stripe's intents with the kind of what they pay for, by order number."""
        kinds = {str(pk): kind for pk, kind in Payment.objects.values_list("pk", "kind")}
        found: defaultdict[str, list[tuple[stripe.PaymentIntent, str]]] = defaultdict(list)
        for intent in self._intents():
            # An attempt is written down before it is sent: there is none that the books do not know.
            found[intent.metadata["order"]].append((intent, kinds[intent.metadata["payment"]]))
        return found

    @invariant()
    def nothing_is_taken_that_was_not_agreed_to(self) -> None:
        for number, intents in self._by_order().items():
            rent = [i.amount_received for i, kind in intents if kind == "order" and i.amount_received]
            fees = Counter(
                i.metadata["payment"] for i, kind in intents if kind != "order" and i.amount_received
            )
            assert len(rent) <= 1, f"{number} was charged {len(rent)} times"
            assert all(times == 1 for times in fees.values()), f"{number}: a fee was charged twice"
            assert sum(rent) <= self.shown[number]
            assert sum(i.amount_received for i, _ in intents) <= self.agreed[number]

    @invariant()
    def no_deck_left_without_its_money(self) -> None:
        paid = {
            number
            for number, intents in self._by_order().items()
            if any(kind == "order" and intent.status == "succeeded" for intent, kind in intents)
        }
        left = Order.objects.filter(status__in=[Status.DISPATCHED, Status.RETURNED])
        assert set(left.values_list("number", flat=True)) <= paid

    @invariant()
    def nothing_is_given_back_twice(self) -> None:
        given = Counter(
            refund.metadata["refund"]
            for refund in self.sandbox.client.v1.refunds.list({"limit": 100}).auto_paging_iter()
        )
        assert all(times == 1 for times in given.values())

    def _agree(self) -> None:
        """After an hour's work: what is held is wanted, once, and the books say what Stripe says."""
        for number, intents in self._by_order().items():
            order = Order.objects.get(number=number)
            held = [intent for intent, _ in intents if intent.status == "requires_capture"]
            wanted = order.status in (Status.CONFIRMING, Status.PENDING, Status.OPEN)
            assert len(held) <= wanted, f"{order} is {order.status}, and {len(held)} holds stand for it"
            for intent, _ in intents:
                payment = Payment.objects.get(pk=intent.metadata["payment"])
                attempt = PaymentAttempt.objects.get(intent_id=intent.id)
                if intent.status == "succeeded":
                    assert payment.captured_cents == intent.amount_received
                    assert attempt.status == PaymentStatus.CAPTURED
                if intent.status == "requires_capture":
                    assert (attempt.status, payment.status) == (PaymentStatus.AUTHORIZED,) * 2
        # The books say, too, what is the work of people: a deck that is late, an order whose days the desk let pass, a
        # payment that Stripe gives nothing back of, because the customer's bank asks about it.
        disputed = Q(status=Status.CANCELLED, payments__dispute=DisputeStatus.OPEN)
        missed = Order.objects.filter(Q(status=Status.OPEN, back_on__lte=self.today) | disputed)
        neglected = {str(order) for order in missed}
        wrong = [
            said
            for said in violations(today=self.today)
            if "more promised than owned" not in said
            and said.partition(" is ")[0] not in neglected
            and said.partition(" was ")[0] not in neglected
        ]
        assert wrong == []
        seen["agreed"] += 1


def dying(call: Callable[..., Any], after: bool) -> Callable[..., Any]:
    def and_die(*args: Any, **kwargs: Any) -> Any:
        if after:
            call(*args, **kwargs)
        raise Died

    return and_die


@pytest.mark.timeout(0 if PROVING else 600)  # where it fails, it looks for the shortest history that does
@pytest.mark.django_db(transaction=True)  # every history is a transaction of its own, and rolled back
def test_the_money_lives_and_nothing_is_lost_or_charged_twice(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    seen.clear()
    Money.sandbox = sandbox
    for turn in range(-(-HISTORIES // AT_ONCE) if PROVING else 1):
        run_state_machine_as_test(seed(SEED + turn)(Money), settings=PROFILE)
    if PROVING or AS_IS:
        counts = "\n".join(f"{times:>9,}  {name}" for name, times in sorted(seen.items()))
        with capsys.disabled():
            sys.stdout.write(f"\nPROVE_SEED={SEED}\n{counts}\n")
