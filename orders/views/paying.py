"""What every page with a card form has in common: what the form is told, and what its script is answered."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from orders import stripe_gateway, submission
from orders.bills import Bill, CardGiven
from orders.forms import PaymentForm
from orders.models import Order, PaymentStatus
from orders.submission import Submitted


def card_form(request: HttpRequest, order: Order) -> dict[str, Any]:
    """What templates/orders/_card_form.html needs beside the amount."""
    return {
        "stripe_js_url": settings.STRIPE_JS_URL,
        "publishable_key": stripe_gateway.publishable_key(),
        "currency": settings.CURRENCY,
    }


def pay_by_form(request: HttpRequest, bill: Bill) -> Submitted | None:
    """Pays the bill as the form says; None where the form is not complete. Raises CheckoutError as `pay` does."""
    form = PaymentForm(request.POST)
    if not form.is_valid():
        return None
    return submission.pay(
        bill=bill,
        given=CardGiven(form.cleaned_data["confirmation_token"], form.cleaned_data["payment_method"]),
        shown_cents=form.cleaned_data["total_cents"],
        today=timezone.localdate(),
    )


def answer(submitted: Submitted | None, *, url: Callable[[], str]) -> JsonResponse:
    """How it stands, and where to go on where it is done (`url`)."""
    if submitted is None:
        return JsonResponse(
            {
                "status": PaymentStatus.FAILED,
                "message": "The card form was not complete. Please try again.",
            },
            status=422,
        )
    if submitted.done:
        return go_to(url())
    return JsonResponse(
        {
            "status": submitted.status.value,
            "client_secret": submitted.client_secret,
            "message": submitted.message,
        }
    )


def go_to(url: str) -> JsonResponse:
    return JsonResponse({"status": "done", "url": url})
