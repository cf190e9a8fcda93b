"""What a mistyped name may have meant: word by word, and where that does not help, as a whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from inventory.card_query import CardQuery
from inventory.card_query.terms import Name, Node, OneOf, all_of, any_of, wanted
from inventory.names import fold_name, letters_of
from inventory.search.catalogue import Catalogue, Ints

_SHORTEST = 3  # letters of a word that may be mistyped
_LOWEST_OF_WORD = 75.0  # of 100
_LOWEST_OF_NAME = 72.0
_MOST_WORDS = 5  # that one mistyped word may have meant
_MOST_NAMES = 12
_FEWEST_LETTERS = 4  # by which a name is known, whatever stands between them
_MOST_BY_LETTERS = 48
_MOST_COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class Corrected:
    """The query with other names in it, and these names as they can be shown."""

    tree: Node
    like: str


def corrections(query: CardQuery, catalogue: Catalogue) -> Iterator[Corrected]:
    """The query with names that are near to those in it, the most literal first. Pure."""
    for correct in (_by_letters, _by_word, _as_a_whole):
        corrected = correct(query, catalogue)
        if corrected:
            yield corrected


def by_nearness(cards: Ints, text: str, catalogue: Catalogue) -> Ints:
    """The same cards, the names nearest to the text first."""
    folded = fold_name(text)
    compared = cards[:_MOST_COMPARED]
    scores = [fuzz.token_sort_ratio(folded, catalogue.names[card]) for card in compared.tolist()]
    other_letters = [not _has_the_letters(folded, catalogue.names[card]) for card in compared.tolist()]
    order = np.lexsort([catalogue.place_by_name[compared], np.array(other_letters), -np.array(scores)])
    return np.concatenate([compared[order], cards[_MOST_COMPARED:]])


def _has_the_letters(typed: str, name: str) -> bool:
    """Letters that changed places are the likeliest mistake: "blot" means "bolt" before "blow"."""
    return sorted(typed) == sorted(name)


def near_names(text: str, catalogue: Catalogue, *, limit: int = 3) -> list[str]:
    """The names, as they are printed, that are nearest to the text."""
    places = _nearest_forms(fold_name(text), catalogue)
    cards = dict.fromkeys(int(catalogue.forms.cards[place]) for place in places)
    return [catalogue.written[card] for card in cards][:limit]


def _by_letters(query: CardQuery, catalogue: Catalogue) -> Corrected | None:
    """Names that differ in nothing but what stands between the letters: "limdul", "lightningbolt"."""
    letters = letters_of(fold_name(query.name_text))
    if len(letters) < _FEWEST_LETTERS:
        return None
    cards = np.flatnonzero(catalogue.letters.containing(letters))[:_MOST_BY_LETTERS].tolist()
    if not cards:
        return None
    cards.sort(key=lambda card: len(catalogue.written[card]))
    others = [node for node in wanted(query.tree) if node not in query.names]
    exact = [Name(catalogue.names[card].partition("\n")[0], exact=True) for card in cards]
    return Corrected(all_of([*others, OneOf(tuple(exact))]), catalogue.written[cards[0]])


def _by_word(query: CardQuery, catalogue: Catalogue) -> Corrected | None:
    nodes: list[Node] = []
    shown: list[str] = []
    changed = False
    for node in wanted(query.tree):
        if node not in query.names:
            nodes.append(node)
            continue
        assert isinstance(node, Name)
        for word in fold_name(node.text).split():
            if word in catalogue.names:
                nodes.append(Name(word))
                shown.append(word)
                continue
            near = _near_words(word, catalogue.words)
            if not near:
                return None
            changed = True
            nodes.append(any_of([Name(each) for each in near]))
            shown.append(near[0])
    return Corrected(all_of(nodes), " ".join(shown)) if changed else None


def _near_words(word: str, words: Sequence[str]) -> list[str]:
    if len(word) < _SHORTEST:
        return []
    found = process.extract(word, words, scorer=fuzz.ratio, limit=_MOST_WORDS, score_cutoff=_LOWEST_OF_WORD)
    found.sort(key=lambda near: (-near[1], not _has_the_letters(word, near[0])))
    return [near for near, _, _ in found]


def _as_a_whole(query: CardQuery, catalogue: Catalogue) -> Corrected | None:
    others = [node for node in wanted(query.tree) if node not in query.names]
    forms = _nearest_forms(fold_name(query.name_text), catalogue)
    if not forms:
        return None
    exact = [Name(catalogue.forms.texts[form], exact=True) for form in forms]
    nearest = catalogue.written[int(catalogue.forms.cards[forms[0]])]
    return Corrected(all_of([*others, OneOf(tuple(exact))]), nearest)


def _nearest_forms(folded: str, catalogue: Catalogue) -> list[int]:
    """Places among the forms of names, nearest first."""
    if len(folded) < _SHORTEST:
        return []
    scores: dict[int, float] = {}
    by_words = " ".join(sorted(folded.split()))
    for text, forms in ((folded, catalogue.forms.texts), (by_words, catalogue.forms.by_words)):
        for _, score, place in process.extract(
            text, forms, scorer=fuzz.ratio, limit=_MOST_NAMES, score_cutoff=_LOWEST_OF_NAME
        ):
            scores[place] = max(scores.get(place, 0.0), score)
    return sorted(scores, key=lambda place: (-scores[place], place))[:_MOST_NAMES]
