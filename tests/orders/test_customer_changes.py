"""Customers change their own orders: the page shows what a change would do, and does it only once it is confirmed."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import settings as site
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import Reservation
from inventory.money import format_cents
from inventory.stock import record_movement
from orders.books import violations
from orders.emails import order_link
from orders.models import Order, OrderChange, Payment
from orders.states import Status
from tests.factories import (
    TODAY,
    PickupFactory,
    ShippingMethodFactory,
    UserFactory,
    dispatched,
    paid,
    placed,
    settled,
    stocked_card,
)
from tests.orders.test_views import browser_of, messages_of

pytestmark = pytest.mark.django_db


def day(offset: int):
    return TODAY + timedelta(days=offset)


def address_of(order: Order) -> str:
    return reverse("orders:change", args=[order.number])


def shown_in(html: str) -> dict[str, str]:
    """What the form of a page would send, as it stands there."""
    form = html[html.index('id="change"') :]
    fields: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if said.get("type") == "radio" and "checked" not in tag:
            continue
        if "name" in said:
            fields[said["name"]] = said.get("value", "")
    return fields


def fields_of(browser: Client, order: Order) -> dict[str, str]:
    return shown_in(browser.get(address_of(order)).content.decode())


def copies_field(order: Order) -> str:
    return f"copies_{order.order_cards.get().pk}"


def look(browser: Client, order: Order, **said: Any):
    return browser.post(address_of(order), {**fields_of(browser, order), **said})


def confirm(browser: Client, order: Order, looked, **said: Any):
    """Presses the button of a page that shows a look."""
    return browser.post(address_of(order), {**shown_in(looked.content.decode()), "confirm": "1", **said})


def as_it_stands(order: Order) -> dict[str, Any]:
    """All that a change could write, and nobody else does."""
    order = Order.objects.get(pk=order.pk)
    fields = ("status", "first_day", "last_day", "out_on", "back_on", "total_cents", "queued_at")
    return {
        "order": [getattr(order, name) for name in fields],
        "lines": sorted(order.order_cards.values_list("pk", "card", "quantity", "needed")),
        "reserved": sorted(
            Reservation.objects.filter(claim=order.claim).values_list("card", "quantity", "out_on", "back_on")
        ),
        "money": sorted(Payment.objects.filter(order=order).values_list("status", "amount_cents")),
        "events": order.events.count(),
        "changes": order.changes.count(),
    }


def text_of(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def outcome_of(response) -> str:
    found = re.search(r'data-outcome="(\w+)"', response.content.decode())
    return found[1] if found else ""


# --- looking changes nothing ------------------------------------------------------------------------------


@pytest.mark.parametrize("cards_owned", [4, 0])
def test_looking_at_a_change_changes_nothing_and_tells_nobody(cards_owned: int):
    order = placed({stocked_card(cards_owned): 4})
    stocked_card(4, name="Lightning Bolt")
    browser, before = browser_of(order), as_it_stands(order)

    shown = browser.get(address_of(order))
    looked = look(browser, order, first_day=day(20), last_day=day(24), cards="2 Lightning Bolt")

    assert (shown.status_code, looked.status_code) == (200, 200)
    assert outcome_of(looked)
    assert as_it_stands(order) == before
    assert mail.outbox == []


def test_a_look_shows_the_price_before_and_after_and_what_is_held():
    card = stocked_card(4, value_cents=5_000)
    order = placed({card: 4}, days=3)
    held = Payment.objects.get(order=order).amount_cents

    looked = look(browser_of(order), order, **{copies_field(order): 1})

    said = text_of(looked)
    assert outcome_of(looked) == "stays_open"
    assert f"Held now {format_cents(held, 'eur')}" in said
    assert f"Total before {format_cents(order.total_cents, 'eur')}" in said
    assert "we charge" in said
    assert "let the rest go" in said


# --- done at once -----------------------------------------------------------------------------------------


def test_fewer_copies_are_confirmed_at_once_and_the_hold_stays():
    card = stocked_card(4, value_cents=5_000)
    order = placed({card: 4})
    browser, before = browser_of(order), order.total_cents

    looked = look(browser, order, **{copies_field(order): 1})
    done = confirm(browser, order, looked)

    order.refresh_from_db()
    assert done.status_code == 302
    assert done.url == order.get_absolute_url()
    assert order.order_cards.get().quantity == 1
    assert order.total_cents < before
    assert Payment.objects.get(order=order).amount_cents == before
    assert OrderChange.objects.count() == 0
    assert order.events.latest("pk").actor == "customer"
    assert violations(today=TODAY) == []


def test_its_own_reservation_does_not_count_against_it():
    order = placed({stocked_card(4): 4}, days=5)
    browser = browser_of(order)

    looked = look(browser, order, first_day=day(11), last_day=day(15))  # overlaps its own days
    confirm(browser, order, looked)

    order.refresh_from_db()
    assert outcome_of(looked) == "stays_open"
    assert (order.status, order.first_day) == (Status.OPEN, day(11))


def test_an_open_order_stays_open_or_nothing_changes_and_the_page_says_what_is_short_and_when_it_is_free():
    card = stocked_card(4, name="Lightning Bolt")
    placed({card: 2}, first_day=day(20), days=3)
    order = placed({card: 4}, first_day=day(10), days=3)
    browser, before = browser_of(order), as_it_stands(order)

    looked = look(browser, order, first_day=day(20), last_day=day(22))
    forced = browser.post(
        address_of(order), {**shown_in(looked.content.decode()), "confirm": "1"}
    )  # the page has no such button

    assert outcome_of(looked) == "refused"
    assert 'id="confirm"' not in looked.content.decode()
    assert "Lightning Bolt: short by 2 of 4" in text_of(looked)
    starts = re.findall(r'name="start" value="([\d-]+)"', looked.content.decode())
    assert starts == [day(23).isoformat(), day(17).isoformat()]
    assert outcome_of(forced) == "refused"
    assert as_it_stands(order) == before


def test_a_free_start_of_the_page_is_taken_for_as_many_days():
    card = stocked_card(4)
    placed({card: 2}, first_day=day(20), days=3)
    order = placed({card: 4}, first_day=day(10), days=3)
    browser = browser_of(order)
    looked = look(browser, order, first_day=day(20), last_day=day(22))

    moved = browser.post(
        address_of(order), {**shown_in(looked.content.decode()), "start": day(23).isoformat()}
    )
    confirm(browser, order, moved)

    order.refresh_from_db()
    assert (order.first_day, order.last_day) == (day(23), day(25))
    assert order.status == Status.OPEN


# --- the queue --------------------------------------------------------------------------------------------


def test_a_pending_order_is_told_that_asking_for_more_goes_to_the_end_before_it_does():
    card = stocked_card(0)
    first, second = placed({card: 2}), placed({card: 1})
    browser = browser_of(first)

    looked = look(browser, first, first_day=day(12), last_day=day(14))

    assert outcome_of(looked) == "goes_to_the_end"
    assert "end of the queue" in text_of(looked)
    assert "To keep your place" in text_of(looked)
    assert list(Order.objects.pending_in_queue_order()) == [first, second]
    confirm(browser, first, looked)
    assert list(Order.objects.pending_in_queue_order()) == [second, first]


def test_a_pending_order_that_asks_for_less_keeps_its_place_and_is_told_so():
    card = stocked_card(0)
    first, second = placed({card: 2}), placed({card: 1})
    browser = browser_of(first)

    looked = look(browser, first, **{copies_field(first): 1})
    confirm(browser, first, looked)

    assert outcome_of(looked) == "keeps_place"
    assert list(Order.objects.pending_in_queue_order()) == [first, second]


def test_a_pending_order_opens_by_a_change_that_makes_it_free():
    order = placed({stocked_card(2): 4})
    browser = browser_of(order)

    looked = look(browser, order, **{copies_field(order): 2})
    confirm(browser, order, looked)

    order.refresh_from_db()
    assert outcome_of(looked) == "opens"
    assert order.status == Status.OPEN


def test_who_opens_their_order_by_a_change_is_told_that_it_is_changed_and_open(
    django_capture_on_commit_callbacks,
):
    order = placed({stocked_card(2): 4})
    browser = browser_of(order)
    looked = look(browser, order, **{copies_field(order): 2})
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        confirm(browser, order, looked)

    (letter,) = mail.outbox
    assert letter.subject == f"Your order {order.number} is changed"
    assert "Every card is set aside for you." in letter.body
    assert "4 copies → 2 copies" in order.events.latest("pk").reason
    assert "has come in" not in letter.body


def at_risk() -> Order:
    """An open order of a card that the shop has lost since."""
    card = stocked_card(2)
    order = placed({card: 2})
    record_movement(printing=card.printings.get(), kind="lost", quantity=1, by=None, effective_on=TODAY)
    return order


def test_who_adds_to_an_order_of_which_a_card_was_lost_is_told_so_and_not_that_every_card_is_free():
    order = at_risk()
    stocked_card(4, name="Lightning Bolt", value_cents=0)

    looked = look(browser_of(order), order, cards="1 Lightning Bolt")

    assert outcome_of(looked) == "stays_open"
    assert "Every card is free" not in looked.content.decode()
    assert "short at the moment" in looked.content.decode()


def test_who_takes_cards_out_of_an_open_order_is_not_told_that_every_card_is_free():
    order = at_risk()

    looked = look(browser_of(order), order, **{copies_field(order): 1})

    assert outcome_of(looked) == "stays_open"
    assert "Your order stays open." in looked.content.decode()
    assert "Every card is free" not in looked.content.decode()


# --- cards that come --------------------------------------------------------------------------------------


def test_a_typed_card_becomes_a_line_at_todays_price_and_the_lines_there_keep_theirs():
    dear, cheap = stocked_card(4, value_cents=50_000), stocked_card(4, name="Lightning Bolt", value_cents=500)
    order = placed({dear: 4})
    old = order.order_cards.get()
    frozen = old.day_price_cents
    dear.printings.update(value_cents=90_000)  # dearer by now
    browser = browser_of(order)

    looked = look(browser, order, cards="2 lightning bolt", **{copies_field(order): 1})
    done = confirm(browser, order, looked)

    assert done.status_code == 302
    new = order.order_cards.get(card=cheap)
    old.refresh_from_db()
    assert (new.quantity, new.day_price_cents, new.value_cents) == (2, cheap.rent_at(500), 500)
    assert old.day_price_cents == frozen
    assert Reservation.objects.get(claim=order.claim, card=cheap).quantity == 2
    assert violations(today=TODAY) == []


def test_a_typed_card_that_is_there_already_goes_to_its_line():
    card = stocked_card(4, name="Lightning Bolt")
    order = placed({card: 1}, days=9)
    browser = browser_of(order)

    looked = look(browser, order, cards="2 Lightning Bolt", last_day=order.first_day)
    confirm(browser, order, looked)

    assert order.order_cards.get().quantity == 3


def test_a_name_that_nobody_knows_is_said_beside_the_field_and_what_was_typed_stays():
    stocked_card(4, name="Lightning Bolt")
    order = placed({stocked_card(4): 4})

    looked = look(browser_of(order), order, cards="2 Lihgtning Bolt", **{copies_field(order): 3})

    assert looked.status_code == 422
    assert "Did you mean Lightning Bolt?" in text_of(looked)
    assert shown_in(looked.content.decode())[copies_field(order)] == "3"


def test_the_second_of_two_clicks_changes_nothing_twice():
    stocked_card(4, name="Lightning Bolt", value_cents=0)
    order = placed({stocked_card(4, value_cents=50_000): 4})
    browser = browser_of(order)
    looked = look(browser, order, cards="2 Lightning Bolt", **{copies_field(order): 1})
    confirm(browser, order, looked)
    once = as_it_stands(order)

    again = confirm(browser, order, looked)

    assert again.status_code == 302
    assert as_it_stands(order) == once


# --- another way of shipping ------------------------------------------------------------------------------


def test_another_way_of_shipping_takes_its_price_and_its_days():
    pickup = PickupFactory()
    where = {"street": "High Street 1", "city": "Hamburg"}
    order = placed({stocked_card(4): 4}, shipping_method=ShippingMethodFactory(), first_day=day(14), **where)
    browser = browser_of(order)

    looked = look(browser, order, shipping_method="pickup")
    confirm(browser, order, looked)

    order.refresh_from_db()
    assert order.shipping_method == pickup
    assert order.shipping_cents == 0
    assert order.out_on == order.first_day
    assert violations(today=TODAY) == []


def test_a_way_that_needs_an_address_is_refused_where_there_is_none():
    ShippingMethodFactory()
    order = placed({stocked_card(4): 4})  # collected, so nobody asked for an address
    before = as_it_stands(order)

    looked = look(browser_of(order), order, shipping_method="standard", first_day=day(14), last_day=day(14))

    assert looked.status_code == 422
    assert "we need your name and address" in text_of(looked)
    assert as_it_stands(order) == before


# --- what was shown is what is done -----------------------------------------------------------------------


def test_what_was_edited_after_the_look_is_shown_before_it_is_done():
    order = placed({stocked_card(4): 4})
    browser, before = browser_of(order), as_it_stands(order)
    looked = look(browser, order, **{copies_field(order): 3})

    other = confirm(browser, order, looked, **{copies_field(order): 2})

    assert other.status_code == 200
    assert any("Look at it once more" in said for said in messages_of(other))
    assert as_it_stands(order) == before


def test_two_tabs_that_confirm_different_changes_make_one():
    order = placed({stocked_card(4): 4})
    browser = browser_of(order)
    one, two = (look(browser, order, **{copies_field(order): copies}) for copies in (3, 2))
    confirm(browser, order, one)

    late = confirm(browser, order, two)

    assert order.order_cards.get().quantity == 3
    assert any("was changed after this page was shown" in said for said in messages_of(late))


def test_a_price_that_has_changed_since_the_look_is_shown_again():
    bolt = stocked_card(4, name="Lightning Bolt")
    order = placed({stocked_card(4, value_cents=90_000): 4})
    browser = browser_of(order)
    looked = look(browser, order, cards="1 Lightning Bolt", **{copies_field(order): 1})
    bolt.printings.update(value_cents=20_000)

    again = confirm(browser, order, looked)

    assert again.status_code == 200
    assert not order.order_cards.filter(card=bolt).exists()


# --- who, and when ----------------------------------------------------------------------------------------


def test_whoever_has_the_signed_link_changes_the_order_and_a_stranger_does_not():
    order = placed({stocked_card(4): 4})
    linked, stranger = Client(), Client()
    stranger.force_login(UserFactory())
    path = order_link(order)
    linked.get(path[path.index("/orders/") :])

    looked = look(linked, order, **{copies_field(order): 1})
    confirm(linked, order, looked)

    assert stranger.get(address_of(order)).status_code == 404
    assert stranger.post(address_of(order), {}).status_code == 404
    assert order.order_cards.get().quantity == 1


@pytest.mark.parametrize("status", ["dispatched", "returned", "cancelled", "confirming"])
def test_an_order_that_has_left_or_is_over_is_not_changed(status: str):
    order = dispatched({stocked_card(4): 4}) if status == "dispatched" else settled({stocked_card(4): 4})
    Order.objects.filter(pk=order.pk).update(status=status)
    browser, before = browser_of(order), as_it_stands(order)

    shown = browser.get(address_of(order))
    posted = browser.post(address_of(order), {"first_day": day(12), "confirm": "1"})

    assert (shown.status_code, posted.status_code) == (302, 302)
    assert any("can be changed" in said for said in messages_of(posted))
    assert as_it_stands(order) == before


def test_an_order_whose_money_is_being_taken_is_not_changed():
    order = placed({stocked_card(4): 4})
    Payment.objects.filter(order=order).update(capture_begun_at="2027-01-01T00:00Z")

    shown = browser_of(order).get(address_of(order))

    assert shown.status_code == 302
    assert any("just leaving" in said for said in messages_of(shown))


NONSENSE = [
    {"first_day": "tomorrow"},
    {"last_day": "0001-01-01"},
    {"first_day": "9999-12-31", "last_day": "9999-12-31"},
    {"start": "9999-12-31"},
    {"start": "a\x00b"},
    {"shipping_method": "rocket"},
    {"cards": "a\x00b"},
    {"cards": "0 Lightning Bolt"},
    {"cards": "9" * 20_000},
    {"new_99999999_main_0": "2"},
    {"new_1_nowhere_0": "2"},
    {"new_1_main_999999999999999999": "2"},
    {"copies_99999999": "2"},
    {"seen": ""},
    {"looked": "a\x00b", "confirm": "1"},
]


@pytest.mark.parametrize("said", NONSENSE, ids=str)
def test_nonsense_changes_nothing_and_is_answered(said: dict[str, str]):
    order = placed({stocked_card(4): 4})
    browser, before = browser_of(order), as_it_stands(order)

    answered = look(browser, order, **said)

    assert answered.status_code in (200, 302, 422)
    assert as_it_stands(order) == before


def test_all_cards_out_is_refused_with_what_to_do_instead():
    order = placed({stocked_card(4): 4})

    looked = look(browser_of(order), order, **{copies_field(order): 0})

    assert looked.status_code == 422
    assert "Cancel the order instead" in text_of(looked)


def test_the_page_takes_as_many_queries_with_a_hundred_lines_as_with_one():
    counted = []
    for lines in (1, 100):
        order = placed({stocked_card(4): 1 for _ in range(lines)})
        browser = browser_of(order)
        browser.get(address_of(order))
        with CaptureQueriesContext(connection) as shown:
            browser.get(address_of(order))
        fields = fields_of(browser, order)
        with CaptureQueriesContext(connection) as looked:
            browser.post(address_of(order), {**fields, "first_day": day(11), "last_day": day(13)})
        counted.append((len(shown), len(looked)))
    assert counted[0] == counted[1]
    assert counted[0] <= (12, 26)


# --- e-mail -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_customer_is_told_of_a_change_with_how_the_order_stands_and_a_link():
    order = placed({stocked_card(4, name="Lightning Bolt"): 4})
    mail.outbox.clear()
    browser = browser_of(order)

    confirm(browser, order, look(browser, order, **{copies_field(order): 3}))

    (letter,) = mail.outbox
    assert letter.subject == f"Your order {order.number} is changed"
    assert "3 Lightning Bolt" in letter.body
    assert "/orders/link/" in letter.body


def test_what_an_open_order_has_already_is_not_asked_for_anew_when_another_card_comes_to_it():
    """Somebody waits for more of its cards than there are: they wait behind it, whatever else comes to it."""
    card = stocked_card(4)
    order = placed({card: 2})
    stocked_card(4, name="Lightning Bolt", value_cents=0)
    waiting = placed({card: 4})
    browser = browser_of(order)

    looked = look(browser, order, cards="1 Lightning Bolt")
    confirm(browser, order, looked)

    assert waiting.status == Status.PENDING
    assert outcome_of(looked) == "stays_open"
    assert order.order_cards.count() == 2
    assert violations(today=TODAY) == []


def test_one_copy_more_of_a_card_that_somebody_waits_for_is_refused():
    card = stocked_card(4)
    order = placed({card: 2})
    placed({card: 4})

    looked = look(browser_of(order), order, **{copies_field(order): 3})

    assert outcome_of(looked) == "refused"


# --- cancelled from the customer's page -------------------------------------------------------------------


def linked_to(order: Order) -> Client:
    client, path = Client(), order_link(order)
    client.get(path[path.index("/orders/") :])
    return client


@pytest.mark.parametrize("by", [browser_of, linked_to])
@pytest.mark.parametrize(
    ("copies", "held", "says"),
    [
        (4, True, "Your order is cancelled and the hold on your card is released. Nothing is charged."),
        (4, False, "Your order is cancelled. Nothing is charged."),
        (5, True, "Your order is cancelled and the hold on your card is released. Nothing is charged."),
    ],
)
def test_an_order_that_has_not_left_is_cancelled_by_its_customer(by: Any, copies: int, held: bool, says: str):
    order = placed({stocked_card(4): copies})
    if not held:
        Payment.objects.filter(order=order).update(status="expired")
    visitor = by(order)
    page = text_of(visitor.get(order.get_absolute_url()))

    done = visitor.post(reverse("orders:cancel", args=[order.number]))
    again = visitor.post(reverse("orders:cancel", args=[order.number]))

    order.refresh_from_db()
    assert "This cannot be undone" in page
    assert ("you lose your place in the queue" in page) == (copies == 5)
    assert order.status == Status.CANCELLED
    assert messages_of(done) == [says]
    assert order.events.filter(to_status="cancelled").count() == 1
    assert again.status_code == 302
    assert violations(today=TODAY) == []


@pytest.mark.parametrize(
    ("money", "says"),
    [
        ({"capture_begun_at": "2027-01-01T00:00Z"}, "its payment is taken at this moment"),
        (None, "only the shop can cancel it now"),
    ],
)
def test_an_order_that_is_just_leaving_says_why_it_is_not_cancelled(money: Any, says: str):
    order = placed({stocked_card(4): 4})
    if money:
        Payment.objects.filter(order=order).update(**money)
    else:
        paid(order)
    visitor = browser_of(order)

    page = text_of(visitor.get(order.get_absolute_url()))
    done = visitor.post(reverse("orders:cancel", args=[order.number]))

    assert "Cancel this order" not in page
    assert "just leaving, so it cannot be changed" in page
    assert says in messages_of(done)[0]
    order.refresh_from_db()
    assert order.status == Status.OPEN


@pytest.mark.parametrize("status", ["dispatched", "returned"])
def test_a_deck_that_has_left_offers_no_cancelling_and_refuses_it(status: str):
    order = dispatched({stocked_card(4): 4})
    Order.objects.filter(pk=order.pk).update(status=status)
    visitor = browser_of(order)

    page = text_of(visitor.get(order.get_absolute_url()))
    done = visitor.post(reverse("orders:cancel", args=[order.number]))

    assert "Cancel this order" not in page
    assert ("Keep it longer" in page) == (status == "dispatched")
    assert "cannot be cancelled any more" in messages_of(done)[0]


# --- by a link alone --------------------------------------------------------------------------------------


def shipped(**owner: Any) -> Order:
    where = {"street": "High Street 1", "city": "Hamburg"}
    method = ShippingMethodFactory()
    return placed({stocked_card(4): 2}, shipping_method=method, first_day=day(14), **where, **owner)


def by_link(order: Order) -> Client:
    """The browser of somebody whom the e-mail was forwarded to."""
    browser = Client()
    browser.get(order_link(order).removeprefix(site.SITE_URL))
    return browser


@pytest.mark.parametrize("signed_up", [True, False])
def test_who_has_only_the_link_does_not_change_the_way_of_shipping(signed_up):
    pickup = PickupFactory()
    order = shipped(**({"user": UserFactory()} if signed_up else {}))
    browser, before = by_link(order), as_it_stands(order)

    looked = look(browser, order, shipping_method=pickup.slug)
    confirmed = browser.post(
        address_of(order), {**fields_of(browser, order), "shipping_method": pickup.slug, "confirm": "1"}
    )

    for response in (looked, confirmed):
        assert response.status_code == 422
        assert "With the link alone the way of shipping cannot be changed" in text_of(response)
    assert pickup.name not in text_of(browser.get(address_of(order)))
    assert as_it_stands(order) == before


def test_who_has_only_the_link_changes_days_and_cards():
    PickupFactory()
    order = shipped()
    browser = by_link(order)

    confirm(browser, order, look(browser, order, **{copies_field(order): 1}))

    assert order.order_cards.get().quantity == 1


def test_the_owner_who_came_by_a_link_changes_the_way_of_shipping():
    pickup = PickupFactory()
    order = shipped()
    browser = browser_of(order)
    browser.get(order_link(order).removeprefix(site.SITE_URL))

    looked = look(browser, order, shipping_method=pickup.slug)

    assert looked.status_code == 200
    assert outcome_of(looked)
