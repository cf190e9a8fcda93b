"""The form in which customers say where their order goes instead; the rules are orders/delivery_address.py's."""

from typing import Any

from django import forms

from orders.change_forms import address_seen
from orders.forms import AddressFields
from orders.models import Order
from orders.models.order import ADDRESS


class AddressForm(AddressFields):
    """Another name and address for an accepted order. `seen`: those that were shown."""

    seen = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        self.initial.update({name: getattr(order, name) for name in ADDRESS}, seen=address_seen(order))

    def clean(self) -> dict[str, Any]:
        self.check_address(self.order.shipping_method)
        return super().clean() or {}

    @property
    def address(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ADDRESS}
