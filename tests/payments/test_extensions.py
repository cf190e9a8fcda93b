"""A deck that is out is kept longer: the further days are shown, paid at that moment, and promised; or given back."""

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse

from inventory.models import Card, Reservation
from orders import extensions, payments, submission
from orders.bills import CardGiven
from orders.books import violations
from orders.change_bill import ExtensionBill
from orders.change_forms import seen_of
from orders.change_plan import ChangeError, ChangeIsShort
from orders.changes import keep_longer
from orders.checkout import CheckoutError
from orders.emails import order_link
from orders.fees import agreed_limits, charge_fee, fee_limits
from orders.fulfilment import check_in, dispatch
from orders.lines import lines_of
from orders.models import Order, OrderChange, Payment, PaymentStatus, Refund
from orders.order_money import money_words
from orders.payment_timeline import What, payment_timeline
from orders.pricing import tax_of
from orders.receipt import receipt_of
from orders.reconciliation import reconcile
from orders.transitions import SYSTEM, customer, staff
from tests.factories import TODAY, StaffFactory, cart_with, dispatched, placed, stocked_card
from tests.orders.changes_asked_for import extension_asked_for
from tests.orders.test_checkout import submit
from tests.orders.test_views import browser_of, messages_of
from tests.orders.test_webhooks import answer_the_bank, deliver
from tests.payments.holds import later, now
from tests.racing import at_the_same_moment, once_after
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

DECLINED, THREE_D_SECURE = "pm_card_chargeDeclined", "pm_card_threeDSecure2Required"
COPIES, VALUE_CENTS = 3, 10_000  # a day of such a deck: 3 x 100 cents, and 57 cents of tax


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def out_order(sandbox: Sandbox, *, owned: int = 4, days: int = 3) -> tuple[Order, Card]:
    """A deck that left today, for so many days, its money taken."""
    card = stocked_card(owned, value_cents=VALUE_CENTS)
    cart = cart_with({card: COPIES}, first_day=TODAY, days=days)
    submit(cart, sandbox, TODAY)
    return dispatch(order=Order.objects.get(pk=cart.pk), by=SYSTEM, today=TODAY), card


def late(order: Order, *, days: int) -> Order:
    """The order, its days so long ago that it is that many days overdue."""
    ago = order.due_on - day(-days)
    for name in ("first_day", "last_day", "out_on", "due_on", "back_on"):
        setattr(order, name, getattr(order, name) - ago)
    order.save()
    Reservation.objects.filter(claim=order.claim).update(out_on=order.out_on, back_on=order.back_on)
    return order


def pay(change: OrderChange, sandbox: Sandbox, card: str = "pm_card_visa") -> submission.Submitted:
    return submission.pay(
        bill=ExtensionBill(change),
        given=CardGiven(confirmation_token=sandbox.confirmation_token(card)),
        shown_cents=change.total_cents,
        today=TODAY,
    )


def paid_for(order: Order) -> Payment:
    return Payment.objects.get(order=order, kind=Payment.Kind.EXTENSION)


def last_day_of(order: Order) -> date:
    return Order.objects.get(pk=order.pk).last_day


def check_given_back(change: OrderChange) -> None:
    change.refresh_from_db()
    assert change.status == OrderChange.Status.FAILED
    refund = Refund.objects.get(payment__order=change.order)
    assert (refund.amount_cents, refund.status) == (change.total_cents, Refund.Status.SUCCEEDED)
    assert payments.refundable_cents(paid_for(change.order)) == 0
    assert violations(today=TODAY) == []


# --- price ------------------------------------------------------------------------------------------------


def test_a_further_day_costs_what_a_day_of_the_order_costs_with_its_tax(sandbox, settings):
    settings.TAX_BASIS_POINTS = 700  # by now; the order's own stays
    order, card = out_order(sandbox)
    Order.objects.filter(pk=order.pk).update(tax_basis_points=1900)
    card.printings.update(value_cents=90_000)  # dearer by now

    looked = extensions.look_at_extension(order=order, last_day=day(4), today=TODAY)

    assert looked.days == 2
    assert looked.cents == 2 * 300 + tax_of(600, 1900)
    assert looked.tax_cents == tax_of(600, 1900)


def test_what_is_back_already_costs_nothing_more(sandbox):
    order, card = out_order(sandbox)
    check_in(order=order, copies={card.pk: 1}, by=SYSTEM, today=TODAY)

    looked = extensions.look_at_extension(order=order, last_day=day(3), today=TODAY)

    assert looked.cents == 200 + tax_of(200, order.tax_basis_points)


def test_days_that_the_least_that_an_order_costs_covers_cost_nothing_and_are_kept_at_once(settings):
    settings.ORDER_MINIMUM_CENTS = 50_000
    order = dispatched({stocked_card(4): 1}, days=3)
    looked = extensions.look_at_extension(order=order, last_day=day(4), today=TODAY)

    kept = extensions.confirm_extension(
        order=order,
        last_day=day(4),
        shown_cents=0,
        seen=seen_of(order, lines_of(order)),
        by=customer(),
        today=TODAY,
    )

    assert looked.cents == 0
    assert isinstance(kept, Order)
    assert last_day_of(order) == day(4)


def test_what_is_left_of_the_least_that_an_order_costs_pays_first_though_a_part_is_back(sandbox, settings):
    settings.ORDER_MINIMUM_CENTS = 1_000  # three days of three copies come to 900
    order, card = out_order(sandbox)
    check_in(order=order, copies={card.pk: 2}, by=SYSTEM, today=TODAY)

    looked = extensions.look_at_extension(order=order, last_day=day(5), today=TODAY)

    assert looked.cents == 200 + tax_of(200, order.tax_basis_points)


def test_what_an_order_cost_by_itself_pays_for_no_further_days_of_what_is_still_out(sandbox, settings):
    settings.ORDER_MINIMUM_CENTS = 800
    order, card = out_order(sandbox)  # 900
    check_in(order=order, copies={card.pk: 2}, by=SYSTEM, today=TODAY)

    looked = extensions.look_at_extension(order=order, last_day=day(4), today=TODAY)

    assert looked.cents == 200 + tax_of(200, order.tax_basis_points)


def test_less_than_a_card_can_be_charged_is_raised_to_that(settings):
    settings.ORDER_MINIMUM_CENTS = 0
    order = dispatched({stocked_card(4, value_cents=1): 1}, days=3)

    looked = extensions.look_at_extension(order=order, last_day=day(3), today=TODAY)

    assert (looked.cents, looked.raised) == (50, True)


# --- paid, and kept ---------------------------------------------------------------------------------------


def test_it_is_charged_apart_and_the_deck_is_kept(sandbox):
    order, _ = out_order(sandbox)
    before = Payment.objects.get(order=order).captured_cents
    change = extension_asked_for(order, day(4))

    assert pay(change, sandbox).done

    change.refresh_from_db()
    assert change.status == OrderChange.Status.APPLIED
    assert last_day_of(order) == day(4)
    assert Reservation.objects.get(claim=order.claim).back_on == day(5)
    payment = paid_for(order)
    assert (payment.status, payment.captured_cents) == (PaymentStatus.CAPTURED, change.total_cents)
    assert Payment.objects.get(order=order, kind=Payment.Kind.ORDER).captured_cents == before
    assert order.events.latest("pk").actor == "customer"
    assert violations(today=TODAY) == []


def test_nothing_is_charged_and_nothing_kept_before_it_is_paid(sandbox):
    order, _ = out_order(sandbox)

    extension_asked_for(order, day(4))

    assert last_day_of(order) == day(2)
    assert Payment.objects.filter(order=order).count() == 1


def test_the_customer_is_told_with_what_was_charged_and_a_link(sandbox):
    order, _ = out_order(sandbox)
    mail.outbox.clear()

    pay(extension_asked_for(order, day(4)), sandbox)

    (letter,) = mail.outbox
    assert order.number in letter.subject
    assert "we have charged 7.14" in letter.body.replace("€", "").replace("  ", " ")
    assert "/orders/link/" in letter.body


def test_the_receipt_lists_it_with_its_tax_and_adds_up(sandbox):
    order, _ = out_order(sandbox)
    total = Payment.objects.get(order=order).captured_cents
    change = extension_asked_for(order, day(4))
    pay(change, sandbox)

    receipt = receipt_of(Order.objects.get(pk=order.pk), today=TODAY)

    (extension,) = receipt.extensions
    assert (extension.cents, extension.tax_cents) == (change.total_cents, tax_of(600, order.tax_basis_points))
    assert receipt.fees == []
    assert receipt.paid_cents == total + change.total_cents


def test_a_paid_extension_is_no_fee_and_uses_no_limit_of_fees_up(sandbox):
    order, _ = out_order(sandbox)
    before = agreed_limits(order)

    pay(extension_asked_for(order, day(4)), sandbox)

    order.refresh_from_db()
    limits = fee_limits(order, TODAY)
    assert agreed_limits(order) == before
    assert (limits.late_charged_cents, limits.harm_charged_cents) == (0, 0)


# --- the bank ---------------------------------------------------------------------------------------------


def test_a_declined_card_keeps_nothing_and_another_one_pays(sandbox):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))

    declined = pay(change, sandbox, DECLINED)

    assert declined.status == PaymentStatus.FAILED
    assert last_day_of(order) == day(2)
    assert pay(change, sandbox).done
    assert last_day_of(order) == day(4)
    assert Payment.objects.filter(order=order, kind=Payment.Kind.EXTENSION).count() == 1


def test_the_bank_may_ask_and_the_webhook_may_come_first(sandbox):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    assert pay(change, sandbox, THREE_D_SECURE).status == PaymentStatus.ACTION_REQUIRED
    assert last_day_of(order) == day(2)

    for event in answer_the_bank(change.attempts.get().intent_id, sandbox):
        assert deliver(event, sandbox).status_code == 200

    assert last_day_of(order) == day(4)
    assert submission.check_payment(bill=ExtensionBill(change), today=TODAY).done
    assert order.events.filter(reason__contains="kept until").count() == 1


def test_a_closed_dialog_can_be_begun_anew_and_is_charged_once(sandbox):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    pay(change, sandbox, THREE_D_SECURE)

    assert pay(change, sandbox).done

    statuses = sorted(change.attempts.values_list("status", flat=True))
    assert statuses == [PaymentStatus.CAPTURED, PaymentStatus.VOIDED]


def test_a_dialog_that_is_left_is_cancelled_and_the_days_can_still_be_paid(sandbox):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    pay(change, sandbox, THREE_D_SECURE)
    change.attempts.update(created_at=later(hours=-2))

    payments.void_released_payments()

    assert change.attempts.get().status == PaymentStatus.VOIDED
    assert pay(change, sandbox).done
    assert last_day_of(order) == day(4)


def test_a_double_click_is_charged_once(sandbox):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    token = sandbox.confirmation_token("pm_card_visa")

    def click() -> submission.Submitted:
        return submission.pay(
            bill=ExtensionBill(OrderChange.objects.get(pk=change.pk)),
            given=CardGiven(confirmation_token=token),
            shown_cents=change.total_cents,
            today=TODAY,
        )

    at_the_same_moment(click, click)

    assert paid_for(order).captured_cents == change.total_cents
    assert change.attempts.filter(status=PaymentStatus.CAPTURED).count() == 1
    assert last_day_of(order) == day(4)


# --- meanwhile --------------------------------------------------------------------------------------------


def test_who_was_promised_the_cards_is_not_hurt_and_nothing_is_charged(sandbox):
    order, card = out_order(sandbox)
    placed({card: 2}, first_day=day(4), days=2)

    looked = extensions.look_at_extension(order=order, last_day=day(4), today=TODAY)

    assert not looked.possible
    assert extensions.latest_free_day(order=order, today=TODAY) == day(3)
    with pytest.raises(ChangeIsShort, match="Others were promised these cards"):
        extension_asked_for(order, day(4))


def test_who_waits_for_the_cards_is_not_hurt_either(sandbox):
    order, card = out_order(sandbox)
    placed({card: 5}, first_day=day(4), days=2)  # more than there are: it waits

    assert not extensions.look_at_extension(order=order, last_day=day(4), today=TODAY).possible


def test_what_was_charged_goes_back_where_somebody_was_promised_the_cards_meanwhile(sandbox):
    order, card = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    pay(change, sandbox, THREE_D_SECURE)
    placed({card: 2}, first_day=day(4), days=2)
    mail.outbox.clear()
    answer_the_bank(change.attempts.get().intent_id, sandbox)

    submission.check_payment(bill=ExtensionBill(change), today=TODAY)

    assert last_day_of(order) == day(2)
    check_given_back(change)
    assert money_words([order]) == {order.pk: "charged"}
    (letter,) = [one for one in mail.outbox if one.subject.startswith("Your deck cannot be kept longer")]
    assert "Others were promised these cards" in letter.body
    assert "ake fewer cards" not in letter.body
    assert "change it once more" not in letter.body


def test_somebody_who_comes_between_check_and_charge_keeps_what_they_were_promised(sandbox, monkeypatch):
    order, card = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    once_after(monkeypatch, submission, "_begin_attempt", lambda: placed({card: 2}, first_day=day(4), days=2))

    pay(change, sandbox)

    assert last_day_of(order) == day(2)
    check_given_back(change)


def test_a_deck_that_comes_back_while_the_bank_asks_is_not_kept_and_the_money_goes_back(sandbox):
    order, card = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    pay(change, sandbox, THREE_D_SECURE)
    check_in(order=order, copies={card.pk: COPIES}, by=SYSTEM, today=TODAY)
    answer_the_bank(change.attempts.get().intent_id, sandbox)

    submission.check_payment(bill=ExtensionBill(change), today=TODAY)

    assert Order.objects.get(pk=order.pk).status == "returned"
    check_given_back(change)


def test_what_comes_back_while_the_bank_asks_is_not_paid_for(sandbox):
    order, card = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    pay(change, sandbox, THREE_D_SECURE)
    check_in(order=order, copies={card.pk: 2}, by=SYSTEM, today=TODAY)
    answer_the_bank(change.attempts.get().intent_id, sandbox)

    submission.check_payment(bill=ExtensionBill(change), today=TODAY)

    assert last_day_of(order) == day(2)
    check_given_back(change)


def test_two_tabs_that_pay_for_different_days_keep_one_and_give_the_other_back(sandbox):
    order, _ = out_order(sandbox)
    one, two = extension_asked_for(order, day(4)), extension_asked_for(order, day(5))
    pay(one, sandbox)

    with pytest.raises(CheckoutError, match="was changed"):
        pay(two, sandbox)

    assert last_day_of(order) == day(4)
    assert Payment.objects.filter(kind=Payment.Kind.EXTENSION).count() == 1


def test_staff_who_let_it_be_kept_while_the_bank_asks_win_and_the_money_goes_back(sandbox):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    pay(change, sandbox, THREE_D_SECURE)
    keep_longer(order=order, last_day=day(6), by=SYSTEM, today=TODAY)
    answer_the_bank(change.attempts.get().intent_id, sandbox)

    submission.check_payment(bill=ExtensionBill(change), today=TODAY)

    assert last_day_of(order) == day(6)
    check_given_back(change)


def test_further_days_are_paid_for_at_their_own_address_and_at_no_other(sandbox):
    order, _ = out_order(sandbox)
    browser, change = browser_of(order), extension_asked_for(order, day(4))

    for name in ("pay_change", "pay_change_status"):
        assert browser.post(reverse(f"orders:{name}", args=[order.number, change.pk])).status_code == 404


# --- at the desk ------------------------------------------------------------------------------------------


def test_further_days_that_are_not_paid_are_no_fee_at_the_desk(sandbox):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    pay(change, sandbox, DECLINED)

    shown = payment_timeline(order)

    assert What.FEE not in [entry.what for entry in shown.entries]
    assert shown.entries[-1].title.endswith("(kept longer)")  # that it was tried is told
    assert shown.summary.owed_cents == 0


def test_further_days_that_are_paid_are_told_at_the_desk_with_their_last_day(sandbox):
    order, _ = out_order(sandbox)
    pay(extension_asked_for(order, day(4)), sandbox)

    charged = payment_timeline(order).entries[-1]

    assert charged.what == What.CAPTURE
    assert charged.says.startswith(f"Kept longer until {day(4):%-d %B %Y}, 2 days more.")


# --- a crash ----------------------------------------------------------------------------------------------


def crash_after_the_call(monkeypatch, change: OrderChange, sandbox: Sandbox) -> None:
    def die(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("orders.payments.attempts.book", die)
        with pytest.raises(KeyboardInterrupt):
            pay(change, sandbox)


def test_after_a_crash_between_charge_and_keeping_reconciliation_keeps_it(sandbox, monkeypatch):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    crash_after_the_call(monkeypatch, change, sandbox)

    reconcile(now=later(hours=1))

    assert last_day_of(order) == day(4)
    assert paid_for(order).captured_cents == change.total_cents
    assert violations(today=TODAY) == []


def test_after_a_crash_and_when_others_were_promised_the_cards_reconciliation_gives_it_back(
    sandbox, monkeypatch
):
    order, card = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    crash_after_the_call(monkeypatch, change, sandbox)
    placed({card: 2}, first_day=day(4), days=2)

    reconcile(now=later(hours=1))

    assert last_day_of(order) == day(2)
    check_given_back(change)


def test_money_that_was_charged_for_an_extension_that_failed_and_is_kept_is_found_by_the_books(sandbox):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    pay(change, sandbox)
    OrderChange.objects.filter(pk=change.pk).update(status="failed")

    (found,) = violations(today=TODAY)

    assert "kept longer" in found


# --- late, and as long as it goes -------------------------------------------------------------------------


def test_a_late_deck_can_be_kept_longer_where_it_is_free_and_late_days_begin_with_the_new_day(sandbox):
    order, _ = out_order(sandbox)
    order = late(order, days=2)

    pay(extension_asked_for(order, day(3)), sandbox)

    order.refresh_from_db()
    assert order.last_day == day(3)
    assert fee_limits(order, TODAY).late_days == 0
    assert fee_limits(order, order.due_on + timedelta(days=1)).late_days == 1


def charge_late_fee(order: Order) -> Payment:
    return charge_fee(
        fee_id=uuid.uuid4(),
        order=order,
        kind=Payment.Kind.LATE,
        amount_cents=fee_limits(order, TODAY).late_left_cents,
        reason="Late",
        by=staff(StaffFactory()),
        today=TODAY,
    )


def test_days_that_a_late_fee_was_charged_for_are_not_paid_again_as_rent(sandbox):
    order, _ = out_order(sandbox)
    order = late(order, days=3)
    fee = charge_late_fee(order)

    looked = extensions.look_at_extension(order=order, last_day=day(1), today=TODAY)

    assert fee.status == PaymentStatus.CAPTURED
    assert (looked.days, looked.settled_days) == (4, 3)
    assert looked.cents == 300 + tax_of(300, order.tax_basis_points)


def test_a_late_fee_that_was_given_up_settles_no_days(sandbox):
    order, _ = out_order(sandbox)
    order = late(order, days=3)
    fee = charge_late_fee(order)
    Payment.objects.filter(pk=fee.pk).update(
        status=PaymentStatus.FAILED, captured_cents=0, captured_at=None, released_at=now()
    )

    looked = extensions.look_at_extension(order=order, last_day=day(1), today=TODAY)

    assert looked.settled_days == 0


def test_late_days_after_a_paid_extension_can_be_charged_though_earlier_ones_were(sandbox):
    order, _ = out_order(sandbox)
    order = late(order, days=3)
    charge_late_fee(order)

    pay(extension_asked_for(order, day(1)), sandbox)

    order.refresh_from_db()
    limits = fee_limits(order, order.due_on + timedelta(days=3))
    assert limits.late_days == 3
    assert limits.late_left_cents == 3 * limits.late_day_cents
    most = fee_limits(order, order.due_on + timedelta(days=60))
    assert most.late_left_cents == (28 - 3) * limits.late_day_cents


@pytest.mark.parametrize("offset", [-1, 2, 27, 28, 400, 2_000])
def test_the_day_has_to_lie_ahead_within_what_the_shop_rents_for(sandbox, settings, offset: int):
    settings.RENTAL_MAX_DAYS = 28
    order, _ = out_order(sandbox)

    if offset == 27:
        assert extensions.look_at_extension(order=order, last_day=day(offset), today=TODAY).possible
    else:
        with pytest.raises(ChangeError):
            extensions.look_at_extension(order=order, last_day=day(offset), today=TODAY)


# --- the pages --------------------------------------------------------------------------------------------


def test_the_pages_lead_from_the_order_to_a_deck_that_is_kept(sandbox):
    order, _ = out_order(sandbox)
    browser, extend = browser_of(order), reverse("orders:extend", args=[order.number])
    assert extend in browser.get(order.get_absolute_url()).content.decode()
    seen = seen_of(order, lines_of(order))

    looked = browser.post(extend, {"last_day": day(4), "seen": seen})
    confirmed = browser.post(extend, {"last_day": day(4), "seen": seen, "shown_cents": 714, "confirm": "1"})
    paying = browser.get(confirmed.url)
    paid = browser.post(
        confirmed.url, {"confirmation_token": sandbox.confirmation_token("pm_card_visa"), "total_cents": 714}
    )

    assert "7.14" in looked.content.decode()
    assert 'data-total-cents="714"' in paying.content.decode()
    assert paid.json() == {"status": "done", "url": order.get_absolute_url()}
    assert last_day_of(order) == day(4)
    assert 'id="extensions"' in browser.get(order.get_absolute_url()).content.decode()
    assert browser.get(confirmed.url).status_code == 302


def test_looking_changes_nothing_and_says_until_when_at_most(sandbox):
    order, card = out_order(sandbox)
    placed({card: 2}, first_day=day(4), days=2)
    browser = browser_of(order)

    looked = browser.post(
        reverse("orders:extend", args=[order.number]),
        {"last_day": day(5), "seen": seen_of(order, lines_of(order))},
    )

    said = looked.content.decode()
    assert 'data-outcome="refused"' in said
    assert f'name="last_day" value="{day(3).isoformat()}"' in said
    assert 'id="confirm"' not in said
    assert last_day_of(order) == day(2)
    assert not OrderChange.objects.exists()


def test_a_signed_link_is_enough_and_a_stranger_finds_nothing(client, sandbox):
    order, _ = out_order(sandbox)
    extend = reverse("orders:extend", args=[order.number])
    assert client.get(extend).status_code == 404
    link = order_link(order)

    client.get(link[link.index("/orders/") :])

    assert client.get(extend).status_code == 200


@pytest.mark.parametrize(
    "said", [{}, {"last_day": "soon"}, {"last_day": "9999-12-31"}, {"last_day": "a\x00"}]
)
def test_nonsense_is_answered_and_changes_nothing(sandbox, said: dict[str, str]):
    order, _ = out_order(sandbox)

    answered = browser_of(order).post(
        reverse("orders:extend", args=[order.number]),
        {"seen": seen_of(order, lines_of(order)), "confirm": "1", **said},
    )

    assert answered.status_code == 422
    assert last_day_of(order) == day(2)


def test_what_has_not_left_is_changed_instead(sandbox):
    order = placed({stocked_card(4): 1})

    shown = browser_of(order).get(reverse("orders:extend", args=[order.number]))

    assert shown.status_code == 302
    assert any("only a deck that is out" in said for said in messages_of(shown))


def test_an_extension_is_not_paid_as_a_fee(sandbox):
    order, _ = out_order(sandbox)
    change = extension_asked_for(order, day(4))
    pay(change, sandbox, DECLINED)

    url = reverse("orders:pay_again_fee", args=[order.number, paid_for(order).pk])

    assert browser_of(order).get(url).status_code == 404
    assert 'id="fees"' not in browser_of(order).get(order.get_absolute_url()).content.decode()
