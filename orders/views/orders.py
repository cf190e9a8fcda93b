"""The customer's own orders."""

import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inventory.reservations import out_by_card
from orders import cancellation
from orders.cancellation import NotCancellable
from orders.decks_in_order import decks_in
from orders.emails import calendar_link
from orders.extensions import changing_of
from orders.models import Order
from orders.order_history import history_of
from orders.order_list import order_list
from orders.order_money import order_money
from orders.order_page import order_page
from orders.order_timeline import order_timeline
from orders.owners import owner_of
from orders.payments import is_held
from orders.shortfall_page import shortfall_page
from orders.states import Status
from orders.transitions import customer
from orders.views.access import own_order


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    owner = owner_of(request)
    orders = owner.orders() if owner else Order.objects.none()
    listed = order_list(orders, today=timezone.localdate(), page=request.GET.get("page"))
    return render(request, "orders/list.html", {"list": listed})


@never_cache
@require_safe
def show(request: HttpRequest, number: str) -> HttpResponse:
    order = own_order(request, number)
    if order.status == Status.CART:
        return redirect("orders:cart")
    if order.status == Status.CONFIRMING:
        return redirect("orders:shortfall")
    today = timezone.localdate()
    explained = shortfall_page(order=order, today=today, with_starts=False) if order.pending else None
    page = explained.page if explained else order_page(order=order, today=today)
    events, money = list(order.events.order_by("at", "pk")), order_money(order)
    still_out = sum(out_by_card(claim=order.claim).values()) if order.status == Status.DISPATCHED else 0
    can_cancel = cancellation.can_cancel(order)
    context = {
        "page": page,
        "explained": explained,
        "timeline": order_timeline(
            order=order,
            schedule=page.schedule,
            money=money,
            events=events,
            today=today,
            still_out=still_out if still_out < page.copies else 0,
        ),
        "overdue": order.status == Status.DISPATCHED and order.due_on is not None and order.due_on < today,
        "history": list(history_of(events)),
        "money": money,
        "decks": decks_in(order, [shown.line for shown in page.lines]),
        "can_cancel": can_cancel,
        "once": secrets.token_urlsafe(16),
        "subscribe_link": f"webcal://{calendar_link(order).partition('://')[2]}",
        "changing": changing_of(order, today=today, can_cancel=can_cancel),
    }
    return render(request, "orders/order.html", context)


@require_POST
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    order = own_order(request, number)
    held = is_held(order)
    try:
        cancellation.cancel(
            order=order,
            by=customer(request.user if request.user.is_authenticated else None),
            reason="the customer cancels",
        )
    except NotCancellable as error:
        messages.error(request, str(error))
    else:
        released = " and the hold on your card is released" if held else ""
        messages.success(request, f"Your order is cancelled{released}. Nothing is charged.")
    return redirect("orders:order", number=number)
