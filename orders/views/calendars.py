"""The calendar file of an order: for its owner, and for calendar programs, which have a link and no cookies."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders.calendar_file import NoCalendar, calendar_file
from orders.emails import number_in_calendar_link, reading_link
from orders.models import Order
from orders.views.access import own_order


@never_cache
@require_safe
def show(request: HttpRequest, number: str) -> HttpResponse:
    return _file(own_order(request, number))


@never_cache
@require_safe
def subscribed(request: HttpRequest, token: str) -> HttpResponse:
    """The file itself: no session begins, and nobody is led elsewhere."""
    number = number_in_calendar_link(token)
    if number is None:
        raise Http404("This link is not valid any more.")
    orders = Order.objects.select_related("user", "shipping_method")
    return _file(get_object_or_404(orders, number=number, forgotten_at=None))


def _file(order: Order) -> HttpResponse:
    try:
        content = calendar_file(order=order, link=reading_link(order), now=timezone.now())
    except NoCalendar:
        raise Http404("There are no days to keep yet.") from None
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = (
        f'attachment; filename="deckrental-{order.number}.ics"'  # letters and digits
    )
    return response
