"""The way of an order and its history, as its customer reads them."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.cancellation import cancel, lapse_pending
from orders.changes import change
from orders.dates import schedule_of_order
from orders.fulfilment import check_in
from orders.models import Order, OrderEvent
from orders.order_history import history_of
from orders.order_money import order_money
from orders.order_timeline import Step, order_timeline
from orders.states import TRANSITIONS, Status
from orders.transitions import SYSTEM, customer
from tests.factories import TODAY, dispatched, placed, stocked_card
from tests.orders.test_calendar import shipped
from tests.orders.test_order_list import without_hold
from tests.orders.test_return_slip import text_of
from tests.orders.test_views import browser_of

pytestmark = pytest.mark.django_db


def way(order: Order, *, today: date = TODAY, still_out: int = 0) -> list[Step]:
    return order_timeline(
        order=order,
        schedule=schedule_of_order(order),
        money=order_money(order),
        events=list(order.events.order_by("at", "pk")),
        today=today,
        still_out=still_out,
    )


def states(order: Order, **fields) -> dict[str, str]:
    """The state of each step; the current one is marked."""
    return {step.key: f"{step.state}{'*' if step.current else ''}" for step in way(order, **fields)}


def step(order: Order, key: str, **fields) -> Step:
    return next(step for step in way(order, **fields) if step.key == key)


def returned() -> Order:
    return check_in(order=dispatched({stocked_card(4): 1}), by=SYSTEM, today=TODAY)


def cancelled() -> Order:
    return cancel(order=placed({stocked_card(4): 1}), by=customer(), reason="the customer cancels")


AHEAD = {"leaves": "ahead", "with-you": "ahead", "due": "ahead", "returned": "ahead"}


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (
            lambda: placed({stocked_card(4): 1}),
            {"ordered": "done", "money": "done", "cards": "now*", **AHEAD},
        ),
        (
            lambda: placed({stocked_card(1): 2}),
            {"ordered": "done", "money": "done", "cards": "now*", **AHEAD},
        ),
        (
            lambda: without_hold(placed({stocked_card(4): 1})),
            {"ordered": "done", "money": "act*", "cards": "done", **AHEAD},
        ),
        (
            lambda: without_hold(placed({stocked_card(1): 2})),
            {"ordered": "done", "money": "act*", "cards": "now", **AHEAD},
        ),
        (
            lambda: dispatched({stocked_card(4): 1}, days=3),
            {"ordered": "done", "money": "done", "cards": "done", "leaves": "done"}
            | {"with-you": "now*", "due": "ahead", "returned": "ahead"},
        ),
        (
            lambda: dispatched({stocked_card(4): 1}, days=3, days_ago=9),
            {"ordered": "done", "money": "done", "cards": "done", "leaves": "done"}
            | {"with-you": "done", "due": "act*", "returned": "ahead"},
        ),
        (
            returned,
            {"ordered": "done", "money": "done", "cards": "done", "leaves": "done"}
            | {"with-you": "done", "due": "done", "returned": "done*"},
        ),
        (cancelled, {"ordered": "done", "cards": "done", "cancelled": "now*"}),
    ],
    ids=["open", "pending", "open unpaid", "pending unpaid", "with you", "overdue", "returned", "cancelled"],
)
def test_every_status_has_its_way(make: Callable[[], Order], wanted: dict[str, str]):
    assert states(make()) == wanted


@pytest.mark.parametrize(
    ("days", "current"),
    [(-3, "leaves"), (-1, "leaves"), (0, "with-you"), (2, "with-you"), (3, "due"), (5, "due"), (6, "due")],
)
def test_a_deck_that_is_out_is_where_its_days_say(days: int, current: str):
    """Two days out, three days with the customer, three days back."""
    order = shipped({stocked_card(4): 1})
    order.status = Status.DISPATCHED
    today = order.first_day + timedelta(days=days)

    steps = way(order, today=today)

    (now,) = [step for step in steps if step.current]
    assert now.key == current
    assert now.title == ("Overdue" if today > order.due_on else now.title)
    assert (now.state == "act") == (today > order.due_on)


def test_the_steps_have_the_days_of_the_order():
    order = shipped({stocked_card(4): 1})

    assert (step(order, "leaves").on, step(order, "leaves").title) == (order.out_on, "Leaves the shop")
    assert (step(order, "with-you").on, step(order, "with-you").until) == (order.first_day, order.last_day)
    assert step(order, "due").on == order.due_on
    assert step(order, "ordered").on == step(order, "cards").on == TODAY
    assert step(order, "returned").on is None


@pytest.mark.parametrize(
    ("make", "first_steps"),
    [
        (lambda: placed({stocked_card(4): 1}), ["Ordered", "Held", "All cards set aside"]),
        (lambda: dispatched({stocked_card(4): 1}), ["Ordered", "All cards set aside", "Paid"]),
    ],
    ids=["held when it was ordered", "charged when the deck left"],
)
def test_the_steps_come_in_the_order_of_their_days(make: Callable[[], Order], first_steps: list[str]):
    assert [step.title for step in way(make())][:3] == first_steps


def test_what_is_collected_is_ready_to_fetch_and_then_fetched():
    assert step(placed({stocked_card(4): 1}), "leaves").title == "Ready to fetch"
    assert step(dispatched({stocked_card(4): 1}), "leaves").title == "Fetched"


def test_an_order_that_should_have_left_says_that_it_has_not():
    order = placed({stocked_card(4): 1}, first_day=TODAY)

    assert step(order, "leaves").says == "Today."
    assert step(order, "leaves", today=TODAY + timedelta(days=1)).says == "It has not left yet."


def test_an_overdue_order_says_how_late_it_is_and_what_is_still_out():
    order = dispatched({stocked_card(4): 3}, days=3, days_ago=3)

    assert step(order, "due").says == "1 day late: please bring or send it back now."
    assert step(order, "due", still_out=2).says.startswith("2 cards still out. ")


def test_a_cancelled_order_says_what_became_of_the_money_and_has_nothing_to_come():
    order = cancelled()

    assert step(order, "cancelled").says == "Nothing is charged."
    assert step(order, "cancelled").on == TODAY


def test_the_page_marks_one_step_and_says_aloud_which_are_done():
    order = dispatched({stocked_card(4): 3}, days=3)
    card = order.order_cards.get().card
    check_in(order=order, copies={card.pk: 1}, by=SYSTEM, today=TODAY)

    page = browser_of(order).get(order.get_absolute_url()).content.decode()
    timeline = page.partition('id="timeline"')[2].partition("</ol>")[0]

    assert timeline.count('aria-current="step"') == 1
    assert "With you (now)" in text_of(timeline)
    assert "Paid (done)" in text_of(timeline)
    assert "Returned (still to come)" in text_of(timeline)


def test_the_page_of_an_overdue_order_says_so_and_counts_what_is_still_out():
    order = dispatched({stocked_card(4): 3}, days=3, days_ago=9)
    card = order.order_cards.get().card
    check_in(order=order, copies={card.pk: 1}, by=SYSTEM, today=TODAY)

    text = text_of(browser_of(order).get(order.get_absolute_url()).content.decode())

    assert "Your deck is overdue: it was due back on" in text
    assert "2 cards still out." in text


# --- what can be done -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "slip", "calendar"),
    [
        (lambda: placed({stocked_card(4): 1}), True, True),
        (lambda: placed({stocked_card(1): 2}), False, True),
        (lambda: dispatched({stocked_card(4): 1}), True, True),
        (returned, False, False),
        (cancelled, False, False),
    ],
    ids=["open", "pending", "out", "returned", "cancelled"],
)
def test_the_page_offers_what_can_be_done_and_nothing_else(make, slip, calendar):
    order = make()
    page = browser_of(order).get(order.get_absolute_url()).content.decode()

    assert (f'href="{reverse("orders:return_slip", args=[order.number])}"' in page) == slip
    assert (f'href="{reverse("orders:calendar", args=[order.number])}"' in page) == calendar
    assert ('href="webcal://' in page) == calendar
    assert f'action="{reverse("orders:order_again", args=[order.number])}"' in page


def test_the_address_to_subscribe_to_is_the_calendar_of_this_order():
    order = placed({stocked_card(4): 1})
    page = browser_of(order).get(order.get_absolute_url()).content.decode()
    address = page.partition('href="webcal://')[2].partition('"')[0]

    response = Client().get(f"/{address.partition('/')[2]}")

    assert response.status_code == 200
    assert order.number in response.content.decode()


# --- history --------------------------------------------------------------------------------------------------


def told(order: Order) -> list[tuple[str, str, str]]:
    return [(one.title, one.says, one.who) for one in history_of(order.events.order_by("at", "pk"))]


def test_a_story_is_told_to_its_customer():
    order = placed({stocked_card(1, name="Lightning Bolt"): 2}, first_day=TODAY + timedelta(days=3))
    lapse_pending(today=TODAY + timedelta(days=4))

    assert told(order) == [
        ("Ordered, and found short", "The total is held on your card.", "you"),
        ("In the queue, with these dates", "", "you"),
        ("Cancelled", "The day on which it should have left came before all of its cards.", ""),
    ]


def test_what_came_back_and_what_changed_is_told_with_its_cards():
    order = placed({stocked_card(4, name="Lightning Bolt"): 2})
    change(order=order, last_day=order.last_day - timedelta(days=1), by=SYSTEM, today=TODAY)
    title, says, who = told(order)[-1]
    assert title.startswith("Cards or days were changed. Days: ")
    assert (says, who) == ("", "")

    order = dispatched({stocked_card(4, name="Shock"): 2})
    shock = order.order_cards.get().card
    check_in(order=order, copies={shock.pk: 1}, by=SYSTEM, today=TODAY)
    check_in(order=order, by=SYSTEM, today=TODAY)

    assert told(order)[-3:] == [
        ("The deck left the shop", "The total was charged to your card.", ""),
        ("Came back: 1 × Shock.", "", ""),
        ("Everything is back or settled", "", ""),
    ]


def test_every_way_that_there_is_has_a_title_of_its_own():
    moves = [(start, end) for start, ends in TRANSITIONS.items() for end in ends]
    events = [OrderEvent(from_status=start, to_status=end, at=timezone.now()) for start, end in moves]

    titles = [one.title for one in history_of(events)]

    assert all(titles)
    assert not {title for title in titles if title in Status.labels} - {"Cancelled"}


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("", ""),
        ("  ", ""),
        ("no stock left", "No stock left."),
        ("Why not?", "Why not?"),
        ("<b>loud</b>", "<b>loud</b>."),
        (
            "the hold on the card could not be renewed (expired_card); the customer is asked to pay again by 3 May",
            "The hold on your card could not be renewed. We asked you to pay again by 3 May.",
        ),
        (r"back: 1 × Odd \1 Name", r"Came back: 1 × Odd \1 Name."),
    ],
)
def test_what_staff_wrote_is_told_as_they_wrote_it(reason: str, says: str):
    event = OrderEvent(
        from_status=Status.OPEN, to_status=Status.CANCELLED, actor="staff", reason=reason, at=timezone.now()
    )

    (one,) = history_of([event])

    assert (one.title, one.says, one.who) == ("Cancelled", says, "the shop")


def test_what_stands_in_a_reason_is_text_on_the_page():
    order = cancel(order=placed({stocked_card(4): 1}), by=customer(), reason="<script>alert(1)</script>")

    assert "<script>alert" not in browser_of(order).get(order.get_absolute_url()).content.decode()
