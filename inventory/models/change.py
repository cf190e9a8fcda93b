"""That something about the cards or the stock has changed, for whoever keeps a copy of them in memory."""

from django.db import models


class Change(models.Model):
    """A statement that touched the cards and printings, or the stock. Written by the database itself, by triggers.

    Which rows there are tells a reader whether the copy in memory is as old as they are. A counter would do, but all
    writers would wait for each other at its row; and with the highest number alone, a transaction that began
    earlier and committed later would go unnoticed. Only the last few hundred are kept.
    """

    class Of(models.TextChoices):
        CATALOGUE = "catalogue", "Cards and printings"
        STOCK = "stock", "Stock"

    of = models.CharField(max_length=10, choices=Of, editable=False)

    def __str__(self) -> str:
        return f"{self.get_of_display()} #{self.pk}"
