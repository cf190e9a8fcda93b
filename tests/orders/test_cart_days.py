"""Days and way of shipping, chosen in the cart: every line has its answer before an address is asked for."""

from datetime import date, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from inventory.closed_days import shop_calendar
from orders.models import Order
from orders.models.order import DAYS
from tests.factories import TODAY, PickupFactory, ShippingMethodFactory, cart_with, stocked_card
from tests.orders.test_cart_pages import HTMX
from tests.orders.test_views import HUGE, NUL, browser_of, messages_of, others

pytestmark = pytest.mark.django_db

FIRST = TODAY + timedelta(days=20)
LAST = FIRST + timedelta(days=2)
EITHER_WAY = pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])


@pytest.fixture
def cart() -> Order:
    """Without days, and of somebody who has said nothing about themselves."""
    cart = cart_with({stocked_card(4, name="Lightning Bolt"): 2, stocked_card(1, name="Opt"): 3})
    nobody = dict.fromkeys(("email", "name", "street", "city"), "")
    Order.objects.update(**dict.fromkeys(DAYS), shipping_method=None, **nobody)
    cart.refresh_from_db()
    return cart


def form_of(**changes: str) -> dict[str, str]:
    return {
        "first_day": FIRST.isoformat(),
        "last_day": LAST.isoformat(),
        "shipping_method": "pickup",
    } | changes


def post(
    cart: Order, form: dict[str, str], headers: dict[str, str] | None = None, *, client: Client | None = None
):
    client = client or browser_of(cart)
    return client.post(reverse("orders:choose_days"), form, headers=headers or {}, follow=True)


def days_of(cart: Order) -> tuple:
    cart.refresh_from_db()
    return tuple(getattr(cart, name) for name in (*DAYS, "shipping_method"))


@EITHER_WAY
def test_days_are_chosen_without_an_address_and_every_line_has_its_answer(cart, headers):
    response = post(cart, form_of(), headers)

    page = response.content.decode()
    assert response.status_code == 200
    assert {shown.line.card.name: shown.short for shown in response.context["page"].lines} == {
        "Lightning Bolt": 0,
        "Opt": 2,
    }
    assert page.count("stamp stamp-free") == 1
    assert "short by 2" in page
    assert 'id="total"' in page
    assert 'id="due-back-on"' in page
    assert ("<html" in page) is not bool(headers)


def test_the_days_that_the_copies_are_away_follow_from_the_way_of_shipping(cart):
    parcel = ShippingMethodFactory(slug="parcel", transit_out_days=2, transit_back_days=3)

    post(cart, form_of(shipping_method="parcel"))

    calendar = shop_calendar()
    first_day, last_day, out_on, due_on, back_on, method = days_of(cart)
    assert (first_day, last_day, method) == (FIRST, LAST, parcel)
    assert out_on == calendar.before(FIRST, 2)
    assert LAST < due_on < back_on


@pytest.mark.parametrize("email", ["", "player@example.org"])
def test_nobody_is_asked_for_an_address_before_checkout(cart, email):
    Order.objects.update(email=email)
    ShippingMethodFactory(slug="parcel", needs_address=True)

    page = post(cart, form_of(shipping_method="parcel")).content.decode()

    assert "Continue to your address" in page
    assert "Continue to payment" not in page


def test_who_has_said_where_it_goes_goes_on_to_payment():
    cart = cart_with({stocked_card(4): 1})

    assert "Continue to payment" in post(cart, form_of()).content.decode()


def test_without_an_email_there_is_no_payment_and_the_reason_is_said(cart):
    client = browser_of(cart)
    post(cart, form_of(), client=client)

    response = client.get(reverse("orders:payment"), follow=True)

    assert response.redirect_chain == [(reverse("orders:shipping"), 302)]
    assert "e-mail address" in messages_of(response)[0]
    assert f'value="{FIRST.isoformat()}"' in response.content.decode()  # the days that the cart has


BAD = {
    "past": ({"first_day": (TODAY - timedelta(days=1)).isoformat()}, "first_day"),
    "backwards": ({"last_day": (FIRST - timedelta(days=1)).isoformat()}, "last_day"),
    "too long": ({"last_day": (FIRST + timedelta(days=settings.RENTAL_MAX_DAYS)).isoformat()}, "last_day"),
    "too far": ({"first_day": "9999-12-30", "last_day": date.max.isoformat()}, "first_day"),
    "no first day": ({"first_day": ""}, "first_day"),
    "no day": ({"last_day": "soon"}, "last_day"),
    "NUL": ({"first_day": NUL}, "first_day"),
    "no way": ({"shipping_method": ""}, "shipping_method"),
    "unknown way": ({"shipping_method": "drone"}, "shipping_method"),
    "NUL way": ({"shipping_method": NUL}, "shipping_method"),
    "huge way": ({"shipping_method": HUGE}, "shipping_method"),
}


@EITHER_WAY
@pytest.mark.parametrize(("changes", "wrong"), BAD.values(), ids=BAD)
def test_days_that_cannot_be_are_told_beside_the_field_and_change_nothing(cart, headers, changes, wrong):
    PickupFactory()
    before, form = days_of(cart), form_of(**changes)

    response = post(cart, form, headers)

    page = response.content.decode()
    assert response.status_code == 422
    assert days_of(cart) == before
    assert list(response.context["days_form"].errors) == [wrong]
    assert f'id="id_{wrong}_error"' in page


def test_what_was_typed_is_kept_where_it_is_wrong(cart):
    typed = (FIRST - timedelta(days=1)).isoformat()

    page = post(cart, form_of(last_day=typed), HTMX).content.decode()

    assert f'value="{FIRST.isoformat()}"' in page
    assert f'value="{typed}"' in page
    assert 'data-focus="id_last_day"' in page


def test_wrong_days_leave_the_chosen_ones_and_the_form_open():
    cart = cart_with({stocked_card(4): 1})
    before = days_of(cart)

    page = post(cart, form_of(first_day="never"), HTMX).content.decode()

    assert days_of(cart) == before
    assert '<details class="days-at-hand" id="days" open>' in page


@EITHER_WAY
def test_days_can_be_cleared(headers):
    cart = cart_with({stocked_card(4): 1})
    method = cart.shipping_method

    response = post(cart, {"clear": "1", "first_day": "nonsense"}, headers)

    assert response.status_code == 200
    assert days_of(cart) == (None,) * len(DAYS) + (method,)
    assert "stamp-free" not in response.content.decode()


@others
def test_nobody_else_chooses_days(visitor, cart):
    before = days_of(cart)

    visitor().post(reverse("orders:choose_days"), form_of())

    assert days_of(cart) == before
