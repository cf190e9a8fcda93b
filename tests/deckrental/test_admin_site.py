"""The admin: addresses that make no sense are no page, and "View on site" leads there."""

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from inventory.models import Card
from orders.models import Payment, WebhookEvent
from tests.factories import StaffFactory, UserFactory, stocked_card

pytestmark = pytest.mark.django_db

KEYS = ["not-a-key", "987654321", "9" * 5_000, "a/b/c", "💀", "%00", "1%00"]


@pytest.fixture
def staff(client):
    client.force_login(StaffFactory(is_superuser=True))
    return client


def on_site(model: type, key: object) -> str:
    return (
        reverse("admin:view_on_site", args=[ContentType.objects.get_for_model(model).pk, 1])[:-2] + f"{key}/"
    )


def test_a_row_leads_to_its_page(staff):
    card = stocked_card(1)

    assert staff.get(on_site(Card, card.pk)).headers["Location"].endswith(card.get_absolute_url())


@pytest.mark.parametrize("key", KEYS)
def test_where_there_is_no_such_row_there_is_no_page(staff, key):
    for model in (Card, Payment, WebhookEvent):
        assert staff.get(on_site(model, key)).status_code == 404
    assert staff.get(f"/admin/r/{key}/{key}/").status_code == 404


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("of_a_row", ["change", "delete", "history"])
def test_no_key_is_an_error(staff, of_a_row, key):
    for model in admin.site._registry:
        names = (model._meta.app_label, model._meta.model_name)
        assert staff.get(f"/admin/{'/'.join(names)}/{key}/{of_a_row}/").status_code in (302, 403, 404), names


@pytest.mark.parametrize(
    "asked",
    ["q=%00", "pk=%00", "number=%00", "status__exact=%00", "p=%00", "pk=x", "nothing=x", f"p={'9' * 30}"],
)
def test_no_list_is_an_error(staff, asked):
    for model in admin.site._registry:
        answer = staff.get(f"/admin/{model._meta.app_label}/{model._meta.model_name}/?{asked}")
        assert answer.status_code in (200, 302, 404), model


def test_it_is_for_staff(client):
    client.force_login(UserFactory())

    assert "/login/" in client.get(on_site(Card, stocked_card(1).pk)).headers["Location"]
    assert "/login/" in client.get("/admin/%00/").headers["Location"]
