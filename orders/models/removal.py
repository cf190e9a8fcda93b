"""What was taken out of a cart last, so that it can be put back."""

from django.db import models
from django.utils import timezone

from orders.models.order import Order


class Removal(models.Model):
    """The last removal from a cart; the next one takes its place.

    `lines`: [card, zone, preferred printing or null, copies] of each line, by ids; `versions`: [version of a
    template deck, how often, what had been left out of it] of each that was taken out as a whole. Ids and not keys
    to rows: what is in no cart holds on to nothing.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="removals")
    what = models.TextField(help_text="What was taken out, in words.")
    lines = models.JSONField()
    versions = models.JSONField(default=list)
    removed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order"], name="one_removal_per_order")]

    def __str__(self) -> str:
        return f"{self.what} out of {self.order}"
