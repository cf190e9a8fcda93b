"""Customers say where their order goes instead."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from orders import delivery_address
from orders.address_form import AddressForm
from orders.change_plan import ChangeError
from orders.delivery_address import NothingToChange
from orders.own_changes import ChangedMeanwhile
from orders.views.access import acting_customer, has_only_the_link, own_order

_NOT_BY_LINK = (
    "With the link alone the address is neither shown nor changed, as anybody may have got it. Sign in, go on in the "
    "browser in which you ordered, or write to us."
)


@never_cache
@require_http_methods(["GET", "POST"])
def address(request: HttpRequest, number: str) -> HttpResponse:
    """GET shows the form with the address, POST changes it."""
    order, today = own_order(request, number), timezone.localdate()
    refused = (
        _NOT_BY_LINK
        if has_only_the_link(request, order)
        else delivery_address.why_address_stays(order, today=today)
    )
    if refused:
        messages.error(request, refused)
        return redirect(order)
    form = AddressForm(request.POST or None, order=order)
    if request.method == "POST" and form.is_valid():
        try:
            delivery_address.change_address(
                order=order,
                address=form.address,
                seen=form.cleaned_data["seen"],
                by=acting_customer(request),
                today=today,
            )
        except NothingToChange as error:
            messages.info(request, str(error))
        except ChangedMeanwhile as error:
            messages.error(request, str(error))
            return redirect("orders:address", number=number)
        except ChangeError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Your order goes to the new address.")
        return redirect(order)
    context = {"order": order, "form": form}
    return render(request, "orders/address.html", context, status=422 if form.errors else 200)
