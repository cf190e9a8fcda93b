"""A deck file becomes a deck of the shop's, or brings the one of the same name up to date."""

import re
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from pathlib import PurePath

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils.text import slugify

from inventory.deck_files import LARGEST_FILE
from inventory.deck_lists import ReadList, resolve
from inventory.deck_shelf import MAX_NAME, NO_FORMAT, DeckError, publish, save_deck
from inventory.decklist import DeckList, parse
from inventory.models import TemplateDeck, Zone

COMMANDER = "Commander"
_COMMANDER_COPIES = 100

__all__ = ["DeckError", "ImportedDeck", "import_deck"]


@dataclass(frozen=True, slots=True)
class ImportedDeck:
    """What became of a file; `is_new`: there was no deck of that name."""

    deck: TemplateDeck
    is_new: bool
    copies: int
    read: ReadList


@transaction.atomic
def import_deck(
    *,
    content: bytes,
    filename: str,
    by: AbstractBaseUser | None,
    format: str = "",
    is_published: bool = False,
    taken: Container[str] = (),
) -> ImportedDeck:
    """Makes the deck of a list, or changes the one of the same name: the name whose address (slug) is the same.

    The name is the list's own, else the file's; the format is guessed unless it is given, and a deck that is
    there keeps the one that it has. What is not understood is left out and told. `taken` are addresses that are
    not this deck's, whatever it is called: those of the other files of a run. Raises DeckError where nothing is
    understood, and nothing has changed then.
    """
    deck_list = parse(content, filename=filename, limit=LARGEST_FILE)
    read = resolve(deck_list)
    if not read.lines:
        raise DeckError(_nothing(read))
    name = _free_name(deck_list.name or PurePath(filename).stem, taken)
    deck = TemplateDeck.objects.filter(slug=_slug(name)).first()
    lines: Counter[tuple[int, str]] = Counter()
    for (card_id, zone, _), copies in read.copies().items():
        lines[card_id, zone] += copies
    saved = save_deck(
        name=deck.name if deck else name,
        format=format or (deck.format if deck else _guessed_format(deck_list, read)),
        description=deck.description if deck else "",
        lines=lines,
        by=by,
        deck=deck,
    )
    if is_published and not saved.published:
        saved = publish(deck=saved)
    return ImportedDeck(deck=saved, is_new=deck is None, copies=lines.total(), read=read)


def _nothing(read: ReadList) -> str:
    """Why there is no deck in a file."""
    if not read.unknown:
        return "There is no card in it. A deck list has a card on each line, for example 4 Lightning Bolt."
    lines = len(read.unknown)
    lines_say = (
        "Its one line says" if lines == 1 else f"None of its {lines} lines is understood; the first says"
    )
    return f"{lines_say}: {read.unknown[0].problem.message}"


def _free_name(name: str, taken: Container[str]) -> str:
    """A name for a deck; with a number behind it where another file of the run has taken the address."""
    plain = re.sub(r"[\W_]+", " ", name) if not re.search(r"\w", name) else name.replace("_", " ")
    plain = " ".join("".join(c if c.isprintable() else " " for c in plain).split()) or "Deck"
    names = (plain[: MAX_NAME - len(end)] + end for end in ("", *(f" ({n})" for n in range(2, 10_000))))
    return next(name for name in names if _slug(name) not in taken)


def _slug(name: str) -> str:
    """The address of a deck of that name, as the shelf makes it."""
    return slugify(name)[:130].strip("-") or "deck"


def _guessed_format(deck_list: DeckList, read: ReadList) -> str:
    """Commander where there is a commander, or a hundred cards of which none is there twice but basic lands.

    With or without the sideboard, in which some tools keep the commander.
    """
    if any(each.line.zone == Zone.COMMANDER for each in read.lines):
        return COMMANDER
    for zones in ({Zone.MAIN}, {Zone.MAIN, Zone.SIDEBOARD}):
        copies: Counter[int] = Counter()
        for each in read.lines:
            if each.line.zone in zones and not each.card.type_line.startswith("Basic"):
                copies[each.card.pk] += each.line.quantity
        total = sum(line.quantity for line in deck_list.lines if line.zone in zones)
        if total == _COMMANDER_COPIES and max(copies.values(), default=0) == 1:
            return COMMANDER
    return NO_FORMAT
