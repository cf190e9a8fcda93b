"""Forms with which the desk changes an order. They read what was typed; the rules are those of orders/changes.py."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django import forms

from orders.forms import A_DAY, CopiesField, DateInput
from orders.models import Order, OrderCard
from orders.models.order import ADDRESS

_COPIES = "copies_"


def seen_of(order: Order, lines: Iterable[OrderCard]) -> str:
    """What the form shows of an order, in short: another one as soon as its days, way or lines are others."""
    way = order.shipping_method_id
    shown = (order.first_day, order.last_day, way, sorted((line.pk, line.quantity) for line in lines))
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def address_seen(order: Order) -> str:
    """The name and address that a page shows, in short."""
    shown = [getattr(order, field) for field in ADDRESS]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def packed_of(order: Order, lines: Iterable[OrderCard]) -> str:
    """What a pick list shows, in short: the order, and to whom it goes."""
    return seen_of(order, lines) + address_seen(order)


class ChangeForm(forms.Form):
    """First and last day, and a number of copies for each line; 0 takes it out.

    `seen` says what was shown, so that nobody undoes what they have not seen.
    """

    first_day = forms.DateField(label="First day with the customer", widget=DateInput, error_messages=A_DAY)
    last_day = forms.DateField(label="Last day with the customer", widget=DateInput, error_messages=A_DAY)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, order: Order, lines: Sequence[OrderCard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        self.seen_now = seen_of(order, lines)
        self.initial.update(first_day=order.first_day, last_day=order.last_day, seen=self.seen_now)
        self.line_of_field = {f"{_COPIES}{line.pk}": line for line in lines}
        for name, line in self.line_of_field.items():
            self.fields[name] = CopiesField(least=0, label=line.card.name, initial=line.quantity)
            self.fields[name].widget.attrs |= {"class": "input", "inputmode": "numeric"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("seen"):
            raise forms.ValidationError("This page did not say what it showed. Try again.")
        first_day, last_day = cleaned.get("first_day"), cleaned.get("last_day")
        if first_day and last_day and last_day < first_day:
            self.add_error(
                "last_day", "The last day is before the first. Choose the first day or a later one."
            )
        others = {name for name in self.data if name.startswith(_COPIES)} - self.line_of_field.keys()
        if any(self.data[name].strip() != "0" for name in others):  # a line that is out already is out
            raise forms.ValidationError(
                "This line is not in the order any more. Look at the order once more."
            )
        return cleaned

    @property
    def quantities(self) -> dict[int, int]:
        """By line id, the new numbers of copies, where they are others than now."""
        return {
            line.pk: self.cleaned_data[name]
            for name, line in self.line_of_field.items()
            if self.cleaned_data[name] != line.quantity
        }

    @property
    def days(self) -> tuple[date, date]:
        return self.cleaned_data["first_day"], self.cleaned_data["last_day"]

    @property
    def changes_days(self) -> bool:
        return self.days != (self.order.first_day, self.order.last_day)

    @property
    def rows(self) -> list[tuple[OrderCard, forms.BoundField]]:
        return [(line, self[name]) for name, line in self.line_of_field.items()]


class KeepLongerForm(forms.Form):
    kept_until = forms.DateField(label="Keep longer until", widget=DateInput, error_messages=A_DAY)

    def __init__(self, *args: Any, earliest: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kept_until"].widget.attrs["min"] = earliest.isoformat()
