"""From cart to open order, on a real PostgreSQL and through the real Stripe library."""

from datetime import timedelta

import pytest
from django.core import mail

from inventory.models import Reservation
from inventory.stock import receive_stock
from orders import cart as carts
from orders import checkout, stripe_gateway, submission
from orders.cart import CartError
from orders.checkout import CheckoutError, StillShort
from orders.dates import RentalPeriodError
from orders.models import Order, OrderEvent, Payment, PaymentAttempt, PaymentStatus
from orders.models.order import DAYS
from orders.owners import Owner
from orders.promotion import promote_pending
from orders.states import Status
from orders.transitions import customer
from tests.factories import GuestFactory, cart_with, settled, stocked_card
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def total_of(cart: Order) -> int:
    quote = checkout.quote_of(cart, checkout.lines_of(cart))
    assert quote is not None
    return quote.total_cents


def submit(cart: Order, sandbox: Sandbox, today, card: str = "pm_card_visa") -> submission.Submitted:
    token = sandbox.confirmation_token(card)
    return submission.submit(
        cart=cart, confirmation_token=token, shown_total_cents=total_of(cart), today=today
    )


def confirming_order(sandbox, today, *, owned: int = 4, wanted: int = 4, taken: int = 2):
    """An order that is short by `wanted - (owned - taken)` copies, because another one was there first."""
    card = stocked_card(owned)
    first = cart_with({card: taken})
    submit(first, sandbox, today)
    second = cart_with({card: wanted})
    submit(second, sandbox, today)
    second.refresh_from_db()
    first.refresh_from_db()
    return first, second, card


def test_everything_free_makes_an_open_order_and_a_hold_that_is_not_captured(sandbox, today):
    bolt = stocked_card(4, name="Lightning Bolt")
    cart = cart_with({bolt: 4})
    total = total_of(cart)

    submitted = submit(cart, sandbox, today)

    cart.refresh_from_db()
    payment = Payment.objects.get(order=cart)
    assert submitted.status == PaymentStatus.AUTHORIZED
    assert cart.status == Status.OPEN
    assert cart.authorized_at is not None
    assert cart.total_cents == total == payment.amount_cents
    assert payment.status == PaymentStatus.AUTHORIZED
    assert (payment.card_brand, payment.card_last4) == ("visa", "4242")
    intent = sandbox.client.v1.payment_intents.retrieve(payment.attempts.get().intent_id)
    assert (intent.status, intent.amount_received, intent.amount_capturable) == ("requires_capture", 0, total)
    reservation = Reservation.objects.get(claim=cart.claim)
    assert (reservation.card, reservation.quantity, reservation.state) == (bolt, 4, "firm")
    assert cart.order_cards.get().reservation == reservation
    event = OrderEvent.objects.get(order=cart)
    assert (event.from_status, event.to_status, event.actor) == ("cart", "open", "customer")
    assert [message.subject for message in mail.outbox] == [f"Your order {cart.number} is open"]


def test_the_prices_are_frozen_at_authorization(sandbox, today):
    card = stocked_card(4, value_cents=10_000)
    cart = cart_with({card: 2}, days=3)
    submit(cart, sandbox, today)
    card.printings.update(value_cents=99_999)

    line = checkout.lines_of(cart)[0]

    assert line.rent_cents == 100
    cart.refresh_from_db()
    assert (cart.cards_cents, cart.shipping_cents, cart.tax_cents) == (600, 0, 114)
    assert cart.total_cents == 714


def test_a_short_card_makes_a_confirming_order_that_holds_no_cards(sandbox, today):
    _, order, card = confirming_order(sandbox, today)

    assert order.status == Status.CONFIRMING
    assert not Reservation.objects.filter(claim=order.claim).exists()
    deck = order.deck_available(today=today)
    assert not deck.available
    assert deck.shortfalls[card.pk].short == 2
    assert list(deck.shortfalls[card.pk].days.values()) == [2, 2, 2]
    assert deck.next_start == order.first_day + timedelta(days=3)


def test_waiting_makes_a_pending_order_whose_short_cards_are_needed(sandbox, today):
    _, order, _ = confirming_order(sandbox, today)

    checkout.accept_shortfall(order=order, by=customer(), today=today)

    order.refresh_from_db()
    assert order.status == Status.PENDING
    assert order.pending
    assert order.queued_at is not None
    assert order.order_cards.get().needed == 2
    reservation = Reservation.objects.get(claim=order.claim)
    assert (reservation.state, reservation.quantity, reservation.queued_at) == ("queued", 4, order.queued_at)
    assert mail.outbox[-1].subject == f"Your order {order.number} is pending"
    assert "2 of 4" in mail.outbox[-1].body


def test_received_copies_open_the_pending_order_and_the_customer_is_told(sandbox, today, settings):
    _, order, card = confirming_order(sandbox, today)
    checkout.accept_shortfall(order=order, by=customer(), today=today)

    receive_stock(printing=card.printings.get(), quantity=2, by=None, effective_on=today)

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert order.queued_at is None
    assert order.order_cards.get().needed == 0
    assert Reservation.objects.get(claim=order.claim).state == "firm"
    assert mail.outbox[-1].subject == f"Good news: your order {order.number} is open"


def test_too_few_received_copies_leave_it_pending_with_less_needed(sandbox, today):
    _, order, card = confirming_order(sandbox, today)
    checkout.accept_shortfall(order=order, by=customer(), today=today)

    receive_stock(printing=card.printings.get(), quantity=1, by=None, effective_on=today)
    result = promote_pending(today)

    order.refresh_from_db()
    assert (result.opened, result.waiting) == (0, 1)
    assert order.status == Status.PENDING
    assert order.order_cards.get().needed == 1


def test_moving_to_the_next_start_makes_an_open_order_at_the_same_total(sandbox, today):
    _, order, _ = confirming_order(sandbox, today)
    start = order.deck_available(today=today).next_start

    checkout.move_to_date(order=order, first_day=start, by=customer(), today=today)

    total = order.total_cents
    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert order.first_day == start
    assert order.rental_period.length == 3
    assert order.total_cents == total


def test_moving_to_days_that_are_taken_too_changes_nothing(sandbox, today):
    _, order, _ = confirming_order(sandbox, today)
    first_day = order.first_day

    with pytest.raises(StillShort):
        checkout.move_to_date(
            order=order, first_day=first_day + timedelta(days=1), by=customer(), today=today
        )

    order.refresh_from_db()
    assert (order.status, order.first_day) == (Status.CONFIRMING, first_day)
    assert not Reservation.objects.filter(claim=order.claim).exists()


def test_going_back_makes_it_a_cart_again_and_releases_the_hold(sandbox, today):
    _, order, _ = confirming_order(sandbox, today)

    checkout.go_back(order=order, by=customer())

    order.refresh_from_db()
    payment = Payment.objects.get(order=order)
    assert order.status == Status.CART
    assert order.authorized_at is None
    assert order.total_cents is None
    assert order.order_cards.get().day_price_cents is None
    assert payment.status == PaymentStatus.VOIDED
    intent = sandbox.client.v1.payment_intents.retrieve(payment.attempts.get().intent_id)
    assert (intent.status, intent.amount_capturable) == ("canceled", 0)


def test_going_back_takes_in_a_cart_that_was_begun_meanwhile(sandbox, today):
    _, order, card = confirming_order(sandbox, today)
    other = stocked_card(4)
    newer = carts.make_cart_of(Owner(guest=order.guest))
    carts.add_card(cart=newer, card=other, quantity=1)
    carts.add_card(cart=newer, card=card, quantity=1)

    checkout.go_back(order=order, by=customer())

    assert {line.card: line.quantity for line in order.order_cards.all()} == {card: 5, other: 1}
    assert list(Order.objects.filter(guest=order.guest)) == [order]


def test_after_going_back_the_order_can_be_paid_again(sandbox, today):
    _, order, _ = confirming_order(sandbox, today)
    checkout.go_back(order=order, by=customer())
    order.order_cards.update(quantity=2)

    submit(order, sandbox, today)

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert Payment.objects.filter(order=order, status=PaymentStatus.AUTHORIZED).count() == 1


def test_a_submitted_order_leaves_a_new_empty_cart_behind(sandbox, today):
    card = stocked_card(4)
    cart = cart_with({card: 1})
    submit(cart, sandbox, today)

    new = carts.make_cart_of(Owner(guest=cart.guest))

    assert new != cart
    assert not new.order_cards.exists()


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("pm_card_chargeDeclined", "declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "not enough money"),
        ("pm_card_chargeDeclinedExpiredCard", "expired"),
    ],
)
def test_a_decline_keeps_the_cart_and_says_what_to_do(sandbox, today, method, words):
    cart = cart_with({stocked_card(4): 4})

    submitted = submit(cart, sandbox, today, method)

    cart.refresh_from_db()
    assert submitted.status == PaymentStatus.FAILED
    assert words in submitted.message
    assert "Nothing was charged" in submitted.message
    assert cart.status == Status.CART
    assert not Reservation.objects.exists()


def test_a_second_card_after_a_decline_opens_the_order(sandbox, today):
    cart = cart_with({stocked_card(4): 4})
    submit(cart, sandbox, today, "pm_card_chargeDeclined")

    submit(cart, sandbox, today, "pm_card_mastercard")

    cart.refresh_from_db()
    payment = Payment.objects.get(order=cart)
    assert cart.status == Status.OPEN
    assert [attempt.status for attempt in payment.attempts.order_by("sequence")] == ["failed", "authorized"]
    assert payment.card_brand == "mastercard"


def test_three_d_secure_asks_the_browser_first_and_reserves_nothing_yet(sandbox, today):
    cart = cart_with({stocked_card(4): 4})

    submitted = submit(cart, sandbox, today, "pm_card_threeDSecure2Required")

    cart.refresh_from_db()
    assert submitted.status == PaymentStatus.ACTION_REQUIRED
    assert submitted.client_secret.startswith("pi_")
    assert cart.status == Status.CART
    assert not Reservation.objects.exists()


def test_an_abandoned_three_d_secure_dialog_can_never_succeed_after_a_new_try(sandbox, today):
    cart = cart_with({stocked_card(4): 4})
    submit(cart, sandbox, today, "pm_card_threeDSecure2Required")
    abandoned = PaymentAttempt.objects.get()

    submit(cart, sandbox, today)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert sandbox.client.v1.payment_intents.retrieve(abandoned.intent_id).status == "canceled"


def test_submitting_twice_holds_the_total_once(sandbox, today):
    cart = cart_with({stocked_card(4): 4})
    token = sandbox.confirmation_token()
    total = total_of(cart)
    submission.submit(cart=cart, confirmation_token=token, shown_total_cents=total, today=today)

    submission.submit(
        cart=cart, confirmation_token=sandbox.confirmation_token(), shown_total_cents=total, today=today
    )

    assert PaymentAttempt.objects.count() == 1


def test_a_crash_between_the_call_and_the_books_is_completed_by_the_next_try(sandbox, today, monkeypatch):
    cart = cart_with({stocked_card(4): 4})
    authorize = stripe_gateway.create_intent

    def crash(**kwargs):
        authorize(**kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(stripe_gateway, "create_intent", crash)
    with pytest.raises(KeyboardInterrupt):
        submit(cart, sandbox, today)
    monkeypatch.setattr(stripe_gateway, "create_intent", authorize)

    submit(cart, sandbox, today)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert PaymentAttempt.objects.count() == 1


def test_a_total_that_is_not_the_one_shown_holds_nothing(sandbox, today):
    cart = cart_with({stocked_card(4): 4})

    with pytest.raises(CheckoutError, match="total has changed"):
        submission.submit(
            cart=cart,
            confirmation_token=sandbox.confirmation_token(),
            shown_total_cents=total_of(cart) - 1,
            today=today,
        )

    assert not Payment.objects.exists()


def test_a_cart_that_changes_during_three_d_secure_is_not_sold_at_the_old_total(sandbox, today):
    card = stocked_card(8, value_cents=20_000)
    cart = cart_with({card: 4})
    submit(cart, sandbox, today, "pm_card_threeDSecure2Required")
    payment = Payment.objects.get()
    carts.add_card(cart=cart, card=card, quantity=1)
    Payment.objects.filter(pk=payment.pk).update(status=PaymentStatus.AUTHORIZED)  # the bank said yes

    with pytest.raises(CheckoutError, match="changed while you paid"):
        checkout.settle(payment=payment, today=today)

    cart.refresh_from_db()
    payment.refresh_from_db()
    assert cart.status == Status.CART
    assert payment.status == PaymentStatus.VOIDED


@pytest.mark.parametrize("missing", ["lines", "dates", "email", "address", "past"])
def test_an_order_that_is_not_ready_is_sent_to_the_step_that_lacks(sandbox, today, missing):
    card = stocked_card(4)
    cart = cart_with({card: 1})
    if missing == "lines":
        cart.order_cards.all().delete()
    elif missing == "dates":
        Order.objects.update(**dict.fromkeys(DAYS))
    elif missing == "email":
        Order.objects.update(email="")
    elif missing == "address":
        cart.shipping_method.needs_address = True
        cart.shipping_method.save()
    elif missing == "past":
        today = cart.first_day + timedelta(days=1)
    cart.refresh_from_db()

    with pytest.raises(CheckoutError) as caught:
        submission.submit(
            cart=cart, confirmation_token=sandbox.confirmation_token(), shown_total_cents=100, today=today
        )

    assert caught.value.step == ("cart" if missing == "lines" else "shipping")
    assert not Payment.objects.exists()


def test_lines_of_one_card_share_the_shortfall_and_one_reservation(sandbox, today):
    card = stocked_card(3)
    cart = cart_with({card: 2})
    carts.add_card(cart=cart, card=card, quantity=3, zone="sideboard")
    submit(cart, sandbox, today)
    checkout.accept_shortfall(order=cart, by=customer(), today=today)

    main, sideboard = cart.order_cards.order_by("pk")
    assert (main.needed, sideboard.needed) == (0, 2)
    assert main.reservation == sideboard.reservation
    assert main.reservation.quantity == 5


# --- other days for a cart --------------------------------------------------------------------------------


def test_a_cart_that_is_longer_than_the_shop_rents_by_now_does_not_move(today, settings):
    cart = cart_with({stocked_card(4): 1}, days=5)
    settings.RENTAL_MAX_DAYS = 4

    with pytest.raises(RentalPeriodError, match="at most 4"):
        checkout.start_on(cart=cart, first_day=today + timedelta(days=20), today=today)

    before = cart.first_day
    cart.refresh_from_db()
    assert cart.first_day == before


def test_a_cart_that_was_submitted_meanwhile_does_not_move(today):
    order = settled({stocked_card(4): 1})

    with pytest.raises(CartError, match="submitted"):
        checkout.start_on(cart=order, first_day=today + timedelta(days=20), today=today)


def test_moving_a_cart_promises_nothing(today):
    checkout.start_on(cart=cart_with({stocked_card(4): 1}), first_day=today + timedelta(days=20), today=today)

    assert not Reservation.objects.exists()


def test_another_guest_is_not_touched(sandbox, today):
    cart = cart_with({stocked_card(4): 1})
    other = cart_with({stocked_card(4): 1}, guest=GuestFactory())
    submit(cart, sandbox, today)

    other.refresh_from_db()
    assert other.status == Status.CART
