"""A deck taken along as a list: to copy, or as a file."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders import cart as carts
from orders.exports import NothingToExport, export
from orders.models import Order
from orders.owners import owner_of
from orders.states import Status
from orders.views.access import own_order


@never_cache
@require_safe
def cart(request: HttpRequest, form: str = "") -> HttpResponse:
    return _export(request, carts.cart_of(owner_of(request)), form)


@never_cache
@require_safe
def order(request: HttpRequest, number: str, form: str = "") -> HttpResponse:
    return _export(request, own_order(request, number), form)


def _export(request: HttpRequest, order: Order | None, form: str) -> HttpResponse:
    """The file, or, without a form, the page to copy from. `?only=short` for the short copies alone."""
    only_short = request.GET.get("only") == "short"
    try:
        found = export(order=order, form=form or "text", only_short=only_short, today=timezone.localdate())
    except KeyError:
        raise Http404("There is no such form of a list.") from None
    except NothingToExport as error:
        messages.warning(request, str(error))
        if order is None or order.status == Status.CART:
            return redirect("orders:cart")
        return redirect("orders:order", number=order.number)
    if not form:
        context = {"order": order, "export": found, "only_short": only_short}
        return render(request, "orders/export.html", context)
    return HttpResponse(
        found.content,
        content_type=found.content_type,
        headers={"Content-Disposition": content_disposition_header(True, found.filename)},
    )
