"""From what people call a card to the card: exact names, faces, and the nearest names to a mistyped one.

A full name always wins over a face: "Lightning Bolt" is that card, although another card has a face of the
same name. Names are compared folded (inventory/names.py).
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from rapidfuzz import fuzz, process

from inventory.kept_copies import KeptCopy, versions
from inventory.models import Change
from inventory.models.card import Card, CardQuerySet
from inventory.names import fold_name, letters_of

LONGEST_NAME = 200  # characters; the longest real card name has 141. What is longer is not looked up.
_LOWEST_SCORE = 77.0  # of 100: below it a suggestion looks like a joke; two typing mistakes stay above it
_PREFIX_SCORE = 85.0  # "thalia" is nearer to "Thalia's Lancers" than to "Thallid"
_FEWEST_LETTERS = 3  # of a name that is known by its letters alone
_SLASHES = re.compile(r"\s*/+\s*")
_REMARK = re.compile(r"(?:\s*\([^()]*\))+$")  # Castle Locthwain (Extended Art)
_REBALANCED = re.compile(r"^A-(?=\w)")  # Arena's own version of a card


# --- which names to look for ----------------------------------------------------------------------------


def spellings(name: str) -> list[str]:
    """The folded forms under which `name` may be known, the most literal first. Pure.

    "Fire/Ice" and "Fire//Ice" also mean "Fire // Ice", and "Sol Ring // Sol Ring" (a card that shows the same
    on both sides) means "Sol Ring". Nothing for what no card can be called: too long, or with a NUL in it.

    >>> spellings("Fire/Ice")
    ['fire/ice', 'fire // ice']
    """
    if len(name) > LONGEST_NAME or "\x00" in name or not _is_encodable(name):
        return []
    folded = fold_name(name)
    if not folded:
        return []
    faces = [face for face in _SLASHES.split(folded) if face]
    forms = [folded]
    if len(faces) > 1:
        forms.append(" // ".join(faces))
        if len(set(faces)) == 1:
            forms.append(faces[0])
    return list(dict.fromkeys(forms))


def _is_encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # half a surrogate pair, from a damaged file
        return False
    return True


def plainer_names(name: str) -> list[str]:
    """What `name` means to those who put more into it than is printed on the card, the likeliest first. Pure.

    For names that are no card's as they stand: shops tell variants apart by a remark in brackets, Arena marks its own
    version of a card, and what stands behind slashes and is no face may be a note. A number in brackets is left to
    the caller: it may be one of copies.

    >>> plainer_names("Castle Locthwain (Extended Art)"), plainer_names("A-Dragon's Rage Channeler")
    (['Castle Locthwain'], ["Dragon's Rage Channeler"])
    """
    plain = _REBALANCED.sub("", name)
    remark = _REMARK.search(plain)
    if remark and any(character.isalpha() for character in remark[0]):
        plain = plain[: remark.start()]
    without_note = plain.partition(" // ")[0].rstrip()
    return [it for it in dict.fromkeys((plain, without_note)) if it not in ("", name)]


def resolve_names(names: Iterable[str], *, cards: CardQuerySet | None = None) -> dict[str, Card]:
    """The card behind each name, by the name as it was given; names of no card are left out.

    A full name goes before a front face, a front face before another face; among cards that share a name,
    the one that was entered first. `cards` narrows or annotates what is searched (`Card.objects.with_value()`
    for one). One query, however many names.
    """
    wanted = {name: spellings(name) for name in names}
    forms = {form for found in wanted.values() for form in found}
    if not forms:
        return {}
    if cards is None:
        cards = Card.objects.all()
    best: dict[str, tuple[tuple[int, int], Card]] = {}
    for card in cards.filter(_called(forms)):
        for form in forms.intersection(card.folded_names):
            rank = (_rank(card, form), card.pk)
            if form not in best or rank < best[form][0]:
                best[form] = (rank, card)
    resolved = {}
    for name, found in wanted.items():
        form_of_a_card = next((form for form in found if form in best), None)
        if form_of_a_card is not None:
            resolved[name] = best[form_of_a_card][1]
    return resolved


def _called(forms: Iterable[str]) -> RawSQL:
    """The condition that a card, or a face of it, has one of these folded names.

    One look into the index for each name: asked for many names at once (`folded_names && …`), the planner reads the
    whole table. OFFSET 0 keeps it from turning this into that.
    """
    return RawSQL(
        """"inventory_card"."id" = ANY (ARRAY(
            SELECT called.id FROM unnest(%s::text[]) AS form, LATERAL (
                SELECT card.id FROM inventory_card AS card WHERE card.folded_names @> ARRAY[form] OFFSET 0
            ) AS called
        ))""",
        [sorted(forms)],
        output_field=BooleanField(),
    )


def _rank(card: Card, form: str) -> int:
    """0 for the full name, 1 for the front face, 2 and more for the others."""
    return 0 if card.folded_name == form else card.folded_names.index(form) + 1


def resolve_by_letters(names: Iterable[str]) -> dict[str, Card]:
    """The card behind each name that differs from it in nothing but punctuation: "Urzas Tower", "Fire & Ice".

    For names that `resolve_names` does not know. Letters that two cards share mean neither. Two queries for any
    number of names, once the names have been read.
    """
    known = name_list().by_letters
    found = {
        name: known[letters]
        for name in names
        if len(letters := letters_of(fold_name(name[:LONGEST_NAME]))) >= _FEWEST_LETTERS and letters in known
    }
    cards = Card.objects.in_bulk(set(found.values())) if found else {}
    return {name: cards[card_id] for name, card_id in found.items() if card_id in cards}


# --- the nearest names ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NameList:
    """Every name and face, folded and ready to be compared; the sequences run side by side.

    `letters` are the names without what stands between the letters; `by_letters` has the id of the one card that
    is called so.
    """

    folded: Sequence[str]
    is_face: Sequence[bool]  # not the whole name
    names: Sequence[str]  # the whole name, as it is written
    card_ids: Sequence[int]
    letters: Sequence[str] = ()
    by_letters: Mapping[str, int] = field(default_factory=dict)
    # Made of the others, once, since many a mistyped name may have to be compared.
    _in_order: Sequence[str] = field(init=False)  # each with its words in alphabetical order
    _by_beginning: Sequence[tuple[str, int]] = field(init=False)  # (letters, position), in alphabetical order

    def __post_init__(self) -> None:
        in_order = [" ".join(sorted(folded.split())) for folded in self.folded]
        object.__setattr__(self, "_in_order", in_order)
        object.__setattr__(self, "_by_beginning", sorted((it, p) for p, it in enumerate(self.letters)))

    def nearest(self, name: str, *, limit: int = 3) -> list[int]:
        """Positions of the `limit` nearest names, nearest first, one for each whole name. Pure.

        Counts as near: few letters differ, or the same words in another order, or a name that begins so; and
        where too few are near, names in which it stands.
        """
        query = fold_name(_REMARK.sub("", name[:LONGEST_NAME]) or name[:LONGEST_NAME])
        if not query:
            return []
        scores: dict[int, float] = {}
        in_order = " ".join(sorted(query.split()))
        for asked, known, weight in ((query, self.folded, 1.0), (in_order, self._in_order, 0.97)):
            # More than `limit`, since a card may come up with its whole name and with its faces.
            for _, score, position in process.extract(
                asked, known, scorer=fuzz.ratio, limit=3 * limit, score_cutoff=_LOWEST_SCORE / weight
            ):
                scores[position] = max(scores.get(position, 0.0), score * weight)
        beginning = letters_of(query)
        if len(beginning) >= _FEWEST_LETTERS:
            for position in sorted(self._that_begin(beginning), key=lambda p: (len(self.folded[p]), p))[
                : 3 * limit
            ]:
                scores[position] = max(scores.get(position, 0.0), _PREFIX_SCORE)
        if len(query) >= 4 and len(scores) < limit:
            within = [p for p, folded in enumerate(self.folded) if query in folded and p not in scores]
            scores |= dict.fromkeys(sorted(within, key=lambda p: len(self.folded[p]))[: 3 * limit], 0.0)
        nearest: dict[str, int] = {}
        for position in sorted(scores, key=lambda p: (-scores[p], self.is_face[p], len(self.folded[p]), p)):
            nearest.setdefault(self.names[position], position)
        return list(nearest.values())[:limit]

    def _that_begin(self, beginning: str) -> Iterator[int]:
        place = bisect_left(self._by_beginning, (beginning,))
        while place < len(self._by_beginning) and self._by_beginning[place][0].startswith(beginning):
            yield self._by_beginning[place][1]
            place += 1


def name_list() -> NameList:
    """The names of all cards, as new as inventory/kept_copies.py says. One query where nothing has changed."""
    return kept_names.get(versions()[Change.Of.CATALOGUE])


def _read_name_list() -> NameList:
    folded: list[str] = []
    is_face: list[bool] = []
    names: list[str] = []
    card_ids: list[int] = []
    cards = Card.objects.order_by("pk").values_list("pk", "name", "folded_names")
    for card_id, name, forms in cards.iterator():
        for place, form in enumerate(forms):
            folded.append(form)
            is_face.append(place > 0)
            names.append(name)
            card_ids.append(card_id)
    letters = [letters_of(form) for form in folded]
    return NameList(
        folded=folded,
        is_face=is_face,
        names=names,
        card_ids=card_ids,
        letters=letters,
        by_letters=_by_letters(letters, is_face, card_ids),
    )


kept_names = KeptCopy(_read_name_list, cards_in=lambda names: len(names.folded))


def _by_letters(letters: Sequence[str], is_face: Sequence[bool], card_ids: Sequence[int]) -> dict[str, int]:
    """Whole names go before faces, as everywhere; letters that two cards share are left out."""
    by_letters: dict[str, int] = {}
    for faces in (False, True):
        found: dict[str, set[int]] = {}
        for called, of_face, card_id in zip(letters, is_face, card_ids, strict=True):
            if of_face == faces and called not in by_letters:
                found.setdefault(called, set()).add(card_id)
        by_letters |= {called: cards.pop() for called, cards in found.items() if len(cards) == 1}
    return by_letters


def nearest_names(name: str, limit: int = 3) -> list[str]:
    """The `limit` names of cards that `name` may have meant, nearest first; empty where none is near.

    One query once the names have been read, and some 10 ms for 40,000 cards.
    """
    return nearest_by_name([name], limit=limit)[name]


def nearest_by_name(names: Iterable[str], limit: int = 3) -> dict[str, list[str]]:
    """For each name the `limit` names of cards that it may have meant. One query for any number of names."""
    known = name_list()
    return {
        name: [known.names[position] for position in known.nearest(name, limit=limit)]
        for name in dict.fromkeys(names)
    }


def nearest_cards(names: Iterable[str], limit: int = 3) -> dict[str, list[Card]]:
    """For each name the `limit` cards that it may have meant, nearest first.

    Two queries for any number of names, once the names have been read.
    """
    known = name_list()
    found = {
        name: [known.card_ids[position] for position in known.nearest(name, limit=limit)]
        for name in dict.fromkeys(names)
    }
    cards = Card.objects.in_bulk({card_id for card_ids in found.values() for card_id in card_ids})
    return {
        name: [cards[card_id] for card_id in card_ids if card_id in cards] for name, card_ids in found.items()
    }
