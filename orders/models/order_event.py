from django.conf import settings
from django.db import models
from django.utils import timezone

from orders.models.order import Order


class OrderEvent(models.Model):
    """Who changed an order, when, why, from what to what. Written with the change, never changed itself."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor = models.CharField(max_length=20, help_text="customer, staff or system")
    reason = models.TextField(blank=True, default="")
    from_status = models.CharField(max_length=10)
    to_status = models.CharField(max_length=10)

    class Meta:
        indexes = [models.Index(fields=["order", "at"], name="event_of_order")]

    def __str__(self) -> str:
        return f"{self.order}: {self.from_status} → {self.to_status}"
