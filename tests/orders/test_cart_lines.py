"""The deck builder's changes to lines: steps, zones, printings, what is free, and putting back what was removed."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.decklist import MAX_QUANTITY
from inventory.models import Card
from orders import cart as carts
from orders import cart_lines
from orders.cart import CartError
from orders.cart_lines import Stepped, Undone, change_line, step_line, take_what_is_free, undo_removal
from orders.models import Order, OrderCard, OrderTemplateDeck, Removal
from orders.models.order import DAYS
from orders.states import Status
from orders.transitions import SYSTEM, move_order
from tests.factories import (
    TODAY,
    CardFactory,
    CartFactory,
    PrintingFactory,
    cart_with,
    settled,
    stocked_card,
    template_deck,
)
from tests.orders.test_cart import lines_of
from tests.racing import at_the_same_moment, meet_after

pytestmark = pytest.mark.django_db


def undo_last(cart: Order) -> Undone:
    return undo_removal(cart=cart, removal_id=Removal.objects.get(order=cart).pk)


# --- a copy more or less ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "copies"), [(1, 4), (-1, 2), (5, 8)])
def test_a_step_changes_what_is_there_now_and_not_what_was_shown(by, copies):
    card = CardFactory()
    cart = cart_with({card: 1})
    line = cart.order_cards.get()
    OrderCard.objects.update(quantity=3)  # another tab

    assert step_line(cart=cart, line=line, by=by) == Stepped(copies)

    assert lines_of(cart) == {(card, "main", None): copies}


def test_a_step_down_from_the_last_copy_takes_the_line_out_and_can_be_undone():
    card, other = CardFactory(), CardFactory()
    cart = cart_with({card: 1, other: 2})

    removal = step_line(cart=cart, line=cart.order_cards.get(card=card), by=-1).removal

    assert removal
    assert removal.what == card.name
    assert lines_of(cart) == {(other, "main", None): 2}
    undo_removal(cart=cart, removal_id=removal.pk)
    assert lines_of(cart) == {(card, "main", None): 1, (other, "main", None): 2}


def test_a_step_beyond_what_a_line_may_have_is_refused():
    card = CardFactory()
    cart = cart_with({card: MAX_QUANTITY})

    with pytest.raises(CartError, match=f"at most {MAX_QUANTITY}"):
        step_line(cart=cart, line=cart.order_cards.get(), by=1)

    assert lines_of(cart) == {(card, "main", None): MAX_QUANTITY}


def test_a_step_of_a_line_that_is_gone_says_so():
    cart = cart_with({CardFactory(): 2})
    line = cart.order_cards.get()
    OrderCard.objects.all().delete()

    with pytest.raises(CartError, match="taken out in the meantime"):
        step_line(cart=cart, line=line, by=1)


def two_presses_at_once(monkeypatch) -> int:
    cart = cart_with({CardFactory(): 1})
    line = cart.order_cards.get()
    meet_after(monkeypatch, cart_lines, "line_now")  # both have read the line before either writes

    at_the_same_moment(*[lambda: step_line(cart=cart, line=line, by=1)] * 2)

    line.refresh_from_db()
    return line.quantity


@pytest.mark.django_db(transaction=True)
def test_of_two_presses_at_the_same_moment_both_count(monkeypatch):
    assert two_presses_at_once(monkeypatch) == 3


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_one_of_two_presses_would_be_lost(monkeypatch):
    monkeypatch.setattr(cart_lines, "lock_cart", lambda cart: cart)

    assert two_presses_at_once(monkeypatch) == 2


# --- another zone or printing -----------------------------------------------------------------------------


def test_a_line_moves_to_another_zone():
    card = CardFactory()
    cart = cart_with({card: 3})

    line = change_line(cart=cart, line=cart.order_cards.get(), zone="sideboard")

    assert lines_of(cart) == {(card, "sideboard", None): 3}
    assert line == cart.order_cards.get()


def test_a_line_takes_another_printing_and_any_again():
    card = CardFactory()
    printing = PrintingFactory(card=card)
    cart = cart_with({card: 3})

    change_line(cart=cart, line=cart.order_cards.get(), zone="main", preferred_printing=printing)
    assert lines_of(cart) == {(card, "main", printing): 3}
    change_line(cart=cart, line=cart.order_cards.get(), zone="main")
    assert lines_of(cart) == {(card, "main", None): 3}


def test_a_line_that_is_moved_onto_an_equal_one_adds_to_it():
    card = CardFactory()
    printing = PrintingFactory(card=card)
    cart = cart_with({card: 3})
    carts.add_card(cart=cart, card=card, quantity=2, zone="sideboard", preferred_printing=printing)
    side = cart.order_cards.get(zone="sideboard")

    line = change_line(
        cart=cart, line=cart.order_cards.get(zone="main"), zone="sideboard", preferred_printing=printing
    )

    assert lines_of(cart) == {(card, "sideboard", printing): 5}
    assert line == side


def test_a_move_that_would_make_a_line_too_long_moves_nothing():
    card = CardFactory()
    cart = cart_with({card: MAX_QUANTITY})
    carts.add_card(cart=cart, card=card, quantity=1, zone="sideboard")
    before = lines_of(cart)

    with pytest.raises(CartError, match=f"at most {MAX_QUANTITY}"):
        change_line(cart=cart, line=cart.order_cards.get(zone="sideboard"), zone="main")

    assert lines_of(cart) == before


def test_a_line_moves_to_no_unknown_zone_and_to_no_printing_of_another_card():
    card = CardFactory(name="Lightning Bolt")
    cart = cart_with({card: 3})
    line = cart.order_cards.get()

    with pytest.raises(CartError, match="Commander, Main, Sideboard"):
        change_line(cart=cart, line=line, zone="maybeboard")
    with pytest.raises(CartError, match="no printing of Lightning Bolt"):
        change_line(cart=cart, line=line, zone="main", preferred_printing=PrintingFactory())

    assert lines_of(cart) == {(card, "main", None): 3}


# --- what is free -----------------------------------------------------------------------------------------


def test_taking_what_is_free_takes_out_exactly_what_is_short():
    free, partly, taken = stocked_card(4), stocked_card(4), stocked_card(1)
    settled({partly: 3, taken: 1})
    cart = cart_with({free: 4, partly: 2, taken: 1})
    before = lines_of(cart)

    take_what_is_free(cart=cart, today=TODAY)

    assert lines_of(cart) == {(free, "main", None): 4, (partly, "main", None): 1}
    assert cart.deck_available(today=TODAY).available
    undo_last(cart)
    assert lines_of(cart) == before


def test_taking_what_is_free_of_a_free_cart_changes_nothing_and_says_so():
    card = stocked_card(4)
    cart = cart_with({card: 4})

    with pytest.raises(CartError, match="nothing to take out"):
        take_what_is_free(cart=cart, today=TODAY)

    assert lines_of(cart) == {(card, "main", None): 4}


def test_what_is_free_is_not_known_before_the_days_are():
    cart = cart_with({stocked_card(0): 4})
    Order.objects.update(**dict.fromkeys(DAYS))

    with pytest.raises(CartError, match="Choose your days"):
        take_what_is_free(cart=cart, today=TODAY)


# --- putting back -----------------------------------------------------------------------------------------


def test_an_undone_removal_brings_zone_and_printing_back():
    card = CardFactory()
    printing = PrintingFactory(card=card)
    cart = cart_with({})
    carts.add_card(cart=cart, card=card, quantity=3, zone="sideboard", preferred_printing=printing)
    carts.remove_line(cart=cart, line=cart.order_cards.get())

    back = undo_last(cart)

    assert lines_of(cart) == {(card, "sideboard", printing): 3}
    assert back == Undone(f"Put back: {card.name}.", [cart.order_cards.get().pk])
    assert not Removal.objects.exists()


def test_an_undone_removal_adds_to_what_came_back_meanwhile():
    card = CardFactory()
    cart = cart_with({card: 3})
    carts.remove_line(cart=cart, line=cart.order_cards.get())
    carts.add_card(cart=cart, card=card, quantity=2)

    undo_last(cart)

    assert lines_of(cart) == {(card, "main", None): 5}


def test_an_undone_removal_of_a_deck_brings_as_much_back_as_went():
    both, own = CardFactory(), CardFactory()
    deck = template_deck({both: 4, (own, "sideboard"): 2})
    cart = cart_with({both: 1})
    carts.add_template_deck(cart=cart, deck=deck)
    carts.add_template_deck(cart=cart, deck=deck)
    carts.set_quantity(cart=cart, line=cart.order_cards.get(card=own), quantity=1)  # fewer than went in
    before = lines_of(cart)
    carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get())

    undo_last(cart)

    assert lines_of(cart) == before
    assert [(row.version.deck, row.copies) for row in cart.order_template_decks.all()] == [(deck, 2)]


def test_a_removal_is_undone_once_and_only_the_last_one():
    first, second = CardFactory(), CardFactory()
    cart = cart_with({first: 1, second: 2})
    earlier = carts.remove_line(cart=cart, line=cart.order_cards.get(card=first))
    later = carts.remove_line(cart=cart, line=cart.order_cards.get(card=second))

    undo_removal(cart=cart, removal_id=later.pk)

    for removal in (earlier, later):
        with pytest.raises(CartError, match="cannot be undone any more"):
            undo_removal(cart=cart, removal_id=removal.pk)
    assert lines_of(cart) == {(second, "main", None): 2}


def test_a_removal_of_another_cart_is_not_undone():
    cart, other = cart_with({CardFactory(): 1}), CartFactory()
    removal = carts.remove_line(cart=cart, line=cart.order_cards.get())

    with pytest.raises(CartError):
        undo_removal(cart=other, removal_id=removal.pk)

    assert not OrderCard.objects.exists()


def test_nothing_is_put_back_into_a_cart_that_was_submitted():
    cart = cart_with({CardFactory(): 1})
    removal = carts.remove_line(cart=cart, line=cart.order_cards.get())
    move_order(Order.objects.get(), Status.OPEN, by=SYSTEM, reason="test", authorized_at=cart.created_at)

    with pytest.raises(CartError, match="has been submitted"):
        undo_removal(cart=cart, removal_id=removal.pk)

    assert not OrderCard.objects.exists()


def test_what_would_not_fit_any_more_is_not_put_back_and_can_be_later():
    card = CardFactory()
    cart = cart_with({card: 3})
    carts.remove_line(cart=cart, line=cart.order_cards.get())
    carts.add_card(cart=cart, card=card, quantity=MAX_QUANTITY)

    with pytest.raises(CartError):
        undo_last(cart)
    carts.set_quantity(cart=cart, line=cart.order_cards.get(), quantity=1)
    undo_last(cart)

    assert lines_of(cart) == {(card, "main", None): 4}


def test_what_has_left_the_catalogue_is_not_put_back_and_says_so():
    card = CardFactory(name="Lightning Bolt")
    cart = cart_with({card: 3})
    carts.remove_line(cart=cart, line=cart.order_cards.get())
    Card.objects.all().delete()

    with pytest.raises(CartError, match="Lightning Bolt cannot be put back"):
        undo_last(cart)


def test_two_presses_on_undo_at_the_same_moment_put_back_once(transactional_db, monkeypatch):
    card = CardFactory()
    cart = cart_with({card: 3})
    removal = carts.remove_line(cart=cart, line=cart.order_cards.get())

    def undo() -> None:
        try:
            undo_removal(cart=cart, removal_id=removal.pk)
        except CartError as error:
            assert "cannot be undone any more" in str(error)  # noqa: PT017  either of the two

    meet_after(monkeypatch, cart_lines, "removed_lines")
    at_the_same_moment(undo, undo)

    assert lines_of(cart) == {(card, "main", None): 3}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    copies=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    again=st.lists(st.integers(0, 9), min_size=4, max_size=4),
    chosen=st.integers(0, 3),
)
def test_removing_and_undoing_leaves_as_many_copies_as_there_were_and_came(db, copies, again, chosen):
    cards = [CardFactory() for _ in copies]
    cart = cart_with(dict(zip(cards, copies, strict=True)), first_day=TODAY + timedelta(days=9))
    taken = cards[chosen % len(cards)]
    before = {card: copies[index] for index, card in enumerate(cards)}
    carts.remove_line(cart=cart, line=cart.order_cards.get(card=taken))
    for card, more in zip(cards, again, strict=False):
        if more:
            carts.add_card(cart=cart, card=card, quantity=more)

    undo_last(cart)

    assert {card: quantity for (card, _, _), quantity in lines_of(cart).items()} == {
        card: before[card] + again[index] for index, card in enumerate(cards)
    }
    assert not OrderTemplateDeck.objects.filter(order=cart).exists()
