"""The receipt of an order: for its owner, for whoever has its link, and for staff."""

from email.utils import parseaddr

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders.models import Order
from orders.receipt import NothingCharged, receipt_of
from orders.states import Status
from orders.views.access import own_order


@never_cache
@require_safe
def show(request: HttpRequest, number: str) -> HttpResponse:
    order, back = _order(request, number)
    if order.status == Status.CART:
        raise Http404
    try:
        receipt = receipt_of(order, today=timezone.localdate())
    except NothingCharged:
        return render(request, "orders/no_receipt.html", {"order": order, "back": back}, status=404)
    context = {
        "order": order,
        "receipt": receipt,
        "back": back,
        "site": settings.SITE_URL.partition("://")[2],
        "shop_email": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
    }
    return render(request, "orders/receipt.html", context)


def _order(request: HttpRequest, number: str) -> tuple[Order, str]:
    """The order, and the page that the visitor has come from."""
    try:
        return own_order(request, number), reverse("orders:order", args=[number])
    except Http404:
        if not request.user.is_staff:
            raise
    orders = Order.objects.select_related("user", "shipping_method")
    return get_object_or_404(orders, number=number), reverse("orders:staff_order", args=[number])
