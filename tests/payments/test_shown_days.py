"""The days that a page showed when they were paid for are those that are booked; where they have moved, none are."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse

from inventory.models import ClosedDay, Reservation
from orders import payments, submission
from orders.bills import CardGiven, CartBill
from orders.books import violations
from orders.change_bill import ChangeBill, ExtensionBill
from orders.change_plan import Wanted
from orders.checkout import CheckoutError
from orders.lines import lines_of, quote_of
from orders.models import Order, OrderChange, Payment, PaymentAttempt, PaymentStatus, Refund
from orders.order_page import order_page
from orders.shown_days import written
from orders.states import Status
from tests.factories import TODAY, ShippingMethodFactory, cart_with, stocked_card
from tests.orders.changes_asked_for import asked_for, extension_asked_for
from tests.orders.test_views import browser_of, messages_of
from tests.orders.test_webhooks import answer_the_bank, deliver
from tests.payments.holds import attempts_of, held_at_the_bank, open_order
from tests.payments.test_extensions import out_order
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

THREE_D_SECURE = "pm_card_threeDSecure2Required"


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def words(of: date) -> str:
    return f"{of:%A} {of.day} {of:%B}"


def close(of: date) -> None:
    ClosedDay.objects.create(first_day=of, last_day=of, reason="Stocktaking")


def cart() -> Order:
    """It leaves on day 8, is theirs from 10 to 12, and must be back by 15."""
    return cart_with(
        {stocked_card(4): 3}, first_day=day(10), shipping_method=ShippingMethodFactory(needs_address=False)
    )


def shown(order: Order) -> list[str]:
    schedule = order_page(order=order, today=TODAY).schedule
    assert schedule is not None
    return written(schedule)


def pay_cart(order: Order, sandbox: Sandbox, days: list[str], card: str = "pm_card_visa"):
    quote = quote_of(order, lines_of(order))
    assert quote is not None
    return submission.pay(
        bill=CartBill(order),
        given=CardGiven(confirmation_token=sandbox.confirmation_token(card)),
        shown_cents=quote.total_cents,
        shown_days=days,
        today=TODAY,
    )


def pay(bill: Any, sandbox: Sandbox, card: str = THREE_D_SECURE) -> submission.Submitted:
    return submission.pay(
        bill=bill,
        given=CardGiven(confirmation_token=sandbox.confirmation_token(card)),
        shown_cents=bill.change.total_cents,
        today=TODAY,
    )


LEAVES_EARLIER = f"the deck leaves on {words(day(7))} instead of {words(day(8))}"


# --- a cart -----------------------------------------------------------------------------------------------


def test_the_days_that_the_page_showed_are_booked(sandbox):
    order = cart()
    days = shown(order)

    assert pay_cart(order, sandbox, days).done

    assert shown(Order.objects.get(status=Status.OPEN)) == days


def test_days_that_moved_before_the_button_was_pressed_are_told_and_nothing_is_held(sandbox):
    order = cart()
    days = shown(order)
    close(day(9))

    with pytest.raises(CheckoutError) as caught:
        pay_cart(order, sandbox, days)

    assert LEAVES_EARLIER in str(caught.value)
    assert "back by" not in str(caught.value)  # that one stays
    assert caught.value.step == "payment"
    assert not PaymentAttempt.objects.exists()


def test_the_page_sends_the_days_that_it_shows_and_shows_those_that_have_moved(sandbox):
    order = cart()
    browser = browser_of(order)
    days, address = " ".join(shown(order)), reverse("orders:payment")
    assert f'data-days="{days}"' in browser.get(address).content.decode()
    close(day(9))

    answered = browser.post(
        address,
        {
            "confirmation_token": sandbox.confirmation_token("pm_card_visa"),
            "total_cents": quote_of(order, lines_of(order)).total_cents,
            "days": days,
        },
    )

    assert answered.json() == {"status": "done", "url": address}
    anew = browser.get(address)
    assert any(LEAVES_EARLIER in message for message in messages_of(anew))
    assert f'data-days="{" ".join(shown(order))}"' in anew.content.decode()
    assert not PaymentAttempt.objects.exists()


@pytest.mark.parametrize("days", ["tomorrow", "2026-01-01", "2026-99-99 " * 4, "2026-01-01\t" * 5])
def test_days_that_no_page_shows_are_refused_and_nothing_is_held(sandbox, days):
    order = cart()

    answered = browser_of(order).post(
        reverse("orders:payment"),
        {"confirmation_token": "ctoken_1", "total_cents": "900", "days": days},
    )

    assert answered.status_code == 422
    assert not PaymentAttempt.objects.exists()


def test_a_day_that_closes_while_the_bank_asks_books_nothing_and_the_cart_can_be_paid_with_the_new_days(
    sandbox,
):
    order = cart()
    pay_cart(order, sandbox, shown(order), THREE_D_SECURE)
    close(day(9))
    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)

    with pytest.raises(CheckoutError) as caught:
        submission.check_payment(bill=CartBill(order), today=TODAY)

    assert LEAVES_EARLIER in str(caught.value)
    payments.void_released_payments()
    order.refresh_from_db()
    assert order.status == Status.CART
    assert held_at_the_bank(order, sandbox) == []
    assert not Reservation.objects.exists()
    assert pay_cart(order, sandbox, shown(order)).done
    order.refresh_from_db()
    assert (order.status, order.out_on) == (Status.OPEN, day(7))


def test_where_the_webhook_was_first_the_page_tells_which_days_have_moved(sandbox):
    order = cart()
    browser = browser_of(order)
    pay_cart(order, sandbox, shown(order), THREE_D_SECURE)
    close(day(9))
    for event in answer_the_bank(attempts_of(order)[-1].intent_id, sandbox):
        assert deliver(event, sandbox).status_code == 200
    payments.void_released_payments()

    told = browser.post(reverse("orders:payment_status")).json()

    assert LEAVES_EARLIER in told["message"]
    assert Order.objects.get(pk=order.pk).status == Status.CART
    assert held_at_the_bank(order, sandbox) == []


def test_days_that_are_chosen_in_another_tab_while_the_bank_asks_are_not_booked_unseen(sandbox):
    order = cart()
    pay_cart(order, sandbox, shown(order), THREE_D_SECURE)
    browser_of(order).post(reverse("orders:start_on"), {"first_day": day(20).isoformat()})
    assert Order.objects.get(pk=order.pk).first_day == day(20)
    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)

    with pytest.raises(CheckoutError, match=f"yours from {words(day(20))} instead of {words(day(10))}"):
        submission.check_payment(bill=CartBill(order), today=TODAY)


# --- a change ---------------------------------------------------------------------------------------------


def moved_order(sandbox: Sandbox) -> tuple[Order, OrderChange, date]:
    """An order, a change to other days and a day more, and the day on which it would leave then."""
    order = open_order(sandbox, cards={stocked_card(9, value_cents=10_000): 3})
    order.refresh_from_db()
    wanted = Wanted(
        first_day=order.first_day + timedelta(days=20), last_day=order.last_day + timedelta(days=21)
    )
    change = asked_for(order, wanted)
    return order, change, date.fromisoformat(change.days[0])


def test_a_day_that_closes_while_the_bank_asks_fails_the_change_and_tells_which_days_moved(sandbox):
    order, change, leaves = moved_order(sandbox)
    before, held = shown(order), order.total_cents
    pay(ChangeBill(change), sandbox)
    close(leaves)
    mail.outbox.clear()
    answer_the_bank(attempts_of(order)[-1].intent_id, sandbox)

    submission.check_payment(bill=ChangeBill(change), today=TODAY)

    change.refresh_from_db()
    earlier = f"leaves on {words(leaves - timedelta(days=1))} instead of {words(leaves)}"
    assert change.status == OrderChange.Status.FAILED
    assert earlier in change.why
    assert earlier in mail.outbox[0].body
    payments.void_released_payments()
    assert shown(Order.objects.get(pk=order.pk)) == before
    assert held_at_the_bank(order, sandbox) == [held]
    assert violations(today=TODAY) == []


def test_a_day_that_closes_before_a_change_is_paid_for_is_named(sandbox):
    _, change, leaves = moved_order(sandbox)
    close(leaves)

    with pytest.raises(CheckoutError, match=f"instead of {words(leaves)}"):
        pay(ChangeBill(change), sandbox)

    assert change.attempts.count() == 0


# --- a deck that is kept longer ---------------------------------------------------------------------------


def test_a_day_that_closes_while_the_bank_asks_gives_the_money_for_a_longer_stay_back(sandbox):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    due = date.fromisoformat(change.days[3])
    pay(ExtensionBill(change), sandbox)
    close(due)
    answer_the_bank(change.attempts.get().intent_id, sandbox)

    submission.check_payment(bill=ExtensionBill(change), today=TODAY)

    change.refresh_from_db()
    assert change.status == OrderChange.Status.FAILED
    assert f"back by {words(due + timedelta(days=1))} instead of {words(due)}" in change.why
    refund = Refund.objects.get(payment__kind=Payment.Kind.EXTENSION)
    assert (refund.amount_cents, refund.status) == (change.total_cents, Refund.Status.SUCCEEDED)
    assert Order.objects.get(pk=order.pk).last_day == day(2)
    assert violations(today=TODAY) == []


def test_another_day_to_be_back_by_than_was_shown_is_shown_before_it_is_confirmed(sandbox):
    order, _ = out_order(sandbox)
    browser, address = browser_of(order), reverse("orders:extend", args=[order.number])
    form = browser.get(address).context["form"].initial
    look = browser.post(address, {"seen": form["seen"], "last_day": day(4)}).context["look"]
    close(look.due_on)

    again = browser.post(
        address,
        {
            "seen": form["seen"],
            "last_day": day(4),
            "shown_cents": look.cents,
            "shown_due": look.due_on,
            "confirm": "1",
        },
    )

    assert again.context["look"].due_on > look.due_on
    assert any("not what you looked at" in message for message in messages_of(again))
    assert not OrderChange.objects.exists()


def test_what_was_asked_for_before_days_were_written_down_is_booked_as_before(sandbox):
    order, change, _ = moved_order(sandbox)
    OrderChange.objects.update(days=[])
    change.refresh_from_db()

    pay(ChangeBill(change), sandbox, "pm_card_visa")

    change.refresh_from_db()
    assert change.status == OrderChange.Status.APPLIED
    assert Payment.objects.live().get(order=order).status == PaymentStatus.AUTHORIZED
