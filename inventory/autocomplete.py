"""Names of cards while they are typed: at most eight, best first, from two characters on.

The name that begins so, then a name with a word that begins so (or with all the words that were typed, in any
order), of the whole card or of a face; where there is none, the same with typos forgiven. Answered from an index in
memory, one for each process; the database is asked only for what is shown of the eight.
"""

import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from heapq import nsmallest
from typing import Self

from rapidfuzz import process
from rapidfuzz.distance import OSA

from inventory.card_names import LONGEST_NAME, NameList, kept_names
from inventory.kept_copies import KeptCopy, Version, versions
from inventory.models import Card, Change, StockMovement
from inventory.names import fold_name
from inventory.search import with_owned

MOST_SUGGESTIONS = 8
SHORTEST_QUERY = 2  # characters
_MOST_WORDS = 12
_FEWEST_LETTERS = 4  # by which a name is known, whatever stands between them
_NEAR_WORDS = 6  # that a mistyped word may have meant
_BEYOND_ALL = "\U0010ffff"  # sorts after every text that begins as what stands before it

# "4 ", "4x ", "2 x ", "x4 ", "SB: 3x ", "Commander: ": kept before the name that is completed.
_FRONT = re.compile(
    r"\s*(?:(?:SB|Sideboard|Companion|Commander|CMDR|CMD) ?:\s*)?(?:\d{1,3}\s*[x×*]\s*|[x×]\s?\d{1,3}\s+|\d{1,3}\s+)?",
    re.IGNORECASE,
)
_NO_WORD = re.compile(r"[^\w\s]+|_")


def split_front(text: str) -> tuple[str, str]:
    """(zone and number of copies as they were typed, the beginning of a name). Pure.

    >>> split_front("SB: 2x pyro"), split_front("x4 light"), split_front("light")
    (('SB: 2x ', 'pyro'), ('x4 ', 'light'), ('', 'light'))
    """
    match = _FRONT.match(text)
    end = match.end() if match else 0
    return text[:end], text[end:]


def plain(name: str) -> str:
    """The form in which beginnings are compared: folded, and without the signs that nobody types. Pure.

    >>> plain("Urza's Saga"), plain("Jace, the Mind Sculptor"), plain("Lim-Dûl")
    ('urzas saga', 'jace the mind sculptor', 'lim dul')
    """
    return " ".join(_NO_WORD.sub(" ", fold_name(name).replace("'", "")).split())


# --- the index ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NameIndex:
    """Every name and face in plain form: whole names first, short ones first. Pure.

    The place of a name among them is its rank, `order[rank]` its place among all that match alike: what the shop has
    goes first. Sequences that belong together run side by side.
    """

    forms: Sequence[str]
    spaced: Sequence[str]  # the forms with a space in front: a word that begins "so" is found as " so"
    joined: Sequence[str]  # without any spaces …
    ranks_by_joined: Sequence[int]  # … and in the order of their alphabet
    card_ids: Sequence[int]
    in_alphabet: Sequence[str]  # the forms once more …
    ranks_in_alphabet: Sequence[int]  # … and their ranks
    words: Sequence[str]  # in the order of the alphabet …
    ranks_by_word: Sequence[Sequence[int]]  # … and where each stands
    beginnings: Mapping[int, Collection[str]]  # what words begin with, by the number of its letters
    words_by_length: Mapping[int, Collection[str]]
    order: Sequence[int]

    @classmethod
    def of(cls, names: NameList) -> Self:
        rows = sorted(
            (is_face, len(form), form, card_id)
            for folded, is_face, card_id in zip(names.folded, names.is_face, names.card_ids, strict=True)
            if (form := plain(folded))
        )
        forms = [form for _, _, form, _ in rows]
        by_word: dict[str, list[int]] = {}
        for rank, form in enumerate(forms):
            for word in set(form.split()):
                by_word.setdefault(word, []).append(rank)
        in_alphabet = sorted(range(len(forms)), key=forms.__getitem__)
        joined = [form.replace(" ", "") for form in forms]
        words = sorted(by_word)
        beginnings: dict[int, set[str]] = {}
        words_by_length: dict[int, list[str]] = {}
        for word in words:
            words_by_length.setdefault(len(word), []).append(word)
            for length in range(1, len(word) + 1):
                beginnings.setdefault(length, set()).add(word[:length])
        return cls(
            forms=forms,
            spaced=[f" {form}" for form in forms],
            joined=joined,
            ranks_by_joined=sorted(range(len(forms)), key=joined.__getitem__),
            card_ids=[card_id for *_, card_id in rows],
            in_alphabet=[forms[rank] for rank in in_alphabet],
            ranks_in_alphabet=in_alphabet,
            words=words,
            ranks_by_word=[by_word[word] for word in words],
            beginnings=beginnings,
            words_by_length=words_by_length,
            order=range(len(forms)),
        )

    def with_first(self, in_stock: Container[int]) -> Self:
        """The same with these cards before all others."""
        behind = len(self.forms)
        order = [rank + (card_id not in in_stock) * behind for rank, card_id in enumerate(self.card_ids)]
        return replace(self, order=order)

    def suggest(self, name: str, *, limit: int = MOST_SUGGESTIONS) -> list[int]:
        """Ids of the cards that the beginning of a name may mean, best first."""
        query = plain(name[:LONGEST_NAME])
        if len(query) < SHORTEST_QUERY:
            return []
        found = self._beginning(query, limit)
        if len(found) < limit:
            found += self._with_words([[word] for word in query.split()[:_MOST_WORDS]], query, limit)
        if not found:
            found = self._written_together(query, limit) or self._mistyped(query, limit)
        return self._cards(found)[:limit]

    def begins(self, name: str) -> bool:
        """Whether a name begins so."""
        query = plain(name[:LONGEST_NAME])
        place = bisect_left(self.in_alphabet, query)
        return bool(query) and place < len(self.forms) and self.in_alphabet[place].startswith(query)

    def _cards(self, ranks: Iterable[int]) -> list[int]:
        return list(dict.fromkeys(self.card_ids[rank] for rank in ranks))

    def _beginning(self, query: str, limit: int) -> list[int]:
        """Names that begin so, one that is just so before all others. Twice as many: a card has up to two faces."""
        forms, ranks = self.in_alphabet, self.ranks_in_alphabet
        first, last = bisect_left(forms, query), bisect_right(forms, query + _BEYOND_ALL)
        exact = bisect_right(forms, query, first, last)
        longer = nsmallest(2 * limit, ranks[exact:last], key=self.order.__getitem__)
        return sorted(ranks[first:exact], key=self.order.__getitem__) + longer

    def _with_words(self, wanted: Sequence[Sequence[str]], query: str, limit: int) -> list[int]:
        """Names in which, for each of the wanted, a word begins as one of them; those as typed before others."""
        words, places, spaced = self.words, self.ranks_by_word, self.spaced
        ranges = [
            [(bisect_left(words, word), bisect_right(words, word + _BEYOND_ALL)) for word in alternatives]
            for alternatives in wanted
        ]
        sizes = [sum(len(places[at]) for low, high in each for at in range(low, high)) for each in ranges]
        rarest = min(range(len(wanted)), key=sizes.__getitem__)
        candidates = {rank for low, high in ranges[rarest] for at in range(low, high) for rank in places[at]}
        for number, alternatives in enumerate(wanted):
            if number != rarest:
                starts = [f" {word}" for word in alternatives]
                candidates = {rank for rank in candidates if any(start in spaced[rank] for start in starts)}
        as_typed = f" {query}"
        order, behind = self.order, 2 * len(self.forms)
        return nsmallest(
            2 * limit, candidates, key=lambda rank: order[rank] + (as_typed not in spaced[rank]) * behind
        )

    # --- typos ------------------------------------------------------------------------------------------

    def _written_together(self, query: str, limit: int) -> list[int]:
        """Names that begin so but for what stands between the letters: "limdul"."""
        letters = query.replace(" ", "")
        if len(letters) < _FEWEST_LETTERS:
            return []
        ranks, joined = self.ranks_by_joined, self.joined.__getitem__
        first = bisect_left(ranks, letters, key=joined)
        last = bisect_right(ranks, letters + _BEYOND_ALL, key=joined)
        return nsmallest(2 * limit, ranks[first:last], key=self.order.__getitem__)

    def _mistyped(self, query: str, limit: int) -> list[int]:
        """What is meant if words are mistyped, or written together or apart."""
        typed = query.split()[:_MOST_WORDS]
        wanted = [self._near_words(word) for word in typed]
        found = self._with_words(wanted, query, limit) if all(wanted) else []
        # Letters that changed places are the likeliest mistake: "lightning blot" means "bolt" before "blow".
        found.sort(key=lambda rank: sorted(self.forms[rank][: len(query)]) != sorted(query))
        return found or self._near_names(query, limit)

    def _near_words(self, word: str) -> list[str]:
        """The word itself where one begins so, else beginnings of words with a letter or two wrong, nearest first."""
        words = self.words
        place = bisect_left(words, word)
        if place < len(words) and words[place].startswith(word):
            return [word]
        if len(word) < 3:
            return []
        # As long as what was typed, or a letter shorter or longer: one may have been left out or put in. Of two that
        # were put in, all that is left is a whole word; what is shorter still is too far away.
        length = len(word)
        lengths = (length - 1, length, length + 1)
        beginnings = [known for each in lengths for known in self.beginnings.get(each, ())]
        beginnings += self.words_by_length.get(length - 2, ())
        most = 1 if length < 7 else 2
        near = process.extract(word, beginnings, scorer=OSA.distance, score_cutoff=most, limit=200)
        near.sort(
            key=lambda found: (found[1], found[0][0] != word[0], abs(len(found[0]) - len(word)), found[0])
        )
        return [beginning for beginning, _, _ in near[:_NEAR_WORDS]]

    def _near_names(self, query: str, limit: int) -> list[int]:
        """Names of which no more letters differ than a quarter of what was typed, spaces or not."""
        joined = query.replace(" ", "")
        if len(joined) < 5:
            return []
        near = process.extract(
            joined, self.joined, scorer=OSA.distance, score_cutoff=len(joined) // 4, limit=2 * limit
        )
        return [rank for _, _, rank in sorted(near, key=lambda found: (found[1], self.order[found[2]]))]


# --- one for each process -------------------------------------------------------------------------------

_STOCK_IS_NEW_FOR = 60.0  # seconds: what is in stock only goes first, that need not be known to the minute


@dataclass(frozen=True, slots=True)
class _Ordered:
    """An index with what is in stock before all others, as it was in that version of the stock."""

    index: NameIndex
    stock_version: Version
    made_at: float

    @classmethod
    def of(cls, index: NameIndex) -> Self:
        stock_version = versions()[Change.Of.STOCK]
        return cls(index.with_first(_in_stock()), stock_version, time.monotonic())


_kept_index = KeptCopy(
    lambda: _Ordered.of(NameIndex.of(kept_names.newest())), cards_in=lambda kept: len(kept.index.forms)
)
_ordered: tuple[_Ordered, _Ordered] | None = (
    None  # as it was read, and put in order since; replaced as a whole
)


def name_index() -> NameIndex:
    """The index of all cards, as new as inventory/kept_copies.py says. One query where nothing has changed."""
    global _ordered
    now = versions()
    read = _kept_index.get(now[Change.Of.CATALOGUE])
    last = _ordered[1] if _ordered is not None and _ordered[0] is read else read
    if last.stock_version != now[Change.Of.STOCK] and time.monotonic() > last.made_at + _STOCK_IS_NEW_FOR:
        last = _Ordered.of(last.index)
        _ordered = (read, last)
    return last.index


def _in_stock() -> frozenset[int]:
    """Ids of the cards of which the shop has ever had a copy: quickly asked, and what it has is among them."""
    return frozenset(StockMovement.objects.values_list("printing__card", flat=True).distinct())


# --- what is shown --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A card that may be meant. `text` is what was typed with the whole name in it; `owned` in copies."""

    card: Card
    text: str
    owned: int


def suggestions(text: str, *, today: date) -> list[Suggestion]:
    """What somebody may mean who has typed `text`, best first. Two queries, however many cards there are.

    A zone and a number of copies in front are kept; unless a name begins so ("4 Winds"), which goes first.
    """
    text = text[: 2 * LONGEST_NAME]
    index = name_index()
    front, name = split_front(text)
    if front and index.begins(text):
        front, name = "", text
    card_ids = index.suggest(name)
    if not card_ids:
        return []
    cards = with_owned(Card.objects.all(), today=today).in_bulk(card_ids)
    return [
        Suggestion(card=card, text=f"{front.lstrip()}{card.name}", owned=card.owned_copies)  # type: ignore[attr-defined]
        for card_id in card_ids
        if (card := cards.get(card_id))
    ]
