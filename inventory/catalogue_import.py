"""Brings cards and printings up to date with Scryfall's bulk data. The rules in words: docs/catalogue.md."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import Q

from inventory.catalogue import folded_names, make_cards
from inventory.models import Card, Printing
from inventory.names import fold_name
from inventory.scryfall import (
    BrokenObjectError,
    CardFacts,
    CatalogueEntry,
    NotRentableError,
    PrintingFacts,
    read_object,
)
from inventory.scryfall_file import BulkFileError, FoundObject

_BATCH = 1_000  # objects to a transaction

Edition = tuple[str, str, str, str]
CardKey = UUID | str  # the oracle id; the name where an object has none
ADDED, UPDATED, UNCHANGED = "added", "updated", "unchanged"


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """An object that was left out because something is wrong with it."""

    line: int
    number: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, object {self.number}: {self.message}"


@dataclass(slots=True)
class ImportCounts:
    """What an import did: cards and printings by added, updated, unchanged; objects skipped by reason."""

    cards: Counter[str] = field(default_factory=Counter)
    printings: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[ImportProblem] = field(default_factory=list)


class CatalogueImport:
    """One run over bulk data, a batch and a transaction at a time.

    A further run changes what has changed, and nothing else. `currency` chooses among the prices; a price
    fills a value that is empty, and replaces one that is known only with `update_values`.
    """

    def __init__(self, *, currency: str, update_values: bool = False) -> None:
        self.currency = currency
        self.update_values = update_values
        self._counts = ImportCounts()
        # What this run has seen already, so that a card of many printings is looked at, and counted, once.
        self._settled: dict[CardKey, int] = {}  # card ids of those that an object of their own has described
        self._outcomes: dict[int, str] = {}  # by card id
        self._editions: set[int] = set()  # hashes: a tenth of the memory

    @property
    def counts(self) -> ImportCounts:
        """What has been done so far, true also after a damaged file has stopped the run."""
        self._counts.cards = Counter(self._outcomes.values())
        return self._counts

    def run(self, objects: Iterable[FoundObject], *, after_batch: Callable[[], None] = lambda: None) -> None:
        """Imports everything. Raises `BulkFileError` where the file is damaged, after what came before it."""
        remaining = iter(objects)
        failure: BulkFileError | None = None
        exhausted = False
        while not exhausted:
            batch: list[tuple[FoundObject, CatalogueEntry]] = []
            seen = 0
            try:
                for found in islice(remaining, _BATCH):
                    seen += 1
                    entry = self._read(found)
                    if entry:
                        batch.append((found, entry))
            except BulkFileError as error:
                failure = error
            exhausted = seen < _BATCH
            self._store_batch(batch)
            after_batch()
        if failure:
            raise failure

    def _read(self, found: FoundObject) -> CatalogueEntry | None:
        if found.broken:
            self._report(found, found.broken)
            return None
        try:
            entry = read_object(found.value, currency=self.currency)
        except NotRentableError as reason:
            self._counts.skipped[str(reason)] += 1
            return None
        except BrokenObjectError as error:
            self._report(found, str(error))
            return None
        editions = {hash(printing.edition) for printing in entry.printings}
        if not self._editions.isdisjoint(editions):
            self._report(found, "its edition came before in this file", reason="edition twice")
            return None
        self._editions |= editions
        return entry

    def _report(self, found: FoundObject, message: str, *, reason: str = "broken") -> None:
        name = found.value.get("name") if isinstance(found.value, dict) else None
        if isinstance(name, str) and name:
            message = f"{name[:60]!r}: {message}"
        self._counts.skipped[reason] += 1
        self._counts.problems.append(ImportProblem(line=found.line, number=found.number, message=message))

    # --- a batch ----------------------------------------------------------------------------------------

    def _store_batch(self, batch: Sequence[tuple[FoundObject, CatalogueEntry]]) -> None:
        """One transaction for all; where the database refuses, one for each, to leave out only one."""
        if not batch:
            return
        try:
            self._store([entry for _, entry in batch], [found for found, _ in batch])
        except DatabaseError as error:
            if len(batch) == 1:
                self._report(batch[0][0], f"the database refused it: {str(error).splitlines()[0]}")
                return
            for one in batch:
                self._store_batch([one])

    def _store(self, entries: Sequence[CatalogueEntry], places: Sequence[FoundObject]) -> None:
        with transaction.atomic():
            held = _held_printings([printing.edition for entry in entries for printing in entry.printings])
            card_ids, card_outcomes = self._store_cards(entries, held)
            printing_outcomes, refused = self._store_printings(entries, card_ids, held)
        # Remembered only now: a transaction that failed must leave no trace here either.
        for entry in entries:
            if entry.card.own_facts:
                self._settled[_key(entry.card)] = card_ids[_key(entry.card)]
        for card_id, outcome in card_outcomes.items():
            if self._outcomes.get(card_id, UNCHANGED) == UNCHANGED:
                self._outcomes[card_id] = outcome
        self._counts.printings.update(printing_outcomes)
        for position, owner in refused.items():
            self._report(
                places[position], f"its edition is taken by {owner!r}", reason="edition of another card"
            )

    def _store_cards(
        self, entries: Sequence[CatalogueEntry], held: Mapping[Edition, Printing]
    ) -> tuple[dict[CardKey, int], dict[int, str]]:
        """The ids of the cards of a batch, and what was done to each of them."""
        card_ids: dict[CardKey, int] = {}
        new: dict[CardKey, CardFacts] = {}
        changed: list[Card] = []
        outcomes: dict[int, str] = {}
        unsettled: dict[CardKey, CatalogueEntry] = {}
        for entry in sorted(entries, key=lambda entry: not entry.card.own_facts):
            key = _key(entry.card)
            if key in self._settled:
                card_ids[key] = self._settled[key]
            else:
                unsettled.setdefault(key, entry)
        known = _KnownCards([entry.card for entry in unsettled.values()], taken=set(self._outcomes))
        for key, entry in unsettled.items():
            facts = entry.card
            card = known.match(facts, held=[held.get(printing.edition) for printing in entry.printings])
            if card is None:
                new[key] = facts
                continue
            card_ids[key] = card.pk
            outcomes[card.pk] = UNCHANGED
            # What a reversible card tells does for a card entered by hand, but not against what is known.
            if (facts.own_facts or card.oracle_id is None) and _apply(card, _card_values(facts)):
                outcomes[card.pk] = UPDATED
                changed.append(card)
        _rewrite(Card, changed, _CARD_FIELDS)
        for key, card in zip(new, make_cards([_facts_to_make(facts) for facts in new.values()]), strict=True):
            card_ids[key] = card.pk
            outcomes[card.pk] = ADDED
        return card_ids, outcomes

    def _store_printings(
        self,
        entries: Sequence[CatalogueEntry],
        card_ids: Mapping[CardKey, int],
        held: Mapping[Edition, Printing],
    ) -> tuple[Counter[str], dict[int, str]]:
        """How many printings were added, updated, unchanged; and what was refused, by position in the batch:
        the name of the other card that has the edition. Copies and promises hang on the card, so an import
        never moves a printing from one to another."""
        outcomes: Counter[str] = Counter()
        refused: dict[int, str] = {}
        new: list[Printing] = []
        changed: list[Printing] = []
        for position, entry in enumerate(entries):
            card_id = card_ids[_key(entry.card)]
            for facts in entry.printings:
                printing = held.get(facts.edition)
                if printing is None:
                    new.append(Printing(card_id=card_id, **_edition_values(facts), **_printing_values(facts)))
                    outcomes[ADDED] += 1
                elif printing.card_id != card_id:
                    refused[position] = printing.card.name
                elif _apply(printing, self._values_to_apply(printing, facts)):
                    changed.append(printing)
                    outcomes[UPDATED] += 1
                else:
                    outcomes[UNCHANGED] += 1
        Printing.objects.bulk_create(new)
        _rewrite(Printing, changed, _PRINTING_FIELDS)
        return outcomes, refused

    def _values_to_apply(self, printing: Printing, facts: PrintingFacts) -> dict[str, Any]:
        """The value of a copy is the shop's: a price fills an empty one, and replaces it only on demand."""
        values = _printing_values(facts)
        if facts.value_cents is None or (printing.value_cents is not None and not self.update_values):
            values.pop("value_cents")
        return values


# --- what is there already ------------------------------------------------------------------------------


def _held_printings(editions: Sequence[Edition]) -> dict[Edition, Printing]:
    """The printings of these editions, with their cards, by edition. One query."""
    rows = Printing.objects.select_related("card").extra(
        # Rows of four at a time, which the ORM cannot say; the unique index answers it.
        where=[
            "(inventory_printing.set_code, inventory_printing.collector_number,"
            " inventory_printing.language, inventory_printing.finish) IN"
            " (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]))"
        ],
        params=[list(column) for column in zip(*editions, strict=True)],
    )
    return {(row.set_code, row.collector_number, row.language, row.finish): row for row in rows}


class _KnownCards:
    """The cards that a batch may mean. One query.

    `taken`: ids of cards that this run has found to be another one already.
    """

    def __init__(self, facts: Sequence[CardFacts], *, taken: set[int]) -> None:
        cards = Card.objects.filter(
            Q(oracle_id__in=[each.oracle_id for each in facts if each.oracle_id])
            | Q(folded_name__in={fold_name(each.name) for each in facts})
        ).order_by("pk")
        self.taken = set(taken)
        self.by_oracle_id: dict[UUID, Card] = {}
        self.by_name: dict[str, Card] = {}
        self.entered_by_hand: dict[str, Card] = {}
        for card in cards:
            self.by_name.setdefault(card.name, card)
            if card.oracle_id is None:
                self.entered_by_hand.setdefault(card.name, card)
            else:
                self.by_oracle_id[card.oracle_id] = card
        wanted = {each.oracle_id for each in facts}
        self.taken |= {card.pk for oracle_id, card in self.by_oracle_id.items() if oracle_id in wanted}

    def match(self, facts: CardFacts, *, held: Sequence[Printing | None]) -> Card | None:
        """By oracle id; else a card entered by hand under exactly this name; else the card of this name that
        has this edition: Scryfall has given it another id."""
        if facts.oracle_id is None:
            return self.by_name.get(facts.name)
        card = self.by_oracle_id.get(facts.oracle_id) or self.entered_by_hand.pop(facts.name, None)
        if card is None:
            owners = (printing.card for printing in held if printing)
            card = next((o for o in owners if o.name == facts.name and o.pk not in self.taken), None)
        if card is not None:
            self.taken.add(card.pk)
        return card


# --- facts and rows -------------------------------------------------------------------------------------

_FACTS_OF_CARD = (
    "oracle_id", "name", "layout", "mana_cost", "mana_value", "type_line", "oracle_text", "colors",
    "color_identity", "faces", "power", "toughness", "loyalty", "defense",
)  # fmt: skip
_CARD_FIELDS = (*_FACTS_OF_CARD, "folded_name", "folded_names")
_EDITION_FIELDS = ("set_code", "collector_number", "language", "finish")
_PRINTING_FIELDS = (
    "scryfall_id", "set_name", "rarity", "released_on", "artist", "image_urls", "value_cents",
)  # fmt: skip


def _key(facts: CardFacts) -> CardKey:
    return facts.oracle_id or facts.name


def _facts_to_make(facts: CardFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in _FACTS_OF_CARD}


def _card_values(facts: CardFacts) -> dict[str, Any]:
    values = _facts_to_make(facts)
    if facts.oracle_id is None:
        del values["oracle_id"]  # not known is no reason to forget it
    values["folded_name"] = fold_name(facts.name)
    values["folded_names"] = folded_names(facts.name, facts.faces)
    return values


def _edition_values(facts: PrintingFacts) -> dict[str, str]:
    return dict(zip(_EDITION_FIELDS, facts.edition, strict=True))


def _printing_values(facts: PrintingFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in _PRINTING_FIELDS}


def _apply(row: Card | Printing, values: Mapping[str, Any]) -> bool:
    """Sets the values on the row; whether any of them is new."""
    news = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in news.items():
        setattr(row, name, value)
    return bool(news)


def _rewrite(model: type[Card] | type[Printing], rows: Sequence[Any], fields: Sequence[str]) -> None:
    """Saves the changed rows in one statement, in primary-key order: that is how everybody locks cards."""
    if rows:
        model._default_manager.bulk_create(
            sorted(rows, key=lambda row: row.pk),
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=list(fields),
        )
