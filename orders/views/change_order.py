"""Customers change their own order: they look at what it would do and confirm it; orders/views/pay_change.py follows
where it costs more."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from orders import own_changes
from orders.change_page import ChangePage, change_page
from orders.change_plan import ChangeError, ChangeIsShort
from orders.lines import lines_of
from orders.models import Order, OrderChange
from orders.own_change_forms import OwnChangeForm
from orders.own_changes import ChangedMeanwhile, LookAgain, why_not_changed
from orders.views.access import acting_customer, has_only_the_link, own_order


@never_cache
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, number: str) -> HttpResponse:
    """GET shows the form, POST what it would do; with `confirm` it is done, where that is what was shown last."""
    order, today = own_order(request, number), timezone.localdate()
    refused = why_not_changed(order)
    if refused:
        messages.error(request, refused)
        return redirect(order)
    asked: dict[str, Any] = {
        "order": order,
        "lines": lines_of(order),
        "today": today,
        "keeps_way": has_only_the_link(request, order),
    }
    if request.method == "GET":
        return _show(request, order, OwnChangeForm(**asked))
    form = OwnChangeForm(request.POST, **asked)
    if not form.is_valid():
        return _show(request, order, form, status=422)
    if form.cleaned_data["seen"] != form.seen_now:
        if form.changes_something:
            messages.error(request, str(ChangedMeanwhile()))
        else:
            messages.info(request, f"Order {number} stands as it is in the form: nothing was changed.")
        return redirect("orders:change", number=number)
    if not form.changes_something:
        messages.info(request, "Nothing is changed yet. Choose other days, or other numbers of copies.")
        return redirect("orders:change", number=number)
    try:
        if "confirm" in request.POST and not form.cleaned_data["cards"].strip():
            return _confirm(request, order, form)
        return _look(request, order, form)
    except LookAgain as error:
        messages.warning(request, str(error))
        return _look(request, order, form)
    except ChangedMeanwhile as error:
        messages.error(request, str(error))
        return redirect("orders:change", number=number)
    except ChangeIsShort:
        return _look(request, order, form)
    except ChangeError as error:
        form.add_error(None, str(error))
        return _show(request, order, form, status=422)


def _look(request: HttpRequest, order: Order, form: OwnChangeForm) -> HttpResponse:
    try:
        look = own_changes.look(order=order, wanted=form.wanted(), today=timezone.localdate())
    except ChangeError as error:
        form.add_error(None, str(error))
        return _show(request, order, form, status=422)
    page = change_page(order=order, lines=form.lines, look=look)
    return _show(request, order, form.as_understood(looked=look.shown), page=page)


def _confirm(request: HttpRequest, order: Order, form: OwnChangeForm) -> HttpResponse:
    done = own_changes.confirm(
        order=order,
        wanted=form.wanted(),
        seen=form.seen_now,
        shown=form.cleaned_data["looked"],
        by=acting_customer(request),
        today=timezone.localdate(),
    )
    if isinstance(done, OrderChange):
        return redirect("orders:pay_change", number=order.number, change=done.pk)
    messages.success(request, "Your order is changed.")
    return redirect(order)


def _show(
    request: HttpRequest,
    order: Order,
    form: OwnChangeForm,
    *,
    page: ChangePage | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"order": order, "form": form, "page": page}
    return render(request, "orders/change.html", context, status=status)
