"""What customers are told by e-mail of money that was charged or given back besides what their order costs."""

from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from orders.emails import order_link
from orders.models import Payment, Refund
from orders.pay_again import pay_link
from orders.payments.declines import decline_message


def send_refund_email(*, refund: Refund) -> None:
    """So much goes back to the card, and why."""
    _send("refunded", refund.payment, refund=refund)


def send_fee_email(*, fee: Payment, paid: bool) -> None:
    """A fee was charged, and why; or it was not, and then how to pay it."""
    if paid:
        _send("fee", fee)
        return
    if fee.released_at is not None:
        return  # given up before this came to its turn: nothing is owed
    attempt = fee.attempts.latest("sequence")
    said = decline_message(attempt.error_code)
    _send("fee_failed", fee, said=said, pay_link=pay_link(fee.order, fee=fee))


def _send(kind: str, payment: Payment, **more: object) -> None:
    order = payment.order
    context = {"order": order, "payment": payment, "link": order_link(order), **more}
    subject, _, body = render_to_string(f"emails/{kind}.txt", context).strip().partition("\n")
    EmailMessage(subject.strip(), body.strip() + "\n", to=[order.contact_email]).send()
