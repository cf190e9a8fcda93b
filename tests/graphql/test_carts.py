"""What programs do to a cart, what a cart tells, and every way in which it says no."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from inventory.closed_days import shop_calendar
from inventory.decklist import MAX_QUANTITY
from inventory.models import Card, Finish, Zone
from orders import cart as carts
from orders import cart_contents
from orders.cart import MAX_LINES
from orders.cart_ids import create_empty_cart
from orders.dates import earliest_first_day
from orders.models import Order, OrderCard
from orders.states import Status
from tests.factories import (
    TODAY,
    CardFactory,
    PickupFactory,
    PrintingFactory,
    ShippingMethodFactory,
    TemplateDeckFactory,
    UserFactory,
    placed,
    stocked_card,
    template_deck,
)
from tests.graphql.calls import Device, device_of

pytestmark = pytest.mark.django_db

LINES = "{ cart_items { sku quantity zone } }"
ITEMS = "mutation ($id: String!, $items: [CartItemInput!]!)"
ADD = f"{ITEMS} {{ addProductsToCart(cart_id: $id, cart_items: $items) {LINES} }}"
SET = f"{ITEMS} {{ updateCartItems(cart_id: $id, cart_items: $items) {LINES} }}"
REMOVE = f"mutation ($id: String!, $sku: String!) {{ removeItemFromCart(cart_id: $id, sku: $sku) {LINES} }}"
ADD_DECK = (
    f"mutation ($id: String!, $slug: String!) {{ addTemplateDeckToCart(cart_id: $id, slug: $slug) {LINES} }}"
)
ADD_LIST = (
    f"mutation ($id: String!, $text: String!) {{ addDeckListToCart(cart_id: $id, text: $text) {LINES} }}"
)
DAYS = """
mutation ($id: String!, $first: Date!, $last: Date!, $by: String!) {
  setRentalPeriod(cart_id: $id, first_day: $first, last_day: $last, shipping_method: $by) {
    first_day last_day shipping_method deck_available next_start total_cents currency
    cart_items { sku available short }
  }
}"""
SHOW = """
query ($id: String!) { cart(cart_id: $id) {
  total_cents deck_available next_start first_day shipping_method cart_items { sku available short } } }"""
FIRST, LAST = TODAY + timedelta(days=10), TODAY + timedelta(days=12)


@pytest.fixture
def bolt() -> Card:
    return stocked_card(4, name="Lightning Bolt")


@pytest.fixture
def cart(bolt: Card) -> Order:
    """A guest's."""
    return create_empty_cart(user=None)


def guest() -> Device:
    return Device()


def lines_of(cart: Order) -> list[tuple[str, int, str]]:
    lines = cart.order_cards.order_by("card__slug", "zone", "pk").values_list(
        "card__slug", "quantity", "zone"
    )
    return list(lines)


def item(sku: str = "lightning-bolt", quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity, **more}


def days(cart: Order, **other: Any) -> dict[str, Any]:
    return {"id": cart.cart_id, "first": FIRST.isoformat(), "last": LAST.isoformat(), "by": "pickup"} | other


class TestAdding:
    def test_adds_to_the_equal_line_and_apart_from_others(self, cart: Order):
        guest().get(ADD, id=cart.cart_id, items=[item(quantity=1)])
        items = [item(quantity=2), item(zone="sideboard"), item(quantity=1)]
        assert guest().get(ADD, id=cart.cart_id, items=items) == {
            "cart_items": [item(quantity=4, zone="main"), item(quantity=1, zone="sideboard")]
        }

    def test_a_preferred_printing_makes_a_line_of_its_own(self, cart: Order, bolt: Card):
        printing = PrintingFactory(card=bolt, set_code="gnt", collector_number="GNT-52★")
        sku = "lightning-bolt@gnt-GNT-52★"
        shown = guest().get(ADD, id=cart.cart_id, items=[item(sku), item()])
        assert {line["sku"] for line in shown["cart_items"]} == {sku, "lightning-bolt"}
        assert {line.preferred_printing for line in cart.order_cards.all()} == {None, printing}

    def test_of_printings_that_share_a_number_each_has_a_sku_of_its_own(self, cart: Order, bolt: Card):
        edition = {"card": bolt, "set_code": "lea", "collector_number": "161"}
        plain = PrintingFactory(**edition)
        foil = PrintingFactory(**edition, finish=Finish.FOIL)
        japanese = PrintingFactory(**edition, finish=Finish.FOIL, language="ja")
        skus = {
            "lightning-bolt@lea-161": plain,
            "lightning-bolt@lea-161~foil": foil,
            "lightning-bolt@lea-161~ja~foil": japanese,
        }
        shown = guest().get(ADD, id=cart.cart_id, items=[item(sku) for sku in skus])
        assert {line["sku"] for line in shown["cart_items"]} == set(skus)
        assert {line.preferred_printing for line in cart.order_cards.all()} == set(skus.values())
        # Each leads back to its own line.
        for sku in skus:
            guest().get(REMOVE, id=cart.cart_id, sku=sku)
        assert lines_of(cart) == []

    def test_a_printing_that_there_is_in_foil_only_is_named_by_set_and_number(self, cart: Order, bolt: Card):
        PrintingFactory(card=bolt, set_code="lea", collector_number="7", finish=Finish.FOIL)
        shown = guest().get(ADD, id=cart.cart_id, items=[item("lightning-bolt@LEA-007")])
        assert shown["cart_items"][0]["sku"] == "lightning-bolt@lea-7"

    @pytest.mark.parametrize(
        "sku",
        [
            "",
            "@",
            "nothing",
            "lightning-bolt@",
            "lightning-bolt@lea",
            "lightning-bolt@lea-",
            "lightning-bolt@-161",
            "lightning-bolt@lea-161",
            "lightning-bolt@tst-0~silver",
            "lightning-bolt@tst-0~a~b~c",
            "lightning-bolt\x00",
            "x" * 10_000,
            "Lightning Bolt",
        ],
    )
    def test_an_unknown_sku_is_told_and_nothing_is_added(self, cart: Order, sku: str):
        error = guest().error(ADD, id=cart.cart_id, items=[item(), item(sku)])
        assert (error["code"], error["skus"]) == ("UNKNOWN_SKU", [sku])
        assert lines_of(cart) == []

    def test_a_printing_of_another_card_is_none_of_this_one(self, cart: Order):
        PrintingFactory(card=CardFactory(name="Island"), set_code="lea", collector_number="161")
        error = guest().error(ADD, id=cart.cart_id, items=[item("lightning-bolt@lea-161")])
        assert error["code"] == "UNKNOWN_SKU"

    @pytest.mark.parametrize("quantity", [0, -1, -(2**31), MAX_QUANTITY + 1, 2**31 - 1])
    def test_a_quantity_that_no_line_may_have_is_told(self, cart: Order, quantity: int):
        error = guest().error(ADD, id=cart.cart_id, items=[item(zone="sideboard"), item(quantity=quantity)])
        assert error["code"] == "WRONG_QUANTITY"
        assert (error["sku"], error["quantity"], error["max"]) == ("lightning-bolt", quantity, MAX_QUANTITY)
        assert lines_of(cart) == []

    def test_copies_that_are_there_count(self, cart: Order):
        guest().get(ADD, id=cart.cart_id, items=[item(quantity=MAX_QUANTITY - 1)])
        error = guest().error(ADD, id=cart.cart_id, items=[item(quantity=2)])
        assert (error["code"], error["sku"]) == ("WRONG_QUANTITY", "lightning-bolt")
        error = guest().error(ADD, id=cart.cart_id, items=[item(quantity=1)] * 2)
        assert error["code"] == "WRONG_QUANTITY"
        assert lines_of(cart) == [("lightning-bolt", MAX_QUANTITY - 1, "main")]

    @pytest.mark.parametrize("zone", ["", "Main", "maybe", "\x00"])
    def test_a_zone_that_there_is_not_is_told(self, cart: Order, zone: str):
        error = guest().error(ADD, id=cart.cart_id, items=[item(), item(zone=zone)])
        assert (error["code"], error["zone"], error["zones"]) == ("WRONG_ZONE", zone, Zone.values)
        assert lines_of(cart) == []

    def test_no_zone_is_main(self, cart: Order):
        guest().get(ADD, id=cart.cart_id, items=[item(zone=None), item()])
        assert lines_of(cart) == [("lightning-bolt", 2, "main")]

    def test_so_many_items_at_once_and_no_more(self, cart: Order):
        shown = guest().get(ADD, id=cart.cart_id, items=[item()] * (MAX_LINES - 401))
        assert shown["cart_items"][0]["quantity"] == MAX_LINES - 401
        error = guest().error(ADD, id=cart.cart_id, items=[item()] * (MAX_LINES + 1))
        assert (error["code"], error["max"]) == ("TOO_MANY_LINES", MAX_LINES)

    def test_so_many_lines_and_no_more(self, cart: Order):
        cards = [CardFactory() for _ in range(MAX_LINES)]
        OrderCard.objects.bulk_create(OrderCard(order=cart, card=card, quantity=1) for card in cards)
        error = guest().error(ADD, id=cart.cart_id, items=[item()])
        assert (error["code"], error["max"]) == ("TOO_MANY_LINES", MAX_LINES)
        assert cart.order_cards.count() == MAX_LINES

    def test_no_items_change_nothing(self, cart: Order):
        for query in (ADD, SET):
            assert guest().get(query, id=cart.cart_id, items=[]) == {"cart_items": []}


class TestSettingAndRemoving:
    @pytest.fixture(autouse=True)
    def _two_lines(self, cart: Order, bolt: Card) -> None:
        OrderCard.objects.create(order=cart, card=bolt, quantity=4)
        OrderCard.objects.create(order=cart, card=bolt, quantity=2, zone=Zone.SIDEBOARD)

    def test_sets_the_quantity_of_a_line_by_sku_and_zone(self, cart: Order):
        guest().get(SET, id=cart.cart_id, items=[item(quantity=1, zone="sideboard")])
        assert lines_of(cart) == [("lightning-bolt", 4, "main"), ("lightning-bolt", 1, "sideboard")]

    def test_without_zone_it_is_the_line_in_main_or_the_only_one(self, cart: Order):
        guest().get(SET, id=cart.cart_id, items=[item(quantity=3)])
        assert lines_of(cart)[0] == ("lightning-bolt", 3, "main")
        cart.order_cards.filter(zone=Zone.MAIN).delete()
        guest().get(SET, id=cart.cart_id, items=[item(quantity=3)])
        assert lines_of(cart) == [("lightning-bolt", 3, "sideboard")]

    def test_without_zone_and_without_a_line_in_main_it_must_be_told_which(self, cart: Order):
        cart.order_cards.filter(zone=Zone.MAIN).update(zone=Zone.COMMANDER)
        error = guest().error(SET, id=cart.cart_id, items=[item(quantity=3)])
        assert error["code"] == "WRONG_ZONE"
        assert "commander or sideboard" in error["message"]

    def test_0_is_refused_and_says_what_takes_a_line_out(self, cart: Order):
        error = guest().error(
            SET, id=cart.cart_id, items=[item(quantity=1), item(quantity=0, zone="sideboard")]
        )
        assert error["code"] == "WRONG_QUANTITY"
        assert "removeItemFromCart" in error["message"]
        assert lines_of(cart) == [("lightning-bolt", 4, "main"), ("lightning-bolt", 2, "sideboard")]

    @pytest.mark.parametrize(
        ("wrong", "code"),
        [
            (item(zone="commander"), "NOT_IN_CART"),
            (item("island"), "NOT_IN_CART"),
            (item("nothing"), "UNKNOWN_SKU"),
            (item(zone="attic"), "WRONG_ZONE"),
            (item(quantity=MAX_QUANTITY + 1, zone="sideboard"), "WRONG_QUANTITY"),
            (item(quantity=2), "SAME_ITEM_TWICE"),
        ],
    )
    def test_what_is_wrong_is_told_and_no_line_has_changed(self, cart: Order, wrong: dict, code: str):
        CardFactory(name="Island")
        error = guest().error(SET, id=cart.cart_id, items=[item(quantity=1), wrong])
        assert error["code"] == code
        assert lines_of(cart) == [("lightning-bolt", 4, "main"), ("lightning-bolt", 2, "sideboard")]

    def test_removes_every_line_of_exactly_that_sku(self, cart: Order, bolt: Card):
        PrintingFactory(card=bolt, set_code="lea", collector_number="161")
        guest().get(ADD, id=cart.cart_id, items=[item("lightning-bolt@lea-161")])
        shown = guest().get(REMOVE, id=cart.cart_id, sku="lightning-bolt")
        assert shown["cart_items"] == [item("lightning-bolt@lea-161", 1, zone="main")]

    def test_what_was_removed_can_be_put_back_on_the_site(self, cart: Order):
        guest().get(REMOVE, id=cart.cart_id, sku="lightning-bolt")
        assert {tuple(row[1:]) for row in cart.removals.get().lines} == {
            ("main", None, 4),
            ("sideboard", None, 2),
        }

    def test_what_is_not_there_is_told(self, cart: Order):
        CardFactory(name="Island")
        error = guest().error(REMOVE, id=cart.cart_id, sku="island")
        assert (error["code"], error["sku"]) == ("NOT_IN_CART", "island")
        assert guest().error(REMOVE, id=cart.cart_id, sku="no\x00thing")["code"] == "UNKNOWN_SKU"


class TestDecksAndLists:
    def test_a_deck_on_offer_goes_in_whole(self, cart: Order, bolt: Card):
        deck = template_deck({bolt: 4, (CardFactory(name="Island"), Zone.SIDEBOARD): 2}, name="Burn")
        shown = guest().get(ADD_DECK, id=cart.cart_id, slug=deck.slug)
        assert shown["cart_items"] == [item(quantity=4, zone="main"), item("island", 2, zone="sideboard")]
        assert cart.order_template_decks.get().template_deck == deck

    @pytest.mark.parametrize("by", ["deck", "list"])
    def test_of_what_a_line_cannot_take_every_card_is_named_and_nothing_goes_in(
        self, cart: Order, bolt: Card, by: str
    ):
        island, opt = CardFactory(name="Island"), CardFactory(name="Opt")
        for card in (bolt, island, opt):
            copies = 1 if card == opt else MAX_QUANTITY - 1
            OrderCard.objects.create(order=cart, card=card, quantity=copies)
        deck = template_deck({bolt: 4, island: 2, opt: 1}, name="Burn")
        if by == "deck":
            error = guest().error(ADD_DECK, id=cart.cart_id, slug=deck.slug)
        else:
            error = guest().error(ADD_LIST, id=cart.cart_id, text="4 Lightning Bolt\n2 Island\n1 Opt")
        assert (error["code"], error["max"]) == ("WRONG_QUANTITY", MAX_QUANTITY)
        assert sorted(error["skus"]) == ["island", "lightning-bolt"]
        assert "Island, Lightning Bolt" in error["message"]
        assert sorted(line[1] for line in lines_of(cart)) == [1, MAX_QUANTITY - 1, MAX_QUANTITY - 1]

    @pytest.mark.parametrize("slug", ["nothing", "draft", "", "\x00"])
    def test_a_deck_that_is_not_on_offer_is_not_there(self, cart: Order, slug: str):
        TemplateDeckFactory(name="Draft", published=False)
        error = guest().error(ADD_DECK, id=cart.cart_id, slug=slug)
        assert (error["code"], error["slug"]) == ("UNKNOWN_DECK", slug)

    def test_a_list_goes_in_whole(self, cart: Order):
        CardFactory(name="Island")
        shown = guest().get(ADD_LIST, id=cart.cart_id, text="4 Lightning Bolt\n\nSideboard\n2 Island")
        assert shown["cart_items"] == [item(quantity=4, zone="main"), item("island", 2, zone="sideboard")]

    def test_of_a_list_with_unknown_lines_nothing_goes_in_and_each_is_told(self, cart: Order):
        error = guest().error(ADD_LIST, id=cart.cart_id, text="4 Lightning Bolt\n1 Lihgtning Bolt\n0 Island")
        assert error["code"] == "UNREADABLE_LINES"
        assert [line["number"] for line in error["lines"]] == [2, 3]
        assert error["lines"][0]["text"] == "1 Lihgtning Bolt"
        assert error["lines"][0]["nearest"] == ["Lightning Bolt"]
        assert error["lines"][0]["message"]
        assert lines_of(cart) == []

    @pytest.mark.parametrize("text", ["", "\n\n", "// only a comment"])
    def test_a_list_without_cards_says_so(self, cart: Order, text: str):
        error = guest().error(ADD_LIST, id=cart.cart_id, text=text)
        assert error["code"] in ("CART_REFUSED", "UNREADABLE_LINES")
        assert lines_of(cart) == []

    def test_a_list_of_anything_is_answered(self, cart: Order):
        for text in ("\x00", "4 \x00", "1 " + "x" * 50_000, "9" * 5_000 + " Island", "\U0001f980" * 5_000):
            assert guest().error(ADD_LIST, id=cart.cart_id, text=text)["code"] != "INTERNAL"


class TestDays:
    def test_the_cart_tells_what_the_shop_can_deliver_on_its_days(self, cart: Order):
        PickupFactory()
        guest().get(ADD, id=cart.cart_id, items=[item(quantity=3)])
        shown = guest().get(DAYS, **days(cart))
        assert shown | {"total_cents": 0} == {
            "first_day": FIRST.isoformat(),
            "last_day": LAST.isoformat(),
            "shipping_method": "pickup",
            "deck_available": True,
            "next_start": FIRST.isoformat(),
            "total_cents": 0,
            "currency": "eur",
            "cart_items": [{"sku": "lightning-bolt", "available": True, "short": 0}],
        }

    def test_what_is_short_is_told_with_the_first_day_on_which_it_is_not(self, cart: Order, bolt: Card):
        PickupFactory()
        placed({bolt: 3}, first_day=FIRST, days=5)
        guest().get(ADD, id=cart.cart_id, items=[item(quantity=3), item(quantity=1, zone="sideboard")])
        shown = guest().get(DAYS, **days(cart))
        engine = cart.__class__.objects.get(pk=cart.pk).deck_available(today=TODAY)
        assert shown["deck_available"] is engine.available is False
        assert shown["next_start"] == engine.next_start.isoformat() > LAST.isoformat()
        assert [line["short"] for line in shown["cart_items"]] == [2, 1]
        assert [line["available"] for line in shown["cart_items"]] == [False, False]

    @pytest.mark.parametrize("later", [9, 10, 30])
    def test_days_that_can_no_longer_be_had_are_not_available(self, cart: Order, later: int):
        """They came nearer than shipping takes, or have passed, while the cart lay there."""
        method = ShippingMethodFactory(lead_days=1, transit_out_days=2)
        guest().get(ADD, id=cart.cart_id, items=[item(quantity=3)])
        guest().get(DAYS, **days(cart, by=method.slug))
        today = TODAY + timedelta(days=later)
        with time_machine.travel(timezone.now() + timedelta(days=later), tick=True):
            shown = guest().get(SHOW, id=cart.cart_id)
        earliest = earliest_first_day(method, today=today, calendar=shop_calendar())
        assert shown["deck_available"] is False
        assert shown["next_start"] == earliest.isoformat() > FIRST.isoformat()

    def test_without_days_nothing_is_said_of_them_and_the_total_is_for_a_day(self, cart: Order):
        guest().get(ADD, id=cart.cart_id, items=[item(quantity=3)])
        assert guest().get(SHOW, id=cart.cart_id) == {
            "total_cents": 3 * 5,  # 1 % of 500 a day
            "deck_available": None,
            "next_start": None,
            "first_day": None,
            "shipping_method": None,
            "cart_items": [{"sku": "lightning-bolt", "available": None, "short": None}],
        }

    def test_with_days_the_total_is_that_of_the_checkout(self, cart: Order):
        ShippingMethodFactory()
        guest().get(ADD, id=cart.cart_id, items=[item(quantity=100)])
        shown = guest().get(DAYS, **days(cart, by="standard"))
        assert shown["total_cents"] == round((100 * 5 * 3 + 590) * 1.19)

    def test_an_empty_cart_costs_nothing(self, cart: Order):
        PickupFactory()
        assert guest().get(DAYS, **days(cart))["total_cents"] == 0

    def test_a_cart_that_costs_more_than_an_order_can_says_so(self, cart: Order):
        PickupFactory()
        treasure = stocked_card(1, name="Treasure", value_cents=2_000_000_000)
        OrderCard.objects.create(order=cart, card=treasure, quantity=MAX_QUANTITY)
        error = guest().error("query ($id: String!) { cart(cart_id: $id) { total_cents } }", id=cart.cart_id)
        assert error["code"] == "TOTAL_TOO_LARGE"
        assert guest().get("query ($id: String!) { cart(cart_id: $id) { cart_id } }", id=cart.cart_id)

    @pytest.mark.parametrize("asked", ["total_cents", "cart_id"])
    def test_what_would_make_it_cost_so_much_is_not_done(self, cart: Order, asked: str):
        """Whether or not the answer is to tell the total: what is refused to one caller is refused to all."""
        PickupFactory()
        stocked_card(1, name="Treasure", value_cents=2_000_000_000)
        add = ADD.replace(LINES, f"{{ {asked} }}")
        guest().get(add, id=cart.cart_id, items=[item("treasure", 50)])
        assert guest().error(add, id=cart.cart_id, items=[item("treasure", 150)])["code"] == "TOTAL_TOO_LARGE"
        error = guest().error(
            SET.replace(LINES, f"{{ {asked} }}"), id=cart.cart_id, items=[item("treasure", 250)]
        )
        assert error["code"] == "TOTAL_TOO_LARGE"
        assert guest().error(DAYS, **days(cart))["code"] == "TOTAL_TOO_LARGE"
        assert lines_of(cart) == [("treasure", 50, "main")]
        assert Order.objects.get(pk=cart.pk).first_day is None

    def test_a_cart_that_costs_too_much_is_made_smaller_by_removing(self, cart: Order, bolt: Card):
        """It may come to that by other ways: prices rise."""
        for name in ("Treasure", "Hoard"):
            card = stocked_card(1, name=name, value_cents=2_000_000_000)
            OrderCard.objects.create(order=cart, card=card, quantity=MAX_QUANTITY)
        for sku in ("treasure", "hoard"):
            guest().get(REMOVE, id=cart.cart_id, sku=sku)
        assert lines_of(cart) == []

    @pytest.mark.parametrize("name", ["pickup", "Pickup", " PICKUP "])
    def test_a_way_of_shipping_is_known_by_slug_and_name(self, cart: Order, name: str):
        PickupFactory()
        assert guest().get(DAYS, **days(cart, by=name))["shipping_method"] == "pickup"

    @pytest.mark.parametrize("name", ["", "pigeon", "old", "\x00"])
    def test_a_way_that_is_not_offered_is_told_with_those_that_are(self, cart: Order, name: str):
        PickupFactory()
        ShippingMethodFactory(position=1)
        ShippingMethodFactory(slug="old", name="Old", active=False)
        error = guest().error(DAYS, **days(cart, by=name))
        assert (error["code"], error["choices"]) == ("UNKNOWN_SHIPPING_METHOD", ["pickup", "standard"])
        assert Order.objects.get(pk=cart.pk).first_day is None

    @pytest.mark.parametrize(
        ("first", "last", "field"),
        [
            (TODAY - timedelta(days=1), LAST, "first_day"),
            (LAST, FIRST, "last_day"),
            (FIRST, FIRST + timedelta(days=100), "last_day"),
            (date.max, date.max, "first_day"),
            (FIRST, date.max, "last_day"),
            (date.min, LAST, "first_day"),
        ],
    )
    def test_days_that_are_not_rented_are_told(self, cart: Order, first, last, field: str):
        PickupFactory()
        error = guest().error(DAYS, **days(cart, first=first.isoformat(), last=last.isoformat()))
        assert (error["code"], error["field"]) == ("WRONG_DAYS", field)
        assert Order.objects.get(pk=cart.pk).first_day is None

    def test_the_engine_is_asked_once_however_many_fields_ask(self, cart: Order, monkeypatch):
        PickupFactory()
        guest().get(ADD, id=cart.cart_id, items=[item(quantity=9)])
        guest().get(DAYS, **days(cart))
        asked = []
        for name in ("deck_shortfalls", "next_start", "lines_of"):
            whole = getattr(cart_contents, name)
            monkeypatch.setattr(
                cart_contents, name, lambda *a, n=name, f=whole, **k: (asked.append(n), f(*a, **k))[1]
            )
        guest().get(SHOW, id=cart.cart_id)
        assert sorted(asked) == ["deck_shortfalls", "lines_of", "next_start"]
        asked.clear()
        guest().get("query ($id: String!) { cart(cart_id: $id) { cart_id first_day } }", id=cart.cart_id)
        assert asked == []
        guest().get("query ($id: String!) { cart(cart_id: $id) { deck_available } }", id=cart.cart_id)
        assert "next_start" not in asked


def test_a_customers_cart_after_an_order_is_a_new_one(bolt: Card):
    user = UserFactory(password="")
    order = placed({bolt: 1}, user=user)
    shown = device_of(user).get("{ customerCart { cart_id cart_items { sku } } }")
    assert shown["cart_id"] != order.cart_id
    assert shown["cart_items"] == []


def test_create_empty_cart_gives_each_guest_one_of_their_own():
    first, second = (guest().get("mutation { createEmptyCart }") for _ in range(2))
    assert first != second
    made = Order.objects.filter(cart_id__in=[first, second], status=Status.CART, user=None)
    assert len({cart.guest_id for cart in made}) == 2


def test_create_empty_cart_gives_a_customer_their_own_with_what_is_in_it(bolt: Card):
    device = device_of(UserFactory(password=""))
    cart_id = device.get("mutation { createEmptyCart }")
    device.get(ADD, id=cart_id, items=[item()])
    assert device.get("mutation { createEmptyCart }") == cart_id
    assert device.get("{ customerCart { cart_id cart_items { sku } } }") == {
        "cart_id": cart_id,
        "cart_items": [{"sku": "lightning-bolt"}],
    }


def test_a_cart_that_is_submitted_meanwhile_is_told_like_one_that_is_gone(
    cart: Order, bolt: Card, monkeypatch
):
    """Found as a cart, and at the lock it is none any more."""
    submitted = placed({stocked_card(1): 1})
    lock = carts.lock_order
    monkeypatch.setattr(carts, "lock_order", lambda pk: lock(submitted.pk))
    error = guest().error(ADD, id=cart.cart_id, items=[item()])
    assert (error["code"], error["message"]) == ("CART_NOT_FOUND", "Could not find a cart with ID")
