"""The pages of the desk for the shop's own decks: who may, what they show, what nonsense does."""

import re
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from inventory.deck_merge import write_signs
from inventory.deck_shelf import lines_of_version, publish, save_deck, signs_of, unpublish
from inventory.models import Card, TemplateDeck
from orders import cart as carts
from orders.checkout import settle
from orders.models import Order
from tests.factories import (
    TODAY,
    CartFactory,
    StaffFactory,
    UserFactory,
    cart_with,
    deck_version,
    held_payment,
    placed,
    stocked_card,
    template_deck,
)

pytestmark = pytest.mark.django_db

SHELF, NEW = reverse("orders:staff_decks"), reverse("orders:staff_new_deck")
BUTTON = re.compile(r"<button([^>]*)>(.*?)</button>", re.DOTALL)
NAME_AND_VALUE = re.compile(r'name="(\w+)" value="([^"]*)"')
ODD_NUMBERS = ["0", "-1", "999", "x", "9" * 50, "1.5", "a\x00b", "٤", ""]


def page_of(deck: TemplateDeck, name: str = "deck", *more) -> str:
    return reverse(f"orders:staff_{name}", args=[deck.pk, *more])


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def clerk(**fields) -> Client:
    return signed_in(StaffFactory(**fields))


def text_of(response) -> str:
    return " ".join(strip_tags(response.content.decode()).split())


def messages_of(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def bolt() -> Card:
    return stocked_card(4, name="Lightning Bolt")


@pytest.fixture
def shock() -> Card:
    return stocked_card(4, name="Shock")


def typed(cards: str, **fields) -> dict[str, str]:
    return {"name": "Goblins", "format": "Modern", "description": "", "cards": cards, **fields}


def lines_now(deck: TemplateDeck) -> dict:
    return lines_of_version(deck.current_version())


# --- signed out meanwhile ---------------------------------------------------------------------------------


@pytest.mark.parametrize("new", [True, False])
def test_what_was_written_while_signed_out_is_in_the_form_after_signing_in(new, bolt):
    user, client = StaffFactory(email="clerk@example.org"), Client()
    page = NEW if new else page_of(template_deck({bolt: 4}, name="Goblins"))
    written = typed("3 Lightning Bolt\n1 Nix", description="Mine.\x00", began_from="1", began_with="x")

    response = client.post(page, written)
    told = client.get(response["Location"])
    signed_in = client.post(
        response["Location"], {"login": user.email, "password": "correct horse battery", "next": page}
    )

    assert "what you wrote is in the form again" in text_of(told)
    assert signed_in["Location"] == page
    for _ in range(2):  # loaded anew it is still there
        shown = client.get(page)
        form = shown.context["form"]
        assert {name: form[name].value() for name in written} == written
        assert "nothing is saved yet" in text_of(shown)
    assert TemplateDeck.objects.count() == (0 if new else 1)


def test_what_was_written_is_forgotten_once_it_is_sent_again_or_begun_anew(bolt):
    user, client = StaffFactory(), Client()
    for forget in (lambda: client.post(NEW, typed("9 Nix")), lambda: client.get(NEW, {"anew": "1"})):
        client.logout()
        client.post(NEW, typed("3 Nix"))
        client.force_login(user)
        assert client.get(NEW).context["form"]["cards"].value() == "3 Nix"

        forget()

        assert client.get(NEW).context["form"]["cards"].value() is None


def test_what_was_written_for_one_deck_is_not_shown_for_another(bolt):
    deck, other = template_deck({bolt: 4}), template_deck({bolt: 2})
    client = Client()
    client.post(page_of(deck), typed("3 Nix"))
    client.force_login(StaffFactory())

    assert client.get(page_of(other)).context["form"]["cards"].value() == "2 Lightning Bolt"


def test_more_than_a_deck_can_have_is_not_kept_and_that_is_said():
    client = Client()

    response = client.post(NEW, typed("x" * 200_000))

    assert "nothing was saved. Go back in your browser" in text_of(client.get(response["Location"]))
    client.force_login(StaffFactory())
    assert client.get(NEW).context["form"]["cards"].value() is None


# --- who may ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["deck", "deck_versions", "publish_deck", "unpublish_deck", "delete_deck"])
def test_the_pages_of_a_deck_are_for_staff(name):
    deck = template_deck({stocked_card(1): 1})
    method = "post" if name in ("publish_deck", "unpublish_deck", "delete_deck") else "get"

    assert getattr(Client(), method)(page_of(deck, name))["Location"].startswith("/accounts/login/")
    assert getattr(signed_in(UserFactory()), method)(page_of(deck, name)).status_code == 403
    deck.refresh_from_db()
    assert deck.published


@pytest.mark.parametrize("address", [SHELF, NEW, "/staff/decks/1/versions/1/"])
def test_the_other_pages_are_for_staff(address):
    assert Client().get(address)["Location"].startswith("/accounts/login/")
    assert signed_in(UserFactory()).get(address).status_code == 403


def test_only_staff_make_and_change_decks(bolt):
    deck = template_deck({bolt: 4})
    for address in (NEW, page_of(deck)):
        assert Client().post(address, typed("1 Lightning Bolt"))["Location"].startswith("/accounts/login/")
        assert signed_in(UserFactory()).post(address, typed("1 Lightning Bolt")).status_code == 403

    assert TemplateDeck.objects.get().versions.count() == 1


@pytest.mark.parametrize("name", ["publish_deck", "unpublish_deck", "delete_deck"])
def test_what_changes_a_deck_takes_only_forms_and_only_our_own(name, bolt):
    deck = template_deck({bolt: 4})
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(StaffFactory())

    assert clerk().get(page_of(deck, name)).status_code == 405
    assert strict.post(page_of(deck, name)).status_code == 403


@pytest.mark.parametrize("pk", [0, 999, 2**70])
def test_a_deck_that_is_not_there_is_not_found(pk):
    client = clerk()
    for name in ("deck", "deck_versions"):
        assert client.get(reverse(f"orders:staff_{name}", args=[pk])).status_code == 404
    for name in ("publish_deck", "unpublish_deck", "delete_deck"):
        assert client.post(reverse(f"orders:staff_{name}", args=[pk])).status_code == 404
    assert client.get(reverse("orders:staff_deck_version", args=[pk, 1])).status_code == 404


@pytest.mark.parametrize("number", [0, 2, 2**70])
def test_a_version_that_is_not_there_is_not_found(number, bolt):
    deck = template_deck({bolt: 4})

    assert clerk().get(page_of(deck, "deck_version", number)).status_code == 404


# --- all of them --------------------------------------------------------------------------------------------


def test_the_shelf_shows_every_deck_with_what_is_short_and_who_has_it(bolt):
    deck = template_deck({bolt: 6}, name="Burn", format="Pauper")
    template_deck({bolt: 1}, name="Elves", published=False)
    deck_version(deck, {bolt: 5})
    carts.add_template_deck(cart=CartFactory(), deck=deck)

    response = clerk().get(SHELF)

    elves, burn = response.context["shelf"].decks
    assert (burn.offered.deck, burn.offered.copies, burn.offered.version.number, burn.offered.short) == (
        deck,
        5,
        2,
        1,
    )
    assert (burn.uses.orders, burn.uses.carts) == (0, 1)
    assert elves.uses.none
    for part in ("Burn Pauper", "Short by 1", "Unpublish Burn", "Elves Modern", "Publish Elves"):
        assert part in text_of(response)


def test_an_order_with_two_versions_of_a_deck_counts_once(bolt):
    deck, cart = template_deck({bolt: 1}), cart_with({})
    carts.add_template_deck(cart=cart, deck=deck)
    deck_version(deck, {bolt: 2})
    carts.add_template_deck(cart=cart, deck=deck)
    settle(payment=held_payment(cart), today=TODAY)

    (row,) = clerk().get(SHELF).context["shelf"].decks

    assert (row.uses.orders, row.uses.carts) == (1, 0)


def test_the_shelf_is_searched_and_divided(bolt):
    for name, published in (("Burn", True), ("Bogles", False), ("Elves", True)):
        template_deck(
            {bolt: 1}, name=name, published=published, format="Pauper" if name == "Elves" else "Modern"
        )

    def names(**asked):
        return [row.offered.deck.name for row in clerk().get(SHELF, asked).context["shelf"].decks]

    assert names() == ["Bogles", "Burn", "Elves"]
    assert names(show="drafts") == ["Bogles"]
    assert names(show="published", q="modern b") == ["Burn"]
    assert names(q="pauper") == ["Elves"]
    assert names(show="nonsense") == ["Bogles", "Burn", "Elves"]


@pytest.mark.parametrize(
    "asked", [{"page": page} for page in ODD_NUMBERS] + [{"q": "%_\\\x00'"}, {"q": "x" * 9_999}]
)
def test_no_question_is_too_odd_for_the_shelf(asked, bolt):
    template_deck({bolt: 1})

    assert clerk().get(SHELF, asked).status_code == 200


def test_an_empty_shelf_says_where_to_begin():
    assert "The shelf is still empty" in text_of(clerk().get(SHELF))


def test_a_search_without_an_answer_leads_back(bolt):
    template_deck({bolt: 1})

    assert "No deck is like this" in text_of(clerk().get(SHELF, {"q": "nix"}))


# --- making one ---------------------------------------------------------------------------------------------


def test_a_deck_is_made_from_a_list(bolt, shock):
    user = StaffFactory()

    response = signed_in(user).post(NEW, typed("3 lightning bolt\nSideboard\n2 Shock", description="Quick."))

    deck = TemplateDeck.objects.get()
    assert response["Location"] == page_of(deck)
    assert messages_of(response) == ["Saved “Goblins”: version 1, 5 cards."]
    assert (deck.name, deck.format, deck.description, deck.published) == (
        "Goblins",
        "Modern",
        "Quick.",
        False,
    )
    assert lines_now(deck) == {(bolt.pk, "main"): 3, (shock.pk, "sideboard"): 2}
    assert deck.current_version().by == user


def test_a_deck_is_made_and_published_in_one_step(bolt):
    response = clerk().post(NEW, typed("4 Lightning Bolt", publish="1"))

    assert TemplateDeck.objects.get().published
    assert "on offer now" in messages_of(response)[0]


def sent_by(response, button: str) -> dict[str, str]:
    """What a browser sends of the form that is shown, by this button."""
    page = response.content.decode()
    buttons = {" ".join(strip_tags(text).split()): tag for tag, text in BUTTON.findall(page)}
    form = response.context["form"]
    sent = {name: str(form[name].value() or "") for name in form.fields}
    if 'name="publishing"' in page:
        sent["publishing"] = "1"
    return sent | dict(NAME_AND_VALUE.findall(buttons[button]))


@pytest.mark.parametrize(
    ("first", "buttons", "published"),
    [
        ("Save and publish", ["Save and publish without this line"], True),
        ("Save and publish", ["Lightning Bolt in line 1", "Save and publish"], True),
        ("Save and publish", ["Lightning Bolt in line 1", "Check the list", "Save"], True),
        ("Save and publish", ["Save as a draft", "Save without this line"], False),
        ("Save as a draft", ["Save without this line"], False),
        ("Save as a draft", ["Lightning Bolt in line 1", "Save"], False),
    ],
)
def test_publishing_is_not_forgotten_over_a_line_that_was_not_understood(first, buttons, published, bolt):
    client = clerk()
    empty = sent_by(client.get(NEW), first)
    response = client.post(NEW, empty | typed("4 Lightnig Bolt\n2 Lightning Bolt"))
    assert response.status_code == 422

    for button in buttons:
        response = client.post(NEW, sent_by(response, button))

    assert response.status_code == 302
    assert TemplateDeck.objects.get().published is published


def test_with_a_line_that_is_not_understood_nothing_is_saved_and_nothing_is_lost(bolt):
    text = "4 Lightnig Bolt\n2 Lightning Bolt\nxyzzy plugh"

    response = clerk().post(NEW, typed(text, description="Mine."))

    page = text_of(response)
    assert response.status_code == 422
    assert not TemplateDeck.objects.exists()
    for part in ("2 cards understood, 2 lines not", "Line 1", "No card is called “Lightnig Bolt”", "Line 3"):
        assert part in page
    assert response.context["form"]["cards"].value() == text
    assert response.context["form"]["description"].value() == "Mine."
    assert 'name="mend" value="1:Lightning Bolt"' in response.content.decode()


def test_a_line_is_mended_by_the_name_that_was_meant(bolt):
    response = clerk().post(NEW, typed("4 Lightnig Bolt\n2 Nix", name="", mend="1:Lightning Bolt"))

    assert response.status_code == 200
    assert response.context["form"]["cards"].value() == "4 Lightning Bolt\n2 Nix"
    assert "4 cards understood, 1 line not" in text_of(response)
    assert not TemplateDeck.objects.exists()


@pytest.mark.parametrize(
    "mended", ["", ":", "x:y", "9:Shock", "1", "٤:Shock", "1:" + "n" * 5_000, f"{'9' * 500}:Shock"]
)
def test_nonsense_about_a_line_is_no_crash(mended, bolt):
    response = clerk().post(NEW, typed("4 Lightning Bolt", mend=mended))

    assert response.status_code == 200


def test_lines_are_left_out_only_where_somebody_said_so_of_these(bolt):
    client = clerk()
    seen = client.post(NEW, typed("4 Lightning Bolt\n1 Nix")).context["draft"].unknown_sign

    other = client.post(NEW, typed("4 Lightning Bolt\n1 Nix\n1 Nought", without=seen))
    assert other.status_code == 422
    assert not TemplateDeck.objects.exists()
    client.post(NEW, typed("4 Lightning Bolt\n1 Nix", without=seen))

    assert lines_now(TemplateDeck.objects.get()) == {(bolt.pk, "main"): 4}


def test_a_list_is_checked_without_being_saved(bolt):
    response = clerk().post(NEW, typed("4 Lightning Bolt", check="1"))

    assert "4 cards understood. Every line names a card" in text_of(response)
    assert not TemplateDeck.objects.exists()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": ""}, "Give the deck a name"),
        ({"name": "n" * 121}, "At most 120 characters"),
        ({"name": "burn"}, "There is a deck called “Burn” already"),
        ({"name": "a\x00b"}, "Null characters"),
        ({"format": ""}, "for example Modern"),
        ({"format": "f" * 41}, "At most 40 characters"),
        ({"description": "d" * 2_001}, "At most 2,000 characters"),
        ({"cards": ""}, "no card in this list yet"),
        ({"cards": "// nothing\n\n"}, "No card in this list was understood"),
        ({"cards": "1 Nix"}, "No card in this list was understood"),
        ({"cards": "\n".join(["250 Lightning Bolt"] * 2)}, "1 to 250 copies"),
        ({"cards": "x" * 100_001}, "At most 100,000 characters"),
    ],
)
def test_bad_input_says_what_to_do_and_loses_nothing(fields, says, bolt):
    template_deck({bolt: 1}, name="Burn")
    sent = typed("4 Lightning Bolt", description="Kept.") | fields

    response = clerk().post(NEW, sent)

    assert response.status_code == 422
    assert says in text_of(response)
    assert TemplateDeck.objects.count() == 1
    assert {name: response.context["form"][name].value() for name in fields} == fields


def test_a_form_without_any_field_is_no_crash():
    assert clerk().post(NEW, {}).status_code == 422


def test_a_file_is_read_into_the_list_and_what_stood_there_is_kept(bolt):
    file = SimpleUploadedFile("burn.txt", "\ufeff4 Lightning Bolt\r\n1 Nix\r\n".encode())

    response = clerk().post(NEW, typed("2 Shock\n", read_file="1", file=file))

    assert response.status_code == 200
    assert response.context["form"]["cards"].value() == "4 Lightning Bolt\n1 Nix"
    assert response.context["before_file"] == "2 Shock\n"
    assert "4 cards understood, 1 line not" in text_of(response)
    assert not TemplateDeck.objects.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "Choose a file first"), (b"", "file is empty"), (b"x" * 1_000_001, "larger than 1 MB")],
)
def test_a_file_that_cannot_be_read_says_so_and_loses_nothing(content, says, bolt):
    file = {} if content is None else {"file": SimpleUploadedFile("burn.txt", content)}

    response = clerk().post(NEW, typed("2 Shock", read_file="1", **file))

    assert response.status_code == 422
    assert says in text_of(response)
    assert response.context["form"]["cards"].value() == "2 Shock"


@pytest.mark.parametrize(
    "content", [b"\x00" * 5_000, bytes(range(256)) * 40, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]
)
def test_a_hostile_file_is_no_crash(content):
    response = clerk().post(NEW, typed("", read_file="1", file=SimpleUploadedFile("a.dek", content)))

    assert response.status_code == 200


def test_an_order_is_made_a_deck(bolt, shock):
    order = placed({bolt: 2, shock: 1})
    client = clerk()
    assert (
        f"{NEW}?order={order.number}"
        in client.get(reverse("orders:staff_order", args=[order.number])).content.decode()
    )

    response = client.get(NEW, {"order": order.number})

    assert response.context["form"]["cards"].value() == "2 Lightning Bolt\n1 Shock"
    assert order.number in text_of(response)


@pytest.mark.parametrize("number", ["nix", "a\x00b", "9" * 500])
def test_an_order_that_is_not_there_makes_no_deck(number):
    assert clerk().get(NEW, {"order": number}).status_code == 404


# --- changing one -------------------------------------------------------------------------------------------


def test_the_form_of_a_deck_holds_what_is_in_it(bolt, shock):
    deck = template_deck({bolt: 4, (shock, "sideboard"): 1}, name="Burn", format="Pauper", description="Hot.")

    form = clerk().get(page_of(deck)).context["form"]

    assert {name: form[name].value() for name in form.fields} == {
        "name": "Burn",
        "format": "Pauper",
        "description": "Hot.",
        "cards": "Deck\n4 Lightning Bolt\n\nSideboard\n1 Shock",
        "began_from": 1,
        "began_with": write_signs(signs_of(deck, lines_now(deck))),
    }


def test_a_change_is_saved_as_the_next_version(bolt, shock):
    deck = template_deck({bolt: 4}, name="Goblins")

    response = clerk().post(page_of(deck), typed("3 Lightning Bolt\n1 Shock", began_from="1"))

    assert response["Location"] == page_of(deck)
    assert deck.current_version().number == 2
    assert lines_now(deck) == {(bolt.pk, "main"): 3, (shock.pk, "main"): 1}


def test_of_two_people_the_second_sees_what_the_first_did_and_keeps_their_own(bolt, shock):
    deck = template_deck({bolt: 4}, name="Goblins")
    clerk(email="anna@example.org").post(page_of(deck), typed("1 Shock", description="Hers.", began_from="1"))
    client, mine = clerk(), typed("2 Lightning Bolt", description="His.", began_from="1")

    response = client.post(page_of(deck), mine)

    page = text_of(response)
    assert response.status_code == 409
    for part in (
        "changed by somebody else",
        "anna@example.org",
        "Hers.",
        "−2 fewer Lightning Bolt",
        "+1 more Shock",
    ):
        assert part in page
    assert response.context["form"]["cards"].value() == "2 Lightning Bolt"
    assert deck.current_version().number == 2

    again = client.post(
        page_of(deck), mine | {"began_from": str(response.context["form"]["began_from"].value())}
    )

    assert again.status_code == 302
    assert lines_now(deck) == {(bolt.pk, "main"): 2}
    assert lines_of_version(deck.versions.get(number=2)) == {(shock.pk, "main"): 1}


def as_opened(deck: TemplateDeck) -> dict[str, str]:
    form = clerk().get(page_of(deck)).context["form"]
    return {name: str(form[name].value()) for name in form.fields}


def test_two_people_who_change_different_things_are_both_served(bolt, shock):
    deck = template_deck({bolt: 4}, name="Goblins")
    hers, his = as_opened(deck) | {"cards": "1 Shock"}, as_opened(deck) | {"description": "His."}
    clerk().post(page_of(deck), hers)

    response = clerk().post(page_of(deck), his)

    assert messages_of(response) == [
        "Saved “Goblins”: version 2, 1 card. What somebody else changed meanwhile stays: the cards."
    ]
    deck.refresh_from_db()
    assert deck.description == "His."
    assert lines_now(deck) == {(shock.pk, "main"): 1}


def test_after_a_conflict_saving_again_does_not_undo_what_only_the_other_changed(bolt, shock):
    deck = template_deck({bolt: 4}, name="Goblins")
    hers = as_opened(deck) | {"cards": "1 Shock", "description": "Hers."}
    his = as_opened(deck) | {"description": "His."}
    clerk().post(page_of(deck), hers)

    response = clerk().post(page_of(deck), his)

    assert response.status_code == 409
    assert "the cards is theirs already" not in text_of(response)
    assert "the cards are theirs already" in text_of(response)
    form = response.context["form"]
    again = {name: str(form[name].value()) for name in form.fields}
    assert (again["cards"], again["description"]) == ("1 Shock", "His.")
    assert clerk().post(page_of(deck), again).status_code == 302
    deck.refresh_from_db()
    assert deck.description == "His."
    assert lines_now(deck) == {(shock.pk, "main"): 1}


@pytest.mark.parametrize("began_with", ["", "x", "a.b.c.d", ".....", "1\x00", "z" * 500])
def test_a_form_that_does_not_know_its_beginning_saves_nothing_over_others(began_with, bolt):
    deck = template_deck({bolt: 4}, name="Goblins")
    clerk().post(page_of(deck), typed("3 Lightning Bolt", began_from="1"))

    response = clerk().post(page_of(deck), typed("1 Lightning Bolt", began_from="1", began_with=began_with))

    assert response.status_code in (409, 422)
    assert lines_now(deck) == {(bolt.pk, "main"): 3}


def test_a_form_that_was_sent_twice_is_saved_once(bolt):
    deck, client = template_deck({bolt: 4}, name="Goblins"), clerk()

    answers = [client.post(page_of(deck), typed("1 Lightning Bolt", began_from="1")) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert deck.versions.count() == 2


@pytest.mark.parametrize("began_from", ["x", "-1", "9" * 40, "1\x00"])
def test_a_form_that_says_nonsense_about_its_beginning_saves_nothing_over_others(began_from, bolt):
    deck = template_deck({bolt: 4}, name="Goblins")

    response = clerk().post(page_of(deck), typed("1 Lightning Bolt", began_from=began_from))

    assert response.status_code in (409, 422)
    assert deck.versions.count() == 1


def test_an_old_version_can_be_brought_back(bolt, shock):
    deck = template_deck({bolt: 4})
    deck_version(deck, {shock: 1})
    client = clerk()
    assert f"{page_of(deck)}?version=1" in client.get(page_of(deck, "deck_version", 1)).content.decode()

    form = client.get(page_of(deck), {"version": "1"}).context["form"]

    assert form["cards"].value() == "4 Lightning Bolt"


@pytest.mark.parametrize("number", ODD_NUMBERS)
def test_a_version_that_is_not_there_brings_the_current_one(number, bolt):
    deck = template_deck({bolt: 4})

    assert (
        clerk().get(page_of(deck), {"version": number}).context["form"]["cards"].value() == "4 Lightning Bolt"
    )


# --- publishing and deleting --------------------------------------------------------------------------------


def test_a_deck_is_published_unpublished_and_deleted_by_buttons(bolt):
    deck, client = template_deck({bolt: 4}, published=False, name="Burn"), clerk()

    assert client.post(page_of(deck, "publish_deck"), {"from": "deck"})["Location"] == page_of(deck)
    assert TemplateDeck.objects.published().exists()
    assert client.post(page_of(deck, "unpublish_deck"))["Location"] == SHELF
    assert not TemplateDeck.objects.published().exists()
    response = client.post(page_of(deck, "delete_deck"))

    assert response["Location"] == SHELF
    assert messages_of(response)[-1] == "“Burn” is deleted."
    assert not TemplateDeck.objects.exists()


def test_a_draft_without_cards_is_not_published():
    deck = template_deck({}, published=False)

    response = clerk().post(page_of(deck, "publish_deck"))

    assert "no cards" in messages_of(response)[0]
    assert not TemplateDeck.objects.published().exists()


def test_a_deck_that_somebody_has_is_not_deleted_and_does_not_offer_it(bolt):
    deck, client = template_deck({bolt: 4}), clerk()
    assert "Yes, delete it" in text_of(client.get(page_of(deck)))
    carts.add_template_deck(cart=CartFactory(), deck=deck)

    response = client.post(page_of(deck, "delete_deck"))

    assert response["Location"] == page_of(deck)
    assert "Unpublish it instead" in messages_of(response)[0]
    assert "Yes, delete it" not in text_of(client.get(page_of(deck)))


# --- what others see ----------------------------------------------------------------------------------------


def test_staff_see_a_draft_as_everybody_will_and_nobody_else_does(bolt):
    deck = template_deck({bolt: 4}, published=False)

    response = clerk().get(deck.get_absolute_url())

    assert "only staff see this page" in text_of(response)
    assert "disabled>Take this deck" in response.content.decode()
    for other in (Client(), signed_in(UserFactory())):
        assert other.get(deck.get_absolute_url()).status_code == 404


def test_a_deck_says_which_version_it_is_and_since_when(bolt):
    deck = template_deck({bolt: 4})
    assert f"Version 1, made on {TODAY:%-d %B %Y}" in text_of(Client().get(deck.get_absolute_url()))

    deck_version(deck, {bolt: 3})

    assert f"Version 2, changed on {TODAY:%-d %B %Y}" in text_of(Client().get(deck.get_absolute_url()))


# --- versions, and the orders that have them ----------------------------------------------------------------


def order_with(deck: TemplateDeck, **fields) -> Order:
    """An open order of which the deck's current version is all that is in it."""
    cart = cart_with({}, **fields)
    carts.add_template_deck(cart=cart, deck=deck)
    return settle(payment=held_payment(cart), today=TODAY)


def test_an_old_order_stays_true_when_the_deck_is_changed_and_unpublished(bolt, shock):
    deck = save_deck(name="Goblins", format="Modern", description="", lines={(bolt.pk, "main"): 3}, by=None)
    publish(deck=deck)
    user = UserFactory()
    order = order_with(deck, user=user)
    save_deck(
        name="Elves", format="Modern", description="", lines={(shock.pk, "main"): 2}, by=None, deck=deck
    )
    unpublish(deck=deck)

    for client, address in ((signed_in(user), "orders:order"), (clerk(), "orders:staff_order")):
        response = client.get(reverse(address, args=[order.number]))

        (in_order,) = response.context["decks"]
        assert in_order.version.number == 1
        assert [(line.quantity, line.card) for zone in in_order.zones for line in zone.lines] == [(3, bolt)]
        assert "Elves, version 1" in text_of(response)
        assert "there is a newer version now; not offered any more" in text_of(response)
        assert "Shock" not in text_of(response)
        assert (deck.get_absolute_url() in response.content.decode()) is False


def test_an_order_says_how_many_cards_of_a_deck_it_has(bolt, shock):
    order = order_with(template_deck({bolt: 4, shock: 3}, name="Burn"), user=UserFactory())
    order.order_cards.filter(card=bolt).update(quantity=2)

    for response in (
        signed_in(order.user).get(order.get_absolute_url()),
        clerk().get(reverse("orders:staff_order", args=[order.number])),
    ):
        assert "5 of 7 cards are in this order" in text_of(response)


def test_a_cart_says_how_many_cards_of_a_deck_it_has(bolt, shock):
    cart = CartFactory(user=UserFactory(), guest=None)
    carts.add_template_deck(cart=cart, deck=template_deck({bolt: 4, shock: 3}, name="Burn"))
    assert "7 cards, version 1" in text_of(signed_in(cart.user).get(reverse("orders:cart")))

    cart.order_cards.get(card=bolt).delete()

    assert "3 of 7 cards, version 1" in text_of(signed_in(cart.user).get(reverse("orders:cart")))


def test_an_order_is_read_as_a_deck_by_type_value_and_name():
    golem = stocked_card(1, name="Golem", type_line="Artifact Creature — Golem", mana_value=3)
    imp = stocked_card(1, name="Imp", type_line="Creature — Imp", mana_value=1)
    axe = stocked_card(1, name="Axe", type_line="Artifact — Equipment", mana_value=1)
    order = order_with(template_deck({axe: 1, golem: 1, imp: 1}), user=UserFactory())

    for response in (
        signed_in(order.user).get(order.get_absolute_url()),
        clerk().get(reverse("orders:staff_order", args=[order.number])),
    ):
        (zone,) = response.context["page"].zones
        assert [(group.title, [shown.line.card for shown in group.lines]) for group in zone.groups] == [
            ("Creatures", [imp, golem]),
            ("Artifacts", [axe]),
        ]
        assert "Creatures (2)" in text_of(response)


def test_an_order_links_to_a_deck_that_is_on_offer(bolt):
    deck = template_deck({bolt: 2})
    order = order_with(deck)
    client = Client()
    session = client.session
    session["guest_id"] = str(order.guest_id)
    session.save()

    page = client.get(reverse("orders:order", args=[order.number]))

    assert deck.get_absolute_url() in page.content.decode()
    assert "newer version" not in text_of(page)


def test_the_versions_of_a_deck_say_what_changed_and_how_many_orders_have_them(bolt, shock):
    deck = template_deck({bolt: 1})
    order_with(deck)
    deck_version(deck, {shock: 2}, by=StaffFactory(email="anna@example.org"))
    carts.add_template_deck(cart=CartFactory(), deck=deck)

    page = text_of(clerk().get(page_of(deck, "deck_versions")))

    assert "−1 fewer Lightning Bolt +2 more Shock" in page
    assert "anna@example.org 2 cards, in 0 orders and 1 cart" in page
    assert "1 card, in 1 order The first one" in page


def test_a_version_says_which_orders_have_it_and_no_cart(bolt):
    deck = template_deck({bolt: 1})
    order = order_with(deck)
    carts.add_template_deck(cart=CartFactory(), deck=deck)
    deck_version(deck, {bolt: 2})
    other = order_with(deck, first_day=TODAY + timedelta(days=60))

    response = clerk().get(page_of(deck, "deck_version", 1))

    assert list(response.context["shown"].orders) == [order]
    assert order.number in text_of(response)
    assert other.number not in text_of(response)
    assert "It is in 1 cart, too" in text_of(response)


@pytest.mark.parametrize("page", ODD_NUMBERS)
def test_a_page_of_versions_that_is_not_there_is_the_nearest_one(page, bolt):
    deck = template_deck({bolt: 1})

    for address in (page_of(deck, "deck_versions"), page_of(deck, "deck_version", 1)):
        assert clerk().get(address, {"page": page}).status_code == 200


# --- how often a page asks the database ---------------------------------------------------------------------


def queries_of(client: Client, address: str) -> int:
    client.get(address)  # content types and the like are read once in each process
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def many_decks(decks: int) -> None:
    for _ in range(decks):
        card = stocked_card(4)
        carts.add_template_deck(cart=CartFactory(), deck=template_deck({card: 2, (card, "sideboard"): 1}))


def one_deck(lines: int) -> TemplateDeck:
    deck = template_deck({stocked_card(1): 2 for _ in range(lines)})
    order_with(deck)
    deck_version(deck, {stocked_card(1): 2 for _ in range(lines)})
    return deck


@pytest.mark.parametrize("decks", [1, 100])
def test_the_shelf_pins_its_queries(decks):
    many_decks(decks)

    assert queries_of(clerk(), SHELF) == 10


@pytest.mark.parametrize("lines", [1, 100])
@pytest.mark.parametrize(
    ("name", "more", "queries"), [("deck", [], 14), ("deck_versions", [], 9), ("deck_version", [1], 10)]
)
def test_the_pages_of_a_deck_pin_their_queries(name, more, queries, lines):
    deck = one_deck(lines)

    assert queries_of(clerk(), page_of(deck, name, *more)) == queries


@pytest.mark.parametrize("lines", [1, 100])
def test_a_list_is_reviewed_in_as_many_queries_however_long_it_is(lines):
    client, text = clerk(), "\n".join(f"1 {stocked_card(1).name}" for _ in range(lines))
    client.post(NEW, typed(text, check="1"))

    with CaptureQueriesContext(connection) as captured:
        client.post(NEW, typed(text, check="1"))

    assert len(captured) == 5
