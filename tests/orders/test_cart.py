"""The cart: what adding, changing and merging make of it, and what they refuse."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.card_names import NameList
from inventory.decklist import MAX_QUANTITY
from inventory.models import Card, Printing
from orders import cart as carts
from orders import cart_lines
from orders.cart import CartError
from orders.cart_lines import change_line, undo_removal
from orders.merging import merge_carts
from orders.models import Order, OrderCard, Payment, PaymentAttempt, PaymentStatus
from orders.owners import Owner
from orders.states import Status
from orders.transitions import SYSTEM, move_order
from tests.factories import (
    TODAY,
    CardFactory,
    CartFactory,
    GuestFactory,
    PickupFactory,
    PrintingFactory,
    ShippingMethodFactory,
    UserFactory,
    cart_with,
    deck_version,
    template_deck,
)

pytestmark = pytest.mark.django_db

Line = tuple[Card, str, Printing | None]


def lines_of(cart: Order) -> dict[Line, int]:
    lines = cart.order_cards.select_related("card", "preferred_printing")
    return {(line.card, line.zone, line.preferred_printing): line.quantity for line in lines}


def names_of(cart: Order) -> dict[str, int]:
    return {card.name: quantity for (card, _, _), quantity in lines_of(cart).items()}


# --- a card -----------------------------------------------------------------------------------------------


def test_the_same_card_with_the_same_characteristics_adds_to_its_line():
    cart, card = CartFactory(), CardFactory()
    printing = PrintingFactory(card=card)

    carts.add_card(cart=cart, card=card, quantity=3, zone="sideboard", preferred_printing=printing)
    carts.add_card(cart=cart, card=card, quantity=1, zone="sideboard", preferred_printing=printing)

    assert lines_of(cart) == {(card, "sideboard", printing): 4}


def test_another_zone_or_printing_makes_its_own_line():
    cart, card = CartFactory(), CardFactory()
    first, second = PrintingFactory(card=card), PrintingFactory(card=card)

    carts.add_card(cart=cart, card=card, quantity=1)
    carts.add_card(cart=cart, card=card, quantity=2, zone="sideboard")
    carts.add_card(cart=cart, card=card, quantity=3, preferred_printing=first)
    carts.add_card(cart=cart, card=card, quantity=4, preferred_printing=second)

    assert lines_of(cart) == {
        (card, "main", None): 1,
        (card, "sideboard", None): 2,
        (card, "main", first): 3,
        (card, "main", second): 4,
    }


def test_a_printing_of_another_card_is_refused():
    cart, card = CartFactory(), CardFactory(name="Lightning Bolt")
    other = PrintingFactory()

    with pytest.raises(CartError, match="no printing of Lightning Bolt"):
        carts.add_card(cart=cart, card=card, quantity=1, preferred_printing=other)

    assert lines_of(cart) == {}


@pytest.mark.parametrize("quantity", [0, -1, -(10**12), MAX_QUANTITY + 1, 10**12])
def test_a_number_of_copies_that_no_line_may_have_is_refused(quantity):
    cart, card = CartFactory(), CardFactory()

    with pytest.raises(CartError, match=r"cop(y|ies)"):
        carts.add_card(cart=cart, card=card, quantity=quantity)

    assert lines_of(cart) == {}


def test_a_line_can_be_filled_to_the_limit_and_no_further():
    cart, card = CartFactory(), CardFactory()
    carts.add_card(cart=cart, card=card, quantity=MAX_QUANTITY - 1)
    carts.add_card(cart=cart, card=card, quantity=1)

    with pytest.raises(CartError, match=str(MAX_QUANTITY)):
        carts.add_card(cart=cart, card=card, quantity=1)

    assert lines_of(cart) == {(card, "main", None): MAX_QUANTITY}


def test_a_cart_can_be_filled_to_its_last_line_and_no_further():
    cart = CartFactory()
    cards = [CardFactory() for _ in range(carts.MAX_LINES)]
    OrderCard.objects.bulk_create(OrderCard(order=cart, card=card, quantity=1) for card in cards[:-1])
    carts.add_card(cart=cart, card=cards[-1], quantity=1)

    with pytest.raises(CartError, match=str(carts.MAX_LINES)):
        carts.add_card(cart=cart, card=CardFactory(), quantity=1)
    carts.add_card(cart=cart, card=cards[0], quantity=1)

    assert cart.order_cards.count() == carts.MAX_LINES
    assert cart.order_cards.get(card=cards[0]).quantity == 2


def test_a_quantity_is_set_and_not_added():
    card = CardFactory()
    cart = cart_with({card: 3})

    carts.set_quantity(cart=cart, line=cart.order_cards.get(), quantity=2)

    assert lines_of(cart) == {(card, "main", None): 2}


@pytest.mark.parametrize("quantity", [0, -1, MAX_QUANTITY + 1])
def test_a_line_cannot_be_set_to_what_no_line_may_have(quantity):
    card = CardFactory()
    cart = cart_with({card: 3})

    with pytest.raises(CartError):
        carts.set_quantity(cart=cart, line=cart.order_cards.get(), quantity=quantity)

    assert lines_of(cart) == {(card, "main", None): 3}


def test_removing_a_line_leaves_the_others():
    gone, kept = CardFactory(), CardFactory()
    cart = cart_with({gone: 3, kept: 2})

    carts.remove_line(cart=cart, line=cart.order_cards.get(card=gone))

    assert lines_of(cart) == {(kept, "main", None): 2}


def test_an_owner_has_one_cart():
    owner = Owner(guest=GuestFactory())

    assert carts.cart_of(owner) is None
    assert carts.make_cart_of(owner) == carts.make_cart_of(owner) == carts.cart_of(owner)


def test_nobody_has_no_cart():
    assert carts.cart_of(None) is None


# --- quick add --------------------------------------------------------------------------------------------


def test_quick_add_reads_a_number_and_a_name():
    CardFactory(name="Lightning Bolt")
    cart = CartFactory()

    added = carts.quick_add(cart=cart, text="4 Lightning Bolt")

    assert names_of(cart) == {"Lightning Bolt": 4}
    assert (added.copies, added.unknown) == (4, ())


def test_quick_add_reads_several_lines_and_zones_and_adds_up_what_is_equal():
    bolt, ring, pyroblast = (CardFactory(name=name) for name in ("Lightning Bolt", "Sol Ring", "Pyroblast"))
    cart = cart_with({bolt: 1})

    added = carts.quick_add(cart=cart, text="2 lightning bolt\nSol Ring\n1 LIGHTNING BOLT\nSB: 3 Pyroblast\n")

    assert lines_of(cart) == {
        (bolt, "main", None): 4,
        (ring, "main", None): 1,
        (pyroblast, "sideboard", None): 3,
    }
    assert added.copies == 7


def test_quick_add_leaves_a_line_with_a_preferred_printing_as_it_is():
    card = CardFactory(name="Lightning Bolt")
    printing, cart = PrintingFactory(card=card), CartFactory()
    carts.add_card(cart=cart, card=card, quantity=1, preferred_printing=printing)

    carts.quick_add(cart=cart, text="4 Lightning Bolt")

    assert lines_of(cart) == {(card, "main", printing): 1, (card, "main", None): 4}


def test_quick_add_keeps_an_unknown_name_aside_with_the_nearest_ones_and_adds_the_rest():
    CardFactory(name="Lightning Bolt")
    CardFactory(name="Sol Ring")
    cart = CartFactory()

    added = carts.quick_add(cart=cart, text="1 Sol Ring\n4 Lihgtning Bolt\n2 Sol Ring")

    assert names_of(cart) == {"Sol Ring": 3}
    assert added.copies == 3
    [unknown] = added.unknown
    assert (unknown.problem.number, unknown.problem.text) == (2, "4 Lihgtning Bolt")
    assert "Lihgtning Bolt" in unknown.problem.message
    assert unknown.nearest == ("Lightning Bolt",)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("3 Lightnin Bolt", "main"),
        ("SB: 3 Lightnin Bolt", "sideboard"),
        ("Sideboard\n3 Lightnin Bolt", "sideboard"),
        ("Commander\n3 Lightnin Bolt", "commander"),
    ],
)
def test_what_quick_add_keeps_aside_can_be_corrected_and_sent_again(text, zone):
    card, cart = CardFactory(name="Lightning Bolt"), CartFactory()
    [unknown] = carts.quick_add(cart=cart, text=text).unknown

    carts.quick_add(cart=cart, text=unknown.problem.text.replace("Lightnin ", "Lightning "))

    assert lines_of(cart) == {(card, zone, None): 3}


def test_quick_add_looks_for_nearest_names_within_reason_however_much_is_unknown(monkeypatch):
    # One look takes some 13 ms among 40,000 names, so a thousand of them would keep everybody waiting.
    CardFactory(name="Lightning Bolt")
    looks = []
    nearest = NameList.nearest
    monkeypatch.setattr(
        NameList, "nearest", lambda self, *a, **kw: looks.append(1) or nearest(self, *a, **kw)
    )

    added = carts.quick_add(cart=CartFactory(), text="\n".join(f"1 Lightning Bol{n}" for n in range(900)))

    assert len(added.unknown) == 900
    assert 0 < len(looks) <= 100


@pytest.mark.parametrize(
    "line",
    [
        "0 Lightning Bolt",
        "-1 Lightning Bolt",
        "−4 Lightning Bolt",
        "1.5 Lightning Bolt",
        "1/2 Lightning Bolt",
        "251 Lightning Bolt",
        "1000000000 Lightning Bolt",
        f"{'9' * 5_000} Lightning Bolt",
        "1e9 Lightning Bolt",
        "NaN Lightning Bolt",
        "² Lightning Bolt",
        "٤ Lightning Bolt",
        "４ Lightning Bolt",
        "Lightning Bolt x0",
        "Lightning Bolt x²",
        "4",
        "x" * 90_000,
        "\x00",
        "4 \x00\x01",
        "=1+1",
        "<script>alert(1)</script>",
        "\u202e4 Lightning Bolt",
    ],
)
def test_quick_add_adds_nothing_for_a_line_that_does_not_say_how_many_of_what(line):
    CardFactory(name="Lightning Bolt")
    CardFactory(name="Sol Ring")
    cart = CartFactory()

    added = carts.quick_add(cart=cart, text=f"2 Sol Ring\n{line}")

    assert names_of(cart) == {"Sol Ring": 2}
    assert [unknown.problem.number for unknown in added.unknown] == ([2] if line != "\x00" else [])


@pytest.mark.parametrize("text", ["", "   \n\t\n", "// a comment", "Deck\n\nSideboard:"])
def test_quick_add_of_nothing_says_what_to_write(text):
    cart = CartFactory()

    with pytest.raises(CartError, match="4 Lightning Bolt"):
        carts.quick_add(cart=cart, text=text)

    assert lines_of(cart) == {}


def test_quick_add_of_unknown_names_only_adds_nothing_and_keeps_them_all():
    cart = CartFactory()

    added = carts.quick_add(cart=cart, text="4 Qqqq\n2 Wwww")

    assert added.copies == 0
    assert [unknown.problem.number for unknown in added.unknown] == [1, 2]
    assert not cart.order_cards.exists()


def test_quick_add_beyond_a_limit_adds_nothing_at_all():
    bolt, ring = CardFactory(name="Lightning Bolt"), CardFactory(name="Sol Ring")
    cart = cart_with({bolt: 200})

    with pytest.raises(CartError, match=str(MAX_QUANTITY)):
        carts.quick_add(cart=cart, text="1 Sol Ring\n100 Lightning Bolt")

    assert lines_of(cart) == {(bolt, "main", None): 200}
    assert ring not in names_of(cart)


@pytest.mark.parametrize(
    ("text", "zone"),
    [("{}", "main"), ("SB: {}", "sideboard"), ("Sideboard\n{}", "sideboard"), ("Commander\n{}", "commander")],
)
@pytest.mark.parametrize("name", ["+2 Mace", "1996 World Champion"])
def test_quick_add_finds_a_card_whose_name_begins_with_a_number_without_a_quantity(name, text, zone):
    card, cart = CardFactory(name=name), CartFactory()

    added = carts.quick_add(cart=cart, text=text.format(name))

    assert lines_of(cart) == {(card, zone, None): 1}
    assert added.unknown == ()


@pytest.mark.parametrize(
    "name", ["+2 Mace", "1996 World Champion", "Borrowing 100,000 Arrows", "Commander's Sphere"]
)
def test_quick_add_finds_an_unusual_name_behind_a_quantity(name):
    CardFactory(name=name)
    cart = CartFactory()

    carts.quick_add(cart=cart, text=f"3 {name}")

    assert names_of(cart) == {name: 3}


def test_quick_add_asks_the_database_as_often_for_fifty_names_as_for_one(django_assert_max_num_queries):
    cards = [CardFactory() for _ in range(50)]
    cart = CartFactory()

    with django_assert_max_num_queries(8):
        carts.quick_add(cart=cart, text="\n".join(f"1 {card.name}" for card in cards))

    assert cart.order_cards.count() == 50


# --- template decks ---------------------------------------------------------------------------------------


def test_a_template_deck_goes_in_as_a_whole_and_is_noted():
    first, second = CardFactory(), CardFactory()
    deck = template_deck({first: 4, (second, "sideboard"): 2})
    cart = CartFactory()

    copies = carts.add_template_deck(cart=cart, deck=deck)

    assert copies == 6
    assert lines_of(cart) == {(first, "main", None): 4, (second, "sideboard", None): 2}
    assert [(row.template_deck, row.copies) for row in cart.order_template_decks.all()] == [(deck, 1)]


def test_a_template_deck_can_go_in_twice():
    card = CardFactory()
    deck, cart = template_deck({card: 4}), CartFactory()
    carts.add_template_deck(cart=cart, deck=deck)

    carts.add_template_deck(cart=cart, deck=deck)

    assert lines_of(cart) == {(card, "main", None): 8}
    assert cart.order_template_decks.get().copies == 2


def test_removing_a_template_deck_takes_out_what_went_in_and_nothing_else():
    both, only_here, own = CardFactory(), CardFactory(), CardFactory()
    deck, other = template_deck({both: 4, only_here: 1}), template_deck({both: 2})
    cart = CartFactory()
    carts.add_card(cart=cart, card=own, quantity=3)
    carts.add_card(cart=cart, card=both, quantity=1)
    carts.add_card(cart=cart, card=only_here, quantity=1, zone="sideboard")
    for added in (deck, other, deck):
        carts.add_template_deck(cart=cart, deck=added)

    carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get(version__deck=deck))

    assert lines_of(cart) == {
        (own, "main", None): 3,
        (both, "main", None): 3,
        (only_here, "sideboard", None): 1,
    }
    assert [row.template_deck for row in cart.order_template_decks.all()] == [other]


def test_removing_a_template_deck_of_which_copies_are_gone_already_takes_the_rest():
    card = CardFactory()
    deck, cart = template_deck({card: 4}), CartFactory()
    carts.add_template_deck(cart=cart, deck=deck)
    carts.set_quantity(cart=cart, line=cart.order_cards.get(), quantity=1)

    carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get())

    assert not cart.order_cards.exists()
    assert not cart.order_template_decks.exists()


def test_removing_a_template_deck_leaves_a_line_with_a_preferred_printing():
    card = CardFactory()
    printing = PrintingFactory(card=card)
    deck, cart = template_deck({card: 4}), CartFactory()
    carts.add_card(cart=cart, card=card, quantity=1, preferred_printing=printing)
    carts.add_template_deck(cart=cart, deck=deck)

    carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get())

    assert lines_of(cart) == {(card, "main", printing): 1}


def test_removing_a_template_deck_takes_what_was_moved_or_got_a_printing_since():
    moved, printed = CardFactory(), CardFactory()
    printing = PrintingFactory(card=printed)
    deck, cart = template_deck({moved: 4, printed: 4}), CartFactory()
    carts.add_template_deck(cart=cart, deck=deck)
    change_line(cart=cart, line=cart.order_cards.get(card=moved), zone="sideboard")
    change_line(cart=cart, line=cart.order_cards.get(card=printed), zone="main", preferred_printing=printing)
    before = lines_of(cart)

    removed = carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get())

    assert lines_of(cart) == {}
    assert removed is not None
    undo_removal(cart=cart, removal_id=removed.removal.pk)
    assert lines_of(cart) == before


def test_removing_a_template_deck_takes_its_own_zone_before_another_and_never_more_than_went_in():
    card = CardFactory(name="Lightning Bolt")
    printing = PrintingFactory(card=card)
    deck, cart = template_deck({card: 4}, name="Burn"), CartFactory()
    carts.add_template_deck(cart=cart, deck=deck)
    carts.set_quantity(cart=cart, line=cart.order_cards.get(), quantity=1)
    carts.add_card(cart=cart, card=card, quantity=2, preferred_printing=printing)
    carts.add_card(cart=cart, card=card, quantity=3, zone="sideboard")

    removed = carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get())

    assert lines_of(cart) == {(card, "sideboard", None): 2}
    assert removed is not None
    assert removed.says == "Removed “Burn”. 2 Lightning Bolt stay: they did not come with it."


def test_removing_a_template_deck_does_not_take_what_another_one_brought():
    card = CardFactory()
    main, side = template_deck({card: 4}), template_deck({(card, "sideboard"): 3})
    cart = CartFactory()
    for deck in (main, side):
        carts.add_template_deck(cart=cart, deck=deck)
    carts.remove_line(cart=cart, line=cart.order_cards.get(zone="main"))

    carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get(version__deck=main))

    assert lines_of(cart) == {(card, "sideboard", None): 3}


@pytest.mark.parametrize("lines", [1, 100])
def test_removing_a_template_deck_pins_its_queries(django_assert_num_queries, lines):
    deck, cart = template_deck({CardFactory(): 2 for _ in range(lines)}), CartFactory()
    carts.add_template_deck(cart=cart, deck=deck)
    row = cart.order_template_decks.get()

    with django_assert_num_queries(10):
        carts.remove_template_deck(cart=cart, row=row)


def test_removing_a_template_deck_by_a_double_click_is_removing_it_once():
    card = CardFactory()
    deck, cart = template_deck({card: 4}), cart_with({card: 4})
    carts.add_template_deck(cart=cart, deck=deck)
    seen_by_both = [cart.order_template_decks.get() for _ in range(2)]

    for row in seen_by_both:
        carts.remove_template_deck(cart=cart, row=row)

    assert lines_of(cart) == {(card, "main", None): 4}


def test_removing_a_template_deck_that_went_in_once_more_in_the_meantime_leaves_none_of_it():
    deck, cart = template_deck({CardFactory(): 4}), CartFactory()
    carts.add_template_deck(cart=cart, deck=deck)
    seen_before = cart.order_template_decks.get()
    carts.add_template_deck(cart=cart, deck=deck)

    carts.remove_template_deck(cart=cart, row=seen_before)

    assert lines_of(cart) == {}
    assert not cart.order_template_decks.exists()


def test_of_a_template_deck_its_newest_version_goes_in():
    old, new = CardFactory(), CardFactory()
    deck, cart = template_deck({old: 4}), CartFactory()
    version = deck_version(deck, {new: 3})

    copies = carts.add_template_deck(cart=cart, deck=deck)

    assert copies == 3
    assert lines_of(cart) == {(new, "main", None): 3}
    assert cart.order_template_decks.get().version == version


def test_removing_a_template_deck_takes_out_the_version_that_went_in_though_a_newer_one_is_out():
    stays, leaves, comes = CardFactory(), CardFactory(), CardFactory()
    deck, cart = template_deck({stays: 4, leaves: 4}), cart_with({comes: 3})
    carts.add_template_deck(cart=cart, deck=deck)
    deck_version(deck, {stays: 1, comes: 3})

    carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get())

    assert lines_of(cart) == {(comes, "main", None): 3}


def test_two_versions_of_a_template_deck_are_noted_and_removed_each_by_itself():
    card = CardFactory()
    deck, cart = template_deck({card: 4}), CartFactory()
    carts.add_template_deck(cart=cart, deck=deck)
    deck_version(deck, {card: 1})
    carts.add_template_deck(cart=cart, deck=deck)

    assert lines_of(cart) == {(card, "main", None): 5}
    carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get(version__number=1))

    assert lines_of(cart) == {(card, "main", None): 1}
    assert cart.order_template_decks.get().version.number == 2


def test_a_template_deck_that_was_unpublished_in_the_meantime_is_refused_but_can_be_removed():
    card = CardFactory()
    deck, cart = template_deck({card: 4}, name="Burn"), CartFactory()
    carts.add_template_deck(cart=cart, deck=deck)
    type(deck).objects.update(published=False)

    with pytest.raises(CartError, match="“Burn” is not offered any more"):
        carts.add_template_deck(cart=cart, deck=deck)
    assert lines_of(cart) == {(card, "main", None): 4}
    carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get())

    assert lines_of(cart) == {}


def test_an_empty_template_deck_is_refused():
    cart = CartFactory()

    with pytest.raises(CartError, match="no cards"):
        carts.add_template_deck(cart=cart, deck=template_deck({}))

    assert not cart.order_template_decks.exists()


def test_a_template_deck_that_does_not_fit_goes_in_not_at_all():
    full, other = CardFactory(), CardFactory()
    cart = cart_with({full: MAX_QUANTITY})

    with pytest.raises(CartError):
        carts.add_template_deck(cart=cart, deck=template_deck({other: 1, full: 1}))

    assert lines_of(cart) == {(full, "main", None): MAX_QUANTITY}
    assert not cart.order_template_decks.exists()


# --- a cart that is no cart any more ----------------------------------------------------------------------

CHANGES = {
    "add a card": lambda cart: carts.add_card(cart=cart, card=CardFactory(), quantity=1),
    "set a quantity": lambda cart: carts.set_quantity(cart=cart, line=cart.order_cards.get(), quantity=9),
    "remove a line": lambda cart: carts.remove_line(cart=cart, line=cart.order_cards.get()),
    "step": lambda cart: cart_lines.step_line(cart=cart, line=cart.order_cards.get(), by=1),
    "change a line": lambda cart: cart_lines.change_line(
        cart=cart, line=cart.order_cards.get(), zone="sideboard"
    ),
    "take what is free": lambda cart: cart_lines.take_what_is_free(cart=cart, today=TODAY),
    "undo": lambda cart: cart_lines.undo_removal(cart=cart, removal_id=1),
    "quick add": lambda cart: carts.quick_add(cart=cart, text=CardFactory().name),
    "add a deck": lambda cart: carts.add_template_deck(cart=cart, deck=template_deck({CardFactory(): 1})),
    "remove a deck": lambda cart: carts.remove_template_deck(cart=cart, row=cart.order_template_decks.get()),
    "merge it": lambda cart: merge_carts(source=cart, destination=CartFactory()),
    "merge into it": lambda cart: merge_carts(source=CartFactory(), destination=cart),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_cart_that_was_submitted_in_the_meantime_cannot_be_changed(change):
    card = CardFactory()
    cart = CartFactory()
    carts.add_template_deck(cart=cart, deck=template_deck({card: 4}))
    submitted = Order.objects.get(pk=cart.pk)
    move_order(submitted, Status.OPEN, by=SYSTEM, reason="test", authorized_at=submitted.created_at)

    with pytest.raises(CartError):
        change(cart)

    assert lines_of(cart) == {(card, "main", None): 4}
    assert cart.order_template_decks.get().copies == 1


def test_a_cart_that_was_merged_away_in_the_meantime_is_refused_and_not_a_crash():
    card = CardFactory()
    cart = cart_with({card: 1})
    merge_carts(source=Order.objects.get(pk=cart.pk), destination=CartFactory())

    with pytest.raises(CartError):
        carts.add_card(cart=cart, card=card, quantity=1)


# --- merging ----------------------------------------------------------------------------------------------


def test_merging_adds_up_equal_lines_and_keeps_the_others():
    both, left, right = CardFactory(), CardFactory(), CardFactory()
    printing = PrintingFactory(card=both)
    source, destination = cart_with({both: 2, left: 1}), cart_with({both: 3, right: 4}, user=UserFactory())
    carts.add_card(cart=source, card=both, quantity=1, preferred_printing=printing)
    carts.add_card(cart=source, card=both, quantity=1, zone="sideboard")

    merge_carts(source=source, destination=destination)

    assert lines_of(destination) == {
        (both, "main", None): 5,
        (both, "main", printing): 1,
        (both, "sideboard", None): 1,
        (left, "main", None): 1,
        (right, "main", None): 4,
    }
    assert not Order.objects.filter(pk=source.pk).exists()


def test_merging_adds_up_template_decks():
    card = CardFactory()
    deck, other = template_deck({card: 1}), template_deck({card: 2})
    source, destination = CartFactory(), CartFactory()
    for cart, added in ((source, deck), (source, deck), (source, other), (destination, deck)):
        carts.add_template_deck(cart=cart, deck=added)

    merge_carts(source=source, destination=destination)

    assert {row.template_deck: row.copies for row in destination.order_template_decks.all()} == {
        deck: 3,
        other: 1,
    }
    assert lines_of(destination) == {(card, "main", None): 5}


def test_merging_keeps_the_versions_of_a_template_deck_apart():
    card = CardFactory()
    deck, source, destination = template_deck({card: 4}), CartFactory(), CartFactory()
    carts.add_template_deck(cart=source, deck=deck)
    deck_version(deck, {card: 1})
    carts.add_template_deck(cart=destination, deck=deck)

    merge_carts(source=source, destination=destination)

    noted = destination.order_template_decks.values_list("version__number", "copies")
    assert sorted(noted) == [(1, 1), (2, 1)]


def test_the_guests_dates_and_shipping_win_where_they_are_set():
    standard = ShippingMethodFactory()
    source = cart_with(
        {CardFactory(): 1}, first_day=TODAY + timedelta(days=20), days=5, shipping_method=standard
    )
    destination = cart_with(
        {CardFactory(): 1}, first_day=TODAY + timedelta(days=3), days=2, user=UserFactory()
    )

    merge_carts(source=source, destination=destination)

    destination.refresh_from_db()
    assert destination.shipping_method == standard
    assert destination.rental_period == source.rental_period
    assert destination.blocked_period == source.blocked_period


def test_the_customers_dates_and_address_stay_where_the_guest_has_none():
    source = CartFactory()
    carts.add_card(cart=source, card=CardFactory(), quantity=1)
    destination = cart_with({CardFactory(): 1}, user=UserFactory(), street="Bolt Street 4")
    wished = destination.rental_period

    merge_carts(source=source, destination=destination)

    destination.refresh_from_db()
    assert destination.rental_period == wished
    assert destination.shipping_method == PickupFactory()
    assert (destination.email, destination.street) == ("player@example.org", "Bolt Street 4")


def test_a_guest_who_chose_only_how_it_is_shipped_leaves_the_customers_days_alone():
    source = CartFactory(shipping_method=ShippingMethodFactory())
    carts.add_card(cart=source, card=CardFactory(), quantity=1)
    destination = cart_with({CardFactory(): 1}, user=UserFactory())
    wished = destination.rental_period

    merge_carts(source=source, destination=destination)

    destination.refresh_from_db()
    assert destination.rental_period == wished
    assert destination.shipping_method == PickupFactory()


def test_a_way_of_shipping_comes_to_a_cart_without_days():
    source, destination = CartFactory(shipping_method=ShippingMethodFactory()), CartFactory()

    merge_carts(source=source, destination=destination)

    destination.refresh_from_db()
    assert destination.shipping_method == ShippingMethodFactory()


def test_merging_says_what_came_and_what_did_not_fit():
    full, other = CardFactory(name="Lightning Bolt"), CardFactory()
    source = cart_with({full: 5, other: 2})
    destination = cart_with({full: MAX_QUANTITY - 2}, user=UserFactory())

    poured = merge_carts(source=source, destination=destination)

    assert (poured.copies, poured.days, poured.left_over) == (4, True, {"Lightning Bolt": 3})


def test_the_guests_address_comes_as_a_whole():
    source = cart_with({CardFactory(): 1}, city="Lyon")
    destination = cart_with({CardFactory(): 1}, user=UserFactory(), street="Bolt Street 4", city="Berlin")

    merge_carts(source=source, destination=destination)

    destination.refresh_from_db()
    assert (destination.street, destination.city) == ("", "Lyon")


def test_an_empty_cart_never_replaces_a_filled_one():
    card = CardFactory()
    destination = cart_with({card: 3}, user=UserFactory())
    before = destination.rental_period

    merge_carts(source=CartFactory(), destination=destination)

    destination.refresh_from_db()
    assert lines_of(destination) == {(card, "main", None): 3}
    assert destination.rental_period == before
    assert Order.objects.count() == 1


def test_a_filled_cart_fills_an_empty_one():
    card = CardFactory()
    source, destination = cart_with({card: 3}), CartFactory(guest=None, user=UserFactory())

    merge_carts(source=source, destination=destination)

    assert lines_of(destination) == {(card, "main", None): 3}


def test_merging_a_cart_with_itself_changes_nothing():
    card = CardFactory()
    cart = cart_with({card: 3})

    merge_carts(source=cart, destination=Order.objects.get(pk=cart.pk))

    assert lines_of(cart) == {(card, "main", None): 3}


def test_lines_that_are_too_many_together_are_held_to_the_limit():
    card = CardFactory()
    source, destination = cart_with({card: MAX_QUANTITY}), cart_with({card: 1}, guest=GuestFactory())

    merge_carts(source=source, destination=destination)

    assert lines_of(destination) == {(card, "main", None): MAX_QUANTITY}


def test_merging_two_full_carts_does_not_fail():
    source, destination = CartFactory(), CartFactory()
    for cart in (source, destination):
        cards = [CardFactory() for _ in range(carts.MAX_LINES)]
        OrderCard.objects.bulk_create(OrderCard(order=cart, card=card, quantity=1) for card in cards)

    merge_carts(source=source, destination=destination)

    assert destination.order_cards.count() >= carts.MAX_LINES


def failed_payment(cart: Order) -> Payment:
    payment = Payment.objects.create(
        order=cart, amount_cents=500, currency="eur", status=PaymentStatus.FAILED
    )
    PaymentAttempt.objects.create(
        payment=payment,
        sequence=1,
        parameters={},
        idempotency_key=f"pay-{payment.pk}-auth-1",
        status=PaymentStatus.FAILED,
    )
    return payment


def test_a_failed_payment_of_the_merged_cart_is_kept_on_record_and_stands_for_nothing_any_more():
    source, destination = cart_with({CardFactory(): 1}), cart_with({CardFactory(): 1}, user=UserFactory())
    tried = failed_payment(source)

    merge_carts(source=source, destination=destination)

    tried.refresh_from_db()
    assert tried.order == destination
    assert not Payment.objects.live().filter(order=destination).exists()


def test_two_carts_with_a_failed_payment_each_can_be_merged():
    source, destination = cart_with({CardFactory(): 1}), cart_with({CardFactory(): 1}, user=UserFactory())
    failed_payment(source)
    kept = failed_payment(destination)

    merge_carts(source=source, destination=destination)

    assert destination.payments.count() == 2
    assert Payment.objects.live().get(order=destination) == kept


def test_a_hold_on_the_merged_cart_is_let_go():
    source, destination = cart_with({CardFactory(): 1}), cart_with({CardFactory(): 1}, user=UserFactory())
    held = Payment.objects.create(
        order=source, amount_cents=500, currency="eur", status=PaymentStatus.ACTION_REQUIRED
    )

    merge_carts(source=source, destination=destination)

    held.refresh_from_db()
    assert held.released_at is not None


# Two cards, each with a printing of its own: (card, zone, whether the printing is asked for), copies.
kinds = st.tuples(st.integers(0, 1), st.sampled_from(["main", "sideboard", "commander"]), st.booleans())
contents = st.dictionaries(kinds, st.integers(1, MAX_QUANTITY), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents, contents)
def test_merging_keeps_the_number_of_copies_of_every_line_up_to_the_limit(left, right):
    cards = [CardFactory(), CardFactory()]
    printings = [PrintingFactory(card=card) for card in cards]
    source, destination = CartFactory(), CartFactory()
    for cart, content in ((source, left), (destination, right)):
        for (card, zone, preferred), quantity in content.items():
            printing = printings[card] if preferred else None
            carts.add_card(
                cart=cart, card=cards[card], quantity=quantity, zone=zone, preferred_printing=printing
            )
    together = Counter(left) + Counter(right)

    merge_carts(source=source, destination=destination)

    assert lines_of(destination) == {
        (cards[card], zone, printings[card] if preferred else None): min(MAX_QUANTITY, copies)
        for (card, zone, preferred), copies in together.items()
    }
    assert not Order.objects.filter(pk=source.pk).exists()
