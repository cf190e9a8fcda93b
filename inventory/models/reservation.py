"""Copies of a card that are spoken for."""

import uuid

from django.db import models
from django.db.models import F, Q

from inventory.models.card import Card


class Reservation(models.Model):
    """`quantity` copies of a card blocked for the half-open days `[out_on, back_on)`.

    It exists from the moment an authorized order is accepted until the return, and is then deleted: the table
    holds what is live, so that history costs nothing.

    `claim` says whose it is without saying what that is (inventory knows nothing of orders): all reservations of
    one order share one claim, and there is one reservation for each claim and card, however many lines of
    the order ask for that card.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"  # its order is pending
        FIRM = "firm", "Firm"  # its order is open
        OUT = "out", "Out"  # dispatched, not yet back

    claim = models.UUIDField(default=uuid.uuid4, editable=False)
    # No index on the card alone: `reservation_of_card` begins with it, and one beside it misleads the planner.
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="reservations", db_index=False)
    quantity = models.PositiveIntegerField()
    out_on = models.DateField(help_text="First day on which the copies are away.")
    back_on = models.DateField(help_text="First day on which they are on the shelf again.")
    state = models.CharField(max_length=6, choices=State)
    queued_at = models.DateTimeField(
        null=True, blank=True, help_text="Its place in the queue, while it is queued."
    )
    expected_on = models.DateField(
        null=True,
        blank=True,
        help_text="For overdue copies: the day on which staff expect them on the shelf.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "card"], name="one_reservation_per_claim_and_card"),
            models.CheckConstraint(name="reservation_quantity_above_0", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="reservation_period_has_days", condition=Q(out_on__lt=F("back_on"))),
            models.CheckConstraint(
                name="reservation_queued_at_exactly_while_queued",
                condition=Q(state="queued", queued_at__isnull=False)
                | (~Q(state="queued") & Q(queued_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="reservation_expected_only_while_out",
                condition=Q(state="out") | Q(expected_on__isnull=True),
            ),
        ]
        indexes = [
            # All that the engine looks at, so that it need not look into the table (docs/adr/0007-read-path.md).
            models.Index(
                fields=["card", "out_on"],
                include=["back_on", "quantity", "state", "expected_on", "queued_at", "claim"],
                name="reservation_of_card",
            ),
            models.Index(fields=["queued_at"], name="reservation_queue", condition=Q(state="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.card} {self.state} [{self.out_on}, {self.back_on})"
