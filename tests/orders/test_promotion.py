"""The queue: who opens when, and that nobody is overtaken."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from inventory.models import Card, Reservation, StockMovement
from inventory.stock import receive_stock, record_movement
from orders import promotion, tasks
from orders.checkout import accept_shortfall, settle
from orders.models import Order, OrderEvent, Payment, PaymentStatus
from orders.promotion import PromotionResult, promote_pending
from orders.states import Status
from orders.transitions import customer
from tests.factories import TODAY, StockMovementFactory, cart_with, placed, stocked_card

pytestmark = pytest.mark.django_db


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def place(cards: dict[Card, int], *, first: int = 10, days: int = 3) -> Order:
    return placed(cards, first_day=day(first), days=days)


def buy(card: Card, copies: int) -> None:
    """More copies, without telling anybody."""
    StockMovementFactory(printing=card.printings.get(), quantity=copies)


def statuses(*orders: Order) -> list[str]:
    return [Order.objects.get(pk=order.pk).status for order in orders]


# --- who opens --------------------------------------------------------------------------------------------


def test_the_oldest_opens_first():
    card = stocked_card(0)
    oldest, second, third = (place({card: 2}) for _ in range(3))
    buy(card, 4)

    result = promote_pending(TODAY)

    assert result == PromotionResult(opened=2, waiting=1)
    assert statuses(oldest, second, third) == ["open", "open", "pending"]


def test_the_queue_is_by_the_time_of_waiting_and_not_by_the_time_of_the_cart():
    card = stocked_card(0)
    early_cart = cart_with({card: 2})
    first_in_queue = place({card: 2})
    payment = Payment.objects.create(
        order=early_cart,
        amount_cents=first_in_queue.total_cents,
        currency="eur",
        status=PaymentStatus.AUTHORIZED,
    )
    settle(payment=payment, today=TODAY)
    accept_shortfall(order=early_cart, by=customer(), today=TODAY)
    buy(card, 2)

    promote_pending(TODAY)

    assert statuses(first_in_queue, early_cart) == ["open", "pending"]


def test_a_large_old_order_is_not_starved_by_small_young_ones():
    card = stocked_card(3)
    large = place({card: 4})
    young = [place({card: 1}) for _ in range(3)]

    assert statuses(*young) == ["pending"] * 3  # three copies lie there, but they are spoken for
    buy(card, 1)
    promote_pending(TODAY)

    assert statuses(large, *young) == ["open", "pending", "pending", "pending"]


def test_a_young_order_opens_when_it_takes_nothing_from_the_old():
    shared, missing = stocked_card(4), stocked_card(0)
    old, young = place({shared: 4, missing: 4}), place({shared: 4})
    assert statuses(old, young) == ["pending", "pending"]
    buy(shared, 4)

    result = promote_pending(TODAY)

    assert result == PromotionResult(opened=1, waiting=1)
    assert statuses(old, young) == ["pending", "open"]


def test_a_young_order_for_other_days_passes_the_old_at_once():
    card = stocked_card(2)
    old = place({card: 4}, first=10)

    young = place({card: 2}, first=13)

    assert statuses(old, young) == ["pending", "open"]


def test_days_that_touch_on_one_day_are_days_that_overlap():
    card = stocked_card(2)
    place({card: 4}, first=10, days=3)

    assert place({card: 2}, first=12).status == Status.PENDING


def test_what_an_old_order_still_waits_for_is_brought_up_to_date():
    card = stocked_card(1)
    order = place({card: 4})
    buy(card, 2)

    promote_pending(TODAY)

    assert order.order_cards.get().needed == 1
    assert statuses(order) == ["pending"]


def test_copies_that_come_too_late_open_nothing():
    card = stocked_card(0)
    order = place({card: 1}, first=10)
    StockMovementFactory(
        printing=card.printings.get(), quantity=4, effective_on=order.out_on + timedelta(days=1)
    )

    promote_pending(TODAY)

    assert statuses(order) == ["pending"]
    assert order.order_cards.get().needed == 1


def test_an_order_whose_dispatch_day_has_passed_does_not_open():
    card = stocked_card(0)
    order = place({card: 1})
    buy(card, 4)

    assert promote_pending(order.out_on + timedelta(days=1)) == PromotionResult(opened=0, waiting=1)
    assert order.order_cards.get().needed == 0
    assert promote_pending(order.out_on) == PromotionResult(opened=1, waiting=0)


def test_nobody_waiting_is_nothing_to_do():
    place({stocked_card(4): 4})

    assert promote_pending(TODAY) == PromotionResult(opened=0, waiting=0)


# --- what opening means -----------------------------------------------------------------------------------


def test_an_order_that_opens_has_its_cards_firm_and_needs_nothing(django_capture_on_commit_callbacks):
    card = stocked_card(0)
    order = place({card: 2})
    buy(card, 2)

    with django_capture_on_commit_callbacks(execute=True):
        promote_pending(TODAY)

    order.refresh_from_db()
    reservation = Reservation.objects.get(claim=order.claim)
    assert (order.status, order.queued_at) == (Status.OPEN, None)
    assert (reservation.state, reservation.queued_at, reservation.quantity) == ("firm", None, 2)
    assert order.order_cards.get().needed == 0
    event = OrderEvent.objects.filter(order=order).latest("pk")
    assert (event.from_status, event.to_status, event.actor) == ("pending", "open", "system")
    assert [message.subject for message in mail.outbox] == [f"Good news: your order {order.number} is open"]


def test_many_customers_are_told_by_one_message(monkeypatch, django_capture_on_commit_callbacks):
    card = stocked_card(0)
    orders = [place({card: 2}) for _ in range(3)]
    buy(card, 6)
    messages = []
    monkeypatch.setattr(tasks.send_order_emails, "delay", lambda *args: messages.append(args))

    with django_capture_on_commit_callbacks(execute=True):
        promote_pending(TODAY)

    assert messages == [([order.pk for order in orders], "promoted")]
    tasks.send_order_emails(*messages[0])
    assert [message.subject for message in mail.outbox] == [
        f"Good news: your order {order.number} is open" for order in orders
    ]


def test_promoting_twice_is_promoting_once(django_capture_on_commit_callbacks):
    card = stocked_card(0)
    order = place({card: 2})
    buy(card, 2)

    with django_capture_on_commit_callbacks(execute=True):
        promote_pending(TODAY)
        again = promote_pending(TODAY)

    assert again == PromotionResult(opened=0, waiting=0)
    assert OrderEvent.objects.filter(order=order, to_status="open").count() == 1
    assert len(mail.outbox) == 1


def test_stock_that_comes_in_opens_what_waits_for_it(django_capture_on_commit_callbacks):
    card = stocked_card(0)
    order = place({card: 2})

    with django_capture_on_commit_callbacks(execute=True):
        receive_stock(printing=card.printings.get(), quantity=2, by=None, effective_on=TODAY)

    assert statuses(order) == ["open"]


def test_stock_that_goes_is_marked_needed_by_who_waits_for_it(django_capture_on_commit_callbacks):
    card = stocked_card(3)
    order = place({card: 4})

    with django_capture_on_commit_callbacks(execute=True):
        record_movement(printing=card.printings.get(), kind="lost", quantity=2, by=None, effective_on=TODAY)

    assert order.order_cards.get().needed == 3


def test_many_changes_at_once_ask_for_one_run(django_capture_on_commit_callbacks, monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.promote_pending, "delay", lambda: asked.append(True))
    card = stocked_card(0)

    for _ in range(5):
        with django_capture_on_commit_callbacks(execute=True):
            receive_stock(printing=card.printings.get(), quantity=1, by=None, effective_on=TODAY)

    assert len(asked) == 1


def test_a_change_while_a_run_is_under_way_asks_for_another(django_capture_on_commit_callbacks, monkeypatch):
    asked, card = [], stocked_card(0)
    place({card: 2})
    monkeypatch.setattr(tasks.promote_pending, "delay", lambda: asked.append(True))
    walk = promotion.walk_queue

    def stock_comes_while_the_queue_is_walked(**question):
        with django_capture_on_commit_callbacks(execute=True):
            receive_stock(printing=card.printings.get(), quantity=2, by=None, effective_on=TODAY)
        return walk(**question)

    monkeypatch.setattr(promotion, "walk_queue", stock_comes_while_the_queue_is_walked)
    with django_capture_on_commit_callbacks(execute=True):
        receive_stock(printing=card.printings.get(), quantity=1, by=None, effective_on=TODAY)

    tasks.promote_pending()

    assert len(asked) == 2


# --- the hold ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "gone",
    [
        {"status": PaymentStatus.EXPIRED},
        {"status": PaymentStatus.VOIDED},
        {"status": PaymentStatus.FAILED},
        {"released_at": timezone.now()},
    ],
    ids=["expired", "voided", "failed", "released"],
)
def test_an_order_whose_hold_is_gone_does_not_open(gone):
    card = stocked_card(0)
    order = place({card: 2})
    buy(card, 2)
    Payment.objects.update(**gone)

    result = promote_pending(TODAY)

    assert result == PromotionResult(opened=0, waiting=1)
    assert Reservation.objects.get(claim=order.claim).state == "queued"
    assert order.order_cards.get().needed == 0


def test_an_order_without_a_hold_keeps_its_place_before_the_younger():
    card = stocked_card(0)
    old, young = place({card: 2}), place({card: 2})
    Payment.objects.filter(order=old).update(status=PaymentStatus.EXPIRED)
    buy(card, 2)

    promote_pending(TODAY)

    assert statuses(old, young) == ["pending", "pending"]


def test_promotion_never_promises_more_than_is_owned():
    card = stocked_card(3)
    for quantity, first in [(2, 10), (2, 11), (1, 12), (3, 10), (1, 13), (2, 12)]:
        place({card: quantity}, first=first)
    buy(card, 1)

    promote_pending(TODAY)

    owned = sum(StockMovement.objects.values_list("quantity", flat=True))
    for offset in range(8, 20):
        firm = Reservation.objects.filter(state="firm", out_on__lte=day(offset), back_on__gt=day(offset))
        assert sum(firm.values_list("quantity", flat=True)) <= owned
