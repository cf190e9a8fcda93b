"""Forms with which the desk gives money back, charges a fee, or cancels. They read what was typed; the rules are
those of orders/payments/refunding.py, orders/fees.py and orders/cancellation.py.

`refund_id` and `fee_id` are made when a form is shown: sent twice, it counts once.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.conf import settings
from django.urls import reverse

from inventory.money import SYMBOLS, format_cents
from orders.models import Order, Payment, Refund
from orders.models.payment import FEES
from orders.payment_says import fee_name, money_of
from orders.staff_payment import StaffPayment

MOST_CENTS = 99_999_999  # Stripe's own limit
LONGEST_REASON = 500
_AMOUNT = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?", re.ASCII)


class CentsField(forms.Field):
    """An amount of money as people write it, "12", "12.50" or "12,50"; in cents."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    default_error_messages = {
        "required": "Write an amount, for example 12.50.",
        "invalid": "Write an amount like 12, 12.50 or 12,50.",
    }

    def prepare_value(self, value: Any) -> Any:
        return as_written(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        symbol = SYMBOLS.get(settings.CURRENCY, settings.CURRENCY.upper())
        found = _AMOUNT.fullmatch(value.replace(symbol, "", 1).strip())
        if found is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        cents = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
        if not 0 < cents <= MOST_CENTS:
            most = format_cents(MOST_CENTS, settings.CURRENCY)
            raise forms.ValidationError(f"Write an amount above 0, and at most {most}.", code="range")
        return cents


def as_written(cents: int) -> str:
    """Cents as they stand in a field.

    >>> as_written(1205)
    '12.05'
    """
    return f"{cents // 100}.{cents % 100:02d}"


class ReasonField(forms.CharField):
    def __init__(self, *, label: str = "Why", missing: str, **kwargs: Any) -> None:
        super().__init__(
            label=label,
            max_length=LONGEST_REASON,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
            error_messages={
                "required": missing,
                "max_length": f"Write it in at most {LONGEST_REASON} characters.",
            },
            **kwargs,
        )


class _OneOfMany(forms.Form):
    """Stands on one page with others that have fields of the same names: `ids` tells the fields apart."""

    ids: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"{self.ids}-%s", **kwargs})


class _OnceForm(_OneOfMany):
    """Has a hidden id, so that it counts once."""

    once: str

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.once in self.errors:
            del self.errors[self.once]
            self.add_error(None, "This page did not say what it showed. Try again.")
        for name in [field.name for field in self.hidden_fields() if field.name in self.errors]:
            self.add_error(None, self.errors.pop(name))  # nobody would see it beside its field
        return cleaned

    def begin_anew(self) -> None:
        """What is typed stays, and sent again it is another one."""
        self.data = {**{name: self.data.get(name) for name in self.data}, self.once: str(uuid4())}


class RefundForm(_OnceForm):
    """So much of a payment goes back. `of`: what was charged, and how much of each can still be given back, in cents.

    A payment of which nothing is left can be named all the same: sent twice, a refund of everything is no error.
    """

    ids = "refund"
    once = "refund_id"
    refund_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    payment = forms.ChoiceField(
        label="Of which payment",
        error_messages={
            "required": "Choose what is given back.",
            "invalid_choice": "Nothing can be given back of this payment. Choose one of the list.",
        },
    )
    amount_cents = CentsField(label="Amount")
    reason = ReasonField(
        help_text="The customer reads it.", missing="Write why the money goes back: the customer reads it."
    )

    def __init__(self, *args: Any, of: Sequence[tuple[Payment, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by_key = {str(payment.pk): payment for payment, _ in of}
        field = self.fields["payment"]
        field.choices = [  # type: ignore[attr-defined]
            (str(payment.pk), f"{fee_name(payment)}, at most {money_of(payment, cents)}")
            for payment, cents in of
        ]
        if of:
            self.initial.setdefault("amount_cents", next((cents for _, cents in of if cents), None))
        if len(of) == 1:
            field.widget, field.initial = forms.HiddenInput(), str(of[0][0].pk)
            payment, cents = of[0]
            self.fields["amount_cents"].help_text = f"At most {money_of(payment, cents)}."

    @property
    def of_payment(self) -> Payment:
        return self.by_key[self.cleaned_data["payment"]]


class FeeForm(_OnceForm):
    """A fee for late days, damage or loss."""

    ids = "fee"
    once = "fee_id"
    KINDS = [(kind.value, kind.label) for kind in FEES]

    fee_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    kind = forms.ChoiceField(
        label="What for",
        choices=KINDS,
        error_messages={
            "required": "Choose what the fee is for.",
            "invalid_choice": "Choose what the fee is for: late, damage or loss.",
        },
    )
    amount_cents = CentsField(label="Amount")
    reason = ReasonField(
        help_text="The customer reads it, in the e-mail and on the receipt.",
        missing="Write what the fee is for: the customer reads it.",
    )


class WaiveForm(forms.Form):
    reason = ReasonField(missing="Write why the fee is given up.")


class PaidBackForm(forms.Form):
    note = ReasonField(
        label="How it was paid back",
        help_text="The customer reads it: for example, by bank transfer on 3 May.",
        missing="Write how it was paid back: the customer reads it.",
    )


class StaffCancelForm(_OneOfMany):
    ids = "cancel"
    reason = ReasonField(
        help_text="The customer reads it.", missing="Write why the order is cancelled: the customer reads it."
    )

    def clean_reason(self) -> str:
        return self.cleaned_data["reason"].rstrip(" .")  # it stands within a sentence


def fee_address(order: Order, *, kind: str = Payment.Kind.LATE, cents: int = 0) -> str:
    """Where a fee is charged; `kind` and `cents` stand in the form already."""
    suggested = {"kind": str(kind), **({"amount": as_written(cents)} if cents else {})}
    return f"{reverse('orders:staff_order', args=[order.number])}?{urlencode(suggested)}#fee"


@dataclass(frozen=True, slots=True)
class MoneyForms:
    """The forms of the payment section; None where there is nothing to do. `open`: those that lie open."""

    refund: forms.Form | None
    fee: forms.Form | None
    paid_back: Sequence[tuple[Refund, forms.Form]]
    waive: Sequence[tuple[Payment, forms.Form]]
    cancel: forms.Form | None
    open: frozenset[str]


def money_forms(
    paid: StaffPayment, refused: Mapping[str, forms.Form], *, wished: Mapping[str, str]
) -> MoneyForms:
    """`refused`: by their names, forms that come back with what is wrong; `wished`: a fee's kind and amount, as a
    link to the page suggests them.
    """
    suggested = {"kind": wished["kind"], "amount_cents": wished.get("amount", "")} if "kind" in wished else {}
    waived, noted = refused.get("waive"), refused.get("paid_back")
    return MoneyForms(
        refund=refused.get("refund") or (RefundForm(of=paid.charged) if paid.can_refund else None),
        fee=refused.get("fee") or (FeeForm(initial=suggested) if paid.limits else None),
        paid_back=[
            (one, noted if noted and noted.prefix == str(one.pk) else PaidBackForm(prefix=str(one.pk)))
            for one in paid.failed
        ],
        waive=[
            (fee, waived if waived and waived.prefix == str(fee.pk) else WaiveForm(prefix=str(fee.pk)))
            for fee in paid.unpaid
        ],
        cancel=refused.get("cancel") or (StaffCancelForm() if paid.can_cancel else None),
        open=frozenset({*refused, *(["fee"] if suggested else [])}),
    )
