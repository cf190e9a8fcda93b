"""Decks that the shop offers."""

from django.db import models
from django.db.models import Q
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
    """A deck that the shop offers, added to a cart in one step."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=140, unique=True)
    format = models.CharField(max_length=40, help_text="Modern, Commander, Pauper …")
    description = models.TextField(blank=True, default="")
    published = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TemplateDeckQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("inventory:deck", args=[self.slug])


class TemplateDeckCard(models.Model):
    """A line of a template deck."""

    deck = models.ForeignKey(TemplateDeck, on_delete=models.CASCADE, related_name="deck_cards")
    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveSmallIntegerField()
    zone = models.CharField(max_length=10, choices=Zone, default=Zone.MAIN)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deck", "card", "zone"], name="one_line_per_deck_card_and_zone"),
            models.CheckConstraint(name="template_deck_card_quantity_above_0", condition=Q(quantity__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.card}"
