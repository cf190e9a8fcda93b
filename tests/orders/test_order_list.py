"""A customer's list of orders: in which group each stands, what comes next, its pages, and what guests are told."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.cancellation import cancel
from orders.fulfilment import check_in
from orders.models import Order, PaymentStatus
from orders.order_list import PER_PAGE, Group, order_list
from orders.transitions import SYSTEM, customer
from tests.factories import (
    TODAY,
    GuestFactory,
    UserFactory,
    cart_with,
    dispatched,
    placed,
    settled,
    stocked_card,
    template_deck,
)
from tests.orders.test_calendar import shipped
from tests.orders.test_payment_timeline import fee_of
from tests.orders.test_return_slip import text_of
from tests.orders.test_views import browser_of

pytestmark = pytest.mark.django_db


def listed(**fields) -> dict[Order, tuple[Group, str]]:
    """Each order with its group and what comes next, in their order."""
    found = order_list(Order.objects.all(), today=fields.pop("today", TODAY), **fields)
    return {row.order: (group, row.next) for group, rows in found.groups for row in rows}


def said(day, *, today=TODAY) -> str:
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day:%a} {day.day} {day:%B}{year}"


def without_hold(order: Order) -> Order:
    order.payments.update(status=PaymentStatus.EXPIRED)
    order.pay_again_by = timezone.now() + timedelta(days=2)
    order.save()
    return order


# --- groups and what comes next -------------------------------------------------------------------------------


def test_what_waits_for_the_customer_stands_first_then_what_is_under_way_then_the_past():
    returned = check_in(order=dispatched({stocked_card(4): 1}), by=SYSTEM, today=TODAY)
    cancelled = cancel(order=placed({stocked_card(4): 1}), by=customer(), reason="no")
    late = dispatched({stocked_card(4): 1}, days=3, days_ago=9)
    with_customer = dispatched({stocked_card(4): 1}, days=3)
    open_ = placed({stocked_card(4): 1})
    pending = placed({stocked_card(1): 2}, first_day=TODAY + timedelta(days=12))
    asked = settled({stocked_card(1): 2}, first_day=TODAY + timedelta(days=14))
    unpaid = without_hold(placed({stocked_card(4): 1}, first_day=TODAY + timedelta(days=16)))

    groups = {order: group for order, (group, _) in listed().items()}

    assert groups == {
        late: Group.WAITS_FOR_YOU,
        asked: Group.WAITS_FOR_YOU,
        unpaid: Group.WAITS_FOR_YOU,
        with_customer: Group.UNDER_WAY,
        open_: Group.UNDER_WAY,
        pending: Group.UNDER_WAY,
        cancelled: Group.PAST,
        returned: Group.PAST,
    }
    # What comes first stands first; of the past, the latest.
    assert list(groups) == [late, asked, unpaid, with_customer, open_, pending, cancelled, returned]


def test_a_returned_order_with_a_fee_to_pay_waits_for_the_customer_until_it_is_paid_or_waived():
    order = check_in(order=dispatched({stocked_card(4): 1}), by=SYSTEM, today=TODAY)
    fee = fee_of(order, status=PaymentStatus.FAILED)
    assert listed()[order] == (Group.WAITS_FOR_YOU, "A fee is to be paid")

    fee.released_at = timezone.now()
    fee.save()

    assert listed()[order] == (Group.PAST, "")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: shipped({stocked_card(4): 1}), lambda o: f"Leaves on {said(o.out_on)}"),
        (lambda: placed({stocked_card(4): 1}), lambda o: f"Ready to fetch on {said(o.out_on)}"),
        (lambda: placed({stocked_card(4): 1}, first_day=TODAY), lambda o: "Ready to fetch today"),
        (lambda: placed({stocked_card(1): 2}), lambda o: f"Waits for cards; to leave on {said(o.out_on)}"),
        (lambda: dispatched({stocked_card(4): 1}, days=3), lambda o: f"Due back on {said(o.due_on)}"),
        (lambda: dispatched({stocked_card(4): 1}, days=1), lambda o: "Due back today"),
        (
            lambda: dispatched({stocked_card(4): 1}, days=3, days_ago=9),
            lambda o: f"Was due back on {said(o.due_on)}",
        ),
        (
            lambda: without_hold(placed({stocked_card(4): 1})),
            lambda o: f"Pay again by {timezone.localtime(o.pay_again_by):%-d %B %Y, %H:%M}",
        ),
    ],
    ids=["leaves", "fetch", "fetch today", "pending", "due", "due today", "overdue", "pay again"],
)
def test_every_order_says_what_comes_next(make, says):
    order = make()

    assert listed()[order][1] == says(order)


def test_a_deck_is_overdue_from_the_day_after_it_was_due():
    order = dispatched({stocked_card(4): 1}, days=1)
    assert order.due_on == TODAY

    assert listed()[order] == (Group.UNDER_WAY, "Due back today")
    tomorrow = TODAY + timedelta(days=1)
    assert listed(today=tomorrow)[order] == (
        Group.WAITS_FOR_YOU,
        f"Was due back on {said(TODAY, today=tomorrow)}",
    )


def test_an_order_that_should_have_left_says_so():
    order = placed({stocked_card(4): 1}, first_day=TODAY)

    tomorrow = TODAY + timedelta(days=1)
    assert listed(today=tomorrow)[order][1] == f"Was to leave on {said(TODAY, today=tomorrow)}"


def test_a_short_order_says_until_when_an_answer_is_waited_for(settings):
    settings.CONFIRMING_MINUTES = 30
    order = settled({stocked_card(1): 2})
    by = timezone.localtime(order.authorized_at + timedelta(minutes=30))

    assert listed()[order][1] == f"Cards are short: say by {by:%H:%M} whether you wait"


# --- a row ----------------------------------------------------------------------------------------------------


def test_a_row_has_the_deck_the_number_the_cards_the_days_the_status_and_the_money():
    order = placed({stocked_card(4): 3})
    order.order_template_decks.create(
        version=template_deck({stocked_card(4): 1}, name="Friday <Burn>").versions.get(), copies=2
    )

    text = text_of(browser_of(order).get(reverse("orders:list")).content.decode())

    for words in (
        "2 × Friday <Burn>",
        f"{order.number}, 3 cards, Pickup",
        f"{order.first_day.day} {order.first_day:%b} to {order.last_day.day} {order.last_day:%b %Y}",
        "Open",
        f"€{order.total_cents / 100:.2f} held",
    ):
        assert words in text


def test_an_order_without_a_deck_goes_by_its_cards_and_an_overdue_one_is_stamped():
    order = dispatched({stocked_card(4): 3}, days=3, days_ago=9)

    page = browser_of(order).get(reverse("orders:list")).content.decode()

    assert ">3 cards</a>" in page
    assert '<span class="stamp stamp-short">Overdue</span>' in page


# --- pages ----------------------------------------------------------------------------------------------------


def many(number: int) -> Order:
    guest, card = GuestFactory(), stocked_card(number)
    return [settled({card: 1}, guest=guest) for _ in range(number)][-1]


def test_every_order_stands_on_exactly_one_page():
    last = many(PER_PAGE * 2 + 1)
    browser = browser_of(last)

    pages = [browser.get(reverse("orders:list"), {"page": page}) for page in (1, 2, 3)]

    shown = [[row.order for _, rows in page.context["list"].groups for row in rows] for page in pages]
    assert [len(orders) for orders in shown] == [PER_PAGE, PER_PAGE, 1]
    assert len({order.pk for orders in shown for order in orders}) == PER_PAGE * 2 + 1
    assert "Page 1 of 3" in text_of(pages[0].content.decode())


@pytest.mark.parametrize("page", ["0", "-1", "99", "nonsense", "", "9" * 50, "a\x00b"])
def test_a_page_that_there_is_not_shows_one_that_there_is(page):
    order = many(2)

    response = browser_of(order).get(reverse("orders:list"), {"page": page})

    assert response.status_code == 200
    assert len(response.context["list"].groups) == 1


@pytest.mark.parametrize("orders", [1, 100])
def test_the_list_asks_as_often_for_a_hundred_orders_as_for_one(orders):
    last = many(orders)
    for order in Order.objects.all()[:30]:
        deck = template_deck({stocked_card(1): 1})
        order.order_template_decks.create(version=deck.versions.get())
    browser = browser_of(last)

    with CaptureQueriesContext(connection) as asked:
        browser.get(reverse("orders:list"))

    assert len(asked) == 8, "\n".join(query["sql"] for query in asked)


# --- for whom -------------------------------------------------------------------------------------------------


def test_guests_see_theirs_with_the_hint_that_an_account_keeps_them_and_customers_without():
    guest_order = placed({stocked_card(4): 1})
    customer_order = placed({stocked_card(4): 1}, user=UserFactory())
    seen = {order: browser_of(order).get(reverse("orders:list")) for order in (guest_order, customer_order)}

    for order, response in seen.items():
        assert [row.order for _, rows in response.context["list"].groups for row in rows] == [order]
    assert 'id="keep-them"' in seen[guest_order].content.decode()
    assert 'id="keep-them"' not in seen[customer_order].content.decode()


def test_without_orders_the_page_leads_on_and_asks_guests_to_sign_in():
    signed_in, with_a_cart = Client(), browser_of(cart_with({stocked_card(4): 1}))
    signed_in.force_login(UserFactory())

    for browser, asked in ((Client(), True), (with_a_cart, True), (signed_in, False)):
        text = text_of(browser.get(reverse("orders:list")).content.decode())
        assert "You have no orders yet" in text
        assert ("Ordered before?" in text) == asked
