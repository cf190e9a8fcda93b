"""The desk: on which days the shop is closed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from inventory.closed_days import ClosedDayError, close, reopen
from orders.desk_calendar import desk_calendar
from orders.stock_forms import ClosedDayForm
from orders.views.access import check_staff, sign_in_for


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def calendar(request: HttpRequest) -> HttpResponse:
    """GET shows the closed days; POST closes further ones."""
    check_staff(request)
    today = timezone.localdate()
    form = ClosedDayForm(request.POST or None, today=today)
    if request.method == "POST" and form.is_valid():
        try:
            closed = close(**form.cleaned_data, today=today)
        except ClosedDayError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, f"Closed: {closed.days}.")
            return redirect("orders:staff_calendar")
    context = {"form": form, "calendar": desk_calendar(today=today)}
    return render(request, "staff/calendar.html", context, status=422 if form.errors else 200)


@sign_in_for("orders:staff_calendar")
@require_POST
def reopen_days(request: HttpRequest, pk: int) -> HttpResponse:
    check_staff(request)
    reopened = reopen(pk)
    if reopened is None:
        messages.info(request, "These days are open already.")
    else:
        messages.success(request, f"Open again: {reopened.days}.")
    return redirect("orders:staff_calendar")
