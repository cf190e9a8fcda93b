"""The desk: who waits."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from orders.promotion import promote_pending
from orders.queue_page import queue_page
from orders.views.access import check_staff, sign_in_for


@never_cache
@login_required
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    check_staff(request)
    queue = queue_page(page=request.GET.get("page", "1"), today=timezone.localdate())
    return render(request, "staff/queue.html", {"queue": queue})


@sign_in_for("orders:staff_queue")
@require_POST
def promote(request: HttpRequest) -> HttpResponse:
    """What the beat does three times a day, at once."""
    check_staff(request)
    result = promote_pending(timezone.localdate())
    opened = "1 order is open now" if result.opened == 1 else f"{result.opened or 'No'} orders are open now"
    waiting = "1 waits" if result.waiting == 1 else f"{result.waiting or 'none'} wait"
    messages.success(request, f"{opened}, {waiting}.")
    return redirect("orders:staff_queue")
