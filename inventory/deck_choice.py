"""Choosing among the decks on offer: by a colour, in an order."""

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Sum

from inventory.models import TemplateDeckCard, TemplateDeckVersion
from inventory.models.card import lowest_rent_cents

COLORS = tuple("WUBRGC")
# The key in the address, and what it is called on the page.
SORTS = {"": "format", "name": "name", "newest": "newest first", "price": "price"}

Versions = QuerySet[TemplateDeckVersion]


def of_color(versions: Versions, color: str) -> Versions:
    """Those with a card of that colour; C: those without a card of any."""
    lines = TemplateDeckCard.objects.filter(version=OuterRef("pk"))
    if color == "C":
        return versions.filter(~Exists(lines.exclude(card__colors="")))
    return versions.filter(Exists(lines.filter(card__colors__contains=color)))


def sorted_by(versions: Versions, sort: str) -> Versions:
    """In the order of a key of `SORTS`; the price is that of a day, the lowest first."""
    if sort == "price":
        rent = (
            TemplateDeckCard.objects.filter(version=OuterRef("pk"))
            .annotate(rent=lowest_rent_cents("card") * F("quantity"))
            .values("version")
            .annotate(total=Sum("rent"))
            .values("total")
        )
        return versions.order_by(Subquery(rent).asc(nulls_first=True), "deck__name", "deck")
    orders = {
        "": ["deck__format", "deck__name"],
        "name": ["deck__name"],
        "newest": ["-deck__created_at", "deck__name"],
    }
    return versions.order_by(*orders[sort], "deck")
