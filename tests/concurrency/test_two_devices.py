"""Two devices, or two tabs, at the same moment: nothing is lost, nothing is there twice, and whoever lost is told.

Each race is run several times and comes to one of the ends that it may have; `-s` prints how often to which:

    pytest -s tests/concurrency/test_two_devices.py -k race
"""

import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.guests import SESSION_KEY, guest_of
from accounts.models import Guest, User
from inventory.models import Card
from orders import cart as carts
from orders import checkout
from orders.cart import CartError
from orders.checkout import CheckoutError
from orders.models import Order, OrderCard, Payment, Removal
from orders.states import Status
from tests.devices import add, shown, sign_in
from tests.factories import TODAY, UserFactory, cart_with, held_payment, stocked_card
from tests.orders.test_views import browser_of, messages_of
from tests.racing import (
    LONG_ENOUGH_SECONDS,
    MEETING_SECONDS,
    at_the_same_moment,
    begin_elsewhere,
    elsewhere,
    meet_after,
    once_after,
    once_before,
    race,
    wait_until_somebody_waits_for_us,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("tries_counted_alone")]

ROUNDS = 8


# --- what devices do --------------------------------------------------------------------------------------


def device_of(user: User) -> Client:
    device = Client()
    device.force_login(user)
    return device


def tab_beside(device: Client) -> Client:
    """Another tab of the same browser."""
    tab = Client()
    for name, cookie in device.cookies.items():
        tab.cookies[name] = cookie.value
    return tab


def remove(device: Client, line: OrderCard) -> HttpResponse:
    return device.post(reverse("orders:update_line", args=[line.pk]), {"remove": "1"})


def copies_everywhere(card: Card) -> int:
    return sum(OrderCard.objects.filter(card=card).values_list("quantity", flat=True))


def the_page_says(response: HttpResponse, text: str) -> bool:
    return any(text in message for message in messages_of(response))


def assert_tells_of_signing_in(page: HttpResponse) -> None:
    """It may have been added, or not: the page claims neither, and leads to where it is seen."""
    text = page.content.decode()
    assert "You signed in or out in another tab at this very moment." in text
    assert f'href="{reverse("orders:cart")}"' in text
    assert "Nothing has changed" not in text


def without_the_row_lock(cart: Order) -> Order:
    """For negative controls: what lock_cart checks, and no lock."""
    found = Order.objects.filter(pk=cart.pk).first()
    if found is None or found.status != Status.CART:
        raise CartError("gone")
    return found


# --- the ends of a race, counted --------------------------------------------------------------------------


def both_add_the_same_card() -> str:
    user, card = UserFactory(), stocked_card(9)
    first, second = device_of(user), device_of(user)

    answers = at_the_same_moment(partial(add, first, card, 2), partial(add, second, card, 3))

    assert [answer.status_code for answer in answers] == [302, 302]
    assert shown(first) == shown(second) == {card.name: 5}
    assert Order.objects.filter(user=user).count() == 1
    return "one line with the sum"


def one_removes_while_the_other_adds() -> str:
    user, card = UserFactory(), stocked_card(9)
    cart = cart_with({card: 2}, user=user)
    first, second = device_of(user), device_of(user)

    answers = at_the_same_moment(
        partial(remove, first, cart.order_cards.get()), partial(add, second, card, 3)
    )

    assert [answer.status_code for answer in answers] == [302, 302]
    left = shown(first).get(card.name, 0)
    [*_, removed] = Removal.objects.get(order=cart).lines[0]
    assert left + removed == 5, "what is not in the cart can be put back"
    assert left in (0, 3)
    return "added after the removal: 3 in the cart" if left else "removed with what was added: 5 to put back"


def one_checks_out_while_the_other_adds() -> str:
    user, card, new = UserFactory(), stocked_card(9), stocked_card(9, value_cents=90_000)
    cart = cart_with({card: 2}, user=user)
    payment = held_payment(cart)
    device = device_of(user)

    settled, answer = race(lambda: checkout.settle(payment=payment, today=TODAY), partial(add, device, new))

    assert answer.status_code == 302
    assert the_page_says(answer, f"Added 1 × {new.name}")
    assert copies_everywhere(new) == 1
    cart.refresh_from_db()
    payment.refresh_from_db()
    if cart.status == Status.CART:
        assert isinstance(settled, CheckoutError)
        assert payment.released_at is not None
        assert shown(device) == {card.name: 2, new.name: 1}
        return "added before: nothing is held, the new total is shown"
    assert cart.status == Status.OPEN
    assert cart.demand() == {card.pk: 2}
    assert shown(device) == {new.name: 1}
    at_that_moment = the_page_says(answer, f"it is order {cart.number} now")
    return "submitted before: a new cart" + (", and the message says so" if at_that_moment else "")


def both_sign_in_with_a_guests_cart_each() -> str:
    user, first_card, second_card, both = UserFactory(), *(stocked_card(9) for _ in range(3))
    first, second = (browser_of(cart_with({own: 1, both: 2})) for own in (first_card, second_card))

    answers = at_the_same_moment(partial(sign_in, first, user), partial(sign_in, second, user))

    assert [answer.status_code for answer in answers] == [302, 302]
    assert all(the_page_says(answer, "3 cards from before you signed in") for answer in answers)
    assert shown(first) == shown(second) == {first_card.name: 1, second_card.name: 1, both.name: 4}
    assert Order.objects.filter(order_cards__card=both).get().user == user
    return "one cart with both"


def signing_in_while_another_tab_adds() -> str:
    user, card, new = UserFactory(), stocked_card(9), stocked_card(9)
    browser = browser_of(cart_with({card: 2}))
    tab = tab_beside(browser)

    signed_in, added = at_the_same_moment(partial(sign_in, browser, user), partial(add, tab, new))

    assert signed_in.status_code == 302
    assert added.status_code in (302, 400)
    if added.status_code == 400:
        assert_tells_of_signing_in(added)
    if "_auth_user_id" in browser.session and copies_everywhere(new):
        # Wherever it went, this browser has it: in the customer's cart, or in a new guest's of the other tab.
        assert copies_everywhere(new) == 1
    assert copies_everywhere(card) == 2
    users = shown(browser)
    assert users[card.name] == 2
    if new.name in users:
        said = the_page_says(added, "You signed in at the same moment")
        return "in the customer's cart" + (", and the message says so" if said else "")
    assert shown(tab) == {new.name: 1}
    return "in a cart of the tab that was signed out"


def signing_in_twice_at_once() -> str:
    user, card = UserFactory(), stocked_card(9)
    cart_with({card: 1}, user=user)
    browser = browser_of(cart_with({card: 2}))
    tab = tab_beside(browser)

    answers = at_the_same_moment(partial(sign_in, browser, user), partial(sign_in, tab, user))

    assert [answer.status_code for answer in answers] == [302, 302]
    assert shown(browser) == shown(tab) == {card.name: 3}
    told = sum(the_page_says(answer, "2 cards from before you signed in are") for answer in answers)
    assert told == 1
    return "brought along once, told once"


@pytest.mark.parametrize(
    "crossing",
    [
        both_add_the_same_card,
        one_removes_while_the_other_adds,
        one_checks_out_while_the_other_adds,
        both_sign_in_with_a_guests_cart_each,
        signing_in_while_another_tab_adds,
        signing_in_twice_at_once,
    ],
    ids=lambda crossing: crossing.__name__,
)
def test_every_race_of_two_devices_comes_to_an_end_that_it_may_have(crossing: Callable[[], str]):
    ends: Counter[str] = Counter()

    for _ in range(ROUNDS):
        ends[crossing()] += 1

    for end, times in ends.most_common():
        sys.stdout.write(f"| {crossing.__name__.replace('_', ' ')} | {end} | {times} of {ROUNDS} |\n")


# --- both add ---------------------------------------------------------------------------------------------


def both_add_one_to_two(monkeypatch, *, seconds: float) -> int:
    """They meet where both have read the line, if nothing keeps them apart; the copies then."""
    user, card = UserFactory(), stocked_card(9)
    cart = cart_with({card: 2}, user=user)
    meet_after(monkeypatch, carts, "check_copies", times=2, seconds=seconds)
    at_the_same_moment(*(partial(add, device_of(user), card) for _ in range(2)))
    return cart.order_cards.get().quantity


def test_of_two_copies_that_are_added_at_the_same_moment_both_count(monkeypatch):
    assert both_add_one_to_two(monkeypatch, seconds=MEETING_SECONDS) == 4


def test_negative_control_without_the_row_lock_one_of_two_copies_is_lost(monkeypatch):
    monkeypatch.setattr(carts, "lock_cart", without_the_row_lock)

    assert both_add_one_to_two(monkeypatch, seconds=LONG_ENOUGH_SECONDS) == 3


# --- one checks out ---------------------------------------------------------------------------------------


def paid_on_another_device(user: User) -> tuple[Order, Callable[[], Order]]:
    """A cart, and how it is submitted."""
    cart = cart_with({stocked_card(9): 2}, user=user)
    held_payment(cart)
    return cart, lambda: elsewhere(lambda: checkout.settle(payment=Payment.objects.get(), today=TODAY))


ADDING = {
    "a card": lambda device, card: add(device, card),
    "a quick add": lambda device, card: device.post(reverse("orders:quick_add"), {"cards": f"1 {card.name}"}),
}


@pytest.mark.parametrize("adding", ADDING)
def test_what_is_added_while_another_device_checks_out_starts_a_new_cart_and_says_so(monkeypatch, adding):
    user, new = UserFactory(), stocked_card(9)
    cart, submit = paid_on_another_device(user)
    device = device_of(user)
    once_before(monkeypatch, carts, "lock_order", submit)

    answer = ADDING[adding](device, new)

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert the_page_says(answer, f"it is order {cart.number} now")
    assert the_page_says(answer, "in a new cart")
    assert the_page_says(answer, "Added 1")
    assert shown(device) == {new.name: 1}
    assert copies_everywhere(new) == 1


def test_who_checks_out_after_the_other_device_has_added_is_told_and_nothing_is_held():
    user, new = UserFactory(), stocked_card(9, value_cents=90_000)
    cart, submit = paid_on_another_device(user)
    device = device_of(user)
    add(device, new)

    with pytest.raises(
        CheckoutError, match=r"changed while you paid, so nothing is held\. Please look at the new"
    ):
        submit()

    assert Payment.objects.get().released_at is not None
    assert shown(device)[new.name] == 1
    assert cart.order_cards.count() == 2


def test_a_card_that_changes_no_total_is_in_the_paid_order_and_reserved():
    """Below the least that an order costs, one card more costs the same: what was paid for is what is there."""
    user, new = UserFactory(), stocked_card(9, value_cents=1)
    cart, submit = paid_on_another_device(user)
    device = device_of(user)
    add(device, new)

    submit()

    cart.refresh_from_db()
    assert cart.status == Status.OPEN
    assert cart.order_cards.get(card=new).reservation.quantity == 1
    assert shown(device) == {}


def test_a_card_waits_for_the_other_device_to_check_out_and_never_gets_into_the_paid_order(monkeypatch):
    """The other way round: checking out holds the cart's row while the card comes."""
    user, new = UserFactory(), stocked_card(9)
    cart = cart_with({stocked_card(9): 2}, user=user)
    payment, device = held_payment(cart), device_of(user)
    begun: list[Future[HttpResponse]] = []

    def a_card_comes() -> None:
        begun.append(begin_elsewhere(lambda: add(device, new)))
        wait_until_somebody_waits_for_us()

    once_before(monkeypatch, checkout, "lines_of", a_card_comes)
    checkout.settle(payment=payment, today=TODAY)
    answer = begun[0].result(timeout=LONG_ENOUGH_SECONDS)

    assert the_page_says(answer, f"it is order {cart.number} now")
    assert shown(device) == {new.name: 1}
    assert cart.order_cards.count() == 1


def added_between_check_and_write(monkeypatch) -> tuple[Order, Card]:
    user, new = UserFactory(), stocked_card(9)
    cart, submit = paid_on_another_device(user)
    device = device_of(user)

    def try_to_submit() -> None:
        with suppress(TimeoutError):
            submit()

    once_after(monkeypatch, carts, "lock_cart", try_to_submit)
    add(device, new)
    cart.refresh_from_db()
    return cart, new


def test_negative_control_without_the_row_lock_a_card_gets_into_the_paid_order(monkeypatch):
    monkeypatch.setattr(carts, "lock_cart", without_the_row_lock)

    cart, new = added_between_check_and_write(monkeypatch)

    assert cart.status == Status.OPEN
    assert cart.order_cards.get(card=new).reservation is None, "it is in the order and nobody reserved it"


# --- signing in -------------------------------------------------------------------------------------------


def test_a_card_added_in_another_tab_while_the_cart_is_merged_goes_along(monkeypatch):
    user, new = UserFactory(), stocked_card(9)
    cart = cart_with({stocked_card(9): 2})
    browser = browser_of(cart)
    tab = tab_beside(browser)
    once_before(monkeypatch, carts, "lock_order", lambda: elsewhere(lambda: sign_in(browser, user)))

    answer = add(tab, new)

    assert the_page_says(answer, "this went into the cart of your account")
    assert shown(browser)[new.name] == 1
    assert Order.objects.get().user == user


def quick_add_while_signing_in(monkeypatch, **headers: str) -> tuple[HttpResponse, Client]:
    """A card and a line that is kept aside, in the session: signing in, in the other tab, has ended that."""
    user = UserFactory()
    browser = browser_of(cart_with({stocked_card(9, name="Island"): 2}))
    stocked_card(9, name="Forest")
    tab = tab_beside(browser)
    once_before(monkeypatch, carts, "lock_order", lambda: elsewhere(lambda: sign_in(browser, user)))
    return tab.post(reverse("orders:quick_add"), {"cards": "1 Forest\n1 Qqqq"}, headers=headers), browser


def test_who_loses_the_session_while_adding_is_not_told_that_nothing_has_changed(monkeypatch):
    answer, browser = quick_add_while_signing_in(monkeypatch)

    assert answer.status_code == 400
    assert_tells_of_signing_in(answer)
    assert shown(browser) == {"Forest": 1, "Island": 2}


def test_with_htmx_who_loses_the_session_while_adding_is_led_to_the_cart_and_told_there(monkeypatch):
    answer, browser = quick_add_while_signing_in(monkeypatch, **{"HX-Request": "true"})

    assert answer["HX-Redirect"] == reverse("orders:cart")
    browser.cookies["messages"] = answer.cookies[
        "messages"
    ].value  # a browser has the cookies of all its tabs
    page = browser.get(reverse("orders:cart")).content.decode()
    assert "what you added may be there already" in page
    assert "Forest" in page


def first_card_while_signing_in(monkeypatch) -> tuple[Order, User]:
    """A guest without a cart adds a card in one tab; signing in, in the other, comes before the cart is made."""
    user, new = UserFactory(), stocked_card(9)
    browser = Client()
    session = browser.session
    session[SESSION_KEY] = str(Guest.objects.create().pk)
    session.save()
    tab = tab_beside(browser)
    once_after(monkeypatch, carts, "cart_of", lambda: elsewhere(lambda: sign_in(browser, user)))

    answer = add(tab, new)

    assert answer.status_code == 302
    return Order.objects.get(), user


def test_a_first_card_added_in_another_tab_while_signing_in_goes_to_the_customer(monkeypatch):
    cart, user = first_card_while_signing_in(monkeypatch)

    assert (cart.user, cart.guest) == (user, None)


def test_negative_control_whoever_does_not_ask_who_the_guest_is_now_makes_a_cart_that_nobody_finds(
    monkeypatch,
):
    monkeypatch.setattr(carts, "_make_cart_of", lambda owner: Order.objects.create(**owner.as_fields))

    cart, user = first_card_while_signing_in(monkeypatch)

    assert cart.user is None
    assert Guest.objects.get().user == user


def test_a_guest_is_found_by_no_session_once_somebody_has_signed_in():
    """Only what was under way at that moment is carried over: the old session is gone, and the new one has none."""
    browser = browser_of(cart_with({stocked_card(1): 1}))
    old = browser.session.session_key
    sign_in(browser, UserFactory())

    assert guest_of(browser.session) is None
    assert not browser.session.exists(old)


# --- one cart cannot be paid for twice --------------------------------------------------------------------


def test_a_payment_page_of_a_submitted_cart_does_not_pay_for_the_next_one(sandbox):
    user, card = UserFactory(), stocked_card(9)
    cart = cart_with({card: 2}, user=user)
    total = checkout.quote_of(cart, checkout.lines_of(cart)).total_cents
    device = device_of(user)
    page = device.get(reverse("orders:payment")).content.decode()
    assert f"{reverse('orders:payment')}?cart={cart.number}" in page
    assert f"{reverse('orders:payment_status')}?cart={cart.number}" in page
    checkout.settle(payment=held_payment(cart), today=TODAY)
    again = cart_with({card: 2}, user=user)

    for address in ("orders:payment", "orders:payment_status"):
        answer = device.post(
            f"{reverse(address)}?cart={cart.number}",
            {"confirmation_token": sandbox.confirmation_token(), "total_cents": total},
        )
        assert answer.json() == {"status": "done", "url": cart.get_absolute_url()}

    again.refresh_from_db()
    assert again.status == Status.CART
    assert not again.payments.exists()
