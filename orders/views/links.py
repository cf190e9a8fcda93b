"""Links to orders: followed, and asked for again."""

from email.utils import parseaddr

import structlog
from allauth.core import ratelimit
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from orders.emails import LINK_DAYS, number_in_link
from orders.models import Order
from orders.tasks import send_order_links
from orders.views.access import remember_linked

log = structlog.get_logger(__name__)


class FindOrderForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="The one that you gave with the order.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": "Write the address that you gave with the order."},
    )


@never_cache
@require_safe
def open_link(request: HttpRequest, token: str, page: str = "orders:order") -> HttpResponse:
    """From an e-mail: shows the order, or its receipt, to whoever has the link, without signing in."""
    number = number_in_link(token)
    if number is None or not Order.objects.filter(number=number, forgotten_at=None).exists():
        return link_ended(request)
    remember_linked(request, number)
    return redirect(page, number=number)


def link_ended(request: HttpRequest, *, paying: bool = False) -> HttpResponse:
    """The link is too old or not ours: what to do now."""
    context = {
        "shop_email": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        "form": FindOrderForm(),
        "paying": paying,
    }
    return render(request, "orders/link_ended.html", context, status=410)


@never_cache
@require_http_methods(["GET", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """GET shows the form; POST has the links of the address's orders sent there. The same answer for everybody."""
    form = FindOrderForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].lower()
        limited = ratelimit.consume_or_429(request, action="order_links", key=email)
        if limited:
            return limited
        try:
            send_order_links.delay(email)  # by the worker: the answer takes no longer where there are orders
        except Exception as error:  # noqa: BLE001  whatever keeps the queue from taking it
            log.warning("order_links_not_asked_for", kind=type(error).__name__)
            messages.error(request, "The e-mail could not be sent just now. Please try again in a minute.")
            return render(request, "orders/find.html", {"form": form, "days": LINK_DAYS}, status=503)
        return redirect("orders:links_sent")
    return render(
        request,
        "orders/find.html",
        {"form": form, "days": LINK_DAYS},
        status=422 if form.is_bound else 200,
    )


@require_safe
def links_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "orders/links_sent.html", {"days": LINK_DAYS})
