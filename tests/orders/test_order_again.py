"""Ordering again: the cards and decks of an old order in the cart, once for each form, and the order as it was."""

import re
import uuid

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from inventory.decklist import MAX_QUANTITY
from inventory.models import Zone
from orders import cart as carts
from orders.cancellation import cancel
from orders.cart import MAX_LINES, CartError
from orders.cart_lines import change_line, undo_removal
from orders.emails import order_link
from orders.fulfilment import check_in
from orders.models import Order, OrderCard, Removal
from orders.order_again import order_again
from orders.states import Status
from orders.transitions import SYSTEM, customer
from tests.factories import (
    TODAY,
    CartFactory,
    UserFactory,
    cart_with,
    dispatched,
    placed,
    settled,
    stocked_card,
    template_deck,
)
from tests.orders.test_views import browser_of, messages_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> str:
    """Of a form: used ones are remembered for a day."""
    return uuid.uuid4().hex


def address_of(order: Order) -> str:
    return reverse("orders:order_again", args=[order.number])


def lines_of(order: Order) -> set[tuple]:
    return set(order.order_cards.values_list("card", "zone", "preferred_printing", "quantity"))


def everything_of(order: Order) -> tuple:
    """All of an order that anybody could change."""
    rows = Order.objects.filter(pk=order.pk).values().get()
    return (
        rows,
        sorted(order.order_cards.order_by("pk").values_list()),
        list(order.order_template_decks.order_by("pk").values_list()),
        list(order.events.order_by("pk").values_list()),
        list(order.payments.order_by("pk").values_list()),
    )


def cart_after(browser: Client, order: Order) -> Order:
    """The cart of whoever's browser this is."""
    del browser
    return Order.objects.get(status=Status.CART, user=order.user, guest=order.guest)


def long_ago() -> Order:
    """An order of two zones, one line with a wished printing, and a template deck that went in short of a card."""
    bolt, shock = stocked_card(9, name="Lightning Bolt"), stocked_card(9, name="Shock")
    deck = template_deck({bolt: 3, shock: 2}, name="Friday Burn")
    order = placed({bolt: 3, shock: 1})
    order.order_cards.filter(card=shock).update(zone=Zone.SIDEBOARD, preferred_printing=shock.printings.get())
    order.order_template_decks.create(version=deck.versions.get(), left_out=[[shock.pk, "main", 1]])
    return order


def test_lines_zones_printings_and_decks_go_into_the_cart_and_days_do_not():
    order = long_ago()
    cart = CartFactory()

    added = order_again(cart=cart, order=order)

    assert lines_of(cart) == lines_of(order)
    row = cart.order_template_decks.get()
    old = order.order_template_decks.get()
    assert (row.version_id, row.copies, row.left_out) == (old.version_id, old.copies, old.left_out)
    cart.refresh_from_db()
    assert (cart.first_day, cart.shipping_method, cart.email, cart.total_cents) == (None, None, "", None)
    assert (added.note.what, added.beside_others) == (f"the 4 cards of order {order.number}", False)


def test_it_is_added_to_what_is_there_and_equal_lines_add_up():
    order = long_ago()
    bolt = order.order_cards.get(card__name="Lightning Bolt").card
    other = stocked_card(4)
    cart = cart_with({bolt: 2, other: 1})
    first_day = cart.first_day

    order_again(cart=cart, order=order)

    copies = dict(cart.order_cards.values_list("card__name", "quantity"))
    assert copies == {"Lightning Bolt": 5, "Shock": 1, other.name: 1}
    cart.refresh_from_db()
    assert cart.first_day == first_day  # the days of the cart are its own


def test_a_deck_that_is_in_the_cart_already_is_in_it_twice():
    order, cart = long_ago(), CartFactory()

    order_again(cart=cart, order=order)
    order_again(cart=cart, order=order)

    row = cart.order_template_decks.get()
    assert row.copies == 2
    assert [copies for *_, copies in row.left_out] == [2]


@pytest.mark.parametrize("end", ["open", "out", "returned", "cancelled", "pending"])
def test_the_old_order_stays_as_it_was_whatever_became_of_it(end):
    order = {
        "open": lambda: placed({stocked_card(4): 2}),
        "out": lambda: dispatched({stocked_card(4): 2}),
        "returned": lambda: check_in(order=dispatched({stocked_card(4): 2}), by=SYSTEM, today=TODAY),
        "cancelled": lambda: cancel(order=placed({stocked_card(4): 2}), by=customer(), reason="no"),
        "pending": lambda: placed({stocked_card(1): 2}),
    }[end]()
    before = everything_of(order)

    response = browser_of(order).post(address_of(order))

    assert response.status_code == 302
    assert response.url == reverse("orders:cart")
    assert everything_of(order) == before
    assert lines_of(cart_after(browser_of(order), order)) == lines_of(order)


def test_too_many_copies_are_named_and_nothing_is_added(key):
    bolt, shock = stocked_card(4, name="Lightning Bolt"), stocked_card(4, name="Shock")
    order = placed({bolt: 4, shock: 1})
    cart = CartFactory(guest=order.guest)
    OrderCard.objects.create(order=cart, card=bolt, quantity=MAX_QUANTITY - 3)

    response = browser_of(order).post(address_of(order), {"once": key})

    assert response.url == order.get_absolute_url()
    assert messages_of(response) == [
        "Nothing was added. A line has at most 250 copies. With what is in your cart there would be more of "
        "Lightning Bolt: take some out first."
    ]
    assert dict(cart.order_cards.values_list("card", "quantity")) == {bolt.pk: MAX_QUANTITY - 3}
    # What failed has not been done: with room in the cart the same form works.
    cart.order_cards.update(quantity=1)
    browser_of(order).post(address_of(order), {"once": key})
    assert dict(cart.order_cards.values_list("card", "quantity")) == {bolt.pk: 5, shock.pk: 1}


def test_too_many_lines_are_told_and_nothing_is_added():
    order, cart = long_ago(), CartFactory()
    OrderCard.objects.bulk_create(
        OrderCard(order=cart, card=stocked_card(0), quantity=1) for _ in range(MAX_LINES - 1)
    )

    with pytest.raises(CartError, match=f"at most {MAX_LINES} lines"):
        order_again(cart=cart, order=order)

    assert cart.order_cards.count() == MAX_LINES - 1
    assert not cart.order_template_decks.exists()


# --- once -----------------------------------------------------------------------------------------------------


def test_a_form_that_is_sent_twice_adds_once_and_another_one_adds_again(key):
    order = placed({stocked_card(4): 2})
    browser = browser_of(order)

    said = [
        messages_of(browser.post(address_of(order), {"once": each}))[-1] for each in (key, key, f"{key}2")
    ]

    assert cart_after(browser, order).order_cards.get().quantity == 4
    assert said[0].startswith(f"Added the 2 cards of order {order.number}.")
    assert "went into your cart already" in said[1]
    assert "beside what was in your cart" in said[2]


def test_the_page_of_the_order_gives_every_form_a_key_of_its_own():
    order = placed({stocked_card(4): 2})
    browser = browser_of(order)

    keys = {
        re.search(r'name="once" value="([^"]{16,})"', browser.get(order.get_absolute_url()).content.decode())[
            1
        ]
        for _ in range(2)
    }

    assert len(keys) == 2


def test_where_the_cache_does_not_answer_it_is_added(monkeypatch, key):
    order = placed({stocked_card(4): 2})

    def broken(*args, **kwargs):
        raise ConnectionError

    monkeypatch.setattr(cache, "add", broken)

    browser_of(order).post(address_of(order), {"once": key})

    assert cart_after(browser_of(order), order).order_cards.get().quantity == 2


# --- and back -------------------------------------------------------------------------------------------------


def in_cart(cart: Order) -> tuple:
    decks = cart.order_template_decks.order_by("version").values_list("version", "copies", "left_out")
    return lines_of(cart), list(decks)


@pytest.mark.parametrize("decks_before", [0, 1], ids=["no deck", "the deck is there already"])
def test_what_came_into_a_cart_is_taken_out_again_and_nothing_else(decks_before):
    order = long_ago()
    bolt = order.order_cards.get(card__name="Lightning Bolt").card
    cart = cart_with({bolt: 2, stocked_card(4): 1})
    for _ in range(decks_before):
        carts.add_template_deck(cart=cart, deck=order.order_template_decks.get().version.deck)
    before = in_cart(cart)

    added = order_again(cart=cart, order=order)
    undone = undo_removal(cart=cart, removal_id=added.note.pk)

    assert in_cart(cart) == before
    assert undone.says == f"Taken out again: the 4 cards of order {order.number}."


def test_what_is_not_there_as_it_came_stays_where_it_is():
    order, cart = long_ago(), CartFactory()
    added = order_again(cart=cart, order=order)
    moved = change_line(
        cart=cart, line=cart.order_cards.get(card__name="Lightning Bolt"), zone=Zone.SIDEBOARD
    )

    undone = undo_removal(cart=cart, removal_id=added.note.pk)

    assert cart.order_cards.get() == moved
    assert undone.says.startswith(f"Taken out again: 1 of the 4 cards of order {order.number}.")


def test_where_nothing_is_there_as_it_came_that_is_said():
    order, cart = placed({stocked_card(4): 1}), CartFactory()
    added = order_again(cart=cart, order=order)
    change_line(cart=cart, line=cart.order_cards.get(), zone=Zone.SIDEBOARD)

    with pytest.raises(CartError, match="Nothing was taken out"):
        undo_removal(cart=cart, removal_id=added.note.pk)

    assert cart.order_cards.get().quantity == 1


def test_it_is_taken_out_again_only_once_and_never_after_something_else():
    order, cart = long_ago(), CartFactory()
    first, second = (order_again(cart=cart, order=order).note for _ in range(2))

    with pytest.raises(CartError, match="cannot be undone any more"):
        undo_removal(cart=cart, removal_id=first.pk)
    undo_removal(cart=cart, removal_id=second.pk)
    with pytest.raises(CartError, match="cannot be undone any more"):
        undo_removal(cart=cart, removal_id=second.pk)

    assert lines_of(cart) == lines_of(order)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "part"])
def test_the_cart_offers_to_undo_it_and_does(headers):
    order = placed({stocked_card(4): 2})
    browser = browser_of(order)

    shown = browser.post(address_of(order), follow=True).content.decode()
    later = browser.get(reverse("orders:cart")).content.decode()
    form = {"removal": Removal.objects.get().pk}
    undone = browser.post(reverse("orders:undo"), form, headers=headers, follow=True).content.decode()

    for page in (shown, later):
        assert page.count('id="undo"') == 1
    assert f"Added last: the 2 cards of order {order.number}." in later
    assert f"Taken out again: the 2 cards of order {order.number}." in undone
    assert 'id="undo"' not in undone
    assert "Nothing in it yet" in undone


# --- for whom -------------------------------------------------------------------------------------------------


def test_who_has_the_link_orders_it_again_into_a_cart_of_their_own():
    order = placed({stocked_card(4): 2}, user=UserFactory())
    linked = Client()
    linked.get(order_link(order).removeprefix("http://127.0.0.1:8000"), follow=True)

    response = linked.post(address_of(order))

    assert response.url == reverse("orders:cart")
    cart = Order.objects.get(status=Status.CART)
    assert cart.user is None
    assert cart.guest != order.guest
    assert lines_of(cart) == lines_of(order)


def test_nobody_orders_again_what_is_not_theirs():
    order = placed({stocked_card(4): 2}, user=UserFactory())
    stranger = Client()
    stranger.force_login(UserFactory())

    for other in (stranger, Client(), browser_of(placed({stocked_card(4): 1}))):
        assert other.post(address_of(order)).status_code == 404
    assert browser_of(order).get(address_of(order)).status_code == 405
    assert not Order.objects.filter(status=Status.CART).exists()


def test_what_has_not_been_ordered_yet_cannot_be_ordered_again():
    for order in (cart_with({stocked_card(4): 1}), settled({stocked_card(1): 2})):
        before = everything_of(order)

        assert browser_of(order).post(address_of(order)).status_code == 404
        with pytest.raises(CartError, match="not been ordered yet"):
            order_again(cart=CartFactory(), order=order)

        assert everything_of(order) == before


def test_it_takes_a_fixed_number_of_queries(django_assert_num_queries):
    for lines in (1, 100):
        order = placed({stocked_card(4): 1 for _ in range(lines)})
        cart = CartFactory()
        with django_assert_num_queries(10):
            order_again(cart=cart, order=order)
