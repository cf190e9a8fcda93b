"""The deck builder: what it shows of a cart, what its forms do with and without htmx, and what nonsense does."""

import gzip
import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from inventory.decklist import MAX_QUANTITY
from inventory.models import Zone
from orders import cart as carts
from orders.models import Order, OrderCard, Removal
from orders.models.order import DAYS
from orders.states import Status
from orders.transitions import SYSTEM, move_order
from orders.views.kept_aside import MOST_FORMS
from tests.factories import (
    TODAY,
    PrintingFactory,
    cart_with,
    settled,
    stocked_card,
    template_deck,
)
from tests.orders.test_views import HUGE, NUL, browser_of, content_of, messages_of, others

pytestmark = pytest.mark.django_db

HTMX = {"hx-request": "true"}
QUERIES_OF_A_CART = 11  # whatever is in it


def line_url(line: OrderCard) -> str:
    return reverse("orders:update_line", args=[line.pk])


def shown_lines(response: HttpResponse) -> list[tuple[str, str, str]]:
    """(zone, group, card) in the order of the page."""
    return [
        (zone.zone.value, group.title, shown.line.card.name)
        for zone in response.context["cart"].zones
        for group in zone.groups
        for shown in group.lines
    ]


def page_of(cart: Order) -> HttpResponse:
    return browser_of(cart).get(reverse("orders:cart"))


# --- what it shows ----------------------------------------------------------------------------------------


def test_a_name_is_escaped_once_wherever_it_stands():
    name = """<i>Rock & "Roll's" Echo</i>"""
    page = page_of(cart_with({stocked_card(4, name=name): 1})).content.decode()

    assert "<i>" not in page
    assert page.count(escape(name)) >= 5
    assert "&amp;lt;" not in page
    assert "&amp;amp;" not in page


def test_lines_are_read_by_zone_then_card_type_then_mana_value_then_name():
    def card(name: str, type_line: str, mana_value: int):
        return stocked_card(4, name=name, type_line=type_line, mana_value=mana_value)

    cart = cart_with(
        {
            card("Wood", "Land", 0): 1,
            card("Zap", "Instant", 1): 1,
            card("Elf", "Creature — Elf", 1): 1,
            card("Bolt", "Instant", 1): 1,
            card("Ant", "Creature — Insect", 3): 1,
        }
    )
    carts.add_card(cart=cart, card=card("Boss", "Legendary Creature", 5), quantity=1, zone=Zone.COMMANDER)
    carts.add_card(cart=cart, card=card("Last", "Sorcery", 9), quantity=1, zone=Zone.SIDEBOARD)

    assert shown_lines(page_of(cart)) == [
        ("commander", "", "Boss"),
        ("main", "Creatures", "Elf"),
        ("main", "Creatures", "Ant"),
        ("main", "Instants", "Bolt"),
        ("main", "Instants", "Zap"),
        ("main", "Lands", "Wood"),
        ("sideboard", "", "Last"),
    ]


def test_before_the_days_are_chosen_only_what_is_owned_is_told():
    cart = cart_with({stocked_card(2, name="Few"): 3, stocked_card(0, name="None"): 1, stocked_card(4): 4})
    Order.objects.update(**dict.fromkeys(DAYS), shipping_method=None)

    page = page_of(cart).content.decode()

    assert page.count("we own 2 of 3") == 1
    assert page.count("we own none yet") == 1
    assert page.count("we own") == 2
    assert "stamp-free" not in page
    assert "stamp-short" not in page


def test_with_days_every_line_bears_its_answer_and_what_is_owned_of_what_is_short():
    free, few = stocked_card(4), stocked_card(2)

    page = page_of(cart_with({free: 4, few: 3})).content.decode()

    assert page.count("we own 2 of 3") == 1
    assert page.count("short by 1") == 1
    assert page.count('<span class="stamp stamp-free">free</span>') == 1


def test_lines_of_a_card_in_two_zones_count_together_against_what_is_owned():
    card = stocked_card(4)
    cart = cart_with({card: 3})
    carts.add_card(cart=cart, card=card, quantity=3, zone=Zone.SIDEBOARD)
    Order.objects.update(**dict.fromkeys(DAYS), shipping_method=None)

    assert page_of(cart).content.decode().count("we own 4 of 6") == 2


def test_the_plots_leave_the_sideboard_out():
    cart = cart_with({stocked_card(4, mana_value=1): 3})
    carts.add_card(cart=cart, card=stocked_card(4, mana_value=1), quantity=2, zone=Zone.SIDEBOARD)

    assert page_of(cart).context["cart"].plots.copies == 3


def test_an_empty_cart_says_where_to_begin(client):
    page = client.get(reverse("orders:cart")).content.decode()

    for where in (reverse("inventory:cards"), reverse("inventory:decks"), "/cart/list/"):
        assert f'href="{where}"' in page
    assert 'id="id_cards"' in page


def test_a_hundred_lines_are_light_and_bear_no_printings():
    cards = [
        stocked_card(1, name=f"Some Card of Name {number}", type_line="Creature — Elf", mana_cost="{2}{G}")
        for number in range(100)
    ]
    cart = cart_with(dict.fromkeys(cards, 2))

    page = page_of(cart).content

    assert b"<option" not in page
    assert len(gzip.compress(page)) < 15_000


# --- steps, zones, printings ------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "copies"), [("1", 4), ("-1", 2)])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_press_steps(by, copies, headers):
    cart = cart_with({stocked_card(4): 3})

    response = browser_of(cart).post(line_url(cart.order_cards.get()), {"by": by}, headers=headers)

    assert response.status_code == (200 if headers else 302)
    assert cart.order_cards.get().quantity == copies


def test_a_step_does_not_care_what_stands_in_the_number():
    cart = cart_with({stocked_card(4): 3})

    browser_of(cart).post(line_url(cart.order_cards.get()), {"by": "1", "quantity": "abc"})

    assert cart.order_cards.get().quantity == 4


def test_htmx_gets_the_builder_the_count_in_the_head_and_the_message_and_no_page():
    cart = cart_with({stocked_card(4, name="Lightning Bolt"): 3})

    response = browser_of(cart).post(line_url(cart.order_cards.get()), {"by": "1"}, headers=HTMX)

    page = response.content.decode()
    assert "<html" not in page
    assert page.count('id="cart"') == 1
    assert 'id="cart-count" data-copies="4" hx-swap-oob="true"' in page
    assert '<div id="messages" hx-swap-oob="innerHTML">' in page
    assert "Lightning Bolt: 4." in page


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_who_writes_0_takes_the_line_out_and_can_put_it_back(headers):
    cart = cart_with({stocked_card(4, name="Lightning Bolt"): 3})
    client = browser_of(cart)

    response = client.post(line_url(cart.order_cards.get()), {"quantity": "0"}, headers=headers)

    assert response.status_code == (200 if headers else 302)
    assert messages_of(response) == ["Removed Lightning Bolt."]
    assert not cart.order_cards.exists()
    client.post(reverse("orders:undo"), {"removal": Removal.objects.get().pk})
    assert cart.order_cards.get().quantity == 3


def test_the_builder_reads_the_cart_again_with_what_a_sign_in_elsewhere_has_changed():
    client = browser_of(cart_with({stocked_card(4, name="Lightning Bolt"): 3}))

    response = client.get(reverse("orders:cart"), headers=HTMX)

    page = response.content.decode()
    assert "HX-Request" in response["Vary"]
    assert "<html" not in page
    assert page.count('id="cart"') == 1
    assert re.search(r'id="quick-add-token" hx-swap-oob="innerHTML"><input type="hidden" name="csrf', page)


def test_what_is_refused_is_told_to_htmx_with_the_cart_as_it_is():
    cart = cart_with({stocked_card(4): MAX_QUANTITY})

    response = browser_of(cart).post(line_url(cart.order_cards.get()), {"by": "1"}, headers=HTMX)

    assert response.status_code == 422
    assert f"A line has at most {MAX_QUANTITY} copies." in response.content.decode()
    assert f'value="{MAX_QUANTITY}"' in response.content.decode()


@pytest.mark.parametrize(
    "form",
    [
        {"by": ""},
        {"by": "one"},
        {"by": "1.5"},
        {"by": NUL},
        {"by": HUGE},
        {"by": "251"},
        {"zone": "maybeboard"},
        {"zone": NUL},
        {"preferred_printing": "999999999"},
        {"preferred_printing": "any"},
        {"preferred_printing": NUL},
        {"zone": "main", "preferred_printing": HUGE},
    ],
    ids=lambda form: ascii(str(form)[:40]),
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_change_that_cannot_be_meant_changes_nothing_and_says_so(form, headers):
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = browser_of(cart).post(line_url(cart.order_cards.get()), form, headers=headers)

    assert response.status_code == (422 if headers else 302)
    assert len(messages_of(response)) == 1
    assert content_of(cart) == before


def test_a_printing_of_another_card_changes_nothing():
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = browser_of(cart).post(
        line_url(cart.order_cards.get()), {"preferred_printing": PrintingFactory().pk}
    )

    assert messages_of(response)[0].endswith("That is no printing of this card. Choose one of the list.")
    assert content_of(cart) == before


def test_zone_and_printing_go_with_one_press():
    card = stocked_card(4, name="Lightning Bolt")
    printing = PrintingFactory(card=card, set_name="Alpha", collector_number="161")
    cart = cart_with({card: 3})
    line = cart.order_cards.get()

    response = browser_of(cart).post(
        line_url(line), {"zone": "sideboard", "preferred_printing": printing.pk}, headers=HTMX
    )

    line.refresh_from_db()
    assert (line.zone, line.preferred_printing) == ("sideboard", printing)
    assert messages_of(response) == ["Lightning Bolt: 3 in Sideboard, Alpha #161."]
    assert f'data-focus="change-{line.pk}"' in response.content.decode()


def test_what_the_form_does_not_say_stays_as_it_is():
    card = stocked_card(4)
    printing = PrintingFactory(card=card)
    cart = cart_with({})
    carts.add_card(cart=cart, card=card, quantity=1, zone="sideboard", preferred_printing=printing)
    line = cart.order_cards.get()

    browser_of(cart).post(line_url(line), {"zone": "main"})
    assert cart.order_cards.get().preferred_printing == printing
    browser_of(cart).post(line_url(line), {"preferred_printing": ""})

    line.refresh_from_db()
    assert (line.zone, line.preferred_printing) == ("main", None)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_the_editor_of_a_line_has_its_printings_with_their_prices(headers):
    card = stocked_card(4, value_cents=500)
    dear = PrintingFactory(card=card, set_name="Alpha", collector_number="161", value_cents=90_000)
    cart = cart_with({card: 3})
    carts.add_card(cart=cart, card=card, quantity=1, preferred_printing=dear)

    response = browser_of(cart).get(line_url(cart.order_cards.get(preferred_printing=dear)), headers=headers)

    page = response.content.decode()
    assert ("<h1>" in page) is not bool(headers)
    assert "HX-Request" in response["Vary"]
    assert len(re.findall("<option", page)) == 3
    assert re.search(rf'value="{dear.pk}" selected>Alpha #161 – €\d+\.\d\d a day, we own 0', page)
    assert [zone for zone in Zone.values if f'id="to-{zone}-' in page] == ["sideboard"]


@pytest.mark.parametrize(
    ("type_line", "text", "leads"),
    [
        ("Instant", "Lightning Bolt deals 3 damage to any target.", False),
        ("Creature — Elf", "", False),
        ("Legendary Land", "", False),
        ("Legendary Creature — Elf", "", True),
        ("Legendary Enchantment — Background", "", True),
        ("Legendary Artifact — Vehicle", "", True),
        ("Legendary Planeswalker — Teferi", "Teferi can be your commander.", True),
    ],
)
def test_only_what_can_lead_a_deck_is_offered_the_commander_zone(type_line, text, leads):
    cart = cart_with({stocked_card(4, type_line=type_line, oracle_text=text): 1})

    page = browser_of(cart).get(line_url(cart.order_cards.get())).content.decode()

    assert ('id="to-commander-' in page) is leads
    assert 'id="to-sideboard-' in page


@others
def test_nobody_else_sees_or_changes_what_a_line_has(visitor):
    cart = cart_with({stocked_card(4): 3})
    before, url = content_of(cart), line_url(cart.order_cards.get())
    client = visitor()

    assert client.get(url).status_code == 404
    for form in ({"by": "1"}, {"zone": "sideboard"}, {"preferred_printing": ""}):
        assert client.post(url, form).status_code == 404
    assert content_of(cart) == before


# --- undoing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_removal_offers_to_be_undone_and_is(headers):
    cart = cart_with({stocked_card(4, name="Lightning Bolt"): 3})
    client, before = browser_of(cart), content_of(cart)["fields"]

    removed = client.post(line_url(cart.order_cards.get()), {"remove": "1"}, headers=headers)
    page = removed if headers else client.get(reverse("orders:cart"))
    offered = re.search(r'name="removal" value="(\d+)"', page.content.decode())
    undone = client.post(reverse("orders:undo"), {"removal": offered[1]}, headers=headers)

    assert messages_of(undone) == ["Put back: Lightning Bolt."]
    assert cart.order_cards.get().quantity == 3
    assert content_of(cart)["fields"] == before


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_undo_is_offered_beside_what_happened_since_and_only_once(headers):
    cart = cart_with({stocked_card(4, name="Lightning Bolt"): 3, stocked_card(4, name="Shock"): 1})
    client = browser_of(cart)
    client.post(line_url(cart.order_cards.get(card__name="Lightning Bolt")), {"remove": "1"}, headers=HTMX)

    client.post(line_url(cart.order_cards.get()), {"by": "1"}, headers=headers)
    page = client.get(reverse("orders:cart"), headers=headers).content.decode()

    assert "Taken out last: Lightning Bolt." in page
    assert page.count('id="undo"') == 1
    assert f'name="removal" value="{Removal.objects.get().pk}"' in page


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_the_message_about_a_removal_is_the_only_one_to_offer_undo(headers):
    cart = cart_with({stocked_card(4, name="Lightning Bolt"): 3})
    client = browser_of(cart)

    removed = client.post(line_url(cart.order_cards.get()), {"remove": "1"}, headers=headers)
    page = (removed if headers else client.get(reverse("orders:cart"))).content.decode()

    assert page.count("Removed Lightning Bolt.") == page.count('id="undo"') == 1
    assert "Taken out last" not in page


def test_a_removal_that_is_let_go_is_not_offered_any_more():
    cart = cart_with({stocked_card(4): 3, stocked_card(4): 1})
    client = browser_of(cart)
    client.post(line_url(cart.order_cards.first()), {"remove": "1"}, headers=HTMX)

    client.post(reverse("orders:undo"), {"removal": Removal.objects.get().pk, "forget": "1"})

    assert 'id="undo"' not in client.get(reverse("orders:cart")).content.decode()
    assert cart.order_cards.count() == 1


@pytest.mark.parametrize(("minutes", "offered"), [(59, True), (61, False)])
def test_undo_is_offered_for_an_hour(minutes, offered):
    cart = cart_with({stocked_card(4): 3})
    carts.remove_line(cart=cart, line=cart.order_cards.get())
    Removal.objects.update(removed_at=timezone.now() - timedelta(minutes=minutes))

    assert ('id="undo"' in page_of(cart).content.decode()) is offered


def test_a_removed_deck_can_be_put_back():
    cart = cart_with({})
    carts.add_template_deck(cart=cart, deck=template_deck({stocked_card(4): 4}, name="Burn"))
    client = browser_of(cart)

    client.post(reverse("orders:remove_deck", args=[cart.order_template_decks.get().pk]))
    client.post(reverse("orders:undo"), {"removal": Removal.objects.get().pk})

    assert cart.order_cards.get().quantity == 4
    assert cart.order_template_decks.get().copies == 1


@pytest.mark.parametrize("removal", [None, "", "0", "-1", "999999999", "9" * 30, "x", NUL])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_what_cannot_be_undone_changes_nothing_and_says_so(removal, headers):
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = browser_of(cart).post(
        reverse("orders:undo"), {} if removal is None else {"removal": removal}, headers=headers
    )

    assert response.status_code == (422 if headers else 302)
    assert len(messages_of(response)) == 1
    assert content_of(cart) == before


def test_after_the_cart_was_submitted_nothing_is_put_back_and_that_is_told():
    cart = cart_with({stocked_card(4): 3, stocked_card(4): 1})
    client = browser_of(cart)
    client.post(line_url(cart.order_cards.first()), {"remove": "1"})
    removal = Removal.objects.get()
    move_order(cart, Status.OPEN, by=SYSTEM, reason="test", authorized_at=cart.created_at)

    response = client.post(reverse("orders:undo"), {"removal": removal.pk})

    assert messages_of(response)[-1].startswith("There is nothing to undo")
    assert cart.order_cards.count() == 1


@others
def test_nobody_else_puts_anything_back(visitor):
    cart = cart_with({stocked_card(4): 3})
    removal = carts.remove_line(cart=cart, line=cart.order_cards.get())

    visitor().post(reverse("orders:undo"), {"removal": removal.pk})

    assert not cart.order_cards.exists()


# --- what is free -----------------------------------------------------------------------------------------


def test_what_is_free_is_taken_and_the_rest_can_be_put_back():
    free, taken = stocked_card(4), stocked_card(4)
    settled({taken: 3})
    cart = cart_with({free: 4, taken: 4})
    client = browser_of(cart)

    response = client.post(reverse("orders:take_what_is_free"))

    assert messages_of(response) == ["Took out 3 short copies: the rest is free."]
    assert cart.demand() == {free.pk: 4, taken.pk: 1}
    client.post(reverse("orders:undo"), {"removal": Removal.objects.get().pk})
    assert cart.demand() == {free.pk: 4, taken.pk: 4}


def test_without_anything_short_there_is_nothing_to_take_out():
    cart = cart_with({stocked_card(4): 4})

    assert "take-free" not in page_of(cart).content.decode()
    response = browser_of(cart).post(reverse("orders:take_what_is_free"))

    assert messages_of(response) == ["Every card is free on your days: there is nothing to take out."]


@others
def test_nobody_else_takes_what_is_free(visitor):
    cart = cart_with({stocked_card(1): 4})

    visitor().post(reverse("orders:take_what_is_free"))

    assert cart.order_cards.get().quantity == 4


# --- quick add --------------------------------------------------------------------------------------------


def kept(client: Client) -> list[tuple[int, str, list[str]]]:
    lines = client.get(reverse("orders:cart")).context["kept_aside"]
    return [(line["number"], line["text"], line["nearest"]) for line in lines]


def key_of_kept(client: Client, text: str) -> int:
    lines = client.get(reverse("orders:cart")).context["kept_aside"]
    return next(line["key"] for line in lines if line["text"] == text)


def test_quick_add_keeps_aside_what_it_cannot_add_until_it_is_put_right():
    stocked_card(4, name="Lightning Bolt")
    cart = cart_with({})
    client = browser_of(cart)

    client.post(reverse("orders:quick_add"), {"cards": "1 Lightning Bolt\nSB: 4 Lightnig Bolt\n0 Shock"})
    client.post(reverse("orders:quick_add"), {"cards": "1 Lightning Bolt"})

    assert cart.order_cards.get().quantity == 2
    assert kept(client) == [(2, "SB: 4 Lightnig Bolt", ["Lightning Bolt"]), (3, "0 Shock", [])]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_the_nearest_name_is_added_by_one_press_with_copies_and_zone(headers):
    stocked_card(4, name="Lightning Bolt")
    cart = cart_with({})
    client = browser_of(cart)
    client.post(reverse("orders:quick_add"), {"cards": "SB: 4 Lightnig Bolt\n1 Qqq"})
    key = key_of_kept(client, "SB: 4 Lightnig Bolt")

    response = client.post(
        reverse("orders:mend", args=[key]),
        {"cards": "SB: 4 Lightnig Bolt", "name": "Lightning Bolt"},
        headers=headers,
    )

    line = cart.order_cards.get()
    assert messages_of(response)[-1] == "Added 4 copies."
    assert (line.card.name, line.quantity, line.zone) == ("Lightning Bolt", 4, "sideboard")
    assert [text for _, text, _ in kept(client)] == ["1 Qqq"]


def test_a_kept_line_is_put_right_in_place():
    card = stocked_card(4, name="Lightning Bolt")
    cart = cart_with({})
    client = browser_of(cart)
    client.post(reverse("orders:quick_add"), {"cards": "4 Lightnig Bolt"})
    key = key_of_kept(client, "4 Lightnig Bolt")

    client.post(reverse("orders:mend", args=[key]), {"cards": "3 Lightning Bolt"})

    assert cart.demand() == {card.pk: 3}
    assert kept(client) == []


def test_a_kept_line_that_is_still_wrong_stays_as_it_is_written_now():
    cart = cart_with({})
    client = browser_of(cart)
    client.post(reverse("orders:quick_add"), {"cards": "4 Lightnig Bolt"})
    key = key_of_kept(client, "4 Lightnig Bolt")

    client.post(reverse("orders:mend", args=[key]), {"cards": "4 Still Wrong"})

    assert [text for _, text, _ in kept(client)] == ["4 Still Wrong"]


def test_kept_lines_are_left_out_one_by_one_or_all_at_once():
    cart = cart_with({})
    client = browser_of(cart)
    client.post(reverse("orders:quick_add"), {"cards": "1 Qqq\n1 Xxx\n1 Zzz"})

    client.post(reverse("orders:mend", args=[key_of_kept(client, "1 Xxx")]), {"leave": "1"})
    assert [text for _, text, _ in kept(client)] == ["1 Qqq", "1 Zzz"]
    client.post(reverse("orders:leave_all_out"))

    assert kept(client) == []


def test_a_list_that_does_not_fit_is_kept_whole():
    card = stocked_card(4, name="Island")
    client = browser_of(cart_with({card: MAX_QUANTITY}))

    client.post(reverse("orders:quick_add"), {"cards": "1 Island\n2 Island"})

    assert kept(client) == [(0, "1 Island\n2 Island", [])]


def test_a_kept_line_that_does_not_fit_stays():
    card = stocked_card(4, name="Island")
    cart = cart_with({card: MAX_QUANTITY})
    client = browser_of(cart)
    client.post(reverse("orders:quick_add"), {"cards": "1 Ilsand"})
    key = key_of_kept(client, "1 Ilsand")

    response = client.post(reverse("orders:mend", args=[key]), {"cards": "1 Ilsand", "name": "Island"})

    assert f"at most {MAX_QUANTITY}" in messages_of(response)[-1]
    assert [text for _, text, _ in kept(client)] == ["1 Ilsand"]


@pytest.mark.parametrize("form", [{"name": NUL}, {"name": HUGE}, {"cards": ""}, {"cards": NUL, "name": "x"}])
def test_nonsense_for_a_kept_line_adds_nothing_and_loses_nothing(form):
    cart = cart_with({stocked_card(4): 3})
    client, before = browser_of(cart), content_of(cart)
    client.post(reverse("orders:quick_add"), {"cards": "4 Lightnig Bolt"})
    key = key_of_kept(client, "4 Lightnig Bolt")

    response = client.post(reverse("orders:mend", args=[key]), form)

    assert response.status_code == 302
    assert content_of(cart) == before
    assert len(kept(client)) == 1


@pytest.mark.parametrize("key", ["0", "7", "9" * 30])
def test_a_kept_line_that_there_is_not_is_no_error(key):
    cart = cart_with({stocked_card(4): 3})
    before = content_of(cart)

    response = browser_of(cart).post(f"/cart/kept-aside/{key}/", {"cards": "1 Island"})

    assert response["Location"] == reverse("orders:cart")
    assert content_of(cart) == before


def with_kept_lines(lines: int) -> Client:
    client = browser_of(cart_with({stocked_card(4): 1}))
    text = "\n".join(f"4 A Card That Nobody Ever Printed {number}" for number in range(lines))
    client.post(reverse("orders:quick_add"), {"cards": text})
    client.get(reverse("orders:cart"))  # the message about it
    return client


def test_a_thousand_kept_lines_weigh_little_and_all_stand_on_the_page():
    page = with_kept_lines(1_000).get(reverse("orders:cart")).content

    assert page.count(b'class="kept-line"') == MOST_FORMS
    assert page.count(b"4 A Card That Nobody Ever Printed") == 1_000
    assert len(page) < 120_000
    assert len(gzip.compress(page)) < 20_000


def test_the_cart_asks_as_much_with_a_thousand_kept_lines_as_with_one(django_assert_num_queries):
    for client in (with_kept_lines(1), with_kept_lines(1_000)):
        with django_assert_num_queries(QUERIES_OF_A_CART):
            client.get(reverse("orders:cart"))


def test_the_list_page_takes_over_the_kept_lines_that_have_no_form_and_what_it_adds_is_kept_no_longer():
    card = stocked_card(4, name="Shivan Dragon")
    client = with_kept_lines(MOST_FORMS)
    client.post(reverse("orders:quick_add"), {"cards": "3 Shivan Drago\n1 Qqq"})
    assert client.get(reverse("orders:cart")).content.decode().count("?kept=more") == 1

    taken = client.get(reverse("orders:deck_list"), {"kept": "more"})
    list_form = {"cards": taken.context["form"].initial["cards"], "kept": taken.context["kept"]}
    assert list_form["cards"] == "3 Shivan Drago\n1 Qqq"
    assert len(client.get(reverse("orders:cart")).context["kept_more"]) == 2  # nothing is lost by looking

    review = client.post(reverse("orders:deck_list"), list_form | {"cards": "3 Shivan Dragon\n1 Qqq"})
    assert f'name="kept" value="{list_form["kept"]}"' in review.content.decode()
    client.post(reverse("orders:quick_add"), {"cards": "1 Zzz"})  # meanwhile
    shown = review.context["review"]
    client.post(
        reverse("orders:deck_list"),
        {"list": shown.source.packed(), "add": shown.fingerprint, "kept": list_form["kept"]},
    )

    assert Order.objects.get(status=Status.CART).demand()[card.pk] == 3
    page = client.get(reverse("orders:cart"))
    assert len(page.context["kept_aside"]) == MOST_FORMS
    assert [line["text"] for line in page.context["kept_more"]] == ["1 Zzz"]


@pytest.mark.parametrize("mark", ["", "x", "1-", "-1", "5-1", "٣-٤", NUL, HUGE])
def test_a_mark_that_means_no_kept_line_leaves_them_all(mark):
    stocked_card(4, name="Shivan Dragon")
    client = with_kept_lines(3)
    shown = client.post(reverse("orders:deck_list"), {"cards": "1 Shivan Dragon"}).context["review"]

    client.post(
        reverse("orders:deck_list"),
        {"list": shown.source.packed(), "add": shown.fingerprint, "kept": mark},
    )

    assert len(kept(client)) == 3


def test_the_key_of_a_kept_line_is_never_given_to_another():
    client = with_kept_lines(1)
    old = client.get(reverse("orders:cart")).context["kept_aside"][0]["key"]
    client.post(reverse("orders:mend", args=[old]), {"leave": "1"})
    client.post(reverse("orders:quick_add"), {"cards": "1 Zzz"})

    client.post(reverse("orders:mend", args=[old]), {"leave": "1"})

    assert [text for _, text, _ in kept(client)] == ["1 Zzz"]


def test_a_removal_shows_where_the_cart_goes_on_without_days():
    cart = cart_with({stocked_card(4): 3}, first_day=TODAY)

    response = browser_of(cart).post(line_url(cart.order_cards.get()), {"remove": "1"}, headers=HTMX)

    assert "Nothing in it yet" in response.content.decode()
    assert 'data-copies="0"' in response.content.decode()
