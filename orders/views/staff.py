"""The desk."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inventory.models import Card
from inventory.stock import MOST_COPIES, StockError, receive_stock
from orders.at_risk import explained_risks
from orders.desk import desk_counts
from orders.needed import needed_cards
from orders.payments_to_look_at import payments_to_look_at
from orders.stock_forms import ReceiveForm
from orders.views.access import check_staff, sign_in_for
from orders.views.messages import report_form_errors


@never_cache
@login_required
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    check_staff(request)
    today = timezone.localdate()
    risks = explained_risks(today=today, page=request.GET.get("page", "1"))
    context = {
        "counts": desk_counts(today=today),
        "risks": risks,
        "to_look_at": payments_to_look_at(now=timezone.now()),
    }
    return render(request, "staff/desk.html", context)


@never_cache
@login_required
@require_safe
def needed(request: HttpRequest) -> HttpResponse:
    check_staff(request)
    today = timezone.localdate()
    context = {"needed": needed_cards(today=today), "today": today, "most": MOST_COPIES}
    return render(request, "staff/needed.html", context)


@sign_in_for("orders:staff_needed")
@require_POST
def receive(request: HttpRequest, card_id: int) -> HttpResponse:
    check_staff(request)
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
        copies, day = form.cleaned_data["quantity"], form.cleaned_data["effective_on"]
        if day > timezone.localdate():
            messages.success(
                request, f"{copies} × {card.name} will be here on {day:%-d %B %Y} and count from then on."
            )
        else:
            messages.success(
                request, f"Received {copies} × {card.name}. Orders that wait for it are being checked."
            )
    return redirect("orders:staff_needed")
