"""Why an order is short: in words that name nobody, and for staff with the orders ahead."""

import uuid
from datetime import date, timedelta

import pytest

from inventory.explanations import Ahead, Explanation
from inventory.models import Reservation
from orders.explanations import explain_for_staff, explain_order, reasons, short_cards, waiting_ahead
from orders.lines import lines_of
from orders.models import Order
from orders.shortfall_page import shortfall_page
from orders.states import Status
from tests.factories import TODAY, CartFactory, cart_with, dispatched, placed, settled, stocked_card

State = Reservation.State


def day(offset: int) -> date:
    return date(2026, 12, 1) + timedelta(days=offset)


def row(state: State, quantity: int = 1, back: int | None = 5, *, overdue: bool = False) -> Ahead:
    back_on = None if back is None else day(back)
    return Ahead(uuid.uuid4(), quantity, day(-5), back_on, state, overdue=overdue)


def said(*ahead: Ahead, owned: int = 4, quantity: int = 4) -> list[str]:
    return list(reasons(Explanation(1, quantity, 1, {day(0): 1}, ahead=ahead, owned=owned, clears_on=None)))


# --- in words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owned", "words"),
    [
        (2, ["We own 2 of the 4 copies that you ask for."]),
        (0, ["We own no copy of this card."]),
        (-1, ["We own no copy of this card."]),
        (4, []),
    ],
)
def test_it_says_where_the_shop_owns_too_few(owned, words):
    assert said(owned=owned) == words


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        ([row(State.FIRM)], "Promised to 1 other order until 5 December."),
        ([row(State.FIRM, back=5), row(State.FIRM, back=3)], "Promised to 2 other orders until 5 December."),
        ([row(State.OUT)], "1 copy is out with other customers until 5 December."),
        ([row(State.OUT, 2), row(State.OUT)], "3 copies are out with other customers until 5 December."),
        ([row(State.QUEUED)], "1 order waits ahead of you."),
        ([row(State.QUEUED), row(State.QUEUED)], "2 orders wait ahead of you."),
        (
            [row(State.OUT, back=None, overdue=True)],
            "1 copy is out and overdue: it is not known when it comes back.",
        ),
        (
            [row(State.OUT, 2, back=None, overdue=True)],
            "2 copies are out and overdue: it is not known when they come back.",
        ),
        ([row(State.OUT, overdue=True)], "1 copy is out and overdue, expected back on 6 December."),
    ],
)
def test_a_reason_in_words(ahead, words):
    assert said(*ahead) == [words]


def test_the_last_day_of_a_reservation_is_the_day_before_it_is_back():
    assert said(row(State.FIRM, back=0)) == ["Promised to 1 other order until 30 November."]


def test_overdue_copies_are_told_by_the_day_on_which_they_are_expected():
    late = [row(State.OUT, 2, back=None, overdue=True), row(State.OUT, 1, back=7, overdue=True)]

    assert said(*late) == [
        "1 copy is out and overdue, expected back on 8 December.",
        "2 copies are out and overdue: it is not known when they come back.",
    ]


# --- of an order ----------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def explained(order: Order):
    return short_cards(lines_of(order), explain_order(order=order, today=TODAY))


def test_an_order_does_not_stand_ahead_of_itself():
    card = stocked_card(4)
    first = placed({card: 3})
    order = placed({card: 3})

    [short] = explained(order)

    assert [ahead.claim for ahead in short.why.ahead] == [first.claim]
    assert (short.card, short.why.short) == (card, 2)
    assert short.days == [(order.first_day, order.last_day, 2)]
    assert short.why.clears_on == first.back_on


def test_a_pending_order_is_explained_at_its_place():
    card = stocked_card(2)
    waiting = [placed({card: 3}) for _ in range(3)]

    ahead = [waiting_ahead(explained(order)) for order in waiting]

    assert ahead == [0, 1, 2]


def test_an_order_that_waits_for_two_cards_stands_ahead_once():
    one, other = stocked_card(1), stocked_card(1)
    placed({one: 2, other: 2})

    assert waiting_ahead(explained(placed({one: 2, other: 2}))) == 1


def test_an_open_order_is_endangered_by_what_is_promised_and_not_by_who_waits():
    card = stocked_card(4)
    late = dispatched({card: 2}, days_ago=9)
    order = placed({card: 2})
    Order.objects.filter(pk=order.pk).update(status=Status.OPEN, queued_at=None)
    order.refresh_from_db()
    placed({card: 4})

    assert explained(order) == ()
    stock = card.printings.get().stock_movements.get()
    stock.quantity = 3
    stock.save()
    [short] = explained(order)
    assert [row.claim for row in short.why.ahead] == [late.claim]


def test_staff_see_whose_reservations_stand_ahead_and_who_is_overdue(django_assert_num_queries):
    card = stocked_card(4)
    late = dispatched({card: 2}, days_ago=9)
    first_day = TODAY + timedelta(days=10)
    promised = placed({card: 2}, first_day=first_day)
    somebody = Reservation.objects.create(
        card=card, quantity=1, out_on=first_day + timedelta(days=1), back_on=promised.back_on, state="firm"
    )
    cards = explained(placed({card: 1}, first_day=first_day))

    with django_assert_num_queries(1):
        [found] = explain_for_staff(cards)

    assert [(row.ahead.claim, row.order, row.ahead.overdue, row.last_day) for row in found.ahead] == [
        (late.claim, late, True, None),
        (promised.claim, promised, False, promised.back_on - timedelta(days=1)),
        (somebody.claim, None, False, promised.back_on - timedelta(days=1)),
    ]


def test_of_what_is_free_staff_are_told_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert explain_for_staff([]) == []


# --- on a page ------------------------------------------------------------------------------------------


def test_a_cart_without_days_is_not_known_to_be_short():
    found = shortfall_page(order=CartFactory(), today=TODAY)

    assert (found.available, found.short_cards, found.starts) == (True, (), None)


def test_where_nothing_is_short_no_other_days_are_looked_for():
    assert shortfall_page(order=cart_with({stocked_card(4): 4}), today=TODAY).starts is None


def test_the_days_on_offer_are_free_of_what_others_hold_and_not_of_what_it_holds_itself():
    card = stocked_card(4)
    taken = placed({card: 4})
    order = settled({card: 4})

    starts = shortfall_page(order=order, today=TODAY).starts

    length = taken.last_day - taken.first_day + timedelta(days=1)
    assert (starts.before, starts.after) == (taken.first_day - length, taken.first_day + length)
    assert starts.wished == order.first_day
    assert len(starts.strip) == 60


def test_a_line_knows_what_its_card_lacks_altogether():
    card = stocked_card(1)
    cart = cart_with({card: 3})
    cart.order_cards.create(card=card, quantity=2, zone="sideboard")

    found = shortfall_page(order=cart, today=TODAY)

    assert [(shown.short, shown.shortfall.short) for shown in found.page.lines] == [(2, 4), (2, 4)]
    assert [short.why.short for short in found.short_cards] == [4]


def test_the_whole_deck_clears_with_the_last_of_its_cards():
    one, other = stocked_card(1), stocked_card(1)
    placed({one: 1})
    last = placed({other: 1}, days=5)
    cart = cart_with({one: 1, other: 1}, days=4)

    assert shortfall_page(order=cart, today=TODAY).clears_on == last.back_on
    assert shortfall_page(order=cart_with({one: 1, stocked_card(0): 1}), today=TODAY).clears_on is None
