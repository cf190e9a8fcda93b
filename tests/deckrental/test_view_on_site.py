"""From the admin to the page of a row, and what is said where there is none."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from inventory.models import Card
from orders.models import Payment
from tests.factories import StaffFactory, UserFactory, stocked_card

pytestmark = pytest.mark.django_db


def address(model: type, key: object) -> str:
    return reverse("admin:view_on_site", args=[ContentType.objects.get_for_model(model).pk, key])


def test_a_row_leads_to_its_page(client):
    client.force_login(StaffFactory())
    card = stocked_card(1)

    assert client.get(address(Card, card.pk)).headers["Location"].endswith(card.get_absolute_url())


@pytest.mark.parametrize("key", ["not-a-key", "1", "9" * 5_000, "a/b/c", "💀"])
def test_where_there_is_no_such_row_there_is_no_page(client, key):
    client.force_login(StaffFactory())

    for model in (Card, Payment):
        assert client.get(address(model, key)).status_code == 404
    assert client.get(f"/admin/r/{key}/{key}/").status_code == 404


def test_it_is_for_staff(client):
    client.force_login(UserFactory())

    assert "/login/" in client.get(address(Card, stocked_card(1).pk)).headers["Location"]
