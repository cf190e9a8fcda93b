"""The cards that Stripe keeps for a signed-in customer."""

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from orders import stripe_gateway as gateway
from orders.saved_cards import CardNeeded, UnknownCard, kept_cards, remove_card

log = structlog.get_logger(__name__)

_NO_ANSWER = "The payment provider does not answer. Please try again in a minute."


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def saved_cards(request: HttpRequest) -> HttpResponse:
    """GET lists them; POST removes `payment_method`."""
    assert isinstance(request.user, User)
    if request.method == "POST":
        return _remove(request, request.user)
    kept = None
    try:
        kept = kept_cards(request.user, today=timezone.localdate())
    except gateway.GatewayError as error:
        log.warning("cards_not_listed", kind=type(error).__name__)
        messages.error(request, _NO_ANSWER)
    return render(
        request, "orders/saved_cards.html", {"cards": kept, "forget_days": settings.FORGET_CARDS_DAYS}
    )


def _remove(request: HttpRequest, user: User) -> HttpResponse:
    try:
        remove_card(user, request.POST.get("payment_method", ""))
    except UnknownCard:
        messages.info(request, "This card is not kept any more.")
    except CardNeeded as error:
        messages.error(request, str(error))
    except gateway.GatewayError as error:
        log.warning("card_not_removed", kind=type(error).__name__)
        messages.error(request, _NO_ANSWER)
    else:
        messages.success(request, "The card is removed.")
    return redirect("orders:cards")
