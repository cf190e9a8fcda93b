"""The desk changes an order on its page: what it says, what it refuses, and what nonsense and second clicks do."""

from datetime import date, timedelta
from html import unescape

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import strip_tags

from inventory.models import ClosedDay
from inventory.templatetags.days import to_day
from orders.books import violations
from orders.models import Order, OrderCard, Payment, PaymentStatus
from orders.states import Status
from tests.factories import (
    TODAY,
    StaffFactory,
    UserFactory,
    cart_with,
    dispatched,
    placed,
    settled,
    stocked_card,
)

pytestmark = pytest.mark.django_db

NONSENSE = ["", "x", "-1", "1.5", "251", "9" * 4_000, "9" * 5_000, "4\x00", "٤", "1e3", "NaN"]
NO_DAYS = ["", "x", "2026-02-30", "0000-00-00", "9" * 4_000, "2026-05-01\x00", "99999-01-01"]


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def said(on: date) -> str:
    return date_format(on, "D j F Y")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def clerk() -> Client:
    return signed_in(StaffFactory())


def page_of(order: Order) -> str:
    return reverse("orders:staff_order", args=[order.number])


def text_of(response) -> str:
    return " ".join(unescape(strip_tags(response.content.decode())).split())


def messages_of(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def form_of(client: Client, order: Order) -> dict[str, str]:
    """What the page's form sends where nobody types anything."""
    form = client.get(page_of(order)).context["change"]
    return {field.html_name: str(field.value()) for field in form}


def field_of(line: OrderCard) -> str:
    return f"copies_{line.pk}"


def send(client: Client, order: Order, posted: dict):
    return client.post(reverse("orders:staff_change", args=[order.number]), posted)


def change(client: Client, order: Order, *, copies: object = None, **typed: object):
    """The form as it was shown, with what is typed; `copies` of the order's only line."""
    posted = form_of(client, order)
    if copies is not None:
        typed[field_of(order.order_cards.get())] = copies
    return send(client, order, posted | {name: str(value) for name, value in typed.items()})


def keep(client: Client, order: Order, until: object):
    return client.post(reverse("orders:staff_keep_longer", args=[order.number]), {"kept_until": str(until)})


def state(order: Order) -> tuple:
    order = Order.objects.get(pk=order.pk)
    lines = list(order.order_cards.order_by("pk").values_list("pk", "quantity", "needed"))
    return (
        order.status,
        order.queued_at,
        order.blocked_period,
        order.rental_period,
        order.total_cents,
        lines,
    )


def kinds(order: Order) -> int:
    return order.events.count()


# --- who may, and when ------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["orders:staff_change", "orders:staff_keep_longer"])
def test_only_staff_change_an_order(address):
    order = placed({stocked_card(4): 2}, user=UserFactory())
    url = reverse(address, args=[order.number])

    assert Client().post(url)["Location"].startswith("/accounts/login/")
    page = reverse("orders:staff_order", args=[order.number])
    assert Client().post(url)["Location"] == f"/accounts/login/?next={page}"  # not to where only forms go
    assert signed_in(order.user).post(url).status_code == 403
    assert signed_in(StaffFactory()).post(reverse(address, args=["XXXXXXXXXX"])).status_code == 404


@pytest.mark.parametrize("status", list(Status))
def test_each_status_offers_what_can_be_done(clerk, status):
    order = settled({stocked_card(4): 3})
    fields = {"queued_at": order.authorized_at} if status == Status.PENDING else {}
    if status == Status.CART:
        fields["authorized_at"] = None
    Order.objects.filter(pk=order.pk).update(status=status, **fields)
    ClosedDay.objects.create(first_day=order.out_on, last_day=order.due_on, reason="stocktaking")

    shown = clerk.get(page_of(order))

    accepted = status in (Status.PENDING, Status.OPEN)
    assert (shown.context["change"] is not None) == accepted
    assert ("Plan anew" in text_of(shown)) == accepted
    assert (shown.context["keep_longer"] is not None) == (status == Status.DISPATCHED)


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.PENDING, Status.OPEN}))
@pytest.mark.parametrize("replan", [{}, {"replan": "1"}], ids=["change", "replan"])
def test_what_is_not_accepted_or_has_left_is_not_changed(clerk, status, replan):
    order = settled({stocked_card(4): 3})
    posted = form_of(clerk, order) | {field_of(order.order_cards.get()): "1"} | replan
    fields = {"authorized_at": None} if status == Status.CART else {}
    Order.objects.filter(pk=order.pk).update(status=status, **fields)
    before = state(order)

    response = send(clerk, order, posted)

    assert response["Location"] == page_of(order)
    assert "has not left yet" in messages_of(response)[0]
    assert state(order) == before


def test_a_cart_without_days_is_not_kept_longer(clerk):
    order = cart_with({stocked_card(4): 3})

    assert "only a deck that is out" in messages_of(keep(clerk, order, day(20)))[0]


# --- the order is changed, and what is said ---------------------------------------------------------------


def test_an_open_order_is_changed_and_still_open(clerk):
    order = placed({stocked_card(4): 4})

    response = change(clerk, order, copies=3, first_day=day(12), last_day=day(13))

    order.refresh_from_db()
    assert response["Location"] == page_of(order)
    assert messages_of(response) == [
        f"Order {order.number} is changed and still open."
        f" It leaves on {said(day(12))} and is due back on {said(day(13))}."
    ]
    assert (order.order_cards.get().quantity, order.first_day, order.last_day) == (3, day(12), day(13))
    event = order.events.latest("pk")
    assert (event.actor, event.by.is_staff) == ("staff", True)
    assert list(violations(today=TODAY)) == []


def test_a_line_is_taken_out(clerk):
    order = placed({stocked_card(4): 4, stocked_card(4): 2})
    first, second = order.order_cards.order_by("pk")

    response = change(clerk, order, **{field_of(first): 0})

    assert messages_of(response) == [f"Order {order.number} is changed and still open."]
    assert list(order.order_cards.all()) == [second]


def test_an_order_that_waits_and_asks_for_less_keeps_its_place(clerk):
    order = placed({stocked_card(0): 4})
    queued_at = order.queued_at

    response = change(clerk, order, copies=2)

    order.refresh_from_db()
    assert messages_of(response) == [f"Order {order.number} is changed and still waits at its old place."]
    assert (order.queued_at, order.order_cards.get().quantity) == (queued_at, 2)


def test_an_order_that_waits_and_asks_for_more_goes_to_the_end_of_the_queue(clerk):
    card = stocked_card(0)
    order, other = placed({card: 4}), placed({card: 1})

    response = change(clerk, order, first_day=day(11), last_day=day(13))

    assert "went to the end of the queue" in messages_of(response)[0]
    assert list(Order.objects.pending_in_queue_order()) == [other, order]


def test_an_order_opens_where_less_is_enough(clerk):
    order = placed({stocked_card(2): 4})

    response = change(clerk, order, copies=2)

    assert messages_of(response) == [f"Order {order.number} is changed, and open now: every card is free."]
    assert Order.objects.get().status == Status.OPEN


# --- it is refused, beside the form -----------------------------------------------------------------------


def test_what_is_not_free_is_named_with_its_days_and_nothing_changes(clerk):
    bolt, other = stocked_card(2, name="Lightning Bolt", value_cents=100), stocked_card(9, value_cents=900)
    order = placed({bolt: 1, other: 4})
    taken = placed({bolt: 1}, days=2)
    bolts, others = (order.order_cards.get(card=card) for card in (bolt, other))
    before = state(order)

    response = change(clerk, order, **{field_of(bolts): 2, field_of(others): 1})

    assert response.status_code == 422
    assert f"Order {order.number} was not changed." in text_of(response)  # at the top, where the page opens
    assert (taken.out_on, taken.back_on) == (day(10), day(12))
    assert f"Lightning Bolt: short by 1 of 2, {to_day(day(10), day(11))}" in text_of(response)
    form = response.context["change"]
    assert form[field_of(bolts)].value() == "2"  # what was typed stays
    assert state(order) == before


def test_what_is_short_on_many_days_is_told_in_few(clerk):
    card = stocked_card(4, name="Island", value_cents=100)
    order = placed({card: 3}, first_day=day(10), days=1)
    for offset in range(30, 50, 2):
        placed({card: 2}, first_day=day(offset), days=1)
    placed({card: 1}, first_day=day(30), days=1)
    Payment.objects.update(amount_cents=10_000_000)

    text = text_of(change(clerk, order, first_day=day(32), last_day=day(50)))

    told = text[text.index("Island: short by 1 of 3") :].split("First day")[0]
    assert "and on later days" in told
    assert told.count(",") == 6


def test_days_on_which_unequally_many_are_missing_say_how_many(clerk):
    card = stocked_card(4, name="Island", value_cents=100)
    order = placed({card: 4}, first_day=day(10), days=3)
    placed({card: 2}, first_day=day(21), days=1)
    placed({card: 1}, first_day=day(20), days=3)

    text = text_of(change(clerk, order, first_day=day(20), last_day=day(22)))

    one, three, other = (date_format(day(offset), "j F") for offset in (20, 21, 22))
    assert f"Island: short by 3 of 4, {one} (by 1), {three}, {other} (by 1)" in text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"copies": 0}, "Cancel the order instead"),
        ({"copies": 5}, "more than is held on the card"),
        ({"first_day": day(-1)}, "This day has passed"),
        ({"first_day": day(13)}, "The last day is before the first"),
        ({"last_day": day(9)}, "The last day is before the first"),
        ({"last_day": day(300)}, "we rent for at most"),
        ({"first_day": day(500), "last_day": day(501)}, "We plan until"),
        ({"last_day": date.max}, "we rent for at most"),
        ({"first_day": date.max, "last_day": date.max}, "We plan until"),
        ({"first_day": date.min, "last_day": date.min}, "This day has passed"),
        ({"last_day": date.min}, "The last day is before the first"),
        ({"copies_x": 1}, "not in the order any more"),
        ({"copies_": 1}, "not in the order any more"),
        ({"seen": ""}, "did not say what it showed"),
        ({"seen": "\x00"}, "did not say what it showed"),
    ],
)
def test_what_cannot_be_is_refused_beside_the_form(clerk, typed, says):
    order = placed({stocked_card(9, value_cents=5_000): 4})
    before = state(order)

    response = change(clerk, order, **typed)

    assert response.status_code == 422
    assert says in text_of(response)
    assert state(order) == before


@pytest.mark.parametrize("copies", NONSENSE)
def test_no_number_of_copies(clerk, copies):
    order = placed({stocked_card(9): 4})
    before = state(order)

    response = change(clerk, order, copies=copies)

    assert response.status_code == 422
    assert "Write" in text_of(response) or "at most 250" in text_of(response)
    assert state(order) == before


@pytest.mark.parametrize("name", ["first_day", "last_day"])
@pytest.mark.parametrize("typed", NO_DAYS)
def test_no_day(clerk, name, typed):
    order = placed({stocked_card(9): 4})
    before = state(order)

    response = change(clerk, order, **{name: typed})

    assert response.status_code == 422
    assert "Choose a day" in text_of(response)
    assert state(order) == before


@pytest.mark.parametrize("left_out", ["first_day", "last_day", "seen", "copies", "everything"])
def test_a_form_with_something_missing(clerk, left_out):
    order = placed({stocked_card(9): 4})
    before = state(order)
    posted = form_of(clerk, order) | {"last_day": str(day(11))}
    gone = field_of(order.order_cards.get()) if left_out == "copies" else left_out
    posted = {} if left_out == "everything" else {name: posted[name] for name in posted if name != gone}

    assert send(clerk, order, posted).status_code == 422
    assert state(order) == before


def test_a_line_of_another_order(clerk):
    card = stocked_card(9)
    order, other = placed({card: 4}), placed({card: 4})
    before = state(order), state(other)

    response = change(clerk, order, **{field_of(other.order_cards.get()): 1})

    assert response.status_code == 422
    assert "not in the order any more" in text_of(response)
    assert (state(order), state(other)) == before


def test_an_order_without_a_hold_asks_for_no_more(clerk):
    order = placed({stocked_card(9): 4})
    Payment.objects.update(status=PaymentStatus.EXPIRED)

    assert "only ask for less" in text_of(change(clerk, order, copies=5))


# --- twice, and late --------------------------------------------------------------------------------------


@pytest.mark.parametrize("copies", [0, 1, 3])
def test_a_second_click_changes_nothing(clerk, copies):
    order = placed({stocked_card(4): 2, stocked_card(4): 2})
    first, _ = order.order_cards.order_by("pk")
    posted = form_of(clerk, order) | {field_of(first): str(copies), "last_day": str(day(11))}
    assert "is changed" in messages_of(send(clerk, order, posted))[0]
    before, events = state(order), kinds(order)

    response = send(clerk, order, posted)

    assert (
        messages_of(response)[-1] == f"Order {order.number} stands as it is in the form: nothing was changed."
    )
    assert (state(order), kinds(order)) == (before, events)


def test_a_second_click_does_not_cost_the_place_in_the_queue(clerk):
    order = placed({stocked_card(0): 2})
    posted = form_of(clerk, order) | {"first_day": str(day(20)), "last_day": str(day(21))}
    assert "end of the queue" in messages_of(send(clerk, order, posted))[0]
    before = state(order)

    send(clerk, order, posted)

    assert state(order) == before


def test_a_form_that_shows_what_was_changed_since_changes_nothing(clerk):
    order = placed({stocked_card(4): 4})
    shown_before = form_of(clerk, order)
    change(clerk, order, copies=2)
    before = state(order)

    response = send(clerk, order, shown_before | {"last_day": str(day(11))})

    assert response["Location"] == page_of(order)
    assert "changed after this page was shown" in messages_of(response)[-1]
    assert state(order) == before


# --- planned anew -----------------------------------------------------------------------------------------


def close(on: date) -> None:
    ClosedDay.objects.create(first_day=on, last_day=on, reason="stocktaking")


def plan_anew(client: Client, order: Order):
    return send(client, order, {"replan": "1"})


@pytest.mark.parametrize(("closed", "leaves", "due"), [(10, 9, 12), (12, 10, 13)], ids=["leaves", "is due"])
def test_an_order_is_planned_anew_where_the_shop_has_closed(clerk, closed, leaves, due):
    order = placed({stocked_card(4): 4}, first_day=day(10), days=3)
    assert "Plan anew" not in text_of(clerk.get(page_of(order)))
    close(day(closed))
    text = text_of(clerk.get(page_of(order)))
    assert f"Planned anew it leaves on {said(day(leaves))} and is due back on {said(day(due))}" in text

    response = plan_anew(clerk, order)

    order.refresh_from_db()
    assert messages_of(response) == [
        f"Order {order.number} is planned anew and still open."
        f" It leaves on {said(day(leaves))} and is due back on {said(day(due))}."
    ]
    assert (order.out_on, order.first_day, order.last_day, order.due_on) == (
        day(leaves), day(10), day(12), day(due)
    )  # fmt: skip
    assert "Plan anew" not in text_of(clerk.get(page_of(order)))

    before, events = state(order), kinds(order)
    assert "nothing was changed" in messages_of(plan_anew(clerk, order))[-1]
    assert (state(order), kinds(order)) == (before, events)


def test_planning_anew_says_what_is_short(clerk):
    card = stocked_card(4, name="Island")
    placed({card: 1}, first_day=day(9), days=1)
    order = placed({card: 4}, first_day=day(10))
    close(day(10))
    before = state(order)

    response = plan_anew(clerk, order)

    assert response.status_code == 422
    assert f"Island: short by 1 of 4, {date_format(day(9), 'j F')}" in text_of(response)
    assert "Plan anew" in text_of(response)
    assert state(order) == before


# --- a deck that is out -----------------------------------------------------------------------------------


def test_a_deck_is_kept_longer_and_a_second_click_does_nothing(clerk):
    order = dispatched({stocked_card(4): 2}, days=3)

    response = keep(clerk, order, day(5))

    order.refresh_from_db()
    assert response["Location"] == page_of(order)
    assert messages_of(response) == [
        f"Order {order.number} is kept until {said(day(5))}. It is due back on {said(day(5))}."
    ]
    assert (order.last_day, order.back_on) == (day(5), day(6))
    before, events = state(order), kinds(order)
    assert "already" in messages_of(keep(clerk, order, day(5)))[-1]
    assert (state(order), kinds(order)) == (before, events)


def test_a_deck_is_not_kept_at_the_cost_of_others_and_the_page_says_whose_cards(clerk):
    card = stocked_card(2, name="Island")
    order = dispatched({card: 2}, days=3)
    placed({card: 1}, first_day=day(4), days=1)
    before = state(order)

    response = keep(clerk, order, day(5))

    assert response.status_code == 422
    text = text_of(response)
    assert "Others were promised these cards, or wait for them." in text
    assert f"Island: short by 1 of 2, {date_format(day(4), 'j F')}" in text
    assert state(order) == before


@pytest.mark.parametrize(
    "until", [*NO_DAYS, date.max, date.min, day(-40), day(0), day(1), day(366), "9999-12-31"]
)
def test_no_day_until_which_a_deck_can_be_kept(clerk, until):
    order = dispatched({stocked_card(4): 2}, days=3)
    before = state(order)

    response = keep(clerk, order, until)

    assert response.status_code == 422
    assert any(says in text_of(response) for says in ("Choose a day", "We plan until"))
    assert state(order) == before


def test_an_overdue_deck_is_not_kept_until_the_day_that_has_passed(clerk):
    order = dispatched({stocked_card(4): 2}, days=3, days_ago=9)

    assert keep(clerk, order, order.last_day).status_code == 422
    assert messages_of(keep(clerk, order, TODAY))


def test_without_a_day(clerk):
    order = dispatched({stocked_card(4): 2}, days=3)

    response = clerk.post(reverse("orders:staff_keep_longer", args=[order.number]))

    assert response.status_code == 422
    assert "Choose a day" in text_of(response)
