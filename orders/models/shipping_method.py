from django.db import models


class ShippingMethodQuerySet(models.QuerySet["ShippingMethod"]):
    def offered(self) -> "ShippingMethodQuerySet":
        return self.filter(active=True).order_by("position", "pk")

    def collected_at_the_shop(self) -> "ShippingMethodQuerySet":
        return self.offered().filter(needs_address=False, transit_out_days=0, transit_back_days=0)


class ShippingMethod(models.Model):
    """A way for the deck to get out and back, with its price in cents and its transit in days."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=200, blank=True, default="")
    price_cents = models.PositiveIntegerField()
    transit_out_days = models.PositiveSmallIntegerField(
        help_text="Working days from leaving the shop to the customer."
    )
    transit_back_days = models.PositiveSmallIntegerField(
        help_text="Working days from the customer back to the shop."
    )
    lead_days = models.PositiveSmallIntegerField(
        default=1, help_text="Working days from ordering to the earliest dispatch; 0: the same day."
    )
    needs_address = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    objects = ShippingMethodQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
