"""The desk: what the shop owns, and what happens to it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from inventory.card_stock import card_stock, latest_movements
from inventory.models import Card
from inventory.search import CardQuery, search_cards
from inventory.stock import StockError
from orders.at_risk import OrderAtRisk, explained_risks
from orders.stock_changes import StockChange, change_stock, orders_endangered_by
from orders.stock_forms import MovementForm
from orders.views.access import check_staff


@never_cache
@login_required
@require_safe
def stock(request: HttpRequest) -> HttpResponse:
    """Find a card: `?q=` words of its name, `?page=`. Without words, what was recorded last."""
    check_staff(request)
    query = CardQuery.asked(request.GET.get("q", ""))
    if not query.text:
        return render(request, "staff/stock.html", {"query": query, "movements": latest_movements()})
    found = search_cards(query=query, page=request.GET.get("page", "1"), today=timezone.localdate())
    return render(request, "staff/stock.html", {"query": query, "found": found})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def stock_of_card(request: HttpRequest, slug: str) -> HttpResponse:
    """What the shop has of a card. POST records a movement, or with `preview` only says whom it would hit."""
    check_staff(request)
    today = timezone.localdate()
    card = get_object_or_404(Card, slug=slug)
    stock = card_stock(card=card, page=request.GET.get("page", "1"), today=today)
    form = MovementForm(request.POST or None, stock=stock, today=today)
    endangered: Page[OrderAtRisk] | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if "preview" not in request.POST:
                note = form.cleaned_data["note"]
                _report(request, change_stock(**form.movement, by=request.user, note=note, today=today))  # type: ignore[arg-type]
                return redirect("orders:staff_stock_card", slug=card.slug)
            endangered = orders_endangered_by(**form.movement, today=today)
        except StockError as error:
            form.add_error("quantity", str(error))
    context = {
        "stock": stock,
        "card": card,
        "form": form,
        "risks": explained_risks(today=today, card_ids=[card.pk]),
        "endangered": endangered,
    }
    return render(request, "staff/stock_card.html", context, status=422 if form.errors else 200)


def _report(request: HttpRequest, change: StockChange) -> None:
    movement, endangered = change.movement, change.endangered.paginator.count
    recorded = (
        f"Recorded: {movement.quantity:+d} × {movement.printing.card}, {movement.printing}, "
        f"{movement.get_kind_display().lower()} on {movement.effective_on:%-d %B %Y}."
    )
    if endangered:
        number = "1 open order is" if endangered == 1 else f"{endangered} open orders are"
        messages.warning(request, f"{recorded} {number} at risk now; see below which.")
    elif movement.quantity < 0:
        messages.success(request, f"{recorded} No order is at risk.")
    else:
        messages.success(request, f"{recorded} Orders that wait for it are being checked.")
