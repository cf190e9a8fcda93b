"""What programs call a card: its slug; with a preferred printing `slug@set-number`.

Where printings share a set and a number, in another language or finish, that name is the one that a deck list would
mean (inventory/printing_choice.py), and the others say what they are after a `~`: `slug@set-number~foil`, `~ja~foil`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from django.db.models import Q

from inventory.models import Card, Finish, Printing
from inventory.printing_choice import number_key, preference


class UnknownSku(ValueError):
    """No card, or no printing of the card, is called like this. `skus`: all of those that were asked for."""

    def __init__(self, skus: Collection[str]) -> None:
        self.skus = tuple(skus)
        named = ", ".join(f"“{sku[:80]}”" for sku in self.skus[:8])
        more = f" and {len(self.skus) - 8} more" if len(self.skus) > 8 else ""
        super().__init__(f"No card has the sku {named}{more}. A search with “cards” gives each card's sku.")


@dataclass(frozen=True, slots=True)
class Sku:
    """A sku taken apart. Only the first of each sign divides: a collector number may hold others (GNT-52)."""

    slug: str
    set_code: str = ""
    number: str = ""
    language: str = ""
    finish: str = ""

    @classmethod
    def read(cls, text: str) -> "Sku | None":
        """None where it cannot be one."""
        slug, at, printing = text.strip().partition("@")
        if not slug or "\x00" in text:
            return None
        if not at:
            return cls(slug)
        edition, *marks = printing.split("~")
        set_code, hyphen, number = edition.partition("-")
        if not (set_code and hyphen and number) or len(marks) > 2:
            return None
        finish = marks.pop() if marks and marks[-1] in Finish.values else ""
        language = marks.pop() if marks else ""
        return None if marks else cls(slug, set_code.lower(), number, language, finish)

    def fits(self, printing: Printing) -> bool:
        return (
            printing.set_code.lower() == self.set_code
            and number_key(printing.collector_number) == number_key(self.number)
            and self.language in ("", printing.language)
            and self.finish in ("", printing.finish)
        )

    def meant(self, printings: Iterable[Printing]) -> Printing | None:
        """Which of a card's printings; None where it fits none of them."""
        fitting = [printing for printing in printings if self.fits(printing)]
        exact = [printing for printing in fitting if printing.collector_number == self.number]
        return min(exact or fitting, key=preference, default=None)

    def __str__(self) -> str:
        marks = "".join(f"~{mark}" for mark in (self.language, self.finish) if mark)
        return f"{self.slug}@{self.set_code}-{self.number}{marks}" if self.set_code else self.slug


@dataclass(frozen=True, slots=True)
class NamedBySku:
    """The card that a sku names, and its printing where it names one."""

    card: Card
    printing: Printing | None = None


def cards_of(skus: Iterable[str]) -> dict[str, NamedBySku]:
    """What each sku names, by the sku as it was written. Raises UnknownSku. Two queries, however many there are."""
    read = {sku: Sku.read(sku) for sku in skus}
    cards = {
        card.slug: card for card in Card.objects.filter(slug__in={sku.slug for sku in read.values() if sku})
    }
    sets = {sku.set_code for sku in read.values() if sku and sku.set_code}
    printings: dict[int, list[Printing]] = {}
    if sets:
        for printing in Printing.objects.filter(card__in=cards.values(), set_code__in=sets):
            printings.setdefault(printing.card_id, []).append(printing)
    named: dict[str, NamedBySku] = {}
    for text, sku in read.items():
        if sku is None or (card := cards.get(sku.slug)) is None:
            continue
        if not sku.set_code:
            named[text] = NamedBySku(card)
        elif meant := sku.meant(printings.get(card.pk, ())):
            named[text] = NamedBySku(card, meant)
    if unknown := [text for text in read if text not in named]:
        raise UnknownSku(unknown)
    return named


def skus_of(printings: Collection[tuple[Card, Printing | None]]) -> list[str]:
    """The sku of each card, or of its printing, in their order. One query where there are printings, else none."""
    named = [printing for _, printing in printings if printing is not None]
    siblings: dict[tuple[int, str], list[Printing]] = {}
    if named:
        editions = Q(
            card__in={printing.card_id for printing in named},
            set_code__in={printing.set_code for printing in named},
        )
        for sibling in Printing.objects.filter(editions):
            siblings.setdefault((sibling.card_id, sibling.set_code), []).append(sibling)
    return [
        card.slug if printing is None else _sku(card, printing, siblings[card.pk, printing.set_code])
        for card, printing in printings
    ]


def _sku(card: Card, printing: Printing, siblings: Collection[Printing]) -> str:
    """By set and number alone; else by that in which it differs from what they mean; else by everything."""
    plain = Sku(card.slug, printing.set_code, printing.collector_number)
    meant = plain.meant(siblings)
    assert meant is not None
    differing = replace(
        plain,
        language="" if printing.language == meant.language else printing.language,
        finish="" if printing.finish == meant.finish else printing.finish,
    )
    # A Japanese foil beside Japanese and English foils differs in finish alone, and "~foil" means the English one.
    if differing.meant(siblings) == printing:
        return str(differing)
    return str(replace(plain, language=printing.language, finish=printing.finish))
