"""From what was typed to what is asked. Never fails: what is not understood is noted, and the rest is asked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Self, TypeAlias

from inventory.card_query.keyed import needs_a_value, read_keyed
from inventory.card_query.sorting import Direction, Sort
from inventory.card_query.terms import (
    NOTHING,
    Is,
    Name,
    Node,
    Not,
    Unknown,
    all_of,
    any_of,
    negated,
    terms_of,
    wanted,
)
from inventory.card_query.words import ELSEWHERE, KEYS, SIGNS

LONGEST_TEXT = 500  # characters
MOST_TERMS = 40
_DEEPEST = 12  # brackets within brackets
_KEYED = re.compile(rf"([A-Za-z]+)({'|'.join(map(re.escape, SIGNS))})")
_BARE = re.compile(r'[^\s()"]+')
_PATTERN = re.compile(r"/(?:[^/\\]|\\.)+/")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "−": "-"})


@dataclass(frozen=True)
class CardQuery:
    """What somebody looks for. `text` as it was typed, `tree` as it was understood.

    `notes` are sentences for whoever typed it, about what was not understood and did nothing.
    """

    text: str = ""
    tree: Node = NOTHING
    sort: Sort = Sort.BEST
    direction: Direction | None = None  # None: that of the sort
    notes: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def asked(cls, text: str, *, owned_only: bool = False) -> Self:
        """The query behind what was typed or stood in an address: shortened, without control characters."""
        query = parse(text)
        tree = query.tree
        if owned_only and Is("owned") not in wanted(tree):
            tree = all_of([tree, Is("owned")])
        return cls(query.text, tree, query.sort, query.direction, query.notes)

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """The parts of a name that every answer has to have, in order."""
        return tuple(node for node in wanted(self.tree) if isinstance(node, Name) and not node.exact)

    @property
    def name_text(self) -> str:
        """The same, as one line."""
        return " ".join(name.text for name in self.names)

    @cached_property
    def exact_name(self) -> str:
        """The whole name that every answer has to have; empty where none is asked for."""
        exact = (node.text for node in wanted(self.tree) if isinstance(node, Name) and node.exact)
        return next(exact, "")

    @cached_property
    def wants_owned(self) -> bool:
        return Is("owned") in wanted(self.tree)

    @cached_property
    def wants_free(self) -> bool:
        return Is("free") in terms_of(self.tree)


def parse(text: str) -> CardQuery:
    """What was asked by this text, of any length and with anything in it.

    >>> parse("bolt -t:land").tree
    AllOf(of=(Name(text='bolt', exact=False), Not(of=Type(text='land'))))
    """
    notes = []
    typed = _cleaned(text[:LONGEST_TEXT])
    if len(text) > LONGEST_TEXT:
        notes.append(f"Only the first {LONGEST_TEXT} characters were read.")
    reader = _Reader(typed.translate(_QUOTES))
    tree = reader.read()
    notes += reader.notes
    notes += [term.why for term in terms_of(tree) if isinstance(term, Unknown)]
    return CardQuery(typed, tree, reader.sort, reader.direction, tuple(dict.fromkeys(notes)))


def _cleaned(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())


class _Sign(Enum):
    OPEN = "("
    CLOSE = ")"
    MINUS = "-"
    OR = "or"
    AND = "and"


_Token: TypeAlias = _Sign | Node | Sort | Direction


class _Reader:
    """Reads one text, from left to right."""

    def __init__(self, text: str) -> None:
        self.notes: list[str] = []
        self.sort = Sort.BEST
        self.direction: Direction | None = None
        self._tokens = list(self._tokens_of(text))
        self._place = 0
        self._depth = 0
        self._terms = 0

    # --- the tree ---------------------------------------------------------------------------------------

    def read(self) -> Node:
        nodes = []
        while self._place < len(self._tokens):
            nodes.append(self._either())
            if self._next() is _Sign.CLOSE:
                self._place += 1
                self._note("A bracket “)” closes none that is open.")
        return all_of(nodes)

    def _either(self) -> Node:
        """Alternatives, up to a closing bracket or the end."""
        alternatives = [self._together()]
        while self._next() is _Sign.OR:
            self._place += 1
            alternatives.append(self._together())
        asked = [node for node in alternatives if node != NOTHING]
        return any_of(asked) if asked else NOTHING

    def _together(self) -> Node:
        """What has to hold at once, up to an "or", a closing bracket or the end."""
        nodes: list[Node] = []
        while (token := self._next()) is not None and token is not _Sign.CLOSE:
            if token is _Sign.OR and nodes and self._begins_something(self._place + 1):
                break
            if token is _Sign.AND and nodes and self._joins_terms():
                self._place += 1
                continue
            node = self._one()
            if node != NOTHING:
                nodes.append(node)
        return all_of(nodes)

    def _one(self) -> Node:
        """A term or a bracket, with whatever negates it."""
        token = self._take()
        if token is _Sign.MINUS:
            nothing_behind = self._next() in (None, _Sign.CLOSE)
            node = NOTHING if nothing_behind else self._one()
            return negated(node) if node != NOTHING else NOTHING
        if token is _Sign.OPEN:
            return self._bracket()
        if isinstance(token, _Sign):
            token = Name(
                token.value
            )  # an "or" or "and" with nothing to put together is a word like any other
        if isinstance(token, Sort):
            self.sort = token
            return NOTHING
        if isinstance(token, Direction):
            self.direction = token
            return NOTHING
        assert token is not None
        self._terms += 1
        if self._terms > MOST_TERMS:
            self._note(f"Only the first {MOST_TERMS} parts were searched by.")
            return NOTHING
        return token

    def _bracket(self) -> Node:
        if self._depth == _DEEPEST:
            self._note(f"Brackets stand in each other at most {_DEEPEST} deep; the others were left out.")
            return NOTHING
        self._depth += 1
        node = self._either()
        self._depth -= 1
        if self._next() is _Sign.CLOSE:
            self._place += 1
        else:
            self._note("A bracket “(” is not closed.")
        return node

    def _next(self) -> _Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _take(self) -> _Token:
        self._place += 1
        return self._tokens[self._place - 1]

    def _begins_something(self, place: int) -> bool:
        return place < len(self._tokens) and self._tokens[place] not in (_Sign.CLOSE, _Sign.OR)

    def _joins_terms(self) -> bool:
        """Between two words of a name it is one, too."""
        around = self._tokens[self._place - 1 : self._place + 2 : 2]
        return self._begins_something(self._place + 1) and not all(
            isinstance(token, Name) for token in around
        )

    def _note(self, note: str) -> None:
        self.notes.append(note)

    # --- the tokens -------------------------------------------------------------------------------------

    def _tokens_of(self, text: str) -> Iterator[_Token]:
        place = 0
        while place < len(text):
            character = text[place]
            if character.isspace():
                place += 1
            elif character in "()":
                yield _Sign(character)
                place += 1
            elif character == "-":
                place += 1
                if place < len(text) and not text[place].isspace():
                    yield _Sign.MINUS
            elif character == "!" and place + 1 < len(text):
                value, place = self._value(text, place + 1)
                if value:
                    yield Name(value, exact=True)
            elif character == '"':
                value, place = self._value(text, place)
                if value:
                    yield Name(value)
            elif keyed := _KEYED.match(text, place):
                token, place = self._keyed(text, keyed)
                yield token
            else:
                value, place = self._value(text, place)
                word = value.lower()
                yield _Sign(word) if word in ("or", "and") else Name(value)

    def _value(self, text: str, place: int) -> tuple[str, int]:
        """The word or the quoted words that begin there, and the place behind them."""
        if place < len(text) and text[place] == '"':
            end = text.find('"', place + 1)
            if end < 0:
                self._note("A quotation mark is not closed.")
                return text[place + 1 :].strip(), len(text)
            return text[place + 1 : end].strip(), end + 1
        found = _BARE.match(text, place)
        return (found[0], found.end()) if found else ("", place)

    def _pattern(self, text: str, place: int) -> tuple[str, int] | None:
        """What stands between slashes there, with them; as Scryfall writes a regular expression."""
        found = _PATTERN.match(text, place)
        return (found[0], found.end()) if found else None

    def _keyed(self, text: str, found: re.Match[str]) -> tuple[_Token, int]:
        written, sign = found[1], found[2]
        quoted = text[found.end() : found.end() + 1] == '"'
        value, place = self._pattern(text, found.end()) or self._value(text, found.end())
        raw = f'{written}{sign}"{value}"' if quoted else f"{written}{sign}{value}"
        key = KEYS.get(written.lower())
        if key is None and not value and not quoted:
            return Name(raw), place  # "Circle of Protection: Red" has no key in it
        if key is None:
            why = ELSEWHERE.get(written.lower(), f"There is no key “{written}”.")
            return Unknown(raw, f"“{raw}” was left out. {why}"), place
        if not value:
            return Unknown(raw, needs_a_value(raw, key)), place
        term = read_keyed(key, sign, value)
        if isinstance(term, str) and not isinstance(term, Sort | Direction):
            return Unknown(raw, f"“{raw}” was left out. {term}"), place
        return (term.of if isinstance(term, Not) and isinstance(term.of, Not) else term), place
