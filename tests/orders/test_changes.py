"""An accepted order is changed: what it asks for less always succeeds, what it asks for more is asked like anew."""

from datetime import date, timedelta

import pytest

from inventory.availability import free_by_day
from inventory.models import ClosedDay, Reservation
from inventory.stock import record_movement
from orders.books import violations
from orders.changes import ChangeError, ChangeIsShort, change, keep_longer
from orders.checkout import settle
from orders.fees import agreed_limits
from orders.models import Order, OrderCard, Payment, PaymentStatus
from orders.promotion import promote_pending
from orders.states import Status
from orders.transitions import SYSTEM, customer
from tests.factories import TODAY, PrintingFactory, cart_with, held_payment, paid, placed, stocked_card

pytestmark = pytest.mark.django_db


def day(offset: int):
    return TODAY + timedelta(days=offset)


def set_copies(order: Order, copies: int, **days) -> Order:
    line = order.order_cards.get()
    return change(order=order, quantities={line.pk: copies}, by=customer(), today=TODAY, **days)


def status(order: Order) -> str:
    return Order.objects.get(pk=order.pk).status


def test_an_open_order_does_not_count_against_itself():
    card = stocked_card(4)
    order = placed({card: 4}, days=5)

    change(
        order=order, first_day=day(11), last_day=day(14), by=customer(), today=TODAY
    )  # overlaps its own days

    order.refresh_from_db()
    row = Reservation.objects.get(claim=order.claim)
    assert (status(order), row.quantity, row.out_on, row.back_on) == ("open", 4, day(11), day(15))
    assert list(violations(today=TODAY)) == []


def test_fewer_copies_free_the_rest_and_cost_less():
    card = stocked_card(4, value_cents=5_000)
    order = placed({card: 4})
    before = order.total_cents

    set_copies(order, 1)

    order.refresh_from_db()
    assert free_by_day([card.pk], order.out_on, order.back_on, today=TODAY)[card.pk] == [3, 3, 3]
    assert order.total_cents < before
    assert Payment.objects.get(order=order).amount_cents == before
    assert list(violations(today=TODAY)) == []


def test_asking_for_less_succeeds_even_where_not_all_is_owned_any_more():
    card = stocked_card(4)
    order = placed({card: 4})
    record_movement(printing=card.printings.get(), kind="lost", quantity=4, by=None, effective_on=TODAY)

    set_copies(order, 3)

    assert Reservation.objects.get(claim=order.claim).quantity == 3
    assert status(order) == "open"


def test_a_pending_order_that_asks_for_less_keeps_its_place():
    card = stocked_card(0)
    first, second = placed({card: 4}), placed({card: 1})

    set_copies(first, 2)

    assert list(Order.objects.pending_in_queue_order()) == [first, second]
    assert first.order_cards.get().needed == 2


def test_a_pending_order_that_asks_for_less_opens_where_that_is_enough():
    card = stocked_card(2)
    order = placed({card: 4})

    set_copies(order, 2)

    assert status(order) == "open"
    assert Reservation.objects.get(claim=order.claim).state == "firm"
    assert order.order_cards.get().needed == 0


def test_a_pending_order_does_not_open_by_a_change_once_its_dispatch_day_has_passed():
    order = placed({stocked_card(2): 4}, first_day=day(3), days=3)
    line = order.order_cards.get()
    late = {"order": order, "by": customer(), "today": day(4)}

    change(**late, quantities={line.pk: 2})
    assert status(order) == "pending"
    assert order.order_cards.get().needed == 0
    with pytest.raises(ChangeError, match="has passed"):
        change(**late, quantities={line.pk: 3})

    change(**late, first_day=day(5), last_day=day(7))
    assert status(order) == "open"


@pytest.mark.parametrize("pending", [False, True])
def test_asking_for_less_succeeds_after_the_hold_has_ended(pending):
    order = placed({stocked_card(2): 4 if pending else 2})
    Payment.objects.update(status=PaymentStatus.EXPIRED)

    set_copies(order, 1)

    assert Reservation.objects.get(claim=order.claim).quantity == 1
    assert status(order) == ("pending" if pending else "open")
    with pytest.raises(ChangeError, match="only ask for less"):
        set_copies(order, 2)


def a_closed_weekday(*, first_day: date) -> None:
    """The shop closes on the day on which a deck with pickup on that day would leave."""
    ClosedDay.objects.create(first_day=first_day, last_day=first_day, reason="stocktaking")


@pytest.mark.parametrize("owned", [2, 4], ids=["pending", "open"])
def test_a_shorter_stay_keeps_place_and_dispatch_day_whatever_is_closed_by_now(owned):
    order = placed({stocked_card(owned): 4}, first_day=day(10), days=5)
    before = Order.objects.get(pk=order.pk)
    a_closed_weekday(first_day=day(10))
    a_closed_weekday(first_day=day(13))

    change(order=order, last_day=day(13), by=customer(), today=TODAY)

    order.refresh_from_db()
    assert (order.status, order.queued_at, order.out_on) == (before.status, before.queued_at, before.out_on)
    assert order.last_day == day(13)
    assert order.back_on <= before.back_on
    assert list(violations(today=TODAY)) == []


def test_an_order_is_planned_anew_where_the_shop_closed_on_its_dispatch_day():
    card = stocked_card(4)
    order = placed({card: 4}, first_day=day(10))
    a_closed_weekday(first_day=day(10))

    change(order=order, replan=True, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert (order.first_day, order.out_on) == (day(10), day(9))
    assert Reservation.objects.get(claim=order.claim).out_on == day(9)


def test_planning_anew_takes_no_day_from_anybody():
    card = stocked_card(4)
    placed({card: 1}, first_day=day(9), days=1)
    order = placed({card: 4}, first_day=day(10))
    a_closed_weekday(first_day=day(10))

    with pytest.raises(ChangeIsShort):
        change(order=order, replan=True, by=SYSTEM, today=TODAY)


def test_an_order_whose_money_is_taken_moves_for_the_same_total():
    order = placed({stocked_card(4, value_cents=5_000): 4}, first_day=TODAY)
    paid(order)

    with pytest.raises(ChangeError, match="total has to stay"):
        set_copies(order, 1)
    change(order=order, first_day=day(5), last_day=day(7), by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert (order.status, order.first_day) == (Status.OPEN, day(5))


def test_a_pending_order_that_asks_for_more_goes_to_the_end_of_the_queue():
    card, other = stocked_card(0, value_cents=100), stocked_card(9, value_cents=900)
    first = placed({card: 1, other: 4})
    second = placed({card: 2})
    lines = {line.card_id: line.pk for line in first.order_cards.all()}

    change(order=first, quantities={lines[card.pk]: 2, lines[other.pk]: 1}, by=customer(), today=TODAY)

    assert list(Order.objects.pending_in_queue_order()) == [second, first]
    assert list(violations(today=TODAY)) == []


def test_an_open_order_that_asks_for_more_than_is_free_stays_as_it_was():
    card, other = stocked_card(2, value_cents=100), stocked_card(9, value_cents=900)
    order = placed({card: 1, other: 4})
    placed({card: 1})
    lines = {line.card_id: line.pk for line in order.order_cards.all()}

    with pytest.raises(ChangeIsShort) as error:
        change(order=order, quantities={lines[card.pk]: 2, lines[other.pk]: 1}, by=customer(), today=TODAY)

    assert error.value.shortfalls[card.pk].short == 1
    assert set(order.order_cards.values_list("card", "quantity")) == {(card.pk, 1), (other.pk, 4)}
    assert list(violations(today=TODAY)) == []


def test_what_costs_more_than_is_held_is_refused():
    order = placed({stocked_card(9, value_cents=5_000): 4})

    with pytest.raises(ChangeError, match="more than is held"):
        set_copies(order, 5)

    assert order.order_cards.get().quantity == 4


def of_two_printings(*, copies: int) -> tuple[Order, OrderCard, OrderCard]:
    """An open order of so many copies of a card in each of two printings, and its lines: a cheap one, a dear one."""
    card = stocked_card(9, value_cents=1_000)
    dear = PrintingFactory(card=card, value_cents=50_000)
    record_movement(printing=dear, kind="bought", quantity=9, by=None, effective_on=TODAY)
    cart = cart_with({card: copies})
    OrderCard.objects.create(order=cart, card=card, preferred_printing=dear, quantity=copies)
    order = settle(payment=held_payment(cart), today=TODAY)
    first, second = order.order_cards.order_by("pk")
    assert (order.status, first.day_price_cents < second.day_price_cents) == ("open", True)
    return order, first, second


@pytest.mark.parametrize("held", [True, False])
def test_as_many_copies_of_a_dearer_printing_are_refused_though_no_more_of_the_card_is_asked_for(held):
    order, cheap, dear = of_two_printings(copies=2)
    if not held:
        Payment.objects.update(status=PaymentStatus.EXPIRED)

    with pytest.raises(ChangeError, match="more than is held"):
        change(order=order, quantities={cheap.pk: 0, dear.pk: 4}, by=customer(), today=TODAY)

    assert list(order.order_cards.values_list("quantity", flat=True)) == [2, 2]
    assert list(violations(today=TODAY)) == (
        [] if held else [f"{order} is open, but no money is held for it."]
    )


def test_a_day_more_is_refused_where_it_costs_more_though_the_copies_are_away_no_longer():
    a_closed_weekday(first_day=day(13))
    order = placed({stocked_card(4, value_cents=5_000): 4}, first_day=day(10), days=4)
    Order.objects.filter(pk=order.pk).update(due_on=day(14), back_on=day(15))  # as the calendar says
    Reservation.objects.filter(claim=order.claim).update(back_on=day(15))

    with pytest.raises(ChangeError, match="more than is held"):
        change(order=order, last_day=day(14), by=customer(), today=TODAY)

    order.refresh_from_db()
    assert order.last_day == day(13)


def test_what_became_less_may_become_again_what_is_held():
    order, cheap, dear = of_two_printings(copies=2)
    total_cents = order.total_cents
    change(order=order, quantities={cheap.pk: 4, dear.pk: 0}, by=customer(), today=TODAY)

    change(order=order, quantities={cheap.pk: 4}, by=customer(), today=TODAY)

    order.refresh_from_db()
    assert order.total_cents < total_cents


def test_a_minimum_that_was_raised_since_does_not_keep_an_order_from_asking_for_less(settings):
    order = placed({stocked_card(4): 4})
    settings.ORDER_MINIMUM_CENTS = 100_000

    changed = set_copies(order, 3)

    assert changed.total_cents == order.total_cents


# --- and the fees ---------------------------------------------------------------------------------------------


def test_a_late_day_never_costs_more_after_a_change_whatever_the_shop_asks_for_by_now(settings):
    order = placed({stocked_card(4, value_cents=10_000): 4})
    settings.LATE_FEE_PERCENT = 1_000

    assert set_copies(order, 3).late_day_cents == order.late_day_cents


def test_a_late_day_never_costs_more_because_the_minimum_is_spread_over_fewer_days(settings):
    settings.ORDER_MINIMUM_CENTS = 1_000
    order = placed({stocked_card(4, value_cents=100): 1}, first_day=day(10), days=10)

    changed = change(order=order, last_day=day(10), by=customer(), today=TODAY)

    assert changed.late_day_cents == order.late_day_cents


def test_a_late_day_of_a_smaller_deck_costs_less():
    order = placed({stocked_card(4, value_cents=10_000): 4})

    assert set_copies(order, 2).late_day_cents < order.late_day_cents


def test_an_order_from_before_fees_had_limits_gets_none_by_a_change():
    order = placed({stocked_card(4): 4})
    Order.objects.update(late_day_cents=None)

    assert set_copies(order, 3).late_day_cents is None


def test_more_copies_for_fewer_days_may_not_cost_more_when_they_are_lost():
    order = placed({stocked_card(9, value_cents=10_000): 2}, first_day=day(10), days=6)
    agreed = agreed_limits(order)

    more = set_copies(order, 4, last_day=day(11))

    assert more.total_cents < order.total_cents
    assert agreed_limits(more).value_cents == agreed.value_cents == 20_000
    fewer = set_copies(more, 1)
    assert agreed_limits(fewer).value_cents == 10_000


@pytest.mark.parametrize("copies", [-1, 1_000_000])
def test_a_number_of_copies_that_cannot_be_is_refused(copies):
    with pytest.raises(ChangeError, match="A line has"):
        set_copies(placed({stocked_card(9): 4}), copies)


def test_taking_every_card_out_is_cancelling():
    with pytest.raises(ChangeError, match="Cancel"):
        set_copies(placed({stocked_card(9): 4}), 0)


def test_days_that_have_passed_are_refused():
    order = placed({stocked_card(9): 4})

    with pytest.raises(ChangeError, match="passed"):
        change(order=order, first_day=day(-1), last_day=day(1), by=customer(), today=TODAY)


def test_a_change_that_frees_copies_opens_who_waits(django_capture_on_commit_callbacks):
    card = stocked_card(4)
    order, waits = placed({card: 4}), placed({card: 1})
    assert waits.status == Status.PENDING

    with django_capture_on_commit_callbacks(execute=True):
        set_copies(order, 3)

    assert status(waits) == "open"


def dispatched(order: Order) -> Order:
    Order.objects.filter(pk=order.pk).update(status=Status.DISPATCHED)
    Reservation.objects.filter(claim=order.claim).update(state="out")
    order.refresh_from_db()
    return order


def test_a_deck_is_kept_longer_where_nobody_is_hurt():
    card = stocked_card(4)
    order = dispatched(placed({card: 4}, first_day=TODAY, days=3))

    keep_longer(order=order, last_day=day(5), by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert (order.last_day, order.back_on) == (day(5), day(6))
    assert Reservation.objects.get(claim=order.claim).back_on == day(6)


@pytest.mark.parametrize("copies", [2, 4], ids=["promised", "waiting"])
def test_a_deck_is_not_kept_longer_at_the_cost_of_who_was_promised_or_waits(copies):
    card = stocked_card(2)
    order = dispatched(placed({card: 2}, first_day=TODAY, days=3))
    placed({card: copies}, first_day=day(4))

    with pytest.raises(ChangeIsShort):
        keep_longer(order=order, last_day=day(5), by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.back_on == day(3)
    assert Reservation.objects.get(claim=order.claim).back_on == day(3)


def test_an_overdue_deck_that_is_kept_longer_is_expected_then():
    card = stocked_card(4)
    order = dispatched(placed({card: 4}, first_day=TODAY, days=3))
    later = day(10)

    keep_longer(order=order, last_day=later + timedelta(days=2), by=SYSTEM, today=later)

    free = free_by_day([card.pk], later, later + timedelta(days=5), today=later)[card.pk]
    assert free == [0, 0, 0, 4, 4]


@pytest.mark.parametrize("last_day", [date.max, day(366)])
def test_a_deck_is_not_kept_beyond_the_days_that_are_planned(last_day):
    order = dispatched(placed({stocked_card(4): 4}, first_day=TODAY, days=3))

    with pytest.raises(ChangeError, match="We plan until"):
        keep_longer(order=order, last_day=last_day, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.last_day == day(2)


def test_a_change_keeps_what_the_needed_lines_say_true():
    card = stocked_card(1)
    order = placed({card: 4})

    set_copies(order, 3)
    promote_pending(TODAY)

    assert order.order_cards.get().needed == 2
