"""What the shop owns, as the sum of what happened to it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from inventory.models.card import Printing


class StockMovement(models.Model):
    """Copies of a printing bought, found, lost, damaged, sold or corrected, from a date on.

    `quantity` is signed: what comes is above 0, what goes is below. `effective_on` may lie ahead (a purchase
    under way). owned(card, day) is the sum over all its printings effective on or before that day. Rows are
    never changed: a mistake is corrected by a further movement.
    """

    class Kind(models.TextChoices):
        BOUGHT = "bought", "Bought"
        FOUND = "found", "Found"
        LOST = "lost", "Lost"
        DAMAGED = "damaged", "Damaged"
        SOLD = "sold", "Sold"
        CORRECTED = "corrected", "Corrected"

    COMING = (Kind.BOUGHT, Kind.FOUND)
    GOING = (Kind.LOST, Kind.DAMAGED, Kind.SOLD)

    printing = models.ForeignKey(Printing, on_delete=models.PROTECT, related_name="stock_movements")
    quantity = models.IntegerField(help_text="Copies: above 0 they come, below 0 they go.")
    kind = models.CharField(max_length=10, choices=Kind)
    effective_on = models.DateField()
    note = models.TextField(blank=True, default="")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="stock_movement_sign_fits_kind",
                condition=(Q(kind__in=["bought", "found"]) & Q(quantity__gt=0))
                | (Q(kind__in=["lost", "damaged", "sold"]) & Q(quantity__lt=0))
                | (Q(kind="corrected") & ~Q(quantity=0)),
            )
        ]
        indexes = [
            models.Index(
                fields=["printing", "effective_on"], include=["quantity"], name="movement_of_printing"
            )
        ]

    def __str__(self) -> str:
        return f"{self.quantity:+d} {self.printing} ({self.get_kind_display().lower()})"
