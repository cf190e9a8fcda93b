"""Forms of the cart and the checkout. They read what was typed; the rules are the domain's."""

from datetime import date
from typing import Any, Self

from django import forms
from django.urls import reverse_lazy

from inventory.closed_days import shop_calendar
from inventory.decklist import MAX_QUANTITY
from inventory.models import Printing, Zone
from orders.dates import RentalPeriodError, check_rental_period
from orders.models import Order, OrderCard, ShippingMethod
from orders.models.order import ADDRESS, CONTACT

MAX_LIST_CHARACTERS = 100_000


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class CopiesField(forms.IntegerField):
    """A number of copies, from 1 (or `least`) to what a line may have."""

    def __init__(self, *, least: int = 1, **kwargs: Any) -> None:
        whole = f"Write a whole number of copies, from {least} to {MAX_QUANTITY}."
        super().__init__(
            min_value=least,
            max_value=MAX_QUANTITY,
            error_messages={
                "invalid": whole,
                "required": "Write how many copies.",
                "min_value": whole,
                "max_value": f"A line has at most {MAX_QUANTITY} copies.",
            },
            **kwargs,
        )

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, str) and not value.isascii():  # Python would read ٤ as 4
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(value)


class AddCardForm(forms.Form):
    """`quantity`, `zone` and `preferred_printing` (an id), all of them optional on the page."""

    quantity = CopiesField(required=False)
    zone = forms.ChoiceField(
        choices=Zone.choices,
        required=False,
        error_messages={"invalid_choice": f"A card goes to one of these: {', '.join(Zone.labels)}."},
    )
    preferred_printing = forms.ModelChoiceField(
        Printing.objects.none(),
        required=False,
        error_messages={"invalid_choice": "That is no printing of this card. Choose one of the list."},
    )

    def __init__(self, *args: Any, card_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["preferred_printing"].queryset = Printing.objects.filter(card_id=card_id)  # type: ignore[attr-defined]

    def clean_quantity(self) -> int:
        return 1 if self.cleaned_data["quantity"] is None else self.cleaned_data["quantity"]

    def clean_zone(self) -> str:
        return self.cleaned_data["zone"] or Zone.MAIN


class QuickAddForm(forms.Form):
    cards = forms.CharField(
        label="Quick add",
        max_length=MAX_LIST_CHARACTERS,
        strip=False,
        widget=forms.TextInput(
            attrs={
                "placeholder": "4 Lightning Bolt",
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
                "enterkeyhint": "done",
                "data-autocomplete": reverse_lazy("inventory:card_names"),
            }
        ),
        error_messages={"required": "Write a card to add, for example 4 Lightning Bolt."},
    )


class QuantityForm(forms.Form):
    """The copies of a line; 0 takes it out."""

    quantity = CopiesField(least=0)


class StepForm(forms.Form):
    """`by`: so many copies more, or fewer below 0."""

    by = forms.IntegerField(
        min_value=-MAX_QUANTITY,
        max_value=MAX_QUANTITY,
        error_messages={
            "invalid": "Use the buttons to add a copy or to take one out.",
            "required": "Use the buttons to add a copy or to take one out.",
            "min_value": f"At most {MAX_QUANTITY} copies go at once.",
            "max_value": f"At most {MAX_QUANTITY} copies come at once.",
        },
    )


class UndoForm(forms.Form):
    """`removal`: which one is meant, so that an old page does not undo a later one."""

    removal = forms.IntegerField(min_value=1)


class ChangeLineForm(AddCardForm):
    """`zone` and `preferred_printing` of a line, each as it is where the form does not say."""

    def __init__(self, *args: Any, line: OrderCard, **kwargs: Any) -> None:
        super().__init__(*args, card_id=line.card_id, **kwargs)
        self.line = line
        del self.fields["quantity"]

    def clean_zone(self) -> str:
        return self.cleaned_data["zone"] or self.line.zone

    def clean_preferred_printing(self) -> Printing | None:
        return (
            self.cleaned_data["preferred_printing"]
            if "preferred_printing" in self.data
            else (self.line.preferred_printing)
        )


A_DAY = {"required": "Choose a day.", "invalid": "Choose a day, or write it like 2027-03-31."}


class DaysForm(forms.Form):
    """Dates and way of shipping: what the shop's answer depends on."""

    first_day = forms.DateField(label="First day with you", widget=DateInput, error_messages=A_DAY)
    last_day = forms.DateField(label="Last day with you", widget=DateInput, error_messages=A_DAY)
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

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["shipping_method"].queryset = ShippingMethod.objects.offered()  # type: ignore[attr-defined]
        for name in ("first_day", "last_day"):
            self.fields[name].widget.attrs["min"] = today.isoformat()

    @classmethod
    def of(cls, order: Order, *, today: date) -> Self:
        """With what the order has already."""
        method = order.shipping_method
        initial = {
            "first_day": order.first_day,
            "last_day": order.last_day,
            "shipping_method": method.slug if method else None,
        }
        return cls(initial=initial, today=today)

    def clean_first_day(self) -> date:
        if self.cleaned_data["first_day"] < self.today:
            raise forms.ValidationError("This day has passed. Choose today or a later day.")
        return self.cleaned_data["first_day"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if all(name in cleaned for name in ("first_day", "last_day", "shipping_method")):
            try:
                check_rental_period(
                    first_day=cleaned["first_day"],
                    last_day=cleaned["last_day"],
                    method=cleaned["shipping_method"],
                    today=self.today,
                    calendar=shop_calendar(),
                )
            except RentalPeriodError as error:
                self.add_error(error.field, str(error))
        return cleaned


class AddressFields(forms.Form):
    """Who gets the deck and where, as far as the way of shipping asks for it."""

    name = forms.CharField(
        max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    street = forms.CharField(
        label="Street and number",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    postcode = forms.CharField(
        max_length=20, required=False, widget=forms.TextInput(attrs={"autocomplete": "postal-code"})
    )
    city = forms.CharField(
        max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})
    )
    country = forms.CharField(
        max_length=60, required=False, widget=forms.TextInput(attrs={"autocomplete": "country-name"})
    )

    def check_address(self, method: ShippingMethod | None) -> None:
        """Adds an error to every field that the way of shipping needs and that is empty."""
        if method and method.needs_address:
            for name in ADDRESS:
                if not self.cleaned_data.get(name):
                    self.add_error(name, f"We need this to send the deck: {method.name} goes to an address.")


class ShippingForm(AddressFields, DaysForm):
    """Dates, way of shipping and address. The address is asked for where the way of shipping needs one."""

    field_order = ("first_day", "last_day", "shipping_method", *CONTACT)

    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": "Write the address at which we can tell you about your order."},
    )

    def clean(self) -> dict[str, Any]:
        self.check_address(self.cleaned_data.get("shipping_method"))
        return super().clean()

    @classmethod
    def of(cls, order: Order, *, today: date) -> Self:
        form = super().of(order, today=today)
        form.initial.update({name: getattr(order, name) for name in CONTACT})
        form.initial["email"] = order.contact_email
        return form

    @property
    def contact(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in CONTACT}


class FirstDayForm(forms.Form):
    """Another first day; the length of the rental stays."""

    first_day = forms.DateField(error_messages=A_DAY)


class PaymentForm(forms.Form):
    """What a card form sends: a token that stands for the card, or a saved card, and what was shown."""

    confirmation_token = forms.RegexField(r"^[A-Za-z0-9_]{1,255}$", required=False)
    payment_method = forms.RegexField(r"^[A-Za-z0-9_]{1,255}$", required=False)
    total_cents = forms.IntegerField(min_value=1)
    days = forms.CharField(required=False, max_length=60)  # orders/shown_days.py
    cards = forms.RegexField(r"^[0-9a-f]{16}$", required=False)  # orders/shown_cards.py

    def clean_days(self) -> list[str]:
        days = self.cleaned_data["days"].split()
        try:
            complete = len(days) in (0, 4) and [date.fromisoformat(day).isoformat() for day in days] == days
        except ValueError:
            complete = False
        if not complete:
            raise forms.ValidationError("This page did not say which days it showed. Load it again.")
        return days

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("confirmation_token")) == bool(cleaned.get("payment_method")):
            raise forms.ValidationError("Choose a card.")
        return cleaned
