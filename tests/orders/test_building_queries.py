"""Whatever builds a deck asks the database as often for a hundred lines as for one: pages, presses, lists."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import TemplateDeck
from orders.cart import add_template_deck
from orders.models import Order, OrderTemplateDeck
from tests.factories import cart_with, placed, template_deck
from tests.orders.test_deck_list_page import PAGE, add_as_shown, hidden
from tests.orders.test_views import browser_of, deck_of, with_everything

pytestmark = pytest.mark.django_db


def asked_by(
    client: Client, method: str, address: str, form: dict | None = None, *, part: bool = False
) -> list[str]:
    """What one request asks the database. `part`: as htmx sends it."""
    headers = {"hx-request": "true"} if part else {}
    with CaptureQueriesContext(connection) as captured:
        response = getattr(client, method)(address, form or {}, headers=headers)
    assert response.status_code in (200, 302), response.content.decode()
    return [query["sql"] for query in captured]


def short_cart(lines: int) -> Order:
    return with_everything(cart_with(deck_of(lines, owned=1)))


def many(lines: int) -> TemplateDeck:
    return template_deck(deck_of(lines, owned=1))


# --- the cart -------------------------------------------------------------------------------------------------


def list_of_new_cards(lines: int) -> list[str]:
    text = "\n".join(f"2 {card.name}" for card in deck_of(lines, owned=1))
    client = browser_of(short_cart(lines))
    return asked_by(client, "post", reverse("orders:quick_add"), {"cards": text}, part=True)


def list_of_unknown_cards(lines: int) -> list[str]:
    """All of it is kept aside. The names of all cards have been read before."""
    client = browser_of(short_cart(lines))
    client.post(reverse("orders:quick_add"), {"cards": "Nothing at all"})
    text = "\n".join(f"2 Nothing {line}" for line in range(lines))
    return asked_by(client, "post", reverse("orders:quick_add"), {"cards": text}, part=True)


def cart_with_lines_kept_aside(lines: int) -> list[str]:
    client = browser_of(short_cart(1))
    text = "\n".join(f"2 Nothing {line}" for line in range(lines))
    client.post(reverse("orders:quick_add"), {"cards": text})
    return asked_by(client, "get", reverse("orders:cart"))


def what_is_short_taken_out(lines: int) -> list[str]:
    return asked_by(browser_of(short_cart(lines)), "post", reverse("orders:take_what_is_free"), part=True)


def all_of_it_put_back(lines: int) -> list[str]:
    cart = short_cart(lines)
    client = browser_of(cart)
    client.post(reverse("orders:take_what_is_free"))
    return asked_by(client, "post", reverse("orders:undo"), {"removal": cart.removals.get().pk}, part=True)


def deck_taken(lines: int) -> list[str]:
    address = reverse("orders:add_deck", args=[many(lines).slug])
    return asked_by(browser_of(short_cart(lines)), "post", address)


def deck_taken_out(lines: int) -> list[str]:
    cart = short_cart(lines)
    add_template_deck(cart=cart, deck=many(lines))
    row = OrderTemplateDeck.objects.latest("pk")
    return asked_by(browser_of(cart), "post", reverse("orders:remove_deck", args=[row.pk]), part=True)


def other_days(lines: int) -> list[str]:
    cart = short_cart(lines)
    day = cart.first_day
    assert day
    return asked_by(browser_of(cart), "post", reverse("orders:start_on"), {"first_day": day}, part=True)


# --- lists ----------------------------------------------------------------------------------------------------


def list_added(lines: int) -> list[str]:
    client = browser_of(short_cart(lines))
    text = "\n".join(f"2 {card.name}" for card in deck_of(lines, owned=1))
    response = client.post(PAGE, {"cards": text})
    with CaptureQueriesContext(connection) as captured:
        assert add_as_shown(client, response).status_code == 302
    return [query["sql"] for query in captured]


def list_mended(lines: int) -> list[str]:
    """Every line of it is wrong, and named at once."""
    client = browser_of(short_cart(lines))
    cards = list(deck_of(lines, owned=1))
    response = client.post(PAGE, {"cards": "\n".join(f"2 Nothing {line}" for line in range(lines))})
    sent = {**hidden(response), "check": "1"} | {f"name-{row}": card.name for row, card in enumerate(cards)}
    review = client.post(PAGE, sent).context["review"]  # the names are read once in each process
    assert (review.copies, review.open) == (2 * lines, 0)
    return asked_by(client, "post", PAGE, sent)


def cart_to_copy_from(lines: int) -> list[str]:
    return asked_by(browser_of(short_cart(lines)), "get", "/cart/export/")


def short_cards_of_a_cart(lines: int) -> list[str]:
    return asked_by(browser_of(short_cart(lines)), "get", "/cart/export/?only=short")


def order_to_copy_from(lines: int) -> list[str]:
    order = with_everything(placed(deck_of(lines, owned=1)))
    return asked_by(browser_of(order), "get", f"/orders/{order.number}/export/")


def short_cards_of_an_order(lines: int) -> list[str]:
    order = with_everything(placed(deck_of(lines, owned=1)))
    return asked_by(browser_of(order), "get", f"/orders/{order.number}/export/cockatrice/?only=short")


PINNED: dict[Callable[[int], list[str]], int] = {
    list_of_new_cards: 22,
    list_of_unknown_cards: 20,
    cart_with_lines_kept_aside: 14,
    what_is_short_taken_out: 22,
    all_of_it_put_back: 25,
    deck_taken: 15,
    deck_taken_out: 26,
    other_days: 22,
    list_added: 13,
    list_mended: 11,
    cart_to_copy_from: 6,
    short_cards_of_a_cart: 8,
    order_to_copy_from: 6,
    short_cards_of_an_order: 6,
}


@pytest.mark.parametrize(
    ("asked_of", "queries"), PINNED.items(), ids=[asked_of.__name__ for asked_of in PINNED]
)
@pytest.mark.parametrize("lines", [1, 100])
def test_it_asks_the_database_as_often_for_a_hundred_lines_as_for_one(asked_of, queries, lines):
    asked = asked_of(lines)

    assert len(asked) == queries, "\n".join([str(len(asked)), *asked])
