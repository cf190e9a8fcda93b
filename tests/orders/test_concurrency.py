"""Two customers, one last copy, the same moment: real threads, real PostgreSQL.

Each race comes with its negative control: the same test with the lock taken out must oversell, or it proves
nothing. Both threads are made to meet between check and write; with the lock they cannot, and the one that
holds it goes on after a moment.
"""

import pytest

from inventory import reservations
from inventory.availability import free_quantities
from inventory.models import Card
from orders import checkout, submission
from orders.cart import make_cart_of
from orders.models import Order, Payment, PaymentAttempt
from orders.owners import Owner
from orders.states import Status
from tests.factories import TODAY, GuestFactory, cart_with, held_payment, stocked_card
from tests.racing import LONG_ENOUGH_SECONDS, at_the_same_moment, meet_after, take_out_the_lock

pytestmark = pytest.mark.django_db(transaction=True)


def settle_both_at_once(card: Card) -> tuple[list[str], int]:
    """Statuses of two orders for the last copy, settled at the same moment, and what is free afterwards."""
    first, second = (held_payment(cart_with({card: 1})) for _ in range(2))
    at_the_same_moment(
        lambda: checkout.settle(payment=first, today=TODAY),
        lambda: checkout.settle(payment=second, today=TODAY),
    )
    period = first.order.blocked_period
    free = free_quantities([card.pk], period.out_on, period.back_on, today=TODAY)[card.pk]
    return sorted(Order.objects.values_list("status", flat=True)), free


def test_the_last_copy_goes_to_one_of_two(monkeypatch):
    meet_after(monkeypatch, reservations, "shortfalls")

    statuses, free = settle_both_at_once(stocked_card(1))

    assert statuses == [Status.CONFIRMING, Status.OPEN]
    assert free == 0


def test_negative_control_without_the_lock_the_last_copy_is_promised_twice(monkeypatch):
    take_out_the_lock(monkeypatch)
    meet_after(monkeypatch, reservations, "shortfalls", seconds=LONG_ENOUGH_SECONDS)

    statuses, free = settle_both_at_once(stocked_card(1))

    assert statuses == [Status.OPEN, Status.OPEN]
    assert free == -1


def test_decks_that_overlap_in_opposite_order_do_not_deadlock():
    cards = [stocked_card(1) for _ in range(6)]
    payments = [held_payment(cart_with(dict.fromkeys(order, 1))) for order in (cards, cards[::-1])]

    at_the_same_moment(
        *(lambda payment=payment: checkout.settle(payment=payment, today=TODAY) for payment in payments)
    )

    assert sorted(Order.objects.values_list("status", flat=True)) == [Status.CONFIRMING, Status.OPEN]


def test_page_and_webhook_settling_the_same_payment_make_one_order():
    payment = held_payment(cart_with({stocked_card(1): 1}))

    at_the_same_moment(
        *(lambda: checkout.settle(payment=Payment.objects.get(), today=TODAY) for _ in range(4))
    )

    order = Order.objects.get()
    assert order.status == Status.OPEN
    assert order.events.count() == 1
    assert payment.order == order


def test_two_browsers_making_a_cart_at_once_get_the_same_one():
    guest = GuestFactory()
    made: list[Order] = []

    at_the_same_moment(*(lambda: made.append(make_cart_of(Owner(guest=guest))) for _ in range(4)))

    assert len({cart.pk for cart in made}) == 1


def test_submitting_twice_at_the_same_moment_holds_the_total_once(sandbox):
    cart = cart_with({stocked_card(4): 4})
    total = checkout.quote_of(cart, checkout.lines_of(cart)).total_cents
    tokens = [sandbox.confirmation_token() for _ in range(2)]

    at_the_same_moment(
        *(
            lambda token=token: submission.submit(
                cart=Order.objects.get(), confirmation_token=token, shown_total_cents=total, today=TODAY
            )
            for token in tokens
        )
    )

    attempt = PaymentAttempt.objects.get()
    assert Order.objects.get().status == Status.OPEN
    assert sandbox.client.v1.payment_intents.retrieve(attempt.intent_id).status == "requires_capture"
