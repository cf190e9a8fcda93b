"""A deck taken along as a list: whole or short alone, in every form, and back again."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.deck_lists import resolve
from inventory.decklist import FORMS, parse
from inventory.models import Card, Zone
from orders.models import Order, OrderCard
from tests.factories import (
    CartFactory,
    PrintingFactory,
    UserFactory,
    cart_with,
    placed,
    settled,
    stocked_card,
)
from tests.orders.test_views import browser_of, messages_of

pytestmark = pytest.mark.django_db

ALL_FORMS = ["text", "arena", "mtgo", "mtgo_dek", "cockatrice"]
KEEP_PRINTINGS = ["text", "arena", "cockatrice"]


@pytest.fixture
def bolt() -> Card:
    return stocked_card(4, name="Lightning Bolt")


def deck(*, first: Card, **fields) -> Order:
    """A cart with cards that are hard to write down, in two zones."""
    order = cart_with({first: 4, stocked_card(4, name='Fire // "Ice" & Co'): 3}, **fields)
    for number, name in enumerate(
        ("Lim-Dûl’s Vault", "1996 World Champion", "+2 Mace", "SP//dr, Piloted by Peni")
    ):
        OrderCard.objects.create(order=order, card=stocked_card(4, name=name), quantity=number + 1)
    OrderCard.objects.create(order=order, card=first, quantity=2, zone=Zone.SIDEBOARD)
    return order


def content_of(text: str | bytes, filename: str = "") -> list[tuple[int, str, int]]:
    """What a list means: copies by card and zone."""
    read = resolve(parse(text, filename))
    assert not read.unknown
    return sorted((card, zone, copies) for (card, zone, _), copies in read.copies().items())


def cards_of(order: Order) -> list[tuple[int, str, int]]:
    return sorted(order.order_cards.values_list("card", "zone", "quantity"))


def filename_of(response) -> str:
    return response.headers["Content-Disposition"].partition('filename="')[2].rstrip('"')


def test_these_are_all_the_forms_that_there_are():
    assert list(FORMS) == ALL_FORMS


@pytest.mark.parametrize("form", ALL_FORMS)
def test_a_cart_that_is_exported_reads_back_as_the_same_deck(bolt, form):
    cart = deck(first=bolt)
    response = browser_of(cart).get(f"/cart/export/{form}/")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == FORMS[form].content_type
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert filename_of(response).startswith("deckrental-cart")
    assert filename_of(response).endswith(FORMS[form].extension)
    assert content_of(response.content, filename_of(response)) == cards_of(cart)


@pytest.mark.parametrize("form", KEEP_PRINTINGS)
def test_a_preferred_printing_is_carried_by_the_forms_that_can_say_it(bolt, form):
    cart = cart_with({bolt: 1})
    printing = PrintingFactory(card=bolt, set_code="lea", collector_number="161")
    OrderCard.objects.create(order=cart, card=bolt, quantity=2, preferred_printing=printing)
    response = browser_of(cart).get(f"/cart/export/{form}/")

    copies = resolve(parse(response.content, filename_of(response))).copies()
    assert copies == {(bolt.pk, "main", None): 1, (bolt.pk, "main", printing.pk): 2}


def test_a_foil_is_carried_by_text(bolt):
    cart = CartFactory()
    foil = PrintingFactory(card=bolt, set_code="lea", collector_number="161", finish="foil")
    PrintingFactory(card=bolt, set_code="lea", collector_number="161")
    OrderCard.objects.create(order=cart, card=bolt, quantity=2, preferred_printing=foil)
    response = browser_of(cart).get("/cart/export/text/")

    assert resolve(parse(response.content)).copies() == {(bolt.pk, "main", foil.pk): 2}


@pytest.mark.parametrize("form", ALL_FORMS)
def test_of_a_short_deck_the_short_copies_alone(bolt, form):
    settled({bolt: 3})
    cart = cart_with({bolt: 4, stocked_card(4): 4})
    side = OrderCard.objects.create(order=cart, card=bolt, quantity=2, zone=Zone.SIDEBOARD)
    response = browser_of(cart).get(f"/cart/export/{form}/?only=short")

    assert "short" in filename_of(response)
    # One Bolt is free, and the line that came first has it.
    assert content_of(response.content, filename_of(response)) == [
        (bolt.pk, Zone.MAIN, 3),
        (bolt.pk, Zone.SIDEBOARD, side.quantity),
    ]


def test_the_page_to_copy_from_shows_the_list_as_text_and_its_files(bolt):
    client = browser_of(deck(first=bolt))
    response = client.get("/cart/export/")
    content = response.content.decode()

    assert response.context["export"].content == client.get("/cart/export/text/").content.decode()
    assert "3 Fire // &quot;Ice&quot; &amp; Co" in content
    assert all(f'href="/cart/export/{form}/"' in content for form in ALL_FORMS)


@pytest.mark.parametrize("address", ["/cart/export/", "/cart/export/text/", "/cart/export/text/?only=short"])
def test_an_empty_cart_says_so(client, address):
    response = client.get(address)

    assert response.status_code == 302
    assert response.url == "/cart/"
    assert "empty" in messages_of(response)[0]


def test_what_is_short_needs_days(bolt):
    cart = CartFactory()
    OrderCard.objects.create(order=cart, card=bolt, quantity=9)
    response = browser_of(cart).get("/cart/export/text/?only=short")

    assert "Choose your days first" in messages_of(response)[0]


def test_where_nothing_is_short_it_says_so(bolt):
    response = browser_of(cart_with({bolt: 4})).get("/cart/export/text/?only=short")

    assert "Nothing is short" in messages_of(response)[0]


@pytest.mark.parametrize("form", ["nonsense", "TEXT", "text-"])
def test_a_form_that_there_is_not_is_not_found(bolt, form):
    assert browser_of(cart_with({bolt: 4})).get(f"/cart/export/{form}/").status_code == 404


def test_an_order_is_exported_by_its_owner_alone(bolt):
    order = placed({bolt: 4})
    address = f"/orders/{order.number}/export/arena/"
    stranger = Client()
    stranger.force_login(UserFactory())

    response = browser_of(order).get(address)
    assert content_of(response.content) == cards_of(order)
    assert filename_of(response) == f"deckrental-{order.number}-arena.txt"
    assert browser_of(order).get(f"/orders/{order.number}/export/").status_code == 200
    assert stranger.get(address).status_code == Client().get(address).status_code == 404


def test_of_a_pending_order_the_copies_it_waits_for(bolt):
    placed({bolt: 3})
    order = placed({bolt: 4})
    response = browser_of(order).get(f"/orders/{order.number}/export/text/?only=short")

    assert content_of(response.content) == [(bolt.pk, Zone.MAIN, 3)]


def test_an_export_takes_as_many_queries_for_a_hundred_lines_as_for_one():
    counts = []
    for lines in (1, 100):
        cart = cart_with({stocked_card(1): 2 for _ in range(lines)})
        client = browser_of(cart)
        with CaptureQueriesContext(connection) as captured:
            response = client.get("/cart/export/text/?only=short")
        assert len(content_of(response.content)) == lines
        counts.append(len(captured))

    assert counts[0] == counts[1] <= 6
