"""The desk."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inventory.models import Card
from inventory.stock import StockError, receive_stock
from orders.desk import desk_counts
from orders.forms import ReceiveForm
from orders.needed import needed_cards
from orders.views.messages import report_form_errors


def _check_staff(request: HttpRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("This page is for the shop's staff.")


@never_cache
@login_required
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    _check_staff(request)
    return render(request, "staff/desk.html", {"counts": desk_counts(today=timezone.localdate())})


@never_cache
@login_required
@require_safe
def needed(request: HttpRequest) -> HttpResponse:
    _check_staff(request)
    return render(request, "staff/needed.html", {"needed": needed_cards(today=timezone.localdate())})


@login_required
@require_POST
def receive(request: HttpRequest, card_id: int) -> HttpResponse:
    _check_staff(request)
    card = get_object_or_404(Card, pk=card_id)
    form = ReceiveForm(request.POST, card_id=card.pk)
    if not form.is_valid():
        report_form_errors(request, form, about=card.name)
        return redirect("orders:staff_needed")
    try:
        receive_stock(by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
    except StockError as error:
        messages.error(request, f"{card.name}: {error}")
    else:
        messages.success(
            request,
            f"Received {form.cleaned_data['quantity']} × {card.name}. Orders that wait for it are being checked.",
        )
    return redirect("orders:staff_needed")
