"""The order from cart to return, its lines, its money and its history."""

from orders.models.order import Order, OrderCard, OrderTemplateDeck
from orders.models.order_event import OrderEvent
from orders.models.payment import Payment, PaymentAttempt, PaymentCustomer, PaymentStatus, WebhookEvent
from orders.models.shipping_method import ShippingMethod

__all__ = [
    "Order",
    "OrderCard",
    "OrderEvent",
    "OrderTemplateDeck",
    "Payment",
    "PaymentAttempt",
    "PaymentCustomer",
    "PaymentStatus",
    "ShippingMethod",
    "WebhookEvent",
]
