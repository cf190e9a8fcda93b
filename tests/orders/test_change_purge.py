"""Changes that were asked for and never paid go in bulk, once nothing can come of them; nothing else does."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders import change_purge, submission, tasks
from orders.bills import CardGiven
from orders.change_bill import ChangeBill
from orders.change_plan import Wanted
from orders.change_purge import purge_changes
from orders.checkout import CheckoutError
from orders.models import Order, OrderChange, Payment, PaymentAttempt, PaymentStatus
from orders.payment_says import asked_for as asked_of
from orders.purge import NEWS_MAY_COME
from orders.transitions import lock_order
from tests.factories import TODAY, placed, stocked_card
from tests.orders.changes_asked_for import asked_for
from tests.payments.holds import open_order
from tests.racing import at_the_same_moment, elsewhere, once_before
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db

JUST_AFTER = NEWS_MAY_COME + timedelta(minutes=1)
STATUS = PaymentStatus


def asked(order: Order | None = None, *, ago: timedelta = JUST_AFTER, **fields: Any) -> OrderChange:
    """A change that was asked for that long ago."""
    return OrderChange.objects.create(
        order=order or placed({stocked_card(1): 1}),
        wanted={},
        seen="as it was",
        total_cents=900,
        created_at=timezone.now() - ago,
        **fields,
    )


def tried(change: OrderChange, status: str, *, ago: timedelta = JUST_AFTER, **fields: Any) -> PaymentAttempt:
    payment = Payment.objects.get(order=change.order)
    sequence = payment.attempts.count() + 2
    return PaymentAttempt.objects.create(
        payment=payment,
        change=change,
        sequence=sequence,
        status=status,
        created_at=timezone.now() - ago,
        idempotency_key=f"{payment.pk}-{sequence}",
        parameters={"amount": 900, "capture_method": "manual", "metadata": {"change": str(change.pk)}},
        **fields,
    )


def run(**kwargs: Any) -> int:
    return purge_changes(now=timezone.now(), **kwargs)


def is_there(change: OrderChange) -> bool:
    return OrderChange.objects.filter(pk=change.pk).exists()


# --- what goes, and what stays ----------------------------------------------------------------------------


def test_what_was_asked_for_and_never_tried_to_pay_goes_after_eight_days():
    gone, kept = asked(), asked(ago=NEWS_MAY_COME - timedelta(minutes=1))

    assert run() == 1

    assert (is_there(gone), is_there(kept)) == (False, True)
    assert run() == 0


@pytest.mark.parametrize("kind", OrderChange.Kind.values)
def test_both_kinds_go(kind):
    change = asked(kind=kind)

    assert run() == 1
    assert not is_there(change)


@pytest.mark.parametrize("status", [OrderChange.Status.APPLIED, OrderChange.Status.FAILED])
def test_what_was_done_or_failed_stays(status):
    change = asked(status=status, ago=timedelta(days=900))

    assert run() == 0
    assert is_there(change)


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (STATUS.VOIDED, {"intent_id": "pi_1"}),
        (STATUS.EXPIRED, {"intent_id": "pi_1"}),
        (STATUS.FAILED, {"intent_id": "pi_1", "closed_at": timezone.now()}),
        (STATUS.FAILED, {}),
    ],
)
def test_tries_that_are_over_keep_no_change_and_stay_in_the_history_of_the_payment(status, fields):
    change = asked()
    attempt = tried(change, status, **fields)

    assert run() == 1

    attempt.refresh_from_db()
    assert attempt.change_id is None
    assert asked_of(attempt, attempt.payment).endswith("(for a change of the order)")


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        (STATUS.CREATED, {}),
        (STATUS.ACTION_REQUIRED, {"intent_id": "pi_1"}),
        (STATUS.PROCESSING, {"intent_id": "pi_1"}),
        (STATUS.AUTHORIZED, {"intent_id": "pi_1"}),
        (STATUS.CAPTURED, {"intent_id": "pi_1"}),
        (STATUS.FAILED, {"intent_id": "pi_1"}),  # not closed: another card could be tried on it
        (STATUS.VOIDED, {"intent_id": "pi_1", "stray_cents": 5}),
    ],
)
def test_a_try_of_which_something_may_come_keeps_its_change_however_old(status, fields):
    change = asked(ago=timedelta(days=400))
    tried(change, STATUS.VOIDED, intent_id="pi_0")
    tried(change, status, ago=timedelta(days=400), **fields)

    assert run() == 0
    assert is_there(change)


def test_an_old_change_that_was_tried_lately_stays_until_nothing_is_heard_of_it_any_more():
    change = asked(ago=timedelta(days=400))
    tried(change, STATUS.VOIDED, intent_id="pi_1", ago=NEWS_MAY_COME - timedelta(minutes=1))

    assert run() == 0
    assert is_there(change)


@pytest.mark.django_db(transaction=True)
def test_who_pays_for_a_change_that_is_gone_is_told_to_choose_again_and_nothing_is_held(sandbox: Sandbox):
    order = open_order(sandbox, cards={stocked_card(4, value_cents=10_000): 3})
    change = asked_for(order, Wanted(quantities={order.order_cards.get().pk: 4}))
    OrderChange.objects.update(created_at=timezone.now() - JUST_AFTER)
    run()

    with pytest.raises(CheckoutError, match="too long ago"):
        submission.pay(
            bill=ChangeBill(change),
            given=CardGiven(confirmation_token=sandbox.confirmation_token("pm_card_visa")),
            shown_cents=change.total_cents,
            today=TODAY,
        )

    assert PaymentAttempt.objects.filter(payment__order=order).count() == 1


# --- many, and at the same moment -------------------------------------------------------------------------


def many(number: int) -> None:
    order = placed({stocked_card(1): 1})
    for at in range(number):
        change = asked(order)
        if at % 2:
            tried(change, STATUS.VOIDED, intent_id=f"pi_{order.pk}_{at}")


def queries_for(number: int, **kwargs: Any) -> int:
    many(number)
    with CaptureQueriesContext(connection) as queries:
        assert run(**kwargs) == number
    return len(queries)


def test_a_hundred_changes_cost_as_many_queries_as_one():
    assert queries_for(1) == queries_for(100)


def test_more_than_fit_into_a_portion_go_in_portions_of_the_same_cost():
    nothing_left = queries_for(0)
    one_portion = queries_for(10, at_once=10) - nothing_left

    assert queries_for(40, at_once=10) == 4 * one_portion + nothing_left


@pytest.mark.django_db(transaction=True)
def test_a_change_whose_order_is_in_use_is_left_to_the_next_run():
    change, other = asked(), asked()

    with transaction.atomic():
        lock_order(change.order_id)
        assert elsewhere(run) == 1

    assert (is_there(change), is_there(other)) == (True, False)
    assert run() == 1


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_tried_between_finding_and_locking_stays(monkeypatch):
    change = asked()
    once_before(monkeypatch, change_purge, "_locked", lambda: tried(change, STATUS.CREATED))

    assert run() == 0
    assert is_there(change)


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_delete_each_change_once():
    many(20)
    many(20)

    ends = at_the_same_moment(*(lambda: run(at_once=7) for _ in range(3)))

    assert sum(ends) + run() == 40
    assert not OrderChange.objects.exists()


def test_the_task_purges():
    asked()

    assert tasks.purge_changes() == 1
