"""The days of a cart and how it is shipped, chosen beside its lines; where it goes is asked at checkout."""

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_POST

from inventory.rental_days import AskedDays
from orders import checkout
from orders.cart import CartError
from orders.dates import RentalPeriodError
from orders.deck_days import DaysNotTaken, take_days_along
from orders.forms import DaysForm, QuickAddForm
from orders.models import Order
from orders.views.cart_answers import answer, asks_for_part, in_own_cart, say, show_cart


@require_POST
@in_own_cart
def choose(request: HttpRequest, cart: Order) -> HttpResponse:
    """`first_day`, `last_day` and `shipping_method`; with `clear` the cart has no days any more."""
    today = timezone.localdate()
    try:
        if "clear" in request.POST:
            checkout.clear_days(cart=cart)
            say(request, "Your cart has no days any more.")
            return answer(request, focus="id_first_day")
        form = DaysForm(request.POST, today=today)
        if form.is_valid():
            first_day, last_day = form.cleaned_data["first_day"], form.cleaned_data["last_day"]
            checkout.choose_days(
                cart=cart,
                first_day=first_day,
                last_day=last_day,
                method=form.cleaned_data["shipping_method"],
                today=today,
            )
            say(request, f"Your days: {_day(first_day)} to {_day(last_day)}.")
            return answer(request, focus="days-change")
    except RentalPeriodError as error:  # the shop has closed some days since the form was checked
        form.add_error(error.field, str(error))
    except CartError as error:
        messages.error(request, str(error))
        return answer(request, status=422)
    if not asks_for_part(request):
        return show_cart(request, QuickAddForm(), status=422, days=form)
    wrong = next(field for field in form if field.errors)
    return answer(request, status=422, days=form, focus=wrong.id_for_label or f"{wrong.auto_id}_0")


def take_along(request: HttpRequest, cart: Order, asked: AskedDays) -> None:
    """After a deck went into the cart: the days of its page, and a message that says what became of them."""
    if asked.message:
        messages.warning(request, f"Your days were not taken along. {asked.message}")
    if not asked.period:
        return
    first_day, last_day = asked.period.first_day, asked.period.last_day
    try:
        taken = take_days_along(cart=cart, first_day=first_day, last_day=last_day, today=timezone.localdate())
    except (DaysNotTaken, CartError) as error:
        messages.warning(request, str(error))
        return
    days = f"{_day(first_day)} to {_day(last_day)}"
    if taken:
        way = taken.shipping_method
        messages.success(request, f"Your days came along: {days}, {way.name.lower() if way else ''}.")
    elif (first_day, last_day) != (cart.first_day, cart.last_day):
        messages.info(request, f"Your cart keeps its own days, not {days}. Change them beside your cards.")


def _day(day: date) -> str:
    return date_format(day, "j F Y")
