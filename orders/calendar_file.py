"""The days of an order as a calendar file (RFC 5545), to keep or to subscribe to. Reads only."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db.models import Count, Max
from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from inventory.closed_days import shop_calendar
from orders.contents import name_of
from orders.dates import post_by, schedule_of_order
from orders.models import Order
from orders.states import NOT_YET_LEFT, Status

_STATUS = {Status.PENDING: "TENTATIVE", Status.CANCELLED: "CANCELLED"}
_REMINDED = (*NOT_YET_LEFT, Status.DISPATCHED)
_BEFORE = timedelta(
    hours=-15
)  # of midnight, with which a whole day begins: nine in the morning, the day before


class NoCalendar(Exception):
    """The order has no days yet that a calendar could keep."""


@dataclass(frozen=True, slots=True)
class _Days:
    """An entry: `first` to `last` day, both included. `key`: what it is known by, as long as there is the order."""

    key: str
    summary: str
    says: str
    first: date
    last: date
    reminder: str = ""
    at_shop: bool = False


def calendar_file(*, order: Order, link: str, now: datetime) -> bytes:
    """When the deck leaves, is with the customer, and must be back. `link`: where the order can be read.

    What happens to the order raises the sequence of its entries, so that a calendar takes the new days for the old
    ones. Raises NoCalendar for a cart, and while an answer is waited for.
    """
    if order.status in (Status.CART, Status.CONFIRMING):
        raise NoCalendar
    history = order.events.aggregate(number=Count("pk"), last=Max("at"))
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SHOP_NAME}//Orders//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{settings.SHOP_NAME}: order {order.number}")
    calendar.add("refresh-interval", timedelta(hours=12), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT12H")
    for days in _entries(order):
        event = Event()
        event.add("uid", str(uuid.uuid5(order.claim, days.key)))
        event.add("dtstamp", now)
        event.add("created", order.created_at)
        event.add("last-modified", history["last"] or order.created_at)
        event.add("sequence", history["number"])
        event.add("status", _STATUS.get(Status(order.status), "CONFIRMED"))
        event.add("dtstart", days.first)
        event.add("dtend", days.last + timedelta(days=1))  # the day after: an end is not part of it
        event.add("summary", days.summary)
        event.add("description", f"{days.says}\n\nOrder {order.number}: {link}")
        event.add("url", link)
        event.add("organizer", _organizer())
        event.add("transp", "TRANSPARENT")  # nobody is busy because a deck is out
        if days.at_shop and settings.SHOP_ADDRESS:
            event.add("location", ", ".join([settings.SHOP_NAME, *settings.SHOP_ADDRESS]))
        if days.reminder and order.status in _REMINDED:
            event.add_component(_alarm(days.reminder))
        calendar.add_component(event)
    return calendar.to_ical()


def _entries(order: Order) -> Iterator[_Days]:
    schedule, method = schedule_of_order(order), order.shipping_method
    if schedule is None or method is None:
        raise NoCalendar
    what, due = name_of(order), schedule.due_back_on
    posted = method.needs_address
    uncertain = (
        " Some cards are still short: the deck leaves only if all of them come in." if order.pending else ""
    )
    if posted:
        leaves = _Days(
            "leaves",
            f"Deck leaves the shop: {what}",
            f"It is sent to you by {method.name}, to be with you on {_day(schedule.first_day)}.{uncertain}",
            schedule.leaves_on,
            schedule.leaves_on,
        )
    else:
        leaves = _Days(
            "leaves",
            f"Fetch the deck: {what}",
            f"It waits for you at the shop.{uncertain}",
            schedule.leaves_on,
            schedule.leaves_on,
            at_shop=True,
        )
    yield leaves
    yield _Days(
        "with-you",
        f"Deck with you: {what}",
        f"Yours from {_day(schedule.first_day)} to {_day(schedule.last_day)}. It must be back by {_day(due)}.",
        schedule.first_day,
        schedule.last_day,
    )
    if posted:
        posted_by = post_by(schedule, shop_calendar())
        yield _Days(
            "post-back",
            f"Post the deck back: {what}",
            f"So that it is with us by {_day(due)}. Count the cards first.",
            posted_by,
            posted_by,
            reminder=f"Tomorrow the deck must be posted: {what}",
        )
    yield _Days(
        "due-back",
        f"Deck due back at the shop: {what}",
        "By the end of this day it must be with us."
        if posted
        else "Bring it to the shop by the end of this day. Count the cards first.",
        due,
        due,
        reminder=f"Tomorrow the deck must be back at the shop: {what}",
        at_shop=True,
    )


def _day(day: date) -> str:
    return f"{day:%A %-d %B %Y}"


def _organizer() -> vCalAddress:
    organizer = vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    organizer.params["CN"] = vText(settings.SHOP_NAME)
    return organizer


def _alarm(says: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", says)
    alarm.add("trigger", _BEFORE)
    return alarm
