"""What was done last to a cart that can be undone: so much went out of it, or came in all at once."""

from django.db import models
from django.utils import timezone

from orders.models.order import Order


class Removal(models.Model):
    """The last removal from a cart, or what came in all at once; the next of either takes its place.

    `lines`: [card, zone, preferred printing or null, copies] of each line, by ids; `versions`: [version of a
    template deck, how often, what had been left out of it] of each that went with them as a whole. Ids and not keys
    to rows: what is in no cart holds on to nothing.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="removals")
    what = models.TextField(help_text="What was taken out or came in, in words.")
    came_in = models.BooleanField(default=False, help_text="It came in, and can be taken out again.")
    lines = models.JSONField()
    versions = models.JSONField(default=list)
    removed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order"], name="one_removal_per_order")]

    def __str__(self) -> str:
        return f"{self.what} {'into' if self.came_in else 'out of'} {self.order}"
