"""The admin shows orders; what changes them goes through the domain, so most of it is read-only here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from orders import account_admin  # noqa: F401  it registers the page of accounts
from orders.models import (
    Order,
    OrderCard,
    OrderEvent,
    Payment,
    PaymentAttempt,
    Refund,
    ShippingMethod,
    WebhookEvent,
)


class ReadOnly:
    """Shown, not edited: the rows are written by the domain."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OrderCardInline(ReadOnly, admin.TabularInline):
    model = OrderCard
    fields = ("card", "quantity", "zone", "preferred_printing", "needed", "day_price_cents")


class OrderEventInline(ReadOnly, admin.TabularInline):
    model = OrderEvent
    fields = ("at", "actor", "by", "from_status", "to_status", "reason")
    ordering = ("at",)


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "number",
        "status",
        "contact_email",
        "first_day",
        "last_day",
        "out_on",
        "total_cents",
        "queued_at",
    )
    list_filter = ("status", "shipping_method")
    list_select_related = ("user",)
    search_fields = ("number", "email", "user__email")
    inlines = (OrderCardInline, OrderEventInline)


class PaymentAttemptInline(ReadOnly, admin.TabularInline):
    model = PaymentAttempt
    fields = ("sequence", "off_session", "status", "intent_id", "error_code", "capture_before", "created_at")
    readonly_fields = fields  # some of them are nobody's to edit, and a form would stumble over that
    ordering = ("sequence",)


class RefundInline(ReadOnly, admin.TabularInline):
    model = Refund
    fields = (
        "amount_cents",
        "status",
        "reason",
        "by",
        "stripe_id",
        "error_message",
        "created_at",
        "paid_back_at",
        "paid_back_by",
        "paid_back_note",
    )
    readonly_fields = fields  # some of them are nobody's to edit, and a form would stumble over that
    ordering = ("created_at",)


@admin.register(Payment)
class PaymentAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "order",
        "kind",
        "amount_cents",
        "captured_cents",
        "refunded_cents",
        "paid_back_cents",
        "currency",
        "status",
        "dispute",
        "requested_by",
        "released_at",
        "created_at",
    )
    list_filter = ("kind", "status", "dispute")
    list_select_related = ("order", "requested_by")
    search_fields = ("order__number", "attempts__intent_id")
    inlines = (PaymentAttemptInline, RefundInline)


@admin.register(Refund)
class RefundAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("order", "payment", "amount_cents", "status", "reason", "by", "stripe_id", "created_at")
    list_filter = ("status",)
    list_select_related = ("payment__order", "by")
    search_fields = ("payment__order__number", "stripe_id")

    @admin.display(ordering="payment__order__number")
    def order(self, refund: Refund) -> Order:
        return refund.payment.order


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("id", "type", "intent_id", "received_at")
    search_fields = ("id", "intent_id")


@admin.register(ShippingMethod)
class ShippingMethodAdmin(admin.ModelAdmin):
    list_display = (
        "name",
        "price_cents",
        "transit_out_days",
        "transit_back_days",
        "lead_days",
        "position",
        "active",
    )
    list_editable = ("position", "active")
