"""The lines of a cart, one by one: steps, zone, printing, removal, and undoing what was done last."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST

from orders import cart as carts
from orders import cart_lines
from orders.cart import CartError
from orders.cart_page import line_editor
from orders.forms import ChangeLineForm, QuantityForm, StepForm, UndoForm
from orders.models import Order, OrderCard
from orders.owners import owner_of
from orders.removals import forget_removal
from orders.views.cart_answers import answer, asks_for_part, in_own_cart, say, say_undoable
from orders.views.messages import report_form_errors


@require_http_methods(["GET", "HEAD", "POST"])
@in_own_cart
def line(request: HttpRequest, cart: Order, pk: int) -> HttpResponse:
    """What can be changed of a line: a page, or its part for the builder. POST changes it; see `_change`."""
    if request.method == "POST":
        return _change(request, cart, pk)
    try:
        editor = line_editor(cart=cart, pk=pk, today=timezone.localdate())
    except OrderCard.DoesNotExist:
        raise Http404 from None
    part = "orders/_line_editor.html" if asks_for_part(request) else "orders/line.html"
    response = render(request, part, {"editor": editor})
    patch_vary_headers(response, ["HX-Request"])
    return response


def _change(request: HttpRequest, cart: Order, pk: int) -> HttpResponse:
    """`remove` takes the line out, `by` steps, `zone` and `preferred_printing` move it.

    `quantity` sets its copies; 0 takes it out, too.
    """
    found = get_object_or_404(cart.order_cards.select_related("card", "preferred_printing"), pk=pk)
    name = found.card.name
    try:
        if "remove" in request.POST:
            return _remove(request, cart, found)
        if "by" in request.POST:
            return _step(request, cart, found)
        if "zone" in request.POST or "preferred_printing" in request.POST:
            return _move(request, cart, found)
        form = QuantityForm(request.POST)
        if not form.is_valid():
            report_form_errors(request, form, about=name)
            return answer(request, status=422)
        quantity = form.cleaned_data["quantity"]
        if quantity == 0:
            return _remove(request, cart, found)
        carts.set_quantity(cart=cart, line=found, quantity=quantity)
        say(request, f"{name}: {quantity}.")
    except CartError as error:
        messages.error(request, str(error))
        return answer(request, status=422)
    return answer(request)


def _remove(request: HttpRequest, cart: Order, found: OrderCard) -> HttpResponse:
    removal = carts.remove_line(cart=cart, line=found)
    say_undoable(request, f"Removed {found.card.name}.", removal)
    return answer(request)


def _step(request: HttpRequest, cart: Order, found: OrderCard) -> HttpResponse:
    form = StepForm(request.POST)
    if not form.is_valid():
        report_form_errors(request, form, about=found.card.name)
        return answer(request, status=422)
    stepped = cart_lines.step_line(cart=cart, line=found, by=form.cleaned_data["by"])
    if stepped.removal:
        say_undoable(request, f"Removed {found.card.name}.", stepped.removal)
    else:
        say(request, f"{found.card.name}: {stepped.copies}.")
    return answer(request)


def _move(request: HttpRequest, cart: Order, found: OrderCard) -> HttpResponse:
    form = ChangeLineForm(request.POST, line=found)
    if not form.is_valid():
        report_form_errors(request, form, about=found.card.name)
        return answer(request, status=422)
    moved = cart_lines.change_line(cart=cart, line=found, **form.cleaned_data)
    wish = f", {moved.preferred_printing}" if moved.preferred_printing else ""
    say(request, f"{found.card.name}: {moved.quantity} in {moved.get_zone_display()}{wish}.")
    return answer(request, focus=f"change-{moved.pk}")


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """`removal`: the id of what was done last. It is undone; with `forget` that is not offered any more."""
    cart, form = carts.cart_of(owner_of(request)), UndoForm(request.POST)
    if cart is None or not form.is_valid():
        messages.error(
            request, "There is nothing to undo: what was done last is no part of this cart any more."
        )
        return answer(request, status=422)
    if "forget" in request.POST:
        forget_removal(cart=cart, removal_id=form.cleaned_data["removal"])
        return answer(request)
    try:
        undone = cart_lines.undo_removal(cart=cart, removal_id=form.cleaned_data["removal"])
    except CartError as error:
        messages.error(request, str(error))
        return answer(request, status=422)
    messages.success(request, undone.says)
    return answer(request, focus=f"more-{undone.line_ids[0]}" if undone.line_ids else "")


@require_POST
@in_own_cart
def take_what_is_free(request: HttpRequest, cart: Order) -> HttpResponse:
    """Takes out of the cart what is short on its days."""
    try:
        removal = cart_lines.take_what_is_free(cart=cart, today=timezone.localdate())
    except CartError as error:
        messages.error(request, str(error))
        return answer(request, status=422)
    copies = sum(row[3] for row in removal.lines)
    say_undoable(
        request, f"Took out {copies} short {'copy' if copies == 1 else 'copies'}: the rest is free.", removal
    )
    return answer(request)
