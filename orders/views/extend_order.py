"""Customers keep a deck longer that is out: they see what it costs and confirm it; orders/views/pay_change.py follows
where it costs anything."""

from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from orders import extensions
from orders.change_forms import seen_of
from orders.change_page import short_in_words
from orders.change_plan import ChangeError, ChangeIsShort
from orders.extensions import Extension
from orders.forms import A_DAY, DateInput
from orders.lines import lines_of
from orders.models import Order, OrderChange
from orders.own_changes import ChangedMeanwhile, LookAgain
from orders.views.access import acting_customer, own_order


class ExtendForm(forms.Form):
    """`last_day`: until when; `seen`, `shown_cents` and `shown_due`: what was shown, so that nothing else is done."""

    last_day = forms.DateField(label="Keep it until", widget=DateInput, error_messages=A_DAY)
    seen = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
    shown_cents = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    shown_due = forms.DateField(required=False, widget=forms.HiddenInput)


@never_cache
@require_http_methods(["GET", "POST"])
def extend(request: HttpRequest, number: str) -> HttpResponse:
    """GET shows the form, POST what it would cost; with `confirm` it is done, where that is what was shown last."""
    order, today = own_order(request, number), timezone.localdate()
    refused = extensions.why_not_extended(order, today=today)
    if refused:
        messages.error(request, refused)
        return redirect(order)
    seen_now = seen_of(order, lines_of(order))
    if request.method == "GET":
        return _show(request, order, ExtendForm(initial={"seen": seen_now}))
    form = ExtendForm(request.POST)
    if not form.is_valid():
        return _show(request, order, form, status=422)
    last_day = form.cleaned_data["last_day"]
    if form.cleaned_data["seen"] != seen_now:
        if last_day == order.last_day:
            messages.info(request, f"You have this deck until {_day(last_day)} already.")
            return redirect(order)
        messages.error(request, str(ChangedMeanwhile()))
        return redirect("orders:extend", number=number)
    try:
        if "confirm" in request.POST:
            return _confirm(request, order, form)
    except (LookAgain, ChangeIsShort) as error:
        messages.warning(request, str(error))
    except ChangeError as error:
        form.add_error("last_day", str(error))
        return _show(request, order, form, status=422)
    try:
        look = extensions.look_at_extension(order=order, last_day=last_day, today=today)
    except ChangeError as error:
        form.add_error("last_day", str(error))
        return _show(request, order, form, status=422)
    shown = ExtendForm(initial={"last_day": last_day, "seen": seen_now})
    return _show(request, order, shown, look=look)


def _confirm(request: HttpRequest, order: Order, form: ExtendForm) -> HttpResponse:
    said = form.cleaned_data
    done = extensions.confirm_extension(
        order=order,
        last_day=said["last_day"],
        shown_cents=-1 if said["shown_cents"] is None else said["shown_cents"],
        shown_due=said["shown_due"],
        seen=said["seen"],
        by=acting_customer(request),
        today=timezone.localdate(),
    )
    if isinstance(done, OrderChange):
        return redirect("orders:pay_extension", number=order.number, change=done.pk)
    messages.success(request, f"You have your deck until {_day(said['last_day'])}.")
    return redirect(order)


def _show(
    request: HttpRequest, order: Order, form: ExtendForm, *, look: Extension | None = None, status: int = 200
) -> HttpResponse:
    today = timezone.localdate()
    assert order.last_day is not None
    earliest = max(order.last_day + timedelta(days=1), today)
    last = extensions.last_possible_day(order, today=today)
    form.fields["last_day"].widget.attrs |= {"min": earliest.isoformat(), "max": last.isoformat()}
    context = {
        "order": order,
        "form": form,
        "seen": seen_of(order, lines_of(order)),
        "look": look,
        "short_says": short_in_words(look.shortfalls) if look else [],
        "latest": extensions.latest_free_day(order=order, today=today),
        "overdue": order.due_on is not None and order.due_on < today,
    }
    return render(request, "orders/extend.html", context, status=status)


def _day(day: date) -> str:
    return date_format(day, "l j F Y")
