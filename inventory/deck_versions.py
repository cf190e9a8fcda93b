"""The versions of a template deck: what was in each, and what became different from one to the next. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from inventory.deck_shelf import Lines
from inventory.models import Card, TemplateDeck, TemplateDeckCard, TemplateDeckVersion, Zone

VERSIONS_PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Change:
    """Copies of a card in a zone that came (above 0) or went (below 0)."""

    card: Card
    zone: Zone
    copies: int


@dataclass(frozen=True, slots=True)
class ZoneOfDeck:
    """A zone of a version, its lines by name."""

    zone: Zone
    lines: Sequence[TemplateDeckCard]

    @property
    def copies(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version, how many copies it has, and how it differs from the one before; the first from nothing."""

    version: TemplateDeckVersion
    copies: int
    changes: Sequence[Change]

    @property
    def came(self) -> list[Change]:
        return [change for change in self.changes if change.copies > 0]

    @property
    def went(self) -> list[Change]:
        return [change for change in self.changes if change.copies < 0]


def differences(before: Lines, after: Lines) -> dict[tuple[int, str], int]:
    """Copies that came or went, by card id and zone. Pure.

    >>> differences({(1, "main"): 4, (2, "main"): 1}, {(1, "main"): 3, (2, "main"): 1, (3, "main"): 1})
    {(1, 'main'): -1, (3, 'main'): 1}
    """
    changed = {
        key: after.get(key, 0) - before.get(key, 0) for key in [*before, *(after.keys() - before.keys())]
    }
    return {key: copies for key, copies in changed.items() if copies}


def changes_between(before: Lines, after: Lines, *, cards: Mapping[int, Card] | None = None) -> list[Change]:
    """What came and went, by name. One query, unless the `cards` are given."""
    found = differences(before, after)
    by_id = {**(cards or {})}
    by_id |= Card.objects.in_bulk({card_id for card_id, _ in found} - by_id.keys())
    return _changes(found, by_id)


def versions_page(
    deck: TemplateDeck, *, page: str | int = 1
) -> tuple[Page[TemplateDeckVersion], list[ShownVersion]]:
    """A page of the deck's versions, the newest first. Four queries, however many versions and lines."""
    newest_first = deck.versions.select_related("by").order_by("-number")
    shown = Paginator(newest_first, VERSIONS_PER_PAGE).get_page(page)
    numbers = {version.number for version in shown}
    lines: dict[int, dict[tuple[int, str], int]] = {}
    rows = TemplateDeckCard.objects.filter(
        version__deck=deck, version__number__in=numbers | {number - 1 for number in numbers}
    ).values_list("version__number", "card_id", "zone", "quantity")
    for number, card_id, zone, quantity in rows:
        lines.setdefault(number, {})[card_id, zone] = quantity
    found = {n: differences(lines.get(n - 1, {}), lines.get(n, {})) for n in numbers}
    cards = Card.objects.in_bulk({card_id for changed in found.values() for card_id, _ in changed})
    return shown, [
        ShownVersion(
            version, sum(lines.get(version.number, {}).values()), _changes(found[version.number], cards)
        )
        for version in shown
    ]


def zones_of(lines: Iterable[TemplateDeckCard]) -> list[ZoneOfDeck]:
    """The lines of a version by zone; read with their cards."""
    by_name = sorted(lines, key=lambda line: line.card.folded_name)
    zones = [ZoneOfDeck(zone, [line for line in by_name if line.zone == zone]) for zone in Zone]
    return [zone for zone in zones if zone.lines]


def _changes(found: Mapping[tuple[int, str], int], cards: Mapping[int, Card]) -> list[Change]:
    changes = [Change(cards[card_id], Zone(zone), copies) for (card_id, zone), copies in found.items()]
    return sorted(changes, key=lambda change: (Zone.values.index(change.zone), change.card.folded_name))
