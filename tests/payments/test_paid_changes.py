"""A change that costs more than is held: it takes effect with the hold that pays for it, or not at all."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.urls import reverse

from inventory.models import Card, ClosedDay, Reservation
from inventory.money import format_cents
from inventory.stock import record_movement
from orders import fulfilment, own_changes, payments, submission
from orders import stripe_gateway as gateway
from orders.bills import CardGiven, HeldAgain
from orders.books import violations
from orders.cancellation import cancel
from orders.change_bill import ChangeBill
from orders.change_forms import packed_of, seen_of
from orders.change_plan import ChangeError, ChangeIsShort, Wanted
from orders.changes import change as staff_change
from orders.checkout import CheckoutError, accept_shortfall
from orders.fulfilment import NotDispatchable, dispatch
from orders.lines import lines_of
from orders.models import Order, OrderChange, Payment, PaymentStatus
from orders.order_history import history_of
from orders.order_money import order_money
from orders.payment_says import asked_for as asked_of
from orders.promotion import promote_pending
from orders.reconciliation import reconcile
from orders.signals import change_takes_effect
from orders.states import Status
from orders.transitions import SYSTEM, customer
from tests.factories import TODAY, cart_with, placed, stocked_card
from tests.orders.changes_asked_for import asked_for
from tests.orders.test_checkout import submit
from tests.orders.test_views import browser_of
from tests.orders.test_webhooks import answer_the_bank, deliver
from tests.payments.holds import (
    attempts_of,
    held_at_the_bank,
    held_order,
    later,
    lose_hold,
    now,
    open_order,
    statuses_at_the_bank,
)
from tests.racing import at_the_same_moment, once_after
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

DECLINED, THREE_D_SECURE = "pm_card_chargeDeclined", "pm_card_threeDSecure2Required"


def day(offset: int):
    return TODAY + timedelta(days=offset)


def order_of(sandbox: Sandbox, *, owned: int = 4, copies: int = 3, **fields: Any) -> tuple[Order, Card]:
    """An open order of so many copies, dear enough that another copy or day costs more than the minimum."""
    card = stocked_card(owned, value_cents=10_000)
    return open_order(sandbox, cards={card: copies}, **fields), card


def more_copies(order: Order, copies: int) -> OrderChange:
    return asked_for(order, Wanted(quantities={order.order_cards.get().pk: copies}))


def pay(change: OrderChange, sandbox: Sandbox, card: str = "pm_card_visa") -> submission.Submitted:
    return submission.pay(
        bill=ChangeBill(change),
        given=CardGiven(confirmation_token=sandbox.confirmation_token(card)),
        shown_cents=change.total_cents,
        today=TODAY,
    )


def status_of(change: OrderChange) -> str:
    return OrderChange.objects.get(pk=change.pk).status


def copies_of(order: Order) -> int:
    return order.order_cards.get().quantity


def total_of(order: Order) -> int:
    return Order.objects.values_list("total_cents", flat=True).get(pk=order.pk)


def check_unharmed(order: Order, sandbox: Sandbox, *, copies: int, held_cents: int) -> None:
    """The order is as it was, its old hold stands, and nothing else is held."""
    payments.void_released_payments()
    assert copies_of(order) == copies
    assert Reservation.objects.get(claim=order.claim).quantity == copies
    assert held_at_the_bank(order, sandbox) == [held_cents]
    payment = Payment.objects.live().get(order=order)
    assert (payment.status, payment.amount_cents) == (PaymentStatus.AUTHORIZED, held_cents)
    assert violations(today=TODAY) == []


# --- held, and changed ------------------------------------------------------------------------------------


def test_the_new_total_is_held_the_order_is_changed_and_the_old_hold_is_released(sandbox):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)

    submitted = pay(change, sandbox)

    assert submitted.done
    assert [
        asked_of(one, one.payment).endswith("(for a change of the order)") for one in attempts_of(order)
    ] == [
        False,
        True,
    ]
    assert status_of(change) == OrderChange.Status.APPLIED
    assert copies_of(order) == 4
    assert total_of(order) == change.total_cents
    assert held_at_the_bank(order, sandbox) == [change.total_cents]
    assert statuses_at_the_bank(order, sandbox) == ["canceled", "requires_capture"]
    assert order.events.latest("pk").actor == "customer"
    assert violations(today=TODAY) == []


def test_confirming_holds_nothing_and_changes_nothing_before_it_is_paid_for(sandbox):
    order, _ = order_of(sandbox)
    held = total_of(order)

    more_copies(order, 4)

    check_unharmed(order, sandbox, copies=3, held_cents=held)


def test_what_is_taken_at_dispatch_is_the_new_total_once(sandbox):
    order, _ = order_of(sandbox, first_day=TODAY)
    change = more_copies(order, 4)
    pay(change, sandbox)

    dispatch(order=order, by=SYSTEM, today=TODAY)

    payment = Payment.objects.get(order=order)
    assert payment.captured_cents == change.total_cents
    assert statuses_at_the_bank(order, sandbox).count("succeeded") == 1
    assert violations(today=TODAY) == []


def test_the_limits_of_fees_are_agreed_anew_with_the_new_total(sandbox):
    order, _ = order_of(sandbox)
    before = Order.objects.get(pk=order.pk)

    pay(more_copies(order, 4), sandbox)

    after = Order.objects.get(pk=order.pk)
    assert after.worth_cents == before.worth_cents * 4 // 3
    assert after.late_day_cents > before.late_day_cents


def test_a_pending_order_that_pays_for_more_goes_to_the_end_of_the_queue(sandbox):
    card = stocked_card(0, value_cents=10_000)
    first = held_order(sandbox, cards={card: 2})

    first = accept_shortfall(order=first, by=customer(), today=TODAY)
    second = placed({card: 1})
    change = more_copies(first, 3)
    mail.outbox.clear()

    pay(change, sandbox)

    (letter,) = mail.outbox
    assert "went to the end of the queue" in letter.body
    told = list(history_of(first.events.order_by("at", "pk")))[-1].title
    assert f"{card.name}: 2 copies → 3 copies" in told
    assert "went to the end of the queue" in told
    assert status_of(change) == "applied"
    assert list(Order.objects.pending_in_queue_order()) == [second, first]
    assert violations(today=TODAY) == []


def test_an_order_whose_hold_has_ended_is_held_anew_by_its_change(sandbox):
    order, _ = order_of(sandbox)
    lose_hold(order, sandbox)
    change = more_copies(order, 4)

    pay(change, sandbox)

    assert status_of(change) == "applied"
    assert held_at_the_bank(order, sandbox) == [change.total_cents]
    assert violations(today=TODAY) == []


# --- the bank says no, or asks ----------------------------------------------------------------------------


def test_a_declined_card_leaves_order_and_hold_and_another_card_pays(sandbox):
    order, _ = order_of(sandbox)
    held, change = total_of(order), more_copies(order, 4)

    declined = pay(change, sandbox, DECLINED)

    assert declined.status == PaymentStatus.FAILED
    assert status_of(change) == "asked"
    check_unharmed(order, sandbox, copies=3, held_cents=held)
    assert pay(change, sandbox).done
    assert copies_of(order) == 4
    assert held_at_the_bank(order, sandbox) == [change.total_cents]


def test_while_the_bank_asks_nothing_is_changed_and_then_it_is(sandbox):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)

    asked = pay(change, sandbox, THREE_D_SECURE)

    assert asked.status == PaymentStatus.ACTION_REQUIRED
    assert copies_of(order) == 3
    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)
    checked = submission.check_payment(bill=ChangeBill(change), today=TODAY)
    assert checked.done
    assert copies_of(order) == 4
    payments.void_released_payments()
    assert held_at_the_bank(order, sandbox) == [change.total_cents]


def test_a_failed_authentication_leaves_order_and_hold(sandbox):
    order, _ = order_of(sandbox)
    held, change = total_of(order), more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)

    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox, "fail")
    checked = submission.check_payment(bill=ChangeBill(change), today=TODAY)

    assert checked.status == PaymentStatus.FAILED
    check_unharmed(order, sandbox, copies=3, held_cents=held)


def test_a_closed_dialog_can_be_begun_anew_and_the_first_never_succeeds_later(sandbox):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)
    left = attempts_of(order)[-1]

    assert pay(change, sandbox).done

    left.refresh_from_db()
    assert left.status == PaymentStatus.VOIDED
    assert held_at_the_bank(order, sandbox) == [change.total_cents]


def test_a_dialog_that_is_left_is_cancelled_by_the_worker_and_the_old_hold_stands(sandbox):
    order, _ = order_of(sandbox)
    held, change = total_of(order), more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)
    change.attempts.update(created_at=later(hours=-2))

    payments.void_released_payments()

    check_unharmed(order, sandbox, copies=3, held_cents=held)


def unheld_order(sandbox: Sandbox) -> Order:
    order, _ = order_of(sandbox)
    lose_hold(order, sandbox)
    return order


def test_a_card_that_is_declined_while_nothing_is_held_is_told_and_the_order_can_be_paid_again(sandbox):
    order = unheld_order(sandbox)

    pay(more_copies(order, 4), sandbox, DECLINED)

    money = order_money(Order.objects.get(pk=order.pk))
    assert Payment.objects.live().get(order=order).status == PaymentStatus.FAILED
    assert "not been answered yet" not in money.says
    assert "Nothing is held" in money.says
    assert money.to_pay_again


def test_a_pending_order_whose_change_was_declined_still_has_to_pay_nothing_before_it_opens(sandbox):
    card = stocked_card(2, value_cents=10_000)
    order = accept_shortfall(order=held_order(sandbox, cards={card: 3}), by=customer(), today=TODAY)
    lose_hold(order, sandbox)

    pay(more_copies(order, 4), sandbox, DECLINED)

    money = order_money(Order.objects.get(pk=order.pk))
    assert "not been answered yet" not in money.says
    assert (money.to_pay_again, money.waits_unheld) == (False, True)


def test_a_dialog_that_is_left_while_nothing_is_held_ends_and_the_order_can_be_paid_again(sandbox):
    order = unheld_order(sandbox)
    change = more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)
    change.attempts.update(created_at=later(hours=-2))

    payments.void_released_payments()

    money = order_money(Order.objects.get(pk=order.pk))
    assert statuses_at_the_bank(order, sandbox)[-1] == "canceled"
    assert money.says == "Your bank's question was not answered. Nothing is held and nothing is charged."
    assert money.to_pay_again
    assert pay(change, sandbox).done
    assert held_at_the_bank(order, sandbox) == [change.total_cents]
    assert violations(today=TODAY) == []


def test_a_dialog_that_is_still_being_answered_while_nothing_is_held_is_left_alone(sandbox):
    order = unheld_order(sandbox)
    change = more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)

    payments.void_released_payments()

    assert statuses_at_the_bank(order, sandbox)[-1] == "requires_action"


# --- webhook, crash, reconciliation -----------------------------------------------------------------------


def test_the_webhook_that_comes_first_makes_the_change_and_the_page_finds_it_done(sandbox):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)
    events = answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)

    for event in [*events, *events]:  # each twice
        assert deliver(event, sandbox).status_code == 200

    assert status_of(change) == "applied"
    assert copies_of(order) == 4
    assert submission.check_payment(bill=ChangeBill(change), today=TODAY).done
    assert order.events.filter(reason__contains="changed").count() == 1


def crash_after_the_call(monkeypatch, change: OrderChange, sandbox: Sandbox) -> None:
    """The hold is made, and the process dies before it is booked."""

    def die(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("orders.payments.attempts.book", die)
        with pytest.raises(KeyboardInterrupt):
            pay(change, sandbox)
    assert status_of(change) == "asked"


def test_after_a_crash_between_hold_and_change_reconciliation_makes_the_change(sandbox, monkeypatch):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)
    crash_after_the_call(monkeypatch, change, sandbox)

    reconcile(now=later(hours=1))

    assert status_of(change) == "applied"
    assert copies_of(order) == 4
    assert held_at_the_bank(order, sandbox) == [change.total_cents]
    assert violations(today=TODAY) == []


def test_after_a_crash_the_next_press_of_the_button_makes_one_hold(sandbox, monkeypatch):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)
    crash_after_the_call(monkeypatch, change, sandbox)

    assert pay(change, sandbox).done

    assert copies_of(order) == 4
    assert held_at_the_bank(order, sandbox) == [change.total_cents]
    assert change.attempts.count() == 1


def test_after_a_crash_and_when_the_cards_are_gone_reconciliation_releases_the_new_hold(sandbox, monkeypatch):
    order, card = order_of(sandbox)
    held, change = total_of(order), more_copies(order, 4)
    crash_after_the_call(monkeypatch, change, sandbox)
    placed({card: 1})  # somebody else takes the last copy

    reconcile(now=later(hours=1))

    assert status_of(change) == "failed"
    check_unharmed(order, sandbox, copies=3, held_cents=held)


def test_what_breaks_in_the_middle_of_the_change_writes_neither_hold_nor_change(sandbox, monkeypatch):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)

    def break_off(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("The power is gone.")

    with monkeypatch.context() as patched:
        patched.setattr("orders.changes._write", break_off)
        with pytest.raises(RuntimeError):
            pay(change, sandbox)

    assert (status_of(change), copies_of(order)) == ("asked", 3)
    assert Payment.objects.get(order=order).in_force == 1
    assert pay(change, sandbox).done
    assert held_at_the_bank(order, sandbox) == [change.total_cents]


# --- meanwhile --------------------------------------------------------------------------------------------


def test_where_the_cards_are_taken_meanwhile_the_new_hold_is_released_and_the_customer_is_told(sandbox):
    order, card = order_of(sandbox)
    held, change = total_of(order), more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)
    placed({card: 1})  # while they are at their bank's page
    mail.outbox.clear()
    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)

    submission.check_payment(bill=ChangeBill(change), today=TODAY)

    assert status_of(change) == "failed"
    check_unharmed(order, sandbox, copies=3, held_cents=held)
    (letter,) = mail.outbox
    assert letter.subject == f"Your order {order.number} could not be changed"
    assert "Not all of this is free" in letter.body
    assert "Your order stays as it was" in letter.body
    assert "You can change it once more" in letter.body


def test_the_letter_tells_of_the_change_that_was_paid_for_though_another_one_was_asked_for_later(sandbox):
    order, card = order_of(sandbox, owned=5)
    one, two = more_copies(order, 4), more_copies(order, 5)
    pay(one, sandbox, THREE_D_SECURE)
    OrderChange.objects.filter(pk=two.pk).update(status="failed", why="That was the other tab.")
    placed({card: 2})
    mail.outbox.clear()
    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)

    submission.check_payment(bill=ChangeBill(one), today=TODAY)

    (letter,) = mail.outbox
    assert "Not all of this is free" in letter.body
    assert "other tab" not in letter.body
    assert format_cents(one.total_cents, "eur") in letter.body


def test_nothing_is_held_for_what_is_short_already(sandbox):
    order, card = order_of(sandbox)
    held, change = total_of(order), more_copies(order, 4)
    placed({card: 1})

    with pytest.raises(CheckoutError, match="Not all of this is free"):
        pay(change, sandbox)

    assert change.attempts.count() == 0
    check_unharmed(order, sandbox, copies=3, held_cents=held)


def test_a_deck_that_leaves_while_the_bank_asks_leaves_for_its_old_total(sandbox):
    order, _ = order_of(sandbox, first_day=TODAY)
    held, change = total_of(order), more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)

    dispatch(order=order, by=SYSTEM, today=TODAY)
    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)
    submission.check_payment(bill=ChangeBill(change), today=TODAY)
    payments.void_released_payments()

    assert status_of(change) == "failed"
    (letter,) = [one for one in mail.outbox if "could not be changed" in one.subject]
    assert "stays as it was" not in letter.body
    assert "once more" not in letter.body
    assert copies_of(order) == 3
    payment = Payment.objects.get(order=order)
    assert (payment.status, payment.captured_cents) == (PaymentStatus.CAPTURED, held)
    assert held_at_the_bank(order, sandbox) == []
    assert violations(today=TODAY) == []


def test_a_deck_that_is_changed_between_the_look_and_the_money_is_not_sent_out_as_it_was_packed(
    sandbox, monkeypatch
):
    order, _ = order_of(sandbox, first_day=TODAY)
    packed, line = packed_of(order, lines_of(order)), order.order_cards.get()
    once_after(
        monkeypatch,
        fulfilment,
        "_check_packed",
        lambda: staff_change(order=order, by=SYSTEM, today=TODAY, quantities={line.pk: 2}),
    )

    with pytest.raises(NotDispatchable, match="changed after you packed it"):
        dispatch(order=order, by=SYSTEM, today=TODAY, seen=packed)

    order.refresh_from_db()
    assert order.status == Status.OPEN
    sent = dispatch(order=order, by=SYSTEM, today=TODAY, seen=packed_of(order, lines_of(order)))
    assert sent.status == Status.DISPATCHED


def test_an_order_that_is_cancelled_while_the_bank_asks_stays_cancelled_and_nothing_is_held(sandbox):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)
    cancel(order=order, by=customer(), reason="the customer cancels")

    intent = attempts_of(order)[-1].intent_id
    answer_the_bank(intent, sandbox) if statuses_at_the_bank(order, sandbox)[
        -1
    ] == "requires_action" else None
    payments.sync_intent(intent)
    payments.void_released_payments()

    assert Order.objects.get(pk=order.pk).status == Status.CANCELLED
    assert status_of(change) in ("asked", "failed")
    assert held_at_the_bank(order, sandbox) == []
    assert violations(today=TODAY) == []


def test_an_order_that_staff_change_while_the_bank_asks_is_not_changed_again(sandbox):
    order, _ = order_of(sandbox)
    held, change = total_of(order), more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)
    staff_change(order=order, by=SYSTEM, today=TODAY, quantities={order.order_cards.get().pk: 2})
    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)

    submission.check_payment(bill=ChangeBill(change), today=TODAY)

    assert status_of(change) == "failed"
    check_unharmed(order, sandbox, copies=2, held_cents=held)


def test_an_order_that_opens_while_the_bank_asks_stays_open_or_nothing_changes(sandbox):
    card = stocked_card(2, value_cents=10_000)

    order = accept_shortfall(order=held_order(sandbox, cards={card: 3}), by=customer(), today=TODAY)
    held, change = total_of(order), more_copies(order, 4)
    pay(change, sandbox, THREE_D_SECURE)
    record_movement(printing=card.printings.get(), kind="bought", quantity=1, by=None, effective_on=TODAY)
    promote_pending(TODAY)
    assert Order.objects.get(pk=order.pk).status == Status.OPEN
    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)

    submission.check_payment(bill=ChangeBill(change), today=TODAY)

    assert status_of(change) == "failed"
    assert Order.objects.get(pk=order.pk).status == Status.OPEN
    check_unharmed(order, sandbox, copies=3, held_cents=held)


def waiting_that_would_open(sandbox: Sandbox, *, days: int) -> tuple[Order, Card, Wanted]:
    """A pending order, and a change of its days, so many more, to some on which all of it is free."""
    card = stocked_card(2, value_cents=10_000)
    placed({card: 1})
    order = accept_shortfall(order=held_order(sandbox, cards={card: 2}), by=customer(), today=TODAY)
    first, last = order.first_day + timedelta(days=60), order.last_day + timedelta(days=60 + days)
    return order, card, Wanted(first_day=first, last_day=last)


def place_of(order: Order) -> tuple[Any, ...]:
    return Order.objects.values_list("status", "queued_at", "first_day", "total_cents").get(pk=order.pk)


def test_who_was_told_that_their_order_opens_keeps_its_place_where_a_copy_is_taken_while_the_bank_asks(
    sandbox,
):
    order, card, wanted = waiting_that_would_open(sandbox, days=3)
    before = place_of(order)
    change = asked_for(order, wanted)
    pay(change, sandbox, THREE_D_SECURE)
    placed({card: 1}, first_day=wanted.first_day)
    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)

    submission.check_payment(bill=ChangeBill(change), today=TODAY)

    assert status_of(change) == "failed"
    assert place_of(order) == before
    assert violations(today=TODAY) == []


def test_a_change_that_costs_nothing_and_was_to_open_keeps_the_place_where_a_copy_is_taken_in_between(
    sandbox, monkeypatch
):
    order, card, wanted = waiting_that_would_open(sandbox, days=0)
    order.refresh_from_db()
    before = place_of(order)
    looked = own_changes.look(order=order, wanted=wanted, today=TODAY)
    once_after(monkeypatch, own_changes, "look", lambda: placed({card: 1}, first_day=wanted.first_day))

    with pytest.raises(ChangeIsShort):
        own_changes.confirm(
            order=order,
            wanted=wanted,
            seen=seen_of(order, lines_of(order)),
            shown=looked.shown,
            by=customer(),
            today=TODAY,
        )

    assert place_of(order) == before


def test_a_change_that_would_lose_the_place_by_now_has_to_be_looked_at_again_before_it_is_paid(sandbox):
    order, card, wanted = waiting_that_would_open(sandbox, days=3)
    change = asked_for(order, wanted)
    placed({card: 1}, first_day=wanted.first_day)

    with pytest.raises(CheckoutError, match="Look at it once more"):
        pay(change, sandbox)

    assert change.attempts.count() == 0


def test_a_day_that_the_shop_closes_meanwhile_is_shown_before_it_is_paid_for(sandbox):
    order, _ = order_of(sandbox, owned=9)
    order.refresh_from_db()
    moved = Wanted(
        first_day=order.first_day + timedelta(days=20), last_day=order.last_day + timedelta(days=21)
    )
    change = asked_for(order, moved)
    leaves = own_changes.look(order=order, wanted=moved, today=TODAY).plan.order.out_on
    ClosedDay.objects.create(first_day=leaves, last_day=leaves, reason="stocktaking")

    with pytest.raises(CheckoutError, match="instead of"):
        pay(change, sandbox)

    assert change.attempts.count() == 0


# --- two tabs, two clicks ---------------------------------------------------------------------------------


def test_two_tabs_that_pay_for_different_changes_make_one_and_hold_once(sandbox):
    order, _ = order_of(sandbox, owned=9)
    one, two = more_copies(order, 4), more_copies(order, 5)

    at_the_same_moment(
        lambda: tried(lambda: pay(one, sandbox)),
        lambda: tried(lambda: pay(two, sandbox)),
    )
    payments.void_released_payments()

    applied = OrderChange.objects.get(order=order, status="applied")
    assert copies_of(order) == {one.pk: 4, two.pk: 5}[applied.pk]
    assert held_at_the_bank(order, sandbox) == [applied.total_cents]
    assert violations(today=TODAY) == []


def tried(action: Any) -> Any:
    try:
        return action()
    except (CheckoutError, ChangeError) as error:
        return error


def test_a_double_click_makes_one_hold_and_one_change(sandbox):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)
    token = sandbox.confirmation_token("pm_card_visa")

    def click() -> submission.Submitted:
        return submission.pay(
            bill=ChangeBill(OrderChange.objects.get(pk=change.pk)),
            given=CardGiven(confirmation_token=token),
            shown_cents=change.total_cents,
            today=TODAY,
        )

    at_the_same_moment(click, click)
    payments.void_released_payments()

    assert copies_of(order) == 4
    assert held_at_the_bank(order, sandbox) == [change.total_cents]
    assert order.events.filter(reason__contains="changed").count() == 1


def test_a_change_and_another_customer_race_for_the_last_copy_and_one_of_them_has_it(sandbox):
    order, card = order_of(sandbox)
    held, change = total_of(order), more_copies(order, 4)
    other = cart_with({card: 1})

    at_the_same_moment(
        lambda: tried(lambda: pay(change, sandbox)), lambda: tried(lambda: submit(other, sandbox, TODAY))
    )
    payments.void_released_payments()

    other.refresh_from_db()
    won = status_of(change) == "applied"
    assert other.status == (Status.CONFIRMING if won else Status.OPEN)
    assert copies_of(order) == (4 if won else 3)
    assert held_at_the_bank(order, sandbox) == [change.total_cents if won else held]
    assert violations(today=TODAY) == []


def test_somebody_who_comes_between_check_and_hold_is_seen(sandbox, monkeypatch):
    """The order of events that a race finds rarely: checked, then taken by another, then held."""
    order, card = order_of(sandbox)
    held, change = total_of(order), more_copies(order, 4)
    once_after(monkeypatch, submission, "_begin_attempt", lambda: placed({card: 1}))

    pay(change, sandbox)

    assert status_of(change) == "failed"
    check_unharmed(order, sandbox, copies=3, held_cents=held)


def test_a_capture_that_begins_between_check_and_hold_wins(sandbox, monkeypatch):
    order, _ = order_of(sandbox, first_day=TODAY)
    held, change = total_of(order), more_copies(order, 4)
    once_after(
        monkeypatch, submission, "_begin_attempt", lambda: dispatch(order=order, by=SYSTEM, today=TODAY)
    )

    pay(change, sandbox)
    payments.void_released_payments()

    assert status_of(change) == "failed"
    assert Payment.objects.get(order=order).captured_cents == held
    assert held_at_the_bank(order, sandbox) == []
    assert violations(today=TODAY) == []


def test_paying_again_pays_what_its_page_shows_and_not_a_change_that_the_provider_never_answered(
    sandbox, monkeypatch
):
    order, _ = order_of(sandbox)
    lose_hold(order, sandbox)
    change, total = more_copies(order, 4), total_of(order)

    def is_silent(**kwargs: Any) -> None:
        raise gateway.Unavailable("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(gateway, "create_intent", is_silent)
        pay(change, sandbox)

    paid = submission.pay(
        bill=HeldAgain(Order.objects.get(pk=order.pk)),
        given=CardGiven(confirmation_token=sandbox.confirmation_token("pm_card_visa")),
        shown_cents=total,
        today=TODAY,
    )

    assert paid.done
    assert held_at_the_bank(order, sandbox) == [total]
    assert copies_of(order) == 3
    reconcile(now=later(hours=1))
    assert status_of(change) == "asked"
    assert held_at_the_bank(order, sandbox) == [total]
    assert violations(today=TODAY) == []


# --- renewal ----------------------------------------------------------------------------------------------


def test_a_changed_order_is_renewed_to_its_new_total(sandbox, settings):
    settings.RENEW_BEFORE_HOURS = 8 * 24
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)
    pay(change, sandbox)
    lose_hold(order, sandbox)

    assert payments.renew_hold(order=order, now=now()) == "renewed"

    assert held_at_the_bank(order, sandbox) == [change.total_cents]


# --- the pages --------------------------------------------------------------------------------------------


def test_the_payment_page_shows_what_changes_what_is_held_and_what_will_be(sandbox):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)

    shown = browser_of(order).get(reverse("orders:pay_change", args=[order.number, change.pk]))

    assert shown.status_code == 200
    assert f'data-total-cents="{change.total_cents}"' in shown.content.decode()
    assert "4 copies" in shown.content.decode()


def test_the_form_of_the_payment_page_changes_the_order_and_says_so(sandbox):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)
    browser = browser_of(order)
    url = reverse("orders:pay_change", args=[order.number, change.pk])

    paid = browser.post(
        url,
        {"confirmation_token": sandbox.confirmation_token("pm_card_visa"), "total_cents": change.total_cents},
    )

    assert paid.json() == {"status": "done", "url": order.get_absolute_url()}
    assert "Your order is changed" in browser.get(order.get_absolute_url()).content.decode()
    assert browser.get(url).status_code == 302


def test_what_failed_meanwhile_is_said_on_the_page_it_ends_at(sandbox):
    order, card = order_of(sandbox)
    change = more_copies(order, 4)
    browser = browser_of(order)
    placed({card: 1})

    paid = browser.post(
        reverse("orders:pay_change", args=[order.number, change.pk]),
        {"confirmation_token": sandbox.confirmation_token("pm_card_visa"), "total_cents": change.total_cents},
    )

    assert paid.json()["url"] == reverse("orders:change", args=[order.number])
    assert "Not all of this is free" in browser.get(paid.json()["url"]).content.decode()


def test_a_change_of_another_order_is_not_found(sandbox):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)
    other = placed({stocked_card(4): 1})

    url = reverse("orders:pay_change", args=[other.number, change.pk])

    assert browser_of(other).get(url).status_code == 404
    assert browser_of(other).post(url, {}).status_code == 404


def test_money_that_comes_once_more_for_a_change_that_is_made_makes_it_no_second_time_and_undoes_nothing(
    sandbox,
):
    order, _ = order_of(sandbox)
    change = more_copies(order, 4)
    pay(change, sandbox)
    events = order.events.count()

    with transaction.atomic():
        again = change_takes_effect(change.pk, possible=True)

    assert not again
    assert status_of(change) == OrderChange.Status.APPLIED
    assert order.events.count() == events


def test_the_second_of_two_clicks_on_confirm_asks_for_the_same_change(sandbox):
    order, _ = order_of(sandbox)

    assert more_copies(order, 4) == more_copies(order, 4)
    assert OrderChange.objects.count() == 1
