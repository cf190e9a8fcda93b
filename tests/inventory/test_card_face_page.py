"""The card alone, as it is seen beside its name."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import PrintingFactory, stocked_card, template_deck

pytestmark = pytest.mark.django_db


def test_the_face_of_a_card_is_no_page_and_is_kept_by_whoever_has_it(client: Client):
    card = stocked_card(1, name="Lightning Bolt")

    response = client.get(reverse("inventory:card_face", args=[card.slug]))

    page = response.content.decode()
    assert "Lightning Bolt" in page
    assert "<html" not in page
    assert 'id="sky"' not in page
    assert response["Cache-Control"] == "public, max-age=3600"
    assert "Vary" not in response or "Cookie" not in response["Vary"]


def test_the_engravings_come_where_they_are_asked_for(client: Client):
    card = stocked_card(1)

    assert (
        'id="sky"' in client.get(reverse("inventory:card_face", args=[card.slug]) + "?ink").content.decode()
    )


def test_the_picture_of_a_printing_lies_on_it(client: Client, django_assert_num_queries):
    card = stocked_card(1)
    PrintingFactory(card=card, image_urls=["https://cards.scryfall.io/normal/front/a.jpg"])

    with django_assert_num_queries(2):
        response = client.get(reverse("inventory:card_face", args=[card.slug]))

    assert "https://cards.scryfall.io/normal/front/a.jpg" in response.content.decode()


def test_there_is_no_face_of_a_card_that_is_not(client: Client):
    assert client.get(reverse("inventory:card_face", args=["nothing"])).status_code == 404


@pytest.mark.parametrize(("cards", "drawn"), [(4, 3), (2, 0)])
def test_the_finest_cards_of_a_deck_stand_at_the_head_of_its_page(client: Client, cards: int, drawn: int):
    deck = template_deck({stocked_card(1): 1 for _ in range(cards)})

    page = client.get(deck.get_absolute_url()).content.decode()

    assert page.count('class="drawn-card drawn-small"') == drawn
    assert page.count('id="sky"') == (1 if drawn else 0)
