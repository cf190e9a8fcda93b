"""What somebody does on a device, through the pages; and a pytest plugin with which signing in costs tests nothing.

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tries_counted_alone")]
"""

import uuid
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from inventory.models import Card

PASSWORD = "correct horse battery"  # of every user that the factories make


@pytest.fixture
def tries_counted_alone(settings) -> None:
    """How often somebody may try is counted for each test alone."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


def sign_in(device: Client, user: User) -> HttpResponse:
    response = device.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert response.status_code == 302, response.content.decode()
    return response


def add(device: Client, card: Card, quantity: int = 1, **fields: Any) -> HttpResponse:
    return device.post(reverse("orders:add_card", args=[card.slug]), {"quantity": quantity, **fields})


def shown(device: Client) -> dict[str, int]:
    """What the cart page shows: copies by name."""
    page = device.get(reverse("orders:cart")).context["page"]
    return {line.line.card.name: line.line.quantity for line in page.lines} if page else {}
