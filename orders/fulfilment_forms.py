"""Forms of the returns desk. They read what was typed; the rules are those of orders/fulfilment.py.

Each form says how many copies were out when it was shown (`seen`), so that sent twice it counts once.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django import forms

from inventory.models import Printing, StockMovement
from orders.forms import DateInput
from orders.fulfilment_pages import CardOut
from orders.stock_forms import check_day_ahead


class BackField(forms.IntegerField):
    """How many of the copies that are out came back; empty: none."""

    def __init__(self, *, card: str, out: int) -> None:
        whole = f"Write a whole number of copies, from 0 to {out}."
        super().__init__(
            label=card,
            required=False,
            min_value=0,
            max_value=out,
            error_messages={
                "invalid": whole,
                "min_value": whole,
                "max_value": f"Only {out} can come back: no more are out.",
            },
        )
        self.widget.attrs |= {"class": "input", "inputmode": "numeric", "placeholder": "0"}


class SeenForm(forms.Form):
    seen = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("seen") is None:
            raise forms.ValidationError("This page did not say what it showed. Try again.")
        return cleaned


class CheckInForm(SeenForm):
    """A number for each card that is out."""

    def __init__(self, *args: Any, cards: Iterable[CardOut], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.card_of_field = {f"back_{row.card.pk}": row for row in cards}
        for name, row in self.card_of_field.items():
            self.fields[name] = BackField(card=row.card.name, out=row.copies)

    @property
    def copies(self) -> dict[int, int]:
        """By card id, those that came back."""
        return {
            row.card.pk: self.cleaned_data[name]
            for name, row in self.card_of_field.items()
            if self.cleaned_data[name]
        }

    @property
    def rows(self) -> list[tuple[CardOut, forms.BoundField]]:
        return [(row, self[name]) for name, row in self.card_of_field.items()]


class PrintingChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.card.name}, {obj}"


class WriteOffForm(SeenForm):
    """Copies of a printing that do not come back, or not as they were."""

    printing = PrintingChoice(
        Printing.objects.none(),
        label="Card and printing",
        empty_label="Choose what is written off",
        error_messages={
            "required": "Choose what is written off.",
            "invalid_choice": "That is no printing of a card that is out. Choose one of the list.",
        },
    )
    copies = forms.IntegerField(
        min_value=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={
            "invalid": "Write a whole number of copies.",
            "required": "Write how many copies.",
            "min_value": "Write how many copies, 1 or more.",
        },
    )
    kind = forms.ChoiceField(
        label="What happened",
        choices=[(kind.value, kind.label) for kind in (StockMovement.Kind.LOST, StockMovement.Kind.DAMAGED)],
        error_messages={
            "required": "Choose what happened: lost or damaged.",
            "invalid_choice": "Choose what happened: lost or damaged.",
        },
    )

    def __init__(self, *args: Any, printings: Sequence[Printing], most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["printing"]
        field.queryset = Printing.objects.filter(pk__in=[printing.pk for printing in printings])  # type: ignore[attr-defined]
        # The page has read them already, in order and with their cards.
        field.choices = [("", field.empty_label)] + [  # type: ignore[attr-defined]
            (str(printing.pk), field.label_from_instance(printing))  # type: ignore[attr-defined]
            for printing in printings
        ]
        self.fields["copies"].widget.attrs |= {"min": 1, "max": most}
        self.fields["copies"].initial = 1


class ExpectForm(forms.Form):
    """The day on which what is out is expected on the shelf; None where `forget` was pressed."""

    on = forms.DateField(
        label="Expected on the shelf",
        widget=DateInput,
        error_messages={"required": "Choose a day.", "invalid": "Choose a day, or write it like 2027-03-31."},
    )

    def __init__(self, *args: Any, earliest: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.earliest = earliest
        self.fields["on"].widget.attrs["min"] = earliest.isoformat()
        if "forget" in self.data:
            self.fields["on"] = forms.CharField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "forget" in self.data:
            return {"on": None}
        if cleaned.get("on"):
            try:
                check_day_ahead(cleaned["on"], today=self.earliest)
            except forms.ValidationError as error:
                self.add_error("on", error)
        return cleaned
