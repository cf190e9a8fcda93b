"""Paying for what is ordered already: an order whose hold has ended or ends soon, and a fee; also by a link."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import Reservation
from inventory.money import format_cents
from inventory.stock import receive_stock
from orders import payments, submission
from orders import stripe_gateway as gateway
from orders.bills import CardGiven, FeeBill, HeldAgain, NothingOwed, owed_for
from orders.cancellation import cancel
from orders.checkout import CheckoutError, accept_shortfall
from orders.models import Order, Payment, PaymentAttempt, PaymentStatus
from orders.pay_again import pay_link
from orders.states import Status
from orders.transitions import customer
from tests.factories import TODAY, StaffFactory, UserFactory, cart_with, stocked_card
from tests.orders.test_checkout import confirming_order, submit
from tests.orders.test_views import browser_of, messages_of
from tests.orders.test_webhooks import answer_the_bank, deliver
from tests.racing import at_the_same_moment, once_after
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

DECLINED, THREE_D_SECURE = "pm_card_chargeDeclined", "pm_card_threeDSecure2Required"


def open_order(sandbox: Sandbox, **fields: Any) -> Order:
    order = cart_with({stocked_card(4): 4}, **fields)
    submit(order, sandbox, TODAY)
    order.refresh_from_db()
    assert order.status == Status.OPEN
    return order


def end_the_hold(order: Order) -> None:
    """The bank ends the hold early, and the books know."""
    attempt = Payment.objects.live().get(order=order).attempts.latest("sequence")
    gateway.cancel(attempt.intent_id)
    payments.sync_intent(attempt.intent_id)


def without_a_hold(sandbox: Sandbox, **fields: Any) -> Order:
    order = open_order(sandbox, **fields)
    end_the_hold(order)
    order.refresh_from_db()
    return order


@pytest.fixture
def holds_end_soon(settings) -> None:
    """Stripe's holds of a week are too short for this shop."""
    settings.RENEW_BEFORE_HOURS = 8 * 24


def held_for_long(sandbox: Sandbox) -> Order:
    """An open order; more than half of its hold is over."""
    order = open_order(sandbox)
    begun = timezone.now() - timedelta(days=8)
    PaymentAttempt.objects.filter(payment__order=order).update(created_at=begun)
    return order


def unpaid_fee(order: Order, *, amount_cents: int = 500) -> Payment:
    return Payment.objects.create(
        order=order,
        kind=Payment.Kind.LATE,
        amount_cents=amount_cents,
        currency="eur",
        status=PaymentStatus.FAILED,
        reason="Two days late.",
        requested_by=StaffFactory(),
    )


def hold_again(order: Order, sandbox: Sandbox, card: str = "pm_card_visa") -> submission.Submitted:
    assert order.total_cents
    given = CardGiven(confirmation_token=sandbox.confirmation_token(card))
    bill = HeldAgain(Order.objects.get(pk=order.pk))
    return submission.pay(bill=bill, given=given, shown_cents=order.total_cents, today=TODAY)


def pay_fee(fee: Payment, sandbox: Sandbox, card: str = "pm_card_visa") -> submission.Submitted:
    tokens = sandbox.client.v1.test_helpers.confirmation_tokens
    given = CardGiven(confirmation_token=tokens.create({"payment_method": card}).id)
    bill = FeeBill(Payment.objects.select_related("order").get(pk=fee.pk))
    return submission.pay(bill=bill, given=given, shown_cents=fee.amount_cents, today=TODAY)


def held_at_stripe(order: Order, sandbox: Sandbox) -> list[str]:
    """The intents that hold money of this order, or may come to."""
    attempts = PaymentAttempt.objects.filter(payment__order=order).exclude(intent_id=None)
    intents = [sandbox.client.v1.payment_intents.retrieve(attempt.intent_id) for attempt in attempts]
    return [
        intent.id
        for intent in intents
        if intent.status in ("requires_action", "requires_capture", "succeeded")
    ]


def post(client: Client, address: str, **form: Any):
    return client.post(address, form).json()


# --- an order whose hold has ended ------------------------------------------------------------------------


def test_an_open_order_is_held_again_and_stays_open(sandbox):
    order = without_a_hold(sandbox)

    submitted = hold_again(order, sandbox)

    order.refresh_from_db()
    assert submitted.done
    assert order.status == Status.OPEN
    assert payments.is_held(order)
    assert len(held_at_stripe(order, sandbox)) == 1
    assert Reservation.objects.get(claim=order.claim).state == "firm"


def test_a_pending_order_keeps_its_place_when_it_is_held_again(sandbox, today):
    _, order, _ = confirming_order(sandbox, today)
    order = accept_shortfall(order=order, by=customer(), today=today)
    place = order.queued_at
    end_the_hold(order)

    hold_again(order, sandbox)

    order.refresh_from_db()
    assert (order.status, order.queued_at) == (Status.PENDING, place)


def test_a_pending_order_that_waited_for_its_hold_alone_opens_when_it_is_held_again(sandbox, today):
    _, order, card = confirming_order(sandbox, today)
    order = accept_shortfall(order=order, by=customer(), today=today)
    end_the_hold(order)
    receive_stock(printing=card.printings.get(), quantity=4, by=None, effective_on=today)
    order.refresh_from_db()
    assert order.status == Status.PENDING

    hold_again(order, sandbox)

    order.refresh_from_db()
    assert order.status == Status.OPEN


def test_a_webhook_that_tells_of_the_new_hold_first_opens_the_pending_order_too(sandbox, today):
    _, order, card = confirming_order(sandbox, today)
    order = accept_shortfall(order=order, by=customer(), today=today)
    end_the_hold(order)
    receive_stock(printing=card.printings.get(), quantity=4, by=None, effective_on=today)
    assert hold_again(order, sandbox, THREE_D_SECURE).status == PaymentStatus.ACTION_REQUIRED
    attempt = Payment.objects.live().get(order=order).attempts.latest("sequence")

    for event in answer_the_bank(attempt.intent_id, sandbox):
        deliver(event, sandbox)

    order.refresh_from_db()
    assert order.status == Status.OPEN


def test_a_declined_card_keeps_the_order_and_a_second_card_holds_it(sandbox):
    order = without_a_hold(sandbox)

    declined = hold_again(order, sandbox, DECLINED)
    submitted = hold_again(order, sandbox)

    order.refresh_from_db()
    assert (declined.status, declined.done) == (PaymentStatus.FAILED, False)
    assert submitted.done
    assert order.status == Status.OPEN
    assert len(held_at_stripe(order, sandbox)) == 1


def test_a_dialog_that_was_closed_never_holds_a_second_time(sandbox):
    order = without_a_hold(sandbox)
    assert hold_again(order, sandbox, THREE_D_SECURE).status == PaymentStatus.ACTION_REQUIRED
    abandoned = Payment.objects.live().get(order=order).attempts.latest("sequence").intent_id

    submitted = hold_again(order, sandbox)

    assert submitted.done
    [held] = held_at_stripe(order, sandbox)
    assert held != abandoned
    assert payments.is_held(order)


def test_the_page_charges_no_other_amount_than_it_showed(sandbox):
    order = without_a_hold(sandbox)
    attempts = PaymentAttempt.objects.count()

    with pytest.raises(CheckoutError, match="total has changed"):
        submission.pay(
            bill=HeldAgain(order),
            given=CardGiven(confirmation_token=sandbox.confirmation_token()),
            shown_cents=order.total_cents - 1,
            today=TODAY,
        )

    assert PaymentAttempt.objects.count() == attempts


def test_two_tabs_at_the_same_moment_make_one_hold(sandbox):
    order = without_a_hold(sandbox)

    first, second = at_the_same_moment(lambda: hold_again(order, sandbox), lambda: hold_again(order, sandbox))

    assert first.done
    assert second.done
    assert len(held_at_stripe(order, sandbox)) == 1
    assert PaymentAttempt.objects.filter(payment__order=order).count() == 2  # the one that ended, and this


def test_of_two_tabs_the_second_gets_the_first_ones_answer(sandbox, monkeypatch):
    order = without_a_hold(sandbox)
    once_after(monkeypatch, submission, "_finish_earlier_attempt", lambda: hold_again(order, sandbox))

    submitted = hold_again(order, sandbox)

    assert submitted.done
    assert len(held_at_stripe(order, sandbox)) == 1


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_key(sandbox, monkeypatch):
    order = without_a_hold(sandbox)
    create = gateway.create_intent

    def create_and_lose_the_answer(**kwargs: Any) -> gateway.Intent:
        create(**kwargs)
        raise gateway.Unavailable("The line is dead.")

    with monkeypatch.context() as lost:
        lost.setattr(gateway, "create_intent", create_and_lose_the_answer)
        told = hold_again(order, sandbox)

    submitted = hold_again(order, sandbox)

    assert (told.status, told.done) == (PaymentStatus.PROCESSING, False)
    assert "Your order is kept" in told.message
    assert submitted.done
    assert len(held_at_stripe(order, sandbox)) == 1


# --- a hold that ends soon --------------------------------------------------------------------------------


@pytest.mark.usefixtures("holds_end_soon")
def test_a_hold_that_ends_soon_gives_way_to_the_new_one(sandbox):
    order = held_for_long(sandbox)
    [old] = held_at_stripe(order, sandbox)

    assert hold_again(order, sandbox).done

    [new] = held_at_stripe(order, sandbox)
    assert new != old
    assert payments.is_held(order)


def test_a_hold_that_stands_for_long_is_not_made_twice(sandbox):
    order = open_order(sandbox)

    submitted = hold_again(order, sandbox)

    assert submitted.done
    assert PaymentAttempt.objects.filter(payment__order=order).count() == 1


@pytest.mark.usefixtures("holds_end_soon")
def test_a_declined_card_leaves_the_hold_that_ends_soon(sandbox):
    order = held_for_long(sandbox)

    assert hold_again(order, sandbox, DECLINED).status == PaymentStatus.FAILED

    assert payments.is_held(order)
    assert len(held_at_stripe(order, sandbox)) == 1


@pytest.mark.usefixtures("holds_end_soon")
def test_the_bank_has_time_to_answer_although_the_old_hold_still_stands(sandbox):
    order = held_for_long(sandbox)
    [old] = held_at_stripe(order, sandbox)
    assert hold_again(order, sandbox, THREE_D_SECURE).status == PaymentStatus.ACTION_REQUIRED
    payments.void_released_payments()
    attempt = Payment.objects.live().get(order=order).attempts.latest("sequence")

    answer_the_bank(attempt.intent_id, sandbox)
    checked = submission.check_payment(bill=HeldAgain(order), today=TODAY)

    assert checked.done
    [held] = held_at_stripe(order, sandbox)
    assert held == attempt.intent_id != old


@pytest.mark.usefixtures("holds_end_soon")
def test_a_dialog_that_was_left_beside_a_hold_is_cancelled_an_hour_later(sandbox):
    order = held_for_long(sandbox)
    [old] = held_at_stripe(order, sandbox)
    hold_again(order, sandbox, THREE_D_SECURE)
    PaymentAttempt.objects.update(created_at=timezone.now() - timedelta(minutes=61))

    payments.void_released_payments()

    assert held_at_stripe(order, sandbox) == [old]
    assert payments.is_held(order)


# --- when nothing is owed ---------------------------------------------------------------------------------


def test_a_cancelled_order_is_not_held_again(sandbox):
    order = without_a_hold(sandbox)
    cancel(order=order, by=customer(), reason="changed my mind")

    submitted = hold_again(order, sandbox)

    assert submitted.done
    assert "cancelled" in submitted.message
    assert held_at_stripe(order, sandbox) == []


def test_an_order_whose_money_is_being_taken_is_not_held_again(sandbox):
    order = open_order(sandbox)
    Payment.objects.update(capture_begun_at=timezone.now())

    with pytest.raises(NothingOwed, match="paid"):
        owed_for(order, now=timezone.now())


# --- fees -------------------------------------------------------------------------------------------------


def test_a_fee_is_charged_at_once(sandbox):
    fee = unpaid_fee(open_order(sandbox))

    submitted = pay_fee(fee, sandbox)

    fee.refresh_from_db()
    assert submitted.done
    assert (fee.status, fee.captured_cents, fee.card_last4) == (PaymentStatus.CAPTURED, 500, "4242")
    intent = sandbox.client.v1.payment_intents.retrieve(fee.attempts.get().intent_id)
    assert (intent.status, intent.amount_received) == ("succeeded", 500)


def test_the_card_that_paid_a_fee_is_not_kept(sandbox):
    order = open_order(sandbox)
    customer_id = Payment.objects.get().customer.stripe_id
    kept = len(sandbox.client.v1.customers.payment_methods.list(customer_id).data)

    pay_fee(unpaid_fee(order), sandbox, "pm_card_mastercard")

    assert len(sandbox.client.v1.customers.payment_methods.list(customer_id).data) == kept


def test_a_fee_is_never_charged_twice(sandbox):
    fee = unpaid_fee(open_order(sandbox))

    at_the_same_moment(lambda: pay_fee(fee, sandbox), lambda: pay_fee(fee, sandbox))
    again = pay_fee(fee, sandbox)

    assert again.done
    assert fee.attempts.count() == 1


def test_a_fee_whose_dialog_was_closed_is_paid_by_another_card_once(sandbox):
    fee = unpaid_fee(open_order(sandbox))
    assert pay_fee(fee, sandbox, THREE_D_SECURE).status == PaymentStatus.ACTION_REQUIRED

    assert pay_fee(fee, sandbox).done

    paid = [
        sandbox.client.v1.payment_intents.retrieve(attempt.intent_id).status
        for attempt in fee.attempts.order_by("sequence")
    ]
    assert paid == ["canceled", "succeeded"]


def test_a_fee_that_the_bank_agrees_to_just_before_it_is_paid_again_is_paid_once(sandbox):
    fee = unpaid_fee(open_order(sandbox))
    pay_fee(fee, sandbox, THREE_D_SECURE)
    answer_the_bank(fee.attempts.get().intent_id, sandbox)

    assert pay_fee(fee, sandbox).done

    fee.refresh_from_db()
    assert (fee.attempts.count(), fee.captured_cents) == (1, 500)


def test_a_fee_that_the_shop_has_let_go_is_not_owed(sandbox):
    fee = unpaid_fee(open_order(sandbox))
    Payment.objects.filter(pk=fee.pk).update(released_at=timezone.now())

    submitted = pay_fee(fee, sandbox)

    assert submitted.done
    assert "does not ask for this any more" in submitted.message
    assert not fee.attempts.exists()


def test_a_charge_without_the_customer_that_got_no_answer_is_finished_before_they_pay(sandbox):
    order = open_order(sandbox)
    fee = unpaid_fee(order)
    payments.sync_intent(Payment.objects.get(kind="order").attempts.get().intent_id)
    attempt = payments.attempts.begin_charge(payment=fee, last=Payment.objects.get(kind="order"))
    gateway.create_intent(parameters=attempt.parameters, key=attempt.idempotency_key)  # the answer is lost

    assert pay_fee(fee, sandbox).done

    fee.refresh_from_db()
    assert (fee.status, fee.attempts.count()) == (PaymentStatus.CAPTURED, 1)


# --- the pages --------------------------------------------------------------------------------------------


def test_the_page_shows_what_is_to_be_held(sandbox):
    order = without_a_hold(sandbox)

    response = browser_of(order).get(reverse("orders:pay_again", args=[order.number]))

    assert f'data-total-cents="{order.total_cents}"' in response.content.decode()
    assert "keeps its cards and its place" in response.content.decode()


def test_the_page_shows_what_was_agreed_to_and_no_more(sandbox):
    order = without_a_hold(sandbox)
    line = order.order_cards.get()

    page = browser_of(order).get(reverse("orders:pay_again", args=[order.number])).content.decode()

    assert f'<b id="most-late-day">{format_cents(order.late_day_cents, "eur")}</b>' in page
    assert f'<b id="most-harm">{format_cents(line.quantity * line.value_cents, "eur")}</b>' in page


def test_the_page_of_a_fee_shows_amount_and_reason(sandbox):
    order = open_order(sandbox)
    fee = unpaid_fee(order)

    response = browser_of(order).get(reverse("orders:pay_again_fee", args=[order.number, fee.pk]))

    assert 'data-total-cents="500"' in response.content.decode()
    assert "Two days late." in response.content.decode()
    assert "data-charged" in response.content.decode()


def test_when_nothing_is_owed_the_page_says_so(sandbox):
    order = open_order(sandbox)

    response = browser_of(order).get(reverse("orders:pay_again", args=[order.number]))

    assert "Nothing is owed" in response.content.decode()
    assert "payment-element" not in response.content.decode()


def test_the_page_holds_the_total_and_leads_to_the_order(sandbox):
    order = without_a_hold(sandbox)
    browser = browser_of(order)
    address = reverse("orders:pay_again", args=[order.number])

    answer = post(
        browser, address, confirmation_token=sandbox.confirmation_token(), total_cents=order.total_cents
    )

    assert answer == {"status": "done", "url": order.get_absolute_url()}
    assert payments.is_held(order)
    assert "held on your card again" in messages_of(browser.get(order.get_absolute_url()))[0]


def test_the_page_that_is_asked_after_the_dialog_knows_that_it_is_done(sandbox):
    order = without_a_hold(sandbox)
    browser = browser_of(order)
    address = reverse("orders:pay_again", args=[order.number])
    token = sandbox.confirmation_token(THREE_D_SECURE)
    answer = post(browser, address, confirmation_token=token, total_cents=order.total_cents)
    assert (answer["status"], bool(answer["client_secret"])) == ("action_required", True)
    answer_the_bank(Payment.objects.live().get(order=order).attempts.latest("sequence").intent_id, sandbox)

    answer = post(browser, reverse("orders:pay_again_status", args=[order.number]))

    assert answer == {"status": "done", "url": order.get_absolute_url()}


@pytest.mark.parametrize("name", ["orders:pay_again", "orders:pay_again_status"])
def test_somebody_elses_order_cannot_be_paid(sandbox, name):
    order = without_a_hold(sandbox)
    stranger = browser_of(cart_with({stocked_card(1): 1}))

    assert stranger.post(reverse(name, args=[order.number])).status_code == 404


def test_a_fee_of_another_order_is_not_found(sandbox):
    order = open_order(sandbox)
    fee = unpaid_fee(open_order(sandbox))

    response = browser_of(order).get(reverse("orders:pay_again_fee", args=[order.number, fee.pk]))

    assert response.status_code == 404


def test_a_cart_is_paid_on_its_own_page(sandbox):
    cart = cart_with({stocked_card(1): 1})

    response = browser_of(cart).get(reverse("orders:pay_again", args=[cart.number]))

    assert response["Location"] == reverse("orders:payment")


# --- the link ---------------------------------------------------------------------------------------------


def path_of(link: str) -> str:
    assert link.startswith(settings.SITE_URL)
    return link.removeprefix(settings.SITE_URL)


@pytest.mark.parametrize("of_a_user", [False, True])
def test_the_link_lets_the_order_be_held_again_without_signing_in(sandbox, of_a_user):
    order = without_a_hold(sandbox, **({"user": UserFactory()} if of_a_user else {}))
    anybody = Client()

    page = anybody.get(path_of(pay_link(order)), follow=True)
    answer = post(
        anybody,
        page.redirect_chain[-1][0],
        confirmation_token=sandbox.confirmation_token(),
        total_cents=order.total_cents,
    )

    assert answer["status"] == "done"
    assert payments.is_held(order)


def test_the_link_to_a_fee_leads_to_the_fee(sandbox):
    order = open_order(sandbox)
    fee = unpaid_fee(order)

    response = Client().get(path_of(pay_link(order, fee=fee)))

    assert response["Location"] == reverse("orders:pay_again_fee", args=[order.number, fee.pk])


def test_a_link_that_is_too_old_says_what_to_do(sandbox, time_machine):
    order = without_a_hold(sandbox)
    path = path_of(pay_link(order))
    time_machine.move_to(timezone.now() + timedelta(hours=settings.PAY_AGAIN_HOURS, minutes=1))

    response = Client().get(path)

    assert response.status_code == 410
    assert "Sign in to find your orders" in response.content.decode()


def test_a_link_lasts_as_long_as_the_place(sandbox, time_machine):
    order = without_a_hold(sandbox)
    path = path_of(pay_link(order))
    time_machine.move_to(timezone.now() + timedelta(hours=settings.PAY_AGAIN_HOURS, minutes=-1))

    assert Client().get(path).status_code == 302


@pytest.mark.parametrize("token", ["nonsense", "WyJBQkMiLCIiXQ:1abc:def"])
def test_a_link_that_is_not_ours_shows_nothing(token):
    response = Client().get(reverse("orders:pay_link", args=[token]))

    assert response.status_code == 410
