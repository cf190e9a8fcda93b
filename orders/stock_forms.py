"""Forms of the desk about copies that come and go, and about days on which the shop is closed."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from inventory.card_stock import CardStock
from inventory.models import Printing, StockMovement
from inventory.stock import MOST_COPIES
from orders.forms import A_DAY, DateInput

FURTHEST_ARRIVAL = timedelta(days=366)  # a slip in the year would hide copies for good


def check_day_ahead(day: date, *, today: date) -> date:
    if day > today + FURTHEST_ARRIVAL:
        raise forms.ValidationError("This is more than a year ahead. Look at the year again.")
    return day


class ReceivedCopiesField(forms.IntegerField):
    """A number of copies that came to the desk."""

    def __init__(self) -> None:
        super().__init__(
            min_value=1,
            max_value=MOST_COPIES,
            error_messages={
                "invalid": "Write how many copies came, as a whole number.",
                "required": "Write how many copies came.",
                "min_value": "Write how many copies came, 1 or more.",
                "max_value": f"{MOST_COPIES:,} copies at once are the most.",
            },
        )


class ReceiveForm(forms.Form):
    """Copies that came to the desk (or will, on `effective_on`)."""

    quantity = ReceivedCopiesField()
    printing = forms.ModelChoiceField(
        Printing.objects.none(),
        error_messages={
            "required": "Choose the printing that came.",
            "invalid_choice": "That is no printing of this card. Choose one of the list.",
        },
    )
    effective_on = forms.DateField(required=False, widget=DateInput, error_messages=A_DAY)

    def __init__(self, *args: Any, card_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["printing"].queryset = Printing.objects.filter(card_id=card_id)  # type: ignore[attr-defined]

    def clean_effective_on(self) -> date:
        today = timezone.localdate()
        day = self.cleaned_data["effective_on"] or today
        if day < today:
            raise forms.ValidationError("This day has passed. Leave the day out for copies that are here.")
        return check_day_ahead(day, today=today)


class ClosedDayForm(forms.Form):
    """Days on which the shop is closed; one day where no last one is given."""

    first_day = forms.DateField(label="First closed day", widget=DateInput, error_messages=A_DAY)
    last_day = forms.DateField(
        label="Last closed day", widget=DateInput, error_messages=A_DAY, required=False
    )
    reason = forms.CharField(
        label="Why", max_length=100, error_messages={"required": "Write why, for whoever wonders later."}
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first_day", "last_day"):
            self.fields[name].widget.attrs["min"] = today.isoformat()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "first_day" in cleaned and "last_day" in cleaned and cleaned["last_day"] is None:
            cleaned["last_day"] = cleaned["first_day"]
        return cleaned


class MovementForm(forms.Form):
    """What happened to copies of a card, as people say it: 2 lost. Only a correction may be below 0."""

    printing = forms.ModelChoiceField(
        Printing.objects.none(),
        empty_label=None,
        error_messages={
            "required": "Choose the printing.",
            "invalid_choice": "That is no printing of this card. Choose one of the list.",
        },
    )
    kind = forms.ChoiceField(
        label="What happened",
        choices=StockMovement.Kind.choices,
        error_messages={
            "required": "Choose what happened.",
            "invalid_choice": f"Choose what happened: {', '.join(StockMovement.Kind.labels).lower()}.",
        },
    )
    quantity = forms.IntegerField(
        label="Copies",
        help_text="A correction can be below 0: what to add to arrive at the truth.",
        min_value=-MOST_COPIES,
        max_value=MOST_COPIES,
        widget=forms.NumberInput(attrs={"inputmode": "text"}),
        error_messages={
            "min_value": f"These are too many copies for one movement: {MOST_COPIES:,} at most.",
            "max_value": f"These are too many copies for one movement: {MOST_COPIES:,} at most.",
            "invalid": "Write how many copies, as a whole number.",
            "required": "Write how many copies.",
        },
    )
    effective_on = forms.DateField(
        label="Day", required=False, widget=DateInput, error_messages=A_DAY, help_text="Today, if left out."
    )
    note = forms.CharField(max_length=500, required=False)

    def __init__(self, *args: Any, stock: CardStock, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.initial["effective_on"] = today
        if stock.stocked:
            self.initial["printing"] = stock.stocked[0].printing.pk
        printings = Printing.objects.filter(card=stock.card).select_related("card")
        self.fields["printing"].queryset = printings.order_by("set_name", "collector_number", "pk")  # type: ignore[attr-defined]

    def clean_effective_on(self) -> date:
        return check_day_ahead(self.cleaned_data["effective_on"] or self.today, today=self.today)

    @property
    def movement(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("printing", "kind", "quantity", "effective_on")}
