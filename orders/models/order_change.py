"""What a customer wants of their own order and has to pay for first: written down, so that whoever hears of the money
can do it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from orders.models.order import Order


class OrderChange(models.Model):
    """A change that takes effect when its money is there, in the same transaction; docs/payments.md, "Changing".

    `wanted` as orders/own_changes.py and orders/extensions.py write it; `seen`: the order as the customer saw it;
    `shown`: what the change was shown to do (`Look.shown`). It and `outcome` are empty for an extension.
    """

    class Kind(models.TextChoices):
        CHANGE = "change", "Cards, days or shipping"
        EXTENSION = "extension", "Kept longer"

    class Status(models.TextChoices):
        ASKED = "asked", "Not paid for yet"
        APPLIED = "applied", "Done"
        FAILED = "failed", "Not possible any more"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CHANGE)
    wanted = models.JSONField()
    seen = models.CharField(max_length=32)
    shown = models.CharField(max_length=16, blank=True, default="", help_text="What was confirmed, in short.")
    outcome = models.CharField(
        max_length=16,
        blank=True,
        default="",
        help_text="What becomes of the order's place, as it was confirmed.",
    )
    days = models.JSONField(
        default=list, help_text="The days that it leads to, as they were shown (orders/shown_days.py)."
    )
    total_cents = models.PositiveIntegerField(help_text="What is held, or charged, for it.")
    status = models.CharField(max_length=10, choices=Status, default=Status.ASKED)
    why = models.TextField(blank=True, default="", help_text="Why it failed, as the customer is told.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="order_change_costs_something", condition=Q(total_cents__gt=0)),
        ]
        indexes = [models.Index(fields=["order", "-created_at"], name="order_change_of_order")]

    def __str__(self) -> str:
        return f"{self.kind} of order {self.order_id}: {self.status}"
