"""Where Stripe tells us what happened. It comes late, twice, out of order, and before the browser returns."""

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders import payments
from orders import stripe_gateway as gateway
from orders.checkout import CheckoutError, settle
from orders.models import PaymentStatus, WebhookEvent

log = structlog.get_logger(__name__)


@csrf_exempt  # Stripe has no session; its signature is checked instead
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """200: done, or none of our business. 400: not from Stripe. 503: please send it again."""
    try:
        event = gateway.read_event(
            payload=request.body, signature=request.headers.get("Stripe-Signature", "")
        )
    except gateway.InvalidSignature as error:
        log.warning("webhook_rejected", reason=str(error))
        return HttpResponse("The signature does not fit.", status=400, content_type="text/plain")
    if event.livemode == settings.STRIPE_DEBUG:
        log.warning("webhook_of_the_other_mode", stripe_event=event.id, livemode=event.livemode)
        return HttpResponse("This is not our mode.")
    if WebhookEvent.objects.filter(pk=event.id).exists():
        return HttpResponse("known")
    if event.intent_id:
        try:
            # Stripe waits for this answer, and sends the event again where it does not come.
            with gateway.in_a_hurry():
                payment = payments.sync_intent(event.intent_id)
        except (payments.UnknownIntent, gateway.GatewayError) as error:
            log.warning("webhook_postponed", stripe_event=event.id, reason=str(error))
            return HttpResponse("Not yet.", status=503, content_type="text/plain")
        if payment is not None and payment.status == PaymentStatus.AUTHORIZED:
            try:
                settle(payment=payment, today=timezone.localdate())
            except CheckoutError as error:
                log.info("webhook_settled_with_release", payment=str(payment.pk), reason=str(error))
    # Only now: a crash above leaves the event unrecorded, and its next delivery does the work.
    WebhookEvent.objects.get_or_create(
        pk=event.id, defaults={"type": event.type, "intent_id": event.intent_id}
    )
    return HttpResponse("done")
