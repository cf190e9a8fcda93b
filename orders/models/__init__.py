"""The order from cart to return, its lines, its money and its history."""

from orders.models.merged_cart import MergedCart
from orders.models.order import Order, OrderCard, OrderTemplateDeck
from orders.models.order_change import OrderChange
from orders.models.order_event import OrderEvent
from orders.models.payment import (
    DisputeStatus,
    Payment,
    PaymentAttempt,
    PaymentCustomer,
    PaymentStatus,
    Refund,
    WebhookEvent,
)
from orders.models.removal import Removal
from orders.models.shipping_method import ShippingMethod

__all__ = [
    "DisputeStatus",
    "MergedCart",
    "Order",
    "OrderCard",
    "OrderChange",
    "OrderEvent",
    "OrderTemplateDeck",
    "Payment",
    "PaymentAttempt",
    "PaymentCustomer",
    "PaymentStatus",
    "Refund",
    "Removal",
    "ShippingMethod",
    "WebhookEvent",
]
