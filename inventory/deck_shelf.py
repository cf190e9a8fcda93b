"""The shop's own decks: made, changed, published, unpublished and deleted here, and nowhere else.

A change of what is in a deck is a new version (inventory/models/template_deck.py); the old ones stay as they are,
for the orders that they went into. Every change locks the deck's row first, so that two people at once come one
after the other, and the second is told of the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Q
from django.utils.text import slugify

from inventory.deck_merge import Merged, merge, signs
from inventory.decklist import MAX_QUANTITY
from inventory.models import TemplateDeck, TemplateDeckCard, TemplateDeckVersion, Zone

MAX_LINES = 500  # what fits into an empty cart
MAX_NAME = 120
MAX_FORMAT = 40
NO_FORMAT = "Other"  # where nobody says for which format a deck is
_TRIES = 5

Lines = Mapping[tuple[int, str], int]  # (card id, zone) -> copies


class DeckError(ValueError):
    """What was asked of a deck cannot be done; the message says what can. The deck is as it was."""


class DeckChangedMeanwhile(DeckError):
    """Somebody else saved the deck since the form was opened, and it cannot be told what should stand.

    `deck` is as they left it; `merged` says which fields both changed, and which only they did.
    """

    def __init__(self, deck: TemplateDeck, merged: Merged) -> None:
        self.deck = deck
        self.merged = merged
        super().__init__(
            f"“{deck.name}” was changed by somebody else while you were at it. Nothing of yours is saved yet, and "
            "nothing is lost: compare the two, and save again what should stand."
        )


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is said of a deck beside its cards, in the form in which it is kept."""

    name: str
    format: str
    description: str

    @classmethod
    def of(cls, deck: TemplateDeck) -> "_Facts":
        return cls(deck.name, deck.format, _same_breaks(deck.description))

    def signs(self, lines: Lines) -> dict[str, str]:
        return signs(name=self.name, format=self.format, description=self.description, lines=lines)


def signs_of(deck: TemplateDeck, lines: Lines) -> dict[str, str]:
    """What stands for the deck with these lines; see `merge`."""
    return _Facts.of(deck).signs(lines)


def signs_as_saved(*, name: str, format: str, description: str, lines: Lines) -> dict[str, str]:
    """The same of what somebody typed, in the form in which it is kept. Raises DeckError where it cannot be."""
    return _checked_facts(name, format, description).signs(lines)


def save_deck(
    *,
    name: str,
    format: str,
    description: str,
    lines: Lines,
    by: AbstractBaseUser | None,
    deck: TemplateDeck | None = None,
    began_from: int | None = None,
    began_with: Mapping[str, str] | None = None,
) -> TemplateDeck:
    """Makes a deck, unpublished, or changes one; other lines than those of its current version make a new version.

    The address of a deck stays, whatever it is called later. `began_from` is `TemplateDeck.saves` as it was when
    the form was opened, `began_with` its `signs_of` then. Of who began from an older state only what they changed is
    saved; what somebody else changed meanwhile stays. Where both changed the same, it is `DeckChangedMeanwhile`,
    unless they want the same (a double click). Raises DeckError.
    """
    facts = _checked_facts(name, format, description)
    check_lines(lines)
    if deck is None:
        return _make_deck(facts, lines, by=by)
    return _change_deck(deck, facts, lines, by=by, began_from=began_from, began_with=began_with)


@transaction.atomic
def publish(*, deck: TemplateDeck) -> TemplateDeck:
    """Everybody can take the deck from now on. Raises DeckError where there is nothing in it."""
    deck = _lock(deck)
    if not deck.current_version().deck_cards.exists():
        raise DeckError(f"There are no cards in “{deck.name}” yet. Add some, then publish it.")
    deck.published = True
    deck.save(update_fields=["published"])
    return deck


@transaction.atomic
def unpublish(*, deck: TemplateDeck) -> TemplateDeck:
    """Nobody can take the deck any more; carts and orders that have it keep it."""
    deck = _lock(deck)
    deck.published = False
    deck.save(update_fields=["published"])
    return deck


@transaction.atomic
def delete_deck(*, deck: TemplateDeck) -> None:
    """The deck and all its versions are gone. Raises DeckError where a cart or an order has one of them."""
    deck = _lock(deck)
    list(deck.versions.select_for_update().order_by("pk"))  # nobody puts one into a cart from here on
    try:
        deck.delete()
    except ProtectedError:
        raise DeckError(
            f"“{deck.name}” is in a cart or an order, which has to stay true. Unpublish it instead: then nobody "
            "can take it any more."
        ) from None


def lines_of_version(version: TemplateDeckVersion) -> dict[tuple[int, str], int]:
    """Copies by card id and zone. One query, unless the lines were read already."""
    return {(line.card_id, line.zone): line.quantity for line in version.deck_cards.all()}


def check_lines(lines: Lines) -> None:
    """Raises DeckError unless a deck may have these lines."""
    if len(lines) > MAX_LINES:
        raise DeckError(f"A deck has at most {MAX_LINES} different cards; these are {len(lines)}.")
    for (_, zone), quantity in lines.items():
        if zone not in Zone.values:
            raise DeckError(f"A card goes to one of these: {', '.join(Zone.labels)}.")
        if not 1 <= quantity <= MAX_QUANTITY:
            raise DeckError(f"A deck has 1 to {MAX_QUANTITY} copies of a card in a zone, not {quantity}.")


def _checked_facts(name: str, format: str, description: str) -> _Facts:
    facts = _Facts(
        _one_line(name),
        _one_line(format) or NO_FORMAT,
        _same_breaks(description.replace("\x00", " ").strip()),
    )
    if not facts.name:
        raise DeckError("Give the deck a name.")
    if len(facts.name) > MAX_NAME:
        raise DeckError(f"The name of a deck has at most {MAX_NAME} characters.")
    if len(facts.format) > MAX_FORMAT:
        raise DeckError(f"The name of a format has at most {MAX_FORMAT} characters.")
    return facts


def _same_breaks(text: str) -> str:
    """Browsers send other line breaks than they were given."""
    return text.replace("\r\n", "\n")


def _one_line(text: str) -> str:
    return " ".join(text.replace("\x00", " ").split())


def _make_deck(facts: _Facts, lines: Lines, *, by: AbstractBaseUser | None) -> TemplateDeck:
    for tries_left in reversed(range(_TRIES)):
        deck = TemplateDeck(
            name=facts.name, slug=_free_slug(facts.name), format=facts.format, description=facts.description
        )
        try:
            with transaction.atomic():
                deck.save()
                _add_version(deck, 1, lines, by=by)
        except IntegrityError:  # another deck of that name was made in this very moment
            if not tries_left:
                raise
        else:
            return deck
    raise AssertionError("The last try ends in a deck or in an error.")


@transaction.atomic
def _change_deck(
    deck: TemplateDeck,
    facts: _Facts,
    lines: Lines,
    *,
    by: AbstractBaseUser | None,
    began_from: int | None,
    began_with: Mapping[str, str] | None,
) -> TemplateDeck:
    deck = _lock(deck)
    current = deck.current_version()
    their_facts, their_lines = _Facts.of(deck), lines_of_version(current)
    if began_from is not None and began_from != deck.saves:
        merged = merge(began_with, facts.signs(lines), their_facts.signs(their_lines))
        if merged.conflicts:
            raise DeckChangedMeanwhile(deck, merged)
        stay = {name: getattr(their_facts, name) for name in merged.theirs - {"cards"}}
        facts = replace(facts, **stay)
        lines = their_lines if "cards" in merged.theirs else lines
    same_lines = dict(lines) == their_lines
    if same_lines and facts == their_facts:
        return deck
    if deck.published and not lines:
        raise DeckError(f"“{deck.name}” is published and needs cards. Unpublish it first to empty it.")
    if not same_lines:
        _add_version(deck, current.number + 1, lines, by=by)
    deck.name, deck.format, deck.description = facts.name, facts.format, facts.description
    deck.saves += 1
    deck.save(update_fields=["name", "format", "description", "saves"])
    return deck


def _lock(deck: TemplateDeck) -> TemplateDeck:
    """The deck as it is now; whoever else changes it waits. Raises DeckError where it is gone."""
    locked = TemplateDeck.objects.select_for_update().filter(pk=deck.pk).first()
    if locked is None:
        raise DeckError(f"“{deck.name}” has been deleted in the meantime.")
    return locked


def _add_version(
    deck: TemplateDeck, number: int, lines: Lines, *, by: AbstractBaseUser | None
) -> TemplateDeckVersion:
    version = TemplateDeckVersion.objects.create(deck=deck, number=number, by=by)  # type: ignore[misc]
    TemplateDeckCard.objects.bulk_create(
        TemplateDeckCard(version=version, card_id=card_id, zone=zone, quantity=quantity)
        for (card_id, zone), quantity in lines.items()
    )
    return version


def _free_slug(name: str) -> str:
    stem = slugify(name)[:130].strip("-") or "deck"
    taken = set(
        TemplateDeck.objects.filter(Q(slug=stem) | Q(slug__startswith=f"{stem}-")).values_list(
            "slug", flat=True
        )
    )
    return stem if stem not in taken else next(slug for n in count(2) if (slug := f"{stem}-{n}") not in taken)
