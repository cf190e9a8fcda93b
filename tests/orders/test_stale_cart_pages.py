"""A cart page that is open while another device changes or submits the cart: a clear message, the cart as it is.

With htmx the part that is swapped says it; a line that is gone is answered with 404, and static/js/builder.js says so
and reads the cart again. Without it a page does.
"""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from inventory.models import Card
from orders import cart as carts
from orders import checkout
from orders.models import Order
from orders.states import Status
from orders.views.cart_answers import GONE
from tests.factories import TODAY, UserFactory, cart_with, held_payment, stocked_card, template_deck
from tests.orders.test_views import messages_of

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def device_with(cart: Order) -> Client:
    device = Client()
    device.force_login(cart.user)
    return device


def cart_of_two_lines() -> Order:
    return cart_with(
        {stocked_card(9, name="Island"): 2, stocked_card(9, name="Forest"): 1}, user=UserFactory()
    )


def submit(cart: Order) -> None:
    checkout.settle(payment=held_payment(cart), today=TODAY)


PRESSES = {"+": {"by": "1"}, "-": {"by": "-1"}, "Remove": {"remove": "1"}, "set": {"quantity": "3"}}


@pytest.mark.parametrize("press", PRESSES)
def test_a_line_that_another_device_has_removed_is_told_on_the_cart_as_it_is(press):
    cart = cart_of_two_lines()
    line = cart.order_cards.get(card__name="Island")
    carts.remove_line(cart=cart, line=line)

    response = device_with(cart).post(reverse("orders:update_line", args=[line.pk]), PRESSES[press])

    page = response.content.decode()
    assert response.status_code == 404
    assert GONE in page
    assert "Forest" in page
    assert [shown.line.card.name for shown in response.context["page"].lines] == ["Forest"]
    assert cart.order_cards.get().quantity == 1


@pytest.mark.parametrize("press", PRESSES)
def test_a_cart_that_another_device_has_submitted_is_told_and_the_order_is_unchanged(press):
    cart = cart_of_two_lines()
    line = cart.order_cards.get(card__name="Island")
    submit(cart)

    response = device_with(cart).post(reverse("orders:update_line", args=[line.pk]), PRESSES[press])

    assert response.status_code == 404
    assert GONE in response.content.decode()
    assert response.context["page"] is None
    line.refresh_from_db()
    assert line.quantity == 2
    assert list(Order.objects.all()) == [cart]


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("orders:choose_days", {"clear": "1"}),
        ("orders:start_on", {"first_day": "2030-01-07"}),
        ("orders:take_what_is_free", {}),
    ],
)
def test_days_of_a_submitted_cart_are_told_too(address, form):
    cart = cart_of_two_lines()
    submit(cart)
    cart.refresh_from_db()

    response = device_with(cart).post(reverse(address), form)

    assert (response.status_code, GONE in response.content.decode()) == (404, True)
    assert Order.objects.get().first_day == cart.first_day


def test_a_deck_that_another_device_has_removed_is_told():
    cart = cart_of_two_lines()
    carts.add_template_deck(cart=cart, deck=template_deck({stocked_card(4): 2}))
    row = cart.order_template_decks.get()
    carts.remove_template_deck(cart=cart, row=row)

    response = device_with(cart).post(reverse("orders:remove_deck", args=[row.pk]))

    assert (response.status_code, GONE in response.content.decode()) == (404, True)


def test_the_page_of_a_line_that_is_gone_shows_the_cart():
    cart = cart_of_two_lines()
    line = cart.order_cards.get(card__name="Island")
    carts.remove_line(cart=cart, line=line)

    response = device_with(cart).get(reverse("orders:update_line", args=[line.pk]))

    assert (response.status_code, GONE in response.content.decode()) == (404, True)


@pytest.mark.parametrize("press", PRESSES)
def test_with_htmx_a_line_that_is_gone_is_not_found_and_its_script_reads_the_cart_again(press):
    cart = cart_of_two_lines()
    line = cart.order_cards.get(card__name="Island")
    carts.remove_line(cart=cart, line=line)
    device = device_with(cart)

    response = device.post(reverse("orders:update_line", args=[line.pk]), PRESSES[press], headers=HTMX)
    again = device.get(reverse("orders:cart"), headers=HTMX)

    assert response.status_code == 404
    assert [shown.line.card.name for shown in again.context["page"].lines] == ["Forest"]
    assert GONE not in again.content.decode(), "the script has said it"


def test_what_is_changed_at_the_moment_of_submitting_is_told(monkeypatch):
    """Found a moment ago, submitted when its row is locked."""
    cart = cart_of_two_lines()
    line = cart.order_cards.get(card__name="Island")
    monkeypatch.setattr(carts, "lock_order", lambda pk: Order(pk=pk, status=Status.OPEN))

    response = device_with(cart).post(
        reverse("orders:update_line", args=[line.pk]), {"quantity": "3"}, headers=HTMX
    )

    assert response.status_code == 422
    assert "has been submitted in the meantime" in response.content.decode()


def test_of_somebody_elses_line_the_same_is_said_as_of_one_that_never_was():
    theirs = cart_of_two_lines().order_cards.first()
    device = device_with(cart_with({stocked_card(1): 1}, user=UserFactory()))

    pages = [
        device.post(reverse("orders:update_line", args=[pk]), {"by": "1"}) for pk in (theirs.pk, 999_999)
    ]

    assert [page.status_code for page in pages] == [404, 404]
    assert all(GONE in page.content.decode() for page in pages)
    assert "Island" not in pages[0].content.decode()


# --- what is added by a page of another cart --------------------------------------------------------------


def shown_cart(page: HttpResponse, form: str) -> dict[str, str]:
    """By which the form with that id, or that address, says which cart its page showed."""
    [html] = [found for found in page.content.decode().split("<form")[1:] if form in found.split(">")[0]]
    found = re.search(r'name="cart" value="([^"]*)"', html.split("</form>")[0])
    assert found is not None, "the form does not say which cart its page showed"
    return {"cart": found[1]}


def quick_add(device: Client) -> dict[str, str]:
    return {"cards": "2 Forest", **shown_cart(device.get(reverse("orders:cart")), 'id="quick-add"')}


def mend(device: Client) -> dict[str, str]:
    device.post(reverse("orders:quick_add"), {"cards": "2 Qqqq"})
    form = shown_cart(device.get(reverse("orders:cart")), reverse("orders:mend", args=[1]))
    return {"cards": "2 Forest", **form}


def list_review(device: Client) -> dict[str, str]:
    begun = shown_cart(device.get(reverse("orders:deck_list")), 'id="deck-list"')
    page = device.post(reverse("orders:deck_list"), {"cards": "2 Forest", **begun})
    review = page.context["review"]
    return {
        "list": review.source.packed(),
        "add": review.fingerprint,
        **shown_cart(page, 'id="list-review-form"'),
    }


FILLING = {
    "quick add": (quick_add, lambda: reverse("orders:quick_add")),
    "a line put right": (mend, lambda: reverse("orders:mend", args=[1])),
    "a list": (list_review, lambda: reverse("orders:deck_list")),
}


@pytest.mark.parametrize("filling", FILLING)
def test_what_is_added_by_the_page_of_a_submitted_cart_is_told_to_be_in_a_new_one(filling):
    cart = cart_of_two_lines()
    device = device_with(cart)
    fields, address = FILLING[filling]
    form = fields(device)
    submit(cart)

    said = messages_of(device.post(address(), form))

    assert [text for text in said if f"it is order {cart.number} now" in text and "in a new cart" in text]
    assert [text for text in said if text.startswith("Added 2 c")]
    assert Order.objects.get(status=Status.CART).demand() == {Card.objects.get(name="Forest").pk: 2}
    cart.refresh_from_db()
    assert sum(cart.demand().values()) == 3


@pytest.mark.parametrize("filling", FILLING)
def test_what_is_added_by_the_page_of_the_cart_that_is_there_still_needs_no_warning(filling):
    device = device_with(cart_of_two_lines())
    fields, address = FILLING[filling]

    said = messages_of(device.post(address(), fields(device)))

    assert not [text for text in said if "cart" in text]


def test_once_it_is_told_the_page_shows_the_new_cart():
    cart = cart_of_two_lines()
    device = device_with(cart)
    form = quick_add(device)
    submit(cart)

    answer = device.post(reverse("orders:quick_add"), form, headers=HTMX)

    new = Order.objects.get(status=Status.CART)
    token = re.search(r'id="quick-add-token".*?</span>', answer.content.decode())
    assert f'name="cart" value="{new.number}"' in token[0]
    again = device.post(reverse("orders:quick_add"), {"cards": "1 Forest", "cart": new.number}, headers=HTMX)
    assert "in the meantime" not in again.content.decode()


@pytest.mark.parametrize("cards", ["2 Qqqq", "251 Forest"])
def test_who_adds_nothing_by_the_page_of_a_submitted_cart_is_told_where_the_cart_went(cards):
    cart = cart_of_two_lines()
    device = device_with(cart)
    form = quick_add(device) | {"cards": cards}
    submit(cart)

    said = messages_of(device.post(reverse("orders:quick_add"), form))

    assert [text for text in said if text.endswith(f"it is order {cart.number} now.")]
    assert not [text for text in said if "just added" in text]
    assert not Order.objects.filter(status=Status.CART).exists()


def test_of_somebody_elses_cart_and_of_none_a_page_is_told_the_same():
    anothers = cart_of_two_lines()
    submit(anothers)
    device = device_with(cart_with({Card.objects.get(name="Forest"): 1}, user=UserFactory()))

    for number in (anothers.number, "ZZZZZZZZZZ"):
        said = messages_of(device.post(reverse("orders:quick_add"), {"cards": "1 Forest", "cart": number}))

        assert [
            text for text in said if text.startswith("The cart that this page showed is not yours any more")
        ]
        assert not [text for text in said if anothers.number in text]


@pytest.mark.parametrize("number", ["", "a\x00b", "9" * 50_000, "é", "'"])
def test_nonsense_instead_of_a_carts_number_is_no_reason_to_fail(number):
    device = device_with(cart_of_two_lines())

    response = device.post(reverse("orders:quick_add"), {"cards": "1 Forest", "cart": number})

    assert [text for text in messages_of(response) if text == "Added 1 copy."]
