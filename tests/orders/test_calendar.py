"""The calendar file of an order: its days, who may fetch it, and whether it is one by the rules of RFC 5545."""

import re
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings as site
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from orders.calendar_file import NoCalendar, calendar_file
from orders.cancellation import cancel
from orders.changes import change
from orders.checkout import settle
from orders.emails import LINK_DAYS, calendar_link, order_link, send_order_email
from orders.fulfilment import check_in, dispatch
from orders.models import Order
from orders.transitions import SYSTEM, customer
from tests.factories import (
    TODAY,
    PickupFactory,
    ShippingMethodFactory,
    UserFactory,
    cart_with,
    held_payment,
    paid,
    placed,
    settled,
    stocked_card,
    template_deck,
)
from tests.orders.test_views import browser_of

pytestmark = pytest.mark.django_db

LINK = "https://shop.example/orders/X/"


ADDRESS = {"name": "Pat Player", "street": "Desk Lane 2", "postcode": "12345", "city": "Town"}


def shipped(cards, **fields) -> Order:
    """An order that goes out and comes back by post."""
    cart = cart_with(cards, shipping_method=ShippingMethodFactory(**fields))
    Order.objects.filter(pk=cart.pk).update(**ADDRESS)
    cart.refresh_from_db()
    return settle(payment=held_payment(cart), today=TODAY)


def raw(order: Order, **fields) -> bytes:
    return calendar_file(order=order, **{"link": LINK, "now": timezone.now(), **fields})


def entries(content: bytes) -> dict[str, object]:
    """The entries of a file, by what they begin with: Deck leaves, Fetch, Deck with you, Post, Deck due back."""
    events = Calendar.from_ical(content).walk("VEVENT")
    return {str(event["SUMMARY"]).partition(":")[0]: event for event in events}


def days(event) -> tuple[date, date]:
    return event.decoded("DTSTART"), event.decoded("DTEND")


def path_of(link: str) -> str:
    return urlsplit(link).path


def unfolded(content: bytes) -> list[str]:
    """By hand, and not by the library that wrote it: RFC 5545, 3.1."""
    return content.decode().replace("\r\n ", "").split("\r\n")


# --- the days -------------------------------------------------------------------------------------------------


def test_a_shipped_order_has_the_day_it_leaves_the_days_it_is_away_and_those_of_its_way_back():
    order = shipped({stocked_card(4): 2})
    one = timedelta(days=1)

    found = entries(raw(order))

    assert list(found) == [
        "Deck leaves the shop",
        "Deck with you",
        "Post the deck back",
        "Deck due back at the shop",
    ]
    assert days(found["Deck leaves the shop"]) == (order.out_on, order.out_on + one)
    assert days(found["Deck with you"]) == (order.first_day, order.last_day + one)
    assert days(found["Deck due back at the shop"]) == (order.due_on, order.due_on + one)


def test_what_is_collected_at_the_shop_is_fetched_and_brought_and_never_posted(settings):
    settings.SHOP_ADDRESS = ["Desk Lane 1", "12345 Town"]

    found = entries(raw(placed({stocked_card(4): 2}, shipping_method=PickupFactory())))

    assert list(found) == ["Fetch the deck", "Deck with you", "Deck due back at the shop"]
    assert str(found["Fetch the deck"]["LOCATION"]) == "Deckrental, Desk Lane 1, 12345 Town"
    assert "LOCATION" not in found["Deck with you"]
    assert "Bring it to the shop" in found["Deck due back at the shop"]["DESCRIPTION"]


@pytest.mark.parametrize(
    ("last_day", "posted", "end"),
    [
        (date(2027, 2, 28), date(2027, 3, 1), date(2027, 3, 1)),  # a Sunday: posted on Monday
        (date(2028, 2, 29), date(2028, 2, 29), date(2028, 3, 1)),
        (date(2027, 4, 30), date(2027, 4, 30), date(2027, 5, 1)),
        (date(2026, 12, 31), date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_around_the_end_of_a_month_an_end_is_the_day_after_and_a_parcel_is_posted_on_an_open_day(
    last_day, posted, end, settings
):
    settings.CLOSED_WEEKDAYS = frozenset({5, 6})
    order = shipped({stocked_card(4): 1})
    order.first_day, order.last_day = last_day - timedelta(days=3), last_day
    order.out_on, order.due_on = last_day - timedelta(days=6), last_day + timedelta(days=5)
    order.back_on = order.due_on + timedelta(days=1)
    order.save()

    found = entries(raw(order))

    assert days(found["Deck with you"]) == (last_day - timedelta(days=3), end)
    assert days(found["Post the deck back"]) == (posted, posted + timedelta(days=1))


def test_a_calendar_reminds_the_day_before_the_deck_must_go_back_as_long_as_it_has_to():
    order = paid(shipped({stocked_card(4): 2}))
    dispatch(order=order, by=SYSTEM, today=order.out_on)

    before = entries(raw(order))
    check_in(order=order, by=SYSTEM, today=TODAY)
    order.refresh_from_db()
    after = entries(raw(order))

    reminded = {name: event.walk("VALARM") for name, event in before.items()}
    assert [name for name, alarms in reminded.items() if alarms] == [
        "Post the deck back",
        "Deck due back at the shop",
    ]
    trigger = reminded["Deck due back at the shop"][0].decoded("TRIGGER")
    assert timedelta(days=-1) <= trigger < timedelta(0)
    assert not any(event.walk("VALARM") for event in after.values())


# --- what became of the order ---------------------------------------------------------------------------------


def test_when_the_days_change_the_entries_stay_the_same_ones_and_count_on():
    order = placed({stocked_card(4): 1})
    before = entries(raw(order))
    later = order.last_day - timedelta(days=1)

    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        order = change(order=order, last_day=later, by=SYSTEM, today=TODAY)
        after = entries(raw(order))

    assert [event["UID"] for event in before.values()] == [event["UID"] for event in after.values()]
    assert len({event["UID"] for event in after.values()}) == len(after)
    for name, event in after.items():
        assert event["SEQUENCE"] > before[name]["SEQUENCE"]
        assert event.decoded("LAST-MODIFIED") > before[name].decoded("LAST-MODIFIED")
    assert days(after["Deck with you"])[1] == later + timedelta(days=1)


def test_two_orders_never_share_an_entry():
    card = stocked_card(4)
    one, other = (entries(raw(placed({card: 1}))) for _ in range(2))

    assert not {event["UID"] for event in one.values()} & {event["UID"] for event in other.values()}


def test_a_pending_order_is_tentative_an_open_one_confirmed_and_a_cancelled_one_cancelled():
    short, open_ = placed({stocked_card(1): 2}), placed({stocked_card(4): 2})
    gone = cancel(order=placed({stocked_card(4): 2}), by=customer(), reason="the customer cancels")

    status = {
        order.status: {str(event["STATUS"]) for event in entries(raw(order)).values()}
        for order in (short, open_, gone)
    }

    assert status == {"pending": {"TENTATIVE"}, "open": {"CONFIRMED"}, "cancelled": {"CANCELLED"}}
    assert not any(event.walk("VALARM") for event in entries(raw(gone)).values())


def test_there_is_no_calendar_of_a_cart_nor_while_an_answer_is_waited_for():
    for order in (cart_with({stocked_card(4): 1}), settled({stocked_card(1): 2})):
        with pytest.raises(NoCalendar):
            raw(order)
        assert browser_of(order).get(reverse("orders:calendar", args=[order.number])).status_code == 404
        assert Client().get(path_of(calendar_link(order))).status_code == 404


# --- the file -------------------------------------------------------------------------------------------------


def order_with_a_hard_name() -> Order:
    order = shipped({stocked_card(4): 2}, name="Post; by Ünder\\ground, fast")
    deck = template_deck({stocked_card(4): 1}, name="Fish, Chips; & \\ “Größe” " + "日本語のデッキ" * 9)
    order.order_template_decks.create(version=deck.versions.get())
    return order


def test_a_name_with_all_the_signs_that_mean_something_comes_back_as_it_was():
    order = order_with_a_hard_name()
    name = order.order_template_decks.get().template_deck.name

    found = entries(raw(order))

    assert str(found["Deck with you"]["SUMMARY"]) == f"Deck with you: {name}"
    assert order.shipping_method.name in found["Deck leaves the shop"]["DESCRIPTION"]
    assert found["Deck leaves the shop"]["DESCRIPTION"].endswith(f"\n\nOrder {order.number}: {LINK}")


def test_every_line_ends_with_cr_and_lf_and_is_at_most_75_octets_long():
    content = raw(order_with_a_hard_name())

    assert content.endswith(b"\r\n")
    lines = content.removesuffix(b"\r\n").split(b"\r\n")
    assert not [line for line in lines if b"\n" in line or b"\r" in line]
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # folded between signs, not within one
    assert any(line.startswith(b" ") for line in lines)


def test_every_entry_has_what_the_rules_ask_for():
    order = order_with_a_hard_name()
    lines = unfolded(raw(order))

    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-2:] == ["END:VCALENDAR", ""]
    for wanted in ("VERSION:2.0", "METHOD:PUBLISH", "CALSCALE:GREGORIAN"):
        assert lines.count(wanted) == 1
    assert len([line for line in lines if line.startswith("PRODID:")]) == 1
    starts = [number for number, line in enumerate(lines) if line == "BEGIN:VEVENT"]
    assert len(starts) == 4
    for start in starts:
        entry = lines[start : lines.index("END:VEVENT", start)]
        outside = [line for line in entry if line not in _within_alarms(entry)]
        for name, form in {
            "UID": r"UID:[0-9a-f-]{36}",
            "DTSTAMP": r"DTSTAMP:\d{8}T\d{6}Z",
            "LAST-MODIFIED": r"LAST-MODIFIED:\d{8}T\d{6}Z",
            "DTSTART": r"DTSTART;VALUE=DATE:\d{8}",
            "DTEND": r"DTEND;VALUE=DATE:\d{8}",
            "SEQUENCE": r"SEQUENCE:[1-9]\d*",
            "ORGANIZER": r"ORGANIZER;CN=\"?Deckrental\"?:mailto:\S+@\S+",
            "SUMMARY": r"SUMMARY:(?:[^,;\\]|\\[,;n\\])+",  # what means something is escaped
            "DESCRIPTION": r"DESCRIPTION:(?:[^,;\\]|\\[,;n\\])+",
        }.items():
            named = [line for line in outside if re.match(rf"{name}[;:]", line)]
            assert len(named) == 1, name
            assert re.fullmatch(form, named[0]), named[0]
    alarms = [lines[n : n + 5] for n, line in enumerate(lines) if line == "BEGIN:VALARM"]
    assert len(alarms) == 2
    assert all("ACTION:DISPLAY" in alarm and "TRIGGER:-PT15H" in alarm for alarm in alarms)


def _within_alarms(entry: list[str]) -> list[str]:
    if "BEGIN:VALARM" not in entry:
        return []
    return entry[entry.index("BEGIN:VALARM") : entry.index("END:VALARM") + 1]


# --- who may fetch it -----------------------------------------------------------------------------------------


def test_the_owner_gets_the_file_with_its_name_and_its_type_and_others_nothing():
    order = placed({stocked_card(4): 1}, user=UserFactory())
    address = reverse("orders:calendar", args=[order.number])
    stranger = Client()
    stranger.force_login(UserFactory())

    response = browser_of(order).get(address)

    assert response.status_code == 200
    assert response["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    assert response["Content-Disposition"] == f'attachment; filename="deckrental-{order.number}.ics"'
    assert len(Calendar.from_ical(response.content).walk("VEVENT")) >= 3
    for other in (stranger, Client(), browser_of(placed({stocked_card(4): 1}))):
        assert other.get(address).status_code == 404
    assert browser_of(order).post(address).status_code == 405


def test_a_program_without_cookies_fetches_it_by_its_link_and_no_session_begins():
    order = placed({stocked_card(4): 1})
    program = Client()

    response = program.get(path_of(calendar_link(order)))

    assert response.status_code == 200
    assert str(Calendar.from_ical(response.content).walk("VEVENT")[0]["UID"])
    assert not response.cookies
    assert program.head(path_of(calendar_link(order))).status_code == 200
    assert program.get(reverse("orders:order", args=[order.number])).status_code == 404


def test_a_link_that_is_made_up_or_too_old_shows_nothing():
    order = placed({stocked_card(4): 1})
    link = path_of(calendar_link(order))

    assert Client().get(reverse("orders:calendar_link", args=["nonsense"])).status_code == 404
    assert Client().get(link.replace("/calendar", "x/calendar")).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=LINK_DAYS, minutes=1)):
        assert Client().get(link).status_code == 404


def test_the_address_of_a_calendar_opens_the_calendar_and_not_the_order():
    """Whoever reads a calendar knows its address."""
    order = placed({stocked_card(4): 1})
    token = path_of(calendar_link(order)).split("/")[-2]
    reader = Client()

    for name in ("link", "receipt_link", "return_slip_link", "pay_link"):
        assert reader.get(reverse(f"orders:{name}", args=[token])).status_code == 410, name
    assert reader.post(reverse("orders:cancel", args=[order.number])).status_code == 404
    order.refresh_from_db()
    assert order.status == "open"


def test_a_link_to_an_order_is_no_address_of_its_calendar():
    token = path_of(order_link(placed({stocked_card(4): 1}))).split("/")[-2]

    assert Client().get(reverse("orders:calendar_link", args=[token])).status_code == 404


@pytest.mark.parametrize("signed_up", [True, False])
def test_the_file_holds_no_key_to_the_order_whoever_fetches_it(signed_up):
    """So a link that is followed on its last day does not give another ninety."""
    order = placed({stocked_card(4): 1}, **({"user": UserFactory()} if signed_up else {}))
    by_link = Client()
    by_link.get(path_of(order_link(order)))

    for browser, address in (
        (Client(), path_of(calendar_link(order))),
        (by_link, reverse("orders:calendar", args=[order.number])),
        (browser_of(order), reverse("orders:calendar", args=[order.number])),
    ):
        file = browser.get(address)
        assert file.status_code == 200
        assert b"/orders/link/" not in file.content.replace(b"\r\n ", b"")


def test_who_has_an_account_is_led_to_the_order_by_signing_in_and_a_guest_by_a_mail():
    card = stocked_card(4)
    for order in (placed({card: 1}, user=UserFactory()), placed({card: 1})):
        content = Client().get(path_of(calendar_link(order))).content
        link = str(entries(content)["Deck with you"]["URL"])
        visitor = browser_of(order) if order.user else Client()

        response = visitor.get(link.removeprefix(site.SITE_URL), follow=True)

        assert response.status_code == 200
        led_to = response.redirect_chain[-1][0] if order.user else response.request["PATH_INFO"]
        assert led_to == (order.get_absolute_url() if order.user else reverse("orders:find"))


@pytest.mark.parametrize("kind", ["open", "pending", "promoted"])
def test_the_email_that_confirms_an_order_has_the_link_to_its_calendar(kind):
    order = placed({stocked_card(4): 1})
    mail.outbox.clear()

    send_order_email(order=order, kind=kind)

    link = re.search(r"calendar: (\S+)", mail.outbox[0].body)
    assert link
    assert Client().get(path_of(link[1])).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_order(django_assert_num_queries):
    card = stocked_card(100)
    large = placed({stocked_card(4): 1 for _ in range(60)})
    small = placed({card: 1})
    for order in (small, large):
        order = Order.objects.select_related("shipping_method").get(pk=order.pk)
        with django_assert_num_queries(3):
            raw(order)
