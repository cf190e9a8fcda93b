"""mergeCarts: once, whatever is sent again and whoever sends it at the same moment."""

from datetime import timedelta

import pytest

from inventory.decklist import MAX_QUANTITY
from inventory.models import Card, Zone
from orders import cart as carts
from orders import cart_ids, merging
from orders.cart_ids import CartNotFound, create_empty_cart, customer_cart, merge_guest_cart
from orders.checkout import settle
from orders.merging import pour
from orders.models import MergedCart, Order, OrderCard
from orders.sign_in import give_to_user
from tests.factories import (
    TODAY,
    CardFactory,
    PickupFactory,
    PrintingFactory,
    UserFactory,
    cart_with,
    held_payment,
    stocked_card,
)
from tests.graphql.calls import CART, MERGE, Device, device_of
from tests.racing import at_the_same_moment, failed, meet_after, race

pytestmark = pytest.mark.django_db


def filled(cart: Order, copies: int = 2) -> Order:
    card = Card.objects.filter(slug="product-a").first() or stocked_card(9, name="Product A")
    OrderCard.objects.create(order=cart, card=card, quantity=copies)
    return cart


def test_copies_of_equal_lines_add_up_and_others_stand_apart():
    user = UserFactory(password="")
    source, destination = filled(create_empty_cart(user=None)), filled(customer_cart(user=user), 3)
    card = source.order_cards.get().card
    OrderCard.objects.create(order=source, card=card, quantity=1, zone=Zone.SIDEBOARD)
    merged = device_of(user).get(MERGE, source=source.cart_id, destination=destination.cart_id)
    assert merged["cart_items"] == [{"sku": "product-a", "quantity": 5}, {"sku": "product-a", "quantity": 1}]


def test_asked_again_it_answers_the_same_and_adds_nothing():
    user = UserFactory(password="")
    source, destination = filled(create_empty_cart(user=None)), customer_cart(user=user)
    device = device_of(user)
    once = device.get(MERGE, source=source.cart_id, destination=destination.cart_id)
    again = device.get(MERGE, source=source.cart_id, destination=destination.cart_id)
    assert once == again
    assert once["cart_items"] == [{"sku": "product-a", "quantity": 2}]


def test_after_a_sign_in_on_the_site_it_answers_what_sign_in_has_merged():
    user = UserFactory(password="")
    source, destination = filled(create_empty_cart(user=None)), customer_cart(user=user)
    give_to_user(guest=source.guest, user=user)
    merged = device_of(user).get(MERGE, source=source.cart_id, destination=destination.cart_id)
    assert merged["cart_items"] == [{"sku": "product-a", "quantity": 2}]
    assert Device().error(CART, cart_id=source.cart_id)["message"] == "Could not find a cart with ID"


def test_after_a_checkout_it_answers_the_present_cart():
    """What went in is in the order: the program asks again with the ids it knows, or with that of the next cart."""
    user = UserFactory(password="")
    source, destination = filled(create_empty_cart(user=None)), cart_with({stocked_card(9): 1}, user=user)
    device = device_of(user)
    device.get(MERGE, source=source.cart_id, destination=destination.cart_id)
    order = settle(payment=held_payment(Order.objects.get(pk=destination.pk)), today=TODAY)
    for known in (destination.cart_id, customer_cart(user=user).cart_id):
        again = device.get(MERGE, source=source.cart_id, destination=known)
        assert again == {"cart_id": customer_cart(user=user).cart_id, "cart_items": []}
    assert order.demand() == Order.objects.get(pk=order.pk).demand()
    assert order.order_cards.count() == 2


def test_after_a_checkout_nothing_more_is_merged_into_the_order():
    user = UserFactory(password="")
    first, second = filled(create_empty_cart(user=None)), filled(create_empty_cart(user=None))
    destination = cart_with({stocked_card(9): 1}, user=user)
    device = device_of(user)
    device.get(MERGE, source=first.cart_id, destination=destination.cart_id)
    settle(payment=held_payment(Order.objects.get(pk=destination.pk)), today=TODAY)
    error = device.error(MERGE, source=second.cart_id, destination=destination.cart_id)
    assert error["code"] == "CART_NOT_FOUND"
    assert second.order_cards.get().quantity == 2


def test_what_went_into_another_customers_order_is_found_by_nobody_else():
    user, other = UserFactory(password=""), UserFactory(password="")
    source, destination = filled(create_empty_cart(user=None)), cart_with({stocked_card(9): 1}, user=other)
    device_of(other).get(MERGE, source=source.cart_id, destination=destination.cart_id)
    settle(payment=held_payment(Order.objects.get(pk=destination.pk)), today=TODAY)
    for known in (destination.cart_id, customer_cart(user=user).cart_id):
        error = device_of(user).error(MERGE, source=source.cart_id, destination=known)
        assert error["code"] == "CART_NOT_FOUND"


def test_what_went_into_another_customers_cart_is_found_by_nobody_else():
    user, other = UserFactory(password=""), UserFactory(password="")
    source = filled(create_empty_cart(user=None))
    device_of(other).get(MERGE, source=source.cart_id, destination=customer_cart(user=other).cart_id)
    mine = customer_cart(user=user)
    error = device_of(user).error(MERGE, source=source.cart_id, destination=mine.cart_id)
    assert error["code"] == "CART_NOT_FOUND"
    assert not mine.order_cards.exists()


def test_the_source_must_be_a_guests_cart():
    user = UserFactory(password="")
    mine = filled(customer_cart(user=user))
    error = device_of(user).error(MERGE, source=mine.cart_id, destination=mine.cart_id)
    assert (error["code"], error["field"]) == ("NOT_MERGEABLE", "source_cart_id")
    assert mine.order_cards.get().quantity == 2


def test_the_destination_must_be_the_customers_own_cart():
    source, guests = filled(create_empty_cart(user=None)), create_empty_cart(user=None)
    error = device_of(UserFactory(password="")).error(
        MERGE, source=source.cart_id, destination=guests.cart_id
    )
    assert (error["code"], error["field"]) == ("NOT_MERGEABLE", "destination_cart_id")
    assert Order.objects.filter(pk=source.pk).exists()


def test_a_guest_merges_nothing():
    source, other = filled(create_empty_cart(user=None)), create_empty_cart(user=None)
    error = Device().error(MERGE, source=source.cart_id, destination=other.cart_id)
    assert error["code"] == "UNAUTHENTICATED"
    assert Order.objects.filter(pk=source.pk).exists()


def test_days_of_the_guest_come_along():
    user = UserFactory(password="")
    source, destination = filled(create_empty_cart(user=None)), customer_cart(user=user)
    day = TODAY + timedelta(days=10)
    set_days = """mutation ($id: String!, $day: Date!) {
      setRentalPeriod(cart_id: $id, first_day: $day, last_day: $day, shipping_method: "pickup") { first_day } }"""
    PickupFactory()
    Device().get(set_days, id=source.cart_id, day=day.isoformat())
    device = device_of(user)
    device.get(MERGE, source=source.cart_id, destination=destination.cart_id)
    assert device.get("{ customerCart { first_day shipping_method } }") == {
        "first_day": day.isoformat(),
        "shipping_method": "pickup",
    }


def test_the_record_goes_with_its_destination():
    user = UserFactory(password="")
    source, destination = filled(create_empty_cart(user=None)), customer_cart(user=user)
    merge_guest_cart(source_cart_id=source.cart_id, destination_cart_id=destination.cart_id, user=user)
    assert MergedCart.objects.get().destination == destination
    Order.objects.get(pk=destination.pk).delete()
    assert not MergedCart.objects.exists()


def test_the_record_follows_its_destination_into_an_order():
    """A cart that is poured into an order that comes back to the cart takes what it knows along."""
    user = UserFactory(password="")
    source, destination = filled(create_empty_cart(user=None)), customer_cart(user=user)
    merge_guest_cart(source_cart_id=source.cart_id, destination_cart_id=destination.cart_id, user=user)
    other = customer_cart(user=UserFactory(password=""))
    pour(source=Order.objects.get(pk=destination.pk), destination=other)
    assert MergedCart.objects.get().destination == other


def test_nothing_of_it_is_done_where_it_fails_half_way(monkeypatch):
    user = UserFactory(password="")
    source, destination = filled(create_empty_cart(user=None)), customer_cart(user=user)

    def fails(*args, **kwargs):
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(merging, "release_hold", fails)
    error = device_of(user).error(MERGE, source=source.cart_id, destination=destination.cart_id)
    assert error["code"] == "INTERNAL"
    assert source.order_cards.get().quantity == 2
    assert not destination.order_cards.exists()
    assert not MergedCart.objects.exists()


def test_copies_that_do_not_fit_are_told_and_nothing_has_moved():
    user = UserFactory(password="")
    source = filled(create_empty_cart(user=None), MAX_QUANTITY)
    destination = filled(customer_cart(user=user), 1)
    island = stocked_card(1, name="Island")
    printing = PrintingFactory(card=island, set_code="lea", collector_number="7")
    for cart, copies in ((source, 1), (destination, MAX_QUANTITY)):
        OrderCard.objects.create(order=cart, card=island, preferred_printing=printing, quantity=copies)
        OrderCard.objects.create(order=cart, card=island, quantity=1)  # fits
    error = device_of(user).error(MERGE, source=source.cart_id, destination=destination.cart_id)
    assert (error["code"], error["max"]) == ("WRONG_QUANTITY", MAX_QUANTITY)
    assert sorted(error["skus"]) == ["island@lea-7", "product-a"]
    assert sorted(source.order_cards.values_list("quantity", flat=True)) == [1, 1, MAX_QUANTITY]
    assert sorted(destination.order_cards.values_list("quantity", flat=True)) == [1, 1, MAX_QUANTITY]
    assert not MergedCart.objects.exists()


class TestTooManyLines:
    """A program merges no more than a cart may have; whoever signs in on a page loses nothing."""

    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch) -> None:
        for module in (carts, cart_ids):
            monkeypatch.setattr(module, "MAX_LINES", 2)

    def carts_of(self, user) -> tuple[Order, Order]:
        source, destination = create_empty_cart(user=None), customer_cart(user=user)
        for cart, lines in ((source, 2), (destination, 1)):
            for _ in range(lines):
                OrderCard.objects.create(order=cart, card=CardFactory(), quantity=1)
        return source, destination

    def test_are_told_to_a_program_and_nothing_has_moved(self):
        user = UserFactory(password="")
        source, destination = self.carts_of(user)
        error = device_of(user).error(MERGE, source=source.cart_id, destination=destination.cart_id)
        assert error["code"] == "TOO_MANY_LINES"
        assert (source.order_cards.count(), destination.order_cards.count()) == (2, 1)

    def test_as_many_as_a_cart_may_have_go_in(self):
        user = UserFactory(password="")
        source, destination = self.carts_of(user)
        source.order_cards.first().delete()
        merged = device_of(user).get(MERGE, source=source.cart_id, destination=destination.cart_id)
        assert len(merged["cart_items"]) == 2

    def test_all_come_along_at_sign_in(self):
        user = UserFactory(password="")
        source, destination = self.carts_of(user)
        give_to_user(guest=source.guest, user=user)
        assert destination.order_cards.count() == 3


class TestAtTheSameMoment:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_two_merges_of_one_cart_add_once_and_both_answer(self, monkeypatch):
        user = UserFactory(password="")
        source, destination = filled(create_empty_cart(user=None)), filled(customer_cart(user=user), 3)
        meet_before_the_lock(monkeypatch)
        answers = at_the_same_moment(*[lambda: merged(source, destination, user)] * 2)
        assert answers == [5, 5]
        assert destination.order_cards.get().quantity == 5

    def test_without_the_locks_the_race_is_there(self, monkeypatch):
        """The negative control: two who both hold the cart unlocked do not both come to the right end."""
        user = UserFactory(password="")
        source, destination = filled(create_empty_cart(user=None)), filled(customer_cart(user=user), 3)
        monkeypatch.setattr(merging, "lock_order", lambda pk: Order.objects.get(pk=pk))
        meet_after(monkeypatch, merging, "lock_order", times=2)
        ends = race(*[lambda: merged(source, destination, user)] * 2)
        assert failed(ends) or ends != [5, 5]

    def test_a_merge_and_a_sign_in_add_once(self, monkeypatch):
        user = UserFactory(password="")
        source, destination = filled(create_empty_cart(user=None)), filled(customer_cart(user=user), 3)
        guest = source.guest
        at_the_same_moment(
            lambda: merged(source, destination, user), lambda: give_to_user(guest=guest, user=user)
        )
        assert destination.order_cards.get().quantity == 5

    def test_two_customers_who_both_know_it_do_not_both_get_it(self, monkeypatch):
        first, second = UserFactory(password=""), UserFactory(password="")
        source = filled(create_empty_cart(user=None))
        mine, yours = customer_cart(user=first), customer_cart(user=second)
        meet_before_the_lock(monkeypatch)
        ends = race(lambda: merged(source, mine, first), lambda: merged(source, yours, second))
        assert [type(end) for end in failed(ends)] == [CartNotFound]
        assert OrderCard.objects.get().quantity == 2


def merged(source: Order, destination: Order, user) -> int:
    """The copies that the answer shows."""
    cart = merge_guest_cart(source_cart_id=source.cart_id, destination_cart_id=destination.cart_id, user=user)
    return cart.order_cards.get().quantity


def meet_before_the_lock(monkeypatch) -> None:
    """Both have found both carts before either locks one."""
    meet_after(monkeypatch, cart_ids, "find_cart", parties=2, times=2)
