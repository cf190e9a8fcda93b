"""An old order into the cart once more."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from orders.cart import CartError
from orders.order_again import OrderedAgain, can_order_again, order_again
from orders.views.access import own_order
from orders.views.cart_answers import say_undoable
from orders.views.filling import put_in
from orders.views.once import once


@require_POST
def again(request: HttpRequest, number: str) -> HttpResponse:
    """`once`: the key of the form, which counts once. The cart is that of whoever asks, also by a link."""
    order = own_order(request, number)
    if not can_order_again(order):
        raise Http404("This has not been ordered yet.")
    try:
        with once("order-again", request.POST.get("once", "")) as first:
            if not first:
                messages.info(
                    request,
                    "These cards went into your cart already. To add them again, open the order again.",
                )
                return redirect("orders:cart")
            added = put_in(request, lambda cart: order_again(cart=cart, order=order))
    except CartError as error:
        messages.error(request, f"Nothing was added. {error}")
        return redirect(order)
    say_undoable(request, _says(added), added.note)
    return redirect("orders:cart")


def _says(added: OrderedAgain) -> str:
    beside = " beside what was in your cart" if added.beside_others else ""
    return f"Added {added.note.what}{beside}. Choose your days: prices are those of today."
