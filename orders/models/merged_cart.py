"""Which cart went into which: so that whoever asks for it twice gets the same answer twice."""

from django.db import models
from django.utils import timezone

from orders.models.order import Order


class MergedCart(models.Model):
    """A cart that is gone, by its id, and the one that has its cards. Gone with that one."""

    source_cart_id = models.CharField(max_length=32, unique=True)
    destination = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="merged_carts")
    merged_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"A cart that went into {self.destination}"
