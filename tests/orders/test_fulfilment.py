"""From open order to returned deck: what leaves and when, what comes back, and what does not."""

from datetime import date, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from inventory.availability import free_by_day
from inventory.models import Card, Reservation, StockMovement
from inventory.reservations import out_by_card
from orders import payments
from orders import stripe_gateway as gateway
from orders.books import violations
from orders.cancellation import NotCancellable, can_cancel, cancel
from orders.checkout import settle
from orders.fulfilment import (
    NotDispatchable,
    ReturnError,
    can_dispatch,
    check_in,
    dispatch,
    expect_back,
    write_off,
)
from orders.models import Order, OrderEvent, Payment, PaymentStatus
from orders.states import Status
from orders.transitions import SYSTEM, customer, staff
from tests.factories import (
    TODAY,
    PrintingFactory,
    ShippingMethodFactory,
    StaffFactory,
    StockMovementFactory,
    cart_with,
    dispatched,
    held_payment,
    paid,
    placed,
    settled,
    stocked_card,
)

pytestmark = pytest.mark.django_db


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def ready(cards: dict[Card, int], **fields) -> Order:
    """An open order that may leave today, its money taken already."""
    return paid(settled(cards, first_day=TODAY, **fields))


def right_books() -> bool:
    return not list(violations(today=TODAY))


def history(order: Order) -> list[tuple[str, str, str]]:
    events = OrderEvent.objects.filter(order=order).order_by("pk")
    return list(events.values_list("from_status", "to_status", "reason"))


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """What follows a commit happens at the end of the block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def no_provider(monkeypatch) -> None:
    """Whoever asks the payment provider fails."""

    def refuse(*args, **kwargs):
        raise AssertionError("The payment provider was asked.")

    monkeypatch.setattr(gateway, "_client", refuse)


# --- dispatch: the deck -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_provider")
def test_a_dispatched_deck_is_out(committed):
    card, clerk = stocked_card(4), StaffFactory()
    order = ready({card: 3})

    with committed():
        order = dispatch(order=order, by=staff(clerk), today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.DISPATCHED
    assert out_by_card(claim=order.claim) == {card.pk: 3}
    event = OrderEvent.objects.latest("pk")
    assert (event.from_status, event.to_status, event.actor, event.by) == (
        "open",
        "dispatched",
        "staff",
        clerk,
    )
    assert right_books()


def test_the_customer_is_told_when_it_must_be_back(committed):
    method = ShippingMethodFactory(needs_address=False, lead_days=0)
    order = paid(settled({stocked_card(4): 3}, first_day=day(2), shipping_method=method))

    with committed():
        dispatch(order=order, by=SYSTEM, today=TODAY)

    [message] = mail.outbox
    due = order.last_day + timedelta(days=3)
    assert message.subject == f"Your deck is on its way: order {order.number}"
    assert f"back with us by {due:%A} {due.day} {due:%B %Y}." in message.body
    assert "charged" in message.body


def test_dispatching_twice_is_dispatching_once(committed):
    order = ready({stocked_card(4): 3})

    with committed():
        dispatch(order=order, by=SYSTEM, today=TODAY)
        again = dispatch(order=order, by=SYSTEM, today=TODAY)

    assert again.status == Status.DISPATCHED
    assert len(history(order)) == 2
    assert len(mail.outbox) == 1


def test_a_deck_does_not_leave_before_its_day():
    order = paid(settled({stocked_card(4): 3}, first_day=day(3)))

    with pytest.raises(NotDispatchable, match=f"set aside from {day(3).day} "):
        dispatch(order=order, by=SYSTEM, today=day(2))
    assert not can_dispatch(order, today=day(2))

    assert dispatch(order=order, by=SYSTEM, today=day(3)).status == Status.DISPATCHED


def test_a_deck_may_leave_late_but_not_after_its_days():
    order = ready({stocked_card(4): 3}, days=3)
    last = order.back_on - timedelta(days=1)

    with pytest.raises(NotDispatchable, match="days have passed"):
        dispatch(order=order, by=SYSTEM, today=order.back_on)
    assert can_dispatch(order, today=last)

    assert dispatch(order=order, by=SYSTEM, today=last).status == Status.DISPATCHED


@pytest.mark.parametrize(
    ("payment", "says"),
    [
        ({}, "Cancel it, or choose other days"),
        (
            {"status": PaymentStatus.CAPTURED, "captured_cents": 1, "captured_at": timezone.now()},
            "dispatch it then, or cancel it, and the money goes back",
        ),
        (
            {"capture_begun_at": timezone.now()},
            "dispatch it then, or cancel it, and the money goes back",
        ),
    ],
    ids=["held", "taken", "being taken"],
)
def test_what_to_do_with_a_deck_whose_days_have_passed_depends_on_its_money(payment, says):
    order = settled({stocked_card(4): 3}, first_day=TODAY)
    if payment:
        Payment.objects.filter(order=order).update(**payment)

    with pytest.raises(NotDispatchable, match=f"Its days have passed. .*{says}"):
        dispatch(order=order, by=SYSTEM, today=order.back_on)
    assert can_cancel(order) == (not payment)


@pytest.mark.parametrize("status", [Status.PENDING, Status.CONFIRMING, Status.CART, Status.CANCELLED])
def test_only_open_orders_are_dispatched(status):
    cards = {stocked_card(1): 3}
    order = {
        Status.PENDING: lambda: placed(cards, first_day=TODAY),
        Status.CONFIRMING: lambda: settled(cards, first_day=TODAY),
        Status.CART: lambda: cart_with(cards, first_day=TODAY),
        Status.CANCELLED: lambda: cancel(
            order=placed(cards, first_day=TODAY), by=customer(), reason="changed my mind"
        ),
    }[status]()

    with pytest.raises(NotDispatchable, match="only open orders"):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == status


@pytest.mark.usefixtures("no_provider")
def test_a_deck_of_which_copies_are_not_there_is_not_paid_for_and_stays():
    late, there = stocked_card(4, name="Lightning Bolt"), stocked_card(4, name="Shock")
    gone = dispatched({late: 3}, days=3)
    order = settled({late: 3, there: 1}, first_day=gone.back_on)

    with pytest.raises(NotDispatchable, match="Not on the shelf: 2 × Lightning Bolt") as caught:
        dispatch(order=order, by=SYSTEM, today=gone.back_on)

    order.refresh_from_db()
    assert caught.value.missing == {late.pk: 2}
    assert order.status == Status.OPEN
    assert not payments.is_taken(order)


def test_copies_that_leave_with_another_order_at_this_very_moment_are_missed_under_the_lock(monkeypatch):
    card = stocked_card(4)
    order = ready({card: 3})
    capture = payments.capture

    def capture_while_copies_are_found_missing(order):
        StockMovementFactory(printing=card.printings.get(), quantity=-2, kind="lost", effective_on=TODAY)
        return capture(order)

    monkeypatch.setattr(payments, "capture", capture_while_copies_are_found_missing)

    with pytest.raises(NotDispatchable, match="1 × "):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert set(Reservation.objects.values_list("state", flat=True)) == {"firm"}


# --- dispatch: the money ----------------------------------------------------------------------------------


def test_nothing_leaves_without_a_hold(committed):
    order = settled({stocked_card(4): 3}, first_day=TODAY)
    Payment.objects.update(status=PaymentStatus.EXPIRED)

    with committed(), pytest.raises(NotDispatchable, match="Nothing is held"):
        dispatch(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert mail.outbox == []


def test_an_open_order_that_is_paid_for_is_not_cancelled():
    order = ready({stocked_card(4): 3})

    with pytest.raises(NotCancellable, match="payment is taken"):
        cancel(order=order, by=customer(), reason="changed my mind")

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert Reservation.objects.filter(claim=order.claim).exists()
    assert Payment.objects.get().released_at is None
    assert not can_cancel(order)


# --- back -------------------------------------------------------------------------------------------------


def test_a_deck_that_is_back_is_returned(committed):
    card, clerk = stocked_card(4), StaffFactory()
    order = dispatched({card: 3})

    with committed():
        order = check_in(order=order, by=staff(clerk), today=day(1))

    order.refresh_from_db()
    assert order.status == Status.RETURNED
    assert not Reservation.objects.exists()
    assert history(order)[-1] == ("dispatched", "returned", "every card is back")
    assert OrderEvent.objects.latest("pk").by == clerk
    assert mail.outbox[-1].subject == f"Your order {order.number} is complete"
    assert "every card is back" in mail.outbox[-1].body
    assert right_books()


def test_checking_in_everything_twice_is_doing_it_once(committed):
    order = dispatched({stocked_card(4): 3})

    with committed():
        check_in(order=order, by=SYSTEM, today=TODAY)
        again = check_in(order=order, by=SYSTEM, today=TODAY)

    assert again.status == Status.RETURNED
    assert [to for _, to, _ in history(order)].count("returned") == 1


def test_what_comes_back_opens_the_order_that_waited_for_it(committed):
    card = stocked_card(4)
    order = dispatched({card: 4}, days=10)
    waiting = placed({card: 2}, first_day=day(5))
    assert waiting.status == Status.PENDING

    with committed():
        check_in(order=order, copies={card.pk: 2}, by=SYSTEM, today=day(1))

    waiting.refresh_from_db()
    assert waiting.status == Status.OPEN


def test_a_part_that_is_back_leaves_the_rest_out(committed):
    bolt, shock = stocked_card(4, name="Lightning Bolt"), stocked_card(4, name="Shock")
    order = dispatched({bolt: 4, shock: 2})
    mail.outbox.clear()

    with committed():
        order = check_in(order=order, copies={bolt.pk: 3, shock.pk: 2}, by=SYSTEM, today=TODAY)

    assert order.status == Status.DISPATCHED
    assert out_by_card(claim=order.claim) == {bolt.pk: 1}
    assert history(order)[-1] == ("dispatched", "dispatched", "back: 3 × Lightning Bolt, 2 × Shock")
    assert mail.outbox == []
    assert right_books()


@pytest.mark.parametrize("in_parts", [True, False], ids=["counted", "everything"])
def test_the_rest_makes_it_complete(in_parts):
    card = stocked_card(4)
    order = dispatched({card: 4})
    check_in(order=order, copies={card.pk: 3}, by=SYSTEM, today=TODAY)

    order = check_in(order=order, copies={card.pk: 1} if in_parts else None, by=SYSTEM, today=TODAY)

    assert order.status == Status.RETURNED
    assert history(order)[-1][2] == "the rest is back"


def test_lines_of_one_card_come_back_together():
    card = stocked_card(4)
    cart = cart_with({card: 3}, first_day=TODAY)
    cart.order_cards.create(card=card, quantity=1, zone="sideboard")
    order = dispatch(order=paid(settle_cart(cart)), by=SYSTEM, today=TODAY)

    order = check_in(order=order, copies={card.pk: 4}, by=SYSTEM, today=TODAY)

    assert order.status == Status.RETURNED


def settle_cart(cart: Order) -> Order:
    return settle(payment=held_payment(cart), today=TODAY)


@pytest.mark.parametrize(
    ("copies", "says"),
    [
        ({"bolt": 5}, "only so many copies are out: 4 × Lightning Bolt"),
        ({"other": 1}, "only so many copies are out: 0 × Opt"),
        ({"bolt": 0}, "Write how many"),
        ({}, "Write how many"),
        ({"bolt": -1}, "Write how many"),
        ({"bolt": 1, "shock": -1}, "Write how many"),
    ],
)
def test_what_cannot_come_back_is_refused_and_nothing_is_changed(copies, says):
    cards = {"bolt": stocked_card(4, name="Lightning Bolt"), "shock": stocked_card(4), "other": None}
    order = dispatched({cards["bolt"]: 4, cards["shock"]: 2})
    cards["other"] = stocked_card(4, name="Opt")
    before = history(order)

    with pytest.raises(ReturnError, match=says):
        check_in(
            order=order, copies={cards[name].pk: n for name, n in copies.items()}, by=SYSTEM, today=TODAY
        )

    assert out_by_card(claim=order.claim) == {cards["bolt"].pk: 4, cards["shock"].pk: 2}
    assert history(order) == before


def test_only_what_is_out_can_come_back():
    card = stocked_card(4)
    order = ready({card: 3})

    with pytest.raises(ReturnError, match="is open: nothing of it is out"):
        check_in(order=order, by=SYSTEM, today=TODAY)

    order.refresh_from_db()
    assert order.status == Status.OPEN


def test_a_form_that_is_sent_twice_counts_once():
    card = stocked_card(4)
    order = dispatched({card: 4})

    check_in(order=order, copies={card.pk: 1}, by=SYSTEM, today=TODAY, seen=4)
    with pytest.raises(ReturnError, match="in the meantime"):
        check_in(order=order, copies={card.pk: 1}, by=SYSTEM, today=TODAY, seen=4)
    with pytest.raises(ReturnError, match="in the meantime"):
        write_off(
            order=order,
            printing=card.printings.get(),
            copies=1,
            kind="lost",
            by=SYSTEM,
            today=TODAY,
            seen=4,
        )

    assert out_by_card(claim=order.claim) == {card.pk: 3}


# --- what does not come back ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["lost", "damaged"])
def test_copies_that_are_written_off_are_not_out_and_not_owned_any_more(kind):
    card, clerk = stocked_card(4, name="Lightning Bolt"), StaffFactory()
    printing = card.printings.get()
    order = dispatched({card: 3}, days=3)

    order = write_off(order=order, printing=printing, copies=2, kind=kind, by=staff(clerk), today=day(1))

    movement = StockMovement.objects.latest("pk")
    assert (movement.printing, movement.quantity, movement.kind, movement.effective_on, movement.by) == (
        printing,
        -2,
        kind,
        day(1),
        clerk,
    )
    assert order.number in movement.note
    assert out_by_card(claim=order.claim) == {card.pk: 1}
    assert order.status == Status.DISPATCHED
    assert history(order)[-1][2] == f"{kind}: 2 × Lightning Bolt, {printing}"
    assert free_by_day([card.pk], day(1), day(5), today=day(1))[card.pk] == [1, 1, 2, 2]


def test_the_last_copy_that_is_written_off_settles_the_order(committed):
    card = stocked_card(4)
    order = dispatched({card: 3})
    check_in(order=order, copies={card.pk: 2}, by=SYSTEM, today=TODAY)

    with committed():
        order = write_off(
            order=order, printing=card.printings.get(), copies=1, kind="lost", by=SYSTEM, today=TODAY
        )

    assert order.status == Status.RETURNED
    assert [reason for _, _, reason in history(order)][-2:] == [
        f"lost: 1 × {card}, {card.printings.get()}",
        "every card is back or settled",
    ]
    assert "lost: 1 × " in mail.outbox[-1].body
    assert right_books()


def test_copies_are_written_off_even_where_they_are_promised():
    card = stocked_card(4)
    order = dispatched({card: 4}, days=3)
    later = settled({card: 4}, first_day=order.back_on)

    write_off(order=order, printing=card.printings.get(), copies=1, kind="lost", by=SYSTEM, today=TODAY)

    later.refresh_from_db()
    assert later.status == Status.OPEN
    assert not later.deck_available(today=TODAY).available


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"copies": 4}, "only so many copies are out: 3 × Lightning Bolt"),
        ({"copies": 0}, "1 or more"),
        ({"copies": -1}, "1 or more"),
        ({"kind": "sold"}, "lost or damaged"),
        ({"kind": "found"}, "lost or damaged"),
        ({"printing": "of another card"}, "No Opt of this order is out"),
        ({"printing": "that the shop does not own"}, "owns 0 of Lightning Bolt"),
    ],
)
def test_what_cannot_be_written_off_is_refused_and_nothing_is_changed(changes, says):
    card, opt = stocked_card(4, name="Lightning Bolt"), stocked_card(4, name="Opt")
    order = dispatched({card: 3})
    printings = {
        "owned": card.printings.get(),
        "of another card": opt.printings.get(),
        "that the shop does not own": PrintingFactory(card=card),
    }
    asked = {"printing": "owned", "copies": 1, "kind": "lost"} | changes
    asked["printing"] = printings[asked["printing"]]
    before = (history(order), StockMovement.objects.count())

    with pytest.raises(ReturnError, match=says):
        write_off(order=order, by=SYSTEM, today=TODAY, **asked)

    assert out_by_card(claim=order.claim) == {card.pk: 3}
    assert (history(order), StockMovement.objects.count()) == before


def test_nothing_is_written_off_of_an_order_that_is_back():
    card = stocked_card(4)
    order = check_in(order=dispatched({card: 3}), by=SYSTEM, today=TODAY)

    with pytest.raises(ReturnError, match="is returned"):
        write_off(order=order, printing=card.printings.get(), copies=1, kind="lost", by=SYSTEM, today=TODAY)

    assert not StockMovement.objects.filter(kind="lost").exists()


# --- late -------------------------------------------------------------------------------------------------


def test_an_overdue_deck_is_expected_on_a_day(committed):
    card = stocked_card(4)
    order = dispatched({card: 4}, days=3, days_ago=10)
    waiting = placed({card: 4}, first_day=day(5))
    assert waiting.status == Status.PENDING

    with committed():
        order = expect_back(order=order, on=day(5), by=SYSTEM, today=TODAY)

    waiting.refresh_from_db()
    assert Reservation.objects.get(claim=order.claim).expected_on == day(5)
    assert history(order)[-1][2] == f"expected on {day(5):%-d %B %Y}"
    assert waiting.status == Status.OPEN


def test_an_expectation_is_taken_back():
    order = dispatched({stocked_card(4): 4}, days=3, days_ago=10)
    expect_back(order=order, on=day(5), by=SYSTEM, today=TODAY)

    expect_back(order=order, on=None, by=SYSTEM, today=TODAY)

    assert Reservation.objects.get(claim=order.claim).expected_on is None
    assert history(order)[-1][2] == "nobody knows when it comes back"


@pytest.mark.parametrize(
    ("days_ago", "on", "says"),
    [(10, 0, "after today"), (10, -3, "after today"), (0, 2, "set aside until"), (0, 0, "after today")],
)
def test_a_day_that_says_nothing_is_no_expectation(days_ago, on, says):
    order = dispatched({stocked_card(4): 4}, days=3, days_ago=days_ago)
    before = history(order)

    with pytest.raises(ReturnError, match=says):
        expect_back(order=order, on=day(on), by=SYSTEM, today=TODAY)

    assert Reservation.objects.get(claim=order.claim).expected_on is None
    assert history(order) == before


def test_a_deck_that_is_back_is_not_expected():
    order = check_in(order=dispatched({stocked_card(4): 3}), by=SYSTEM, today=TODAY)

    with pytest.raises(ReturnError, match="is returned"):
        expect_back(order=order, on=day(3), by=SYSTEM, today=TODAY)
