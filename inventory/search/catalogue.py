"""The catalogue in memory, in the form in which it is searched: what texts there are, and numbers side by side.

Why it is here and not in the database: docs/adr/0010-search-in-memory.md.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from inventory.card_query.terms import FINISHES, RARITIES
from inventory.card_query.words import WUBRG
from inventory.models import Card, Printing
from inventory.names import fold_name, letters_of

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]

UNKNOWN = -1  # a rarity, a finish or a value that nobody has entered
_NEVER = np.datetime64("0001-01-01")
_WORD = re.compile(r"[^\W_]+")
_THIS = re.compile(
    r"\bthis (?:creature|artifact|enchantment|land|planeswalker|spell|card|aura|equipment|vehicle|saga|token)\b"
)
_PORTION = 2_000  # cards
_DENSE = 2  # bytes
_END = b"\x1f"  # between texts: no part of any
_BEYOND = "\U0010ffff"  # sorts behind whatever begins as the text before it


@dataclass(frozen=True, slots=True)
class Coded:
    """A text for each row, as a number: `texts[codes[row]]`. Few are different, so each is looked at once."""

    texts: Sequence[str]
    codes: Ints

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Coded":
        numbers: dict[str, int] = {}
        codes = np.fromiter((numbers.setdefault(text, len(numbers)) for text in texts), dtype=np.int64)
        return cls(list(numbers), codes)

    def containing(self, letters: str) -> Mask:
        return self.where(lambda text: letters in text)

    def equal(self, text: str) -> Mask:
        return self.where(lambda known: known == text)

    def where(self, holds: Callable[[str], bool]) -> Mask:
        return np.array([holds(text) for text in self.texts], dtype=np.bool_)[self.codes]


@dataclass(frozen=True, slots=True)
class Texts:
    """A text for each row, most of them different: one after the other, as they are run through at once."""

    joined: bytes
    starts: Sequence[int]  # of each text in `joined`, and behind the last

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Texts":
        encoded = [text.encode() for text in texts]
        return cls(_END.join([*encoded, b""]), [0, *accumulate(len(text) + 1 for text in encoded)])

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __contains__(self, letters: str) -> bool:
        return letters.encode() in self.joined

    def __getitem__(self, row: int) -> str:
        return self.joined[self.starts[row] : self.starts[row + 1] - 1].decode()

    def containing(self, letters: str) -> Mask:
        """From one find to the next, so that what is rare costs next to nothing."""
        if not letters:
            return np.ones(len(self), dtype=np.bool_)
        wanted, joined, starts = letters.encode(), self.joined, self.starts
        if len(wanted) <= _DENSE:
            return self._containing_few(wanted)
        found = np.zeros(len(self), dtype=np.bool_)
        rows = []
        place = joined.find(wanted)
        while place >= 0:
            row = bisect_right(starts, place)
            rows.append(row - 1)
            place = joined.find(wanted, starts[row])
        found[rows] = True
        return found

    def _containing_few(self, wanted: bytes) -> Mask:
        """One or two letters stand in so many texts that all of them are looked at side by side."""
        signs = np.frombuffer(self.joined, dtype=np.uint8)
        here = signs == wanted[0]
        if len(wanted) > 1:
            here[:-1] &= signs[1:] == wanted[1]
            here[-1:] = False
        return np.logical_or.reduceat(here, self.starts[:-1]) if len(self) else np.zeros(0, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Forms:
    """Every whole name and every face, folded and in order, each with its card's place."""

    texts: Sequence[str]
    by_words: Sequence[str]  # the same texts, each with its words in the order of the alphabet
    cards: Ints
    whole: Mask

    def equal(self, text: str) -> Ints:
        """The cards that are called so, or a face of which is."""
        return self.cards[bisect_left(self.texts, text) : bisect_right(self.texts, text)]

    def equal_whole(self, text: str) -> Ints:
        part = slice(bisect_left(self.texts, text), bisect_right(self.texts, text))
        return self.cards[part][self.whole[part]]

    def beginning(self, text: str) -> Ints:
        return self.cards[bisect_left(self.texts, text) : bisect_left(self.texts, text + _BEYOND)]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Cards by their place in this list, and editions by theirs. A card without printings has one nameless edition."""

    ids: Ints
    written: Sequence[str]  # names as they are printed
    names: Texts  # folded, with faces that are called otherwise
    letters: Texts  # of the names, without what stands between them
    forms: Forms
    words: Sequence[str]  # of all names, each once
    place_by_name: Ints  # of each card in the alphabet
    types: Coded
    layouts: Coded
    rules: Texts
    of_themselves: Texts  # the rules of cards that speak of themselves, with ~ for that; else nothing
    colors: Ints  # bits, in the order of WUBRG
    identities: Ints
    mana_values: NDArray[np.float64]
    price_overrides: Ints
    values: Ints  # cents: the lowest known among its printings, else 0
    newest: NDArray[np.datetime64]

    edition_cards: Ints  # of each edition the place of its card
    sets: Coded
    set_names: Coded
    finishes: Ints  # bits: in which finishes the edition comes, whichever of them this row is
    rarities: Ints  # places in RARITIES

    @property
    def size(self) -> int:
        return len(self.ids)


def bits(letters: str) -> int:
    return sum(1 << place for place, letter in enumerate(WUBRG) if letter in letters)


def finish_bits(finish: str) -> int:
    return 1 << FINISHES.index(finish) if finish in FINISHES else 0


def folded_text(text: str) -> str:
    """Rules text as it is compared. Most of it is plain, and need not be taken apart."""
    return " ".join(text.lower().split()) if text.isascii() else fold_name(text)


def read_catalogue() -> Catalogue:
    """Two queries, however many cards there are. The cards come in portions, of which little is kept."""
    columns = (
        "pk", "name", "folded_name", "folded_names", "layout", "mana_value", "type_line", "oracle_text", "colors",
        "color_identity", "day_price_cents",
    )  # fmt: skip
    ids, colors, identities, overrides, mana_values = (
        array("q"),
        array("q"),
        array("q"),
        array("q"),
        array("d"),
    )
    written: list[str] = []
    folded: list[str] = []
    forms: list[Sequence[str]] = []
    types, layouts, rules, of_themselves = _Coding(), _Coding(), _Joining(), _Joining()
    for row in Card.objects.order_by("pk").values_list(*columns).iterator(chunk_size=_PORTION):
        (
            card_id,
            name,
            folded_name,
            folded_forms,
            layout,
            mana_value,
            type_line,
            text,
            color,
            identity,
            cents,
        ) = row
        ids.append(card_id)
        written.append(name)
        folded.append(folded_name)
        forms.append(folded_forms)
        types.add(type_line, fold_name)
        layouts.add(layout, str)
        said = folded_text(text)
        rules.add(said)
        of_themselves.add(_of_itself(said, {folded_name, *folded_forms}))
        colors.append(bits(color))
        identities.append(bits(identity))
        mana_values.append(mana_value)
        overrides.append(UNKNOWN if cents is None else cents)
    known_ids = np.array(ids, dtype=np.int64)
    editions = _Editions.read(known_ids)
    in_order = sorted(range(len(ids)), key=lambda place: (folded[place], ids[place]))
    place_by_name = np.empty(len(ids), dtype=np.int64)
    place_by_name[in_order] = np.arange(len(ids))
    return Catalogue(
        ids=known_ids,
        written=written,
        names=Texts.of(map(_with_other_faces, folded, forms)),
        letters=Texts.of(map(letters_of, folded)),
        forms=_forms(folded, forms),
        words=sorted({word for name in folded for word in _WORD.findall(name)}),
        place_by_name=place_by_name,
        types=types.coded(),
        layouts=layouts.coded(),
        rules=rules.texts(),
        of_themselves=of_themselves.texts(),
        colors=np.array(colors, dtype=np.int64),
        identities=np.array(identities, dtype=np.int64),
        mana_values=np.array(mana_values, dtype=np.float64),
        price_overrides=np.array(overrides, dtype=np.int64),
        values=editions.lowest_values(len(ids)),
        newest=editions.newest(len(ids)),
        edition_cards=editions.cards,
        sets=editions.sets,
        set_names=editions.set_names,
        finishes=editions.finishes,
        rarities=editions.rarities,
    )


class _Coding:
    """A `Coded` while its texts come, each of which is made ready once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._codes = array("q")
        self._texts: list[str] = []

    def add(self, text: str, ready: Callable[[str], str]) -> None:
        number = self._numbers.setdefault(text, len(self._texts))
        if number == len(self._texts):
            self._texts.append(ready(text))
        self._codes.append(number)

    def coded(self) -> Coded:
        return Coded(self._texts, np.array(self._codes, dtype=np.int64))


class _Joining:
    """A `Texts` while its texts come."""

    def __init__(self) -> None:
        self._joined = bytearray()
        self._starts = array("q", [0])

    def add(self, text: str) -> None:
        self._joined += text.encode() + _END
        self._starts.append(len(self._joined))

    def texts(self) -> Texts:
        return Texts(bytes(self._joined), self._starts)


def _of_itself(rules: str, names: set[str]) -> str:
    """The rules with ~ for the card: its names, what stands before their commas, and "this creature". "" without.

    >>> _of_itself("when niv-mizzet enters, this creature sleeps.", {"niv-mizzet, parun"})
    'when ~ enters, ~ sleeps.'
    """
    faces = {face for name in names for face in (name, *name.split(" // "))}
    text = _THIS.sub("~", rules) if "this " in rules else rules
    for name in sorted(faces | {face.partition(", ")[0] for face in faces}, key=len, reverse=True):
        if not name or name not in text:
            continue
        before, *parts = text.split(name)
        for part in parts:
            is_word = not (before[-1:].isalnum() or part[:1].isalnum())
            before += ("~" if is_word else name) + part
        text = before
    return text if text != rules else ""


def _with_other_faces(name: str, forms: Sequence[str]) -> str:
    others = [form for form in forms if form not in name]
    return "\n".join([name, *others]) if others else name


def _forms(folded: Sequence[str], forms: Sequence[Sequence[str]]) -> Forms:
    found = sorted(
        (form, place, form == name)
        for place, (name, all_forms) in enumerate(zip(folded, forms, strict=True))
        for form in {name, *all_forms, *name.split(" // ")}
    )
    return Forms(
        texts=[text for text, _, _ in found],
        by_words=[" ".join(sorted(text.split())) for text, _, _ in found],
        cards=np.fromiter((place for _, place, _ in found), dtype=np.int64),
        whole=np.fromiter((whole for _, _, whole in found), dtype=np.bool_),
    )


@dataclass(frozen=True, slots=True)
class _Editions:
    cards: Ints
    sets: Coded
    set_names: Coded
    finishes: Ints
    rarities: Ints
    values: Ints
    released: NDArray[np.datetime64]

    @classmethod
    def read(cls, card_ids: Ints) -> "_Editions":
        columns = (
            "card_id",
            "set_code",
            "set_name",
            "finish",
            "rarity",
            "value_cents",
            "released_on",
            "collector_number",
        )
        rows = list(Printing.objects.values_list(*columns))
        known = np.isin(np.array([row[0] for row in rows], dtype=np.int64), card_ids)
        rows = [
            row for row, is_known in zip(rows, known, strict=True) if is_known
        ]  # others came a moment ago
        owners = np.searchsorted(card_ids, np.array([row[0] for row in rows], dtype=np.int64))
        bare = np.setdiff1d(np.arange(len(card_ids)), owners)
        rows += [(0, "", "", "", "", None, None, "")] * len(bare)
        editions = Coded.of(f"{row[0]} {row[1]} {row[7]}" for row in rows).codes
        finishes = np.zeros(len(rows), dtype=np.int64)
        np.bitwise_or.at(finishes, editions, np.array([finish_bits(row[3]) for row in rows], dtype=np.int64))
        return cls(
            cards=np.concatenate([owners, bare]).astype(np.int64),
            sets=Coded.of(fold_name(row[1]) for row in rows),
            set_names=Coded.of(_folded_once(row[2] for row in rows)),
            finishes=finishes[editions],
            rarities=_places([row[4] for row in rows], RARITIES),
            values=np.array([UNKNOWN if row[5] is None else row[5] for row in rows], dtype=np.int64),
            released=np.array([row[6] or _NEVER for row in rows], dtype="datetime64[D]"),
        )

    def lowest_values(self, cards: int) -> Ints:
        nothing = np.iinfo(np.int64).max
        lowest = np.full(cards, nothing, dtype=np.int64)
        np.minimum.at(lowest, self.cards, np.where(self.values == UNKNOWN, nothing, self.values))
        return np.where(lowest == nothing, 0, lowest)

    def newest(self, cards: int) -> NDArray[np.datetime64]:
        newest = np.full(cards, _NEVER, dtype="datetime64[D]")
        np.maximum.at(newest, self.cards, self.released)
        return newest


def _folded_once(texts: Iterable[str]) -> Iterable[str]:
    known: dict[str, str] = {}
    for text in texts:
        if text not in known:
            known[text] = fold_name(text)
        yield known[text]


def _places(texts: Sequence[str], among: Sequence[str]) -> Ints:
    place_of = {text: place for place, text in enumerate(among)}
    return np.array([place_of.get(text, UNKNOWN) for text in texts], dtype=np.int64)
