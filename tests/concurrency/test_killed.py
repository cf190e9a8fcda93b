"""A process is killed in the middle: the books are right, nothing stays locked, and the next run completes it.

Real processes on the same database and the same sandbox, ended by SIGKILL (tests/concurrency/dying.py).
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from inventory.models import Reservation
from orders import payments, submission
from orders.bills import CartBill
from orders.books import violations
from orders.cancellation import NotCancellable, cancel
from orders.checkout import accept_shortfall
from orders.fulfilment import dispatch
from orders.models import Order, OrderEvent, Payment, PaymentAttempt, PaymentStatus
from orders.promotion import promote_pending
from orders.states import Status
from orders.transitions import SYSTEM, customer
from tests.factories import (
    TODAY,
    StockMovementFactory,
    cart_with,
    placed,
    settled,
    stocked_card,
)
from tests.orders.test_checkout import submit, total_of
from tests.orders.test_webhooks import deliver
from tests.running_site import environment_of
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


FOREBEAR = "import django; django.setup(); from tests.concurrency import dying; dying.main()"


@dataclass
class Doomed:
    """Processes that do not live to see the end of what they do. `mail`: the folder of the e-mails they sent."""

    process: "subprocess.Popen[str]"
    mail: Path

    def begins(
        self,
        action: str,
        *,
        dies: tuple[str, str],
        call: int = 1,
        torn: bool = False,
        **arguments: Any,
    ) -> None:
        """A process begins that action, and dies before or after that call of that function."""
        when, point = dies
        job = {
            "action": action,
            "arguments": arguments,
            "point": point,
            "when": when,
            "call": call,
            "torn": torn,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline().strip()
        assert said == str(int(signal.SIGKILL)), f"It came to its end alive: {said!r}."


@pytest.fixture(scope="module")
def _doomed(
    django_db_setup, sandbox_process: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doomed]:
    mails = tmp_path_factory.mktemp("mail")
    environment = environment_of(sandbox_process, mail=mails) | {
        "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"]
    }
    with subprocess.Popen(
        [sys.executable, "-c", FOREBEAR],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Doomed(process, mails)


@pytest.fixture
def doomed(_doomed: Doomed, sandbox: Sandbox) -> Doomed:
    for sent in _doomed.mail.iterdir():
        sent.unlink()
    return _doomed


@pytest.fixture(autouse=True)
def _all_runs_on_one_day() -> None:
    """The doomed process reads the clock; the tests' today is that of their beginning."""
    if timezone.localdate() != TODAY:
        pytest.skip("It is past midnight since the tests began.")


def check_books_and_locks() -> None:
    """What `check_reservations` checks; and that every row can be locked at once."""
    assert list(violations(today=TODAY)) == []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        for table in ("orders_order", "orders_payment", "inventory_card", "inventory_reservation"):
            cursor.execute(f"SELECT FROM {table} FOR UPDATE")


def status(order: Order) -> str:
    return Order.objects.values_list("status", flat=True).get(pk=order.pk)


def intents(sandbox: Sandbox) -> list[Any]:
    """What the provider has on the only payment there is."""
    payment = str(Payment.objects.get().pk)
    ids = {
        event.data.object["id"]
        for event in sandbox.client.v1.events.list({"limit": 20}).data
        if event.data.object["object"] == "payment_intent"
        and event.data.object["metadata"].to_dict().get("payment") == payment
    }
    return [sandbox.client.v1.payment_intents.retrieve(pk) for pk in sorted(ids)]


# --- between the hold and the reservation -----------------------------------------------------------------


def the_page_asks(cart: Order, sandbox: Sandbox) -> None:
    submission.check_payment(bill=CartBill(cart), today=TODAY)


def the_customer_pays_again(cart: Order, sandbox: Sandbox) -> None:
    submit(Order.objects.get(pk=cart.pk), sandbox, TODAY)


def the_webhook_comes(cart: Order, sandbox: Sandbox) -> None:
    [intent] = intents(sandbox)
    [event] = [
        event.to_dict()
        for event in sandbox.client.v1.events.list({"limit": 20}).data
        if event.data.object["id"] == intent.id and event.type == "payment_intent.amount_capturable_updated"
    ]
    assert deliver(event, sandbox).status_code == 200


Completion = Callable[[Order, Sandbox], None]
BEFORE_THE_ANSWER_IS_BOOKED = ("after", "orders.stripe_gateway.create_intent")
BEFORE_IT_IS_SETTLED = ("before", "orders.bills.settle")
BEFORE_THE_CARDS_ARE_CHECKED = ("before", "inventory.reservations.shortfalls")
BEFORE_THE_COMMIT = ("after", "orders.checkout.take")


@pytest.mark.parametrize(
    ("dies", "completed_by", "booked"),
    [
        (BEFORE_THE_ANSWER_IS_BOOKED, the_customer_pays_again, PaymentStatus.CREATED),
        (BEFORE_THE_ANSWER_IS_BOOKED, the_webhook_comes, PaymentStatus.CREATED),
        (BEFORE_IT_IS_SETTLED, the_page_asks, PaymentStatus.AUTHORIZED),
        (BEFORE_IT_IS_SETTLED, the_customer_pays_again, PaymentStatus.AUTHORIZED),
        (BEFORE_IT_IS_SETTLED, the_webhook_comes, PaymentStatus.AUTHORIZED),
        (BEFORE_THE_CARDS_ARE_CHECKED, the_webhook_comes, PaymentStatus.AUTHORIZED),
        (BEFORE_THE_COMMIT, the_page_asks, PaymentStatus.AUTHORIZED),
    ],
    ids=[
        "before the answer is booked, completed by paying again",
        "before the answer is booked, completed by the webhook",
        "before it is settled, completed by the page",
        "before it is settled, completed by paying again",
        "before it is settled, completed by the webhook",
        "under lock, completed by the webhook",
        "before the commit, completed by the page",
    ],
)
def test_killed_between_the_hold_and_the_reservation(doomed, sandbox, dies, completed_by, booked):
    cart = cart_with({stocked_card(4): 4})
    token, total = sandbox.confirmation_token(), total_of(cart)

    doomed.begins("submit", order=cart.pk, token=token, total_cents=total, dies=dies)

    check_books_and_locks()
    assert (status(cart), Payment.objects.get().status) == (Status.CART, booked)
    assert not Reservation.objects.exists()
    assert [intent.status for intent in intents(sandbox)] == ["requires_capture"]

    completed_by(cart, sandbox)

    check_books_and_locks()
    assert status(cart) == Status.OPEN
    assert PaymentAttempt.objects.get().status == PaymentStatus.AUTHORIZED
    assert [(intent.status, intent.amount) for intent in intents(sandbox)] == [("requires_capture", total)]
    assert OrderEvent.objects.count() == 1
    assert len(mail.outbox) == 1


def test_cards_that_a_killed_checkout_had_locked_go_to_the_next(doomed, sandbox):
    card = stocked_card(1)
    cart = cart_with({card: 1})
    token, total = sandbox.confirmation_token(), total_of(cart)
    doomed.begins("submit", order=cart.pk, token=token, total_cents=total, dies=BEFORE_THE_COMMIT)

    other = settled({card: 1})
    the_page_asks(cart, sandbox)

    assert (status(other), status(cart)) == (Status.OPEN, Status.CONFIRMING)
    check_books_and_locks()


def test_killed_while_the_customer_accepts_to_wait(doomed):
    order = settled({stocked_card(1): 2, stocked_card(0): 1})

    doomed.begins("accept", order=order.pk, dies=BEFORE_THE_COMMIT)

    check_books_and_locks()
    assert status(order) == Status.CONFIRMING
    assert not Reservation.objects.exists()
    accept_shortfall(order=order, by=customer(), today=TODAY)
    assert status(order) == Status.PENDING
    check_books_and_locks()


def test_negative_control_without_a_transaction_the_books_show_what_was_torn(doomed):
    order = settled({stocked_card(1): 2, stocked_card(0): 1})

    doomed.begins("accept", order=order.pk, dies=BEFORE_THE_COMMIT, torn=True)

    found = list(violations(today=TODAY))
    assert len(found) == 2
    assert all("no order stands behind it" in violation for violation in found)


# --- in the middle of promotion ---------------------------------------------------------------------------


def five_can_open() -> list[Order]:
    """Five orders that wait for a copy each; the first two are to be one lot, the next two another."""
    with transaction.atomic():
        card = stocked_card(0)
        orders = [placed({card: 1}) for _ in range(5)]
        StockMovementFactory(printing=card.printings.get(), quantity=5)
    mail.outbox.clear()
    return orders


@pytest.mark.parametrize(
    "dies",
    [("before", "orders.promotion._open"), ("after", "orders.promotion.firm_up")],
    ids=["between two lots", "inside the second lot"],
)
def test_killed_in_the_middle_of_promotion(doomed, dies):
    orders = five_can_open()

    doomed.begins("promote", orders_at_once=2, call=2, dies=dies)

    check_books_and_locks()
    assert [status(order) for order in orders] == ["open"] * 2 + ["pending"] * 3
    assert len(list(doomed.mail.iterdir())) == 2
    result = promote_pending(TODAY)
    assert (result.opened, result.waiting) == (3, 0)
    assert [status(order) for order in orders] == ["open"] * 5
    assert [order.events.filter(to_status="open").count() for order in orders] == [1] * 5
    assert len(mail.outbox) == 3
    check_books_and_locks()


def test_negative_control_a_lot_that_is_no_transaction_is_torn(doomed):
    five_can_open()

    doomed.begins("promote", orders_at_once=2, call=2, dies=("after", "orders.promotion.firm_up"), torn=True)

    found = "\n".join(violations(today=TODAY))
    assert found.count("is pending, but a reservation of it is firm") == 2


# --- dispatch ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dies", "booked"),
    [
        (("before", "orders.stripe_gateway.capture"), PaymentStatus.AUTHORIZED),
        (("after", "orders.stripe_gateway.capture"), PaymentStatus.AUTHORIZED),
        (("before", "orders.fulfilment._let_go"), PaymentStatus.CAPTURED),
        (("after", "inventory.reservations.send_out"), PaymentStatus.CAPTURED),
    ],
    ids=["before the money", "before the answer is booked", "before letting go", "before the commit"],
)
def test_killed_while_dispatching(doomed, sandbox, dies, booked):
    cart = cart_with({stocked_card(4): 3}, first_day=TODAY)
    submit(cart, sandbox, TODAY)

    doomed.begins("dispatch", order=cart.pk, dies=dies)

    check_books_and_locks()
    assert (status(cart), Payment.objects.get().status) == (Status.OPEN, booked)
    assert Reservation.objects.get().state == Reservation.State.FIRM
    with pytest.raises(NotCancellable):
        cancel(order=cart, by=customer(), reason="its money is being taken")

    dispatch(order=cart, by=SYSTEM, today=TODAY)

    check_books_and_locks()
    assert status(cart) == Status.DISPATCHED
    assert Reservation.objects.get().state == Reservation.State.OUT
    [intent] = intents(sandbox)
    assert (intent.status, intent.amount_received) == ("succeeded", Order.objects.get().total_cents)


# --- cancelling -------------------------------------------------------------------------------------------


def test_killed_before_a_cancellation_is_committed(doomed, sandbox):
    cart = cart_with({stocked_card(4): 4})
    submit(cart, sandbox, TODAY)

    doomed.begins("cancel", order=cart.pk, dies=("after", "orders.payments.release_hold"))

    check_books_and_locks()
    assert status(cart) == Status.OPEN
    assert payments.void_released_payments() == 0
    cancel(order=cart, by=customer(), reason="changed my mind")
    assert status(cart) == Status.CANCELLED
    assert [intent.status for intent in intents(sandbox)] == ["canceled"]


@pytest.mark.parametrize(
    ("dies", "at_the_provider"),
    [
        (("before", "orders.promotion.promote_pending"), "requires_capture"),
        (("before", "orders.payments.void_released_payments"), "requires_capture"),
        (("after", "orders.stripe_gateway.cancel"), "canceled"),
    ],
    ids=["before the promotion", "before the hold is voided", "before that is booked"],
)
def test_killed_after_a_cancellation_is_committed(doomed, sandbox, dies, at_the_provider):
    card = stocked_card(1)
    cart = cart_with({card: 1})
    submit(cart, sandbox, TODAY)
    [intent] = intents(sandbox)
    waiting = placed({card: 1})

    doomed.begins("cancel", order=cart.pk, dies=dies)

    check_books_and_locks()
    payment = Payment.objects.get(order=cart)
    assert (status(cart), payment.status) == (Status.CANCELLED, PaymentStatus.AUTHORIZED)
    assert payment.released_at is not None
    retrieve = sandbox.client.v1.payment_intents.retrieve
    assert retrieve(intent.id).status == at_the_provider

    promote_pending(TODAY)
    assert payments.void_released_payments() == 1

    check_books_and_locks()
    payment.refresh_from_db()
    assert (payment.status, status(waiting)) == (PaymentStatus.VOIDED, Status.OPEN)
    assert retrieve(intent.id).status == "canceled"
    assert payments.void_released_payments() == 0
