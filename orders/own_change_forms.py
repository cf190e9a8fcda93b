"""The form with which customers change their own order. It reads what was typed; the rules are the domain's."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q

from inventory.deck_lists import LineKey, UnknownLine, resolve
from inventory.decklist import parse
from inventory.models import Card, Printing, Zone
from orders.cart import MAX_LINES, key_of
from orders.change_forms import ChangeForm
from orders.change_plan import ChangeError, Wanted, priced
from orders.forms import CopiesField, QuickAddForm
from orders.models import Order, OrderCard, ShippingMethod

_NEW = re.compile(r"new_(\d{1,18})_([a-z]{1,10})_(\d{1,18})")
_MOST_CHARACTERS = 10_000
_NOT_BY_LINK = (
    "With the link alone the way of shipping cannot be changed, as anybody may have got it. Sign in, go on in the "
    "browser in which you ordered, or write to us."
)


@dataclass(frozen=True, slots=True)
class NewRow:
    """A line that is to come to the order, with the field for its copies."""

    card: Card
    zone: Zone
    printing: Printing | None
    field: forms.BoundField


class OwnChangeForm(ChangeForm):
    """Days, way of shipping, copies of every line, and lines that come to it: `new_<card>_<zone>_<printing or 0>`.

    `cards` is a line of a deck list, read into such lines; `start` another first day, for as many days. `keeps_way`:
    where the deck goes is not for whoever changes the order to say.
    """

    shipping_method = forms.ModelChoiceField(
        ShippingMethod.objects.none(),
        label="Shipping",
        to_field_name="slug",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose how the deck gets to you.",
            "invalid_choice": "This way of shipping is not offered any more. Choose another one.",
        },
    )
    cards = forms.CharField(
        label="Add a card",
        required=False,
        max_length=_MOST_CHARACTERS,
        strip=False,
        widget=QuickAddForm.base_fields["cards"].widget,
    )
    looked = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
    start = forms.DateField(required=False)

    def __init__(
        self,
        *args: Any,
        order: Order,
        lines: Sequence[OrderCard],
        today: date,
        keeps_way: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, order=order, lines=lines, **kwargs)
        self.lines = lines
        if self.is_bound:
            self.data = self._with_lines_that_came()
        self.keeps_way = keeps_way
        own_way = Q(pk=order.shipping_method_id)
        ways = ShippingMethod.objects.filter(own_way if keeps_way else own_way | Q(active=True))
        if keeps_way:
            self.fields["shipping_method"].error_messages["invalid_choice"] = _NOT_BY_LINK
        self.fields["shipping_method"].queryset = ways.order_by("position", "pk")  # type: ignore[attr-defined]
        self.fields["first_day"].label, self.fields["last_day"].label = (
            "First day with you",
            "Last day with you",
        )
        for name in ("first_day", "last_day"):
            self.fields[name].widget.attrs["min"] = today.isoformat()
        if order.shipping_method is not None:
            self.initial.setdefault("shipping_method", order.shipping_method.slug)
        self.new_of_field: dict[str, LineKey] = {}
        for key in self._keys(self.data if self.is_bound else self.initial):
            self._add_row(key)
        self.unknown: tuple[UnknownLine, ...] = ()
        self.typed: dict[LineKey, int] = {}

    def _with_lines_that_came(self) -> dict[str, Any]:
        """What was sent, and for lines that the page did not show: what it said of them as new ones, or as they are.

        A second click says of a line that the first has made what it said of the new one.
        """
        said: dict[str, Any] = self.data.dict() if hasattr(self.data, "dict") else dict(self.data)
        for name, line in self.line_of_field.items():
            said.setdefault(name, said.get(field_name(key_of(line)), str(line.quantity)))
        return said

    def _keys(self, said: Mapping[str, Any]) -> Iterator[LineKey]:
        """Of the lines that come to it, those that could be; what has come meanwhile is a line by now."""
        here = {key_of(line) for line in self.lines}
        for name in list(said)[: 4 * MAX_LINES]:
            found = _NEW.fullmatch(name)
            if found and found[2] in Zone.values:
                key = (int(found[1]), found[2], int(found[3]) or None)
                if key not in here:
                    yield key

    def _add_row(self, key: LineKey) -> None:
        name = field_name(key)
        self.new_of_field[name] = key
        self.fields[name] = CopiesField(least=0, required=True, initial=self.initial.get(name))
        self.fields[name].widget.attrs |= {"class": "input", "inputmode": "numeric"}

    def clean_cards(self) -> str:
        text: str = self.cleaned_data["cards"]
        if not text.strip():
            return ""
        read = resolve(parse(text))
        if read.unknown:
            first = read.unknown[0]
            meant = f" Did you mean {' or '.join(first.nearest[:3])}?" if first.nearest else ""
            raise forms.ValidationError(f"{first.problem.message}{meant}")
        if not read.lines:
            raise forms.ValidationError("Write a card to add, for example 4 Lightning Bolt.")
        self.typed = dict(read.copies())
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        start, first_day, last_day = cleaned.get("start"), cleaned.get("first_day"), cleaned.get("last_day")
        if start and first_day and last_day and last_day >= first_day:
            try:
                cleaned["first_day"], cleaned["last_day"] = start, start + (last_day - first_day)
            except OverflowError:
                self.add_error("first_day", "Choose a day that a calendar knows.")
        return cleaned

    @property
    def additions(self) -> dict[LineKey, int]:
        """Copies of lines that are not in the order yet."""
        here = {key_of(line) for line in self.lines}
        new = {key: self.cleaned_data[name] for name, key in self.new_of_field.items()}
        for key, copies in self.typed.items():
            if key not in here:
                new[key] = new.get(key, 0) + copies
        return {key: copies for key, copies in new.items() if copies}

    @property
    def quantities(self) -> dict[int, int]:
        """What is typed of a card that is there already goes to its line."""
        typed = {line.pk: self.typed.get(key_of(line), 0) for line in self.lines}
        asked = {
            line.pk: self.cleaned_data[name] + typed[line.pk] for name, line in self.line_of_field.items()
        }
        return {line.pk: asked[line.pk] for line in self.lines if asked[line.pk] != line.quantity}

    @property
    def changes_way(self) -> bool:
        return bool(self.cleaned_data["shipping_method"].pk != self.order.shipping_method_id)

    @property
    def changes_something(self) -> bool:
        return bool(self.quantities or self.additions or self.changes_days or self.changes_way)

    def wanted(self) -> Wanted:
        """What a valid form asks for, at today's prices. Raises ChangeError."""
        if len(self.additions) > MAX_LINES:
            raise ChangeError(f"An order has at most {MAX_LINES} lines. Add fewer cards.")
        first_day, last_day = self.days
        method = self.cleaned_data["shipping_method"] if self.changes_way else None
        return Wanted(
            quantities=self.quantities,
            first_day=first_day,
            last_day=last_day,
            method=method,
            shipping_cents=method.price_cents if method else None,
            additions=priced(self.additions),
        )

    def as_understood(self, *, looked: str = "") -> "OwnChangeForm":
        """The form once more with what was read: typed cards are lines, another start is its days."""
        first_day, last_day = self.days
        quantities = self.quantities
        initial: dict[str, Any] = {"shipping_method": self.cleaned_data["shipping_method"].slug}
        initial |= {field_name(key): copies for key, copies in self.additions.items()}
        form = OwnChangeForm(
            order=self.order,
            lines=self.lines,
            today=self.order.first_day or first_day,
            keeps_way=self.keeps_way,
            initial=initial,
        )
        form.initial.update(first_day=first_day, last_day=last_day, looked=looked)
        form.initial.update(
            {name: quantities.get(line.pk, line.quantity) for name, line in form.line_of_field.items()}
        )
        for name in ("first_day", "last_day"):
            form.fields[name].widget.attrs["min"] = self.fields[name].widget.attrs["min"]
        return form

    @property
    def new_rows(self) -> list[NewRow]:
        cards = Card.objects.in_bulk([card for card, _, _ in self.new_of_field.values()])
        printings = Printing.objects.in_bulk(
            [printing for _, _, printing in self.new_of_field.values() if printing]
        )
        return [
            NewRow(cards[card], Zone(zone), printings.get(printing or 0), self[name])
            for name, (card, zone, printing) in self.new_of_field.items()
            if card in cards
        ]


def field_name(key: LineKey) -> str:
    card, zone, printing = key
    return f"new_{card}_{zone}_{printing or 0}"
