from datetime import date

from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from inventory.models import Card, StockMovement


def with_owned(cards: QuerySet[Card], *, today: date) -> QuerySet[Card]:
    """Annotates `owned_copies`: owned(card, today)."""
    owned = (
        StockMovement.objects.filter(printing__card=OuterRef("pk"), effective_on__lte=today)
        .values("printing__card")
        .annotate(copies=Sum("quantity"))
        .values("copies")
    )
    return cards.annotate(owned_copies=Coalesce(Subquery(owned), 0))
