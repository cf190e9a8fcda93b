"""The page that goes back with a deck, to print."""

from email.utils import parseaddr

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders.return_slip import NothingToReturn, return_slip
from orders.views.access import own_order


@never_cache
@require_safe
def show(request: HttpRequest, number: str) -> HttpResponse:
    order = own_order(request, number)
    try:
        slip = return_slip(order=order, today=timezone.localdate())
    except NothingToReturn as error:
        messages.info(request, str(error))
        return redirect(order)
    context = {
        "slip": slip,
        "order": order,
        "shop_name": settings.SHOP_NAME,
        "shop_address": settings.SHOP_ADDRESS,
        "shop_email": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
    }
    return render(request, "orders/return_slip.html", context)
