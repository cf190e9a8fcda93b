"""Every page of the cart, the checkout, the orders and the desk: who may see what, and what nonsense does."""

import re
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from accounts.guests import SESSION_KEY
from inventory.decklist import MAX_QUANTITY
from inventory.models import Reservation, StockMovement, Zone
from inventory.stock import MOST_COPIES
from inventory.templatetags.days import to_day
from orders import cart as carts
from orders import checkout
from orders.forms import MAX_LIST_CHARACTERS
from orders.models import Order, OrderCard, OrderTemplateDeck, Payment
from orders.models.order import DAYS
from orders.states import Status
from orders.transitions import customer
from tests.factories import (
    TODAY,
    CardFactory,
    CartFactory,
    GuestFactory,
    PickupFactory,
    PrintingFactory,
    ShippingMethodFactory,
    StaffFactory,
    UserFactory,
    cart_with,
    dispatched,
    placed,
    settled,
    stocked_card,
    template_deck,
)

pytestmark = pytest.mark.django_db

NUL = "a\x00b"
HUGE = "9" * 50_000


def browser_of(order: Order) -> Client:
    """The browser of the order's owner."""
    client = Client()
    if order.user:
        client.force_login(order.user)
    else:
        session = client.session
        session[SESSION_KEY] = str(order.guest.pk)
        session.save()
    return client


def messages_of(response: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def content_of(cart: Order) -> dict:
    """All that a form could change of a cart."""
    kept = ("status", "first_day", "last_day", "shipping_method_id", "email", "name", "street", "city")
    return {
        "fields": Order.objects.values(*kept).get(pk=cart.pk),
        "lines": sorted(cart.order_cards.values_list("pk", "card", "zone", "preferred_printing", "quantity")),
        "decks": sorted(cart.order_template_decks.values_list("pk", "copies")),
    }


# --- visitors ---------------------------------------------------------------------------------------------


def stranger() -> Client:
    """Somebody without a session."""
    return Client()


def other_guest() -> Client:
    return browser_of(cart_with({stocked_card(4): 1}))


def other_customer() -> Client:
    return browser_of(cart_with({stocked_card(4): 1}, user=UserFactory()))


def clerk() -> Client:
    return browser_of(cart_with({stocked_card(4): 1}, user=StaffFactory()))


OTHERS = [stranger, other_guest, other_customer, clerk]
others = pytest.mark.parametrize("visitor", OTHERS, ids=[visitor.__name__ for visitor in OTHERS])
as_guest_and_customer = pytest.mark.parametrize("signed_in", [False, True], ids=["guest", "customer"])


def owner_fields(signed_in: bool) -> dict:
    return {"user": UserFactory()} if signed_in else {}


# --- one's own pages --------------------------------------------------------------------------------------


@as_guest_and_customer
@pytest.mark.parametrize("address", ["orders:cart", "orders:shipping", "orders:payment"])
def test_the_owner_of_a_cart_sees_its_pages(address, signed_in):
    cart = cart_with({stocked_card(4): 3}, **owner_fields(signed_in))

    response = browser_of(cart).get(reverse(address))

    assert response.status_code == 200
    assert response.context["page"].order == cart
    assert response.context["page"].copies == 3


def listed_to(client: Client) -> list[Order]:
    groups = client.get(reverse("orders:list")).context["list"].groups
    return [row.order for _, rows in groups for row in rows]


@as_guest_and_customer
def test_the_owner_of_an_order_sees_it_and_finds_it_in_the_list(signed_in):
    order = settled({stocked_card(4): 3}, **owner_fields(signed_in))
    client = browser_of(order)

    assert client.get(order.get_absolute_url()).context["page"].order == order
    assert listed_to(client) == [order]


@as_guest_and_customer
def test_the_owner_of_an_order_that_is_short_is_led_to_the_choice(signed_in):
    order = settled({stocked_card(1): 3}, **owner_fields(signed_in))
    client = browser_of(order)

    response = client.get(order.get_absolute_url(), follow=True)

    assert response.redirect_chain == [(reverse("orders:shortfall"), 302)]
    assert response.context["page"].order == order
    assert [shown.short for shown in response.context["page"].short_lines] == [2]


def test_the_address_of_a_cart_leads_to_the_cart():
    cart = cart_with({stocked_card(4): 3})

    response = browser_of(cart).get(cart.get_absolute_url())

    assert (response.status_code, response["Location"]) == (302, reverse("orders:cart"))


@as_guest_and_customer
def test_the_owner_can_cancel(signed_in):
    order = settled({stocked_card(4): 3}, **owner_fields(signed_in))

    response = browser_of(order).post(reverse("orders:cancel", args=[order.number]))

    order.refresh_from_db()
    assert response["Location"] == order.get_absolute_url()
    assert order.status == Status.CANCELLED
    event = order.events.latest("pk")
    assert (event.actor, event.by) == ("customer", order.user)


def test_an_order_that_has_left_says_that_it_cannot_be_cancelled():
    order = settled({stocked_card(4): 3})
    Order.objects.filter(pk=order.pk).update(status=Status.DISPATCHED)

    response = browser_of(order).post(reverse("orders:cancel", args=[order.number]))

    assert "cannot be cancelled" in messages_of(response)[0]
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_page_or_leads_to_one(status):
    order = settled({stocked_card(4): 3})
    fields = {"queued_at": order.authorized_at} if status == Status.PENDING else {}
    if status == Status.CART:
        fields["authorized_at"] = None
    Order.objects.filter(pk=order.pk).update(status=status, **fields)

    assert browser_of(order).get(order.get_absolute_url(), follow=True).status_code == 200


# --- other people's ---------------------------------------------------------------------------------------


@others
@as_guest_and_customer
def test_nobody_else_sees_an_order(visitor, signed_in):
    order = settled({stocked_card(4): 3}, **owner_fields(signed_in))
    client = visitor()

    response = client.get(order.get_absolute_url())

    assert response.status_code == 404
    assert order not in listed_to(client)


@others
def test_nobody_else_can_cancel_an_order(visitor):
    order = settled({stocked_card(4): 3})

    response = visitor().post(reverse("orders:cancel", args=[order.number]))

    order.refresh_from_db()
    assert response.status_code == 404
    assert order.status == Status.OPEN
    assert Reservation.objects.filter(claim=order.claim).exists()


@others
@pytest.mark.parametrize("form", [{"quantity": "1"}, {"remove": "1"}, {}], ids=["set", "remove", "empty"])
def test_nobody_else_can_change_a_line(visitor, form):
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = visitor().post(reverse("orders:update_line", args=[cart.order_cards.get().pk]), form)

    assert response.status_code == 404
    assert content_of(cart) == before


@others
def test_nobody_else_can_remove_a_deck(visitor):
    cart = cart_with({})
    carts.add_template_deck(cart=cart, deck=template_deck({stocked_card(4): 2}))
    before = content_of(cart)

    response = visitor().post(reverse("orders:remove_deck", args=[cart.order_template_decks.get().pk]))

    assert response.status_code == 404
    assert content_of(cart) == before


@others
def test_nobody_else_can_answer_a_shortfall(visitor):
    order = settled({stocked_card(1): 3})
    client = visitor()

    shown = client.get(reverse("orders:shortfall"))
    answered = client.post(reverse("orders:shortfall"), {"decision": "wait"})

    order.refresh_from_db()
    assert [shown["Location"], answered["Location"]] == [reverse("orders:list")] * 2
    assert order.status == Status.CONFIRMING


@others
def test_nobody_else_sees_the_cart(visitor):
    cart = cart_with({stocked_card(4): 3})

    page = visitor().get(reverse("orders:cart")).context["page"]

    assert page is None or page.order != cart


def test_a_line_of_an_order_cannot_be_changed_by_its_owner_either():
    order = settled({stocked_card(4): 3})
    cart_with({stocked_card(4): 1}, guest=order.guest)
    line = order.order_cards.get()

    response = browser_of(order).post(reverse("orders:update_line", args=[line.pk]), {"quantity": "1"})

    line.refresh_from_db()
    assert response.status_code == 404
    assert line.quantity == 3


@pytest.mark.parametrize("pk", ["0", "999999999", "9" * 30])
@pytest.mark.parametrize("address", ["orders:update_line", "orders:remove_deck"])
def test_what_is_in_no_cart_is_not_found(address, pk):
    client = browser_of(cart_with({stocked_card(4): 1}))

    assert client.post(reverse(address, args=[pk]), {"quantity": "1"}).status_code == 404


@pytest.mark.parametrize("number", ["XXXXXXXXXX", "1", "-", "A" * 500])
def test_an_order_that_does_not_exist_is_not_found(client, number):
    assert client.get(reverse("orders:order", args=[number])).status_code == 404
    assert client.post(reverse("orders:cancel", args=[number])).status_code == 404


# --- methods ----------------------------------------------------------------------------------------------

POST_ONLY = {
    "orders:quick_add": [],
    "orders:add_card": ["island"],
    "orders:add_deck": ["burn"],
    "orders:mend": [1],
    "orders:leave_all_out": [],
    "orders:undo": [],
    "orders:take_what_is_free": [],
    "orders:remove_deck": [1],
    "orders:start_on": [],
    "orders:payment_status": [],
    "orders:cancel": ["XXXXXXXXXX"],
    "orders:staff_receive": [1],
    "orders:staff_dispatch_order": ["XXXXXXXXXX"],
    "orders:staff_check_in_everything": ["XXXXXXXXXX"],
    "orders:staff_check_in": ["XXXXXXXXXX"],
    "orders:staff_write_off": ["XXXXXXXXXX"],
    "orders:staff_expect": ["XXXXXXXXXX"],
    "orders:staff_change": ["XXXXXXXXXX"],
    "orders:staff_keep_longer": ["XXXXXXXXXX"],
    "orders:stripe_webhook": [],
}


@pytest.mark.parametrize("address", POST_ONLY)
def test_what_changes_something_cannot_be_asked_for_by_a_link(address):
    client = Client()
    client.force_login(StaffFactory())

    assert client.get(reverse(address, args=POST_ONLY[address])).status_code == 405


@pytest.mark.parametrize(
    "address",
    [
        "orders:cart",
        "orders:list",
        "orders:order",
        "orders:staff_desk",
        "orders:staff_needed",
        "orders:staff_dispatch",
        "orders:staff_returns",
        "orders:staff_return",
        "orders:staff_order",
    ],
)
def test_a_page_takes_no_form(address):
    client = Client()
    client.force_login(StaffFactory())
    takes_a_number = ("orders:order", "orders:staff_return", "orders:staff_order")
    args = ["XXXXXXXXXX"] if address in takes_a_number else []

    assert client.post(reverse(address, args=args)).status_code == 405


@pytest.mark.parametrize("address", [name for name in POST_ONLY if name != "orders:stripe_webhook"])
def test_a_form_of_another_site_is_refused(address):
    client = Client(enforce_csrf_checks=True)
    client.force_login(StaffFactory())

    assert client.post(reverse(address, args=POST_ONLY[address])).status_code == 403


# --- the cart's forms -------------------------------------------------------------------------------------


def test_a_card_without_a_number_is_one_copy():
    cart, card = cart_with({}), stocked_card(4, name="Lightning Bolt")

    response = browser_of(cart).post(reverse("orders:add_card", args=[card.slug]), {"quantity": ""})

    assert cart.order_cards.get().quantity == 1
    assert messages_of(response) == ["Added 1 × Lightning Bolt to your cart."]


def test_a_card_goes_in_with_zone_and_preferred_printing():
    cart, card = cart_with({}), stocked_card(4)
    printing = card.printings.get()
    form = {"quantity": "2", "zone": "sideboard", "preferred_printing": str(printing.pk)}

    browser_of(cart).post(reverse("orders:add_card", args=[card.slug]), form)

    line = cart.order_cards.get()
    assert (line.quantity, line.zone, line.preferred_printing) == (2, "sideboard", printing)


BAD_QUANTITIES = ["0", "-1", "1e9", "1000000000", "1.5", "abc", "²", NUL, "\x00", HUGE, str(MAX_QUANTITY + 1)]
bad_quantities = pytest.mark.parametrize("quantity", BAD_QUANTITIES, ids=lambda text: ascii(text[:12]))


@bad_quantities
def test_a_card_in_a_number_that_cannot_be_meant_is_not_added(quantity):
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = browser_of(cart).post(
        reverse("orders:add_card", args=[CardFactory().slug]), {"quantity": quantity}
    )

    assert response.status_code == 302
    assert len(messages_of(response)) == 1
    assert content_of(cart) == before


@pytest.mark.parametrize(
    "form",
    [
        {"zone": "graveyard"},
        {"zone": "MAIN"},
        {"zone": NUL},
        {"zone": HUGE},
        {"preferred_printing": "0"},
        {"preferred_printing": "-1"},
        {"preferred_printing": "abc"},
        {"preferred_printing": NUL},
        {"preferred_printing": HUGE[:4_000]},
        {"preferred_printing": HUGE},
    ],
    ids=lambda form: ascii(str(form)[:40]),
)
def test_a_card_in_no_known_zone_or_printing_is_not_added(form):
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = browser_of(cart).post(reverse("orders:add_card", args=[CardFactory().slug]), form)

    assert response.status_code == 302
    assert len(messages_of(response)) == 1
    assert content_of(cart) == before


def test_a_card_in_a_printing_of_another_card_is_not_added():
    cart, foreign = cart_with({}), PrintingFactory()

    response = browser_of(cart).post(
        reverse("orders:add_card", args=[CardFactory().slug]), {"preferred_printing": foreign.pk}
    )

    assert messages_of(response) == ["That is no printing of this card. Choose one of the list."]
    assert not cart.order_cards.exists()


def test_a_card_or_a_deck_that_does_not_exist_is_not_found(client):
    assert client.post(reverse("orders:add_card", args=["no-such-card"])).status_code == 404
    assert client.post(reverse("orders:add_deck", args=["no-such-deck"])).status_code == 404


def test_a_card_that_does_not_fit_any_more_says_so():
    card = stocked_card(4)
    cart = cart_with({card: MAX_QUANTITY})

    response = browser_of(cart).post(reverse("orders:add_card", args=[card.slug]), {"quantity": "1"})

    assert str(MAX_QUANTITY) in messages_of(response)[0]
    assert cart.order_cards.get().quantity == MAX_QUANTITY


@pytest.mark.parametrize("target", ["/cards/?q=bolt", "http://testserver/decks/"])
def test_after_adding_one_is_back_on_the_page_one_came_from(client, target):
    response = client.post(reverse("orders:add_card", args=[CardFactory().slug]), {"next": target})

    assert response["Location"] == target


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "///evil.example",
        "http:///evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "http://testserver@evil.example/",
        "\x00/cards/",
        " https://evil.example/",
        "",
    ],
)
def test_after_adding_one_is_led_to_no_other_site(client, target):
    response = client.post(reverse("orders:add_card", args=[CardFactory().slug]), {"next": target})

    assert response["Location"] == reverse("orders:cart")


def test_quick_add_says_what_it_added():
    stocked_card(4, name="Lightning Bolt")
    cart = cart_with({})

    response = browser_of(cart).post(reverse("orders:quick_add"), {"cards": "4 Lightning Bolt"})

    assert messages_of(response) == ["Added 4 copies."]
    assert cart.order_cards.get().quantity == 4


def test_what_was_kept_aside_is_shown_as_text_and_not_as_markup():
    client = browser_of(cart_with({}))

    response = client.post(
        reverse("orders:quick_add"), {"cards": '1 <script>alert(1)</script>\n2 Elf & "Sons"'}, follow=True
    )

    assert b"<script>alert(1)" not in response.content
    assert b"Elf &amp; &quot;Sons&quot;" in response.content


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\x00",
        "1 Island\x00",
        "x" * (MAX_LIST_CHARACTERS + 1),
        "// only a comment",
        "0 Island",
        "qqq",
    ],
    ids=["empty", "blank", "NUL", "NUL in a name", "too long", "comment", "none", "unknown"],
)
def test_quick_add_of_what_cannot_be_read_changes_nothing_and_says_so(text):
    stocked_card(4, name="Island")
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = browser_of(cart).post(reverse("orders:quick_add"), {"cards": text})

    if response.status_code == 422:  # the form itself could not be read: it is shown again, with its text
        assert response.context["quick_add"].errors
        assert response.context["quick_add"]["cards"].value() == text
    else:
        assert response.status_code == 302
        assert len(messages_of(response)) == 1
    assert content_of(cart) == before


def test_a_form_of_several_megabytes_is_refused():
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = browser_of(cart).post(reverse("orders:quick_add"), {"cards": "1 Island\n" * 400_000})

    assert response.status_code in {400, 413}
    assert content_of(cart) == before


def test_a_deck_goes_in_with_a_message():
    cart = cart_with({})
    deck = template_deck({stocked_card(4): 4, stocked_card(4): 2}, name="Burn")

    response = browser_of(cart).post(reverse("orders:add_deck", args=[deck.slug]))

    assert messages_of(response) == ["Added “Burn”: 6 cards."]
    assert cart.order_template_decks.get().template_deck == deck


@pytest.mark.parametrize("fields", [{"published": False}, {"published": True}], ids=["unpublished", "empty"])
def test_a_deck_that_cannot_be_had_changes_nothing_and_says_so(fields):
    cart = cart_with({})
    deck = template_deck({} if fields["published"] else {stocked_card(4): 1}, **fields)
    before = content_of(cart)

    response = browser_of(cart).post(reverse("orders:add_deck", args=[deck.slug]))

    assert len(messages_of(response)) == 1
    assert content_of(cart) == before


def test_a_deck_can_be_removed():
    cart = cart_with({})
    carts.add_template_deck(cart=cart, deck=template_deck({stocked_card(4): 4}, name="Burn"))

    response = browser_of(cart).post(reverse("orders:remove_deck", args=[cart.order_template_decks.get().pk]))

    assert messages_of(response) == ["Removed “Burn”."]
    assert not cart.order_cards.exists()


def test_a_quantity_can_be_set():
    cart = cart_with({stocked_card(4): 3})
    line = cart.order_cards.get()

    browser_of(cart).post(reverse("orders:update_line", args=[line.pk]), {"quantity": "2"})

    line.refresh_from_db()
    assert line.quantity == 2


def test_a_line_can_be_removed_whatever_stands_in_the_quantity():
    cart = cart_with({stocked_card(4): 3})

    browser_of(cart).post(
        reverse("orders:update_line", args=[cart.order_cards.get().pk]), {"quantity": "abc", "remove": "1"}
    )

    assert not cart.order_cards.exists()


@pytest.mark.parametrize("quantity", [*BAD_QUANTITIES[1:], "", None], ids=lambda text: ascii(str(text)[:12]))
def test_a_line_is_not_set_to_what_cannot_be_meant(quantity):
    card = stocked_card(4, name="Lightning Bolt")
    cart = cart_with({card: 3})
    before = content_of(cart)

    response = browser_of(cart).post(
        reverse("orders:update_line", args=[cart.order_cards.get().pk]),
        {} if quantity is None else {"quantity": quantity},
    )

    assert response.status_code == 302
    [message] = messages_of(response)
    assert message.startswith("Lightning Bolt: ")
    assert content_of(cart) == before


# --- days and shipping ------------------------------------------------------------------------------------


def good_shipping(**changes) -> dict:
    PickupFactory()
    return {
        "first_day": (TODAY + timedelta(days=20)).isoformat(),
        "last_day": (TODAY + timedelta(days=22)).isoformat(),
        "shipping_method": "pickup",
        "email": "pat@example.org",
    } | changes


def test_good_days_lead_to_the_payment_and_are_kept():
    cart = cart_with({stocked_card(4): 3})

    response = browser_of(cart).post(reverse("orders:shipping"), good_shipping())

    cart.refresh_from_db()
    assert response["Location"] == reverse("orders:payment")
    assert (cart.first_day, cart.last_day) == (TODAY + timedelta(days=20), TODAY + timedelta(days=22))
    assert (cart.out_on, cart.back_on) == (TODAY + timedelta(days=20), TODAY + timedelta(days=23))
    assert cart.email == "pat@example.org"


def test_one_can_stay_to_see_the_schedule():
    cart = cart_with({stocked_card(4): 3})

    response = browser_of(cart).post(reverse("orders:shipping"), good_shipping(stay="1"), follow=True)

    assert response.redirect_chain == [(reverse("orders:shipping"), 302)]
    assert response.context["page"].schedule.first_day == TODAY + timedelta(days=20)


BAD_SHIPPING = {
    "reversed": {"last_day": (TODAY + timedelta(days=19)).isoformat()},
    "past": {"first_day": (TODAY - timedelta(days=1)).isoformat()},
    "too long": {"last_day": (TODAY + timedelta(days=80)).isoformat()},
    "too far": {"first_day": "9999-12-31", "last_day": "9999-12-31"},
    "at the end of time": {"last_day": "9999-12-31"},
    "at the beginning of time": {"first_day": "0001-01-01"},
    "no day of any month": {"first_day": "2027-02-30"},
    "no first day": {"first_day": ""},
    "words": {"last_day": "tomorrow"},
    "NUL day": {"first_day": NUL},
    "huge day": {"first_day": HUGE},
    "no method": {"shipping_method": ""},
    "unknown method": {"shipping_method": "drone"},
    "method not offered": {"shipping_method": "withdrawn"},
    "NUL method": {"shipping_method": NUL},
    "huge method": {"shipping_method": HUGE},
    "no email": {"email": ""},
    "no email address": {"email": "pat"},
    "two lines of email": {"email": "pat@example.org\nBcc: all@example.org"},
    "NUL email": {"email": "p\x00at@example.org"},
    "huge email": {"email": f"{'p' * 300}@example.org"},
    "NUL name": {"name": NUL},
    "huge name": {"name": HUGE},
    "huge street": {"street": HUGE},
    "huge postcode": {"postcode": HUGE},
    "huge city": {"city": HUGE},
    "huge country": {"country": HUGE},
    "no address": {"shipping_method": "standard"},
    "too early for standard": {
        "shipping_method": "standard",
        "first_day": (TODAY + timedelta(days=2)).isoformat(),
        "last_day": (TODAY + timedelta(days=3)).isoformat(),
        **dict.fromkeys(["name", "street", "postcode", "city", "country"], "x"),
    },
}


@pytest.mark.parametrize("changes", BAD_SHIPPING.values(), ids=BAD_SHIPPING.keys())
def test_days_and_addresses_that_cannot_be_are_shown_again_and_change_nothing(changes):
    ShippingMethodFactory()
    ShippingMethodFactory(slug="withdrawn", active=False)
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = browser_of(cart).post(reverse("orders:shipping"), good_shipping(**changes))

    assert response.status_code == 422
    assert response.context["form"].errors
    assert content_of(cart) == before


def test_an_empty_form_says_what_is_missing():
    cart = cart_with({stocked_card(4): 3})

    response = browser_of(cart).post(reverse("orders:shipping"), {})

    assert response.status_code == 422
    assert {"first_day", "last_day", "shipping_method", "email"} <= set(response.context["form"].errors)


def empty_cart_browser() -> Client:
    return browser_of(cart_with({}))


@pytest.mark.parametrize("visitor", [stranger, empty_cart_browser], ids=["no cart", "empty cart"])
@pytest.mark.parametrize("address", ["orders:shipping", "orders:payment"])
def test_an_empty_cart_at_the_checkout_leads_back_with_a_message(visitor, address):
    response = visitor().get(reverse(address))

    assert (response.status_code, response["Location"]) == (302, reverse("orders:cart"))
    assert "empty" in messages_of(response)[0]


@pytest.mark.parametrize("visitor", [stranger, empty_cart_browser], ids=["no cart", "empty cart"])
def test_days_for_an_empty_cart_lead_back_with_a_message(visitor):
    response = visitor().post(reverse("orders:shipping"), good_shipping())

    assert response["Location"] == reverse("orders:cart")
    assert "empty" in messages_of(response)[0]


# --- payment ----------------------------------------------------------------------------------------------


def test_the_payment_page_shows_the_total_that_will_be_held():
    cart = cart_with({stocked_card(4): 3})
    quote = checkout.quote_of(cart, checkout.lines_of(cart))

    response = browser_of(cart).get(reverse("orders:payment"))

    assert response.context["quote"] == quote
    assert f'data-total-cents="{quote.total_cents}"' in response.content.decode()


def test_payment_before_the_days_are_chosen_leads_to_them():
    cart = cart_with({stocked_card(4): 3})
    Order.objects.update(**dict.fromkeys(DAYS))

    response = browser_of(cart).get(reverse("orders:payment"))

    assert response["Location"] == reverse("orders:shipping")
    assert "Choose your days" in messages_of(response)[0]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"total_cents": "714"},
        {"confirmation_token": "", "total_cents": "714"},
        {"confirmation_token": "ctoken_1"},
        {"confirmation_token": "ctoken_1", "total_cents": "0"},
        {"confirmation_token": "ctoken_1", "total_cents": "-714"},
        {"confirmation_token": "ctoken_1", "total_cents": "abc"},
        {"confirmation_token": "ctoken_1", "total_cents": NUL},
        {"confirmation_token": "ctoken_1", "total_cents": HUGE},
        {"confirmation_token": NUL, "total_cents": "714"},
        {"confirmation_token": "../v1/refunds", "total_cents": "714"},
        {"confirmation_token": HUGE, "total_cents": "714"},
    ],
    ids=lambda form: ascii(str(form)[:60]),
)
def test_a_payment_without_a_token_or_a_total_is_refused_in_json(form):
    cart = cart_with({stocked_card(4): 3})

    response = browser_of(cart).post(reverse("orders:payment"), form)

    assert response.status_code == 422
    assert response.json()["status"] == "failed"
    assert response.json()["message"]
    assert not Payment.objects.exists()


def test_a_payment_of_another_total_than_the_one_shown_leads_back_to_it():
    cart = cart_with({stocked_card(4): 3})

    response = browser_of(cart).post(
        reverse("orders:payment"), {"confirmation_token": "ctoken_1", "total_cents": "1"}
    )

    assert response.json() == {"status": "done", "url": reverse("orders:payment")}
    assert "total has changed" in messages_of(response)[0]
    assert not Payment.objects.exists()


def test_a_payment_of_an_empty_cart_leads_to_the_cart():
    response = empty_cart_browser().post(
        reverse("orders:payment"), {"confirmation_token": "ctoken_1", "total_cents": "714"}
    )

    assert response.json() == {"status": "done", "url": reverse("orders:cart")}


@pytest.mark.parametrize("address", ["orders:payment", "orders:payment_status"])
def test_a_payment_without_a_cart_leads_to_the_latest_order(address):
    order = settled({stocked_card(4): 3})

    response = browser_of(order).post(reverse(address))

    assert response.json() == {"status": "done", "url": order.get_absolute_url()}


@pytest.mark.parametrize("address", ["orders:payment", "orders:payment_status"])
def test_a_payment_by_nobody_leads_to_the_cart(client, address):
    assert client.post(reverse(address)).json() == {"status": "done", "url": reverse("orders:cart")}


def test_the_state_of_a_payment_that_was_never_begun_is_created():
    response = browser_of(cart_with({stocked_card(4): 3})).post(reverse("orders:payment_status"))

    assert response.json()["status"] == "created"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("owned", "card", "status", "address"),
    [(4, "pm_card_visa", "open", None), (1, "pm_card_visa", "confirming", "orders:shortfall")],
)
def test_a_payment_says_where_to_go_on(sandbox, owned, card, status, address):
    cart = cart_with({stocked_card(owned): 3})
    total = checkout.quote_of(cart, checkout.lines_of(cart)).total_cents

    response = browser_of(cart).post(
        reverse("orders:payment"),
        {"confirmation_token": sandbox.confirmation_token(card), "total_cents": total},
    )

    cart.refresh_from_db()
    assert cart.status == status
    assert response.json() == {
        "status": "done",
        "url": reverse(address) if address else cart.get_absolute_url(),
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("token", ["nonsense", "ctoken_of_somebody_else"])
def test_a_token_that_the_provider_does_not_know_is_refused_and_the_cart_is_kept(sandbox, token):
    cart = cart_with({stocked_card(4): 3})
    total = checkout.quote_of(cart, checkout.lines_of(cart)).total_cents
    before = content_of(cart)

    response = browser_of(cart).post(
        reverse("orders:payment"), {"confirmation_token": token, "total_cents": total}
    )

    assert response.json()["status"] == "failed"
    assert "nothing was charged" in response.json()["message"]
    assert content_of(cart) == before


@pytest.mark.django_db(transaction=True)
def test_a_decline_is_answered_in_json_and_the_cart_is_kept(sandbox):
    cart = cart_with({stocked_card(4): 3})
    total = checkout.quote_of(cart, checkout.lines_of(cart)).total_cents
    token = sandbox.confirmation_token("pm_card_chargeDeclined")

    response = browser_of(cart).post(
        reverse("orders:payment"), {"confirmation_token": token, "total_cents": total}
    )

    assert response.json()["status"] == "failed"
    assert "declined" in response.json()["message"]
    cart.refresh_from_db()
    assert cart.status == Status.CART


# --- the answer to a shortfall ----------------------------------------------------------------------------


def test_waiting_leads_to_the_pending_order():
    order = settled({stocked_card(1): 3})

    response = browser_of(order).post(reverse("orders:shortfall"), {"decision": "wait"})

    order.refresh_from_db()
    assert response["Location"] == order.get_absolute_url()
    assert order.status == Status.PENDING


def test_going_back_leads_to_the_cart():
    order = settled({stocked_card(1): 3})

    response = browser_of(order).post(reverse("orders:shortfall"), {"decision": "back"})

    order.refresh_from_db()
    assert response["Location"] == reverse("orders:cart")
    assert order.status == Status.CART


def test_moving_takes_the_day_that_was_shown():
    card = stocked_card(4)
    settled({card: 4})
    order = settled({card: 2})
    client = browser_of(order)
    shown = client.get(reverse("orders:shortfall")).context["explained"].starts.next

    response = client.post(reverse("orders:shortfall"), {"decision": "move", "first_day": shown.isoformat()})

    order.refresh_from_db()
    assert response["Location"] == order.get_absolute_url()
    assert (order.status, order.first_day) == (Status.OPEN, shown)


@pytest.mark.parametrize("days_on", [-3, 3, 33, 300], ids=lambda days: f"{days:+}")
def test_moving_takes_any_free_day_on_offer(days_on):
    card = stocked_card(4)
    settled({card: 4})
    order = settled({card: 2})
    chosen = order.first_day + timedelta(days=days_on)

    browser_of(order).post(reverse("orders:shortfall"), {"decision": "move", "first_day": chosen.isoformat()})

    order.refresh_from_db()
    assert (order.status, order.first_day) == (Status.OPEN, chosen)


@pytest.mark.parametrize("days_on", [-2, -1, 0, 1, 2], ids=lambda days: f"{days:+}")
def test_moving_to_a_day_that_is_not_free_any_more_changes_nothing_and_says_so(days_on):
    card = stocked_card(4)
    settled({card: 4})
    order = settled({card: 2})
    before = content_of(order)
    chosen = order.first_day + timedelta(days=days_on)

    response = browser_of(order).post(
        reverse("orders:shortfall"), {"decision": "move", "first_day": chosen.isoformat()}
    )

    assert messages_of(response) == ["The answer has changed in the meantime. Please look once more."]
    assert content_of(order) == before


def radios_of(response: HttpResponse) -> list[str]:
    return re.findall(r'type="radio" name="first_day" value="([\d-]+)"', response.content.decode())


def test_the_strip_of_starts_offers_the_free_days_and_names_the_others():
    card = stocked_card(4)
    settled({card: 4})
    order = settled({card: 2})

    response = browser_of(order).get(reverse("orders:shortfall"))

    starts = response.context["explained"].starts
    taken = f"{order.first_day:%a %-d %B}: short by 2, your day"
    assert len(starts.strip) == 60
    assert radios_of(response) == [start.first_day.isoformat() for start in starts.strip if start.free]
    assert order.first_day.isoformat() not in radios_of(response)
    assert taken in response.content.decode()
    assert f"{starts.next:%a %-d %B}: free" in response.content.decode()
    assert f'value="{starts.next.isoformat()}" checked' in response.content.decode()


def test_where_the_whole_strip_is_taken_no_day_of_it_can_be_chosen():
    card = stocked_card(4)
    Reservation.objects.create(
        card=card, quantity=4, out_on=TODAY, back_on=TODAY + timedelta(days=70), state="firm"
    )
    order = settled({card: 2})

    response = browser_of(order).get(reverse("orders:shortfall"))

    page = response.content.decode()
    assert response.context["explained"].starts.next == TODAY + timedelta(days=70)
    assert radios_of(response) == []
    assert "None of the next sixty is free" in page
    assert "Move to the chosen day" not in page


def test_a_shortfall_is_explained_by_days_reasons_and_end():
    card = stocked_card(4)
    taken = settled({card: 4})
    placed({card: 1})
    order = settled({card: 2}, days=4)

    page = browser_of(order).get(reverse("orders:shortfall")).content.decode()

    assert f'{to_day(order.first_day, taken.last_day)}: <span class="nowrap">2 missing</span>' in page
    assert "Promised to 1 other order" in page
    assert "1 order waits ahead of you." in page
    assert f'datetime="{taken.back_on.isoformat()}"' in page


def everybody_else() -> list[str]:
    """What would give them away."""
    known = Order.objects.values_list("number", "claim", "email", "user__email")
    return [str(value) for row in known for value in row if value]


@pytest.mark.parametrize("where", ["orders:cart", "orders:shortfall", "the order"])
def test_a_customer_does_not_learn_who_stands_ahead(where):
    card = stocked_card(4)
    dispatched({card: 1}, days_ago=9, user=UserFactory())
    placed({card: 3}, user=UserFactory())
    placed({card: 3}, user=UserFactory())
    Order.objects.update(email="somebody-else@example.org")
    secrets = everybody_else()
    if where == "orders:cart":
        order = cart_with({card: 2})
    else:
        order = settled({card: 2}) if where == "orders:shortfall" else placed({card: 2})
    address = order.get_absolute_url() if where == "the order" else reverse(where)

    response = browser_of(order).get(address)

    page = response.content.decode()
    assert not response.context["explained"].available
    assert [secret for secret in secrets if secret in page] == []


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"decision": ""},
        {"decision": "steal"},
        {"decision": NUL},
        {"decision": HUGE},
        {"decision": "move"},
        {"decision": "move", "first_day": "tomorrow"},
        {"decision": "move", "first_day": (TODAY - timedelta(days=1)).isoformat()},
        {"decision": "move", "first_day": HUGE},
        {"decision": "move", "first_day": "0001-01-01"},
        {"decision": "move", "first_day": NUL},
        {"decision": "move", "first_day": "9999-12-31"},
    ],
    ids=lambda form: ascii(str(form)[:50]),
)
def test_an_unknown_answer_decides_nothing(form):
    card = stocked_card(4)
    settled({card: 4})
    order = settled({card: 2})
    before = content_of(order)

    response = browser_of(order).post(reverse("orders:shortfall"), form)

    assert response["Location"] == reverse("orders:shortfall")
    assert len(messages_of(response)) == 1
    assert content_of(order) == before


def test_there_is_no_day_to_move_to_where_the_shop_owns_too_few():
    order = settled({stocked_card(1): 3})

    response = browser_of(order).get(reverse("orders:shortfall"))

    assert response.context["explained"].starts.earliest is None
    assert 'value="move"' not in response.content.decode()


def test_an_answer_that_was_given_already_leads_to_the_orders():
    order = settled({stocked_card(1): 3})
    checkout.accept_shortfall(order=order, by=customer(), today=TODAY)

    response = browser_of(order).post(reverse("orders:shortfall"), {"decision": "back"})

    order.refresh_from_db()
    assert response["Location"] == reverse("orders:list")
    assert order.status == Status.PENDING


# --- other days for a cart --------------------------------------------------------------------------------


def test_a_cart_that_is_short_offers_the_nearest_free_days_and_when_each_line_clears():
    card = stocked_card(4)
    taken = settled({card: 4})
    cart = cart_with({card: 2, stocked_card(4): 1})

    response = browser_of(cart).get(reverse("orders:cart"))

    page, starts = response.content.decode(), response.context["explained"].starts
    assert (starts.before, starts.after) == (
        taken.first_day - timedelta(days=3),
        taken.first_day + timedelta(days=3),
    )
    for day in (starts.before, starts.after):
        assert f'<input type="hidden" name="first_day" value="{day.isoformat()}">' in page
    assert page.count("free again from") == 1
    assert f'<time datetime="{taken.back_on.isoformat()}">' in page


def test_a_cart_with_nothing_short_offers_no_other_days():
    response = browser_of(cart_with({stocked_card(4): 3})).get(reverse("orders:cart"))

    assert response.context["explained"].starts is None
    assert 'class="start-radio"' not in response.content.decode()


@as_guest_and_customer
def test_the_days_of_a_cart_move_and_everything_else_stays(signed_in):
    method = ShippingMethodFactory()
    cart = cart_with({stocked_card(4): 3}, days=5, shipping_method=method, **owner_fields(signed_in))
    before = content_of(cart)
    day = TODAY + timedelta(days=30)

    response = browser_of(cart).post(reverse("orders:start_on"), {"first_day": day.isoformat()})

    cart.refresh_from_db()
    assert response["Location"] == reverse("orders:cart")
    assert messages_of(response) == [f"Your days now begin on {day:%A %-d %B %Y}."]
    last = day + timedelta(days=4)
    assert content_of(cart) == before | {"fields": before["fields"] | {"first_day": day, "last_day": last}}
    assert (cart.out_on, cart.back_on) == (day - timedelta(days=2), last + timedelta(days=4))


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"first_day": ""},
        {"first_day": "tomorrow"},
        {"first_day": NUL},
        {"first_day": HUGE},
        {"first_day": "2027-02-30"},
        {"first_day": "0001-01-01"},
        {"first_day": "9999-12-31"},
        {"first_day": (TODAY - timedelta(days=1)).isoformat()},
        {"first_day": (TODAY + timedelta(days=800)).isoformat()},
    ],
    ids=lambda form: ascii(str(form)[:40]),
)
def test_days_that_cannot_be_leave_the_cart_as_it_was(form):
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = browser_of(cart).post(reverse("orders:start_on"), form)

    assert response["Location"] == reverse("orders:cart")
    assert len(messages_of(response)) == 1
    assert content_of(cart) == before


def test_a_cart_without_days_is_led_to_choose_them():
    cart = cart_with({stocked_card(4): 3})
    Order.objects.update(**dict.fromkeys(DAYS))

    response = browser_of(cart).post(
        reverse("orders:start_on"), {"first_day": (TODAY + timedelta(days=9)).isoformat()}
    )

    assert response["Location"] == reverse("orders:shipping")
    assert "Choose your days" in messages_of(response)[0]


@others
def test_nobody_else_moves_the_days_of_a_cart(visitor):
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    visitor().post(reverse("orders:start_on"), {"first_day": (TODAY + timedelta(days=9)).isoformat()})

    assert content_of(cart) == before


def test_without_a_cart_there_are_no_days_to_move(client):
    assert client.post(reverse("orders:start_on"), {"first_day": TODAY.isoformat()}).status_code == 404


# --- an order that waits ----------------------------------------------------------------------------------


def test_a_pending_order_says_what_it_waits_for():
    card = stocked_card(4)
    taken = placed({card: 4})
    placed({card: 4})
    order = placed({card: 3, stocked_card(4): 1})

    response = browser_of(order).get(order.get_absolute_url())

    page = " ".join(response.content.decode().split())
    assert "What it waits for" in page
    assert "1 order ahead of yours waits for the same cards." in page
    assert "Promised to 1 other order" in page
    assert [short.card for short in response.context["explained"].short_cards] == [card]
    assert response.context["explained"].clears_on == taken.back_on


def test_an_open_order_waits_for_nothing():
    order = placed({stocked_card(4): 4})

    assert b"What it waits for" not in browser_of(order).get(order.get_absolute_url()).content


# --- the desk ---------------------------------------------------------------------------------------------

DESK = [
    "orders:staff_desk",
    "orders:staff_needed",
    "orders:staff_dispatch",
    "orders:staff_returns",
    "orders:staff_calendar",
]


@pytest.mark.parametrize("address", DESK)
@pytest.mark.parametrize("visitor", [stranger, other_guest], ids=["stranger", "guest"])
def test_the_desk_asks_who_has_not_signed_in_to_do_so(visitor, address):
    response = visitor().get(reverse(address))

    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={reverse(address)}")


@pytest.mark.parametrize("address", DESK)
def test_the_desk_is_closed_to_customers(address):
    assert other_customer().get(reverse(address)).status_code == 403


@pytest.mark.parametrize("address", DESK)
def test_the_desk_is_open_to_staff(address):
    assert clerk().get(reverse(address)).status_code == 200


def test_the_desk_counts_what_waits():
    checkout.accept_shortfall(order=settled({stocked_card(1): 3}), by=customer(), today=TODAY)
    settled({stocked_card(4): 3}, first_day=TODAY)
    settled({stocked_card(4): 3})
    dispatched({stocked_card(4): 3})
    dispatched({stocked_card(4): 3}, days=3, days_ago=2)  # due today
    dispatched({stocked_card(4): 3}, days=3, days_ago=3)

    counts = clerk().get(reverse("orders:staff_desk")).context["counts"]

    assert (counts.pending, counts.open, counts.leaving) == (1, 2, 1)
    assert (counts.dispatched, counts.overdue) == (3, 1)
    assert (counts.needed_cards, counts.needed_copies) == (1, 2)


def test_a_tile_of_the_desk_says_a_number_and_what_it_is_once():
    checkout.accept_shortfall(order=settled({stocked_card(1): 3}), by=customer(), today=TODAY)
    dispatched({stocked_card(4): 3}, days=3, days_ago=3)

    page = clerk().get(reverse("orders:staff_desk")).content.decode()

    tiles = re.findall(r"<dd>(.*?)</dd>", page, re.DOTALL)
    assert [" ".join(strip_tags(tile).split()) for tile in tiles] == [
        "2 copies to buy",
        "1 order waiting",
        "0 orders to dispatch",
        "1 order out, 1 overdue",
        "0 open orders cannot be kept",
    ]


@pytest.mark.parametrize(
    ("visitor", "status"),
    [(stranger, 302), (other_guest, 302), (other_customer, 403)],
    ids=["stranger", "guest", "customer"],
)
def test_only_staff_receive_copies(visitor, status):
    card = stocked_card(0)
    client = visitor()
    before = StockMovement.objects.count()

    response = client.post(
        reverse("orders:staff_receive", args=[card.pk]),
        {"quantity": "4", "printing": card.printings.get().pk},
    )

    assert response.status_code == status
    assert StockMovement.objects.count() == before


def test_staff_receive_copies_and_who_waits_is_served(django_capture_on_commit_callbacks):
    card = stocked_card(1)
    order = checkout.accept_shortfall(order=settled({card: 3}), by=customer(), today=TODAY)
    client = Client()
    staff = StaffFactory()
    client.force_login(staff)

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            reverse("orders:staff_receive", args=[card.pk]),
            {"quantity": "2", "printing": card.printings.get().pk},
        )

    movement = StockMovement.objects.latest("pk")
    order.refresh_from_db()
    assert response["Location"] == reverse("orders:staff_needed")
    assert (movement.quantity, movement.kind, movement.by, movement.effective_on) == (
        2,
        "bought",
        staff,
        TODAY,
    )
    assert order.status == Status.OPEN


def test_copies_that_are_on_their_way_count_from_the_day_on_which_they_come():
    card, arrival = stocked_card(0), TODAY + timedelta(days=5)

    response = clerk().post(
        reverse("orders:staff_receive", args=[card.pk]),
        {"quantity": "2", "printing": card.printings.get().pk, "effective_on": arrival.isoformat()},
    )

    assert card.printings.get().stock_movements.get().effective_on == arrival
    assert f"{arrival:%-d %B %Y}" in messages_of(response)[0]


def test_the_needed_cards_say_what_opens_with_what():
    alpha, beta = stocked_card(0, name="Alpha"), stocked_card(0, name="Beta")
    both = checkout.accept_shortfall(order=settled({alpha: 1, beta: 1}), by=customer(), today=TODAY)
    more = checkout.accept_shortfall(order=settled({beta: 2}), by=customer(), today=TODAY)

    page = clerk().get(reverse("orders:staff_needed")).content.decode()

    text = " ".join(strip_tags(page).split())
    assert f"With Beta below: {both.number}" in text
    assert f"Opens {both.number} with 1 of 3 Opens {more.number}" in text


@pytest.mark.parametrize(
    "changes",
    [
        *({"quantity": quantity} for quantity in [*BAD_QUANTITIES, ""] if quantity != str(MAX_QUANTITY + 1)),
        {"quantity": str(MOST_COPIES + 1)},
        {"printing": ""},
        {"printing": "0"},
        {"printing": "abc"},
        {"printing": NUL},
        {"printing": HUGE},
        {"effective_on": "tomorrow"},
        {"effective_on": NUL},
        {"effective_on": HUGE},
        {"effective_on": "9999-12-31"},
        {"effective_on": "0001-01-01"},
    ],
    ids=lambda changes: ascii(str(changes)[:40]),
)
def test_copies_that_cannot_be_meant_are_not_received(changes):
    card = stocked_card(0)
    client = clerk()
    before = StockMovement.objects.count()

    response = client.post(
        reverse("orders:staff_receive", args=[card.pk]),
        {"quantity": "2", "printing": card.printings.get().pk} | changes,
    )

    assert response.status_code == 302
    assert messages_of(response)
    assert StockMovement.objects.count() == before


def test_copies_of_a_printing_of_another_card_are_not_received():
    card, foreign = stocked_card(0), PrintingFactory()

    response = clerk().post(
        reverse("orders:staff_receive", args=[card.pk]), {"quantity": "2", "printing": foreign.pk}
    )

    assert messages_of(response)
    assert not foreign.stock_movements.exists()


@pytest.mark.parametrize("card_id", ["0", "999999999", "9" * 30])
def test_copies_of_no_card_are_not_found(card_id):
    assert clerk().post(reverse("orders:staff_receive", args=[card_id]), {"quantity": "2"}).status_code == 404


# --- an order at the desk ---------------------------------------------------------------------------------


def staff_page(order: Order) -> str:
    return reverse("orders:staff_order", args=[order.number])


@pytest.mark.parametrize(
    ("visitor", "status"),
    [(stranger, 302), (other_guest, 302), (other_customer, 403), (clerk, 200)],
    ids=["stranger", "guest", "customer", "staff"],
)
def test_only_staff_see_an_order_at_the_desk(visitor, status):
    assert visitor().get(staff_page(placed({stocked_card(1): 3}))).status_code == status


def test_its_own_customer_does_not_see_an_order_at_the_desk():
    order = placed({stocked_card(1): 3}, user=UserFactory())

    assert browser_of(order).get(staff_page(order)).status_code == 403


@pytest.mark.parametrize("number", ["XXXXXXXXXX", "1", "-", "A" * 500])
def test_the_desk_has_no_order_that_does_not_exist(number):
    assert clerk().get(reverse("orders:staff_order", args=[number])).status_code == 404


@pytest.mark.parametrize("status", list(Status))
def test_every_status_is_shown_at_the_desk(status):
    order = settled({stocked_card(4): 3})
    fields = {"queued_at": order.authorized_at} if status == Status.PENDING else {}
    if status == Status.CART:
        fields["authorized_at"] = None
    Order.objects.filter(pk=order.pk).update(status=status, **fields)

    assert clerk().get(staff_page(order)).status_code == 200


def test_a_cart_without_days_is_shown_at_the_desk():
    response = clerk().get(staff_page(CartFactory()))

    assert response.status_code == 200
    assert "No days are chosen yet." in response.content.decode()


def test_staff_see_who_stands_ahead_and_who_is_overdue():
    card = stocked_card(4)
    late = dispatched({card: 1}, days_ago=9)
    promised = placed({card: 3})
    waiting = placed({card: 3})
    order = placed({card: 2})

    page = clerk().get(staff_page(order)).content.decode()

    rows = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)[1:]
    assert [staff_page(ahead) in row for ahead, row in zip([late, promised, waiting], rows, strict=True)] == [
        True
    ] * 3
    assert ["overdue" in row for row in rows] == [True, False, False]
    assert "1 order ahead for these cards" in page


def test_the_desk_says_that_an_order_itself_is_overdue():
    late = dispatched({stocked_card(4): 1}, days_ago=9)
    away = dispatched({stocked_card(4): 1}, days_ago=1)

    shown = [clerk().get(staff_page(order)).context["shown"] for order in (late, away)]

    assert [one.overdue for one in shown] == [True, False]


def test_what_has_left_is_not_short_of_anything_any_more():
    card = stocked_card(4)
    away = dispatched({card: 3})
    StockMovement.objects.filter(printing__card=card).update(quantity=1)

    assert list(clerk().get(staff_page(away)).context["shown"].explained) == []


# --- how often a page asks the database -------------------------------------------------------------------


def deck_of(cards: int, *, owned: int) -> dict:
    return {stocked_card(owned): 2 for _ in range(cards)}


def with_everything(cart: Order) -> Order:
    """Half of the lines with a preferred printing and in another zone, and as many template decks as lines."""
    for line in cart.order_cards.select_related("card")[::2]:
        OrderCard.objects.filter(pk=line.pk).update(
            preferred_printing=line.card.printings.get(), zone=Zone.SIDEBOARD
        )
    card = stocked_card(1)
    OrderTemplateDeck.objects.bulk_create(
        OrderTemplateDeck(order=cart, version=template_deck({card: 1}).current_version())
        for _ in range(cart.order_cards.count())
    )
    return cart


def queries_of(client: Client, url: str) -> list[str]:
    client.get(url)  # content types and the like are read once in each process
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200
    return [query["sql"] for query in captured]


def cart_page(lines: int) -> list[str]:
    cart = with_everything(cart_with(deck_of(lines, owned=1)))
    return queries_of(browser_of(cart), reverse("orders:cart"))


def shipping_page(lines: int) -> list[str]:
    cart = with_everything(cart_with(deck_of(lines, owned=1)))
    return queries_of(browser_of(cart), reverse("orders:shipping"))


def payment_page(lines: int) -> list[str]:
    cart = with_everything(cart_with(deck_of(lines, owned=1)))
    return queries_of(browser_of(cart), reverse("orders:payment"))


def shortfall_page(lines: int) -> list[str]:
    order = with_everything(settled(deck_of(lines, owned=1)))
    return queries_of(browser_of(order), reverse("orders:shortfall"))


def order_page(lines: int) -> list[str]:
    order = with_everything(settled(deck_of(lines, owned=1)))
    checkout.accept_shortfall(order=order, by=customer(), today=TODAY)
    return queries_of(browser_of(order), order.get_absolute_url())


def needed_page(lines: int) -> list[str]:
    order = settled(deck_of(lines, owned=1))
    checkout.accept_shortfall(order=order, by=customer(), today=TODAY)
    client = Client()
    client.force_login(StaffFactory())
    return queries_of(client, reverse("orders:staff_needed"))


def staff_order_page(lines: int) -> list[str]:
    """With as many orders ahead as lines."""
    demand = deck_of(lines, owned=1)
    for card in demand:
        placed({card: 1})
    order = with_everything(placed(demand))
    client = Client()
    client.force_login(StaffFactory())
    return queries_of(client, staff_page(order))


def cart_with_nothing_short(lines: int) -> list[str]:
    cart = with_everything(cart_with(deck_of(lines, owned=4)))
    return queries_of(browser_of(cart), reverse("orders:cart"))


def cart_without_days(lines: int) -> list[str]:
    cart = with_everything(cart_with(deck_of(lines, owned=1)))
    Order.objects.filter(pk=cart.pk).update(**dict.fromkeys(DAYS), shipping_method=None)
    return queries_of(browser_of(cart), reverse("orders:cart"))


def htmx_queries_of(cart: Order, form: dict) -> list[str]:
    client, line = browser_of(cart), cart.order_cards.latest("pk")
    with CaptureQueriesContext(connection) as captured:
        response = client.post(
            reverse("orders:update_line", args=[line.pk]), form, headers={"hx-request": "true"}
        )
    assert response.status_code == 200
    return [query["sql"] for query in captured]


def step_of_a_cart(lines: int) -> list[str]:
    return htmx_queries_of(with_everything(cart_with(deck_of(lines, owned=1))), {"by": "1"})


def removal_from_a_cart(lines: int) -> list[str]:
    """Of one line more, so that there are some left."""
    return htmx_queries_of(with_everything(cart_with(deck_of(lines + 1, owned=1))), {"remove": "1"})


def editor_of_a_line(printings: int) -> list[str]:
    cart = cart_with(deck_of(1, owned=1))
    line = cart.order_cards.get()
    PrintingFactory.create_batch(printings, card=line.card)
    return queries_of(browser_of(cart), reverse("orders:update_line", args=[line.pk]))


def list_page(orders: int) -> list[str]:
    guest, card = GuestFactory(), stocked_card(4 * orders)
    for _ in range(orders):
        last = settled({card: 1}, guest=guest)
    return queries_of(browser_of(last), reverse("orders:list"))


PINNED = {
    cart_page: 14,
    cart_with_nothing_short: 12,
    cart_without_days: 9,
    step_of_a_cart: 22,
    removal_from_a_cart: 23,
    editor_of_a_line: 8,
    shipping_page: 13,
    payment_page: 11,
    shortfall_page: 13,
    order_page: 20,
    needed_page: 13,
    staff_order_page: 21,
    list_page: 8,
}


@pytest.mark.parametrize(
    ("asked_of", "queries"), PINNED.items(), ids=[asked_of.__name__ for asked_of in PINNED]
)
@pytest.mark.parametrize("lines", [1, 100])
def test_a_page_asks_the_database_as_often_for_a_hundred_lines_as_for_one(asked_of, queries, lines):
    asked = asked_of(lines)

    assert len(asked) == queries, "\n".join([str(len(asked)), *asked])
