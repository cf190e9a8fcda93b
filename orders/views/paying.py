"""What every page with a card form has in common: what the form is told, and what its script is answered."""

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from accounts.models import User
from accounts.visitor_address import address_of
from orders import stripe_gateway, submission
from orders.bills import Bill, CardGiven, Payer
from orders.forms import PaymentForm
from orders.models import Order, PaymentStatus
from orders.saved_cards import cards_to_offer
from orders.stripe_gateway import GatewayError, SavedCard
from orders.submission import Submitted

log = structlog.get_logger(__name__)


def card_form(request: HttpRequest, order: Order) -> dict[str, Any]:
    """What templates/orders/_card_form.html needs beside the amount. `order` is shown: theirs, or linked to."""
    user = _owner(request, order)
    saved_cards: list[SavedCard] = []
    if user is not None:
        try:
            with stripe_gateway.in_a_hurry():
                saved_cards = cards_to_offer(user, today=timezone.localdate())
        except GatewayError as error:  # another card can still be given
            log.warning("saved_cards_not_offered", kind=type(error).__name__)
    return {
        "saved_cards": saved_cards,
        "can_keep": user is not None,
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
        payer=Payer(_owner(request, bill.order), request.session.session_key or "", address_of(request)),
        shown_cents=form.cleaned_data["total_cents"],
        shown_days=form.cleaned_data["days"],
        shown_cards=form.cleaned_data["cards"],
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


def _owner(request: HttpRequest, order: Order) -> User | None:
    """The visitor, where they are signed in and the order is their own: only then their cards are spoken of."""
    user = request.user
    return user if isinstance(user, User) and order.user_id == user.pk else None
