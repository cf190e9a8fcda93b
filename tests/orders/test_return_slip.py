"""The page that goes back with a deck: its day, its cards to count, its code, what it may cost, and who may see it."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.conf import settings as site
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from inventory.models import Zone
from orders.cancellation import cancel
from orders.emails import return_slip_link, send_order_email
from orders.fees import agreed_limits
from orders.fulfilment import check_in
from orders.models import Order, OrderCard
from orders.return_slip import return_slip
from orders.transitions import SYSTEM, customer
from tests.factories import (
    TODAY,
    UserFactory,
    cart_with,
    dispatched,
    placed,
    settled,
    stocked_card,
)
from tests.orders.test_calendar import shipped
from tests.orders.test_receipts import euros
from tests.orders.test_views import browser_of, messages_of

pytestmark = pytest.mark.django_db


def address_of(order: Order) -> str:
    return reverse("orders:return_slip", args=[order.number])


def page_of(order: Order) -> str:
    response = browser_of(order).get(address_of(order))
    assert response.status_code == 200
    return response.content.decode()


def text_of(html: str) -> str:
    return " ".join(unescape(strip_tags(html)).split())


def written(day) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def two_zones() -> Order:
    """Six copies of two cards, one of which stands in both zones."""
    bolt, shock = stocked_card(9, name="Lightning Bolt"), stocked_card(9, name="Shock")
    order = dispatched({bolt: 3, shock: 1})
    OrderCard.objects.filter(card=shock).update(zone=Zone.SIDEBOARD)
    return order


# --- what it says ---------------------------------------------------------------------------------------------


def test_every_copy_of_the_order_is_counted_in_its_zone_with_a_box_to_tick():
    slip = return_slip(order=two_zones(), today=TODAY)

    counted = [
        (zone.zone, line.line.card.name, line.copies, len(line.boxes))
        for zone in slip.zones
        for line in zone.lines
    ]
    assert counted == [("main", "Lightning Bolt", 3, 3), ("sideboard", "Shock", 1, 1)]
    assert slip.copies == 4
    assert not slip.part_is_back


def test_the_page_has_as_many_boxes_as_the_slip_says_and_one_for_a_pile():
    order = dispatched({stocked_card(30, name="Mountain"): 20, stocked_card(4, name="Shock"): 2})

    html = page_of(order)

    assert html.count('class="return-box"') == 1 + 2
    assert "20 Mountain" in text_of(html)


def test_what_is_back_already_is_not_asked_for_again():
    order = two_zones()
    bolt = order.order_cards.get(card__name="Lightning Bolt").card
    shock = order.order_cards.get(card__name="Shock").card
    check_in(order=order, copies={bolt.pk: 2, shock.pk: 1}, by=SYSTEM, today=TODAY)
    order.refresh_from_db()

    slip = return_slip(order=order, today=TODAY)

    assert {line.line.card.name: line.copies for zone in slip.zones for line in zone.lines} == {
        "Lightning Bolt": 1,
        "Shock": 0,
    }
    assert slip.part_is_back
    html = page_of(order)
    assert "Shock is back" in text_of(html)
    assert html.count('class="return-box"') == 1


def test_a_card_in_two_zones_is_out_as_often_as_it_is_out_altogether():
    bolt = stocked_card(9, name="Lightning Bolt")
    cart = cart_with({bolt: 2}, first_day=TODAY)
    OrderCard.objects.create(order=cart, card=bolt, quantity=1, zone=Zone.SIDEBOARD)
    order = _out(cart)
    check_in(order=order, copies={bolt.pk: 1}, by=SYSTEM, today=TODAY)

    slip = return_slip(order=order, today=TODAY)

    assert slip.copies == 2


def _out(cart: Order) -> Order:
    from orders.checkout import settle
    from orders.fulfilment import dispatch
    from tests.factories import held_payment, paid

    return dispatch(order=paid(settle(payment=held_payment(cart), today=TODAY)), by=SYSTEM, today=TODAY)


def test_a_pickup_is_brought_to_the_shop_by_the_day_it_is_due(settings):
    settings.SHOP_NAME, settings.SHOP_ADDRESS = "The <Lending> Desk", ["Desk Lane 1", "12345 Town & Country"]
    order = placed({stocked_card(4): 1})

    text = text_of(page_of(order))

    assert f"Bring it to the shop by {written(order.due_on)}." in text
    assert "Post it" not in text
    assert "The <Lending> Desk Desk Lane 1 12345 Town & Country" in text


def test_what_was_sent_is_posted_in_time_to_the_address_of_the_shop(settings):
    settings.SHOP_ADDRESS = ["Desk Lane 1", "12345 Town"]
    order = shipped({stocked_card(4): 1})

    text = text_of(page_of(order))

    assert f"Post it by {written(order.last_day)}, so that it is with us by {written(order.due_on)}." in text
    assert "Send to Deckrental Desk Lane 1 12345 Town" in text
    assert "Bring it" not in text


def test_without_an_address_of_the_shop_it_leads_to_the_one_on_the_parcel(settings):
    settings.SHOP_ADDRESS = []

    assert "The address stands on the parcel" in text_of(page_of(shipped({stocked_card(4): 1})))


def test_after_the_day_it_says_that_it_was_due():
    late = dispatched({stocked_card(4): 1}, days=3, days_ago=9)
    on_the_day = dispatched({stocked_card(4): 1}, days=3, days_ago=2)
    assert on_the_day.due_on == TODAY

    assert f"It was due on {written(late.due_on)}." in text_of(page_of(late))
    assert f"by {written(TODAY)}" in text_of(page_of(on_the_day))


def test_the_limits_are_those_that_were_agreed_with_the_order():
    order = placed({stocked_card(4, value_cents=4_321): 2})
    limits = agreed_limits(order)
    assert limits.late_day_cents > 0
    assert limits.value_cents == 2 * 4_321

    text = text_of(page_of(order))

    assert f"late costs at most {euros(limits.late_day_cents)}" in text
    assert f"what it is worth, {euros(limits.value_cents)} for the whole deck" in text


# --- the code -------------------------------------------------------------------------------------------------


def modules_of(svg: str) -> set[tuple[int, int]]:
    """The dark modules of a code, from the strokes of its path, without its quiet zone."""
    path = re.search(r' d="([^"]+)"', svg)
    assert path
    dark, x, y = set(), 0.0, 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", path[1]):
        if command == "M":
            x, y = float(first), float(second)
        elif command == "m":
            x, y = x + float(first), y + float(second)
        else:
            dark |= {(int(x) + step - 4, int(y) - 4) for step in range(int(first))}
            x += float(first)
    return dark


def test_the_code_leads_the_desk_to_where_the_deck_is_checked_in():
    import segno

    order = placed({stocked_card(4): 1})
    address = f"{site.SITE_URL}/staff/returns/{order.number}/"
    wanted = segno.make_qr(address, error="m").matrix

    dark = modules_of(page_of(order).partition('<div class="return-code"')[2].partition("</svg>")[0])

    assert dark == {(x, y) for y, row in enumerate(wanted) for x, module in enumerate(row) if module}


def test_nothing_on_the_page_needs_a_style_or_a_script_of_its_own():
    html = page_of(placed({stocked_card(4): 1}))

    assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", html)


# --- for whom and when ----------------------------------------------------------------------------------------


def test_the_owner_and_whoever_has_the_link_see_it_and_nobody_else():
    order = placed({stocked_card(4): 1}, user=UserFactory())
    linked, stranger = Client(), Client()
    stranger.force_login(UserFactory())

    response = linked.get(urlsplit(return_slip_link(order)).path, follow=True)

    assert response.redirect_chain == [(address_of(order), 302)]
    assert response.status_code == 200
    assert browser_of(order).get(address_of(order)).status_code == 200
    for other in (stranger, Client(), browser_of(placed({stocked_card(4): 1}))):
        assert other.get(address_of(order)).status_code == 404
    assert browser_of(order).post(address_of(order)).status_code == 405


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (lambda: placed({stocked_card(1): 2}), "waits for cards still"),
        (
            lambda: cancel(order=placed({stocked_card(4): 1}), by=customer(), reason="the customer cancels"),
            "is cancelled",
        ),
        (
            lambda: check_in(order=dispatched({stocked_card(4): 1}), by=SYSTEM, today=TODAY),
            "Everything of this order is back",
        ),
    ],
)
def test_where_nothing_goes_back_the_order_says_why(order, says):
    order = order()

    response = browser_of(order).get(address_of(order))

    assert response.status_code == 302
    assert response.url == order.get_absolute_url()
    assert says in messages_of(response)[0]


def test_a_cart_and_an_order_that_waits_for_an_answer_lead_on_to_where_they_are():
    for order in (cart_with({stocked_card(4): 1}), settled({stocked_card(1): 2})):
        assert browser_of(order).get(address_of(order), follow=True).status_code == 200


def test_the_email_about_a_deck_that_left_has_the_way_back():
    order = dispatched({stocked_card(4): 1})
    mail.outbox.clear()

    send_order_email(order=order, kind="dispatched")

    link = re.search(r"to print: (\S+)", mail.outbox[0].body)
    assert link
    assert Client().get(urlsplit(link[1]).path, follow=True).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_order(django_assert_num_queries):
    for lines in (1, 100):
        order = dispatched({stocked_card(4): 1 for _ in range(lines)})
        browser = browser_of(order)
        with django_assert_num_queries(8):
            browser.get(address_of(order))
