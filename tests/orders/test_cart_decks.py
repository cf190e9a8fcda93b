"""Taking of a template deck what is free."""

from datetime import timedelta

import pytest

from accounts.models import Guest
from inventory.models import Reservation, Zone
from inventory.periods import BlockedPeriod
from orders.cart import CartError, add_card, remove_template_deck
from orders.cart_decks import add_free_part
from orders.cart_lines import undo_removal
from orders.cart_page import cart_page
from orders.deck_shares import went_in
from orders.merging import merge_carts
from orders.models import Order
from tests.factories import TODAY, CardFactory, CartFactory, cart_with, stocked_card, template_deck

pytestmark = pytest.mark.django_db

TODAY_ONLY = BlockedPeriod(TODAY, TODAY + timedelta(days=1))


def copies_in(cart: Order) -> dict[tuple[str, str], int]:
    return {(line.card.name, line.zone): line.quantity for line in cart.order_cards.select_related("card")}


def test_only_the_free_copies_go_in_and_the_rest_is_named():
    deck = template_deck({stocked_card(1, name="Goblin Guide"): 4, stocked_card(4, name="Lava Spike"): 4})
    cart = CartFactory()

    part = add_free_part(cart=cart, deck=deck, days=TODAY_ONLY, today=TODAY)

    assert (part.copies, part.left_out) == (5, {"Goblin Guide": 3})
    assert copies_in(cart) == {("Goblin Guide", "main"): 1, ("Lava Spike", "main"): 4}


def test_it_is_asked_for_the_given_days():
    card = stocked_card(4)
    deck = template_deck({card: 4})
    days = BlockedPeriod(TODAY + timedelta(days=5), TODAY + timedelta(days=8))
    Reservation.objects.create(
        card=card, quantity=3, out_on=days.back_on - timedelta(days=1), back_on=days.back_on, state="firm"
    )

    assert add_free_part(cart=CartFactory(), deck=deck, days=days, today=TODAY).copies == 1
    assert add_free_part(cart=CartFactory(), deck=deck, days=TODAY_ONLY, today=TODAY).copies == 4


def test_the_main_deck_goes_before_the_sideboard():
    card = stocked_card(3)
    cart = CartFactory()

    add_free_part(
        cart=cart, deck=template_deck({card: 2, (card, Zone.SIDEBOARD): 2}), days=TODAY_ONLY, today=TODAY
    )

    assert copies_in(cart) == {(card.name, "main"): 2, (card.name, "sideboard"): 1}


def test_what_the_cart_has_already_is_not_free_once_more():
    card, other = stocked_card(4), stocked_card(4)
    cart = cart_with({card: 3})

    part = add_free_part(cart=cart, deck=template_deck({card: 4, other: 1}), days=TODAY_ONLY, today=TODAY)

    assert part.left_out == {card.name: 3}
    assert copies_in(cart) == {(card.name, "main"): 4, (other.name, "main"): 1}


def shares_in(cart: Order) -> list[str]:
    return [str(share) for share in cart_page(cart=cart, today=TODAY).decks]


def test_the_deck_is_noted_with_how_much_of_it_is_there():
    deck = template_deck({stocked_card(1): 4, stocked_card(9): 3})
    cart = CartFactory()

    add_free_part(cart=cart, deck=deck, days=TODAY_ONLY, today=TODAY)

    assert [row.template_deck for row in cart.order_template_decks.all()] == [deck]
    assert shares_in(cart) == ["4 of 7 cards"]


def test_removing_a_deck_that_went_in_in_part_takes_what_went_in():
    card, other = stocked_card(4), stocked_card(1)
    cart = cart_with({card: 3})
    add_free_part(cart=cart, deck=template_deck({card: 4, other: 2}), days=TODAY_ONLY, today=TODAY)

    remove_template_deck(cart=cart, row=cart.order_template_decks.get())

    assert copies_in(cart) == {(card.name, "main"): 3}


def test_what_was_left_out_and_is_added_later_makes_the_deck_whole_but_did_not_come_with_it():
    card = stocked_card(1, name="Goblin Guide")
    cart = CartFactory()
    add_free_part(cart=cart, deck=template_deck({card: 4}, name="Burn"), days=TODAY_ONLY, today=TODAY)
    add_card(cart=cart, card=card, quantity=3)

    assert shares_in(cart) == ["4 cards"]
    removed = remove_template_deck(cart=cart, row=cart.order_template_decks.get())

    assert copies_in(cart) == {("Goblin Guide", "main"): 3}
    assert removed is not None
    assert removed.says == "Removed “Burn”. 3 Goblin Guide stay: they did not come with it."


def test_a_part_that_was_removed_is_put_back_as_a_part():
    card = stocked_card(1)
    cart = CartFactory()
    add_free_part(cart=cart, deck=template_deck({card: 4}), days=TODAY_ONLY, today=TODAY)
    removed = remove_template_deck(cart=cart, row=cart.order_template_decks.get())
    assert removed is not None

    undo_removal(cart=cart, removal_id=removed.removal.pk)

    assert copies_in(cart) == {(card.name, "main"): 1}
    assert shares_in(cart) == ["1 of 4 cards"]
    assert went_in(cart.order_template_decks.get()) == {(card.pk, "main"): 1}


def test_a_part_that_is_taken_along_at_sign_in_stays_a_part():
    card, other = stocked_card(1), stocked_card(5)
    deck = template_deck({card: 4, other: 2})
    cart, mine = CartFactory(), CartFactory()
    for each in (cart, mine):
        add_free_part(cart=each, deck=deck, days=TODAY_ONLY, today=TODAY)

    merge_carts(source=cart, destination=mine)

    assert shares_in(mine) == ["6 of 12 cards"]
    assert went_in(mine.order_template_decks.get()) == {(card.pk, "main"): 2, (other.pk, "main"): 4}


@pytest.mark.parametrize("published", [True, False])
def test_nothing_free_or_nothing_offered_leaves_the_cart_as_it_was(published):
    deck = template_deck({CardFactory() if published else stocked_card(4): 4}, published=published)
    cart = CartFactory()

    with pytest.raises(CartError):
        add_free_part(cart=cart, deck=deck, days=TODAY_ONLY, today=TODAY)

    assert not cart.order_cards.exists()


def test_what_is_in_the_cart_already_is_said():
    card = stocked_card(4)

    with pytest.raises(CartError, match="in your cart already"):
        add_free_part(cart=cart_with({card: 4}), deck=template_deck({card: 4}), days=TODAY_ONLY, today=TODAY)


# --- the page ------------------------------------------------------------------------------------------------


def test_the_message_names_what_was_left_out(client):
    deck = template_deck({stocked_card(1, name="Goblin Guide"): 4, stocked_card(4, name="Lava Spike"): 4})

    page = client.post(f"/cart/add-deck/{deck.slug}/", {"only": "free"}, follow=True).content.decode()

    assert "Added 5 cards" in page
    assert "Left out, since they are short: 3 Goblin Guide." in page


def test_the_days_of_the_page_count(client):
    card = stocked_card(4)
    deck = template_deck({card: 4})
    first = TODAY + timedelta(days=5)
    Reservation.objects.create(
        card=card, quantity=3, out_on=first, back_on=first + timedelta(days=1), state="firm"
    )

    client.post(f"/cart/add-deck/{deck.slug}/", {"only": "free", "from": f"{first}", "to": f"{first}"})

    assert copies_in(Order.objects.get()) == {(card.name, "main"): 1}


@pytest.mark.parametrize(
    "days", [{"from": "soon", "to": "later"}, {"from": "2001-01-01", "to": "2001-01-02"}]
)
def test_days_that_are_none_add_nothing_and_say_why(client, days):
    deck = template_deck({stocked_card(1): 4})

    page = client.post(f"/cart/add-deck/{deck.slug}/", {"only": "free", **days}, follow=True).content.decode()

    assert "Nothing was added." in page
    assert not Order.objects.exists()


def test_where_nothing_is_free_nobody_becomes_a_guest(client):
    deck = template_deck({CardFactory(): 4})

    response = client.post(f"/cart/add-deck/{deck.slug}/", {"only": "free"}, follow=True)

    assert response.redirect_chain[-1][0] == deck.get_absolute_url()
    assert "is free on these days" in response.content.decode()
    assert not Guest.objects.exists()


@pytest.mark.parametrize("lines", [1, 100])
def test_taking_a_part_pins_its_queries(client, django_assert_num_queries, lines):
    deck = template_deck({stocked_card(1): 2 for _ in range(lines)})
    cart = CartFactory()

    with django_assert_num_queries(13):  # four of them note the deck, in a savepoint
        add_free_part(cart=cart, deck=deck, days=TODAY_ONLY, today=TODAY)
