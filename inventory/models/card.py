"""What exists: cards (rules) and printings (editions)."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Cast, Ceil, Coalesce, Greatest
from django.urls import reverse

from inventory.rates import DayRate


def shop_day_rate() -> DayRate:
    """The shop's rule from value to price per day, from the settings."""
    return DayRate(basis_points=settings.DAY_RATE_BASIS_POINTS, minimum_cents=settings.DAY_RATE_MINIMUM_CENTS)


def lowest_value_cents(card_ref: str) -> Coalesce:
    """The lowest known value among the printings of the card that `card_ref` names, 0 where none is known.

    The lowest, because copies are interchangeable until dispatch: nobody pays for an edition that they may
    not get. Source of the rule: docs/pricing.md.
    """
    lowest = (
        Printing.objects.filter(card=OuterRef(card_ref), value_cents__isnull=False)
        .order_by("value_cents")
        .values("value_cents")[:1]
    )
    return Coalesce(Subquery(lowest), 0)


def lowest_rent_cents(card_ref: str) -> Coalesce:
    """`Card.rent_cents` of the card that `card_ref` names, for the database to sort by.

    A decimal: in between it is more than an integer holds.
    """
    rate = shop_day_rate()
    cents: models.DecimalField[Decimal, Decimal] = models.DecimalField(max_digits=20, decimal_places=4)
    of_value = Ceil(
        Cast(lowest_value_cents(card_ref), cents) * Value(Decimal(rate.basis_points) / 10_000, cents)
    )
    return Coalesce(
        Cast(f"{card_ref}__day_price_cents", cents),
        Greatest(Value(Decimal(rate.minimum_cents), cents), of_value),
        output_field=cents,
    )


class CardQuerySet(models.QuerySet["Card"]):
    def with_value(self) -> "CardQuerySet":
        """Annotates `value_cents`, which `Card.rent_cents` reads; see lowest_value_cents."""
        return self.annotate(value_cents=lowest_value_cents("pk"))  # type: ignore[no-redef]


class Card(models.Model):
    """What the rules call a card: one name, one `oracle_id`.

    `oracle_id` is empty for a card that was entered by hand; a later catalogue import finds it by name.
    """

    oracle_id = models.UUIDField(null=True, blank=True, unique=True)
    name = models.TextField()
    slug = models.SlugField(max_length=200, unique=True)
    folded_name = models.TextField(
        editable=False, help_text="The name in the form in which names are compared."
    )
    folded_names = ArrayField(
        models.TextField(),
        default=list,
        editable=False,
        help_text="The same for the whole name and for each face.",
    )
    layout = models.CharField(max_length=40, default="normal")
    mana_cost = models.TextField(blank=True, default="")
    mana_value = models.DecimalField(max_digits=10, decimal_places=1, default=0)
    type_line = models.TextField(blank=True, default="")
    oracle_text = models.TextField(blank=True, default="")
    colors = models.CharField(
        max_length=5, blank=True, default="", help_text="A subset of WUBRG, in that order."
    )
    color_identity = models.CharField(max_length=5, blank=True, default="")
    power = models.TextField(blank=True, default="", help_text="Text, not a number: *, 1+*, ∞.")
    toughness = models.TextField(blank=True, default="")
    loyalty = models.TextField(blank=True, default="")
    defense = models.TextField(blank=True, default="")
    faces = models.JSONField(
        default=list, blank=True, help_text="For cards of several faces: the facts of each."
    )
    day_price_cents = models.PositiveIntegerField(
        "price per day in cents",
        null=True,
        blank=True,
        help_text="Overrides the price that follows from the value.",
    )

    objects = CardQuerySet.as_manager()

    value_cents: int  # set by with_value()

    class Meta:
        indexes = [
            models.Index(
                fields=["folded_name"], opclasses=["text_pattern_ops"], name="card_folded_name_prefix"
            ),
            # Names are looked up by the thousand, and written once: nothing waits to be indexed.
            GinIndex(fields=["folded_names"], fastupdate=False, name="card_folded_names"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("inventory:card", args=[self.slug])

    @property
    def rent_cents(self) -> int:
        """Cents for one copy and one day. Needs a card that was read `with_value()`."""
        return self.rent_at(self.value_cents)

    def rent_at(self, card_value_cents: int, *, preferred: "Printing | None" = None) -> int:
        """Cents for one copy and one day, of a printing that is preferred or of any.

        A preferred printing is paid at its own value where that is known, any other copy at the card's.
        """
        value = self.value_at(card_value_cents, preferred=preferred)
        return shop_day_rate().price_cents(value_cents=value, override_cents=self.day_price_cents)

    def value_at(self, card_value_cents: int, *, preferred: "Printing | None" = None) -> int:
        """Cents that a copy is worth, of a printing that is preferred or of any."""
        known = preferred.value_cents if preferred is not None else None
        return card_value_cents if known is None else known


class Finish(models.TextChoices):
    NONFOIL = "nonfoil", "Non-foil"
    FOIL = "foil", "Foil"
    ETCHED = "etched", "Etched foil"


class Printing(models.Model):
    """One edition of a card: set, collector number, language, finish."""

    card = models.ForeignKey(Card, on_delete=models.CASCADE, related_name="printings")
    scryfall_id = models.UUIDField(null=True, blank=True, db_index=True)
    set_code = models.CharField(max_length=10)
    set_name = models.TextField(blank=True, default="")
    collector_number = models.CharField(max_length=20, help_text="Text, not a number: GNT-52, 791★, 116p.")
    language = models.CharField(max_length=5, default="en")
    finish = models.CharField(max_length=10, choices=Finish, default=Finish.NONFOIL)
    rarity = models.CharField(max_length=20, blank=True, default="")
    released_on = models.DateField(null=True, blank=True)
    artist = models.TextField(blank=True, default="")
    image_urls = models.JSONField(
        default=list, blank=True, help_text="Addresses of the images, one for each side."
    )
    value_cents = models.PositiveIntegerField(
        "value in cents", null=True, blank=True, help_text="What a copy costs; empty where it is not known."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["set_code", "collector_number", "language", "finish"], name="one_printing_per_edition"
            )
        ]
        indexes = [models.Index(fields=["card", "value_cents"], name="printing_value_of_card")]

    def __str__(self) -> str:
        finish = "" if self.finish == Finish.NONFOIL else f", {self.get_finish_display().lower()}"
        return f"{self.set_name or self.set_code.upper()} #{self.collector_number}{finish}"
