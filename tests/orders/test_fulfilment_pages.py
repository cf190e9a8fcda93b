"""The desk's pages of decks that leave and come back: what they show, who may use them, what nonsense does."""

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from inventory.models import Card, Reservation, StockMovement
from inventory.reservations import out_by_card
from orders import fulfilment, fulfilment_pages
from orders.fulfilment_pages import dispatches, return_page, returns
from orders.models import Order, OrderCard, OrderEvent
from orders.states import Status
from orders.transitions import SYSTEM
from tests.factories import (
    TODAY,
    PrintingFactory,
    StaffFactory,
    StockMovementFactory,
    dispatched,
    paid,
    placed,
    settled,
    stocked_card,
)
from tests.orders.test_views import (
    HUGE,
    NUL,
    browser_of,
    messages_of,
    other_customer,
    other_guest,
    queries_of,
    stranger,
)

pytestmark = pytest.mark.django_db


def day(offset: int):
    return TODAY + timedelta(days=offset)


@pytest.fixture
def clerk() -> Client:
    client = Client()
    client.force_login(StaffFactory())
    return client


def show(client: Client, order: Order) -> HttpResponse:
    return client.get(reverse("orders:staff_return", args=[order.number]))


def send(client: Client, form: str, order: Order, **fields) -> HttpResponse:
    return client.post(reverse(f"orders:staff_{form}", args=[order.number]), fields)


def numbers(rows) -> list[str]:
    return [row.order.number for row in rows]


# --- who may come in --------------------------------------------------------------------------------------

FORMS = ["dispatch_order", "check_in_everything", "check_in", "write_off", "expect"]


@pytest.mark.parametrize(
    ("visitor", "status"),
    [(stranger, 302), (other_guest, 302), (other_customer, 403)],
    ids=["stranger", "guest", "customer"],
)
@pytest.mark.parametrize("form", FORMS)
def test_only_staff_send_out_and_check_in(form, visitor, status):
    card = stocked_card(4)
    order = paid(settled({card: 3}, first_day=TODAY)) if form == "dispatch_order" else dispatched({card: 3})
    before = OrderEvent.objects.count()

    response = send(
        visitor(),
        form,
        order,
        seen=3,
        printing=card.printings.get().pk,
        copies=1,
        kind="lost",
        on=day(9).isoformat(),
        **{f"back_{card.pk}": 1},
    )

    assert response.status_code == status
    assert OrderEvent.objects.count() == before


@pytest.mark.parametrize(("visitor", "status"), [(stranger, 302), (other_customer, 403)])
def test_only_staff_see_what_is_out_of_an_order(visitor, status):
    assert show(visitor(), dispatched({stocked_card(4): 3})).status_code == status


@pytest.mark.parametrize("number", ["XXXXXXXXXX", "1", "A" * 500])
@pytest.mark.parametrize("form", FORMS)
def test_an_order_that_does_not_exist_is_not_found(clerk, form, number):
    assert clerk.post(reverse(f"orders:staff_{form}", args=[number])).status_code == 404
    assert clerk.get(reverse("orders:staff_return", args=[number])).status_code == 404


@pytest.mark.parametrize(
    ("form", "back_to"),
    [
        ("dispatch_order", "dispatch"),
        ("check_in_everything", "returns"),
        ("check_in", "return"),
        ("write_off", "return"),
        ("expect", "return"),
    ],
)
def test_who_was_signed_out_comes_back_to_the_page_of_the_form(form, back_to):
    order = dispatched({stocked_card(4): 3})
    clerk = stranger()
    address = reverse(f"orders:staff_{back_to}", args=[order.number] if back_to == "return" else [])

    response = send(clerk, form, order)

    assert response["Location"] == f"{reverse('account_login')}?next={address}"
    assert "nothing was written down" in clerk.get(response["Location"]).content.decode()


# --- dispatch ---------------------------------------------------------------------------------------------


def test_open_orders_stand_by_the_day_on_which_they_leave():
    card = stocked_card(20)
    later, today, soon = (settled({card: 1}, first_day=day(first)) for first in (9, 0, 3))
    late = settled({card: 1}, first_day=TODAY)
    Order.objects.filter(pk=late.pk).update(out_on=day(-2))
    placed({stocked_card(0): 1}, first_day=TODAY)
    dispatched({card: 1})

    found = dispatches(page="1", today=TODAY)

    assert numbers(found.late) == [late.number]
    assert numbers(found.today) == [today.number]
    assert numbers(found.coming) == [soon.number, later.number]
    assert found.late[0].days_late == 2
    assert [row.obstacle == "" for row in (*found.late, *found.today, *found.coming)] == [
        True,
        True,
        False,
        False,
    ]


def test_an_order_whose_days_have_passed_says_so_and_has_no_button(clerk):
    order = settled({stocked_card(4): 1}, first_day=TODAY)
    Order.objects.filter(pk=order.pk).update(
        first_day=day(-5), last_day=day(-3), out_on=day(-5), due_on=day(-3), back_on=day(-2)
    )

    page = clerk.get(reverse("orders:staff_dispatch")).content.decode()

    assert "Its days have passed." in page
    assert reverse("orders:staff_dispatch_order", args=[order.number]) not in page


@pytest.mark.parametrize("orders", [1, 5])
def test_orders_whose_days_have_passed_say_what_their_money_allows_without_asking_for_each(
    orders, django_assert_num_queries
):
    for _ in range(orders):
        paid(settled({stocked_card(4): 1}, first_day=TODAY))
        settled({stocked_card(4): 1}, first_day=TODAY)

    with django_assert_num_queries(5):
        late = dispatches(page="1", today=day(50)).late

    assert ["and the money goes back" in row.obstacle for row in late] == [True, False] * orders


def test_the_pick_list_takes_lines_of_one_printing_together_and_says_what_is_wished():
    card = stocked_card(4, name="Lightning Bolt")
    wished = PrintingFactory(card=card, set_name="Alpha")
    StockMovementFactory(printing=wished, quantity=1)
    order = settled({card: 2}, first_day=TODAY)
    order.order_cards.create(card=card, quantity=1, zone="sideboard")
    order.order_cards.create(card=card, quantity=2, preferred_printing=wished)

    [row] = dispatches(page="1", today=TODAY).today

    assert [(pick.card, pick.copies, pick.preferred, pick.owned) for pick in row.picks] == [
        (card, 3, None, None),
        (card, 2, wished, 1),
    ]
    assert [pick.preferred_is_scarce for pick in row.picks] == [False, True]
    assert row.copies == 5


def test_copies_that_are_not_on_the_shelf_are_named(clerk):
    card = stocked_card(4, name="Lightning Bolt")
    late = dispatched({card: 3}, days=3)
    order = settled({card: 3}, first_day=late.back_on)

    [row] = dispatches(page="1", today=late.back_on).today

    assert row.order == order
    assert row.missing == ((card, 2),)


def test_what_is_with_somebody_else_until_then_is_not_missed_before_the_day():
    card = stocked_card(4)
    gone = dispatched({card: 3}, days=3)
    settled({card: 3}, first_day=gone.back_on)

    [row] = dispatches(page="1", today=TODAY).coming

    assert row.missing == ()


def test_an_order_that_is_paid_but_was_not_sent_is_marked():
    settled({stocked_card(4): 1}, first_day=TODAY)
    paid(settled({stocked_card(4): 1}, first_day=TODAY))

    assert [row.paid for row in dispatches(page="1", today=TODAY).today] == [False, True]


def packed_by(clerk: Client, order: Order) -> str:
    """What the form beside the order's pick list says of it."""
    page = clerk.get(reverse("orders:staff_dispatch")).content.decode()
    form = page[page.index(reverse("orders:staff_dispatch_order", args=[order.number])) :]
    found = re.search(r'name="seen" value="(\w+)"', form[: form.index("</form>")])
    assert found is not None
    return found[1]


def test_a_deck_that_was_changed_after_it_was_packed_is_not_sent_out_before_it_is_packed_anew(clerk):
    order = paid(settled({stocked_card(4): 3, stocked_card(4): 1}, first_day=TODAY))
    packed = packed_by(clerk, order)
    some, other = order.order_cards.order_by("pk")
    some.quantity, other.quantity = other.quantity, some.quantity
    OrderCard.objects.bulk_update([some, other], ["quantity"])

    refused = send(clerk, "dispatch_order", order, seen=packed)

    order.refresh_from_db()
    assert order.status == Status.OPEN
    assert any("changed after you packed it" in said for said in messages_of(refused))
    send(clerk, "dispatch_order", order, seen=packed_by(clerk, order))
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED


def test_a_form_that_does_not_say_what_was_packed_sends_nothing_out(clerk):
    order = paid(settled({stocked_card(4): 3}, first_day=TODAY))

    send(clerk, "dispatch_order", order)

    order.refresh_from_db()
    assert order.status == Status.OPEN


def test_staff_dispatch_an_order(clerk):
    order = paid(settled({stocked_card(4): 3}, first_day=TODAY))

    response = send(clerk, "dispatch_order", order, seen=packed_by(clerk, order))

    order.refresh_from_db()
    assert response["Location"] == reverse("orders:staff_dispatch")
    assert messages_of(response) == [f"Order {order.number} is paid and dispatched."]
    assert order.status == Status.DISPATCHED
    assert OrderEvent.objects.latest("pk").actor == "staff"


def test_what_cannot_leave_is_told_why(clerk):
    order = paid(settled({stocked_card(4): 3}, first_day=day(3)))

    response = send(clerk, "dispatch_order", order)

    order.refresh_from_db()
    [message] = messages_of(response)
    assert "set aside from" in message
    assert order.number in message
    assert order.status == Status.OPEN


# --- returns ----------------------------------------------------------------------------------------------


def test_decks_that_are_out_stand_by_the_day_on_which_they_are_due():
    coming, overdue, today = (
        dispatched({stocked_card(4): 3}, days=5, days_ago=days_ago) for days_ago in (0, 9, 4)
    )
    settled({stocked_card(4): 3}, first_day=TODAY)

    found = returns(page="1", today=TODAY)

    assert numbers(found.overdue) == [overdue.number]
    assert numbers(found.today) == [today.number]
    assert numbers(found.coming) == [coming.number]
    assert (found.overdue[0].days_late, found.overdue[0].due_on) == (5, day(-5))
    assert found.coming[0].due_on == day(4)


def test_a_deck_that_may_leave_again_on_the_day_it_comes_is_due_on_that_day(settings):
    settings.SAME_DAY_TURNAROUND = True
    order = dispatched({stocked_card(4): 3}, days=5)
    last_day = order.last_day

    [on_the_day] = returns(page="1", today=last_day).today
    [the_day_after] = returns(page="1", today=last_day + timedelta(days=1)).overdue

    assert (on_the_day.due_on, the_day_after.days_late) == (last_day, 1)
    for today, late in [(last_day, False), (last_day + timedelta(days=1), True)]:
        assert Order.objects.filter(fulfilment_pages.overdue(today=today)).exists() == late


def test_what_is_still_out_is_counted_and_when_it_is_expected(clerk):
    card = stocked_card(4)
    order = dispatched({card: 4}, days=3, days_ago=10)
    fulfilment.check_in(order=order, copies={card.pk: 3}, by=SYSTEM, today=TODAY)
    fulfilment.expect_back(order=order, on=day(3), by=SYSTEM, today=TODAY)

    [row] = returns(page="1", today=TODAY).overdue
    page = clerk.get(reverse("orders:staff_returns")).content.decode()

    assert (row.copies, row.of, row.expected_on) == (1, 4, day(3))
    assert not row.expectation_has_passed
    assert returns(page="1", today=day(3)).overdue[0].expectation_has_passed
    assert "1 of 4 cards still out" in page
    assert f"expected {day(3).day} {day(3):%B}" in page


def test_everything_is_checked_in_with_one_press(clerk):
    order = dispatched({stocked_card(4): 3})

    response = send(clerk, "check_in_everything", order)
    again = send(clerk, "check_in_everything", order)

    order.refresh_from_db()
    assert response["Location"] == again["Location"] == reverse("orders:staff_returns")
    assert order.status == Status.RETURNED
    assert OrderEvent.objects.filter(to_status="returned").count() == 1


def test_what_never_left_is_not_checked_in(clerk):
    order = settled({stocked_card(4): 3}, first_day=TODAY)

    response = send(clerk, "check_in_everything", order)

    assert "nothing of it is out" in messages_of(response)[0]
    assert not OrderEvent.objects.filter(to_status="returned").exists()


@pytest.mark.parametrize("page", ["0", "-1", "999", "x", NUL, HUGE, ""])
@pytest.mark.parametrize("address", ["orders:staff_dispatch", "orders:staff_returns"])
def test_a_page_that_there_is_not_shows_one_that_there_is(clerk, address, page):
    assert clerk.get(reverse(address), {"page": page}).status_code == 200


def test_long_lists_come_in_pages(monkeypatch):
    monkeypatch.setattr(fulfilment_pages, "ORDERS_PER_PAGE", 2)
    out = [dispatched({stocked_card(4): 3}, days_ago=days_ago) for days_ago in (0, 5, 9)]
    leaving = [settled({stocked_card(4): 3}, first_day=day(first)) for first in (0, 2, 5)]

    assert numbers(returns(page="2", today=TODAY).coming) == [out[0].number]
    assert numbers(dispatches(page="2", today=TODAY).coming) == [leaving[2].number]


# --- an order that is out, card by card -------------------------------------------------------------------


@pytest.fixture
def bolt() -> Card:
    return stocked_card(4, name="Lightning Bolt")


@pytest.fixture
def out(bolt) -> Order:
    return dispatched({bolt: 4, stocked_card(4, name="Shock"): 2}, days=3, days_ago=10)


def test_the_page_shows_what_is_out_and_which_printings_the_shop_owns(clerk, out, bolt):
    PrintingFactory(card=bolt)

    page = return_page(number=out.number, today=TODAY)

    assert [(row.card.name, row.copies) for row in page.cards] == [("Lightning Bolt", 4), ("Shock", 2)]
    assert len(page.printings) == 2
    assert show(clerk, out).status_code == 200


def test_a_part_is_checked_in(clerk, out, bolt):
    response = send(clerk, "check_in", out, seen=6, **{f"back_{bolt.pk}": "3"})

    assert response["Location"] == reverse("orders:staff_return", args=[out.number])
    assert out_by_card(claim=out.claim)[bolt.pk] == 1
    assert sum(out_by_card(claim=out.claim).values()) == 3


def test_the_last_part_leads_back_to_the_list(clerk, bolt):
    order = dispatched({bolt: 4})

    response = send(clerk, "check_in", order, seen=4, **{f"back_{bolt.pk}": "4"})

    order.refresh_from_db()
    assert response["Location"] == reverse("orders:staff_returns")
    assert order.status == Status.RETURNED


@pytest.mark.parametrize(
    ("back", "seen", "says"),
    [
        ("5", "6", "no more are out"),
        ("-1", "6", "from 0 to 4"),
        ("two", "6", "from 0 to 4"),
        (NUL, "6", "from 0 to 4"),
        (HUGE, "6", "from 0 to 4"),
        ("", "6", "Write how many copies came back"),
        ("0", "6", "Write how many copies came back"),
        ("1", "5", "in the meantime"),
        ("1", "", "Try again"),
        ("1", "x", "Try again"),
        ("1", HUGE, "Try again"),
    ],
)
def test_what_cannot_have_come_back_is_said_and_kept(clerk, out, bolt, back, seen, says):
    before = OrderEvent.objects.count()

    response = send(clerk, "check_in", out, seen=seen, **{f"back_{bolt.pk}": back})

    page = response.content.decode()
    assert response.status_code == 422
    assert says in page
    if back in ("5", "-1", "two", "1"):
        assert f'value="{back}"' in page
    assert '<input type="hidden" name="seen" value="6">' in page
    assert sum(out_by_card(claim=out.claim).values()) == 6
    assert OrderEvent.objects.count() == before


@pytest.mark.parametrize("kind", ["lost", "damaged"])
def test_copies_are_written_off(clerk, out, bolt, kind):
    response = send(clerk, "write_off", out, seen=6, printing=bolt.printings.get().pk, copies="2", kind=kind)

    movement = StockMovement.objects.latest("pk")
    assert response["Location"] == reverse("orders:staff_return", args=[out.number])
    assert (movement.quantity, movement.kind) == (-2, kind)
    assert movement.by is not None
    assert out_by_card(claim=out.claim)[bolt.pk] == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"copies": "5"}, "only so many copies are out"),
        ({"copies": "0"}, "1 or more"),
        ({"copies": ""}, "Write how many copies"),
        ({"copies": NUL}, "whole number"),
        ({"copies": HUGE}, "whole number"),
        ({"printing": ""}, "Choose what is written off"),
        ({"printing": "0"}, "no printing of a card that is out"),
        ({"printing": NUL}, "Null characters are not allowed"),
        ({"printing": HUGE}, "no printing of a card that is out"),
        ({"kind": "found"}, "lost or damaged"),
        ({"kind": ""}, "lost or damaged"),
        ({"seen": "5"}, "in the meantime"),
        ({"seen": NUL}, "Try again"),
    ],
)
def test_what_cannot_be_written_off_is_said(clerk, out, bolt, changes, says):
    before = StockMovement.objects.count()
    fields = {"seen": 6, "printing": bolt.printings.get().pk, "copies": "1", "kind": "lost"} | changes

    response = send(clerk, "write_off", out, **fields)

    assert response.status_code == 422
    assert says in response.content.decode()
    assert StockMovement.objects.count() == before
    assert sum(out_by_card(claim=out.claim).values()) == 6


def test_a_printing_of_a_card_that_is_not_out_is_not_written_off(clerk, out):
    other = stocked_card(4)

    response = send(
        clerk, "write_off", out, seen=6, printing=other.printings.get().pk, copies="1", kind="lost"
    )

    assert "no printing of a card that is out" in response.content.decode()


def test_a_day_is_recorded_and_taken_back(clerk, out):
    send(clerk, "expect", out, on=day(4).isoformat())
    recorded = set(Reservation.objects.filter(claim=out.claim).values_list("expected_on", flat=True))
    page = show(clerk, out).content.decode()
    send(clerk, "expect", out, on="", forget="1")

    assert recorded == {day(4)}
    assert f'value="{day(4).isoformat()}"' in page
    assert set(Reservation.objects.filter(claim=out.claim).values_list("expected_on", flat=True)) == {None}


@pytest.mark.parametrize(
    ("on", "says"),
    [
        (TODAY.isoformat(), "after today"),
        (day(-1).isoformat(), "after today"),
        ("9999-12-31", "more than a year ahead"),
        ("", "Choose a day"),
        ("soon", "Choose a day"),
        (NUL, "Choose a day"),
        (HUGE, "Choose a day"),
    ],
)
def test_a_day_that_cannot_be_expected_is_said(clerk, out, on, says):
    response = send(clerk, "expect", out, on=on)

    assert response.status_code == 422
    assert says in response.content.decode()
    assert not Reservation.objects.filter(expected_on__isnull=False).exists()


@pytest.mark.parametrize("form", ["check_in", "write_off", "expect"])
def test_an_order_that_is_back_by_now_leads_to_the_list(clerk, out, form):
    fulfilment.check_in(order=out, by=SYSTEM, today=TODAY)

    for response in (send(clerk, form, out, seen=6), show(clerk, out)):
        assert response["Location"] == reverse("orders:staff_returns")
    assert any("nothing of it is out" in message for message in messages_of(response))


# --- what the customer sees -------------------------------------------------------------------------------


def test_the_customer_sees_that_the_deck_has_left_when_it_is_due_and_what_was_charged():
    order = dispatched({stocked_card(4, value_cents=10_000): 3})

    page = browser_of(order).get(order.get_absolute_url()).content.decode()

    assert "must be back with us by" in page
    assert f"{order.total_cents // 100}.{order.total_cents % 100:02} was charged to your card" in page
    assert reverse("orders:cancel", args=[order.number]) not in page


def test_the_customer_sees_that_the_order_is_complete():
    order = fulfilment.check_in(order=dispatched({stocked_card(4): 3}), by=SYSTEM, today=TODAY)

    page = browser_of(order).get(order.get_absolute_url()).content.decode()

    assert "Your order is complete" in page
    assert "must be back" not in page


def test_an_order_that_is_just_being_dispatched_offers_no_cancelling():
    order = paid(settled({stocked_card(4): 3}))

    page = browser_of(order).get(order.get_absolute_url()).content.decode()

    assert reverse("orders:cancel", args=[order.number]) not in page


# --- how often a page asks the database -------------------------------------------------------------------


def wishing(order: Order) -> Order:
    for line in order.order_cards.all():
        line.preferred_printing = line.card.printings.get()
        line.save()
    return order


@pytest.mark.parametrize(("orders", "cards"), [(1, 1), (1, 60), (12, 4)])
def test_the_dispatch_page_asks_as_often_for_many_orders_as_for_one(clerk, orders, cards):
    for _ in range(orders):
        wishing(settled({stocked_card(4): 2 for _ in range(cards)}, first_day=TODAY))

    assert len(queries_of(clerk, reverse("orders:staff_dispatch"))) == 9


@pytest.mark.parametrize(("orders", "cards"), [(1, 1), (1, 60), (12, 4)])
def test_the_returns_page_asks_as_often_for_many_orders_as_for_one(clerk, orders, cards):
    for _ in range(orders):
        dispatched({stocked_card(4): 2 for _ in range(cards)}, days_ago=10)

    assert len(queries_of(clerk, reverse("orders:staff_returns"))) == 6


@pytest.mark.parametrize("cards", [1, 60])
def test_an_order_that_is_out_asks_as_often_for_many_cards_as_for_one(clerk, cards):
    order = dispatched({stocked_card(4): 2 for _ in range(cards)}, days_ago=10)

    assert len(queries_of(clerk, reverse("orders:staff_return", args=[order.number]))) == 8
