"""The pages of the desk for the queue, the stock and what is at risk: who may, what they show, what nonsense does."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from inventory.models import Card, StockMovement
from orders.models import Order
from orders.states import Status
from tests.factories import (
    TODAY,
    PrintingFactory,
    StaffFactory,
    StockMovementFactory,
    UserFactory,
    dispatched,
    placed,
    stocked_card,
)

pytestmark = pytest.mark.django_db

QUEUE, PROMOTE, STOCK = (reverse(f"orders:staff_{name}") for name in ("queue", "promote", "stock"))
DESK = reverse("orders:staff_desk")


def stock_of(card: Card) -> str:
    return reverse("orders:staff_stock_card", args=[card.slug])


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def clerk() -> Client:
    return signed_in(StaffFactory())


def text_of(response) -> str:
    return " ".join(strip_tags(response.content.decode()).split())


def messages_of(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


# --- who may ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", [QUEUE, PROMOTE, STOCK, "/staff/stock/bolt/"])
def test_the_pages_are_for_staff(address, method):
    card = stocked_card(1, name="Bolt")
    if address == PROMOTE and method == "get":
        assert clerk().get(PROMOTE).status_code == 405
        return
    if address in (QUEUE, STOCK) and method == "post":
        assert clerk().post(address).status_code == 405
        return

    assert getattr(Client(), method)(address)["Location"].startswith("/accounts/login/")
    assert getattr(signed_in(UserFactory()), method)(address).status_code == 403
    assert card.printings.get().stock_movements.count() == 1


@pytest.mark.parametrize("address", [PROMOTE, "/staff/stock/bolt/"])
def test_a_form_of_another_site_is_refused(address):
    stocked_card(1, name="Bolt")
    client = Client(enforce_csrf_checks=True)
    client.force_login(StaffFactory())

    assert client.post(address, {}).status_code == 403


# --- the queue ----------------------------------------------------------------------------------------------


def test_the_queue_shows_who_waits_for_what():
    card = stocked_card(1, name="Lightning Bolt")
    order = placed({card: 3}, first_day=TODAY + timedelta(days=2))

    text = text_of(clerk().get(QUEUE))

    for part in (order.number, "Pat Player", "player@example.org", "2 × Lightning Bolt", "in 2 days"):
        assert part in text


def test_an_empty_queue_says_so():
    assert "Nobody waits" in text_of(clerk().get(QUEUE))


@pytest.mark.parametrize("page", ["0", "-1", "999", "x", "9" * 50, "a\x00b"])
def test_a_page_of_the_queue_that_is_not_there_is_the_nearest_one(page):
    placed({stocked_card(0): 1})

    assert clerk().get(QUEUE, {"page": page}).status_code == 200


def test_promoting_now_opens_what_can_be_met_and_says_so():
    bought, missing = stocked_card(0), stocked_card(0)
    opened, waits = placed({bought: 1}), placed({missing: 1})
    StockMovementFactory(printing=bought.printings.get(), quantity=1)

    response = clerk().post(PROMOTE)

    assert messages_of(response) == ["1 order is open now, 1 waits."]
    assert Order.objects.get(pk=opened.pk).status == Status.OPEN
    assert Order.objects.get(pk=waits.pk).status == Status.PENDING
    assert messages_of(clerk().post(PROMOTE)) == ["No orders are open now, 1 waits."]


# --- the stock ----------------------------------------------------------------------------------------------


def test_a_card_is_found_by_words_of_its_name():
    card = stocked_card(3, name="Lightning Bolt")

    response = clerk().get(STOCK, {"q": "bolt light"})

    assert stock_of(card) in response.content.decode()
    mistyped = clerk().get(STOCK, {"q": "lightnig bolt"})
    assert "Cards named like" in text_of(mistyped)
    assert stock_of(card) in mistyped.content.decode()


@pytest.mark.parametrize("words", ["", "a\x00b", "%", "9" * 5_000])
def test_any_question_is_answered(words):
    stocked_card(3)

    assert clerk().get(STOCK, {"q": words}).status_code == 200


def test_a_card_that_does_not_exist_has_no_stock_page():
    assert clerk().get("/staff/stock/no-such-card/").status_code == 404


def record(card: Card, client: Client | None = None, **changes):
    posted = {
        "printing": card.printings.first().pk,
        "kind": "lost",
        "quantity": "1",
        "effective_on": TODAY.isoformat(),
        "note": "Water",
    }
    return (client or clerk()).post(stock_of(card), posted | changes)


def test_a_movement_is_recorded_with_who_and_why():
    card, staff = stocked_card(3), StaffFactory()

    response = record(card, signed_in(staff))

    movement = StockMovement.objects.latest("pk")
    assert response["Location"] == stock_of(card)
    assert (movement.quantity, movement.kind, movement.note, movement.by) == (-1, "lost", "Water", staff)
    assert "No order is at risk" in messages_of(response)[0]


def test_a_correction_may_be_below_0():
    card = stocked_card(3)

    record(card, kind="corrected", quantity="-2")

    assert StockMovement.objects.latest("pk").quantity == -2


def test_lowering_below_what_is_promised_succeeds_and_the_page_lists_whom_it_hits():
    card = stocked_card(3)
    order = placed({card: 3}, first_day=TODAY + timedelta(days=10), days=2)

    client = clerk()
    response = record(card, client)
    text = text_of(client.get(stock_of(card)))

    assert "1 open order is at risk now" in messages_of(response)[0]
    leaves = order.out_on
    for part in (
        "1 order at risk",
        order.number,
        f"leaves {leaves:%a} {leaves.day} {leaves:%B}",
        "1 missing",
    ):
        assert part in text


def test_a_preview_shows_whom_it_would_hit_and_keeps_what_was_typed():
    card = stocked_card(3)
    order = placed({card: 3})

    response = record(card, preview="1", quantity="2", note="Water damage")

    text = text_of(response)
    assert "1 order would be at risk" in text
    assert order.number in text
    assert "2 missing" in text
    assert 'value="Water damage"' in response.content.decode()
    assert StockMovement.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"quantity": ""}, "Write how many copies."),
        ({"quantity": "two"}, "as a whole number"),
        ({"quantity": "1.5"}, "as a whole number"),
        ({"quantity": "9" * 50_000}, ""),
        ({"quantity": "9" * 400}, "10,000 at most"),
        ({"quantity": "-10001", "kind": "corrected"}, "10,000 at most"),
        ({"quantity": "a\x00b"}, "as a whole number"),
        ({"quantity": "0"}, "1 or more"),
        ({"quantity": "-1"}, "1 or more"),
        ({"quantity": "4"}, "owns 3"),
        ({"quantity": "10001", "kind": "bought"}, "10,000 at most"),
        ({"kind": "corrected", "quantity": "0"}, "changes nothing"),
        ({"kind": "stolen"}, "Choose what happened"),
        ({"kind": ""}, "Choose what happened"),
        ({"printing": "0"}, "no printing of this card"),
        ({"printing": "a\x00b"}, "Null characters"),
        ({"printing": ""}, "Choose the printing"),
        ({"effective_on": "tomorrow"}, "Choose a day"),
        ({"effective_on": "9999-12-31"}, "more than a year ahead"),
        ({"note": "x" * 501}, "at most 500"),
        ({"note": "a\x00b"}, "Null characters"),
    ],
    ids=lambda value: ascii(str(value)[:40]),
)
def test_bad_input_is_explained_and_nothing_typed_is_lost(changes, says):
    card = stocked_card(3)

    response = record(card, **changes)

    assert response.status_code == 422
    assert says in text_of(response)
    assert "errorlist" in response.content.decode()
    if "note" not in changes:
        assert 'value="Water"' in response.content.decode()
    assert StockMovement.objects.count() == 1


def test_a_printing_of_another_card_is_refused():
    card, foreign = stocked_card(3), PrintingFactory()

    assert record(card, printing=foreign.pk).status_code == 422
    assert not foreign.stock_movements.exists()


# --- the desk -----------------------------------------------------------------------------------------------


def test_the_desk_lists_what_is_at_risk_and_why():
    card = stocked_card(3, name="Lightning Bolt")
    order = placed({card: 3})
    record(card)

    text = text_of(clerk().get(DESK))

    for part in (order.number, "1 missing", "Lightning Bolt", "Lost on", "“Water”"):
        assert part in text


def test_a_desk_with_many_risks_counts_them_all_and_lists_a_page_of_them():
    card = stocked_card(26)
    first, *_, last = (placed({card: 1}, first_day=TODAY + timedelta(days=2 + after)) for after in range(26))
    record(card, quantity=26)

    one, two = (clerk().get(DESK, {"page": page}).content.decode() for page in (1, 2))

    assert 'class="count">26<' in one
    assert (first.number in one, last.number in one) == (True, False)
    assert (first.number in two, last.number in two) == (False, True)
    assert "all orders at risk" in text_of(clerk().get(stock_of(card)))


def test_a_desk_without_risks_says_so():
    placed({stocked_card(3): 3})

    assert "0 open orders cannot be kept" in text_of(clerk().get(DESK))


# --- how often a page asks the database ---------------------------------------------------------------------


def queries_of(url: str) -> int:
    client = signed_in(StaffFactory(is_superuser=True))
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def queue_page(number: int) -> int:
    for _ in range(number):
        placed({stocked_card(0): 1, stocked_card(0): 1})
    return queries_of(QUEUE)


def desk_page(number: int) -> int:
    for _ in range(number):
        card = stocked_card(1)
        placed({card: 1})
        StockMovementFactory(printing=card.printings.get(), quantity=-1, kind="lost")
    return queries_of(DESK)


def stock_page(number: int) -> int:
    for _ in range(number):
        stocked_card(1)
    return queries_of(STOCK)


def found_page(number: int) -> int:
    for position in range(number):
        stocked_card(1, name=f"Bolt {position}")
    return queries_of(f"{STOCK}?q=bolt")


def card_page(number: int) -> int:
    card = stocked_card(number)
    for _ in range(number):
        StockMovementFactory(printing=PrintingFactory(card=card), by=StaffFactory())
        placed({card: 1})
    StockMovementFactory(printing=card.printings.first(), quantity=-4 * number - 1, kind="lost")
    return queries_of(stock_of(card))


PINNED = {queue_page: 9, desk_page: 22, stock_page: 4, found_page: 6, card_page: 19}


@pytest.mark.parametrize(("asked_of", "queries"), PINNED.items(), ids=[asked.__name__ for asked in PINNED])
@pytest.mark.parametrize("number", [1, 20])
def test_a_page_asks_the_database_as_often_for_many_as_for_one(asked_of, queries, number):
    assert asked_of(number) == queries


# --- many cards, and where to go from an order ------------------------------------------------------------------


def test_an_order_that_lacks_many_cards_folds_most_of_them():
    cards = [stocked_card(0, name=f"Card {letter}") for letter in "ABCDEFGH"]
    placed(dict.fromkeys(cards, 1))

    page = clerk().get(QUEUE).content.decode()

    shown, folded = page.split("<details", 1)
    assert [card.name in shown for card in cards] == [True] * 6 + [False] * 2
    assert [card.name in folded for card in cards] == [False] * 6 + [True] * 2
    assert "And 2 more" in " ".join(strip_tags(folded).split())


@pytest.mark.parametrize(
    ("make", "name", "of"),
    [
        (lambda: placed({stocked_card(0): 1}), "staff_queue", False),
        (lambda: placed({stocked_card(1): 1}), "staff_dispatch", False),
        (lambda: dispatched({stocked_card(1): 1}), "staff_return", True),
    ],
    ids=["pending", "open", "dispatched"],
)
def test_from_an_order_there_is_a_way_to_what_is_done_with_it(make, name, of):
    order = make()

    page = clerk().get(reverse("orders:staff_order", args=[order.number])).content.decode()

    way = reverse(f"orders:{name}", args=[order.number] if of else [])
    assert f'href="{way}">' in page[page.index('class="slip-action"') :]
