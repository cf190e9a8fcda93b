"""What decks lack on some days, or today: each by itself, as if nobody took another, not what is left for two."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from django.db.models import QuerySet, Sum

from inventory.availability import shortfalls
from inventory.models import TemplateDeckCard, TemplateDeckVersion
from inventory.periods import BlockedPeriod

Demands = Mapping[int, Counter[int]]  # by version id: copies by card id


def short_by_deck(demands: Demands, days: BlockedPeriod | None, *, today: date) -> dict[int, dict[int, int]]:
    """By version id the copies that each of its cards lacks; empty for one that is free as a whole. One query."""
    days = days or BlockedPeriod(today, today + timedelta(days=1))
    most: Counter[int] = Counter()
    for demand in demands.values():
        most |= demand
    short = shortfalls(most, days.out_on, days.back_on, today=today)
    free = {card_id: shortfall.quantity - shortfall.short for card_id, shortfall in short.items()}
    return {
        version_id: {
            card_id: quantity - free[card_id]
            for card_id, quantity in demand.items()
            if card_id in free and quantity > free[card_id]
        }
        for version_id, demand in demands.items()
    }


def free_as_a_whole(
    versions: QuerySet[TemplateDeckVersion], days: BlockedPeriod | None, *, today: date
) -> list[int]:
    """The ids of those that lack nothing; one without cards is none of them. Two queries, however many decks."""
    demands: dict[int, Counter[int]] = {}
    lines = TemplateDeckCard.objects.filter(version__in=versions)
    for version_id, card_id, quantity in lines.values_list("version", "card").annotate(
        copies=Sum("quantity")
    ):
        demands.setdefault(version_id, Counter())[card_id] = quantity
    short = short_by_deck(demands, days, today=today)
    return [version_id for version_id in demands if not short[version_id]]
