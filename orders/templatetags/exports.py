"""Where the lists of an order are to be had."""

from typing import Any

from django import template
from django.urls import reverse

from inventory.decklist import FORMS
from orders.models import Order
from orders.states import Status

register = template.Library()


@register.simple_tag
def export_links(order: Order, query: str = "") -> list[dict[str, str]]:
    """For each form its label, its address and its limits; `query` is what goes behind the address."""
    return [
        {"label": form.label, "address": export_address(order, key) + query, "limits": form.limits}
        for key, form in FORMS.items()
    ]


@register.simple_tag
def export_address(order: Order, form: str = "") -> str:
    """Of the page that shows the list, or of the file in one form."""
    kwargs: dict[str, Any] = {"form": form} if form else {}
    if order.status == Status.CART:
        return reverse("orders:export_cart" if form else "orders:export", kwargs=kwargs)
    kwargs["number"] = order.number
    return reverse("orders:export_order" if form else "orders:export_of_order", kwargs=kwargs)
