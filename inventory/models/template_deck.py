"""Decks that the shop offers."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from inventory.models.card import Card


class Zone(models.TextChoices):
    """Where in a deck a card stands. The order of the members is the order on screen."""

    COMMANDER = "commander", "Commander"
    MAIN = "main", "Main"
    SIDEBOARD = "sideboard", "Sideboard"


class TemplateDeckQuerySet(models.QuerySet["TemplateDeck"]):
    def published(self) -> "TemplateDeckQuerySet":
        return self.filter(published=True)


class TemplateDeck(models.Model):
    """A deck that the shop offers, added to a cart in one step. What is in it is said by its versions.

    inventory/deck_shelf.py makes and changes decks.
    """

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=140, unique=True)
    format = models.CharField(max_length=40, help_text="Modern, Commander, Pauper …")
    description = models.TextField(blank=True, default="")
    published = models.BooleanField(default=False)
    saves = models.PositiveIntegerField(
        default=1, editable=False, help_text="How often it was saved: by it two people at once are noticed."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TemplateDeckQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("inventory:deck", args=[self.slug])

    def current_version(self) -> "TemplateDeckVersion":
        """The newest. One query."""
        return self.versions.current().get()


class TemplateDeckVersionQuerySet(models.QuerySet["TemplateDeckVersion"]):
    def current(self) -> "TemplateDeckVersionQuerySet":
        """The newest of each deck."""
        newer = TemplateDeckVersion.objects.filter(deck=OuterRef("deck"), number__gt=OuterRef("number"))
        return self.filter(~Exists(newer))

    def offered(self) -> "TemplateDeckVersionQuerySet":
        """The current ones of the published decks, each with its deck."""
        return self.current().filter(deck__published=True).select_related("deck")


class TemplateDeckVersion(models.Model):
    """What a template deck consisted of from some moment on, until the next version.

    Neither a version nor its lines are ever changed: orders point to the version that went into them.
    """

    deck = models.ForeignKey(TemplateDeck, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = TemplateDeckVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deck", "number"], name="one_version_per_deck_and_number"),
            models.CheckConstraint(name="template_deck_versions_count_from_1", condition=Q(number__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.deck}, version {self.number}"


class TemplateDeckCard(models.Model):
    """A line of a version of a template deck."""

    version = models.ForeignKey(TemplateDeckVersion, on_delete=models.CASCADE, related_name="deck_cards")
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveSmallIntegerField()
    zone = models.CharField(max_length=10, choices=Zone, default=Zone.MAIN)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "card", "zone"], name="one_line_per_version_card_and_zone"
            ),
            models.CheckConstraint(name="template_deck_card_quantity_above_0", condition=Q(quantity__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.card}"
